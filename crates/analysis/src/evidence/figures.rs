//! What two statements in parts say of each other: by their numbers, negations and places. Not words.

use crisislens_model::ClaimTopic;
use crisislens_model::claim::{Quantity, Slots};
use crisislens_model::place::distance_km;

/// Farther apart, two statements are about different things, in km.
const FAR_KM: f64 = 100.0;
/// Magnitudes of one earthquake by different agencies and scales differ by so much.
const MAGNITUDES: f64 = 0.3;
/// Beyond this, a magnitude is another one.
const OTHER_MAGNITUDE: f64 = 0.6;
/// Counts and measures are rounded by so much of themselves.
const ROUNDED: f64 = 0.1;
/// From this ratio on, a number is another one.
const OTHER: f64 = 1.5;

/// A side, how strongly (−1 to 1), and why.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Compared {
    pub(super) score: f64,
    pub(super) why: String,
}

fn compared(score: f64, why: impl Into<String>) -> Option<Compared> {
    Some(Compared { score, why: why.into() })
}

/// What `said` says of `claim`, where both state the same kind of thing of the same place; `None` where they do not.
pub(super) fn compare(claim: (ClaimTopic, &Slots), said: (ClaimTopic, &Slots)) -> Option<Compared> {
    let ((topic, claim), (other, said)) = (claim, said);
    let differ = |a: &str, b: &str| !a.is_empty() && !b.is_empty() && a != b;
    if topic != other
        || topic == ClaimTopic::Other
        || differ(&claim.subject, &said.subject)
        || are_far(claim, said)
    {
        return None;
    }
    match (&claim.quantity, &said.quantity) {
        (Some(a), Some(b)) if !claim.negated && !said.negated => quantities(topic, a, b),
        _ if claim.negated != said.negated => {
            let not = if said.negated { "says that it is not so" } else { "says that it is so" };
            compared(-0.7, format!("{not}: {}", topic.as_str()))
        }
        (None, None) => compared(0.6, format!("states the same: {}", topic.as_str())),
        _ => compared(0.3, format!("speaks of the same, without numbers to compare: {}", topic.as_str())),
    }
}

fn are_far(claim: &Slots, said: &Slots) -> bool {
    let point = |slots: &Slots| slots.place.as_ref().map(|place| (place.lat, place.lon));
    point(claim).zip(point(said)).is_some_and(|(a, b)| distance_km(a, b) > FAR_KM)
}

/// Numbers of one unit. Of counts that rise with time, a higher one may only be later; a lower one speaks against.
pub(super) fn quantities(topic: ClaimTopic, claim: &Quantity, said: &Quantity) -> Option<Compared> {
    if claim.unit != said.unit && !claim.unit.is_empty() && !said.unit.is_empty() {
        return None;
    }
    let numbers = format!("{} against {}", in_words(said), in_words(claim));
    let (near, other) = if topic == ClaimTopic::Magnitude {
        (MAGNITUDES, OTHER_MAGNITUDE)
    } else {
        let size = claim.low.abs().max(said.low.abs());
        (ROUNDED * size, size * (1.0 - 1.0 / OTHER))
    };
    let top = |quantity: &Quantity| quantity.high.unwrap_or(f64::INFINITY);
    let below = claim.low - top(said);
    let above = said.low - top(claim);
    let gap = below.max(above).max(0.0);
    if gap <= near {
        return compared(0.8, format!("the numbers agree: {numbers}"));
    }
    if above > 0.0 && rises(topic) {
        return compared(0.0, format!("a higher count, which may be a later one: {numbers}"));
    }
    let score = if gap >= other { -0.8 } else { -0.3 };
    compared(score, format!("the numbers differ: {numbers}"))
}

/// Whether counts of this kind rise while a crisis goes on.
fn rises(topic: ClaimTopic) -> bool {
    use ClaimTopic::{Area, Cases, Damage, Deaths, Displaced, Injured, Missing, WaterLevel};
    matches!(topic, Deaths | Injured | Missing | Displaced | Cases | Area | Damage | WaterLevel)
}

fn in_words(quantity: &Quantity) -> String {
    let number = match quantity.high {
        None => format!("at least {}", quantity.low),
        Some(high) if (high - quantity.low).abs() < f64::EPSILON => format!("{high}"),
        Some(high) => format!("{} to {high}", quantity.low),
    };
    if quantity.unit.is_empty() { number } else { format!("{number} {}", quantity.unit) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crisislens_model::claim::ClaimPlace;

    fn exactly(number: f64) -> Quantity {
        Quantity { low: number, high: Some(number), unit: String::new() }
    }

    fn score(topic: ClaimTopic, claim: Quantity, said: Quantity) -> f64 {
        quantities(topic, &claim, &said).unwrap().score
    }

    #[test]
    fn numbers_agree_differ_or_may_have_risen() {
        use ClaimTopic::{Deaths, Magnitude, WindSpeed};
        assert!(score(Deaths, exactly(12.0), exactly(12.0)) > 0.5);
        assert!(score(Deaths, exactly(100.0), exactly(104.0)) > 0.5, "rounded");
        assert!(score(Deaths, exactly(5.0), exactly(40.0)).abs() < 0.1, "later");
        assert!(score(Deaths, exactly(500.0), exactly(40.0)) < -0.5);
        let more = Quantity { low: 30.0, high: None, unit: String::new() };
        assert!(score(Deaths, exactly(40.0), more.clone()) > 0.5);
        assert!(score(Deaths, more, exactly(5.0)) < -0.5);
        assert!(score(Magnitude, exactly(6.1), exactly(6.3)) > 0.5);
        assert!(score(Magnitude, exactly(9.0), exactly(6.3)) < -0.5);
        assert!(score(Magnitude, exactly(5.9), exactly(6.3)) > -0.5);
        assert!(score(WindSpeed, exactly(100.0), exactly(300.0)) < -0.5);
    }

    #[test]
    fn only_the_same_thing_is_compared() {
        let metres = Quantity { unit: "m".to_owned(), ..exactly(3.0) };
        let millimetres = Quantity { unit: "mm".to_owned(), ..exactly(3.0) };
        assert_eq!(quantities(ClaimTopic::WaterLevel, &metres, &millimetres), None);
        let at = |lat: f64| Slots {
            subject: "bridge".to_owned(),
            place: Some(ClaimPlace { name: String::new(), lat, lon: 0.0, country: None }),
            ..Slots::default()
        };
        let closure = |slots: &Slots, other: &Slots| {
            compare((ClaimTopic::Closure, slots), (ClaimTopic::Closure, other))
        };
        assert!(closure(&at(10.0), &at(10.1)).unwrap().score > 0.5);
        assert_eq!(closure(&at(10.0), &at(14.0)), None);
        let open = Slots { negated: true, ..at(10.0) };
        assert!(closure(&at(10.0), &open).unwrap().score < -0.5);
        assert!(closure(&open, &open).unwrap().score > 0.5);
        let school = Slots { subject: "school".to_owned(), ..at(10.0) };
        assert_eq!(closure(&at(10.0), &school), None);
        assert_eq!(compare((ClaimTopic::Closure, &at(10.0)), (ClaimTopic::Deaths, &at(10.0))), None);
    }
}
