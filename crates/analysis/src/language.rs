//! In which language a text is written: the source's word for it, else its script, else a linear model over n-grams.
//!
//! "und" where nothing is sure enough. Limits: languages that `models/language.json` does not list are taken for a
//! neighbour or are "und"; romanised text counts as the language its letters look like.

pub mod model;
pub mod script;
pub mod train;

use crisislens_model::Language;

use crate::AnalysisError;
use crate::text::Doc;
use model::Model;
use script::{Script, sole_language};

/// The languages that a deployment expects unless told otherwise: those of the lexicons and of the warnings' readers.
/// They are a little ahead of others, so that a short word is rather English than Xhosa.
pub const EXPECTED: [&str; 22] = [
    "ar", "bn", "de", "en", "es", "fr", "hi", "id", "it", "ja", "ko", "mr", "nl", "pt", "ru", "ta", "te",
    "tl", "tr", "uk", "ur", "zh",
];
/// Letters below which nothing is said.
const LEAST_LETTERS: usize = 3;
/// Bytes of text looked at: more does not change the answer.
const LOOKED_AT_BYTES: usize = 1200;
/// How much we trust what a source says.
const STATED_CONFIDENCE: f64 = 0.95;
/// Below this probability the language is unknown.
const LEAST_CONFIDENCE: f64 = 0.3;

static MODEL: &[u8] = include_bytes!("../models/language.bin");

/// Codes of three letters that sources use for the languages we name.
const THREE_LETTERS: &[(&str, &str)] = &[
    ("eng", "en"),
    ("spa", "es"),
    ("fra", "fr"),
    ("fre", "fr"),
    ("por", "pt"),
    ("ita", "it"),
    ("deu", "de"),
    ("ger", "de"),
    ("nld", "nl"),
    ("dut", "nl"),
    ("cat", "ca"),
    ("ron", "ro"),
    ("rum", "ro"),
    ("swe", "sv"),
    ("dan", "da"),
    ("nob", "nb"),
    ("nor", "nb"),
    ("fin", "fi"),
    ("est", "et"),
    ("lav", "lv"),
    ("lit", "lt"),
    ("pol", "pl"),
    ("ces", "cs"),
    ("cze", "cs"),
    ("slk", "sk"),
    ("slo", "sk"),
    ("slv", "sl"),
    ("hrv", "hr"),
    ("hun", "hu"),
    ("tur", "tr"),
    ("ind", "id"),
    ("tgl", "tl"),
    ("fil", "tl"),
    ("vie", "vi"),
    ("afr", "af"),
    ("aze", "az"),
    ("epo", "eo"),
    ("rus", "ru"),
    ("ukr", "uk"),
    ("bul", "bg"),
    ("srp", "sr"),
    ("mkd", "mk"),
    ("bel", "be"),
    ("ara", "ar"),
    ("pes", "fa"),
    ("fas", "fa"),
    ("per", "fa"),
    ("urd", "ur"),
    ("hin", "hi"),
    ("mar", "mr"),
    ("ben", "bn"),
    ("tam", "ta"),
    ("tel", "te"),
    ("mal", "ml"),
    ("kan", "kn"),
    ("guj", "gu"),
    ("pan", "pa"),
    ("zho", "zh"),
    ("chi", "zh"),
    ("jpn", "ja"),
    ("kor", "ko"),
];

/// Tells languages apart.
pub struct Detector {
    model: Model<'static>,
}

impl Detector {
    /// Opens the embedded model.
    ///
    /// # Errors
    /// When the embedded file is broken.
    pub fn new() -> Result<Self, AnalysisError> {
        Model::read(MODEL).map(|model| Self { model }).ok_or(AnalysisError::ModelFile("models/language.bin"))
    }

    /// The language of a text without markup.
    #[must_use]
    pub fn read(&self, text: &str, expected: &[&str]) -> Language {
        let letters = text.chars().filter(|char| char.is_alphabetic()).count();
        if let Some((code, share)) = sole_language(text, letters) {
            return Language { code: code.to_owned(), confidence: share };
        }
        let guess = (letters >= LEAST_LETTERS)
            .then(|| Script::of_most(text))
            .flatten()
            .and_then(|script| self.model.guess(text, script, expected));
        match guess {
            Some(guess) if guess.probability >= LEAST_CONFIDENCE => Language {
                code: guess.code.iter().map(|byte| char::from(*byte)).collect(),
                confidence: guess.probability.min(0.99),
            },
            guess => {
                Language { code: "und".to_owned(), confidence: guess.map_or(0.1, |guess| guess.probability) }
            }
        }
    }
}

/// The language of `doc`, given what its source says.
pub(crate) fn detect(detector: &Detector, hint: Option<&str>, doc: &Doc) -> Language {
    if let Some(code) = hint.and_then(stated) {
        return Language { code, confidence: STATED_CONFIDENCE };
    }
    detector.read(&plain(doc), &EXPECTED)
}

/// ISO 639-1 code of a sane BCP 47 tag.
fn stated(tag: &str) -> Option<String> {
    let mut parts = tag.trim().split(['-', '_']);
    let primary = parts.next()?.to_ascii_lowercase();
    let sane = parts
        .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    if !sane || !primary.bytes().all(|byte| byte.is_ascii_lowercase()) {
        return None;
    }
    match primary.len() {
        2 if !matches!(primary.as_str(), "xx" | "zz" | "qq" | "un") => Some(primary),
        3 => THREE_LETTERS.iter().find(|(known, _)| *known == primary).map(|(_, code)| (*code).to_owned()),
        _ => None,
    }
}

/// The words without addresses, handles and hashtags.
fn plain(doc: &Doc) -> String {
    let mut text = String::with_capacity(LOOKED_AT_BYTES + 32);
    for token in doc.tokens.iter().filter(|token| !token.hashtag) {
        if text.len() > LOOKED_AT_BYTES {
            break;
        }
        text.push_str(doc.surface(token));
        text.push(' ');
    }
    if text.is_empty() {
        for token in &doc.tokens {
            text.push_str(doc.surface(token));
            text.push(' ');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Clean;

    fn language(text: &str, hint: Option<&str>) -> Language {
        detect(&Detector::new().unwrap(), hint, &Doc::new(Clean::new(None, text), |_| false))
    }

    #[test]
    fn the_sources_word_counts_where_it_is_sane() {
        assert_eq!(language("hello", Some("pt-BR")).code, "pt");
        assert_eq!(language("hello", Some("eng")).code, "en");
        assert_eq!(language("hello", Some("not a tag!")).code, "und");
        assert_eq!(language("hello", Some("und")).code, "und");
    }

    #[test]
    fn scripts_and_trigrams_tell_languages_apart() {
        for (text, code) in [
            ("The river burst its banks and hundreds of people were evacuated from their homes", "en"),
            ("El río se desbordó y cientos de personas fueron evacuadas de sus casas", "es"),
            ("Centinaia di persone sono state evacuate dopo la scossa di questa notte", "it"),
            ("केरल में बाढ़ से कई लोग लापता हैं और राहत कार्य जारी है", "hi"),
            ("கேரளாவில் வெள்ளம்", "ta"),
            ("昨日の地震で多くの人が避難した", "ja"),
            ("السيول تغرق شوارع العاصمة بعد أمطار غزيرة", "ar"),
        ] {
            assert_eq!(language(text, None).code, code, "{text}");
        }
    }

    #[test]
    fn a_very_short_text_is_undetermined() {
        let found = language("ok #fire", None);
        assert_eq!(found.code, "und");
        assert!(found.confidence < 0.5);
    }
}
