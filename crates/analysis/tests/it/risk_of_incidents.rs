//! The risk of an incident is the same in whatever order what it rests on arrives, and a sum whatever its parts weigh.

use std::sync::LazyLock;

use crisislens_analysis::incident;
use crisislens_model::incident::{Centre, Risk};
use crisislens_model::{
    HazardType, Incident, IncidentId, Item, ItemId, RiskLevel, RiskWeights, Severity, SourceKind, Stated,
    Timestamp,
};
use proptest::prelude::*;
use proptest::sample::Index;
use uuid::Uuid;

use crate::make::{item, made_anew, official, post, raw};

/// Floods as all sorts of voices tell of them, placed from a point to nowhere.
static FLOODS: LazyLock<Vec<Item>> = LazyLock::new(|| {
    let warning = |severity, event: Option<&str>| Stated {
        hazard: Some(HazardType::Flood),
        severity: Some(severity),
        lat: Some(44.4),
        lon: Some(8.9),
        event_id: event.map(str::to_owned),
        ..Stated::default()
    };
    let floods: Vec<Item> = [
        official("Flood warning for Genoa, Italy", warning(Severity::High, Some("FL-1"))),
        official("Flood warning for Genoa, Italy", warning(Severity::Medium, None)),
        raw(SourceKind::Media, "Flood in Genoa, Italy: 3 people killed"),
        post("Flood in Genoa, Italy: the river burst its banks"),
        post("Flooding all over Liguria, Italy"),
        post("Severe flooding in Italy"),
        post("Flood, flood, the whole street is under water"),
    ]
    .into_iter()
    .map(item)
    .collect();
    assert!(floods.iter().all(|item| item.hazard.kind == HazardType::Flood));
    assert!(floods.iter().any(|item| item.location.is_none()));
    floods
});

/// Items of one happening, each with how many copies there are of it.
fn told() -> impl Strategy<Value = Vec<(Item, u64)>> {
    let one = (any::<Index>(), 0..6_u8, 0..4_000_i64, 0..5_u64);
    proptest::collection::vec(one, 2..24).prop_map(|told| {
        let items = told.into_iter().enumerate().map(|(n, (flood, source, minutes, copies))| {
            let mut item = flood.get(&FLOODS).clone();
            item.id = ItemId(Uuid::from_u128(n as u128 + 1));
            item.source = format!("source-{source}");
            item.timestamp = Timestamp::from_second(1_772_000_000 + minutes * 60).unwrap();
            (item, copies)
        });
        items.collect()
    })
}

/// What these make when they join one by one.
fn joined(told: &[(Item, u64)]) -> Incident {
    let mut incident = incident::open(&told[0].0);
    told[1..].iter().for_each(|(item, _)| incident::join(&mut incident, item));
    incident.copies = copies(told);
    incident
}

fn copies(told: &[(Item, u64)]) -> u64 {
    told.iter().map(|(_, copies)| copies).sum()
}

fn items(told: &[(Item, u64)]) -> Vec<Item> {
    told.iter().map(|(item, _)| item.clone()).collect()
}

fn assessed(mut incident: Incident, weights: &RiskWeights) -> Risk {
    incident::assess(&mut incident, weights);
    incident.risk.unwrap()
}

/// The same but for the last digits, which sums of places in another order may have.
fn same(one: Incident, other: Incident) -> Result<(), TestCaseError> {
    prop_assert_eq!(one.voices, other.voices);
    prop_assert_eq!(one.copies, other.copies);
    prop_assert_eq!(&one.sources, &other.sources);
    let weights = RiskWeights::default();
    let (one, other) = (assessed(one, &weights), assessed(other, &weights));
    prop_assert!((one.score - other.score).abs() < 1e-9);
    for (one, other) in one.parts.iter().zip(&other.parts) {
        prop_assert!((one.value - other.value).abs() < 1e-9, "{:?} {:?}", one, other);
        prop_assert_eq!(&one.why, &other.why);
    }
    Ok(())
}

/// Whatever it rests on, its parts are shares that sum to its score.
fn is_sound(risk: &Risk, weights: &RiskWeights) -> Result<(), TestCaseError> {
    let told: Vec<(&str, f64)> = risk.parts.iter().map(|part| (part.name.as_str(), part.weight)).collect();
    prop_assert_eq!(&told[..], &weights.named()[..]);
    let mut sum = 0.0;
    for part in &risk.parts {
        prop_assert!((0.0..=1.0).contains(&part.value) && !part.why.is_empty(), "{:?}", part);
        prop_assert_eq!(part.contribution, part.weight * part.value);
        sum += part.contribution;
    }
    prop_assert_eq!(risk.score, f64::min(sum, 1.0));
    prop_assert!((risk.score - sum).abs() < 1e-9);
    prop_assert_eq!(risk.level, RiskLevel::of(risk.score));
    Ok(())
}

/// Eight weights that sum to 1, some of them 0.
fn weights() -> impl Strategy<Value = RiskWeights> {
    proptest::array::uniform8(prop_oneof![1 => Just(0.0), 3 => 0.0..1.0_f64])
        .prop_filter("something weighs", |shares| shares.iter().sum::<f64>() > 1e-3)
        .prop_map(|shares| {
            let sum: f64 = shares.iter().sum();
            let [a, b, c, d, e, f, g, h] = shares.map(|share| share / sum);
            RiskWeights {
                novelty: a,
                source_reliability: b,
                evidence_quality: c,
                corroboration: d,
                sentiment: e,
                virality: f,
                geographic_clustering: g,
                temporal_consistency: h,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn in_whatever_order_items_join_the_risk_is_the_same(
        (told, shuffled) in told().prop_flat_map(|told| (Just(told.clone()), Just(told).prop_shuffle())),
        at in any::<Index>(),
    ) {
        let all = joined(&told);
        same(all.clone(), joined(&shuffled))?;

        // Two that people merge, either into the other.
        let (mine, theirs) = shuffled.split_at(1 + at.index(shuffled.len() - 1));
        for (mine, theirs) in [(mine, theirs), (theirs, mine)] {
            let (mut into, mut from) = (joined(mine), joined(theirs));
            incident::merge(&mut into, &mut from);
            same(all.clone(), into)?;
        }

        // Made anew of its items.
        let mut anew = joined(mine);
        made_anew(&mut anew, &items(&shuffled));
        anew.copies = copies(&shuffled);
        same(all.clone(), anew)?;

        // One that people split: each is what its own items make.
        let mut left = all;
        let id = IncidentId(Uuid::from_u128(7));
        let mut parted = incident::split(&mut left, id, &items(theirs), None).unwrap();
        made_anew(&mut left, &items(mine));
        (left.copies, parted.copies) = (copies(mine), copies(theirs));
        same(joined(mine), left)?;
        same(joined(theirs), parted)?;
    }

    #[test]
    fn whatever_parts_weigh_they_sum_to_the_score(told in told(), weights in weights()) {
        prop_assert_eq!(weights.problems(), Vec::<String>::new());
        let risk = assessed(joined(&told), &weights);
        is_sound(&risk, &weights)?;
        is_sound(&assessed(joined(&told), &RiskWeights::default()), &RiskWeights::default())?;
    }

    #[test]
    fn what_cannot_be_is_assessed_as_a_share_too(
        counts in proptest::array::uniform6(prop_oneof![Just(0), Just(1), Just(u64::MAX), any::<u64>()]),
        centre in proptest::option::of(prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), any::<f64>()]),
        seen in any::<[i32; 2]>(),
    ) {
        let mut incident = incident::open(&FLOODS[0]);
        let [items, sources, copies, official, media, social] = counts;
        (incident.item_count, incident.source_count, incident.copies) = (items, sources, copies);
        (incident.voices.official, incident.voices.media, incident.voices.social) = (official, media, social);
        incident.centre = centre.map(|weight| Centre { lat: 0.0, lon: 0.0, weight });
        let [first, last] = seen.map(|second| Timestamp::from_second(i64::from(second)).unwrap());
        (incident.first_seen, incident.last_seen) = (first, last);
        is_sound(&assessed(incident, &RiskWeights::default()), &RiskWeights::default())?;
    }
}

#[test]
fn what_weighs_nothing_adds_nothing() {
    let nothing = RiskWeights { virality: 0.0, corroboration: 0.25, ..RiskWeights::default() };
    let mut quiet = incident::open(&FLOODS[3]);
    let alone = assessed(quiet.clone(), &nothing);
    quiet.copies = 900;
    let copied = assessed(quiet.clone(), &nothing);
    assert_eq!(alone.score, copied.score);
    assert!(assessed(quiet, &RiskWeights::default()).score > alone.score);
}

#[test]
fn places_that_sum_to_a_little_less_where_two_are_merged_are_found_the_same() {
    // Three divisions and five countries weigh as much as one town, or a last digit less.
    let (divisions, countries) = ([0.06; 3], [0.004; 5]);
    let sum = |weights: &[f64], from: f64| weights.iter().fold(from, |sum, weight| sum + weight);
    let (joined, merged) =
        (sum(&countries, sum(&divisions, 0.0)), sum(&divisions, 0.0) + sum(&countries, 0.0));
    assert!(merged < 0.2 && 0.2 <= joined, "{merged} {joined}");
    let [one, other] = [joined, merged].map(|weight| {
        let mut incident = incident::open(&FLOODS[3]);
        incident.centre = Some(Centre { lat: 44.4, lon: 8.9, weight });
        assessed(incident, &RiskWeights::default())
    });
    assert!((one.score - other.score).abs() < 1e-9, "{one:?} {other:?}");
}
