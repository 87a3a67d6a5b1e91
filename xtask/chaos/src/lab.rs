//! The lab: the servers that trials share, and the installations of the product that each trial has for itself.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use anyhow::Context;
use crisislens_log::TopicDefinitions;
use crisislens_log::kafka::{KafkaLog, KafkaSettings};
use crisislens_servers::{Kafka, KafkaOptions, OpenSearch, OpenSearchOptions, Postgres, PostgresOptions};
use serde::Serialize;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::api::{Api, EMAIL, PASSWORD};
use crate::node::Node;

/// Heap of each JVM, MiB.
const HEAP_MB: u32 = 512;

/// What an installation keeps its data in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// Inside the process.
    Embedded,
    /// Kafka with one broker, PostgreSQL, OpenSearch.
    Cluster,
    /// Kafka with three brokers that replicate, PostgreSQL, OpenSearch.
    ThreeBrokers,
}

impl Engine {
    /// The word used on the command line and in the report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Cluster => "cluster",
            Self::ThreeBrokers => "three-brokers",
        }
    }
}

/// The servers of a cluster.
pub struct Servers {
    /// The event log.
    pub kafka: Kafka,
    /// The store.
    pub postgres: Arc<Postgres>,
    /// The search index.
    pub opensearch: Arc<OpenSearch>,
}

impl Servers {
    /// Starts what a trial that broke off has left down.
    fn mend(&self) -> anyhow::Result<()> {
        for broker in 1..=self.kafka.nodes() {
            if self.kafka.pid(broker).is_err() {
                self.kafka.start_node(broker)?;
            }
            self.kafka.resume(broker)?;
        }
        if self.postgres.pid().is_none() {
            self.postgres.start_again()?;
        }
        if self.opensearch.pid().is_none() {
            self.opensearch.start_again()?;
        }
        Ok(())
    }
}

/// Where trials happen.
pub struct Lab {
    /// The product's binary.
    pub binary: PathBuf,
    /// Where the history of a trial that fails is kept.
    pub keep: PathBuf,
    cluster: OnceCell<Arc<Servers>>,
    three: OnceCell<Arc<Servers>>,
    installations: AtomicU32,
}

impl Lab {
    /// A lab in which no server runs yet.
    pub fn new(binary: PathBuf, keep: PathBuf) -> Self {
        let (cluster, three) = (OnceCell::new(), OnceCell::new());
        Self { binary, keep, cluster, three, installations: AtomicU32::new(0) }
    }

    /// The servers of `engine`, started with the first call. The embedded engines have none.
    pub async fn servers(&self, engine: Engine) -> anyhow::Result<Arc<Servers>> {
        match engine {
            Engine::Embedded => anyhow::bail!("the embedded engines have no servers"),
            Engine::Cluster => self.cluster.get_or_try_init(|| start(1, None)).await.cloned(),
            Engine::ThreeBrokers => {
                // PostgreSQL and OpenSearch are not replaced, so one of each is enough.
                let with = self.cluster.get().cloned();
                self.three.get_or_try_init(|| start(3, with)).await.cloned()
            }
        }
    }

    /// An installation of its own on shared servers: own topics, database and index. `sets` are `--set` values for all nodes.
    pub async fn install(
        &self,
        engine: Engine,
        nodes: usize,
        sets: &[String],
    ) -> anyhow::Result<Installation> {
        let number = self.installations.fetch_add(1, Ordering::Relaxed);
        let dir = tempfile::Builder::new().prefix("crisislens-chaos-").tempdir()?;
        self.install_in(engine, nodes, sets, number, dir).await
    }

    async fn install_in(
        &self,
        engine: Engine,
        nodes: usize,
        sets: &[String],
        number: u32,
        dir: TempDir,
    ) -> anyhow::Result<Installation> {
        let prefix = format!("t{number}-");
        let mut all = sets.to_vec();
        let mut servers = None;
        if engine != Engine::Embedded {
            let running = self.servers(engine).await?;
            let mended = Arc::clone(&running);
            blocking(move || mended.mend()).await?;
            let postgres = Arc::clone(&running.postgres);
            let name = format!("trial_{}_{number}", engine.as_str().replace('-', "_"));
            let database = blocking(move || Ok(postgres.new_database(&name)?)).await?;
            let search = running.opensearch.url().replacen("http://", "opensearch://", 1);
            all.push(format!("log.url=kafka://{}", running.kafka.bootstrap()));
            all.push(format!("log.kafka.prefix={prefix}"));
            all.push(format!("state.url={database}"));
            all.push(format!("search.url={search}/{}", index(engine, number)));
            servers = Some(running);
        }
        let mut installation = Installation {
            nodes: Vec::new(),
            engine,
            prefix,
            index: index(engine, number),
            sets: all,
            servers,
            binary: self.binary.clone(),
            dir,
        };
        for _ in 0..nodes {
            installation.add_node(true)?;
        }
        if engine == Engine::Embedded {
            installation.make_account().await?;
        } else {
            tokio::try_join!(installation.init_topics(), installation.make_account())?;
        }
        Ok(installation)
    }
}

/// The product, set up for one trial.
pub struct Installation {
    /// Its nodes; none runs until it is started.
    pub nodes: Vec<Node>,
    /// What it keeps its data in.
    pub engine: Engine,
    /// The servers, unless everything is embedded.
    pub servers: Option<Arc<Servers>>,
    prefix: String,
    index: String,
    sets: Vec<String>,
    binary: PathBuf,
    dir: TempDir,
}

impl Installation {
    /// Adds a node that does not run yet. A named one keeps its partitions over a restart; without a name it leaves its groups
    /// when it stops.
    pub fn add_node(&mut self, named: bool) -> anyhow::Result<()> {
        let number = self.nodes.len() + 1;
        let mut sets = self.sets.clone();
        if self.engine != Engine::Embedded && named {
            sets.push(format!("node.name=node-{number}"));
        }
        self.nodes.push(Node::new(&self.binary, &self.dir.path().join(format!("node-{number}")), &sets)?);
        Ok(())
    }

    /// Makes the lab's account. Done already, unless the data folder is another one now.
    pub async fn make_account(&self) -> anyhow::Result<()> {
        let account = ["users", "add", EMAIL, "--role", "admin", "--email-alerts", "--min-severity", "low"];
        self.nodes.first().context("no node")?.command(&account, PASSWORD).await
    }

    /// Makes another account, with the lab's password.
    pub async fn add_person(&self, email: &str, role: &str) -> anyhow::Result<()> {
        self.nodes
            .first()
            .context("no node")?
            .command(&["users", "add", email, "--role", role], PASSWORD)
            .await
    }

    /// Brings its topics to what topics.yaml says.
    pub async fn init_topics(&self) -> anyhow::Result<()> {
        self.nodes.first().context("no node")?.command(&["topics", "init"], PASSWORD).await
    }

    /// What the names of its search indices begin with.
    pub fn index(&self) -> &str {
        &self.index
    }

    /// Starts every node, and signs in.
    pub async fn start(&mut self) -> anyhow::Result<Api> {
        for node in &mut self.nodes {
            node.launch(&[])?;
        }
        for node in &mut self.nodes {
            node.ready().await?;
        }
        let api = self.sign_in().await?;
        api.want_every_mail().await?;
        Ok(api)
    }

    /// Signs in on the first node; the answer knows them all.
    pub async fn sign_in(&self) -> anyhow::Result<Api> {
        Api::sign_in(self.nodes.iter().map(|node| node.url.clone()).collect()).await
    }

    /// The servers.
    pub fn servers(&self) -> anyhow::Result<Arc<Servers>> {
        self.servers.clone().context("the embedded engines have no servers")
    }

    /// The name of a topic on the brokers.
    pub fn topic(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Copies what its nodes keep on disk below `to`, so that what went wrong can be looked at; in the place of what an earlier
    /// trial left there.
    pub fn keep_data(&self, to: &Path) -> std::io::Result<()> {
        let data = to.join("data");
        match std::fs::remove_dir_all(&data) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
            _ => copy_all(self.dir.path(), &data),
        }
    }

    /// A client of our own on this installation's topics.
    pub async fn open_kafka(&self) -> anyhow::Result<Arc<KafkaLog>> {
        let settings = KafkaSettings { prefix: self.prefix.clone(), ..KafkaSettings::default() };
        let url = format!("kafka://{}", self.servers()?.kafka.bootstrap());
        Ok(KafkaLog::open(&url, TopicDefinitions::shipped()?, settings).await?)
    }
}

/// A name that no index of another trial begins with.
fn index(engine: Engine, number: u32) -> String {
    format!("{}-trial-{number}-", engine.as_str())
}

async fn start(brokers: u32, with: Option<Arc<Servers>>) -> anyhow::Result<Arc<Servers>> {
    let begun = Instant::now();
    eprintln!("• start Kafka ({brokers} brokers), PostgreSQL and OpenSearch");
    let options = KafkaOptions { nodes: brokers, heap_mb: HEAP_MB, ..KafkaOptions::default() };
    let kafka = blocking(move || Ok(Kafka::start(options)?));
    let servers = if let Some(with) = with {
        let (postgres, opensearch) = (Arc::clone(&with.postgres), Arc::clone(&with.opensearch));
        Servers { kafka: kafka.await?, postgres, opensearch }
    } else {
        let postgres = blocking(|| Ok(Postgres::start(PostgresOptions::default())?));
        let options = OpenSearchOptions { heap_mb: HEAP_MB, ..OpenSearchOptions::default() };
        let opensearch = blocking(move || Ok(OpenSearch::start(options)?));
        let (kafka, postgres, opensearch) = tokio::try_join!(kafka, postgres, opensearch)?;
        Servers { kafka, postgres: Arc::new(postgres), opensearch: Arc::new(opensearch) }
    };
    eprintln!("✓ start the servers ({:.1} s)", begun.elapsed().as_secs_f64());
    Ok(Arc::new(servers))
}

/// Copies a folder and all below it.
fn copy_all(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        let kind = entry.file_type()?;
        if kind.is_dir() {
            copy_all(&entry.path(), &target)?;
        } else if kind.is_file() {
            std::fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// Runs what blocks beside the executor.
pub async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> anyhow::Result<T> + Send + 'static,
) -> anyhow::Result<T> {
    tokio::task::spawn_blocking(work).await?
}
