//! `crisislens train`: makes the models of the analysis from labelled texts. Equal texts give equal bytes, on every machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail, ensure};
use clap::Args;
use crisislens_analysis::Analyzer;
use crisislens_analysis::classes::Task;
use crisislens_analysis::classes::train::{Example, Learner};
use crisislens_analysis::linear::train::{MAX_GROUPS, Method, Settings};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::out::say;

/// The models that ship and are not made of labelled texts of a desk.
const NOT_HERE: &str = "language, place and evidence are not made here: they learn from other things than labelled texts (languages, spans of \
    places, claims with the items about them), as crates/analysis/models says; the server uses those that it was built with";
/// Fewer texts make no model.
const MIN_TEXTS: usize = 100;
/// Largest model file, bytes.
const MAX_MODEL_BYTES: usize = 2 * 1024 * 1024;
/// Longest text that is learnt from, bytes: what the analysis reads of one.
pub(super) const MAX_TEXT_BYTES: usize = 64 * 1024;

#[derive(Args)]
pub struct Train {
    /// Folder with TASK.ndjson (hazard, relevance, humanitarian, checkworthiness; those that are there are trained): one object a line,
    /// {"text": …, "label": …, "group": the event or other origin}; and TASK.about.json with what the card is to say of it
    #[arg(long, value_name = "DIR")]
    data: PathBuf,
    /// Folder for TASK.bin and its card TASK.json; analysis.models makes the server use them
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

/// A line of labelled texts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: String,
    label: String,
    group: String,
    /// False for what only helps to learn and is not predicted for the card.
    #[serde(default = "yes")]
    judged: bool,
}

fn yes() -> bool {
    true
}

/// Labelled texts of a task.
struct Texts {
    lines: Vec<Line>,
    classes: Vec<usize>,
    groups: Vec<usize>,
    sha256: String,
}

/// Trains every task for which there are texts.
pub fn run(wanted: &Train) -> anyhow::Result<()> {
    let analyzer = Analyzer::new()?;
    std::fs::create_dir_all(&wanted.out).with_context(|| format!("cannot make {}", wanted.out.display()))?;
    let (mut trained, mut too_few) = (0, Vec::new());
    for task in Task::ALL {
        let file = wanted.data.join(format!("{}.ndjson", task.name()));
        if !file.is_file() {
            say(format_args!("{}: there is no {}, so it stays as it is", task.name(), file.display()));
            continue;
        }
        let texts = Texts::read(&file, task)?;
        let count = texts.lines.len();
        if count < MIN_TEXTS {
            let few = format!("{}: {count} texts are too few, {MIN_TEXTS} at least", file.display());
            say(format_args!("{few}; {} stays as it is", task.name()));
            too_few.push(few);
            continue;
        }
        let about = about(&wanted.data.join(format!("{}.about.json", task.name())))?;
        say(format_args!("{}: {} texts of {} groups …", task.name(), texts.lines.len(), texts.group_count()));
        let (bytes, card) = model(&analyzer, task, &texts, about);
        ensure!(bytes.len() <= MAX_MODEL_BYTES, "{}: the model has {} bytes", task.name(), bytes.len());
        write(&wanted.out.join(format!("{}.bin", task.name())), &bytes)?;
        write(&wanted.out.join(format!("{}.json", task.name())), format!("{card:#}\n").as_bytes())?;
        say(format_args!("{}: {} bytes, {}", task.name(), bytes.len(), in_words(&card["figures_held_out"])));
        trained += 1;
    }
    say(format_args!("{NOT_HERE}"));
    ensure!(trained > 0 || too_few.is_empty(), "{}", too_few.join("; "));
    ensure!(
        trained > 0,
        "{} has no texts to learn from; crisislens train --help says how they are named",
        wanted.data.display()
    );
    Ok(())
}

impl Texts {
    fn read(file: &Path, task: Task) -> anyhow::Result<Self> {
        let bytes = std::fs::read(file).with_context(|| format!("cannot read {}", file.display()))?;
        let text = std::str::from_utf8(&bytes).with_context(|| format!("{} is not UTF-8", file.display()))?;
        let (mut lines, mut classes, mut names) = (Vec::new(), Vec::new(), BTreeMap::new());
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let at = || format!("{}, line {}", file.display(), number + 1);
            let line: Line = serde_json::from_str(line).with_context(at)?;
            ensure!(
                line.text.len() <= MAX_TEXT_BYTES,
                "{}: the text is longer than {MAX_TEXT_BYTES} bytes",
                at()
            );
            let Some(class) = task.labels().iter().position(|label| *label == line.label) else {
                bail!("{}: the label {:?} is none of {}", at(), line.label, task.labels().join(", "));
            };
            let next = names.len();
            names.entry(line.group.clone()).or_insert(next);
            classes.push(class);
            lines.push(line);
        }
        // Beyond the learner's groups several origins are one.
        let groups = lines
            .iter()
            .map(|line| names.get(&line.group).copied().unwrap_or_default() % MAX_GROUPS)
            .collect();
        Ok(Self { lines, classes, groups, sha256: sha256(&bytes) })
    }

    fn group_count(&self) -> usize {
        self.groups.iter().max().map_or(0, |last| last + 1)
    }
}

fn model(analyzer: &Analyzer, task: Task, texts: &Texts, about: Map<String, Value>) -> (Vec<u8>, Value) {
    let examples: Vec<Example<'_>> = texts
        .lines
        .iter()
        .zip(texts.classes.iter().zip(&texts.groups))
        .map(|(line, (class, group))| Example {
            text: &line.text,
            class: *class,
            group: *group,
            judged: line.judged,
        })
        .collect();
    let learner = Learner::new(analyzer, task, &examples);
    // Models that this program packs can be read by it.
    let held_out = learner.held_out().unwrap_or_else(|_| vec![None; examples.len()]);
    let bytes = learner.finish(&learner.calibration(&held_out, None));
    let figures: Map<String, Value> = learner
        .figures(&held_out)
        .into_iter()
        .map(|(name, value)| (name.to_owned(), number(value)))
        .collect();
    let mut card = json!({
        "task": task.name(),
        "answers": task.answers(),
        "method": format!(
            "{} on hashed features; places, names of storms, hashtags, handles, addresses and numbers masked",
            method(&task.settings())
        ),
        "settings": settings(&task.settings()),
        "texts_sha256": texts.sha256,
        "groups": texts.group_count(),
        "figures_held_out": figures,
        "bytes": bytes.len(),
        "sha256": sha256(&bytes),
    });
    if let Some(card) = card.as_object_mut() {
        card.extend(about);
    }
    (bytes, card)
}

/// What else a card says: where the texts are from, how they are split, licence, limits.
fn about(file: &Path) -> anyhow::Result<Map<String, Value>> {
    if !file.is_file() {
        return Ok(Map::new());
    }
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let about: Map<String, Value> =
        serde_json::from_str(&text).with_context(|| format!("{} is no JSON object", file.display()))?;
    let known = ["data", "split", "limits", "licence"];
    if let Some(odd) = about.keys().find(|name| !known.contains(&name.as_str())) {
        bail!("{}: {odd:?} is none of {}", file.display(), known.join(", "));
    }
    Ok(about)
}

fn settings(settings: &Settings) -> Value {
    let mut out = json!({
        "min_texts": settings.min_texts,
        "min_groups": settings.min_groups,
        "balance": settings.balance,
        "seed": settings.seed,
    });
    match settings.method {
        Method::Odds => {
            out["l2"] = settings.l2.into();
            out["rate"] = format!("{}", settings.rate).into();
            out["passes"] = settings.passes.into();
        }
        Method::Margins { plain, counted } => {
            out["cost_plain"] = plain.into();
            out["cost_counted"] = counted.into();
        }
    }
    out
}

fn method(settings: &Settings) -> &'static str {
    match settings.method {
        Method::Odds => "multinomial logistic regression",
        Method::Margins { .. } => {
            "support vector machines of each class against the others, plain and with naive Bayes ratios, summed,"
        }
    }
}

/// Counts as whole numbers.
fn number(value: f64) -> Value {
    if value.fract() == 0.0 && value.abs() > 1.0 { (value as i64).into() } else { value.into() }
}

fn in_words(figures: &Value) -> String {
    let each = |(name, value): (&String, &Value)| format!("{} {value}", name.replace('_', " "));
    figures
        .as_object()
        .map(|figures| figures.iter().map(each).collect::<Vec<_>>().join(", "))
        .unwrap_or_default()
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn write(file: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(file, bytes).with_context(|| format!("cannot write {}", file.display()))
}
