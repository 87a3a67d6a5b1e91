//! Where a server spends its processor time while a case is measured: a table by thread and symbol, by `perf`.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, ensure};

/// Samples a second: enough for a table, too few to be felt.
const SAMPLES_PER_S: &str = "499";

/// Makes profiles.
pub struct Profiler {
    folder: PathBuf,
}

/// One that is being taken.
pub struct Profile {
    perf: Child,
    samples: PathBuf,
    table: PathBuf,
}

impl Profiler {
    /// One whose tables go to `folder`. Fails where there is no `perf`, or where it may not look.
    pub fn new(folder: &Path) -> anyhow::Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
        let trial = Command::new("perf").args(["stat", "-e", "cpu-clock", "true"]).output();
        let trial = trial.context("there is no perf; install it (Debian: apt-get install linux-perf)")?;
        let said = String::from_utf8_lossy(&trial.stderr);
        ensure!(trial.status.success(), "perf may not look (see kernel.perf_event_paranoid): {said}");
        Ok(Self { folder: folder.to_owned() })
    }

    /// Begins to look at process `pid`.
    pub fn begin(&self, case: &str, pid: u32) -> anyhow::Result<Profile> {
        let (samples, table) =
            (self.folder.join(format!("{case}.perf")), self.folder.join(format!("{case}.txt")));
        let mut perf = Command::new("perf");
        perf.args([
            "record",
            "--quiet",
            "-e",
            "cpu-clock",
            "-F",
            SAMPLES_PER_S,
            "-p",
            &pid.to_string(),
            "-o",
        ]);
        perf.arg(&samples).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Profile { perf: perf.spawn().context("perf record")?, samples, table })
    }
}

impl Profile {
    /// Ends it and writes the table.
    pub fn end(mut self) -> anyhow::Result<()> {
        let pid = i32::try_from(self.perf.id()).ok().and_then(rustix::process::Pid::from_raw);
        let pid = pid.context("perf has no process id")?;
        // It writes what it has when it is interrupted.
        rustix::process::kill_process(pid, rustix::process::Signal::INT)?;
        self.perf.wait()?;
        let mut report = Command::new("perf");
        report.args([
            "report",
            "--stdio",
            "--no-children",
            "--percent-limit",
            "0.5",
            "--sort",
            "comm,dso,symbol",
        ]);
        report.arg("-i").arg(&self.samples).stdin(Stdio::null()).stderr(Stdio::null());
        let status = report.stdout(File::create(&self.table)?).status().context("perf report")?;
        ensure!(status.success(), "perf report failed ({status})");
        eprintln!("  profile: {}", self.table.display());
        Ok(())
    }
}
