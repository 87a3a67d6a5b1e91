//! Plays the exercise that runs, on the node that holds its lease.
//!
//! The lease is for order alone: what is said and how far it is are written together under the setting's row, so that two players
//! would do no more than one.

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{ExerciseId, NewRecord, Timestamp};
use crisislens_pipeline::{EXERCISES, raw_item_record};
use crisislens_sources::replay::Script;
use crisislens_state::Durability;
use tokio_util::sync::CancellationToken;

use super::run::Run;
use super::{Refusal, hold, keep, read, tell};
use crate::app::App;

/// Most items of a batch …
const BATCH: usize = 64;
/// … and so many bytes end one.
const BATCH_BYTES: usize = 2 * 1024 * 1024;
/// Shortest wait between batches, so that a busy stretch does not become one write per item.
const TICK: Duration = Duration::from_millis(100);
/// How often it is looked whether there is something to play; who starts something on this node is heard at once.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// When the store is asked again after it has failed.
const AFTER_FAILURE: Duration = Duration::from_secs(1);

struct Player {
    app: Arc<App>,
    /// What the exercise says.
    loaded: Option<(ExerciseId, Arc<Script>)>,
    /// The exercise that this player has gone on with.
    taken_up: Option<ExerciseId>,
}

/// Why a step was not taken.
enum Stuck {
    /// It may be, later.
    Later(Refusal),
    /// It never will be.
    ForGood(String),
}

impl<E: Into<Refusal>> From<E> for Stuck {
    fn from(error: E) -> Self {
        Self::Later(error.into())
    }
}

/// Plays whatever runs, until `stop`.
pub async fn play(app: Arc<App>, stop: CancellationToken) {
    let mut player = Player { app: Arc::clone(&app), loaded: None, taken_up: None };
    while !stop.is_cancelled() {
        let wait = player.step().await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = app.exercises.wake.notified() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

impl Player {
    /// Says what is due. Answers when to look again.
    async fn step(&mut self) -> Duration {
        // What comes in has nowhere to go.
        if self.app.gate.is_closed() {
            return LOOK_EVERY;
        }
        let run = match read(&*self.app.store).await {
            Ok(run) => run.filter(Run::is_running),
            Err(error) => {
                tracing::warn!(%error, "cannot see whether there is an exercise");
                return AFTER_FAILURE;
            }
        };
        let Some(run) = run else {
            (self.loaded, self.taken_up) = (None, None);
            return LOOK_EVERY;
        };
        let id = run.exercise.id;
        let stuck = match self.go_on(&run).await {
            Ok(wait) => return wait,
            Err(stuck) => stuck,
        };
        let failed = match stuck {
            Stuck::Later(error) => Err(error),
            Stuck::ForGood(why) => self.fail(id, why).await,
        };
        match failed {
            Ok(()) => Duration::ZERO,
            Err(error) => {
                tracing::warn!(%error, "the exercise waits");
                AFTER_FAILURE
            }
        }
    }

    async fn go_on(&mut self, run: &Run) -> Result<Duration, Stuck> {
        let id = run.exercise.id;
        let script = self.script(run).await?;
        let now = self.app.clock.now();
        let is_taken_up = self.taken_up == Some(id);
        if let Some(wait) = run.wait(&script, now).filter(|_| is_taken_up) {
            return Ok(wait.clamp(TICK, LOOK_EVERY));
        }
        let mut tx = self.app.store.begin(Durability::Process).await?;
        let Some(mut run) = hold(&mut *tx).await?.filter(|run| run.is_running() && run.exercise.id == id)
        else {
            return Ok(Duration::ZERO);
        };
        if !is_taken_up {
            run.take_up(&script, now);
        }
        let records = self.batch(&run, &script, now)?;
        let said = records.len() as u64;
        tx.publish(records, now).await?;
        run.said(said, &script, now);
        if run.is_running() {
            keep(&mut *tx, &run).await?;
        } else {
            tell(&mut *tx, &run).await?;
        }
        tx.commit().await?;
        self.app.relay.notify_one();
        self.taken_up = Some(id);
        metrics::counter!("crisislens_exercise_items_total").increment(said);
        if !run.is_running() {
            tracing::info!(exercise.id = %id, items = run.exercise.sent, "the exercise has been played");
        }
        Ok(Duration::ZERO)
    }

    /// The records of what is due, at most a batch.
    fn batch(&self, run: &Run, script: &Script, now: Timestamp) -> Result<Vec<NewRecord>, Stuck> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        for item in run.due(script, now).take(BATCH) {
            let record = raw_item_record(&item, EXERCISES)?;
            bytes += record.size();
            records.push(record);
            if bytes >= BATCH_BYTES {
                break;
            }
        }
        // The log would refuse it, and it would stand aside for good.
        let checked = self.app.log.definitions().checked_bytes(&records);
        checked.map_err(|error| Stuck::ForGood(format!("an item cannot be said: {error}")))?;
        Ok(records)
    }

    /// What `run` says. Read anew where it is another than before.
    async fn script(&mut self, run: &Run) -> Result<Arc<Script>, Stuck> {
        let exercise = &run.exercise;
        if let Some((_, script)) = self.loaded.as_ref().filter(|(id, _)| *id == exercise.id) {
            return Ok(Arc::clone(script));
        }
        let schedule = self.app.exercises.schedule(&exercise.recording, exercise.started_at).await;
        let schedule = schedule.map_err(|refusal| match refusal {
            Refusal::NoRecording | Refusal::NoLibrary | Refusal::Unplayable(_) => {
                Stuck::ForGood(format!("on {}: {refusal}", self.app.node))
            }
            refusal => Stuck::Later(refusal),
        })?;
        let script = Arc::new(Script::new(schedule, exercise.id));
        if !run.is_of(&script) {
            return Err(Stuck::ForGood("the recording is not what it was when it began".to_owned()));
        }
        self.loaded = Some((exercise.id, Arc::clone(&script)));
        Ok(script)
    }

    async fn fail(&self, id: ExerciseId, why: String) -> Result<(), Refusal> {
        let mut tx = self.app.store.begin(Durability::Power).await?;
        let run = hold(&mut *tx).await?.filter(|run| run.is_running() && run.exercise.id == id);
        let Some(mut run) = run else { return Ok(()) };
        tracing::error!(exercise.id = %id, why, "the exercise stopped");
        run.fail(why, self.app.clock.now());
        tell(&mut *tx, &run).await?;
        tx.commit().await?;
        self.app.relay.notify_one();
        Ok(())
    }
}
