//! `cargo xtask chaos`: builds the product and hands over to the fault lab.

use std::process::Command;

use clap::Args;

use crate::{server, step};

/// What is tried.
#[derive(Args, Default)]
pub struct Chaos {
    /// Every case, in its long form, on an optimised build
    #[arg(long)]
    all: bool,
    /// Only these cases: a promise (D1), or a part of a case's name and engine (kill, D1-kill-server/cluster); several with
    /// commas
    #[arg(long, value_name = "AREA")]
    only: Option<String>,
    /// How many seeds of each case
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// The first seed; random where absent
    #[arg(long)]
    seed: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

/// The seed of the short set in `cargo xtask test`, so that a failure there can be tried again at once.
const TEST_SEED: u64 = 1;

/// Tries the short set; without servers, what of it needs none.
pub fn short(servers: bool) -> anyhow::Result<()> {
    let only = (!servers).then(|| "embedded".to_owned());
    run(&Chaos { only, seed: Some(TEST_SEED), ..Chaos::default() })
}

/// Tries what is chosen; fails where a promise does not hold.
pub fn run(chaos: &Chaos) -> anyhow::Result<()> {
    // The long form judges what people run; the short one takes what the tests have built.
    let binary = server::build(chaos.all)?;
    let mut command = Command::new(binary.with_file_name("crisislens-chaos"));
    command.arg("--server").arg(&binary).arg("--keep").arg(step::root().join("target/chaos"));
    if chaos.all {
        command.arg("--all");
    }
    if let Some(only) = &chaos.only {
        command.args(["--only", only]);
    }
    command.args(["--seeds", &chaos.seeds.max(1).to_string()]);
    if let Some(seed) = chaos.seed {
        command.args(["--seed", &seed.to_string()]);
    }
    if chaos.json {
        command.arg("--json");
    }
    let status = command.status()?;
    anyhow::ensure!(status.success(), "the fault lab: {status}");
    Ok(())
}
