//! Measures the program: the way of a post ([`pipeline`]), that of an alert to those who asked for it ([`notify`]), and the log against
//! Kafka's own tools ([`log`]), the analysis alone ([`analysis`]), and what is looked up for each item ([`lookups`]).
//!
//! Each prints JSON, one object a line; what is going on goes to standard error.

mod analysis;
mod client;
mod log;
mod lookups;
mod notify;
mod pipeline;
mod process;
mod shared;

use std::time::Duration;

use clap::Parser;

/// Load generator for `cargo xtask bench`.
#[derive(Parser)]
enum Arguments {
    /// From durable ingest to searchable and broadcast
    Pipeline(pipeline::Pipeline),
    /// Appends and reads
    Log(log::Log),
    /// From an alert to messages that have left
    Notify(notify::Notify),
    /// What one item's analysis costs
    Analysis(analysis::Analysis),
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse() {
        // The generator keeps to one thread: the server has more use for the cores.
        Arguments::Pipeline(arguments) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(pipeline::measure(arguments)),
        Arguments::Notify(arguments) => tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(notify::measure(arguments)),
        Arguments::Log(arguments) => tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()?
            .block_on(log::measure(arguments)),
        Arguments::Analysis(arguments) => {
            analysis::measure(&arguments)?;
            let Some(most) = arguments.lookups_to else { return Ok(()) };
            let texts = crisislens_bench::posts::read(&arguments.recordings)?;
            tokio::runtime::Builder::new_multi_thread()
                .enable_all()
                .build()?
                .block_on(lookups::measure(&texts, most))
        }
    }
}

fn quantile(sorted: &[Duration], share: f64) -> f64 {
    let index = ((sorted.len() as f64 * share) as usize).min(sorted.len().saturating_sub(1));
    sorted.get(index).map_or(0.0, |duration| duration.as_secs_f64() * 1000.0)
}

fn round(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}
