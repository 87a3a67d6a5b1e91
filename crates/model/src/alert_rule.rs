//! An alert rule: what must hold of an incident and its items so that people are told.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::subscription::Circle;
use crate::wording::line_problem;
use crate::{AlertMatch, BoundingBox, FieldError, HazardType, Severity, SourceKind, UserId, id};

/// The built-in rule, as alerts name it.
pub const BUILT_IN: &str = "threshold";
/// Above this risk the built-in rule raises an alert, where nobody has set another.
pub const RISK_ABOVE: f64 = 0.8;
/// From this official severity on the built-in rule raises an alert, where nobody has set another.
pub const OFFICIAL_SEVERITY_FROM: Severity = Severity::High;
/// Most conditions of a rule.
pub const MAX_CONDITIONS: usize = 10;
/// Longest name, characters.
const MAX_NAME: usize = 100;
/// Longest quiet, seconds.
const MAX_QUIET_S: u64 = 7 * 24 * 3600;
/// Most sources or items that a condition can ask for.
const MAX_COUNT: u64 = 1_000_000;

/// When an alert is raised. Any of the conditions is enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AlertRule {
    /// What the desk calls it; alerts name it.
    pub name: String,
    /// Whether it counts.
    #[serde(default = "yes")]
    pub enabled: bool,
    /// One of these must hold.
    pub when: Vec<RuleCondition>,
    /// The severity of its alerts; without, that of the incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// For so long after a revision nothing but a worse severity revises the alert, seconds.
    #[serde(default)]
    pub quiet_s: u64,
    /// What revises its alerts.
    #[serde(default)]
    pub repeat: Repeat,
    /// Who changed it last; whatever is sent, the server sets it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_by: Option<UserId>,
}

const fn yes() -> bool {
    true
}

/// What revises an alert that a rule has raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Repeat {
    /// A worse severity, another source, twice the items.
    #[default]
    Growth,
    /// A worse severity.
    Severity,
    /// Nothing.
    Never,
}

/// What must hold of one item and its incident: every part that is given; of a list, one entry is enough. With no part given, all hold.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RuleCondition {
    /// The item fits this query, as in the search of items.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub q: String,
    /// The item's hazard is one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hazard: Vec<HazardType>,
    /// The item is at least so bad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_severity: Option<Severity>,
    /// The item's risk is at least this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_risk: Option<f64>,
    /// The item's risk is above this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_above: Option<f64>,
    /// The item, or its incident where it names no place, is in one of these (ISO 3166-1 alpha-2, upper case).
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub country: Vec<String>,
    /// The item, or the middle of its incident where it names no place, lies within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bbox: Option<BoundingBox>,
    /// The item, or the middle of its incident where it names no place, lies within.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub circle: Option<Circle>,
    /// The item comes from a voice of one of these kinds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source_kind: Vec<SourceKind>,
    /// So many sources report the incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_sources: Option<u64>,
    /// So many items speak of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
}

impl AlertRule {
    /// How the store calls rules.
    pub const KIND: &'static str = "alert_rule";

    /// The built-in rule as it is where nobody has changed it.
    #[must_use]
    pub fn built_in() -> Self {
        let official = RuleCondition {
            source_kind: vec![SourceKind::Official],
            min_severity: Some(OFFICIAL_SEVERITY_FROM),
            ..RuleCondition::default()
        };
        let risky = RuleCondition { risk_above: Some(RISK_ABOVE), ..RuleCondition::default() };
        Self {
            name: "Threshold".to_owned(),
            enabled: true,
            when: vec![official, risky],
            severity: None,
            quiet_s: 0,
            repeat: Repeat::Growth,
            changed_by: None,
        }
    }

    /// Under which id the store keeps what people have made of the built-in rule.
    #[must_use]
    pub fn built_in_id() -> Uuid {
        id::named("alert-rule", BUILT_IN)
    }

    /// As alerts name the rule of this id.
    #[must_use]
    pub fn name_of(id: Uuid) -> String {
        if id == Self::built_in_id() { BUILT_IN.to_owned() } else { id.to_string() }
    }

    /// The id of the rule that alerts name so.
    #[must_use]
    pub fn id_of(name: &str) -> Option<Uuid> {
        if name == BUILT_IN { Some(Self::built_in_id()) } else { name.parse().ok() }
    }

    /// What is wrong with it, but for the queries: those are the search's.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<FieldError> = line_problem("name", &self.name, MAX_NAME).into_iter().collect();
        if self.when.is_empty() || self.when.len() > MAX_CONDITIONS {
            problems.push(FieldError::new("when", format!("1 to {MAX_CONDITIONS} conditions")));
        }
        if self.quiet_s > MAX_QUIET_S {
            problems.push(FieldError::new("quiet_s", format!("at most {MAX_QUIET_S}")));
        }
        for (number, condition) in self.when.iter().enumerate() {
            problems.extend(condition.problems(&format!("when[{number}]")));
        }
        problems
    }
}

impl RuleCondition {
    fn problems(&self, at: &str) -> Vec<FieldError> {
        let area = AlertMatch {
            country: self.country.clone(),
            circle: self.circle,
            hazard: self.hazard.clone(),
            ..AlertMatch::default()
        };
        let mut problems = area.problems(at);
        let mut wrong = |field: &str, problem: String| {
            problems.push(FieldError::new(format!("{at}.{field}"), problem));
        };
        for (field, value) in [("min_risk", self.min_risk), ("risk_above", self.risk_above)] {
            if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                wrong(field, "is not between 0 and 1".to_owned());
            }
        }
        for (field, value) in [("min_sources", self.min_sources), ("min_items", self.min_items)] {
            if value.is_some_and(|value| !(1..=MAX_COUNT).contains(&value)) {
                wrong(field, format!("is not between 1 and {MAX_COUNT}"));
            }
        }
        if self.source_kind.len() > 10 {
            wrong("source_kind", "at most 10 entries".to_owned());
        }
        problems
    }
}

/// A rule as an alert names it, in its `data.rules`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct NamedRule {
    /// The rule.
    pub id: String,
    /// What it was called.
    pub name: String,
    /// Why it applied.
    pub why: String,
    /// The severity that it sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_built_in_rule_is_sound_and_its_id_goes_both_ways() {
        assert_eq!(AlertRule::built_in().problems(), []);
        let id = AlertRule::built_in_id();
        assert_eq!((AlertRule::name_of(id).as_str(), AlertRule::id_of(BUILT_IN)), (BUILT_IN, Some(id)));
        let other = Uuid::from_u128(7);
        assert_eq!(AlertRule::id_of(&AlertRule::name_of(other)), Some(other));
        assert_eq!(AlertRule::id_of("../threshold"), None);
    }

    #[test]
    fn what_makes_no_sense_is_said_with_its_place() {
        let wrong = |rule: serde_json::Value| {
            let rule: AlertRule = serde_json::from_value(rule).unwrap();
            rule.problems().into_iter().map(|problem| problem.field).collect::<Vec<_>>()
        };
        assert_eq!(wrong(json!({"name": "All", "when": [{}]})), [""; 0]);
        assert_eq!(wrong(json!({"name": "a\u{202E}", "when": []})), ["name", "when"]);
        assert_eq!(wrong(json!({"name": "x", "when": vec![json!({}); 11]})), ["when"]);
        let odd = json!([{}, {"min_risk": 1.5, "country": ["it"], "min_sources": 0,
            "circle": {"lat": 99.0, "lon": 0.0, "km": 1.0}}]);
        assert_eq!(
            wrong(json!({"name": "x", "when": odd, "quiet_s": u64::MAX})),
            ["quiet_s", "when[1].country", "when[1].circle", "when[1].min_risk", "when[1].min_sources"]
        );
        let unknown = json!({"name": "x", "when": [{"min_rsik": 0.5}]});
        assert!(serde_json::from_value::<AlertRule>(unknown).is_err());
    }
}
