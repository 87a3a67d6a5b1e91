//! What becomes of an incident beside items that join it: quiet, and what people do to it.

use crisislens_model::incident::{Backing, Voices};
use crisislens_model::{Incident, IncidentId, IncidentStatus, Item, Timestamp};

use super::{MAX_EVENT_IDS, backing, join, open, reach, wording};

/// The status that `incident` has by rule at `now`, if it is another than it has: watched after some quiet, closed after more. What people
/// have set stays, and what they have merged.
#[must_use]
pub fn settle(incident: &Incident, now: Timestamp) -> Option<IncidentStatus> {
    let quiet_s = now.as_second() - quiet_since(incident)?.as_second();
    let [watched, closed] = reach::quiet(incident.hazard).map(|after| after.as_secs().cast_signed());
    let status = match quiet_s {
        _ if quiet_s >= closed => IncidentStatus::Closed,
        _ if quiet_s >= watched => IncidentStatus::Monitoring,
        _ => incident.status,
    };
    (status != incident.status).then_some(status)
}

/// When its status is to be looked at again; `None` where no rule changes it.
#[must_use]
pub fn next_look(incident: &Incident) -> Option<Timestamp> {
    let [watched, closed] = reach::quiet(incident.hazard);
    let after = if incident.status == IncidentStatus::Open { watched } else { closed };
    quiet_since(incident)?.checked_add(after).ok()
}

/// Since when nothing was said of it, nor reached us: a recording of old days is not over before it is played. `None` where rules do not
/// change its status.
fn quiet_since(incident: &Incident) -> Option<Timestamp> {
    let is_set = incident.set.as_ref().is_some_and(|set| set.status.is_some());
    let rests = is_set || incident.merged_into.is_some() || incident.status == IncidentStatus::Closed;
    (!rests).then(|| incident.last_seen.max(incident.heard_at.unwrap_or(incident.last_seen)))
}

/// Takes all of `from` into `into`: its items, its sources, the ids of its event. `from` stays as a memory of what belongs together.
pub fn merge(into: &mut Incident, from: &mut Incident) {
    into.item_count += from.item_count;
    for (source, count) in &from.sources {
        *into.sources.entry(source.clone()).or_insert(0) += count;
    }
    into.source_count = into.sources.len() as u64;
    into.voices = into.voices.and(from.voices);
    into.backing = backing::both(into.backing.take(), from.backing.as_ref());
    from.put_right.iter().for_each(|one| into.note_put_right(*one));
    into.copies = into.copies.saturating_add(from.copies);
    wording::merge(&mut into.words, &from.words);
    into.first_seen = into.first_seen.min(from.first_seen);
    into.last_seen = into.last_seen.max(from.last_seen);
    into.heard_at = into.heard_at.max(from.heard_at);
    into.risk_score = into.risk_score.max(from.risk_score);
    into.take_severity(from.set.as_ref().map_or(from.severity, |set| set.found_severity));
    if into.hazard == from.hazard || into.centre.is_none() {
        into.centre = match (into.centre, from.centre) {
            (Some(mine), Some(theirs)) => Some(super::mean(mine, (theirs.lat, theirs.lon), theirs.weight)),
            (mine, theirs) => mine.or(theirs),
        };
    }
    if into.country.is_none() {
        into.country.clone_from(&from.country);
    }
    for id in &from.event_ids {
        if into.event_ids.len() < MAX_EVENT_IDS && !into.event_ids.contains(id) {
            into.event_ids.push(id.clone());
        }
    }
    into.version += 1;
    from.merged_into = Some(into.id);
    from.status = IncidentStatus::Closed;
    from.version += 1;
}

/// The incident with this id that `items` of `from` make of their own; `None` where there are none. The ids of events that they carry go with them.
#[must_use]
pub fn split(from: &mut Incident, id: IncidentId, items: &[Item], title: Option<String>) -> Option<Incident> {
    let mut parted = fold(items)?;
    parted.id = id;
    parted.split_from = Some(from.id);
    parted.heard_at = from.heard_at;
    if !parted.hazard.is_some() {
        parted.hazard = from.hazard;
    }
    if title.is_some() {
        parted.set_by_people(Some(title), None, None);
    }
    parted.version = 1;
    from.event_ids.retain(|id| !parted.event_ids.contains(id));
    Some(parted)
}

/// Makes `incident` what its items make when they come one after another, the first that names its hazard before all; without any it is
/// empty and closed. What people have set stays, and so does its name where its items give none.
pub fn renew(incident: &mut Incident, anew: Option<Incident>) {
    incident.version += 1;
    let Some(anew) = anew else {
        (incident.item_count, incident.source_count) = (0, 0);
        incident.sources.clear();
        incident.words.clear();
        (incident.voices, incident.copies) = (Voices::default(), 0);
        incident.backing = Some(Backing::default());
        incident.status = IncidentStatus::Closed;
        return;
    };
    // Who has put right what left it had a hand in what is left.
    anew.put_right.iter().for_each(|one| incident.note_put_right(*one));
    let kept_ids = std::mem::take(&mut incident.event_ids);
    // Ids that came with what was merged into it stay.
    incident.event_ids = anew.event_ids;
    for id in kept_ids {
        if incident.event_ids.len() < MAX_EVENT_IDS && !incident.event_ids.contains(&id) {
            incident.event_ids.push(id);
        }
    }
    incident.hazard = anew.hazard;
    incident.centre = anew.centre;
    incident.country = anew.country;
    incident.area = anew.area;
    incident.first_seen = anew.first_seen;
    incident.last_seen = anew.last_seen;
    incident.item_count = anew.item_count;
    incident.sources = anew.sources;
    incident.words = anew.words;
    incident.voices = anew.voices;
    incident.backing = anew.backing;
    incident.source_count = anew.source_count;
    incident.risk_score = anew.risk_score;
    incident.call(anew.title);
    incident.found_severity(anew.severity);
}

/// What items make when they come one after another. The first that names its hazard opens it.
fn fold(items: &[Item]) -> Option<Incident> {
    let first = items.iter().position(|item| item.hazard.kind.is_some()).unwrap_or(0);
    let mut incident = open(items.get(first)?);
    for (_, item) in items.iter().enumerate().filter(|(index, _)| *index != first) {
        join(&mut incident, item);
    }
    Some(incident)
}
