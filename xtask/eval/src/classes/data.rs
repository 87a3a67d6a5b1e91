//! The labelled sets as texts with a label and the event they are of. Layout: the folder `labelled` of the data.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;
use crisislens_analysis::classes::Task;
use serde::Deserialize;

use crate::data::{files, text_of};

/// One labelled text.
#[derive(Debug, Clone)]
pub struct Labelled {
    /// What was written.
    pub text: String,
    /// The class of the task's model.
    pub class: usize,
    /// The event, or a part of the set where there are no events.
    pub group: String,
    /// Whether it counts in the measure; otherwise it only helps to learn.
    pub judged: bool,
}

/// The rows of `task` to learn from, in a fixed order.
pub fn load(data: &Path, task: Task) -> anyhow::Result<Vec<Labelled>> {
    match task {
        Task::Hazard => hazard(data),
        Task::Relevance => relevance(data),
        Task::Humanitarian => humanitarian(data),
        Task::CheckWorthiness => checkworthiness(data, "train.tsv.gz"),
    }
}

/// The development split of CheckThat! 2024, which training does not see.
pub fn checkworthy_dev(data: &Path) -> anyhow::Result<Vec<Labelled>> {
    checkworthiness(data, "dev.tsv")
}

/// A row of CrisisLexT26.
struct Crisis {
    text: String,
    kind: String,
    informativeness: String,
}

/// A row of IDRISI-R.
#[derive(Deserialize)]
struct Idrisi {
    text: String,
    #[serde(rename = "humAID_class")]
    class: Option<String>,
}

fn humanitarian(data: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut out = Vec::new();
    for (event, rows) in idrisi(data, "lmr-en")? {
        for row in rows {
            let name = row.class.unwrap_or_default();
            if let Some(class) = Task::Humanitarian.answers().iter().position(|answer| *answer == name) {
                out.push(Labelled { text: row.text, class, group: event.clone(), judged: true });
            }
        }
    }
    Ok(out)
}

/// Informative or not, by the kinds of CrisisLex: 0 to 3 are not informative, 4 to 9 are.
fn relevance(data: &Path) -> anyhow::Result<Vec<Labelled>> {
    let mut out = Vec::new();
    for (event, rows) in crisislex(data)? {
        for row in rows {
            let class = match (row.informativeness.as_str(), row.kind.as_str()) {
                ("Not related", _) => 0,
                ("Related - but not informative", "Sympathy and support") => 1,
                ("Related - but not informative", "Other Useful Information") => 2,
                ("Related - but not informative", _) => 3,
                ("Related and informative", "Affected individuals") => 4,
                ("Related and informative", "Donations and volunteering") => 5,
                ("Related and informative", "Caution and advice") => 6,
                ("Related and informative", "Infrastructure and utilities") => 7,
                ("Related and informative", "Sympathy and support") => 8,
                ("Related and informative", _) => 9,
                _ => continue,
            };
            out.push(Labelled { text: row.text, class, group: event.clone(), judged: true });
        }
    }
    Ok(out)
}

/// The event's hazard is every post's, but for those that CrisisLex calls unrelated. Hazards of one event only (a
/// meteor, an epidemic) cannot be judged by leaving events out, so their posts are not taken.
fn hazard(data: &Path) -> anyhow::Result<Vec<Labelled>> {
    let kinds = kinds(data)?;
    let class = |name: &str| Task::Hazard.answers().iter().position(|answer| *answer == name);
    let none = class("none").context("the hazard task has no class for none")?;
    let mut out = Vec::new();
    for (event, rows) in crisislex(data)? {
        let kind = kinds.get(&event).and_then(|kind| class(kind));
        for row in rows {
            let class = match row.informativeness.as_str() {
                "Not related" => Some(none),
                "Related and informative" | "Related - but not informative" => kind,
                _ => None,
            };
            if let Some(class) = class {
                out.push(Labelled { text: row.text, class, group: event.clone(), judged: true });
            }
        }
    }
    for folder in ["lmr-en", "lmr-ar"] {
        for (event, rows) in idrisi(data, folder)? {
            let Some(class) = kinds.get(&event).and_then(|kind| class(kind)) else { continue };
            let row = |row: Idrisi| Labelled { text: row.text, class, group: event.clone(), judged: true };
            out.extend(rows.into_iter().map(row));
        }
    }
    Ok(out)
}

/// Each event's hazard in the words of the product.
fn kinds(data: &Path) -> anyhow::Result<BTreeMap<String, &'static str>> {
    let file = data.join("events.tsv");
    let mut reader =
        csv::ReaderBuilder::new().delimiter(b'\t').quoting(false).flexible(true).from_path(&file)?;
    let mut out = BTreeMap::new();
    for row in reader.records() {
        let row = row?;
        let (event, hazard) = (row.get(1).unwrap_or_default(), row.get(2).unwrap_or_default());
        let kind = match hazard {
            "Wildfire" => "wildfire",
            "Earthquake" => "earthquake",
            "Floods" => "flood",
            "Hurricane" | "Typhoon" => "tropical_cyclone",
            "Explosion" | "Collapse" => "technological",
            "Crash" | "Derailment" => "transport",
            "Bombings" | "Shootings" => "violence",
            "Epidemic" => "epidemic",
            _ => "other",
        };
        out.insert(event.to_owned(), kind);
    }
    Ok(out)
}

fn crisislex(data: &Path) -> anyhow::Result<BTreeMap<String, Vec<Crisis>>> {
    let mut out = BTreeMap::new();
    for (name, file) in files(&data.join("crisislex-t26"), "")? {
        if let Some(event) = name.strip_suffix("-tweets_labeled.csv") {
            let text = text_of(&file)?;
            let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
            let mut rows = Vec::new();
            for row in reader.records() {
                let row = row.with_context(|| format!("{} cannot be read", file.display()))?;
                let field = |at: usize| row.get(at).unwrap_or_default().trim().to_owned();
                rows.push(Crisis { text: field(1), kind: field(3), informativeness: field(4) });
            }
            out.insert(event.to_owned(), rows);
        }
    }
    Ok(out)
}

fn idrisi(data: &Path, folder: &str) -> anyhow::Result<BTreeMap<String, Vec<Idrisi>>> {
    let mut out: BTreeMap<String, Vec<Idrisi>> = BTreeMap::new();
    for (name, file) in files(&data.join("idrisi").join(folder), "")? {
        let Some((event, _)) = name.rsplit_once('-') else { continue };
        let rows: Result<Vec<Idrisi>, serde_json::Error> =
            text_of(&file)?.lines().map(serde_json::from_str).collect();
        let rows = rows.with_context(|| format!("{} cannot be read", file.display()))?;
        out.entry(event.to_owned()).or_default().extend(rows);
    }
    Ok(out)
}

fn checkworthiness(data: &Path, file: &str) -> anyhow::Result<Vec<Labelled>> {
    let text = text_of(&data.join("checkthat2024-t1-checkworthy-debates").join(file))?;
    let mut reader = csv::ReaderBuilder::new().delimiter(b'\t').flexible(true).from_reader(text.as_bytes());
    let mut out = Vec::new();
    for row in reader.records() {
        let row = row.with_context(|| format!("{file} cannot be read"))?;
        let field = |at: usize| row.get(at).unwrap_or_default();
        let class = match field(2) {
            "Yes" => 1,
            "No" => 0,
            _ => continue,
        };
        // Sentences have no event: five parts by their number stand in for groups.
        let part =
            field(0).bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into())) % 5;
        out.push(Labelled { text: field(1).to_owned(), class, group: format!("part {part}"), judged: true });
    }
    Ok(out)
}
