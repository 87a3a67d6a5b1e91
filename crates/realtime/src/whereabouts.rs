//! Sessions by their names, which tell the node that they are on.

use crisislens_model::{Room, Timestamp, UserId};

use crate::hub::{Hub, lock};
use crate::presence::Signs;
use crate::shard::{Connected, SessionKey};

/// Where a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whereabouts {
    /// Connected to this node.
    Here,
    /// It was this node's, or is another person's.
    Gone,
    /// On a node that lives, as far as it is there still, or nothing can be said of it because this one hears nobody.
    Elsewhere,
    /// On a node that is not heard of: it has stopped or died, or has just begun.
    Unheard,
    /// No name that a hub has given.
    NoSession,
}

impl Hub {
    /// Where a person's session is, by its name.
    #[must_use]
    pub fn whereabouts(&self, user: UserId, session: &str) -> Whereabouts {
        let Some((life, key)) = read_session_name(session) else { return Whereabouts::NoSession };
        if life != self.life {
            let people = lock(&self.people);
            return match &people.neighbours {
                Some(them) if them.is_heard(life) || !them.is_listening(self.now()) => Whereabouts::Elsewhere,
                Some(_) | None => Whereabouts::Unheard,
            };
        }
        let shard = self.shards.of(key);
        match shard.sessions.get(&key).filter(|connected| connected.viewer.user == user) {
            Some(_) => Whereabouts::Here,
            None => Whereabouts::Gone,
        }
    }

    /// When somebody last did something themselves in a room, as far as this node has seen: at whichever connection, or over HTTP.
    #[must_use]
    pub fn last_act(&self, user: UserId, room: Room) -> Option<Timestamp> {
        let mut last = lock(&self.people).leases.get(&(room, user)).and_then(|lease| lease.signs.acted());
        self.each_signs(user, room, |signs| last = last.max(signs.acted()));
        last
    }

    /// What each of a person's connections in a room has told of them.
    pub(crate) fn each_signs(&self, user: UserId, room: Room, mut visit: impl FnMut(&mut Signs)) {
        let keys = lock(&self.admission).of(user).to_vec();
        for key in keys {
            let mut shard = self.shards.of(key);
            let connected = shard.sessions.get_mut(&key).filter(|connected| connected.rooms.contains(&room));
            if let Some(connected) = connected {
                visit(&mut connected.signs);
            }
        }
    }

    /// Who is connected, with the names of their sessions.
    #[must_use]
    pub fn connected(&self) -> Vec<(UserId, String)> {
        let mut all = Vec::new();
        for shard in self.shards.each() {
            let named =
                |connected: &Connected| (connected.viewer.user, connected.outbox.session().to_owned());
            all.extend(shard.sessions.values().map(named));
        }
        all
    }
}

pub(crate) fn session_name(life: u64, key: SessionKey) -> String {
    format!("{life:016x}-{key:x}")
}

fn read_session_name(name: &str) -> Option<(u64, SessionKey)> {
    let (life, key) = name.split_once('-')?;
    let number = |text| u64::from_str_radix(text, 16).ok();
    number(life).zip(number(key)).filter(|(life, key)| session_name(*life, *key) == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written_and_nothing_else_is_one() {
        for (life, key) in [(0, 0), (7, 1), (u64::MAX, u64::MAX)] {
            assert_eq!(read_session_name(&session_name(life, key)), Some((life, key)));
        }
        for other in
            ["", "-", "tab-1", "7-1", "000000000000000g-1", "0000000000000007-01", "0000000000000007-+1"]
        {
            assert_eq!(read_session_name(other), None, "{other}");
        }
    }
}
