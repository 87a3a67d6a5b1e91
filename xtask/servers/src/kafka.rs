//! Apache Kafka in KRaft mode: one node, or three that replicate, each broker and controller in one process.
//!
//! Kafka's settings live in `properties`, one node's process in `node`.

mod node;
mod properties;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use rustix::process::Signal;
use tempfile::TempDir;

use self::node::Node;
use crate::maven::{self, Artifact};
use crate::ports::retry_on_collision;
use crate::{Cache, Certificates, Result, ServersError, java, random};

/// The release that is started.
pub const VERSION: &str = "4.3.1";
/// Java releases it runs on begin here.
const JAVA: u32 = 17;
/// Heap of a command line tool, MiB.
const TOOL_HEAP_MB: u32 = 512;
/// Its jars. The logging binding is the one for the slf4j 1.7 that Kafka brings; another one logs nothing.
const ARTIFACTS: [Artifact; 4] = [
    Artifact { group: "org.apache.kafka", name: "kafka_2.13", version: VERSION },
    Artifact { group: "org.apache.kafka", name: "kafka-tools", version: VERSION },
    Artifact { group: "org.apache.logging.log4j", name: "log4j-slf4j-impl", version: "2.25.3" },
    Artifact { group: "org.apache.logging.log4j", name: "log4j-core", version: "2.25.3" },
];

/// How clients reach the brokers.
#[derive(Debug, Clone, Default)]
pub enum Security {
    /// Without encryption and without accounts.
    #[default]
    Plain,
    /// TLS, and SCRAM-SHA-512 (or -256) with the users [`Kafka::APP`] and [`Kafka::ADMIN`].
    SaslSsl {
        /// The authority and the brokers' certificate.
        certificates: Arc<Certificates>,
        /// Whether what no access rule allows is refused; `admin` may do everything.
        acls: bool,
    },
    /// TLS with client certificates; the principal is the certificate's common name.
    MutualTls {
        /// The authority and the brokers' certificate.
        certificates: Arc<Certificates>,
    },
}

impl Security {
    fn certificates(&self) -> Option<&Arc<Certificates>> {
        match self {
            Self::Plain => None,
            Self::SaslSsl { certificates, .. } | Self::MutualTls { certificates } => Some(certificates),
        }
    }
}

/// What is started.
#[derive(Debug, Clone)]
pub struct KafkaOptions {
    /// Nodes, numbered from 1; with three or more, topics have three replicas, of which two must answer.
    pub nodes: u32,
    /// Heap of each node, MiB.
    pub heap_mb: u32,
    /// How clients reach the brokers.
    pub security: Security,
    /// Broker settings that go over ours.
    pub extra: Vec<(String, String)>,
    /// Where the nodes keep their data. It stays, and a later start goes on with it (on other ports); a folder of its
    /// own that goes with the value where absent.
    pub data_dir: Option<PathBuf>,
}

impl Default for KafkaOptions {
    fn default() -> Self {
        Self { nodes: 1, heap_mb: 512, security: Security::Plain, extra: Vec::new(), data_dir: None }
    }
}

/// A running cluster. Dropping it ends every node.
#[derive(Debug)]
pub struct Kafka {
    nodes: Vec<Node>,
    program: java::Program,
    cache: Cache,
    security: Security,
    /// Passwords, client settings and the nodes' folders.
    dir: PathBuf,
    password: String,
    /// Holds `dir` where it is ours.
    temporary: Option<TempDir>,
}

impl Kafka {
    /// A user (SASL) or a client certificate's name (mutual TLS) without rights of its own.
    pub const APP: &str = "app";
    /// A user who may do everything.
    pub const ADMIN: &str = "admin";

    /// Starts all nodes and waits until each serves.
    pub fn start(options: KafkaOptions) -> Result<Self> {
        let cache = Cache::open()?;
        let program = prepare(&cache)?;
        retry_on_collision(|| Self::start_once(&options, &cache, &program))
    }

    fn start_once(options: &KafkaOptions, cache: &Cache, program: &java::Program) -> Result<Self> {
        let (dir, temporary) = folder(options.data_dir.as_deref())?;
        let password = remembered(&dir.join("password"), random::secret)?;
        let cluster_id = remembered(&dir.join("cluster"), random::cluster_id)?;
        let nodes = (1..=options.nodes.max(1)).map(|id| Node::new(id, &dir, options.heap_mb));
        let nodes: Vec<Node> = nodes.collect::<Result<_>>()?;
        for node in &nodes {
            node.write_settings(&properties::broker(node, &nodes, options, &password))?;
        }
        let security = options.security.clone();
        let kafka = Self {
            nodes,
            program: program.clone(),
            cache: cache.clone(),
            security,
            dir,
            password,
            temporary,
        };
        kafka.write_client_settings()?;
        let users: &[&str] = match &kafka.security {
            Security::SaslSsl { .. } => &[properties::BROKER, Self::ADMIN, Self::APP],
            Security::Plain | Security::MutualTls { .. } => &[],
        };
        std::thread::scope(|scope| {
            let starts: Vec<_> = kafka
                .nodes
                .iter()
                .map(|node| {
                    scope.spawn(|| {
                        node.format(&kafka.program, &cluster_id, users, &kafka.password)?;
                        // One recording is enough.
                        node.start(&kafka.cache, &kafka.program, node.id == 1)
                    })
                })
                .collect();
            starts
                .into_iter()
                .try_for_each(|start| start.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })?;
        Ok(kafka)
    }

    /// `HOST:PORT,HOST:PORT,…` of all nodes.
    pub fn bootstrap(&self) -> String {
        self.nodes.iter().map(Node::address).collect::<Vec<_>>().join(",")
    }

    /// Kafka's version.
    pub fn version(&self) -> &'static str {
        VERSION
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> u32 {
        u32::try_from(self.nodes.len()).unwrap_or(u32::MAX)
    }

    /// The process of a node, where it runs.
    pub fn pid(&self, node: u32) -> Result<u32> {
        self.node(node)?.pid()
    }

    /// Kills a node: `SIGKILL`, as when a machine goes down.
    pub fn kill(&self, node: u32) -> Result<()> {
        self.node(node)?.kill();
        Ok(())
    }

    /// Stops a node in order, so that others take over before it ends; kills it when it takes too long.
    pub fn stop(&self, node: u32) -> Result<()> {
        self.node(node)?.stop();
        Ok(())
    }

    /// Starts a node that was killed or stopped, with its data and on its port, and waits until it serves.
    pub fn start_node(&self, node: u32) -> Result<()> {
        self.node(node)?.start(&self.cache, &self.program, false)
    }

    /// Pauses a node (`SIGSTOP`): its connections stay open and nothing answers.
    pub fn pause(&self, node: u32) -> Result<()> {
        self.node(node)?.signal(Signal::STOP)
    }

    /// Lets a paused node go on.
    pub fn resume(&self, node: u32) -> Result<()> {
        self.node(node)?.signal(Signal::CONT)
    }

    /// The end of a node's log, for a test that fails.
    pub fn log(&self, node: u32) -> Result<String> {
        Ok(crate::error::tail(&std::fs::read_to_string(self.node(node)?.log()).unwrap_or_default()))
    }

    /// One of Kafka's own command line tools, to its end. `class` is its main class, as
    /// `org.apache.kafka.tools.TopicCommand`, `….ProducerPerformance`, `….ConsumerPerformance`, `….AclCommand` or
    /// `kafka.admin.ConfigCommand`. Nothing is added to `arguments`; see [`Self::client_settings`] for secured brokers.
    pub fn tool(&self, class: &str, arguments: &[&str]) -> Result<Output> {
        let mut command = self.tool_command(class);
        command.args(arguments).output().map_err(ServersError::io(format!("run {class}")))
    }

    /// As [`Self::tool`], to be started by the caller.
    pub fn tool_command(&self, class: &str) -> Command {
        self.program.tool(TOOL_HEAP_MB, &self.program.logging("WARN"), class)
    }

    /// The password of [`Self::APP`] and of [`Self::ADMIN`], where there are users.
    pub fn password(&self) -> Option<&str> {
        matches!(self.security, Security::SaslSsl { .. }).then_some(self.password.as_str())
    }

    /// A settings file for Kafka's own tools, as `--command-config FILE`: as `user` with SASL, with the client
    /// certificate with mutual TLS, and without security an empty one.
    pub fn client_settings(&self, user: &str) -> PathBuf {
        self.dir.join(format!("client-{user}.properties"))
    }

    /// The certificates it was started with.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.security.certificates().map(AsRef::as_ref)
    }

    fn write_client_settings(&self) -> Result<()> {
        for user in [Self::APP, Self::ADMIN] {
            let file = self.client_settings(user);
            let text = properties::client(&self.security, user, &self.password);
            std::fs::write(&file, text).map_err(ServersError::path("write", &file))?;
        }
        Ok(())
    }

    fn node(&self, id: u32) -> Result<&Node> {
        let found = self.nodes.iter().find(|node| node.id == id);
        found.ok_or(ServersError::Node { server: "Kafka", node: id, problem: "does not exist" })
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        for node in &self.nodes {
            // Data that goes with us need not be put in order; what is recorded or kept must be.
            if self.temporary.is_none() || node.is_recorded() { node.stop() } else { node.kill() }
        }
    }
}

/// Fetches what is needed; done already in most cases.
pub(crate) fn prepare(cache: &Cache) -> Result<java::Program> {
    let kit = java::Kit::at_least(JAVA, "Kafka")?;
    let folder = cache.entry(&format!("kafka-{VERSION}"), &[&maven::project(&ARTIFACTS)], |folder| {
        maven::fetch(&format!("Apache Kafka {VERSION}"), &ARTIFACTS, folder)
    })?;
    java::Program::new(kit, folder)
}

fn folder(kept: Option<&Path>) -> Result<(PathBuf, Option<TempDir>)> {
    if let Some(dir) = kept {
        let dir = std::path::absolute(dir).map_err(ServersError::path("find", dir))?;
        std::fs::create_dir_all(&dir).map_err(ServersError::path("make", &dir))?;
        return Ok((dir, None));
    }
    let made = tempfile::Builder::new().prefix("crisislens-kafka-").tempdir();
    let made = made.map_err(ServersError::io("make a folder for Kafka"))?;
    Ok((made.path().to_path_buf(), Some(made)))
}

/// What `file` holds, or what `make` makes and the file then holds: the same from start to start.
fn remembered(file: &Path, make: impl FnOnce() -> Result<String>) -> Result<String> {
    if let Ok(text) = std::fs::read_to_string(file) {
        return Ok(text);
    }
    let text = make()?;
    std::fs::write(file, &text).map_err(ServersError::path("write", file))?;
    Ok(text)
}
