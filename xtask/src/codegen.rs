//! Generated files that are committed: the OpenAPI document.

use std::process::Command;

use anyhow::Context;

use crate::{server, step};

/// The OpenAPI document.
const OPENAPI: &str = "docs/api/openapi.json";

/// Writes it anew.
pub fn run() -> anyhow::Result<()> {
    let binary = server::build(false)?;
    let output = Command::new(&binary).arg("openapi").output().context("cannot run crisislens openapi")?;
    anyhow::ensure!(output.status.success(), "crisislens openapi failed");
    std::fs::write(step::root().join(OPENAPI), &output.stdout)?;
    Ok(())
}
