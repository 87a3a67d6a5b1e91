//! An item: a raw item after analysis, the thing analysts work on.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::raw_item::{self, check_said_at};
use crate::wording::line_problem;
use crate::{
    ClaimId, ExerciseId, FieldError, HazardGuess, HazardType, Humanitarian, HumanitarianCategory, IncidentId,
    ItemId, Location, RawItem, Relevance, RiskLevel, RiskPart, Severity, SourceKind, Stated, Timestamp,
    UserId,
};

/// Where an item stands in the desk's work.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ItemStatus {
    /// Nobody has looked.
    #[default]
    New,
    /// Seen and kept.
    Triaged,
    /// Someone is on it.
    InReview,
    /// Confirmed.
    Verified,
    /// Not ours, or false.
    Dismissed,
}

impl ItemStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::New, Self::Triaged, Self::InReview, Self::Verified, Self::Dismissed];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Triaged => "triaged",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::Dismissed => "dismissed",
        }
    }

    /// The status named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// The language of a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Language {
    /// ISO 639-1, or `und` where we cannot tell.
    pub code: String,
    /// 0 to 1.
    pub confidence: f64,
}

impl Default for Language {
    fn default() -> Self {
        Self { code: "und".to_owned(), confidence: 0.0 }
    }
}

/// One thing said, with its hazard, place, severity and risk.
#[derive(Debug, Clone, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Item {
    /// UUIDv5 of source + source id, in an exercise another than in earnest; shared with the raw item.
    pub id: ItemId,
    /// Name of the source.
    pub source: String,
    /// The source's own id for it.
    pub source_id: String,
    /// What sort of voice the source is.
    pub source_kind: SourceKind,
    /// Where a person can read it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Headline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// What was said.
    pub text: String,
    /// Who said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was said.
    pub timestamp: Timestamp,
    /// Language as the source states it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_hint: Option<String>,
    /// Addresses of pictures and films.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<String>,
    /// What the source states in a structured form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// The entry as it came; only on `/api/items/{id}`, never in lists or on the log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub raw_data: Option<Box<RawValue>>,
    /// When we got it.
    pub ingested_at: Timestamp,
    /// Detected language.
    pub language: Language,
    /// What happened.
    pub hazard: HazardGuess,
    /// Whether it informs about an emergency; absent where there are too few words to judge, or nobody has judged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub relevance: Option<Relevance>,
    /// What kind of humanitarian information it gives; absent where it informs of nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub humanitarian: Option<Humanitarian>,
    /// Where; absent when nothing names a place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// Places, magnitudes and other things named in the text.
    #[serde(default)]
    pub entities: Vec<Entity>,
    /// Subjects touched (casualties, evacuation, damage, …).
    #[serde(default)]
    pub topics: Vec<String>,
    /// How bad.
    pub severity: Severity,
    /// Why that severity.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub severity_why: String,
    /// 0 to 1: the sum of the parts' contributions.
    pub risk_score: f64,
    /// The addends of the score.
    #[serde(default)]
    pub risk_parts: Vec<RiskPart>,
    /// `high` above 0.7, `medium` from 0.4.
    pub risk_level: RiskLevel,
    /// What people have put right of this; it stays whatever the source says later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<PutRight>,
    /// The item this one repeats, of the same source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duplicate_of: Option<ItemId>,
    /// The incident it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident_id: Option<IncidentId>,
    /// Claims it makes.
    #[serde(default)]
    pub claim_ids: Vec<ClaimId>,
    /// Where it stands in the desk's work.
    pub status: ItemStatus,
    /// Who is on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<UserId>,
    /// Words put on it by people.
    #[serde(default)]
    pub tags: Vec<String>,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// Of which exercise, where people have started it: what is said in one never meets what is said in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise_id: Option<ExerciseId>,
    /// Which revision of the source's entry this is, from 1.
    pub revision: u64,
    /// Rises with every change; the ETag.
    pub version: u64,
}

/// Longest name of a place that people may give, characters.
pub const MAX_PLACE_NAME: usize = 200;

/// What people say that an item says, over what analysis made of it; what is absent stays as analysis has it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemCorrection {
    /// What happened; `none` where nothing did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hazard: Option<HazardType>,
    /// Where; null where it names no place.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    #[schema(value_type = Option<PlaceNamed>)]
    pub location: Option<Option<PlaceNamed>>,
    /// How bad.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The language, ISO 639-1, or `und`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether it informs about an emergency. What is put to a kind of humanitarian information informs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub informative: Option<bool>,
    /// What kind of humanitarian information it gives; null where it gives none.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "even_null")]
    #[schema(value_type = Option<HumanitarianCategory>)]
    pub humanitarian: Option<Option<HumanitarianCategory>>,
}

/// A place as a person gives it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlaceNamed {
    /// What people call it.
    pub name: String,
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
}

/// A correction, and who made it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PutRight {
    /// What it was put to.
    pub to: ItemCorrection,
    /// By whom.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}

impl ItemCorrection {
    /// Whether people say that it informs, by the word or by naming the kind of information.
    #[must_use]
    pub fn informs(&self) -> Option<bool> {
        self.informative.or_else(|| self.humanitarian.flatten().map(|_| true))
    }

    /// Everything that is wrong with it, each under `corrected`.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        if let Some(Some(place)) = &self.location {
            problems.extend(raw_item::off_the_globe("corrected.location", place.lat, place.lon));
            problems.extend(line_problem("corrected.location.name", &place.name, MAX_PLACE_NAME));
        }
        let is_code =
            |code: &str| code.len() <= 3 && code.len() >= 2 && code.bytes().all(|b| b.is_ascii_lowercase());
        if self.language.as_deref().is_some_and(|code| !is_code(code)) {
            problems.push(FieldError::new("corrected.language", "is not a code of two letters, nor und"));
        }
        if self.informative == Some(false) && self.humanitarian.flatten().is_some() {
            let why = "what informs of nothing gives no kind of information";
            problems.push(FieldError::new("corrected.humanitarian", why));
        }
        if *self == Self::default() {
            problems.push(FieldError::new("corrected", "puts nothing right; null takes a correction back"));
        }
        problems
    }
}

/// Reads null as something that was said.
pub fn even_null<'de, T: Deserialize<'de>, D: serde::Deserializer<'de>>(
    from: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(from).map(Some)
}

/// Something named in a text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Entity {
    /// `place`, `magnitude`, `casualties`, `hashtag`.
    pub kind: String,
    /// As it stands in the text.
    pub text: String,
    /// Byte offset in the text.
    pub start: usize,
}

impl Item {
    /// Everything that is wrong with it, seen at `now`; empty when it may go on. Numbers outside their range would spoil the
    /// incident that the item joins.
    #[must_use]
    pub fn problems(&self, now: Timestamp) -> Vec<FieldError> {
        let mut problems = Vec::new();
        raw_item::name(&mut problems, self.id, &self.source, &self.source_id, self.exercise);
        problems.extend(raw_item::exercise_problem(self.exercise, self.exercise_id));
        let mut share = |field: &str, value: f64| {
            if !(0.0..=1.0).contains(&value) {
                problems.push(FieldError::new(field, "is not between 0 and 1"));
            }
        };
        share("language.confidence", self.language.confidence);
        share("hazard.confidence", self.hazard.confidence);
        share("risk_score", self.risk_score);
        if let Some(relevance) = self.relevance {
            share("relevance.probability", relevance.probability);
        }
        if let Some(humanitarian) = self.humanitarian {
            share("humanitarian.probability", humanitarian.probability);
        }
        if let Some(place) = &self.location {
            share("location.confidence", place.confidence);
            place.alternatives.iter().for_each(|other| share("location.alternatives.score", other.score));
            for other in &place.alternatives {
                problems.extend(raw_item::off_the_globe("location.alternatives", other.lat, other.lon));
            }
            problems.extend(raw_item::off_the_globe("location", place.lat, place.lon));
        }
        problems.extend(check_said_at(self.timestamp, now).err());
        if let Some(stated) = &self.stated {
            stated.collect_problems(&mut problems);
        }
        problems
    }

    /// What was said, as it came, without the entry's own form: what analysis reads.
    #[must_use]
    pub fn said(&self) -> RawItem {
        RawItem {
            id: self.id,
            source: self.source.clone(),
            source_id: self.source_id.clone(),
            source_kind: self.source_kind,
            url: self.url.clone(),
            title: self.title.clone(),
            text: self.text.clone(),
            author: self.author.clone(),
            timestamp: self.timestamp,
            language_hint: self.language_hint.clone(),
            media: self.media.clone(),
            stated: self.stated.clone(),
            raw_data: None,
            exercise: self.exercise,
            exercise_id: self.exercise_id,
            ingested_at: self.ingested_at,
        }
    }

    /// The place as a point, if there is one.
    #[must_use]
    pub fn point(&self) -> Option<(f64, f64)> {
        self.location.as_ref().map(|place| (place.lat, place.lon))
    }

    /// Headline where there is one, else the first 120 characters of the text.
    #[must_use]
    pub fn headline(&self) -> String {
        match &self.title {
            Some(title) if !title.trim().is_empty() => title.trim().to_owned(),
            _ => self.text.chars().take(120).collect(),
        }
    }
}
