//! The data folder, as commands make it and find it.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::Server;

fn mode(folder: &Path) -> u32 {
    fs::metadata(folder).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_folder_that_is_made_is_closed_to_others() {
    let server = Server::prepare(&[]);
    let output = server.run(&["topics", "list"]);
    assert!(output.status.success(), "{output:?}");
    assert_eq!(mode(&server.data_dir()), 0o700);
    assert!(!String::from_utf8_lossy(&output.stderr).contains("chmod"), "{output:?}");
}

#[test]
fn a_folder_that_was_there_keeps_its_mode_and_an_open_one_is_told_of_once() {
    for (given, told) in [(0o755, 1), (0o1770, 1), (0o700, 0)] {
        let server = Server::prepare(&[]);
        fs::create_dir(server.data_dir()).unwrap();
        fs::set_permissions(server.data_dir(), Permissions::from_mode(given)).unwrap();
        for command in [["topics", "list"], ["users", "list"]] {
            let output = server.run(&command);
            assert!(output.status.success(), "{output:?}");
            assert_eq!(mode(&server.data_dir()), given);
            let noted = String::from_utf8(output.stderr).unwrap();
            let advice = format!("chmod 700 {}", server.data_dir().display());
            assert_eq!(noted.matches(&advice).count(), told, "{given:o}: {noted}");
        }
    }
}
