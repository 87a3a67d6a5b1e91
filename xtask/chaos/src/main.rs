//! The fault lab behind `cargo xtask chaos`: runs cases by seed against real processes and real servers, lets the oracle
//! judge what came of it, and ends everything that it started.

mod api;
mod cases;
mod desk;
mod lab;
mod load;
mod node;
mod observe;
mod oracle;
mod pace;
mod poison;
mod report;
mod tab;
mod trial;
mod viewer;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;

use cases::{Case, Form, Setting};
use lab::{Engine, Lab};
use report::Outcome;

/// A trial that comes to no end is ended, by its form. Ten thousand letters, replayed one after the other, take minutes on a
/// machine that has other work.
const TRIAL_WITHIN: [Duration; 2] = [Duration::from_secs(360), Duration::from_secs(900)];
/// Exit status after Ctrl-C, as a shell gives it.
const INTERRUPTED: u8 = 130;

/// Faults by seed, judged by an oracle.
#[derive(Parser)]
struct Arguments {
    /// The program under test
    #[arg(long)]
    server: PathBuf,
    /// Where the history of a trial that fails is kept
    #[arg(long)]
    keep: PathBuf,
    /// Every case, in its long form
    #[arg(long)]
    all: bool,
    /// Only these cases: a promise (D1), or a part of a case's name and engine (kill, D1-kill-server/cluster); several with
    /// commas
    #[arg(long, value_name = "AREA")]
    only: Option<String>,
    /// How many seeds of each case
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    seeds: u64,
    /// The first seed; random where absent
    #[arg(long)]
    seed: Option<u64>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("chaos: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let ended = runtime.block_on(async {
        tokio::select! {
            // Dropping the lab ends every process in it.
            ended = run(&arguments) => ended,
            () = told_to_end() => Ok(ExitCode::from(INTERRUPTED)),
        }
    });
    ended.unwrap_or_else(|error| {
        eprintln!("chaos: {error:#}");
        ExitCode::FAILURE
    })
}

async fn told_to_end() {
    let Ok(mut terminate) = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let form = if arguments.all { Form::Long } else { Form::Short };
    let chosen = cases::chosen(form, arguments.only.as_deref());
    anyhow::ensure!(
        !chosen.is_empty(),
        "no case is called {:?}",
        arguments.only.as_deref().unwrap_or_default()
    );
    let first = arguments.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    eprintln!(
        "• {} cases, seeds {first} to {} (--seed {first} repeats them)",
        chosen.len(),
        first + arguments.seeds - 1
    );
    let lab = Lab::new(arguments.server.clone(), arguments.keep.clone());
    let begun = Instant::now();
    // Side by side: those with servers mostly wait for them.
    let (embedded, others): (Vec<_>, Vec<_>) =
        chosen.into_iter().partition(|case| case.engine == Engine::Embedded);
    let (embedded, others) = tokio::join!(
        run_all(arguments, &lab, &embedded, first, form),
        run_all(arguments, &lab, &others, first, form)
    );
    let outcomes = [embedded?, others?].concat();
    eprint!("\n{}", report::table(&outcomes));
    let broken = outcomes.iter().filter(|outcome| outcome.holds == Some(false)).count();
    eprintln!("{} trials in {} s, {broken} do not hold", outcomes.len(), begun.elapsed().as_secs());
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run_all(
    arguments: &Arguments,
    lab: &Lab,
    chosen: &[&'static Case],
    first: u64,
    form: Form,
) -> anyhow::Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    let [short, long] = TRIAL_WITHIN;
    let within = form.pick(short, long);
    for case in chosen {
        for seed in first..first + arguments.seeds {
            let is_first = seed == first;
            let setting = Setting { lab, case: case.name, engine: case.engine, seed, form, is_first };
            let began = Instant::now();
            let ran = tokio::time::timeout(within, (case.run)(setting)).await;
            let outcome = match ran {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(error)) => failed(&setting, began, &format!("{error:#}")),
                Err(_) => failed(&setting, began, "the trial came to no end"),
            };
            outcome.print(arguments.json)?;
            outcomes.push(outcome);
        }
    }
    Ok(outcomes)
}

fn failed(setting: &Setting<'_>, began: Instant, why: &str) -> Outcome {
    Outcome::failed(setting.case, setting.engine.as_str(), setting.seed, began.elapsed(), why)
}
