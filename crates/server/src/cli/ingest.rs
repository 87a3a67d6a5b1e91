//! `crisislens ingest`.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, ensure};
use axum::http::Method;
use clap::Args;
use crisislens_model::{Clock, SourceKind, SystemClock};
use crisislens_sources::{Format, MAX_DOCUMENT_BYTES, SourceContext, parse};
use flate2::read::GzDecoder;

use super::access::Access;
use super::out::say;
use crate::config::Config;

/// Raw items in one request.
const CHUNK: usize = 200;

#[derive(Args)]
pub struct Ingest {
    /// The document, gzipped where its name ends in .gz; `-` is standard input
    file: PathBuf,
    /// usgs, gdacs, nws, cap, feed, mastodon, ndjson
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
        eprintln!("skipped {}: {}", skip.entry, skip.reason);
    }
    let access = Access::find(config).await?;
    let mut done = 0;
    for chunk in parsed.items.chunks(CHUNK) {
        access.call(Method::POST, "/api/ingest", Some(serde_json::to_string(chunk)?)).await?;
        done += chunk.len();
        eprint!("\r{done} of {} raw items durable on the log", parsed.items.len());
    }
    eprintln!();
    say(format_args!("{} entries, {done} accepted, {} skipped", parsed.entries, parsed.skips.len()));
    access.close().await?;
    ensure!(done > 0 || parsed.skips.is_empty(), "nothing was accepted; is the document's --format right?");
    Ok(())
}
