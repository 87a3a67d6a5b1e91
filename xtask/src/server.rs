//! A server process of ours: built, given accounts, started, waited for, stopped.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use crate::{packages, step};

/// Longest time from start to ready.
const READY_WITHIN: Duration = Duration::from_secs(60);
/// Longest time from the order to stop to the end.
const STOP_WITHIN: Duration = Duration::from_secs(20);

/// Builds the program; `release` as it is measured, else as it is developed.
pub fn build(release: bool) -> anyhow::Result<PathBuf> {
    packages::for_builds()?;
    let mut command = step::cargo();
    // The whole workspace, so that tests and demo share one build of every library.
    command.args(["build", "--locked", "--workspace", "--quiet"]);
    if release {
        command.arg("--release");
    }
    step::quiet(if release { "build CrisisLens (release)" } else { "build CrisisLens" }, &mut command)?;
    Ok(step::target().join(if release { "release" } else { "debug" }).join("crisislens"))
}

/// An account to be made.
pub struct Account {
    /// Address.
    pub email: &'static str,
    /// What colleagues see.
    pub name: &'static str,
    /// Role.
    pub role: &'static str,
    /// Alerts by e-mail from this severity on; none where absent.
    pub email_from: Option<&'static str>,
}

/// Makes accounts, or sets the password of those that exist.
pub fn add_accounts(binary: &Path, data: &Path, accounts: &[Account], password: &str) -> anyhow::Result<()> {
    for account in accounts {
        let mut command = Command::new(binary);
        command.arg("--data-dir").arg(data).args(["users", "add", account.email, "--or-update"]);
        command.args(["--name", account.name, "--role", account.role]);
        if let Some(severity) = account.email_from {
            command.args(["--email-alerts", "--min-severity", severity]);
        }
        command.env("CRISISLENS_PASSWORD", password).env_remove("CRISISLENS_CONFIG");
        step::quiet("make the accounts", &mut command)?;
    }
    Ok(())
}

/// A running server.
pub struct Server {
    child: Child,
    /// `ADDRESS:PORT`.
    pub address: String,
}

impl Server {
    /// Starts it and waits until it is ready. It ends with us, however we end: it watches its standard input.
    pub fn start(binary: &Path, data: &Path, listen: &str, arguments: &[String]) -> anyhow::Result<Self> {
        let log = data.join("server.log");
        let file = std::fs::OpenOptions::new().create(true).append(true).open(&log)?;
        let child = Command::new(binary)
            .arg("--data-dir")
            .arg(data)
            .args(["serve", "--until-stdin-closes", "--listen", listen])
            .args(arguments)
            .env_remove("CRISISLENS_CONFIG")
            .current_dir(data)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut server = Self { child, address: listen.to_owned() };
        let begun = Instant::now();
        while !server.is_ready() {
            if let Some(status) = server.child.try_wait()? {
                let text = std::fs::read_to_string(&log).unwrap_or_default();
                let last: Vec<&str> = text.lines().rev().take(5).collect();
                bail!(
                    "the server ended at once ({status}): {}",
                    last.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
            if begun.elapsed() > READY_WITHIN {
                bail!("the server is not ready after {} s; see {}", READY_WITHIN.as_secs(), log.display());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(server)
    }

    fn is_ready(&self) -> bool {
        get_status(&self.address, "/readyz") == Some(200)
    }

    /// Its end, if it has ended.
    pub fn ended(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Stops it in good order.
    pub fn stop(mut self) -> anyhow::Result<()> {
        drop(self.child.stdin.take());
        let begun = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begun.elapsed() > STOP_WITHIN {
                self.child.kill()?;
                bail!("the server did not stop within {} s", STOP_WITHIN.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// The status of a GET without anything, over a plain socket: one request does not need an HTTP library.
fn get_status(address: &str, path: &str) -> Option<u16> {
    let mut socket = TcpStream::connect(address).ok()?;
    socket.set_read_timeout(Some(Duration::from_secs(2))).ok()?;
    write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n").ok()?;
    let mut start = [0; 12];
    socket.read_exact(&mut start).ok()?;
    std::str::from_utf8(&start[9..]).ok()?.parse().ok()
}

/// An address on this machine that nobody listens on.
pub fn free_address() -> anyhow::Result<String> {
    Ok(format!("127.0.0.1:{}", crisislens_servers::free_port()?))
}
