//! Measures: magnitudes, heights of water and rain, speeds of wind and areas, each in one unit.

use crisislens_model::ClaimTopic;
use crisislens_model::claim::Quantity;

use super::lexicon::{Reading, Role, Terms};
use super::slots::{Found, denials, quantity};
use crate::entity::magnitude;
use crate::number::{Number, digit, starts_figure};
use crate::text::{Doc, Gap};

/// Units that are written with a stroke, which parts words.
const STROKES: [(&str, &str, f64); 6] = [
    ("km/h", "km/h", 1.0),
    ("km/hr", "km/h", 1.0),
    ("km/jam", "km/h", 1.0),
    ("mi/h", "km/h", 1.609_344),
    ("m/s", "km/h", 3.6),
    ("kmph", "km/h", 1.0),
];
/// Words behind a height that say it is the height above something, not that of the water.
const RELATIVE: [&str; 11] =
    ["above", "below", "higher", "lower", "away", "wide", "long", "sobre", "por", "uber", "unter"];
/// Most words between a magnitude's word and its number.
const MAX_TO_MAGNITUDE: usize = 2;
/// What can be believed of each measure, in its unit.
const BELIEVED: [(ClaimTopic, &str, f64); 4] = [
    (ClaimTopic::WaterLevel, "m", 300.0),
    (ClaimTopic::WaterLevel, "mm", 5_000.0),
    (ClaimTopic::WindSpeed, "km/h", 520.0),
    (ClaimTopic::Area, "ha", 100_000_000.0),
];

/// Every measure in `tokens` of `doc`.
pub(super) fn find(
    terms: &Terms,
    doc: &Doc,
    reading: &Reading,
    numbers: &[Number],
    tokens: (usize, usize),
    seismic: bool,
) -> Vec<Found> {
    let mut found: Vec<Found> = numbers
        .iter()
        .filter(|number| tokens.0 <= number.first && number.after <= tokens.1)
        .filter_map(|number| of_number(terms, doc, reading, number, tokens))
        .collect();
    let mut read_to = 0;
    for index in tokens.0..tokens.1 {
        if let Some((value, range)) = magnitude(doc, index, seismic).filter(|_| index >= read_to) {
            read_to = doc.tokens.partition_point(|token| token.start < range.1);
            found.push(shock(reading, doc, value, (index, read_to)));
        }
    }
    found
}

fn of_number(
    terms: &Terms,
    doc: &Doc,
    reading: &Reading,
    number: &Number,
    tokens: (usize, usize),
) -> Option<Found> {
    let at = (number.first, number.after);
    if let Some(cue) = magnitude_word(doc, reading, number, tokens) {
        let span = (at.0.min(cue.0), at.1.max(cue.1));
        return Some(Found { at: span, ..shock(reading, doc, number.said, at) });
    }
    let (unit, factor, after) = unit_of(terms, doc, reading, number)?;
    let topic = match unit {
        "km/h" => ClaimTopic::WindSpeed,
        "ha" => ClaimTopic::Area,
        _ => ClaimTopic::WaterLevel,
    };
    let subject = subject_of(reading, topic, at, tokens)?;
    let next = doc.tokens.get(after).filter(|token| token.gap == Gap::Soft);
    if next.is_some_and(|token| RELATIVE.contains(&doc.folded(token))) {
        return None;
    }
    let Quantity { low, high, .. } = quantity(number, unit);
    let (low, high) = (round(low * factor), high.map(|high| round(high * factor)));
    let most = BELIEVED.iter().find(|(of, name, _)| *of == topic && *name == unit)?.2;
    if high.unwrap_or(low) > most || high.unwrap_or(low) <= 0.0 {
        return None;
    }
    Some(Found {
        topic,
        subject,
        negated: denials(reading, doc, at, true).0,
        quantity: Some(Quantity { low, high, unit: unit.to_owned() }),
        at: (at.0, after),
    })
}

fn shock(reading: &Reading, doc: &Doc, value: f64, at: (usize, usize)) -> Found {
    Found {
        topic: ClaimTopic::Magnitude,
        subject: "",
        negated: denials(reading, doc, at, true).0,
        quantity: Some(Quantity { low: value, high: Some(value), unit: "magnitude".to_owned() }),
        at,
    }
}

/// The word for magnitude beside `number`, where the number can be one.
fn magnitude_word(
    doc: &Doc,
    reading: &Reading,
    number: &Number,
    tokens: (usize, usize),
) -> Option<(usize, usize)> {
    let soft = |from: usize, to: usize| doc.tokens[from..to].iter().all(|token| token.gap == Gap::Soft);
    let figures = doc.clean.text[number.start..].starts_with(|char| digit(char).is_some());
    if !figures || !(1.0..10.0).contains(&number.said) || number.suffix.is_some() {
        return None;
    }
    // English forms are read by `entity::magnitude`, which knows more of them.
    let window = (
        tokens.0.max(number.first.saturating_sub(MAX_TO_MAGNITUDE + 2)),
        tokens.1.min(number.after + MAX_TO_MAGNITUDE + 1),
    );
    reading
        .within(window)
        .iter()
        .filter(|hit| matches!(hit.role, Role::Topic(cue) if cue.topic == ClaimTopic::Magnitude))
        .find(|hit| {
            // "magnitude 6 killed 3": the nearest figures are the magnitude's.
            let is_first = |from: usize| !(from..number.first).any(|at| starts_figure(doc, at));
            let before = hit.after <= number.first
                && number.first - hit.after <= MAX_TO_MAGNITUDE
                && is_first(hit.after)
                && soft(hit.after, number.first + 1);
            let behind = hit.first >= number.after
                && hit.first - number.after <= MAX_TO_MAGNITUDE
                && soft(number.after, hit.first + 1);
            before || behind
        })
        .map(|hit| (hit.first, hit.after))
}

/// The unit behind `number`, its factor, and the token after it.
fn unit_of(
    terms: &Terms,
    doc: &Doc,
    reading: &Reading,
    number: &Number,
) -> Option<(&'static str, f64, usize)> {
    let end = number.suffix.map_or(number.end, |(from, _)| from);
    let rest = doc.clean.text[end..].trim_start_matches([' ', '-']);
    for (written, unit, factor) in STROKES {
        let part = rest.get(..written.len()).filter(|part| part.eq_ignore_ascii_case(written));
        let ends = part.is_some() && !rest[written.len()..].starts_with(char::is_alphanumeric);
        if ends {
            let to = doc.clean.text.len() - rest.len() + written.len();
            return Some((unit, factor, doc.tokens.partition_point(|token| token.start < to)));
        }
    }
    if let Some((from, to)) = number.suffix {
        let (unit, factor) = terms.unit(&crate::text::fold::key(&doc.clean.text[from..to]))?;
        return Some((unit, factor, number.after));
    }
    let soft = doc.tokens.get(number.after)?.gap == Gap::Soft;
    reading.at(number.after).iter().filter(|_| soft).find_map(|hit| match hit.role {
        Role::Unit(unit, factor) => Some((unit, factor, hit.after)),
        _ => None,
    })
}

/// What the measure is of: the nearest word in the sentence that says so.
fn subject_of(
    reading: &Reading,
    topic: ClaimTopic,
    at: (usize, usize),
    tokens: (usize, usize),
) -> Option<&'static str> {
    let distance =
        |first: usize, after: usize| if after <= at.0 { at.0 - after } else { first.saturating_sub(at.1) };
    reading
        .within(tokens)
        .iter()
        .filter_map(|hit| match hit.role {
            Role::Topic(cue) if cue.topic == topic => Some((distance(hit.first, hit.after), cue.subject)),
            _ => None,
        })
        .min_by_key(|(far, _)| *far)
        .map(|(_, subject)| subject)
}

/// Two decimals: more would pretend.
fn round(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
