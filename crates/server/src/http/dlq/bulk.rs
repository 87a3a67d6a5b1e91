//! Replaying and discarding many dead letters: oldest first, so that records of one key keep their order.
//!
//! One call takes no longer than half the time that a request has, and says where the next one goes on. A call that is cut
//! off has decided about whole letters only, so it can be repeated.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::{Extension, Json};
use crisislens_log::LogError;
use crisislens_model::{EventId, FieldError, Timestamp, Topic};
use crisislens_state::dead_letters::{Letter, LetterFilter, LetterStatus};
use crisislens_stream::redrive::{Decided, RedriveError, Replay};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::checked_reason;
use crate::app::App;
use crate::auth::Claims;
use crate::http::Problem;

/// Most letters in one call.
const MAX_LETTERS: usize = 500;
/// Letters a second where the request does not say.
const DEFAULT_RATE: u32 = 50;
/// Most letters a second.
const MAX_RATE: u32 = 1000;

/// Conditions on dead letters; what is not set holds for all.
#[derive(Debug, Clone, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LetterConditions {
    /// The topic they came from.
    topic: Option<Topic>,
    /// The kind of failure.
    error_class: Option<String>,
    /// Who gave them up, as group/stage.
    consumer: Option<String>,
    /// The event they carry.
    event_id: Option<EventId>,
    /// Last failed at or after this.
    since: Option<Timestamp>,
    /// Last failed before this; the time of the call where absent, so that a letter that dies again meanwhile is left.
    until: Option<Timestamp>,
    /// Any of these; at most 500.
    offsets: Vec<u64>,
}

/// Which letters to replay, and how.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkReplay {
    /// Which; `{}` for all that wait.
    filter: LetterConditions,
    /// Most letters in this call, 1 to 500; 500 where absent.
    #[serde(default)]
    limit: Option<usize>,
    /// Letters a second, 1 to 1000; 50 where absent.
    #[serde(default)]
    rate_per_s: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Parked ones too.
    #[serde(default)]
    parked_too: bool,
    /// `next` of the call before.
    #[serde(default)]
    after: Option<u64>,
}

/// Which letters to discard, and why.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BulkDiscard {
    /// Which; `{}` for all that wait.
    filter: LetterConditions,
    /// For those who ask later; at most 1000 bytes.
    reason: String,
    /// Most letters in this call, 1 to 500; 500 where absent.
    #[serde(default)]
    limit: Option<usize>,
    /// Letters a second, 1 to 1000; 50 where absent.
    #[serde(default)]
    rate_per_s: Option<u32>,
    /// Only say what would be done.
    #[serde(default)]
    dry_run: bool,
    /// Parked ones too.
    #[serde(default)]
    parked_too: bool,
    /// `next` of the call before.
    #[serde(default)]
    after: Option<u64>,
}

/// What became of one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was sent again.
    Replayed,
    /// It will not be applied.
    Discarded,
    /// A dry run: it would be done.
    Due,
    /// Somebody else decided about it meanwhile.
    AlreadyDecided,
    /// Retention has dropped it; it can only be discarded.
    Gone,
    /// It does not say which topic it came from; it can only be discarded.
    Foreign,
    /// It is larger than its topic takes now, or has more headers.
    TooLarge,
}

/// One letter of a call.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LetterOutcome {
    /// Its offset on the dead-letter topic.
    offset: u64,
    /// Its event.
    event_id: EventId,
    /// The topic it came from; `dlq` for one that does not say.
    topic: Topic,
    /// What became of it.
    outcome: Outcome,
}

/// What a call did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BulkAnswer {
    /// Each letter, in the order in which they were taken.
    outcomes: Vec<LetterOutcome>,
    /// How many had each outcome.
    #[schema(value_type = BTreeMap<String, u64>)]
    counts: BTreeMap<Outcome, u64>,
    /// Letters that match and were not reached; go on with `after` = `next`.
    remaining: u64,
    /// The last letter reached; null where none was.
    next: Option<u64>,
    /// What `filter.until` was: send it again when going on.
    until: Timestamp,
}

/// Replays the dead letters that match, oldest first.
#[utoipa::path(post, path = "/api/dlq/replay", tag = "operations", request_body = BulkReplay,
    responses((status = 200, body = BulkAnswer), (status = 422, body = Problem)))]
pub async fn replay(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<BulkReplay>, JsonRejection>,
) -> Result<Json<BulkAnswer>, Problem> {
    let Json(body) = body?;
    let run = Run {
        app: &app,
        action: Action::Replay { parked_too: body.parked_too },
        actor: claims.actor(),
        dry_run: body.dry_run,
        limit: between("limit", body.limit, MAX_LETTERS, MAX_LETTERS)?,
        rate_per_s: between("rate_per_s", body.rate_per_s, DEFAULT_RATE, MAX_RATE)?,
        filter: body.filter.filter(body.parked_too, app.clock.now())?,
    };
    Ok(Json(run.through(body.after).await?))
}

/// Discards the dead letters that match, oldest first.
#[utoipa::path(post, path = "/api/dlq/discard", tag = "operations", request_body = BulkDiscard,
    responses((status = 200, body = BulkAnswer), (status = 422, body = Problem)))]
pub async fn discard(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<BulkDiscard>, JsonRejection>,
) -> Result<Json<BulkAnswer>, Problem> {
    let Json(body) = body?;
    let run = Run {
        app: &app,
        action: Action::Discard { reason: checked_reason(&body.reason)?.to_owned() },
        actor: claims.actor(),
        dry_run: body.dry_run,
        limit: between("limit", body.limit, MAX_LETTERS, MAX_LETTERS)?,
        rate_per_s: between("rate_per_s", body.rate_per_s, DEFAULT_RATE, MAX_RATE)?,
        filter: body.filter.filter(body.parked_too, app.clock.now())?,
    };
    Ok(Json(run.through(body.after).await?))
}

impl LetterConditions {
    /// Undecided letters that failed before `now` and are what the conditions ask for.
    fn filter(self, parked_too: bool, now: Timestamp) -> Result<LetterFilter, Problem> {
        if self.offsets.len() > MAX_LETTERS {
            let problem = format!("has {} entries; at most {MAX_LETTERS} are taken", self.offsets.len());
            return Err(Problem::invalid(vec![FieldError::new("filter.offsets", problem)]));
        }
        let mut status = vec![LetterStatus::Waiting];
        status.extend(parked_too.then_some(LetterStatus::Parked));
        Ok(LetterFilter {
            topic: self.topic,
            error_class: self.error_class,
            consumer: self.consumer,
            event_id: self.event_id,
            since: self.since,
            until: Some(self.until.unwrap_or(now)),
            status,
            offsets: self.offsets,
        })
    }
}

fn between<N>(name: &str, value: Option<N>, default: N, most: N) -> Result<N, Problem>
where
    N: Copy + PartialOrd + From<u8> + std::fmt::Display,
{
    match value {
        None => Ok(default),
        Some(value) if value >= N::from(1) && value <= most => Ok(value),
        Some(value) => {
            let problem = format!("{value} is not between 1 and {most}");
            Err(Problem::invalid(vec![FieldError::new(name, problem)]))
        }
    }
}

enum Action {
    Replay { parked_too: bool },
    Discard { reason: String },
}

struct Run<'a> {
    app: &'a App,
    action: Action,
    actor: String,
    dry_run: bool,
    limit: usize,
    rate_per_s: u32,
    filter: LetterFilter,
}

impl Run<'_> {
    /// Goes through the letters behind `after` until the limit or the time is reached.
    async fn through(&self, after: Option<u64>) -> Result<BulkAnswer, Problem> {
        let begun = Instant::now();
        let within = Duration::from_secs(self.app.config.http.request_timeout_s) / 2;
        let found = self.app.store.letters_after(&self.filter, self.limit, after).await?;
        let kept_from = self.app.log.bounds(Topic::Dlq, 0).await?.start;
        let mut outcomes: Vec<LetterOutcome> = Vec::with_capacity(found.items.len());
        let mut counts = BTreeMap::new();
        for letter in found.items {
            let turn = begun + Duration::from_secs(1) * (outcomes.len() as u32 + 1) / self.rate_per_s;
            // One letter at least, or a call would get nowhere.
            if !outcomes.is_empty() && turn > begun + within {
                break;
            }
            let outcome = if self.dry_run {
                self.would_be(&letter, kept_from)
            } else {
                tokio::time::sleep_until(turn).await;
                match self.decide(letter.offset).await {
                    Ok(outcome) => outcome,
                    // What has been done is told; the next call says what is the matter.
                    Err(_) if !outcomes.is_empty() => break,
                    Err(error) => return Err(error.into()),
                }
            };
            *counts.entry(outcome).or_default() += 1;
            let Letter { offset, event_id, topic, .. } = letter;
            outcomes.push(LetterOutcome { offset, event_id, topic, outcome });
            if begun.elapsed() > within {
                break;
            }
        }
        let next = outcomes.last().map(|last| last.offset).or(after);
        let remaining = found.total.saturating_sub(outcomes.len() as u64);
        let until = self.filter.until.unwrap_or_else(|| self.app.clock.now());
        Ok(BulkAnswer { outcomes, counts, remaining, next, until })
    }

    fn would_be(&self, letter: &Letter, kept_from: u64) -> Outcome {
        match self.action {
            Action::Replay { .. } if letter.topic == Topic::Dlq => Outcome::Foreign,
            Action::Replay { .. } if letter.offset < kept_from => Outcome::Gone,
            _ => Outcome::Due,
        }
    }

    async fn decide(&self, offset: u64) -> Result<Outcome, RedriveError> {
        let redrive = self.app.redrive();
        let (decided, done) = match &self.action {
            Action::Replay { parked_too } => {
                let how = Replay { value: None, parked_too: *parked_too };
                (redrive.replay(offset, how, &self.actor).await, Outcome::Replayed)
            }
            Action::Discard { reason } => {
                (redrive.discard(offset, reason, &self.actor).await, Outcome::Discarded)
            }
        };
        match decided {
            Ok(Decided::Done) => Ok(done),
            Ok(Decided::Already(_)) => Ok(Outcome::AlreadyDecided),
            Err(RedriveError::Gone(_) | RedriveError::Unknown(_)) => Ok(Outcome::Gone),
            Err(RedriveError::Foreign(_)) => Ok(Outcome::Foreign),
            Err(RedriveError::TooLarge { .. } | RedriveError::Log(LogError::TooManyHeaders { .. })) => {
                Ok(Outcome::TooLarge)
            }
            Err(error) => Err(error),
        }
    }
}
