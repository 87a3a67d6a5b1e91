//! Exercises that people start: one at a time, whatever nodes there are.
//!
//! How it stands is one setting. Whoever changes it holds its row, and what is said goes into the outbox in the same transaction as
//! how far it is: so nothing is said twice or left out, whoever is killed, and no order cuts a batch in half (ADR 33).

mod player;
mod run;

use std::sync::Arc;

use crisislens_model::{Exercise, ExerciseId, Timestamp};
use crisislens_pipeline::exercise_record;
use crisislens_sources::ReplayError;
use crisislens_sources::replay::{Library, Recording, Schedule, Script};
use crisislens_state::audit::AuditEntry;
use crisislens_state::{Durability, StateError, Store, Tx};
use serde_json::json;
use tokio::sync::Notify;

use crate::app::App;
use crate::auth::Claims;
use crate::config;

pub use player::play;
use run::Run;
pub use run::{Order, Over};

/// The exercise that runs, or the last one.
const SETTING: &str = "exercise";
/// Those before it, the newest first.
const PAST: &str = "exercise.past";
/// So many of those are known.
const MAX_PAST: usize = 100;

/// What this node has of exercises.
pub struct Exercises {
    library: Option<Arc<Library>>,
    /// Something was started or told.
    wake: Notify,
}

/// Why an exercise cannot be started or told something.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no recording of this name.
    #[error("there is no such recording; see GET /api/exercises")]
    NoRecording,
    /// No recordings are configured.
    #[error("no exercise can be started here: exercise.library is not set")]
    NoLibrary,
    /// The recording cannot be played.
    #[error("the recording cannot be played: {0}")]
    Unplayable(String),
    /// Its files cannot be read just now: a folder on another machine, too many open files.
    #[error("the recording cannot be read just now: {0}")]
    Unreadable(String),
    /// There is one already.
    #[error("an exercise of {0} is {1}; stop it before another is started")]
    OneThere(String, &'static str),
    /// None was ever started.
    #[error("no exercise was started yet")]
    None,
    /// It is over.
    #[error(transparent)]
    Over(#[from] Over),
    /// The same key came with something else.
    #[error("this Idempotency-Key came with something else before; send a new one")]
    OtherThanBefore,
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// What is kept cannot be read or written.
    #[error("how the exercise stands cannot be read or written: {0}")]
    Encode(#[from] serde_json::Error),
    /// A thread broke.
    #[error("reading the recordings failed: {0}")]
    Reader(#[from] tokio::task::JoinError),
}

/// What is to be played.
pub struct Wanted {
    /// Under which id; the same for what is sent again.
    pub id: ExerciseId,
    /// Name of the recording.
    pub recording: String,
    /// How fast.
    pub speed: f64,
}

impl Exercises {
    /// What the configuration names.
    pub fn open(config: &config::Exercise) -> Self {
        let library = Some(&config.library).filter(|library| !library.as_os_str().is_empty());
        Self { library: library.map(|library| Arc::new(Library::new(library))), wake: Notify::new() }
    }

    /// Whether this node can play any.
    pub fn has_library(&self) -> bool {
        self.library.is_some()
    }

    /// What can be played.
    pub async fn recordings(&self, now: Timestamp) -> Result<Vec<Recording>, Refusal> {
        let Some(library) = self.library.clone() else { return Ok(Vec::new()) };
        let listed = tokio::task::spawn_blocking(move || library.list(now)).await?;
        listed.map_err(unplayable)
    }

    async fn schedule(&self, name: &str, started_at: Timestamp) -> Result<Schedule, Refusal> {
        let library = self.library.clone().ok_or(Refusal::NoLibrary)?;
        let name = name.to_owned();
        let opened = tokio::task::spawn_blocking(move || library.open(&name, started_at)).await?;
        opened.map_err(unplayable)?.ok_or(Refusal::NoRecording)
    }
}

/// Where files lie is nobody's business who asks over the network; it is logged.
fn unplayable(error: ReplayError) -> Refusal {
    tracing::warn!(%error, "a recording cannot be played");
    let why = error.without_paths();
    match error {
        ReplayError::File { error, .. } if !is_for_good(error.kind()) => Refusal::Unreadable(why),
        _ => Refusal::Unplayable(why),
    }
}

/// Whether a file that could not be read will not be able to be read a moment later either.
fn is_for_good(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{InvalidData, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    matches!(kind, NotFound | PermissionDenied | InvalidData | IsADirectory | NotADirectory)
}

/// The exercise that runs, or the last one.
pub async fn last(store: &dyn Store) -> Result<Option<Exercise>, Refusal> {
    Ok(read(store).await?.map(|run| run.exercise))
}

async fn read(store: &dyn Store) -> Result<Option<Run>, Refusal> {
    let text = store.setting(SETTING).await?;
    Ok(text.map(|text| serde_json::from_str(&text)).transpose()?.flatten())
}

/// The same, held until the transaction ends.
async fn hold(tx: &mut dyn Tx) -> Result<Option<Run>, Refusal> {
    Ok(serde_json::from_str(&tx.setting_or(SETTING, "null").await?)?)
}

async fn keep(tx: &mut dyn Tx, run: &Run) -> Result<(), Refusal> {
    Ok(tx.put_setting(SETTING, &serde_json::to_string(run)?).await?)
}

/// Keeps it where its state has changed, and tells everybody.
async fn tell(tx: &mut dyn Tx, run: &Run) -> Result<(), Refusal> {
    keep(tx, run).await?;
    let record = exercise_record(&run.exercise)?;
    Ok(tx.publish(vec![record], run.exercise.changed_at).await?)
}

/// Starts an exercise. Answers it, and whether it is new: what is sent again under its id starts nothing.
pub async fn start(app: &App, who: &Claims, wanted: Wanted) -> Result<(Exercise, bool), Refusal> {
    let past = app.store.setting(PAST).await?.unwrap_or_else(|| "[]".to_owned());
    let before = read(&*app.store).await?;
    if let Some(known) = wanted.known(before.as_ref(), &serde_json::from_str::<Vec<Exercise>>(&past)?)? {
        return Ok((known, false));
    }
    let now = app.clock.now();
    let script = Script::new(app.exercises.schedule(&wanted.recording, now).await?, wanted.id);
    if script.total() == 0 {
        return Err(Refusal::Unplayable("it has no items".to_owned()));
    }
    let run = Run::begin(&wanted, (who.sub, &who.name), &script, now);
    let mut tx = app.store.begin(Durability::Power).await?;
    let before = hold(&mut *tx).await?;
    let mut past: Vec<Exercise> = serde_json::from_str(&tx.setting_or(PAST, "[]").await?)?;
    if let Some(known) = wanted.known(before.as_ref(), &past)? {
        return Ok((known, false));
    }
    if let Some(Run { exercise: before, .. }) = before {
        if !before.state.is_over() {
            return Err(Refusal::OneThere(before.recording, before.state.as_str()));
        }
        past.insert(0, before);
        past.truncate(MAX_PAST);
        tx.put_setting(PAST, &serde_json::to_string(&past)?).await?;
    }
    tell(&mut *tx, &run).await?;
    note(&mut *tx, who, &run.exercise, "start", now).await?;
    tx.commit().await?;
    app.relay.notify_one();
    app.exercises.wake.notify_one();
    Ok((run.exercise, true))
}

impl Wanted {
    /// What was started under this id before, if that was the same.
    fn known(&self, last: Option<&Run>, past: &[Exercise]) -> Result<Option<Exercise>, Refusal> {
        let known = last.map(|run| &run.exercise).into_iter().chain(past).find(|known| known.id == self.id);
        let Some(known) = known else { return Ok(None) };
        let is_same = known.recording == self.recording && known.speed.to_bits() == self.speed.to_bits();
        if is_same { Ok(Some(known.clone())) } else { Err(Refusal::OtherThanBefore) }
    }
}

/// Tells the exercise to do something; at the `version` that was read, where that is to matter.
pub async fn order(
    app: &App,
    who: &Claims,
    (order, word): (Order, &str),
    version: Option<u64>,
) -> Result<Exercise, Refusal> {
    let mut tx = app.store.begin(Durability::Power).await?;
    // Under the row: what is being said now is said to its end before.
    let mut run = hold(&mut *tx).await?.ok_or(Refusal::None)?;
    let current = run.exercise.version;
    if version.is_some_and(|version| version != current) {
        return Err(StateError::VersionConflict { current }.into());
    }
    let now = app.clock.now();
    if !run.obey(order, now)? {
        return Ok(run.exercise);
    }
    tell(&mut *tx, &run).await?;
    note(&mut *tx, who, &run.exercise, word, now).await?;
    tx.commit().await?;
    app.relay.notify_one();
    app.exercises.wake.notify_one();
    Ok(run.exercise)
}

async fn note(
    tx: &mut dyn Tx,
    who: &Claims,
    exercise: &Exercise,
    word: &str,
    now: Timestamp,
) -> Result<(), Refusal> {
    let detail = json!({ "recording": exercise.recording, "speed": exercise.speed, "sent": exercise.sent });
    let (action, subject) = (format!("exercise.{word}"), format!("exercise/{}", exercise.id));
    Ok(tx.record_audit(&AuditEntry::new(now, who.actor(), action, subject, detail)).await?)
}

#[cfg(test)]
mod tests {
    use std::io::{Error, ErrorKind};

    use super::*;

    #[test]
    fn what_may_be_read_a_moment_later_does_not_end_an_exercise() {
        let refused =
            |error: Error| unplayable(ReplayError::File { path: "/recordings/feed.json".into(), error });
        for kind in [ErrorKind::NotFound, ErrorKind::PermissionDenied] {
            assert!(matches!(refused(kind.into()), Refusal::Unplayable(why) if !why.contains("/recordings")));
        }
        // Too many open files, an error of the device, a handle that the server of a share has forgotten.
        for code in [24, 5, 116] {
            assert!(matches!(refused(Error::from_raw_os_error(code)), Refusal::Unreadable(_)), "{code}");
        }
    }
}
