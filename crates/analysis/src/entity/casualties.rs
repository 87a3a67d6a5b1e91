//! Numbers of people with what happened to them: "120 people were killed", "death toll rises to 247".

use crate::text::{Doc, Gap};

/// Numbers above this are no count of people in one event's report.
const MAX_PEOPLE: u64 = 10_000_000;

/// Words for what happened to people; the flag is true for deaths.
const FATES: [(&str, Fate); 62] = [
    ("dead", Fate::Dead),
    ("killed", Fate::Dead),
    ("deaths", Fate::Dead),
    ("died", Fate::Dead),
    ("fatalities", Fate::Dead),
    ("bodies", Fate::Dead),
    ("kills", Fate::Dead),
    ("lives", Fate::Dead),
    ("muertos", Fate::Dead),
    ("muertes", Fate::Dead),
    ("fallecidos", Fate::Dead),
    ("fallecidas", Fate::Dead),
    ("victimas", Fate::Dead),
    ("morts", Fate::Dead),
    ("tues", Fate::Dead),
    ("deces", Fate::Dead),
    ("mortos", Fate::Dead),
    ("mortes", Fate::Dead),
    ("morti", Fate::Dead),
    ("vittime", Fate::Dead),
    ("deceduti", Fate::Dead),
    ("tote", Fate::Dead),
    ("toten", Fate::Dead),
    ("todesopfer", Fate::Dead),
    ("قتيل", Fate::Dead),
    ("قتلي", Fate::Dead),
    ("شهيد", Fate::Dead),
    ("وفاه", Fate::Dead),
    ("وفيات", Fate::Dead),
    ("شهداء", Fate::Dead),
    ("मौत", Fate::Dead),
    ("मृत", Fate::Dead),
    ("मौतें", Fate::Dead),
    ("मरे", Fate::Dead),
    ("injured", Fate::Hurt),
    ("wounded", Fate::Hurt),
    ("hurt", Fate::Hurt),
    ("injuries", Fate::Hurt),
    ("hospitalized", Fate::Hurt),
    ("heridos", Fate::Hurt),
    ("heridas", Fate::Hurt),
    ("lesionados", Fate::Hurt),
    ("blesses", Fate::Hurt),
    ("feridos", Fate::Hurt),
    ("feriti", Fate::Hurt),
    ("verletzte", Fate::Hurt),
    ("جريح", Fate::Hurt),
    ("مصاب", Fate::Hurt),
    ("جرحي", Fate::Hurt),
    ("घायल", Fate::Hurt),
    ("missing", Fate::Missing),
    ("unaccounted", Fate::Missing),
    ("desaparecidos", Fate::Missing),
    ("disparus", Fate::Missing),
    ("dispersi", Fate::Missing),
    ("vermisst", Fate::Missing),
    ("vermisste", Fate::Missing),
    ("مفقود", Fate::Missing),
    ("مفقودين", Fate::Missing),
    ("लापता", Fate::Missing),
    ("trapped", Fate::Missing),
    ("stranded", Fate::Missing),
];
/// Words that may stand between a number and a fate: "120 people were killed".
const FILLERS: [&str; 40] = [
    "people",
    "persons",
    "person",
    "were",
    "was",
    "are",
    "have",
    "been",
    "has",
    "others",
    "more",
    "confirmed",
    "now",
    "reported",
    "including",
    "residents",
    "civilians",
    "children",
    "personas",
    "personnes",
    "pessoas",
    "persone",
    "menschen",
    "han",
    "sont",
    "sono",
    "lives",
    "at",
    "least",
    "feared",
    "locals",
    "men",
    "women",
    "so",
    "far",
    "also",
    "लोगों",
    "लोग",
    "की",
    "شخص",
];
/// Words for deaths that stand before the number: "death toll rises to 247", "killing at least 30".
const TOLLS: [&str; 5] = ["toll", "killing", "kills", "killed", "injuring"];
/// The same where only a word of counting tells whose number it is: "Zahl der Toten steigt auf 58".
const COUNTED: [&str; 8] =
    ["toten", "todesopfer", "muertos", "fallecidos", "morts", "mortos", "morti", "dead"];
/// Such words of counting.
const COUNTING: [&str; 10] = ["to", "a", "auf", "ad", "para", "reaches", "passes", "tops", "hits", "de"];

/// What happened to people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Died.
    Dead,
    /// Injured.
    Hurt,
    /// Missing or trapped.
    Missing,
}

/// A number of people with what happened to them, beginning at token `index`.
pub(super) fn casualties(doc: &Doc, index: usize) -> Option<(u64, Fate, (usize, usize))> {
    let token = &doc.tokens[index];
    if TOLLS.contains(&doc.folded(token)) {
        return toll(doc, index, false);
    }
    if COUNTED.contains(&doc.folded(token)) {
        return toll(doc, index, true);
    }
    let (count, mut next) = people(doc, index)?;
    let limit = (next + 4).min(doc.tokens.len());
    while next < limit {
        let word = &doc.tokens[next];
        if word.gap != Gap::Soft {
            return None;
        }
        let folded = doc.folded(word);
        if let Some((_, fate)) = FATES.iter().find(|(name, _)| *name == folded) {
            // "200 lives lost" speaks of deaths, "200 lives saved" does not.
            if folded == "lives" && doc.tokens.get(next + 1).is_none_or(|after| doc.folded(after) != "lost") {
                return None;
            }
            return Some((count, *fate, (token.start, word.end)));
        }
        if !FILLERS.contains(&folded) {
            return None;
        }
        next += 1;
    }
    None
}

/// "death toll rises to 247", "killing at least 30".
fn toll(doc: &Doc, index: usize, counting: bool) -> Option<(u64, Fate, (usize, usize))> {
    let token = &doc.tokens[index];
    let fate = if doc.folded(token) == "injuring" { Fate::Hurt } else { Fate::Dead };
    let limit = (index + 6).min(doc.tokens.len());
    for next in index + 1..limit {
        let word = &doc.tokens[next];
        if word.gap == Gap::Hard && doc.clean.text[token.end..word.start].contains(['.', '!', '?', '\n']) {
            return None;
        }
        if let Some((count, after)) = people(doc, next) {
            if counting && !COUNTING.contains(&doc.folded(&doc.tokens[next - 1])) {
                return None;
            }
            return Some((count, fate, (token.start, doc.tokens[after - 1].end)));
        }
    }
    None
}

/// A count at token `index` and the token after it; `1,200` is one number. Years and times are no counts.
fn people(doc: &Doc, index: usize) -> Option<(u64, usize)> {
    let token = doc.tokens.get(index)?;
    let mut digits = doc.folded(token).to_owned();
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return small_number(doc.folded(token)).map(|count| (count, index + 1));
    }
    let mut next = index + 1;
    while let Some(group) = doc.tokens.get(next) {
        let between = &doc.clean.text[doc.tokens[next - 1].end..group.start];
        let part = doc.folded(group);
        if !matches!(between, "," | ".") || part.len() != 3 || !part.bytes().all(|byte| byte.is_ascii_digit())
        {
            break;
        }
        digits.push_str(part);
        next += 1;
    }
    let count: u64 = digits.parse().ok()?;
    let year = next == index + 1 && digits.len() == 4 && (1900..2100).contains(&count);
    (count > 0 && count <= MAX_PEOPLE && !year).then_some((count, next))
}

fn small_number(word: &str) -> Option<u64> {
    Some(match word {
        "one" => 1,
        "two" | "dos" | "deux" | "dois" | "due" | "zwei" => 2,
        "three" | "tres" | "trois" | "tre" | "drei" => 3,
        "four" => 4,
        "five" => 5,
        "six" => 6,
        "seven" => 7,
        "eight" => 8,
        "nine" => 9,
        "ten" => 10,
        "dozens" => 24,
        "hundreds" => 200,
        "thousands" => 2000,
        _ => return None,
    })
}
