//! Commits that survive a loss of power: the write-ahead log is synced after the commit, outside of the transaction, once for all that
//! wait for it.
//!
//! With `synchronous = NORMAL` SQLite appends what is committed to the log, and syncs that when it begins the log anew and before it
//! moves pages from it into the database. What a commit has appended is safe as soon as the log has been synced since, or a
//! checkpoint has moved it: either way a sync of the log's file that begins after the commit makes it so. SQLite itself would
//! (`synchronous = FULL`) sync while it holds the one writer's place, and everybody else would wait for the disk.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use crate::StateError;

/// Who waits for a sync.
type Waiting = oneshot::Sender<io::Result<()>>;

/// The write-ahead log of one database, with a thread that syncs it: those for blocking work may all be busy.
#[derive(Debug)]
pub(super) struct Wal(mpsc::Sender<Waiting>);

impl Wal {
    /// That of `database`.
    ///
    /// # Errors
    /// The system has no thread left.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        let mut file = database.as_os_str().to_owned();
        file.push("-wal");
        let (sender, receiver) = mpsc::channel();
        thread::Builder::new().name("wal-sync".to_owned()).spawn(move || run(file.as_ref(), &receiver))?;
        Ok(Self(sender))
    }

    /// Makes everything safe that was committed before the call.
    ///
    /// # Errors
    /// Nobody knows whether it is: the disk refused.
    pub(super) async fn sync(&self) -> Result<(), StateError> {
        let (done, synced) = oneshot::channel();
        let gone = || io::Error::other("nobody syncs the write-ahead log any more");
        self.0.send(done).map_err(|_| sqlx::Error::Io(gone()))?;
        let synced = synced.await.unwrap_or_else(|_| Err(gone()));
        Ok(synced.map_err(sqlx::Error::Io)?)
    }
}

/// Syncs for all who have asked by then, until nobody can ask any more.
fn run(file: &Path, asked: &mpsc::Receiver<Waiting>) {
    while let Ok(first) = asked.recv() {
        let all: Vec<Waiting> = std::iter::once(first).chain(asked.try_iter()).collect();
        let synced = sync(file);
        for one in all {
            let same = synced.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()));
            // Who has gone does not want to know.
            let _ = one.send(same.copied());
        }
    }
}

/// Opened each time: when the last connection goes the file does, and another one comes with the next.
fn sync(file: &Path) -> io::Result<()> {
    match File::open(file) {
        Ok(file) => file.sync_data(),
        // What it held is in the database, synced.
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_there_is_synced_and_what_is_not_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let wal = Wal::of(&folder.path().join("state.db")).unwrap();
        wal.sync().await.unwrap();
        std::fs::write(folder.path().join("state.db-wal"), "frames").unwrap();
        for synced in futures_util::future::join_all((0..10).map(|_| wal.sync())).await {
            synced.unwrap();
        }
    }

    #[tokio::test]
    async fn a_disk_that_refuses_is_an_error_for_all_who_wait() {
        let folder = tempfile::tempdir().unwrap();
        // What should be the folder is a file: neither there nor gone.
        std::fs::write(folder.path().join("a-file"), "").unwrap();
        let wal = Wal::of(&folder.path().join("a-file/state.db")).unwrap();
        for synced in futures_util::future::join_all((0..3).map(|_| wal.sync())).await {
            assert!(synced.is_err());
        }
    }

    #[test]
    fn who_asks_while_it_syncs_is_part_of_the_next() {
        let (sender, receiver) = mpsc::channel();
        let answers: Vec<_> = (0..5)
            .map(|_| {
                let (done, synced) = oneshot::channel();
                sender.send(done).unwrap();
                synced
            })
            .collect();
        drop(sender);
        run(Path::new("/nowhere/state.db-wal"), &receiver);
        for mut answer in answers {
            answer.try_recv().unwrap().unwrap();
        }
    }
}
