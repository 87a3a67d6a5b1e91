//! `crisislens-eval`: prints every measure with its floors, and ends with 1 where one misses what it has to reach.
//! `crisislens-eval export` writes the labelled sets as `crisislens train` reads them.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use crisislens_eval::{Row, claims, classes, crisis, duplicates, evidence, language, places, veracity};

/// Measures the analysis on labelled data.
#[derive(Debug, Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Arguments {
    /// The folder of labelled sets.
    #[arg(long)]
    data: Option<PathBuf>,
    /// One JSON object instead of a table.
    #[arg(long)]
    json: bool,
    /// Only this group: claims, classes, crisis, duplicates, evidence, language, places or veracity.
    #[arg(long)]
    only: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Writes the labelled sets of hazard, relevance, humanitarian class and check-worthiness as `crisislens train` reads them.
    Export {
        /// The folder of labelled sets.
        #[arg(long)]
        data: PathBuf,
        /// Where the files go.
        #[arg(long)]
        out: PathBuf,
    },
    /// Prints the weights of the likelihood, fitted on scripted crises: the same numbers each time.
    FitLikelihood,
    /// Trains the weights by which evidence is ranked: the same bytes each time.
    TrainEvidence {
        /// The folder of labelled sets.
        #[arg(long)]
        data: PathBuf,
        /// Where the model file and its card go.
        #[arg(long)]
        out: PathBuf,
    },
}

/// A name and what measures it.
type Group = (&'static str, fn(&Path) -> anyhow::Result<Vec<Row>>);

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    match arguments.command {
        Some(Command::Export { data, out }) => {
            classes::export::run(&data, &out)?;
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::FitLikelihood) => {
            println!("{:?}", crisis::fit::weights());
            return Ok(ExitCode::SUCCESS);
        }
        Some(Command::TrainEvidence { data, out }) => {
            evidence::train::run(&data, &out)?;
            return Ok(ExitCode::SUCCESS);
        }
        None => {}
    }
    let data =
        arguments.data.ok_or_else(|| anyhow::anyhow!("--data DIR says where the labelled sets are"))?;
    let groups: [Group; 8] = [
        ("claims", claims::run),
        ("classes", classes::run),
        ("crisis", crisis::run),
        ("duplicates", duplicates::run),
        ("evidence", evidence::run),
        ("language", language::run),
        ("places", places::run),
        ("veracity", veracity::run),
    ];
    let mut rows = Vec::new();
    for (name, group) in groups {
        if arguments.only.as_ref().is_none_or(|only| only == name) {
            rows.extend(group(&data)?);
        }
    }
    anyhow::ensure!(!rows.is_empty(), "--only names no group of measures");
    if arguments.json {
        println!("{}", json(&rows));
    } else {
        rows.iter().for_each(print);
    }
    Ok(if rows.iter().any(Row::misses) { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Every measure as a field, and all that is known of them in `rows`.
fn json(rows: &[Row]) -> serde_json::Value {
    let mut out = serde_json::Map::new();
    for row in rows {
        out.insert(row.measure.to_owned(), row.value.into());
    }
    out.insert("rows".to_owned(), serde_json::json!(rows));
    out.into()
}

fn print(row: &Row) {
    let goal = |goal: Option<f64>| goal.map_or("-".to_owned(), |goal| format!("{goal:.3}"));
    let verdict = if row.misses() { "MISSES" } else { "" };
    println!(
        "{:<24} {:.4}  must {}  aim {}  n {:<6} {verdict}",
        row.measure,
        row.value,
        goal(row.must),
        goal(row.aim),
        row.n
    );
    for (name, value) in &row.floors {
        println!("    floor {name}: {value:.4}");
    }
    if !row.note.is_empty() {
        println!("    {}", row.note);
    }
}
