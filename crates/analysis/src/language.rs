//! In which language a text is written: the source's word for it, else its script, else trigrams (whatlang).

use crisislens_model::Language;
use whatlang::{Detector, Lang};

use crate::text::Doc;

/// Letters below which trigrams guess.
const SURE_LETTERS: usize = 24;
/// Bytes of text looked at: more does not change the answer.
const LOOKED_AT_BYTES: usize = 400;
/// How much we trust what a source says.
const STATED_CONFIDENCE: f64 = 0.95;

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

/// The languages we write in Latin, Cyrillic, Arabic and Devanagari script, with their ISO 639-1 codes.
const LANGUAGES: [(Lang, &str); 40] = [
    (Lang::Eng, "en"),
    (Lang::Spa, "es"),
    (Lang::Fra, "fr"),
    (Lang::Por, "pt"),
    (Lang::Ita, "it"),
    (Lang::Deu, "de"),
    (Lang::Nld, "nl"),
    (Lang::Cat, "ca"),
    (Lang::Ron, "ro"),
    (Lang::Swe, "sv"),
    (Lang::Dan, "da"),
    (Lang::Nob, "nb"),
    (Lang::Fin, "fi"),
    (Lang::Est, "et"),
    (Lang::Lav, "lv"),
    (Lang::Lit, "lt"),
    (Lang::Pol, "pl"),
    (Lang::Ces, "cs"),
    (Lang::Slk, "sk"),
    (Lang::Slv, "sl"),
    (Lang::Hrv, "hr"),
    (Lang::Hun, "hu"),
    (Lang::Tur, "tr"),
    (Lang::Ind, "id"),
    (Lang::Tgl, "tl"),
    (Lang::Vie, "vi"),
    (Lang::Afr, "af"),
    (Lang::Aze, "az"),
    (Lang::Epo, "eo"),
    (Lang::Rus, "ru"),
    (Lang::Ukr, "uk"),
    (Lang::Bul, "bg"),
    (Lang::Srp, "sr"),
    (Lang::Mkd, "mk"),
    (Lang::Bel, "be"),
    (Lang::Ara, "ar"),
    (Lang::Pes, "fa"),
    (Lang::Urd, "ur"),
    (Lang::Hin, "hi"),
    (Lang::Mar, "mr"),
];

/// The trigram detector, restricted to languages we can name.
pub(crate) fn detector() -> Detector {
    Detector::with_allowlist(LANGUAGES.iter().map(|(lang, _)| *lang).collect())
}

/// The language of `doc`, given what its source says.
pub(crate) fn detect(detector: &Detector, hint: Option<&str>, doc: &Doc) -> Language {
    if let Some(code) = hint.and_then(stated) {
        return Language { code, confidence: STATED_CONFIDENCE };
    }
    let text = plain(doc);
    let letters = text.chars().filter(|char| char.is_alphabetic()).count();
    if let Some((code, share)) = by_script(&text, letters) {
        return Language { code: code.to_owned(), confidence: share };
    }
    if letters < 8 {
        return Language { code: "und".to_owned(), confidence: 0.1 };
    }
    let Some(info) = detector.detect(&text) else { return Language::default() };
    let code = LANGUAGES.iter().find(|(lang, _)| *lang == info.lang()).map_or("und", |(_, code)| code);
    let length = (letters as f64 / SURE_LETTERS as f64).min(1.0);
    // Short texts win their margin by luck: cap what whatlang says of them.
    let confidence = (info.confidence() * length).clamp(0.05, 0.99);
    if letters < SURE_LETTERS && confidence < 0.3 {
        return Language { code: "und".to_owned(), confidence };
    }
    Language { code: code.to_owned(), confidence }
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
        3 => {
            let lang = Lang::from_code(&primary)?;
            LANGUAGES.iter().find(|(known, _)| *known == lang).map(|(_, code)| (*code).to_owned())
        }
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

/// The language whose own script has most letters, with their share; Han without kana is Chinese.
fn by_script(text: &str, letters: usize) -> Option<(&'static str, f64)> {
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
    use crate::text::Clean;

    fn language(text: &str, hint: Option<&str>) -> Language {
        detect(&detector(), hint, &Doc::new(Clean::new(None, text), |_| false))
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
