//! Who came to a resource and who went: handed to whoever keeps it as the resource's story. Nobody here waits for that.

use std::fmt;
use std::sync::Arc;

use crisislens_model::{Clock, Room, Timestamp, UserId};
use tokio::sync::mpsc;

use crate::events;

/// Somebody came into a room that shows who is there, or went: once for all their tabs, on whichever node they came first or
/// went last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Visit {
    /// Where.
    pub room: Room,
    /// Who.
    pub user: UserId,
    /// What colleagues see of them.
    pub name: String,
    /// Whether they came; else they went.
    pub has_come: bool,
    /// When.
    pub at: Timestamp,
}

/// Where visits are told.
pub(crate) struct Visits {
    clock: Arc<dyn Clock>,
    sender: mpsc::Sender<Visit>,
}

impl Visits {
    pub(crate) fn new(clock: Arc<dyn Clock>, most: usize) -> (Self, mpsc::Receiver<Visit>) {
        let (sender, receiver) = mpsc::channel(most);
        (Self { clock, sender }, receiver)
    }

    /// Tells one; where too many wait it is dropped and counted.
    pub(crate) fn tell(&self, room: Room, user: UserId, name: String, has_come: bool) {
        let visit = Visit { room, user, name, has_come, at: self.clock.now() };
        if self.sender.try_send(visit).is_err() {
            events::visit_dropped();
        }
    }
}

impl fmt::Debug for Visits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Visits").finish_non_exhaustive()
    }
}
