//! The pipeline: one handler per topic, each applying analysis inside a transaction.
//!
//! `raw-items` → [`Normalise`] → `normalized-items` → [`Cluster`] (incidents, alert rule) → `alerts`; beside it
//! [`SearchProjector`] keeps the search index. Nothing here decides what a text means: that is analysis.

pub mod alert_rule;
mod cluster;
mod copies;
mod events;
mod keep_activity;
mod normalise;
mod search_projector;

use crisislens_model::FieldError;
use crisislens_stream::Reject;

pub use cluster::Cluster;
pub use events::{activity_record, alert_record, raw_item_record};
pub use keep_activity::KeepActivity;
pub use normalise::Normalise;
pub use search_projector::{ProjectorOptions, SearchProjector};

/// A record whose value is well formed and says something impossible is a dead letter.
fn refuse_wrong(problems: &[FieldError]) -> Result<(), Reject> {
    FieldError::in_words(problems).map_or(Ok(()), |words| Err(Reject::invalid(words)))
}
