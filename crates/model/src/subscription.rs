//! What somebody wants alerts of: an area, a hazard, a severity, a source, a word, an incident.

use std::sync::OnceLock;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::place::distance_km;
use crate::wording::line_problem;
use crate::{Alert, BoundingBox, FieldError, HazardType, IncidentId, News, Role, Severity, id};

/// Most entries of a list.
const MAX_ENTRIES: usize = 100;
/// Longest keyword, characters.
const MAX_KEYWORD: usize = 100;
/// Longest name of a source, characters.
const MAX_SOURCE: usize = 200;
/// The farthest that two places on the globe are apart, kilometres.
const HALF_WAY_ROUND: f64 = 20_040.0;

/// What is around a place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Kilometres from there.
    pub km: f64,
}

/// Which alerts are meant: those that fit every part that is given; of a list, one entry is enough. With no part given, all.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AlertMatch {
    /// ISO 3166-1 alpha-2, upper case.
    pub country: Vec<String>,
    /// The middle of the area lies within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BoundingBox>,
    /// The middle of the area lies within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circle: Option<Circle>,
    /// The hazard is one of these.
    pub hazard: Vec<HazardType>,
    /// Nothing below this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// Nothing above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_severity: Option<Severity>,
    /// One of these reports it.
    pub source: Vec<String>,
    /// Title, message or area has one of these, in any case.
    pub keyword: Vec<String>,
    /// It is of one of these.
    pub incident: Vec<IncidentId>,
}

/// What a match looks at.
#[derive(Debug, Default)]
pub struct Facts<'a> {
    /// ISO 3166-1 alpha-2.
    pub country: Option<&'a str>,
    /// Latitude and longitude in degrees.
    pub centre: Option<(f64, f64)>,
    /// What sort of happening.
    pub hazard: HazardType,
    /// How bad.
    pub severity: Severity,
    /// Who reports it.
    pub sources: Vec<&'a str>,
    /// Where keywords are looked for.
    pub texts: [&'a str; 3],
    /// Of which incident.
    pub incident: Option<IncidentId>,
    /// The saved searches that find it.
    pub searches: &'a [Uuid],
    /// The texts in lower case, once somebody has looked for a keyword.
    lower: OnceLock<String>,
}

impl Facts<'_> {
    fn has(&self, word: &str) -> bool {
        self.lower.get_or_init(|| self.texts.join("\n").to_lowercase()).contains(&word.to_lowercase())
    }
}

impl Alert {
    /// What a match looks at.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            country: self.country.as_deref(),
            centre: self.centre.map(|centre| (centre.lat, centre.lon)),
            hazard: self.hazard,
            severity: self.severity,
            sources: self.sources().collect(),
            texts: [&self.title, &self.message, &self.area],
            incident: Some(self.incident_id),
            searches: &[],
            lower: OnceLock::new(),
        }
    }
}

impl News {
    /// What a match looks at.
    #[must_use]
    pub fn facts(&self) -> Facts<'_> {
        Facts {
            country: self.country.as_deref(),
            centre: self.centre,
            hazard: self.hazard,
            severity: self.severity,
            sources: vec![&self.source],
            texts: [&self.title, &self.text, &self.area],
            incident: self.incident,
            searches: &self.searches,
            lower: OnceLock::new(),
        }
    }
}

impl AlertMatch {
    /// Whether it fits; if not, the first part that does not.
    ///
    /// # Errors
    /// The part's name.
    pub fn fits(&self, facts: &Facts<'_>) -> Result<(), &'static str> {
        let among = |list: &[String], one: Option<&str>| {
            list.is_empty() || one.is_some_and(|one| list.iter().any(|entry| entry.eq_ignore_ascii_case(one)))
        };
        let checks = [
            ("country", among(&self.country, facts.country)),
            (
                "bbox",
                self.bbox.is_none_or(|bbox| facts.centre.is_some_and(|(lat, lon)| bbox.contains(lat, lon))),
            ),
            (
                "circle",
                self.circle.is_none_or(|circle| {
                    facts
                        .centre
                        .is_some_and(|centre| distance_km((circle.lat, circle.lon), centre) <= circle.km)
                }),
            ),
            ("hazard", self.hazard.is_empty() || self.hazard.contains(&facts.hazard)),
            ("severity", self.min_severity.is_none_or(|least| facts.severity >= least)),
            ("severity", self.max_severity.is_none_or(|most| facts.severity <= most)),
            (
                "source",
                self.source.is_empty()
                    || facts.sources.iter().any(|source| among(&self.source, Some(source))),
            ),
            ("keyword", self.keyword.is_empty() || self.keyword.iter().any(|word| facts.has(word))),
            (
                "incident",
                self.incident.is_empty() || facts.incident.is_some_and(|one| self.incident.contains(&one)),
            ),
        ];
        checks.into_iter().find(|(_, fits)| !fits).map_or(Ok(()), |(part, _)| Err(part))
    }

    /// What is wrong with it, as fields below `at`.
    #[must_use]
    pub fn problems(&self, at: &str) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, problem: &str| {
            problems.push(FieldError::new(format!("{at}.{field}"), problem));
        };
        let longest = [
            ("country", self.country.len()),
            ("hazard", self.hazard.len()),
            ("source", self.source.len()),
            ("keyword", self.keyword.len()),
            ("incident", self.incident.len()),
        ];
        for (field, _) in longest.into_iter().filter(|(_, entries)| *entries > MAX_ENTRIES) {
            wrong(field, "at most 100 entries");
        }
        let is_country =
            |code: &String| code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
        if !self.country.iter().all(is_country) {
            wrong("country", "give ISO 3166-1 alpha-2 codes in upper case, as `ES`");
        }
        if let Some(odd) = self.keyword.iter().find_map(|word| line_problem("keyword", word, MAX_KEYWORD)) {
            wrong("keyword", &format!("a keyword {}", odd.problem));
        }
        if let Some(odd) = self.source.iter().find_map(|name| line_problem("source", name, MAX_SOURCE)) {
            wrong("source", &format!("a source's name {}", odd.problem));
        }
        if let Some(circle) = self.circle
            && !(crate::place::on_the_globe(circle.lat, circle.lon)
                && circle.km > 0.0
                && circle.km <= HALF_WAY_ROUND)
        {
            wrong("circle", "lat −90 to 90, lon −180 to 180, km over 0 and at most 20040");
        }
        if let (Some(least), Some(most)) = (self.min_severity, self.max_severity)
            && least > most
        {
            wrong("min_severity", "is above max_severity");
        }
        problems
    }
}

/// What a person, or everybody of a team or with a role, wants alerts of. Who has none wants those of every place.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Subscription {
    /// What its owner calls it.
    pub name: String,
    /// Which alerts.
    #[serde(rename = "match")]
    pub matches: AlertMatch,
    /// Items alone, and only those that this saved search finds. It does not narrow what else one is told of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<Uuid>,
    /// Why it tells of nothing any more; the desk writes it when the saved search goes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
}

impl Subscription {
    /// Whether it asks for what has these facts; if not, what speaks against it.
    ///
    /// # Errors
    /// In a word or two.
    pub fn fits(&self, facts: &Facts<'_>) -> Result<(), &'static str> {
        match self.search {
            Some(_) if self.ended.is_some() => Err("saved search, which is gone"),
            Some(search) if !facts.searches.contains(&search) => Err("saved search"),
            _ => self.matches.fits(facts),
        }
    }
}

/// Whose subscriptions are those of everybody with a role.
#[must_use]
pub fn owner_of_role(role: Role) -> Uuid {
    id::named("role", role.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alert() -> Alert {
        serde_json::from_value(json!({
            "id": "00000000-0000-0000-0000-000000000001", "revision": 1,
            "incident_id": "00000000-0000-0000-0000-000000000002", "type": "alert", "severity": "high",
            "title": "Flood in Paiporta", "message": "RÍO crecido", "area": "Valencia", "country": "ES",
            "centre": { "lat": 39.4, "lon": -0.4, "weight": 1.0 }, "hazard": "flood", "status": "actual",
            "effective": "2026-01-01T00:00:00Z", "expires": "2026-01-02T00:00:00Z", "rule_id": "threshold",
            "data": { "sources": ["gdacs", "usgs"] }
        }))
        .unwrap()
    }

    fn fits(matches: serde_json::Value) -> Result<(), &'static str> {
        serde_json::from_value::<AlertMatch>(matches).unwrap().fits(&alert().facts())
    }

    #[test]
    fn every_part_that_is_given_must_fit() {
        assert_eq!(fits(json!({})), Ok(()));
        let whole = json!({
            "country": ["FR", "ES"], "bbox": { "west": -1.0, "south": 39.0, "east": 0.0, "north": 40.0 },
            "circle": { "lat": 39.47, "lon": -0.38, "km": 20.0 }, "hazard": ["flood"], "min_severity": "high",
            "max_severity": "high", "source": ["GDACS"], "keyword": ["río"],
            "incident": ["00000000-0000-0000-0000-000000000002"],
        });
        assert_eq!(fits(whole.clone()), Ok(()));
        for (part, other) in [
            ("country", json!(["FR"])),
            ("bbox", json!({ "west": 1.0, "south": 39.0, "east": 2.0, "north": 40.0 })),
            ("circle", json!({ "lat": 39.47, "lon": -0.38, "km": 2.0 })),
            ("hazard", json!(["earthquake"])),
            ("source", json!(["who"])),
            ("keyword", json!(["volcán"])),
            ("incident", json!(["00000000-0000-0000-0000-000000000003"])),
        ] {
            let mut one = whole.clone();
            one[part] = other;
            assert_eq!(fits(one), Err(part));
        }
        assert_eq!(fits(json!({ "min_severity": "critical" })), Err("severity"));
        assert_eq!(fits(json!({ "max_severity": "medium" })), Err("severity"));
    }

    #[test]
    fn an_alert_without_a_place_fits_no_area() {
        let mut alert = alert();
        (alert.country, alert.centre) = (None, None);
        for matches in
            [json!({ "country": ["ES"] }), json!({ "circle": { "lat": 0.0, "lon": 0.0, "km": 20000.0 } })]
        {
            assert!(serde_json::from_value::<AlertMatch>(matches).unwrap().fits(&alert.facts()).is_err());
        }
    }

    #[test]
    fn a_saved_search_asks_for_what_it_finds_as_long_as_it_is_there() {
        let search = Uuid::from_u128(7);
        let alert = alert();
        let mut subscription = Subscription { search: Some(search), ..Subscription::default() };
        assert_eq!(subscription.fits(&alert.facts()), Err("saved search"), "alerts are not searched");
        let found = [search];
        let facts = || Facts { searches: &found, ..alert.facts() };
        assert_eq!(subscription.fits(&facts()), Ok(()));
        subscription.matches.country = vec!["FR".to_owned()];
        assert_eq!(subscription.fits(&facts()), Err("country"));
        subscription.ended = Some("removed".to_owned());
        assert_eq!(subscription.fits(&facts()), Err("saved search, which is gone"));
    }

    #[test]
    fn what_makes_no_sense_is_said() {
        let wrong = |matches: serde_json::Value| {
            let problems = serde_json::from_value::<AlertMatch>(matches).unwrap().problems("match");
            problems.into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(json!({ "country": ["es"] })), ["match.country"]);
        assert_eq!(wrong(json!({ "circle": { "lat": 91.0, "lon": 0.0, "km": 1.0 } })), ["match.circle"]);
        assert_eq!(wrong(json!({ "circle": { "lat": 1.0, "lon": 0.0, "km": 0.0 } })), ["match.circle"]);
        for odd in [" ", "a\u{0}", "a\u{202E}b", "a\nb"] {
            assert_eq!(wrong(json!({ "keyword": [odd] })), ["match.keyword"], "{odd:?}");
            assert_eq!(wrong(json!({ "source": ["usgs", odd] })), ["match.source"], "{odd:?}");
        }
        assert_eq!(wrong(json!({ "min_severity": "high", "max_severity": "low" })), ["match.min_severity"]);
        assert!(wrong(json!({ "hazard": vec!["flood"; 101] })).contains(&"match.hazard".to_owned()));
    }
}
