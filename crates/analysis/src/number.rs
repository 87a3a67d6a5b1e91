//! Numbers in a text, read one way for everyone: figures of any script with their separators, number words, scales ("1 lakh"), ranges
//! and bounds ("at least"). What is no number of things (a phone number, a date, a score, a time, a price, a share) is not read.

mod day;
mod figure;
mod label;

use crisislens_model::ClaimTopic;

use crate::claims::lexicon::{Bound, Reading, Role};
use crate::text::{Doc, Gap};
pub(crate) use day::{counted, is_month};
use figure::Figure;
pub(crate) use figure::digit;
pub(crate) use label::is_magnitude;

/// Most numbers of one text.
const MAX_NUMBERS: usize = 256;
/// Most further parts of one number: crores, lakhs, thousands.
const MAX_PARTS: usize = 3;
/// How far "about" reaches, as a share.
const ABOUT: f64 = 0.1;
/// Between these and the word for "and" stands the first end of a range.
const BETWEEN: [&str; 5] = ["between", "entre", "zwischen", "tra", "fra"];
const AND: [&str; 5] = ["and", "y", "et", "e", "und"];
/// Between tens and units: "treinta y cinco", "trinta e cinco".
const TENS_AND: [&str; 2] = ["y", "e"];
/// Words before "5m" that are of heights: "water rose 5m people trapped".
const HEIGHTS: [&str; 16] = [
    "rose", "rise", "rises", "rising", "high", "height", "deep", "depth", "level", "levels", "wave", "waves",
    "water", "waters", "river", "surge",
];
/// So many words before are looked at.
const HEIGHT_WORDS: usize = 3;
/// Letters right behind figures that count people in so many: "3M people", "2.5L displaced".
const SHORT_SCALES: [(&str, f64); 6] =
    [("M", 1e6), ("m", 1e6), ("mn", 1e6), ("L", 1e5), ("cr", 1e7), ("Cr", 1e7)];

/// A number as it was said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Number {
    /// First byte in the cleaned text, without the words that bound it.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// First token, with the words that bound it.
    pub(crate) first: usize,
    /// Token after the last.
    pub(crate) after: usize,
    /// The number that is named; of a range the lower.
    pub(crate) said: f64,
    /// At least this.
    pub(crate) low: f64,
    /// At most this.
    pub(crate) high: Option<f64>,
    /// Bytes of the letters behind the figures: the unit in "120mph".
    pub(crate) suffix: Option<(usize, usize)>,
    /// May be a year.
    pub(crate) is_year: bool,
    /// "1.200", which is a thousand and more where whole things are counted.
    is_dotted: bool,
}

impl Number {
    /// The number as a count of whole things.
    pub(crate) fn count(mut self) -> Option<Self> {
        if self.is_dotted {
            self = self.times(1000.0);
        }
        let whole = self.said.fract().abs() < 1e-6 && self.said >= 1.0;
        (whole && self.suffix.is_none()).then_some(self)
    }

    fn times(self, factor: f64) -> Self {
        let times = |value: f64| tidy(value * factor);
        Self { said: times(self.said), low: times(self.low), high: self.high.map(times), ..self }
    }
}

/// Every number of `doc`, in its order.
pub(crate) fn all(doc: &Doc, reading: &Reading) -> Vec<Number> {
    let mut numbers = Vec::new();
    let mut index = 0;
    while index < doc.tokens.len() && numbers.len() < MAX_NUMBERS {
        match read(doc, reading, index) {
            Some(number) => {
                index = number.after;
                numbers.push(number);
            }
            None => index += 1,
        }
    }
    numbers
}

/// The number that begins at token `index`.
fn read(doc: &Doc, reading: &Reading, index: usize) -> Option<Number> {
    let mut number = plain(doc, reading, index, false)?;
    if label::is_labelled(doc, reading, index, number.after) {
        return None;
    }
    if let Some(high) = range_end(doc, reading, &number) {
        number = join(doc, number, high)?;
    }
    if day::is_day(doc, reading, &number) {
        return None;
    }
    if doc.clean.text[number.end..].starts_with('+') {
        number.high = None;
    }
    bound(doc, reading, &mut number);
    Some(number)
}

/// Figures with a scale, or words.
fn plain(doc: &Doc, reading: &Reading, index: usize, ends_range: bool) -> Option<Number> {
    let mut number = match figure::read(doc, index, reading.comma_decimal, ends_range) {
        Some(figure) => of_figure(doc, index, figure),
        None => of_words(doc, reading, index)?,
    };
    if let Some(factor) = short_scale(doc, reading, &number) {
        number = Number { suffix: None, is_dotted: false, ..number.times(factor) };
    }
    let mut scale = f64::INFINITY;
    while let Some(hit) = reading.at(number.after).iter().find(|hit| matches!(hit.role, Role::Scale(_))) {
        let Role::Scale(factor) = hit.role else { break };
        if number.suffix.is_some() || doc.tokens[hit.first].gap != Gap::Soft {
            break;
        }
        number = Number { is_dotted: false, is_year: false, ..number.times(factor) };
        number.after = hit.after;
        number.end = doc.tokens[hit.after - 1].end;
        scale = factor;
    }
    if scale.is_finite() {
        rest(doc, reading, &mut number, scale)
    }
    Some(number)
}

/// What is left of a number in parts: "2 lakh 50 thousand" is both. Each part is of a smaller scale than the one before.
fn rest(doc: &Doc, reading: &Reading, number: &mut Number, scale: f64) {
    let mut scale = scale;
    for _ in 0..MAX_PARTS {
        let soft = doc.tokens.get(number.after).is_some_and(|token| token.gap == Gap::Soft);
        let part = if soft && starts_figure(doc, number.after) {
            let figure = figure::read(doc, number.after, reading.comma_decimal, false);
            figure.map(|figure| of_figure(doc, number.after, figure))
        } else {
            None
        };
        let Some(part) = part.filter(|part| part.suffix.is_none() && part.said >= 1.0) else { return };
        let factor = reading.at(part.after).iter().find_map(|hit| match hit.role {
            Role::Scale(factor) if doc.tokens[hit.first].gap == Gap::Soft => Some((factor, hit.after)),
            _ => None,
        });
        let Some((factor, after)) = factor.filter(|(factor, _)| part.said * factor < scale) else { return };
        let more = part.said * factor;
        number.said = tidy(number.said + more);
        number.low = tidy(number.low + more);
        number.high = number.high.map(|high| tidy(high + more));
        (number.after, number.end) = (after, doc.tokens[after - 1].end);
        scale = factor;
    }
}

/// What the letters right behind figures stand for where people are counted.
fn short_scale(doc: &Doc, reading: &Reading, number: &Number) -> Option<f64> {
    let (from, to) = number.suffix?;
    let letters = &doc.clean.text[from..to];
    let factor = SHORT_SCALES.iter().find(|(name, _)| *name == letters)?.1;
    let soft = doc.tokens.get(number.after)?.gap == Gap::Soft;
    let people = reading.at(number.after).iter().any(|hit| match hit.role {
        Role::People => true,
        Role::Topic(cue) => cue.topic == ClaimTopic::Displaced && cue.has('b'),
        _ => false,
    });
    let before = &doc.tokens[number.first.saturating_sub(HEIGHT_WORDS)..number.first];
    let is_height = letters == "m" && before.iter().any(|token| HEIGHTS.contains(&doc.folded(token)));
    (soft && people && !is_height).then_some(factor)
}

fn of_figure(doc: &Doc, index: usize, figure: Figure) -> Number {
    let token = &doc.tokens[figure.after - 1];
    let suffix = (figure.end < token.end).then_some((figure.end, token.end));
    let number = Number {
        start: doc.tokens[index].start,
        end: token.end,
        first: index,
        after: figure.after,
        said: figure.value,
        low: figure.value,
        high: Some(figure.value),
        suffix,
        is_year: figure.is_year,
        is_dotted: figure.is_dotted,
    };
    match suffix.map(|(from, to)| &doc.clean.text[from..to]) {
        Some("k" | "K") => Number { suffix: None, ..number.times(1000.0) },
        _ => number,
    }
}

/// "three", "twenty five", "two hundred", "dozens".
fn of_words(doc: &Doc, reading: &Reading, index: usize) -> Option<Number> {
    let value = |at: usize| {
        reading.at(at).iter().find_map(|hit| match hit.role {
            Role::Value(value, open) => Some((value, open, hit.after)),
            _ => None,
        })
    };
    let (mut said, open, mut after) = value(index)?;
    // "$12 mil" is no "mil" by itself.
    let scaled = reading.at(index).iter().any(|hit| matches!(hit.role, Role::Scale(_)));
    if scaled
        && doc.tokens[index].gap == Gap::Soft
        && index.checked_sub(1).is_some_and(|at| starts_figure(doc, at))
    {
        return None;
    }
    // "one of the dead" counts nobody.
    if said < 1.5 && doc.tokens.get(after).is_some_and(|next| matches!(doc.folded(next), "of" | "de" | "der"))
    {
        return None;
    }
    if (20.0..100.0).contains(&said)
        && !open
        && let at = after + usize::from(is_tens_and(doc, after))
        && let Some((unit, false, next)) = value(at).filter(|(unit, ..)| *unit < 10.0)
        && doc.tokens[after].gap == Gap::Soft
        && doc.tokens[at].gap == Gap::Soft
    {
        said += unit;
        after = next;
    }
    Some(Number {
        start: doc.tokens[index].start,
        end: doc.tokens[after - 1].end,
        first: index,
        after,
        said,
        low: said,
        high: (!open).then_some(said),
        suffix: None,
        is_year: false,
        is_dotted: false,
    })
}

/// "treinta y cinco" is one number; "veinte heridos y cinco muertos" are two.
fn is_tens_and(doc: &Doc, at: usize) -> bool {
    doc.tokens.get(at).is_some_and(|token| TENS_AND.contains(&doc.folded(token)))
}

/// Whether token `index` begins with a figure of any script.
pub(crate) fn starts_figure(doc: &Doc, index: usize) -> bool {
    let token = doc.tokens.get(index);
    token.is_some_and(|token| doc.surface(token).starts_with(|char| figure::digit(char).is_some()))
}

/// The other end of a range that begins with `number`, and whether "from" stands before it.
fn range_end(doc: &Doc, reading: &Reading, number: &Number) -> Option<Number> {
    let next = doc.tokens.get(number.after)?;
    let between = doc.clean.text.get(number.end..next.start)?.trim();
    if matches!(between, "-" | "–" | "—" | "~") {
        return plain(doc, reading, number.after, true);
    }
    let to = reading.at(number.after).iter().find(|hit| hit.role == Role::To)?;
    let before = number.first.checked_sub(1).map_or("", |before| doc.folded(&doc.tokens[before]));
    let joins = AND.contains(&doc.folded(next)) && !BETWEEN.contains(&before);
    if joins || next.gap != Gap::Soft || doc.tokens.get(to.after)?.gap != Gap::Soft {
        return None;
    }
    plain(doc, reading, to.after, false)
}

/// "10 to 15"; "from 10 to 15" tells what it is now. "3-1" is a score, "9-11" may be a date: the first must be the smaller.
fn join(doc: &Doc, mut low: Number, high: Number) -> Option<Number> {
    if let (Some(least), Some(most)) = (low.high, high.high)
        && most >= 1000.0 * least.max(0.001)
        && most % 1000.0 == 0.0
    {
        // "10 to 15 thousand".
        low = low.times(1000.0);
    }
    if low.said >= high.said || is_continued(doc, &high) {
        return None;
    }
    let from = low.first.checked_sub(1).is_some_and(|at| doc.folded(&doc.tokens[at]) == "from");
    let (said, least) = if from { (high.said, high.low) } else { (low.said, low.low) };
    Some(Number {
        start: low.start,
        first: low.first,
        said,
        low: least,
        is_year: low.is_year && high.is_year,
        is_dotted: low.is_dotted && high.is_dotted,
        ..high
    })
}

/// Whether a further hyphen with figures follows: a date or a phone number.
fn is_continued(doc: &Doc, number: &Number) -> bool {
    doc.clean.text[number.end..].starts_with(['-', '/']) && starts_figure(doc, number.after)
}

/// The words before it that bound it, and those behind it in languages that put them there.
fn bound(doc: &Doc, reading: &Reading, number: &mut Number) {
    let from = number.first.saturating_sub(4);
    let before = reading.within((from, number.first)).iter().rev().find(|hit| hit.after == number.first);
    let behind = reading.at(number.after).first().filter(|hit| {
        !doc.surface(&doc.tokens[hit.first]).is_ascii() && doc.tokens[hit.first].gap == Gap::Soft
    });
    let is_bound = |hit: &&crate::claims::lexicon::Hit| matches!(hit.role, Role::Bound(_));
    let soft = doc.tokens[number.first].gap == Gap::Soft;
    if let Some(hit) = before.filter(is_bound).filter(|_| soft) {
        number.first = hit.first;
        apply(hit.role, number);
    } else if let Some(hit) = behind.filter(is_bound) {
        number.after = hit.after;
        apply(hit.role, number);
    }
}

fn apply(role: Role, number: &mut Number) {
    let Role::Bound(bound) = role else { return };
    let said = number.said;
    (number.low, number.high) = match bound {
        Bound::Least => (number.low, None),
        Bound::Most | Bound::Below => (0.0, number.high),
        Bound::About => (tidy(said * (1.0 - ABOUT)), number.high.map(|high| tidy(high * (1.0 + ABOUT)))),
        Bound::Nearly => (tidy(said * (1.0 - ABOUT)), number.high),
    };
}

/// Without the last digits that binary fractions leave.
fn tidy(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests;
