//! Who may connect, and which connections a person has.

use std::collections::HashMap;

use crisislens_model::UserId;

use crate::hub::ConnectError;
use crate::options::HubOptions;
use crate::shard::SessionKey;

/// The connections of a node by person.
#[derive(Debug, Default)]
pub(crate) struct Admission {
    /// Whether the history is filled and sessions may come.
    pub(crate) is_ready: bool,
    /// Whether the node is about to stop and no more sessions may come.
    pub(crate) is_draining: bool,
    connections: usize,
    by_user: HashMap<UserId, Vec<SessionKey>>,
    next: SessionKey,
}

impl Admission {
    /// Lets a person in under a new key, if there is room.
    pub(crate) fn admit(&mut self, user: UserId, options: &HubOptions) -> Result<SessionKey, ConnectError> {
        if self.is_draining {
            return Err(ConnectError::Draining);
        }
        if !self.is_ready {
            return Err(ConnectError::Starting);
        }
        if self.connections >= options.max_connections {
            return Err(ConnectError::TooManyConnections { limit: options.max_connections });
        }
        if self.of(user).len() >= options.max_connections_per_user {
            return Err(ConnectError::TooManyOfUser { limit: options.max_connections_per_user });
        }
        let key = self.next;
        self.by_user.entry(user).or_default().push(key);
        self.next += 1;
        self.connections += 1;
        Ok(key)
    }

    /// A connection is gone.
    pub(crate) fn release(&mut self, user: UserId, key: SessionKey) {
        let Some(theirs) = self.by_user.get_mut(&user) else { return };
        let Some(at) = theirs.iter().position(|known| *known == key) else { return };
        theirs.swap_remove(at);
        self.connections -= 1;
        if theirs.is_empty() {
            self.by_user.remove(&user);
        }
    }

    /// A person's connections.
    pub(crate) fn of(&self, user: UserId) -> &[SessionKey] {
        self.by_user.get(&user).map_or(&[], Vec::as_slice)
    }

    /// All connections.
    pub(crate) const fn connections(&self) -> usize {
        self.connections
    }
}
