//! `cargo xtask bench fanout`: builds the peer where one is asked for, and hands over to the yardstick in `xtask/fanout`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::{Args, ValueEnum};

use crate::step;

/// What is compared.
#[derive(Args)]
pub struct Fanout {
    /// Whom we are compared with, beside the floor
    #[arg(long)]
    peer: Option<Peer>,
    /// Cases (a, b, c, d, s, w, i), separated by commas; all when absent
    #[arg(long)]
    case: Option<String>,
    /// Further arguments of the yardstick, such as --engine kafka, --rounds 3, --stream sse, --seconds 20, --json
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    more: Vec<String>,
    /// One JSON object a case instead of a table
    #[arg(long)]
    json: bool,
}

/// A server of the same kind that can be built here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Peer {
    /// Centrifugo's core library behind an endpoint for publications; needs Go
    Centrifuge,
}

/// Runs it; `server` is the product's release binary, beside which the yardstick was built.
pub fn run(fanout: &Fanout, server: &Path) -> anyhow::Result<()> {
    let mut command = Command::new(server.with_file_name("crisislens-fanout"));
    command.arg("run").arg("--server").arg(server);
    if let Some(Peer::Centrifuge) = fanout.peer {
        command.arg("--peer").arg(build_peer()?);
    }
    command.args(fanout.case.iter().flat_map(|case| ["--case", case]));
    command.args(fanout.json.then_some("--json")).args(&fanout.more);
    let status = command.status().context("cannot start the yardstick")?;
    anyhow::ensure!(status.success(), "the yardstick failed ({status})");
    Ok(())
}

/// The peer's binary. Go keeps what it has built, so the second time takes a moment only.
fn build_peer() -> anyhow::Result<PathBuf> {
    let binary = step::root().join("target/xtask/centrifuge-peer");
    let mut command = Command::new("go");
    command.current_dir(step::root().join("xtask/fanout/peers/centrifuge"));
    command.args(["build", "-buildvcs=false", "-trimpath", "-o"]).arg(&binary).arg(".");
    step::quiet("build the peer", &mut command).context("the peer is written in Go 1.26; see go.dev/dl")?;
    Ok(binary)
}
