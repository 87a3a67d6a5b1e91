//! `cargo xtask bench`: builds for release and hands over to the load generator.

mod fanout;

use clap::{Args, Subcommand};

use crate::{server, step};

/// What is measured.
#[derive(Args)]
pub struct Bench {
    /// Changes nothing: the figures are always one JSON object a line
    #[arg(long, global = true)]
    json: bool,
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
        /// embedded, or kafka for Kafka and PostgreSQL
        #[arg(long, default_value = "embedded")]
        engine: String,
        /// With --engine kafka: search on OpenSearch as well
        #[arg(long)]
        opensearch: bool,
    },
    /// The log's appends and reads against Kafka's own tools on the same machine
    Log {
        /// embedded or kafka; both when absent
        #[arg(long)]
        engine: Option<String>,
        /// Records of each round
        #[arg(long, default_value_t = 500_000)]
        records: usize,
        /// Rounds of ours and theirs in turn
        #[arg(long, default_value_t = 3)]
        rounds: usize,
        /// Instead: append so many records to the embedded log and compare the first million with the last
        #[arg(long, value_name = "RECORDS")]
        grow_to: Option<usize>,
    },
    /// From an alert to messages that have left
    Notify {
        /// People who are told of one alert
        #[arg(long, default_value_t = 100_000)]
        recipients: u64,
        /// Low messages that wait while a critical alert comes
        #[arg(long, default_value_t = 50_000)]
        backlog: u64,
    },
    /// What one item's analysis costs on one core
    Analysis {
        /// Posts analysed
        #[arg(long, default_value_t = 100_000)]
        items: usize,
        /// Then looks up copies and incidents in a store of 10,000 items, and of ten times as many, up to this
        #[arg(long)]
        lookups_to: Option<u64>,
    },
    /// What a live delivery costs, beside the least program that does it and beside a peer
    Fanout(fanout::Fanout),
}

/// Measures.
pub fn run(bench: &Bench) -> anyhow::Result<()> {
    let binary = server::build(true)?;
    let text = |value: &dyn std::fmt::Display| value.to_string();
    match &bench.what {
        What::Pipeline { items, steady_s, engine, opensearch } => {
            let mut arguments =
                vec!["pipeline".to_owned(), "--server".to_owned(), binary.display().to_string()];
            arguments
                .extend(["--recordings".to_owned(), step::root().join("recordings").display().to_string()]);
            arguments.extend(["--items".to_owned(), text(items), "--steady-s".to_owned(), text(steady_s)]);
            arguments.extend(["--engine".to_owned(), engine.clone()]);
            arguments.extend(opensearch.then(|| "--opensearch".to_owned()));
            load(&binary, &arguments)
        }
        What::Log { engine, records, rounds, grow_to } => {
            let engines = match engine {
                Some(engine) => vec![engine.as_str()],
                None if grow_to.is_some() => vec!["embedded"],
                None => vec!["kafka", "embedded"],
            };
            for engine in engines {
                let mut arguments = vec!["log".to_owned(), "--engine".to_owned(), engine.to_owned()];
                arguments.extend([
                    "--records".to_owned(),
                    text(records),
                    "--rounds".to_owned(),
                    text(rounds),
                ]);
                arguments.extend(grow_to.iter().flat_map(|records| ["--grow-to".to_owned(), text(records)]));
                load(&binary, &arguments)?;
            }
            Ok(())
        }
        What::Notify { recipients, backlog } => {
            let arguments = ["notify", "--server", &text(&binary.display())].map(str::to_owned);
            let sizes = ["--recipients".to_owned(), text(recipients), "--backlog".to_owned(), text(backlog)];
            load(&binary, &[&arguments[..], &sizes[..]].concat())
        }
        What::Analysis { items, lookups_to } => {
            let recordings = step::root().join("recordings");
            let arguments =
                ["analysis", "--recordings", &text(&recordings.display()), "--items", &text(items)];
            let mut arguments = arguments.map(str::to_owned).to_vec();
            arguments.extend(lookups_to.iter().flat_map(|items| ["--lookups-to".to_owned(), text(items)]));
            load(&binary, &arguments)
        }
        What::Fanout(fanout) => fanout::run(fanout, &binary),
    }
}

/// Runs the load generator, which is built beside the server.
fn load(server: &std::path::Path, arguments: &[String]) -> anyhow::Result<()> {
    let status =
        std::process::Command::new(server.with_file_name("crisislens-bench")).args(arguments).status()?;
    anyhow::ensure!(status.success(), "the load generator failed ({status})");
    Ok(())
}
