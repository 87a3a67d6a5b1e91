//! Conditions on items and streams as the query parameters of addresses, in the forms people write them.

use serde::Deserialize;

use crate::filter::distinct;
use crate::{BoundingBox, FieldError, HazardType, ItemFilter, ItemStatus, Severity, Timestamp};

/// Conditions on items; lists are repeated or separated by commas, and have at most a hundred entries.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ItemParams {
    /// new, triaged, in_review, verified, dismissed.
    pub status: Vec<String>,
    /// Names of sources.
    pub source: Vec<String>,
    /// Kinds of hazard.
    pub hazard: Vec<String>,
    /// ISO 3166-1 alpha-2 codes.
    pub country: Vec<String>,
    /// low, medium, high, critical.
    pub severity: Vec<String>,
    /// west,south,east,north in degrees.
    pub bbox: Option<String>,
    /// Risk at least this, 0 to 1.
    #[serde(alias = "risk_min")]
    pub min_risk: Option<f64>,
    /// Risk at most this, 0 to 1.
    #[serde(alias = "max_risk")]
    pub risk_max: Option<f64>,
    /// Said at or after this (RFC 3339).
    pub since: Option<String>,
    /// Said before this (RFC 3339).
    pub until: Option<String>,
    /// Id of an incident.
    pub incident: Option<String>,
    /// true for what is part of an exercise, false for what is meant in earnest.
    pub exercise: Option<bool>,
    /// Id of an exercise that people have started.
    pub exercise_id: Option<String>,
    /// Words and operators: `"power cut" risk:>0.7 hazard:flood -drill`.
    pub q: Option<String>,
}

/// Which kinds of event a stream brings, and from where on.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StreamParams {
    /// The frame's `type`, such as new_item or alert; all where absent.
    #[serde(default, rename = "type")]
    pub types: Vec<String>,
    /// The position to resume from, for clients that cannot send `Last-Event-ID`.
    #[serde(default)]
    pub position: Option<String>,
    /// Another room than `global`, with who is there where it shows that. Only `/api/sse/stream` takes it.
    #[serde(default)]
    pub room: Option<String>,
}

impl StreamParams {
    /// The kinds of event; none where all are wanted.
    pub fn kinds(&self) -> impl Iterator<Item = &str> {
        split(&self.types)
    }
}

impl ItemParams {
    /// The filter they describe; `q` apart.
    ///
    /// # Errors
    /// The first parameter that cannot be read, and what would be right.
    pub fn filter(&self) -> Result<ItemFilter, FieldError> {
        Ok(ItemFilter {
            status: list(
                "status",
                &self.status,
                ItemStatus::parse,
                &ItemStatus::ALL.map(ItemStatus::as_str),
            )?,
            source: words("source", &self.source, str::to_owned)?,
            hazard: list("hazard", &self.hazard, HazardType::parse, &hazard_words())?,
            country: words("country", &self.country, str::to_uppercase)?,
            severity: list(
                "severity",
                &self.severity,
                Severity::parse,
                &Severity::ALL.map(Severity::as_str),
            )?,
            bbox: self
                .bbox
                .as_deref()
                .map(BoundingBox::parse)
                .transpose()
                .map_err(|problem| FieldError::new("bbox", problem))?,
            min_risk: risk("min_risk", self.min_risk)?,
            max_risk: risk("risk_max", self.risk_max)?,
            since: instant("since", self.since.as_deref())?,
            until: instant("until", self.until.as_deref())?,
            incident: self
                .incident
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| FieldError::new("incident", "is not a UUID"))?,
            exercise: self.exercise,
            exercise_id: self
                .exercise_id
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| FieldError::new("exercise_id", "is not a UUID"))?,
        })
    }

    /// `q`, if it says anything.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

fn split(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The values of a parameter that is repeated or separated by commas.
///
/// # Errors
/// A word that `parse` does not know; the error lists the `known` ones. More than [`crate::filter::MAX_ENTRIES`].
pub fn list<T: PartialEq>(
    name: &str,
    values: &[String],
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Vec<T>, FieldError> {
    let entries = split(values)
        .map(|word| {
            parse(word)
                .ok_or_else(|| FieldError::new(name, format!("`{word}` is none of {}", known.join(", "))))
        })
        .collect::<Result<Vec<T>, FieldError>>()?;
    distinct(entries).map_err(|problem| FieldError::new(name, problem))
}

fn words(name: &str, values: &[String], read: impl Fn(&str) -> String) -> Result<Vec<String>, FieldError> {
    list(name, values, |word| Some(read(word)), &[])
}

fn hazard_words() -> Vec<&'static str> {
    HazardType::ALL.iter().map(|kind| kind.as_str()).collect()
}

fn risk(name: &str, value: Option<f64>) -> Result<Option<f64>, FieldError> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(FieldError::new(name, format!("{value} is not between 0 and 1")))
        }
        value => Ok(value),
    }
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, FieldError> {
    text.map(|text| {
        text.parse().map_err(|_| {
            FieldError::new(name, format!("`{text}` is not an RFC 3339 time such as 2026-01-31T12:00:00Z"))
        })
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let types = vec![" alert, new_item".to_owned(), ",".to_owned(), "item_update".to_owned()];
        let stream = StreamParams { types, ..StreamParams::default() };
        assert_eq!(stream.kinds().collect::<Vec<_>>(), ["alert", "new_item", "item_update"]);
        let items = ItemParams { country: vec!["it,fr".to_owned()], ..ItemParams::default() };
        assert_eq!(items.filter().unwrap().country, ["IT", "FR"]);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let words = |word: &str| vec![word.to_owned()];
        for (params, field) in [
            (ItemParams { status: words("burnt"), ..ItemParams::default() }, "status"),
            (ItemParams { hazard: words("fire,x"), ..ItemParams::default() }, "hazard"),
            (ItemParams { bbox: Some("1,2,3".to_owned()), ..ItemParams::default() }, "bbox"),
            (ItemParams { min_risk: Some(f64::NAN), ..ItemParams::default() }, "min_risk"),
            (ItemParams { until: Some("tomorrow".to_owned()), ..ItemParams::default() }, "until"),
            (ItemParams { incident: Some("1".to_owned()), ..ItemParams::default() }, "incident"),
            (ItemParams { exercise_id: Some("1".to_owned()), ..ItemParams::default() }, "exercise_id"),
            (
                ItemParams { country: (0..101).map(|n| n.to_string()).collect(), ..ItemParams::default() },
                "country",
            ),
        ] {
            assert_eq!(params.filter().unwrap_err().field, field);
        }
    }
}
