//! `cargo xtask bench fanout`: builds the peer where one is asked for, and hands over to the yardstick in `xtask/fanout`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::{Args, ValueEnum};
use crisislens_servers::debian;

use crate::step;

/// Where Go is when a release was unpacked as its guide says, which puts it on no path.
const GO_BY_HAND: &str = "/usr/local/go/bin/go";

/// What is compared.
#[derive(Args)]
pub struct Fanout {
    /// Whom we are compared with, beside the floor; built with Go, which is installed where it is missing
    #[arg(long)]
    peer: Option<Peer>,
    /// Cases (a, b, c, d, s, w, i, latency, stuck, storm), separated by commas; all when absent
    #[arg(long)]
    case: Option<String>,
    /// embedded, or kafka to feed ours and the peer from Kafka
    #[arg(long, default_value = "embedded")]
    engine: String,
    /// ws, or sse for event streams (cases of one room, and no peer)
    #[arg(long, default_value = "ws")]
    stream: String,
    /// How the floor writes: raw, direct, batch, axum-direct [default: raw, and batch in s, w, latency and stuck]
    #[arg(long)]
    floor: Option<String>,
    /// Seconds that are measured of each case
    #[arg(long, default_value_t = 8)]
    seconds: u64,
    /// Rounds, of which the least disturbed is kept
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// One JSON object a case instead of tables
    #[arg(long)]
    json: bool,
    /// Write tables of where ours spends its processor time (perf) to target/xtask/profile
    #[arg(long)]
    profile: bool,
}

/// A server of the same kind that can be built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// Centrifugo's core library behind an endpoint for publications
    Centrifuge,
}

/// Runs it; `server` is the product's release binary, beside which the yardstick was built.
pub fn run(fanout: &Fanout, server: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(server.with_file_name("crisislens-fanout"));
    command.arg("run").arg("--server").arg(server);
    if let Some(Peer::Centrifuge) = fanout.peer {
        command.arg("--peer").arg(build_peer()?);
    }
    command.args(["--engine", &fanout.engine, "--stream", &fanout.stream]);
    command.args(["--seconds", &fanout.seconds.to_string(), "--rounds", &fanout.rounds.to_string()]);
    command.args(fanout.case.iter().flat_map(|case| ["--case", case]));
    command.args(fanout.floor.iter().flat_map(|floor| ["--floor", floor]));
    command.args(fanout.json.then_some("--json"));
    command.arg("--recordings").arg(step::root().join("recordings"));
    if fanout.profile {
        let packages = &["linux-perf"];
        if !is_there("perf", "--version")
            && debian::install("perf, which profiles are made by", packages).is_err()
        {
            eprintln!(
                "there is no perf here (Debian: apt-get install linux-perf); measuring without a profile"
            );
        } else {
            command.arg("--profile").arg(step::root().join("target/xtask/profile"));
        }
    }
    let status = command.status().context("cannot start the yardstick")?;
    anyhow::ensure!(status.success(), "the yardstick failed ({status})");
    Ok(())
}

/// The peer's binary. Go keeps what it has built, so the second time takes a moment only.
fn build_peer() -> anyhow::Result<PathBuf> {
    let binary = step::root().join("target/xtask/centrifuge-peer");
    let mut command = Command::new(go()?);
    command.current_dir(step::root().join("xtask/fanout/peers/centrifuge"));
    command.args(["build", "-buildvcs=false", "-trimpath", "-o"]).arg(&binary).arg(".");
    step::quiet("build the peer", &mut command)?;
    Ok(binary)
}

/// The Go tool. One from 1.21 on fetches the version that `go.mod` asks for where it is older itself.
fn go() -> anyhow::Result<&'static str> {
    if let Some(go) = ["go", GO_BY_HAND].into_iter().find(|go| is_there(go, "version")) {
        return Ok(go);
    }
    debian::install("Go 1.21 or newer, which the peer is built with", &["golang-go"])
        .context("or unpack a release of go.dev/dl to /usr/local/go")?;
    Ok("go")
}

fn is_there(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok_and(|output| output.status.success())
}
