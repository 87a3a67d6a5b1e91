//! `cargo xtask bench`: builds for release and hands over to the load generator.

use clap::{Args, Subcommand};

use crate::{server, step};

/// What is measured.
#[derive(Args)]
pub struct Bench {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// From durable ingest to searchable and broadcast
    Pipeline {
        /// Posts replayed flat out
        #[arg(long, default_value_t = 200_000)]
        items: usize,
        /// Seconds at 200 items/s for the latency
        #[arg(long, default_value_t = 30)]
        steady_s: u64,
    },
}

/// Measures.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let What::Pipeline { items, steady_s } = bench.what;
    let binary = server::build(true)?;
    let load = binary.with_file_name("crisislens-bench");
    let mut command = std::process::Command::new(load);
    command.arg("--server").arg(&binary).arg("--recordings").arg(step::root().join("recordings"));
    command.args(["--items", &items.to_string(), "--steady-s", &steady_s.to_string()]);
    let status = command.status()?;
    anyhow::ensure!(status.success(), "the load generator failed ({status})");
    Ok(())
}
