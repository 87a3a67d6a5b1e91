//! Which record is shown where, and how.

use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{HazardType, Room, Topic};
use crisislens_realtime::route;
use serde_json::{Value, json};

use crate::support::*;

fn parsed(members: &str) -> Value {
    serde_json::from_str(&format!("{{{}}}", members.trim_start_matches(','))).unwrap()
}

#[test]
fn a_new_item_goes_verbatim_to_global_and_to_its_room() {
    let value = item_json(item_id(1), 1, HazardType::Flood, "FR");
    let record = placed(record_of(Topic::NormalizedItems, event_type::ITEM_CREATED, &value), 0, 5);
    let routed = route(&record).unwrap().unwrap();
    assert_eq!(routed.rooms, [Room::Global, Room::Item(item_id(1))]);
    assert_eq!((routed.body.kind.as_str(), routed.body.at.as_str()), ("new_item", "2026-03-01T12:00:00Z"));
    assert_eq!(routed.body.members, format!(",\"data\":{value}"));
}

#[test]
fn an_update_carries_the_item_without_raw_data() {
    let mut value = item_json(item_id(1), 9, HazardType::Flood, "FR");
    value["raw_data"] = json!({"secret": [1, 2, {"raw_data": 3}]});
    let record = placed(record_of(Topic::NormalizedItems, event_type::ITEM_UPDATED, &value), 0, 5);
    let members = parsed(&route(&record).unwrap().unwrap().body.members);
    value.as_object_mut().unwrap().remove("raw_data");
    assert_eq!(members, json!({"item_id": item_id(1), "updates": value, "version": 9}));
}

#[test]
fn an_incident_reaches_its_room_and_the_rooms_of_items_that_joined() {
    let record = placed(incident_updated(incident_id(1), 4, &[(item_id(3), 8)]), 0, 0);
    let routed = route(&record).unwrap().unwrap();
    assert_eq!(routed.body.kind.as_str(), "incident_update");
    assert_eq!(routed.rooms, [Room::Global, Room::Incident(incident_id(1))]);
    let body = routed.body_for(&Room::Item(item_id(3))).unwrap();
    assert_eq!(body.kind.as_str(), "item_update");
    let expected = json!({"item_id": item_id(3), "updates": {"incident_id": incident_id(1)}, "version": 8});
    assert_eq!(parsed(&body.members), expected);
    assert!(routed.body_for(&Room::Item(item_id(4))).is_none());
}

#[test]
fn alerts_and_notifications_go_where_they_belong() {
    let alert = route(&placed(alert_raised(incident_id(1), 2), 0, 0)).unwrap().unwrap();
    assert_eq!(alert.rooms, [Room::Global, Room::Alerts, Room::Incident(incident_id(1))]);
    assert_eq!(parsed(&alert.body.members)["severity"], "high");
    let user = viewer("ada").user;
    let notification = route(&placed(notified(user, 1), 0, 0)).unwrap().unwrap();
    assert_eq!(notification.rooms, [Room::User(user)]);
}

#[test]
fn who_sees_to_an_alert_is_told_in_its_incident_and_where_alerts_are() {
    let resource = Room::Incident(incident_id(1)).to_string();
    let activity = |kind: &str| {
        let user = viewer("ada").user;
        let value = json!({"id": user, "kind": kind, "user": user, "name": "Ada", "resource": resource,
            "data": {"alert_id": "7"}, "at": "2026-03-01T12:00:00Z"});
        route(&placed(record_of(Topic::UserActivity, event_type::ACTIVITY, &value), 0, 0)).unwrap().unwrap()
    };
    let said = activity("acknowledged");
    assert_eq!(said.rooms, [Room::Incident(incident_id(1)), Room::Alerts]);
    let members = parsed(&said.body.members);
    assert_eq!((said.body.kind.as_str(), &members["action"]), ("user_activity", &json!("acknowledged")));
    assert_eq!((&members["name"], &members["data"]["alert_id"]), (&json!("Ada"), &json!("7")));
    assert_eq!(activity("commented").rooms, [Room::Incident(incident_id(1))]);
}

#[test]
fn line_breaks_between_tokens_become_spaces() {
    let mut record = placed(notified(viewer("ada").user, 1), 0, 0);
    let text = format!("{{\n \"recipient\":\r\n\"{}\",\"subject\":\"a\\nb\"}}\n", viewer("ada").user);
    record.value = Some(text.into());
    let routed = route(&record).unwrap().unwrap();
    assert!(!routed.body.members.contains(['\n', '\r']));
    assert_eq!(parsed(&routed.body.members)["data"]["subject"], "a\nb");
}

#[test]
fn unknown_types_and_null_values_are_nothing_and_damaged_values_are_errors() {
    let null = LogRecord { value: None, ..placed(item_created(item_id(1), 1), 0, 0) };
    assert!(route(&null).unwrap().is_none());
    let unknown = placed(record_of(Topic::NormalizedItems, "com.example.other", &json!({})), 0, 0);
    assert!(route(&unknown).unwrap().is_none());
    let elsewhere = placed(record_of(Topic::Claims, event_type::ITEM_CREATED, &json!({})), 0, 0);
    assert!(route(&elsewhere).unwrap().is_none());
    let good = placed(item_created(item_id(1), 1), 0, 0);
    let text = String::from_utf8(good.value.clone().unwrap().to_vec()).unwrap();
    for value in
        [b"{".to_vec(), b"{}".to_vec(), b"\xff".to_vec(), format!("{text} x").into_bytes(), Vec::new()]
    {
        assert!(route(&LogRecord { value: Some(value.into()), ..good.clone() }).is_err());
    }
}
