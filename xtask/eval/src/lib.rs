//! Measures of the analysis on labelled data that is not in the repository; each group of measures in a module of its own.

pub mod duplicates;

/// One measured figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// What was measured.
    pub measure: &'static str,
    /// The figure.
    pub value: f64,
    /// What it must reach.
    pub must: Option<f64>,
    /// What it is to reach.
    pub aim: Option<f64>,
    /// What simple methods reach, by their names.
    pub floors: Vec<(&'static str, f64)>,
    /// How many cases were judged.
    pub n: usize,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Splits, parts and limits, for a person.
    pub note: String,
}

impl Row {
    /// Whether the figure misses what it must reach.
    #[must_use]
    pub fn misses(&self) -> bool {
        self.must.is_some_and(
            |must| {
                if self.higher_is_better { self.value < must } else { self.value > must }
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_misses_on_the_wrong_side_of_what_it_must_reach() {
        let row = |value, higher_is_better| Row {
            measure: "x",
            value,
            must: Some(0.5),
            aim: None,
            floors: Vec::new(),
            n: 1,
            higher_is_better,
            note: String::new(),
        };
        assert!(row(0.4, true).misses() && row(0.6, false).misses());
        assert!(!row(0.5, true).misses() && !row(0.5, false).misses());
        assert!(!Row { must: None, ..row(0.0, true) }.misses());
    }
}
