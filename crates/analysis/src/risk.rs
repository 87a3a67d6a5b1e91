//! Risk: five parts with fixed weights that sum to 1, each with what was found and why. The score is their sum.
//!
//! A trusted voice, a sure hazard and an exact place make a grave report graver; they do not make a small one grave.
//! So their values are scaled by what is at stake: see [`stake`].

use crisislens_model::{HazardGuess, Location, Precision, RawItem, RiskPart, Severity, SourceKind};

use crate::entity::Figures;

/// Shares of the parts; they sum to 1.
const SEVERITY_WEIGHT: f64 = 0.35;
const IMPACT_WEIGHT: f64 = 0.20;
const SOURCE_WEIGHT: f64 = 0.20;
const HAZARD_WEIGHT: f64 = 0.15;
const PLACE_WEIGHT: f64 = 0.10;
/// What is left of every value where no hazard was found.
const NO_HAZARD_FACTOR: f64 = 0.3;
/// What is left of trust in something passed on or heard.
const HEARSAY_FACTOR: f64 = 0.6;
/// Topics that speak of harm, with how much they say.
const HARM_TOPICS: [(&str, f64); 7] = [
    ("casualties", 0.6),
    ("missing", 0.5),
    ("evacuation", 0.45),
    ("damage", 0.4),
    ("rescue", 0.35),
    ("infrastructure", 0.3),
    ("shelter", 0.25),
];

/// What an assessment looks at.
#[derive(Debug)]
pub(crate) struct Facts<'a> {
    /// The raw item.
    pub(crate) raw: &'a RawItem,
    /// Its hazard.
    pub(crate) hazard: &'a HazardGuess,
    /// Its place.
    pub(crate) location: Option<&'a Location>,
    /// Its severity.
    pub(crate) severity: Severity,
    /// Why.
    pub(crate) severity_why: &'a str,
    /// Its topics.
    pub(crate) topics: &'a [String],
    /// Its figures.
    pub(crate) figures: &'a Figures,
    /// Passed on or heard from others.
    pub(crate) hearsay: bool,
}

/// The score and its parts.
pub(crate) fn assess(facts: &Facts<'_>) -> (f64, Vec<RiskPart>) {
    let known = facts.hazard.kind.is_some();
    let factor = if known { 1.0 } else { NO_HAZARD_FACTOR };
    let suffix = if known { "" } else { ", counted low because no hazard was found" };
    let stake = stake(facts.severity);
    let (impact, impact_why) = impact(facts);
    let (source, source_why) = source(facts);
    let (place, place_why) = place(facts.location);
    let severity_why = format!("{}: {}", facts.severity.as_str(), facts.severity_why.trim_end_matches('.'));
    let hazard_why = match facts.hazard.why.first() {
        Some(why) if !known => format!("no hazard was found: {why}"),
        Some(_) => format!("{} by {}", facts.hazard.kind.as_str(), facts.hazard.why.join(", ")),
        None => "no hazard was found".to_owned(),
    };
    let parts = vec![
        part("severity", SEVERITY_WEIGHT, severity_value(facts.severity) * factor, severity_why + suffix),
        part("impact", IMPACT_WEIGHT, impact * factor, impact_why + suffix),
        part("source", SOURCE_WEIGHT, source * stake * factor, source_why + suffix),
        part("hazard", HAZARD_WEIGHT, facts.hazard.confidence * stake * factor, hazard_why),
        part("place", PLACE_WEIGHT, place * stake * factor, place_why + suffix),
    ];
    let score = parts.iter().map(|part| part.contribution).sum::<f64>().clamp(0.0, 1.0);
    (score, parts)
}

fn part(name: &str, weight: f64, value: f64, why: String) -> RiskPart {
    let value = value.clamp(0.0, 1.0);
    RiskPart { name: name.to_owned(), weight, value, contribution: weight * value, why }
}

pub(crate) fn severity_value(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 0.1,
        Severity::Medium => 0.5,
        Severity::High => 0.75,
        Severity::Critical => 1.0,
    }
}

/// How far trust, certainty and place count: little where little is at stake.
pub(crate) fn stake(severity: Severity) -> f64 {
    match severity {
        Severity::Low => 0.3,
        Severity::Medium => 0.65,
        Severity::High => 0.9,
        Severity::Critical => 1.0,
    }
}

fn impact(facts: &Facts<'_>) -> (f64, String) {
    let mut value = 0.0_f64;
    let mut why = Vec::new();
    let harmed = facts.figures.dead * 10 + facts.figures.hurt + facts.figures.missing;
    if harmed > 0 {
        // One death 0.6, ten 0.75, a hundred 0.9, a thousand 1.
        value = (0.45 + 0.15 * (harmed as f64).log10()).min(1.0);
        why.push(format!(
            "{} dead, {} injured, {} missing or trapped",
            facts.figures.dead, facts.figures.hurt, facts.figures.missing
        ));
    }
    for (topic, weight) in HARM_TOPICS {
        if facts.topics.iter().any(|known| known == topic) {
            // Each further sign fills part of what is left.
            value += (1.0 - value) * weight * if why.is_empty() { 1.0 } else { 0.3 };
            why.push(topic.to_owned());
        }
    }
    // Words about money and sympathy name harm that others have reported.
    let talk = facts.topics.iter().any(|topic| topic == "donation" || topic == "sympathy");
    if talk && harmed == 0 && facts.severity <= Severity::Medium {
        value *= 0.5;
    }
    let implied = match facts.severity {
        Severity::Critical => 0.5,
        Severity::High => 0.25,
        _ => 0.0,
    };
    if implied > value {
        return (implied, format!("implied by {} severity", facts.severity.as_str()));
    }
    if facts.severity == Severity::Low {
        value *= 0.5;
    }
    (
        value,
        if why.is_empty() {
            "no harm to people or things is named".to_owned()
        } else {
            format!("names {}", why.join(", "))
        },
    )
}

fn source(facts: &Facts<'_>) -> (f64, String) {
    let (trust, kind) = match facts.raw.source_kind {
        SourceKind::Official => (1.0, "an official source"),
        SourceKind::Media => (0.7, "a news source"),
        SourceKind::Social => (0.35, "a public post"),
    };
    if facts.hearsay && facts.raw.source_kind != SourceKind::Official {
        return (trust * HEARSAY_FACTOR, format!("{kind}, passed on or by hearsay"));
    }
    (trust, kind.to_owned())
}

fn place(location: Option<&Location>) -> (f64, String) {
    let Some(location) = location else { return (0.0, "no place is named".to_owned()) };
    let (exact, word) = match location.precision {
        Precision::Point => (1.0, "a point"),
        Precision::City => (0.8, "a town"),
        Precision::Admin1 => (0.55, "a division"),
        Precision::Country => (0.3, "a country"),
    };
    (exact * location.confidence, format!("{word}: {}", location.name))
}
