//! The server as a process: started, timed, weighed, stopped.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::process::{Child, Command};

/// The load's account.
pub const EMAIL: &str = "bench@crisislens.example";
/// Its password.
pub const PASSWORD: &str = "bench password of one run";

/// A running server.
pub struct Process {
    child: Child,
    data: PathBuf,
    environment: Vec<(String, String)>,
    /// Where it listens.
    pub url: String,
}

impl Process {
    /// Makes the topics and the account, starts, and answers how long it took until ready.
    pub async fn start(
        binary: &Path,
        data: &Path,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<(Self, Duration)> {
        Self::start_as("analyst", binary, data, environment).await
    }

    /// The same, with an account of this role.
    pub async fn start_as(
        role: &str,
        binary: &Path,
        data: &Path,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<(Self, Duration)> {
        std::fs::create_dir_all(data)?;
        let topics = Command::new(binary)
            .arg("--data-dir")
            .arg(data)
            .args(["topics", "init"])
            .envs(environment.clone())
            .stdout(Stdio::null())
            .status()
            .await?;
        ensure!(topics.success(), "cannot make the topics");
        let made = Command::new(binary)
            .arg("--data-dir")
            .arg(data)
            .args(["users", "add", EMAIL, "--role", role])
            .env("CRISISLENS_PASSWORD", PASSWORD)
            .envs(environment.clone())
            .stdout(Stdio::null())
            .status()
            .await?;
        ensure!(made.success(), "cannot make the account");
        Self::run(binary, data, environment).await
    }

    async fn run(
        binary: &Path,
        data: &Path,
        environment: Vec<(String, String)>,
    ) -> anyhow::Result<(Self, Duration)> {
        let endpoint = data.join("server.json");
        let _ = std::fs::remove_file(&endpoint);
        let log = std::fs::File::create(data.join("server.log"))?;
        let begun = Instant::now();
        let child = Command::new(binary)
            .arg("--data-dir")
            .arg(data)
            .args(["serve", "--listen", "127.0.0.1:0", "--until-stdin-closes"])
            .envs(environment.clone())
            .stdin(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let client = reqwest::Client::builder().no_proxy().build()?;
        let url = loop {
            ensure!(begun.elapsed() < Duration::from_secs(60), "the server is not ready after 60 s");
            if let Some(url) = listening(&endpoint)
                && client.get(format!("{url}/readyz")).send().await.is_ok_and(|answer| answer.status() == 200)
            {
                break url;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        };
        let ready = begun.elapsed();
        Ok((Self { child, data: data.to_path_buf(), environment, url }, ready))
    }

    /// The largest resident size that it has had (the kernel's `VmHWM`), MB.
    pub fn peak_rss_mb(&self) -> anyhow::Result<f64> {
        peak_rss_mb(self.child.id().context("the server has ended")?)
    }

    /// Stops it and starts it again on what it holds; answers how long it took until ready.
    pub async fn restart(self, binary: &Path) -> anyhow::Result<(Self, Duration)> {
        let (data, environment) = (self.data.clone(), self.environment.clone());
        self.stop().await?;
        Self::run(binary, &data, environment).await
    }

    /// Ends it without waiting for what it still has to do.
    pub async fn kill(mut self) -> anyhow::Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Stops it in good order.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let status = tokio::time::timeout(Duration::from_secs(30), self.child.wait()).await??;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}

fn listening(endpoint: &Path) -> Option<String> {
    let value: serde_json::Value = serde_json::from_slice(&std::fs::read(endpoint).ok()?).ok()?;
    value["url"].as_str().map(str::to_owned)
}

/// The largest resident size that a process has had (the kernel's `VmHWM`), MB.
pub fn peak_rss_mb(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kb: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.trim().parse().ok())
        .context("/proc has no VmHWM")?;
    Ok(kb * 1024.0 / 1e6)
}
