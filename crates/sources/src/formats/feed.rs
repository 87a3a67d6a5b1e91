//! RSS, Atom and JSON Feed through feed-rs, which gets the text decoded and held to our limits.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crisislens_model::Timestamp;
use feed_rs::model::{Entry, Feed, Link, Text};
use feed_rs::parser::{Builder, Parser};
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::draft::{Draft, clip, raw};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::{decode, html, time, xml};

/// Longest text taken from an article, in bytes; what follows is not needed to understand what it is about.
const MAX_ARTICLE_BYTES: usize = 32 * 1024;
/// Most entries that are read one by one when the document as a whole fails.
const MAX_SINGLE_ENTRIES: usize = 2_000;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let text = decode::without_declaration(&text).trim_start();
    if text.starts_with('{') {
        return read_feed(text, ctx).map(|feed| read(&feed, ctx)).map_err(DocumentError::Json);
    }
    let entries = xml::entries(text)?;
    match read_feed(text, ctx) {
        Ok(feed) => Ok(read(&feed, ctx)),
        Err(found) if entries.is_empty() || entries.len() > MAX_SINGLE_ENTRIES => {
            Err(DocumentError::Unexpected { expected: "a feed", found })
        }
        // feed-rs gives up the document for one bad entry, so each is read in a document of its own.
        Err(_) => read_one_by_one(text, &entries, ctx),
    }
}

/// Reads a document with a parser of its own, since feed-rs's breaks when it is used again after an error. It asserts where
/// it could return an error, so a panic is taken as one: no document may end the task that reads it.
fn read_feed(text: &str, ctx: &SourceContext<'_>) -> Result<Feed, String> {
    let reading = catch_unwind(AssertUnwindSafe(|| parser(ctx).parse(text.as_bytes())));
    reading.map_err(|_| "the feed reader broke on it".to_owned())?.map_err(|error| error.to_string())
}

fn parser(ctx: &SourceContext<'_>) -> Parser {
    Builder::new()
        .base_uri(ctx.url)
        .id_generator(|links, title, _| fallback_id(links, title.as_ref()))
        .sanitize_content(false)
        .timestamp_parser(|text| {
            let milliseconds = time::parse_time(text)?.as_millisecond();
            std::time::UNIX_EPOCH
                .checked_add(std::time::Duration::from_millis(u64::try_from(milliseconds).ok()?))
                .map(Into::into)
        })
        .build()
}

/// An entry without an id is known by its link, one without a link by its title.
fn fallback_id(links: &[Link], title: Option<&Text>) -> String {
    if let Some(link) = links.first() {
        return link.href.clone();
    }
    let digest = Sha256::digest(title.map_or("", |title| title.content.as_str()));
    let hex: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn read_one_by_one(
    text: &str,
    entries: &[std::ops::Range<usize>],
    ctx: &SourceContext<'_>,
) -> Result<Parsed, DocumentError> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(Parsed::default()) };
    let (head, tail) = (&text[..first.start], &text[last.end..]);
    let mut parsed = Parsed::default();
    for (index, range) in entries.iter().enumerate() {
        let single = [head, &text[range.clone()], tail].concat();
        match read_feed(&single, ctx) {
            Ok(feed) => take_entries(&mut parsed, &feed, index, ctx),
            Err(reason) => parsed.take(&entry_name(None, index), Err(reason), ctx),
        }
    }
    if parsed.items.is_empty() {
        let found = parsed.skips.first().map_or_else(String::new, |skip| skip.reason.clone());
        return Err(DocumentError::Unexpected { expected: "a feed", found });
    }
    Ok(parsed)
}

fn read(feed: &Feed, ctx: &SourceContext<'_>) -> Parsed {
    let mut parsed = Parsed::default();
    take_entries(&mut parsed, feed, 0, ctx);
    parsed
}

fn take_entries(parsed: &mut Parsed, feed: &Feed, offset: usize, ctx: &SourceContext<'_>) {
    for (index, entry) in feed.entries.iter().enumerate() {
        parsed.take(&entry_name(Some(&entry.id), offset + index), Ok(draft(feed, entry)), ctx);
    }
}

fn draft(feed: &Feed, entry: &Entry) -> Draft {
    let title =
        entry.title.as_ref().map(|title| html::to_text(&title.content)).filter(|title| !title.is_empty());
    let text = longest_text(entry).or_else(|| title.clone()).unwrap_or_default();
    let authors: Vec<&str> =
        entry.authors.iter().filter_map(|author| author.name.as_deref()).map(str::trim).collect();
    let said_at = entry.published.or(entry.updated);
    Draft {
        source_id: entry.id.trim().to_owned(),
        url: page(entry).map(Cow::into_owned),
        title,
        text: clip(text, MAX_ARTICLE_BYTES),
        author: (!authors.is_empty()).then(|| authors.join(", ")),
        said_at: said_at.and_then(|at| Timestamp::from_millisecond(at.timestamp_millis()).ok()),
        language: entry.language.clone().or_else(|| feed.language.clone()),
        media: media(entry),
        raw: raw(&json!({
            "id": entry.id,
            "title": entry.title.as_ref().map(|title| &title.content),
            "summary": entry.summary.as_ref().map(|summary| &summary.content),
            "content": entry.content.as_ref().and_then(|content| content.body.as_ref()),
            "links": entry.links.iter().map(|link| &link.href).collect::<Vec<_>>(),
            "categories": entry.categories.iter().map(|category| &category.term).collect::<Vec<_>>(),
            "published": entry.published.map(|at| at.to_rfc3339()),
            "updated": entry.updated.map(|at| at.to_rfc3339()),
        })),
        ..Draft::default()
    }
}

fn longest_text(entry: &Entry) -> Option<String> {
    let summary = entry.summary.as_ref().map(|summary| html::to_text(&summary.content));
    let content = entry.content.as_ref().and_then(|content| content.body.as_deref()).map(html::to_text);
    summary.into_iter().chain(content).max_by_key(String::len).filter(|text| !text.is_empty())
}

fn page(entry: &Entry) -> Option<Cow<'_, str>> {
    let alternate = entry.links.iter().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    if let Some(link) = alternate.or(entry.links.first()) {
        return Some(Cow::Borrowed(&link.href));
    }
    entry.id.starts_with("http").then_some(Cow::Borrowed(&entry.id))
}

fn media(entry: &Entry) -> Vec<String> {
    let objects = entry.media.iter().flat_map(|object| {
        let contents =
            object.content.iter().filter_map(|content| content.url.as_ref()).map(ToString::to_string);
        contents.chain(object.thumbnails.iter().map(|thumbnail| thumbnail.image.uri.clone()))
    });
    let enclosures = entry
        .links
        .iter()
        .filter(|link| link.rel.as_deref() == Some("enclosure"))
        .map(|link| link.href.clone());
    let mut media: Vec<String> = Vec::new();
    for url in objects.chain(enclosures) {
        if !media.contains(&url) {
            media.push(url);
        }
    }
    media
}
