//! The live protocol for those who write clients: its description, and the examples of `examples/live` run as people run them.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test support")]

use std::path::{Path, PathBuf};
use std::process::Stdio;

use crisislens_testkit::Wire;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

use crate::support::{PASSWORD, PATIENCE, Server, note, text};

const EMAIL: &str = "ada@example.org";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/live").join(name)
}

/// Whether the tool is there and does this.
async fn has(tool: &str, arguments: &[&str]) -> bool {
    let probe = Command::new(tool).args(arguments).stdout(Stdio::null()).stderr(Stdio::null()).status().await;
    probe.is_ok_and(|status| status.success())
}

/// How an example is run; `None`, and a line that says so, where its tool is missing.
async fn shell() -> Option<Command> {
    if !has("curl", &["--version"]).await {
        println!("skipped: there is no curl");
        return None;
    }
    let mut command = Command::new("sh");
    command.arg(example("watch.sh"));
    Some(command)
}

async fn node() -> Option<Command> {
    let probe = "process.exit(typeof WebSocket === 'function' ? 0 : 1)";
    // Node 20 has it behind a flag.
    for flags in [&[][..], &["--experimental-websocket"]] {
        if has("node", &[flags, &["-e", probe]].concat()).await {
            let mut command = Command::new("node");
            command.args(flags).arg(example("watch.mjs"));
            return Some(command);
        }
    }
    println!("skipped: there is no Node.js with a WebSocket");
    None
}

async fn python(arguments: &[&str], package: &str) -> Option<Command> {
    if !has("python3", &["-c", &format!("import {package}")]).await {
        println!("skipped: there is no Python 3 with {package}");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-B").arg(example("watch.py")).args(arguments);
    Some(command)
}

/// A running example.
struct Watch {
    child: Child,
    printed: UnboundedReceiver<String>,
    said: UnboundedReceiver<String>,
}

fn lines(from: impl AsyncRead + Unpin + Send + 'static) -> UnboundedReceiver<String> {
    let (sender, receiver) = unbounded_channel();
    tokio::spawn(async move {
        let mut lines = BufReader::new(from).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Watch {
    fn start(mut command: Command, url: &str, password: &str) -> Self {
        command.args([url, EMAIL, password]).env("no_proxy", "*").kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (printed, said) = (lines(child.stdout.take().unwrap()), lines(child.stderr.take().unwrap()));
        Self { child, printed, said }
    }

    async fn until_said(&mut self, word: &str) {
        let said = async {
            while let Some(line) = self.said.recv().await {
                if line.contains(word) {
                    return true;
                }
            }
            false
        };
        assert!(timeout(PATIENCE, said).await.expect("it says so in time"), "it ended without {word:?}");
    }

    /// Ids of the next so many new items that it prints.
    async fn items(&mut self, count: usize) -> Vec<String> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let next = timeout(PATIENCE, self.printed.recv()).await;
            let line = next.expect("it prints in time").expect("it goes on");
            let frame: Value = serde_json::from_str(&line).unwrap();
            if frame["type"] == "new_item" {
                ids.push(text(&frame["data"]["id"]));
            }
        }
        ids
    }

    /// Asks it to end, as a person or a supervisor does; what it has started ends with it.
    async fn end(mut self) {
        let pid = self.child.id().expect("it runs").to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().await.unwrap().success());
        timeout(PATIENCE, self.child.wait()).await.expect("it ends in time").unwrap();
    }
}

fn host(server: &Server) -> String {
    server.url.replace("http://", "")
}

fn notes(numbers: std::ops::Range<u32>) -> Value {
    numbers.map(note).collect()
}

/// Runs an example over a cut, a restart and a kill; it must print each item once.
async fn assert_goes_on(command: Option<Command>) {
    let Some(command) = command else { return };
    let mut server = Server::start().await;
    let ada = server.person(EMAIL, "analyst").await;
    let mut wire = Wire::to(host(&server)).await;
    let mut watch = Watch::start(command, &format!("http://127.0.0.1:{}", wire.port()), PASSWORD);
    watch.until_said("joined").await;

    let mut known = server.ingest(&ada.token, &notes(0..20)).await;
    let mut got = watch.items(7).await;
    wire.cut().await;
    known.extend(server.ingest(&ada.token, &notes(20..40)).await);
    wire.mend().await;
    got.extend(watch.items(20).await);
    for (round, is_asked) in [(2, true), (3, false)] {
        known.extend(server.ingest(&ada.token, &notes(round * 20..(round + 1) * 20)).await);
        if is_asked {
            server.terminate();
            assert!(server.ended().await.success());
        } else {
            server.kill9();
        }
        wire.cut().await;
        server.restart().await;
        wire.lead_to(host(&server));
        wire.mend().await;
        got.extend(watch.items(13).await);
    }
    known.extend(server.ingest(&ada.token, &notes(80..100)).await);
    got.extend(watch.items(known.len() - got.len()).await);
    let last = server.ingest(&ada.token, &note(100)).await;
    assert_eq!(watch.items(1).await, last, "nothing comes twice");
    got.sort();
    known.sort();
    assert_eq!(got, known, "each item once");
    watch.end().await;
}

#[tokio::test]
async fn the_shell_example_goes_on_over_cuts_and_restarts() {
    assert_goes_on(shell().await).await;
}

#[tokio::test]
async fn the_node_example_goes_on_over_cuts_and_restarts() {
    assert_goes_on(node().await).await;
}

#[tokio::test]
async fn the_python_example_goes_on_over_cuts_and_restarts() {
    assert_goes_on(python(&[], "urllib.request").await).await;
}

#[tokio::test]
async fn the_python_example_goes_on_over_cuts_and_restarts_with_a_websocket() {
    assert_goes_on(python(&["--websocket"], "websockets.sync.client").await).await;
}

#[tokio::test]
async fn the_examples_say_that_a_password_is_wrong_and_end() {
    let server = Server::start().await;
    server.person(EMAIL, "viewer").await;
    for command in [shell().await, node().await, python(&[], "urllib.request").await].into_iter().flatten() {
        let mut watch = Watch::start(command, &server.url, "something \"else\\");
        watch.until_said("cannot sign in").await;
        let ended = timeout(PATIENCE, watch.child.wait()).await.expect("it ends in time").unwrap();
        assert_eq!(ended.code(), Some(1));
    }
}

#[tokio::test]
async fn the_description_of_the_protocol_is_served_to_anybody_and_printed() {
    let server = Server::start().await;
    let served = server.get("", "/api/asyncapi.json").await.expect(reqwest::StatusCode::OK);
    assert_eq!(served["asyncapi"], "3.0.0");
    assert_eq!(serde_json::from_str::<Value>(&server.cli(&["asyncapi"])).unwrap(), served);
}

#[tokio::test]
async fn the_shell_example_ends_where_its_request_is_refused_for_good() {
    let Some(mut command) = shell().await else { return };
    let server = Server::start().await;
    server.person(EMAIL, "viewer").await;
    command.args([&server.url, EMAIL, PASSWORD]).env("CRISISLENS_STREAM", "/api/sse/items?hazard=flod");
    let output = timeout(PATIENCE, command.output()).await.expect("it ends in time").unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && said.contains("refused (400)") && said.contains("flod"), "{said}");
}
