//! One node of the product as a process: started, killed, paused, weighed.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};

/// Longest time from start to ready.
const READY_WITHIN: Duration = Duration::from_secs(90);
/// How often we look.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A node, running or not. Dropping it kills its process.
pub struct Node {
    binary: PathBuf,
    arguments: Vec<OsString>,
    /// Its data folder.
    pub dir: PathBuf,
    /// Where it listens, from start to start.
    pub url: String,
    child: Option<Child>,
    client: reqwest::Client,
}

/// What a process holds.
#[derive(Debug, Clone, Copy)]
pub struct Weight {
    /// Resident memory, MB.
    pub rss_mb: u64,
    /// The most that it ever was since its start, MB.
    pub peak_mb: u64,
    /// Open files and sockets.
    pub files: u64,
}

impl Node {
    /// A node that is not started yet; `sets` are `--set` values.
    pub fn new(binary: &Path, dir: &Path, sets: &[String]) -> anyhow::Result<Self> {
        std::fs::create_dir_all(dir)?;
        let address = format!("127.0.0.1:{}", crisislens_servers::free_port()?);
        let mut arguments: Vec<OsString> = vec!["--data-dir".into(), dir.into()];
        for set in sets {
            arguments.extend(["--set".into(), set.into()]);
        }
        let url = format!("http://{address}");
        arguments.extend(
            ["serve", "--until-stdin-closes", "--listen"]
                .map(OsString::from)
                .into_iter()
                .chain([address.into()]),
        );
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(5)).build()?;
        Ok(Self { binary: binary.to_owned(), arguments, dir: dir.to_owned(), url, child: None, client })
    }

    /// From the next start on with these `--set` values as well.
    pub fn configure(&mut self, sets: &[String]) {
        let words = sets.iter().flat_map(|set| [OsString::from("--set"), set.into()]);
        self.arguments.splice(0..0, words);
    }

    /// Starts it and waits until it is ready.
    pub async fn start(&mut self) -> anyhow::Result<Duration> {
        self.launch(&[])?;
        self.ready().await
    }

    /// Starts it under `wrapper` (a program with its arguments) without waiting.
    pub fn launch(&mut self, wrapper: &[OsString]) -> anyhow::Result<()> {
        ensure!(self.child.is_none(), "the node runs already");
        let _ = std::fs::remove_file(self.dir.join("server.json"));
        let log = File::options().create(true).append(true).open(self.log_file())?;
        let mut words = wrapper.to_vec();
        words.push(self.binary.clone().into());
        words.extend(self.arguments.iter().cloned());
        let mut words = words.into_iter();
        let mut command = Command::new(words.next().context("no program")?);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CRISISLENS")) {
            command.env_remove(name);
        }
        // A group of its own: Ctrl-C reaches us, and we end it.
        command.args(words).current_dir(&self.dir).process_group(0).kill_on_drop(true);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().with_context(|| format!("cannot start {}", self.binary.display()))?;
        self.child = Some(child);
        Ok(())
    }

    /// Waits until it is ready; how long that took.
    pub async fn ready(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        while !self.is_ready().await {
            if let Some(status) = self.ended()? {
                bail!("the node ended ({status}): {}", self.last_words());
            }
            ensure!(
                begun.elapsed() < READY_WITHIN,
                "the node is not ready after {} s: {}",
                READY_WITHIN.as_secs(),
                self.reasons().await.join("; ")
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(begun.elapsed())
    }

    /// Whether it says that it is ready.
    pub async fn is_ready(&self) -> bool {
        let asked = self.client.get(format!("{}/readyz", self.url)).send().await;
        asked.is_ok_and(|answer| answer.status().is_success())
    }

    /// What it says stands in its way; nothing where it cannot say.
    pub async fn reasons(&self) -> Vec<String> {
        let ask = async {
            let answer = self.client.get(format!("{}/readyz", self.url)).send().await.ok()?;
            let body: serde_json::Value = answer.json().await.ok()?;
            let reasons = body["reasons"].as_array()?.iter();
            Some(reasons.filter_map(|reason| reason.as_str().map(str::to_owned)).collect())
        };
        ask.await.unwrap_or_default()
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        let ended = self.child.as_mut().map(Child::try_wait).transpose()?.flatten();
        if ended.is_some() {
            self.child = None;
        }
        Ok(ended)
    }

    /// Whether a process of it is there.
    pub fn runs(&self) -> bool {
        self.child.is_some()
    }

    /// Kills it (`SIGKILL`).
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.kill().await?;
        }
        Ok(())
    }

    /// Kills it where it runs under a tracer, which goes with it.
    pub async fn kill_traced(&mut self) -> anyhow::Result<()> {
        if let Ok(text) = std::fs::read(self.dir.join("server.json")) {
            let endpoint: serde_json::Value = serde_json::from_slice(&text)?;
            let pid = endpoint["pid"].as_i64().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
            if let Some(pid) = pid {
                kill_process(pid, Signal::KILL)?;
            }
        }
        // Before it says where it listens, it ends with its standard input, which goes with the tracer.
        self.wait(Duration::from_secs(5)).await?;
        self.kill().await
    }

    /// Asks it to end (`SIGTERM`) and waits; how it ended, and after how long.
    pub async fn terminate(&mut self, within: Duration) -> anyhow::Result<(ExitStatus, Duration)> {
        let begun = Instant::now();
        self.signal(Signal::TERM)?;
        let mut child = self.child.take().context("the node does not run")?;
        let Ok(status) = tokio::time::timeout(within, child.wait()).await else {
            child.kill().await?;
            bail!("the node did not end within {} s of SIGTERM", within.as_secs());
        };
        Ok((status?, begun.elapsed()))
    }

    /// Waits for its end, however it comes.
    pub async fn wait(&mut self, within: Duration) -> anyhow::Result<Option<ExitStatus>> {
        let Some(child) = &mut self.child else { return Ok(None) };
        match tokio::time::timeout(within, child.wait()).await {
            Ok(status) => {
                self.child = None;
                Ok(Some(status?))
            }
            Err(_) => Ok(None),
        }
    }

    /// Sends a signal to its process.
    pub fn signal(&self, signal: Signal) -> anyhow::Result<()> {
        let id = self.child.as_ref().and_then(Child::id).context("the node does not run")?;
        let pid = i32::try_from(id).ok().and_then(Pid::from_raw).context("no process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// What its process holds now.
    pub fn weight(&self) -> anyhow::Result<Weight> {
        let pid = self.child.as_ref().and_then(Child::id).context("the node does not run")?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
        let mb = |name: &str| -> anyhow::Result<u64> {
            let kb = status.lines().find_map(|line| line.strip_prefix(name)?.trim().strip_suffix(" kB"));
            let kb: u64 = kb.with_context(|| format!("/proc has no {name}"))?.trim().parse()?;
            Ok(kb / 1024)
        };
        let files = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count() as u64;
        Ok(Weight { rss_mb: mb("VmRSS:")?, peak_mb: mb("VmHWM:")?, files })
    }

    /// Its log over all its starts.
    pub fn log_file(&self) -> PathBuf {
        self.dir.with_extension("log")
    }

    fn last_words(&self) -> String {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(5)..].join("\n")
    }

    /// Runs one of the program's commands with the node's settings, to its end.
    pub async fn command(&self, arguments: &[&str], password: &str) -> anyhow::Result<()> {
        let output = self.prepared(arguments).env("CRISISLENS_PASSWORD", password).output().await?;
        ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    }

    /// Starts one of the program's commands with the node's settings.
    pub fn spawn_command(&self, arguments: &[&str]) -> anyhow::Result<Child> {
        let mut command = self.prepared(arguments);
        Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    fn prepared(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CRISISLENS")) {
            command.env_remove(name);
        }
        command.args(self.arguments.iter().take_while(|word| *word != "serve")).args(arguments);
        command.current_dir(&self.dir).stdin(Stdio::null()).kill_on_drop(true);
        command
    }
}
