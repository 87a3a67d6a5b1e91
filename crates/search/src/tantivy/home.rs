//! The directory of the index: one folder per index made, and a file that names the present one. The file is replaced in
//! one step, so that a kill at any moment leaves the old index or the new one.
//!
//! ```text
//! lock              held by the one process that has it open
//! current           "index-7"
//! index-7/          the present index
//! index-8/          one that is being filled, or was left over; removed on opening
//! ```

use std::fs::{self, File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::SearchError;

const LOCK: &str = "lock";
const CURRENT: &str = "current";
const FOLDER: &str = "index-";

pub(super) struct Home {
    dir: PathBuf,
    /// The highest number given; none is given twice, so that the late end of one rebuild is not the end of another.
    last: u64,
    /// Locked for as long as this is held; the system releases it when the process ends.
    _lock: File,
}

impl Home {
    /// Takes the directory for this process.
    pub fn open(dir: &Path) -> Result<Self, SearchError> {
        fs::create_dir_all(dir).map_err(|error| unusable(dir, &error))?;
        let path = dir.join(LOCK);
        let lock = File::create(&path).map_err(|error| unusable(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { dir: dir.to_owned(), last: 0, _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(SearchError::InUse(dir.to_owned())),
            Err(TryLockError::Error(error)) => Err(unusable(&path, &error)),
        }
    }

    /// The number of the present index; none where there is none, or the file does not name one.
    pub fn current(&self) -> Option<u64> {
        let number = number(fs::read_to_string(self.dir.join(CURRENT)).ok()?.trim())?;
        self.folder(number).is_dir().then_some(number)
    }

    /// The folder of an index.
    pub fn folder(&self, number: u64) -> PathBuf {
        self.dir.join(format!("{FOLDER}{number}"))
    }

    /// Makes an empty folder for another index.
    pub fn add(&mut self) -> Result<u64, SearchError> {
        let there = self.numbers().map_err(|error| unusable(&self.dir, &error))?;
        let number = there.into_iter().fold(self.last, u64::max).saturating_add(1);
        self.last = number;
        let folder = self.folder(number);
        fs::create_dir(&folder).map_err(|error| unusable(&folder, &error))?;
        Ok(number)
    }

    /// Makes the index `number`, which must be whole on disk, the present one.
    pub fn make_current(&self, number: u64) -> Result<(), SearchError> {
        self.point_at(number).map_err(|error| unusable(&self.dir.join(CURRENT), &error))
    }

    fn point_at(&self, number: u64) -> io::Result<()> {
        // The folder's own entry first: the file must not survive what it names.
        self.sync()?;
        let next = self.dir.join("current.new");
        let mut file = File::create(&next)?;
        write!(file, "{FOLDER}{number}")?;
        file.sync_all()?;
        fs::rename(&next, self.dir.join(CURRENT))?;
        self.sync()
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.dir)?.sync_all()
    }

    /// Removes every index but `number`. What cannot be removed only takes space, until the next try.
    pub fn keep_only(&self, number: u64) {
        let others = self.numbers().unwrap_or_default().into_iter().filter(|other| *other != number);
        for folder in others.map(|other| self.folder(other)) {
            if let Err(error) = fs::remove_dir_all(&folder) {
                tracing::warn!(index.dir = %folder.display(), %error, "an old search index could not be removed");
            }
        }
    }

    fn numbers(&self) -> io::Result<Vec<u64>> {
        let mut numbers = Vec::new();
        for entry in fs::read_dir(&self.dir)? {
            numbers.extend(entry?.file_name().to_str().and_then(number));
        }
        Ok(numbers)
    }
}

fn number(folder: &str) -> Option<u64> {
    folder.strip_prefix(FOLDER)?.parse().ok()
}

fn unusable(path: &Path, error: &io::Error) -> SearchError {
    SearchError::Unavailable(format!("{}: {error}", path.display()))
}
