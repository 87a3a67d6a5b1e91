//! What a sentence states, in parts: topic, subject, number with unit, and whether it is denied.

use crisislens_model::ClaimTopic;
use crisislens_model::claim::Quantity;

use super::counts::{Counter, is_counted};
use super::lexicon::{Cue, Hit, Reading, Role, Terms, Tone};
use super::measure;
use crate::number::Number;
use crate::text::{Doc, Gap};

/// Most words between a topic's word and its subject.
const MAX_TO_SUBJECT: usize = 6;
/// Most words between a denial and what it denies.
const MAX_TO_DENIED: usize = 5;
/// Most words behind what is ended or denied.
const MAX_TO_ENDING: usize = 6;
/// Most statements of one sentence.
const MAX_FOUND: usize = 8;

/// One statement of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Found {
    pub(crate) topic: ClaimTopic,
    pub(crate) subject: &'static str,
    pub(crate) negated: bool,
    pub(crate) quantity: Option<Quantity>,
    /// The tokens that say it.
    pub(crate) at: (usize, usize),
}

/// What `tokens` of `doc`, one sentence, state.
pub(crate) fn find(
    terms: &Terms,
    doc: &Doc,
    reading: &Reading,
    numbers: &[Number],
    tokens: (usize, usize),
    seismic: bool,
) -> Vec<Found> {
    let mut found = Vec::new();
    let measured = measure::find(terms, doc, reading, numbers, tokens, seismic);
    let free: Vec<Number> = numbers
        .iter()
        .filter(|number| !measured.iter().any(|one| one.at.0 < number.after && number.first < one.at.1))
        .copied()
        .collect();
    found.extend(measured);
    let mut counter = Counter::new(doc, reading, &free);
    let wish = has_tone(reading, tokens, Tone::Wish);
    for counted in counter.find(tokens) {
        if counted.number.is_none() && wish {
            continue;
        }
        let unit = if is_of_people(counted.cue.topic) { "people" } else { "" };
        found.push(Found {
            topic: counted.cue.topic,
            subject: counted.cue.subject,
            negated: is_negated(reading, doc, tokens, counted.cue, counted.at, counted.number.as_ref()),
            quantity: counted.number.map(|number| quantity(&number, unit)),
            at: span(counted.at, counted.number.as_ref()),
        });
    }
    if !wish {
        for hit in reading.within(tokens) {
            let Role::Topic(cue) = hit.role else { continue };
            found.extend(other(&mut counter, reading, doc, tokens, cue, hit));
        }
    }
    found.sort_by_key(|one| one.at);
    tidy(&mut found);
    found
}

/// A statement whose word needs a subject or an illness near it, or nothing at all.
fn other(
    counter: &mut Counter<'_>,
    reading: &Reading,
    doc: &Doc,
    tokens: (usize, usize),
    cue: Cue,
    hit: &Hit,
) -> Option<Found> {
    let at = (hit.first, hit.after);
    let mut found = Found {
        topic: cue.topic,
        subject: cue.subject,
        negated: is_negated(reading, doc, tokens, cue, at, None),
        quantity: None,
        at,
    };
    if cue.has('d') {
        nearest(reading, tokens, at, |role| role == Role::Disease)?;
    } else if cue.has('s') {
        let near = nearest(reading, tokens, at, |role| is_subject_of(role, cue.topic))?;
        if cue.has('j') && near.first != at.1 {
            return None;
        }
        let Role::Subject(name) = near.role else { return None };
        found.subject = name;
        if cue.topic == ClaimTopic::Damage {
            let number = counter.things(near.first);
            found.quantity = number.map(|number| quantity(&number, ""));
            found.at = span((at.0.min(near.first), at.1.max(near.after)), number.as_ref());
        }
    } else if is_counted(cue.topic) || cue.has('m') || cue.topic == ClaimTopic::Magnitude {
        return None;
    }
    Some(found)
}

/// What can be said to be closed, damaged, out of order or running out.
fn is_subject_of(role: Role, topic: ClaimTopic) -> bool {
    let Role::Subject(name) = role else { return false };
    let list: &[&str] = match topic {
        ClaimTopic::Closure => {
            &["road", "bridge", "tunnel", "school", "airport", "hospital", "port", "rail", "border", "shop"]
        }
        ClaimTopic::Outage => &["power", "water", "phone", "internet", "gas"],
        ClaimTopic::Shortage => {
            &["food", "water", "fuel", "medicine", "oxygen", "blood", "bed", "shelter", "power"]
        }
        _ => &[
            "building", "bridge", "road", "school", "hospital", "dam", "crops", "vehicle", "port", "airport",
            "rail", "tunnel", "power",
        ],
    };
    list.contains(&name)
}

/// The nearest term in the sentence that `wanted` names, at most [`MAX_TO_SUBJECT`] words away; of two equally near ones that before.
fn nearest(
    reading: &Reading,
    tokens: (usize, usize),
    at: (usize, usize),
    wanted: impl Fn(Role) -> bool,
) -> Option<&Hit> {
    let window =
        (tokens.0.max(at.0.saturating_sub(MAX_TO_SUBJECT + 3)), tokens.1.min(at.1 + MAX_TO_SUBJECT + 1));
    let distance =
        |hit: &Hit| if hit.after <= at.0 { at.0 - hit.after } else { hit.first.saturating_sub(at.1) };
    reading
        .within(window)
        .iter()
        .filter(|hit| wanted(hit.role) && distance(hit) <= MAX_TO_SUBJECT)
        .min_by_key(|hit| distance(hit))
}

/// Whether an odd number of denials, endings and reversals stands with the word.
fn is_negated(
    reading: &Reading,
    doc: &Doc,
    tokens: (usize, usize),
    cue: Cue,
    at: (usize, usize),
    number: Option<&Number>,
) -> bool {
    let from = number.map_or(at.0, |number| number.first.min(at.0));
    let (denied, _) = denials(reading, doc, (from, at.1), number.is_some());
    let sentence = reading.within(tokens);
    let ends = matches!(cue.topic, ClaimTopic::Evacuation | ClaimTopic::Closure)
        && sentence.iter().any(|hit| {
            hit.role == Role::Negation('e') && hit.first >= at.1 && hit.first - at.1 <= MAX_TO_ENDING
        });
    let whole = sentence.iter().any(|hit| hit.role == Role::Negation('s'));
    denied ^ cue.has('x') ^ ends ^ whole
}

/// Whether tokens `at` are denied by a word before, between or behind them, and where that stands. With a number only a denial right
/// before it or between it and its word counts: "no warning, 3 dead".
pub(crate) fn denials(reading: &Reading, doc: &Doc, at: (usize, usize), numbered: bool) -> (bool, usize) {
    let reach = if numbered { 1 } else { MAX_TO_DENIED };
    let from = at.0.saturating_sub(reach + 2);
    let clear = |from: usize, to: usize| doc.tokens[from..to].iter().all(|token| token.gap != Gap::Hard);
    let before = reading.within((from, at.1)).iter().rev().find(|hit| {
        let near = hit.after + reach >= at.0;
        hit.role == Role::Negation('f')
            && near
            && hit.after <= at.1
            && clear(hit.first + 1, at.0.max(hit.first + 1))
    });
    if let Some(hit) = before.filter(|hit| !is_taken(reading, hit.after, at.0)) {
        return (true, hit.first);
    }
    let to = (at.1 + MAX_TO_DENIED).min(doc.tokens.len());
    let behind = reading
        .within((at.1, to))
        .iter()
        .find(|hit| hit.role == Role::Negation('a') && clear(at.1, hit.first + 1));
    behind.map_or((false, at.0), |hit| (true, hit.first))
}

/// Whether a word that the denial means already stands between: "no power and roads closed".
fn is_taken(reading: &Reading, from: usize, to: usize) -> bool {
    let cues = reading
        .within((from, to))
        .iter()
        .filter(|hit| matches!(hit.role, Role::Topic(cue) if !cue.has('m') && !is_counted(cue.topic)));
    cues.count() > 0
}

/// The quantity of `number`.
pub(super) fn quantity(number: &Number, unit: &str) -> Quantity {
    Quantity { low: number.low, high: number.high, unit: unit.to_owned() }
}

fn span(at: (usize, usize), number: Option<&Number>) -> (usize, usize) {
    number.map_or(at, |number| (at.0.min(number.first), at.1.max(number.after)))
}

fn is_of_people(topic: ClaimTopic) -> bool {
    matches!(
        topic,
        ClaimTopic::Deaths
            | ClaimTopic::Injured
            | ClaimTopic::Missing
            | ClaimTopic::Displaced
            | ClaimTopic::Evacuation
    )
}

fn has_tone(reading: &Reading, tokens: (usize, usize), tone: Tone) -> bool {
    reading.within(tokens).iter().any(|hit| hit.role == Role::Tone(tone))
}

/// Each statement once; one without a number says nothing beside one with a number.
fn tidy(found: &mut Vec<Found>) {
    let all = found.clone();
    let same = |one: &Found, two: &Found| one.topic == two.topic && one.subject == two.subject;
    let mut index = 0;
    found.retain(|one| {
        let at = index;
        index += 1;
        let told = all.iter().any(|two| same(one, two) && one.quantity.is_none() && two.quantity.is_some());
        let again = all[..at].iter().any(|two| {
            same(one, two)
                && one.quantity == two.quantity
                && (one.negated == two.negated || one.quantity.is_none())
        });
        !told && !again
    });
    found.truncate(MAX_FOUND);
}
