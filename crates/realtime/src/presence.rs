//! Who is in a room: several connections of one person are one person. Time is passed in.

use std::collections::BTreeMap;
use std::time::Duration;

use crisislens_model::{Timestamp, UserId};

/// The people of one room.
#[derive(Debug, Default)]
pub(crate) struct Presence {
    people: BTreeMap<UserId, Person>,
}

#[derive(Debug)]
struct Person {
    name: String,
    sessions: u32,
    /// When the last connection broke; the person counts as present until the grace is over.
    lost_at: Option<Timestamp>,
}

impl Presence {
    /// One more connection; whether the person was not here before.
    pub(crate) fn enter(&mut self, user: UserId, name: &str) -> bool {
        let is_new = !self.people.contains_key(&user);
        let person =
            self.people.entry(user).or_insert(Person { name: String::new(), sessions: 0, lost_at: None });
        name.clone_into(&mut person.name);
        person.sessions += 1;
        person.lost_at = None;
        is_new
    }

    /// One connection has left on purpose; whether the person is now gone.
    pub(crate) fn leave(&mut self, user: UserId) -> bool {
        let Some(person) = self.people.get_mut(&user) else { return false };
        person.sessions = person.sessions.saturating_sub(1);
        let gone = person.sessions == 0;
        if gone {
            self.people.remove(&user);
        }
        gone
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

    /// Whether somebody is here.
    pub(crate) fn has(&self, user: UserId) -> bool {
        self.people.contains_key(&user)
    }

    /// The people, in the order of their ids.
    pub(crate) fn users(&self) -> impl Iterator<Item = (UserId, &str)> {
        self.people.iter().map(|(user, person)| (*user, person.name.as_str()))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.people.is_empty()
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
        assert!(presence.enter(user, "Ada"));
        assert!(!presence.enter(user, "Ada"));
        assert!(!presence.lose(user, start));
        assert!(!presence.expire(user, late, grace), "one connection is left");
        assert!(presence.lose(user, start));
        assert!(!presence.expire(user, soon, grace));
        assert!(!presence.enter(user, "Ada"), "back within the grace");
        assert!(presence.lose(user, start));
        assert!(presence.expire(user, late, grace));
        assert!(presence.is_empty());
    }
}
