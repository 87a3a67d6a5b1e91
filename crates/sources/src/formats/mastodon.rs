//! Mastodon statuses, as `/api/v1/timelines` gives them (a JSON array) or as a stream was recorded (JSON lines).
//! <https://docs.joinmastodon.org/entities/Status/>

use std::collections::HashSet;

use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::draft::{Draft, raw};
use crate::json::text;
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::{decode, html};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let statuses = statuses(document.trim())?;
    let mut seen: HashSet<String> = HashSet::new();
    let mut parsed = Parsed::default();
    for (index, status) in statuses.into_iter().enumerate() {
        let status = match status {
            Ok(status) => status,
            Err(reason) => {
                parsed.take(&entry_name(None, index), Err(reason), ctx);
                continue;
            }
        };
        let boosted = status.get("reblog").filter(|reblog| reblog.is_object());
        let post = boosted.unwrap_or(&status);
        let name = entry_name(identity(post), index);
        let draft = match identity(post) {
            None => Err("has neither a uri nor an id".to_owned()),
            Some(id) if boosted.is_some() && seen.contains(id) => {
                Err("boosts a post that is already here".to_owned())
            }
            Some(id) => {
                seen.insert(id.to_owned());
                draft(post, id)
            }
        };
        parsed.take(&name, draft, ctx);
    }
    Ok(parsed)
}

/// The statuses of an array, of lines, or the one status the document is.
fn statuses(document: &str) -> Result<Vec<Result<Value, String>>, DocumentError> {
    if document.starts_with('[') {
        let list: Vec<&RawValue> =
            serde_json::from_str(document).map_err(|error| DocumentError::Json(error.to_string()))?;
        return Ok(list.into_iter().map(|status| read(status.get())).collect());
    }
    if let Ok(single) = serde_json::from_str::<Value>(document) {
        return Ok(vec![Ok(single)]);
    }
    let lines: Vec<_> = document.lines().filter(|line| !line.trim().is_empty()).map(read).collect();
    match lines.iter().find_map(|line| line.as_ref().err()) {
        Some(error) if lines.iter().all(Result::is_err) => Err(DocumentError::Json(error.clone())),
        None if lines.is_empty() => Err(DocumentError::Json("it is empty".into())),
        _ => Ok(lines),
    }
}

fn read(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| error.to_string())
}

/// The address of a post in the fediverse, the same on every instance; else this instance's own id.
fn identity(post: &Value) -> Option<&str> {
    text(post, "uri").or_else(|| text(post, "id"))
}

fn draft(post: &Value, id: &str) -> Result<Draft, String> {
    if let Some(visibility @ ("private" | "direct")) = text(post, "visibility") {
        return Err(format!("its visibility is {visibility}, so it is not for the public"));
    }
    let created = text(post, "created_at").ok_or("has no created_at")?;
    let content = text(post, "content").map(html::to_text).unwrap_or_default();
    let warning = text(post, "spoiler_text").map(html::to_text);
    Ok(Draft {
        source_id: id.to_owned(),
        url: text(post, "url").map(str::to_owned),
        text: warning.map_or_else(|| content.clone(), |warning| format!("{warning}\n\n{content}")),
        author: post.get("account").and_then(|account| text(account, "acct")).map(str::to_owned),
        said_at: Some(parse_time(created).ok_or_else(|| format!("its created_at, `{created}`, is no date"))?),
        language: text(post, "language").map(str::to_owned),
        media: media(post),
        raw: raw(&kept(post)),
        ..Draft::default()
    })
}

fn media(post: &Value) -> Vec<String> {
    let attachments = post.get("media_attachments").and_then(Value::as_array);
    attachments
        .into_iter()
        .flatten()
        .filter_map(|attachment| text(attachment, "url"))
        .map(str::to_owned)
        .collect()
}

/// What is kept of a post: nothing about the person but the address under which they spoke.
fn kept(post: &Value) -> Value {
    let tags: Vec<&str> =
        post["tags"].as_array().into_iter().flatten().filter_map(|tag| text(tag, "name")).collect();
    json!({
        "id": post.get("id"),
        "uri": post.get("uri"),
        "created_at": post.get("created_at"),
        "edited_at": post.get("edited_at"),
        "in_reply_to_id": post.get("in_reply_to_id"),
        "sensitive": post.get("sensitive"),
        "spoiler_text": post.get("spoiler_text"),
        "language": post.get("language"),
        "content": post.get("content"),
        "tags": tags,
    })
}
