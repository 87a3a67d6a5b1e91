//! `crisislens training-set`: what people decided, in the layout that `crisislens train` reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context;
use axum::http::Method;
use clap::Args;
use crisislens_analysis::classes::Task;
use serde_json::{Value, json};

use super::access::Access;
use super::out::say;
use crate::config::Config;

/// Examples asked for at once.
const PAGE: usize = 200;
/// What people say is or is not worth checking.
const LABELS: [&str; 2] = ["not_checkworthy", "checkworthy"];

#[derive(Args)]
pub struct TrainingSet {
    /// Folder for examples.ndjson (all that is kept), checkworthiness.ndjson and checkworthiness.about.json (what crisislens train --data
    /// reads)
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Also what was decided in exercises
    #[arg(long)]
    exercises: bool,
}

pub async fn run(config: Config, wanted: TrainingSet) -> anyhow::Result<()> {
    let access = Access::find(config).await?;
    let examples = read(&access).await;
    access.close().await?;
    let mut examples = examples?;
    examples.retain(|example| wanted.exercises || example["data"]["exercise"] != true);
    // The first decided first: what is decided later is added at the end.
    examples.reverse();
    std::fs::create_dir_all(&wanted.out).with_context(|| format!("cannot make {}", wanted.out.display()))?;
    let name = Task::CheckWorthiness.name();
    let lines = worth_checking(&examples);
    write(&wanted.out.join("examples.ndjson"), &ndjson(&examples)?)?;
    write(&wanted.out.join(format!("{name}.ndjson")), &ndjson(&lines)?)?;
    write(&wanted.out.join(format!("{name}.about.json")), &format!("{:#}\n", about()))?;
    say(format_args!("{} examples, {} of them with a label for {name}", examples.len(), lines.len()));
    Ok(())
}

async fn read(access: &Access) -> anyhow::Result<Vec<Value>> {
    let (mut examples, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/training-set?limit={PAGE}{cursor}");
        let mut page = access.call(Method::GET, &path, None).await?;
        if let Value::Array(items) = page["items"].take() {
            examples.extend(items);
        }
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return Ok(examples),
        }
    }
}

/// The sentences that people decided about, each once, as the last of them said.
fn worth_checking(examples: &[Value]) -> Vec<Value> {
    let mut of_text: BTreeMap<&str, Value> = BTreeMap::new();
    for data in examples.iter().map(|example| &example["data"]) {
        let (Some(text), Some(is_worth)) = (data["text"].as_str(), data["checkworthy"].as_bool()) else {
            continue;
        };
        // Sentences of one incident are learnt from and judged together.
        let group = data["incident_id"].as_str().or(data["claim_id"].as_str()).unwrap_or("desk");
        let line = json!({ "text": text, "label": LABELS[usize::from(is_worth)], "group": group });
        of_text.insert(text, line);
    }
    of_text.into_values().collect()
}

fn about() -> Value {
    json!({
        "data": "claims that people of this desk decided, or put aside and said whether they were worth checking",
        "split": "by incident",
        "limits": "only what came before people is in it: the claims that the desk looked at",
        "licence": "texts of others, kept to train models here: look at the terms of their sources before they are passed on",
    })
}

fn ndjson(lines: &[Value]) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "{line}")?;
    }
    Ok(text)
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_those_of_the_model_and_each_text_has_the_last_word_on_it() {
        assert_eq!(Task::CheckWorthiness.labels(), LABELS);
        let example = |text: &str, worth: Value| json!({ "data": { "text": text, "checkworthy": worth, "claim_id": "c" } });
        let lines = worth_checking(&[
            example("a", json!(false)),
            example("a", json!(true)),
            example("b", json!(false)),
            example("c", Value::Null),
        ]);
        let told: Vec<(&str, &str)> =
            lines.iter().filter_map(|line| Some((line["text"].as_str()?, line["label"].as_str()?))).collect();
        assert_eq!(told, [("a", "checkworthy"), ("b", "not_checkworthy")]);
        assert!(lines.iter().all(|line| line["group"] == "c"));
    }
}
