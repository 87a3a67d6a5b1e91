//! Language: accuracy on words, pairs of words and sentences (langid-75), judged on lines that training did not see.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crisislens_analysis::language::train::Sample;
use crisislens_analysis::language::{Detector, EXPECTED};

use crate::Row;
use crate::data::{hash, text_of};

/// One line in so many is held out.
const HELD_OUT: u64 = 5;

/// Accuracy in per cent that lingua 1.x reports for itself and for whatlang on words, pairs and sentences, among 75
/// languages (pemistahl/lingua-rs, accuracy-reports/aggregated-accuracy-values.csv, high accuracy mode); not a
/// number where whatlang does not know the language.
const REPORTED: [(&str, [f64; 3], [f64; 3]); 22] = [
    ("ar", [94.0, 98.0, 99.0], [88.0, 92.0, 99.0]),
    ("bn", [100.0, 100.0, 100.0], [100.0, 100.0, 99.0]),
    ("de", [73.0, 94.0, 99.0], [44.0, 66.0, 98.0]),
    ("en", [54.0, 88.0, 99.0], [17.0, 35.0, 94.0]),
    ("es", [43.0, 68.0, 97.0], [18.0, 32.0, 91.0]),
    ("fr", [74.0, 94.0, 99.0], [35.0, 59.0, 97.0]),
    ("hi", [55.0, 60.0, 93.0], [54.0, 54.0, 96.0]),
    ("id", [38.0, 60.0, 82.0], [42.0, 69.0, 95.0]),
    ("it", [68.0, 91.0, 99.0], [25.0, 48.0, 96.0]),
    ("ja", [100.0, 100.0, 100.0], [98.0, 100.0, 100.0]),
    ("ko", [100.0, 100.0, 99.0], [100.0, 100.0, 99.0]),
    ("mr", [68.0, 82.0, 95.0], [59.0, 80.0, 94.0]),
    ("nl", [54.0, 80.0, 96.0], [22.0, 37.0, 82.0]),
    ("pt", [58.0, 85.0, 98.0], [30.0, 52.0, 97.0]),
    ("ru", [72.0, 93.0, 97.0], [51.0, 66.0, 84.0]),
    ("ta", [100.0, 100.0, 100.0], [100.0, 100.0, 100.0]),
    ("te", [100.0, 100.0, 100.0], [100.0, 100.0, 99.0]),
    ("tl", [51.0, 83.0, 98.0], [f64::NAN; 3]),
    ("tr", [82.0, 97.0, 99.0], [39.0, 59.0, 91.0]),
    ("uk", [82.0, 97.0, 94.0], [69.0, 88.0, 98.0]),
    ("ur", [75.0, 93.0, 97.0], [45.0, 63.0, 95.0]),
    ("zh", [100.0, 100.0, 100.0], [100.0, 100.0, 100.0]),
];

/// The labelled lines of one length.
#[derive(Debug, Default)]
pub struct Lines {
    /// Code and text.
    pub rows: Vec<(String, String)>,
}

/// Words, pairs and sentences; `held_out` chooses the side.
///
/// # Errors
/// When the files are missing.
pub fn lines(data: &Path, held_out: bool) -> anyhow::Result<[Lines; 3]> {
    let read = |name: &str| -> anyhow::Result<Lines> {
        let text = text_of(&data.join("langid-75").join(name))?;
        let rows = text
            .lines()
            .filter(|line| hash(line).is_multiple_of(HELD_OUT) == held_out)
            .filter_map(|line| line.split_once('\t'))
            .map(|(code, text)| (code.to_owned(), text.to_owned()))
            .collect();
        Ok(Lines { rows })
    };
    let (pairs, sentences) = (read("word-pairs.tsv.gz")?, read("sentences.tsv.gz")?);
    let words: BTreeSet<(String, String)> = pairs
        .rows
        .iter()
        .flat_map(|(code, pair)| pair.split_whitespace().map(|word| (code.clone(), word.to_owned())))
        .collect();
    Ok([Lines { rows: words.into_iter().collect() }, pairs, sentences])
}

/// What the model is trained on: words, pairs, sentences, and pieces of sentences of every length.
///
/// # Errors
/// When the files are missing.
pub fn samples(data: &Path) -> anyhow::Result<Vec<Sample>> {
    let [words, pairs, sentences] = lines(data, false)?;
    let mut texts: Vec<(String, String)> = Vec::new();
    for (code, sentence) in &sentences.rows {
        let split: Vec<&str> = sentence.split_whitespace().collect();
        let at = (hash(sentence) >> 8) as usize;
        for length in [1, 1, 2, 4] {
            let from = (at / length + length * 7) % split.len().max(1);
            texts.push((code.clone(), split[from..split.len().min(from + length)].join(" ")));
        }
    }
    texts.extend(words.rows);
    texts.extend(pairs.rows);
    texts.extend(sentences.rows);
    Ok(texts
        .into_iter()
        .filter_map(|(code, text)| Some(Sample { text, code: code.as_bytes().try_into().ok()? }))
        .collect())
}

/// Accuracy on words, pairs and sentences by language.
type ByLanguage = BTreeMap<String, [f64; 3]>;

/// Accuracy by language and length, and each confidence beside whether it was right.
fn accuracies(detector: &Detector, sides: &[Lines; 3], expected: &[&str]) -> (ByLanguage, Vec<(f64, bool)>) {
    let mut counts: BTreeMap<String, [(f64, f64); 3]> = BTreeMap::new();
    let mut said = Vec::new();
    for (length, lines) in sides.iter().enumerate() {
        for (code, text) in &lines.rows {
            let found = detector.read(text, expected);
            let right = found.code == *code;
            let count = &mut counts.entry(code.clone()).or_default()[length];
            count.0 += f64::from(u8::from(right));
            count.1 += 1.0;
            if found.code != "und" && EXPECTED.contains(&code.as_str()) {
                said.push((found.confidence, right));
            }
        }
    }
    let shares = |counts: [(f64, f64); 3]| counts.map(|(right, all)| right / all.max(1.0));
    (counts.into_iter().map(|(code, counts)| (code, shares(counts))).collect(), said)
}

fn mean<'a>(rows: impl Iterator<Item = &'a [f64; 3]>) -> f64 {
    let (sum, count) =
        rows.fold((0.0, 0.0), |(sum, count), row| (sum + row.iter().sum::<f64>() / 3.0, count + 1.0));
    sum / f64::max(count, 1.0)
}

/// Expected calibration error over ten equal steps of confidence (Guo et al. 2017).
fn calibration_error(said: &[(f64, bool)]) -> f64 {
    let mut steps = [(0.0, 0.0, 0.0); 10];
    for (confidence, right) in said {
        let step = &mut steps[((confidence * 10.0) as usize).min(9)];
        step.0 += confidence;
        step.1 += f64::from(u8::from(*right));
        step.2 += 1.0;
    }
    steps.iter().map(|(sum, right, _)| (sum - right).abs()).sum::<f64>() / said.len().max(1) as f64
}

/// The measures of language.
///
/// # Errors
/// When the files are missing.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let sides = lines(data, true)?;
    let detector = Detector::new()?;
    let (by_language, said) = accuracies(&detector, &sides, &EXPECTED);
    let expected = by_language.iter().filter(|(code, _)| EXPECTED.contains(&code.as_str()));
    let value = mean(expected.clone().map(|(_, row)| row));
    let known = |code: &str| by_language.contains_key(code);
    let lingua = mean(REPORTED.iter().filter(|row| known(row.0)).map(|row| &row.1)) / 100.0;
    let whatlang =
        mean(REPORTED.iter().filter(|row| known(row.0) && row.2[0].is_finite()).map(|row| &row.2)) / 100.0;
    let all = mean(accuracies(&detector, &sides, &[]).0.values());
    let worst: Vec<String> = expected
        .filter(|(_, row)| mean(std::iter::once(*row)) < 0.8)
        .map(|(code, row)| format!("{code} {:.2}/{:.2}/{:.2}", row[0], row[1], row[2]))
        .collect();
    let n = sides.iter().map(|lines| lines.rows.len()).sum();
    Ok(vec![
        Row {
            measure: "language_accuracy",
            value,
            must: Some(lingua),
            aim: None,
            floors: vec![("lingua's own report", lingua), ("whatlang in that report", whatlang)],
            n,
            higher_is_better: true,
            note: format!(
                "mean over the expected languages of words, pairs and sentences; under .8: {}",
                worst.join(", ")
            ),
        },
        Row {
            measure: "language_accuracy_all",
            value: all,
            must: None,
            aim: None,
            floors: vec![("lingua's own report, 75 languages", 0.864), ("whatlang, 54 languages", 0.745)],
            n,
            higher_is_better: true,
            note: format!("every language of the set ({}), none expected", by_language.len()),
        },
        Row {
            measure: "language_ece",
            value: calibration_error(&said),
            must: None,
            aim: Some(0.05),
            floors: Vec::new(),
            n: said.len(),
            higher_is_better: false,
            note: "expected calibration error of what is said of texts in the expected languages".to_owned(),
        },
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn confidence_that_keeps_its_word_has_no_calibration_error() {
        let said: Vec<(f64, bool)> = (0..10).map(|number| (0.7, number < 7)).collect();
        assert!(calibration_error(&said) < 1e-9);
        assert!((calibration_error(&[(0.95, false)]) - 0.95).abs() < 1e-9);
    }
}
