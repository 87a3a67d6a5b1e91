//! Keeps the search index whole: notices when it lacks something, tells those who search, and makes it again from the store
//! where only that helps. How it is made again is in `rebuild.rs`; what merely waits on the log is the projector's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::Topic;
use crisislens_search::Resume;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::rebuild;
use crate::workers::SEARCH;

/// How often the index is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// An index that is ahead of the log must be so for this long: an end that is read while the log moves may be an old one.
const AHEAD_FOR: Duration = Duration::from_secs(5);
/// What waits on the log for longer makes results stale, seconds.
const BEHIND_S: f64 = 15.0;
/// Wait after a rebuild that failed.
const AGAIN_AFTER: Duration = Duration::from_secs(5);

/// Why results of a search may lack something.
#[derive(Debug, Clone, PartialEq)]
pub enum Stale {
    /// It cannot be asked.
    Away(String),
    /// It began empty, and has only what has come in since or is still on the log.
    Unfilled,
    /// It has read further than the log goes: its places are those of another log.
    Ahead {
        /// The partition of `normalized-items`.
        partition: u32,
        /// How far it was read.
        place: u64,
        /// Where it ends.
        end: u64,
    },
    /// It has not read what came in so many seconds ago.
    Behind(f64),
}

impl Stale {
    /// How a rebuild mends it; none where it mends nothing.
    const fn mended_by(&self) -> Option<Resume> {
        match self {
            Self::Unfilled => Some(Resume::Committed),
            Self::Ahead { .. } => Some(Resume::Beginning),
            Self::Away(_) | Self::Behind(_) => None,
        }
    }
}

impl fmt::Display for Stale {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Away(why) => write!(to, "the search index cannot be asked: {why}"),
            Self::Unfilled => {
                write!(to, "the search index was begun anew and is being filled from the store")
            }
            Self::Ahead { partition, place, end } => write!(
                to,
                "the search index was at {place} of partition {partition}, and the log ends at {end}; it is being made again from \
                 the store"
            ),
            Self::Behind(seconds) => write!(to, "the search index is {seconds:.0} s behind"),
        }
    }
}

/// Notes in [`App::stale`] why results may lack something, until `cancel`.
pub async fn watch(app: Arc<App>, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        let Some(why) = cancel.run_until_cancelled(look(&app)).await else { return };
        metrics::gauge!("crisislens_search_stale").set(if why.is_some() { 1.0 } else { 0.0 });
        app.stale.send_if_modified(|known| {
            let is_new = *known != why;
            *known = why;
            is_new
        });
        cancel.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await;
    }
}

async fn look(app: &App) -> Option<Stale> {
    let standing = match app.search.standing().await {
        Ok(standing) => standing,
        Err(error) => return Some(Stale::Away(error.to_string())),
    };
    for (&partition, &place) in &standing.offsets {
        // One that this log does not have is counted by a newer release.
        let Ok(bounds) = app.log.bounds(Topic::NormalizedItems, partition).await else { continue };
        if place > bounds.end {
            return Some(Stale::Ahead { partition, place, end: bounds.end });
        }
    }
    if !standing.is_filled {
        return Some(Stale::Unfilled);
    }
    let seen = app.seen.borrow();
    let waits = seen.lags.iter().filter(|lag| lag.consumer == SEARCH).map(|lag| lag.seconds);
    Some(waits.fold(0.0, f64::max)).filter(|seconds| *seconds > BEHIND_S).map(Stale::Behind)
}

/// Makes the index again whenever [`App::stale`] says that only that helps, until `cancel`. Of several nodes, one does.
pub async fn mend(app: Arc<App>, cancel: CancellationToken) {
    let mut stale = app.stale.subscribe();
    while !cancel.is_cancelled() {
        let why = stale.borrow_and_update().clone();
        let resume = why.as_ref().and_then(Stale::mended_by);
        if let (Some(why), Some(resume)) = (why, resume) {
            if resume == Resume::Beginning {
                cancel.run_until_cancelled(tokio::time::sleep(AHEAD_FOR)).await;
            }
            // Looked at again: another node may have mended it since.
            let Some(now) = cancel.run_until_cancelled(look(&app)).await else { return };
            if now.is_some_and(|now| now.mended_by() == Some(resume)) {
                tracing::warn!(%why, "the search index is made again from the store");
                if !rebuild::mend(&app, resume, &cancel).await {
                    cancel.run_until_cancelled(tokio::time::sleep(AGAIN_AFTER)).await;
                }
            }
            let Some(now) = cancel.run_until_cancelled(look(&app)).await else { return };
            app.stale.send_replace(now);
            continue;
        }
        tokio::select! {
            () = cancel.cancelled() => {}
            _ = stale.changed() => {}
        }
    }
}
