//! Names of places in a text: the longest run of words that the gazetteer knows and that is written like a name.
//! Which place a name means is decided in `resolve`.

use super::codes::{code_entries, dotted_code, lone_code, state_code};
use super::features;
use super::gazetteer::{ALTERNATE, AMBIGUOUS, DEMONYM, Entry, Gazetteer, Hit, Kind};
use super::headline;
use super::tagger::Tagger;
use super::words::{BEGINNINGS, NO_PLACES, NOT_A_TOWN, PERSONS, PLACE_WORDS, TITLES};
use crate::lexicon::{Cue, Find, Sense};
use crate::text::{Doc, Gap, Token, fold};

/// Most words of a name.
const MAX_WORDS: usize = 5;
/// Most names taken from one text.
const MAX_MENTIONS: usize = 48;
/// Most meanings of one name that are weighed.
pub(super) const MAX_ENTRIES: usize = 16;
/// In a text without capitals only towns of this size are believed.
const FLAT_CASE_POPULATION: u32 = 150_000;
/// A name and what it may mean.
#[derive(Debug, Clone)]
pub(crate) struct Mention {
    /// First byte in the cleaned text.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// First word.
    pub(crate) first: usize,
    /// Word after the last.
    pub(crate) after: usize,
    /// What it may mean, most people first.
    pub(crate) entries: Vec<Entry>,
    /// Follows the name before it directly or behind a comma: "Paris, Texas".
    pub(crate) qualifies: bool,
    /// Touches a word for a hazard: "#KeralaFloods", "Kerala floods", "flood in Kerala".
    pub(crate) by_hazard: bool,
    /// Stands as a name of its own: not part of a longer hashtag, not the name of a people.
    pub(crate) named: bool,
    /// Believed only because of its place in a few words beside a hazard: the linear models were trained without.
    pub(crate) headline: bool,
}

/// Every name of a place in `doc`: where `tagger` reads the text, its names, and what the rules find beside names.
pub(crate) fn find(
    gazetteer: &Gazetteer,
    tagger: Option<&Tagger>,
    doc: &Doc,
    finds: &[Find],
) -> Vec<Mention> {
    let found = by_rules_and_tagger(gazetteer, tagger, doc, finds);
    if !found.is_empty() {
        return found;
    }
    let mut found: Vec<Mention> = headline::find(gazetteer, doc, finds).into_iter().collect();
    bar_storm_names(doc, finds, &mut found);
    relate(doc, finds, &mut found);
    found
}

fn by_rules_and_tagger(
    gazetteer: &Gazetteer,
    tagger: Option<&Tagger>,
    doc: &Doc,
    finds: &[Find],
) -> Vec<Mention> {
    let rules = by_rules(gazetteer, doc, finds);
    let Some(tagger) = tagger else { return rules };
    let spans = tagger.spans(&features::of(gazetteer, doc, finds, &rules));
    let (same, beside): (Vec<Mention>, Vec<Mention>) = rules
        .into_iter()
        .filter(|rule| !rule.named || spans.contains(&(rule.first, rule.after)))
        .partition(|rule| spans.contains(&(rule.first, rule.after)));
    let overlaps =
        |mention: &Mention| spans.iter().any(|span| span.0 < mention.after && mention.first < span.1);
    let mut mentions: Vec<Mention> = beside.into_iter().filter(|mention| !overlaps(mention)).collect();
    for span in spans.iter().take(MAX_MENTIONS) {
        mentions.push(same.iter().find(|rule| (rule.first, rule.after) == *span).map_or_else(
            || {
                let range = (doc.tokens[span.0].start, end_with_stop(doc, *span));
                mention(range, *span, entries_of(gazetteer, doc, *span))
            },
            |rule| Mention { named: true, end: end_with_stop(doc, *span), ..rule.clone() },
        ));
    }
    mentions.sort_by_key(|mention| mention.first);
    bar_storm_names(doc, finds, &mut mentions);
    relate(doc, finds, &mut mentions);
    mentions
}

/// The end of a name; the last stop of "U.S." and "N.C." belongs to it.
fn end_with_stop(doc: &Doc, (first, after): (usize, usize)) -> usize {
    let end = doc.tokens[after - 1].end;
    let text = &doc.clean.text;
    let letters = doc.tokens[first..after].iter().all(|token| token.capital && token.end - token.start == 1);
    end + usize::from(after > first + 1 && letters && text[end..].starts_with('.'))
}

/// What a name that the tagger found may mean: the whole of it, else the longest name in it.
fn entries_of(gazetteer: &Gazetteer, doc: &Doc, (first, after): (usize, usize)) -> Vec<Entry> {
    if after == first + 1 && doc.tokens[first].shouted {
        let entries = code_entries(gazetteer, doc, &doc.tokens[first]);
        if !entries.is_empty() {
            return entries;
        }
    }
    let mut hits = Vec::new();
    let mut best: (usize, Vec<Entry>) = (0, Vec::new());
    for at in first..after {
        // "Fort Bend" is not Bend.
        if at > first && BEGINNINGS.contains(&doc.folded(&doc.tokens[at - 1])) {
            continue;
        }
        if let Some((count, entries)) = features::longest(gazetteer, doc, at, after, &mut hits)
            && count > best.0
        {
            best = (count, entries);
        }
    }
    best.1.truncate(MAX_ENTRIES);
    best.1
}

/// Every name of a place that the rules believe.
pub(crate) fn by_rules(gazetteer: &Gazetteer, doc: &Doc, finds: &[Find]) -> Vec<Mention> {
    let mut mentions: Vec<Mention> = Vec::new();
    let mut hits = Vec::new();
    let mut at = 0;
    while at < doc.tokens.len() && mentions.len() < MAX_MENTIONS {
        at = match name_at(gazetteer, doc, at, &mut hits) {
            Some(mention) => {
                let after = mention.after;
                mentions.push(mention);
                let code = state_code(gazetteer, doc, after).or_else(|| dotted_code(gazetteer, doc, after));
                code.map_or(after, |code| {
                    let after = code.after;
                    mentions.push(code);
                    after
                })
            }
            None => {
                mentions.extend(lone_code(gazetteer, doc, at));
                at + 1
            }
        };
    }
    bar_storm_names(doc, finds, &mut mentions);
    for mention in &mut mentions {
        let tagged = doc.tokens[mention.first].hashtag;
        let people = mention.entries.iter().all(|entry| entry.flags & DEMONYM != 0);
        mention.named = !people && (!tagged || features::is_whole_hashtag(doc, mention.start, mention.end));
    }
    relate(doc, finds, &mut mentions);
    mentions
}

fn name_at(gazetteer: &Gazetteer, doc: &Doc, at: usize, hits: &mut Vec<Hit>) -> Option<Mention> {
    let token = &doc.tokens[at];
    let folded = doc.folded(token);
    if folded.starts_with(fold::is_unspaced) {
        return unspaced_name(gazetteer, doc, at, hits);
    }
    if token.cased && !token.capital && !token.hashtag && !doc.flat_case {
        return None;
    }
    let last = (at + 1..doc.tokens.len().min(at + MAX_WORDS))
        .find(|next| doc.tokens[*next].gap != Gap::Soft)
        .unwrap_or(doc.tokens.len().min(at + MAX_WORDS));
    let words = &doc.tokens[at..last];
    // Arabic writes "and", "in" and "to" together with the name.
    for skip in [0, 2] {
        if skip == 2 && !folded.starts_with(['و', 'ب', 'ل', 'ف', 'ك']) {
            continue;
        }
        let from = token.folded_start + skip;
        let bytes = &doc.folded.as_bytes()[from..words[words.len() - 1].folded_end];
        gazetteer.prefixes(bytes, |len| words.iter().any(|word| word.folded_end == from + len), hits);
        let found = hits.iter().rev().find_map(|hit| {
            let count = words.iter().position(|word| word.folded_end == from + hit.len)? + 1;
            let entries = believed(gazetteer, doc, at, count, *hit);
            (!entries.is_empty()).then_some((count, entries))
        });
        if let Some((count, entries)) = found {
            let end = words[count - 1].end;
            return Some(mention((token.start, end), (at, at + count), entries));
        }
    }
    None
}

/// A name inside a run of a script without spaces; the longest at the first place where one begins.
fn unspaced_name(gazetteer: &Gazetteer, doc: &Doc, at: usize, hits: &mut Vec<Hit>) -> Option<Mention> {
    let token = &doc.tokens[at];
    let folded = doc.folded(token);
    for (offset, _) in folded.char_indices() {
        let rest = &folded[offset..];
        gazetteer.prefixes(rest.as_bytes(), |len| rest.is_char_boundary(len), hits);
        if let Some(hit) = hits.last() {
            let entries: Vec<Entry> = gazetteer.entries(*hit).take(MAX_ENTRIES).collect();
            // Folding may change lengths; then the whole run is named.
            let same = folded.len() == token.end - token.start;
            let range = if same && doc.surface(token).is_char_boundary(offset) {
                (token.start + offset, token.start + offset + hit.len)
            } else {
                (token.start, token.end)
            };
            let range =
                if doc.clean.text.is_char_boundary(range.1) { range } else { (token.start, token.end) };
            return Some(mention(range, (at, at + 1), entries));
        }
    }
    None
}

pub(super) fn mention(
    (start, end): (usize, usize),
    (first, after): (usize, usize),
    entries: Vec<Entry>,
) -> Mention {
    Mention {
        start,
        end,
        first,
        after,
        entries,
        qualifies: false,
        by_hazard: false,
        named: true,
        headline: false,
    }
}

/// The meanings of a name that its spelling and its neighbours allow.
fn believed(gazetteer: &Gazetteer, doc: &Doc, at: usize, count: usize, hit: Hit) -> Vec<Entry> {
    let words = &doc.tokens[at..at + count];
    let (first, last) = (&words[0], &words[count - 1]);
    let cased = first.cased;
    let written_as_name = !cased || doc.flat_case || (looks_named(first) && looks_named(last));
    let short = hit.len <= 2 && cased && (!first.shouted || doc.flat_case);
    if !written_as_name || short {
        return Vec::new();
    }
    let before = at.checked_sub(1).map(|index| &doc.tokens[index]).filter(|_| first.gap == Gap::Soft);
    if before.is_some_and(|token| TITLES.contains(&doc.folded(token))) {
        return Vec::new();
    }
    if before.is_some_and(|token| token.capital && BEGINNINGS.contains(&doc.folded(token))) {
        return Vec::new();
    }
    let placed = !first.hashtag && before.is_some_and(|token| PLACE_WORDS.contains(&doc.folded(token)));
    let next = doc.tokens.get(at + count).filter(|token| token.gap == Gap::Soft);
    let not_town = next.is_some_and(|token| NOT_A_TOWN.contains(&doc.folded(token)));
    if next.is_some_and(|token| token.capital && NO_PLACES.contains(&doc.folded(token))) {
        return Vec::new();
    }
    let person = PERSONS.contains(&doc.folded(first)) && count == 1 && !doc.flat_case;
    if person && next.is_some_and(|token| token.capital && !token.hashtag && token.end - token.start > 1) {
        return Vec::new();
    }
    let qualified = is_qualified(gazetteer, doc, at + count);
    gazetteer
        .entries(hit)
        .take(MAX_ENTRIES)
        .filter(|entry| {
            let Some(place) = gazetteer.place(entry.place) else { return false };
            let town = place.kind == Kind::City;
            let ambiguous = entry.flags & AMBIGUOUS != 0;
            let lower = cased && !first.capital;
            if town && not_town {
                return false;
            }
            if ambiguous && !(qualified || (placed && first.capital && !doc.flat_case)) {
                return false;
            }
            if lower && (entry.flags & ALTERNATE != 0 || (town && place.population < FLAT_CASE_POPULATION)) {
                return false;
            }
            if lower && entry.flags & DEMONYM != 0 {
                return hit.len >= 6;
            }
            // A small town's alternate name in first position is more often a word.
            !(town && first.opens && count == 1 && entry.flags & ALTERNATE != 0 && place.population < 300_000)
        })
        .collect()
}

fn looks_named(token: &Token) -> bool {
    token.capital || token.hashtag
}

/// Whether a state's code or the name of a country or division follows behind a comma.
fn is_qualified(gazetteer: &Gazetteer, doc: &Doc, next: usize) -> bool {
    let Some(token) = doc.tokens.get(next).filter(|token| token.gap == Gap::Comma && token.capital) else {
        return false;
    };
    if token.shouted && !code_entries(gazetteer, doc, token).is_empty() {
        return true;
    }
    gazetteer
        .lookup(doc.folded(token))
        .filter_map(|entry| gazetteer.place(entry.place))
        .any(|place| place.kind != Kind::City)
}

/// "Hurricane Florence" names a storm, and so does every other "Florence" of the same text.
fn bar_storm_names(doc: &Doc, finds: &[Find], mentions: &mut Vec<Mention>) {
    let mut barred: Vec<&str> = Vec::new();
    for find in finds.iter().filter(|find| find.term.sense == Sense::Cue(Cue::StormName)) {
        let next = doc.tokens.partition_point(|token| token.folded_start < find.end);
        let named = doc.tokens.get(next).filter(|token| token.gap == Gap::Soft);
        if let Some(token) = named.filter(|token| token.capital || token.hashtag || doc.flat_case) {
            barred.push(doc.folded(token));
        }
    }
    // "Hurricane" itself is a town in Utah.
    let is_hazard = |mention: &Mention| {
        let first = &doc.tokens[mention.first];
        finds.iter().any(|find| {
            mention.after == mention.first + 1
                && find.start == first.folded_start
                && find.end == first.folded_end
                && matches!(find.term.sense, Sense::Hazard(_) | Sense::Cue(Cue::StormName))
        })
    };
    mentions
        .retain(|mention| !barred.contains(&doc.folded(&doc.tokens[mention.first])) && !is_hazard(mention));
}

fn relate(doc: &Doc, finds: &[Find], mentions: &mut [Mention]) {
    for index in 0..mentions.len() {
        let (first, after) = (mentions[index].first, mentions[index].after);
        mentions[index].qualifies =
            index > 0 && mentions[index - 1].after == first && doc.tokens[first].gap != Gap::Hard;
        let near_from = doc.tokens[first.saturating_sub(3)].folded_start;
        let near_to = doc.tokens[(after + 3).min(doc.tokens.len() - 1)].folded_end;
        mentions[index].by_hazard = finds.iter().any(|find| {
            matches!(find.term.sense, Sense::Hazard(_)) && find.start >= near_from && find.end <= near_to
        });
    }
}
