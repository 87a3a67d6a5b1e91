//! A server as a child process, and its HTTP API.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "test support")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use reqwest::{Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tempfile::TempDir;

pub use crate::answer::{Answer, text};

/// Every account of these tests has it.
pub const PASSWORD: &str = "correct horse";
/// How long anything may take before the test counts as failed.
pub const PATIENCE: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(20);

/// The recordings of this repository.
pub fn recordings() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../recordings")
}

/// Asks again and again until there is an answer.
pub async fn eventually<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(PATIENCE, what, probe).await
}

/// As [`eventually`], with another patience.
pub async fn eventually_within<T>(
    patience: Duration,
    what: &str,
    mut probe: impl AsyncFnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not within {patience:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// A running (or killed) server with its data folder. Dropping it kills its own process and removes the folder.
pub struct Server {
    dir: TempDir,
    /// What comes before every command: where its engines are.
    settings: Vec<String>,
    /// Its environment, as far as it steers the program.
    environment: Vec<(String, String)>,
    arguments: Vec<String>,
    child: Option<Child>,
    /// `http://127.0.0.1:port`.
    pub url: String,
    http: reqwest::Client,
}

/// Somebody who is signed in.
pub struct Person {
    pub id: String,
    pub token: String,
    pub refresh: String,
}

impl Server {
    /// A server without sources.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server with more arguments to `serve`.
    pub async fn start_with(arguments: &[&str]) -> Self {
        let mut server = Self::prepare(arguments);
        server.restart().await;
        server
    }

    /// A data folder in which nothing runs yet.
    pub fn prepare(arguments: &[&str]) -> Self {
        Self::prepare_with(Vec::new(), &[&["serve"], arguments].concat())
    }

    /// The same with settings of every command, and any command that serves.
    pub fn prepare_with(settings: Vec<String>, arguments: &[&str]) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            settings,
            environment: Vec::new(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            child: None,
            url: String::new(),
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build().unwrap(),
        }
    }

    /// The same in an environment.
    pub fn prepare_in(environment: Vec<(String, String)>, arguments: &[&str]) -> Self {
        let mut server = Self::prepare_with(Vec::new(), arguments);
        server.environment = environment;
        server
    }

    /// From now on every command has this setting.
    pub fn set(&mut self, setting: &str) {
        self.settings.extend(["--set".to_owned(), setting.to_owned()]);
    }

    /// Its data folder.
    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// The program on this data folder, with nothing of our own environment that could steer it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crisislens"));
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CRISISLENS")) {
            command.env_remove(name);
        }
        command.current_dir(self.dir.path()).arg("--data-dir").arg(self.data_dir());
        command.args(&self.settings).args(arguments).envs(self.environment.iter().cloned());
        command.env("CRISISLENS_PASSWORD", PASSWORD).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Runs a command that must succeed; what it printed.
    pub fn cli(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts the program on the same data folder and waits until it is ready.
    pub async fn restart(&mut self) {
        self.restart_at(0).await;
    }

    /// The same on this port (0 for any).
    pub async fn restart_at(&mut self, port: u16) {
        let pid = u64::from(self.launch(port));
        let file = self.data_dir().join("server.json");
        let child = self.child.as_mut().unwrap();
        self.url = eventually("the server says where it listens", async || {
            let exited = child.try_wait().unwrap();
            assert!(exited.is_none(), "the server ended at its start: {exited:?}");
            // A file left behind by a killed process names another pid.
            let endpoint: Value = serde_json::from_slice(&std::fs::read(&file).ok()?).ok()?;
            (endpoint["pid"] == pid).then(|| endpoint["url"].as_str().map(str::to_owned))?
        })
        .await;
        eventually("the server is ready", async || {
            let answer = self.http.get(format!("{}/readyz", self.url)).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await;
    }

    /// Starts the program on this port of 127.0.0.1 (0 for any) without waiting for it; its process id.
    pub fn launch(&mut self, port: u16) -> u32 {
        assert!(self.child.is_none(), "it is running");
        let log = File::options().create(true).append(true).open(self.log_file()).unwrap();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        let mut command = self.command(&arguments);
        command.args(["--listen", &format!("127.0.0.1:{port}")]).stdout(Stdio::null()).stderr(log);
        self.child.insert(command.spawn().unwrap()).id()
    }

    /// From the next start on, with these arguments instead.
    pub fn set_arguments(&mut self, arguments: &[&str]) {
        let arguments = [&["serve"], arguments].concat();
        self.arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
    }

    /// Ends the process without giving it a chance to tidy up.
    pub fn kill9(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Sends SIGTERM; the process is then waited for with [`Self::ended`].
    pub fn terminate(&self) {
        let pid = self.child.as_ref().expect("it runs").id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
    }

    /// How the process ended.
    pub async fn ended(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("it runs");
        eventually("the server ends", async || child.try_wait().unwrap()).await
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap()
    }

    fn log_file(&self) -> PathBuf {
        self.dir.path().join("server.log")
    }

    /// Makes an account and signs it in.
    pub async fn person(&self, email: &str, role: &str) -> Person {
        self.cli(&["users", "add", email, "--role", role]);
        self.login(email).await
    }

    /// Signs an account in.
    pub async fn login(&self, email: &str) -> Person {
        let answer = self.post("", "/api/auth/login", &json!({"email": email, "password": PASSWORD})).await;
        let session = answer.expect(StatusCode::OK);
        let (token, refresh) = (text(&session["access_token"]), text(&session["refresh_token"]));
        let me = self.get(&token, "/api/auth/me").await.expect(StatusCode::OK);
        Person { id: text(&me["id"]), token, refresh }
    }

    /// A request; without a token where that is empty.
    pub fn request(&self, method: Method, token: &str, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if token.is_empty() { request } else { request.bearer_auth(token) }
    }

    pub async fn get(&self, token: &str, path: &str) -> Answer {
        Answer::of(self.request(Method::GET, token, path)).await
    }

    pub async fn post(&self, token: &str, path: &str, body: &Value) -> Answer {
        Answer::of(self.request(Method::POST, token, path).json(body)).await
    }

    /// Sends bytes to the ingest API.
    pub async fn ingest_bytes(&self, token: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
        Answer::of(self.request(Method::POST, token, "/api/ingest").header("content-type", kind).body(body))
            .await
    }

    /// Ingests what must be taken; the ids.
    pub async fn ingest(&self, token: &str, body: &Value) -> Vec<String> {
        let accepted = self.post(token, "/api/ingest", body).await.expect(StatusCode::ACCEPTED);
        accepted["ids"].as_array().unwrap().iter().map(text).collect()
    }

    /// How many things a list has in all.
    pub async fn total(&self, token: &str, path: &str) -> u64 {
        self.get(token, path).await.expect(StatusCode::OK)["total"].as_u64().unwrap()
    }

    /// Waits until a list has so many things.
    pub async fn until_total(&self, token: &str, path: &str, total: u64) {
        eventually(&format!("{path} has {total}"), async || {
            (self.total(token, path).await == total).then_some(())
        })
        .await;
    }

    /// The item, once it is there.
    pub async fn item(&self, token: &str, id: &str) -> Value {
        eventually(&format!("item {id}"), async || {
            let answer = self.get(token, &format!("/api/items/{id}")).await;
            (answer.status == StatusCode::OK).then_some(answer.body)
        })
        .await
    }

    /// Every thing of a list, page by page.
    pub async fn all(&self, token: &str, path: &str) -> Vec<Value> {
        let join = if path.contains('?') { '&' } else { '?' };
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page =
                self.get(token, &format!("{path}{join}limit=200{cursor}")).await.expect(StatusCode::OK);
            all.extend(page["items"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return all,
            }
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        if std::thread::panicking() {
            let log = std::fs::read_to_string(self.log_file()).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            eprintln!("--- the server's last lines\n{}", lines[lines.len().saturating_sub(15)..].join("\n"));
        }
    }
}

/// A post about nothing in particular.
pub fn note(number: u32) -> Value {
    json!({"source": "notes", "source_id": number.to_string(), "text": format!("quiet note number {number}")})
}

/// What an authority says of a flood in Bologna: over the threshold for an alert.
pub fn flood(source_id: &str) -> Value {
    json!({
        "source": "civil-protection", "source_id": source_id, "source_kind": "official",
        "title": "Severe flooding in Bologna", "text": "The Reno has burst its banks. Severe flooding in Bologna.",
        "stated": {"hazard": "flood", "severity": "critical", "lat": 44.49, "lon": 11.34, "place": "Bologna", "country": "IT"},
    })
}
