//! The rules by themselves, and whatever people try in whatever order.

use proptest::prelude::*;

use super::*;
use crisislens_model::claim::{Slots, Standing};
use crisislens_model::{ClaimTopic, HazardType, ItemId};

fn person(n: u128) -> UserId {
    UserId(Uuid::from_u128(n))
}

fn desk(risk: f64) -> Desk {
    let item = ItemId::of("net", "1");
    let claim = Claim {
        id: Claim::id_of(item, 0),
        text: "12 people were killed".to_owned(),
        language: "en".to_owned(),
        normalized_item_id: item,
        incident_id: None,
        hazard: HazardType::Earthquake,
        topic: ClaimTopic::Deaths,
        slots: Slots::default(),
        checkworthiness: 0.8,
        veracity_likelihood: 0.4,
        standing: Standing::Unconfirmed,
        likelihood_parts: Vec::new(),
        supporting_groups: 1,
        refuting_groups: 0,
        harm_potential: 0.9,
        harm_why: String::new(),
        risk_score: risk,
        risk_level: RiskLevel::of(risk),
        evidence: Vec::new(),
        contradicts: Vec::new(),
        item_ids: vec![item],
        item_count: 1,
        first_said: Timestamp::UNIX_EPOCH,
        last_said: Timestamp::UNIX_EPOCH,
        status: ClaimStatus::New,
        verdict: Verdict::None,
        reason: String::new(),
        decided_by: None,
        approved_by: None,
        notes: String::new(),
        was_high_risk: false,
        joined_into: None,
        exercise: false,
        exercise_id: None,
        version: 1,
    };
    Desk { claim, workflow: None, review_above: 0.7, by_approver: true, now: Timestamp::UNIX_EPOCH }
}

#[test]
fn a_verdict_of_low_risk_is_one_persons() {
    let mut desk = desk(0.5);
    desk.decide(Verdict::False, "the mayor said so", person(1)).unwrap();
    assert_eq!((desk.claim.status, desk.claim.verdict), (ClaimStatus::Verified, Verdict::False));
    let workflow = desk.workflow.clone().unwrap();
    assert_eq!(
        (workflow.status, workflow.human_review_status),
        (WorkflowStatus::Completed, ReviewStatus::Approved)
    );
    assert!(
        matches!(desk.decide(Verdict::True, "", person(2)), Err(Refusal::NotNow(_))),
        "it is reopened first"
    );
    desk.reopen(person(2)).unwrap();
    assert_eq!(
        (desk.claim.status, desk.claim.verdict, desk.claim.decided_by),
        (ClaimStatus::NeedsReview, Verdict::None, None)
    );
    assert_eq!(desk.workflow.clone().unwrap().round, 2);
}

#[test]
fn a_verdict_of_high_risk_waits_for_somebody_else() {
    let mut desk = desk(0.8);
    desk.decide(Verdict::True, "seen", person(1)).unwrap();
    assert_eq!((desk.claim.status, desk.waits_for_second()), (ClaimStatus::NeedsReview, true));
    assert_eq!(desk.approve(person(1)), Err(Refusal::SamePerson));
    assert!(desk.edit(Some("other".to_owned()), None, None).is_err());
    desk.by_approver = false;
    assert!(matches!(desk.approve(person(2)), Err(Refusal::NeedsApprover(_))));
    assert!(matches!(desk.reject(person(2)), Err(Refusal::NeedsApprover(_))));
    desk.clone().reject(person(1)).unwrap();
    desk.by_approver = true;
    desk.reject(person(2)).unwrap();
    assert_eq!(
        (desk.claim.verdict, desk.claim.decided_by, desk.waits_for_second()),
        (Verdict::None, None, false)
    );
    desk.decide(Verdict::False, "not seen", person(2)).unwrap();
    desk.approve(person(1)).unwrap();
    assert_eq!((desk.claim.status, desk.claim.approved_by), (ClaimStatus::Verified, Some(person(1))));
    desk.by_approver = false;
    assert!(matches!(desk.reopen(person(3)), Err(Refusal::NeedsApprover(_))), "two people decided");
}

#[test]
fn what_nobody_can_tell_waits_for_more() {
    let mut desk = desk(0.8);
    desk.decide(Verdict::NeedsInvestigation, "called the hospital", person(1)).unwrap();
    assert_eq!((desk.claim.status, desk.waits_for_second()), (ClaimStatus::NeedsReview, false));
    assert_eq!(desk.workflow.clone().unwrap().step, Step::HumanReview);
    desk.decide(Verdict::True, "they called back", person(1)).unwrap();
    assert!(desk.waits_for_second());
}

#[test]
fn evidence_is_added_once_judged_and_removed() {
    let mut desk = desk(0.5);
    let added = Added {
        url: Some("https://example.org/a".to_owned()),
        text_snippet: "No one was killed".to_owned(),
        source: "Mayor".to_owned(),
        stance: Stance::Refutes,
        why: "on the telephone".to_owned(),
    };
    let id = desk.add_evidence(added.clone()).unwrap();
    assert_eq!(desk.add_evidence(added), Ok(id));
    assert_eq!(desk.claim.evidence.len(), 1);
    assert_eq!(desk.workflow.as_ref().unwrap().status, WorkflowStatus::Running, "it is weighed again");
    desk.set_stance(id, Stance::Neutral, "about another town").unwrap();
    assert_eq!((desk.claim.evidence[0].stance, desk.claim.evidence[0].support_score), (Stance::Neutral, 0.0));
    desk.remove_evidence(id).unwrap();
    assert_eq!(desk.remove_evidence(id), Err(Refusal::NoEvidence));
    assert!(desk.claim.evidence.is_empty());
}

fn told_by_telephone(n: u8) -> Added {
    Added {
        url: None,
        text_snippet: format!("It is so, said number {n}"),
        source: format!("Fire brigade {n}"),
        stance: Stance::Supports,
        why: "on the telephone".to_owned(),
    }
}

#[test]
fn who_talks_a_high_risk_down_does_not_decide_alone() {
    let lowered = |how: &dyn Fn(&mut Desk)| {
        let mut desk = desk(0.9);
        how(&mut desk);
        // What the next look finds.
        desk.claim.risk_score = 0.1;
        desk.decide(Verdict::True, "sure", person(1)).unwrap();
        desk.waits_for_second()
    };
    assert!(lowered(&|desk| desk.edit(None, Some(0.0), None).unwrap()));
    assert!(lowered(&|desk| assert!(desk.add_evidence(told_by_telephone(1)).is_ok())));
    assert!(!lowered(&|desk| desk.edit(Some("Other words".to_owned()), None, None).unwrap()));
    assert!(!lowered(&|desk| assert_eq!(
        desk.set_stance(Uuid::nil(), Stance::Supports, ""),
        Err(Refusal::NoEvidence)
    )));
    let mut harmless = desk(0.5);
    harmless.edit(None, Some(0.0), None).unwrap();
    assert!(!harmless.claim.was_high_risk);
}

fn voice(n: u128, source: &str, minute: i64, stance: Stance) -> Evidence {
    Evidence {
        id: Uuid::from_u128(n),
        kind: EvidenceKind::Report,
        item_id: Some(ItemId(Uuid::from_u128(n))),
        url: None,
        text_snippet: String::new(),
        source: source.to_owned(),
        source_reliability: 0.6,
        stance,
        support_score: score(stance),
        group: source.to_owned(),
        said_at: Timestamp::from_second(minute * 60).unwrap(),
        why: String::new(),
        by_person: false,
    }
}

#[test]
fn who_was_right_is_judged_by_the_last_word_and_never_by_what_the_desk_wrote_down() {
    let mut desk = desk(0.1);
    desk.claim.evidence = vec![
        voice(1, "asha", 1, Stance::Supports),
        voice(2, "asha", 2, Stance::Refutes),
        voice(3, "ben", 1, Stance::Supports),
        voice(4, "cleo", 1, Stance::Neutral),
    ];
    desk.add_evidence(told_by_telephone(1)).unwrap();
    let judged = |claim: &Claim| {
        let all = consequences::adjudications(claim, &Default::default(), Timestamp::UNIX_EPOCH);
        all.into_iter().map(|one| (one.source, one.right)).collect::<Vec<_>>()
    };
    assert!(judged(&desk.claim).is_empty(), "nothing has taken effect");
    desk.decide(Verdict::False, "seen", person(1)).unwrap();
    assert_eq!(judged(&desk.claim), [("asha".to_owned(), true), ("ben".to_owned(), false)]);
    // In an exercise it is noted apart.
    desk.claim.exercise = true;
    let apart: Vec<String> = judged(&desk.claim).into_iter().map(|(source, _)| source).collect();
    assert_eq!(apart, ["asha", "ben"].map(|source| consequences::noted_as(source, true)));
    assert!(!apart.contains(&consequences::noted_as("asha", false)));
}

#[test]
fn what_is_kept_to_learn_from_is_what_was_suggested_and_what_people_made_of_it() {
    let (before, now) = (desk(0.1).claim, Timestamp::UNIX_EPOCH);
    let after = Claim { text: "13 people were killed".to_owned(), version: 2, ..before.clone() };
    let kept = consequences::edit_examples(&before, &after, person(1), now);
    assert_eq!(kept.len(), 1);
    let data = &kept[0].data;
    assert_eq!((&data["field"], &data["suggested"]), (&"text".into(), &before.text.clone().into()));
    let suggested = voice(1, "asha", 1, Stance::Supports);
    let judged = Evidence { stance: Stance::Refutes, by_person: true, ..suggested.clone() };
    assert!(consequences::stance_example(&before, &suggested, &judged, person(1), now).is_some());
    let again = Evidence { stance: Stance::Neutral, ..judged.clone() };
    assert!(consequences::stance_example(&before, &judged, &again, person(1), now).is_none());
}

/// What a person may try.
#[derive(Debug, Clone, Copy)]
enum Act {
    Start,
    Cancel,
    GoOn,
    Decide(Verdict),
    Approve,
    Reject,
    Reopen,
    Discard,
    Edit,
    Harm(u8),
    Evidence(u8),
}

fn any_act() -> impl Strategy<Value = Act> {
    prop_oneof![
        Just(Act::Start),
        Just(Act::Cancel),
        Just(Act::GoOn),
        prop::sample::select(Verdict::ALL.to_vec()).prop_map(Act::Decide),
        Just(Act::Approve),
        Just(Act::Reject),
        Just(Act::Reopen),
        Just(Act::Discard),
        Just(Act::Edit),
        (0..11_u8).prop_map(Act::Harm),
        (0..4_u8).prop_map(Act::Evidence),
    ]
}

fn try_it(desk: &mut Desk, act: Act, by: UserId) -> Done {
    match act {
        Act::Start => desk.start(by),
        Act::Cancel => desk.cancel(),
        Act::GoOn => desk.go_on(),
        Act::Decide(verdict) => desk.decide(verdict, "why", by),
        Act::Approve => desk.approve(by),
        Act::Reject => desk.reject(by),
        Act::Reopen => desk.reopen(by),
        Act::Discard => desk.discard("why", by),
        Act::Edit => desk.edit(None, None, Some("note".to_owned())),
        Act::Harm(tenths) => desk.edit(None, Some(f64::from(tenths) / 10.0), None),
        Act::Evidence(n) => {
            let known = desk.claim.evidence.len();
            desk.add_evidence(told_by_telephone(n))?;
            if desk.claim.evidence.len() == known {
                // The same again changes nothing.
                return Err(Refusal::NoEvidence);
            }
            // The next look finds the claim likelier, and so less risky.
            desk.claim.veracity_likelihood = 0.99;
            let claim = &mut desk.claim;
            claim.risk_score = Claim::risk(claim.harm_potential, 0.99, claim.checkworthiness);
            Ok(())
        }
    }
}

proptest! {
    #[test]
    fn high_risk_is_never_verified_by_one_person(
        acts in prop::collection::vec((any_act(), 1..3_u128), 1..40),
        risk in prop::sample::select(vec![0.3, 0.9]),
    ) {
        let mut desk = desk(risk);
        for (act, by) in acts {
            let before = desk.clone();
            if try_it(&mut desk, act, person(by)).is_err() {
                prop_assert_eq!(&desk, &before, "what is refused changes nothing: {:?}", act);
                continue;
            }
            prop_assert_eq!(desk.claim.version, before.claim.version + 1);
            let (was, is) = (before.claim.status, desk.claim.status);
            let via = ClaimStatus::ALL.iter().any(|via| was.may_become(*via) && via.may_become(is));
            let twice = ClaimStatus::ALL.iter().any(|one| was.may_become(*one)
                && ClaimStatus::ALL.iter().any(|two| one.may_become(*two) && two.may_become(is)));
            prop_assert!(was == is || was.may_become(is) || via || twice, "{:?} → {:?}", was, is);
            if is == ClaimStatus::Verified {
                prop_assert!(desk.claim.verdict.is_right().is_some() && desk.claim.decided_by.is_some());
                if risk > desk.review_above {
                    prop_assert!(desk.claim.approved_by.is_some());
                    prop_assert_ne!(desk.claim.approved_by, desk.claim.decided_by);
                }
            }
        }
        // Whatever was done, it can be taken back.
        match desk.claim.status {
            ClaimStatus::Verified | ClaimStatus::Discarded => prop_assert!(desk.reopen(person(1)).is_ok()),
            _ if desk.waits_for_second() => prop_assert!(desk.reject(person(1)).is_ok()),
            _ => prop_assert!(desk.discard("why", person(1)).is_ok()),
        }
    }
}
