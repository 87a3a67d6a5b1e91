//! The members of this process in consumer groups of the cluster: joining, and leaving them all.
//!
//! A member holds partitions and nothing else ([`super::member`]). Records are read by [`super::reader`], and what was
//! consumed is kept in the store; offsets are committed only as a hint for tools that show lag.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::hold::{Control, Hold};
use super::member::Place;
use crate::{LogError, Membership};

/// Members of this process.
#[derive(Default)]
pub(super) struct Groups {
    threads: Mutex<Vec<(Arc<Hold>, JoinHandle<()>)>>,
}

impl Groups {
    /// Takes the place that `place` makes of what its member will hold.
    pub fn join(&self, place: impl FnOnce(Arc<Hold>) -> Place) -> Result<Membership, LogError> {
        let (assigned, assignment) = watch::channel(Vec::new());
        let (told, trouble) = watch::channel(None);
        let hold = Arc::new(Hold::new(assigned, told));
        let place = place(Arc::clone(&hold));
        let first =
            place.take().map_err(|error| LogError::Setup(format!("cannot join {}: {error}", place.group)))?;
        let member = Arc::clone(&hold);
        let thread = std::thread::Builder::new()
            .name("group-member".to_owned())
            .spawn(move || place.keep(first))
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|(_, thread)| !thread.is_finished());
        threads.push((member, thread));
        Ok(Membership { assignment, trouble, control: Box::new(Control(hold)) })
    }

    /// Leaves every group; false if that takes longer than `within`.
    pub fn close(&self, within: Duration) -> bool {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        threads.iter().for_each(|(hold, _)| hold.leave());
        let deadline = Instant::now() + within;
        while threads.iter().any(|(_, thread)| !thread.is_finished()) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}
