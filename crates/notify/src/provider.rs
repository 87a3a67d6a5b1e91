//! What each provider is asked, and what its answers mean: requests and outcomes as values, and one client that takes them over the network.

pub mod client;
pub mod fcm;
pub mod http;
pub mod sendgrid;
pub mod twilio;
pub mod web_push;
pub mod webhook;

use std::time::Duration;

use crisislens_model::Severity;

/// What came of one try to hand a message over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The provider has it. Whether it arrives is told later, if at all.
    Accepted {
        /// The provider's name for it.
        provider_id: Option<String>,
    },
    /// Not now.
    Retry {
        /// What the provider asked for.
        after: Option<Duration>,
        /// In the provider's words.
        why: String,
    },
    /// Not now, and that says nothing of others at the same host: it is this receiver who takes nothing.
    Refused {
        /// In its words.
        why: String,
    },
    /// This message never.
    GiveUp {
        /// In the provider's words.
        why: String,
    },
    /// Nothing more to this address: it is none, is gone, or its owner wants nothing.
    Suppress {
        /// In the provider's words.
        why: String,
    },
    /// Nothing to anybody until an operator has mended it: the account, the sender, the key.
    Configuration {
        /// In the provider's words.
        why: String,
    },
    /// Nobody knows whether it was taken: the request went out, and no answer came.
    Unknown {
        /// What happened instead.
        why: String,
    },
}

impl Outcome {
    /// Why, where it was not taken.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Accepted { .. } => None,
            Self::Retry { why, .. }
            | Self::Refused { why }
            | Self::GiveUp { why }
            | Self::Suppress { why }
            | Self::Configuration { why }
            | Self::Unknown { why } => Some(why),
        }
    }

    /// Whether it counts against who was asked: an answer about one message or one address does not.
    #[must_use]
    pub const fn is_failure(&self) -> bool {
        matches!(self, Self::Retry { .. } | Self::Configuration { .. } | Self::Unknown { .. })
    }

    /// The word for it in the ledger and in metrics.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Retry { .. } | Self::Refused { .. } => "retry",
            Self::GiveUp { .. } => "give_up",
            Self::Suppress { .. } => "suppress",
            Self::Configuration { .. } => "configuration",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// How long a message of this severity is worth delivering.
#[must_use]
pub const fn worth(severity: Severity) -> Duration {
    let hours = match severity {
        Severity::Critical => 24,
        Severity::High => 12,
        Severity::Medium => 6,
        Severity::Low => 3,
    };
    Duration::from_secs(hours * 3600)
}
