//! The risk of an incident: eight parts with fixed weights that sum to 1, each with what was found and why. The score is their sum.
//!
//! The parts ask how far what is known of a happening can be relied on and how fast it grows; how much of that counts is scaled by how bad
//! it is, as for items ([`crate::Analyzer::analyze`]): much that is sure about little is a small risk.

use crisislens_model::{Incident, RiskAssessment, RiskLevel, RiskPart, Severity};

use super::reach;

/// The parts with their shares of the score.
const WEIGHTS: [(&str, f64); 8] = [
    ("novelty", 0.20),
    ("source reliability", 0.15),
    ("evidence quality", 0.20),
    ("corroboration", 0.15),
    ("sentiment", 0.10),
    ("virality", 0.10),
    ("geographic clustering", 0.05),
    ("temporal consistency", 0.05),
];
/// So many independent sources beside the first corroborate as much as any number.
const ENOUGH_SOURCES: f64 = 3.0;
/// So many items spread as much as any number.
const MANY_ITEMS: f64 = 1_000.0;
/// After so many hours nothing is new any more.
const NEW_HOURS: f64 = 48.0;

/// What is thought of `incident` as it stands.
pub(super) fn assess(incident: &Incident) -> RiskAssessment {
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
    let parts: Vec<RiskPart> = WEIGHTS
        .into_iter()
        .zip(found)
        .map(|((name, weight), (value, why))| {
            let value = value.clamp(0.0, 1.0) * stake;
            RiskPart { name: name.to_owned(), weight, value, contribution: weight * value, why }
        })
        .collect();
    let score = parts.iter().map(|part| part.contribution).sum::<f64>().clamp(0.0, 1.0);
    RiskAssessment { score, level: RiskLevel::of(score), parts }
}

/// How far everything counts: little where little is at stake.
fn stake(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 0.3,
        Severity::Medium => 0.65,
        Severity::High => 0.9,
        Severity::Critical => 1.0,
    }
}

fn hours(incident: &Incident) -> f64 {
    let seconds = incident.last_seen.as_second().saturating_sub(incident.first_seen.as_second());
    seconds.max(0) as f64 / 3_600.0
}

fn novelty(incident: &Incident) -> (f64, String) {
    let hours = hours(incident);
    (1.0 - hours / NEW_HOURS, format!("first told {hours:.0} hours before the last word on it"))
}

fn reliability(incident: &Incident) -> (f64, String) {
    let voices = incident.voices;
    if voices.official > 0 {
        (1.0, format!("{} items of authorities", voices.official))
    } else if voices.media > 0 {
        (0.7, format!("{} items of newsrooms, none of an authority", voices.media))
    } else {
        (0.35, "posts of the public alone".to_owned())
    }
}

fn quality(incident: &Incident) -> (f64, String) {
    let stated = if incident.voices.official > 0 { 0.5 } else { 0.2 };
    let placed =
        incident.centre.map_or(0.0, |centre| if centre.weight >= reach::TOWN_WEIGHT { 0.3 } else { 0.1 });
    let known = if incident.event_ids.is_empty() { 0.0 } else { 0.2 };
    let mut why =
        vec![if incident.voices.official > 0 { "an authority states it" } else { "read from texts" }];
    why.push(match placed {
        0.0 => "no place",
        value if value > 0.2 => "a town or a point",
        _ => "a vague place",
    });
    if known > 0.0 {
        why.push("a producer has given it an id");
    }
    (stated + placed + known, why.join(", "))
}

fn corroboration(incident: &Incident) -> (f64, String) {
    let sources = incident.source_count;
    ((sources.max(1) - 1) as f64 / ENOUGH_SOURCES, format!("{sources} sources tell of it"))
}

fn sentiment(incident: &Incident) -> (f64, String) {
    let value = match incident.severity {
        Severity::Low => 0.1,
        Severity::Medium => 0.5,
        Severity::High => 0.75,
        Severity::Critical => 1.0,
    };
    (value, format!("what is told is of {} severity", incident.severity.as_str()))
}

fn virality(incident: &Incident) -> (f64, String) {
    let items = incident.item_count;
    let value = crate::linear::number::ln(items.max(1) as f64) / crate::linear::number::ln(MANY_ITEMS);
    (value, format!("{items} items"))
}

fn clustering(incident: &Incident) -> (f64, String) {
    match incident.centre {
        None => (0.0, "no item has a place".to_owned()),
        Some(centre) if centre.weight >= 1.0 => (1.0, "its items agree on a place".to_owned()),
        Some(centre) => (centre.weight.max(0.1), "few items have a place".to_owned()),
    }
}

fn consistency(incident: &Incident) -> (f64, String) {
    let window = reach::window(incident.hazard).as_secs() as f64 / 3_600.0;
    let hours = hours(incident);
    (1.0 - hours / (2.0 * window), format!("told over {hours:.0} hours"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_sum_to_one() {
        let sum: f64 = WEIGHTS.iter().map(|(_, weight)| weight).sum();
        assert!((sum - 1.0).abs() < 1e-12);
    }
}
