//! `crisislens-eval`: measures the analysis on labelled data; fails where a figure misses what it must reach.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use crisislens_eval::{Row, duplicates};

/// Measures the analysis on labelled data.
#[derive(Parser)]
struct Arguments {
    /// Folder of the labelled sets
    #[arg(long)]
    data: PathBuf,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let groups = [duplicates::run];
    let mut has_missed = false;
    for group in groups {
        for row in group(&arguments.data)? {
            has_missed |= row.misses();
            println!("{}", if arguments.json { in_json(&row) } else { in_words(&row) });
        }
    }
    Ok(if has_missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn in_json(row: &Row) -> String {
    let floors: serde_json::Map<String, serde_json::Value> =
        row.floors.iter().map(|(name, value)| ((*name).to_owned(), (*value).into())).collect();
    serde_json::json!({
        "measure": row.measure, "value": row.value, "must": row.must, "aim": row.aim, "floors": floors, "n": row.n,
        "higher_is_better": row.higher_is_better, "misses": row.misses(), "note": row.note,
    })
    .to_string()
}

fn in_words(row: &Row) -> String {
    let goal =
        |name: &str, goal: Option<f64>| goal.map_or_else(String::new, |goal| format!("  {name} {goal}"));
    let floors: String = row.floors.iter().map(|(name, value)| format!("  {name} {value:.4}")).collect();
    let verdict = if row.misses() { "  MISSED" } else { "" };
    format!(
        "{:<34} {:>9.5}{}{}{floors}  n {}{verdict}\n    {}",
        row.measure,
        row.value,
        goal("must", row.must),
        goal("aim", row.aim),
        row.n,
        row.note
    )
}
