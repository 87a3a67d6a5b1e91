//! What people do to incidents, and what becomes of what joins them later.

use crisislens_model::{
    Alert, Incident, IncidentId, IncidentStatus, IncidentUpdate, Item, ItemFilter, RawItem, RiskWeights,
    Severity, Topic,
};
use crisislens_pipeline::incident_desk::{self, IncidentEdit, Refusal};
use crisislens_state::incidents::IncidentFilter;
use crisislens_state::{Durability, StateError, Tx};

use crisislens_testkit::sample::user_id;

use crate::flow::{Flow, felt, kind, minute, quake, says};

impl Flow {
    pub async fn standing(&self) -> Vec<Incident> {
        let mut all =
            self.engines.store.list_incidents(&IncidentFilter::default(), 100, None).await.unwrap().items;
        all.sort_by_key(|one| std::cmp::Reverse(one.item_count));
        all
    }

    async fn incident(&self, id: IncidentId) -> Incident {
        self.engines.store.incident(id).await.unwrap().unwrap()
    }

    async fn alert_of(&self, id: IncidentId) -> Option<Alert> {
        self.begin().await.alert_of(id).await.unwrap()
    }

    async fn begin(&self) -> Box<dyn Tx> {
        self.engines.store.begin(Durability::Power).await.unwrap()
    }

    pub async fn merge(&self, into: &Incident, from: &[IncidentId]) -> Result<Incident, Refusal> {
        let mut tx = self.begin().await;
        let done = incident_desk::merge(
            &mut *tx,
            into.id,
            into.version,
            (from, user_id(9)),
            &RiskWeights::default(),
            minute(60),
        )
        .await?;
        tx.commit().await.unwrap();
        self.engines.relay_all().await;
        Ok(done)
    }

    pub async fn split(&self, from: &Incident, items: &[Item]) -> Result<(Incident, Incident), Refusal> {
        let mut tx = self.begin().await;
        let id = IncidentId(crisislens_model::id::derived(from.id.0, "test", from.version));
        let done = incident_desk::split(
            &mut *tx,
            (from.id, from.version),
            id,
            items,
            None,
            &RiskWeights::default(),
            minute(60),
        )
        .await?;
        tx.commit().await.unwrap();
        self.engines.relay_all().await;
        Ok(done)
    }

    async fn inside(&self, id: IncidentId) -> u64 {
        let inside = ItemFilter { incident: Some(id), ..ItemFilter::default() };
        self.engines.store.list_items(&inside, 1, None).await.unwrap().total
    }

    async fn updates_of(&self, id: IncidentId) -> Vec<IncidentUpdate> {
        let records = self.engines.records(Topic::NormalizedItems).await;
        let of_incidents = records.iter().filter(|one| kind(one) == "crisislens.incident.updated");
        let read = of_incidents.map(|one| serde_json::from_slice(one.value.as_deref().unwrap()).unwrap());
        let mut updates: Vec<IncidentUpdate> =
            read.filter(|one: &IncidentUpdate| one.incident.id == id).collect();
        updates.sort_by_key(|update| update.incident.version);
        updates
    }
}

/// As others are told of it: without its words, which are kept for telling incidents apart.
pub fn as_told(incident: &Incident) -> Incident {
    assert!(!incident.words.is_empty(), "{incident:?}");
    Incident { words: std::collections::BTreeMap::new(), ..incident.clone() }
}

/// The quake near L'Aquila with a post, and one in Sicily that is another happening.
async fn two() -> (Flow, Incident, Incident) {
    let flow = Flow::open().await;
    flow.bring(&[quake("us1", 6.2), felt("mastodon", "1", 5)]).await;
    flow.bring(&[sicily("us2", 6.3)]).await;
    let [central, south] = <[Incident; 2]>::try_from(flow.standing().await).unwrap();
    (flow, central, south)
}

fn sicily(id: &str, magnitude: f64) -> RawItem {
    let mut raw = quake(id, magnitude);
    let stated = raw.stated.as_mut().unwrap();
    (stated.lat, stated.lon) = (Some(38.12), Some(13.36));
    stated.place = Some("2 km N of Palermo, Italy".to_owned());
    raw.title = Some(format!("M {magnitude} - 2 km N of Palermo, Italy"));
    raw.text = format!("M {magnitude} - 2 km N of Palermo, Italy, {id}");
    raw
}

#[tokio::test]
async fn what_would_have_joined_a_merged_incident_joins_the_one_that_stands() {
    let (flow, central, south) = two().await;
    let one = flow.merge(&central, &[south.id]).await.unwrap();
    assert_eq!((one.item_count, one.source_count, one.version), (3, 2, central.version + 1));
    let standing = flow.standing().await;
    assert_eq!(standing.len(), 1, "the other is not listed any more");
    assert_eq!(
        (standing[0].id, standing[0].version, &standing[0].sources),
        (one.id, one.version, &one.sources)
    );
    assert_eq!(flow.incident(south.id).await.merged_into, Some(central.id));
    assert_eq!((flow.inside(central.id).await, flow.inside(south.id).await), (3, 0));
    let item = flow.item(&sicily("us2", 6.3)).await;
    assert_eq!((item.incident_id, item.version), (Some(central.id), 3));
    let told = flow.updates_of(central.id).await.pop().unwrap();
    assert_eq!((told.incident.version, told.joined.len(), told.joined[0].version), (one.version, 1, 3));
    assert_eq!(flow.updates_of(south.id).await.pop().unwrap().incident.merged_into, Some(central.id));

    // 470 km from the middle: by itself it would be another's.
    flow.bring(&[sicily("us3", 5.0)]).await;
    assert_eq!(flow.standing().await.len(), 1);
    assert_eq!(flow.item(&sicily("us3", 5.0)).await.incident_id, Some(central.id));
    // A revision of what was moved goes on where it is.
    flow.bring(&[sicily("us2", 6.4)]).await;
    assert_eq!(flow.standing().await[0].item_count, 4);
}

#[tokio::test]
async fn of_two_alerts_one_goes_on_and_the_other_is_withdrawn() {
    let (flow, central, south) = two().await;
    let (mine, theirs) = (flow.alert_of(central.id).await.unwrap(), flow.alert_of(south.id).await.unwrap());
    flow.merge(&central, &[south.id]).await.unwrap();
    let (next, ended) = (flow.alert_of(central.id).await.unwrap(), flow.alert_of(south.id).await.unwrap());
    assert_eq!((next.id, next.revision, next.kind.as_str()), (mine.id, mine.revision + 1, "update"));
    assert_eq!((ended.id, ended.revision, ended.kind.as_str()), (theirs.id, theirs.revision + 1, "cancel"));
    assert_eq!(ended.data["goes_on_as"], serde_json::json!(mine.id));
    assert!(ended.message.contains("the same as"), "{}", ended.message);
    let told = flow.engines.records(Topic::Alerts).await.len();
    flow.bring(&[sicily("us4", 5.0)]).await;
    assert_eq!(flow.engines.records(Topic::Alerts).await.len(), told, "one more is no news");
}

#[tokio::test]
async fn the_only_alert_goes_on_for_the_incident_that_stands() {
    let flow = Flow::open().await;
    flow.bring(&[says("mastodon", "1", 0, "Strong earthquake in Palermo, we ran out of the house")]).await;
    flow.bring(&[quake("us1", 6.2)]).await;
    let all = flow.standing().await;
    let (loud, calm) =
        if flow.alert_of(all[0].id).await.is_some() { (&all[0], &all[1]) } else { (&all[1], &all[0]) };
    let before = flow.alert_of(loud.id).await.unwrap();
    flow.merge(calm, &[loud.id]).await.unwrap();
    let after = flow.alert_of(calm.id).await.unwrap();
    assert_eq!((after.id, after.revision, after.incident_id), (before.id, before.revision + 1, calm.id));
    assert_eq!(flow.alert_of(loud.id).await, None);
    flow.bring(&[quake("us1", 7.4)]).await;
    let worse = flow.alert_of(calm.id).await.unwrap();
    assert_eq!(
        (worse.id, worse.severity),
        (before.id, Severity::Critical),
        "who had it is told that it gets worse"
    );
}

#[tokio::test]
async fn what_was_split_off_stays_apart_and_can_be_put_back() {
    let flow = Flow::open().await;
    let posts: Vec<RawItem> = (0..6).map(|n| felt("mastodon", &n.to_string(), n)).collect();
    flow.bring(&[quake("us1", 6.2)]).await;
    flow.bring(&posts).await;
    let whole = flow.standing().await.remove(0);
    let item = flow.item(&posts[2]).await;
    let (left, parted) = flow.split(&whole, std::slice::from_ref(&item)).await.unwrap();
    assert_eq!((left.item_count, parted.item_count, parted.split_from), (6, 1, Some(whole.id)));
    assert_eq!(left.sources, [("mastodon".to_owned(), 5), ("usgs".to_owned(), 1)].into());
    assert_eq!(flow.item(&posts[2]).await.incident_id, Some(parted.id));
    let told = flow.updates_of(parted.id).await;
    assert_eq!((told.len(), told[0].joined[0].id), (1, posts[2].id));
    assert!(flow.alert_of(whole.id).await.is_some() && flow.alert_of(parted.id).await.is_none());
    // Delivered again, it stays where people have put it.
    flow.bring(&posts).await;
    assert_eq!(flow.inside(parted.id).await, 1);
    let back = flow.merge(&left, &[parted.id]).await.unwrap();
    assert_eq!((back.item_count, flow.inside(whole.id).await), (7, 7));
    assert!(flow.begin().await.parted_from(&[posts[2].id]).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let (flow, central, south) = two().await;
    let nobody = IncidentId(crisislens_model::id::named("incident", "nobody"));
    let old = Incident { version: 1, ..central.clone() };
    assert!(matches!(
        flow.merge(&old, &[south.id]).await,
        Err(Refusal::State(StateError::VersionConflict { .. }))
    ));
    assert!(matches!(flow.merge(&central, &[nobody]).await, Err(Refusal::Unknown(_))));
    for (from, why) in [(vec![central.id], "merged into itself"), (vec![south.id, south.id], "named twice")] {
        let refused = flow.merge(&central, &from).await;
        assert!(matches!(&refused, Err(Refusal::Wrong(said)) if said.contains(why)), "{refused:?}");
    }
    let elsewhere = flow.item(&sicily("us2", 6.3)).await;
    assert!(matches!(flow.split(&central, &[elsewhere]).await, Err(Refusal::Wrong(_))));
    let all = [flow.item(&quake("us1", 6.2)).await, flow.item(&felt("mastodon", "1", 5)).await];
    assert!(matches!(flow.split(&central, &all).await, Err(Refusal::Wrong(_))));
    assert!(matches!(flow.split(&central, &[]).await, Err(Refusal::Wrong(_))));
    assert_eq!(flow.standing().await, [central.clone(), south.clone()]);

    let one = flow.merge(&central, &[south.id]).await.unwrap();
    assert!(matches!(flow.merge(&one, &[south.id]).await, Err(Refusal::Merged(..))));
    assert!(matches!(flow.merge(&south, &[one.id]).await, Err(Refusal::Merged(..))));
}

#[tokio::test]
async fn quiet_incidents_are_closed_in_the_end_and_told() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us1", 6.2)]).await;
    let settle = async |days: i64| {
        let mut tx = flow.begin().await;
        let looked =
            incident_desk::settle(&mut *tx, &RiskWeights::default(), minute(days * 24 * 60)).await.unwrap();
        tx.commit().await.unwrap();
        flow.engines.relay_all().await;
        looked
    };
    let heard = flow.standing().await[0].heard_at.unwrap();
    let from = (heard.as_second() - minute(0).as_second()) / 86_400 + 1;
    assert_eq!(settle(from).await, 0);
    assert_eq!((settle(from + 2).await, settle(from + 2).await), (1, 0));
    assert_eq!(flow.standing().await[0].status, IncidentStatus::Monitoring);
    assert_eq!(settle(from + 7).await, 1);
    let closed = flow.standing().await.remove(0);
    assert_eq!(closed.status, IncidentStatus::Closed);
    assert_eq!(flow.updates_of(closed.id).await.pop().unwrap().incident, as_told(&closed));
    flow.bring(&[felt("mastodon", "9", 5)]).await;
    assert_eq!(flow.standing().await.len(), 2, "what is closed takes in nothing");
}

#[tokio::test]
async fn what_people_set_is_told_and_lapses_when_it_gets_worse() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us1", 6.2)]).await;
    let incident = flow.standing().await.remove(0);
    let set = IncidentEdit {
        title: Some(Some("The quake of March".to_owned())),
        severity: Some(Some(Severity::Low)),
        status: Some(Some(IncidentStatus::Closed)),
        by: None,
    };
    let mut tx = flow.begin().await;
    let (_, after) =
        incident_desk::edit(&mut *tx, incident.id, incident.version, set, &RiskWeights::default(), minute(9))
            .await
            .unwrap();
    tx.commit().await.unwrap();
    flow.engines.relay_all().await;
    assert_eq!((after.severity, after.status, after.version), (Severity::Low, IncidentStatus::Closed, 2));
    assert_eq!(flow.updates_of(incident.id).await.pop().unwrap().incident, as_told(&after));
    flow.bring(&[quake("us1", 7.4)]).await;
    let worse = flow.incident(incident.id).await;
    assert_eq!((worse.severity, worse.status), (Severity::Critical, IncidentStatus::Open));
    assert_eq!(worse.title, "The quake of March");
}

#[tokio::test]
async fn copies_spread_what_happens_and_confirm_nothing() {
    let flow = Flow::open().await;
    let words = "Flood in Genoa, Italy: the Bisagno torrent burst its banks near the station, cars swept away in Via XX Settembre";
    let post = says("net", "1", 1, words);
    flow.bring(std::slice::from_ref(&post)).await;
    let copies: Vec<RawItem> =
        (2..6).map(|n| says("net", &n.to_string(), n, &format!("RT @anna: {words}"))).collect();
    flow.bring(&copies).await;
    // Delivered again, they count once.
    flow.bring(&copies).await;
    let incident = flow.standing().await.remove(0);
    assert_eq!((incident.item_count, incident.source_count, incident.copies), (1, 1, 4));
    let risk = incident.risk.clone().unwrap();
    let value = |name: &str| risk.parts.iter().find(|part| part.name == name).unwrap().value;
    assert!(value("virality") > 0.0 && value("corroboration") == 0.0, "{risk:?}");
    // People part it: copies go with their originals.
    let second = says("net", "9", 9, "Flooding in Genoa, Italy: schools stay closed today, says the mayor");
    flow.bring(std::slice::from_ref(&second)).await;
    let whole = flow.standing().await.remove(0);
    let (left, parted) = flow.split(&whole, &[flow.item(&post).await]).await.unwrap();
    assert_eq!((left.item_count, left.copies, parted.copies), (1, 0, 4));
    let back = flow.merge(&left, &[parted.id]).await.unwrap();
    assert_eq!((back.item_count, back.copies), (2, 4));
    assert!(back.risk.is_some());
}
