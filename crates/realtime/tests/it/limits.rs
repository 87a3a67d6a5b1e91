//! Slow consumers, connection limits, draining, closing.

use std::time::Duration;

use crisislens_model::frame::ServerFrame;
use crisislens_model::{ItemFilter, Role, Room};
use crisislens_realtime::{
    ConnectError, Hub, HubOptions, JoinOutcome, Outgoing, QueueLimits, Refusal, Session, Viewer,
};
use serde_json::Value;

use crate::line::Wired;
use crate::support::*;

async fn drained(session: &mut Session) -> (Vec<Value>, Option<u16>) {
    let (mut frames, mut closed) = (Vec::new(), None);
    while let Some(outgoing) = session.next().await {
        match outgoing {
            Outgoing::Frame(frame) => frames.push(serde_json::from_str(frame.as_str()).unwrap()),
            Outgoing::Close { code, .. } => closed = Some(code),
        }
    }
    (frames, closed)
}

#[tokio::test]
async fn a_slow_consumer_is_closed_alone_and_resumes_without_loss() {
    let (hub, _) = hub();
    let mut slow = hub
        .connect_with(viewer("slow"), QueueLimits { frames: 10, bytes: 1 << 20, ..QueueLimits::default() })
        .unwrap();
    let mut quick = hub.connect(viewer("quick")).unwrap();
    slow.join("global", None, None);
    quick.join("global", None, None);
    frames(&mut slow);
    publish_items(&hub, 0, 5);
    let read = frames(&mut slow);
    publish_items(&hub, 5, 50);
    assert_eq!(drained(&mut slow).await, (Vec::new(), Some(4408)));
    assert_eq!(slow.join("global", None, None), JoinOutcome::Refused(Refusal::Closed));
    assert_eq!(numbers(&frames(&mut quick)).len(), 55);
    drop(slow);
    let mut slow = hub
        .connect_with(viewer("slow"), QueueLimits { frames: 10, bytes: 1 << 20, ..QueueLimits::default() })
        .unwrap();
    let outcome = slow.join("global", read[4]["position"].as_str(), None);
    assert_eq!(
        outcome,
        JoinOutcome::Joined { recovered: true, replayed: 50, comparisons: 1000 },
        "more than the queue holds"
    );
    publish_items(&hub, 55, 20);
    assert_eq!(numbers(&frames(&mut slow)), (5..75).collect::<Vec<_>>());
}

#[test]
fn bytes_are_bounded_too_but_one_large_frame_always_fits() {
    let (hub, _) = hub();
    let mut session = hub
        .connect_with(viewer("ada"), QueueLimits { frames: 10, bytes: 64, ..QueueLimits::default() })
        .unwrap();
    session.join("global", None, None);
    frames(&mut session);
    publish_items(&hub, 0, 1);
    assert_eq!(numbers(&frames(&mut session)), [0]);
    publish_items(&hub, 1, 2);
    assert!(matches!(session.try_next(), Some(Outgoing::Close { code: 4408, .. })));
}

#[test]
fn after_catching_up_the_usual_limit_holds_again() {
    let (hub, _) = hub();
    let mut session = hub
        .connect_with(viewer("ada"), QueueLimits { frames: 10, bytes: 1 << 20, ..QueueLimits::default() })
        .unwrap();
    session.join("global", None, None);
    let start = frame(&mut session)["position"].as_str().unwrap().to_owned();
    session.leave("global");
    publish_items(&hub, 0, 30);
    session.join("global", Some(&start), None);
    publish_items(&hub, 30, 30);
    assert_eq!(numbers(&frames(&mut session)), (0..60).collect::<Vec<_>>());
    publish_items(&hub, 60, 11);
    assert!(matches!(session.try_next(), Some(Outgoing::Close { code: 4408, .. })));
}

#[test]
fn who_reads_is_not_cut_for_a_burst_that_comes_at_once() {
    let (hub, _) = hub();
    let limits = |patience| QueueLimits { frames: 10, bytes: 100_000, patience };
    let mut patient = hub.connect_with(viewer("ada"), limits(Duration::from_secs(3600))).unwrap();
    let mut cut = hub.connect_with(viewer("bob"), limits(Duration::from_nanos(1))).unwrap();
    for session in [&mut patient, &mut cut] {
        session.join("global", None, None);
        frames(session);
    }
    publish_items(&hub, 0, 100);
    assert_eq!(numbers(&frames(&mut patient)), (0..100).collect::<Vec<_>>());
    assert!(matches!(cut.try_next(), Some(Outgoing::Close { code: 4408, .. })));
    publish_items(&hub, 100, 5_000);
    assert!(matches!(patient.try_next(), Some(Outgoing::Close { code: 4408, .. })), "its bytes are bounded");
}

#[test]
fn connections_and_rooms_are_limited_by_number() {
    let options = HubOptions {
        max_connections: 3,
        max_connections_per_user: 2,
        max_rooms_per_session: 1,
        ..HubOptions::default()
    };
    let (hub, _) = hub_with(options);
    let first = hub.connect(viewer("ada")).unwrap();
    let _second = hub.connect(viewer("ada")).unwrap();
    assert!(matches!(hub.connect(viewer("ada")), Err(ConnectError::TooManyOfUser { limit: 2 })));
    let _third = hub.connect(viewer("bob")).unwrap();
    assert!(matches!(hub.connect(viewer("eve")), Err(ConnectError::TooManyConnections { limit: 3 })));
    drop(first);
    let session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    assert_eq!(session.join("alerts", None, None), JoinOutcome::Refused(Refusal::TooManyRooms));
    assert!(
        matches!(session.join("global", None, None), JoinOutcome::Joined { .. }),
        "it is in there already"
    );
}

#[test]
fn nobody_is_let_in_before_the_history_is_filled() {
    let hub = Hub::new(HubOptions::default(), EPOCH, &PARTITIONS, "node-a", clock());
    assert!(matches!(hub.connect(viewer("ada")), Err(ConnectError::Starting)));
}

#[tokio::test]
async fn draining_sends_everybody_away_behind_what_waits_with_spread_times() {
    let (hub, _) = hub();
    let mut sessions: Vec<_> = ["a", "b", "c"].map(|name| hub.connect(viewer(name)).unwrap()).into();
    for session in &sessions {
        session.join("global", None, None);
    }
    publish_items(&hub, 0, 1);
    hub.drain(1000..=3000);
    publish_items(&hub, 1, 1);
    let mut waits = Vec::new();
    for session in &mut sessions {
        let (frames, closed) = drained(session).await;
        assert_eq!(kinds(&frames), ["joined_room", "new_item", "going_away"]);
        assert_eq!(closed, Some(1012));
        waits.push(frames[2]["reconnect_after_ms"].as_u64().unwrap());
    }
    waits.sort_unstable();
    assert_eq!(waits, [1000, 2000, 3000]);
    assert!(matches!(hub.connect(viewer("d")), Err(ConnectError::Draining)));
}

#[tokio::test]
async fn a_renewed_token_keeps_the_rooms_and_another_persons_token_closes() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join(&Room::User(viewer("ada").user).to_string(), None, None);
    session.renew(Viewer { role: Role::Viewer, ..viewer("ada") });
    hub.publish(&[placed(notified(viewer("ada").user, 1), 0, 0)]);
    assert_eq!(numbers(&frames(&mut session)), [1]);
    session.renew(viewer("bob"));
    assert_eq!(drained(&mut session).await.1, Some(1008));
}

#[tokio::test]
async fn a_waiting_transport_is_woken_by_an_event() {
    let (hub, _) = hub();
    let mut session = hub.connect(viewer("ada")).unwrap();
    session.join("global", None, None);
    frames(&mut session);
    let waiting = tokio::spawn(async move { session.next().await });
    tokio::task::yield_now().await;
    publish_items(&hub, 0, 1);
    assert!(matches!(waiting.await.unwrap(), Some(Outgoing::Frame(_))));
}

#[test]
fn what_is_held_goes_out_as_one_write_and_in_order() {
    let (hub, _) = hub();
    let mut ada = Wired::connect(&hub, "ada");
    ada.read(usize::MAX);
    let writes = ada.line.writes();
    ada.session.hold();
    ada.session.join("global", None, None);
    ada.session.send(&ServerFrame::error("one", "first"));
    publish_items(&hub, 0, 2);
    assert_eq!(ada.line.writes(), writes, "nothing is written before it is let go");
    let (texts, ended) = ada.read(0);
    let read: Vec<Value> = texts.iter().map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!((kinds(&read), ended), (vec!["joined_room", "error", "new_item", "new_item"], None));
    assert_eq!(ada.line.writes(), writes + 1);
    publish_items(&hub, 2, 1);
    assert_eq!(ada.line.writes(), writes + 2, "then what comes is written at once");
}

#[test]
fn what_is_held_is_no_backlog_while_the_connection_takes_it() {
    let (hub, _) = hub();
    let mut ada = Wired::connect(&hub, "ada");
    ada.read(usize::MAX);
    ada.session.hold();
    for n in 0..5_000 {
        ada.session.send(&ServerFrame::error("n", n.to_string()));
    }
    let (texts, ended) = ada.read(0);
    assert_eq!((texts.len(), ended), (5_000, None));

    // One that takes nothing is cut as ever.
    let mut ben = Wired::connect(&hub, "ben");
    ben.session.hold();
    for n in 0..5_000 {
        ben.session.send(&ServerFrame::error("n", n.to_string()));
    }
    let ended = std::iter::repeat_with(|| ben.read(1 << 20).1).take(8).flatten().next();
    assert_eq!(ended, Some(4408));
}

#[test]
fn who_filters_gets_what_comes_together_as_one_write_too() {
    let (hub, _) = hub();
    let mut ada = Wired::connect(&hub, "ada");
    let floods: ItemFilter = serde_json::from_value(serde_json::json!({"hazard": ["flood"]})).unwrap();
    ada.session.join("global", None, Some(floods));
    ada.read(1 << 20);
    let writes = ada.line.writes();
    let updates =
        |from: u64| (from..from + 6).map(|n| placed(item_updated(item_id(n), n), 0, n)).collect::<Vec<_>>();
    hub.publish(&updates(0));
    assert_eq!(ada.line.writes(), writes + 1);
    assert_eq!(ada.read(0).0.len(), 6);
    ada.session.hold();
    hub.publish(&updates(6));
    assert_eq!(ada.line.writes(), writes + 1, "the transport still holds it");
    assert_eq!(ada.read(1 << 20).0.len(), 6);
}
