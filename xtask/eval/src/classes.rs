//! Measures of the linear models: humanitarian class, hazard, relevance, check-worthiness. The first three leave each
//! event out in turn; check-worthiness is judged on the official development split. Floors are measured in the same run.

mod data;
pub mod export;
mod floor;

use std::path::Path;

use crisislens_analysis::Analyzer;
use crisislens_analysis::classes::score::{self, Answers, BINS};
use crisislens_analysis::classes::train::{Example, HeldOut, Learner};
use crisislens_analysis::classes::{Task, named_hazard};
use crisislens_analysis::linear::Model;
use crisislens_analysis::linear::calibrate::calibration_error;
use crisislens_model::HazardType;

use crate::Row;
use crate::data::post;
use data::Labelled;

/// How far check-worthiness has to be above the floor.
const ABOVE_FLOOR: f64 = 0.05;

/// The labelled rows of a task, with what the models say of them when their event is left out.
struct Judged {
    rows: Vec<Labelled>,
    groups: Vec<usize>,
    learner: Learner,
    held_out: HeldOut,
}

/// All measures of this module, over the folder of labelled sets.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let analyzer = Analyzer::new()?;
    let mut out = vec![humanitarian(&analyzer, data)?, hazard(&analyzer, data)?, relevance(&analyzer, data)?];
    out.extend(checkworthiness(&analyzer, data)?);
    Ok(out)
}

fn humanitarian(analyzer: &Analyzer, data: &Path) -> anyhow::Result<Row> {
    let task = Task::Humanitarian;
    let judged = Judged::new(analyzer, data, task)?;
    let answers = judged.learner.answers(&judged.held_out);
    let plain = floor::held_out(&judged.rows, &judged.groups, task)?;
    Ok(Row {
        measure: "humanitarian_macro_f1",
        value: answers.macro_f1(),
        must: Some(0.83),
        aim: Some(0.86),
        floors: vec![
            ("majority", answers.of_majority().macro_f1()),
            ("plain TF-IDF, nothing masked", plain.macro_f1()),
        ],
        n: answers.len(),
        higher_is_better: true,
        note: answers.note(task),
    })
}

/// As the product does it: the lexicon, and where it is silent the model.
fn hazard(analyzer: &Analyzer, data: &Path) -> anyhow::Result<Row> {
    let task = Task::Hazard;
    let judged = Judged::new(analyzer, data, task)?;
    let place = |kind: HazardType| task.answers().iter().position(|answer| *answer == kind.as_str());
    let none = place(HazardType::None).unwrap_or_default();
    // A kind that is none of the eight is wrong whatever the gold says.
    let other = task.answers().len();
    let lexicon: Vec<Option<usize>> = judged
        .rows
        .iter()
        .map(|row| {
            let kind = analyzer.lexicon_hazard(&post(&row.text)).kind;
            kind.is_some().then(|| place(kind).unwrap_or(other))
        })
        .collect();
    let linear = judged.learner.answers(&judged.held_out);
    let mut alone = Answers::new(task);
    let mut both = Answers::new(task);
    for (at, probabilities) in judged.learner.probabilities(&judged.held_out) {
        let gold = task.classes()[judged.rows[at].class];
        let model = || named_hazard(&probabilities).and_then(place).unwrap_or(none);
        alone.add(gold, lexicon[at].unwrap_or(none), 1.0);
        both.add(gold, lexicon[at].unwrap_or_else(model), 1.0);
    }
    let plain = floor::held_out(&judged.rows, &judged.groups, task)?;
    Ok(Row {
        measure: "hazard_macro_f1",
        value: both.macro_f1(),
        must: Some(0.74),
        aim: Some(0.82),
        floors: vec![
            ("majority", both.of_majority().macro_f1()),
            ("plain TF-IDF, nothing masked", plain.macro_f1()),
            ("linear model alone", linear.macro_f1()),
            ("lexicon alone", alone.macro_f1()),
        ],
        n: both.len(),
        higher_is_better: true,
        note: both.classes_note(task),
    })
}

fn relevance(analyzer: &Analyzer, data: &Path) -> anyhow::Result<Row> {
    let task = Task::Relevance;
    let judged = Judged::new(analyzer, data, task)?;
    let answers = judged.learner.answers(&judged.held_out);
    let plain = floor::held_out(&judged.rows, &judged.groups, task)?;
    Ok(Row {
        measure: "informative_accuracy",
        value: answers.accuracy(),
        must: Some(0.79),
        aim: Some(0.83),
        floors: vec![
            ("majority", answers.of_majority().accuracy()),
            ("plain TF-IDF, nothing masked", plain.accuracy()),
        ],
        n: answers.len(),
        higher_is_better: true,
        note: answers.note(task),
    })
}

fn checkworthiness(analyzer: &Analyzer, data: &Path) -> anyhow::Result<Vec<Row>> {
    let task = Task::CheckWorthiness;
    let judged = Judged::new(analyzer, data, task)?;
    let threshold = judged.learner.threshold(&judged.held_out);
    let bytes = judged.learner.finish(&judged.learner.calibration(&judged.held_out, None));
    let model = Model::read(&bytes)?;
    let dev = data::checkworthy_dev(data)?;
    let mut answers = Answers::new(task);
    let (mut sure, mut right) = (Vec::new(), Vec::new());
    for row in &dev {
        let says = model.probabilities(&analyzer.features(&row.text, task))[1];
        answers.add(row.class, usize::from(says >= threshold), says.max(1.0 - says));
        sure.push(says);
        right.push(row.class == 1);
    }
    let plain = floor::on(&judged.rows, &dev)?;
    let floor = plain.f1(1);
    let f1 = Row {
        measure: "checkworthy_f1",
        value: answers.f1(1),
        must: Some(floor + ABOVE_FLOOR),
        aim: Some(0.80),
        floors: vec![("always yes", answers.always(1).f1(1)), ("plain TF-IDF", floor)],
        n: dev.len(),
        higher_is_better: true,
        note: format!("yes from {threshold:.3}, chosen on held-out parts of the training split"),
    };
    let base = right.iter().filter(|right| **right).count() as f64 / right.len().max(1) as f64;
    let ece = Row {
        measure: "checkworthy_ece",
        value: calibration_error(&sure, &right, BINS),
        must: Some(0.03),
        aim: None,
        floors: vec![("always one half", (base - 0.5).abs())],
        n: dev.len(),
        higher_is_better: false,
        note: format!("{BINS} bins of equal width; {}", score::interval(&sure, &right)),
    };
    Ok(vec![f1, ece])
}

impl Judged {
    fn new(analyzer: &Analyzer, data: &Path, task: Task) -> anyhow::Result<Self> {
        let rows = data::load(data, task)?;
        let groups = groups(&rows);
        let pairs = rows.iter().zip(&groups);
        let examples: Vec<Example<'_>> = pairs
            .map(|(row, group)| Example {
                text: &row.text,
                class: row.class,
                group: *group,
                judged: row.judged,
            })
            .collect();
        let learner = Learner::new(analyzer, task, &examples);
        let held_out = learner.held_out()?;
        Ok(Self { rows, groups, learner, held_out })
    }
}

/// A number for each row's group, in the order in which they come.
fn groups(rows: &[Labelled]) -> Vec<usize> {
    let mut names: Vec<&str> = Vec::new();
    let mut number = |name| {
        names.iter().position(|known| *known == name).unwrap_or_else(|| {
            names.push(name);
            names.len() - 1
        })
    };
    rows.iter().map(|row| number(row.group.as_str())).collect()
}
