//! What the linear models see of a text: masked words and their letters, what the lexicons found, and its make-up.
//!
//! Masked are places (gazetteer), names of storms, hashtags, handles, addresses and numbers, in training and in use
//! alike: a model that knows them knows its events and no others.

use crate::lexicon::{Cue, Find, Sense};
use crate::linear::{self, Feature};
use crate::place::Mention;
use crate::text::{Doc, Gap, Token};

/// Words read at most: a longer text says what it is in its beginning.
const MAX_TOKENS: usize = 400;
/// Letters of a word read at most.
const MAX_CHARS: usize = 24;
/// Lengths of runs of letters.
const GRAMS: [usize; 3] = [3, 4, 5];
/// What a named feature counts.
const NAMED_VALUE: f32 = 0.5;
/// Length of the words and pairs of words of a text: each counts this over the root of their number.
const WORDS_LENGTH: f32 = 1.0;
/// The same of the runs of letters, which are several times as many and would drown the words in one length.
const LETTERS_LENGTH: f32 = 0.7;

/// Which part of a text a feature stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    /// `count` words from the `first`th on; runs of letters are their word's.
    Words {
        /// Index of the token.
        first: usize,
        /// 1 or 2.
        count: usize,
    },
    /// A word of the lexicons: what it speaks of.
    Sense(&'static str),
    /// A trait of the whole text.
    Trait(&'static str),
}

impl Name {
    /// As a person reads it.
    pub(crate) fn words(self, doc: &Doc) -> String {
        match self {
            Self::Words { first, count } => {
                let (start, end) = (doc.tokens[first].start, doc.tokens[first + count - 1].end);
                doc.clean.text[start..end].to_owned()
            }
            Self::Sense(name) | Self::Trait(name) => format!("[{name}]"),
        }
    }
}

/// Which features a model uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct View {
    /// Runs of letters.
    pub(crate) grams: bool,
    /// What the lexicons found.
    pub(crate) senses: bool,
    /// Traits of the whole text.
    pub(crate) traits: bool,
}

/// The features of one text, each key once, with what they stand for.
#[derive(Debug, Default)]
pub(crate) struct Features {
    /// Keys and values.
    pub(crate) list: Vec<Feature>,
    /// Beside each its name.
    pub(crate) names: Vec<Name>,
}

/// How a word is shown to the models.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Word,
    Number,
    Place,
    Name,
    Hidden,
}

impl Shown {
    fn mask(self) -> &'static str {
        match self {
            Self::Number => "\u{2}number",
            Self::Place => "\u{2}place",
            Self::Name => "\u{2}name",
            Self::Word | Self::Hidden => "",
        }
    }
}

/// Reads `doc` as `view` says.
pub(crate) fn read(doc: &Doc, finds: &[Find], mentions: &[Mention], view: View) -> Features {
    let shown = shown(doc, finds, mentions);
    let mut found: Vec<(u64, Name)> = Vec::with_capacity(shown.len() * 2);
    let mut letters: Vec<(u64, Name)> = Vec::new();
    let mut before: Option<(usize, &str)> = None;
    for (at, (token, shown)) in doc.tokens.iter().zip(&shown).enumerate() {
        if *shown == Shown::Hidden {
            before = None;
            continue;
        }
        let word = if *shown == Shown::Word { doc.folded(token) } else { shown.mask() };
        found.push((linear::key(&[b"w", word.as_bytes()]), Name::Words { first: at, count: 1 }));
        if token.gap == Gap::Hard {
            before = None;
        }
        if let Some((first, other)) = before {
            let name = Name::Words { first, count: at + 1 - first };
            found.push((linear::key(&[b"b", other.as_bytes(), word.as_bytes()]), name));
        }
        before = Some((at, word));
        if view.grams && *shown == Shown::Word {
            grams(word, at, &mut letters);
        }
    }
    let mut out = Features::default();
    out.take(found, |count| WORDS_LENGTH / count.sqrt());
    out.take(letters, |count| LETTERS_LENGTH / count.sqrt());
    let mut named = Vec::new();
    if view.senses {
        senses(finds, &mut named);
    }
    if view.traits {
        traits(doc, mentions, &mut named);
    }
    out.take(named, |_| NAMED_VALUE);
    out
}

impl Features {
    /// Adds each key once; `value` is what it counts by the number of keys.
    fn take(&mut self, mut found: Vec<(u64, Name)>, value: impl Fn(f32) -> f32) {
        // Stable: of equal keys the first in the text gives the name.
        found.sort_by_key(|(key, _)| *key);
        found.dedup_by_key(|(key, _)| *key);
        let value = value(found.len().max(1) as f32);
        self.list.extend(found.iter().map(|(key, _)| Feature { key: *key, value }));
        self.names.extend(found.iter().map(|(_, name)| *name));
    }
}

fn shown(doc: &Doc, finds: &[Find], mentions: &[Mention]) -> Vec<Shown> {
    let mut shown: Vec<Shown> =
        doc.tokens.iter().take(MAX_TOKENS).map(|token| of_itself(doc, token)).collect();
    for mention in mentions.iter().filter(|mention| !mention.headline) {
        for shown in shown.iter_mut().take(mention.after).skip(mention.first) {
            *shown = if *shown == Shown::Hidden { Shown::Hidden } else { Shown::Place };
        }
    }
    let mut storms: Vec<&str> = Vec::new();
    for find in finds.iter().filter(|find| find.term.sense == Sense::Cue(Cue::StormName)) {
        let next = doc.tokens.partition_point(|token| token.folded_start < find.end);
        let named = doc.tokens.get(next).filter(|token| token.gap == Gap::Soft);
        storms.extend(named.filter(|token| token.capital || token.hashtag).map(|token| doc.folded(token)));
    }
    for (shown, token) in shown.iter_mut().zip(&doc.tokens) {
        if *shown == Shown::Word && storms.contains(&doc.folded(token)) {
            *shown = Shown::Name;
        }
    }
    shown
}

fn of_itself(doc: &Doc, token: &Token) -> Shown {
    let folded = doc.folded(token);
    if token.hashtag || folded == "rt" {
        Shown::Hidden
    } else if folded.starts_with(char::is_numeric) {
        Shown::Number
    } else {
        Shown::Word
    }
}

/// Runs of letters of `word`, whose beginning and end count as one letter each.
fn grams(word: &str, at: usize, found: &mut Vec<(u64, Name)>) {
    let mut padded = String::with_capacity(word.len() + 2);
    padded.push('\u{2}');
    padded.extend(word.chars().take(MAX_CHARS));
    padded.push('\u{3}');
    let mut ends: Vec<usize> = padded.char_indices().map(|(index, _)| index).collect();
    ends.push(padded.len());
    for length in GRAMS {
        for window in ends.windows(length + 1) {
            let gram = &padded[window[0]..window[length]];
            found.push((linear::key(&[b"c", gram.as_bytes()]), Name::Words { first: at, count: 1 }));
        }
    }
}

fn senses(finds: &[Find], out: &mut Vec<(u64, Name)>) {
    let figurative: Vec<&Find> =
        finds.iter().filter(|find| find.term.sense == Sense::Cue(Cue::Figurative)).collect();
    let hidden =
        |find: &Find| figurative.iter().any(|phrase| phrase.start <= find.start && find.start < phrase.end);
    let mut hazardous = false;
    for find in finds {
        let (kind, name) = match find.term.sense {
            Sense::Hazard(_) if hidden(find) => continue,
            Sense::Hazard(kind) => {
                hazardous = true;
                ("hazard", kind.as_str())
            }
            Sense::Topic(topic) => ("topic", topic),
            Sense::Cue(cue) => ("cue", cue_name(cue)),
        };
        out.push((linear::key(&[b"s", kind.as_bytes(), name.as_bytes()]), Name::Sense(name)));
    }
    if !hazardous {
        out.push((linear::key(&[b"s", b"no hazard"]), Name::Trait("no word for a hazard")));
    }
}

fn cue_name(cue: Cue) -> &'static str {
    match cue {
        Cue::Figurative => "figurative",
        Cue::Extreme => "danger to life",
        Cue::Warning => "warning",
        Cue::Watch => "watch",
        Cue::Hearsay => "hearsay",
        Cue::StormName => "name of a storm",
    }
}

/// What masking hides but may be counted: that there is a number, an address, a hashtag; and how long the text is.
fn traits(doc: &Doc, mentions: &[Mention], out: &mut Vec<(u64, Name)>) {
    let text = doc.clean.text.as_str();
    let numbers = doc.tokens.iter().filter(|token| doc.folded(token).starts_with(char::is_numeric)).count();
    let year = doc.tokens.iter().any(|token| {
        let folded = doc.folded(token);
        folded.len() == 4 && (folded.starts_with("19") || folded.starts_with("20"))
    });
    let words = doc.tokens.len();
    let length = match words {
        0..=4 => "up to 4 words",
        5..=8 => "5 to 8 words",
        9..=14 => "9 to 14 words",
        15..=24 => "15 to 24 words",
        _ => "25 words or more",
    };
    let tags = doc.hashtags.len();
    let places = mentions.iter().filter(|mention| !mention.headline).count();
    let has = [
        (numbers == 1, "a number"),
        (numbers == 2, "two numbers"),
        (numbers > 2, "several numbers"),
        (year, "a year"),
        (text.contains('%'), "a percentage"),
        (text.contains(['$', '€', '£', '₹', '¥']), "an amount of money"),
        (text.contains('?'), "a question mark"),
        (text.contains('!'), "an exclamation mark"),
        (text.contains(['"', '“', '”', '«']), "a quotation"),
        (text.contains("http://") || text.contains("https://") || text.contains("www."), "an address"),
        (text.contains('@'), "a handle"),
        (tags == 1, "a hashtag"),
        (tags > 1, "several hashtags"),
        (doc.retweet, "passed on"),
        (places > 0, "a place"),
        (places > 1, "several places"),
        (doc.flat_case, "no capitals"),
        (true, length),
    ];
    for (_, name) in has.iter().filter(|(has, _)| *has) {
        out.push((linear::key(&[b"t", name.as_bytes()]), Name::Trait(name)));
    }
}
