//! Which of two claims stands, and what it takes in.

use crisislens_model::claim::Stance;
use crisislens_model::{Evidence, ItemId, Timestamp, UserId, Verdict};
use crisislens_state::contract::sample;
use uuid::Uuid;

use super::*;

fn person() -> UserId {
    UserId(Uuid::from_u128(1))
}

fn claim(n: u64) -> Claim {
    Claim {
        first_said: sample::at(n),
        last_said: sample::at(n + 10),
        status: ClaimStatus::New,
        decided_by: None,
        notes: String::new(),
        harm_why: String::new(),
        evidence: Vec::new(),
        contradicts: Vec::new(),
        ..sample::claim(n)
    }
}

fn decided(n: u64, status: ClaimStatus, verdict: Verdict) -> Claim {
    Claim { status, verdict, decided_by: Some(person()), reason: "two witnesses".to_owned(), ..claim(n) }
}

fn piece(claim: &Claim, item: Option<ItemId>, by_person: bool) -> Evidence {
    let id = item.map_or_else(|| Uuid::from_u128(77), |item| evidence_id(claim.id, item));
    Evidence {
        id,
        kind: if item.is_some() { EvidenceKind::Report } else { EvidenceKind::Manual },
        item_id: item,
        url: Some("https://example.org".to_owned()),
        text_snippet: "12 dead".to_owned(),
        source: "Herald".to_owned(),
        source_reliability: 0.5,
        stance: if by_person { Stance::Refutes } else { Stance::Supports },
        support_score: 0.5,
        group: String::new(),
        said_at: Timestamp::UNIX_EPOCH,
        why: String::new(),
        by_person,
    }
}

#[test]
fn the_one_that_people_have_worked_on_stands_and_else_the_older() {
    let stands = |one: &Claim, other: &Claim| {
        let answer = which_stays(one, other);
        assert_eq!(answer, which_stays(other, one), "in whatever order they come");
        answer.map(|(stays, goes)| {
            assert!([one.id, other.id].contains(&goes) && stays != goes);
            stays
        })
    };
    let (old, new) = (claim(1), claim(2));
    assert_eq!(stands(&old, &new), Some(old.id));
    let noted = Claim { notes: "ask the mayor".to_owned(), ..claim(2) };
    assert_eq!(stands(&old, &noted), Some(noted.id));
    let waits = decided(3, ClaimStatus::NeedsReview, Verdict::False);
    assert_eq!(stands(&noted, &waits), Some(waits.id));
    let [yes, also, no] = [(4, Verdict::True), (5, Verdict::True), (6, Verdict::False)]
        .map(|(n, verdict)| decided(n, ClaimStatus::Verified, verdict));
    assert_eq!(stands(&also, &yes), Some(yes.id), "both hold and are the same");
    assert_eq!(stands(&yes, &no), None, "people have decided otherwise");
    assert_eq!(stands(&yes, &waits), None, "one waits for a second person");
    let dropped = decided(7, ClaimStatus::Discarded, Verdict::None);
    assert_eq!(stands(&old, &dropped), None, "who discards has the last word");
}

#[test]
fn what_stands_takes_in_each_thing_once() {
    let (mut stands, mut goes) = (claim(2), decided(1, ClaimStatus::Verified, Verdict::True));
    let item = |n: u64| sample::item(n).id;
    (stands.item_ids, stands.item_count) = (vec![item(1), item(2)], 2);
    (goes.item_ids, goes.item_count) = (vec![item(2), item(3)], 2);
    (stands.notes, goes.notes) = ("one".to_owned(), "two".to_owned());
    (stands.harm_potential, goes.harm_potential) = (0.9, 0.2);
    SET_BY_PERSON.clone_into(&mut goes.harm_why);
    goes.was_high_risk = true;
    let other = sample::claim(9).id;
    (stands.contradicts, goes.contradicts) = (vec![other, goes.id], vec![other]);
    stands.evidence = vec![piece(&stands, Some(item(2)), false)];
    goes.evidence = vec![
        piece(&goes, Some(item(2)), true),
        piece(&goes, Some(item(3)), false),
        piece(&goes, None, true),
        Evidence { id: Uuid::from_u128(78), ..piece(&goes, None, true) },
    ];
    let before = goes.clone();
    take_in(&mut stands, &mut goes, 1);
    assert_eq!((&stands.item_ids[..], stands.item_count), (&[item(1), item(2), item(3)][..], 3));
    assert_eq!((stands.first_said, stands.last_said), (sample::at(1), sample::at(12)));
    assert_eq!((stands.notes.as_str(), stands.was_high_risk), ("one\n\ntwo", true));
    assert_eq!((stands.harm_potential, stands.harm_why.as_str()), (0.2, SET_BY_PERSON));
    assert_eq!(stands.contradicts, [other]);
    let of_item = evidence_id(stands.id, item(2));
    let sides: Vec<_> = stands.evidence.iter().map(|one| (one.id, one.stance, one.by_person)).collect();
    assert_eq!(
        sides,
        [(of_item, Stance::Refutes, true), (Uuid::from_u128(77), Stance::Refutes, true)],
        "what a person says of an item goes before what was found, and a page counts once"
    );
    let gone = (goes.status, goes.joined_into, goes.item_count, goes.item_ids.len());
    assert_eq!(gone, (ClaimStatus::Discarded, Some(stands.id), 0, 0));
    assert_eq!(
        (goes.verdict, goes.reason.as_str(), goes.decided_by, &goes.evidence),
        (Verdict::True, "two witnesses", before.decided_by, &before.evidence),
        "what was decided is there to be read"
    );
}
