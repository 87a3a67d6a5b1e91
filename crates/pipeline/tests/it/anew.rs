//! Incidents whose items people put right are made anew, few of them in a batch's transaction and the others in one of their own.

use std::collections::BTreeMap;
use std::sync::Arc;

use crisislens_model::topic::event_type;
use crisislens_model::{
    Incident, IncidentId, IncidentUpdate, ItemCorrection, RawItem, RiskWeights, Severity, Topic, UserId,
    record,
};
use crisislens_pipeline::{CORRECTED, Cluster, incident_desk};
use crisislens_state::Durability;
use crisislens_stream::Handler;

use crate::flow::{Flow, kind, minute, says};

const TOWNS: [&str; 4] = ["Genoa, Italy", "Lyon, France", "Porto, Portugal", "Graz, Austria"];

/// Three posts on the flood of each town, the first of which says that people died.
fn posts() -> Vec<RawItem> {
    let of_town = |town: &str| {
        [
            says("net", &format!("{town} 1"), 1, &format!("Flood in {town}: 40 people died near the bridge")),
            says("net", &format!("{town} 2"), 2, &format!("Flooding in {town}, cars swept away downtown")),
            says(
                "net",
                &format!("{town} 3"),
                3,
                &format!("{town} is under water after the flood, streets closed"),
            ),
        ]
    };
    TOWNS.iter().flat_map(|town| of_town(town)).collect()
}

/// A flow of four floods that makes incidents of `most` items anew at once, and the posts that people say are of no account.
async fn flow(most: u64) -> (Flow, Vec<RawItem>) {
    let mut flow = Flow::open().await;
    let cluster = Cluster::new(flow.engines.clock.clone(), RiskWeights::default());
    flow.cluster = Arc::new(cluster.reading_at_most(most));
    let posts = posts();
    flow.bring(&posts).await;
    let before = flow.standing().await;
    assert_eq!(before.iter().map(|one| one.item_count).collect::<Vec<_>>(), [3, 3, 3, 3], "{before:#?}");
    assert!(before.iter().all(|one| one.severity > Severity::Low), "{before:#?}");
    (flow, posts.into_iter().step_by(3).collect())
}

/// People put all of these right, and one batch hears of it.
async fn put_all_right(flow: &Flow, wrong: &[RawItem]) {
    for raw in wrong {
        let to = ItemCorrection { severity: Some(Severity::Low), ..ItemCorrection::default() };
        flow.put_right(raw, to).await;
    }
    let records = flow.engines.records(Topic::NormalizedItems).await;
    let corrected = records.iter().filter(|one| record::header(&one.headers, "ce_source") == Some(CORRECTED));
    let work: Vec<_> = corrected.map(|one| flow.cluster.prepare(one).unwrap().unwrap()).collect();
    assert_eq!(work.len(), wrong.len());
    let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
    flow.cluster.apply(&mut *tx, &work).await.unwrap();
    tx.commit().await.unwrap();
    flow.engines.relay_all().await;
}

async fn renew(flow: &Flow) -> bool {
    incident_desk::renew_next(&*flow.engines.store, &RiskWeights::default(), minute(90)).await.unwrap()
}

/// What their items say of them, by name.
async fn told(flow: &Flow) -> Vec<(String, Severity, u64, f64)> {
    let mut told: Vec<_> = flow
        .standing()
        .await
        .into_iter()
        .map(|one: Incident| (one.area, one.severity, one.item_count, one.risk_score))
        .collect();
    told.sort_by(|one, other| one.0.cmp(&other.0));
    told
}

#[tokio::test]
async fn what_a_batch_does_not_make_anew_is_made_anew_later_and_survives_a_crash() {
    let (whole, wrong) = flow(u64::MAX).await;
    put_all_right(&whole, &wrong).await;
    let wanted = told(&whole).await;
    assert!(!renew(&whole).await, "nothing is left where all are read");

    let (mut flow, wrong) = flow(5).await;
    let before = told(&flow).await;
    assert!(wanted.iter().zip(&before).all(|(after, before)| after.1 < before.1), "{wanted:?} {before:?}");
    put_all_right(&flow, &wrong).await;
    let is_right = |now: &[(String, Severity, u64, f64)]| {
        now.iter().zip(&wanted).filter(|(now, wanted)| now == wanted).count()
    };
    assert_eq!(is_right(&told(&flow).await), 1, "one batch reads five items at most");

    // The node dies while it makes the next anew, and is started again.
    let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
    let id = tx.next_stale().await.unwrap().unwrap();
    incident_desk::renew(&mut *tx, id, &RiskWeights::default(), minute(90)).await.unwrap();
    drop(tx);
    flow.engines = flow.engines.reopen().await;
    assert_eq!(is_right(&told(&flow).await), 1);
    let before = flow.kinds(Topic::NormalizedItems).await.len();
    for right in 2..=4 {
        assert!(renew(&flow).await);
        assert_eq!(is_right(&told(&flow).await), right, "each in a transaction of its own");
    }
    assert!(!renew(&flow).await);
    assert_eq!(told(&flow).await, wanted);

    // Each is told of, once, as it is now.
    flow.engines.relay_all().await;
    let mut records = flow.engines.records(Topic::NormalizedItems).await;
    records.sort_by_key(|one| one.offset);
    let updates: Vec<IncidentUpdate> = records
        .iter()
        .filter(|one| kind(one) == event_type::INCIDENT_UPDATED)
        .map(|one| serde_json::from_slice(one.value.as_deref().unwrap()).unwrap())
        .collect();
    assert_eq!(flow.kinds(Topic::NormalizedItems).await.len(), before + 3);
    for incident in flow.standing().await {
        let last = updates
            .iter()
            .filter(|one| one.incident.id == incident.id)
            .max_by_key(|one| one.incident.version);
        assert_eq!(last.unwrap().incident, Incident { words: BTreeMap::new(), ..incident });
    }
}

#[tokio::test]
async fn what_was_merged_meanwhile_is_made_anew_where_its_items_are() {
    let (flow, wrong) = flow(0).await;
    put_all_right(&flow, &wrong[..1]).await;
    let all = flow.standing().await;
    let stale = flow.item(&wrong[0]).await.incident_id.unwrap();
    let into = all.iter().find(|one| one.id != stale).unwrap();
    let merged = flow.merge(into, &[stale]).await.unwrap();
    assert_eq!(merged.item_count, 6);
    while renew(&flow).await {}
    let anew = flow.engines.store.incident(into.id).await.unwrap().unwrap();
    assert_eq!((anew.item_count, anew.merged_into), (6, None));
    assert!(anew.version > merged.version, "it was read again");
    let gone = flow.engines.store.incident(stale).await.unwrap().unwrap();
    assert_eq!(gone.merged_into, Some(into.id));
}

#[tokio::test]
async fn who_puts_items_right_has_a_hand_in_what_is_raised_later() {
    let mut flow = Flow::open().await;
    let cluster = Cluster::new(flow.engines.clock.clone(), RiskWeights::default());
    flow.cluster = Arc::new(cluster.reading_at_most(0));
    let posts = posts();
    flow.bring(&posts).await;
    // The item of hers is in its incident, which is made anew later, with nothing at hand that she did.
    flow.engines.apply(&flow.cluster).await;
    let to = ItemCorrection { severity: Some(Severity::Critical), ..ItemCorrection::default() };
    flow.put_right(&posts[0], to).await;
    flow.settle().await;
    while renew(&flow).await {}
    let id = flow.item(&posts[0]).await.incident_id.unwrap();
    let incident = flow.engines.store.incident(id).await.unwrap().unwrap();
    let ada = UserId(uuid::Uuid::nil());
    assert_eq!(incident.put_right.iter().map(|one| one.by).collect::<Vec<_>>(), [ada]);
    assert_eq!(incident.severity, Severity::Critical);
    // An authority tells of it in the end: what is raised has her hand in it.
    let mut raw = says("met", "w1", 50, "Flood warning for Genoa, Italy: flood in Genoa, stay away");
    raw.source_kind = crisislens_model::SourceKind::Official;
    raw.stated = Some(crisislens_model::Stated {
        hazard: Some(crisislens_model::HazardType::Flood),
        severity: Some(Severity::High),
        lat: Some(44.41),
        lon: Some(8.93),
        ..Default::default()
    });
    flow.bring(std::slice::from_ref(&raw)).await;
    assert_eq!(flow.item(&raw).await.incident_id, Some(id));
    let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
    let alert = tx.alert_of(id).await.unwrap().unwrap();
    assert_eq!(alert.hands(), [ada], "{alert:?}");
}

#[tokio::test]
async fn one_that_cannot_be_made_anew_keeps_the_others_not_waiting() {
    let (flow, _) = flow(u64::MAX).await;
    let good: Vec<IncidentId> = flow.standing().await.iter().map(|one| one.id).collect();
    let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
    // No number can be read there any more.
    let bad = Incident { risk_score: f64::NAN, ..crisislens_testkit::sample::incident(99) };
    tx.put_incidents(std::slice::from_ref(&bad)).await.unwrap();
    tx.note_stale(&[bad.id], minute(1)).await.unwrap();
    tx.note_stale(&good, minute(2)).await.unwrap();
    tx.commit().await.unwrap();
    let next =
        async || incident_desk::renew_next(&*flow.engines.store, &RiskWeights::default(), minute(90)).await;
    assert!(next().await.is_err());
    for _ in &good {
        assert!(next().await.unwrap());
    }
    assert!(next().await.is_err(), "it waits on, behind the others");
    let mut tx = flow.engines.store.begin(Durability::Process).await.unwrap();
    assert_eq!(tx.next_stale().await.unwrap(), Some(bad.id));
}
