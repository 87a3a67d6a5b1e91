//! What a word is, for texts and queries alike and in every script; not what a query means.
//!
//! Texts are folded first: Unicode compatibility form, lower case, no accents (Arabic and Hebrew vowel points and
//! hamza included), ASCII digits. Scripts that write no spaces between words (Chinese, Japanese, Thai, …) and Korean,
//! which glues particles to words, become one word per character; a run of them in a query is then looked for as a
//! phrase, which finds it anywhere inside a longer run. There is no stemming.

use std::ops::Range;

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::{canonical_combining_class, is_combining_mark};

/// Of each text of an item, so many bytes are searched.
pub const MAX_TEXT_BYTES: usize = 256 * 1024;
/// Longer runs of letters are cut into words of this many characters.
pub const MAX_WORD_CHARS: usize = 64;

/// What of `text` is searched: at most [`MAX_TEXT_BYTES`].
#[must_use]
pub fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(MAX_TEXT_BYTES)]
}

/// The words of `text`, folded, in order.
#[must_use]
pub fn words(text: &str) -> Vec<String> {
    let mut folded = String::with_capacity(text.len());
    fold(text, &mut folded);
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(word) = next_word(&folded, from) {
        from = word.end;
        found.push(folded[word].to_owned());
    }
    found
}

/// Whether `word` is of a script that writes a space or a mark between words, so that its beginning is a prefix.
#[must_use]
pub fn is_spaced(word: &str) -> bool {
    !word.chars().next().is_some_and(stands_alone)
}

/// Appends `text` to `folded` in the form in which words are compared.
pub fn fold(text: &str, folded: &mut String) {
    if text.is_ascii() {
        folded.extend(text.chars().map(|letter| letter.to_ascii_lowercase()));
        return;
    }
    let bare = text.nfkd().filter(|letter| !is_dropped(*letter)).flat_map(char::to_lowercase);
    for letter in bare.nfc() {
        push_plain(letter, folded);
    }
}

/// Where the next word of a folded text begins and ends, at or after byte `from`.
#[must_use]
pub fn next_word(folded: &str, from: usize) -> Option<Range<usize>> {
    let rest = folded.get(from..)?;
    let mut letters = rest.char_indices().skip_while(|(_, letter)| !begins_word(*letter));
    let (start, first) = letters.next()?;
    let alone = stands_alone(first);
    let end = letters
        .zip(1..)
        .find(|((_, letter), count)| !continues_word(*letter, alone) || *count >= MAX_WORD_CHARS)
        .map_or(rest.len(), |((at, _), _)| at);
    Some(from + start..from + end)
}

fn begins_word(letter: char) -> bool {
    letter.is_alphanumeric() || stands_alone(letter)
}

fn continues_word(letter: char, alone: bool) -> bool {
    is_combining_mark(letter) || (!alone && letter.is_alphanumeric() && !stands_alone(letter))
}

/// Letters that are words by themselves: of scripts without spaces, Korean syllables, and pictograms.
fn stands_alone(letter: char) -> bool {
    matches!(
        u32::from(letter),
        0x0E00..=0x0EFF // Thai, Lao
        | 0x1000..=0x109F // Myanmar
        | 0x1780..=0x17FF // Khmer
        | 0x2600..=0x27BF // symbols
        | 0x3005..=0x3007 // 々, 〇
        | 0x3040..=0x30FF | 0x31F0..=0x31FF // kana
        | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF // Han
        | 0xAC00..=0xD7A3 // Hangul
        | 0x1F000..=0x1FAFF // pictograms
    ) && (letter.is_alphanumeric()
        || u32::from(letter) >= 0x1F000
        || (0x2600..=0x27BF).contains(&u32::from(letter)))
}

/// Marks and invisible characters that do not tell words apart.
fn is_dropped(letter: char) -> bool {
    if letter.is_ascii() {
        return false;
    }
    let invisible = matches!(
        u32::from(letter),
        0x00AD | 0x0640 | 0x200B..=0x200F | 0x2060 | 0xFE00..=0xFE0F | 0xFEFF | 0x20D0..=0x20FF | 0x1F3FB..=0x1F3FF
    );
    // Classes 10–36 are points of Hebrew, Arabic and Syriac; from 200 on, accents. Between and below lie marks that
    // change the word: nukta, virama, voicing of kana, Thai and Lao tones.
    invisible || matches!(canonical_combining_class(letter), 10..=36 | 200..=240)
}

/// Letters that do not decompose, and digits, in their ASCII form.
fn push_plain(letter: char, folded: &mut String) {
    match letter {
        'ß' => folded.push_str("ss"),
        'æ' => folded.push_str("ae"),
        'œ' => folded.push_str("oe"),
        'þ' => folded.push_str("th"),
        'ø' => folded.push('o'),
        'đ' | 'ð' => folded.push('d'),
        'ł' => folded.push('l'),
        'ħ' => folded.push('h'),
        'ı' => folded.push('i'),
        'ς' => folded.push('σ'),
        '\u{0629}' => folded.push('\u{0647}'), // teh marbuta as heh
        '\u{0649}' | '\u{06CC}' => folded.push('\u{064A}'), // alef maksura, Farsi yeh as yeh
        '\u{06A9}' => folded.push('\u{0643}'), // keheh as kaf
        _ => folded.push(digit(letter).unwrap_or(letter)),
    }
}

/// The ASCII digit for an Arabic-Indic, Persian, Devanagari or Bengali one.
fn digit(letter: char) -> Option<char> {
    let code = u32::from(letter);
    let zero =
        [0x0660, 0x06F0, 0x0966, 0x09E6].into_iter().find(|zero| (*zero..zero + 10).contains(&code))?;
    char::from_digit(code - zero, 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn case_accents_and_punctuation_do_not_tell_words_apart() {
        assert_eq!(
            words("Überschwemmung in São-Paulo, M6.5!"),
            ["uberschwemmung", "in", "sao", "paulo", "m6", "5"]
        );
        assert_eq!(words("İSTANBUL Istanbul Straße"), ["istanbul", "istanbul", "strasse"]);
    }

    #[test]
    fn arabic_points_and_hamza_fold_away() {
        assert_eq!(words("زِلْزَال أنطاكية ٧"), words("زلزال انطاكيه 7"));
        assert_eq!(words("زلزال كبير").len(), 2);
    }

    #[test]
    fn hindi_words_keep_their_vowel_signs_and_viramas() {
        assert_eq!(words("क्षेत्र में बाढ़"), ["क्षेत्र", "में", words("बाढ़")[0].as_str()]);
    }

    #[test]
    fn scripts_without_spaces_become_one_word_a_character() {
        assert_eq!(words("東京で地震"), ["東", "京", "で", "地", "震"]);
        assert_eq!(words("ガス"), ["ガ", "ス"]);
        assert_eq!(words("지진이"), ["지", "진", "이"]);
        assert_eq!(words("fire🔥❤️"), ["fire", "🔥", "❤"]);
        assert!(is_spaced("fire") && !is_spaced("震"));
    }

    #[test]
    fn a_run_without_end_is_cut() {
        let found = words(&"a".repeat(200));
        assert_eq!(found.iter().map(String::len).collect::<Vec<_>>(), [64, 64, 64, 8]);
    }

    proptest! {
        #[test]
        fn words_of_any_text_are_words_of_themselves(text in any::<String>()) {
            for word in words(&text) {
                prop_assert!(!word.is_empty());
                prop_assert_eq!(next_word(&word, 0), Some(0..word.len()));
            }
        }
    }
}
