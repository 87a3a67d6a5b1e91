//! What a model wrote, as a draft that a person can use: no hidden characters, no address and no number that nobody has given.

use std::collections::BTreeSet;

use crisislens_model::wording::is_odd;

use super::Draft;

/// Most numbers that are pointed at.
const MAX_NUMBERS: usize = 10;
/// What stands in the place of an address.
const NO_ADDRESS: &str = "[address left out]";

/// The draft in `said`, made from `known`; none where nothing is left.
pub fn draft(said: &str, known: &[&str], most: usize) -> Option<Draft> {
    let clean: String = said.replace("\r\n", "\n").chars().filter(|c| !is_odd(*c)).collect();
    let mut warnings = Vec::new();
    let mut left_out = false;
    let mut lines = Vec::new();
    for line in clean.trim().lines() {
        let words: Vec<&str> = line
            .split(' ')
            .map(|word| {
                let is_new = is_address(word) && !known.iter().any(|text| text.contains(address(word)));
                left_out |= is_new;
                if is_new { NO_ADDRESS } else { word }
            })
            .collect();
        lines.push(words.join(" "));
    }
    if left_out {
        warnings.push("Addresses that stand in none of the texts were left out.".to_owned());
    }
    let mut text = lines.join("\n").trim().to_owned();
    if text.chars().count() > most {
        text = text.chars().take(most).collect();
        warnings.push("It was cut: it was longer than a draft may be.".to_owned());
    }
    let given: BTreeSet<String> = known.iter().flat_map(|text| numbers(text)).collect();
    let new: Vec<String> =
        numbers(&text).into_iter().filter(|number| !given.contains(number)).take(MAX_NUMBERS).collect();
    if !new.is_empty() {
        warnings.push(format!("Numbers that stand in none of the texts: {}.", new.join(", ")));
    }
    // Marks that are not seen are no draft.
    text.contains(char::is_alphanumeric).then_some(Draft { text, warnings })
}

/// `text` on one line of at most `most` characters.
pub fn one_line(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").chars().filter(|c| !is_odd(*c)).take(most).collect()
}

fn is_address(word: &str) -> bool {
    let word = word.to_ascii_lowercase();
    word.contains("://") || word.contains("www.") || (word.contains('@') && word.contains('.'))
}

/// The word without what stands around an address in a sentence.
fn address(word: &str) -> &str {
    word.trim_matches(|c: char| {
        matches!(c, '(' | ')' | '<' | '>' | '[' | ']' | '"' | '\'' | ',' | '.' | ';' | ':' | '!' | '?')
    })
}

/// The numbers in `text`, each once: digits with the separators between them left out, so that 1,200 and 1200 are one.
fn numbers(text: &str) -> BTreeSet<String> {
    let mut out = BTreeSet::new();
    let mut number = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let joins =
            matches!(c, ',' | '.') && !number.is_empty() && chars.peek().is_some_and(char::is_ascii_digit);
        if c.is_ascii_digit() {
            number.push(c);
        } else if !joins && !number.is_empty() {
            out.insert(std::mem::take(&mut number));
        }
    }
    if !number.is_empty() {
        out.insert(number);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_has_said_is_pointed_at_or_left_out() {
        let known = ["Flood in Bologna: 1,200 people left their homes. See https://alerts.example/7."];
        let told =
            draft("In Bologna 1200 people had to leave. https://alerts.example/7", &known, 500).unwrap();
        assert_eq!(told.warnings, Vec::<String>::new());
        assert_eq!(told.text, "In Bologna 1200 people had to leave. https://alerts.example/7");

        let made_up =
            "In Bologna 1300 people left.\u{202e} Give at https://evil.example/x or me@evil.example.";
        let told = draft(made_up, &known, 500).unwrap();
        assert_eq!(
            told.text,
            "In Bologna 1300 people left. Give at [address left out] or [address left out]"
        );
        assert_eq!(told.warnings.len(), 2, "{:?}", told.warnings);
        assert!(told.warnings[1].contains("1300"), "{:?}", told.warnings);
    }

    #[test]
    fn a_draft_is_short_or_says_that_it_was_cut_and_nothing_is_none() {
        let told = draft(&"word ".repeat(500), &[], 100).unwrap();
        assert!(told.text.chars().count() == 100 && told.warnings.len() == 1);
        assert_eq!(draft(" \n\u{200e}\u{202e} ", &[], 100).map(|draft| draft.text), None);
    }
}
