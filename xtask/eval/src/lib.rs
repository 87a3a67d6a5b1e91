//! The measures of `cargo xtask eval`: what the analysis gets right on labelled data it has not seen, beside floors.
//! One module per group of measures; each leaves whole events (or the official split) out.

pub mod claims;
pub mod classes;
pub mod crisis;
pub mod data;
pub mod duplicates;
pub mod evidence;
pub mod language;
pub mod news;
pub mod places;
pub mod veracity;

/// One measure.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Row {
    /// Its name, as the field of the JSON output.
    pub measure: &'static str,
    /// What was measured.
    pub value: f64,
    /// What it has to reach.
    pub must: Option<f64>,
    /// What we want it to reach.
    pub aim: Option<f64>,
    /// What simple methods reach on the same texts.
    pub floors: Vec<(&'static str, f64)>,
    /// Over how many texts.
    pub n: usize,
    /// Whether more is better.
    pub higher_is_better: bool,
    /// What belongs beside the figure.
    pub note: String,
}

impl Row {
    /// Whether it falls short of what it has to reach.
    #[must_use]
    pub fn misses(&self) -> bool {
        self.must
            .is_some_and(|must| if self.higher_is_better { self.value < must } else { self.value > must })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_measure_misses_on_the_side_that_is_worse() {
        let row = |value, higher_is_better| Row {
            measure: "m",
            value,
            must: Some(0.5),
            aim: None,
            floors: Vec::new(),
            n: 1,
            higher_is_better,
            note: String::new(),
        };
        assert!(row(0.4, true).misses() && !row(0.6, true).misses());
        assert!(row(0.6, false).misses() && !row(0.4, false).misses());
        assert!(!Row { must: None, ..row(0.0, true) }.misses());
    }
}
