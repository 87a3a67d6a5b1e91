//! How bad: what an authority states, else magnitude, casualties and words of urgency; one sentence says which. What is said of a drill or
//! in fiction is not bad.

use crisislens_model::{HazardGuess, HazardType, RawItem, Severity, SourceKind};

use crate::entity::Figures;
use crate::framing::Framed;
use crate::lexicon::{Cue, Find, Sense};

/// Earthquakes from these magnitudes on are critical, high, medium: about where USGS PAGER alerts become orange
/// and yellow for shallow shocks near people.
const MAGNITUDES: [(f64, Severity); 3] =
    [(7.0, Severity::Critical), (6.0, Severity::High), (5.0, Severity::Medium)];
/// Deaths from these numbers on.
const DEATHS: [(u64, Severity); 2] = [(20, Severity::Critical), (1, Severity::High)];
/// Injured, missing and trapped from these numbers on.
const HARMED: [(u64, Severity); 3] = [(500, Severity::Critical), (20, Severity::High), (1, Severity::Medium)];

/// Subjects that speak of harm, unless the text asks for help for it.
const HARM_TOPICS: [&str; 4] = ["casualties", "missing", "evacuation", "damage"];

/// The severity of an item and why; `framed` says that nothing in it is meant as news of what is.
pub(crate) fn judge(
    raw: &RawItem,
    hazard: &HazardGuess,
    figures: &Figures,
    finds: &[Find],
    framed: Option<&Framed>,
) -> (Severity, String) {
    if let Some(framed) = framed {
        return (Severity::Low, framed.why());
    }
    let stated = raw.stated.as_ref();
    if let Some(severity) = stated.and_then(|stated| stated.severity) {
        if raw.source_kind == SourceKind::Official {
            return (severity, format!("Stated by {}.", raw.source));
        }
        let (read, why) = read(raw, hazard, figures, finds);
        return if severity >= read { (severity, format!("Stated by {}.", raw.source)) } else { (read, why) };
    }
    read(raw, hazard, figures, finds)
}

fn read(raw: &RawItem, hazard: &HazardGuess, figures: &Figures, finds: &[Find]) -> (Severity, String) {
    let magnitude = raw.stated.as_ref().and_then(|stated| stated.magnitude).or(figures.magnitude);
    let mut found = (Severity::Low, "Nothing in it speaks of harm or urgency.".to_owned());
    let mut raise = |severity: Severity, why: String| {
        if severity > found.0 {
            found = (severity, why);
        }
    };
    if let Some(magnitude) =
        magnitude.filter(|_| matches!(hazard.kind, HazardType::Earthquake | HazardType::Tsunami))
    {
        match step(magnitude, &MAGNITUDES) {
            Some(severity) => raise(severity, format!("Magnitude {magnitude:.1}.")),
            None if raw.source_kind == SourceKind::Official => {
                return (Severity::Low, format!("Magnitude {magnitude:.1} seldom does harm."));
            }
            None => {}
        }
    }
    if hazard.kind.is_some() {
        if let Some(severity) = step(figures.dead, &DEATHS) {
            raise(severity, format!("It speaks of {} dead.", figures.dead));
        }
        let harmed = figures.hurt.max(figures.missing);
        if let Some(severity) = step(harmed, &HARMED) {
            raise(severity, format!("It speaks of {harmed} injured, missing or trapped."));
        }
    }
    let (extreme, warning) = (count(finds, Cue::Extreme), count(finds, Cue::Warning));
    match (hazard.kind.is_some(), extreme, warning) {
        (true, 1.., _) => raise(Severity::High, "Its words speak of danger to life now.".to_owned()),
        (true, 0, 1..) | (false, 1.., _) => {
            raise(Severity::Medium, "Its words warn or speak of an emergency.".to_owned())
        }
        _ => {}
    }
    let aid = topic(finds, "donation") || topic(finds, "sympathy");
    if let Some(harm) = HARM_TOPICS.iter().find(|name| hazard.kind.is_some() && !aid && topic(finds, name)) {
        raise(Severity::Medium, format!("It speaks of {harm}."));
    }
    found
}

fn topic(finds: &[Find], name: &str) -> bool {
    finds.iter().any(|find| matches!(find.term.sense, Sense::Topic(topic) if topic == name))
}

fn step<N: PartialOrd + Copy>(value: N, steps: &[(N, Severity)]) -> Option<Severity> {
    steps.iter().find(|(least, _)| value >= *least).map(|(_, severity)| *severity)
}

fn count(finds: &[Find], cue: Cue) -> usize {
    finds.iter().filter(|find| find.term.sense == Sense::Cue(cue)).count()
}
