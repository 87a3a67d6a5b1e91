//! Whether a sentence is worth checking, and what harm a claim may do: a score and the reasons for it.
//!
//! Check-worthiness is the linear model's (`classes`, learnt on CheckThat! 2024), moved on the scale of log-odds by rules after what
//! fact-checkers pick (Full Fact: not personal, not about the future). On posts of CheckThat! 2020 these rules raise average precision a
//! little; rules that favoured numbers and typed statements lowered it and are not here. Harm is a table by hand.

use crisislens_model::claim::Quantity;
use crisislens_model::{ClaimTopic, Severity};

use super::lexicon::{Reading, Role, Tone};
use crate::classes::{Contribution, Prediction};

/// What a rule adds to the log-odds.
const QUESTION: f64 = -1.5;
const WISH: f64 = -1.5;
const OPINION: f64 = -0.5;
const PERSONAL: f64 = -0.5;
const FUTURE: f64 = -0.3;
/// Words from the beginning within which "I" and "we" make a sentence personal.
const PERSONAL_WITHIN: usize = 3;
/// Probabilities are kept from 0 and 1 by this much before their log-odds are taken.
const LEAST: f64 = 0.001;
/// Most reasons kept.
const MAX_WHY: usize = 6;

/// 0 to 1 and what adds to it. `said` is none where the model does not know the language.
pub(super) fn checkworthiness(
    said: Option<&Prediction>,
    reading: &Reading,
    tokens: (usize, usize),
    asks: bool,
) -> (f64, Vec<Contribution>) {
    let share = said.map_or(0.5, |said| said.probabilities[1]).clamp(LEAST, 1.0 - LEAST);
    let mut odds = (share / (1.0 - share)).ln();
    let mut why: Vec<Contribution> = Vec::new();
    let mut add = |what: &str, weight: f64| {
        odds += weight;
        why.push(Contribution { what: what.to_owned(), weight });
    };
    let tone = |tone| reading.within(tokens).iter().any(|hit| hit.role == Role::Tone(tone));
    let opening = (tokens.0, tokens.1.min(tokens.0 + PERSONAL_WITHIN));
    let personal = reading.within(opening).iter().any(|hit| hit.role == Role::Tone(Tone::Personal));
    if asks {
        add("[asks]", QUESTION);
    }
    for (holds, what, weight) in [
        (tone(Tone::Wish), "[wishes]", WISH),
        (tone(Tone::Opinion), "[opinion]", OPINION),
        (personal, "[personal]", PERSONAL),
        (tone(Tone::Future), "[future]", FUTURE),
    ] {
        if holds {
            add(what, weight);
        }
    }
    if let Some(said) = said {
        // The model's reasons speak for its answer; here all speak for "worth checking".
        let sign = if said.probabilities[1] >= 0.5 { 1.0 } else { -1.0 };
        why.extend(
            said.why.iter().map(|part| Contribution { what: part.what.clone(), weight: sign * part.weight }),
        );
    }
    why.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()).then_with(|| a.what.cmp(&b.what)));
    why.truncate(MAX_WHY);
    (1.0 / (1.0 + (-odds).exp()), why)
}

/// What a claim would do if it were false and believed, or true and missed: 0 to 1, and why in a sentence.
pub(super) fn harm(
    topic: ClaimTopic,
    negated: bool,
    quantity: Option<&Quantity>,
    severity: Severity,
) -> (f64, String) {
    let (base, about) = by_topic(topic);
    let mut why = vec![about.to_owned()];
    let mut harm = base;
    if let Some(quantity) = quantity {
        let more = size(topic, quantity);
        if more >= 0.1 {
            why.push("of a large number".to_owned());
        }
        harm += more;
    }
    if negated {
        // "The road is open", "no need to leave": who believes it goes there.
        let lulls = matches!(
            topic,
            ClaimTopic::Closure | ClaimTopic::Evacuation | ClaimTopic::WaterLevel | ClaimTopic::Remedy
        );
        harm += if lulls { 0.1 } else { -0.15 };
        why.push(if lulls { "it says that there is no danger" } else { "it is denied" }.to_owned());
    }
    let more = match severity {
        Severity::Critical => 0.1,
        Severity::High => 0.05,
        Severity::Medium | Severity::Low => 0.0,
    };
    if more > 0.0 {
        why.push(format!("in an item of {} severity", severity.as_str()));
        harm += more;
    }
    (harm.clamp(0.0, 1.0), format!("{}.", why.join(", ")))
}

fn by_topic(topic: ClaimTopic) -> (f64, &'static str) {
    match topic {
        ClaimTopic::Deaths => (0.6, "It speaks of deaths"),
        ClaimTopic::Injured => (0.5, "It speaks of injured people"),
        ClaimTopic::Missing => (0.6, "People may have to be looked for"),
        ClaimTopic::Displaced => (0.5, "People may need shelter"),
        ClaimTopic::Magnitude => (0.4, "It says how strong a shock was"),
        ClaimTopic::WaterLevel => (0.5, "People near the water act on it"),
        ClaimTopic::WindSpeed => (0.45, "It says how strong a storm is"),
        ClaimTopic::Area => (0.4, "It says how far the hazard reaches"),
        ClaimTopic::Closure => (0.45, "People choose their way by it"),
        ClaimTopic::Shortage => (0.6, "It can make people hoard, or help miss them"),
        ClaimTopic::Outage => (0.45, "People depend on the supply"),
        ClaimTopic::Evacuation => (0.75, "People leave or stay by it"),
        ClaimTopic::Damage => (0.45, "It says what is destroyed"),
        ClaimTopic::Cases => (0.5, "It says how an illness spreads"),
        ClaimTopic::Cause => (0.5, "It says who or what is to blame"),
        ClaimTopic::Remedy => (0.8, "People may trust in it instead of help"),
        ClaimTopic::Other => (0.3, "It can be checked"),
    }
}

/// What the size of the number adds, 0 to 0.3.
fn size(topic: ClaimTopic, quantity: &Quantity) -> f64 {
    let value = quantity.high.unwrap_or(quantity.low).max(quantity.low);
    match topic {
        ClaimTopic::Magnitude => ((value - 5.0) * 0.1).clamp(0.0, 0.3),
        ClaimTopic::WaterLevel | ClaimTopic::WindSpeed => 0.0,
        _ => (value.max(1.0).log10() * 0.06).min(0.3),
    }
}
