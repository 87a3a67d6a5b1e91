//! One node: its folder, its ports, its process.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use super::VERSION;
use crate::java::{self, Archive, Program};
use crate::process::{Process, run_quietly};
use crate::{Cache, Result, ServersError, free_port};

/// Longest time from start to serving: on a busy machine, beside other JVMs, a start takes half a minute.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Longest time for an orderly stop.
const STOP_WITHIN: Duration = Duration::from_secs(15);
/// Heap of the tool that formats a folder, MiB.
const FORMAT_HEAP_MB: u32 = 256;

/// One node.
#[derive(Debug)]
pub struct Node {
    /// Its number, from 1.
    pub id: u32,
    /// Where clients and other brokers reach it.
    pub port: u16,
    /// Where controllers reach it.
    pub controller_port: u16,
    dir: PathBuf,
    heap_mb: u32,
    running: Mutex<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    process: Process,
    archive: Archive,
}

impl Node {
    /// A node with a folder and ports of its own, not started.
    pub fn new(id: u32, cluster: &Path, heap_mb: u32) -> Result<Self> {
        let dir = cluster.join(format!("node-{id}"));
        std::fs::create_dir_all(&dir).map_err(ServersError::path("make", &dir))?;
        let running = Mutex::new(None);
        Ok(Self { id, port: free_port()?, controller_port: free_port()?, dir, heap_mb, running })
    }

    /// `HOST:PORT` for clients.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Where its data lies.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    /// Its log of the last start.
    pub fn log(&self) -> PathBuf {
        self.dir.join("log")
    }

    fn settings(&self) -> PathBuf {
        self.dir.join("node.properties")
    }

    /// Writes its settings.
    pub fn write_settings(&self, text: &str) -> Result<()> {
        let file = self.settings();
        std::fs::write(&file, text).map_err(ServersError::path("write", &file))
    }

    /// Formats its folder, with users where there are any, unless that is done.
    pub fn format(&self, program: &Program, cluster_id: &str, users: &[&str], password: &str) -> Result<()> {
        if self.data().join("meta.properties").exists() {
            return Ok(());
        }
        let mut command = program.tool(FORMAT_HEAP_MB, &program.logging("WARN"), "kafka.tools.StorageTool");
        command.args(["format", "--cluster-id", cluster_id, "--config"]).arg(self.settings());
        for user in users {
            command.args(["--add-scram", &format!("SCRAM-SHA-512=[name={user},password={password}]")]);
            command.args(["--add-scram", &format!("SCRAM-SHA-256=[name={user},password={password}]")]);
        }
        run_quietly(&format!("format the folder of Kafka node {}", self.id), &mut command)
    }

    /// Starts it and waits until it serves; `record` says whether its end may record an archive of classes.
    pub fn start(&self, cache: &Cache, program: &Program, record: bool) -> Result<()> {
        let mut running = self.lock();
        if let Some(running) = &mut *running
            && running.process.ended().is_none()
        {
            return Err(self.problem("runs already"));
        }
        let archive = if record { program.archive_or_record() } else { program.archive() };
        let mut command = program.server(self.heap_mb, &archive, &program.logging("INFO"), "kafka.Kafka");
        command.arg(self.settings());
        let name = format!("Kafka {VERSION} node {}", self.id);
        let process = Process::start(&name, command, &self.log())?;
        let started = running.insert(Running { process, archive });
        started.process.wait_until(cache, READY_WITHIN, |log| log.says("Kafka Server started"))
    }

    /// Its process.
    pub fn pid(&self) -> Result<u32> {
        let pid = self.lock().as_mut().and_then(|running| running.process.running_pid());
        pid.ok_or_else(|| self.problem("does not run"))
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        self.pid()?;
        if let Some(running) = &mut *self.lock() {
            running.process.signal(signal);
        }
        Ok(())
    }

    /// Kills it.
    pub fn kill(&self) {
        if let Some(mut running) = self.lock().take() {
            running.process.kill();
            running.archive.keep(false);
        }
    }

    /// Stops it in order; kills it when that takes too long.
    pub fn stop(&self) {
        if let Some(mut running) = self.lock().take() {
            let within = if running.archive.is_recorded() { java::RECORD_WITHIN } else { STOP_WITHIN };
            let complete = running.process.stop(Signal::TERM, within);
            running.archive.keep(complete);
        }
    }

    /// Whether its orderly end records an archive of classes.
    pub fn is_recorded(&self) -> bool {
        self.lock().as_ref().is_some_and(|running| running.archive.is_recorded())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn problem(&self, problem: &'static str) -> ServersError {
        ServersError::Node { server: "Kafka", node: self.id, problem }
    }
}

impl Drop for Node {
    /// For a cluster whose start failed half-way.
    fn drop(&mut self) {
        self.kill();
    }
}
