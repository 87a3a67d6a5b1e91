//! Alert rules: one alert for each incident that a rule applies to, revised as it grows. Pure: the same for what comes in and for a
//! backtest.

mod rules;

use crisislens_analysis::incident::is_backed;
use crisislens_model::alert_rule::BUILT_IN;
use crisislens_model::incident::Incident;
use crisislens_model::{
    Agreed, Alert, AlertId, AlertStatus, Corrected, Corrector, Item, NamedRule, Repeat, Severity, Timestamp,
    UserId, id,
};
use serde::Deserialize;

use rules::{Applies, by_gravity};
pub use rules::{RuleError, Rules, RulesInUse};

/// An alert lapses so long after its last revision.
const LAPSES_AFTER_SECONDS: i64 = 24 * 3600;
/// Who has changed a rule so shortly before a revision that names it has had a hand in that revision.
const RULE_CHANGE_COUNTS_SECONDS: i64 = 24 * 3600;
/// What says in an alert's data, and its message, why it is told as less than its incident is.
const HELD: &str = "held";
const HELD_WHY: &str =
    "told as high, not critical: neither an authority nor two independent voices stand behind it";
/// What says in an alert's data how bad its incident was, where the alert's own severity does not.
const INCIDENT_SEVERITY: &str = "incident_severity";
/// What names the rules in an alert's data.
const RULES: &str = "rules";
/// Most sources that an alert names.
const MAX_SOURCES: usize = 50;

/// The alert that `incident` deserves after `items` joined it or changed in it; `None` where the last one still says it all.
///
/// One incident has one alert, however many rules apply, and the alert names each of them once. A revision is due when a rule applies that
/// it does not name, when the severity rises, when another source reports it, or when the items have doubled; the rules that it names can
/// keep it quiet. What a person has corrected stays so until the incident gets worse than it was then, and what was withdrawn stays
/// withdrawn until then.
#[must_use]
pub fn evaluate(
    rules: &Rules,
    incident: &Incident,
    items: &[&Item],
    before: Option<&Alert>,
    now: Timestamp,
) -> Option<Alert> {
    let stand: Vec<&Item> = items
        .iter()
        .copied()
        .filter(|item| !item.stated.as_ref().is_some_and(|stated| stated.withdrawn))
        .collect();
    let applying = rules.applying(incident, &stand);
    let mut named = before.map(rules_of).unwrap_or_default();
    let fresh: Vec<&Applies<'_>> =
        applying.iter().filter(|one| named.iter().all(|known| known.id != one.rule.id)).collect();
    let why = match before {
        None => in_words(&fresh)?,
        Some(before) => {
            let grown = growth(rules, &named, incident, before, now);
            if before.kind == "cancel" { grown? } else { in_words(&fresh).or(grown)? }
        }
    };
    named.extend(fresh.iter().map(|one| one.named()));
    let trigger = applying.iter().map(|one| one.item).max_by(|a, b| by_gravity(a, b));
    let mut alert = raise(incident, trigger, named, before, &why, now);
    let changed = rules_of(&alert).into_iter().filter_map(|named| rules.changed(&named.id));
    let lately = |at: Timestamp| now.as_second().saturating_sub(at.as_second()) < RULE_CHANGE_COUNTS_SECONDS;
    let of_rules = changed.filter(|(_, at)| lately(*at)).map(|(by, _)| by);
    let of_rules: Vec<UserId> = of_rules.collect();
    alert.note_hands(of_rules);
    let corrected = items.iter().filter_map(|item| item.corrected.as_ref());
    let of_items = corrected.map(|corrected| Corrector { by: corrected.by, at: corrected.at });
    note_correctors(&mut alert, of_items, before.and_then(Alert::agreed).as_ref());
    Some(alert)
}

/// How bad an incident is told to be where no rule or person says otherwise: what one voice alone says is not told as critical.
fn told_severity(incident: &Incident) -> Severity {
    let is_set = incident.set.as_ref().is_some_and(|set| set.severity.is_some());
    if is_set || is_backed(incident) { incident.severity } else { incident.severity.min(Severity::High) }
}

/// What becomes of the alerts when people merge `from`, whose alert is `theirs`, into `into`: the revision of the one that goes on, and that
/// which withdraws the other. The alert that `into` has goes on; where it has none, the other goes on as its own, so that who was told of
/// it is told what comes. `theirs` are its revisions. Who merges has a hand in it, and so has who has named `from`, whose title it gives.
#[must_use]
pub fn merged(
    into: &Incident,
    (from, theirs): (&Incident, &[Alert]),
    mine: Option<&Alert>,
    by: UserId,
    now: Timestamp,
) -> Option<(Alert, Option<Alert>)> {
    let revisions = theirs;
    let theirs = revisions.last().filter(|alert| alert.kind != "cancel")?;
    let why = format!("\u{201c}{}\u{201d} was found to be the same", from.title);
    let goes_on = mine.unwrap_or(theirs);
    let mut next = raise(into, None, rules_of(goes_on), Some(goes_on), &why, now);
    next.note_hands(std::iter::once(by).chain(from.set_by().iter().copied()));
    let Some(mine) = mine else { return Some((next, None)) };
    let reason = format!("it is the same as \u{201c}{}\u{201d}, whose alert goes on", next.title);
    let mut ended = Alert {
        revision: theirs.revision + 1,
        references: Some(id::derived(theirs.id.0, "alert", theirs.revision).to_string()),
        effective: now,
        ..theirs.clone()
    };
    ended.withdraw(&reason, revisions);
    if let Some(data) = ended.data.as_object_mut() {
        data.insert("merged_into".to_owned(), serde_json::json!(into.id));
        data.insert("goes_on_as".to_owned(), serde_json::json!(mine.id));
    }
    Some((next, Some(ended)))
}

/// Why rules apply that the alert did not name.
fn in_words(fresh: &[&Applies<'_>]) -> Option<String> {
    let words: Vec<String> = fresh
        .iter()
        .map(|one| match one.rule.id.as_str() {
            BUILT_IN => one.why.clone(),
            _ => format!("{} (rule `{}`)", one.why, one.rule.rule.name),
        })
        .collect();
    (!words.is_empty()).then(|| words.join("; "))
}

/// The rules that an alert names. One from before rules were data names the one that raised it.
#[must_use]
pub fn rules_of(alert: &Alert) -> Vec<NamedRule> {
    let named = alert.data.get(RULES).and_then(|rules| Vec::<NamedRule>::deserialize(rules).ok());
    named.filter(|named| !named.is_empty()).unwrap_or_else(|| {
        let why = alert.data.get("why").and_then(serde_json::Value::as_str).unwrap_or_default();
        let (id, name) = (alert.rule_id.clone(), alert.rule_id.clone());
        vec![NamedRule { id, name, why: why.to_owned(), severity: None }]
    })
}

/// What has grown since the last revision, if it is enough to tell people again: the most eager of the rules that it names and that still
/// count decides. With none of them left nothing is.
fn growth(
    rules: &Rules,
    named: &[NamedRule],
    incident: &Incident,
    before: &Alert,
    now: Timestamp,
) -> Option<String> {
    let had = |name: &str| before.data.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let counting: Vec<_> = named.iter().filter_map(|one| rules.named(&one.id)).collect();
    let severity = incident_severity(before);
    let told = told_severity(incident);
    if told > severity {
        let is_told = counting.iter().any(|rule| rule.repeat != Repeat::Never);
        let (from, to) = (severity.as_str(), told.as_str());
        return is_told.then(|| format!("severity rose from {from} to {to}"));
    }
    let quiet_for = now.as_second().saturating_sub(before.effective.as_second());
    let is_due = |quiet_s: u64| quiet_s == 0 || i64::try_from(quiet_s).is_ok_and(|quiet| quiet_for >= quiet);
    let is_told = counting.iter().any(|rule| rule.repeat == Repeat::Growth && is_due(rule.quiet_s));
    if before.kind == "cancel" || !is_told {
        return None;
    }
    if incident.source_count > had("source_count") {
        return Some(format!("{} sources now report it", incident.source_count));
    }
    (incident.item_count >= had("item_count").saturating_mul(2).max(4))
        .then(|| format!("{} items now speak of it", incident.item_count))
}

/// How bad the incident was when the alert was last revised, whatever a person has set the alert to.
fn incident_severity(alert: &Alert) -> Severity {
    let noted = alert.data.get(INCIDENT_SEVERITY).and_then(|severity| Severity::parse(severity.as_str()?));
    noted.unwrap_or(alert.severity)
}

/// What a person has set, as long as the incident is no worse than it was then, or than they said.
fn corrected(incident: &Incident, before: &Alert) -> Option<Corrected> {
    let corrected = Corrected::of(before).filter(|_| before.kind != "cancel")?;
    let told = told_severity(incident);
    let holds = told <= incident_severity(before) || Some(told) <= corrected.severity;
    holds.then_some(corrected)
}

fn raise(
    incident: &Incident,
    item: Option<&Item>,
    rules: Vec<NamedRule>,
    before: Option<&Alert>,
    why: &str,
    now: Timestamp,
) -> Alert {
    // The alert of an incident that was merged into this one goes on as it is called.
    let id = before.map_or_else(|| AlertId(id::derived(incident.id.0, "alert", 1)), |before| before.id);
    let first = rules.first().map_or_else(|| BUILT_IN.to_owned(), |rule| rule.id.clone());
    let headline = item.map(Item::headline);
    let kept = before.and_then(|before| corrected(incident, before));
    let said = kept.clone().unwrap_or_default();
    let title = said.title.unwrap_or_else(|| incident.title.clone());
    let mut message = format!(
        "{title}: {} {} from {} {}. Raised because {why}.",
        incident.item_count,
        if incident.item_count == 1 { "item" } else { "items" },
        incident.source_count,
        if incident.source_count == 1 { "source" } else { "sources" },
    );
    if let Some(headline) = headline.as_deref().filter(|headline| *headline != incident.title) {
        message.push_str(" Latest: ");
        message.push_str(headline);
    }
    let told = told_severity(incident);
    // The worst that a rule sets, or that the incident is to one that sets none.
    let severity = rules.iter().map(|rule| rule.severity.unwrap_or(told)).max().unwrap_or(told);
    // Where a person or rules alone say how bad it is, nothing is held back.
    let by_incident = rules.is_empty() || rules.iter().any(|rule| rule.severity.is_none());
    let is_held = by_incident && said.severity.is_none() && severity < incident.severity;
    if is_held {
        message.push_str(if message.ends_with(['.', '!', '?', '…']) { " It is " } else { ". It is " });
        message.push_str(HELD_WHY);
        message.push('.');
    }
    if let Some(text) = said.message {
        message = format!("{text} Since then {why}.");
    }
    if let Some(reason) = said.reason {
        message = Corrected::explained(&message, &reason);
    }
    let mut data = serde_json::json!({
        "risk_score": incident.risk_score,
        "item_count": incident.item_count,
        "source_count": incident.source_count,
        "sources": incident.sources.keys().take(MAX_SOURCES).collect::<Vec<_>>(),
        "why": why,
        RULES: rules,
    });
    if severity != told {
        data[INCIDENT_SEVERITY] = serde_json::json!(told);
    }
    if is_held {
        data[HELD] = serde_json::json!(HELD_WHY);
    }
    if let (Some(kept), Some(before)) = (kept, before) {
        kept.keep(&mut data);
        data[INCIDENT_SEVERITY] = serde_json::json!(incident_severity(before).max(told));
    }
    let mut alert = Alert {
        id,
        revision: before.map_or(1, |before| before.revision + 1),
        references: before.map(|before| id::derived(id.0, "alert", before.revision).to_string()),
        incident_id: incident.id,
        item_id: item.map(|item| item.id).or_else(|| before.and_then(|before| before.item_id)),
        kind: if before.is_none() { "alert" } else { "update" }.to_owned(),
        severity: said.severity.unwrap_or(severity),
        title,
        message,
        area: said.area.unwrap_or_else(|| incident.area.clone()),
        country: incident.country.clone(),
        centre: incident.centre,
        hazard: incident.hazard,
        status: if incident.exercise { AlertStatus::Exercise } else { AlertStatus::Actual },
        effective: now,
        expires: Timestamp::from_second(now.as_second().saturating_add(LAPSES_AFTER_SECONDS)).unwrap_or(now),
        rule_id: first,
        approved_by: None,
        data,
    };
    // Whose words nobody else has agreed to, they stay so.
    let standing = before.filter(|before| before.approved_by.is_none() && before.kind != "cancel");
    alert.note_hands(standing.map(Alert::hands).unwrap_or_default());
    let agreed = before.and_then(Alert::agreed);
    if is_of_desk(incident, &alert, agreed.as_ref()) {
        alert.note_hands(incident.set_by().iter().copied());
    }
    note_correctors(&mut alert, incident.put_right.iter().copied(), agreed.as_ref());
    alert.keep_agreed(agreed.as_ref());
    alert
}

/// Whether what people have set of the incident stands in its alert without anybody having agreed to it.
fn is_of_desk(incident: &Incident, alert: &Alert, agreed: Option<&Agreed>) -> bool {
    let (Some(set), Some(agreed)) = (&incident.set, agreed) else { return true };
    (set.title.is_some() && alert.title != agreed.title)
        || (set.severity.is_some() && alert.severity != agreed.severity)
}

/// Notes who has put right items of the incident: all are named, and those have a hand in the alert whose corrections nobody has agreed to.
fn note_correctors(alert: &mut Alert, by: impl Iterator<Item = Corrector>, agreed: Option<&Agreed>) {
    let mut known = alert.put_right();
    for one in by.collect::<Vec<_>>() {
        let is_agreed = agreed.is_some_and(|agreed| {
            agreed.put_right.iter().any(|known| known.by == one.by && known.at >= one.at)
        });
        if !is_agreed {
            alert.note_hands([one.by]);
        }
        match known.iter_mut().find(|known| known.by == one.by) {
            Some(known) => known.at = known.at.max(one.at),
            None => known.push(one),
        }
    }
    alert.keep_put_right(&known);
}
