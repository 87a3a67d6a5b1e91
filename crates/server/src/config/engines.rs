//! The engines, each chosen by a URL, and where the embedded ones lie.

use std::path::PathBuf;
use std::time::Duration;

use crisislens_log::TopicDefinitions;
use crisislens_log::kafka::KafkaSettings;
use crisislens_state::postgres::PostgresOptions;
use serde::{Deserialize, Serialize};

use super::{Config, SecretUrl};

/// The event log.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogEngine {
    /// `embedded:DIR` or `kafka://host:port[,host:port…]`; empty for the usual place below `storage.data_dir`.
    pub url: SecretUrl,
    /// A `topics.yaml` in the place of the one that is part of the program.
    pub topics_file: Option<PathBuf>,
    /// The engine on Kafka.
    pub kafka: KafkaSettings,
}

/// Where the log is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogUrl {
    /// In a folder; `None` for the usual one.
    Embedded(Option<PathBuf>),
    /// On Kafka's brokers.
    Kafka(String),
}

impl LogUrl {
    /// Whether it is in this process.
    #[must_use]
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }
}

impl LogEngine {
    /// Where it is; or what is wrong with the URL.
    pub fn url(&self) -> Result<LogUrl, String> {
        let url = self.url.expose();
        if url.starts_with("kafka://") {
            KafkaSettings::brokers(url).map_err(|error| format!("log.url: {error}"))?;
            return Ok(LogUrl::Kafka(url.to_owned()));
        }
        local(url, "embedded").map(LogUrl::Embedded).ok_or_else(|| {
            format!("log.url = {:?}: write embedded:DIR or kafka://host:port[,host:port…]", self.url)
        })
    }

    /// What its topics are.
    pub fn definitions(&self) -> anyhow::Result<TopicDefinitions> {
        use anyhow::Context as _;
        let Some(file) = &self.topics_file else { return Ok(TopicDefinitions::shipped()?) };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {} (log.topics_file)", file.display()))?;
        TopicDefinitions::parse(&text).with_context(|| format!("in {} (log.topics_file)", file.display()))
    }
}

/// The store.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StateEngine {
    /// `sqlite:FILE` or `postgres://…`; empty for the usual place below `storage.data_dir`.
    pub url: SecretUrl,
    /// The engine on PostgreSQL.
    pub postgres: Postgres,
}

/// How much of a PostgreSQL server is used.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Postgres {
    /// Most connections that write.
    pub writers: u32,
    /// Most connections that read.
    pub readers: u32,
    /// Longest wait for a connection, milliseconds.
    pub acquire_timeout_ms: u64,
    /// Longest time for one statement, milliseconds.
    pub statement_timeout_ms: u64,
    /// Longest wait for what another transaction has locked, milliseconds.
    pub lock_timeout_ms: u64,
}

impl Default for Postgres {
    fn default() -> Self {
        let options = PostgresOptions::default();
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            writers: options.writers,
            readers: options.readers,
            acquire_timeout_ms: milliseconds(options.acquire_timeout),
            statement_timeout_ms: milliseconds(options.statement_timeout),
            lock_timeout_ms: milliseconds(options.lock_timeout),
        }
    }
}

impl Postgres {
    /// The engine's options; `node` is what the server shows for its connections.
    #[must_use]
    pub fn options(&self, node: &str) -> PostgresOptions {
        PostgresOptions {
            writers: self.writers.max(1),
            readers: self.readers.max(1),
            acquire_timeout: Duration::from_millis(self.acquire_timeout_ms),
            statement_timeout: Duration::from_millis(self.statement_timeout_ms),
            lock_timeout: Duration::from_millis(self.lock_timeout_ms),
            application_name: format!("crisislens {node}").trim_end().to_owned(),
            ..PostgresOptions::default()
        }
    }
}

/// Where the store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateUrl {
    /// In a file; `None` for the usual one.
    Sqlite(Option<PathBuf>),
    /// On a PostgreSQL server.
    Postgres(SecretUrl),
}

impl StateEngine {
    /// Where it is; or what is wrong with the URL.
    pub fn url(&self) -> Result<StateUrl, String> {
        let url = self.url.expose();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(StateUrl::Postgres(self.url.clone()));
        }
        local(url, "sqlite").map(StateUrl::Sqlite).ok_or_else(|| {
            "state.url: write sqlite:FILE or postgres://user:password@host:port/database".to_owned()
        })
    }
}

/// The search index.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SearchEngine {
    /// `embedded:DIR` or `opensearch://…`; empty for the usual place below `storage.data_dir`.
    pub url: SecretUrl,
}

/// Where the index is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchUrl {
    /// In a folder; `None` for the usual one.
    Embedded(Option<PathBuf>),
    /// On an OpenSearch cluster.
    OpenSearch(SecretUrl),
}

impl SearchEngine {
    /// Where it is; or what is wrong with the URL.
    pub fn url(&self) -> Result<SearchUrl, String> {
        let url = self.url.expose();
        if url.starts_with("opensearch://") {
            return Ok(SearchUrl::OpenSearch(self.url.clone()));
        }
        local(url, "embedded")
            .map(SearchUrl::Embedded)
            .ok_or_else(|| "search.url: write embedded:DIR or opensearch://host:port/prefix".to_owned())
    }
}

/// The path behind `scheme:`; `Some(None)` for an empty URL, `None` for one of another kind.
fn local(url: &str, scheme: &str) -> Option<Option<PathBuf>> {
    if url.is_empty() {
        return Some(None);
    }
    let path = url.strip_prefix(scheme)?.strip_prefix(':')?;
    (!path.is_empty() && !path.starts_with("//")).then(|| Some(PathBuf::from(path)))
}

impl Config {
    /// What is wrong with the engines' settings.
    pub(super) fn engine_problems(&self) -> Vec<String> {
        let urls = [self.log.url().err(), self.state.url().err(), self.search.url().err()];
        let mut problems: Vec<String> = urls.into_iter().flatten().collect();
        if let Err(error) = self.log.definitions() {
            problems.push(format!("log.topics_file: {error:#}"));
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_is_chosen_by_its_url() {
        let log = |url: &str| LogEngine { url: url.into(), ..LogEngine::default() }.url();
        assert_eq!(log(""), Ok(LogUrl::Embedded(None)));
        assert_eq!(log("embedded:/x/log"), Ok(LogUrl::Embedded(Some("/x/log".into()))));
        assert_eq!(log("kafka://a:1,b:2"), Ok(LogUrl::Kafka("kafka://a:1,b:2".to_owned())));
        for wrong in ["kafka://a", "embedded:", "sqlite:x", "embedded://x"] {
            assert!(log(wrong).is_err(), "{wrong}");
        }
        for secret in ["kafka://desk:hunter2@a:1", "kafka://a:1,desk:hunter2@b:2", "kafak://desk:hunter2@a:1"]
        {
            let reason = log(secret).unwrap_err();
            assert!(!reason.contains("hunter2"), "{reason}");
        }
        let reason = log("kafka://desk:hunter2@a:1").unwrap_err();
        for key in ["log.kafka.security", "log.kafka.username", "log.kafka.password_file"] {
            assert!(reason.contains(key), "{reason}");
        }
        let state = |url: &str| StateEngine { url: url.into(), ..StateEngine::default() }.url();
        assert_eq!(state("sqlite:x.db"), Ok(StateUrl::Sqlite(Some("x.db".into()))));
        assert_eq!(state("postgres://h/d"), Ok(StateUrl::Postgres("postgres://h/d".into())));
        assert!(
            state("mysql://h/d").is_err_and(|reason| !reason.contains("mysql")),
            "a URL may hold a password"
        );
    }
}
