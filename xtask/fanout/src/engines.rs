//! Engines beyond one machine for the case in which ours does all its work: made for one turn and ended with it, so that
//! each begins empty.

use anyhow::Context;
use crisislens_servers::{Kafka, KafkaOptions, OpenSearch, OpenSearchOptions, Postgres, PostgresOptions};

use crate::process;
use crate::server::CLIENT_CORE;

/// Running engines.
pub struct Engines {
    kafka: Kafka,
    postgres: Postgres,
    opensearch: OpenSearch,
}

impl Engines {
    /// One broker, PostgreSQL that syncs each commit to disk, OpenSearch; on every core.
    pub fn start() -> anyhow::Result<Self> {
        process::unpin()?;
        let kafka = Kafka::start(KafkaOptions::default()).context("Apache Kafka")?;
        let syncs = vec![("fsync".to_owned(), "on".to_owned())];
        let postgres = PostgresOptions { extra: syncs, ..PostgresOptions::default() };
        let postgres = Postgres::start(postgres).context("PostgreSQL")?;
        let opensearch = OpenSearch::start(OpenSearchOptions::default()).context("OpenSearch")?;
        process::pin(CLIENT_CORE)?;
        Ok(Self { kafka, postgres, opensearch })
    }

    /// What leads a server to them.
    pub fn settings(&self) -> Vec<String> {
        let opensearch = self.opensearch.url();
        vec![
            format!("log.url=kafka://{}", self.kafka.bootstrap()),
            format!("state.url={}", self.postgres.url()),
            format!("search.url=opensearch://{}/bench", opensearch.trim_start_matches("http://")),
        ]
    }
}
