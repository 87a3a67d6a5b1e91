//! The three that are measured, as processes on a core of their own: ours, the floor, the peer.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anyhow::ensure;

use crate::dialect::{Centrifuge, CrisisLens, Dialect, Floor, Messages, Stream};
use crate::floor::Mode;
use crate::process::Process;
use crate::wire;

/// The core of the server …
pub const SERVER_CORE: usize = 0;
/// … and that of subscribers and publishers.
pub const CLIENT_CORE: usize = 1;
/// The server's signing secret, so that tokens for thousands of people need no accounts.
const SECRET: &str = "the signing secret of a measurement, known to everybody";
/// Connections that a server of ours takes in a measurement; more than any case opens.
const MAX_CONNECTIONS: usize = 20_000;

/// Open files that the largest case needs.
const FILES: u64 = 11_000;

/// A running server and how it is spoken to.
pub struct Running {
    process: Process,
    address: SocketAddr,
    dialect: Arc<dyn Dialect>,
    heeds_stdin: bool,
    /// What it says.
    log: PathBuf,
    /// Where it keeps its files; removed when it goes.
    folder: tempfile::TempDir,
}

/// What a server of ours does beside serving subscribers.
#[derive(Clone)]
pub enum Work {
    /// Nothing: its log is at this address, `kafka://…`, or is embedded where it is empty.
    Gateway(String),
    /// All that it does with posts with these texts, on engines that these settings lead to.
    Pipeline(Vec<String>, Arc<[String]>),
}

/// What can be started.
pub enum Contestant<'a> {
    /// The product's binary, with settings that lead it to its engines.
    CrisisLens {
        /// The binary.
        binary: &'a Path,
        /// What its subscribers are connected by.
        stream: Stream,
        /// How many rooms.
        rooms: usize,
        /// What else it does.
        work: Work,
    },
    /// This program as the floor.
    Floor {
        /// How it writes.
        mode: Mode,
        /// Whether its subscribers are event streams.
        event_stream: bool,
    },
    /// The binary of `peers/centrifuge`.
    Centrifuge {
        /// The binary.
        binary: &'a Path,
        /// The broker that it reads; none where it is published to.
        brokers: Option<String>,
    },
}

impl Contestant<'_> {
    /// Starts it and waits until it is ready.
    pub fn start(&self) -> anyhow::Result<Running> {
        let folder = tempfile::tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, crisislens_servers::free_port()?));
        let log = folder.path().join("output.log");
        if let Self::CrisisLens { binary, work, .. } = self {
            let secret = folder.path().join("secret");
            std::fs::write(&secret, SECRET)?;
            make_topics(binary, folder.path(), &settings(&secret, work))?;
        }
        let process = self.launch(folder.path(), address, &log)?;
        let heeds_stdin = matches!(self, Self::CrisisLens { .. });
        Ok(Running { process, address, dialect: self.dialect()?, heeds_stdin, log, folder })
    }

    /// Kills it, starts it again on what it holds, and waits until it is ready.
    pub fn restart(&self, running: &mut Running) -> anyhow::Result<()> {
        running.process.kill()?;
        running.process = self.launch(running.folder.path(), running.address, &running.log)?;
        Ok(())
    }

    fn launch(&self, folder: &Path, address: SocketAddr, log: &Path) -> anyhow::Result<Process> {
        let command = self.command(folder, address)?;
        let mut process = Process::start(command, log, SERVER_CORE, CLIENT_CORE)?;
        let is_ours = matches!(self, Self::CrisisLens { .. });
        process.wait_until(log, || {
            if is_ours { is_ready(address) } else { TcpStream::connect(address).is_ok() }
        })?;
        Ok(process)
    }

    fn dialect(&self) -> anyhow::Result<Arc<dyn Dialect>> {
        Ok(match self {
            Self::CrisisLens { stream, rooms, work, .. } => {
                let messages = match work {
                    Work::Gateway(_) => Messages::Incidents,
                    Work::Pipeline(_, texts) => Messages::Posts(Arc::clone(texts)),
                };
                Arc::new(CrisisLens::new(SECRET, *stream, messages, *rooms)?)
            }
            Self::Floor { event_stream, .. } => Arc::new(Floor { event_stream: *event_stream }),
            Self::Centrifuge { .. } => Arc::new(Centrifuge),
        })
    }

    fn command(&self, folder: &Path, address: SocketAddr) -> anyhow::Result<Command> {
        match self {
            Self::CrisisLens { binary, work, .. } => {
                let mut command = ours(binary, folder, &settings(&folder.join("secret"), work));
                command.args(["serve", "--until-stdin-closes", "--listen"]);
                command.arg(address.to_string());
                Ok(command)
            }
            Self::Floor { mode, .. } => {
                let mut command = Command::new(std::env::current_exe()?);
                command.args(["floor", "--mode", mode.name(), "--listen", &address.to_string()]);
                Ok(command)
            }
            Self::Centrifuge { binary, brokers } => {
                let mut command = Command::new(binary);
                command.env("LISTEN", address.to_string()).env("GOMAXPROCS", "1");
                command.envs(brokers.iter().map(|brokers| ("KAFKA", brokers)));
                Ok(command)
            }
        }
    }
}

/// What lets so many people in from one machine, and what keeps a gateway's process to its work: on Kafka it has the
/// role `api` alone; the process of an embedded log must have every role, but need not run consumers. Everything else is as
/// it is shipped.
fn settings(secret: &Path, work: &Work) -> Vec<String> {
    let mut settings = vec![
        format!("auth.secret_file={}", secret.display()),
        format!("realtime.max_connections={MAX_CONNECTIONS}"),
        "realtime.max_connections_per_address=0".to_owned(),
        "realtime.connects_per_address_s=0".to_owned(),
        format!("http.max_sockets={MAX_CONNECTIONS}"),
        "http.max_sockets_per_address=0".to_owned(),
    ];
    match work {
        Work::Pipeline(engines, _) => settings.extend_from_slice(engines),
        Work::Gateway(log) if log.is_empty() => {
            settings.push(r#"node.groups=["crisis-lens-dlq"]"#.to_owned());
        }
        Work::Gateway(log) => {
            settings.extend([format!("log.url={log}"), r#"node.roles=["api"]"#.to_owned()]);
        }
    }
    settings
}

fn ours(binary: &Path, folder: &Path, settings: &[String]) -> Command {
    let mut command = Command::new(binary);
    command.current_dir(folder).env_remove("CRISISLENS_CONFIG").arg("--data-dir").arg(folder.join("data"));
    command.args(settings.iter().flat_map(|setting| ["--set", setting]));
    command
}

fn make_topics(binary: &Path, folder: &Path, settings: &[String]) -> anyhow::Result<()> {
    let output = ours(binary, folder, settings).args(["topics", "init"]).output()?;
    ensure!(output.status.success(), "topics init: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Whether `/readyz` answers 200.
fn is_ready(address: SocketAddr) -> bool {
    use std::io::{Read, Write};
    let ask = || -> std::io::Result<Vec<u8>> {
        let mut socket = TcpStream::connect(address)?;
        socket.set_read_timeout(Some(std::time::Duration::from_secs(2)))?;
        write!(socket, "GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = Vec::new();
        socket.read_to_end(&mut answer)?;
        Ok(answer)
    };
    ask().is_ok_and(|answer| wire::http_head(&answer).is_some_and(|head| head.line.contains(" 200 ")))
}

impl Running {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The file with what it says.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// How it is spoken to.
    pub fn dialect(&self) -> Arc<dyn Dialect> {
        Arc::clone(&self.dialect)
    }

    /// Ends it.
    pub fn stop(self) -> anyhow::Result<()> {
        self.process.stop(self.heeds_stdin)
    }
}

/// Makes the topic that the peer reads.
pub fn make_peer_topic(kafka: &crisislens_servers::Kafka) -> anyhow::Result<()> {
    let bootstrap = kafka.bootstrap();
    let topic = Centrifuge::TOPIC;
    let partitions = ["--create", "--if-not-exists", "--topic", topic, "--partitions", "6"];
    let arguments: Vec<&str> = ["--bootstrap-server", &bootstrap].into_iter().chain(partitions).collect();
    let output = kafka.tool("org.apache.kafka.tools.TopicCommand", &arguments)?;
    ensure!(output.status.success(), "the peer's topic: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Lets this program have as many files as the cases need. What it starts inherits that.
pub fn raise_limits() -> anyhow::Result<()> {
    let files = rlimit::increase_nofile_limit(u64::MAX)?;
    ensure!(files > FILES, "only {files} open files are allowed (ulimit -Hn); {FILES} are needed");
    Ok(())
}
