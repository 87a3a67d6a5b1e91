//! `crisislens dlq stranded`: records that never reached the log, because it refuses them for what they are.

use anyhow::ensure;
use axum::http::Method;
use clap::Args;
use serde_json::{Value, json};

use super::items;
use crate::cli::access::Access;
use crate::cli::out::{note, say, say_json};

/// What is done with them; without anything they are listed.
#[derive(Args)]
pub struct Arguments {
    /// Send these to the log again, once their topics take them
    #[arg(long, value_name = "NUMBER", num_args = 1..)]
    send: Vec<i64>,
    /// Drop these for good
    #[arg(long, value_name = "NUMBER", num_args = 1.., requires = "reason")]
    drop: Vec<i64>,
    /// Why they are dropped, for those who ask later
    #[arg(long)]
    reason: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(access: &Access, arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.send.is_empty() && arguments.drop.is_empty() {
        return list(access, arguments.json).await;
    }
    let mut failed = 0;
    let body = json!({ "reason": arguments.reason }).to_string();
    let sent = arguments.send.iter().map(|seq| (seq, "send", None));
    let dropped = arguments.drop.iter().map(|seq| (seq, "drop", Some(body.clone())));
    for (seq, action, body) in sent.chain(dropped) {
        if let Err(error) =
            access.call(Method::POST, &format!("/api/dlq/stranded/{seq}/{action}"), body).await
        {
            note(format_args!("{seq}: {error:#}"));
            failed += 1;
        }
    }
    ensure!(failed == 0, "{failed} could not be done");
    Ok(())
}

async fn list(access: &Access, json: bool) -> anyhow::Result<()> {
    let answer = access.call(Method::GET, "/api/dlq/stranded", None).await?;
    for record in items(&answer) {
        if json { say_json(record)? } else { say(line(record)) }
    }
    if !json && items(&answer).is_empty() {
        say("no record is stranded");
    }
    Ok(())
}

/// One record on one line.
fn line(record: &Value) -> String {
    let word = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{:>8}  {:<16} {:>10} bytes  {}  {}",
        record["seq"].to_string(),
        word("topic"),
        record["bytes"].to_string(),
        word("stranded_at"),
        word("reason"),
    )
}
