//! `cargo xtask test`: every check, cheapest first.

use std::time::Instant;

use clap::Args;

use crate::servers::{self, Wanted};
use crate::{autobahn, chaos, compose, e2e, fuzz, packages, step, tidy, web};

/// What is tested.
#[derive(Args)]
pub struct Test {
    /// Without the browser
    #[arg(long)]
    no_browser: bool,
    /// Without Kafka, PostgreSQL and OpenSearch: what is tested on them is skipped
    #[arg(long)]
    without_servers: bool,
    /// Also what takes minutes: 10,000 cases of exact resume, the Autobahn suite, a minute of each fuzz target
    #[arg(long)]
    long: bool,
}

/// The property tests of exact resume (`realtime/tests/it/resume.rs`).
const RESUME: [&str; 2] = [
    "every_event_comes_once_or_the_client_is_told_to_refetch",
    "with_enough_history_nobody_is_told_to_refetch",
];

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
    compose::check()?;
    packages::for_builds()?;
    packages::for_tests()?;
    // One selection of packages and features for everything: another one would build the libraries again.
    let lints = ["clippy", "--locked", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"];
    step::quiet("lint (clippy)", step::cargo().args(lints))?;
    let mut tests = step::cargo();
    tests.args(["test", "--locked", "--workspace", "--quiet"]);
    let ran_against = if test.without_servers {
        step::shown("tests", &mut tests)?;
        "without Kafka, PostgreSQL and OpenSearch (--without-servers): what is tested on them was skipped"
            .to_owned()
    } else {
        let running = servers::start(&Wanted::default())?;
        let versions = format!("against {}", running.versions());
        eprintln!("• tests run {versions}");
        step::shown("tests", tests.envs(running.environment()))?;
        versions
    };
    eprintln!("• fault lab, short set");
    chaos::short(!test.without_servers)?;
    if !test.no_browser {
        e2e::run()?;
    }
    if test.long {
        long()?;
    }
    println!("everything passed in {} s, {ran_against}", begun.elapsed().as_secs());
    Ok(())
}

/// What takes minutes.
fn long() -> anyhow::Result<()> {
    let mut resume = step::cargo();
    resume.args(["test", "--locked", "--workspace", "--quiet", "--test", "it", "--"]).args(RESUME);
    step::shown("exact resume, 10,000 cases", resume.env("PROPTEST_CASES", "10000"))?;
    autobahn::run(&autobahn::Autobahn::default())?;
    fuzz::run(&fuzz::Fuzz::default())
}
