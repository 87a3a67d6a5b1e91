//! Who is in rooms on other nodes, and at the screen. Nodes tell each other over a wire that may lose what it carries, and never stores it: who came
//! and went, numbered; now and then only the number, so that who missed something asks for all of it. A node that is silent
//! takes its people along. Pure: time is passed in, and what is to be said is taken out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use crisislens_model::frame::{Availability, PresentUser};
use crisislens_model::{Room, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::presence::{has_passed, most_active};

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
    /// Who is in a room without a connection and is there no more. Lost, their lease ends by itself.
    LetGo { people: Vec<(Room, UserId)> },
    /// The node stops.
    Bye,
}

/// Somebody in a room, told when they come and when their availability is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Placed {
    room: Room,
    user: UserId,
    name: String,
    #[serde(default, skip_serializing_if = "is_active")]
    state: Availability,
}

fn is_active(state: &Availability) -> bool {
    *state == Availability::Active
}

/// The people in the rooms of a node.
type Rooms = HashMap<Room, BTreeMap<UserId, There>>;

/// Somebody in a room of another node.
#[derive(Debug, PartialEq, Eq)]
struct There {
    name: String,
    state: Availability,
}

/// How it stands with somebody in a room on all other nodes; `None` where they are on none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) room: Room,
    pub(crate) user: UserId,
    pub(crate) before: Option<Availability>,
    pub(crate) after: Option<Availability>,
}

/// What a message changed.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Heard {
    pub(crate) changes: Vec<Change>,
    /// Pointers that moved.
    pub(crate) moves: Vec<(Room, UserId, Value)>,
    /// Whose leases are given back.
    pub(crate) let_go: Vec<(Room, UserId)>,
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
    let_go: Vec<(Room, UserId)>,
    /// Whom to ask for everything: a node, or everybody.
    asks: Vec<Option<String>>,
    state_is_due: bool,
    last_state: Option<Timestamp>,
    last_word: Option<Timestamp>,
    /// When one of our own words came back: the wire carries what is said.
    echo_at: Option<Timestamp>,
}

#[derive(Debug)]
struct Node {
    life: u64,
    /// The number up to which `rooms` is right; `None` until everything was told once.
    seq: Option<u64>,
    heard_at: Timestamp,
    rooms: Rooms,
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
            let_go: Vec::new(),
            asks: vec![None],
            state_is_due: false,
            last_state: None,
            last_word: None,
            echo_at: None,
        }
    }

    /// Whether this node would have heard of another that lives: else its silence says nothing.
    pub(crate) fn is_listening(&self, now: Timestamp) -> bool {
        self.echo_at.is_some_and(|at| !has_passed(at, now, SILENT_AFTER))
    }

    /// Whether another node with this life is there.
    pub(crate) fn is_heard(&self, life: u64) -> bool {
        self.nodes.values().any(|node| node.life == life)
    }

    /// Whether somebody is in a room of another node, and at the screen.
    pub(crate) fn seen(&self, room: &Room, user: UserId) -> Option<Availability> {
        self.nodes.values().filter_map(|node| node.state(room, user)).min()
    }

    /// The people in a room of other nodes, each once.
    pub(crate) fn users(&self, room: &Room) -> BTreeMap<UserId, (&str, Availability)> {
        let mut people: BTreeMap<UserId, (&str, Availability)> = BTreeMap::new();
        for (user, there) in self.nodes.values().filter_map(|node| node.rooms.get(room)).flatten() {
            let known = people.entry(*user).or_insert((there.name.as_str(), there.state));
            known.1 = known.1.min(there.state);
        }
        people
    }

    /// Somebody has come into a room here who was not in it, or is at the screen again, or no more.
    pub(crate) fn came(&mut self, room: Room, user: UserId, name: &str, state: Availability) {
        self.went.retain(|gone| *gone != (room, user));
        self.came.retain(|placed| (placed.room, placed.user) != (room, user));
        self.came.push(Placed { room, user, name: name.to_owned(), state });
    }

    /// Somebody without a connection gives back the leases that other nodes may have of them.
    pub(crate) fn let_go(&mut self, room: Room, user: UserId) {
        if self.seen(&room, user).is_some() && !self.let_go.contains(&(room, user)) {
            self.let_go.push((room, user));
        }
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
            self.echo_at = Some(now);
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
                let touched: BTreeSet<(Room, UserId)> = went
                    .iter()
                    .copied()
                    .chain(came.iter().map(|placed| (placed.room, placed.user)))
                    .collect();
                let before = touched.iter().map(|one| (*one, node.state(&one.0, one.1))).collect();
                for (room, user) in went {
                    remove(&mut node.rooms, room, user);
                }
                place(&mut node.rooms, came);
                self.note(&name, before, &mut heard);
            }
            Word::State { seq, part, of, people } => {
                if let Some(people) = node.gather(seq, part, of, people) {
                    node.seq = Some(seq);
                    let mut rooms = Rooms::new();
                    place(&mut rooms, people);
                    self.replace(&name, rooms, &mut heard);
                }
            }
            Word::Cursors { moves } => heard.moves = moves,
            Word::LetGo { people } => heard.let_go = people,
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
        self.replace(name, Rooms::new(), heard);
        self.nodes.remove(name);
    }

    /// Gives a node these people, and notes what that changes.
    fn replace(&mut self, name: &str, rooms: Rooms, heard: &mut Heard) {
        let Some(node) = self.nodes.get_mut(name) else { return };
        let mut before: States = everybody(&rooms).map(|(one, _)| (one, None)).collect();
        before.extend(everybody(&node.rooms).map(|(one, state)| (one, Some(state))));
        node.rooms = rooms;
        self.note(name, before, heard);
    }

    /// Notes what has changed for these people of a node, as far as it makes a difference with all nodes together.
    fn note(&self, name: &str, before: States, heard: &mut Heard) {
        let state = |(room, user): (Room, UserId), is_asked: &dyn Fn(&str) -> bool| {
            let nodes = self.nodes.iter().filter(|(other, _)| is_asked(other));
            nodes.filter_map(|(_, node)| node.state(&room, user)).min()
        };
        for (one, was) in before {
            let others = state(one, &|other| other != name);
            let (before, after) = (most_active(others, was), state(one, &|_| true));
            if before != after {
                heard.changes.push(Change { room: one.0, user: one.1, before, after });
            }
        }
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
        let let_go = std::mem::take(&mut self.let_go);
        words.extend(pieces(let_go).into_iter().map(|people| Word::LetGo { people }));
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
        let placed = |(room, user): (Room, PresentUser)| {
            let PresentUser { user_id, name, state } = user;
            Placed { room, user: user_id, name, state }
        };
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
    fn state(&self, room: &Room, user: UserId) -> Option<Availability> {
        self.rooms.get(room)?.get(&user).map(|there| there.state)
    }

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

/// How it stood with people of a node; `None` where they were not there.
type States = HashMap<(Room, UserId), Option<Availability>>;

fn everybody(rooms: &Rooms) -> impl Iterator<Item = ((Room, UserId), Availability)> {
    rooms.iter().flat_map(|(room, people)| people.iter().map(|(user, there)| ((*room, *user), there.state)))
}

fn place(rooms: &mut Rooms, people: Vec<Placed>) {
    for Placed { room, user, name, state } in people {
        rooms.entry(room).or_default().insert(user, There { name, state });
    }
}

fn remove(rooms: &mut Rooms, room: Room, user: UserId) {
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
