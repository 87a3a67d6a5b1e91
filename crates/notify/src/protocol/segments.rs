//! Short messages in segments (3GPP TS 23.038 and 23.040): how many a text takes, and how much of it fits into so many.
//!
//! A text whose characters are all of the GSM 7-bit alphabet has 160 septets in one segment, or 153 in each of several; any other is
//! sent as UCS-2 with 70 code units, or 67. What takes two of them, an escape or a surrogate pair, is never split.

use unicode_segmentation::UnicodeSegmentation;

/// The GSM 7-bit default alphabet, without the escape.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
/// Its extension: each is an escape and a septet.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How a text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// 7-bit septets.
    Gsm7,
    /// 16-bit code units.
    Ucs2,
}

/// What a text takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segments {
    /// How it is sent.
    pub encoding: Encoding,
    /// Septets or code units.
    pub units: usize,
    /// Segments; none for no text.
    pub count: usize,
}

impl Encoding {
    /// The narrowest that has every character of `text`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        if text.chars().all(|character| septets(character).is_some()) { Self::Gsm7 } else { Self::Ucs2 }
    }

    /// Units of a message that is one segment, and of each of several.
    const fn room(self) -> (usize, usize) {
        match self {
            Self::Gsm7 => (160, 153),
            Self::Ucs2 => (70, 67),
        }
    }

    fn units(self, character: char) -> usize {
        match self {
            Self::Gsm7 => septets(character).unwrap_or(1),
            Self::Ucs2 => character.len_utf16(),
        }
    }

    /// The end of a text that was cut.
    const fn mark(self) -> &'static str {
        match self {
            Self::Gsm7 => "...",
            Self::Ucs2 => "…",
        }
    }
}

fn septets(character: char) -> Option<usize> {
    if BASIC.contains(character) {
        Some(1)
    } else if EXTENSION.contains(character) {
        Some(2)
    } else {
        None
    }
}

/// What `text` takes.
#[must_use]
pub fn segments(text: &str) -> Segments {
    let encoding = Encoding::of(text);
    let (alone, each) = encoding.room();
    let units: usize = text.chars().map(|character| encoding.units(character)).sum();
    if units <= alone {
        return Segments { encoding, units, count: usize::from(units > 0) };
    }
    let (mut count, mut used) = (1, 0);
    for character in text.chars() {
        let more = encoding.units(character);
        if used + more > each {
            count += 1;
            used = 0;
        }
        used += more;
    }
    Segments { encoding, units, count }
}

/// As much of `text` as `most` segments take, with a mark at its end where that is not all: cut between two words where one ends in
/// its last fifth, and never within what belongs together on a screen.
#[must_use]
pub fn cut(text: &str, most: usize) -> String {
    if segments(text).count <= most {
        return text.to_owned();
    }
    // The rest may be what made it wide: each beginning is looked at by itself.
    let fits = |end: &usize| {
        let begun = text.get(..*end).unwrap_or_default();
        segments(&format!("{begun}{}", Encoding::of(begun).mark())).count <= most
    };
    let ends: Vec<usize> = text.grapheme_indices(true).skip(1).map(|(place, _)| place).collect();
    let fitting = ends.partition_point(fits);
    let Some(&end) = fitting.checked_sub(1).and_then(|last| ends.get(last)) else { return String::new() };
    let begun = text.get(..end).unwrap_or_default();
    let is_within_word = text.get(end..).is_some_and(|rest| !rest.starts_with(char::is_whitespace));
    let at_word = begun.rfind(char::is_whitespace).filter(|space| is_within_word && *space * 5 >= end * 4);
    let begun = begun.get(..at_word.unwrap_or(end)).unwrap_or_default().trim_end();
    format!("{begun}{}", Encoding::of(begun).mark())
}

/// The same words with what the GSM alphabet has in place of typographic quotes, dashes, dots and spaces: one of them would more than
/// halve what a segment takes. Where the text needs UCS-2 all the same, it is left as it is.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\u{2018}' | '\u{2019}' | '\u{201A}' | '\u{2032}' | '`' | '´' => plain.push('\''),
            '\u{201C}' | '\u{201D}' | '\u{201E}' | '\u{2033}' | '«' | '»' => plain.push('"'),
            '\u{2010}'..='\u{2015}' | '\u{2212}' => plain.push('-'),
            '\u{2026}' => plain.push_str("..."),
            '\u{2022}' | '·' => plain.push('*'),
            '\u{a0}' | '\u{2000}'..='\u{200A}' | '\u{202F}' | '\t' => plain.push(' '),
            '\u{200B}' | '\u{FEFF}' | '\u{AD}' => {}
            other => plain.push(other),
        }
    }
    if Encoding::of(&plain) == Encoding::Gsm7 { plain } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        segments(text).count
    }

    #[test]
    fn texts_take_as_many_segments_as_networks_charge() {
        for (text, expected) in [
            (String::new(), 0),
            ("x".repeat(160), 1),
            ("x".repeat(161), 2),
            ("x".repeat(306), 2),
            ("x".repeat(307), 3),
            (format!("€{}", "x".repeat(158)), 1),
            (format!("€{}", "x".repeat(159)), 2),
            ("Á".repeat(70), 1),
            ("Á".repeat(71), 2),
            ("ж".repeat(134), 2),
            ("ж".repeat(135), 3),
            ("@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ¤¡ÄÖÑÜ§¿äöñüà".to_owned(), 1),
        ] {
            assert_eq!(count(&text), expected, "{text}");
        }
        for alone in "Áçíóú`".chars() {
            assert_eq!(Encoding::of(&alone.to_string()), Encoding::Ucs2, "{alone}");
        }
        assert_eq!(segments("[]"), Segments { encoding: Encoding::Gsm7, units: 4, count: 1 });
        assert_eq!(segments("[]ж").units, 3, "in UCS-2 a bracket is one unit");
    }

    #[test]
    fn what_takes_two_units_is_not_split() {
        // 152 septets, and then an escape that does not fit behind them.
        let escaped = format!("{}{}{}", "x".repeat(152), "€", "x".repeat(152));
        assert_eq!((segments(&escaped).units, count(&escaped)), (306, 3));
        let paired = format!("{}😀{}", "ж".repeat(66), "ж".repeat(66));
        assert_eq!((segments(&paired).units, count(&paired)), (134, 3));
    }

    #[test]
    fn what_is_cut_fits_and_ends_with_a_mark() {
        assert_eq!(cut("short", 1), "short");
        let words = "water is rising ".repeat(30);
        let one = cut(&words, 1);
        assert!(
            count(&one) == 1 && one.ends_with("rising...")
                || one.ends_with("is...")
                || one.ends_with("water..."),
            "{one}"
        );
        assert!(one.len() > 140, "{one}");
        for most in 1..5 {
            for text in [
                "€".repeat(400),
                "x".repeat(900),
                "पानी बढ़ रहा है। ".repeat(60),
                "👩‍👩‍👧‍👦".repeat(100),
                "🇮🇹🇫🇷".repeat(100),
                "e\u{301}".repeat(500),
            ] {
                let short = cut(&text, most);
                assert!(count(&short) <= most, "{most}: {short}");
                assert!(count(&short) == most, "{most} could be more: {short}");
                let end = short.trim_end_matches(['.', '…']);
                assert!(text.starts_with(end.trim_end()));
            }
        }
        let family = "👩‍👩‍👧‍👦".repeat(100);
        let short = cut(&family, 1);
        assert_eq!(short.trim_end_matches('…').chars().count() % 7, 0, "a family stays together: {short}");
        // The narrow beginning of a text that is wide later stays narrow.
        let late = format!("{}ж", "x".repeat(200));
        assert_eq!(segments(&cut(&late, 1)), Segments { encoding: Encoding::Gsm7, units: 160, count: 1 });
        assert_eq!(cut(&"👩‍👩‍👧‍👦".repeat(8), 0), "");
    }

    #[test]
    fn typography_is_made_plain_where_that_makes_it_narrow() {
        assert_eq!(plain("“Don’t wait”\u{a0}– leave…"), "\"Don't wait\" - leave...");
        assert_eq!(plain("“Не ждите”"), "“Не ждите”");
    }
}
