//! `exercise.json`: which recordings an exercise plays, when, and where each came from.

use std::io::Read;
use std::path::{Component, Path, PathBuf};

use crisislens_model::SourceKind;
use flate2::read::GzDecoder;
use serde::{Deserialize, Serialize};

use crate::parse::MAX_DOCUMENT_BYTES;
use crate::{DocumentError, Format, SinkError};

/// Name of the manifest in a folder of recordings.
pub(super) const MANIFEST: &str = "exercise.json";

/// An exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// What the exercise is about.
    pub title: String,
    /// What it plays.
    pub recordings: Vec<RecordingSpec>,
}

/// One recording and its place in the exercise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecordingSpec {
    /// File beside the manifest; gzipped where its name ends in `.gz`.
    pub file: String,
    /// What it is.
    pub format: Format,
    /// Name of the source, as it stands on items.
    pub source: String,
    /// What sort of voice the source is.
    pub kind: SourceKind,
    /// What it shows.
    pub title: String,
    /// Under which terms it may be passed on.
    pub licence: String,
    /// Whom to name.
    pub attribution: String,
    /// Where it came from and what was done to it.
    pub provenance: Provenance,
    /// When its first item is due, in seconds from the start of the exercise.
    pub start_s: f64,
    /// How long its items are spread over, in seconds.
    pub length_s: f64,
}

/// Where a recording came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The public repository that holds it.
    pub repo: String,
    /// The commit.
    pub commit: String,
    /// The path in the repository.
    pub path: String,
    /// What was done to the bytes.
    pub done: String,
}

/// Why an exercise cannot be played.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The manifest is wrong.
    #[error("{path}: {problem}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// A recording is not what the manifest says.
    #[error("{file}: {error}")]
    Document {
        /// The recording.
        file: String,
        /// Why.
        error: DocumentError,
    },
    /// The journal does not answer.
    #[error("the journal is {0}")]
    Journal(SinkError),
    /// The thread that read the recordings broke.
    #[error("reading the recordings failed: {0}")]
    Reader(String),
}

impl ReplayError {
    /// What is wrong, for people who are not to know where files lie.
    #[must_use]
    pub fn without_paths(&self) -> String {
        let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Self::File { path, error } => format!("cannot read {}: {error}", name(path)),
            Self::Manifest { path, problem } => format!("{}: {problem}", name(path)),
            Self::Document { .. } | Self::Journal(_) | Self::Reader(_) => self.to_string(),
        }
    }
}

impl Manifest {
    /// The manifest of the recordings in `dir`.
    ///
    /// # Errors
    /// When it is missing or wrong.
    pub fn read(dir: &Path) -> Result<Self, ReplayError> {
        let path = dir.join(MANIFEST);
        let bytes = read_file(&path)?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| ReplayError::Manifest { path: path.clone(), problem: error.to_string() })?;
        match manifest.recordings.iter().find_map(|recording| Some((recording, recording.problem()?))) {
            Some((recording, problem)) => {
                Err(ReplayError::Manifest { path, problem: format!("{}: {problem}", recording.file) })
            }
            None => Ok(manifest),
        }
    }
}

impl RecordingSpec {
    /// The recording's bytes, decompressed.
    ///
    /// # Errors
    /// When the file cannot be read or holds more than a document may.
    pub fn read(&self, dir: &Path) -> Result<Vec<u8>, ReplayError> {
        read_file(&dir.join(&self.file))
    }

    fn problem(&self) -> Option<&'static str> {
        let inside = Path::new(&self.file).components().all(|part| matches!(part, Component::Normal(_)));
        if !inside {
            return Some("`file` must lie beside the manifest");
        }
        let sound = |seconds: f64| seconds.is_finite() && (0.0..=86_400.0).contains(&seconds);
        (!sound(self.start_s) || !sound(self.length_s))
            .then_some("`start_s` and `length_s` must be 0 to 86,400")
    }
}

/// Reads a file, gzipped or plain, up to the size a document may have.
fn read_file(path: &Path) -> Result<Vec<u8>, ReplayError> {
    let failed = |error| ReplayError::File { path: path.to_owned(), error };
    let file = std::fs::File::open(path).map_err(failed)?;
    let limit = MAX_DOCUMENT_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path.extension().is_some_and(|extension| extension == "gz") {
        GzDecoder::new(file).take(limit).read_to_end(&mut bytes).map_err(failed)?;
    } else {
        file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    }
    Ok(bytes)
}
