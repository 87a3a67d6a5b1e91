//! Whether two claims say the same, contradict each other, or are about different things.
//!
//! By rule on topic, subject, place, time and number; by shared words where a claim has no parts. Symmetric: what is older is told by when
//! it was said. Limits: places are compared by name and distance, so two bridges of one town are one unless their names differ in the
//! text; a count that grows is taken for an update, although the first may have been wrong.

use crisislens_model::claim::{ClaimPlace, Quantity, Slots};
use crisislens_model::place::distance_km;
use crisislens_model::{Claim, ClaimTopic, IncidentId, Timestamp};

use super::ClaimDraft;
use crate::text::fold;
use crate::world::World;

/// Claims said further apart, in hours, are of different happenings.
pub const WINDOW_HOURS: i64 = 48;
/// Days that they name may differ by this many hours: zones, and the night between.
const DAY_HOURS: i64 = 36;
/// Within this time what changes by itself has not changed much, in hours.
const STEADY_HOURS: i64 = 3;
/// Texts with this share of words in common are alike …
const ALIKE: f64 = 0.5;
/// … and with this share they say the same, if nothing else tells.
const VERY_ALIKE: f64 = 0.7;
/// How far measures of one thing may differ and be the same, as a share.
const MEASURE_TOLERANCE: f64 = 0.1;
/// The same for magnitudes, and how far the figures of two agencies may differ.
const MAGNITUDE_TOLERANCE: f64 = 0.2;
const MAGNITUDE_DISPUTE: f64 = 0.5;

/// How two claims stand to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sameness {
    /// They say the same.
    Same,
    /// Both cannot be true.
    Contradicts,
    /// They are about the same thing, and neither of the two: an update, or one is vaguer.
    Comparable,
    /// They are about different things.
    Different,
}

/// A claim as it is compared.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'a> {
    /// What sort of fact.
    pub topic: ClaimTopic,
    /// Its parts.
    pub slots: &'a Slots,
    /// The sentence.
    pub text: &'a str,
    /// When it was said.
    pub said_at: Timestamp,
    /// The incident it belongs to.
    pub incident: Option<IncidentId>,
    /// In earnest, or in which exercise: what is said in one is never compared with what is said in another.
    pub world: World,
}

impl ClaimDraft {
    /// The draft as it is compared, said at `said_at`.
    #[must_use]
    pub fn statement(&self, said_at: Timestamp, incident: Option<IncidentId>, world: World) -> Statement<'_> {
        Statement { topic: self.topic, slots: &self.slots, text: &self.text, said_at, incident, world }
    }
}

impl<'a> From<&'a Claim> for Statement<'a> {
    fn from(claim: &'a Claim) -> Self {
        Self {
            topic: claim.topic,
            slots: &claim.slots,
            text: &claim.text,
            said_at: claim.first_said,
            incident: claim.incident_id,
            world: World::of(claim.exercise, claim.exercise_id),
        }
    }
}

/// How `a` and `b` stand to each other, and why in a sentence.
#[must_use]
pub fn same(a: &Statement<'_>, b: &Statement<'_>) -> (Sameness, String) {
    let (sameness, why) = if order(a) <= order(b) { judge(a, b) } else { judge(b, a) };
    (sameness, why.to_owned())
}

/// The earlier first; of equally early ones by their words and numbers, so that the order of the arguments changes nothing.
fn order<'a>(one: &Statement<'a>) -> (Timestamp, &'a str, bool, u64) {
    let low = one.slots.quantity.as_ref().map_or(0, |quantity| quantity.low.to_bits());
    (one.said_at, one.text, one.slots.negated, low)
}

fn judge(first: &Statement<'_>, next: &Statement<'_>) -> (Sameness, &'static str) {
    use Sameness::{Comparable, Different, Same};
    if first.topic != next.topic || first.slots.subject != next.slots.subject {
        return (Different, "They are about different things.");
    }
    if first.world != next.world {
        return (Different, "One is part of an exercise that the other is not part of.");
    }
    if !is_one_time(first, next) {
        return (Different, "They are about different times.");
    }
    let place = places(first, next);
    if place == Places::Apart {
        return (Different, "They are about different places.");
    }
    if is_told_by_text(first.topic) {
        return by_text(first, next, likeness(first.text, next.text));
    }
    let (sameness, why) = by_parts(first, next);
    if sameness == Different || sameness == Comparable {
        return (sameness, why);
    }
    let alike = likeness(first.text, next.text);
    if place == Places::Unknown && alike < ALIKE {
        return (
            Comparable,
            "They are about the same sort of thing, but it is not known whether at one place.",
        );
    }
    if is_a_thing(first.topic) && name_other_things(first, next) {
        return (Comparable, "They name different ones.");
    }
    if sameness == Same && place == Places::Unknown && alike < VERY_ALIKE && first.slots.quantity.is_none() {
        return (Comparable, "They are worded alike, but it is not known whether at one place.");
    }
    (sameness, why)
}

/// What denial and numbers say.
fn by_parts(first: &Statement<'_>, next: &Statement<'_>) -> (Sameness, &'static str) {
    use Sameness::{Comparable, Contradicts, Same};
    let (one, two) = (first.slots, next.slots);
    if one.negated != two.negated {
        return if rises(first.topic) && one.negated {
            (Comparable, "The later one gives what the earlier one did not know of yet: an update.")
        } else {
            (Contradicts, "One says that it is so, the other that it is not, or no longer.")
        };
    }
    match (&one.quantity, &two.quantity) {
        (None, None) => (Same, "They say the same of the same thing."),
        (Some(one), Some(two)) if one.unit == two.unit => by_number(first, next, one, two),
        (Some(_), Some(_)) => (Comparable, "They measure differently."),
        _ => (Comparable, "Only one of them gives a number."),
    }
}

fn by_number(
    first: &Statement<'_>,
    next: &Statement<'_>,
    one: &Quantity,
    two: &Quantity,
) -> (Sameness, &'static str) {
    use Sameness::{Comparable, Contradicts, Same};
    let topic = first.topic;
    let gap = gap(topic, one, two);
    if gap == 0.0 {
        return (Same, "Their numbers agree.");
    }
    let hours = apart_hours(first.said_at, next.said_at);
    if topic == ClaimTopic::Magnitude {
        return if gap.abs() <= MAGNITUDE_DISPUTE {
            (Comparable, "Their magnitudes differ as those of two agencies may.")
        } else {
            (Contradicts, "Their magnitudes differ more than those of two agencies do.")
        };
    }
    if rises(topic) {
        return if first.said_at < next.said_at && gap > 0.0 {
            (Comparable, "The later number is higher: an update.")
        } else if first.said_at == next.said_at {
            (Contradicts, "Their numbers differ, and they were said at one time.")
        } else {
            (Contradicts, "The later number is lower: a contradiction or a correction.")
        };
    }
    if hours <= STEADY_HOURS {
        (Contradicts, "Their numbers differ, and they were said within hours.")
    } else {
        (Comparable, "Their numbers differ, as they may with time.")
    }
}

/// How far the ranges lie apart: 0 where they overlap or nearly do, positive where the second is higher.
fn gap(topic: ClaimTopic, one: &Quantity, two: &Quantity) -> f64 {
    let most = |quantity: &Quantity| quantity.high.unwrap_or(f64::INFINITY);
    let tolerance = match topic {
        ClaimTopic::Magnitude => MAGNITUDE_TOLERANCE,
        ClaimTopic::WaterLevel | ClaimTopic::WindSpeed | ClaimTopic::Area => {
            MEASURE_TOLERANCE * one.low.max(two.low)
        }
        _ => 0.0,
    };
    // Half a thousandth: sums of decimals are not exact.
    let tolerance = tolerance + 0.000_5;
    if two.low > most(one) + tolerance {
        two.low - most(one)
    } else if one.low > most(two) + tolerance {
        most(two) - one.low
    } else {
        0.0
    }
}

fn by_text(first: &Statement<'_>, next: &Statement<'_>, alike: f64) -> (Sameness, &'static str) {
    use Sameness::{Comparable, Contradicts, Different, Same};
    if alike < ALIKE {
        return (Different, "They share few words.");
    }
    if figures(first.text) != figures(next.text) {
        return (Comparable, "They are worded alike and give different numbers.");
    }
    if first.slots.negated != next.slots.negated {
        return (Contradicts, "They are worded alike, and one denies it.");
    }
    if alike >= VERY_ALIKE {
        (Same, "They are worded alike.")
    } else {
        (Comparable, "They share many words.")
    }
}

/// Topics whose claims have few parts.
pub(super) fn is_told_by_text(topic: ClaimTopic) -> bool {
    matches!(topic, ClaimTopic::Other | ClaimTopic::Cause | ClaimTopic::Remedy)
}

/// Counts that do not fall again: later and higher is an update.
fn rises(topic: ClaimTopic) -> bool {
    matches!(
        topic,
        ClaimTopic::Deaths | ClaimTopic::Injured | ClaimTopic::Cases | ClaimTopic::Damage | ClaimTopic::Area
    )
}

/// Topics of one thing that has a name.
fn is_a_thing(topic: ClaimTopic) -> bool {
    matches!(topic, ClaimTopic::Closure | ClaimTopic::Damage | ClaimTopic::Outage)
}

fn is_one_time(first: &Statement<'_>, next: &Statement<'_>) -> bool {
    match (first.slots.time, next.slots.time) {
        (Some(one), Some(two)) => apart_hours(one, two) <= DAY_HOURS,
        _ => apart_hours(first.said_at, next.said_at) <= WINDOW_HOURS,
    }
}

fn apart_hours(one: Timestamp, two: Timestamp) -> i64 {
    (one.as_second() - two.as_second()).abs() / 3_600
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Places {
    Together,
    Unknown,
    Apart,
}

fn places(first: &Statement<'_>, next: &Statement<'_>) -> Places {
    let incident = first.incident.is_some() && first.incident == next.incident;
    match (&first.slots.place, &next.slots.place) {
        (Some(one), Some(two)) => {
            let near = distance_km((one.lat, one.lon), (two.lat, two.lon)) <= radius_km(first.topic);
            if near || within(one, two) || within(two, one) { Places::Together } else { Places::Apart }
        }
        _ if incident => Places::Together,
        _ => Places::Unknown,
    }
}

/// How far apart the places of one fact are named: a shock is felt and named far away, a bridge is not.
pub(super) fn radius_km(topic: ClaimTopic) -> f64 {
    match topic {
        ClaimTopic::Closure | ClaimTopic::Outage | ClaimTopic::Damage | ClaimTopic::Shortage => 30.0,
        ClaimTopic::Magnitude | ClaimTopic::WindSpeed => 200.0,
        _ => 100.0,
    }
}

/// Whether the name of `outer` stands behind that of `inner`: "Kochi, India" lies in "India".
fn within(inner: &ClaimPlace, outer: &ClaimPlace) -> bool {
    let inside = inner.name.strip_suffix(outer.name.as_str()).is_some_and(|rest| rest.ends_with(", "));
    inner.country == outer.country && (inside || inner.name == outer.name)
}

/// Shared words of either text's (Jaccard).
fn likeness(one: &str, two: &str) -> f64 {
    let (one, two) = (words(one), words(two));
    let both = one.iter().filter(|word| two.binary_search(word).is_ok()).count();
    let either = one.len() + two.len() - both;
    if either == 0 { 0.0 } else { both as f64 / either as f64 }
}

fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = fold::key(text).split(' ').map(str::to_owned).collect();
    words.retain(|word| !word.is_empty());
    words.sort();
    words.dedup();
    words
}

fn figures(text: &str) -> Vec<String> {
    let mut found = words(text);
    found.retain(|word| word.starts_with(|char| crate::number::digit(char).is_some()));
    found
}

/// Whether each text has names, figures among them, and none in common. The names of the places are none of theirs.
fn name_other_things(first: &Statement<'_>, next: &Statement<'_>) -> bool {
    let names = |one: &Statement<'_>| {
        let place = one.slots.place.as_ref().map(|place| words(&place.name)).unwrap_or_default();
        let mut names: Vec<String> = one
            .text
            .split(|char: char| !fold::is_word(char))
            .filter(|word| word.chars().count() > 1)
            .enumerate()
            .filter(|(at, word)| {
                let capital = word.starts_with(char::is_uppercase) && *at > 0;
                capital || word.starts_with(|char: char| char.is_ascii_digit())
            })
            .map(|(_, word)| fold::key(word))
            .filter(|word| place.binary_search(word).is_err())
            .collect();
        names.sort();
        names
    };
    let (one, two) = (names(first), names(next));
    !one.is_empty() && !two.is_empty() && !one.iter().any(|name| two.binary_search(name).is_ok())
}
