//! `crisislens dlq list|show|replay|discard|stranded`.

mod stranded;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::access::{Access, Refused};
use super::out::{note, say, say_json, say_pretty, say_text};
use crate::config::Config;
use crate::engines::is_shared;

/// Letters on one page of the API.
const PAGE: usize = 200;
/// Outcomes that need no line of their own.
const DONE: [&str; 2] = ["replayed", "discarded"];
/// Outcomes after which the letter waits as before.
const FAILED: [&str; 4] = ["gone", "foreign", "too_large", REFUSED];
/// Our word for what the server could not do with one letter, for a reason that has no outcome of its own.
const REFUSED: &str = "refused";

#[derive(Subcommand)]
pub enum Dlq {
    /// Lists dead letters, newest first
    List {
        #[command(flatten)]
        conditions: Conditions,
        /// waiting, replayed, parked, discarded; several separated by commas [default: all]
        #[arg(long)]
        status: Option<String>,
        /// Most letters shown
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows one dead letter: why it died, its headers and its value
    Show {
        /// Its offset on the dead-letter topic
        offset: u64,
        /// As one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Sends dead letters to their topics again, oldest first, each once; safe to cut off and to repeat
    Replay {
        #[command(flatten)]
        many: Many,
        /// Send this file's bytes in place of the value; for one letter. `-` is standard input
        #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "all"])]
        edit: Option<PathBuf>,
    },
    /// Decides that dead letters will not be applied
    Discard {
        #[command(flatten)]
        many: Many,
        /// Why, for those who ask later
        #[arg(long)]
        reason: String,
    },
    /// Lists records that never reached the log because it refuses them, sends them again or drops them
    Stranded(stranded::Arguments),
}

/// Which letters.
#[derive(Args)]
pub struct Conditions {
    /// The topic they came from
    #[arg(long)]
    topic: Option<String>,
    /// The kind of failure, such as undecodable, invalid, failed
    #[arg(long)]
    error_class: Option<String>,
    /// Who gave them up, such as crisis-lens-main/normalise
    #[arg(long)]
    consumer: Option<String>,
    /// The event they carry
    #[arg(long)]
    event_id: Option<String>,
    /// Last failed at or after this time, such as 2026-01-31T12:00:00Z
    #[arg(long)]
    since: Option<String>,
    /// Last failed before this time
    #[arg(long)]
    until: Option<String>,
}

impl Conditions {
    /// Those that are set, as the API names them.
    fn set(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("topic", &self.topic),
            ("error_class", &self.error_class),
            ("consumer", &self.consumer),
            ("event_id", &self.event_id),
            ("since", &self.since),
            ("until", &self.until),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

/// Which letters are decided about, and how.
#[derive(Args)]
pub struct Many {
    /// Offsets on the dead-letter topic; conditions or --all instead choose many
    offsets: Vec<u64>,
    #[command(flatten)]
    conditions: Conditions,
    /// All that wait
    #[arg(long)]
    all: bool,
    /// Those too that were parked because they died again after each replay
    #[arg(long)]
    parked_too: bool,
    /// Only show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Letters a second, 1 to 1000
    #[arg(long, default_value_t = 50)]
    rate: u32,
    /// One JSON object a line for each letter
    #[arg(long)]
    json: bool,
}

pub async fn run(config: Config, dlq: Dlq) -> anyhow::Result<()> {
    // Where nodes share the engines, one of them sends what is replayed here.
    let is_shared = is_shared(&config);
    let access = Access::find(config).await?;
    let done = match &dlq {
        Dlq::List { conditions, status, limit, json } => {
            list(&access, conditions, status.as_deref(), *limit, *json).await
        }
        Dlq::Show { offset, json } => show(&access, *offset, *json).await,
        Dlq::Replay { many, edit: Some(file) } => replay_edited(&access, many, file).await,
        Dlq::Replay { many, edit: None } => decide(&access, "replay", many, None).await,
        Dlq::Discard { many, reason } => decide(&access, "discard", many, Some(reason)).await,
        Dlq::Stranded(arguments) => stranded::run(&access, arguments).await,
    };
    let is_waiting =
        matches!(&dlq, Dlq::Replay { many, .. } if !many.dry_run) && access.is_here() && !is_shared;
    access.close().await?;
    done?;
    if is_waiting {
        eprintln!("no server is running: what was replayed is sent and applied once one does");
    }
    Ok(())
}

async fn list(
    access: &Access,
    conditions: &Conditions,
    status: Option<&str>,
    limit: usize,
    json: bool,
) -> anyhow::Result<()> {
    let mut left = limit;
    let mut cursor: Option<String> = None;
    while left > 0 {
        let page = left.min(PAGE);
        let mut parameters = conditions.set();
        parameters.extend(status.map(|status| ("status", status.to_owned())));
        parameters.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        parameters.push(("limit", page.to_string()));
        let answer = access.call(Method::GET, &path("/api/dlq", &parameters)?, None).await?;
        for letter in items(&answer) {
            if json { say_json(letter)? } else { say(line(letter)) }
        }
        if !json && items(&answer).is_empty() {
            say("no dead letters");
        }
        left -= page;
        match answer["next"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => return Ok(()),
        }
        if !json && left == 0 {
            note(format_args!("{} in all; --limit shows more", answer["total"]));
        }
    }
    Ok(())
}

/// One letter on one line.
fn line(letter: &Value) -> String {
    let word = |name: &str| letter[name].as_str().unwrap_or("-").to_owned();
    format!(
        "{:>8}  {:<9} {:<16} {:<9} {:<38} {}  {}",
        letter["offset"].to_string(),
        word("status"),
        word("topic"),
        word("error_class"),
        word("consumer"),
        word("last_failed_at"),
        word("message").lines().next().unwrap_or_default(),
    )
}

async fn show(access: &Access, offset: u64, json: bool) -> anyhow::Result<()> {
    let detail = access.call(Method::GET, &format!("/api/dlq/{offset}"), None).await?;
    if json {
        say_json(&detail)?;
        return Ok(());
    }
    say(line(&detail["letter"]));
    let letter = &detail["letter"];
    say(format_args!("  event     {}", letter["event_id"].as_str().unwrap_or_default()));
    say(format_args!(
        "  from      {}/{} offset {}",
        letter["topic"], letter["partition"], letter["origin_offset"]
    ));
    say(format_args!("  key       {}", letter["key"]));
    say(format_args!("  tried     {} times, replayed {} times", letter["attempts"], letter["redrive_count"]));
    let record = &detail["record"];
    if record.is_null() {
        say("  the record is not on the log any more: retention has dropped it");
        return Ok(());
    }
    for header in record["headers"].as_array().map_or(&[][..], Vec::as_slice) {
        let value = if header["value"].is_null() { &header["value_base64"] } else { &header["value"] };
        say(format_args!("  header    {}: {}", header["name"].as_str().unwrap_or_default(), value));
    }
    match (record.get("value"), record["value_base64"].as_str()) {
        (Some(value), _) => say_pretty(value)?,
        (None, Some(text)) => say_text(String::from_utf8_lossy(&STANDARD.decode(text)?)),
        (None, None) => say("  no value"),
    }
    Ok(())
}

async fn replay_edited(access: &Access, many: &Many, file: &Path) -> anyhow::Result<()> {
    let [offset] = many.offsets[..] else { bail!("--edit is for one letter: name its offset") };
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    let body = json!({ "value_base64": STANDARD.encode(bytes), "parked_too": many.parked_too });
    let letter =
        access.call(Method::POST, &format!("/api/dlq/{offset}/replay"), Some(body.to_string())).await?;
    if many.json {
        return say_json(&letter);
    }
    say(format_args!("{offset} replayed with another value"));
    Ok(())
}

/// Calls the API again and again until nothing is left, then says what became of the letters.
async fn decide(access: &Access, action: &str, many: &Many, reason: Option<&str>) -> anyhow::Result<()> {
    let chooses_many = many.all || !many.conditions.set().is_empty();
    ensure!(many.offsets.is_empty() == chooses_many, "name offsets, or conditions such as --topic, or --all");
    let mut filter: Map<String, Value> =
        many.conditions.set().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    if !many.offsets.is_empty() {
        filter.insert("offsets".to_owned(), json!(many.offsets));
    }
    let mut body = json!({
        "filter": filter, "rate_per_s": many.rate, "dry_run": many.dry_run, "parked_too": many.parked_too,
    });
    if let Some(reason) = reason {
        body["reason"] = reason.into();
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut reached = BTreeSet::new();
    loop {
        let answer =
            match access.call(Method::POST, &format!("/api/dlq/{action}"), Some(body.to_string())).await {
                Err(error) => past(access, action, &body, error).await?,
                answer => answer?,
            };
        let outcomes = answer["outcomes"].as_array().map_or(&[][..], Vec::as_slice);
        for outcome in outcomes {
            let word = outcome["outcome"].as_str().unwrap_or_default();
            *counts.entry(word.to_owned()).or_default() += 1;
            reached.extend(outcome["offset"].as_u64());
            if many.json {
                say_json(outcome)?;
            } else if many.dry_run || !DONE.contains(&word) {
                let reason =
                    outcome["reason"].as_str().map(|reason| format!(": {reason}")).unwrap_or_default();
                say(format_args!("{:>8}  {}{reason}", outcome["offset"].to_string(), said(word)));
            }
        }
        let remaining = answer["remaining"].as_u64().unwrap_or(0);
        if remaining == 0 || outcomes.is_empty() {
            break;
        }
        let until = answer["until"].as_str().unwrap_or_default();
        eprintln!("{} done, {remaining} left (if this is cut off: --until {until})", reached.len());
        body["after"] = answer["next"].clone();
        body["filter"]["until"] = answer["until"].clone();
    }
    let missed = many.offsets.iter().filter(|offset| !reached.contains(offset));
    let failed = explain(access, missed, &mut counts).await?
        + counts
            .iter()
            .filter(|(word, _)| FAILED.contains(&word.as_str()))
            .map(|(_, count)| count)
            .sum::<u64>();
    if !many.json {
        let list: Vec<String> =
            counts.iter().map(|(word, count)| format!("{count} {}", said(word))).collect();
        say(if list.is_empty() { "no dead letter is that".to_owned() } else { list.join(", ") });
    }
    ensure!(failed == 0, "{failed} could not be done");
    Ok(())
}

/// After a call that failed at its first letter: an answer that says so of this letter, so that the others are reached.
/// `error` where it is of no letter, as while the server or an engine is away.
async fn past(access: &Access, action: &str, body: &Value, error: anyhow::Error) -> anyhow::Result<Value> {
    if Refused::status_of(&error) != Some(StatusCode::INTERNAL_SERVER_ERROR) {
        return Err(error);
    }
    let mut first = body.clone();
    first["dry_run"] = true.into();
    first["limit"] = 1.into();
    let path = format!("/api/dlq/{action}");
    let Ok(mut answer) = access.call(Method::POST, &path, Some(first.to_string())).await else {
        return Err(error);
    };
    let Some(letter) = answer["outcomes"].get_mut(0) else { return Err(error) };
    letter["outcome"] = REFUSED.into();
    letter["reason"] = format!("{error:#}").into();
    Ok(answer)
}

/// Says why letters that were named were not reached; how many of them there are not.
async fn explain(
    access: &Access,
    offsets: impl Iterator<Item = &u64>,
    counts: &mut BTreeMap<String, u64>,
) -> anyhow::Result<u64> {
    let mut unknown = 0;
    for offset in offsets {
        match access.call(Method::GET, &format!("/api/dlq/{offset}"), None).await {
            Ok(detail) => {
                let status = detail["letter"]["status"].as_str().unwrap_or_default();
                let hint = if status == "parked" { "; --parked-too replays it all the same" } else { "" };
                note(format_args!("{offset} is {status}{hint}"));
                *counts.entry(status.to_owned() + " before").or_default() += 1;
            }
            Err(error) => {
                note(format_args!("{offset}: {error:#}"));
                unknown += 1;
            }
        }
    }
    Ok(unknown)
}

/// An outcome in words.
fn said(outcome: &str) -> &str {
    match outcome {
        "due" => "to be done",
        "already_decided" => "decided meanwhile",
        "gone" => "gone from the log; discard it",
        "foreign" => "from another program; discard it",
        "too_large" => "too large for its topic",
        word => word,
    }
}

fn items(answer: &Value) -> &[Value] {
    answer["items"].as_array().map_or(&[], Vec::as_slice)
}

/// `path` with query parameters.
fn path(path: &str, parameters: &[(&str, String)]) -> anyhow::Result<String> {
    // Only the part behind the host is used.
    let url = reqwest::Url::parse_with_params(&format!("http://localhost{path}"), parameters)?;
    Ok(url.query().map_or_else(|| path.to_owned(), |query| format!("{path}?{query}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_reach_the_api_as_they_were_written() {
        let parameters = [("consumer", "a/b c"), ("since", "2026-01-01T00:00:00+02:00"), ("topic", "x&y")];
        let whole = path("/api/dlq", &parameters.map(|(name, value)| (name, value.to_owned()))).unwrap();
        assert_eq!(whole, "/api/dlq?consumer=a%2Fb+c&since=2026-01-01T00%3A00%3A00%2B02%3A00&topic=x%26y");
    }
}
