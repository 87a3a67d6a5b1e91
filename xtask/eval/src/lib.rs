//! Measures of the analysis on labelled data that is not in the repository. One module a group of measures.

pub mod data;
pub mod language;
pub mod news;
pub mod places;

/// One measure.
#[derive(Debug, Clone)]
pub struct Row {
    /// Its name in `--json`.
    pub measure: &'static str,
    /// What was measured.
    pub value: f64,
    /// What it must reach; a miss fails the run.
    pub must: Option<f64>,
    /// What it should reach.
    pub aim: Option<f64>,
    /// Figures of simpler or other methods on the same task.
    pub floors: Vec<(&'static str, f64)>,
    /// Number of cases.
    pub n: usize,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// What a reader must know.
    pub note: String,
}
