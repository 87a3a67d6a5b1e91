//! Which hazard a text speaks of: summed weights of the words found, less those used in another sense. Where no word is
//! found the linear model is asked (`classes`).

use crisislens_model::{HazardGuess, HazardType, Language, RawItem, SourceKind};

use crate::framing::{Framed, Frames, HAZARD_FACTOR};
use crate::lexicon::{Cue, Find, Sense};
use crate::text::Doc;

/// Sums below this say nothing.
const LEAST_SUM: f64 = 0.4;
/// A word of a language other than the detected one counts this much.
const FOREIGN_FACTOR: f64 = 0.5;
/// Each further mention of a word adds this share of its weight.
const AGAIN_FACTOR: f64 = 0.2;
/// Most words listed as reasons.
const MAX_REASONS: usize = 6;
/// Confidence is `1 − e^(−STEEPNESS × sum)` times the margin: one clear word gives about 0.8.
const STEEPNESS: f64 = 1.6;

/// Least sum at which a cause is taken for said.
const LEAST_CAUSE: f64 = 0.5;
/// A cause that is said and what comes of it: a text that names both is about the cause, however often it names the other.
const CAUSES: [(HazardType, HazardType); 6] = [
    (HazardType::TropicalCyclone, HazardType::Flood),
    (HazardType::TropicalCyclone, HazardType::Storm),
    (HazardType::TropicalCyclone, HazardType::Tornado),
    (HazardType::Earthquake, HazardType::Landslide),
    (HazardType::Earthquake, HazardType::Technological),
    (HazardType::Violence, HazardType::Technological),
];

/// What has been counted for one hazard.
#[derive(Debug, Clone, Default)]
struct Tally<'a> {
    sum: f64,
    words: Vec<&'a str>,
}

/// The hazard of `raw`, whose words are `finds` in `doc`: what an official source states, else what the lexicon finds,
/// else what `model` says of the whole text. Where every word of a hazard is a figure of speech the model is not asked: it sees the words.
pub(crate) fn guess(
    raw: &RawItem,
    doc: &Doc,
    finds: &[Find],
    frames: &Frames,
    language: &Language,
    model: impl FnOnce() -> HazardGuess,
) -> HazardGuess {
    let stated = raw.stated.as_ref().and_then(|stated| stated.hazard).filter(|kind| kind.is_some());
    if let Some(kind) = stated.filter(|_| raw.source_kind == SourceKind::Official) {
        return HazardGuess { kind, confidence: 1.0, why: vec![format!("stated by {}", raw.source)] };
    }
    let mut tallies = count(doc, finds, frames, language);
    if let Some(kind) = stated {
        tallies[kind as usize].sum += 1.0;
    }
    let mut guess = decide(&tallies);
    if !guess.kind.is_some() {
        let is_named = tallies.iter().any(|tally| tally.sum > 0.0);
        let figures = if is_named { None } else { frames.figures(doc) };
        return figures
            .map_or_else(model, |said| HazardGuess { why: vec![said.why()], ..HazardGuess::default() });
    }
    if stated == Some(guess.kind) {
        guess.why.insert(0, format!("stated by {}", raw.source));
    }
    guess
}

/// A hazard that is said of a drill or in fiction: it stays named, and is too unsure to open or join an incident.
pub(crate) fn said_as(mut guess: HazardGuess, framed: Option<&Framed>) -> HazardGuess {
    if let Some(framed) = framed.filter(|_| guess.kind.is_some()) {
        guess.confidence *= HAZARD_FACTOR;
        guess.why.push(framed.why());
    }
    guess
}

fn count<'a>(doc: &'a Doc, finds: &[Find], frames: &Frames, language: &Language) -> Vec<Tally<'a>> {
    let mut tallies = vec![Tally::default(); HazardType::ALL.len()];
    let figurative: Vec<&Find> =
        finds.iter().filter(|find| find.term.sense == Sense::Cue(Cue::Figurative)).collect();
    let hazards: Vec<(&Find, HazardType)> = finds
        .iter()
        .filter_map(|find| match find.term.sense {
            Sense::Hazard(kind) => Some((find, kind)),
            _ => None,
        })
        .collect();
    let mut counted: Vec<(usize, usize, HazardType, f64)> = Vec::new();
    for (find, kind) in &hazards {
        let hidden = figurative.iter().any(|phrase| phrase.start <= find.start && find.start < phrase.end)
            || frames.hides(find.start)
            || hazards.iter().any(|(other, _)| {
                other.end - other.start > find.end - find.start
                    && other.start <= find.start
                    && find.end <= other.end
            });
        if hidden {
            continue;
        }
        let weight = find.term.weight * language_factor(find.term.language, language);
        // One word in several languages' lists counts once, at its best.
        match counted.iter_mut().find(|(start, _, other, _)| *start == find.start && other == kind) {
            Some((_, _, _, best)) => *best = best.max(weight),
            None => counted.push((find.start, find.end, *kind, weight)),
        }
    }
    for (start, end, kind, weight) in counted {
        let word = &doc.folded[start..end];
        let tally = &mut tallies[kind as usize];
        if tally.words.contains(&word) {
            tally.sum += weight * AGAIN_FACTOR;
        } else {
            tally.sum += weight;
            tally.words.push(word);
        }
    }
    tallies
}

fn language_factor(term: &str, language: &Language) -> f64 {
    if term == language.code || language.code == "und" || language.confidence < 0.5 {
        return 1.0;
    }
    // English words are used as tags in every language.
    if term == "en" { 0.8 } else { FOREIGN_FACTOR }
}

fn decide(tallies: &[Tally<'_>]) -> HazardGuess {
    let mut best = (HazardType::None, 0.0);
    let mut second = 0.0;
    for kind in HazardType::ALL {
        let sum = tallies[*kind as usize].sum;
        if sum > best.1 {
            second = best.1;
            best = (*kind, sum);
        } else if sum > second {
            second = sum;
        }
    }
    if best.1 < LEAST_SUM {
        return HazardGuess::default();
    }
    let cause = CAUSES
        .iter()
        .find(|(cause, effect)| *effect == best.0 && tallies[*cause as usize].sum >= LEAST_CAUSE);
    if let Some((cause, _)) = cause {
        (best, second) = ((*cause, tallies[*cause as usize].sum), 0.0);
    }
    let margin = best.1 / (best.1 + 0.6 * second);
    let confidence = ((1.0 - (-STEEPNESS * best.1).exp()) * margin).clamp(0.0, 0.97);
    let why =
        tallies[best.0 as usize].words.iter().take(MAX_REASONS).map(|word| (*word).to_owned()).collect();
    HazardGuess { kind: best.0, confidence, why }
}
