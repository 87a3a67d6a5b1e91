//! `crisislens-eval export`: the labelled sets in the form that `crisislens train` reads, with what its cards say of them.

use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use crisislens_analysis::classes::Task;
use serde_json::{Value, json};

use super::data;

/// Writes `TASK.ndjson` and `TASK.about.json` of every task to `out`. Equal data give equal bytes.
pub fn run(data: &Path, out: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    for task in Task::ALL {
        let mut lines = String::new();
        let rows = data::load(data, task)?;
        for row in &rows {
            let mut line = json!({ "text": row.text, "label": task.labels()[row.class], "group": row.group });
            if !row.judged {
                line["judged"] = false.into();
            }
            writeln!(lines, "{line}")?;
        }
        let about = json!({
            "data": sources(task),
            "split": split(task),
            "limits": limits(task),
            "licence": "Apache-2.0 for the weights; no text of the data is in them",
        });
        let write = |ending: &str, bytes: &str| {
            let file = out.join(format!("{}.{ending}", task.name()));
            std::fs::write(&file, bytes).with_context(|| format!("{} cannot be written", file.display()))
        };
        write("ndjson", &lines)?;
        write("about.json", &format!("{about:#}\n"))?;
        println!("{}: {} texts", task.name(), rows.len());
    }
    Ok(())
}

/// Where the labels are from, and what their licences say.
fn sources(task: Task) -> Value {
    let idrisi = "IDRISI-R (rsuwaileh/IDRISI), posts of HumAID, CC BY 4.0";
    let crisislex = "CrisisLexT26 (sajao/CrisisLex), MIT";
    match task {
        Task::Hazard => json!([crisislex, idrisi]),
        Task::Relevance => json!([crisislex]),
        Task::Humanitarian => json!([idrisi]),
        Task::CheckWorthiness => {
            json!(["CheckThat! 2024 task 1, English, training split (isyufeng/FactFinders), MIT"])
        }
    }
}

fn split(task: Task) -> &'static str {
    match task {
        Task::CheckWorthiness => {
            "five parts by the sentence's number, each left out in turn; the weights, the calibration and the threshold \
             come from the training split, but penalty and balance were chosen after seeing development \
             figures of three other settings"
        }
        _ => {
            "whole events left out in ten folds, calibrated on the other events; the file is learnt from all"
        }
    }
}

fn limits(task: Task) -> Value {
    match task {
        Task::Hazard => json!([
            "seven hazards and none; asked only where no word of the lexicon speaks of a hazard",
            "the label is the event's hazard, not the message's",
            "violence was learnt from two events",
        ]),
        Task::Relevance => {
            json!(["posts of 2012 and 2013", "what counts as informative differed between events"])
        }
        Task::Humanitarian => json!([
            "English posts about wildfires, earthquakes, hurricanes and floods",
            "always one of seven classes: it does not say that a post has none",
            "few examples of missing people; requests and offers of help are often labelled alike",
        ]),
        Task::CheckWorthiness => json!([
            "sentences of debates in the United States, in English; posts are another kind of text",
            "no context: a sentence is judged alone",
            "calibrated on the labels that held-out scores do not contradict (confident learning): surer than \
             quickly given labels bear out, as sure as careful ones do",
        ]),
    }
}
