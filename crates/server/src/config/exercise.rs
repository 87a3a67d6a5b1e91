//! Recordings that are played: one from the start on, or those of a library, which people start.

use std::path::PathBuf;

use crisislens_model::exercise::speed_problem;
use serde::{Deserialize, Serialize};

/// Recordings that are played.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Exercise {
    /// Folder with `exercise.json` that is played from the start on; empty for none.
    pub recordings: PathBuf,
    /// How many times faster than written.
    pub speed: f64,
    /// Folder whose folders are recordings that people may start as exercises; empty for none.
    pub library: PathBuf,
}

impl Default for Exercise {
    fn default() -> Self {
        Self { recordings: PathBuf::new(), speed: 1.0, library: PathBuf::new() }
    }
}

impl Exercise {
    /// What is wrong with the values.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if let Some(problem) = speed_problem(self.speed) {
            problems.push(format!("exercise.speed = {}: {problem}", self.speed));
        }
        let recordings = &self.recordings;
        if !recordings.as_os_str().is_empty() && !recordings.join("exercise.json").is_file() {
            problems
                .push(format!("exercise.recordings = {}: there is no exercise.json", recordings.display()));
        }
        let library = &self.library;
        if !library.as_os_str().is_empty() && !library.is_dir() {
            problems.push(format!("exercise.library = {}: is no folder", library.display()));
        }
        problems
    }
}
