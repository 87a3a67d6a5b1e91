//! Project commands: `cargo xtask demo`, `cargo xtask test` and the smaller ones that these two are made of.
//!
//! Each installs or builds what it needs, says in one line what is missing where it cannot, and does nothing that is
//! done already.

mod autobahn;
mod bench;
mod chaos;
mod codegen;
mod compose;
mod demo;
mod e2e;
mod eval;
mod fuzz;
mod packages;
mod server;
mod servers;
mod step;
mod test;
mod tidy;
mod web;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// CrisisLens project commands.
#[derive(Parser)]
#[command(name = "cargo xtask", about, disable_help_subcommand = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Builds what is missing, then runs CrisisLens in one process and plays a recorded crisis as an exercise
    Demo(demo::Demo),
    /// Runs every check and test: formats, lints, types, units, behaviour, browser
    Test(test::Test),
    /// Measures, and prints one JSON object a line
    Bench(bench::Bench),
    /// Measures the analysis on labelled data beside floors; fails where a figure misses what it must reach
    Eval(eval::Eval),
    /// Runs the fault lab: faults by seed against real processes and servers, judged by an oracle
    Chaos(chaos::Chaos),
    /// Runs the Autobahn test suite against the WebSocket library, and compares with the results that are expected
    Autobahn(autobahn::Autobahn),
    /// Runs the fuzz targets under libFuzzer
    Fuzz(fuzz::Fuzz),
    /// Writes generated files (the OpenAPI document) anew
    Codegen,
    /// Checks the rooms' edges, the size of files and their first lines
    Tidy,
    /// Installs the web app's packages and builds it, where its sources have changed
    Web,
    /// Starts real Kafka, PostgreSQL and OpenSearch, and prints the environment in which tests find them, until Ctrl-C
    Servers(servers::Command),
    /// Checks the compose file as docker-compose reads it; no container engine is needed
    Compose,
    /// Runs the browser test against a server of its own
    E2e,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo(demo) => demo::run(&demo),
        Command::Test(test) => test::run(&test),
        Command::Bench(bench) => bench::run(&bench),
        Command::Eval(eval) => eval::run(&eval),
        Command::Chaos(chaos) => chaos::run(&chaos),
        Command::Autobahn(autobahn) => autobahn::run(&autobahn),
        Command::Fuzz(fuzz) => fuzz::run(&fuzz),
        Command::Codegen => codegen::run(),
        Command::Tidy => tidy::run(),
        Command::Web => web::build(),
        Command::Servers(command) => servers::run(&command),
        Command::Compose => compose::check(),
        Command::E2e => e2e::run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
