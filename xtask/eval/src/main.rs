//! `crisislens-eval --data DIR [--json]`: prints every measure and ends with 1 where one misses what it must reach.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use crisislens_eval::{Row, language, places};

#[derive(Parser)]
#[command(about = "Measures the analysis on labelled data.")]
struct Options {
    /// The folder of labelled sets.
    #[arg(long)]
    data: PathBuf,
    /// Print one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

fn main() -> anyhow::Result<ExitCode> {
    let options = Options::parse();
    let modules = [language::run, places::run];
    let mut rows = Vec::new();
    for run in modules {
        rows.extend(run(&options.data)?);
    }
    if options.json {
        let values: serde_json::Map<String, serde_json::Value> =
            rows.iter().map(|row| (row.measure.to_owned(), row.value.into())).collect();
        println!("{}", serde_json::Value::Object(values));
    } else {
        rows.iter().for_each(print);
    }
    let missed = rows.iter().filter(|row| is_missed(row)).count();
    Ok(if missed > 0 { ExitCode::from(1) } else { ExitCode::SUCCESS })
}

fn is_missed(row: &Row) -> bool {
    row.must.is_some_and(|must| if row.higher_is_better { row.value < must } else { row.value > must })
}

fn print(row: &Row) {
    let limit = |limit: Option<f64>| limit.map_or_else(|| "-".to_owned(), |limit| format!("{limit:.3}"));
    let floors: Vec<String> = row.floors.iter().map(|(name, value)| format!("{name} {value:.3}")).collect();
    println!(
        "{:<28} {:.4} must {} aim {} n {}{} [{}] {}",
        row.measure,
        row.value,
        limit(row.must),
        limit(row.aim),
        row.n,
        if is_missed(row) { " MISSED" } else { "" },
        floors.join("; "),
        row.note
    );
}
