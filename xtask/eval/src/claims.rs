//! Check-worthiness of posts: the model learnt on debates alone, and with the rules that claims add.

use std::path::Path;

use crisislens_analysis::Analyzer;
use crisislens_analysis::classes::Task;

use crate::Row;
use crate::data::{post as said, text_of};

/// The set of COVID-19 tweets of CheckThat! 2020 task 1.
const TWEETS: &str = "checkthat2020-t1-checkworthy-tweets/train.tsv";

/// The measures of claims.
///
/// # Errors
/// When the files are missing.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let analyzer = Analyzer::new()?;
    let text = text_of(&data.join(TWEETS))?;
    let (mut ruled, mut alone) = (Vec::new(), Vec::new());
    for (post, worthy) in text.lines().skip(1).filter_map(labelled) {
        let item = said(post);
        ruled.push((analyzer.sentence_worth(&item), worthy));
        alone.push((analyzer.classify(&item, Task::CheckWorthiness).probabilities[1], worthy));
    }
    let share = ruled.iter().filter(|(_, worthy)| *worthy).count() as f64 / ruled.len().max(1) as f64;
    Ok(vec![Row {
        measure: "checkworthy_tweets_ap",
        value: average_precision(ruled.clone()),
        must: None,
        aim: None,
        floors: vec![("chance", share), ("model alone, whole post", average_precision(alone))],
        n: ruled.len(),
        higher_is_better: true,
        note: "CheckThat! 2020 task 1, English posts, none of them trained on; the best sentence of a post counts"
            .to_owned(),
    }])
}

/// The text and whether it was found worth checking.
fn labelled(line: &str) -> Option<(&str, bool)> {
    let mut fields = line.split('\t');
    let text = fields.nth(3)?;
    Some((text, fields.next_back()?.trim() == "1"))
}

/// Mean precision at each hit, in falling order of the score; equal scores keep their order.
fn average_precision(mut scored: Vec<(f64, bool)>) -> f64 {
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut hits, mut sum) = (0.0, 0.0);
    for (at, _) in scored.iter().enumerate().filter(|(_, (_, worthy))| *worthy) {
        hits += 1.0;
        sum += hits / (at as f64 + 1.0);
    }
    if hits == 0.0 { 0.0 } else { sum / hits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn average_precision_is_that_of_the_textbook() {
        let found = average_precision(vec![(0.9, true), (0.8, false), (0.7, true)]);
        assert!((found - (1.0 + 2.0 / 3.0) / 2.0).abs() < 1e-9);
        assert!(average_precision(vec![(0.5, false)]).abs() < 1e-9);
    }

    #[test]
    fn rules_rank_posts_no_worse_than_the_model_alone() {
        let Some(folder) = std::env::var_os("CRISISLENS_DATA").map(std::path::PathBuf::from) else {
            println!("skipped: CRISISLENS_DATA does not say where the labelled sets are");
            return;
        };
        let folders = [folder.clone(), folder.join("labelled")];
        let Some(data) = folders.iter().find(|data| data.join(TWEETS).exists()) else {
            println!("skipped: {TWEETS} is not there");
            return;
        };
        let row = run(data).unwrap().remove(0);
        println!("{} {:.3}, floors {:?}, n {}", row.measure, row.value, row.floors, row.n);
        assert!(row.value >= row.floors[1].1, "{row:?}");
    }

    #[test]
    fn the_last_column_is_the_label() {
        assert_eq!(labelled("t\t1\tu\tsome text\t1\t0"), Some(("some text", false)));
        assert_eq!(labelled("t\t1"), None);
    }
}
