//! The past, record by record: what is kept of it to ask rules about, and what they would have done.

use std::collections::{HashMap, VecDeque};

use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{Alert, Incident, IncidentId, IncidentUpdate, Item, ItemId, Timestamp, record};

use super::{Limits, Outcome, Told, Truncated};
use crate::alert_rule::{Rules, evaluate};

/// Items that wait for the incident they join: so many …
const MAX_WAITING: usize = 20_000;
/// … and bytes of their records; the oldest are forgotten.
const MAX_WAITING_BYTES: usize = 64 * 1024 * 1024;

pub(super) struct Playback {
    since: Timestamp,
    limits: Limits,
    tested: Side,
    today: Side,
    waiting: Waiting,
    /// Where items have joined, and by which revision they are known there.
    homes: HashMap<ItemId, (IncidentId, u64)>,
    /// Items that have changed since their incident was looked at.
    changed: HashMap<IncidentId, Vec<Item>>,
    /// The newest version of each incident that was seen: a record may stand on the log twice.
    versions: HashMap<IncidentId, u64>,
    alerts: Vec<Alert>,
    changes: u64,
    missing: u64,
}

/// Some rules and what they would have done.
struct Side {
    rules: Rules,
    last: HashMap<IncidentId, Alert>,
    told: Told,
}

#[derive(Default)]
struct Waiting {
    items: HashMap<ItemId, (Item, usize)>,
    order: VecDeque<ItemId>,
    bytes: usize,
}

impl Playback {
    pub fn new(rules: Rules, today: Rules, since: Timestamp, limits: Limits) -> Self {
        Self {
            since,
            limits,
            tested: Side::new(rules),
            today: Side::new(today),
            waiting: Waiting::default(),
            homes: HashMap::new(),
            changed: HashMap::new(),
            versions: HashMap::new(),
            alerts: Vec::new(),
            changes: 0,
            missing: 0,
        }
    }

    /// Takes the next record; false where there is no room for what it brings. What cannot be read is passed over: the pipeline has
    /// made a dead letter of it.
    pub fn take(&mut self, record: &LogRecord) -> bool {
        let Some(value) = record.value.as_deref() else { return true };
        match record::header(&record.headers, "ce_type") {
            Some(event_type::ITEM_CREATED | event_type::ITEM_UPDATED) => {
                if let Ok(item) = serde_json::from_slice(value) {
                    self.item(item, value.len());
                }
            }
            Some(event_type::INCIDENT_UPDATED) => {
                if let Ok(update) = serde_json::from_slice(value) {
                    self.incident(&update, record.timestamp);
                }
            }
            _ => {}
        }
        self.tested.last.len() <= self.limits.incidents && self.today.last.len() <= self.limits.incidents
    }

    fn item(&mut self, item: Item, bytes: usize) {
        match self.homes.get_mut(&item.id) {
            None => self.waiting.put(item, bytes),
            Some((home, revision)) if item.revision > *revision => {
                *revision = item.revision;
                let changed = self.changed.entry(*home).or_default();
                changed.retain(|known| known.id != item.id);
                changed.push(item);
            }
            Some(_) => {}
        }
    }

    fn incident(&mut self, update: &IncidentUpdate, at: Timestamp) {
        let incident = &update.incident;
        let known = self.versions.entry(incident.id).or_default();
        if incident.version <= *known {
            return;
        }
        *known = incident.version;
        let mut seen = self.changed.remove(&incident.id).unwrap_or_default();
        for joined in &update.joined {
            match self.waiting.take(joined.id) {
                Some(item) => {
                    self.homes.insert(item.id, (incident.id, item.revision));
                    seen.push(item);
                }
                None if at >= self.since => self.missing += 1,
                None => {}
            }
        }
        if at < self.since {
            return;
        }
        self.changes += 1;
        let seen: Vec<&Item> = seen.iter().collect();
        self.today.look(incident, &seen, at);
        if let Some(alert) = self.tested.look(incident, &seen, at)
            && self.alerts.len() < self.limits.listed
        {
            self.alerts.push(alert.clone());
        }
    }

    pub fn into_outcome(self, records: u64, until: Timestamp, truncated: Option<Truncated>) -> Outcome {
        Outcome {
            told: self.tested.told,
            today: self.today.told,
            alerts: self.alerts,
            records,
            changes: self.changes,
            missing: self.missing,
            until,
            truncated,
        }
    }
}

impl Side {
    fn new(rules: Rules) -> Self {
        Self { rules, last: HashMap::new(), told: Told::default() }
    }

    /// The alert that would have gone out, if any.
    fn look(&mut self, incident: &Incident, items: &[&Item], at: Timestamp) -> Option<&Alert> {
        let alert = evaluate(&self.rules, incident, items, self.last.get(&incident.id), at)?;
        if alert.revision == 1 {
            self.told.raised += 1;
        } else {
            self.told.revised += 1;
        }
        let day = at.strftime("%Y-%m-%d").to_string();
        *self.told.days.entry(day).or_default().entry(alert.severity).or_default() += 1;
        *self.told.severities.entry(alert.severity).or_default() += 1;
        let last = self.last.entry(incident.id).insert_entry(alert);
        Some(last.into_mut())
    }
}

impl Waiting {
    fn put(&mut self, item: Item, bytes: usize) {
        let id = item.id;
        self.bytes += bytes;
        match self.items.insert(id, (item, bytes)) {
            Some((_, before)) => self.bytes -= before,
            None => self.order.push_back(id),
        }
        while self.items.len() > MAX_WAITING || self.bytes > MAX_WAITING_BYTES {
            let Some(oldest) = self.order.pop_front() else { return };
            self.take(oldest);
        }
        // Those that were taken leave their place behind.
        if self.order.len() > 2 * MAX_WAITING {
            let items = &self.items;
            self.order.retain(|id| items.contains_key(id));
        }
    }

    fn take(&mut self, id: ItemId) -> Option<Item> {
        let (item, bytes) = self.items.remove(&id)?;
        self.bytes -= bytes;
        Some(item)
    }
}
