//! Items become incidents, incidents raise alerts; once, whatever is delivered twice.

use crisislens_model::topic::event_type;
use crisislens_model::{
    Alert, AlertStatus, Incident, IncidentUpdate, ItemFilter, ItemId, NewRecord, RawItem, Severity, Topic,
};
use crisislens_state::alerts::AlertFilter;
use crisislens_state::incidents::IncidentFilter;

use crate::flow::{Flow, felt, kind, quake, says};
use crate::incident_desk::as_told;

impl Flow {
    async fn incidents(&self) -> Vec<Incident> {
        self.engines.store.list_incidents(&IncidentFilter::default(), 100, None).await.unwrap().items
    }

    async fn alerts(&self) -> Vec<Alert> {
        self.engines.store.list_alerts(&AlertFilter::default(), 100, None).await.unwrap().items
    }

    /// The alert records on the log.
    async fn raised(&self) -> Vec<Alert> {
        let records = self.engines.records(Topic::Alerts).await;
        assert!(records.iter().all(|one| kind(one) == event_type::ALERT_RAISED));
        records.iter().map(|one| serde_json::from_slice(one.value.as_deref().unwrap()).unwrap()).collect()
    }
}

#[tokio::test]
async fn an_official_quake_and_posts_about_it_are_one_incident_of_two_sources() {
    let flow = Flow::open().await;
    let [official, one, two] = [quake("us7000", 6.2), felt("mastodon", "1", 5), felt("mastodon", "2", 9)];
    flow.bring(std::slice::from_ref(&official)).await;
    flow.bring(&[one.clone(), two.clone(), says("mastodon", "3", 9, "I like spaghetti alla chitarra")]).await;

    let incidents = flow.incidents().await;
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    let incident = &incidents[0];
    assert_eq!((incident.item_count, incident.source_count), (3, 2));
    assert_eq!(incident.sources, [("mastodon".to_owned(), 2), ("usgs".to_owned(), 1)].into());
    assert_eq!((incident.hazard.as_str(), incident.country.as_deref()), ("earthquake", Some("IT")));
    assert!(incident.title.contains("L'Aquila"), "{}", incident.title);
    let inside = ItemFilter { incident: Some(incident.id), ..ItemFilter::default() };
    assert_eq!(flow.engines.store.list_items(&inside, 10, None).await.unwrap().total, 3);
    for raw in [official, one, two] {
        let item = flow.item(&raw).await;
        assert_eq!((item.incident_id, item.version, item.revision), (Some(incident.id), 2, 1));
    }
}

#[tokio::test]
async fn every_change_of_an_incident_is_told_with_who_joined() {
    let flow = Flow::open().await;
    let official = quake("us7000", 6.2);
    flow.bring(std::slice::from_ref(&official)).await;
    flow.bring(&[felt("mastodon", "1", 5)]).await;
    flow.bring(&[quake("us7000", 6.4)]).await;
    let records = flow.engines.records(Topic::NormalizedItems).await;
    let mut updates: Vec<IncidentUpdate> = records
        .iter()
        .filter(|one| kind(one) == event_type::INCIDENT_UPDATED)
        .map(|one| serde_json::from_slice(one.value.as_deref().unwrap()).unwrap())
        .collect();
    updates.sort_by_key(|update| update.incident.version);
    let seen = updates
        .iter()
        .map(|update| (update.incident.version, update.incident.item_count, update.joined.len()));
    assert_eq!(seen.collect::<Vec<_>>(), [(1, 1, 1), (2, 2, 1), (3, 2, 0)], "a revision joins nothing again");
    assert_eq!((updates[0].joined[0].id, updates[0].joined[0].version), (official.id, 2));
    assert_eq!(updates[2].incident, as_told(&flow.incidents().await[0]));
}

#[tokio::test]
async fn an_alert_is_raised_once_and_revised_as_its_incident_grows() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us7000", 6.2)]).await;
    let first = flow.alerts().await;
    assert_eq!(first.len(), 1);
    assert_eq!(
        (first[0].revision, first[0].kind.as_str(), first[0].status),
        (1, "alert", AlertStatus::Actual)
    );
    assert!(first[0].message.contains("usgs reports severity high"), "{}", first[0].message);
    assert_eq!((&first[0].references, first[0].severity), (&None, Severity::High));

    flow.bring(&[felt("mastodon", "1", 5)]).await;
    let second = flow.alerts().await.remove(0);
    assert_eq!((second.id, second.revision, second.kind.as_str()), (first[0].id, 2, "update"));
    assert!(second.message.contains("2 sources"), "{}", second.message);

    flow.bring(&[felt("mastodon", "2", 6)]).await;
    assert_eq!(flow.alerts().await[0].revision, 2, "one more post is no news");
    flow.bring(&[felt("mastodon", "3", 7)]).await;
    assert_eq!(flow.alerts().await[0].revision, 3, "twice as many items are");
    flow.bring(&[quake("us7000", 7.3)]).await;
    let last = flow.alerts().await.remove(0);
    assert_eq!((last.revision, last.severity), (4, Severity::Critical));

    let revisions = flow.engines.store.alert_revisions(last.id).await.unwrap();
    assert_eq!(flow.raised().await, revisions, "each revision is on the log, in order");
    let ids: Vec<String> = flow
        .engines
        .records(Topic::Alerts)
        .await
        .iter()
        .map(|one| crisislens_model::record::event_id(&one.headers).unwrap().to_string())
        .collect();
    let references: Vec<String> = revisions.iter().filter_map(|alert| alert.references.clone()).collect();
    assert_eq!(references, ids[..3], "a revision names the event that it updates");
}

#[tokio::test]
async fn a_small_quake_and_a_calm_post_raise_nothing() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us1", 2.1), says("mastodon", "1", 0, "Lovely morning in L'Aquila")]).await;
    assert!(flow.incidents().await.is_empty() && flow.alerts().await.is_empty());
}

#[tokio::test]
async fn an_outbreak_stays_one_incident_over_weeks_of_silence_and_a_quake_does_not() {
    let flow = Flow::open().await;
    let day = 24 * 60;
    flow.bring(&[says("x", "1", -20 * day, "Cholera outbreak in Kampala, Uganda, dozens of people are ill")])
        .await;
    flow.bring(&[felt("x", "2", -20 * day)]).await;
    flow.bring(&[says("x", "3", 0, "The cholera outbreak in Kampala, Uganda goes on"), felt("x", "4", 0)])
        .await;
    let counts = |hazard: &str, incidents: &[Incident]| {
        let of_hazard = incidents.iter().filter(|one| one.hazard.as_str() == hazard);
        of_hazard.map(|one| one.item_count).collect::<Vec<_>>()
    };
    let incidents = flow.incidents().await;
    assert_eq!(counts("epidemic", &incidents), [2], "{incidents:#?}");
    assert_eq!(counts("earthquake", &incidents), [1, 1], "{incidents:#?}");
}

#[tokio::test]
async fn records_that_come_twice_count_once() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us7000", 6.2), felt("mastodon", "1", 5)]).await;
    let before = (flow.incidents().await, flow.raised().await);
    // As a relay does that died between append and removal.
    let records = flow.engines.records(Topic::NormalizedItems).await;
    let again = records.into_iter().map(|one| NewRecord {
        topic: one.topic,
        key: one.key.to_vec(),
        value: one.value.map(|value| value.to_vec()),
        headers: one.headers,
    });
    flow.engines.append(again.collect()).await;
    flow.settle().await;
    assert_eq!((flow.incidents().await, flow.raised().await), before);
}

#[tokio::test]
async fn items_brought_one_by_one_make_the_same_incident_as_all_at_once() {
    let all: Vec<RawItem> =
        std::iter::once(quake("us7000", 6.2)).chain((0..12).map(|n| felt("m", &n.to_string(), n))).collect();
    let (together, apart) = (Flow::open().await, Flow::open().await);
    together.bring(&all[..1]).await;
    together.bring(&all[1..]).await;
    for raw in &all {
        apart.bring(std::slice::from_ref(raw)).await;
    }
    let facts = |incidents: Vec<Incident>| {
        incidents
            .iter()
            .map(|one| (one.id, one.item_count, one.sources.clone(), one.version))
            .collect::<Vec<_>>()
    };
    assert_eq!(facts(together.incidents().await), facts(apart.incidents().await));
    assert_eq!(apart.incidents().await[0].item_count, 13);
}

fn drill(raw: RawItem) -> RawItem {
    RawItem { id: ItemId::in_exercise(&raw.source, &raw.source_id), exercise: true, ..raw }
}

#[tokio::test]
async fn an_exercise_makes_incidents_and_alerts_of_its_own_that_say_so() {
    let flow = Flow::open().await;
    let (exercise, spoken) = (drill(quake("drill-1", 6.8)), drill(felt("desk", "1", 4)));
    flow.bring(&[quake("us7000", 6.2), exercise.clone()]).await;
    flow.bring(&[spoken.clone(), felt("mastodon", "1", 5)]).await;
    let incidents = flow.incidents().await;
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    for incident in &incidents {
        let name = if incident.exercise { "desk" } else { "mastodon" };
        assert!(incident.sources.contains_key(name) && incident.item_count == 2, "{incident:#?}");
    }
    let mut statuses: Vec<AlertStatus> = flow.alerts().await.iter().map(|alert| alert.status).collect();
    statuses.sort_by_key(|status| *status as u8);
    assert_eq!(statuses, [AlertStatus::Exercise, AlertStatus::Actual]);
    assert!(flow.item(&exercise).await.exercise && flow.item(&spoken).await.exercise);
}

#[tokio::test]
async fn a_record_on_normalized_items_that_is_no_item_is_a_dead_letter_of_the_incidents_stage() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us7000", 6.2)]).await;
    let record = flow.engines.records(Topic::NormalizedItems).await.remove(0);
    let broken = NewRecord {
        topic: Topic::NormalizedItems,
        key: record.key.to_vec(),
        value: Some(b"{}".to_vec()),
        headers: vec![crisislens_model::Header::new("ce_type", event_type::ITEM_CREATED)],
    };
    flow.engines.append(vec![broken]).await;
    flow.settle().await;
    let letters = flow.engines.records(Topic::Dlq).await;
    assert_eq!(letters.len(), 1);
    let group = crisislens_model::record::header(&letters[0].headers, "cl_group");
    assert_eq!(group, Some("crisis-lens-main/incidents"));
}

#[tokio::test]
async fn a_real_post_is_no_repeat_of_what_was_said_in_an_exercise() {
    let flow = Flow::open().await;
    let post = felt("mastodon", "1", 5);
    flow.bring(&[drill(post.clone())]).await;
    flow.bring(std::slice::from_ref(&post)).await;
    assert_eq!(flow.item(&post).await.duplicate_of, None);
    let mut exercises: Vec<bool> = flow.incidents().await.iter().map(|incident| incident.exercise).collect();
    exercises.sort_unstable();
    assert_eq!(exercises, [false, true]);
}

#[tokio::test]
async fn an_item_from_off_the_globe_is_a_dead_letter_and_spoils_no_incident() {
    let flow = Flow::open().await;
    flow.bring(&[quake("us7000", 6.2)]).await;
    let record = flow.engines.records(Topic::NormalizedItems).await.remove(0);
    let mut item: serde_json::Value = serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
    item["id"] = serde_json::to_value(ItemId::of("usgs", "us7001")).unwrap();
    item["source_id"] = "us7001".into();
    item["location"]["lat"] = 1.7e308.into();
    let broken = NewRecord {
        topic: Topic::NormalizedItems,
        key: record.key.to_vec(),
        value: Some(serde_json::to_vec(&item).unwrap()),
        headers: vec![crisislens_model::Header::new("ce_type", event_type::ITEM_CREATED)],
    };
    flow.engines.append(vec![broken]).await;
    flow.bring(&[felt("mastodon", "1", 5)]).await;
    let letters = flow.engines.records(Topic::Dlq).await;
    assert_eq!(letters.len(), 1);
    let why = crisislens_model::record::header(&letters[0].headers, "cl_error_msg").unwrap();
    assert!(why.contains("not on the globe"), "{why}");
    assert_eq!(flow.incidents().await[0].item_count, 2);
}
