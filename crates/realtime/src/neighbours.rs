//! Who is in rooms on other nodes. Nodes tell each other over a wire that may lose what it carries, and never stores it: who came
//! and went, numbered; now and then only the number, so that who missed something asks for all of it. A node that is silent
//! takes its people along. Pure: time is passed in, and what is to be said is taken out.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::Duration;

use crisislens_model::frame::PresentUser;
use crisislens_model::{Room, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::presence::has_passed;

#[cfg(test)]
mod tests;

/// A node says that it lives this often …
const BEAT_EVERY: Duration = Duration::from_secs(5);
/// … and is gone after so long without a word.
const SILENT_AFTER: Duration = Duration::from_secs(15);
/// Longest message, bytes: what PostgreSQL's NOTIFY takes is a little more.
const MESSAGE_BYTES: usize = 7_500;
/// Whole states are told no more often than this.
const STATE_EVERY: Duration = Duration::from_secs(1);

/// What nodes say to each other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Message {
    node: String,
    /// Another after each start.
    life: u64,
    word: Word,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Word {
    /// Tell me everything: this node, or where none is named everybody.
    Ask { whom: Option<String> },
    /// Everything as of `seq`, in parts.
    State { seq: u64, part: usize, of: usize, people: Vec<Placed> },
    /// What made `seq` of the number before.
    Moved { seq: u64, came: Vec<Placed>, went: Vec<(Room, UserId)> },
    /// Nothing has happened since `seq`.
    Beat { seq: u64 },
    /// Where pointers are.
    Cursors { moves: Vec<(Room, UserId, Value)> },
    /// The node stops.
    Bye,
}

/// Somebody in a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Placed {
    room: Room,
    user: UserId,
    name: String,
}

/// What a message changed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    /// People who are in a room of another node and were in none.
    pub(crate) came: Vec<(Room, UserId)>,
    /// People who are in a room of no other node any more.
    pub(crate) went: Vec<(Room, UserId)>,
    /// Pointers that moved.
    pub(crate) moves: Vec<(Room, UserId, Value)>,
}

/// The other nodes as this one knows them, and what it has to tell them.
#[derive(Debug)]
pub(crate) struct Neighbours {
    me: String,
    life: u64,
    /// The number of our last change.
    seq: u64,
    nodes: HashMap<String, Node>,
    /// Changes not yet told.
    came: Vec<Placed>,
    went: Vec<(Room, UserId)>,
    moves: Vec<(Room, UserId, Value)>,
    /// Whom to ask for everything: a node, or everybody.
    asks: Vec<Option<String>>,
    state_is_due: bool,
    last_state: Option<Timestamp>,
    last_word: Option<Timestamp>,
}

#[derive(Debug)]
struct Node {
    life: u64,
    /// The number up to which `rooms` is right; `None` until everything was told once.
    seq: Option<u64>,
    heard_at: Timestamp,
    rooms: HashMap<Room, BTreeMap<UserId, String>>,
    /// A state of which not every part has come.
    parts: Option<Parts>,
}

#[derive(Debug)]
struct Parts {
    seq: u64,
    parts: Vec<Option<Vec<Placed>>>,
}

impl Neighbours {
    pub(crate) fn new(me: String, life: u64) -> Self {
        Self {
            me,
            life,
            seq: 0,
            nodes: HashMap::new(),
            came: Vec::new(),
            went: Vec::new(),
            moves: Vec::new(),
            asks: vec![None],
            state_is_due: false,
            last_state: None,
            last_word: None,
        }
    }

    /// Whether somebody is in a room of another node.
    pub(crate) fn has(&self, room: &Room, user: UserId) -> bool {
        self.nodes.values().any(|node| node.rooms.get(room).is_some_and(|people| people.contains_key(&user)))
    }

    /// The people in a room of other nodes, each once.
    pub(crate) fn users(&self, room: &Room) -> BTreeMap<UserId, &str> {
        let people = self.nodes.values().filter_map(|node| node.rooms.get(room)).flatten();
        people.map(|(user, name)| (*user, name.as_str())).collect()
    }

    /// Somebody has come into a room here who was not in it.
    pub(crate) fn came(&mut self, room: Room, user: UserId, name: &str) {
        self.went.retain(|gone| *gone != (room, user));
        self.came.push(Placed { room, user, name: name.to_owned() });
    }

    /// Somebody is in a room here no more.
    pub(crate) fn went(&mut self, room: Room, user: UserId) {
        self.came.retain(|placed| (placed.room, placed.user) != (room, user));
        self.went.push((room, user));
    }

    /// A pointer moved in a room that people of other nodes look at.
    pub(crate) fn moved(&mut self, room: Room, user: UserId, position: Value) {
        if self.nodes.values().any(|node| node.rooms.contains_key(&room)) {
            self.moves.retain(|(other, who, _)| (*other, *who) != (room, user));
            self.moves.push((room, user, position));
        }
    }

    /// The wire was broken for a while, and anything may have been missed.
    pub(crate) fn missed(&mut self) {
        self.asks = vec![None];
    }

    /// Takes in what another node said.
    pub(crate) fn hear(&mut self, message: &str, now: Timestamp) -> Result<Heard, serde_json::Error> {
        let Message { node: name, life, word } = serde_json::from_str(message)?;
        let mut heard = Heard::default();
        if name == self.me {
            return Ok(heard);
        }
        if self.nodes.get(&name).is_some_and(|node| node.life != life) {
            self.forget(&name, &mut heard);
        }
        if word == Word::Bye {
            self.forget(&name, &mut heard);
            return Ok(heard);
        }
        let fresh = || Node { life, seq: None, heard_at: now, rooms: HashMap::new(), parts: None };
        let node = self.nodes.entry(name.clone()).or_insert_with(fresh);
        node.heard_at = now;
        match word {
            Word::Ask { whom } => self.state_is_due |= whom.is_none_or(|whom| whom == self.me),
            Word::Beat { seq } if node.seq != Some(seq) => self.ask(name),
            Word::Moved { seq, .. } if node.seq.is_none_or(|last| last + 1 != seq) => {
                // Told before, or something is missing.
                if node.seq.is_none_or(|last| last < seq) {
                    self.ask(name);
                }
            }
            Word::Moved { seq, came, went } => {
                node.seq = Some(seq);
                let mut rooms = std::mem::take(&mut node.rooms);
                for (room, user) in went {
                    remove(&mut rooms, room, user);
                }
                for Placed { room, user, name } in came {
                    rooms.entry(room).or_default().insert(user, name);
                }
                self.replace(&name, rooms, &mut heard);
            }
            Word::State { seq, part, of, people } => {
                if let Some(people) = node.gather(seq, part, of, people) {
                    node.seq = Some(seq);
                    let mut rooms: HashMap<Room, BTreeMap<UserId, String>> = HashMap::new();
                    for Placed { room, user, name } in people {
                        rooms.entry(room).or_default().insert(user, name);
                    }
                    self.replace(&name, rooms, &mut heard);
                }
            }
            Word::Cursors { moves } => heard.moves = moves,
            Word::Beat { .. } | Word::Bye => {}
        }
        Ok(heard)
    }

    fn ask(&mut self, node: String) {
        let node = Some(node);
        if !self.asks.contains(&node) {
            self.asks.push(node);
        }
    }

    /// Forgets nodes that are silent.
    pub(crate) fn expire(&mut self, now: Timestamp) -> Heard {
        let mut heard = Heard::default();
        let silent = |node: &Node| has_passed(node.heard_at, now, SILENT_AFTER);
        let gone: Vec<String> =
            self.nodes.iter().filter(|(_, node)| silent(node)).map(|(name, _)| name.clone()).collect();
        for name in gone {
            self.forget(&name, &mut heard);
        }
        heard
    }

    fn forget(&mut self, name: &str, heard: &mut Heard) {
        self.replace(name, HashMap::new(), heard);
        self.nodes.remove(name);
    }

    /// Gives a node these people, and notes whom that brings and takes away.
    fn replace(
        &mut self,
        name: &str,
        rooms: HashMap<Room, BTreeMap<UserId, String>>,
        heard: &mut Heard,
    ) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        let before = std::mem::replace(&mut node.rooms, rooms);
        let all = |rooms: &HashMap<Room, BTreeMap<UserId, String>>| -> HashSet<(Room, UserId)> {
            rooms.iter().flat_map(|(room, people)| people.keys().map(|user| (*room, *user))).collect()
        };
        let (before, after) = (all(&before), all(&self.nodes[name].rooms));
        let elsewhere = |(room, user): &(Room, UserId)| {
            self.nodes.iter().any(|(other, node)| {
                other != name && node.rooms.get(room).is_some_and(|people| people.contains_key(user))
            })
        };
        heard.came.extend(after.difference(&before).filter(|one| !elsewhere(one)));
        heard.went.extend(before.difference(&after).filter(|one| !elsewhere(one)));
    }

    /// What is to be said now. `here` is everybody in a room of this node, asked for only where it is to be told.
    pub(crate) fn say(
        &mut self,
        here: impl FnOnce() -> Vec<(Room, PresentUser)>,
        now: Timestamp,
    ) -> Vec<String> {
        let mut words: Vec<Word> =
            std::mem::take(&mut self.asks).into_iter().map(|whom| Word::Ask { whom }).collect();
        words.extend(self.changes());
        let may_tell = self.last_state.is_none_or(|last| has_passed(last, now, STATE_EVERY));
        if self.state_is_due && may_tell {
            self.state_is_due = false;
            self.last_state = Some(now);
            words.extend(self.state(here()));
        }
        let moves = std::mem::take(&mut self.moves);
        words.extend(pieces(moves).into_iter().map(|moves| Word::Cursors { moves }));
        let is_due = self.last_word.is_none_or(|last| has_passed(last, now, BEAT_EVERY));
        if is_due && words.iter().all(|word| !matches!(word, Word::Moved { .. })) {
            words.push(Word::Beat { seq: self.seq });
        }
        if !words.is_empty() {
            self.last_word = Some(now);
        }
        words.into_iter().map(|word| self.message(word)).collect()
    }

    /// The last message of a node that stops.
    pub(crate) fn bye(&self) -> String {
        self.message(Word::Bye)
    }

    fn message(&self, word: Word) -> String {
        let message = Message { node: self.me.clone(), life: self.life, word };
        serde_json::to_string(&message).unwrap_or_default()
    }

    fn changes(&mut self) -> Vec<Word> {
        let (came, went) = (std::mem::take(&mut self.came), std::mem::take(&mut self.went));
        let went = pieces(went).into_iter().map(|went| (Vec::new(), went));
        let came = pieces(came).into_iter().map(|came| (came, Vec::new()));
        let mut words = Vec::new();
        for (came, went) in went.chain(came) {
            self.seq += 1;
            words.push(Word::Moved { seq: self.seq, came, went });
        }
        words
    }

    fn state(&self, here: Vec<(Room, PresentUser)>) -> Vec<Word> {
        let placed =
            |(room, PresentUser { user_id, name }): (Room, PresentUser)| Placed { room, user: user_id, name };
        let mut parts = pieces(here.into_iter().map(placed).collect());
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        let of = parts.len();
        let word = |(part, people)| Word::State { seq: self.seq, part, of, people };
        parts.into_iter().enumerate().map(word).collect()
    }
}

impl Node {
    /// One more part of a state; all of it once it is complete.
    fn gather(&mut self, seq: u64, part: usize, of: usize, people: Vec<Placed>) -> Option<Vec<Placed>> {
        if of == 0 || part >= of || self.seq.is_some_and(|known| known > seq) {
            return None;
        }
        let fits = self.parts.as_ref().is_some_and(|parts| parts.seq == seq && parts.parts.len() == of);
        if !fits {
            self.parts = Some(Parts { seq, parts: vec![None; of] });
        }
        let parts = self.parts.as_mut()?;
        parts.parts[part] = Some(people);
        if parts.parts.iter().any(Option::is_none) {
            return None;
        }
        self.parts.take().map(|parts| parts.parts.into_iter().flatten().flatten().collect())
    }
}

fn remove(rooms: &mut HashMap<Room, BTreeMap<UserId, String>>, room: Room, user: UserId) {
    if let Some(people) = rooms.get_mut(&room) {
        people.remove(&user);
        if people.is_empty() {
            rooms.remove(&room);
        }
    }
}

/// Cuts things into lists that each fit a message.
fn pieces<T: Serialize>(things: Vec<T>) -> Vec<Vec<T>> {
    let mut pieces: Vec<Vec<T>> = Vec::new();
    let mut room = 0;
    for thing in things {
        let size = serde_json::to_string(&thing).map_or(0, |text| text.len() + 1);
        if size > room || pieces.is_empty() {
            pieces.push(Vec::new());
            room = MESSAGE_BYTES - 500;
        }
        room = room.saturating_sub(size);
        if let Some(last) = pieces.last_mut() {
            last.push(thing);
        }
    }
    pieces
}
