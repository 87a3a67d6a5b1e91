//! Processes as the kernel counts them, and the core that they run on.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Longest time from start until it answers.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest time from the order to stop to the end; then it is killed.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// A running server.
pub struct Process {
    child: Child,
}

/// Lets this thread, and what it starts from now on, run on `core` only.
pub fn pin(core: usize) -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    cores.set(core);
    sched_setaffinity(None, &cores).with_context(|| format!("cannot run on core {core}"))
}

/// Lets this thread, and what it starts from now on, run on every core.
pub fn unpin() -> anyhow::Result<()> {
    let mut cores = CpuSet::new();
    // Those that the machine does not have are passed over.
    (0..CpuSet::MAX_CPU).for_each(|core| cores.set(core));
    sched_setaffinity(None, &cores).context("cannot run on every core")
}

impl Process {
    /// Starts `command` on core `core` and moves this thread to `back`; its output goes to the file `log`.
    pub fn start(mut command: Command, log: &Path, core: usize, back: usize) -> anyhow::Result<Self> {
        let file = std::fs::File::create(log)?;
        command.stdin(Stdio::piped()).stdout(file.try_clone()?).stderr(file);
        pin(core)?;
        let started = command.spawn();
        pin(back)?;
        let child = started.with_context(|| format!("cannot start {:?}", command.get_program()))?;
        Ok(Self { child })
    }

    /// Waits until `is_ready` says so.
    pub fn wait_until(&mut self, log: &Path, is_ready: impl Fn() -> bool) -> anyhow::Result<()> {
        let begun = Instant::now();
        while !is_ready() {
            if let Some(status) = self.child.try_wait()? {
                bail!("ended at once ({status}): {}", std::fs::read_to_string(log).unwrap_or_default());
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("not ready after {} s; see {}", READY_WITHIN.as_secs(), log.display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Its id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it at once.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Ends it: by closing its standard input where it heeds that, else at once.
    pub fn stop(mut self, heeds_stdin: bool) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while heeds_stdin && begun.elapsed() < STOP_WITHIN {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.kill()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

/// Processor time that a process has used, user and system, in seconds; in steps of 10 ms on most kernels.
pub fn cpu_seconds(pid: u32) -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).context("the server has ended")?;
    // The name may hold spaces and brackets; the fields that count come after its last bracket.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest.split_whitespace()).context("/proc/*/stat")?;
    let times: Vec<u64> = fields.skip(11).take(2).filter_map(|field| field.parse().ok()).collect();
    Ok(seconds(times.iter().sum()))
}

/// Processor time that everything on the machine has used, in seconds.
pub fn machine_seconds() -> anyhow::Result<f64> {
    let stat = std::fs::read_to_string("/proc/stat")?;
    let fields = stat.lines().next().unwrap_or_default().split_whitespace().skip(1);
    let times: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
    // user, nice, system, irq, softirq; not idle and iowait.
    Ok(seconds([0, 1, 2, 5, 6].iter().filter_map(|at| times.get(*at)).sum()))
}

/// Resident memory of a process, KB.
pub fn rss_kb(pid: u32) -> anyhow::Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("the server has ended")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("/proc has no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
