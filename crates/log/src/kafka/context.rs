//! What librdkafka tells on its own: log lines and errors that belong to no call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The latest trouble with the brokers, shared by all clients of one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Heard>>);

/// What was heard longer ago explains nothing any more. librdkafka says the same thing again every half minute.
const RECENT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Default)]
struct Heard {
    latest: Option<(Instant, String)>,
    /// The latest refusal; what comes after it, such as that all brokers are down, only follows from it.
    refusal: Option<(Instant, String)>,
}

fn recent(heard: Option<&(Instant, String)>) -> Option<&str> {
    heard.filter(|(at, _)| at.elapsed() < RECENT).map(|(_, reason)| reason.as_str())
}

impl Trouble {
    fn note(&self, error: &KafkaError, reason: &str) {
        // The client reports the end of a partition here too, which is no trouble.
        if matches!(error, KafkaError::PartitionEOF(_))
            || error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF)
        {
            return;
        }
        let code = error.rdkafka_error_code();
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if is_refusal(code, reason) {
            heard.refusal = Some((Instant::now(), reason.to_owned()));
        }
        // That all brokers are down says less than why the last of them is.
        if code != Some(RDKafkaErrorCode::AllBrokersDown) || recent(heard.latest.as_ref()).is_none() {
            heard.latest = Some((Instant::now(), reason.to_owned()));
        }
    }

    /// A broker has answered: what was heard before is over.
    pub fn well(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Heard::default();
    }

    /// What the brokers refused for good: a wrong password or certificate. Waiting does not help.
    pub fn refused(&self) -> Option<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent(heard.refusal.as_ref()).map(str::to_owned)
    }

    /// `what`, and what the brokers last said where they said something.
    pub fn explain(&self, what: impl std::fmt::Display) -> String {
        match recent(self.0.lock().unwrap_or_else(PoisonError::into_inner).latest.as_ref()) {
            Some(latest) => format!("{what} (last heard: {latest})"),
            None => what.to_string(),
        }
    }
}

/// Whether this error says that the brokers do not want us, or that we do not trust them.
fn is_refusal(code: Option<RDKafkaErrorCode>, reason: &str) -> bool {
    let by_code = matches!(
        code,
        Some(
            RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::SSL
        )
    );
    // In TLS 1.3 a broker refuses a client's certificate after the handshake, by an alert that comes as a lost connection.
    by_code
        || reason.contains("SSL handshake failed")
        || reason.contains("SSL routines") && reason.contains(" alert ")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_over_what_follows_from_it() {
        let trouble = Trouble::default();
        let say = |code, reason: &str| trouble.note(&KafkaError::Global(code), reason);
        say(RDKafkaErrorCode::BrokerTransportFailure, "Connect to ipv4#127.0.0.1:9 failed");
        assert_eq!(trouble.refused(), None);
        say(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert!(trouble.explain("x").contains("Connect"), "{}", trouble.explain("x"));
        let alert = "Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required";
        say(RDKafkaErrorCode::BrokerTransportFailure, alert);
        say(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert_eq!(trouble.refused().as_deref(), Some(alert));
    }

    #[test]
    fn what_was_heard_is_over_once_a_broker_answers_and_after_a_while() {
        let trouble = Trouble::default();
        let error = KafkaError::Global(RDKafkaErrorCode::SSL);
        trouble.note(&error, "SSL handshake failed");
        trouble.well();
        assert_eq!((trouble.refused(), trouble.explain("x")), (None, "x".to_owned()));
        trouble.note(&error, "SSL handshake failed");
        let long_ago = Instant::now().checked_sub(RECENT).unwrap();
        let old = || Some((long_ago, "SSL handshake failed".to_owned()));
        *trouble.0.lock().unwrap() = Heard { latest: old(), refusal: old() };
        assert_eq!((trouble.refused(), trouble.explain("x")), (None, "x".to_owned()));
    }
}
