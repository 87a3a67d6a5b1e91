//! Recorded posts, numbered so that each is an item of its own.

use std::io::Read;
use std::path::Path;

use anyhow::{Context, ensure};
use crisislens_model::ItemId;
use flate2::read::GzDecoder;
use serde_json::{Value, json};

/// The texts of every recorded post below `folder`.
pub fn read(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    let mut files = vec![folder.to_path_buf()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            for entry in std::fs::read_dir(&path)? {
                files.push(entry?.path());
            }
        } else if path.to_string_lossy().ends_with(".ndjson.gz") {
            let mut lines = String::new();
            GzDecoder::new(std::fs::File::open(&path)?)
                .read_to_string(&mut lines)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for line in lines.lines() {
                let post: Value = serde_json::from_str(line)?;
                texts.extend(post["text"].as_str().map(str::to_owned));
            }
        }
    }
    ensure!(!texts.is_empty(), "no posts (*.ndjson.gz) below {}", folder.display());
    Ok(texts)
}

/// `count` raw items from `number` on, as NDJSON. The number in the text keeps a post that comes round again from
/// being a duplicate, which would be less work.
pub fn numbered(posts: &[String], run: &str, number: usize, count: usize) -> String {
    let mut lines = String::with_capacity(count * 320);
    for number in number..number + count {
        let text = format!("{} ({number})", posts[number % posts.len()]);
        let item = json!({"source": "bench", "source_id": format!("{run}-{number}"), "text": text});
        lines.push_str(&item.to_string());
        lines.push('\n');
    }
    lines
}

/// The id that CrisisLens gives to a numbered post.
pub fn id(run: &str, number: usize) -> String {
    ItemId::of("bench", &format!("{run}-{number}")).to_string()
}
