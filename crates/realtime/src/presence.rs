//! Who is in a room: several connections of one person are one person. Time is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use crisislens_model::frame::Availability;
use crisislens_model::{Timestamp, UserId};

/// The people of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    people: BTreeMap<UserId, Person>,
    /// The number of the last frame that told the room of people.
    seq: u64,
    /// Whose availability is another than the room was told, and what it was told.
    changed: Vec<(UserId, Availability)>,
    /// Frames with which the room was told of people lately.
    told: usize,
    /// Whether something happened since that is not told yet.
    is_behind: bool,
}

#[derive(Debug)]
struct Person {
    name: String,
    /// Connections, and a lease over HTTP.
    sessions: u32,
    /// When the last connection broke; the person counts as present until the grace is over.
    lost_at: Option<Timestamp>,
    state: Availability,
}

impl Presence {
    /// One more connection.
    pub(crate) fn enter(&mut self, user: UserId, name: &str) {
        let person = self.people.entry(user).or_insert(Person {
            name: String::new(),
            sessions: 0,
            lost_at: None,
            state: Availability::Active,
        });
        name.clone_into(&mut person.name);
        person.sessions += 1;
        person.lost_at = None;
    }

    /// One connection has left on purpose; the last one takes the person along.
    pub(crate) fn leave(&mut self, user: UserId) {
        let Some(person) = self.people.get_mut(&user) else { return };
        person.sessions = person.sessions.saturating_sub(1);
        if person.sessions == 0 {
            self.people.remove(&user);
        }
    }

    /// One connection broke; whether it was the last one, so that the grace begins.
    pub(crate) fn lose(&mut self, user: UserId, now: Timestamp) -> bool {
        let Some(person) = self.people.get_mut(&user) else { return false };
        person.sessions = person.sessions.saturating_sub(1);
        let last = person.sessions == 0;
        if last {
            person.lost_at = Some(now);
        }
        last
    }

    /// Whether the person's grace is over by now; then they are gone.
    pub(crate) fn expire(&mut self, user: UserId, now: Timestamp, grace: Duration) -> bool {
        let lost_at = self.people.get(&user).and_then(|person| person.lost_at);
        let over = lost_at.is_some_and(|lost_at| has_passed(lost_at, now, grace));
        if over {
            self.people.remove(&user);
        }
        over
    }

    /// What the person's connections say of them.
    pub(crate) fn set_state(&mut self, user: UserId, state: Availability) {
        if let Some(person) = self.people.get_mut(&user) {
            person.state = state;
        }
    }

    /// Whether somebody is here, and at the screen.
    pub(crate) fn state(&self, user: UserId) -> Option<Availability> {
        self.people.get(&user).map(|person| person.state)
    }

    /// What colleagues see of somebody who is here.
    pub(crate) fn name(&self, user: UserId) -> Option<&str> {
        self.people.get(&user).map(|person| person.name.as_str())
    }

    /// The people, in the order of their ids.
    pub(crate) fn users(&self) -> impl Iterator<Item = (UserId, &str, Availability)> {
        self.people.iter().map(|(user, person)| (*user, person.name.as_str(), person.state))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// See `presence_state`.
    pub(crate) fn seq(&self) -> u64 {
        self.seq
    }

    /// The number of the next frame, which tells of everybody: what changed is told with it.
    pub(crate) fn next_seq(&mut self) -> u64 {
        self.changed.clear();
        self.seq += 1;
        self.seq
    }

    /// Whether the room may be told of somebody now; else it hears of all once [`Presence::recover`] says so.
    pub(crate) fn may_tell(&mut self, at_once: usize) -> bool {
        self.is_behind |= self.told >= at_once;
        !self.is_behind
    }

    /// So many frames went out; whether the room was quiet before.
    pub(crate) fn note_told(&mut self, frames: usize) -> bool {
        let was_quiet = self.told == 0;
        self.told += frames;
        was_quiet && frames > 0
    }

    /// Time has passed in which so many frames might have gone out; whether the room is quiet again, and is to be told.
    pub(crate) fn recover(&mut self, frames: usize) -> (bool, bool) {
        self.told = self.told.saturating_sub(frames);
        let is_quiet = self.told == 0;
        (is_quiet, is_quiet && std::mem::take(&mut self.is_behind))
    }

    /// Somebody's availability is no more what it was; it is told soon, with that of others.
    pub(crate) fn note_change(&mut self, user: UserId, before: Availability) {
        if self.changed.iter().all(|(other, _)| *other != user) {
            self.changed.push((user, before));
        }
    }

    /// Whether somebody's availability is to be told.
    pub(crate) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Whose availability is to be told, and what was told before.
    pub(crate) fn take_changes(&mut self) -> Vec<(UserId, Availability)> {
        std::mem::take(&mut self.changed)
    }
}

/// Of several connections of a person, or of one person on several nodes, the most active counts.
pub(crate) fn most_active(one: Option<Availability>, other: Option<Availability>) -> Option<Availability> {
    one.into_iter().chain(other).min()
}

/// What a connection has told of its person.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signs {
    /// The last sign of them.
    at: Timestamp,
    /// When they last did something themselves, which a client does not do by itself.
    acted: Option<Timestamp>,
    /// What the client said; it holds until it says that they are active.
    said: Availability,
}

impl Signs {
    pub(crate) fn new(now: Timestamp) -> Self {
        Self { at: now, acted: None, said: Availability::Active }
    }

    /// The client says how it stands.
    pub(crate) fn say(&mut self, state: Availability, now: Timestamp) {
        self.said = state;
        if state == Availability::Active {
            self.at = now;
            self.acted = Some(now);
        }
    }

    /// The client did something that a program may do for a person who looks elsewhere.
    pub(crate) fn touch(&mut self, now: Timestamp) {
        self.at = now;
    }

    /// When they last did something themselves.
    pub(crate) const fn acted(&self) -> Option<Timestamp> {
        self.acted
    }

    /// Whether the person is at the screen, by what was said and by the silence since.
    pub(crate) fn state(&self, now: Timestamp, idle_after: Duration, away_after: Duration) -> Availability {
        let by_silence = if has_passed(self.at, now, away_after) {
            Availability::Away
        } else if has_passed(self.at, now, idle_after) {
            Availability::Idle
        } else {
            Availability::Active
        };
        self.said.max(by_silence)
    }
}

/// Whether `now` is at least `wait` after `since`.
pub(crate) fn has_passed(since: Timestamp, now: Timestamp, wait: Duration) -> bool {
    Duration::try_from(now.duration_since(since)).is_ok_and(|passed| passed >= wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_gone_only_when_every_connection_is_and_the_grace_is_over() {
        let (mut presence, user) = (Presence::default(), UserId::random());
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let (grace, soon, late) =
            (Duration::from_secs(10), start + Duration::from_secs(9), start + Duration::from_secs(10));
        presence.enter(user, "Ada");
        presence.enter(user, "Ada");
        assert!(!presence.lose(user, start));
        assert!(!presence.expire(user, late, grace), "one connection is left");
        assert!(presence.lose(user, start));
        assert!(!presence.expire(user, soon, grace));
        presence.enter(user, "Ada");
        assert!(!presence.expire(user, late, grace), "back within the grace");
        assert!(presence.lose(user, start));
        assert!(presence.expire(user, late, grace));
        assert!(presence.is_empty());
    }

    #[test]
    fn what_a_client_says_holds_until_it_says_active_and_silence_says_the_rest() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut signs = Signs::new(start);
        let state = |signs: &Signs, seconds| {
            let now = start + Duration::from_secs(seconds);
            signs.state(now, Duration::from_secs(60), Duration::from_secs(300))
        };
        assert_eq!(
            [59, 60, 299, 300].map(|seconds| state(&signs, seconds)),
            [Availability::Active, Availability::Idle, Availability::Idle, Availability::Away]
        );
        signs.say(Availability::Away, start);
        signs.touch(start + Duration::from_secs(1));
        assert_eq!(state(&signs, 1), Availability::Away, "a hidden tab that joins a room is hidden still");
        signs.say(Availability::Active, start + Duration::from_secs(2));
        assert_eq!((state(&signs, 61), state(&signs, 62)), (Availability::Active, Availability::Idle));
    }
}
