//! An exercise that people have started: which recording is played again, how fast, and how far it is.

use serde::{Deserialize, Serialize};

use crate::{ExerciseId, Timestamp, UserId};

/// Slowest and fastest speed of an exercise.
pub const SPEEDS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

/// What is wrong with a speed.
#[must_use]
pub fn speed_problem(speed: f64) -> Option<String> {
    let wrong = || format!("is not between {} and {}", SPEEDS.start(), SPEEDS.end());
    (!SPEEDS.contains(&speed)).then(wrong)
}

/// Where an exercise stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExerciseState {
    /// It is played.
    Running,
    /// It was halted and can go on.
    Paused,
    /// People have ended it.
    Stopped,
    /// Everything was said.
    Finished,
    /// It could not go on; `error` says why.
    Failed,
}

impl ExerciseState {
    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Finished => "finished",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more comes of it.
    #[must_use]
    pub const fn is_over(self) -> bool {
        !matches!(self, Self::Running | Self::Paused)
    }
}

/// An exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Exercise {
    /// Its own id; items, incidents and claims of it carry it as `exercise_id`.
    pub id: ExerciseId,
    /// Name of the recording.
    pub recording: String,
    /// What the recording is about.
    pub title: String,
    /// How many times faster than recorded it is played.
    pub speed: f64,
    /// Where it stands.
    pub state: ExerciseState,
    /// Who started it.
    pub started_by: UserId,
    /// What colleagues see of them.
    pub name: String,
    /// When it was started.
    pub started_at: Timestamp,
    /// When its state last changed.
    pub changed_at: Timestamp,
    /// Items said so far.
    pub sent: u64,
    /// Items of the whole recording.
    pub total: u64,
    /// Where in the recording the last of them lies, in seconds at speed 1.
    pub position_s: f64,
    /// How long the recording is, in seconds at speed 1.
    pub length_s: f64,
    /// Why it could not go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Rises with every change of its state; the ETag.
    pub version: u64,
}
