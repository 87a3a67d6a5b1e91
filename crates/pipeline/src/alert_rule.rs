//! The built-in alert rule: one alert for each incident over the threshold, revised as it grows.

use crisislens_model::incident::Incident;
use crisislens_model::{Alert, AlertId, AlertStatus, Corrected, Item, Severity, SourceKind, Timestamp, id};

/// The rule's id on alerts.
pub const RULE_ID: &str = "threshold";
/// Above this risk an alert is raised.
pub const RISK_ABOVE: f64 = 0.8;
/// From this official severity on an alert is raised.
pub const OFFICIAL_SEVERITY_FROM: Severity = Severity::High;
/// An alert lapses so long after its last revision.
const LAPSES_AFTER_SECONDS: i64 = 24 * 3600;
/// What says in an alert's data how bad its incident was when a person had set something, or when it was revised since.
const INCIDENT_SEVERITY: &str = "incident_severity";
/// Most sources that an alert names.
const MAX_SOURCES: usize = 50;

/// The alert that `incident` deserves after `items` joined it or changed in it; `None` where the last one still says it all.
///
/// A revision is due when the severity rises, when another source reports it, or when the items have doubled. What a person has
/// corrected stays so until the incident gets worse than it was then.
#[must_use]
pub fn evaluate(
    incident: &Incident,
    items: &[&Item],
    before: Option<&Alert>,
    now: Timestamp,
) -> Option<Alert> {
    let trigger = items
        .iter()
        .copied()
        .filter_map(|item| reason(item).map(|why| (item, why)))
        .max_by(|a, b| a.0.severity.cmp(&b.0.severity).then(a.0.risk_score.total_cmp(&b.0.risk_score)));
    match before {
        None => {
            let (item, why) = trigger?;
            Some(raise(incident, Some(item), 1, None, &why, now))
        }
        Some(before) => {
            let why = growth(incident, before)?;
            let item = trigger.map(|(item, _)| item);
            Some(raise(incident, item, before.revision + 1, Some(before), &why, now))
        }
    }
}

/// What becomes of the alerts when people merge `from`, whose alert is `theirs`, into `into`: the revision of the one that goes on, and that
/// which withdraws the other. The alert that `into` has goes on; where it has none, the other goes on as its own, so that who was told of
/// it is told what comes.
#[must_use]
pub fn merged(
    into: &Incident,
    from: &Incident,
    mine: Option<&Alert>,
    theirs: &Alert,
    now: Timestamp,
) -> (Alert, Option<Alert>) {
    let why = format!("\u{201c}{}\u{201d} was found to be the same", from.title);
    let Some(mine) = mine else {
        return (raise(into, None, theirs.revision + 1, Some(theirs), &why, now), None);
    };
    let next = raise(into, None, mine.revision + 1, Some(mine), &why, now);
    let reason = format!("it is the same as \u{201c}{}\u{201d}, whose alert goes on", next.title);
    let mut ended = Alert {
        revision: theirs.revision + 1,
        references: Some(id::derived(theirs.id.0, "alert", theirs.revision).to_string()),
        kind: "cancel".to_owned(),
        message: Alert::withdrawn(&reason),
        effective: now,
        ..theirs.clone()
    };
    if let Some(data) = ended.data.as_object_mut() {
        data.insert("merged_into".to_owned(), serde_json::json!(into.id));
        data.insert("goes_on_as".to_owned(), serde_json::json!(mine.id));
    }
    (next, Some(ended))
}

/// Why an item is over the threshold, if it is.
fn reason(item: &Item) -> Option<String> {
    if item.stated.as_ref().is_some_and(|stated| stated.withdrawn) {
        return None;
    }
    if item.source_kind == SourceKind::Official && item.severity >= OFFICIAL_SEVERITY_FROM {
        return Some(format!("{} reports severity {}", item.source, item.severity.as_str()));
    }
    (item.risk_score > RISK_ABOVE)
        .then(|| format!("an item of {} has risk {:.2}, over {RISK_ABOVE}", item.source, item.risk_score))
}

/// What has grown since the last revision, if it is enough to tell people again.
fn growth(incident: &Incident, before: &Alert) -> Option<String> {
    let had = |name: &str| before.data.get(name).and_then(serde_json::Value::as_u64).unwrap_or(0);
    let severity = incident_severity(before);
    if incident.severity <= severity && before.kind == "cancel" {
        return None;
    }
    if incident.severity > severity {
        return Some(format!("severity rose from {} to {}", severity.as_str(), incident.severity.as_str()));
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
    let holds =
        incident.severity <= incident_severity(before) || Some(incident.severity) <= corrected.severity;
    holds.then_some(corrected)
}

fn raise(
    incident: &Incident,
    item: Option<&Item>,
    revision: u64,
    before: Option<&Alert>,
    why: &str,
    now: Timestamp,
) -> Alert {
    // The alert of an incident that was merged into this one goes on as it is called.
    let id = before.map_or_else(|| AlertId(id::derived(incident.id.0, "alert", 1)), |before| before.id);
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
    });
    if let (Some(kept), Some(before)) = (kept, before) {
        kept.keep(&mut data);
        data[INCIDENT_SEVERITY] = serde_json::json!(incident_severity(before).max(incident.severity));
    }
    Alert {
        id,
        revision,
        references: before.map(|before| id::derived(id.0, "alert", before.revision).to_string()),
        incident_id: incident.id,
        item_id: item.map(|item| item.id).or_else(|| before.and_then(|before| before.item_id)),
        kind: if before.is_none() { "alert" } else { "update" }.to_owned(),
        severity: said.severity.unwrap_or(incident.severity),
        title,
        message,
        area: said.area.unwrap_or_else(|| incident.area.clone()),
        country: incident.country.clone(),
        centre: incident.centre,
        hazard: incident.hazard,
        status: if incident.exercise { AlertStatus::Exercise } else { AlertStatus::Actual },
        effective: now,
        expires: Timestamp::from_second(now.as_second().saturating_add(LAPSES_AFTER_SECONDS)).unwrap_or(now),
        rule_id: RULE_ID.to_owned(),
        approved_by: None,
        data,
    }
}
