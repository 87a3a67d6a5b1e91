//! `cargo xtask test`: every check, cheapest first.

use std::time::Instant;

use clap::Args;

use crate::{e2e, step, tidy, web};

/// What is tested.
#[derive(Args)]
pub struct Test {
    /// Without the browser
    #[arg(long)]
    no_browser: bool,
}

/// Runs everything; the first failure ends it.
pub fn run(test: &Test) -> anyhow::Result<()> {
    let begun = Instant::now();
    step::quiet("format", step::cargo().args(["fmt", "--all", "--check"]))?;
    tidy::run()?;
    web::install(&web::folder())?;
    for script in ["lint", "typecheck", "test"] {
        web::script(script)?;
    }
    web::build()?;
    // One selection of packages and features for everything: another one would build the libraries again.
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    step::quiet("lint (clippy)", step::cargo().args(lints))?;
    step::shown("tests", step::cargo().args(["test", "--locked", "--workspace", "--quiet"]))?;
    if !test.no_browser {
        e2e::run()?;
    }
    println!("everything passed in {} s", begun.elapsed().as_secs());
    Ok(())
}
