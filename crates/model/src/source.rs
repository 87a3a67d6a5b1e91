//! Where raw items come from.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What sort of voice a source is; it decides trust and corroboration.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum SourceKind {
    /// An authority that speaks for what it measures or warns of.
    Official,
    /// Journalism.
    Media,
    /// Public posts.
    #[default]
    Social,
}

impl SourceKind {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Official => "official",
            Self::Media => "media",
            Self::Social => "social",
        }
    }
}

/// How a source is doing, as `/api/sources` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SourceStatus {
    /// Name, as it stands on items.
    pub name: String,
    /// What sort of voice it is.
    pub kind: SourceKind,
    /// The wire format its connector reads, or `ingest` for what the API brought.
    pub connector: String,
    /// Where it is read from; absent for the ingest API.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `live`, `recording` or `ingest`.
    pub mode: String,
    /// When it was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_polled_at: Option<Timestamp>,
    /// When it last answered well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ok_at: Option<Timestamp>,
    /// What went wrong last, if the last poll failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// Entries read so far.
    pub entries: u64,
    /// Raw items published so far.
    pub published: u64,
    /// Entries skipped so far.
    pub skipped: u64,
    /// The newest skips with their reasons, newest first, at most 20.
    #[serde(default)]
    pub recent_skips: Vec<Skip>,
}

/// An entry that could not become a raw item.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Skip {
    /// Which entry: its id where it has one, else its number in the document.
    pub entry: String,
    /// What is wrong with it.
    pub reason: String,
    /// When it was seen.
    pub at: Timestamp,
}
