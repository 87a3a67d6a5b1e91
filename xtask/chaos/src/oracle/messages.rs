//! Judges what people were sent: every delivery ends well or with a reason, whoever says that it has a message had it, has it twice only
//! where nobody could know, and it stands where the providers told; nothing goes to an address that has ended, and what is critical
//! goes before what waits.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use crisislens_fakes::{Told, Word};
use crisislens_model::{Attempt, Channel, DeliveryStatus, Severity, Timestamp};
use serde::{Deserialize, Serialize};

use super::{Kind, Verdict};

/// Whoever carries messages; where one has nothing to do, the trial shows nothing of it.
const PROVIDERS: [&str; 6] = ["sendgrid", "smtp", "twilio", "web_push", "fcm", "webhook"];
/// Those of them that tell what became of messages.
const TELLERS: [&str; 2] = ["sendgrid", "twilio"];
/// What was decided is seen by whoever sends within this.
const SEEN_WITHIN: Duration = Duration::from_secs(2);

/// A delivery as the ledger has it in the end.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id.
    pub id: String,
    /// The channel.
    pub channel: Channel,
    /// Where it goes.
    pub to: Option<String>,
    /// Who gets it.
    pub recipient: String,
    /// What it tells of.
    pub alert_id: String,
    /// How urgent.
    pub priority: Severity,
    /// How far it got.
    pub status: DeliveryStatus,
    /// And why.
    pub reason: String,
    /// When it was decided.
    pub created_at: Timestamp,
    /// It is to leave then; none where it has ended.
    pub due_at: Option<Timestamp>,
    /// Each try.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
}

/// A message that a stand-in took.
#[derive(Debug, Clone, Serialize)]
pub struct Taken {
    /// Which, by its word in the ledger.
    pub provider: &'static str,
    /// The stand-in's name for it.
    pub message: String,
    /// What it is known by as the same one, if it comes twice: the delivery's id, without dashes.
    pub key: String,
    /// When.
    pub at: Timestamp,
}

/// Everything that was seen of messages after the faults.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    /// The ids of the alerts that were raised.
    pub alerts: Vec<String>,
    /// Those of them that were raised while more waited than could leave.
    pub queued: BTreeSet<String>,
    /// At how many addresses all people together are told of an alert.
    pub addresses: usize,
    /// The ledger.
    pub deliveries: Vec<Delivery>,
    /// What each person's inbox tells of.
    pub inboxes: Vec<Vec<String>>,
    /// What the stand-ins took.
    pub taken: Vec<Taken>,
    /// What they told, and others in their name.
    pub told: Vec<Told>,
    /// Addresses that nothing goes to.
    pub suppressed: BTreeSet<(Channel, String)>,
}

/// What went over one provider.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Line {
    /// Deliveries that it had first.
    pub deliveries: usize,
    /// Tries that were to be made again.
    pub again: usize,
    /// Tries of which nobody knew what came.
    pub unknown: usize,
    /// Messages that somebody had already.
    pub repeated: usize,
    /// Callbacks that were taken.
    pub told: usize,
    /// Callbacks that were refused.
    pub refused: usize,
}

/// How much there was of everything.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    /// Each provider.
    pub lines: BTreeMap<&'static str, Line>,
    /// Deliveries in all.
    pub deliveries: usize,
    /// Those that ended with a reason.
    pub ended: usize,
    /// Addresses that ended.
    pub addresses_ended: usize,
    /// Entries of inboxes.
    pub inboxes: usize,
    /// Deliveries that waited longer than a critical one that was decided after them.
    pub overtaken: usize,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { deliveries, ended, addresses_ended, inboxes, overtaken, .. } = self;
        write!(
            f,
            "{deliveries} deliveries ({ended} ended with a reason, {addresses_ended} addresses with them) and {inboxes} in inboxes"
        )?;
        if *overtaken > 0 {
            write!(f, ", {overtaken} let critical ones go first")?;
        }
        for (provider, line) in &self.lines {
            let Line { deliveries, again, unknown, repeated, told, refused } = line;
            write!(
                f,
                "; {provider} {deliveries}: {again} tries again, {unknown} unknown, {repeated} repeated"
            )?;
            if told + refused > 0 {
                write!(f, ", callbacks {told} taken, {refused} refused")?;
            }
        }
        Ok(())
    }
}

/// Judges messages, and counts them.
pub fn judge(seen: &Seen, verdict: &mut Verdict) -> Tally {
    let mut tally = Tally { deliveries: seen.deliveries.len(), ..Tally::default() };
    for provider in PROVIDERS {
        tally.lines.insert(provider, Line::default());
    }
    let mut taken: BTreeMap<&str, Vec<&Taken>> = BTreeMap::new();
    for one in &seen.taken {
        taken.entry(&one.key).or_default().push(one);
    }
    let told = judge_callbacks(seen, verdict, &mut tally);
    judge_numbers(seen, verdict, &mut tally);
    for delivery in &seen.deliveries {
        let key = delivery.id.replace('-', "");
        let had = taken.remove(key.as_str()).unwrap_or_default();
        judge_tries(delivery, &had, verdict, &mut tally);
        judge_end(delivery, !had.is_empty(), told.get(&key).copied().unwrap_or_default(), seen, verdict);
        tally.ended +=
            usize::from(rank(delivery.status) == FAILED || delivery.status == DeliveryStatus::Suppressed);
    }
    for (key, had) in taken {
        verdict.add(Kind::Phantom, format!("{} had {key}, which is in no ledger", had[0].provider));
    }
    judge_addresses(seen, verdict, &mut tally);
    judge_order(seen, verdict, &mut tally);
    for (provider, line) in &tally.lines {
        if line.deliveries == 0 {
            verdict.add(Kind::Broken, format!("nothing went over {provider}, so nothing is shown of it"));
        }
    }
    tally
}

const SENT: u8 = 1;
const DELIVERED: u8 = 2;
const FAILED: u8 = 3;

/// How far a delivery got. What is told later never takes it back: a bounce ends it after it has arrived, and not the other way round.
fn rank(status: DeliveryStatus) -> u8 {
    match status {
        DeliveryStatus::Sent => SENT,
        DeliveryStatus::Delivered => DELIVERED,
        DeliveryStatus::Failed => FAILED,
        _ => 0,
    }
}

/// How far a callback takes a delivery.
fn rank_told(event: &str) -> u8 {
    match event {
        "processed" | "sent" => SENT,
        "delivered" => DELIVERED,
        "bounce" | "dropped" | "undelivered" => FAILED,
        _ => 0,
    }
}

/// How far the providers told that a delivery got: what was taken of it, and what may have been.
#[derive(Debug, Clone, Copy, Default)]
struct Heard {
    surely: u8,
    perhaps: u8,
}

/// Callbacks are taken where they are the provider's and refused where they are not. What they told, by delivery.
fn judge_callbacks(seen: &Seen, verdict: &mut Verdict, tally: &mut Tally) -> BTreeMap<String, Heard> {
    let keys: BTreeMap<&str, &str> = seen.taken.iter().map(|one| (&*one.message, &*one.key)).collect();
    let mut heard: BTreeMap<String, Heard> = BTreeMap::new();
    for told in &seen.told {
        let line = tally.lines.entry(told.provider).or_default();
        let is_taken = told.status.map(|status| (200..300).contains(&status));
        let is_refused = told.status.is_some_and(|status| (400..500).contains(&status));
        line.told += usize::from(is_taken == Some(true));
        line.refused += usize::from(is_refused);
        if told.word.is_forged() {
            if is_taken == Some(true) {
                let what = format!("{}: {} was taken, which is {:?}", told.provider, told.event, told.word);
                verdict.add(Kind::Broken, what);
            }
            continue;
        }
        if is_refused && told.word == Word::Theirs {
            verdict.add(Kind::Broken, format!("what {} told was refused: {told:?}", told.provider));
        }
        let Some(key) = keys.get(&*told.message) else {
            verdict.add(Kind::Phantom, format!("{} tells of a message that it never had", told.provider));
            continue;
        };
        let heard = heard.entry((*key).to_owned()).or_default();
        let rank = rank_told(told.event);
        if is_taken == Some(true) {
            heard.surely = heard.surely.max(rank);
        }
        if !is_refused {
            heard.perhaps = heard.perhaps.max(rank);
        }
    }
    for provider in TELLERS {
        let mut of_it = seen.told.iter().filter(|told| told.provider == provider);
        if !of_it.any(|told| told.word.is_forged() && told.status.is_some()) {
            verdict.add(Kind::Broken, format!("nothing forged was told in the name of {provider}"));
        }
    }
    heard
}

/// Everybody is told of every alert once at each address, and once in the inbox.
fn judge_numbers(seen: &Seen, verdict: &mut Verdict, tally: &mut Tally) {
    let expected = seen.alerts.len() * seen.addresses;
    if seen.deliveries.len() < expected {
        verdict.add(Kind::Lost, format!("{} of {expected} deliveries are there", seen.deliveries.len()));
    }
    let mut places = BTreeSet::new();
    for delivery in &seen.deliveries {
        let Delivery { alert_id, recipient, channel, to, .. } = delivery;
        if !places.insert((alert_id, recipient, channel, to)) {
            let what = format!("{} is the second of {alert_id} at {to:?}", delivery.id);
            verdict.add(Kind::DuplicateEffect, what);
        }
        if !seen.alerts.contains(alert_id) {
            verdict.add(Kind::Phantom, format!("{} tells of {alert_id}, which nobody raised", delivery.id));
        }
    }
    for inbox in &seen.inboxes {
        tally.inboxes += inbox.len();
        for alert in &seen.alerts {
            match inbox.iter().filter(|one| *one == alert).count() {
                0 => verdict.add(Kind::Lost, format!("an inbox lacks {alert}")),
                1 => {}
                times => verdict.add(Kind::DuplicateEffect, format!("an inbox has {alert} {times} times")),
            }
        }
    }
}

/// Whoever said that they took it had it, and nobody has it more often than somebody may have taken it.
fn judge_tries(delivery: &Delivery, had: &[&Taken], verdict: &mut Verdict, tally: &mut Tally) {
    let id = &delivery.id;
    let is_unknown = |attempt: &&Attempt| matches!(attempt.outcome.as_deref(), None | Some("unknown"));
    for (&provider, line) in &mut tally.lines {
        let tries = || delivery.attempts.iter().filter(|attempt| attempt.provider == provider);
        let of = |outcome: &str| tries().filter(|one| one.outcome.as_deref() == Some(outcome)).count();
        let (accepted, unknown) = (of("accepted"), tries().filter(is_unknown).count());
        let times = had.iter().filter(|one| one.provider == provider).count();
        if times < accepted {
            let what = format!("{provider} took delivery {id} {accepted} times, and had it {times} times");
            verdict.add(Kind::Lost, what);
        }
        if times > accepted + unknown {
            let what = format!(
                "{provider} had delivery {id} {times} times, for {accepted} tries that it took and {unknown} unknown ones"
            );
            verdict.add(Kind::DuplicateEffect, what);
        }
        line.again += of("retry");
        line.unknown += unknown;
    }
    let unknown = delivery.attempts.iter().filter(is_unknown).count();
    if had.len() > 1 + unknown {
        let what = format!("delivery {id} was had {} times, and {unknown} tries are unknown", had.len());
        verdict.add(Kind::DuplicateEffect, what);
    }
    let mut had = had.to_vec();
    had.sort_by_key(|one| one.at);
    for (number, one) in had.into_iter().enumerate() {
        let line = tally.lines.entry(one.provider).or_default();
        *(if number == 0 { &mut line.deliveries } else { &mut line.repeated }) += 1;
    }
}

/// A delivery is sent or delivered, or there is a reason; and it stands at the highest that was told.
fn judge_end(delivery: &Delivery, was_had: bool, heard: Heard, seen: &Seen, verdict: &mut Verdict) {
    let Delivery { id, channel, to, status, reason, attempts, .. } = delivery;
    let is_suppressed = to.as_ref().is_some_and(|to| seen.suppressed.contains(&(*channel, to.clone())));
    let has_end = match status {
        DeliveryStatus::Sent | DeliveryStatus::Delivered => true,
        DeliveryStatus::Failed => !reason.is_empty(),
        DeliveryStatus::Suppressed => !reason.is_empty() && is_suppressed,
        _ => false,
    };
    if !has_end {
        verdict.add(Kind::Broken, format!("delivery {id} is {}: {reason:?}", status.as_str()));
    }
    let stands = rank(*status);
    if !was_had && matches!(stands, SENT | DELIVERED) {
        verdict.add(Kind::Lost, format!("delivery {id} is {}, and nobody had it", status.as_str()));
    }
    let ours = attempts.iter().map(|attempt| match attempt.outcome.as_deref() {
        Some("accepted") => SENT,
        Some("suppress" | "give_up") => FAILED,
        _ => 0,
    });
    let ours = ours.max().unwrap_or_default();
    if stands < heard.surely.max(ours) || stands > heard.perhaps.max(ours) {
        let what = format!("delivery {id} is {} after tries {attempts:?} and {heard:?}", status.as_str());
        verdict.add(Kind::Broken, what);
    }
}

/// What a callback ended is known as that, and nothing is handed over to it once that callback was answered.
fn judge_addresses(seen: &Seen, verdict: &mut Verdict, tally: &mut Tally) {
    tally.addresses_ended = seen.suppressed.len();
    let mut ends: BTreeMap<(Channel, &str), Timestamp> = BTreeMap::new();
    for told in &seen.told {
        let is_taken = told.status.is_some_and(|status| (200..300).contains(&status));
        if told.word.is_forged() || !is_taken || rank_told(told.event) < FAILED {
            continue;
        }
        let channel = if told.provider == "twilio" { Channel::Sms } else { Channel::Email };
        let end = ends.entry((channel, &told.to)).or_insert(told.at);
        *end = (*end).min(told.at);
    }
    for (channel, to) in ends.keys() {
        if !seen.suppressed.contains(&(*channel, (*to).to_owned())) {
            verdict.add(Kind::Lost, format!("{to} has ended, and is not among the addresses that have"));
        }
    }
    for delivery in &seen.deliveries {
        let end = delivery.to.as_deref().and_then(|to| ends.get(&(delivery.channel, to)));
        let late = end.and_then(|end| delivery.attempts.iter().find(|attempt| attempt.at > *end));
        if let (Some(late), Some(end)) = (late, end) {
            let what =
                format!("delivery {} was tried at {}, and its address ended at {end}", delivery.id, late.at);
            verdict.add(Kind::Broken, what);
        }
    }
}

/// Of what waits, the critical goes first.
fn judge_order(seen: &Seen, verdict: &mut Verdict, tally: &mut Tally) {
    if seen.queued.is_empty() {
        return;
    }
    let first = |delivery: &Delivery| delivery.attempts.first().map(|attempt| attempt.at);
    let queued = || seen.deliveries.iter().filter(|one| seen.queued.contains(&one.alert_id));
    let (urgent, others): (Vec<_>, Vec<_>) = queued().partition(|one| one.priority == Severity::Critical);
    let mut overtaken = BTreeSet::new();
    for critical in urgent {
        let Some(left) = first(critical) else { continue };
        for other in others.iter().filter(|other| other.channel == critical.channel) {
            let Some(other_left) = first(other) else { continue };
            if other_left > critical.created_at + SEEN_WITHIN && other_left < left {
                let what = format!("critical delivery {} left after {}, which is not", critical.id, other.id);
                verdict.add(Kind::Reordered, what);
            }
            if other.created_at < critical.created_at && other_left > left {
                overtaken.insert(&other.id);
            }
        }
    }
    tally.overtaken = overtaken.len();
    if overtaken.is_empty() {
        verdict.add(Kind::Broken, "nothing waited when critical alerts came, so nothing is shown of them");
    }
}
