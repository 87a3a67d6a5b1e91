//! What one exercise says: the items of a recording with ids of that exercise, each at its time.

use crisislens_model::{ExerciseId, ItemId, RawItem, Timestamp, id};
use sha2::{Digest, Sha256};

use super::schedule::{Planned, Schedule};

/// Longest id that is told apart by a suffix, bytes.
const MAX_SOURCE_ID: usize = 4 * 1024;

/// A recording as one exercise plays it. A pure function of both, of when its clock began, and of the speed.
#[derive(Debug)]
pub struct Script {
    schedule: Schedule,
    exercise: ExerciseId,
}

impl Script {
    /// What `exercise` says.
    #[must_use]
    pub const fn new(schedule: Schedule, exercise: ExerciseId) -> Self {
        Self { schedule, exercise }
    }

    /// What the recording is about.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.schedule.manifest.title
    }

    /// How many items there are.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.schedule.planned.len() as u64
    }

    /// Where in the recording the item behind `sent` others lies, in seconds at speed 1.
    #[must_use]
    pub fn due_s(&self, sent: u64) -> Option<f64> {
        self.planned(sent).map(|planned| planned.due_s)
    }

    /// How long all of it is, in seconds at speed 1.
    #[must_use]
    pub fn length_s(&self) -> f64 {
        self.schedule.planned.last().map_or(0.0, |planned| planned.due_s)
    }

    /// When the item behind `sent` others is due, if there is one and the clock of the exercise began at `from`.
    #[must_use]
    pub fn due_at(&self, sent: u64, from: Timestamp, speed: f64) -> Option<Timestamp> {
        self.planned(sent).map(|planned| planned.due_at(from, speed))
    }

    /// That item. Its id is of this exercise: played again, the same recording says something new.
    #[must_use]
    pub fn item(&self, sent: u64, from: Timestamp, speed: f64) -> Option<RawItem> {
        let mut item = self.planned(sent)?.anchored(from, speed);
        item.source_id = self.source_id(&item.source_id);
        item.exercise = true;
        item.exercise_id = Some(self.exercise);
        item.id = ItemId::in_exercise(&item.source, &item.source_id);
        Some(item)
    }

    /// A digest of everything that is said: a recording whose files were changed has another.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for planned in &self.schedule.planned {
            hash.update(planned.due_s.to_bits().to_le_bytes());
            hash.update(planned.item.content_hash());
        }
        hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn planned(&self, sent: u64) -> Option<&Planned> {
        self.schedule.planned.get(usize::try_from(sent).ok()?)
    }

    fn source_id(&self, recorded: &str) -> String {
        let exercise = self.exercise.0.simple();
        if recorded.len() <= MAX_SOURCE_ID {
            return format!("{recorded}~{exercise}");
        }
        format!("{}~{exercise}", id::named("recorded", recorded))
    }
}
