//! Resuming from the history, and the honest answer when it does not reach.

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{Clock, Position, Timestamp, Topic};
use crisislens_realtime::{HistoryLimits, Hub, HubOptions, JoinOutcome, Session};
use serde_json::Value;

use crate::support::*;

fn small_history(records: usize) -> Arc<Hub> {
    let history = HistoryLimits { records, ..HistoryLimits::default() };
    hub_with(HubOptions { history, ..HubOptions::default() }).0
}

fn position(epoch: u32, items: [u64; 3], alerts: [u64; 2]) -> String {
    let offsets = vec![
        (Topic::NormalizedItems, items.to_vec()),
        (Topic::Alerts, alerts.to_vec()),
        (Topic::Notifications, vec![0]),
    ];
    Position { epoch, offsets }.encode()
}

fn rejoined(hub: &Arc<Hub>, room: &str, position: &str) -> (Session, JoinOutcome, Vec<Value>) {
    let mut session = hub.connect(viewer("ada")).unwrap();
    let outcome = session.join(room, Some(position), None);
    let frames = frames(&mut session);
    (session, outcome, frames)
}

fn assert_resync(frames: &[Value], reason: &str) {
    assert_eq!(kinds(frames), ["joined_room", "resync"]);
    assert_eq!((&frames[0]["recovered"], &frames[1]["reason"]), (&false.into(), &reason.into()));
}

#[test]
fn a_position_within_the_history_gets_everything_after_it() {
    let hub = small_history(1000);
    publish_items(&hub, 0, 700);
    let (_, outcome, frames) = rejoined(&hub, "global", &position(EPOCH, [600, 0, 0], [0, 0]));
    assert_eq!(outcome, JoinOutcome::Joined { recovered: true, replayed: 100, comparisons: 2000 });
    assert_eq!(numbers(&frames), (600..700).collect::<Vec<_>>());
    assert_eq!(
        frames[0]["position"],
        position(EPOCH, [600, 0, 0], [0, 0]),
        "what a client may store at once"
    );
    assert_eq!(frames[100]["position"], hub.position().encode());
}

#[test]
fn a_position_before_the_history_is_told_to_refetch_and_then_gets_what_comes() {
    let hub = small_history(10);
    publish_items(&hub, 0, 30);
    let (mut session, outcome, seen) = rejoined(&hub, "global", &position(EPOCH, [19, 0, 0], [0, 0]));
    assert_eq!(outcome, JoinOutcome::Joined { recovered: false, replayed: 0, comparisons: 0 });
    assert_resync(&seen, "history_evicted");
    assert_eq!(seen[0]["position"], hub.position().encode());
    publish_items(&hub, 30, 1);
    assert_eq!(numbers(&frames(&mut session)), [30]);
    let (_, outcome, _) = rejoined(&hub, "global", &position(EPOCH, [20, 0, 0], [0, 0]));
    assert_eq!(
        outcome,
        JoinOutcome::Joined { recovered: false, replayed: 0, comparisons: 0 },
        "20 has just gone"
    );
    let (_, outcome, _) = rejoined(&hub, "global", &position(EPOCH, [21, 0, 0], [0, 0]));
    assert_eq!(outcome, JoinOutcome::Joined { recovered: true, replayed: 10, comparisons: 200 });
}

#[test]
fn the_history_is_bounded_by_bytes_too() {
    let history = HistoryLimits { bytes: 20_000, ..HistoryLimits::default() };
    let hub = hub_with(HubOptions { history, ..HubOptions::default() }).0;
    publish_items(&hub, 0, 1000);
    let held = hub.counts().history_records;
    assert!((5..60).contains(&held), "{held}");
}

#[test]
fn a_flood_of_items_does_not_push_alerts_out() {
    let hub = small_history(10);
    hub.publish(&[placed(alert_raised(incident_id(1), 77), 1, 0)]);
    publish_items(&hub, 0, 500);
    let (_, outcome, frames) = rejoined(&hub, "alerts", &position(EPOCH, [0, 0, 0], [0, 0]));
    assert_eq!(outcome, JoinOutcome::Joined { recovered: true, replayed: 1, comparisons: 20 });
    assert_eq!(numbers(&frames), [77]);
}

#[test]
fn a_position_of_another_log_or_absurdly_far_ahead_is_told_to_refetch() {
    let hub = small_history(10);
    publish_items(&hub, 0, 3);
    assert_resync(&rejoined(&hub, "global", &position(8, [3, 0, 0], [0, 0])).2, "other_log");
    assert_resync(&rejoined(&hub, "global", &position(EPOCH, [u64::MAX, 0, 0], [0, 0])).2, "position_ahead");
}

#[test]
fn what_was_seen_on_a_faster_node_does_not_come_again() {
    let hub = small_history(100);
    publish_items(&hub, 0, 3);
    let ahead = position(EPOCH, [5, 0, 0], [0, 0]);
    let (mut session, outcome, seen) = rejoined(&hub, "global", &ahead);
    assert_eq!(outcome, JoinOutcome::Joined { recovered: true, replayed: 0, comparisons: 0 });
    assert_eq!(seen[0]["position"], ahead);
    hub.publish(&[placed(alert_raised(incident_id(1), 99), 0, 0)]);
    let alert = frame(&mut session);
    assert_eq!(
        alert["position"],
        position(EPOCH, [5, 0, 0], [1, 0]),
        "or items 3 and 4 would come again after a break"
    );
    publish_items(&hub, 3, 4);
    assert_eq!(numbers(&frames(&mut session)), [5, 6]);
}

#[test]
fn who_was_ahead_of_a_node_that_never_comes_there_is_told_to_refetch() {
    let (hub, clock) = hub_with(HubOptions::default());
    publish_items(&hub, 0, 3);
    let (mut cut, _, _) = rejoined(&hub, "global", &position(EPOCH, [5, 0, 0], [0, 0]));
    let (mut quick, _, _) = rejoined(&hub, "global", &position(EPOCH, [4, 0, 0], [0, 0]));
    publish_items(&hub, 3, 1);
    hub.tick(clock.now());
    assert_eq!((frames(&mut cut), frames(&mut quick)), (Vec::new(), Vec::new()));
    clock.advance(Duration::from_secs(30));
    hub.tick(clock.now());
    let told = frames(&mut cut);
    assert_eq!((kinds(&told), &told[0]["reason"]), (vec!["resync"], &Value::from("position_ahead")));
    assert_eq!(frames(&mut quick), Vec::<Value>::new(), "this node has come to where it was");
    publish_items(&hub, 4, 1);
    assert_eq!(numbers(&frames(&mut cut)), [4], "what has the places of what was lost");
}

#[test]
fn who_joins_again_from_ahead_has_the_time_anew_only_from_further_ahead() {
    let (hub, clock) = hub_with(HubOptions::default());
    let (near, far) = (position(EPOCH, [5, 0, 0], [0, 0]), position(EPOCH, [6, 0, 0], [0, 0]));
    let (mut patient, _, _) = rejoined(&hub, "global", &near);
    let (mut further, _, _) = rejoined(&hub, "global", &near);
    for again in [Some(&*near), None] {
        clock.advance(Duration::from_secs(10));
        patient.join("global", again, None);
        further.join("global", Some(&far), None);
        assert_eq!(
            (kinds(&frames(&mut patient)), kinds(&frames(&mut further))),
            (vec!["joined_room"], vec!["joined_room"])
        );
    }
    clock.advance(Duration::from_secs(10));
    hub.tick(clock.now());
    assert_eq!((kinds(&frames(&mut patient)), frames(&mut further)), (vec!["resync"], Vec::new()));
    clock.advance(Duration::from_secs(10));
    hub.tick(clock.now());
    assert_eq!(kinds(&frames(&mut further)), ["resync"], "30 s after it first came from there");
}

#[test]
fn joining_again_from_a_position_takes_the_place_of_what_was_still_to_be_told() {
    let hub = small_history(1_000);
    publish_items(&hub, 0, 50);
    let mut session = hub.connect(viewer("ada")).unwrap();
    let start = position(EPOCH, [0, 0, 0], [0, 0]);
    for _ in 0..20 {
        session.join("global", Some(&start), None);
    }
    let told = frames(&mut session);
    assert_eq!(kinds(&told)[..20], ["joined_room"; 20]);
    assert_eq!(numbers(&told), (0..50).collect::<Vec<_>>(), "once, however often it was asked for");
    session.join("global", Some(&start), None);
    session.leave("global");
    publish_items(&hub, 50, 1);
    assert_eq!(kinds(&frames(&mut session)), ["joined_room", "left_room"]);
}

#[test]
fn a_pong_tells_where_all_rooms_can_be_resumed_from() {
    let hub = small_history(10);
    let mut session = hub.connect(viewer("ada")).unwrap();
    let mut pong = || {
        session.pong(Timestamp::UNIX_EPOCH);
        frames(&mut session).pop().unwrap()["position"].clone()
    };
    assert_eq!(pong(), hub.position().encode());
    publish_items(&hub, 0, 100);
    assert_eq!(pong(), hub.position().encode(), "in a room where nothing happened");
    let (mut ahead, _, _) = rejoined(&hub, "global", &position(EPOCH, [200, 0, 0], [0, 0]));
    ahead.join("alerts", None, None);
    ahead.pong(Timestamp::UNIX_EPOCH);
    assert_eq!(frames(&mut ahead).pop().unwrap()["position"], Value::Null, "not the same for both rooms");
}

#[test]
fn a_break_in_the_middle_of_a_replay_loses_nothing() {
    let hub = small_history(100);
    publish_items(&hub, 0, 50);
    let mut at = position(EPOCH, [0, 0, 0], [0, 0]);
    let mut seen = Vec::new();
    while seen.len() < 50 {
        let mut session = hub.connect(viewer("ada")).unwrap();
        session.join("global", Some(&at), None);
        for _ in 0..8 {
            if let Some(crisislens_realtime::Outgoing::Frame(frame)) = session.try_next() {
                at = frame.position().unwrap().to_owned();
                let frame: Value = serde_json::from_str(frame.as_str()).unwrap();
                seen.extend(numbers(&[frame]));
            }
        }
    }
    assert_eq!(seen, (0..50).collect::<Vec<_>>());
}

#[test]
fn an_idle_session_can_tell_a_fresh_position() {
    let hub = small_history(10);
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("alerts", None, None);
    assert_eq!(session.position("alerts"), None, "a frame waits");
    frames(&mut session);
    publish_items(&hub, 0, 100);
    assert_eq!(session.position("alerts"), Some(hub.position().encode()));
    assert_eq!(session.position("global"), None);
}

#[test]
fn lost_records_are_told_to_members_and_to_those_who_resume_from_before() {
    let hub = small_history(100);
    let (mut watching, mut alerts) =
        (hub.connect(viewer("ada")).unwrap(), hub.connect(viewer("bob")).unwrap());
    watching.join("global", None, None);
    alerts.join("alerts", None, None);
    publish_items(&hub, 0, 5);
    hub.lost(Topic::NormalizedItems, 0, 20);
    publish_items(&hub, 20, 1);
    let seen = frames(&mut watching);
    assert_eq!(kinds(&seen[6..]), ["resync", "new_item"]);
    assert_eq!(seen[6]["reason"], "records_lost");
    assert_eq!(kinds(&frames(&mut alerts)), ["joined_room"], "no alert was lost");
    assert_resync(&rejoined(&hub, "global", &position(EPOCH, [5, 0, 0], [0, 0])).2, "history_evicted");
    assert_eq!(numbers(&rejoined(&hub, "global", &position(EPOCH, [20, 0, 0], [0, 0])).2), [20]);
}

#[test]
fn what_is_older_than_is_kept_is_answered_with_resync() {
    let history = HistoryLimits { age: Duration::from_secs(3600), ..HistoryLimits::default() };
    let (hub, clock) = hub_with(HubOptions { history, ..HubOptions::default() });
    let before = hub.position().encode();
    publish_items(&hub, 0, 5);
    hub.tick(clock.advance(Duration::from_secs(3599)));
    let came = hub.connect(viewer("ada")).unwrap();
    let joined = came.join("global", Some(&before), None);
    assert_eq!(joined, JoinOutcome::Joined { recovered: true, replayed: 5, comparisons: 100 });
    let after = hub.position().encode();
    hub.tick(clock.advance(Duration::from_secs(1)));
    let late = hub.connect(viewer("ada")).unwrap();
    let joined = late.join("global", Some(&before), None);
    assert_eq!(joined, JoinOutcome::Joined { recovered: false, replayed: 0, comparisons: 0 });
    let joined = late.join("global", Some(&after), None);
    assert_eq!(
        joined,
        JoinOutcome::Joined { recovered: true, replayed: 0, comparisons: 0 },
        "who has seen all misses nothing"
    );
}
