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
use super::train::MAX_TEXT_BYTES;
use crate::config::Config;

/// Examples asked for at once.
const PAGE: usize = 200;
/// Where the labels are from.
const CLAIMS: &str =
    "claims that people of this desk decided, or put aside and said whether they were worth checking";
const ITEMS: &str = "items of which people of this desk put the hazard right";
const RELEVANT: &str = "items of which people of this desk said whether they inform about an emergency";
const KINDS: &str = "items of which people of this desk said what kind of humanitarian information they give";
/// What people say is or is not worth checking.
const LABELS: [&str; 2] = ["not_checkworthy", "checkworthy"];
/// What people say does or does not inform.
const INFORMS: [&str; 2] = ["not_informative", "informative"];

#[derive(Args)]
pub struct TrainingSet {
    /// Folder for examples.ndjson (all that is kept), and checkworthiness.ndjson, hazard.ndjson, relevance.ndjson and humanitarian.ndjson
    /// with what is said about each (what crisislens train --data reads)
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
    write(&wanted.out.join("examples.ndjson"), &ndjson(&examples)?)?;
    let mut labelled = Vec::new();
    for (task, lines, data) in [
        (Task::CheckWorthiness, worth_checking(&examples), CLAIMS),
        (Task::Hazard, hazards(&examples), ITEMS),
        (Task::Relevance, relevance(&examples), RELEVANT),
        (Task::Humanitarian, humanitarian(&examples), KINDS),
    ] {
        let name = task.name();
        write(&wanted.out.join(format!("{name}.ndjson")), &ndjson(&lines)?)?;
        write(&wanted.out.join(format!("{name}.about.json")), &format!("{:#}\n", about(data)))?;
        labelled.push(format!("{} of them with a label for {name}", lines.len()));
    }
    say(format_args!("{} examples, {}", examples.len(), labelled.join(", ")));
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

/// The texts of which people put right what `label` answers of a correction, each once, as the last of them said; what the model has no
/// answer for is left out.
fn put_right(examples: &[Value], task: Task, label: impl Fn(&Value) -> Option<&str>) -> Vec<Value> {
    let mut of_text: BTreeMap<String, Option<Value>> = BTreeMap::new();
    for data in examples.iter().map(|example| &example["data"]) {
        let (Some(text), Some(label)) = (data["text"].as_str(), label(&data["corrected"])) else {
            continue;
        };
        let text = [data["title"].as_str(), Some(text)].into_iter().flatten().collect::<Vec<_>>().join("\n");
        // Texts of one incident are learnt from and judged together.
        let group = data["incident_id"].as_str().or(data["item_id"].as_str()).unwrap_or("desk");
        let is_known = task.labels().contains(&label) && text.len() <= MAX_TEXT_BYTES;
        let line = is_known.then(|| json!({ "text": text, "label": label, "group": group }));
        of_text.insert(text, line);
    }
    of_text.into_values().flatten().collect()
}

fn hazards(examples: &[Value]) -> Vec<Value> {
    put_right(examples, Task::Hazard, |to| to["hazard"].as_str())
}

/// What people say informs; what they put to a kind of information does.
fn relevance(examples: &[Value]) -> Vec<Value> {
    put_right(examples, Task::Relevance, |to| {
        let informs = to["informative"].as_bool().or_else(|| to["humanitarian"].as_str().map(|_| true))?;
        Some(INFORMS[usize::from(informs)])
    })
}

fn humanitarian(examples: &[Value]) -> Vec<Value> {
    put_right(examples, Task::Humanitarian, |to| to["humanitarian"].as_str())
}

fn about(data: &str) -> Value {
    json!({
        "data": data,
        "split": "by incident",
        "limits": "only what came before people is in it: what the desk looked at",
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
    fn hazards_that_people_put_right_are_labels_as_the_last_said() {
        let example = |text: &str, title: Value, hazard: Value| json!({ "data": { "text": text, "title": title, "corrected": { "hazard": hazard }, "item_id": "i" } });
        let lines = hazards(&[
            example("a", Value::Null, json!("flood")),
            example("a", Value::Null, json!("wildfire")),
            example("b", json!("B"), json!("none")),
            // Nothing is learnt of what the model has no answer for, nor of what was put to such afterwards.
            example("c", Value::Null, json!("flood")),
            example("c", Value::Null, json!("epidemic")),
            example("d", Value::Null, Value::Null),
            example(&"e".repeat(MAX_TEXT_BYTES + 1), Value::Null, json!("flood")),
            json!({ "data": { "text": "f", "checkworthy": true } }),
        ]);
        let told: Vec<(&str, &str)> =
            lines.iter().filter_map(|line| Some((line["text"].as_str()?, line["label"].as_str()?))).collect();
        assert_eq!(told, [("B\nb", "none"), ("a", "wildfire")]);
        assert!(lines.iter().all(|line| line["group"] == "i"));
    }

    #[test]
    fn what_people_say_informs_and_of_what_are_labels_of_two_models() {
        let example =
            |text: &str, to: Value| json!({ "data": { "text": text, "corrected": to, "item_id": "i" } });
        let examples = [
            example("a", json!({ "informative": false })),
            example("b", json!({ "humanitarian": "injured_or_dead_people" })),
            example("c", json!({ "informative": true, "humanitarian": null })),
            example("d", json!({ "hazard": "flood" })),
            // The last word counts.
            example("a", json!({ "informative": true, "humanitarian": "requests_or_urgent_needs" })),
            example("e", json!({ "humanitarian": "gossip" })),
        ];
        let told = |lines: &[Value]| -> Vec<(String, String)> {
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            lines.iter().map(|line| (word(&line["text"]), word(&line["label"]))).collect()
        };
        let pairs = |wanted: &[(&str, &str)]| -> Vec<(String, String)> {
            wanted.iter().map(|(text, label)| ((*text).to_owned(), (*label).to_owned())).collect()
        };
        let informs = ["a", "b", "c", "e"].map(|text| (text, "informative"));
        assert_eq!(told(&relevance(&examples)), pairs(&informs));
        let kinds = [("a", "requests_or_urgent_needs"), ("b", "injured_or_dead_people")];
        assert_eq!(told(&humanitarian(&examples)), pairs(&kinds));
        assert!(INFORMS.iter().all(|label| Task::Relevance.labels().contains(label)));
    }

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
