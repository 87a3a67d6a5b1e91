//! `cargo xtask eval`: builds for release and measures the analysis on labelled data that is not in the repository.

use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::{packages, step};

/// What is measured on.
#[derive(Args)]
pub struct Eval {
    /// The folder of labelled sets (docs/evaluation.md says which)
    #[arg(long, env = "CRISISLENS_DATA")]
    data: PathBuf,
    /// One JSON object instead of a table
    #[arg(long)]
    json: bool,
}

/// Measures; fails where a figure misses what it must reach.
pub fn run(eval: &Eval) -> anyhow::Result<()> {
    anyhow::ensure!(
        eval.data.is_dir(),
        "{} is no folder: --data names that of the labelled sets",
        eval.data.display()
    );
    packages::for_builds()?;
    let mut build = step::cargo();
    build.args(["build", "--locked", "--quiet", "--release", "--package", "crisislens-eval"]);
    step::quiet("build the evaluation (release)", &mut build)?;
    let mut measure = Command::new(step::target().join("release/crisislens-eval"));
    measure.arg("--data").arg(&eval.data).args(eval.json.then_some("--json"));
    let status = measure.status()?;
    anyhow::ensure!(
        status.success(),
        "a measure misses what it must reach, or could not be taken ({status})"
    );
    Ok(())
}
