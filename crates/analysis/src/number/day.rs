//! Days of a month, which count nothing: "28 November", "le 28 novembre", "Nov. 28", "28-30 May".

use super::{Number, starts_figure};
use crate::claims::lexicon::{Hit, Reading, Role};
use crate::text::{Doc, Gap};

/// The longest abbreviation that has a stop: "Sept. 28".
const MAX_SHORT: usize = 5;
/// Words between a day and its month: "28 de noviembre", "28th of November".
const LINKS: [&str; 4] = ["de", "of", "di", "do"];
/// Words before a month that has a day behind it: "on November 28".
const ON: [&str; 4] = ["on", "dated", "sur", "pada"];
/// Words behind a "May" that is no month, in titles: "20 May Be Dead".
const MAY: [&str; 7] = ["be", "have", "not", "well", "need", "face", "lose"];
/// What may stand between a day and its month besides white space.
const MARKS: [&str; 4] = ["", ".", "-", "/"];

/// Whether a number that is not bound by any word is a day, since a month stands beside it.
pub(super) fn is_day(doc: &Doc, reading: &Reading, number: &Number) -> bool {
    let last = number.high.unwrap_or(number.said);
    let is_small = number.said >= 1.0 && last <= 31.0 && number.said.fract() == 0.0;
    is_small
        && starts_figure(doc, number.first)
        && (before_month(doc, reading, number) || behind_month(doc, reading, number))
}

/// Whether a hit is a month and no other word: "may", "march" and "mar" are others when written small.
pub(crate) fn is_month(doc: &Doc, hit: &Hit) -> bool {
    let token = &doc.tokens[hit.first];
    let is_other = matches!(doc.folded(token), "may" | "march" | "mar" | "sep" | "dec" | "set" | "des");
    matches!(hit.role, Role::Month(_)) && (token.capital || !is_other)
}

fn before_month(doc: &Doc, reading: &Reading, number: &Number) -> bool {
    let linked = doc.tokens.get(number.after).is_some_and(|token| LINKS.contains(&doc.folded(token)));
    let at = number.after + usize::from(linked);
    let Some(token) = doc.tokens.get(at) else { return false };
    let between = if linked { "" } else { &doc.clean.text[number.end..token.start] };
    let is_verb = doc.folded(token) == "may"
        && doc.tokens.get(at + 1).is_some_and(|next| MAY.contains(&doc.folded(next)));
    is_mark(between) && !is_verb && reading.at(at).iter().any(|hit| is_month(doc, hit))
}

/// "November 28 killed 3" is a day, "in November 28 died" and "November 28 people" are none.
fn behind_month(doc: &Doc, reading: &Reading, number: &Number) -> bool {
    let from = number.first.saturating_sub(3);
    let month = reading
        .within((from, number.first))
        .iter()
        .find(|hit| hit.after == number.first && is_month(doc, hit));
    let Some(month) = month else { return false };
    let last = &doc.tokens[month.after - 1];
    let between = &doc.clean.text[last.end..doc.tokens[number.first].start];
    let ends = between.contains('.') && last.end - last.start > MAX_SHORT;
    if ends || !is_mark(between) {
        return false;
    }
    let on = month.first.checked_sub(1).is_some_and(|at| ON.contains(&doc.folded(&doc.tokens[at])));
    match counted(doc, reading, number.after) {
        Some(Counted::People) => false,
        Some(Counted::Said) => on,
        None => true,
    }
}

/// What a number counts, by the word right behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    People,
    /// What is said of them, which has no number of its own behind it: "28 died".
    Said,
}

/// What the number before token `after` counts.
pub(crate) fn counted(doc: &Doc, reading: &Reading, after: usize) -> Option<Counted> {
    let soft = doc.tokens.get(after).is_some_and(|token| token.gap == Gap::Soft);
    let next = || reading.at(after).iter().filter(|_| soft);
    if next().any(|hit| hit.role == Role::People) {
        return Some(Counted::People);
    }
    let said = next().find(|hit| matches!(hit.role, Role::Topic(cue) if cue.has('b')))?;
    let has_own = starts_figure(doc, said.after)
        || reading.at(said.after).iter().any(|hit| matches!(hit.role, Role::Value(..) | Role::Bound(_)));
    (!has_own).then_some(Counted::Said)
}

fn is_mark(between: &str) -> bool {
    !between.contains('\n') && MARKS.contains(&between.trim())
}
