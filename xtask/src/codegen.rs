//! Generated files that are committed: the OpenAPI and the AsyncAPI document.

use std::process::Command;

use anyhow::Context;

use crate::{server, step};

/// Each document with the command that prints it.
const DOCUMENTS: [(&str, &str); 2] =
    [("openapi", "docs/api/openapi.json"), ("asyncapi", "docs/api/asyncapi.json")];

/// Writes them anew.
pub fn run() -> anyhow::Result<()> {
    let binary = server::build(false)?;
    for (command, file) in DOCUMENTS {
        let output = Command::new(&binary).arg(command).output();
        let output = output.with_context(|| format!("cannot run crisislens {command}"))?;
        anyhow::ensure!(output.status.success(), "crisislens {command} failed");
        std::fs::write(step::root().join(file), &output.stdout)?;
    }
    Ok(())
}
