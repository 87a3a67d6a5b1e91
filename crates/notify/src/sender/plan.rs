//! What is done with a row that is due, and what it is after a try: decided from what is known, without anybody being asked.

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{
    Attempt, Contact, DeliveryStatus, Notification, NotificationType, Severity, Timestamp, User,
};
use crisislens_state::ledger::{Due, MAX_NAME, Row};
use rand::Rng;

use super::SenderOptions;
use super::hourly::Hourly;
use crate::carrier::{Carriers, Choice, Line, MISCONFIGURED};
use crate::contents::is_still_theirs;
use crate::decide::{quiet_until, quiet_words};
use crate::provider::Outcome;
use crate::trial::is_test;

/// The first wait between tries, and the longest: each time twice as long, and of that a random part.
const BACK_OFF: Duration = Duration::from_secs(1);
const LONGEST_BACK_OFF: Duration = Duration::from_secs(15 * 60);
/// Of a row's tries the first and so many of the last are kept.
const KEPT_ATTEMPTS: usize = 40;
/// The word for a try whose end nobody knows.
const UNKNOWN: &str = "unknown";
/// Why nothing is handed over on a channel.
const ALL_REST: &str = "every provider rests after failures";

/// A row that is to be handed over.
pub struct Ready {
    /// The row as it was written.
    pub row: Row,
    /// What it carries.
    pub notifications: Vec<Notification>,
    /// Who gets it.
    pub user: User,
    /// The way to reach them.
    pub contact: Option<Contact>,
    /// Who carries it; none for the development outbox.
    pub line: Option<Arc<Line>>,
}

/// What a row becomes, and what is to be handed over.
pub fn plan(
    due: Due,
    carried: Vec<Notification>,
    carriers: &Carriers,
    hourly: &mut Hourly,
    options: SenderOptions,
    now: Timestamp,
) -> (Row, Option<Ready>) {
    let Due { mut row, user, contact, suppressed, .. } = due;
    row.token += 1;
    let interrupted = interrupted(&mut row);
    let end = |mut row: Row, status, reason: String| {
        row.status = status;
        row.reason = reason;
        row.due_at = None;
        (row, None)
    };
    let wait = |mut row: Row, until: Timestamp, reason: String| {
        row.status = DeliveryStatus::Deferred;
        row.reason = reason;
        row.due_at = Some(until);
        (row, None)
    };
    let Some(user) = user else {
        return end(row, DeliveryStatus::Canceled, "the account no longer exists".to_owned());
    };
    if carried.is_empty() {
        return end(row, DeliveryStatus::Canceled, "nothing is left to tell".to_owned());
    }
    if !is_still_theirs(&row, &user, contact.as_ref()) {
        return end(row, DeliveryStatus::Canceled, "the address is no longer theirs".to_owned());
    }
    if let Some(why) = suppressed {
        return end(row, DeliveryStatus::Suppressed, format!("nothing goes to this address: {why}"));
    }
    if now >= row.expires_at {
        let tried = row.attempts.len();
        return end(row, DeliveryStatus::Expired, format!("not worth sending any more after {tried} tries"));
    }
    // Whoever is called because nobody else came is called at any hour, and so is who waits for a test of their own.
    let is_due_now = carried.iter().any(|one| one.kind == NotificationType::Escalation || is_test(one));
    if let Some(until) = quiet_until(&user, row.priority, now)
        && row.attempts.is_empty()
        && !is_due_now
    {
        let words = quiet_words(&user, until);
        return wait(row, until, words);
    }
    if let Some((until, why)) = hourly.put_off(&row, &user, &carried, now) {
        if until >= row.expires_at {
            return end(row, DeliveryStatus::Expired, format!("{why}; by then it is not worth sending"));
        }
        return wait(row, until, why);
    }
    // What is told within an exercise never reaches anybody outside.
    let choice = if row.exercise {
        Choice::Outbox
    } else {
        carriers.choose(row.channel, contact.as_ref().map(|contact| &contact.target), now)
    };
    let line = match choice {
        Choice::Line(line) => Some(line),
        Choice::Outbox => None,
        Choice::Wait(until) => return wait(row, until, ALL_REST.to_owned()),
        Choice::Nobody => {
            return end(row, DeliveryStatus::Failed, "no provider is set up that reaches it".to_owned());
        }
    };
    if let Some(by) = interrupted
        && row.priority < Severity::Critical
        && !carriers.by_name(row.channel, &by).is_none_or(|line| line.provider().replaces())
    {
        let until = now.checked_add(options.heard_within).unwrap_or(now);
        return wait(row, until, unheard(&by));
    }
    let name = line.as_ref().map_or("outbox", |line| line.provider().name());
    row.status = DeliveryStatus::Sending;
    row.due_at = now.checked_add(options.lease).ok();
    row.provider = Some(name.to_owned());
    if is_of_a_try(&row) {
        row.reason = decided(&row, &carried).unwrap_or_default();
    }
    if row.attempts.len() > KEPT_ATTEMPTS {
        row.attempts.remove(1);
    }
    row.attempts.push(Attempt { at: now, provider: name.to_owned(), outcome: None, why: None });
    let ready = Ready { row: row.clone(), notifications: carried, user, contact, line };
    (row, Some(ready))
}

/// Whoever had the row before did not come back: nobody knows what came of its try. The provider that it was with.
fn interrupted(row: &mut Row) -> Option<String> {
    let last = row.attempts.last_mut().filter(|attempt| attempt.outcome.is_none())?;
    last.outcome = Some(UNKNOWN.to_owned());
    last.why = Some("whoever sent it did not come back to say".to_owned());
    Some(last.provider.clone())
}

/// Whether its reason is why it was not handed over at once: what became of each try stands in the attempts.
fn is_of_a_try(row: &Row) -> bool {
    let says = |last: &Attempt| {
        let why = last.why.as_deref().map(|why| tried(&last.provider, why));
        why.as_ref() == Some(&row.reason) || row.reason == unheard(&last.provider)
    };
    row.reason == ALL_REST || row.attempts.last().is_some_and(says)
}

/// Why it was decided that it is sent: of a digest, with what it carries first.
fn decided(row: &Row, carried: &[Notification]) -> Option<String> {
    let deliveries = carried.iter().flat_map(|one| &one.deliveries);
    let mut of_row = deliveries.filter(|one| one.id == row.id || one.digest == Some(row.id));
    of_row.next().map(|one| one.reason.clone())
}

fn tried(provider: &str, why: &str) -> String {
    format!("{provider}: {why}")
}

fn unheard(provider: &str) -> String {
    format!("{provider} may have it: sent again if it says nothing of it")
}

/// What a row is after a try.
#[must_use]
pub fn after(row: &Row, outcome: &Outcome, replaces: bool, heard_within: Duration, now: Timestamp) -> Row {
    let mut row = row.clone();
    let provider = row.provider.clone().unwrap_or_default();
    if let Some(last) = row.attempts.last_mut() {
        last.outcome = Some(outcome.as_str().to_owned());
        last.why = outcome.why().map(str::to_owned);
    }
    let mut later = |status, reason: String, wait: Option<Duration>| {
        row.status = status;
        row.reason = reason;
        row.due_at = wait.and_then(|wait| now.checked_add(wait).ok());
    };
    let tries = row.attempts.len();
    match outcome {
        Outcome::Accepted { provider_id } => {
            row.status = DeliveryStatus::Sent;
            row.due_at = None;
            row.sent_at = Some(now);
            row.provider_id = provider_id.clone().filter(|name| name.len() <= MAX_NAME);
        }
        Outcome::GiveUp { why } | Outcome::Suppress { why } => {
            later(DeliveryStatus::Failed, tried(&provider, why), None);
        }
        Outcome::Retry { after, why } => {
            let wait = back_off(tries).max(after.unwrap_or_default());
            later(DeliveryStatus::Deferred, tried(&provider, why), Some(wait));
        }
        Outcome::Refused { why } => {
            later(DeliveryStatus::Deferred, tried(&provider, why), Some(back_off(tries)));
        }
        Outcome::Configuration { why } => {
            later(DeliveryStatus::Deferred, tried(&provider, why), Some(MISCONFIGURED));
        }
        Outcome::Unknown { .. } if !replaces && row.priority < Severity::Critical => {
            later(DeliveryStatus::Deferred, unheard(&provider), Some(heard_within));
        }
        Outcome::Unknown { why } => {
            later(DeliveryStatus::Deferred, tried(&provider, why), Some(back_off(tries)));
        }
    }
    row
}

/// A random part of a time that doubles with each try: those that failed together do not come again together.
fn back_off(tries: usize) -> Duration {
    let doubled = BACK_OFF.saturating_mul(1 << tries.saturating_sub(1).min(20)).min(LONGEST_BACK_OFF);
    doubled.mul_f64(rand::rng().random_range(0.0..=1.0)).max(Duration::from_millis(100))
}
