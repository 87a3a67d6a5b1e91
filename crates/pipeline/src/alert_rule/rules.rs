//! The rules as they are evaluated: queries read once, those that are switched off left out.

use std::sync::{Arc, Mutex, PoisonError};

use crisislens_model::alert_rule::BUILT_IN;
use crisislens_model::place::distance_km;
use crisislens_model::{
    AlertRule, FieldError, Incident, Item, ItemFilter, NamedRule, RuleCondition, SourceKind, Timestamp,
    UserId,
};
use crisislens_search::{Query, QueryError};
use crisislens_state::ledger::DeskObject;
use crisislens_state::{StateError, Tx};
use uuid::Uuid;

/// Which rules count, in the order in which alerts name them.
#[derive(Debug, Clone)]
pub struct Rules(Vec<Ready>);

/// One that is ready to be evaluated.
#[derive(Debug, Clone)]
pub(super) struct Ready {
    /// As alerts name it.
    pub id: String,
    pub rule: AlertRule,
    queries: Vec<Option<Query>>,
    /// Who changed it last, and when.
    changed: Option<(UserId, Timestamp)>,
}

/// A rule that applies, by the item that it applies to most.
#[derive(Debug, Clone)]
pub(super) struct Applies<'a> {
    pub rule: &'a Ready,
    pub item: &'a Item,
    pub why: String,
}

/// A query of a rule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("when[{condition}].q: {error}")]
pub struct RuleError {
    /// Which of the rule's conditions.
    pub condition: usize,
    /// What is wrong with its query.
    pub error: QueryError,
}

impl From<RuleError> for FieldError {
    fn from(wrong: RuleError) -> Self {
        Self::new(format!("when[{}].q", wrong.condition), wrong.error.to_string())
    }
}

impl Default for Rules {
    /// The built-in rule alone, as it is shipped.
    fn default() -> Self {
        Self::alone(BUILT_IN, &AlertRule::built_in()).unwrap_or(Self(Vec::new()))
    }
}

impl Rules {
    /// One rule alone, switched on or not.
    ///
    /// # Errors
    /// A query of it cannot be read.
    pub fn alone(id: &str, rule: &AlertRule) -> Result<Self, RuleError> {
        Ok(Self(vec![Ready::of(id.to_owned(), rule.clone(), None)?]))
    }

    /// Those that are kept and switched on, the built-in one first. One that can no longer be read does not keep the others from
    /// counting: it is said in the log.
    #[must_use]
    pub fn of(kept: &[DeskObject]) -> Self {
        let built_in = AlertRule::built_in_id();
        let mut rules: Vec<(Uuid, AlertRule, Option<Timestamp>)> = Vec::with_capacity(kept.len() + 1);
        if kept.iter().all(|object| object.id != built_in) {
            rules.push((built_in, AlertRule::built_in(), None));
        }
        for object in kept {
            match serde_json::from_str(&object.document) {
                Ok(rule) => rules.push((object.id, rule, Some(object.changed_at))),
                Err(error) => tracing::error!(rule = %object.id, %error, "an alert rule cannot be read"),
            }
        }
        rules.sort_by_key(|(id, ..)| (*id != built_in, *id));
        let ready = rules.into_iter().filter(|(_, rule, _)| rule.enabled).filter_map(|(id, rule, at)| {
            let ready = Ready::of(AlertRule::name_of(id), rule, at);
            ready
                .inspect_err(|error| tracing::error!(rule = %id, %error, "an alert rule cannot be read"))
                .ok()
        });
        Self(ready.collect())
    }

    pub(super) fn named(&self, id: &str) -> Option<&AlertRule> {
        self.0.iter().find(|ready| ready.id == id).map(|ready| &ready.rule)
    }

    /// Who changed the rule of this id last, and when.
    pub(super) fn changed(&self, id: &str) -> Option<(UserId, Timestamp)> {
        self.0.iter().find(|ready| ready.id == id).and_then(|ready| ready.changed)
    }

    /// Those that apply to the incident after these items joined it or changed in it.
    pub(super) fn applying<'a>(&'a self, incident: &Incident, items: &[&'a Item]) -> Vec<Applies<'a>> {
        self.0
            .iter()
            .filter_map(|rule| {
                items
                    .iter()
                    .filter_map(|item| rule.why(incident, item).map(|why| Applies { rule, item, why }))
                    .max_by(|a, b| by_gravity(a.item, b.item))
            })
            .collect()
    }
}

/// Which of two items is graver.
pub(super) fn by_gravity(a: &Item, b: &Item) -> std::cmp::Ordering {
    a.severity.cmp(&b.severity).then(a.risk_score.total_cmp(&b.risk_score))
}

impl Applies<'_> {
    /// As the alert names it.
    pub fn named(&self) -> NamedRule {
        NamedRule {
            id: self.rule.id.clone(),
            name: self.rule.rule.name.clone(),
            why: self.why.clone(),
            severity: self.rule.rule.severity,
        }
    }
}

impl Ready {
    fn of(id: String, rule: AlertRule, changed_at: Option<Timestamp>) -> Result<Self, RuleError> {
        let read = |(condition, when): (usize, &RuleCondition)| {
            if when.q.trim().is_empty() {
                return Ok(None);
            }
            let query = Query::parse(&when.q, ItemFilter::default());
            query.map(Some).map_err(|error| RuleError { condition, error })
        };
        let queries = rule.when.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        let changed = rule.changed_by.zip(changed_at);
        Ok(Self { id, rule, queries, changed })
    }

    /// Why it applies to an item, if it does.
    fn why(&self, incident: &Incident, item: &Item) -> Option<String> {
        let fits = |(when, query): (&RuleCondition, &Option<Query>)| {
            let fits = holds(when, incident, item) && query.as_ref().is_none_or(|query| query.matches(item));
            fits.then(|| reason(when, incident, item))
        };
        self.rule.when.iter().zip(&self.queries).find_map(fits)
    }
}

/// Whether all but the query holds.
fn holds(when: &RuleCondition, incident: &Incident, item: &Item) -> bool {
    let place = item.location.as_ref();
    let point = item.point().or_else(|| incident.centre.map(|centre| (centre.lat, centre.lon)));
    let country = if place.is_some() {
        place.and_then(|place| place.country.as_deref())
    } else {
        incident.country.as_deref()
    };
    when.min_severity.is_none_or(|least| item.severity >= least)
        && when.min_risk.is_none_or(|least| item.risk_score >= least)
        && when.risk_above.is_none_or(|most| item.risk_score > most)
        && (when.source_kind.is_empty() || when.source_kind.contains(&item.source_kind))
        && (when.hazard.is_empty() || when.hazard.contains(&item.hazard.kind))
        && when.min_sources.is_none_or(|least| incident.source_count >= least)
        && when.min_items.is_none_or(|least| incident.item_count >= least)
        && (when.country.is_empty()
            || country.is_some_and(|code| when.country.iter().any(|wanted| wanted == code)))
        && when.bbox.is_none_or(|bbox| point.is_some_and(|(lat, lon)| bbox.contains(lat, lon)))
        && when.circle.is_none_or(|circle| {
            point.is_some_and(|point| distance_km((circle.lat, circle.lon), point) <= circle.km)
        })
}

/// Why a condition holds, in words.
fn reason(when: &RuleCondition, incident: &Incident, item: &Item) -> String {
    let mut parts = Vec::new();
    let is_official = item.source_kind == SourceKind::Official;
    if when.min_severity.is_some() {
        let verb = if is_official { "reports" } else { "speaks of" };
        parts.push(format!("{} {verb} severity {}", item.source, item.severity.as_str()));
    }
    if let Some(above) = when.risk_above {
        parts.push(format!("an item of {} has risk {:.2}, over {above}", item.source, item.risk_score));
    } else if let Some(least) = when.min_risk {
        parts.push(format!("an item of {} has risk {:.2}, at least {least}", item.source, item.risk_score));
    }
    if !when.q.trim().is_empty() {
        parts.push(format!("an item of {} fits `{}`", item.source, when.q.trim()));
    }
    if when.min_sources.is_some() {
        parts.push(format!("{} sources report it", incident.source_count));
    }
    if when.min_items.is_some() {
        parts.push(format!("{} items speak of it", incident.item_count));
    }
    if parts.is_empty() {
        parts.push(format!("an item of {} speaks of {}", item.source, item.hazard.kind.as_str()));
    }
    parts.join(", ")
}

/// The rules as they were read last: read again where one was made, changed or removed since.
#[derive(Debug, Default)]
pub struct RulesInUse(Mutex<Option<(Vec<Version>, Arc<Rules>)>>);

/// By what a rule that was changed, or made again, is told from what it was.
type Version = (Uuid, u64, Timestamp);

impl RulesInUse {
    /// The rules as this transaction sees them.
    ///
    /// # Errors
    /// The store failed.
    pub async fn read(&self, tx: &mut dyn Tx) -> Result<Arc<Rules>, StateError> {
        let kept = tx.set_up(AlertRule::KIND).await?;
        let versions: Vec<Version> =
            kept.iter().map(|object| (object.id, object.version, object.changed_at)).collect();
        let mut read = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, rules)) = &*read
            && *known == versions
        {
            return Ok(Arc::clone(rules));
        }
        let rules = Arc::new(Rules::of(&kept));
        *read = Some((versions, Arc::clone(&rules)));
        Ok(rules)
    }
}
