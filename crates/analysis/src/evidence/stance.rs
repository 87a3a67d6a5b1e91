//! On which side of a claim a text is, by which sentence, and why: a suggestion until a person decides.
//!
//! In this order: the verdict of a published check, the numbers of an official feed, statements that can be compared part by part, and
//! words. The first that speaks decides. Words alone tell refutation badly: on replies to rumours (RumourEval 2019) and in the
//! literature alike it is the class most often missed, so that what words say is never more than suggested.

use crisislens_model::claim::{EvidenceKind, Quantity, Slots};
use crisislens_model::{ClaimTopic, Stance, Stated, Verdict};

use super::figures::{Compared, compare, quantities};
use super::stance_words::{Signs, signs};
use super::stems::{Stems, Text};

/// From this probability of being about the claim, a published check is suggested …
pub const SUGGESTED: f64 = 0.5;
/// … and from this it counts as one of the same claim.
pub const CONFIRMED: f64 = 0.8;
/// A sentence that has so much of the claim's words is about it …
const RELATED: f64 = 0.3;
/// … if it is at least so many …
const FEWEST_WORDS: usize = 2;
/// … and from this share on says the same, unless its words show otherwise.
const SAME: f64 = 0.6;
/// What is weaker takes no side.
const LEAST: f64 = 0.2;

/// The claim.
#[derive(Debug, Clone, Copy)]
pub struct Claim<'a> {
    /// The sentence.
    pub text: &'a str,
    /// ISO 639-1.
    pub language: &'a str,
    /// What sort of fact.
    pub topic: ClaimTopic,
    /// What it states, in parts.
    pub slots: &'a Slots,
}

/// A sentence and what it states, as far as that was found.
pub type Sentence<'a> = (&'a str, Option<(ClaimTopic, Slots)>);

/// The text that is held against the claim.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// Its sentences in order.
    pub sentences: &'a [Sentence<'a>],
    /// What sort of voice it is.
    pub kind: EvidenceKind,
    /// What its source states in structured fields.
    pub stated: Option<&'a Stated>,
    /// 0 to 1: how likely it is about the claim, as `rank` says.
    pub matched: f64,
    /// Whether it answers the claim, so that it is about it whatever its words.
    pub is_reply: bool,
}

/// How far a stance can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Certainty {
    /// Somebody should look.
    Suggested,
    /// Decided by rule: a check of the same claim, or compared numbers.
    Confirmed,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which sentence decides; `None` where there is none.
    pub sentence: Option<usize>,
    /// Whether it is about the claim at all.
    pub is_related: bool,
    /// The side.
    pub stance: Stance,
    /// −1 (against) to 1 (for).
    pub score: f64,
    /// How far it can be relied on.
    pub certainty: Certainty,
    /// Why.
    pub why: String,
}

/// On which side of `claim` the piece is.
#[must_use]
pub fn judge(claim: &Claim<'_>, piece: &Piece<'_>) -> Judged {
    let mut stems = Stems::new(claim.language);
    let own = stems.read(claim.text);
    let shares: Vec<Share> =
        piece.sentences.iter().map(|(text, _)| Share::of(&own, &stems.read(text))).collect();
    let nearest =
        (0..shares.len()).reduce(|best, at| if shares[at].part > shares[best].part { at } else { best });
    if let Some(judged) = by_check(claim, piece, nearest) {
        return judged;
    }
    if let Some(compared) = by_stated(claim, piece) {
        return judged(nearest, compared, Certainty::Confirmed);
    }
    if let Some((at, compared)) = by_parts(claim, piece, &shares) {
        return judged(Some(at), compared, Certainty::Confirmed);
    }
    by_words(claim, piece, &shares, nearest)
}

fn judged(sentence: Option<usize>, compared: Compared, certainty: Certainty) -> Judged {
    let Compared { score, why } = compared;
    Judged { sentence, is_related: true, stance: side(score), score, certainty, why }
}

/// The side that a score is on.
fn side(score: f64) -> Stance {
    if score >= LEAST {
        Stance::Supports
    } else if score <= -LEAST {
        Stance::Refutes
    } else {
        Stance::Neutral
    }
}

/// A check of the same claim says what was found of it. One whose claim is denied where ours is not is about the opposite.
fn by_check(claim: &Claim<'_>, piece: &Piece<'_>, nearest: Option<usize>) -> Option<Judged> {
    let review = piece.stated?.claim_review.as_ref()?;
    let score = match review.verdict {
        Verdict::True => 1.0,
        Verdict::False => -1.0,
        Verdict::Misleading => -0.6,
        Verdict::None | Verdict::NeedsInvestigation => return None,
    };
    if piece.matched < SUGGESTED {
        return None;
    }
    let who = review.publisher.as_deref().unwrap_or("a published check");
    let rating = review.rating_text.as_deref().unwrap_or(review.verdict.as_str());
    let denies = |text: &str| {
        let signs = signs(text);
        signs.negates || signs.refutes.is_some()
    };
    if denies(claim.text) != denies(&review.claim) {
        let why =
            format!("{who} checked a like claim (“{rating}”), but one of the two denies: a person must look");
        return Some(judged(nearest, Compared { score: 0.0, why }, Certainty::Suggested));
    }
    let (certainty, score, sure) = if piece.matched >= CONFIRMED {
        (Certainty::Confirmed, score, "this claim")
    } else {
        (Certainty::Suggested, score / 2.0, "a claim that may be this one")
    };
    Some(judged(nearest, Compared { score, why: format!("{who} checked {sure}: “{rating}”") }, certainty))
}

/// What an authority measures decides over what is said of it.
fn by_stated(claim: &Claim<'_>, piece: &Piece<'_>) -> Option<Compared> {
    let stated = piece.stated.filter(|stated| piece.kind == EvidenceKind::Official && !stated.withdrawn)?;
    let magnitude = stated.magnitude.filter(|_| claim.topic == ClaimTopic::Magnitude)?;
    let said = Quantity { low: magnitude, high: Some(magnitude), unit: String::new() };
    let mut compared = quantities(claim.topic, claim.slots.quantity.as_ref()?, &said)?;
    if claim.slots.negated {
        compared.score = -compared.score;
    }
    compared.why = format!("measured by an authority: {}", compared.why);
    Some(compared)
}

/// The sentence that states the same kind of thing most clearly; of equals the nearest.
fn by_parts(claim: &Claim<'_>, piece: &Piece<'_>, shares: &[Share]) -> Option<(usize, Compared)> {
    let found = piece.sentences.iter().enumerate().filter_map(|(at, (_, states))| {
        let (topic, slots) = states.as_ref()?;
        Some((at, compare((claim.topic, claim.slots), (*topic, slots))?))
    });
    found.reduce(|best, next| {
        let weight = |(at, compared): &(usize, Compared)| (compared.score.abs(), shares[*at].part);
        if weight(&next) > weight(&best) { next } else { best }
    })
}

/// How much of the claim's words a sentence has.
#[derive(Debug, Clone, Copy)]
struct Share {
    part: f64,
    words: usize,
}

impl Share {
    fn of(claim: &Text, sentence: &Text) -> Self {
        let words = claim.content.intersection(&sentence.content).count();
        Self { part: words as f64 / claim.content.len().max(1) as f64, words }
    }

    fn is_related(self) -> bool {
        self.part >= RELATED && self.words >= FEWEST_WORDS
    }
}

fn by_words(claim: &Claim<'_>, piece: &Piece<'_>, shares: &[Share], nearest: Option<usize>) -> Judged {
    let own = signs(claim.text);
    let is_about = piece.is_reply || piece.matched >= SUGGESTED;
    let related = (0..shares.len()).filter(|at| is_about || shares[*at].is_related());
    let each = related.map(|at| (at, words(&own, &signs(piece.sentences[at].0), shares[at])));
    let best = each.reduce(|best, next| {
        let weight = |(at, compared): &(usize, Compared)| (compared.score.abs(), shares[*at].part);
        if weight(&next) > weight(&best) { next } else { best }
    });
    match best {
        Some((at, compared)) => judged(Some(at), compared, Certainty::Suggested),
        None => Judged {
            sentence: nearest,
            is_related: false,
            stance: Stance::Neutral,
            score: 0.0,
            certainty: Certainty::Suggested,
            why: "no sentence is about it".to_owned(),
        },
    }
}

/// What a sentence's words say of the claim's.
fn words(own: &Signs, said: &Signs, share: Share) -> Compared {
    let (score, why) = match (&said.refutes, &said.confirms) {
        (Some(word), _) if own.refutes.is_some() => (0.4, format!("denies it as well: “{word}”")),
        (Some(_), _) if said.doubts => (-0.3, "asks whether it is false".to_owned()),
        (Some(word), _) => (-0.6, format!("says that it is not so: “{word}”")),
        (None, _) if said.doubts => (0.0, "asks, or does not know".to_owned()),
        (None, Some(word)) if own.refutes.is_some() => (-0.4, format!("confirms what is denied: “{word}”")),
        (None, Some(word)) => (0.5, format!("says that it is so: “{word}”")),
        (None, None) if share.part < SAME => (0.0, "is about it and takes no side".to_owned()),
        (None, None) if own.negates != said.negates => (-0.4, "says the same with a negation".to_owned()),
        (None, None) => (0.4, "says the same in much the same words".to_owned()),
    };
    Compared { score, why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crisislens_model::ClaimReview;

    const CLAIM: &str = "The river bridge in Springfield has collapsed";

    fn claim<'a>(text: &'a str, topic: ClaimTopic, slots: &'a Slots) -> Claim<'a> {
        Claim { text, language: "en", topic, slots }
    }

    fn piece<'a>(sentences: &'a [Sentence<'a>]) -> Piece<'a> {
        Piece { sentences, kind: EvidenceKind::Report, stated: None, matched: 0.0, is_reply: false }
    }

    fn by_words_of(text: &str) -> Judged {
        let slots = Slots::default();
        judge(&claim(CLAIM, ClaimTopic::Damage, &slots), &piece(&[("Good morning.", None), (text, None)]))
    }

    #[test]
    fn the_deciding_sentence_and_its_side_are_told() {
        for (text, stance) in [
            ("The bridge in Springfield has collapsed into the river.", Stance::Supports),
            ("The river bridge in Springfield has not collapsed.", Stance::Refutes),
            ("The picture of the collapsed Springfield bridge is a hoax.", Stance::Refutes),
            ("Has the Springfield bridge collapsed?", Stance::Neutral),
            ("Police confirmed that the Springfield bridge collapsed.", Stance::Supports),
        ] {
            let judged = by_words_of(text);
            assert_eq!((judged.stance, judged.sentence), (stance, Some(1)), "{text}: {judged:?}");
            assert!(judged.is_related && judged.certainty == Certainty::Suggested && !judged.why.is_empty());
        }
        let other = by_words_of("Schools are fake news.");
        assert!(!other.is_related && other.stance == Stance::Neutral, "{other:?}");
    }

    #[test]
    fn numbers_are_compared_by_rule_and_not_by_words() {
        let deaths = |number: f64| Slots {
            quantity: Some(Quantity { low: number, high: Some(number), unit: String::new() }),
            ..Slots::default()
        };
        let slots = deaths(300.0);
        let claim = claim("300 people died in the flood", ClaimTopic::Deaths, &slots);
        let said = [
            ("It is confirmed that many people died in the flood.", None),
            ("The flood killed 12 people.", Some((ClaimTopic::Deaths, deaths(12.0)))),
        ];
        let judged = judge(&claim, &piece(&said));
        assert_eq!((judged.stance, judged.sentence), (Stance::Refutes, Some(1)));
        assert!(
            judged.why.contains("12 against 300") && judged.certainty == Certainty::Confirmed,
            "{}",
            judged.why
        );
    }

    #[test]
    fn the_magnitude_of_an_official_feed_decides() {
        let slots = Slots {
            quantity: Some(Quantity { low: 9.0, high: Some(9.0), unit: "magnitude".to_owned() }),
            ..Slots::default()
        };
        let claim = claim("A magnitude 9 earthquake", ClaimTopic::Magnitude, &slots);
        let stated = Stated { magnitude: Some(6.1), ..Stated::default() };
        let text = [("M 6.1 - 10 km NE of Springfield", None)];
        let official = Piece { kind: EvidenceKind::Official, stated: Some(&stated), ..piece(&text) };
        assert_eq!(judge(&claim, &official).stance, Stance::Refutes);
        let other = Piece { kind: EvidenceKind::Report, ..official };
        assert_eq!(judge(&claim, &other).stance, Stance::Neutral);
        let withdrawn = Stated { withdrawn: true, ..stated.clone() };
        assert_ne!(judge(&claim, &Piece { stated: Some(&withdrawn), ..official }).stance, Stance::Refutes);
    }

    #[test]
    fn a_published_check_counts_as_far_as_it_is_of_the_same_claim() {
        let slots = Slots::default();
        let claim = claim(CLAIM, ClaimTopic::Damage, &slots);
        let check = |claim: &str, verdict| Stated {
            claim_review: Some(Box::new(ClaimReview {
                claim: claim.to_owned(),
                verdict,
                ..ClaimReview::default()
            })),
            ..Stated::default()
        };
        let text = [("Rating: False", None)];
        let of = |stated: &Stated, matched| {
            judge(
                &claim,
                &Piece { kind: EvidenceKind::FactCheck, stated: Some(stated), matched, ..piece(&text) },
            )
        };
        let stated = check("The bridge has collapsed", Verdict::False);
        let (sure, maybe, other) = (of(&stated, 0.9), of(&stated, 0.6), of(&stated, 0.1));
        assert_eq!((sure.stance, sure.certainty), (Stance::Refutes, Certainty::Confirmed));
        assert_eq!((maybe.stance, maybe.certainty), (Stance::Refutes, Certainty::Suggested));
        assert!(maybe.score.abs() < sure.score.abs());
        assert!(!other.is_related);
        assert_eq!(of(&check("The bridge has collapsed", Verdict::True), 0.9).stance, Stance::Supports);
        assert_eq!(of(&check("The bridge has not collapsed", Verdict::True), 0.9).stance, Stance::Neutral);
    }

    #[test]
    fn nothing_to_judge_is_no_error() {
        let slots = Slots::default();
        for text in ["", "🔥"] {
            let judged = judge(&claim(text, ClaimTopic::Other, &slots), &piece(&[]));
            assert_eq!((judged.sentence, judged.stance), (None, Stance::Neutral));
        }
    }
}
