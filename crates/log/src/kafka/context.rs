//! What librdkafka tells on its own: log lines and errors that belong to no call.

use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The latest trouble with the brokers, shared by all clients of one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<Latest>>>);

#[derive(Debug, Clone)]
struct Latest {
    code: Option<RDKafkaErrorCode>,
    reason: String,
}

impl Trouble {
    fn note(&self, error: &KafkaError, reason: &str) {
        // The client reports the end of a partition here too, which is no trouble.
        if matches!(error, KafkaError::PartitionEOF(_))
            || error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF)
        {
            return;
        }
        let latest = Latest { code: error.rdkafka_error_code(), reason: reason.to_owned() };
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(latest);
    }

    fn latest(&self) -> Option<Latest> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What the brokers refused for good: a wrong password or certificate. Waiting does not help.
    pub fn refused(&self) -> Option<String> {
        let latest = self.latest()?;
        let for_good = matches!(
            latest.code,
            Some(
                RDKafkaErrorCode::Authentication
                    | RDKafkaErrorCode::SaslAuthenticationFailed
                    | RDKafkaErrorCode::SSL
            )
        );
        (for_good || latest.reason.contains("SSL handshake failed")).then_some(latest.reason)
    }

    /// `what`, and what the brokers last said where they said something.
    pub fn explain(&self, what: impl std::fmt::Display) -> String {
        match self.latest() {
            Some(latest) => format!("{what} (last heard: {})", latest.reason),
            None => what.to_string(),
        }
    }
}

/// The context of a client that only reads or administers.
#[derive(Debug, Clone, Default)]
pub(super) struct Listening {
    pub trouble: Trouble,
}

impl ClientContext for Listening {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.trouble.note(&error, reason);
        tracing::debug!(%error, reason, "kafka client");
    }
}

impl rdkafka::consumer::ConsumerContext for Listening {}

/// librdkafka's own lines: what an operator must act on shows in errors and health already.
pub(super) fn log(level: RDKafkaLogLevel, facility: &str, message: &str) {
    match level {
        RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical => {
            tracing::error!(facility, message, "kafka client");
        }
        RDKafkaLogLevel::Error | RDKafkaLogLevel::Warning => {
            tracing::info!(facility, message, "kafka client")
        }
        RDKafkaLogLevel::Notice | RDKafkaLogLevel::Info | RDKafkaLogLevel::Debug => {
            tracing::debug!(facility, message, "kafka client");
        }
    }
}
