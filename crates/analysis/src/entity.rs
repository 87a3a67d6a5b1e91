//! Things named in a text: places, magnitudes, numbers of casualties, hashtags.

mod magnitude;

use crisislens_model::ClaimTopic;
use crisislens_model::item::Entity;

use crate::claims::counts::Counter;
use crate::claims::lexicon::{Hit, Reading, Role};
use crate::claims::slots::denials;
use crate::lexicon::{Find, Sense};
use crate::number;
use crate::place::Mention;
use crate::text::Doc;

pub(crate) use magnitude::magnitude;

/// Most entities of one item.
const MAX_ENTITIES: usize = 128;

/// The figures a text gives.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Figures {
    /// Largest magnitude named.
    pub(crate) magnitude: Option<f64>,
    /// Largest number of dead.
    pub(crate) dead: u64,
    /// Largest number of injured.
    pub(crate) hurt: u64,
    /// Largest number of missing or trapped.
    pub(crate) missing: u64,
}

/// Collects entities and figures.
pub(crate) fn collect(
    raw_text: &str,
    doc: &Doc,
    mentions: &[Mention],
    reading: &Reading,
    seismic: bool,
) -> (Vec<Entity>, Figures) {
    let mut out = Vec::new();
    for mention in mentions {
        push(raw_text, doc, &mut out, "place", (mention.start, mention.end));
    }
    for range in &doc.hashtags {
        push(raw_text, doc, &mut out, "hashtag", *range);
    }
    let mut figures = Figures::default();
    let mut read_to = 0;
    for index in 0..doc.tokens.len() {
        if doc.tokens[index].start < read_to {
            continue;
        }
        if let Some((value, range)) = magnitude(doc, index, seismic) {
            read_to = range.1;
            figures.magnitude = Some(figures.magnitude.map_or(value, |other| other.max(value)));
            push(raw_text, doc, &mut out, "magnitude", range);
        }
    }
    let numbers = number::all(doc, reading);
    for counted in Counter::new(doc, reading, &numbers).find((0, doc.tokens.len())) {
        let Some(number) = counted.number else { continue };
        let cue = (doc.tokens[counted.at.0].start, doc.tokens[counted.at.1 - 1].end);
        push(raw_text, doc, &mut out, "casualties", (number.start.min(cue.0), number.end.max(cue.1)));
        let said = (counted.at.0.min(number.first), counted.at.1.max(number.after));
        if is_denied(doc, reading, said) {
            continue;
        }
        let slot = match counted.cue.topic {
            ClaimTopic::Deaths => &mut figures.dead,
            ClaimTopic::Injured => &mut figures.hurt,
            ClaimTopic::Missing => &mut figures.missing,
            _ => continue,
        };
        // Counts are whole and at most ten million.
        *slot = (*slot).max(number.said as u64);
    }
    out.sort_by(|a, b| a.start.cmp(&b.start).then_with(|| a.kind.cmp(&b.kind)));
    out.truncate(MAX_ENTITIES);
    (out, figures)
}

/// Words that say of a whole sentence that it is not so. Who “denies” something may well tell a toll in the same sentence.
const UNTRUE: [&str; 16] = [
    "false", "fake", "hoax", "untrue", "true", "debunked", "falso", "falsa", "bulo", "mentira", "faux",
    "intox", "boato", "bufala", "falsch", "hoaks",
];

/// Whether the casualties in tokens `said` are denied: by a word right before them, or by the whole sentence.
fn is_denied(doc: &Doc, reading: &Reading, said: (usize, usize)) -> bool {
    if denials(reading, doc, said, true).0 {
        return true;
    }
    let between = |at: usize| &doc.clean.text[doc.tokens[at - 1].end..doc.tokens[at].start];
    let ends = |at: &usize| between(*at).contains(['.', '!', '?', '\n', '…', '。', '।']);
    let from = (1..=said.0).rev().find(ends).unwrap_or(0);
    let to = (said.1..doc.tokens.len()).find(ends).unwrap_or(doc.tokens.len());
    let is_untrue = |hit: &Hit| {
        hit.role == Role::Negation('s') && UNTRUE.contains(&doc.folded(&doc.tokens[hit.after - 1]))
    };
    reading.within((from, to)).iter().any(is_untrue)
}

/// The topics found, each once, in the order of their first word.
pub(crate) fn topics(finds: &[Find]) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    for find in finds {
        if let Sense::Topic(topic) = find.term.sense
            && !topics.iter().any(|known| known == topic)
        {
            topics.push(topic.to_owned());
        }
    }
    topics
}

fn push(raw_text: &str, doc: &Doc, out: &mut Vec<Entity>, kind: &str, (start, end): (usize, usize)) {
    if let Some((from, to)) = doc.clean.origin(start, end)
        && let Some(text) = raw_text.get(from..to)
    {
        out.push(Entity { kind: kind.to_owned(), text: text.to_owned(), start: from });
    }
}
