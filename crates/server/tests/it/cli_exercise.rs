//! `crisislens exercise`.
#![expect(clippy::unwrap_used, reason = "test support")]

use serde_json::{Value, json};

use crate::exercises::{Library, notes, until};
use crate::support::Server;

fn json_of(server: &Server, arguments: &[&str]) -> Value {
    let printed = server.cli(&[&["exercise"], arguments, &["--json"]].concat());
    assert_eq!(printed.lines().count(), 1, "one object a line: {printed}");
    serde_json::from_str(&printed).unwrap()
}

fn refused(server: &Server, arguments: &[&str]) -> String {
    let output = server.run(&[&["exercise"], arguments].concat());
    assert!(!output.status.success(), "{arguments:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_exercise_is_run_from_the_command_line() {
    let library = Library::of(&notes(100), 1_000);
    let (server, admin) = library.serve().await;
    let listed = json_of(&server, &["list"]);
    assert_eq!((&listed["name"], &listed["items"]), (&json!("river"), &json!(100)));
    assert!(
        server
            .cli(&["exercise", "list"])
            .starts_with("river: The Reno bursts its banks, 100 items, 1000.0 s")
    );
    assert!(refused(&server, &["status"]).contains("no exercise was started yet"));
    for wrong in ["../river", "/etc", "nobody"] {
        assert!(refused(&server, &["start", wrong]).contains("no such recording"), "{wrong}");
    }
    for wrong in ["NaN", "0", "1e9", "fast"] {
        assert!(refused(&server, &["start", "river", "--speed", wrong]).contains("--speed"), "{wrong}");
    }
    assert!(refused(&server, &["start", "river", "--speed=-1"]).contains("--speed"));

    let begun = json_of(&server, &["start", "river", "--speed", "20"]);
    assert_eq!((&begun["state"], &begun["speed"]), (&json!("running"), &json!(20.0)));
    assert!(refused(&server, &["start", "river"]).contains("river is running"));
    assert_eq!(json_of(&server, &["pause"])["state"], "paused");
    assert!(server.cli(&["exercise", "status"]).starts_with("river paused at speed 20.0: "));
    assert_eq!(json_of(&server, &["resume"])["state"], "running");
    assert_eq!(json_of(&server, &["stop"])["state"], "stopped");
    assert!(refused(&server, &["resume"]).contains("the exercise is stopped"));
    let status = json_of(&server, &["status"]);
    assert_eq!((&status["id"], &status["name"]), (&begun["id"], &json!("operator of this machine")));
    until(&server, &admin, "stopped").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_started_while_no_server_runs_is_played_by_the_next() {
    let library = Library::of(&notes(20), 1);
    let mut server = Server::prepare(&[]);
    server.set(&library.setting());
    let output = server.run(&["exercise", "start", "river", "--json"]);
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("once one does"), "{output:?}");
    server.restart().await;
    let admin = server.person("admin@example.org", "admin").await;
    assert_eq!(until(&server, &admin, "finished").await["sent"], 20);
    server.until_total(&admin.token, "/api/items", 20).await;
}
