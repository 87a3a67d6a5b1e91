//! Commits that survive a loss of power: the write-ahead log is synced after the commit, outside of the transaction, once for all that
//! wait for it.
//!
//! With `synchronous = NORMAL` SQLite appends what is committed to the log, and syncs that when it begins the log anew and before it
//! moves pages from it into the database. What a commit has appended is safe as soon as the log has been synced since, or a
//! checkpoint has moved it: either way a sync of the log's file that begins after the commit makes it so. SQLite itself would
//! (`synchronous = FULL`) sync while it holds the one writer's place, and everybody else would wait for the disk.
//!
//! After a sync that failed the system may take pages for written that are not: the next one succeeds, and there is a hole behind which
//! nothing is found again. So nothing counts as safe from then on until a whole checkpoint has written all of it elsewhere.

use std::fs::{File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::thread;

use tokio::sync::oneshot;

use crate::StateError;

/// Who waits for a sync.
type Waiting = oneshot::Sender<io::Result<()>>;

/// The write-ahead log of one database, with a thread that syncs it: those for blocking work may all be busy.
#[derive(Debug)]
pub(super) struct Wal {
    asks: mpsc::Sender<Waiting>,
    /// Transactions that commit, or have, and are not known to be safe yet.
    unsafe_yet: AtomicU64,
    health: Arc<Health>,
}

/// Syncs that failed, and after how many of them a checkpoint has written everything.
#[derive(Debug, Default)]
struct Health {
    failed: AtomicU64,
    healed: AtomicU64,
}

/// A transaction that is to survive a loss of power: between its commit and the sync.
pub(super) struct Settling<'a>(&'a Wal);

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        self.0.unsafe_yet.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Wal {
    /// That of `database`, which is there.
    ///
    /// # Errors
    /// The system has no thread left, or does not know the file.
    pub(super) fn of(database: &Path) -> io::Result<Self> {
        // SQLite names the log after what a link leads to.
        let mut file = database.canonicalize()?.into_os_string();
        file.push("-wal");
        let (asks, asked) = mpsc::channel();
        let health = Arc::new(Health::default());
        let syncs = Syncs { file: file.into(), open: None, health: Arc::clone(&health) };
        thread::Builder::new().name("wal-sync".to_owned()).spawn(move || syncs.run(&asked))?;
        Ok(Self { asks, unsafe_yet: AtomicU64::new(0), health })
    }

    /// Said before a commit that is to be safe: who reads what it wrote can wait until it is ([`Self::settled`]).
    pub(super) fn settling(&self) -> Settling<'_> {
        self.unsafe_yet.fetch_add(1, Ordering::SeqCst);
        Settling(self)
    }

    /// Makes everything safe that was committed before the call.
    ///
    /// # Errors
    /// Nobody knows whether it is: the disk refused.
    pub(super) async fn sync(&self) -> Result<(), StateError> {
        let (done, synced) = oneshot::channel();
        let gone = || io::Error::other("nobody syncs the write-ahead log any more");
        self.asks.send(done).map_err(|_| sqlx::Error::Io(gone()))?;
        let synced = synced.await.unwrap_or_else(|_| Err(gone()));
        Ok(synced.map_err(sqlx::Error::Io)?)
    }

    /// The same, if anything that is to be safe is not yet: for who passes on what others have committed.
    pub(super) async fn settled(&self) -> Result<(), StateError> {
        if self.unsafe_yet.load(Ordering::SeqCst) == 0 { Ok(()) } else { self.sync().await }
    }

    /// How many syncs have failed, if nothing is safe since.
    pub(super) fn failures(&self) -> Option<u64> {
        self.health.failures()
    }

    /// A whole checkpoint that began after so many failures has written everything.
    pub(super) fn heal(&self, failures: u64) {
        self.health.healed.fetch_max(failures, Ordering::SeqCst);
    }
}

impl Health {
    fn failures(&self) -> Option<u64> {
        let failed = self.failed.load(Ordering::SeqCst);
        (failed > self.healed.load(Ordering::SeqCst)).then_some(failed)
    }
}

/// What the thread has.
struct Syncs {
    file: PathBuf,
    /// Kept open, so that it is told of every failure of the disk: when the last connection goes the file does, and another one comes
    /// with the next.
    open: Option<(File, (u64, u64))>,
    health: Arc<Health>,
}

impl Syncs {
    /// Syncs for all who have asked by then, until nobody can ask any more.
    fn run(mut self, asked: &mpsc::Receiver<Waiting>) {
        while let Ok(first) = asked.recv() {
            let all: Vec<Waiting> = std::iter::once(first).chain(asked.try_iter()).collect();
            let synced = self.sync();
            for one in all {
                let same = synced.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()));
                // Who has gone does not want to know.
                let _ = one.send(same.copied());
            }
        }
    }

    fn sync(&mut self) -> io::Result<()> {
        if self.health.failures().is_some() {
            let why = "the disk has refused to write the write-ahead log; nothing is safe until a checkpoint has written it";
            return Err(io::Error::other(why));
        }
        let synced = self.sync_file();
        if let Err(error) = &synced {
            self.health.failed.fetch_add(1, Ordering::SeqCst);
            tracing::error!(%error, file = %self.file.display(), "the write-ahead log cannot be synced");
        }
        synced
    }

    fn sync_file(&mut self) -> io::Result<()> {
        let identity = |metadata: &Metadata| (metadata.dev(), metadata.ino());
        let there = match std::fs::metadata(&self.file) {
            Ok(metadata) => identity(&metadata),
            // What it held is in the database, synced.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if self.open.as_ref().is_none_or(|(_, known)| *known != there) {
            let file = File::open(&self.file)?;
            // Its name must be there, too.
            if let Some(folder) = self.file.parent() {
                File::open(folder)?.sync_all()?;
            }
            let known = identity(&file.metadata()?);
            self.open = Some((file, known));
        }
        self.open.as_ref().map_or(Ok(()), |(file, _)| file.sync_data())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wal(folder: &Path) -> Wal {
        std::fs::write(folder.join("state.db"), "").unwrap();
        Wal::of(&folder.join("state.db")).unwrap()
    }

    #[tokio::test]
    async fn what_is_there_is_synced_and_what_is_not_needs_none() {
        let folder = tempfile::tempdir().unwrap();
        let wal = wal(folder.path());
        wal.sync().await.unwrap();
        for frames in ["one", "another file"] {
            let _ = std::fs::remove_file(folder.path().join("state.db-wal"));
            std::fs::write(folder.path().join("state.db-wal"), frames).unwrap();
            for synced in futures_util::future::join_all((0..10).map(|_| wal.sync())).await {
                synced.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn after_a_failure_nothing_is_safe_until_a_checkpoint() {
        let folder = tempfile::tempdir().unwrap();
        let wal = wal(folder.path());
        // A loop of links: neither there nor gone.
        std::os::unix::fs::symlink("state.db-wal", folder.path().join("state.db-wal")).unwrap();
        for synced in futures_util::future::join_all((0..3).map(|_| wal.sync())).await {
            assert!(synced.is_err());
        }
        std::fs::remove_file(folder.path().join("state.db-wal")).unwrap();
        assert!(wal.sync().await.is_err(), "the disk is well again, what it lost is not");
        let failures = wal.failures().unwrap();
        wal.heal(failures - 1);
        assert!(wal.sync().await.is_err(), "a checkpoint that had begun before");
        wal.heal(failures);
        wal.sync().await.unwrap();
        assert_eq!(wal.failures(), None);
    }

    #[tokio::test]
    async fn who_passes_on_waits_only_for_what_is_not_safe_yet() {
        let folder = tempfile::tempdir().unwrap();
        let wal = wal(folder.path());
        std::os::unix::fs::symlink("state.db-wal", folder.path().join("state.db-wal")).unwrap();
        wal.settled().await.unwrap();
        let settling = wal.settling();
        assert!(wal.settled().await.is_err());
        drop(settling);
        wal.settled().await.unwrap();
    }

    #[test]
    fn who_asks_while_it_syncs_is_part_of_the_next() {
        let (asks, asked) = mpsc::channel();
        let answers: Vec<_> = (0..5)
            .map(|_| {
                let (done, synced) = oneshot::channel();
                asks.send(done).unwrap();
                synced
            })
            .collect();
        drop(asks);
        let file = PathBuf::from("/nowhere/state.db-wal");
        Syncs { file, open: None, health: Arc::default() }.run(&asked);
        for mut answer in answers {
            answer.try_recv().unwrap().unwrap();
        }
    }
}
