//! Words that mix scripts to be read by people and by no machine: "еarthquake" with a Cyrillic е (Unicode TS 39, confusables).
//!
//! Only words that mix Latin with Cyrillic or Greek letters, all of which on one side have a double on the other; a word of one script
//! is what it is, and so is "μm". Limits: figures for letters ("fl00d") and other scripts are not read so.

/// Cyrillic and Greek letters beside the Latin ones that they look like.
const DOUBLES: [(char, char); 66] = [
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ї', 'i'),
    ('ј', 'j'),
    ('ѕ', 's'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԛ', 'q'),
    ('ԝ', 'w'),
    ('к', 'k'),
    ('ѵ', 'v'),
    ('ӏ', 'l'),
    ('ё', 'e'),
    ('А', 'A'),
    ('В', 'B'),
    ('Е', 'E'),
    ('Ё', 'E'),
    ('К', 'K'),
    ('М', 'M'),
    ('Н', 'H'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
    ('І', 'I'),
    ('Ї', 'I'),
    ('Ј', 'J'),
    ('Ѕ', 'S'),
    ('Һ', 'H'),
    ('Ӏ', 'I'),
    ('Ԁ', 'D'),
    ('Ԝ', 'W'),
    ('ο', 'o'),
    ('ό', 'o'),
    ('α', 'a'),
    ('ν', 'v'),
    ('ρ', 'p'),
    ('υ', 'u'),
    ('ι', 'i'),
    ('ί', 'i'),
    ('κ', 'k'),
    ('γ', 'y'),
    ('ε', 'e'),
    ('χ', 'x'),
    ('Α', 'A'),
    ('Β', 'B'),
    ('Ε', 'E'),
    ('Ζ', 'Z'),
    ('Η', 'H'),
    ('Ι', 'I'),
    ('Κ', 'K'),
    ('Μ', 'M'),
    ('Ν', 'N'),
    ('Ο', 'O'),
    ('Ρ', 'P'),
    ('Τ', 'T'),
    ('Υ', 'Y'),
    ('Χ', 'X'),
];

/// `word` in one script, where it mixes two and can be read in one.
pub(super) fn plain(word: &str) -> Option<String> {
    if word.is_ascii() || !word.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return None;
    }
    if !word.chars().any(is_foreign) {
        return None;
    }
    let to_latin = |char: char| DOUBLES.iter().find(|(other, _)| *other == char).map(|(_, latin)| *latin);
    // Of several doubles the first, which is Cyrillic.
    let to_cyrillic = |char: char| DOUBLES.iter().find(|(_, latin)| *latin == char).map(|(other, _)| *other);
    let foreign = |char: char| if is_foreign(char) { to_latin(char) } else { Some(char) };
    let latin = |char: char| if char.is_ascii_alphabetic() { to_cyrillic(char) } else { Some(char) };
    let in_latin: Option<String> = word.chars().map(foreign).collect();
    in_latin.or_else(|| {
        let cyrillic = word.chars().all(|char| !is_greek(char));
        cyrillic.then(|| word.chars().map(latin).collect()).flatten()
    })
}

fn is_foreign(char: char) -> bool {
    is_greek(char) || matches!(char, '\u{400}'..='\u{52f}')
}

fn is_greek(char: char) -> bool {
    matches!(char, '\u{370}'..='\u{3ff}' | '\u{1f00}'..='\u{1fff}')
}
