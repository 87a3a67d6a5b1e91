//! How the brokers are reached and how hard the client works: settings, and the librdkafka configuration made of them.
//!
//! No connection is made here.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rdkafka::ClientConfig;
use serde::{Deserialize, Serialize};

use crate::LogError;

/// How the connection to the brokers is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Neither encrypted nor signed in: for a trusted network only.
    #[default]
    Plaintext,
    /// TLS; with a client certificate where one is set (mTLS).
    Tls,
    /// Signed in by SASL without TLS.
    SaslPlaintext,
    /// Signed in by SASL over TLS.
    SaslTls,
}

/// How a client signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Mechanism {
    /// Salted challenge-response over SHA-512 (RFC 5802, RFC 7677).
    #[default]
    #[serde(rename = "SCRAM-SHA-512")]
    ScramSha512,
    /// The same over SHA-256.
    #[serde(rename = "SCRAM-SHA-256")]
    ScramSha256,
    /// User name and password as they are; only over TLS.
    #[serde(rename = "PLAIN")]
    Plain,
}

/// Everything that can be set of the Kafka engine (`[log.kafka]`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KafkaSettings {
    /// Put before every topic and group name, so that several installations can share a cluster.
    pub prefix: String,
    /// How the connection is protected.
    pub security: Protection,
    /// How to sign in, where `security` says so.
    pub sasl_mechanism: Mechanism,
    /// The user to sign in as.
    pub username: String,
    /// A file that holds the password; its last line break is not part of it.
    pub password_file: Option<PathBuf>,
    /// Certificates to trust, PEM; the system's when absent.
    pub ca_file: Option<PathBuf>,
    /// This client's certificate chain, PEM, for mTLS.
    pub cert_file: Option<PathBuf>,
    /// The key of `cert_file`, PEM.
    pub key_file: Option<PathBuf>,
    /// How long records may wait for others before a batch is sent, milliseconds.
    pub linger_ms: u64,
    /// Largest batch of one partition, bytes.
    pub batch_bytes: usize,
    /// Bytes that may wait for acknowledgement; callers wait for room beyond that.
    pub in_flight_bytes: usize,
    /// Total time for an append, retries included, milliseconds; then the caller gets the error.
    pub delivery_timeout_ms: u64,
    /// Longest wait for one answer of a broker, milliseconds.
    pub request_timeout_ms: u64,
    /// How often it is looked for partitions that were added to a topic, milliseconds.
    pub metadata_refresh_ms: u64,
    /// A member that is silent for so long loses its partitions, milliseconds.
    pub session_timeout_ms: u64,
    /// A stable name of this process in its groups (static membership, KIP-345): one that dies and is back within the session
    /// time-out moves no partition. Empty: no name.
    pub instance: String,
    /// Whether a process that has a name leaves its groups when it is stopped in order, so that others take its partitions at
    /// once. Without, its partitions wait for it for the session time-out: for restarts that are quicker than that.
    pub leave_on_stop: bool,
    /// How long a partition that is taken away waits for the work in flight, milliseconds.
    pub revoke_wait_ms: u64,
    /// Bytes fetched ahead of the fastest reader of a partition before fetching pauses …
    pub read_ahead_high_bytes: usize,
    /// … and down to which they must fall before it resumes.
    pub read_ahead_low_bytes: usize,
    /// Bytes kept behind the fastest reader of a partition, for slower ones.
    pub read_behind_bytes: usize,
    /// Copies of each partition that `topics init` makes; 0 for the cluster's default.
    pub replication_factor: i32,
    /// Copies that must have a record before it is acknowledged; 0 for the cluster's default.
    pub min_insync_replicas: u32,
}

impl Default for KafkaSettings {
    fn default() -> Self {
        Self {
            prefix: String::new(),
            security: Protection::default(),
            sasl_mechanism: Mechanism::default(),
            username: String::new(),
            password_file: None,
            ca_file: None,
            cert_file: None,
            key_file: None,
            linger_ms: 5,
            batch_bytes: 256 * 1024,
            in_flight_bytes: 64 * 1024 * 1024,
            delivery_timeout_ms: 25_000,
            request_timeout_ms: 10_000,
            metadata_refresh_ms: 30_000,
            session_timeout_ms: 10_000,
            instance: String::new(),
            leave_on_stop: true,
            revoke_wait_ms: 5_000,
            read_ahead_high_bytes: 2 * 1024 * 1024,
            read_ahead_low_bytes: 512 * 1024,
            read_behind_bytes: 512 * 1024,
            replication_factor: 0,
            min_insync_replicas: 0,
        }
    }
}

impl KafkaSettings {
    /// The brokers of `kafka://host:port,host:port`.
    ///
    /// # Errors
    /// [`LogError::Setup`] when the address is none.
    pub fn brokers(url: &str) -> Result<String, LogError> {
        if url.contains('@') {
            return Err(LogError::Setup(
                "an address of brokers holds no user and password: set log.kafka.security, log.kafka.username and \
                 log.kafka.password_file"
                    .to_owned(),
            ));
        }
        let brokers = url.strip_prefix("kafka://").unwrap_or_default().trim_end_matches('/');
        let well_formed = |broker: &str| {
            broker
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        };
        if brokers.is_empty() || !brokers.split(',').all(well_formed) {
            return Err(LogError::Setup(format!(
                "{url:?} is not an address of brokers: write kafka://host:port[,host:port…]"
            )));
        }
        Ok(brokers.to_owned())
    }

    /// Longest wait for an answer.
    pub(super) fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Between two looks for added partitions.
    pub(super) fn metadata_refresh(&self) -> Duration {
        Duration::from_millis(self.metadata_refresh_ms.max(100))
    }

    /// What every client of this engine has in common.
    ///
    /// # Errors
    /// [`LogError::Setup`] when a setting contradicts another or a file cannot be read.
    pub(super) fn client(&self, brokers: &str) -> Result<ClientConfig, LogError> {
        let mut config = ClientConfig::new();
        config
            .set("bootstrap.servers", brokers)
            .set("client.id", "crisislens")
            .set("socket.keepalive.enable", "true")
            .set("socket.timeout.ms", self.request_timeout_ms.max(1_000).to_string())
            .set("reconnect.backoff.ms", "50")
            .set("reconnect.backoff.max.ms", "1000")
            .set("topic.metadata.refresh.interval.ms", self.metadata_refresh().as_millis().to_string())
            .set("receive.message.max.bytes", (128 * 1024 * 1024).to_string());
        self.protect(&mut config)?;
        Ok(config)
    }

    fn protect(&self, config: &mut ClientConfig) -> Result<(), LogError> {
        let (tls, sasl) = match self.security {
            Protection::Plaintext => (false, false),
            Protection::Tls => (true, false),
            Protection::SaslPlaintext => (false, true),
            Protection::SaslTls => (true, true),
        };
        let protocol = match (tls, sasl) {
            (false, false) => "plaintext",
            (true, false) => "ssl",
            (false, true) => "sasl_plaintext",
            (true, true) => "sasl_ssl",
        };
        config.set("security.protocol", protocol);
        let files = [
            ("ssl.ca.location", "log.kafka.ca_file", &self.ca_file),
            ("ssl.certificate.location", "log.kafka.cert_file", &self.cert_file),
            ("ssl.key.location", "log.kafka.key_file", &self.key_file),
        ];
        for (name, setting, file) in files {
            let Some(file) = file else { continue };
            if !tls {
                return Err(LogError::Setup(format!(
                    "{setting} is set, but log.kafka.security is not tls or sasl_tls"
                )));
            }
            readable(setting, file)?;
            config.set(name, file.display().to_string());
        }
        if self.cert_file.is_some() != self.key_file.is_some() {
            return Err(LogError::Setup("log.kafka.cert_file and log.kafka.key_file go together".to_owned()));
        }
        if !sasl {
            return Ok(());
        }
        let Some(file) = self.password_file.as_ref().filter(|_| !self.username.is_empty()) else {
            return Err(LogError::Setup(
                "to sign in by SASL, set log.kafka.username and log.kafka.password_file".to_owned(),
            ));
        };
        if self.sasl_mechanism == Mechanism::Plain && !tls {
            return Err(LogError::Setup(
                "PLAIN would send the password unencrypted: use sasl_tls or a SCRAM mechanism".to_owned(),
            ));
        }
        let mechanism = match self.sasl_mechanism {
            Mechanism::ScramSha512 => "SCRAM-SHA-512",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
            Mechanism::Plain => "PLAIN",
        };
        let password = readable("log.kafka.password_file", file)?;
        config
            .set("sasl.mechanism", mechanism)
            .set("sasl.username", &self.username)
            .set("sasl.password", password.trim_end_matches(['\n', '\r']));
        Ok(())
    }
}

fn readable(setting: &str, file: &Path) -> Result<String, LogError> {
    std::fs::read_to_string(file)
        .map_err(|error| LogError::Setup(format!("cannot read {} ({setting}): {error}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(settings: &KafkaSettings) -> String {
        settings.client("b:1").map(|_| String::new()).unwrap_or_else(|error| error.to_string())
    }

    #[test]
    fn an_address_names_brokers_with_their_ports() {
        assert_eq!(KafkaSettings::brokers("kafka://a:9092,b:9093/").unwrap(), "a:9092,b:9093");
        for wrong in
            ["kafka://", "kafka://a", "kafka://a:9092,", "kafka://:1", "kafka://a:port", "http://a:1"]
        {
            assert!(
                KafkaSettings::brokers(wrong).unwrap_err().to_string().contains("kafka://host"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn a_password_in_the_address_is_refused_without_being_quoted() {
        let error = KafkaSettings::brokers("kafka://desk:hunter2@a:9092").unwrap_err().to_string();
        assert!(error.contains("log.kafka.password_file") && !error.contains("hunter2"), "{error}");
    }

    #[test]
    fn settings_that_contradict_each_other_are_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = Some(file.path().to_owned());
        let tls_file_without_tls = KafkaSettings { ca_file: path.clone(), ..Default::default() };
        assert!(refusal(&tls_file_without_tls).contains("ca_file"));
        let half = KafkaSettings { security: Protection::Tls, cert_file: path.clone(), ..Default::default() };
        assert!(refusal(&half).contains("key_file"));
        let nobody = KafkaSettings { security: Protection::SaslTls, ..Default::default() };
        assert!(refusal(&nobody).contains("username"));
        let open = KafkaSettings {
            security: Protection::SaslPlaintext,
            sasl_mechanism: Mechanism::Plain,
            username: "u".to_owned(),
            password_file: path,
            ..Default::default()
        };
        assert!(refusal(&open).contains("unencrypted"));
        let absent = KafkaSettings {
            security: Protection::Tls,
            ca_file: Some("/does/not/exist.pem".into()),
            ..Default::default()
        };
        assert!(refusal(&absent).contains("/does/not/exist.pem"));
    }
}
