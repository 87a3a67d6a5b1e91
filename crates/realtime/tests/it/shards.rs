//! Many cores at once: who joins, leaves and comes back while events are given out misses none and sees none twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crisislens_realtime::{Hub, HubOptions, Outgoing, QueueLimits, Session};
use serde_json::Value;

use crate::support::*;

const RECORDS: u64 = 4_000;
const READERS: usize = 6;
/// A reader breaks off after so many events, and comes back with its last position.
const BREAKS_OFF_AFTER: u64 = 37;

fn next_event(session: &mut Session) -> Option<Value> {
    loop {
        match session.try_next() {
            Some(Outgoing::Frame(frame)) => {
                let frame: Value = serde_json::from_str(frame.as_str()).unwrap();
                assert_ne!(frame["recovered"], false, "{frame}");
                if frame.get("at").is_some() {
                    return Some(frame);
                }
            }
            Some(Outgoing::Close { code, .. }) => panic!("closed with {code}"),
            None => return None,
        }
    }
}

/// Reads from the first event on to the last; how often it broke off.
fn read_all(hub: &Arc<Hub>, name: &str, first: &str) -> usize {
    let (mut position, mut expected, mut breaks) = (first.to_owned(), 0, 0);
    while expected < RECORDS {
        let mut session = hub.connect(viewer(name)).unwrap();
        session.join("global", Some(&position), None);
        let until = expected + BREAKS_OFF_AFTER;
        while expected < until.min(RECORDS) {
            let Some(event) = next_event(&mut session) else {
                thread::yield_now();
                continue;
            };
            assert_eq!(number(&event), expected, "{name}");
            event["position"].as_str().unwrap().clone_into(&mut position);
            expected += 1;
        }
        breaks += 1;
    }
    breaks
}

#[test]
fn readers_that_come_and_go_on_every_core_see_each_event_once_and_in_order() {
    let queue = QueueLimits { frames: usize::MAX, bytes: usize::MAX, ..QueueLimits::default() };
    let (hub, _) = hub_with(HubOptions { shards: 3, parallel_from: 0, queue, ..HubOptions::default() });
    let first = hub.position().encode();
    let running = AtomicUsize::new(READERS);
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS)
            .map(|n| {
                let (hub, first, running) = (&hub, &first, &running);
                scope.spawn(move || {
                    let breaks = read_all(hub, &format!("reader {n}"), first);
                    running.fetch_sub(1, Ordering::Relaxed);
                    breaks
                })
            })
            .collect();
        // Somebody who only comes and goes in a room where people see each other.
        scope.spawn(|| {
            let room = format!("item:{}", item_id(1));
            while running.load(Ordering::Relaxed) > 0 {
                let session = hub.connect(viewer("visitor")).unwrap();
                session.join(&room, None, None);
                session.leave(&room);
                session.join(&room, None, None);
            }
        });
        for at in (0..RECORDS).step_by(7) {
            publish_items(&hub, at, 7.min(RECORDS - at));
        }
        for reader in readers {
            assert!(reader.join().unwrap() > 100);
        }
    });
    assert_eq!(hub.counts().connections, 0);
    let grace = std::time::Duration::from_secs(11);
    hub.tick("2026-03-01T12:00:00Z".parse::<crisislens_model::Timestamp>().unwrap() + grace);
    assert_eq!(hub.counts().rooms, 0, "no presence is left over");
}
