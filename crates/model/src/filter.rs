//! Which items are wanted: one meaning for lists, search, rooms and streams.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::{BoundingBox, HazardType, Item, ItemStatus, Severity, SourceKind, Timestamp};

/// Most entries of one list. Every event is held against every entry, for each room that is narrowed by it.
pub const MAX_ENTRIES: usize = 100;

/// Conditions on items; all that are set must hold. Within one list, of at most [`MAX_ENTRIES`], any entry may hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ItemFilter {
    /// Status is one of these.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "Vec::is_empty")]
    pub status: Vec<ItemStatus>,
    /// Source is one of these.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<String>,
    /// Hazard is one of these.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "Vec::is_empty")]
    pub hazard: Vec<HazardType>,
    /// Country is one of these (ISO 3166-1 alpha-2).
    #[serde(default, deserialize_with = "few", skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<String>,
    /// Severity is one of these.
    #[serde(default, deserialize_with = "few", skip_serializing_if = "Vec::is_empty")]
    pub severity: Vec<Severity>,
    /// The point lies in this box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BoundingBox>,
    /// Risk is at least this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_risk: Option<f64>,
    /// Risk is at most this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_risk: Option<f64>,
    /// Said at or after this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Said before this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Belongs to this incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub incident: Option<crate::IncidentId>,
    /// Part of an exercise (true), or meant in earnest (false).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<bool>,
    /// Part of this exercise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise_id: Option<crate::ExerciseId>,
}

/// What a filter looks at, readable from a JSON item without copying the rest of it.
#[derive(Debug, Clone, Deserialize)]
pub struct ItemFacts<'a> {
    /// Status.
    pub status: ItemStatus,
    /// Source.
    #[serde(borrow)]
    pub source: std::borrow::Cow<'a, str>,
    /// Kind of voice.
    pub source_kind: SourceKind,
    /// Hazard.
    pub hazard: HazardFact,
    /// Place.
    #[serde(default, borrow)]
    pub location: Option<PlaceFact<'a>>,
    /// Severity.
    pub severity: Severity,
    /// Risk.
    pub risk_score: f64,
    /// When it was said.
    pub timestamp: Timestamp,
    /// Incident.
    #[serde(default)]
    pub incident_id: Option<crate::IncidentId>,
    /// Whether it is part of an exercise.
    #[serde(default)]
    pub exercise: bool,
    /// Of which.
    #[serde(default)]
    pub exercise_id: Option<crate::ExerciseId>,
}

/// The kind of a hazard guess.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct HazardFact {
    /// The kind.
    #[serde(rename = "type")]
    pub kind: HazardType,
}

/// The point and country of a location.
#[derive(Debug, Clone, Deserialize)]
pub struct PlaceFact<'a> {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// ISO 3166-1 alpha-2.
    #[serde(default, borrow)]
    pub country: Option<std::borrow::Cow<'a, str>>,
}

impl<'a> From<&'a Item> for ItemFacts<'a> {
    fn from(item: &'a Item) -> Self {
        Self {
            status: item.status,
            source: item.source.as_str().into(),
            source_kind: item.source_kind,
            hazard: HazardFact { kind: item.hazard.kind },
            location: item.location.as_ref().map(|place| PlaceFact {
                lat: place.lat,
                lon: place.lon,
                country: place.country.as_deref().map(Into::into),
            }),
            severity: item.severity,
            risk_score: item.risk_score,
            timestamp: item.timestamp,
            incident_id: item.incident_id,
            exercise: item.exercise,
            exercise_id: item.exercise_id,
        }
    }
}

impl ItemFilter {
    /// Whether nothing is asked for, so that everything matches.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many entries its lists have together.
    #[must_use]
    pub fn entries(&self) -> usize {
        self.status.len() + self.source.len() + self.hazard.len() + self.country.len() + self.severity.len()
    }

    /// Whether an item with these facts is wanted.
    #[must_use]
    pub fn matches(&self, facts: &ItemFacts<'_>) -> bool {
        let place = facts.location.as_ref();
        any(&self.status, &facts.status)
            && (self.source.is_empty() || self.source.iter().any(|source| *source == facts.source))
            && any(&self.hazard, &facts.hazard.kind)
            && any(&self.severity, &facts.severity)
            && (self.country.is_empty()
                || place
                    .and_then(|place| place.country.as_deref())
                    .is_some_and(|code| self.country.iter().any(|wanted| wanted == code)))
            && self.bbox.is_none_or(|bbox| place.is_some_and(|place| bbox.contains(place.lat, place.lon)))
            && self.min_risk.is_none_or(|least| facts.risk_score >= least)
            && self.max_risk.is_none_or(|most| facts.risk_score <= most)
            && self.since.is_none_or(|since| facts.timestamp >= since)
            && self.until.is_none_or(|until| facts.timestamp < until)
            && self.incident.is_none_or(|incident| facts.incident_id == Some(incident))
            && self.exercise.is_none_or(|exercise| facts.exercise == exercise)
            && self.exercise_id.is_none_or(|exercise| facts.exercise_id == Some(exercise))
    }
}

/// A list as it comes from outside: no entry twice, and not too many.
///
/// # Errors
/// There are more than [`MAX_ENTRIES`].
pub(crate) fn distinct<T: PartialEq>(entries: Vec<T>) -> Result<Vec<T>, String> {
    if entries.len() > MAX_ENTRIES {
        return Err(format!("{} entries are too many; at most {MAX_ENTRIES} are taken", entries.len()));
    }
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        if !kept.contains(&entry) {
            kept.push(entry);
        }
    }
    Ok(kept)
}

fn few<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + PartialEq,
{
    distinct(Vec::deserialize(deserializer)?).map_err(D::Error::custom)
}

fn any<T: PartialEq>(wanted: &[T], found: &T) -> bool {
    wanted.is_empty() || wanted.contains(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_countries(codes: impl Iterator<Item = usize>) -> serde_json::Result<ItemFilter> {
        let country: Vec<String> = codes.map(|code| code.to_string()).collect();
        serde_json::from_value(serde_json::json!({ "country": country }))
    }

    #[test]
    fn a_list_has_no_entry_twice_and_not_too_many() {
        assert_eq!(of_countries((0..100).map(|code| code % 3)).unwrap().country, ["0", "1", "2"]);
        assert_eq!(of_countries(0..100).unwrap().entries(), 100);
        let refused = of_countries(0..101).unwrap_err().to_string();
        assert!(refused.contains("101 entries are too many; at most 100"), "{refused}");
    }
}
