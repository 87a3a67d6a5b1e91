//! What is counted: which number belongs to which word ("12 dead", "killing at least 30", "death toll rises to 247").

use crisislens_model::ClaimTopic;

use super::lexicon::{Cue, Reading, Role};
use crate::number::{self, Number};
use crate::text::{Doc, Gap};

/// Most words between a number and what it counts.
const MAX_BETWEEN: usize = 6;
/// Of those, most that are no known filler: "12 volunteer firefighters were killed".
const MAX_UNKNOWN: usize = 2;
/// Most words between a word of counting and its number.
const MAX_TO_TOLL: usize = 7;
/// Most dead, injured, missing or ill in one event's report.
const MAX_CASUALTIES: f64 = 10_000_000.0;
/// Most of anything else that is counted.
const MAX_COUNT: f64 = 500_000_000.0;
/// Words before a year.
const BEFORE_YEARS: [&str; 33] = [
    "in", "since", "from", "by", "of", "until", "till", "to", "during", "the", "year", "en", "de", "del",
    "desde", "hasta", "ano", "em", "im", "jahr", "seit", "von", "nel", "dal", "anno", "depuis", "annee",
    "tahun", "pada", "sejak", "yil", "sal", "w",
];

/// A word for something counted, with its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Counted {
    pub(crate) cue: Cue,
    /// The tokens of the word.
    pub(crate) at: (usize, usize),
    pub(crate) number: Option<Number>,
}

/// Whether a number can stand with the words of `topic`.
pub(crate) fn is_counted(topic: ClaimTopic) -> bool {
    matches!(
        topic,
        ClaimTopic::Deaths
            | ClaimTopic::Injured
            | ClaimTopic::Missing
            | ClaimTopic::Displaced
            | ClaimTopic::Evacuation
            | ClaimTopic::Cases
            | ClaimTopic::Outage
    )
}

/// Gives each word its number, each number to one word.
pub(crate) struct Counter<'a> {
    doc: &'a Doc,
    reading: &'a Reading,
    numbers: &'a [Number],
    used: Vec<bool>,
}

impl<'a> Counter<'a> {
    pub(crate) fn new(doc: &'a Doc, reading: &'a Reading, numbers: &'a [Number]) -> Self {
        Self { doc, reading, numbers, used: vec![false; numbers.len()] }
    }

    /// Every counted thing in `tokens`, in their order.
    pub(crate) fn find(&mut self, tokens: (usize, usize)) -> Vec<Counted> {
        let reading = self.reading;
        let mut found = Vec::new();
        for hit in reading.within(tokens) {
            let Role::Topic(cue) = hit.role else { continue };
            if !is_counted(cue.topic) || cue.has('s') {
                continue;
            }
            let at = (hit.first, hit.after);
            let number = self.number_of(cue, at);
            if number.is_some() || !cue.has('n') || self.is_denied(at) {
                found.push(Counted { cue, at, number });
            }
        }
        found
    }

    /// The number of the word `cue`.
    fn number_of(&mut self, cue: Cue, at: (usize, usize)) -> Option<Number> {
        let most = match cue.topic {
            ClaimTopic::Deaths | ClaimTopic::Injured | ClaimTopic::Missing | ClaimTopic::Cases => {
                MAX_CASUALTIES
            }
            _ => MAX_COUNT,
        };
        let toll = cue.has('t').then(|| self.behind(at.1, MAX_TO_TOLL, true)).flatten();
        let before = || cue.has('b').then(|| self.before(at.0)).flatten();
        let behind = || cue.has('a').then(|| self.behind(at.1, 3, false)).flatten();
        let other = || cue.has('t').then(|| self.before(at.0)).flatten();
        let index = toll.or_else(before).or_else(behind).or_else(other)?;
        let number = self.numbers[index].count().filter(|number| number.said <= most)?;
        self.used[index] = true;
        Some(number)
    }

    /// Thing counted right before token `at`: "200 houses".
    pub(crate) fn things(&mut self, at: usize) -> Option<Number> {
        let index = self.before(at)?;
        let number = self.numbers[index].count().filter(|number| number.said <= MAX_COUNT)?;
        self.used[index] = true;
        Some(number)
    }

    /// The number that ends before token `at`, where only words for people and the like stand between.
    fn before(&self, at: usize) -> Option<usize> {
        let index = self.numbers.partition_point(|number| number.after <= at).checked_sub(1)?;
        let number = &self.numbers[index];
        if self.used[index] || at - number.after > MAX_BETWEEN || !self.may_count(number) {
            return None;
        }
        let mut unknown = 0;
        for token in number.after..at {
            if self.doc.tokens[token].gap != Gap::Soft {
                return None;
            }
            match self.kind(token) {
                Kind::Skipped => {}
                Kind::Unknown => unknown += 1,
                Kind::Stop => return None,
            }
        }
        let adjacent = self.doc.tokens.get(at).is_none_or(|token| token.gap == Gap::Soft);
        (adjacent && unknown <= MAX_UNKNOWN).then_some(index)
    }

    /// The number that begins at most `limit` tokens behind `at`.
    fn behind(&self, at: usize, limit: usize, any_word: bool) -> Option<usize> {
        let index = self.numbers.partition_point(|number| number.first < at);
        let number = self.numbers.get(index)?;
        if self.used[index] || number.first > at + limit || !self.may_count(number) {
            return None;
        }
        for token in at..=number.first {
            let gap = self.doc.tokens[token].gap;
            let text = &self.doc.clean.text[self.doc.tokens[token - 1].end..self.doc.tokens[token].start];
            let colon = token == at && text.trim() == ":";
            if gap == Gap::Hard && !colon || gap == Gap::Comma && !any_word {
                return None;
            }
            let open = token == number.first || any_word && !self.is_cue(token);
            if !open && !matches!(self.kind(token), Kind::Skipped) {
                return None;
            }
        }
        // "injured 30 died": the number belongs to the word behind it.
        (!self.counts_next(number)).then_some(index)
    }

    /// Whether another word that counts what is before it follows `number` directly.
    fn counts_next(&self, number: &Number) -> bool {
        let soft = self.doc.tokens.get(number.after).is_some_and(|token| token.gap == Gap::Soft);
        soft && self
            .reading
            .at(number.after)
            .iter()
            .any(|hit| matches!(hit.role, Role::Topic(cue) if is_counted(cue.topic) && cue.has('b')))
    }

    /// Whether it can be a number of people or things: no year, no measure, no days or hours.
    fn may_count(&self, number: &Number) -> bool {
        let next = self.reading.at(number.after);
        let soft = self.doc.tokens.get(number.after).is_some_and(|token| token.gap == Gap::Soft);
        let bounded = self.doc.tokens[number.first].start < number.start;
        let barred = soft && next.iter().any(|hit| matches!(hit.role, Role::Bar | Role::Unit(..)));
        let slash = self.doc.clean.text[number.end..].starts_with('/');
        let magnitude = number::is_magnitude(self.doc, number.first);
        let is_year = number.is_year && !bounded && !self.counts_people(number);
        number.count().is_some() && !barred && !slash && !magnitude && !is_year
    }

    /// "killed 2000 people", but not "in 2023 people died".
    fn counts_people(&self, number: &Number) -> bool {
        let before = number.first.checked_sub(1).map(|at| self.doc.folded(&self.doc.tokens[at]));
        before.is_none_or(|word| !BEFORE_YEARS.contains(&word))
            && number::counted(self.doc, self.reading, number.after).is_some()
    }

    fn is_cue(&self, token: usize) -> bool {
        self.reading.at(token).iter().any(|hit| matches!(hit.role, Role::Topic(cue) if is_counted(cue.topic)))
    }

    fn kind(&self, token: usize) -> Kind {
        let mut kind = Kind::Unknown;
        let from = token.saturating_sub(3);
        for hit in self.reading.within((from, token + 1)).iter().filter(|hit| hit.after > token) {
            match hit.role {
                Role::People | Role::Filler | Role::Bound(_) => kind = Kind::Skipped,
                Role::Topic(cue) if is_counted(cue.topic) && !cue.has('n') => return Kind::Stop,
                Role::Bar | Role::Unit(..) | Role::Disease => return Kind::Stop,
                Role::Subject(name) if name != "building" => return Kind::Stop,
                _ => {}
            }
        }
        kind
    }

    /// "no casualties": without a number it still says something.
    fn is_denied(&self, at: (usize, usize)) -> bool {
        super::slots::denials(self.reading, self.doc, at, false).0
    }
}

enum Kind {
    Skipped,
    Unknown,
    Stop,
}
