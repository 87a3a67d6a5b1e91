//! What the likelihood promises, whatever its weights.

use crisislens_model::claim::{EvidenceKind, Stance};
use crisislens_model::{Evidence, Timestamp};
use proptest::prelude::*;

use super::sides::{FACTORS, Sides};
use super::*;
use crate::reliability::UNKNOWN;

fn voice(number: u128, stance: Stance, reliability: f64, group: &str) -> Evidence {
    let sign = if stance == Stance::Refutes { -1.0 } else { 1.0 };
    let mut out = Evidence {
        id: uuid::Uuid::from_u128(number),
        kind: EvidenceKind::Report,
        item_id: None,
        url: None,
        text_snippet: "the bridge is closed".to_owned(),
        source: format!("source {number}"),
        source_reliability: reliability,
        stance,
        support_score: sign,
        group: group.to_owned(),
        said_at: Timestamp::from_second(1_700_000_000 + number as i64).unwrap(),
        why: String::new(),
        by_person: false,
    };
    if stance == Stance::Neutral {
        out.support_score = 0.0;
    }
    out
}

fn of_kind(kind: EvidenceKind, number: u128, stance: Stance) -> Evidence {
    Evidence { kind, ..voice(number, stance, 0.92, &format!("own {number}")) }
}

fn said(evidence: &[Evidence]) -> Assessment {
    assess(evidence, Circumstances::default())
}

#[test]
fn nothing_known_is_one_half_and_unconfirmed() {
    let found = said(&[]);
    assert!((found.likelihood - 0.5).abs() < 1e-12);
    assert_eq!((found.standing, found.credibility), (Standing::Unconfirmed, Credibility::Unknown));
    assert_eq!(found.parts.len(), 1);
}

#[test]
fn one_group_is_unconfirmed_and_near_the_prior_however_good_it_is() {
    let evidence: Vec<Evidence> =
        (0..9).map(|number| voice(number, Stance::Supports, 0.97, "one owner")).collect();
    let found = said(&evidence);
    assert_eq!((found.standing, found.supporting_groups), (Standing::Unconfirmed, 1));
    let log_odds = (found.likelihood / (1.0 - found.likelihood)).ln();
    assert!((log_odds - super::weights::PRIOR - NEIGHBOURHOOD).abs() < 1e-9, "{log_odds}");
    assert!(found.parts.iter().any(|part| part.why.contains("fewer than two independent groups")));
}

#[test]
fn two_groups_support_and_two_refute() {
    let side = |stance: Stance| [voice(1, stance, 0.85, "one"), voice(2, stance, 0.85, "two")];
    let (pro, contra) = (said(&side(Stance::Supports)), said(&side(Stance::Refutes)));
    assert_eq!((pro.standing, pro.supporting_groups), (Standing::Supported, 2));
    assert_eq!((contra.standing, contra.refuting_groups), (Standing::Refuted, 2));
    assert!(pro.likelihood > 0.6 && contra.likelihood < 0.25, "{} {}", pro.likelihood, contra.likelihood);
}

#[test]
fn both_sides_with_weight_are_disputed() {
    let evidence = [
        voice(1, Stance::Supports, 0.8, "a"),
        voice(2, Stance::Supports, 0.8, "b"),
        voice(3, Stance::Refutes, 0.8, "c"),
        voice(4, Stance::Refutes, 0.8, "d"),
    ];
    assert_eq!(said(&evidence).standing, Standing::Disputed);
}

#[test]
fn an_authority_or_a_confirmed_check_lifts_a_claim_alone_and_a_suggested_one_does_not() {
    for kind in [EvidenceKind::Official, EvidenceKind::FactCheck] {
        let (pro, contra) = (of_kind(kind, 1, Stance::Supports), of_kind(kind, 1, Stance::Refutes));
        assert_eq!(said(&[pro]).standing, Standing::Supported, "{kind:?}");
        assert_eq!(said(&[contra]).standing, Standing::Refuted, "{kind:?}");
    }
    let mut suggested = of_kind(EvidenceKind::FactCheck, 1, Stance::Refutes);
    suggested.support_score = -0.4;
    assert_eq!(said(&[suggested]).standing, Standing::Unconfirmed);
}

#[test]
fn a_correction_replaces_what_it_corrects() {
    let first = of_kind(EvidenceKind::Official, 1, Stance::Supports);
    let mut later = of_kind(EvidenceKind::Official, 2, Stance::Refutes);
    later.source.clone_from(&first.source);
    later.group.clone_from(&first.group);
    let found = said(&[first, later.clone()]);
    assert_eq!(found.parts, said(&[later]).parts);
}

#[test]
fn every_factor_moves_the_likelihood_to_its_side() {
    let (for_it, against) = ([0, 2, 4, 6, 10], [1, 3, 5, 7, 8, 9]);
    assert!(for_it.iter().all(|at| WEIGHTS[*at] >= 0.0), "{WEIGHTS:?}");
    assert!(against.iter().all(|at| WEIGHTS[*at] <= 0.0), "{WEIGHTS:?}");
    assert_eq!(WEIGHTS.len(), FACTORS.len());
}

fn any_voice() -> impl Strategy<Value = Evidence> {
    let kind = prop_oneof![
        6 => Just(EvidenceKind::Report),
        1 => Just(EvidenceKind::Official),
        1 => Just(EvidenceKind::FactCheck),
        1 => Just(EvidenceKind::Manual),
    ];
    let stance = prop_oneof![Just(Stance::Supports), Just(Stance::Refutes), Just(Stance::Neutral)];
    (0..40_u128, kind, stance, -0.2..1.2_f64, -1.5..1.5_f64, 0..6_u8, any::<bool>()).prop_map(
        |(number, kind, stance, reliability, score, group, by_person)| Evidence {
            kind,
            support_score: score,
            by_person,
            ..voice(number, stance, reliability, &group.to_string())
        },
    )
}

fn any_evidence() -> impl Strategy<Value = Vec<Evidence>> {
    proptest::collection::vec(any_voice(), 0..12).prop_map(|mut list| {
        for (at, voice) in list.iter_mut().enumerate() {
            voice.id = uuid::Uuid::from_u128(at as u128);
        }
        list
    })
}

fn any_circumstances() -> impl Strategy<Value = Circumstances> {
    (0..5_u32, any::<bool>())
        .prop_map(|(contradicting_groups, hedged)| Circumstances { contradicting_groups, hedged })
}

proptest! {
    #[test]
    fn the_parts_sum_to_the_log_odds(evidence in any_evidence(), around in any_circumstances()) {
        let found = assess(&evidence, around);
        let sum: f64 = found.parts.iter().map(|part| part.contribution).sum();
        prop_assert!((sum - (found.likelihood / (1.0 - found.likelihood)).ln()).abs() < 1e-6);
        prop_assert!((0.0..=1.0).contains(&found.likelihood));
    }

    #[test]
    fn below_two_groups_with_no_authority_and_no_check_nothing_is_decided(
        evidence in any_evidence(), around in any_circumstances()
    ) {
        let found = assess(&evidence, around);
        let alone = evidence.iter().any(|voice| {
            voice.stance != Stance::Neutral && matches!(voice.kind, EvidenceKind::Official | EvidenceKind::FactCheck)
        });
        if found.supporting_groups < 2 && found.refuting_groups < 2 && !alone {
            prop_assert_eq!(found.standing, Standing::Unconfirmed);
            let log_odds = (found.likelihood / (1.0 - found.likelihood)).ln();
            let prior = if evidence.is_empty() { 0.0 } else { super::weights::PRIOR };
            prop_assert!((log_odds - prior).abs() <= NEIGHBOURHOOD + 1e-9);
        }
    }

    #[test]
    fn fifty_copies_of_a_report_move_nothing(
        evidence in any_evidence(), around in any_circumstances(), at in 0..12_usize, reliability in 0.0..1.0_f64
    ) {
        let reports: Vec<&Evidence> = evidence.iter().filter(|voice| voice.kind == EvidenceKind::Report).collect();
        if let Some(copied) = reports.get(at % reports.len().max(1)) {
            let mut with = evidence.clone();
            with.extend((0..50).map(|number| Evidence {
                id: uuid::Uuid::from_u128(1_000 + number),
                source: format!("copy {number}"),
                source_reliability: reliability,
                said_at: copied.said_at + std::time::Duration::from_secs(3_600),
                by_person: false,
                ..(*copied).clone()
            }));
            let (before, after) = (assess(&evidence, around), assess(&with, around));
            prop_assert!((after.likelihood - before.likelihood).abs() < 1e-12);
            prop_assert_eq!(after.standing, before.standing);
        }
    }

    #[test]
    fn the_order_of_evidence_changes_nothing(evidence in any_evidence(), seed in any::<u64>()) {
        let mut other = evidence.clone();
        crate::linear::number::Random::new(seed).shuffle(&mut other);
        prop_assert_eq!(said(&evidence), said(&other));
    }

    #[test]
    fn one_more_unknown_group_for_it_never_makes_it_less_likely(evidence in any_evidence()) {
        let mut with = evidence.clone();
        with.push(voice(900, Stance::Supports, UNKNOWN, "new"));
        let (before, after) = (Sides::of(&evidence, Circumstances::default()), Sides::of(&with, Circumstances::default()));
        prop_assert_eq!(after.supporting_groups, before.supporting_groups + 1);
        let moved = |sides: &Sides| -> f64 { sides.factors().iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum() };
        prop_assert!(moved(&after) >= moved(&before));
    }
}
