//! Near-duplicates: edited copies that are found, and different posts of one event that are taken for copies.
//!
//! A copy counts as found when it shares a band key with its original and repeats it, as in the stream. The parameters were chosen on
//! these same posts, so the figures are not blind; they are few and know no event. Two posts are "different" where their words, not their characters, say so
//! (`posts::are_copies`); pairs that are copies by that rule are left out and counted.

mod edits;
mod posts;

use std::path::Path;
use std::time::Instant;

use anyhow::ensure;
use crisislens_analysis::Analyzer;
use crisislens_analysis::duplicate::{BANDS, ROWS, Sketch};
use crisislens_analysis::world::World;
use crisislens_model::RawItem;

use crate::Row;
use crate::data::post;
use edits::{Chance, KINDS, Kind, edit};
use posts::Event;

/// Posts that are edited, each in one of seven ways.
const EDITED: usize = 7_000;
/// Shorter posts are not cut on their way: networks cut at 140 characters and more.
const LONG: usize = 100;
/// Pairs of different posts of one event.
const PAIRS: usize = 200_000;
/// Posts whose analysis is timed, and how many at once.
const TIMED: usize = 5_000;
const PART: usize = 50;

/// A post with what it is known by.
struct Known {
    sketch: Sketch,
    bands: Vec<u64>,
}

/// Measures on the sets of posts in `data`.
///
/// # Errors
/// Where the sets are not there or cannot be read.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let analyzer = Analyzer::new()?;
    let events = posts::read(data)?;
    let known: Vec<Vec<Option<Known>>> =
        events.iter().map(|event| event.texts.iter().map(|text| know(&analyzer, text)).collect()).collect();
    let false_merges = false_merges(&events, &known)?;
    Ok(vec![
        edited_copies(&analyzer, &events, &known)?,
        false_merges,
        real_retweets(&events, &known),
        time(&analyzer, &events),
    ])
}

fn edited_copies(analyzer: &Analyzer, events: &[Event], known: &[Vec<Option<Known>>]) -> anyhow::Result<Row> {
    let mut chance = Chance::new(1);
    let mut found = [(0_usize, 0_usize); KINDS.len()];
    let mut short = 0;
    let mut kinds = (0..KINDS.len()).cycle();
    for (event, at) in draw(events, EDITED, &mut chance) {
        let texts = &events[event].texts;
        let Some(original) = &known[event][at] else {
            short += 1;
            continue;
        };
        let is_long = texts[at].chars().count() >= LONG;
        let kind = if is_long { kinds.next().unwrap_or_default() } else { chance.below(KINDS.len()) };
        if KINDS[kind] == Kind::Truncated && !is_long {
            continue;
        }
        let remark = &texts[chance.below(texts.len())];
        let copy = edit(KINDS[kind], &texts[at], remark, &mut chance);
        let is_found = know(analyzer, &copy).is_some_and(|copy| is_copy(&copy, original));
        found[kind].0 += usize::from(is_found);
        found[kind].1 += 1;
    }
    let all: usize = found.iter().map(|kind| kind.1).sum();
    ensure!(all >= 2_000, "{all} edited copies are too few to measure on");
    let by_kind: Vec<String> = KINDS
        .iter()
        .zip(&found)
        .map(|(kind, (found, all))| format!("{kind:?} {:.4}", *found as f64 / *all as f64))
        .collect();
    Ok(Row {
        measure: "near_duplicate_recall",
        value: found.iter().map(|kind| kind.0).sum::<usize>() as f64 / all as f64,
        must: Some(0.985),
        aim: Some(0.995),
        floors: vec![("character 5-shingles, Jaccard .5, no index", 0.986)],
        n: all,
        higher_is_better: true,
        note: format!(
            "{BANDS} bands of {ROWS} rows, {} events; {}; {short} drawn posts too short to be compared left out",
            events.len(),
            by_kind.join(", ")
        ),
    })
}

fn false_merges(events: &[Event], known: &[Vec<Option<Known>>]) -> anyhow::Result<Row> {
    let mut chance = Chance::new(2);
    let (mut pairs, mut copies, mut merged, mut merged_copies) = (0_usize, 0_usize, 0_usize, 0_usize);
    let mut sketched: Vec<Vec<usize>> = Vec::with_capacity(known.len());
    for event in known {
        sketched.push((0..event.len()).filter(|at| event[*at].is_some()).collect());
    }
    // Every event gives the same number of pairs: none decides alone.
    let mut event = 0;
    while pairs < PAIRS {
        event = (event + 1) % events.len();
        let of_event = &sketched[event];
        ensure!(of_event.len() > 1, "{} has hardly any posts", events[event].name);
        let (one, other) = (of_event[chance.below(of_event.len())], of_event[chance.below(of_event.len())]);
        let (Some(one_known), Some(other_known)) = (&known[event][one], &known[event][other]) else {
            continue;
        };
        if one == other {
            continue;
        }
        let is_merged = is_copy(one_known, other_known);
        if posts::are_copies(&events[event].texts[one], &events[event].texts[other]) {
            copies += 1;
            merged_copies += usize::from(is_merged);
        } else {
            pairs += 1;
            merged += usize::from(is_merged);
        }
    }
    Ok(Row {
        measure: "near_duplicate_false_merge",
        value: merged as f64 / pairs as f64,
        must: Some(0.0001),
        aim: None,
        floors: Vec::new(),
        n: pairs,
        higher_is_better: false,
        note: format!(
            "{merged} of {pairs} pairs of different posts of one event; {copies} pairs left out as copies by their words, \
             {merged_copies} of them merged"
        ),
    })
}

/// Retweets whose original is in the same set: the words behind `RT @…:` are a beginning of it.
fn real_retweets(events: &[Event], known: &[Vec<Option<Known>>]) -> Row {
    let (mut found, mut all) = (0_usize, 0_usize);
    for (event, known) in events.iter().zip(known) {
        for (retweet, original) in posts::retweets(event) {
            let (Some(retweet), Some(original)) = (&known[retweet], &known[original]) else { continue };
            all += 1;
            found += usize::from(is_copy(retweet, original));
        }
    }
    Row {
        measure: "near_duplicate_retweet_recall",
        value: if all == 0 { 0.0 } else { found as f64 / all as f64 },
        must: None,
        aim: Some(0.995),
        floors: Vec::new(),
        n: all,
        higher_is_better: true,
        note: "retweets as they were posted, cut and commented, with their originals in the set".to_owned(),
    }
}

/// Microseconds for a text on one thread: the quickest of many rounds, since other programs take the processor in between.
fn time(analyzer: &Analyzer, events: &[Event]) -> Row {
    let mut chance = Chance::new(3);
    let drawn = draw(events, TIMED, &mut chance);
    let raws: Vec<RawItem> = drawn.iter().map(|(event, at)| post(&events[*event].texts[*at])).collect();
    let sketches: Vec<Sketch> = raws.iter().filter_map(|raw| analyzer.analyze(raw).sketch).collect();
    let pairs: Vec<(&Sketch, &Sketch)> = sketches.iter().zip(sketches.iter().skip(1)).collect();
    let analysis = quickest(&raws, |raw| usize::from(analyzer.analyze(raw).sketch.is_some()));
    let bands = quickest(&sketches, |sketch| sketch.bands(World::Real).len());
    let comparison = quickest(&pairs, |(one, next)| usize::from(one.repeats(next).is_some()));
    let bytes = sketches.iter().map(|sketch| sketch.to_bytes().len()).sum::<usize>() / sketches.len().max(1);
    Row {
        measure: "near_duplicate_keys_us",
        value: bands,
        must: None,
        aim: None,
        floors: Vec::new(),
        n: sketches.len(),
        higher_is_better: false,
        note: format!(
            "µs for the keys of a text, one thread; one comparison {comparison:.2}, the whole analysis with its sketch {analysis:.1}; \
             {bytes} bytes a sketch"
        ),
    }
}

/// Microseconds that `work` takes for one thing, in the quickest of the parts of `things`.
fn quickest<T>(things: &[T], work: impl Fn(&T) -> usize) -> f64 {
    let time = |part: &[T]| {
        let began = Instant::now();
        let done: usize = part.iter().map(&work).sum();
        std::hint::black_box(done);
        began.elapsed().as_secs_f64() * 1e6 / part.len() as f64
    };
    things.chunks_exact(PART).map(time).min_by(f64::total_cmp).unwrap_or_default()
}

/// Posts drawn evenly over the events, so that none decides alone.
fn draw(events: &[Event], count: usize, chance: &mut Chance) -> Vec<(usize, usize)> {
    (0..count)
        .map(|number| {
            let event = number % events.len();
            (event, chance.below(events[event].texts.len()))
        })
        .collect()
}

fn is_copy(copy: &Known, original: &Known) -> bool {
    copy.bands.iter().any(|key| original.bands.contains(key))
        && copy.sketch.repeats(&original.sketch).is_some()
}

fn know(analyzer: &Analyzer, text: &str) -> Option<Known> {
    let sketch = analyzer.analyze(&post(text)).sketch?;
    Some(Known { bands: sketch.bands(World::Real), sketch })
}
