//! What alert rules would have done: the past of `normalized-items` once more through the same evaluation, and nothing sent.
//!
//! Incidents are not made again: the log says how each stood and which items joined it, and that is what the rules are asked about. An
//! incident that was there before the time in question counts as one without an alert.

mod lanes;
mod playback;

use std::collections::BTreeMap;
use std::time::Duration;

use crisislens_log::{EventLog, LogError};
use crisislens_model::{Alert, Severity, Timestamp};
use serde::Serialize;
use tokio::time::Instant;

use crate::alert_rule::Rules;
use lanes::Lanes;
use playback::Playback;

/// Records are read from so long before the time in question: an item's record stands before that of the incident that it joined.
const LEAD: Duration = Duration::from_secs(600);
/// After so many records others have their turn.
const TURN: u64 = 64;
/// After so many records progress is told.
const TELL_EVERY: u64 = 1_024;

/// What is to be tried.
#[derive(Debug, Clone)]
pub struct Backtest {
    /// The rules in question.
    pub rules: Rules,
    /// Those that they are compared with.
    pub today: Rules,
    /// From when …
    pub since: Timestamp,
    /// … until when, by the time at which records came onto the log.
    pub until: Timestamp,
    /// How much it may take.
    pub limits: Limits,
}

/// How much a backtest may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Records read.
    pub records: u64,
    /// Time.
    pub time: Duration,
    /// Alerts that are told one by one; those beyond are counted.
    pub listed: usize,
    /// Incidents with an alert.
    pub incidents: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { records: 1_000_000, time: Duration::from_secs(600), listed: 1_000, incidents: 20_000 }
    }
}

/// Why a backtest ended before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Truncated {
    /// It has read as many records as it may.
    Records,
    /// It has taken as long as it may.
    Time,
    /// More incidents would have had an alert than it can keep.
    Incidents,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Progress {
    /// Records read.
    pub records: u64,
    /// Of so many at most.
    pub of: u64,
    /// Where it is in the past.
    pub at: Timestamp,
}

/// What some rules would have done.
#[derive(Debug, Clone, Default, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Told {
    /// Alerts that would have been raised.
    pub raised: u64,
    /// Revisions of them.
    pub revised: u64,
    /// Both together by day (UTC) and severity.
    pub days: BTreeMap<String, BTreeMap<Severity, u64>>,
    /// Both together by severity.
    pub severities: BTreeMap<Severity, u64>,
}

/// What came of a backtest.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// What the rules would have done.
    pub told: Told,
    /// What those they are compared with would have done.
    pub today: Told,
    /// The alerts one by one, the oldest first; the first revision is one that was raised.
    pub alerts: Vec<Alert>,
    /// Records read.
    pub records: u64,
    /// Changes of incidents that were looked at.
    pub changes: u64,
    /// Items that they named and the log no longer had: what they said was not looked at.
    pub missing: u64,
    /// Up to where it came.
    pub until: Timestamp,
    /// Why it did not come to its end, if so.
    pub truncated: Option<Truncated>,
}

impl Backtest {
    /// Runs it; dropping it cancels it. `progress` hears now and then how far it is.
    ///
    /// # Errors
    /// The log failed.
    pub async fn run(
        self,
        log: &dyn EventLog,
        mut progress: impl FnMut(Progress) + Send,
    ) -> Result<Outcome, LogError> {
        let deadline = Instant::now() + self.limits.time;
        let from = self.since.checked_sub(LEAD).unwrap_or(self.since);
        let mut lanes = Lanes::open(log, from, self.until).await?;
        let of = lanes.left().min(self.limits.records);
        let mut playback = Playback::new(self.rules, self.today, self.since, self.limits);
        let (mut records, mut reached, mut truncated) = (0, self.since, None);
        while let Some(record) = lanes.next().await? {
            reached = reached.max(record.timestamp);
            if records >= self.limits.records {
                truncated = Some(Truncated::Records);
            } else if Instant::now() >= deadline {
                truncated = Some(Truncated::Time);
            } else if !playback.take(&record) {
                truncated = Some(Truncated::Incidents);
            }
            if truncated.is_some() {
                break;
            }
            records += 1;
            if records % TELL_EVERY == 0 {
                progress(Progress { records, of, at: reached });
            }
            if records % TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
        let until = if truncated.is_some() { reached } else { self.until };
        Ok(playback.into_outcome(records, until, truncated))
    }
}
