//! A folder of recordings, each in a folder of its own: what can be played, found by its name and never by a path.
//!
//! A name that somebody asks for is only compared with those that are there. What leads out of the folder by a symbolic link is
//! passed over, and so is what is no plain file.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use crisislens_model::Timestamp;

use super::manifest::{MANIFEST, Manifest, ReplayError};
use super::schedule::{Schedule, load};

/// Most recordings that are listed.
pub const MAX_RECORDINGS: usize = 200;
/// Longest name, bytes.
const MAX_NAME: usize = 128;
/// Most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 2_000;

/// A recording that can be played, or why it cannot.
#[derive(Debug, Clone, PartialEq)]
pub struct Recording {
    /// Its name: that of its folder.
    pub name: String,
    /// What it is about.
    pub title: Option<String>,
    /// How many items it has.
    pub items: u64,
    /// Entries that are no items.
    pub skipped: u64,
    /// When its first item was said, as it was recorded …
    pub from: Option<Timestamp>,
    /// … and its last.
    pub to: Option<Timestamp>,
    /// How long it takes at speed 1, in seconds.
    pub length_s: f64,
    /// Names of its sources.
    pub sources: Vec<String>,
    /// Why it cannot be played.
    pub problem: Option<String>,
}

/// The files of a folder as they were when it was read.
type Stamp = Vec<(String, u64, Option<SystemTime>)>;

/// A folder of recordings. Reading one takes a while: it is done again only once its files are others.
#[derive(Debug)]
pub struct Library {
    root: PathBuf,
    known: Mutex<HashMap<String, (Stamp, Recording)>>,
}

impl Library {
    /// The recordings below `root`.
    #[must_use]
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), known: Mutex::default() }
    }

    /// Everything that can be played, by name, seen at `now`. Reads files.
    ///
    /// # Errors
    /// When the folder itself cannot be read.
    pub fn list(&self, now: Timestamp) -> Result<Vec<Recording>, ReplayError> {
        let folders = self.folders()?;
        self.lock().retain(|name, _| folders.iter().any(|(known, _)| known == name));
        Ok(folders.into_iter().map(|(name, folder)| self.look(name, &folder, now)).collect())
    }

    /// The recording called `name`, planned; nothing where none is called so. `started_at` stands in where an item has no time.
    ///
    /// # Errors
    /// When it cannot be played.
    pub fn open(&self, name: &str, started_at: Timestamp) -> Result<Option<Schedule>, ReplayError> {
        let Some((_, folder)) = self.folders()?.into_iter().find(|(known, _)| known == name) else {
            return Ok(None);
        };
        self.read(&folder, started_at).map(Some)
    }

    fn look(&self, name: String, folder: &Path, now: Timestamp) -> Recording {
        let stamp = stamp(folder);
        if let Some((_, known)) = self.lock().get(&name).filter(|(known, _)| *known == stamp) {
            return known.clone();
        }
        let recording = match self.read(folder, now) {
            Ok(schedule) => described(name.clone(), &schedule),
            // Where its files lie is nobody's business who asks over the network.
            Err(error) => unplayable(name.clone(), error.without_paths()),
        };
        self.lock().insert(name, (stamp, recording.clone()));
        recording
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Stamp, Recording)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folders below the root by their names: those that lie in it.
    fn folders(&self) -> Result<Vec<(String, PathBuf)>, ReplayError> {
        let failed = |error| ReplayError::File { path: self.root.clone(), error };
        let root = self.root.canonicalize().map_err(failed)?;
        let mut folders = Vec::new();
        for entry in std::fs::read_dir(&root).map_err(failed)?.take(MAX_ENTRIES) {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
            let Ok(folder) = root.join(&name).canonicalize() else { continue };
            if is_sound(&name) && folder.starts_with(&root) && folder != root && folder.is_dir() {
                folders.push((name, folder));
            }
        }
        folders.sort_unstable();
        folders.truncate(MAX_RECORDINGS);
        Ok(folders)
    }

    fn read(&self, folder: &Path, started_at: Timestamp) -> Result<Schedule, ReplayError> {
        self.check_file(folder, MANIFEST)?;
        for recording in &Manifest::read(folder)?.recordings {
            self.check_file(folder, &recording.file)?;
        }
        load(folder, started_at)
    }

    /// Refuses what leads out of the library, and what is no plain file: to read it could take for ever.
    fn check_file(&self, folder: &Path, name: &str) -> Result<(), ReplayError> {
        let path = folder.join(name);
        let failed = |error| ReplayError::File { path: path.clone(), error };
        let root = self.root.canonicalize().map_err(failed)?;
        let file = path.canonicalize().map_err(failed)?;
        if file.starts_with(root) && file.is_file() {
            return Ok(());
        }
        Err(ReplayError::Manifest { path, problem: "is no plain file within the library".to_owned() })
    }
}

/// Whether a folder's name can be that of a recording.
fn is_sound(name: &str) -> bool {
    (1..=MAX_NAME).contains(&name.len()) && !name.starts_with('.') && !name.chars().any(char::is_control)
}

fn stamp(folder: &Path) -> Stamp {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().take(MAX_ENTRIES);
    let mut stamp: Stamp = entries
        .map(|entry| {
            // Behind a symbolic link, too.
            let met = std::fs::metadata(entry.path()).ok();
            let name = entry.file_name().to_string_lossy().into_owned();
            let length = met.as_ref().map_or(0, std::fs::Metadata::len);
            (name, length, met.and_then(|met| met.modified().ok()))
        })
        .collect();
    stamp.sort_unstable();
    stamp
}

fn described(name: String, schedule: &Schedule) -> Recording {
    let times = || schedule.planned.iter().map(|planned| planned.item.timestamp);
    let mut sources: Vec<String> =
        schedule.manifest.recordings.iter().map(|recording| recording.source.clone()).collect();
    sources.sort_unstable();
    sources.dedup();
    let items = schedule.planned.len() as u64;
    Recording {
        name,
        title: Some(schedule.manifest.title.clone()),
        items,
        skipped: schedule.read.iter().map(|read| read.skips.len() as u64).sum(),
        from: times().min(),
        to: times().max(),
        length_s: schedule.planned.last().map_or(0.0, |planned| planned.due_s),
        sources,
        problem: (items == 0).then(|| "it has no items".to_owned()),
    }
}

fn unplayable(name: String, problem: String) -> Recording {
    Recording {
        name,
        title: None,
        items: 0,
        skipped: 0,
        from: None,
        to: None,
        length_s: 0.0,
        sources: Vec::new(),
        problem: Some(problem),
    }
}
