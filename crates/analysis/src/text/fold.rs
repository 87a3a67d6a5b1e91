//! Folding: the form in which words are compared. Lower case; no marks on Latin, Greek and Cyrillic; one form of
//! Arabic letters. Gazetteer and lexicons are folded by the same code, so both sides always agree.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::lookalike;

/// Whether the character can be part of a word. Marks count: Indic vowels and viramas are marks.
pub(crate) fn is_word(char: char) -> bool {
    char.is_alphanumeric() || (!char.is_ascii() && (is_combining_mark(char) || is_joiner(char)))
}

/// Whether the script is written without spaces, so that names are looked for inside a run of characters.
pub(crate) fn is_unspaced(char: char) -> bool {
    matches!(char, '\u{0e00}'..='\u{0eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{2ffff}')
}

/// Whether the script tells capitals from small letters.
pub(crate) fn is_cased(char: char) -> bool {
    char.is_lowercase() || char.is_uppercase()
}

/// Appends the folded form of `word`; letters of one script that stand in a word of another for their look are read as what they look like.
pub(crate) fn fold_into(word: &str, out: &mut String) {
    match lookalike::plain(word) {
        Some(plain) => fold_chars(&plain, out),
        None => fold_chars(word, out),
    }
}

fn fold_chars(word: &str, out: &mut String) {
    for char in word.chars() {
        if char.is_ascii() {
            out.push(char.to_ascii_lowercase());
        } else {
            fold_char(char, out);
        }
    }
}

/// `text` as a key of the gazetteer: folded words with one space between.
#[must_use]
pub fn key(text: &str) -> String {
    let text: String = text.nfkc().collect();
    let mut out = String::with_capacity(text.len());
    for word in text.split(|char| !is_word(char)).filter(|word| !word.is_empty()) {
        let before = out.len();
        if before > 0 {
            out.push(' ');
        }
        let start = out.len();
        fold_into(word, &mut out);
        // A word of marks only folds to nothing.
        if out.len() == start {
            out.truncate(before);
        }
    }
    out
}

fn fold_char(char: char, out: &mut String) {
    match char {
        'ß' => out.push_str("ss"),
        'ø' | 'Ø' => out.push('o'),
        'æ' | 'Æ' => out.push_str("ae"),
        'œ' | 'Œ' => out.push_str("oe"),
        'ł' | 'Ł' => out.push('l'),
        'đ' | 'Đ' | 'ð' | 'Ð' => out.push('d'),
        'ı' | 'İ' => out.push('i'),
        'þ' | 'Þ' => out.push_str("th"),
        'أ' | 'إ' | 'آ' | 'ٱ' => out.push('ا'),
        'ى' | 'ی' => out.push('ي'),
        'ک' => out.push('ك'),
        'ة' => out.push('ه'),
        // Combining marks of European scripts, Arabic vowel signs and stretching.
        '\u{300}'..='\u{36f}' | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' => {}
        _ if is_joiner(char) => {}
        '\u{80}'..='\u{52f}' | '\u{1e00}'..='\u{1fff}' => {
            for part in std::iter::once(char).nfd().filter(|part| !is_combining_mark(*part)) {
                out.extend(part.to_lowercase().filter(|part| !is_combining_mark(*part)));
            }
        }
        _ => out.extend(char.to_lowercase()),
    }
}

fn is_joiner(char: char) -> bool {
    matches!(char, '\u{200c}' | '\u{200d}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        assert_eq!(key("São  Paulo"), "sao paulo");
        assert_eq!(key("L'Aquila"), "l aquila");
        assert_eq!(key("Österreich"), key("osterreich"));
        assert_eq!(key("القاهرة"), key("القاهره"));
        assert_eq!(key("ÅÉ-Straße"), "ae strasse");
    }

    #[test]
    fn letters_that_only_look_alike_are_read_as_they_look() {
        // Cyrillic е, о; Greek ο; Latin a in a Cyrillic word.
        assert_eq!(key("еarthquake flооd Terremοto"), "earthquake flood terremoto");
        assert_eq!(key("нaводнение"), key("наводнение"));
        // Words of one script, and what has a letter of its own, stay.
        for word in ["авто", "сор", "μm", "ΩmA", "οι", "ελα", "flд"] {
            assert_eq!(key(word), word.to_lowercase(), "{word}");
        }
    }

    #[test]
    fn indic_vowel_signs_are_kept() {
        assert_eq!(key("कोच्चि"), "कोच्चि");
    }
}
