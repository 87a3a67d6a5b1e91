//! `crisislens-eval train-evidence`: the weights by which evidence is ranked, and their card. Equal data give equal bytes.

use std::path::Path;

use anyhow::Context;
use crisislens_analysis::evidence::learn::{Question, learn};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::matching::{L2, LEARNT, held_out, measure, read};
use super::score::mean;

/// Learns from the training split in `data` and writes `evidence.tsv` and `evidence.json` to `out`.
///
/// # Errors
/// Where the split is not there, or nothing can be written.
pub fn run(data: &Path, out: &Path) -> anyhow::Result<()> {
    let splits = read(data)?;
    let posts = splits.get(LEARNT).context("there is no training split")?;
    let questions: Vec<&Question> = posts.iter().map(|post| &post.question).collect();
    let model = learn(&questions, L2).write();
    let sha256: String = Sha256::digest(model.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let card = json!({
        "task": "evidence",
        "method": "conditional logit over readable features of candidates that the embedded index brings; Platt's line",
        "settings": { "l2": L2 },
        "data": ["CheckThat! 2020 task 2, English, training split (sshaar/clef2020-factchecking-task2), free for general research use"],
        "split": "five parts, posts that share a claim in one; claims of the same words count as one; the file is learnt from all of the training split",
        "figures_held_out": { "map5": (mean(&held_out(posts)) * 1e4).round() / 1e4, "posts": posts.len() },
        "limits": [
            "posts and checked claims in English, mostly about politics in the United States",
            "every post of the set has a checked claim: the probability is of being the right one of about two hundred candidates",
        ],
        "licence": "Apache-2.0 for the weights; no text of the data is in them",
        "bytes": model.len(),
        "sha256": sha256,
    });
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    let write = |name: &str, text: &str| {
        std::fs::write(out.join(name), text).with_context(|| format!("{name} cannot be written"))
    };
    for row in measure(&splits)? {
        println!("{} {:.4}, floors {:?}; {}", row.measure, row.value, row.floors, row.note);
    }
    write("evidence.tsv", &model)?;
    write("evidence.json", &format!("{}\n", serde_json::to_string_pretty(&card)?))
}
