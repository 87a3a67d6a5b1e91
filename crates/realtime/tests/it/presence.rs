//! Who is there in order, at the screen or not, without a connection, and as a resource's story.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::Room;
use crisislens_model::frame::Availability::{self, Active, Away, Idle};
use crisislens_realtime::{CursorRefusal, Hub, HubOptions, Refusal, Session, Whereabouts, Wire};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::line::{Line, Wired};
use crate::support::*;

fn room() -> Room {
    Room::Item(item_id(1))
}

fn tab(hub: &Arc<Hub>, name: &str) -> Session {
    let session = hub.connect(viewer(name)).unwrap();
    session.join(&room().to_string(), None, None);
    session
}

/// Name and state of everybody in a frame.
fn people(frame: &Value) -> BTreeMap<String, String> {
    let listed = frame["users"].as_array().or(frame["active_users"].as_array()).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    listed.iter().map(|user| (text(&user["name"]), text(&user["state"]))).collect()
}

/// What a client that follows the protocol believes.
#[derive(Default)]
struct Believer {
    seq: u64,
    people: BTreeMap<String, String>,
}

impl Believer {
    fn read(&mut self, frame: &Value) {
        let seq = frame["seq"].as_u64().unwrap();
        match frame["type"].as_str().unwrap() {
            "presence_state" if seq >= self.seq => {}
            "presence_update" if seq > self.seq => {
                assert_eq!(seq, self.seq + 1, "a gap: {frame}");
            }
            _ => return,
        }
        (self.seq, self.people) = (seq, people(frame));
    }
}

/// Five people come, go, look away and come back in several tabs, while one client reads now and then.
fn follow(seed: u64, is_direct: bool) {
    let mut random = StdRng::seed_from_u64(seed);
    let (hub, clock) = hub();
    let line = Arc::new(Line::default());
    let session = if is_direct {
        hub.connect_direct(viewer("ada"), line.clone(), Wire::Plain).unwrap()
    } else {
        hub.connect(viewer("ada")).unwrap()
    };
    session.join(&room().to_string(), None, None);
    let mut ada = Wired { session, line };
    let (mut believer, mut tabs): (Believer, Vec<Session>) = (Believer::default(), Vec::new());
    let read = |ada: &mut Wired, believer: &mut Believer, bytes: usize| {
        let texts = if is_direct {
            ada.read(bytes).0
        } else {
            frames(&mut ada.session).iter().map(Value::to_string).collect()
        };
        let frames = texts.iter().map(|text| serde_json::from_str::<Value>(text).unwrap());
        for frame in frames.filter(|frame| frame["type"] != "joined_room") {
            believer.read(&frame);
        }
    };
    for _ in 0..120 {
        match random.random_range(0..10) {
            0..4 => tabs.push(tab(&hub, ["bob", "cid", "dan", "eve", "fay"][random.random_range(0..5)])),
            4 if !tabs.is_empty() => drop(tabs.swap_remove(random.random_range(0..tabs.len()))),
            5 if !tabs.is_empty() => {
                tabs.swap_remove(random.random_range(0..tabs.len())).leave(&room().to_string());
            }
            6 if !tabs.is_empty() => {
                tabs[random.random_range(0..tabs.len())].say([Active, Idle, Away][random.random_range(0..3)]);
            }
            7 => ada.session.tell_presence(&room().to_string()),
            _ => {
                let wait = Duration::from_millis(random.random_range(0..20_000));
                hub.tick(clock.advance(wait));
            }
        }
        if tabs.len() > 15 {
            tabs.clear();
        }
        if random.random_bool(0.2) {
            read(&mut ada, &mut believer, random.random_range(0..2_000));
        }
    }
    for _ in 0..2 {
        hub.tick(clock.advance(Duration::from_secs(1)));
    }
    read(&mut ada, &mut believer, usize::MAX / 2);
    let truth: BTreeMap<String, String> = hub
        .present(room())
        .into_iter()
        .map(|user| (user.name, serde_json::to_value(user.state).unwrap().as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(believer.people, truth, "seed {seed}");
}

#[test]
fn however_a_client_reads_it_sees_no_gap_and_ends_at_the_truth() {
    for seed in 0..150 {
        follow(seed, false);
        follow(seed, true);
    }
}

#[test]
fn what_waits_of_people_is_merged_into_one_state() {
    let (hub, _) = hub();
    let mut ada = tab(&hub, "ada");
    frames(&mut ada);
    let _others = ["bob", "cid", "dan"].map(|name| tab(&hub, name));
    let seen = frames(&mut ada);
    assert_eq!(kinds(&seen), ["presence_state"]);
    assert_eq!((people(&seen[0]).len(), &seen[0]["seq"]), (4, &json!(4)));
    let _last = tab(&hub, "eve");
    let seen = frame(&mut ada);
    assert_eq!(
        (&seen["type"], &seen["seq"], &seen["action"]),
        (&json!("presence_update"), &json!(5), &json!("joined"))
    );
}

#[test]
fn a_crowd_is_not_told_of_a_crowd_one_by_one() {
    let (hub, clock) = hub();
    let mut tabs: Vec<Session> = (0..200).map(|n| tab(&hub, &format!("person {n}"))).collect();
    let mut told = 0;
    let mut believers: Vec<Believer> = Vec::new();
    let mut read = |tabs: &mut [Session], believers: &mut Vec<Believer>| {
        believers.resize_with(tabs.len(), Believer::default);
        for (session, believer) in tabs.iter_mut().zip(believers) {
            for frame in frames(session).iter().filter(|frame| frame["type"] != "joined_room") {
                told += 1;
                believer.read(frame);
            }
        }
        told
    };
    // Told one by one it would be 200 x 199 / 2 beside the 200 who are told on coming in.
    let first = read(&mut tabs, &mut believers);
    assert!(first <= 200 + 512 + 200, "{first} frames");
    hub.tick(clock.advance(Duration::from_millis(50)));
    hub.tick(clock.advance(Duration::from_millis(50)));
    let then = read(&mut tabs, &mut believers);
    assert!(then <= first + 200, "{then} frames");
    assert!(believers.iter().all(|believer| believer.people.len() == 200), "all know all");

    // A quiet room is told at once again.
    hub.tick(clock.advance(Duration::from_millis(50)));
    tabs.pop().unwrap().leave(&room().to_string());
    read(&mut tabs, &mut believers);
    assert!(believers[..199].iter().all(|believer| believer.people.len() == 199), "all know who is left");
}

#[test]
fn many_cursors_push_no_people_out() {
    let (hub, clock) = hub();
    let mut ada = tab(&hub, "ada");
    frames(&mut ada);
    let bob = tab(&hub, "bob");
    for n in 0..100 {
        let other = tab(&hub, &format!("p{n}"));
        other.cursor(&room().to_string(), json!({"x": n}));
        clock.advance(Duration::from_secs(1));
        other.leave(&room().to_string());
    }
    let seen = frames(&mut ada);
    let last = seen.iter().find(|frame| frame["type"] == "presence_state").unwrap();
    assert_eq!(people(last).into_keys().collect::<Vec<_>>(), ["ada", "bob"]);
    assert_eq!(seen.iter().filter(|frame| frame["type"] == "cursor_update").count(), 64);
    drop(bob);
}

#[test]
fn who_is_there_can_be_asked_for_in_a_room_that_was_joined() {
    let (hub, _) = hub();
    let mut ada = hub.connect(viewer("ada")).unwrap();
    for name in [room().to_string(), "global".to_owned(), "nonsense".to_owned()] {
        ada.tell_presence(&name);
        assert_eq!(frame(&mut ada)["code"], "not_joined");
    }
    ada.join(&room().to_string(), None, None);
    let joined = frames(&mut ada);
    ada.tell_presence(&room().to_string());
    assert_eq!(frame(&mut ada), joined[1]);
}

#[test]
fn silence_makes_idle_and_away_and_the_most_active_tab_counts() {
    let (hub, clock) = hub();
    let mut ada = tab(&hub, "ada");
    let (one, two) = (tab(&hub, "bob"), tab(&hub, "bob"));
    frames(&mut ada);
    let mut after = |seconds| {
        let now = clock.advance(Duration::from_secs(seconds));
        ada.say(Active);
        hub.tick(now);
        frames(&mut ada)
    };
    assert!(after(59).is_empty());
    let seen = after(1);
    assert_eq!((kinds(&seen), people(&seen[0])["bob"].as_str()), (vec!["presence_update"], "idle"));
    assert_eq!(seen[0]["action"], "changed");
    assert!(after(239).is_empty(), "nothing has changed");
    assert_eq!(people(&after(1)[0])["bob"], "away");
    two.cursor(&room().to_string(), json!({}));
    let seen = after(1);
    assert_eq!((&seen[0]["type"], people(&seen[1])["bob"].as_str()), (&json!("cursor_update"), "active"));
    two.say(Away);
    assert_eq!(people(&after(1)[0])["bob"], "away", "the other tab is silent");
    one.say(Active);
    two.say(Idle);
    assert_eq!(people(&after(1)[0])["bob"], "active");
    drop((one, two));
    assert!(after(5).is_empty(), "within the grace they are as they were");
}

#[test]
fn what_is_back_before_it_was_told_is_not_told_and_many_are_told_at_once() {
    let (hub, clock) = hub();
    let mut ada = tab(&hub, "ada");
    let others = ["bob", "cid", "dan"].map(|name| tab(&hub, name));
    frames(&mut ada);
    hub.tick(clock.advance(Duration::from_secs(1)));
    others[0].say(Away);
    hub.tick(clock.advance(Duration::from_millis(500)));
    others[0].say(Active);
    hub.tick(clock.advance(Duration::from_millis(500)));
    assert!(frames(&mut ada).is_empty());
    for other in &others {
        other.say(Away);
    }
    hub.tick(clock.advance(Duration::from_secs(1)));
    let seen = frames(&mut ada);
    assert_eq!(kinds(&seen), ["presence_state"]);
    assert_eq!(people(&seen[0]).values().filter(|state| *state == "away").count(), 3);
}

/// Two nodes that tell each other everything.
fn pair() -> ([Arc<Hub>; 2], Arc<TestClock>) {
    let clock = clock();
    let hubs = ["node-a", "node-b"].map(|node| {
        let hub = Hub::new(HubOptions::default(), EPOCH, &PARTITIONS, node, clock.clone());
        hub.mark_ready();
        hub
    });
    hubs[0].meet_neighbours();
    hubs[1].meet_neighbours();
    talk(&hubs, &clock);
    (hubs, clock)
}

/// Some seconds in which they talk and tick.
fn talk(hubs: &[Arc<Hub>; 2], clock: &TestClock) {
    for _ in 0..3 {
        for (from, to) in [(0, 1), (1, 0)] {
            for message in hubs[from].say() {
                hubs[to].hear(&message).unwrap();
            }
        }
        let now = clock.advance(Duration::from_secs(1));
        hubs.iter().for_each(|hub| hub.tick(now));
    }
}

#[test]
fn the_most_active_tab_counts_over_nodes_too() {
    let (hubs, clock) = pair();
    let mut ada = tab(&hubs[0], "ada");
    let (here, there) = (tab(&hubs[0], "bob"), tab(&hubs[1], "bob"));
    talk(&hubs, &clock);
    frames(&mut ada);
    here.say(Away);
    talk(&hubs, &clock);
    assert!(frames(&mut ada).is_empty(), "they are active there");
    there.say(Idle);
    talk(&hubs, &clock);
    let seen = frames(&mut ada);
    assert_eq!((kinds(&seen), people(&seen[0])["bob"].as_str()), (vec!["presence_update"], "idle"));
    there.leave(&room().to_string());
    talk(&hubs, &clock);
    let seen = frames(&mut ada);
    assert_eq!((&seen[0]["action"], people(&seen[0])["bob"].as_str()), (&json!("changed"), "away"));
}

#[test]
fn who_holds_a_room_without_a_connection_is_seen_until_they_let_go_or_fall_silent() {
    let (hub, clock) = hub();
    let mut ada = tab(&hub, "ada");
    frames(&mut ada);
    let ben = viewer("ben");
    assert_eq!(hub.hold(&ben, room(), None).unwrap().len(), 2);
    assert_eq!(frame(&mut ada)["action"], "joined");
    for _ in 0..3 {
        hub.tick(clock.advance(Duration::from_secs(25)));
        hub.hold(&ben, room(), None).unwrap();
    }
    hub.tick(clock.advance(Duration::from_secs(1)));
    let seen = frames(&mut ada);
    assert_eq!(people(seen.last().unwrap())["ben"], "idle", "a timer is no person");
    hub.point(&ben, room(), json!({"x": 1})).unwrap();
    let pointed = frame(&mut ada);
    assert_eq!((&pointed["type"], &pointed["position"]["x"]), (&json!("cursor_update"), &json!(1)));
    ada.say(Active);
    hub.tick(clock.advance(Duration::from_secs(1)));
    assert_eq!(people(&frames(&mut ada)[0])["ben"], "active");
    hub.tick(clock.advance(Duration::from_secs(28)));
    assert!(frames(&mut ada).is_empty());
    hub.tick(clock.advance(Duration::from_secs(1)));
    assert_eq!(frame(&mut ada)["action"], "left");

    hub.hold(&ben, room(), Some(Availability::Away)).unwrap();
    let tab = tab(&hub, "ben");
    frames(&mut ada);
    hub.let_go(ben.user, room());
    assert!(frames(&mut ada).is_empty(), "a tab is left");
    tab.leave(&room().to_string());
    assert_eq!(frame(&mut ada)["action"], "left");
}

#[test]
fn who_holds_no_room_moves_no_pointer_and_nobody_holds_what_is_not_theirs() {
    let (hub, _) = hub_with(HubOptions { max_rooms_per_session: 2, ..HubOptions::default() });
    let ben = viewer("ben");
    assert_eq!(hub.point(&ben, room(), json!({})), Err(CursorRefusal::NotJoined));
    for wrong in [Room::Global, Room::Alerts, Room::User(ben.user)] {
        assert_eq!(hub.hold(&ben, wrong, None), Err(Refusal::UnknownRoom));
    }
    hub.hold(&ben, room(), None).unwrap();
    let large = json!({"selection": "x".repeat(1024)});
    assert_eq!(hub.point(&ben, room(), large), Err(CursorRefusal::TooLarge));
    hub.hold(&ben, Room::Item(item_id(2)), None).unwrap();
    assert_eq!(hub.hold(&ben, Room::Item(item_id(3)), None), Err(Refusal::TooManyRooms));
    hub.let_go(ben.user, room());
    hub.hold(&ben, Room::Item(item_id(3)), None).unwrap();
    hub.drain(0..=0);
    assert_eq!(hub.hold(&ben, room(), None), Err(Refusal::Closed));
}

#[test]
fn a_lease_is_moved_and_given_back_on_whichever_node() {
    let (hubs, clock) = pair();
    let mut ada = tab(&hubs[0], "ada");
    let ben = viewer("ben");
    hubs[1].hold(&ben, room(), None).unwrap();
    talk(&hubs, &clock);
    frames(&mut ada);
    hubs[0].point(&ben, room(), json!({"x": 1})).unwrap();
    assert_eq!(frame(&mut ada)["type"], "cursor_update");
    hubs[0].let_go(ben.user, room());
    talk(&hubs, &clock);
    let seen = frames(&mut ada);
    assert_eq!((kinds(&seen), &seen[0]["action"]), (vec!["presence_update"], &json!("left")));
    assert!(hubs[1].present(room()).iter().all(|user| user.name != "ben"));
}

#[test]
fn a_visit_is_told_once_for_all_tabs_on_the_node_where_it_begins_and_where_it_ends() {
    let (hubs, clock) = pair();
    let mut told = [hubs[0].visits(8), hubs[1].visits(8)];
    let mut visits = |node: usize| {
        let mut all = Vec::new();
        while let Ok(visit) = told[node].try_recv() {
            all.push((visit.name, visit.has_come));
        }
        all
    };
    let global = hubs[0].connect(viewer("bob")).unwrap();
    global.join("global", None, None);
    let (one, two) = (tab(&hubs[0], "bob"), tab(&hubs[0], "bob"));
    assert_eq!(visits(0), [("bob".to_owned(), true)]);
    drop(one);
    talk(&hubs, &clock);
    let there = tab(&hubs[1], "bob");
    talk(&hubs, &clock);
    two.leave(&room().to_string());
    talk(&hubs, &clock);
    assert_eq!((visits(0), visits(1)), (vec![], vec![]), "they went on elsewhere");
    drop(there);
    talk(&hubs, &clock);
    assert!(visits(1).is_empty(), "the grace is not over");
    clock.advance(Duration::from_secs(10));
    talk(&hubs, &clock);
    assert_eq!((visits(0), visits(1)), (vec![], vec![("bob".to_owned(), false)]));
}

#[test]
fn visits_that_nobody_takes_are_dropped_and_hold_nobody_up() {
    let (hub, _) = hub();
    let mut told = hub.visits(2);
    let _tabs = ["a", "b", "c"].map(|name| tab(&hub, name));
    assert_eq!(told.try_recv().unwrap().name, "a");
    assert_eq!(told.try_recv().unwrap().name, "b");
    assert!(told.try_recv().is_err());
    assert_eq!(hub.present(room()).len(), 3);
}

#[test]
fn a_session_is_found_on_the_node_that_its_name_tells() {
    let (hubs, clock) = pair();
    let ada = hubs[0].connect(viewer("ada")).unwrap();
    let (user, id) = (viewer("ada").user, ada.id().to_owned());
    // They hear their own words as well.
    let talk_all = |silent: Option<usize>| {
        for from in [0, 1] {
            for message in hubs[from].say() {
                for to in [0, 1].into_iter().filter(|_| Some(from) != silent) {
                    hubs[to].hear(&message).unwrap();
                }
            }
        }
        let now = clock.advance(Duration::from_secs(3));
        hubs.iter().for_each(|hub| hub.tick(now));
    };
    (0..2).for_each(|_| talk_all(None));
    let found = || hubs.each_ref().map(|hub| hub.whereabouts(user, &id));
    assert_eq!(found(), [Whereabouts::Here, Whereabouts::Elsewhere]);
    assert_eq!(hubs[0].whereabouts(viewer("bob").user, &id), Whereabouts::Gone, "it is not theirs");
    assert_eq!(hubs[1].whereabouts(user, "tab-1"), Whereabouts::NoSession);
    // The node dies, and the other still hears itself.
    (0..6).for_each(|_| talk_all(Some(0)));
    assert_eq!(found()[1], Whereabouts::Unheard);
    // That one is deaf now: of who is silent it knows nothing.
    clock.advance(Duration::from_secs(16));
    assert_eq!(found()[1], Whereabouts::Elsewhere);
    drop(ada);
    assert_eq!(found()[0], Whereabouts::Gone);
}

#[test]
fn what_somebody_does_in_a_room_is_noted_and_that_their_client_joins_is_not() {
    let (hub, clock) = hub();
    let (user, room) = (viewer("ada").user, Room::Item(item_id(1)));
    let ada = hub.connect(viewer("ada")).unwrap();
    ada.join(&room.to_string(), None, None);
    assert_eq!(hub.last_act(user, room), None);
    let acted = clock.advance(Duration::from_secs(1));
    ada.cursor(&room.to_string(), json!({"x": 1}));
    clock.advance(Duration::from_secs(1));
    assert_eq!(hub.last_act(user, room), Some(acted));
    let over_http = clock.advance(Duration::from_secs(1));
    hub.point(&viewer("ada"), room, json!({"x": 2})).unwrap();
    assert_eq!(hub.last_act(user, room), Some(over_http));
    assert_eq!(hub.last_act(user, Room::Item(item_id(2))), None);
}

#[test]
fn who_acts_over_http_is_active_at_their_stream_too_and_a_tab_that_looks_away_is_no_other_tabs() {
    let (hub, clock) = hub();
    let (ada, room) = (viewer("ada"), room());
    let stream = hub.connect(ada.clone()).unwrap();
    stream.join(&room.to_string(), None, None);
    let state = |wait: u64| {
        hub.tick(clock.advance(Duration::from_secs(wait)));
        hub.present(room)[0].state
    };
    assert_eq!(state(61), Idle);
    hub.point(&ada, room, json!({"x": 1})).unwrap();
    // The lease is over, and the stream's person is still there.
    assert_eq!(state(40), Active);
    hub.hold(&ada, room, Some(Away)).unwrap();
    assert_eq!(state(10), Active);
    hub.hold(&ada, room, Some(Active)).unwrap();
    assert_eq!(state(59), Active);
}
