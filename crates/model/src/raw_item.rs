//! What a connector or the ingest API brings, before anything is made of it.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use crate::wording::shows_nothing;
use crate::{ExerciseId, HazardType, ItemId, Severity, SourceKind, Timestamp, Verdict, place};

/// Longest text in bytes.
pub const MAX_TEXT_BYTES: usize = 1024 * 1024;
/// Longest title, name, id or address in bytes.
pub const MAX_SHORT_BYTES: usize = 8 * 1024;
/// Largest raw payload in bytes.
pub const MAX_RAW_DATA_BYTES: usize = 8 * 1024 * 1024;
/// Most media of one raw item.
pub const MAX_MEDIA: usize = 64;
/// Most ids that other producers give to the happening of one raw item.
pub const MAX_OTHER_EVENT_IDS: usize = 16;
/// How far ahead of our clock a source's clock may be, in seconds.
const MAX_AHEAD_SECONDS: i64 = 48 * 3600;
/// Nothing on the feeds we read is older than this (1990-01-01T00:00:00Z).
const EARLIEST_SECOND: i64 = 631_152_000;

/// One thing said by one source, as it came.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct RawItem {
    /// UUIDv5 of source + source id; in an exercise another than in earnest.
    pub id: ItemId,
    /// Name of the source.
    pub source: String,
    /// The source's own id for it.
    pub source_id: String,
    /// What sort of voice the source is.
    #[serde(default)]
    pub source_kind: SourceKind,
    /// Where a person can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What was said, as plain text.
    pub text: String,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was said.
    pub timestamp: Timestamp,
    /// Language as the source states it (BCP 47).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_hint: Option<String>,
    /// Addresses of pictures and films.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// What the source states in a structured form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// The entry as it came, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub raw_data: Option<Box<RawValue>>,
    /// Part of an exercise: never reaches a real recipient.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// Of which exercise, where people have started it: what is said in one never meets what is said in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise_id: Option<ExerciseId>,
    /// When we got it.
    pub ingested_at: Timestamp,
}

/// What a source itself says in structured fields; official statements win over what is read from text.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Stated {
    /// Kind of hazard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<HazardType>,
    /// How bad, on our scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Latitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    /// Longitude in degrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
    /// Name of the place or area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Magnitude of an earthquake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub magnitude: Option<f64>,
    /// The producer's id of the happening (GDACS event id, GLIDE number, CAP incident), where several entries speak of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_id: Option<String>,
    /// Further ids of the same happening that the source names (GLIDE number, GDACS event id, activation code), each with its
    /// producer in front as in `glide:EQ-2001-000033-IND`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub other_event_ids: Vec<String>,
    /// When the statement ceases to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// The published check of a claim that the entry is. Boxed: hardly any entry is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim_review: Option<Box<ClaimReview>>,
    /// The source has withdrawn the entry (CAP Cancel, deleted earthquake).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub withdrawn: bool,
}

/// A published check of a claim (schema.org `ClaimReview`).
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimReview {
    /// The claim that was checked, in the checker's words.
    pub claim: String,
    /// Where the rating stands on its scale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_value: Option<f64>,
    /// The scale's end that says true.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_rating: Option<f64>,
    /// The scale's end that says false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worst_rating: Option<f64>,
    /// The rating in the checker's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating_text: Option<String>,
    /// Who checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher: Option<String>,
    /// `true`, `false` or `misleading`; `none` where the rating says neither.
    #[serde(default)]
    pub verdict: Verdict,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error, utoipa::ToSchema)]
#[error("{field}: {problem}")]
pub struct FieldError {
    /// The field, dotted.
    pub field: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl FieldError {
    /// `problem` of `field`.
    pub fn new(field: impl Into<String>, problem: impl Into<String>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }

    /// The problems as one sentence; none where there are none.
    #[must_use]
    pub fn in_words(problems: &[Self]) -> Option<String> {
        let words: Vec<String> = problems.iter().map(ToString::to_string).collect();
        (!words.is_empty()).then(|| words.join("; "))
    }
}

impl RawItem {
    /// A public post of which nothing is known but its text: said and brought at the beginning of time, until somebody says otherwise.
    #[must_use]
    pub fn post(source: &str, source_id: &str, text: &str) -> Self {
        Self {
            id: ItemId::of(source, source_id),
            source: source.to_owned(),
            source_id: source_id.to_owned(),
            source_kind: SourceKind::Social,
            url: None,
            title: None,
            text: text.to_owned(),
            author: None,
            timestamp: Timestamp::UNIX_EPOCH,
            language_hint: None,
            media: Vec::new(),
            stated: None,
            raw_data: None,
            exercise: false,
            exercise_id: None,
            ingested_at: Timestamp::UNIX_EPOCH,
        }
    }

    /// Everything that is wrong with it, seen at `now`; empty when it may go on.
    #[must_use]
    pub fn problems(&self, now: Timestamp) -> Vec<FieldError> {
        let mut problems = Vec::new();
        name(&mut problems, self.id, &self.source, &self.source_id, self.exercise);
        problems.extend(exercise_problem(self.exercise, self.exercise_id));
        short(&mut problems, "url", self.url.as_deref(), false);
        short(&mut problems, "title", self.title.as_deref(), false);
        short(&mut problems, "author", self.author.as_deref(), false);
        short(&mut problems, "language_hint", self.language_hint.as_deref(), false);
        if shows_nothing(&self.text) && self.title.as_deref().is_none_or(shows_nothing) {
            problems.push(FieldError::new("text", "is empty, and there is no title either"));
        }
        if self.text.len() > MAX_TEXT_BYTES {
            problems.push(FieldError::new("text", format!("is longer than {MAX_TEXT_BYTES} bytes")));
        }
        if self.media.len() > MAX_MEDIA || self.media.iter().any(|url| url.len() > MAX_SHORT_BYTES) {
            problems.push(FieldError::new(
                "media",
                format!("is at most {MAX_MEDIA} addresses of {MAX_SHORT_BYTES} bytes"),
            ));
        }
        if self.raw_data.as_ref().is_some_and(|data| data.get().len() > MAX_RAW_DATA_BYTES) {
            problems.push(FieldError::new("raw_data", format!("is larger than {MAX_RAW_DATA_BYTES} bytes")));
        }
        if let Err(problem) = check_said_at(self.timestamp, now) {
            problems.push(problem);
        }
        if let Some(stated) = &self.stated {
            stated.collect_problems(&mut problems);
        }
        problems
    }

    /// SHA-256 over everything but when we got it: two revisions differ in it, two copies do not. Where the time is when we got
    /// it, because the source said none, it is no part of what the source says either.
    #[must_use]
    pub fn content_hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        for text in [
            Some(&self.source),
            Some(&self.source_id),
            self.url.as_ref(),
            self.title.as_ref(),
            Some(&self.text),
            self.author.as_ref(),
            self.language_hint.as_ref(),
        ] {
            part(text.map_or(b"", |text| text.as_bytes()));
        }
        for url in &self.media {
            part(url.as_bytes());
        }
        let said_at = Some(self.timestamp).filter(|timestamp| *timestamp != self.ingested_at);
        part(&said_at.map_or(0, Timestamp::as_nanosecond).to_le_bytes());
        part(self.raw_data.as_ref().map_or(b"", |data| data.get().as_bytes()));
        part(serde_json::to_string(&self.stated).unwrap_or_default().as_bytes());
        hash.finalize().into()
    }
}

impl Stated {
    pub(crate) fn collect_problems(&self, problems: &mut Vec<FieldError>) {
        match (self.lat, self.lon) {
            (None, None) => {}
            (Some(lat), Some(lon)) => problems.extend(off_the_globe("stated", lat, lon)),
            _ => problems.push(FieldError::new("stated", "lat and lon go together")),
        }
        short(problems, "stated.place", self.place.as_deref(), false);
        short(problems, "stated.event_id", self.event_id.as_deref(), false);
        if self.other_event_ids.len() > MAX_OTHER_EVENT_IDS {
            problems.push(FieldError::new(
                "stated.other_event_ids",
                format!("has more than {MAX_OTHER_EVENT_IDS} ids"),
            ));
        }
        for id in self.other_event_ids.iter().take(MAX_OTHER_EVENT_IDS) {
            short(problems, "stated.other_event_ids", Some(id), true);
        }
        if let Some(review) = &self.claim_review {
            short(problems, "stated.claim_review.claim", Some(&review.claim), true);
            short(problems, "stated.claim_review.rating_text", review.rating_text.as_deref(), false);
            short(problems, "stated.claim_review.publisher", review.publisher.as_deref(), false);
        }
        if self.magnitude.is_some_and(|magnitude| !(-5.0..=12.0).contains(&magnitude)) {
            problems.push(FieldError::new("stated.magnitude", "is not between −5 and 12"));
        }
        if self
            .country
            .as_deref()
            .is_some_and(|code| code.len() != 2 || !code.bytes().all(|byte| byte.is_ascii_uppercase()))
        {
            problems.push(FieldError::new("stated.country", "is not an upper-case ISO 3166-1 alpha-2 code"));
        }
    }
}

/// Whether something can have been said at `said`, seen at `now`.
pub fn check_said_at(said: Timestamp, now: Timestamp) -> Result<(), FieldError> {
    if said.as_second() < EARLIEST_SECOND {
        return Err(FieldError::new("timestamp", format!("{said} lies before 1990")));
    }
    if said.as_second() > now.as_second().saturating_add(MAX_AHEAD_SECONDS) {
        return Err(FieldError::new("timestamp", format!("{said} lies more than 48 hours ahead of now")));
    }
    Ok(())
}

/// What is wrong with how an item is named. Control characters would let two names give one id.
pub(crate) fn name(
    problems: &mut Vec<FieldError>,
    id: ItemId,
    source: &str,
    source_id: &str,
    exercise: bool,
) {
    if id != ItemId::derive(source, source_id, exercise) {
        let of = if exercise { "source + source_id in an exercise" } else { "source + source_id" };
        problems.push(FieldError::new("id", format!("is not the UUIDv5 of {of}")));
    }
    for (field, text) in [("source", source), ("source_id", source_id)] {
        short(problems, field, Some(text), true);
        if text.chars().any(|char| char.is_control() && char != '\0') {
            problems.push(FieldError::new(field, "contains a control character"));
        }
    }
}

/// That something belongs to an exercise and is meant in earnest.
pub(crate) fn exercise_problem(exercise: bool, id: Option<ExerciseId>) -> Option<FieldError> {
    let problem = || FieldError::new("exercise_id", "only what is part of an exercise has one");
    (id.is_some() && !exercise).then(problem)
}

/// That a point is not on the globe.
pub(crate) fn off_the_globe(field: &str, lat: f64, lon: f64) -> Option<FieldError> {
    let problem = || format!("lat {lat}, lon {lon} is not on the globe (−90…90, −180…180)");
    (!place::on_the_globe(lat, lon)).then(|| FieldError::new(field, problem()))
}

fn short(problems: &mut Vec<FieldError>, field: &str, text: Option<&str>, required: bool) {
    let Some(text) = text else { return };
    if required && text.trim().is_empty() {
        problems.push(FieldError::new(field, "is empty"));
    }
    if text.len() > MAX_SHORT_BYTES {
        problems.push(FieldError::new(field, format!("is longer than {MAX_SHORT_BYTES} bytes")));
    }
    if text.contains('\0') {
        problems.push(FieldError::new(field, "contains a NUL character"));
    }
}
