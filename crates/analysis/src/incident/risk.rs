//! The risk of an incident: eight parts with weights that sum to 1, each with what was found and why. The score is their sum.
//!
//! The parts ask what an item alone cannot tell: how far what is known of a happening can be relied on, and how fast it grows. How much of
//! that counts is scaled by how bad it is, as for items (`risk`): much that is sure about little is a small risk. Limits:
//! what a source was right about before is not looked at here but where claims are weighed; "sentiment" is how alarming what is told
//! is, by its severity, and no reading of moods.

use crisislens_model::incident::{Incident, Risk};
use crisislens_model::{RiskLevel, RiskPart, RiskWeights, SourceKind};

use super::reach;
use crate::linear::number::ln;
use crate::reliability::Prior;
use crate::risk::{severity_value, stake};

/// So many sources beside the first corroborate as much as any number.
const ENOUGH_SOURCES: f64 = 3.0;
/// So many items and copies spread as much as any number.
const MANY: f64 = 1_000.0;
/// After so many hours nothing is new any more.
const NEW_HOURS: f64 = 48.0;

/// Assesses `incident` as it stands, each part with its share of the score.
pub fn assess(incident: &mut Incident, weights: &RiskWeights) {
    incident.risk = Some(of(incident, weights));
}

fn of(incident: &Incident, weights: &RiskWeights) -> Risk {
    let stake = stake(incident.severity);
    let found = [
        novelty(incident),
        reliability(incident),
        quality(incident),
        corroboration(incident),
        sentiment(incident),
        virality(incident),
        clustering(incident),
        consistency(incident),
    ];
    let parts: Vec<RiskPart> = weights
        .named()
        .into_iter()
        .zip(found)
        .map(|((name, weight), (value, why))| {
            let value = share(value) * stake;
            RiskPart { name: name.to_owned(), weight, value, contribution: weight * value, why }
        })
        .collect();
    let score = parts.iter().map(|part| part.contribution).sum::<f64>().min(1.0);
    Risk { score, level: RiskLevel::of(score), parts }
}

/// `value` as a share; 0 where it is no number.
const fn share(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

/// Whether places weigh `least` together. In another order they sum to a little less or more, which must not tell.
fn reaches(weight: f64, least: f64) -> bool {
    weight > least - 1e-9
}

fn hours(incident: &Incident) -> f64 {
    let seconds = incident.last_seen.as_second().saturating_sub(incident.first_seen.as_second());
    seconds.max(0) as f64 / 3_600.0
}

fn novelty(incident: &Incident) -> (f64, String) {
    let hours = hours(incident);
    (1.0 - hours / NEW_HOURS, format!("first told {hours:.0} hours before the last word on it"))
}

/// The kinds of those who tell of it, the most reliable first, with how many items.
fn best_voice(incident: &Incident) -> Option<(SourceKind, u64)> {
    let voices = incident.voices;
    [
        (SourceKind::Official, voices.official),
        (SourceKind::Media, voices.media),
        (SourceKind::Social, voices.social),
    ]
    .into_iter()
    .find(|(_, items)| *items > 0)
}

fn reliability(incident: &Incident) -> (f64, String) {
    let Some((kind, items)) = best_voice(incident) else {
        // It was stored before voices were counted.
        return (Prior::of(SourceKind::Social).mean(), "who tells of it is not known".to_owned());
    };
    let who = match kind {
        SourceKind::Official => "of authorities",
        SourceKind::Media => "of newsrooms, none of an authority",
        SourceKind::Social => "of the public alone",
    };
    (Prior::of(kind).mean(), format!("{items} items {who}"))
}

fn quality(incident: &Incident) -> (f64, String) {
    let is_official = incident.voices.official > 0;
    let (stated, stated_why) =
        if is_official { (0.5, "an authority states it") } else { (0.2, "read from texts") };
    let (placed, placed_why) = match incident.centre {
        None => (0.0, "no place"),
        Some(centre) if reaches(centre.weight, reach::TOWN_WEIGHT) => (0.3, "a town or a point"),
        Some(_) => (0.1, "a vague place"),
    };
    let is_known = !incident.event_ids.is_empty();
    let known = if is_known { ", a producer has given it an id" } else { "" };
    (stated + placed + if is_known { 0.2 } else { 0.0 }, format!("{stated_why}, {placed_why}{known}"))
}

/// Copies are not asked: who repeats something does not confirm it.
fn corroboration(incident: &Incident) -> (f64, String) {
    let sources = incident.source_count;
    (
        sources.saturating_sub(1) as f64 / ENOUGH_SOURCES,
        format!("{sources} sources tell of it in their own words"),
    )
}

fn sentiment(incident: &Incident) -> (f64, String) {
    (severity_value(incident.severity), format!("what is told is of {} severity", incident.severity.as_str()))
}

fn virality(incident: &Incident) -> (f64, String) {
    let all = incident.item_count.saturating_add(incident.copies);
    let value = ln(all.max(1) as f64) / ln(MANY);
    (value, format!("{} items and {} copies of them", incident.item_count, incident.copies))
}

fn clustering(incident: &Incident) -> (f64, String) {
    match incident.centre {
        None => (0.0, "no item has a place".to_owned()),
        Some(centre) if reaches(centre.weight, 1.0) => (1.0, "its items agree on a place".to_owned()),
        Some(centre) => (centre.weight.max(0.1), "few items have a place".to_owned()),
    }
}

fn consistency(incident: &Incident) -> (f64, String) {
    let window = reach::window(incident.hazard).as_secs() as f64 / 3_600.0;
    let hours = hours(incident);
    (1.0 - hours / (2.0 * window), format!("told over {hours:.0} hours"))
}
