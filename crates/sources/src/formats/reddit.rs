//! Reddit: listings of posts and comments, and live threads, as its JSON gives them. <https://www.reddit.com/dev/api/>
//!
//! Votes are neither a sign that something is true nor a change of what was said, so they are not kept: a post whose score moves is
//! not told again. A listing has the newest first and at most a hundred; what is asked for often enough needs no second page.

use crisislens_model::Stated;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::draft::{Draft, raw};
use crate::json::{entries, number, text};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::{decode, html, time};

const SITE: &str = "https://www.reddit.com";

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let whole: Option<Value> = serde_json::from_str(&document).ok();
    let data = whole.as_ref().map(|listing| listing["data"].to_string());
    let entries = entries(data.as_deref().unwrap_or(&document), "children", "a listing of Reddit")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |child| text(&child["data"], "name").map(str::to_owned), draft);
    Ok(parsed)
}

fn draft(child: &Value, _: &RawValue) -> Result<Draft, String> {
    let post = child.get("data").filter(|data| data.is_object()).ok_or("has no data")?;
    if post.get("promoted").and_then(Value::as_bool) == Some(true) {
        return Err("is an advertisement".into());
    }
    let name = text(post, "name").ok_or("has no name")?;
    let (title, body, link) = match text(child, "kind") {
        Some("t3") => (text(post, "title").map(unescaped), text(post, "selftext"), text(post, "permalink")),
        Some("t1") => (None, text(post, "body"), text(post, "permalink")),
        Some("LiveUpdate") => (None, text(post, "body"), None),
        other => return Err(format!("its kind, `{}`, is no post", other.unwrap_or_default())),
    };
    let seconds = number(post, "created_utc").ok_or("has no created_utc")?;
    let said_at = time::from_epoch_ms((seconds * 1000.0) as i64).ok_or("its created_utc is no instant")?;
    let gone = is_gone(post, body);
    let body = body.map(unescaped).filter(|_| !gone);
    Ok(Draft {
        source_id: name.to_owned(),
        url: link.filter(|_| !gone).map(|path| format!("{SITE}{path}")),
        text: match (&body, gone) {
            (_, true) => "The post was deleted.".to_owned(),
            (Some(body), false) => body.clone(),
            (None, false) => title.clone().unwrap_or_default(),
        },
        title: title.filter(|_| !gone),
        author: text(post, "author").filter(|author| *author != "[deleted]").map(str::to_owned),
        said_at: Some(said_at),
        media: if gone { Vec::new() } else { media(post) },
        stated: Stated { withdrawn: gone, ..Stated::default() },
        raw: raw(&kept(post, gone)),
        ..Draft::default()
    })
}

/// Deleted by its author, removed by a moderator, or struck out in a live thread.
fn is_gone(post: &Value, body: Option<&str>) -> bool {
    let flag = |key: &str| post.get(key).and_then(Value::as_bool) == Some(true);
    let removed = ["removed_by_category", "removal_reason"].into_iter().any(|key| text(post, key).is_some());
    matches!(body, Some("[deleted]" | "[removed]")) || removed || flag("stricken") || flag("removed")
}

/// Reddit escapes `&`, `<` and `>` even in what is no HTML.
fn unescaped(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

fn media(post: &Value) -> Vec<String> {
    let url = text(post, "url").map(html::to_text);
    let shows = |url: &String| {
        let path = url.split('?').next().unwrap_or_default().to_ascii_lowercase();
        [".jpg", ".jpeg", ".png", ".gif", ".webp", ".mp4"].iter().any(|end| path.ends_with(end))
    };
    url.into_iter().filter(shows).collect()
}

/// What was said and where, without votes and without anything about the person; of a deleted post its name alone, since its
/// address has its title in it.
fn kept(post: &Value, gone: bool) -> Value {
    if gone {
        return json!({ "name": post.get("name") });
    }
    json!({
        "name": post.get("name"),
        "subreddit": post.get("subreddit"),
        "url": post.get("url"),
        "created_utc": post.get("created_utc"),
        "edited": post.get("edited"),
        "over_18": post.get("over_18"),
        "link_flair_text": post.get("link_flair_text"),
        "parent_id": post.get("parent_id"),
    })
}
