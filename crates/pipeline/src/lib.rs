//! The pipeline: one handler per topic, each applying analysis inside a transaction.
//!
//! `raw-items` → [`Normalise`] → `normalized-items` → [`Cluster`] (incidents, alert rule) → `alerts`; beside it
//! [`SearchProjector`] keeps the search index. Nothing here decides what a text means: that is analysis.

pub mod alert_rule;
mod cluster;
mod events;
mod keep_activity;
mod normalise;
mod search_projector;

pub use cluster::Cluster;
pub use events::{activity_record, raw_item_record};
pub use keep_activity::KeepActivity;
pub use normalise::Normalise;
pub use search_projector::{ProjectorOptions, SearchProjector};

/// A record whose value is well formed and says something impossible is a dead letter.
fn refuse_wrong(problems: &[crisislens_model::FieldError]) -> Result<(), crisislens_stream::Reject> {
    if problems.is_empty() {
        return Ok(());
    }
    let list: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Err(crisislens_stream::Reject::invalid(list.join("; ")))
}
