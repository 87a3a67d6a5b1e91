//! One process of ours: started so that it cannot outlive us, watched by its log, stopped.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::error::tail;
use crate::{Cache, Result, ServersError};

/// How often a log, a port or an exit is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

/// An order to the thread that starts processes.
type Order = (Command, Sender<std::io::Result<Child>>);

/// The thread that starts processes; see [`spawn`].
static STARTER: Mutex<Option<Sender<Order>>> = Mutex::new(None);

/// A running process with a log file. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    server: String,
    log: PathBuf,
}

impl Process {
    /// Starts `command`, which [`guarded`] made, with its output in `log`.
    pub fn start(server: &str, mut command: Command, log: &Path) -> Result<Self> {
        // A new file, not the old one cut short: what is left of an earlier process may still write to that.
        let _ = std::fs::remove_file(log);
        let file = File::create(log).map_err(ServersError::path("make", log))?;
        let copy = file.try_clone().map_err(ServersError::path("share", log))?;
        // A group of its own, so that Ctrl-C in a terminal reaches us first and we stop it in order.
        command.stdin(Stdio::null()).stdout(file).stderr(copy).process_group(0);
        let child = spawn(command).map_err(ServersError::io(format!("start {server}")))?;
        Ok(Self { child, server: server.to_owned(), log: log.to_path_buf() })
    }

    /// Its process id, also after its end.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its process id as long as it runs.
    pub fn running_pid(&mut self) -> Option<u32> {
        if self.ended().is_none() { Some(self.pid()) } else { None }
    }

    /// Waits until `ready` says so; fails at once when the process ends, and when `within` is over.
    pub fn wait_until(
        &mut self,
        cache: &Cache,
        within: Duration,
        mut ready: impl FnMut(&mut LogReader) -> bool,
    ) -> Result<()> {
        let begun = Instant::now();
        let mut reader = LogReader { log: self.log.clone(), read: 0, text: String::new() };
        loop {
            if ready(&mut reader) {
                return Ok(());
            }
            let reason = match self.ended() {
                Some(status) => format!("it ended ({status})"),
                None if begun.elapsed() > within => format!("it is not ready after {} s", within.as_secs()),
                None => {
                    std::thread::sleep(LOOK_EVERY);
                    continue;
                }
            };
            let text = std::fs::read(&self.log).unwrap_or_default();
            return Err(ServersError::Start {
                server: self.server.clone(),
                reason,
                tail: tail(&String::from_utf8_lossy(&text)),
                log: cache.keep_log(&self.log, &self.server),
            });
        }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Sends a signal. A process that has ended gets none.
    pub fn signal(&mut self, signal: Signal) {
        if self.ended().is_none()
            && let Some(pid) = i32::try_from(self.pid()).ok().and_then(Pid::from_raw)
        {
            // It can only fail when the process ends meanwhile, which is no failure.
            let _ = kill_process(pid, signal);
        }
    }

    /// Asks it to end with `signal` and kills it when it has not after `within`. Answers whether it obeyed; one that
    /// had ended before did not.
    pub fn stop(&mut self, signal: Signal, within: Duration) -> bool {
        if self.ended().is_some() {
            return false;
        }
        // A paused process would take no order.
        self.signal(Signal::CONT);
        self.signal(signal);
        let begun = Instant::now();
        while self.ended().is_none() {
            if begun.elapsed() > within {
                self.kill();
                return false;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        true
    }

    /// Kills it (`SIGKILL`) and waits for its end.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Reads what a log has gained.
#[derive(Debug)]
pub struct LogReader {
    log: PathBuf,
    read: u64,
    text: String,
}

impl LogReader {
    /// Whether the log says `words`.
    pub fn says(&mut self, words: &str) -> bool {
        let mut gained = Vec::new();
        let result = File::open(&self.log).and_then(|mut file| {
            file.seek(SeekFrom::Start(self.read))?;
            file.read_to_end(&mut gained)
        });
        if let Ok(bytes) = result {
            self.read += bytes as u64;
            self.text.push_str(&String::from_utf8_lossy(&gained));
        }
        self.text.contains(words)
    }
}

/// A command for `program` that the kernel kills when we end, however we end; where util-linux is not there, a plain
/// one. `options` go to `setpriv`.
pub fn guarded(program: impl AsRef<std::ffi::OsStr>, options: &[&str]) -> Command {
    if !options.is_empty() || Path::new("/usr/bin/setpriv").exists() {
        let mut command = Command::new("setpriv");
        command.args(options).args(["--pdeathsig", "KILL", "--"]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

/// Starts a process from a thread that lives as long as we do: the kernel sends the parent-death signal when the
/// *thread* that forked ends, and a test or a blocking task of an async runtime may run on a thread that ends earlier.
fn spawn(command: Command) -> std::io::Result<Child> {
    let (answer, answered) = channel();
    {
        let mut starter = STARTER.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = match &*starter {
            Some(orders) => orders.clone(),
            None => starter.insert(start_starter()?).clone(),
        };
        orders.send((command, answer)).map_err(std::io::Error::other)?;
    }
    answered.recv().map_err(std::io::Error::other)?
}

fn start_starter() -> std::io::Result<Sender<Order>> {
    let (orders, ordered) = channel::<Order>();
    std::thread::Builder::new().name("starts-servers".to_owned()).spawn(move || {
        for (mut command, answer) in ordered {
            // Who does not wait for the answer any more has dropped the child with it.
            let _ = answer.send(command.spawn());
        }
    })?;
    Ok(orders)
}

/// Runs a program to its end and tells of it; its output is shown only where it fails.
pub fn run(step: &str, command: &mut Command) -> Result<()> {
    let began = Instant::now();
    eprintln!("• {step}");
    run_quietly(step, command)?;
    eprintln!("✓ {step} ({:.1} s)", began.elapsed().as_secs_f64());
    Ok(())
}

/// Runs a program to its end; nothing is shown unless it fails.
pub fn run_quietly(step: &str, command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().map_err(|source| {
        let program = command.get_program().to_string_lossy().into_owned();
        ServersError::Io { doing: format!("{step}: start {program}"), source }
    })?;
    if output.status.success() {
        return Ok(());
    }
    let text =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(ServersError::Step { step: step.to_owned(), status: output.status.to_string(), output: tail(&text) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeper(folder: &Path, script: &str) -> Process {
        let mut command = guarded("/bin/sh", &[]);
        command.args(["-c", script]);
        Process::start("sleeper", command, &folder.join("log")).unwrap()
    }

    fn is_alive(pid: u32) -> bool {
        Path::new(&format!("/proc/{pid}")).exists()
    }

    #[test]
    fn a_process_is_ready_when_its_log_says_so_and_is_killed_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let mut process = sleeper(folder.path(), "echo one; echo ready; exec sleep 60");
        process.wait_until(&cache, Duration::from_secs(10), |log| log.says("ready")).unwrap();
        let pid = process.pid();
        assert!(is_alive(pid));
        drop(process);
        assert!(!is_alive(pid));
    }

    #[test]
    fn a_process_that_ends_before_it_is_ready_fails_with_its_last_words_and_keeps_its_log() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let mut process = sleeper(folder.path(), "echo no such thing >&2; exit 3");
        let failed = process.wait_until(&cache, Duration::from_secs(10), |log| log.says("ready"));
        let Err(ServersError::Start { tail, log, .. }) = failed else { panic!("{failed:?}") };
        assert_eq!(tail, "no such thing");
        assert!(log.starts_with(folder.path().join("logs")) && log.exists());
    }

    #[test]
    fn a_process_that_ignores_the_order_to_end_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let mut process = sleeper(folder.path(), "trap '' TERM; echo ready; while :; do sleep 1; done");
        process.wait_until(&cache, Duration::from_secs(10), |log| log.says("ready")).unwrap();
        assert!(!process.stop(Signal::TERM, Duration::from_millis(100)));
        assert!(process.ended().is_some());
    }

    #[test]
    fn a_paused_process_still_stops_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let mut process = sleeper(folder.path(), "echo ready; exec sleep 60");
        process.wait_until(&cache, Duration::from_secs(10), |log| log.says("ready")).unwrap();
        process.signal(Signal::STOP);
        assert!(process.stop(Signal::TERM, Duration::from_secs(10)));
        assert!(!process.stop(Signal::TERM, Duration::from_secs(10)), "it has ended before");
    }

    #[test]
    fn a_process_outlives_the_thread_that_asked_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let mut process = std::thread::scope(|scope| {
            scope.spawn(|| sleeper(folder.path(), "echo ready; sleep 0.3; echo later; exec sleep 60")).join()
        })
        .unwrap();
        process.wait_until(&cache, Duration::from_secs(10), |log| log.says("later")).unwrap();
        assert!(process.ended().is_none());
    }
}
