//! The script a text is written in, and the language where the script has one living language nearly alone.

/// Scripts that one living language uses nearly alone, by range of letters.
const OWN_SCRIPTS: [(u32, u32, &str); 18] = [
    (0x0370, 0x03ff, "el"),
    (0x0530, 0x058f, "hy"),
    (0x0590, 0x05ff, "he"),
    (0x0980, 0x09ff, "bn"),
    (0x0a00, 0x0a7f, "pa"),
    (0x0a80, 0x0aff, "gu"),
    (0x0b00, 0x0b7f, "or"),
    (0x0b80, 0x0bff, "ta"),
    (0x0c00, 0x0c7f, "te"),
    (0x0c80, 0x0cff, "kn"),
    (0x0d00, 0x0d7f, "ml"),
    (0x0d80, 0x0dff, "si"),
    (0x0e00, 0x0e7f, "th"),
    (0x1000, 0x109f, "my"),
    (0x10a0, 0x10ff, "ka"),
    (0x1200, 0x137f, "am"),
    (0x3040, 0x30ff, "ja"),
    (0xac00, 0xd7af, "ko"),
];

/// A script that several languages share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// Latin letters.
    Latin,
    /// Cyrillic letters.
    Cyrillic,
    /// Arabic letters, with those of Persian and Urdu.
    Arabic,
    /// Devanagari.
    Devanagari,
}

impl Script {
    /// Every shared script, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Latin, Self::Cyrillic, Self::Arabic, Self::Devanagari];

    /// The shared script of a letter.
    fn of(char: char) -> Option<Self> {
        match u32::from(char) {
            0x41..=0x5a | 0x61..=0x7a | 0xc0..=0x24f | 0x1e00..=0x1eff => Some(Self::Latin),
            0x400..=0x52f => Some(Self::Cyrillic),
            0x600..=0x6ff | 0x750..=0x77f | 0xfb50..=0xfdff | 0xfe70..=0xfeff => Some(Self::Arabic),
            0x900..=0x97f => Some(Self::Devanagari),
            _ => None,
        }
    }

    pub(super) fn number(self) -> u8 {
        self as u8
    }

    pub(super) fn of_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// The shared script that most letters of `text` are of.
    #[must_use]
    pub fn of_most(text: &str) -> Option<Self> {
        let mut counts = [0_usize; 4];
        for char in text.chars() {
            if let Some(script) = Self::of(char) {
                counts[script as usize] += 1;
            }
        }
        let most = counts.iter().copied().max().filter(|most| *most > 0)?;
        Self::ALL.into_iter().find(|script| counts[*script as usize] == most)
    }
}

/// The language whose own script has most letters, with their share; Han without kana is Chinese.
pub(super) fn sole_language(text: &str, letters: usize) -> Option<(&'static str, f64)> {
    if text.is_ascii() {
        return None;
    }
    let mut counts = [0_usize; OWN_SCRIPTS.len()];
    let mut han = 0;
    for char in text.chars().filter(|char| char.is_alphabetic()) {
        let code = u32::from(char);
        if (0x3400..=0x9fff).contains(&code) {
            han += 1;
        } else if let Some(index) =
            OWN_SCRIPTS.iter().position(|(low, high, _)| (*low..=*high).contains(&code))
        {
            counts[index] += 1;
        }
    }
    let kana = counts[16];
    let (index, most) = counts.iter().copied().enumerate().max_by_key(|(_, count)| *count)?;
    let (code, most) = match (han, kana) {
        (0, _) => (OWN_SCRIPTS[index].2, most),
        (_, 0) if han > most => ("zh", han),
        (_, _) if kana * 12 >= han => ("ja", han + kana),
        _ => ("zh", han),
    };
    let share = most as f64 / letters.max(1) as f64;
    (share > 0.5).then_some((code, share.min(0.99)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_letters_decide_on_the_script() {
        assert_eq!(Script::of_most("Пожар in Москва"), Some(Script::Cyrillic));
        assert_eq!(Script::of_most("भारी बाढ़ NDRF"), Some(Script::Devanagari));
        assert_eq!(Script::of_most("12 !?"), None);
    }
}
