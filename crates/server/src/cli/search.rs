//! `crisislens search status|rebuild`.

use std::time::Duration;

use anyhow::{Context, bail, ensure};
use axum::http::Method;
use clap::Subcommand;
use serde_json::Value;

use super::access::Access;
use super::out::{note, say, say_json};
use crate::config::Config;

/// How often a rebuild is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Subcommand)]
pub enum Search {
    /// Compares the search index with the store; fails where they differ
    Status {
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Makes the index again from the store, without downtime, and waits for it; fails where they differ in the end
    Rebuild {
        /// The outcome as one JSON object
        #[arg(long)]
        json: bool,
    },
}

pub async fn run(config: Config, search: Search) -> anyhow::Result<()> {
    let access = Access::find(config).await?;
    let done = match search {
        Search::Status { json } => status(&access, json).await,
        Search::Rebuild { json } => rebuild(&access, json).await,
    };
    access.close().await?;
    done
}

async fn status(access: &Access, json: bool) -> anyhow::Result<()> {
    let seen = access.call(Method::GET, "/api/search?compare=true", None).await?;
    if json {
        say_json(&seen)?;
    } else {
        say(format_args!("engine  {}", seen["engine"].as_str().unwrap_or_default()));
        compared(&seen["index"], &seen["stored"]);
        if let Some(last) = seen["last"].as_object() {
            say(format_args!("last rebuild ended {}", last["finished_at"].as_str().unwrap_or_default()));
        }
    }
    ensure!(seen["equal"] == true, "the index and the store differ; what has just come in takes a moment");
    Ok(())
}

async fn rebuild(access: &Access, json: bool) -> anyhow::Result<()> {
    let begun = access.call(Method::POST, "/api/search/rebuild", None).await?;
    let last = loop {
        tokio::time::sleep(LOOK_EVERY).await;
        let seen = access.call(Method::GET, "/api/search", None).await?;
        match &seen["running"] {
            Value::Null => break seen["last"].clone(),
            running => note(format_args!("{} of {} items", running["items"], running["of"])),
        }
    };
    if last["started_at"] != begun["started_at"] {
        bail!("the rebuild was cut off: the server that was at it has stopped");
    }
    if json {
        say_json(&last)?;
    }
    if let Some(error) = last["error"].as_str() {
        bail!("the index is as it was: {error}");
    }
    if !json {
        compared(&last["index"], &last["stored"]);
    }
    let equal = last["equal"].as_bool().context("the answer does not say whether they are equal")?;
    ensure!(equal, "the index and the store differ");
    Ok(())
}

fn compared(index: &Value, stored: &Value) {
    for (name, totals) in [("index", index), ("store", stored)] {
        let checksum = totals["checksum"].as_str().unwrap_or_default();
        say(format_args!("{name}   {} items, checksum {checksum}", totals["items"]));
    }
}
