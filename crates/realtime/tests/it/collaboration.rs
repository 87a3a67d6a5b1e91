//! Presence and cursors.

use std::time::Duration;

use crisislens_model::Room;
use serde_json::{Value, json};

use crate::support::*;

fn room() -> String {
    Room::Item(item_id(1)).to_string()
}

fn names(users: &Value) -> Vec<&str> {
    let mut names: Vec<_> =
        users.as_array().unwrap().iter().map(|user| user["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

#[test]
fn several_tabs_of_one_person_come_once_and_go_once() {
    let (hub, clock) = hub();
    let mut ada = hub.connect(viewer("ada")).unwrap();
    ada.join(&room(), None, None);
    let seen = frames(&mut ada);
    assert_eq!(kinds(&seen), ["joined_room", "presence_state"]);
    assert_eq!(names(&seen[1]["users"]), ["ada"]);

    let tabs = [hub.connect(viewer("bob")).unwrap(), hub.connect(viewer("bob")).unwrap()];
    for tab in &tabs {
        tab.join(&room(), None, None);
    }
    let seen = frames(&mut ada);
    assert_eq!(kinds(&seen), ["presence_update"]);
    assert_eq!((&seen[0]["action"], names(&seen[0]["active_users"])), (&"joined".into(), vec!["ada", "bob"]));

    let [first, second] = tabs;
    assert!(first.leave(&room()));
    assert!(frames(&mut ada).is_empty(), "a tab is left");
    drop(second);
    hub.tick(clock.advance(Duration::from_secs(9)));
    assert!(frames(&mut ada).is_empty(), "the grace is not over");
    hub.tick(clock.advance(Duration::from_secs(1)));
    let seen = frames(&mut ada);
    assert_eq!((&seen[0]["action"], names(&seen[0]["active_users"])), (&"left".into(), vec!["ada"]));
}

#[test]
fn coming_back_within_the_grace_is_not_told() {
    let (hub, clock) = hub();
    let mut ada = hub.connect(viewer("ada")).unwrap();
    ada.join(&room(), None, None);
    let bob = hub.connect(viewer("bob")).unwrap();
    bob.join(&room(), None, None);
    frames(&mut ada);
    drop(bob);
    hub.tick(clock.advance(Duration::from_secs(5)));
    let bob = hub.connect(viewer("bob")).unwrap();
    bob.join(&room(), None, None);
    hub.tick(clock.advance(Duration::from_secs(20)));
    assert!(frames(&mut ada).is_empty());
    bob.leave(&room());
    assert_eq!(frames(&mut ada)[0]["action"], "left", "leaving on purpose has no grace");
    drop((ada, bob));
    hub.tick(clock.advance(Duration::from_secs(20)));
    assert_eq!(hub.counts().rooms, 0);
}

#[test]
fn global_and_alerts_have_no_presence() {
    let (hub, _) = hub();
    let mut ada = hub.connect(viewer("ada")).unwrap();
    ada.join("global", None, None);
    ada.join("alerts", None, None);
    hub.connect(viewer("bob")).unwrap().join("global", None, None);
    assert_eq!(kinds(&frames(&mut ada)), ["joined_room", "joined_room"]);
}

#[test]
fn of_many_cursor_moves_twenty_a_second_pass_and_the_latest_always_does() {
    let (hub, clock) = hub();
    let (mut ada, bob) = (hub.connect(viewer("ada")).unwrap(), hub.connect(viewer("bob")).unwrap());
    let mut tab = hub.connect(viewer("bob")).unwrap();
    for session in [&ada, &bob, &tab] {
        session.join(&room(), None, None);
    }
    frames(&mut ada);
    frames(&mut tab);
    let mut seen = Vec::new();
    for step in 0..1000 {
        bob.cursor(&room(), json!({"x": step, "y": 0}));
        hub.tick(clock.advance(Duration::from_millis(1)));
        seen.extend(frames(&mut ada));
    }
    assert!((19..=21).contains(&seen.len()), "{}", seen.len());
    hub.tick(clock.advance(Duration::from_millis(50)));
    seen.extend(frames(&mut ada));
    let last = seen.last().unwrap();
    assert_eq!((&last["type"], &last["position"]["x"]), (&"cursor_update".into(), &999.into()));
    assert!(frames(&mut tab).is_empty(), "nobody sees their own cursor");
}

#[test]
fn cursors_that_are_not_read_are_merged_and_close_nobody() {
    let (hub, clock) = hub();
    let (mut ada, bob) = (hub.connect(viewer("ada")).unwrap(), hub.connect(viewer("bob")).unwrap());
    ada.join(&room(), None, None);
    bob.join(&room(), None, None);
    frames(&mut ada);
    for step in 0..5000 {
        clock.advance(Duration::from_millis(50));
        bob.cursor(&room(), json!({"x": step}));
    }
    let seen = frames(&mut ada);
    assert_eq!(seen.len(), 1);
    assert_eq!(seen[0]["position"]["x"], 4999);
}

#[test]
fn a_cursor_needs_a_room_one_is_in_and_a_small_position() {
    let (hub, _) = hub();
    let mut ada = hub.connect(viewer("ada")).unwrap();
    ada.cursor(&room(), json!({}));
    assert_eq!(frame(&mut ada)["code"], "not_joined");
    ada.join(&room(), None, None);
    frames(&mut ada);
    ada.cursor(&room(), json!({"selection": "x".repeat(1024)}));
    assert_eq!(frame(&mut ada)["code"], "cursor_too_large");
}
