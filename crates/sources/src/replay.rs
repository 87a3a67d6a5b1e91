//! Recordings of real feeds, played as an exercise: every item is marked as such and never reaches a real recipient.

mod library;
mod manifest;
mod player;
mod schedule;
mod script;

pub use library::{Library, MAX_RECORDINGS, Recording};
pub use manifest::{Manifest, Provenance, RecordingSpec, ReplayError};
pub use player::{DEFAULT_SPEED, JOURNAL_NAME, Progress, Replay, ReplaySummary};
pub use schedule::{Planned, RecordingRead, Schedule, load};
pub use script::Script;
