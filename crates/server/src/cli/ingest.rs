//! `crisislens ingest`.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use axum::http::{Method, StatusCode};
use clap::Args;
use crisislens_model::{Clock, RawItem, SourceKind, SystemClock};
use crisislens_sources::{Format, MAX_DOCUMENT_BYTES, SourceContext, parse, raw_item_from_json};
use flate2::read::GzDecoder;

use super::access::{Access, Refused};
use super::out::{note, say};
use crate::config::Config;

/// Raw items in one request.
const CHUNK: usize = 200;
/// One part in so many of the body limit is left free.
const MARGIN: usize = 16;
/// What a request has around one raw item, bytes.
const BRACKETS: usize = 2;

#[derive(Args)]
pub struct Ingest {
    /// The document, gzipped where its name ends in .gz; `-` is standard input
    file: PathBuf,
    /// usgs, gdacs, nws, cap, feed, mastodon, ndjson, eonet, reliefweb, who-don, nhc, meteoalarm, firms, gdelt, copernicus, pdc,
    /// eccc, metno, reddit, claim-review
    #[arg(long, default_value = "ndjson")]
    format: Format,
    /// Name of the source, as it will stand on items (ndjson carries its own)
    #[arg(long, default_value = "manual")]
    source: String,
    /// What sort of voice it is: official, media, social
    #[arg(long, default_value = "social", value_parser = kind)]
    kind: SourceKind,
    /// Mark everything as part of an exercise
    #[arg(long)]
    exercise: bool,
}

fn kind(word: &str) -> Result<SourceKind, String> {
    [SourceKind::Official, SourceKind::Media, SourceKind::Social]
        .into_iter()
        .find(|kind| kind.as_str() == word)
        .ok_or_else(|| "official, media or social".to_owned())
}

fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if file.as_os_str() == "-" {
        std::io::stdin().read_to_end(&mut bytes)?;
    } else if file.extension().is_some_and(|extension| extension == "gz") {
        let limit = MAX_DOCUMENT_BYTES as u64 + 1;
        GzDecoder::new(std::fs::File::open(file)?).take(limit).read_to_end(&mut bytes)?;
    } else {
        bytes = std::fs::read(file)?;
    }
    Ok(bytes)
}

pub async fn run(config: Config, ingest: Ingest) -> anyhow::Result<()> {
    let bytes = read(&ingest.file).with_context(|| format!("cannot read {}", ingest.file.display()))?;
    let ctx = SourceContext {
        source: &ingest.source,
        kind: ingest.kind,
        now: SystemClock.now(),
        exercise: ingest.exercise,
        url: None,
    };
    let parsed = parse(ingest.format, &bytes, &ctx).map_err(|error| anyhow!("{error}"))?;
    for skip in &parsed.skips {
        note(format_args!("skipped {}: {}", skip.entry, skip.reason));
    }
    let body_limit = config.http.body_limit_bytes;
    let access = Access::find(config).await?;
    let mut sending = Sending { access: &access, done: 0, of: parsed.items.len(), refused: Vec::new() };
    let sent = sending.all(&parsed.items, body_limit).await;
    let Sending { done, of, refused, .. } = sending;
    eprintln!();
    for (item, reason) in &refused {
        let line = if ingest.format == Format::RawNdjson { line_of(&bytes, item, &ctx) } else { None };
        let line = line.map(|line| format!("line {line}, ")).unwrap_or_default();
        note(format_args!("refused {line}{}/{}: {reason}", item.source, item.source_id));
    }
    sent.with_context(|| format!("after {done} of {of} raw items"))?;
    let refused = refused.len();
    let left_out = if refused == 0 { String::new() } else { format!(", {refused} refused") };
    say(format_args!(
        "{} entries, {done} accepted, {} skipped{left_out}",
        parsed.entries,
        parsed.skips.len()
    ));
    access.close().await?;
    ensure!(refused == 0, "{refused} raw items are too large and were not taken");
    ensure!(done > 0 || parsed.skips.is_empty(), "nothing was accepted; is the document's --format right?");
    Ok(())
}

/// A raw item, and the JSON of it that is sent.
type Written<'a> = (&'a RawItem, String);

struct Sending<'a> {
    access: &'a Access,
    done: usize,
    of: usize,
    /// What is too large on its own, and why.
    refused: Vec<(&'a RawItem, String)>,
}

impl<'a> Sending<'a> {
    /// Sends the items in requests of so many that the body limit takes.
    async fn all(&mut self, items: &'a [RawItem], body_limit: usize) -> anyhow::Result<()> {
        let room = body_limit - body_limit / MARGIN;
        let mut chunk: Vec<Written<'a>> = Vec::new();
        let mut bytes = 0;
        for item in items {
            let json = serde_json::to_string(item)?;
            if json.len() + BRACKETS > body_limit {
                let size = json.len();
                let limit = format!("at most {body_limit} are taken (http.body_limit_bytes)");
                self.refused.push((item, format!("it has {size} bytes as JSON; {limit}")));
                continue;
            }
            if !chunk.is_empty() && (chunk.len() == CHUNK || bytes + json.len() > room) {
                self.send(&chunk).await?;
                chunk.clear();
                bytes = 0;
            }
            bytes += json.len() + 1;
            chunk.push((item, json));
        }
        if chunk.is_empty() { Ok(()) } else { self.send(&chunk).await }
    }

    /// Sends a chunk. A server with a smaller limit than ours is brought it in smaller parts.
    async fn send(&mut self, chunk: &[Written<'a>]) -> anyhow::Result<()> {
        let mut parts = vec![chunk];
        while let Some(part) = parts.pop() {
            let jsons: Vec<&str> = part.iter().map(|(_, json)| json.as_str()).collect();
            let body = format!("[{}]", jsons.join(","));
            match (self.access.call(Method::POST, "/api/ingest", Some(body)).await, part) {
                (Ok(_), _) => {
                    self.done += part.len();
                    eprint!("\r{} of {} raw items durable on the log", self.done, self.of);
                }
                (Err(error), _) if Refused::status_of(&error) != Some(StatusCode::PAYLOAD_TOO_LARGE) => {
                    return Err(error);
                }
                (Err(error), [(item, _)]) => self.refused.push((item, error.to_string())),
                (Err(_), _) => {
                    let (first, second) = part.split_at(part.len() / 2);
                    parts.extend([second, first]);
                }
            }
        }
        Ok(())
    }
}

/// The line of an NDJSON document that became `item`.
fn line_of(document: &[u8], item: &RawItem, ctx: &SourceContext<'_>) -> Option<usize> {
    let is_it = |line: &[u8]| {
        raw_item_from_json(line, ctx).is_ok_and(|read| read.id == item.id && read.text == item.text)
    };
    document.split(|byte| *byte == b'\n').position(is_it).map(|index| index + 1)
}
