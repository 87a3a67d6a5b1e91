//! What people and time do to incidents: each in one transaction with what is told of it.
//!
//! What people decide is remembered: what would have joined an incident that was merged joins the one that stands for it, and what was
//! split off is not put back.

use crisislens_analysis::incident::{self, keys};
use crisislens_model::{
    AlertRule, Incident, IncidentId, IncidentStatus, IncidentUpdate, Item, ItemId, JoinedItem, NewRecord,
    RiskWeights, Severity, Timestamp, UserId, id,
};
use crisislens_state::incidents::IncidentIndex;
use crisislens_state::{Cursor, Durability, StateError, Store, Tx};

use crate::alert_rule;
use crate::events::{alert_record, incident_part_record, incident_record};

/// Most items that an incident is made anew of, some seconds' work while nobody else writes. Of a larger one only counts, times, severity
/// and risk are: what people take out of it, a request's items at a time, hardly moves its middle and the words that most of it uses.
const MAX_REBUILT: u64 = 50_000;
/// Of those so many are in memory at once.
const REBUILT_AT_ONCE: usize = 500;
/// Most items that one record names.
const MAX_JOINED: usize = 500;
/// Incidents that one round of [`settle`] looks at.
const LOOKED_AT: usize = 200;

/// Why something is not done.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is none.
    #[error("there is no incident {0}")]
    Unknown(IncidentId),
    /// Another stands for it.
    #[error("incident {0} was merged into {1}")]
    Merged(IncidentId, IncidentId),
    /// It cannot be done.
    #[error("{0}")]
    Wrong(String),
    /// The store says no.
    #[error(transparent)]
    State(#[from] StateError),
    /// What is told of it cannot be written.
    #[error("a record cannot be encoded: {0}")]
    Encoding(#[from] serde_json::Error),
}

/// What people set of an incident: `None` leaves a field, `Some(None)` takes back what they had set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncidentEdit {
    /// What it is called.
    pub title: Option<Option<String>>,
    /// How bad it is.
    pub severity: Option<Option<Severity>>,
    /// Where it stands.
    pub status: Option<Option<IncidentStatus>>,
    /// Who says so.
    pub by: Option<UserId>,
}

/// Sets what people say of an incident at `version`; answers it before and after.
pub async fn edit(
    tx: &mut dyn Tx,
    id: IncidentId,
    version: u64,
    edit: IncidentEdit,
    weights: &RiskWeights,
    now: Timestamp,
) -> Result<(Incident, Incident), Refusal> {
    let before = one(tx, id).await?;
    at_version(&before, version)?;
    let mut incident = before.clone();
    let by = edit.by.filter(|_| edit.title.is_some() || edit.severity.is_some());
    incident.set_by_people(edit.title, edit.severity, edit.status);
    if incident == before {
        return Ok((before.clone(), before));
    }
    if let Some(by) = by {
        incident.note_who_set(by);
    }
    if incident.status == IncidentStatus::Open && before.status != IncidentStatus::Open {
        incident.heard_at = Some(now);
    }
    incident.version += 1;
    keep(tx, std::slice::from_mut(&mut incident), weights).await?;
    let mut records = told(&incident, Vec::new(), now)?;
    follow_alert(tx, &incident, (&[], by), &mut records, now).await?;
    tx.publish(records, now).await?;
    Ok((before, incident))
}

/// Puts all of `from` into `into`, which was read at `version` by who says so. The alert that `into` has goes on and the others are withdrawn,
/// to those who had them; where it has none, the first that another has goes on as its own.
pub async fn merge(
    tx: &mut dyn Tx,
    into: IncidentId,
    version: u64,
    (from, by): (&[IncidentId], UserId),
    weights: &RiskWeights,
    now: Timestamp,
) -> Result<Incident, Refusal> {
    let mut all = vec![into];
    all.extend(from);
    tx.hold_items_of(&all).await?;
    let mut stands = one(tx, into).await?;
    at_version(&stands, version)?;
    let mut records = Vec::new();
    let mut gone = Vec::with_capacity(from.len());
    let mut joined = Vec::new();
    for id in from {
        if *id == into {
            return Err(Refusal::Wrong("an incident cannot be merged into itself".to_owned()));
        }
        if gone.iter().any(|other: &Incident| other.id == *id) {
            return Err(Refusal::Wrong("an incident is named twice".to_owned()));
        }
        let mut other = one(tx, *id).await?;
        if other.exercise != stands.exercise {
            return Err(Refusal::Wrong("an exercise and what is real are not put together".to_owned()));
        }
        if other.exercise_id != stands.exercise_id {
            return Err(Refusal::Wrong("two exercises are not put together".to_owned()));
        }
        incident::merge(&mut stands, &mut other);
        let moved = tx.move_items(*id, into).await?;
        let ids: Vec<ItemId> = moved.iter().map(|item| item.id).collect();
        tx.unpart_items(&ids, into).await?;
        joined.extend(moved);
        gone.push(other);
    }
    keep(tx, &mut gone, weights).await?;
    keep(tx, std::slice::from_mut(&mut stands), weights).await?;
    records.extend(told(&stands, joined, now)?);
    for other in &gone {
        records.extend(told(other, Vec::new(), now)?);
        let Some(theirs) = tx.alert_of(other.id).await? else { continue };
        let theirs = tx.revisions_of_alert(theirs.id).await?;
        let mine = tx.alert_of(into).await?;
        let Some((next, ended)) = alert_rule::merged(&stands, (other, &theirs), mine.as_ref(), by, now)
        else {
            continue;
        };
        for alert in std::iter::once(next).chain(ended) {
            tx.put_alert(&alert).await?;
            records.push(alert_record(&alert, now)?);
        }
    }
    follow_alert(tx, &stands, (&[], Some(by)), &mut records, now).await?;
    tx.publish(records, now).await?;
    Ok(stands)
}

/// Takes `items` out of the incident that was read at `version` and makes the incident `new_id` of them; answers both. Its alert stays with
/// the one that is left; the other gets one of its own where the rule says so.
pub async fn split(
    tx: &mut dyn Tx,
    (id, version): (IncidentId, u64),
    new_id: IncidentId,
    items: &[Item],
    title: Option<(String, UserId)>,
    weights: &RiskWeights,
    now: Timestamp,
) -> Result<(Incident, Incident), Refusal> {
    let ids: Vec<ItemId> = items.iter().map(|item| item.id).collect();
    let known = tx.known_items(&ids).await?;
    let mut left = one(tx, id).await?;
    at_version(&left, version)?;
    if let Some(other) =
        ids.iter().find(|item| known.get(item).and_then(|known| known.incident_id) != Some(id))
    {
        return Err(Refusal::Wrong(format!("item {other} is not in this incident")));
    }
    let many = known.len() as u64;
    if many == 0 || many >= left.item_count {
        return Err(Refusal::Wrong("some of its items are split off, but not all of them".to_owned()));
    }
    let mut items: Vec<Item> = items.to_vec();
    items.sort_by_key(|item| (item.timestamp, item.id));
    items.dedup_by_key(|item| item.id);
    let (title, by) = title.unzip();
    let mut parted = incident::split(&mut left, new_id, &items, title)
        .ok_or_else(|| Refusal::Wrong("no items are named".to_owned()))?;
    if let Some(by) = by {
        parted.note_who_set(by);
    }
    let joins: Vec<(ItemId, IncidentId)> = items.iter().map(|item| (item.id, parted.id)).collect();
    let joined = tx.join_incident(&joins).await?;
    let from_here: Vec<(ItemId, IncidentId)> = items.iter().map(|item| (item.id, id)).collect();
    tx.part_items(&from_here).await?;
    rebuilt(tx, &mut left).await?;
    left.event_ids.retain(|event| !parted.event_ids.contains(event));
    parted.copies = tx.copies_of_incident(parted.id).await?;
    keep(tx, std::slice::from_mut(&mut left), weights).await?;
    keep(tx, std::slice::from_mut(&mut parted), weights).await?;
    let mut records = told(&left, Vec::new(), now)?;
    records.extend(told(&parted, joined, now)?);
    follow_alert(tx, &parted, (&items, by), &mut records, now).await?;
    tx.publish(records, now).await?;
    Ok((left, parted))
}

/// Gives incidents that have been quiet the status that they have by rule; answers how many it looked at, 0 when there is nothing left.
pub async fn settle(tx: &mut dyn Tx, weights: &RiskWeights, now: Timestamp) -> Result<usize, Refusal> {
    let mut due = tx.due_incidents(now, LOOKED_AT).await?;
    let mut changed = Vec::with_capacity(due.len());
    for incident in &mut due {
        let status = incident::settle(incident, now);
        if let Some(status) = status {
            incident.status = status;
            incident.version += 1;
        }
        changed.push(status.is_some());
    }
    keep(tx, &mut due, weights).await?;
    let mut records = Vec::new();
    for (incident, _) in due.iter().zip(&changed).filter(|(_, changed)| **changed) {
        records.extend(told(incident, Vec::new(), now)?);
    }
    tx.publish(records, now).await?;
    Ok(due.len())
}

/// Makes the incident anew that has waited longest for it, in a transaction of its own; whether there was one. Where it cannot be done the
/// others have their turn before it.
pub async fn renew_next(store: &dyn Store, weights: &RiskWeights, now: Timestamp) -> Result<bool, Refusal> {
    let mut tx = store.begin(Durability::Process).await?;
    let Some(id) = tx.next_stale().await? else {
        tx.commit().await?;
        return Ok(false);
    };
    let done = renew(&mut *tx, id, weights, now).await;
    if done.is_err() {
        drop(tx);
        tx = store.begin(Durability::Process).await?;
        tx.drop_stale(&[id]).await?;
        tx.note_stale(&[id], now).await?;
    }
    tx.commit().await?;
    done.map(|()| true)
}

/// Makes an incident anew that waits for it.
pub async fn renew(
    tx: &mut dyn Tx,
    id: IncidentId,
    weights: &RiskWeights,
    now: Timestamp,
) -> Result<(), Refusal> {
    tx.drop_stale(&[id]).await?;
    let mut incident = tx.incidents_by_id(&[id]).await?.pop().ok_or(Refusal::Unknown(id))?;
    if let Some(into) = incident.merged_into {
        // Its items are there by now.
        tx.note_stale(&[into], now).await?;
        return Ok(());
    }
    rebuilt(tx, &mut incident).await?;
    keep(tx, std::slice::from_mut(&mut incident), weights).await?;
    let mut records = told(&incident, Vec::new(), now)?;
    follow_alert(tx, &incident, (&[], None), &mut records, now).await?;
    tx.publish(records, now).await?;
    Ok(())
}

/// Makes `incident` anew of the items that are left in it.
pub(crate) async fn rebuilt(tx: &mut dyn Tx, incident: &mut Incident) -> Result<(), StateError> {
    rebuilt_of(tx, incident, MAX_REBUILT).await
}

/// The same where so many items are the most that are read.
async fn rebuilt_of(tx: &mut dyn Tx, incident: &mut Incident, most: u64) -> Result<(), StateError> {
    incident.copies = tx.copies_of_incident(incident.id).await?;
    let sources = tx.sources_of_incident(incident.id).await?;
    let items = sources.values().sum();
    if items <= most {
        let anew = made_of_items(tx, incident.id).await?;
        incident::renew(incident, anew);
        return Ok(());
    }
    let Some(figures) = tx.figures_of_incident(incident.id).await? else { return Ok(()) };
    incident.item_count = items;
    incident.source_count = sources.len() as u64;
    incident.sources = sources;
    incident.voices = figures.voices;
    incident.first_seen = figures.first_seen;
    incident.last_seen = figures.last_seen;
    incident.risk_score = figures.risk_score;
    incident.found_severity(figures.severity);
    incident.version += 1;
    Ok(())
}

/// What the items of an incident make when they come one after another, read page by page.
async fn made_of_items(tx: &mut dyn Tx, id: IncidentId) -> Result<Option<Incident>, StateError> {
    let Some(opener) = opener(tx, id).await? else { return Ok(None) };
    let mut anew = incident::open(&opener);
    let mut after = None;
    loop {
        let page = tx.items_of_incident(id, REBUILT_AT_ONCE, after).await?;
        for item in page.iter().filter(|item| item.id != opener.id) {
            incident::join(&mut anew, item);
        }
        if page.len() < REBUILT_AT_ONCE {
            return Ok(Some(anew));
        }
        after = page.last().map(behind);
    }
}

/// The first item that names its hazard, the first of all where none does.
async fn opener(tx: &mut dyn Tx, id: IncidentId) -> Result<Option<Item>, StateError> {
    let (mut first, mut after) = (None, None);
    loop {
        let page = tx.items_of_incident(id, REBUILT_AT_ONCE, after).await?;
        let is_last = page.len() < REBUILT_AT_ONCE;
        after = page.last().map(behind);
        if let Some(opener) = page.iter().find(|item| item.hazard.kind.is_some()) {
            return Ok(Some(opener.clone()));
        }
        first = first.or_else(|| page.into_iter().next());
        if is_last {
            return Ok(first);
        }
    }
}

fn behind(item: &Item) -> Cursor {
    Cursor { at: item.timestamp, id: item.id.0 }
}

/// The id of another incident that an item opens which had opened one before.
pub(crate) fn again(id: IncidentId, version: u64) -> IncidentId {
    IncidentId(id::derived(id.0, "incident again", version))
}

async fn one(tx: &mut dyn Tx, id: IncidentId) -> Result<Incident, Refusal> {
    let incident = tx.incidents_by_id(&[id]).await?.pop().ok_or(Refusal::Unknown(id))?;
    match incident.merged_into {
        Some(into) => Err(Refusal::Merged(id, into)),
        None => Ok(incident),
    }
}

fn at_version(incident: &Incident, version: u64) -> Result<(), Refusal> {
    if incident.version == version {
        return Ok(());
    }
    Err(StateError::VersionConflict { current: incident.version }.into())
}

async fn keep(tx: &mut dyn Tx, incidents: &mut [Incident], weights: &RiskWeights) -> Result<(), StateError> {
    incidents.iter_mut().for_each(|incident| incident::assess(incident, weights));
    tx.put_incidents(incidents).await?;
    let indexed = incidents.iter().map(|incident| IncidentIndex {
        id: incident.id,
        keys: keys::of_incident(incident),
        due: incident::next_look(incident),
    });
    tx.index_incidents(&indexed.collect::<Vec<_>>()).await
}

/// The records that tell of an incident and of the items that joined it, several where they are many.
fn told(
    incident: &Incident,
    joined: Vec<JoinedItem>,
    now: Timestamp,
) -> Result<Vec<NewRecord>, serde_json::Error> {
    let update =
        |joined: &[JoinedItem]| IncidentUpdate { incident: incident.clone(), joined: joined.to_vec() };
    let mut parts = joined.chunks(MAX_JOINED);
    let mut records = vec![incident_record(&update(parts.next().unwrap_or_default()), now)?];
    for (part, joined) in parts.enumerate() {
        records.push(incident_part_record(&update(joined), part as u64 + 1, now)?);
    }
    Ok(records)
}

/// Raises or revises the alert of `incident` after `items` changed in it, or what is said of it by somebody of the desk.
async fn follow_alert(
    tx: &mut dyn Tx,
    incident: &Incident,
    (items, by): (&[Item], Option<UserId>),
    records: &mut Vec<NewRecord>,
    now: Timestamp,
) -> Result<(), Refusal> {
    let before = tx.alert_of(incident.id).await?;
    let items: Vec<&Item> = items.iter().collect();
    let rules = alert_rule::Rules::of(&tx.set_up(AlertRule::KIND).await?);
    if let Some(mut alert) = alert_rule::evaluate(&rules, incident, &items, before.as_ref(), now) {
        alert.note_hands(by);
        tx.put_alert(&alert).await?;
        records.push(alert_record(&alert, now)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
