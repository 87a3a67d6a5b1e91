//! D2 and D16: the moment of a system call, and a disk that is full.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::ensure;
use crisislens_servers::debian;
use rand::Rng;

use super::Setting;
use crate::lab::Engine;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// A fresh write comes through within this after the last fault.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// The node must say why it takes no writes within this.
const TELLS_WITHIN: Duration = Duration::from_secs(15);
/// A call that does not come so often within this time is not waited for any longer.
const CALL_WITHIN: Duration = Duration::from_secs(6);
/// The system calls at which the node dies: those that make data durable, and those that write it …
const CALLS: [&str; 3] = ["fdatasync", "fsync", "pwrite64"];
/// … or, where the data is on servers, those that send it to PostgreSQL, OpenSearch and Kafka.
const CALLS_TO_SERVERS: [&str; 3] = ["sendto", "sendmsg", "writev"];
/// Room of the data folder.
const DISK_MB: u64 = 112;

/// D2: the node is killed as it enters the n-th call of a kind, and started again.
pub async fn kill_at_syscall(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    if let Err(error) =
        crate::lab::blocking(|| Ok(debian::ensure_files("strace", &["/usr/bin/strace"], &["strace"])?)).await
    {
        return Ok(skipped(&setting, &format!("{error:#}")));
    }
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, Plan::on(setting.engine)).await?;
    let mut hit = Vec::new();
    let calls = if setting.engine == Engine::Embedded { CALLS } else { CALLS_TO_SERVERS };
    // A node on servers takes seconds to start.
    let most = if setting.engine == Engine::Embedded { 20 } else { 6 };
    for round in 0..setting.form.pick(3, most) {
        let call = calls[round % calls.len()];
        let at = trial.random.random_range(1..40);
        let inject = format!("inject={call}:signal=KILL:when={at}");
        let trace = format!("trace={call}");
        let words = ["strace", "-f", "--seccomp-bpf", "-o", "/dev/null", "-e", &trace, "-e", &inject];
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let node = &mut trial.installation.nodes[0];
        node.kill().await?;
        node.launch(&words)?;
        if node.wait(CALL_WITHIN).await?.is_some() {
            hit.push(format!("{call} {at}"));
        } else {
            node.kill_traced().await?;
        }
        trial.installation.nodes[0].start().await?;
    }
    if hit.is_empty() {
        trial.broken("no call was hit: nothing was tried");
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line =
        format!("killed at {}; fresh write through in {:.1} s", hit.join(", "), recovered.as_secs_f64());
    trial.judge(&line).await
}

/// D16: the disk of the data folder is filled up, and then has room again.
pub async fn full(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    if !debian::is_root() {
        return Ok(skipped(&setting, "only root may make a disk of its own"));
    }
    let plan = Plan::on(setting.engine);
    let installation = setting.lab.install(setting.engine, plan.nodes, &plan.sets).await?;
    let disk = Disk::mount(&installation.nodes[0].dir)?;
    installation.make_account().await?;
    let mut trial = Trial::begin_in(setting.lab, setting.case, setting.seed, plan, installation).await?;
    let rounds = setting.form.pick(1, 4);
    let mut slowest = Duration::ZERO;
    for _ in 0..rounds {
        let before = trial.load.retries();
        disk.fill()?;
        let told = trial
            .within(TELLS_WITHIN, async |trial| {
                trial.load.retries() > before && !trial.reasons().await.is_empty()
            })
            .await;
        if !told {
            trial.broken("the disk is full, and the node neither refuses writes nor says why within 15 s");
        }
        tokio::time::sleep(Duration::from_secs(setting.form.pick(2, 8))).await;
        if let Some(status) = trial.installation.nodes[0].ended()? {
            trial.broken(format!("the node ended when its disk was full: {status}"));
            trial.installation.nodes[0].start().await?;
        }
        disk.free()?;
        slowest = slowest.max(trial.recovered(THROUGH_WITHIN).await.unwrap_or_default());
    }
    let refused = trial.load.retries();
    let line = format!(
        "disk full {rounds} times, {refused} writes turned away; fresh write through {:.1} s after there was room",
        slowest.as_secs_f64()
    );
    let outcome = trial.judge(&line).await;
    drop(disk);
    outcome
}

fn skipped(setting: &Setting<'_>, why: &str) -> Outcome {
    Outcome::skipped(setting.case, setting.engine.as_str(), setting.seed, why)
}

/// A small disk in memory over a folder, with a file that takes its room. Dropping it takes it away.
struct Disk {
    folder: PathBuf,
}

impl Disk {
    fn mount(folder: &Path) -> anyhow::Result<Self> {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &format!("size={DISK_MB}m"), "crisislens-chaos"]).arg(folder);
        let output = command.output()?;
        ensure!(output.status.success(), "mount: {}", String::from_utf8_lossy(&output.stderr));
        Ok(Self { folder: folder.to_owned() })
    }

    fn ballast(&self) -> PathBuf {
        self.folder.join("ballast")
    }

    /// Writes until there is no room.
    fn fill(&self) -> anyhow::Result<()> {
        use std::io::Write;
        let mut file = std::fs::File::create(self.ballast())?;
        let mut block = vec![0_u8; 64 * 1024];
        while !block.is_empty() {
            if file.write_all(&block).is_err() {
                block.truncate(block.len() / 2);
            }
        }
        Ok(())
    }

    fn free(&self) -> anyhow::Result<()> {
        Ok(std::fs::remove_file(self.ballast())?)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: where the trial broke off, the node may hold files on it for another moment.
        let _ = Command::new("umount").arg("--lazy").arg(&self.folder).status();
        // The trial could not remove its folder while a disk was in it.
        if let Some(trial) = self.folder.parent() {
            let _ = std::fs::remove_dir_all(trial);
        }
    }
}
