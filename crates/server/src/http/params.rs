//! Query parameters of lists, in the forms people write them.

use axum_extra::extract::Query;
use axum_extra::extract::QueryRejection;
use crisislens_model::{BoundingBox, HazardType, ItemFilter, ItemStatus, Severity, Timestamp};
use crisislens_state::{Cursor, Page};
use serde::{Deserialize, Serialize};

use super::Problem;

/// Items on a page where the request does not say.
const DEFAULT_LIMIT: usize = 50;
/// Most items on a page.
const MAX_LIMIT: usize = 200;

/// Query parameters, with problem details for wrong ones.
pub type Params<T> = Result<Query<T>, QueryRejection>;

/// Conditions on items; lists are repeated or separated by commas.
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
    pub risk_max: Option<f64>,
    /// Said at or after this (RFC 3339).
    pub since: Option<String>,
    /// Said before this (RFC 3339).
    pub until: Option<String>,
    /// Id of an incident.
    pub incident: Option<String>,
    /// Words and operators: `"power cut" risk:>0.7 hazard:flood -drill`.
    pub q: Option<String>,
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PageParams {
    /// Things on the page, 1 to 200; 50 where absent.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl ItemParams {
    /// The filter they describe; `q` apart.
    pub fn filter(&self) -> Result<ItemFilter, Problem> {
        Ok(ItemFilter {
            status: list(
                "status",
                &self.status,
                ItemStatus::parse,
                &ItemStatus::ALL.map(ItemStatus::as_str),
            )?,
            source: split(&self.source).map(str::to_owned).collect(),
            hazard: list("hazard", &self.hazard, HazardType::parse, &hazard_words())?,
            country: split(&self.country).map(str::to_uppercase).collect(),
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
                .map_err(|problem| Problem::parameter("bbox", problem))?,
            min_risk: risk("min_risk", self.min_risk)?,
            max_risk: risk("risk_max", self.risk_max)?,
            since: instant("since", self.since.as_deref())?,
            until: instant("until", self.until.as_deref())?,
            incident: self
                .incident
                .as_deref()
                .map(str::parse)
                .transpose()
                .map_err(|_| Problem::parameter("incident", "is not a UUID"))?,
        })
    }

    /// `q`, if it says anything.
    pub fn text(&self) -> Option<&str> {
        self.q.as_deref().map(str::trim).filter(|text| !text.is_empty())
    }
}

impl PageParams {
    /// How many things.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(limit) => {
                Err(Problem::parameter("limit", format!("{limit} is not between 1 and {MAX_LIMIT}")))
            }
        }
    }

    /// After what.
    pub fn after(&self) -> Result<Option<Cursor>, Problem> {
        self.cursor
            .as_deref()
            .map(|text| {
                Cursor::decode(text)
                    .ok_or_else(|| Problem::parameter("cursor", "was not given out by this list"))
            })
            .transpose()
    }
}

/// A list as it goes over the wire.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The things.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// The next page's `cursor`, or null.
    pub next: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, total: page.total, next: page.next.map(|cursor| cursor.encode()) }
    }
}

fn split(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty())
}

/// The values of a parameter that is repeated or separated by commas.
pub fn list<T>(
    name: &str,
    values: &[String],
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Vec<T>, Problem> {
    split(values)
        .map(|word| {
            parse(word)
                .ok_or_else(|| Problem::parameter(name, format!("`{word}` is none of {}", known.join(", "))))
        })
        .collect()
}

fn hazard_words() -> Vec<&'static str> {
    HazardType::ALL.iter().map(|kind| kind.as_str()).collect()
}

fn risk(name: &str, value: Option<f64>) -> Result<Option<f64>, Problem> {
    match value {
        Some(value) if !(0.0..=1.0).contains(&value) => {
            Err(Problem::parameter(name, format!("{value} is not between 0 and 1")))
        }
        value => Ok(value),
    }
}

fn instant(name: &str, text: Option<&str>) -> Result<Option<Timestamp>, Problem> {
    text.map(|text| {
        text.parse().map_err(|_| {
            Problem::parameter(name, format!("`{text}` is not an RFC 3339 time such as 2026-01-31T12:00:00Z"))
        })
    })
    .transpose()
}
