//! Claims that say the same become one when people put their incidents together.

use crisislens_model::{
    Claim, ClaimStatus, ClaimTopic, HazardType, RawItem, Severity, SourceKind, Stated, Verdict,
    WorkflowStatus,
};
use crisislens_state::Durability;
use crisislens_state::verification::Adjudication;

use crate::desk::Desk;
use crate::flow::{minute, says};

/// An authority's report on an event that nobody says where it is.
fn report(source: &str, minutes: i64, event: &str, text: &str) -> RawItem {
    RawItem {
        source_kind: SourceKind::Official,
        stated: Some(Stated {
            hazard: Some(HazardType::Flood),
            severity: Some(Severity::High),
            event_id: Some(event.to_owned()),
            ..Stated::default()
        }),
        ..says(source, &format!("{source} {minutes}"), minutes, text)
    }
}

const ONE: &str = "12 people were killed in the floods, officials say.";
const OTHER: &str = "The ministry told reporters this morning that the rising water left 12 dead.";
const LATER: &str =
    "Civil protection now confirms that 12 residents lost their lives; 12 people died in the flooding.";

/// Two incidents, each with a claim that says the same.
async fn two() -> (Desk, [RawItem; 2], [Claim; 2]) {
    let desk = Desk::open().await;
    let reports = [report("gdacs", 1, "gdacs:FL1", ONE), report("ministry", 5, "ministry:7", OTHER)];
    for one in &reports {
        desk.look_into(std::slice::from_ref(one)).await;
    }
    let claims = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), 2, "{claims:#?}");
    assert!(claims[0].incident_id.is_some() && claims[0].incident_id != claims[1].incident_id);
    (desk, reports, claims.try_into().unwrap())
}

async fn merge(desk: &Desk, into: &Claim, from: &Claim) {
    let store = &desk.flow.engines.store;
    let incident = store.incident(into.incident_id.unwrap()).await.unwrap().unwrap();
    desk.flow.merge(&incident, &[from.incident_id.unwrap()]).await.unwrap();
    desk.look_into(&[]).await;
}

async fn now(desk: &Desk, claims: &[Claim; 2]) -> [Claim; 2] {
    let store = &desk.flow.engines.store;
    let ids = claims.each_ref().map(|claim| claim.id);
    store.claims_by_id(&ids).await.unwrap().try_into().unwrap()
}

async fn put(desk: &Desk, claims: &[Claim]) {
    let mut tx = desk.flow.engines.store.begin(Durability::Power).await.unwrap();
    tx.update_claims(claims).await.unwrap();
    for (claim, sources) in claims.iter().zip([&["gdacs", "both"][..], &["ministry", "both"]]) {
        let noted = |source: &&str| Adjudication {
            source: (*source).to_owned(),
            kind: SourceKind::Official,
            claim_id: claim.id,
            right: true,
            weight: 1.0,
            at: minute(30),
            item_id: None,
        };
        if claim.status == ClaimStatus::Verified {
            tx.set_adjudications(claim.id, &sources.iter().map(noted).collect::<Vec<_>>()).await.unwrap();
        }
    }
    tx.commit().await.unwrap();
}

fn verified(claim: &Claim, verdict: Verdict) -> Claim {
    Claim {
        status: ClaimStatus::Verified,
        verdict,
        reason: "the morgue has counted".to_owned(),
        decided_by: Some(crisislens_model::UserId(uuid::Uuid::from_u128(1))),
        version: claim.version + 1,
        ..claim.clone()
    }
}

#[tokio::test]
async fn who_said_the_same_of_two_incidents_says_it_of_one() {
    let (desk, reports, claims) = two().await;
    // Somebody else says both, in one post: it counts once.
    let both = report("agency", 9, "gdacs:FL1", &format!("{ONE} {OTHER}"));
    desk.look_into(std::slice::from_ref(&both)).await;
    let told = desk.told_of(claims[1].id).await;
    merge(&desk, &claims[0], &claims[1]).await;
    let [stands, gone] = now(&desk, &claims).await;
    assert_eq!((gone.status, gone.joined_into), (ClaimStatus::Discarded, Some(stands.id)));
    assert!(gone.reason.contains(&stands.id.to_string()), "{}", gone.reason);
    assert_eq!((stands.status == ClaimStatus::Discarded, stands.item_count), (false, 3), "{stands:#?}");
    let mut heard: Vec<_> = stands.evidence.iter().filter_map(|one| one.item_id).collect();
    heard.sort_unstable();
    let before = heard.len();
    heard.dedup();
    assert_eq!(heard.len(), before, "no item is evidence twice");
    let ministry = desk.flow.item(&reports[1]).await;
    assert_eq!(ministry.claim_ids.iter().filter(|id| **id == stands.id).count(), 1);
    assert!(!ministry.claim_ids.contains(&gone.id));
    assert!(heard.contains(&ministry.id), "it was weighed again");
    assert_eq!(desk.told_of(gone.id).await, told + 1, "whoever looks at it is told");
    assert_eq!(desk.workflow(&gone).await.status, WorkflowStatus::Completed);

    // Heard again, nothing is joined twice; and who says it now joins the one that stands.
    desk.look_into(&[report("radio", 12, "gdacs:FL1", LATER)]).await;
    let [stands, gone] = now(&desk, &claims).await;
    assert_eq!((stands.item_count, gone.item_count), (4, 0));
    let alive = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(alive.iter().filter(|one| one.status != ClaimStatus::Discarded).count(), 1, "{alive:#?}");

    // A split parts the incidents, and not what says the same.
    let incident = desk.flow.engines.store.incident(stands.incident_id.unwrap()).await.unwrap().unwrap();
    desk.flow.split(&incident, &[ministry]).await.unwrap();
    desk.look_into(&[]).await;
    let [stands, gone] = now(&desk, &claims).await;
    assert_eq!((stands.item_count, gone.joined_into), (4, Some(stands.id)));
    assert_eq!(stands.incident_id, Some(incident.id), "it is where its first item is");
}

#[tokio::test]
async fn a_verdict_holds_for_what_says_the_same() {
    let (desk, _, claims) = two().await;
    let decided = verified(&claims[1], Verdict::True);
    put(&desk, std::slice::from_ref(&decided)).await;
    merge(&desk, &claims[0], &claims[1]).await;
    let [gone, stands] = now(&desk, &claims).await;
    assert_eq!((gone.status, gone.joined_into), (ClaimStatus::Discarded, Some(stands.id)));
    assert_eq!((stands.verdict, stands.decided_by), (Verdict::True, decided.decided_by));
    assert_eq!((stands.item_count, stands.reason.as_str()), (2, "the morgue has counted"));
}

#[tokio::test]
async fn of_two_verdicts_that_are_the_same_each_source_counts_once() {
    let (desk, _, claims) = two().await;
    put(&desk, &claims.each_ref().map(|claim| verified(claim, Verdict::True))).await;
    merge(&desk, &claims[0], &claims[1]).await;
    let [stands, gone] = now(&desk, &claims).await;
    assert_eq!(
        (stands.verdict, gone.verdict, gone.joined_into),
        (Verdict::True, Verdict::True, Some(stands.id))
    );
    assert_eq!(gone.reason, "the morgue has counted", "what was decided is there to be read");
    let names = ["gdacs", "ministry", "both"].map(str::to_owned);
    let noted = desk.flow.engines.store.adjudications(&names, 9).await.unwrap();
    assert_eq!(noted.len(), 3, "{noted:?}");
    assert!(noted.iter().all(|one| one.claim_id == stands.id), "{noted:?}");
}

#[tokio::test]
async fn what_people_decided_otherwise_of_the_two_stays_two() {
    let (desk, _, claims) = two().await;
    let decided = [verified(&claims[0], Verdict::True), verified(&claims[1], Verdict::False)];
    put(&desk, &decided).await;
    merge(&desk, &claims[0], &claims[1]).await;
    let after = now(&desk, &claims).await;
    for (after, decided) in after.iter().zip(&decided) {
        assert_eq!((after.verdict, after.joined_into, after.item_count), (decided.verdict, None, 1));
    }
    assert_eq!(after[0].incident_id, after[1].incident_id);
}

#[tokio::test]
async fn what_stands_does_not_contradict_itself() {
    let (desk, _, claims) = two().await;
    let against = |claim: &Claim, other: &Claim| Claim {
        contradicts: vec![other.id],
        version: claim.version + 1,
        ..claim.clone()
    };
    put(&desk, &[against(&claims[0], &claims[1]), against(&claims[1], &claims[0])]).await;
    merge(&desk, &claims[0], &claims[1]).await;
    let [stands, gone] = now(&desk, &claims).await;
    assert_eq!(gone.joined_into, Some(stands.id));
    assert_eq!((stands.contradicts, gone.contradicts), (vec![], vec![]));
}
