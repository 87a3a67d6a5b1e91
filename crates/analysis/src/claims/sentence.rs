//! Sentences of a cleaned text: the bounds of UAX #29, put right at abbreviations and initials, and cut where nothing ends them.
//!
//! UAX #29 knows the full stops of all scripts (danda, ideographic stop, Arabic and Urdu marks), keeps decimals whole, goes on before
//! small letters and ends at line breaks.

use unicode_segmentation::UnicodeSegmentation;

/// Most sentences of one text.
const MAX_SENTENCES: usize = 64;
/// Longest sentence in bytes; a longer one is cut between words.
const MAX_BYTES: usize = 600;
/// Abbreviations behind whose stop a sentence goes on.
const ABBREVIATIONS: [&str; 45] = [
    "dr", "mr", "mrs", "ms", "st", "no", "nr", "vs", "approx", "ca", "gen", "col", "lt", "capt", "sgt",
    "gov", "sen", "rep", "rev", "prof", "mt", "ft", "jan", "feb", "mar", "apr", "aug", "sept", "oct", "nov",
    "dec", "sra", "sr", "dra", "av", "rs", "inc", "etc", "bzw", "z.b", "m.a", "str", "mio", "mrd", "mln",
];

/// The sentences of `text` as ranges of its bytes, without white space around them.
pub(crate) fn split(text: &str) -> Vec<(usize, usize)> {
    let mut sentences = Vec::new();
    let mut open: Option<usize> = None;
    for (start, piece) in text.split_sentence_bound_indices() {
        let end = start + piece.len();
        let from = *open.get_or_insert(start);
        if goes_on(&text[from..end], &text[end..]) && end - from < MAX_BYTES {
            continue;
        }
        open = None;
        let mut from = from;
        for at in before_figures(text, from, end) {
            cut(text, from, at, &mut sentences);
            from = at;
        }
        cut(text, from, end, &mut sentences);
        if sentences.len() >= MAX_SENTENCES {
            break;
        }
    }
    if let Some(from) = open {
        cut(text, from, text.len(), &mut sentences);
    }
    sentences.truncate(MAX_SENTENCES);
    sentences
}

/// Where a sentence begins with figures within `from..to`: UAX #29 goes on there, because of the small letters behind them.
fn before_figures(text: &str, from: usize, to: usize) -> Vec<usize> {
    let starts = text[from..to].match_indices(". ").map(|(at, stop)| from + at + stop.len());
    starts
        .filter(|at| {
            let figures = text[*at..to].starts_with(|char: char| char.is_ascii_digit());
            figures && !goes_on(&text[from..*at], &text[*at..to])
        })
        .take(MAX_SENTENCES)
        .collect()
}

/// Whether the stop at the end of `sentence` is that of an abbreviation, an initial or a number, or an address goes on behind it.
fn goes_on(sentence: &str, rest: &str) -> bool {
    if rest.is_empty() || sentence.ends_with('\n') {
        return false;
    }
    if !sentence.ends_with(char::is_whitespace) && rest.starts_with(|char: char| char.is_ascii_alphanumeric())
    {
        return sentence.rsplit(char::is_whitespace).next().is_some_and(|word| word.contains("://"));
    }
    let Some(body) = sentence.trim_end().strip_suffix('.') else { return false };
    let word = body.rsplit(char::is_whitespace).next().unwrap_or_default();
    let letters = word.trim_start_matches(['(', '"', '\'', '“']);
    let initial = letters.chars().count() == 1 && letters.starts_with(char::is_uppercase);
    let dotted = letters.len() >= 3
        && letters.split('.').all(|part| part.chars().count() == 1 && part.starts_with(char::is_alphabetic));
    // "No. 12", "am 3. Mai": the number goes with the word before or behind it.
    let ordinal = letters.len() <= 2
        && !letters.is_empty()
        && letters.bytes().all(|byte| byte.is_ascii_digit())
        && rest.trim_start().chars().next().is_some_and(char::is_uppercase)
        && sentence.len() < 40;
    initial || dotted || ordinal || ABBREVIATIONS.contains(&letters.to_lowercase().as_str())
}

fn cut(text: &str, from: usize, to: usize, sentences: &mut Vec<(usize, usize)>) {
    let mut from = from;
    while from < to && sentences.len() < MAX_SENTENCES {
        let rest = &text[from..to];
        let mut end = to;
        if rest.len() > MAX_BYTES {
            let part = crate::text::clean::cut(rest, MAX_BYTES);
            end = from + part.rfind(char::is_whitespace).filter(|at| *at > 0).unwrap_or(part.len());
        }
        let piece = &text[from..end];
        let start = from + (piece.len() - piece.trim_start().len());
        let trimmed = piece.trim();
        if trimmed.chars().any(char::is_alphanumeric) {
            sentences.push((start, start + trimmed.len()));
        }
        from = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn sentences_end_at_the_stops_of_every_script_and_at_line_breaks() {
        assert_eq!(read("It fell. 12 died! Why? Yes"), ["It fell.", "12 died!", "Why?", "Yes"]);
        assert_eq!(read("पुल गिरा। 5 लोग लापता।"), ["पुल गिरा।", "5 लोग लापता।"]);
        assert_eq!(read("سڑک بند ہے۔ پل بند ہے۔").len(), 2);
        assert_eq!(read("هل هذا صحيح؟ نعم.").len(), 2);
        assert_eq!(read("橋が閉鎖。学校も閉鎖。").len(), 2);
        assert_eq!(read("Road closed\n#flood").len(), 2);
    }

    #[test]
    fn abbreviations_initials_decimals_and_addresses_end_nothing() {
        for text in [
            "Dr. Smith says 2.5 million are safe.",
            "The U.S. Army sent J. Doe there.",
            "See http://a.example/b.c?d=1. for more",
            "No. 12 burned down.",
            "About approx. 5 dead.",
        ] {
            assert_eq!(read(text), [text], "{text}");
        }
        assert_eq!(read("Wait... what? Run…").len(), 2);
    }

    #[test]
    fn a_text_without_stops_is_cut_between_words_and_the_work_is_bounded() {
        let text = "word ".repeat(4_000);
        let found = read(&text);
        assert!(found.len() <= MAX_SENTENCES && found.iter().all(|one| one.len() <= MAX_BYTES));
        assert!(found.iter().all(|one| one.starts_with("word") && one.ends_with("word")));
        assert!(split(&"é".repeat(3_000)).iter().all(|(from, to)| to - from <= MAX_BYTES));
        assert_eq!(split(&"a. B ".repeat(10_000)).len(), MAX_SENTENCES);
        assert!(split("🔥🔥🔥 ... !!!").is_empty());
    }
}
