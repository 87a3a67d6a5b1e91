//! The pipeline: one handler per topic, each applying analysis inside a transaction.
//!
//! `raw-items` → [`Normalise`] → `normalized-items` → [`Cluster`] (incidents, alert rule) → `alerts`; and → [`ExtractClaims`] →
//! `claims` → [`Verify`], whose work [`Verifier`] does; beside them [`SearchProjector`] keeps the search index. Nothing here decides
//! what a text means: that is analysis.

pub mod alert_rule;
pub mod backtest;
mod claims;
mod cluster;
mod copies;
pub mod desk;
mod events;
pub mod incident_desk;
mod keep_activity;
mod namesakes;
mod normalise;
mod search_projector;
mod statements;
mod verifier;
mod verify;

use crisislens_model::FieldError;
use crisislens_stream::Reject;

pub use claims::ExtractClaims;
pub use cluster::Cluster;
pub use events::{
    CORRECTED, DECIDED, EXERCISES, activity_record, alert_record, claim_record, exercise_record,
    raw_item_record,
};
pub use keep_activity::KeepActivity;
pub use normalise::{Analysed, Normalise, found};
pub use search_projector::{ProjectorOptions, SearchProjector};
pub use statements::Memory;
pub use verifier::{Verifier, VerifierOptions, VerifyError, adjudication, speaker};
pub use verify::{Verify, begin};

/// A record whose value is well formed and says something impossible is a dead letter.
fn refuse_wrong(problems: &[FieldError]) -> Result<(), Reject> {
    FieldError::in_words(problems).map_or(Ok(()), |words| Err(Reject::invalid(words)))
}
