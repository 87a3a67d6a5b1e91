//! What of an item is indexed, the same on every engine, and a digest of it. Not how an engine stores it.

use crisislens_model::{ExerciseId, Item, ItemId, Timestamp};
use sha2::{Digest, Sha256};

use crate::near::on_sphere;
use crate::query::Label;
use crate::words::beginning;

/// A facet has at most so many labels, the most frequent ones.
pub(crate) const MAX_FACET_LABELS: usize = 1_000;
/// What facets count; on every engine, the columns have these names.
pub(crate) const FACETS: [&str; 6] = ["source", "hazard", "country", "status", "severity", "humanitarian"];

/// A digest has so many bits: sums of its halves stay exact in the doubles in which OpenSearch adds, up to 2^29 items.
pub(crate) const DIGEST_BITS: u32 = 48;

/// Risk and degrees count in the digest by these steps: what is far below them may change on the way through JSON.
const STEPS_PER_UNIT: f64 = 1e6;

/// The indexed part of an item. Texts are cut to what is searched.
#[derive(Debug, Clone)]
pub(crate) struct Indexed<'a> {
    pub id: ItemId,
    /// Which of two puts of one id wins. Not in the digest: joining an incident raises it and changes nothing here.
    pub version: u64,
    /// When it was said, since 1970.
    pub nanoseconds: i64,
    pub source: &'a str,
    pub hazard: &'a str,
    pub status: &'a str,
    pub severity: &'a str,
    pub country: Option<&'a str>,
    /// Absent where it is not a number.
    pub risk: Option<f64>,
    pub title: Option<&'a str>,
    pub text: &'a str,
    /// The place's name.
    pub place: Option<&'a str>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
    /// The place on the unit sphere.
    pub sphere: Option<[f64; 3]>,
    /// The values of each label.
    pub labels: [(Label, Vec<String>); Label::ALL.len()],
    /// Not in the digest: an item in an exercise has another id.
    pub exercise: bool,
    /// Of an exercise, which one ([`world`]).
    pub world: Option<String>,
    /// Whether it is a published check of a claim.
    pub fact_check: bool,
}

impl<'a> Indexed<'a> {
    /// What of `item` is indexed.
    pub fn of(item: &'a Item) -> Self {
        let place = item.location.as_ref();
        Self {
            id: item.id,
            version: item.version,
            nanoseconds: nanoseconds(item.timestamp),
            source: &item.source,
            hazard: item.hazard.kind.as_str(),
            status: item.status.as_str(),
            severity: item.severity.as_str(),
            country: place.and_then(|place| place.country.as_deref()),
            risk: comparable(item.risk_score),
            title: item.title.as_deref().map(beginning),
            text: beginning(&item.text),
            place: place.map(|place| beginning(&place.name)),
            lat: place.and_then(|place| comparable(place.lat)),
            lon: place.and_then(|place| comparable(place.lon)),
            sphere: item
                .point()
                .map(|(lat, lon)| on_sphere(lat, lon))
                .filter(|at| at.iter().all(|part| part.is_finite())),
            labels: Label::ALL.map(|label| (label, has(item, label))),
            exercise: item.exercise,
            world: item.exercise.then(|| world(item.exercise_id)),
            fact_check: item.stated.as_ref().is_some_and(|stated| stated.claim_review.is_some()),
        }
    }

    /// The texts in which words are looked for; no phrase reaches from one into the next.
    pub fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.title.into_iter().chain([self.text]).chain(self.place)
    }

    /// [`DIGEST_BITS`] bits of SHA-256 over the id and all that is indexed.
    pub fn digest(&self) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.id.0.as_bytes());
        hash.update(self.nanoseconds.to_be_bytes());
        let labels = [self.source, self.hazard, self.status, self.severity, self.text].map(Some);
        for text in labels.into_iter().chain([self.country, self.title, self.place]) {
            // The length tells where a text ends, and an absent one from an empty one.
            hash.update(text.map_or(u64::MAX, |text| text.len() as u64).to_be_bytes());
            hash.update(text.unwrap_or_default());
        }
        for (_, values) in &self.labels {
            hash.update((values.len() as u64).to_be_bytes());
            for value in values {
                hash.update((value.len() as u64).to_be_bytes());
                hash.update(value);
            }
        }
        for number in [self.risk, self.lat, self.lon] {
            hash.update(number.map_or(i64::MIN, steps).to_be_bytes());
        }
        hash.update([u8::from(self.fact_check)]);
        let bytes = hash.finalize();
        bytes.iter().take(DIGEST_BITS as usize / 8).fold(0, |digest, byte| digest << 8 | u64::from(*byte))
    }
}

/// How the exercise that something is part of is written; one that nobody has started has no id.
pub(crate) fn world(exercise: Option<ExerciseId>) -> String {
    exercise.map_or_else(|| "unnamed".to_owned(), |id| id.to_string())
}

/// An item has at most so many values of a label that are indexed.
const MAX_VALUES: usize = 64;

/// What an item has of a label, in the form in which it is compared.
pub(crate) fn has(item: &Item, label: Label) -> Vec<String> {
    match label {
        Label::Language => vec![item.language.code.to_ascii_lowercase()],
        Label::Topic => item.topics.iter().take(MAX_VALUES).map(|topic| topic.to_lowercase()).collect(),
        Label::Tag => item.tags.iter().take(MAX_VALUES).map(|word| tag(word)).collect(),
        Label::Informative => {
            item.relevance.iter().map(|relevance| relevance.informative.to_string()).collect()
        }
        Label::Humanitarian => {
            item.humanitarian.iter().map(|said| said.category.as_str().to_owned()).collect()
        }
    }
}

/// A word that people put on items, as it is compared: at most 256 characters, which every engine takes whole.
pub(crate) fn tag(word: &str) -> String {
    word.trim().to_lowercase().chars().take(256).collect()
}

#[expect(clippy::cast_possible_truncation, reason = "a number beyond i64 is as good as the last in it")]
fn steps(number: f64) -> i64 {
    (number * STEPS_PER_UNIT).round() as i64
}

/// Nanoseconds since 1970, the nearest there is for years before 1677 and after 2262.
pub(crate) fn nanoseconds(at: Timestamp) -> i64 {
    let nanoseconds = at.as_nanosecond();
    i64::try_from(nanoseconds).unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX })
}

/// The number as an index orders it: no NaN, and one zero.
pub(crate) fn comparable(number: f64) -> Option<f64> {
    (!number.is_nan()).then_some(number + 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::sample;
    use crisislens_model::{HumanitarianCategory, Relevance};

    fn digest(item: &Item) -> u64 {
        Indexed::of(item).digest()
    }

    #[test]
    fn the_digest_regards_what_is_indexed_and_nothing_else() {
        let item = sample::items(40).into_iter().find(|item| item.location.is_some()).unwrap();
        let same = Item { version: 9, incident_id: None, ..item.clone() };
        assert_eq!(digest(&same), digest(&item));
        assert!(digest(&item) < 1 << DIGEST_BITS);
        let changes: [fn(&mut Item); 11] = [
            |item| item.relevance = Some(Relevance { informative: true, probability: 0.9 }),
            |item| item.humanitarian = Some(sample::humanitarian(HumanitarianCategory::CautionAndAdvice)),
            |item| item.tags.push("x".to_owned()),
            |item| item.language.code = "es".to_owned(),
            |item| item.text.push('x'),
            |item| item.title = Some(String::new()),
            |item| item.risk_score += 0.001,
            |item| item.location = None,
            |item| item.timestamp = sample::at(1_000_000),
            |item| item.source.push('x'),
            |item| item.stated = Some(sample::fact_check()),
        ];
        for change in changes {
            let mut changed = item.clone();
            changed.title = None;
            (changed.relevance, changed.humanitarian) = (None, None);
            let before = digest(&changed);
            change(&mut changed);
            assert_ne!(digest(&changed), before, "{changed:?}");
        }
    }

    #[test]
    fn the_digest_survives_the_way_through_json() {
        for item in sample::items(200) {
            let text = serde_json::to_string(&item).unwrap();
            assert_eq!(digest(&serde_json::from_str(&text).unwrap()), digest(&item));
        }
    }
}
