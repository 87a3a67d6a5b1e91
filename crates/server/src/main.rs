//! The binary `crisislens`: one program, many roles. Reads its arguments and runs the role they name.

mod app;
mod assistant;
mod asyncapi;
mod auth;
mod cli;
mod config;
mod engines;
mod exercises;
mod feeds;
mod http;
mod live;
mod locks;
mod memory;
mod neighbours;
mod outgoing;
mod patience;
mod policy;
mod rebuild;
mod refill;
mod run;
mod visits;
mod waiting_room;
mod workers;

use std::process::ExitCode;

use rustix::fs::Mode;

use cli::Arguments;

fn main() -> ExitCode {
    // The store holds the signing secret: what is made here is for this user alone, wherever it is made.
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
    let arguments = Arguments::of_process();
    match cli::run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("crisislens: {error:#}");
            ExitCode::FAILURE
        }
    }
}
