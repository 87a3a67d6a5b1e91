//! Engines beyond one machine for a measurement: real servers, started for it and ended with it.

use anyhow::Context;
use crisislens_servers::{Kafka, KafkaOptions, OpenSearch, OpenSearchOptions, Postgres, PostgresOptions};

/// Which engines are measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    /// Those inside the process.
    Embedded,
    /// Kafka, and PostgreSQL where there is state.
    Kafka,
}

/// Heap of the broker, MiB: as much as Kafka's own tools are usually measured with.
const HEAP_MB: u32 = 1024;

/// Running servers.
pub struct Shared {
    kafka: Option<Kafka>,
    postgres: Option<Postgres>,
    opensearch: Option<OpenSearch>,
}

impl Shared {
    /// None: the embedded engines.
    pub fn none() -> Self {
        Self { kafka: None, postgres: None, opensearch: None }
    }

    /// Kafka and PostgreSQL (which syncs every commit to disk), and OpenSearch where asked for.
    pub fn start(opensearch: bool) -> anyhow::Result<Self> {
        let options = PostgresOptions {
            extra: vec![("fsync".to_owned(), "on".to_owned())],
            ..PostgresOptions::default()
        };
        Ok(Self {
            kafka: Some(start_kafka()?),
            postgres: Some(Postgres::start(options).context("PostgreSQL")?),
            opensearch: opensearch
                .then(|| OpenSearch::start(OpenSearchOptions::default()).context("OpenSearch"))
                .transpose()?,
        })
    }

    /// The configuration that leads a server to them.
    pub fn environment(&self) -> Vec<(String, String)> {
        let mut environment = Vec::new();
        let mut set =
            |name: &str, value: String| environment.push((format!("CRISISLENS__{name}__URL"), value));
        if let Some(kafka) = &self.kafka {
            set("LOG", format!("kafka://{}", kafka.bootstrap()));
        }
        if let Some(postgres) = &self.postgres {
            set("STATE", postgres.url());
        }
        if let Some(opensearch) = &self.opensearch {
            set("SEARCH", format!("opensearch://{}/bench", opensearch.url().trim_start_matches("http://")));
        }
        environment
    }

    /// Their names and versions.
    pub fn describe(&self) -> String {
        let named = [
            self.kafka.as_ref().map(|kafka| format!("Apache Kafka {}", kafka.version())),
            self.postgres.as_ref().map(|postgres| format!("PostgreSQL {}", postgres.version())),
            self.opensearch.as_ref().map(|opensearch| format!("OpenSearch {}", opensearch.version())),
        ];
        let named: Vec<String> = named.into_iter().flatten().collect();
        if named.is_empty() { "embedded".to_owned() } else { named.join(", ") }
    }
}

/// One broker.
pub fn start_kafka() -> anyhow::Result<Kafka> {
    let options = KafkaOptions { heap_mb: HEAP_MB, ..KafkaOptions::default() };
    Kafka::start(options).context("Apache Kafka")
}
