//! What librdkafka tells on its own: log lines and errors that belong to no call.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The latest trouble with the brokers, shared by all clients of one log.
#[derive(Debug, Clone, Default)]
pub(super) struct Trouble(Arc<Mutex<Heard>>);

/// What was heard longer ago explains nothing any more. An answer in between does not end it: brokers that answer one question
/// may refuse the next.
const RECENT: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Default)]
struct Heard {
    latest: Option<(Instant, String)>,
    /// The latest refusal; what comes after it, such as that all brokers are down, only follows from it.
    refusal: Option<(Instant, String)>,
}

/// How long ago it was heard, and what, where that is not too long ago.
fn recent(heard: Option<&(Instant, String)>) -> Option<(Duration, &str)> {
    heard.map(|(at, reason)| (at.elapsed(), reason.as_str())).filter(|(ago, _)| *ago < RECENT)
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

    /// What the brokers refused for good: a wrong password or certificate. Waiting does not help.
    pub fn refused(&self) -> Option<String> {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        recent(heard.refusal.as_ref()).map(|(_, reason)| reason.to_owned())
    }

    /// `what`, and what the brokers last said where they said something.
    pub fn explain(&self, what: impl std::fmt::Display) -> String {
        match recent(self.0.lock().unwrap_or_else(PoisonError::into_inner).latest.as_ref()) {
            Some((ago, latest)) => format!("{what} (heard {} s ago: {latest})", ago.as_secs()),
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
    fn what_was_heard_a_while_ago_explains_nothing() {
        let trouble = Trouble::default();
        let error = KafkaError::Global(RDKafkaErrorCode::SSL);
        trouble.note(&error, "SSL handshake failed");
        assert_eq!(trouble.explain("x"), "x (heard 0 s ago: SSL handshake failed)");
        let long_ago = Instant::now().checked_sub(RECENT).unwrap();
        let old = || Some((long_ago, "SSL handshake failed".to_owned()));
        *trouble.0.lock().unwrap() = Heard { latest: old(), refusal: old() };
        assert_eq!((trouble.refused(), trouble.explain("x")), (None, "x".to_owned()));
    }
}
