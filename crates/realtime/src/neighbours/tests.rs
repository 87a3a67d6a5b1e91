use std::collections::BTreeSet;

use crisislens_model::ItemId;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::*;

/// A node of the simulation: who is in its rooms, what it believes of others, and what it was told.
struct Node {
    name: String,
    here: BTreeSet<(Room, UserId)>,
    neighbours: Neighbours,
    /// Who is elsewhere, as told by comings and goings.
    told: BTreeSet<(Room, UserId)>,
    is_alive: bool,
}

impl Node {
    fn start(name: &str, life: u64) -> Self {
        let neighbours = Neighbours::new(name.to_owned(), life);
        Self {
            name: name.to_owned(),
            here: BTreeSet::new(),
            neighbours,
            told: BTreeSet::new(),
            is_alive: true,
        }
    }

    fn say(&mut self, now: Timestamp) -> Vec<String> {
        let here = self.here.clone();
        let person = |(room, user_id): (Room, UserId)| (room, PresentUser { user_id, name: user_id.to_string() });
        self.neighbours.say(|| here.into_iter().map(person).collect(), now)
    }

    fn note(&mut self, heard: Heard) {
        for gone in heard.went {
            assert!(self.told.remove(&gone), "{}: {gone:?} went and had not come", self.name);
        }
        for new in heard.came {
            assert!(self.told.insert(new), "{}: {new:?} came twice", self.name);
        }
    }

    fn expire(&mut self, now: Timestamp) {
        let heard = self.neighbours.expire(now);
        self.note(heard);
    }

    fn hear(&mut self, message: &str, now: Timestamp) {
        let heard = self.neighbours.hear(message, now).unwrap();
        self.note(heard);
    }
}

fn room(n: u128) -> Room {
    Room::Item(ItemId(uuid::Uuid::from_u128(n)))
}

fn user(n: u128) -> UserId {
    UserId(uuid::Uuid::from_u128(n))
}

fn at(milliseconds: i64) -> Timestamp {
    Timestamp::from_millisecond(1_800_000_000_000 + milliseconds).unwrap()
}

/// Some seconds in which nodes come and go, people too, and the wire loses and repeats what it likes; then quiet, in which
/// everybody must come to know who is where.
fn simulate(seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut nodes: Vec<Node> = ["a", "b", "c"].iter().map(|name| Node::start(name, random.random())).collect();
    let mut wire: Vec<(usize, String)> = Vec::new();
    for step in 0..1_200_i64 {
        let now = at(step * 50);
        let is_wild = step < 500;
        if is_wild {
            let at = random.random_range(0..nodes.len());
            match random.random_range(0..100) {
                0 => nodes[at].is_alive = false,
                1 => {
                    let name = nodes[at].name.clone();
                    nodes[at] = Node::start(&name, random.random());
                }
                2 => nodes[at].neighbours.missed(),
                3..40 if nodes[at].is_alive => {
                    let one = (room(random.random_range(0..4)), user(random.random_range(0..60)));
                    let node = &mut nodes[at];
                    if node.here.remove(&one) {
                        node.neighbours.went(one.0, one.1);
                    } else {
                        node.here.insert(one);
                        node.neighbours.came(one.0, one.1, &one.1.to_string());
                    }
                }
                _ => {}
            }
        }
        for (from, node) in nodes.iter_mut().enumerate().filter(|(_, node)| node.is_alive) {
            for message in node.say(now) {
                assert!(message.len() < 8_000, "{}", message.len());
                wire.push((from, message));
            }
            node.expire(now);
        }
        for (from, message) in wire.drain(..) {
            for (to, node) in nodes.iter_mut().enumerate() {
                let times = if !is_wild || from == to { 1 } else { [0, 1, 1, 1, 1, 2][random.random_range(0..6)] };
                for _ in 0..times {
                    if node.is_alive {
                        node.hear(&message, now);
                    }
                }
            }
        }
    }
    for node in nodes.iter().filter(|node| node.is_alive) {
        let others = nodes.iter().filter(|other| other.is_alive && other.name != node.name);
        let truth: BTreeSet<(Room, UserId)> = others.flat_map(|other| other.here.iter().copied()).collect();
        assert_eq!(node.told, truth, "seed {seed}: what {} was told", node.name);
        for n in 0..4 {
            let known: BTreeSet<UserId> = node.neighbours.users(&room(n)).into_keys().collect();
            let wanted: BTreeSet<UserId> =
                truth.iter().filter(|(of, _)| *of == room(n)).map(|(_, user)| *user).collect();
            assert_eq!(known, wanted, "seed {seed}: whom {} knows", node.name);
        }
    }
}

#[test]
fn whatever_the_wire_loses_every_node_comes_to_know_who_is_where() {
    let first: u64 = std::env::var("NEIGHBOURS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    for seed in first..first + 200 {
        simulate(seed);
    }
}

#[test]
fn a_silent_node_takes_its_people_along_and_a_polite_one_says_so() {
    let (mut here, mut there) = (Neighbours::new("a".into(), 1), Neighbours::new("b".into(), 2));
    there.came(room(1), user(1), "Ada");
    let nobody = || Vec::new();
    let ada = || vec![(room(1), PresentUser { user_id: user(1), name: "Ada".into() })];
    let hear = |from: &mut Neighbours, to: &mut Neighbours, now: Timestamp| {
        let mut all = Heard::default();
        for message in from.say(ada, now) {
            let heard = to.hear(&message, now).unwrap();
            all.came.extend(heard.came);
        }
        all
    };
    // What changed before it was asked tells nothing of the rest: it is asked for everything.
    assert_eq!(hear(&mut there, &mut here, at(0)), Heard::default());
    for message in here.say(nobody, at(50)) {
        there.hear(&message, at(50)).unwrap();
    }
    assert_eq!(hear(&mut there, &mut here, at(2_000)).came, [(room(1), user(1))]);
    assert!(here.has(&room(1), user(1)));
    assert_eq!(here.expire(at(16_999)), Heard::default());
    assert_eq!(here.expire(at(17_000)).went, [(room(1), user(1))]);

    there.state_is_due = true;
    assert_eq!(hear(&mut there, &mut here, at(20_000)).came, [(room(1), user(1))]);
    assert_eq!(here.hear(&there.bye(), at(20_001)).unwrap().went, [(room(1), user(1))]);
}

#[test]
fn pointers_are_told_only_where_somebody_looks_and_the_latest_of_each() {
    let (mut here, mut there) = (Neighbours::new("a".into(), 1), Neighbours::new("b".into(), 2));
    here.moved(room(1), user(1), serde_json::json!({"x": 1}));
    assert!(here.say(Vec::new, at(0)).iter().all(|message| !message.contains("cursors")));
    there.state_is_due = true;
    let ada = || vec![(room(1), PresentUser { user_id: user(2), name: "Ada".into() })];
    for message in there.say(ada, at(0)) {
        here.hear(&message, at(0)).unwrap();
    }
    for x in 0..3 {
        here.moved(room(1), user(1), serde_json::json!({ "x": x }));
    }
    let words = here.say(Vec::new, at(50));
    let moves: Vec<Heard> = words.iter().map(|message| there.hear(message, at(50)).unwrap()).collect();
    let moves: Vec<_> = moves.into_iter().flat_map(|heard| heard.moves).collect();
    assert_eq!(moves, [(room(1), user(1), serde_json::json!({"x": 2}))]);
}
