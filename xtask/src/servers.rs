//! Real Kafka, PostgreSQL and OpenSearch for tests and developers: all at once, and all ended however we end.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;
use crisislens_servers::{Kafka, KafkaOptions, OpenSearch, OpenSearchOptions, Postgres, PostgresOptions};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// What a shell adds to a signal's number in the exit status of a process that a signal ended.
const SIGNAL_STATUS: i32 = 128;

/// `cargo xtask servers`.
#[derive(Args)]
pub struct Command {
    /// Kafka nodes: 0 for none, 1, or 3 that replicate
    #[arg(long, default_value_t = 1, value_name = "NODES", value_parser = clap::value_parser!(u32).range(0..=9))]
    kafka: u32,
    /// Without PostgreSQL
    #[arg(long)]
    no_postgres: bool,
    /// Without OpenSearch
    #[arg(long)]
    no_opensearch: bool,
    /// Heap of each JVM, MiB
    #[arg(long, default_value_t = 512, value_name = "MIB")]
    heap_mb: u32,
}

/// Which servers are started.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Kafka nodes; none where 0.
    pub kafka: u32,
    /// PostgreSQL.
    pub postgres: bool,
    /// OpenSearch.
    pub opensearch: bool,
    /// Heap of each JVM, MiB.
    pub heap_mb: u32,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { kafka: 1, postgres: true, opensearch: true, heap_mb: 512 }
    }
}

/// Running servers. Dropping them, Ctrl-C and SIGTERM end them.
pub struct Servers {
    environment: Vec<(&'static str, String)>,
    versions: Vec<String>,
    held: Arc<Mutex<Held>>,
}

/// The values that keep servers running.
#[derive(Default)]
struct Held {
    kafka: Option<Kafka>,
    postgres: Option<Postgres>,
    opensearch: Option<OpenSearch>,
}

impl Servers {
    /// The environment in which tests find them.
    pub fn environment(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str()))
    }

    /// "Apache Kafka X, PostgreSQL Y, OpenSearch Z".
    pub fn versions(&self) -> String {
        self.versions.join(", ")
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        end(&self.held);
    }
}

/// Starts what is wanted, side by side; when one fails, the others end again.
pub fn start(wanted: &Wanted) -> anyhow::Result<Servers> {
    let begun = Instant::now();
    eprintln!("• start the servers");
    let held = Arc::new(Mutex::new(Held::default()));
    end_on_signals(Arc::clone(&held))?;
    let (kafka, postgres, opensearch) = std::thread::scope(|scope| {
        let options =
            KafkaOptions { nodes: wanted.kafka, heap_mb: wanted.heap_mb, ..KafkaOptions::default() };
        let kafka = (wanted.kafka > 0).then(|| scope.spawn(|| Kafka::start(options)));
        let postgres = wanted.postgres.then(|| scope.spawn(|| Postgres::start(PostgresOptions::default())));
        let options = OpenSearchOptions { heap_mb: wanted.heap_mb, ..OpenSearchOptions::default() };
        let opensearch = wanted.opensearch.then(|| scope.spawn(|| OpenSearch::start(options)));
        (joined(kafka), joined(postgres), joined(opensearch))
    });
    let why = "the servers that tests run against (cargo xtask test --without-servers skips those tests)";
    let started = Held {
        kafka: kafka.transpose().context(why)?,
        postgres: postgres.transpose().context(why)?,
        opensearch: opensearch.transpose().context(why)?,
    };
    let mut environment = vec![("CRISISLENS_TEST_SERVERS", "1".to_owned())];
    let mut versions = Vec::new();
    if let Some(kafka) = &started.kafka {
        environment.push(("CRISISLENS_TEST_KAFKA", kafka.bootstrap()));
        versions.push(format!("Apache Kafka {}", kafka.version()));
    }
    if let Some(postgres) = &started.postgres {
        environment.push(("CRISISLENS_TEST_POSTGRES", postgres.url()));
        versions.push(format!("PostgreSQL {}", postgres.version()));
    }
    if let Some(opensearch) = &started.opensearch {
        environment.push(("CRISISLENS_TEST_OPENSEARCH", opensearch.url()));
        versions.push(format!("OpenSearch {}", opensearch.version()));
    }
    *held.lock().unwrap_or_else(PoisonError::into_inner) = started;
    eprintln!("✓ start the servers ({:.1} s)", begun.elapsed().as_secs_f64());
    Ok(Servers { environment, versions, held })
}

/// Starts them, prints where they are, and waits for Ctrl-C.
pub fn run(command: &Command) -> anyhow::Result<()> {
    let wanted = Wanted {
        kafka: command.kafka,
        postgres: !command.no_postgres,
        opensearch: !command.no_opensearch,
        heap_mb: command.heap_mb,
    };
    let servers = start(&wanted)?;
    for (name, value) in servers.environment() {
        println!("export {name}='{value}'");
    }
    eprintln!("{}; Ctrl-C ends them", servers.versions());
    loop {
        // The thread that waits for signals ends us.
        std::thread::park_timeout(Duration::from_secs(3600));
    }
}

fn joined<T>(thread: Option<std::thread::ScopedJoinHandle<'_, T>>) -> Option<T> {
    thread.map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// Ends everything when we are told to end. Servers that are just being started end with us without that, but leave
/// their folders behind.
fn end_on_signals(held: Arc<Mutex<Held>>) -> anyhow::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    std::thread::Builder::new().name("ends-servers".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            end(&held);
            std::process::exit(SIGNAL_STATUS + signal);
        }
    })?;
    Ok(())
}

fn end(held: &Mutex<Held>) {
    drop(std::mem::take(&mut *held.lock().unwrap_or_else(PoisonError::into_inner)));
}
