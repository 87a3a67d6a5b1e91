//! Joining, access, filters, and records that come twice.

use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{ItemFilter, Role, Room, Topic};
use crisislens_realtime::access::may_join;
use crisislens_realtime::{JoinOutcome, Refusal, Viewer};

use crate::support::*;

#[test]
fn a_join_answers_first_and_events_follow_in_order() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.greet(std::time::Duration::from_secs(30));
    publish_items(&hub, 0, 2);
    assert_eq!(
        session.join("global", None, None),
        JoinOutcome::Joined { recovered: true, replayed: 0, comparisons: 0 }
    );
    publish_items(&hub, 2, 3);
    let frames = frames(&mut session);
    assert_eq!(kinds(&frames), ["connection", "joined_room", "new_item", "new_item", "new_item"]);
    assert_eq!(numbers(&frames[1..]), [2, 3, 4]);
    assert_eq!((&frames[2]["room"], &frames[2]["at"]), (&"global".into(), &"2026-03-01T12:00:00Z".into()));
}

#[test]
fn members_of_a_room_share_one_frame() {
    let (hub, _) = hub();
    let (mut ada, mut bob) = (hub.connect(viewer("ada")).unwrap(), hub.connect(viewer("bob")).unwrap());
    for session in [&mut ada, &mut bob] {
        session.join("global", None, None);
        frames(session);
    }
    publish_items(&hub, 0, 1);
    let text = |session: &mut crisislens_realtime::Session| match session.try_next() {
        Some(crisislens_realtime::Outgoing::Frame(frame)) => frame.as_str().as_ptr(),
        other => panic!("{other:?}"),
    };
    assert_eq!(text(&mut ada), text(&mut bob));
}

#[test]
fn other_peoples_rooms_unknown_rooms_and_foreign_positions_are_refused_with_an_error() {
    let (hub, _) = hub();
    let mut session = hub.connect(Viewer { role: Role::Admin, ..viewer("ada") }).unwrap();
    let other = Room::User(viewer("bob").user).to_string();
    for (room, position, refusal) in [
        (other.as_str(), None, Refusal::Forbidden),
        ("kitchen", None, Refusal::UnknownRoom),
        ("item:7", None, Refusal::UnknownRoom),
        ("global", Some("rubbish!"), Refusal::InvalidPosition),
    ] {
        assert_eq!(session.join(room, position, None), JoinOutcome::Refused(refusal));
        let frame = frame(&mut session);
        assert_eq!((&frame["type"], &frame["code"]), (&"error".into(), &refusal.code().into()));
    }
    assert!(!may_join(session.viewer(), &other.parse().unwrap()));
    hub.publish(&[placed(notified(viewer("bob").user, 1), 0, 0)]);
    assert!(frames(&mut session).is_empty());
}

#[test]
fn a_person_gets_their_own_notifications_and_nobody_elses() {
    let (hub, _) = hub();
    let ada = viewer("ada");
    let mut session = hub.connect(ada.clone()).unwrap();
    session.join(&Room::User(ada.user).to_string(), None, None);
    hub.publish(&[placed(notified(viewer("bob").user, 1), 0, 0), placed(notified(ada.user, 2), 0, 1)]);
    assert_eq!(numbers(&frames(&mut session)), [2]);
}

#[test]
fn a_filter_lets_items_incidents_and_alerts_through_by_their_own_facts() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    let filter: ItemFilter =
        serde_json::from_value(serde_json::json!({"hazard": ["flood"], "country": ["FR"]})).unwrap();
    session.join("global", None, Some(filter.clone()));
    let records = [
        placed(item_created(item_id(1), 1), 0, 0),
        placed(item_updated(item_id(2), 2), 0, 1),
        placed(incident_updated(incident_id(1), 4, &[]), 0, 2),
        placed(alert_raised(incident_id(1), 3), 0, 0),
    ];
    hub.publish(&records);
    assert_eq!(kinds(&frames(&mut session)), ["joined_room", "item_update", "incident_update", "alert"]);
    let tsunami = serde_json::from_value(serde_json::json!({"hazard": ["tsunami"]})).unwrap();
    session.join("global", None, Some(tsunami));
    hub.publish(&[placed(alert_raised(incident_id(1), 4), 0, 1)]);
    assert_eq!(kinds(&frames(&mut session)), ["joined_room"], "joining again replaces the filter");
}

/// The numbers of those records that somebody is told of whose filter this is.
fn told_through(filter: serde_json::Value, records: &[LogRecord]) -> Vec<u64> {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, Some(serde_json::from_value(filter).unwrap()));
    hub.publish(records);
    numbers(&frames(&mut session))
}

#[test]
fn what_is_real_is_told_from_exercises_and_one_exercise_from_another() {
    let run = |n: u128| uuid::Uuid::from_u128(n);
    let incident = |n: u64, exercise: bool, id: Option<u128>| {
        let value = serde_json::json!({"incident": {"id": incident_id(n), "hazard": "flood", "severity": "high", "version": n,
            "exercise": exercise, "exercise_id": id.map(run)}, "joined": []});
        record_of(Topic::NormalizedItems, event_type::INCIDENT_UPDATED, &value)
    };
    let alert = |n: u64, status: &str| {
        let value = serde_json::json!({"incident_id": incident_id(n), "hazard": "flood", "severity": "high", "version": n, "status": status});
        record_of(Topic::Alerts, event_type::ALERT_RAISED, &value)
    };
    let records = [
        placed(incident(1, false, None), 0, 0),
        placed(incident(2, true, None), 0, 1),
        placed(incident(3, true, Some(1)), 0, 2),
        placed(alert(4, "actual"), 0, 0),
        placed(alert(5, "exercise"), 0, 1),
    ];
    let told = |filter: serde_json::Value| told_through(filter, &records);
    assert_eq!(told(serde_json::json!({ "exercise": false })), [1, 4]);
    assert_eq!(told(serde_json::json!({ "exercise": true })), [2, 3, 5]);
    assert_eq!(
        told(serde_json::json!({ "exercise_id": run(1) })),
        [3, 5],
        "an alert does not say of which it is"
    );
    assert_eq!(told(serde_json::json!({ "exercise_id": run(2) })), [5]);
    assert_eq!(told(serde_json::json!({ "exercise": false, "exercise_id": run(1) })), [0; 0]);
}

#[test]
fn incidents_and_alerts_are_narrowed_by_place_source_and_risk_as_far_as_they_tell_of_them() {
    let incident = |n: u64, lat: f64, source: &str, risk: f64| {
        let value = serde_json::json!({"incident": {"id": incident_id(n), "hazard": "flood", "severity": "high", "version": n,
            "centre": {"lat": lat, "lon": 2.0, "weight": 1.0}, "sources": {source: 3}, "risk_score": risk}, "joined": []});
        record_of(Topic::NormalizedItems, event_type::INCIDENT_UPDATED, &value)
    };
    let alert = |n: u64, risk: serde_json::Value| {
        let value = serde_json::json!({"incident_id": incident_id(n), "hazard": "flood", "severity": "high", "version": n,
            "centre": {"lat": 45.0, "lon": 2.0, "weight": 1.0}, "data": risk});
        record_of(Topic::Alerts, event_type::ALERT_RAISED, &value)
    };
    let records = [
        placed(incident(1, 45.0, "usgs", 0.9), 0, 0),
        placed(incident(2, -45.0, "gdacs", 0.2), 0, 1),
        placed(alert(3, serde_json::json!({"risk_score": 0.3})), 0, 0),
        placed(alert(4, serde_json::Value::Null), 0, 1),
    ];
    let told = |filter: serde_json::Value| told_through(filter, &records);
    assert_eq!(
        told(serde_json::json!({"bbox": {"west": 0.0, "south": 40.0, "east": 10.0, "north": 50.0}})),
        [1, 3, 4]
    );
    assert_eq!(
        told(serde_json::json!({"source": ["gdacs"]})),
        [2, 3, 4],
        "an alert does not say who told of it"
    );
    assert_eq!(told(serde_json::json!({"min_risk": 0.5})), [1, 4]);
}

#[test]
fn an_item_that_joins_an_incident_is_told_in_its_own_room_live_and_replayed() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    let room = Room::Item(item_id(3)).to_string();
    session.join(&room, None, None);
    let before = frame(&mut session)["position"].as_str().unwrap().to_owned();
    hub.publish(&[placed(incident_updated(incident_id(1), 4, &[(item_id(3), 8)]), 0, 0)]);
    let live = frames(&mut session);
    assert_eq!(kinds(&live), ["presence_state", "item_update"]);
    session.leave(&room);
    session.join(&room, Some(&before), None);
    let replayed = frames(&mut session);
    assert_eq!(kinds(&replayed), ["left_room", "joined_room", "item_update", "presence_state"]);
    assert_eq!(replayed[2]["updates"], live[1]["updates"]);
}

#[test]
fn an_event_appended_twice_is_delivered_once() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    let start = frame(&mut session)["position"].as_str().unwrap().to_owned();
    let event = item_created(item_id(1), 1);
    hub.publish(&[
        placed(event.clone(), 0, 0),
        placed(event, 0, 1),
        placed(item_created(item_id(2), 2), 0, 2),
    ]);
    assert_eq!(numbers(&frames(&mut session)), [1, 2]);
    session.join("global", Some(&start), None);
    assert_eq!(numbers(&frames(&mut session)), [1, 2]);
}

#[test]
fn a_record_published_again_is_passed_over() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    publish_items(&hub, 0, 4);
    publish_items(&hub, 2, 4);
    assert_eq!(numbers(&frames(&mut session)), [0, 1, 2, 3, 4, 5]);
}

#[test]
fn a_damaged_record_is_left_out_and_the_next_one_comes() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    let mut damaged = placed(item_created(item_id(1), 0), 0, 0);
    damaged.value = Some("{".into());
    hub.publish(&[damaged, placed(item_created(item_id(2), 1), 0, 1)]);
    assert_eq!(numbers(&frames(&mut session)), [1]);
}
