//! On which side a reply to a rumour is (RumourEval 2019, posts of Twitter): support, deny, or neither (query and comment together).
//!
//! The rules were not learnt from it, so no event is left out; the figures of single events stand in the note. Source posts are left
//! out: their label says on which side of the rumour they are, and the claim they would be held against is themselves.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;

use anyhow::Context;
use crisislens_analysis::evidence::stance::{Claim, Piece, Sentence, judge};
use crisislens_model::claim::{EvidenceKind, Slots};
use crisislens_model::{ClaimTopic, Stance};
use flate2::read::GzDecoder;

use super::score::f1;
use crate::{Row, data};

const SET: &str = "rumoureval2019";
const CLASSES: [&str; 3] = ["support", "deny", "neither"];
/// Size of a block of a tape archive.
const BLOCK: usize = 512;

pub(super) fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let folder = data.join(SET);
    let texts = texts(&folder)?;
    let file = folder.join("stance.tsv");
    let table =
        std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut events: BTreeMap<&str, Vec<(usize, usize)>> = BTreeMap::new();
    for line in table.lines().skip(1) {
        let [post, thread, event, stance] = line.split('\t').collect::<Vec<_>>()[..] else { continue };
        let (Some(source), Some(reply)) = (texts.get(thread), texts.get(post)) else { continue };
        if post == thread {
            continue;
        }
        let gold = match stance {
            "support" => 0,
            "deny" => 1,
            _ => 2,
        };
        events.entry(event).or_default().push((gold, side(source, reply)));
    }
    let all: Vec<(usize, usize)> = events.values().flatten().copied().collect();
    let of = |pairs: &[(usize, usize)]| (0..CLASSES.len()).map(|class| f1(pairs, class)).sum::<f64>() / 3.0;
    let majority: Vec<(usize, usize)> = all.iter().map(|(gold, _)| (*gold, 2)).collect();
    let classes: Vec<String> =
        CLASSES.iter().enumerate().map(|(class, name)| format!("{name} {:.3}", f1(&all, class))).collect();
    let each: Vec<String> = events.iter().map(|(event, pairs)| format!("{event} {:.3}", of(pairs))).collect();
    Ok(vec![Row {
        measure: "stance_macro_f1",
        value: of(&all),
        must: None,
        aim: None,
        floors: vec![("majority", of(&majority))],
        n: all.len(),
        higher_is_better: true,
        note: format!("F1 by class: {}; by event: {}", classes.join(", "), each.join(", ")),
    }])
}

/// The class that the product's rules give to `reply`.
fn side(source: &str, reply: &str) -> usize {
    let slots = Slots::default();
    let claim = Claim { text: source, language: "en", topic: ClaimTopic::Other, slots: &slots };
    let sentences: Vec<Sentence<'_>> = sentences(reply).map(|sentence| (sentence, None)).collect();
    let piece = Piece {
        sentences: &sentences,
        kind: EvidenceKind::Report,
        stated: None,
        matched: 0.0,
        is_reply: true,
    };
    match judge(&claim, &piece).stance {
        Stance::Supports => 0,
        Stance::Refutes => 1,
        Stance::Neutral => 2,
    }
}

fn sentences(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(['.', '!', '?', '\n']).map(str::trim).filter(|sentence| !sentence.is_empty())
}

/// Texts by the id of their post.
fn texts(folder: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    let mut out = BTreeMap::new();
    let archives = data::files(folder, ".tar.gz")?;
    for (_, path) in archives.into_iter().filter(|(name, _)| name.starts_with("twitter")) {
        let mut bytes = Vec::new();
        GzDecoder::new(std::fs::File::open(&path)?).read_to_end(&mut bytes)?;
        for (name, content) in files(&bytes) {
            let id = name.rsplit('/').next().and_then(|name| name.strip_suffix(".json"));
            let post = || serde_json::from_slice::<serde_json::Value>(content).ok();
            if let Some(id) = id
                && let Some(text) = post().as_ref().and_then(|post| post["text"].as_str())
            {
                out.insert(id.to_owned(), text.to_owned());
            }
        }
    }
    Ok(out)
}

/// Names and contents of the files of a tape archive (POSIX ustar).
fn files(archive: &[u8]) -> Vec<(String, &[u8])> {
    let mut out = Vec::new();
    let mut rest = archive;
    while let Some((head, after)) = rest.split_at_checked(BLOCK) {
        let text = |from: usize, to: usize| {
            String::from_utf8_lossy(&head[from..to]).trim_end_matches(['\0', ' ']).to_owned()
        };
        let Ok(size) = usize::from_str_radix(text(124, 136).trim(), 8) else { break };
        let Some(content) = after.get(..size) else { break };
        if matches!(head[156], 0 | b'0') {
            out.push((format!("{}/{}", text(345, 500), text(0, 100)), content));
        }
        rest = after.get(size.div_ceil(BLOCK) * BLOCK..).unwrap_or_default();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_an_archive_are_read() {
        let mut head = vec![0; BLOCK];
        head[..6].copy_from_slice(b"a.json");
        head[124..135].copy_from_slice(b"00000000002");
        head[156] = b'0';
        let mut archive = head;
        archive.extend(b"{}");
        archive.resize(2 * BLOCK, 0);
        archive.resize(4 * BLOCK, 0);
        assert_eq!(files(&archive), [("/a.json".to_owned(), b"{}".as_slice())]);
        assert!(files(&archive[..BLOCK + 1]).is_empty());
    }

    #[test]
    fn a_reply_is_about_its_source_whatever_its_words() {
        assert_eq!(side("The bridge has collapsed", "@a that's fake"), 1);
        assert_eq!(side("The bridge has collapsed", "Police confirmed it. Stay safe!"), 0);
        assert_eq!(side("The bridge has collapsed", "how sad"), 2);
    }
}
