//! Which claims say the same, which contradict each other, and that a store finds them.

use crisislens_analysis::claims::ClaimDraft;
use crisislens_analysis::claims::keys::{MAX_KEYS, keys};
use crisislens_analysis::claims::same::{Sameness, Statement, same};
use crisislens_analysis::world::World;
use crisislens_model::claim::{ClaimPlace, Quantity, Slots};
use crisislens_model::{ClaimTopic, ExerciseId, Timestamp};
use proptest::prelude::*;

use crate::make::{ANALYZER, analyze, post};

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_second(1_772_366_400 + hours * 3_600).unwrap()
}

/// The first claim that `text` makes.
fn claim(text: &str) -> ClaimDraft {
    let raw = post(text);
    ANALYZER.claims(&raw, &analyze(&raw)).into_iter().next().unwrap_or_else(|| panic!("no claim in {text}"))
}

/// How two texts stand to each other when the second is said so many hours after the first.
fn compare(one: &str, two: &str, hours: i64) -> (Sameness, String) {
    let (a, b) = (claim(one), claim(two));
    let (a, b) = (a.statement(hour(0), None, World::Real), b.statement(hour(hours), None, World::Real));
    let found = same(&a, &b);
    assert_eq!(same(&b, &a), found, "{one} | {two}");
    if found.0 != Sameness::Different {
        let (a, b) = (keys(&a), keys(&b));
        assert!(a.iter().any(|key| b.contains(key)), "no key in common: {one} | {two}");
    }
    found
}

#[test]
fn numbers_that_overlap_agree_later_and_higher_is_an_update_later_and_lower_is_not() {
    for (one, two, hours, expected) in [
        ("12 people died in Paris.", "A dozen dead in Paris", 3, Sameness::Same),
        ("More than 10 people died in Paris.", "12 dead in Paris", 3, Sameness::Same),
        ("12 people died in Paris.", "20 people died in Paris.", 5, Sameness::Comparable),
        ("20 people died in Paris.", "12 people died in Paris.", 5, Sameness::Contradicts),
        ("12 people died in Paris.", "12 people died in Rome.", 1, Sameness::Different),
        ("12 people died in Paris.", "12 people were injured in Paris.", 1, Sameness::Different),
        ("12 people died in Paris.", "12 people died in Paris.", 24 * 9, Sameness::Different),
        ("12 people died in Lyon.", "12 people died in France.", 1, Sameness::Same),
        ("No deaths in Paris.", "12 people died in Paris.", 5, Sameness::Comparable),
        ("12 people died in Paris.", "No deaths in Paris.", 5, Sameness::Contradicts),
        ("A magnitude 6.4 earthquake hit Lima.", "M 6.3 earthquake in Lima", 1, Sameness::Same),
        ("A magnitude 6.4 earthquake hit Lima.", "M 6.8 earthquake in Lima", 1, Sameness::Comparable),
        ("A magnitude 6.4 earthquake hit Lima.", "M 7.9 earthquake in Lima", 1, Sameness::Contradicts),
    ] {
        let (found, why) = compare(one, two, hours);
        assert_eq!(found, expected, "{one} | {two}: {why}");
        assert!(why.ends_with('.'));
    }
}

#[test]
fn closed_and_open_contradict_and_things_of_other_names_do_not() {
    assert_eq!(
        compare("The bridge in Paris is closed.", "The bridge in Paris has reopened.", 2).0,
        Sameness::Contradicts
    );
    assert_eq!(
        compare("The bridge in Paris is closed.", "A bridge in Paris is blocked", 2).0,
        Sameness::Same
    );
    assert_eq!(
        compare("The bridge in Paris is closed.", "The tunnel in Paris is closed.", 2).0,
        Sameness::Different
    );
    let (found, why) = compare("Highway 14 in Paris is closed.", "Highway 27 in Paris is open.", 2);
    assert_eq!((found, why.as_str()), (Sameness::Comparable, "They name different ones."));
}

#[test]
fn claims_without_parts_are_compared_by_their_words() {
    let cause = "The fire was deliberately set by two men, police say.";
    assert_eq!(compare(cause, cause, 2).0, Sameness::Same);
    assert_eq!(
        compare(cause, "The fire was not deliberately set by two men, police say.", 2).0,
        Sameness::Contradicts
    );
    assert_eq!(compare(cause, "Arson destroyed half of the old market.", 2).0, Sameness::Different);
}

#[test]
fn an_exercise_is_never_compared_with_reality() {
    let draft = claim("12 people died in Paris.");
    let (real, drill) =
        (draft.statement(hour(0), None, World::Real), draft.statement(hour(0), None, World::Drill));
    assert_eq!(same(&real, &drill).0, Sameness::Different);
    assert!(keys(&real).iter().all(|key| !keys(&drill).contains(key)));
    let of = |id| draft.statement(hour(0), None, World::Exercise(id));
    let (one, two) = (of(ExerciseId::random()), of(ExerciseId::random()));
    assert_eq!((same(&one, &one).0, same(&one, &two).0), (Sameness::Same, Sameness::Different));
    assert!(keys(&one).iter().all(|key| !keys(&two).contains(key) && !keys(&drill).contains(key)));
}

fn draft() -> impl Strategy<Value = (ClaimTopic, Slots, String, i64)> {
    let topic = prop_oneof![
        Just(ClaimTopic::Deaths),
        Just(ClaimTopic::Missing),
        Just(ClaimTopic::Magnitude),
        Just(ClaimTopic::Closure),
        Just(ClaimTopic::Other),
    ];
    let quantity = proptest::option::of((0.0..20.0_f64, proptest::option::of(0.0..5.0_f64)));
    let place = proptest::option::of((-90.0..=90.0_f64, -180.0..=180.0_f64, 0..3_usize));
    let near = prop_oneof![Just(None), Just(Some((10.0, 20.0, 0_usize))), place];
    (
        topic,
        quantity,
        near,
        any::<bool>(),
        "(Road|the|bridge|12|down|not){1,6}",
        -60..60_i64,
        proptest::option::of(-60..60_i64),
    )
        .prop_map(|(topic, quantity, place, negated, text, at, time)| {
            let slots = Slots {
                subject: String::new(),
                negated,
                quantity: quantity.map(|(low, more)| Quantity {
                    low,
                    high: more.map(|more| low + more),
                    unit: String::new(),
                }),
                place: place.map(|(lat, lon, name)| ClaimPlace {
                    name: ["Kochi, India", "India", "Paris, France"][name].to_owned(),
                    lat,
                    lon,
                    country: Some("IN".to_owned()),
                }),
                time: time.map(hour),
            };
            (topic, slots, text, at)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn comparing_is_symmetric_and_reflexive_and_what_can_be_compared_shares_a_key(one in draft(), two in draft()) {
        let statement = |(topic, slots, text, at): &(ClaimTopic, Slots, String, i64)| {
            (*topic, slots.clone(), text.clone(), hour(*at))
        };
        let (one, two) = (statement(&one), statement(&two));
        let view = |(topic, slots, text, at): &(ClaimTopic, Slots, String, Timestamp)| -> (Sameness, usize) {
            let statement = Statement { topic: *topic, slots, text, said_at: *at, incident: None, world: World::Real };
            (same(&statement, &statement).0, keys(&statement).len())
        };
        for claim in [&one, &two] {
            let (itself, keys) = view(claim);
            prop_assert!(itself == Sameness::Same, "{:?}", claim);
            prop_assert!(keys <= MAX_KEYS);
        }
        let a = Statement { topic: one.0, slots: &one.1, text: &one.2, said_at: one.3, incident: None, world: World::Real };
        let b = Statement { topic: two.0, slots: &two.1, text: &two.2, said_at: two.3, incident: None, world: World::Real };
        let (found, why) = same(&a, &b);
        prop_assert_eq!(same(&b, &a), (found, why));
        let placed = a.slots.place.is_some() && b.slots.place.is_some() && a.topic != ClaimTopic::Other;
        if found != Sameness::Different && placed {
            let (a, b) = (keys(&a), keys(&b));
            prop_assert!(a.iter().any(|key| b.contains(key)));
        }
    }
}
