//! What the rating of a published check says of the claim: true, false, misleading, or nothing where we do not know its words.
//! Each publisher has words of its own; `claim_rating.tsv` lists those in use, by language.

use std::collections::HashMap;
use std::sync::LazyLock;

use crisislens_model::{ClaimReview, Verdict};

/// Verdict, language and phrase, tab-separated.
const TABLE: &str = include_str!("claim_rating.tsv");
/// What stands after so many words explains the rating.
const MAX_WORDS: usize = 12;
/// The lowest and the highest quarter of a scale say false and true.
const QUARTER: f64 = 0.25;

/// The phrases, as words with single spaces.
static PHRASES: LazyLock<HashMap<String, Verdict>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    let read = |line: &str| {
        let mut cells = line.split('\t');
        let verdict = Verdict::parse(cells.next()?)?;
        Some((words(cells.nth(1)?).join(" "), verdict))
    };
    lines.filter_map(read).collect()
});

/// The verdict of `review`: by its words; only where it has none, by its place on a scale whose ends are stated.
pub(crate) fn verdict(review: &ClaimReview) -> Verdict {
    match &review.rating_text {
        Some(text) => of_words(text),
        None => of_scale(review).unwrap_or_default(),
    }
}

/// A phrase that is the whole rating decides; else the longest at its beginning; else those anywhere in its first words, where they
/// agree.
fn of_words(text: &str) -> Verdict {
    let mut words = words(text);
    words.truncate(MAX_WORDS);
    let mut found: Vec<Verdict> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        let longest = (at + 1..=words.len())
            .rev()
            .find_map(|end| PHRASES.get(&words[at..end].join(" ")).map(|verdict| (end, *verdict)));
        match longest {
            Some((_, verdict)) if at == 0 => return verdict,
            Some((end, verdict)) => {
                found.push(verdict);
                at = end;
            }
            None => at += 1,
        }
    }
    match found.as_slice() {
        [first, others @ ..] if others.iter().all(|other| other == first) => *first,
        _ => Verdict::None,
    }
}

fn of_scale(review: &ClaimReview) -> Option<Verdict> {
    let (worst, best) = (review.worst_rating?, review.best_rating?);
    let share = (review.rating_value? - worst) / (best - worst);
    (best > worst && (0.0..=1.0).contains(&share)).then_some(if share <= QUARTER {
        Verdict::False
    } else if share >= 1.0 - QUARTER {
        Verdict::True
    } else {
        Verdict::Misleading
    })
}

fn words(text: &str) -> Vec<String> {
    let apart = |letter: char| !letter.is_alphanumeric() && !is_mark(letter);
    text.to_lowercase().split(apart).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// Vowel signs and viramas of Indic scripts belong to their words.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{0900}'..='\u{0dff}' | '\u{0e00}'..='\u{0eff}' | '\u{0300}'..='\u{036f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rated(text: &str) -> Verdict {
        verdict(&ClaimReview { rating_text: Some(text.to_owned()), ..ClaimReview::default() })
    }

    #[test]
    fn ratings_in_many_languages_are_understood() {
        for (text, wanted) in [
            ("False", Verdict::False),
            ("PANTS ON FIRE!", Verdict::False),
            ("Mostly True", Verdict::True),
            ("not true", Verdict::False),
            ("Half-True", Verdict::Misleading),
            ("Missing Context", Verdict::Misleading),
            ("True, but misleading", Verdict::Misleading),
            ("False. The true figure is lower.", Verdict::False),
            ("This is false", Verdict::False),
            ("Falso", Verdict::False),
            ("Engañoso", Verdict::Misleading),
            ("FAUX", Verdict::False),
            ("Falsch", Verdict::False),
            ("größtenteils richtig", Verdict::True),
            ("झूठ", Verdict::False),
            ("भ्रामक", Verdict::Misleading),
            ("مضلل", Verdict::Misleading),
            ("Yanlış", Verdict::False),
            ("Неправда", Verdict::False),
        ] {
            assert_eq!(rated(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_says_nothing() {
        for text in ["", "Four Pinocchios", "Unproven", "Our ruling", "is it true or false", "truest"] {
            assert_eq!(rated(text), Verdict::None, "{text}");
        }
    }

    #[test]
    fn a_scale_counts_only_where_its_ends_are_stated_and_there_are_no_words() {
        let scale = |value, worst, best| ClaimReview {
            rating_value: Some(value),
            worst_rating: worst,
            best_rating: best,
            ..ClaimReview::default()
        };
        assert_eq!(verdict(&scale(1.0, Some(1.0), Some(5.0))), Verdict::False);
        assert_eq!(verdict(&scale(3.0, Some(1.0), Some(5.0))), Verdict::Misleading);
        assert_eq!(verdict(&scale(5.0, Some(1.0), Some(5.0))), Verdict::True);
        for unknown in
            [scale(1.0, None, Some(5.0)), scale(9.0, Some(1.0), Some(5.0)), scale(1.0, Some(1.0), Some(1.0))]
        {
            assert_eq!(verdict(&unknown), Verdict::None);
        }
        let worded =
            ClaimReview { rating_text: Some("Unproven".to_owned()), ..scale(1.0, Some(1.0), Some(5.0)) };
        assert_eq!(verdict(&worded), Verdict::None);
    }

    #[test]
    fn every_line_of_the_table_is_read_and_no_phrase_says_two_things() {
        let lines: Vec<&str> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(PHRASES.len(), lines.len());
        assert!(lines.iter().all(|line| line.split('\t').count() == 3));
    }
}
