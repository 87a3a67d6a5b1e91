//! How a started exercise stands, and what follows from what happens to it. Pure: the caller keeps it.

use std::time::Duration;

use crisislens_model::{Exercise, ExerciseState, RawItem, Timestamp, UserId};
use crisislens_sources::replay::Script;
use serde::{Deserialize, Serialize};

use super::Wanted;

/// What people tell an exercise to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Say nothing more for now.
    Pause,
    /// Go on.
    Resume,
    /// Say nothing more at all.
    Stop,
}

/// Why an order makes no sense now.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the exercise is {}; only one that is not over can be told to", .0.as_str())]
pub struct Over(ExerciseState);

/// An exercise as it is kept. With the recording it decides every id and instant that is still to come.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What people see of it.
    pub exercise: Exercise,
    /// When its clock began: the start, moved on by all the time that did not count.
    from: Timestamp,
    /// Since when it is halted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    paused_at: Option<Timestamp>,
    /// Of what the recording was when it began.
    digest: String,
}

impl Run {
    /// What is `wanted` at its beginning, started by whoever has this account and name.
    pub fn begin(wanted: &Wanted, by: (UserId, &str), script: &Script, now: Timestamp) -> Self {
        let exercise = Exercise {
            id: wanted.id,
            recording: wanted.recording.clone(),
            title: script.title().to_owned(),
            speed: wanted.speed,
            state: ExerciseState::Running,
            started_by: by.0,
            name: by.1.to_owned(),
            started_at: now,
            changed_at: now,
            sent: 0,
            total: script.total(),
            position_s: 0.0,
            length_s: script.length_s(),
            error: None,
            version: 1,
        };
        Self { from: now, paused_at: None, digest: script.digest(), exercise }
    }

    /// Whether something is still to be said now.
    pub fn is_running(&self) -> bool {
        self.exercise.state == ExerciseState::Running
    }

    /// Whether `script` is what it began with.
    pub fn is_of(&self, script: &Script) -> bool {
        self.digest == script.digest()
    }

    /// Does as it is told. Answers whether that changed anything: who pauses what is halted has what they want.
    pub fn obey(&mut self, order: Order, now: Timestamp) -> Result<bool, Over> {
        let state = self.exercise.state;
        match (order, state) {
            (Order::Stop, ExerciseState::Stopped)
            | (Order::Pause, ExerciseState::Paused)
            | (Order::Resume, ExerciseState::Running) => return Ok(false),
            (_, over) if over.is_over() => return Err(Over(over)),
            (Order::Pause, _) => {
                self.paused_at = Some(now);
                self.becomes(ExerciseState::Paused, now);
            }
            (Order::Resume, _) => {
                let paused_at = self.paused_at.take().unwrap_or(now);
                self.skip(paused_at, now);
                self.becomes(ExerciseState::Running, now);
            }
            (Order::Stop, _) => self.becomes(ExerciseState::Stopped, now),
        }
        Ok(true)
    }

    /// It cannot go on.
    pub fn fail(&mut self, why: String, now: Timestamp) {
        self.exercise.error = Some(why);
        self.becomes(ExerciseState::Failed, now);
    }

    /// Somebody plays it from now on: time in which nobody did does not count.
    pub fn take_up(&mut self, script: &Script, now: Timestamp) {
        if let Some(due_at) = self.next_due(script) {
            self.skip(due_at, now);
        }
    }

    /// How long it is until the next item is due; nothing where it is, or where there is none.
    pub fn wait(&self, script: &Script, now: Timestamp) -> Option<Duration> {
        let wait = self.next_due(script)?.duration_since(now);
        Duration::try_from(wait).ok().filter(|wait| !wait.is_zero())
    }

    /// The items that are due at `now` and not yet said, in order.
    pub fn due<'a>(&'a self, script: &'a Script, now: Timestamp) -> impl Iterator<Item = RawItem> + 'a {
        let (from, speed) = (self.from, self.exercise.speed);
        (self.exercise.sent..script.total())
            .take_while(move |at| script.due_at(*at, from, speed).is_some_and(|due_at| due_at <= now))
            .filter_map(move |at| script.item(at, from, speed))
    }

    /// The next `count` items are said.
    pub fn said(&mut self, count: u64, script: &Script, now: Timestamp) {
        self.exercise.sent += count;
        if let Some(last) = self.exercise.sent.checked_sub(1).and_then(|last| script.due_s(last)) {
            self.exercise.position_s = last;
        }
        if self.exercise.sent >= script.total() {
            self.becomes(ExerciseState::Finished, now);
        }
    }

    fn next_due(&self, script: &Script) -> Option<Timestamp> {
        script.due_at(self.exercise.sent, self.from, self.exercise.speed)
    }

    /// The time from `since` to `until` does not count.
    fn skip(&mut self, since: Timestamp, until: Timestamp) {
        if let Ok(time) = Duration::try_from(until.duration_since(since)) {
            self.from = self.from.checked_add(time).unwrap_or(self.from);
        }
    }

    fn becomes(&mut self, state: ExerciseState, now: Timestamp) {
        self.exercise.state = state;
        self.exercise.changed_at = now;
        self.exercise.version += 1;
    }
}

#[cfg(test)]
#[path = "run/tests.rs"]
mod tests;
