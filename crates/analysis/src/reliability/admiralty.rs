//! The Admiralty scale (NATO AJP-2.1): letters for a source, figures for what is said. The two are judged apart.
//!
//! The scale has no numbers of its own. The bounds here are ours: about half-way between the values that the MISP
//! taxonomy `admiralty-scale` gives the letters (100, 75, 50, 25, 0), with a stricter A.

/// A credible interval wider than this says too little for a letter; it takes about three verdicts on a source of posts.
const WIDEST: f64 = 0.5;
/// Least mean, and least lower end of the interval, of each letter.
const LETTERS: [(Letter, f64, f64); 4] =
    [(Letter::A, 0.9, 0.8), (Letter::B, 0.7, 0.55), (Letter::C, 0.5, 0.0), (Letter::D, 0.25, 0.0)];

/// How reliable a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Letter {
    /// Completely reliable.
    A,
    /// Usually reliable.
    B,
    /// Fairly reliable.
    C,
    /// Not usually reliable.
    D,
    /// Unreliable.
    E,
    /// Cannot be judged: too little is known.
    F,
}

impl Letter {
    /// The letter for an expected share of right claims and its 90 % credible interval.
    #[must_use]
    pub fn of(mean: f64, low: f64, high: f64) -> Self {
        if high - low > WIDEST {
            return Self::F;
        }
        let found =
            LETTERS.iter().find(|(_, least_mean, least_low)| mean >= *least_mean && low >= *least_low);
        found.map_or(Self::E, |(letter, ..)| *letter)
    }

    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::B => "B",
            Self::C => "C",
            Self::D => "D",
            Self::E => "E",
            Self::F => "F",
        }
    }

    /// What it says.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::A => "completely reliable",
            Self::B => "usually reliable",
            Self::C => "fairly reliable",
            Self::D => "not usually reliable",
            Self::E => "unreliable",
            Self::F => "reliability cannot be judged",
        }
    }
}

/// How credible what is said is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Credibility {
    /// Confirmed by other sources.
    Confirmed = 1,
    /// Probably true.
    Probable = 2,
    /// Possibly true.
    Possible = 3,
    /// Doubtfully true.
    Doubtful = 4,
    /// Improbable.
    Improbable = 5,
    /// Truth cannot be judged.
    Unknown = 6,
}

impl Credibility {
    /// The figure for a claim with `likelihood`, of which enough voices speak to judge it (`judged`) and which
    /// independent sources have confirmed (`confirmed`).
    #[must_use]
    pub fn of(likelihood: f64, judged: bool, confirmed: bool) -> Self {
        match likelihood {
            _ if !judged => Self::Unknown,
            p if p >= 0.9 && confirmed => Self::Confirmed,
            p if p >= 0.7 => Self::Probable,
            p if p >= 0.45 => Self::Possible,
            p if p >= 0.2 => Self::Doubtful,
            _ => Self::Improbable,
        }
    }

    /// 1 to 6.
    #[must_use]
    pub const fn figure(self) -> u8 {
        self as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_letter_needs_a_narrow_interval_and_the_first_two_a_high_lower_end() {
        assert_eq!(Letter::of(0.95, 0.40, 1.0), Letter::F);
        assert_eq!(Letter::of(0.95, 0.85, 0.99), Letter::A);
        assert_eq!(Letter::of(0.95, 0.60, 0.99), Letter::B);
        assert_eq!(Letter::of(0.75, 0.50, 0.90), Letter::C);
        assert_eq!(Letter::of(0.30, 0.10, 0.50), Letter::D);
        assert_eq!(Letter::of(0.10, 0.02, 0.30), Letter::E);
    }

    #[test]
    fn letters_never_get_better_as_the_mean_falls() {
        let letters: Vec<Letter> = (0..=100_i32)
            .map(|step| f64::from(100 - step) / 100.0)
            .map(|mean| Letter::of(mean, mean, mean))
            .collect();
        assert!(letters.is_sorted());
        assert_eq!((letters[0], letters[100]), (Letter::A, Letter::E));
    }

    #[test]
    fn only_what_others_confirm_is_confirmed() {
        assert_eq!(Credibility::of(0.95, true, true).figure(), 1);
        assert_eq!(Credibility::of(0.95, true, false).figure(), 2);
        assert_eq!(Credibility::of(0.05, true, false).figure(), 5);
        assert_eq!(Credibility::of(0.55, false, false).figure(), 6);
    }
}
