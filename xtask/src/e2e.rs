//! The browser test, in real Chromium against a server of its own.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use crisislens_servers::debian;

use crate::server::{self, Account, Server};
use crate::{step, web};

const ANALYST: Account = Account {
    email: "e2e@crisislens.example",
    name: "Eve Tester",
    role: "analyst",
    email_from: Some("high"),
};
const ADMIN: Account =
    Account { email: "e2e-admin@crisislens.example", name: "Amy Tester", role: "admin", email_from: None };
const PASSWORD: &str = "e2e password of one run";
/// Where Chromium may be.
const CHROMIUM: [&str; 3] = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/// Installs what is missing and runs it.
pub fn run() -> anyhow::Result<()> {
    let chromium = chromium()?;
    let folder = step::root().join("e2e");
    web::install(&folder)?;
    web::build()?;
    let binary = server::build(false)?;
    let data = std::env::temp_dir().join(format!("crisislens-e2e-{}", std::process::id()));
    std::fs::create_dir_all(&data)?;
    let result = drive(&chromium, &folder, &binary, &data);
    if result.is_ok() {
        let _ = std::fs::remove_dir_all(&data);
    }
    result.with_context(|| format!("the server's log is in {}", data.display()))
}

fn drive(chromium: &Path, folder: &Path, binary: &Path, data: &Path) -> anyhow::Result<()> {
    server::add_accounts(binary, data, &[ANALYST, ADMIN], PASSWORD)?;
    let address = server::free_address()?;
    let recordings = step::root().join("recordings").display().to_string();
    let arguments = ["--exercise".to_owned(), recordings];
    let server = Server::start(binary, data, &address, &arguments)?;
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-concurrency=1"])
        .args(["live.test.mjs", "log.test.mjs", "notify.test.mjs", "locks.test.mjs", "eventsource.test.mjs"])
        .current_dir(folder);
    command.env("BASE_URL", format!("http://{address}"));
    command.env("E2E_EMAIL", ANALYST.email).env("E2E_ADMIN_EMAIL", ADMIN.email);
    command.env("E2E_PASSWORD", PASSWORD).env("CHROMIUM", chromium);
    let tested = step::shown("browser test", &mut command);
    let stopped = server.stop();
    tested.and(stopped)
}

/// Chromium: `CHROMIUM`, one that is there, or Debian's package where we may install it.
fn chromium() -> anyhow::Result<PathBuf> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(PathBuf::from(path));
    }
    let found = || CHROMIUM.iter().map(PathBuf::from).find(|path| path.exists());
    if let Some(path) = found() {
        return Ok(path);
    }
    debian::install("Chromium", &["chromium", "fonts-dejavu-core"])
        .context("or name the Chromium that is there in CHROMIUM")?;
    found().context("Chromium was installed and is not where it should be")
}
