//! How texts are understood.

use std::path::PathBuf;

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_analysis::classes::Task;
use serde::{Deserialize, Serialize};

/// How texts are understood.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Analysis {
    /// Folder of models that `crisislens train` has made, used instead of those in the program; a task without a file keeps that. Empty for
    /// none. Every node must have the same.
    pub models: PathBuf,
}

impl Analysis {
    /// The analyser with these models.
    ///
    /// # Errors
    /// When a file is no model of its task.
    pub fn open(&self) -> anyhow::Result<Analyzer> {
        let mut analyzer = Analyzer::new()?;
        if self.models.as_os_str().is_empty() {
            return Ok(analyzer);
        }
        let mut found = Vec::new();
        for task in Task::ALL {
            let file = self.models.join(format!("{}.bin", task.name()));
            if !file.is_file() {
                continue;
            }
            let named = || format!("analysis.models: {}", file.display());
            analyzer =
                analyzer.with_model(task, std::fs::read(&file).with_context(named)?).with_context(named)?;
            found.push(task.name());
        }
        anyhow::ensure!(
            !found.is_empty(),
            "analysis.models: {} has no model (hazard.bin, …)",
            self.models.display()
        );
        tracing::info!(models = found.join(", "), dir = %self.models.display(), "models of one's own are used");
        Ok(analyzer)
    }
}
