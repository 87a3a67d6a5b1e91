//! The oracle: what was promised to whom, what was seen in the end, and the verdict. Pure; it starts nothing and asks
//! nobody.
//!
//! Only an acknowledged write is an obligation. What was sent without an answer may be there or not, but never twice.

pub mod claims;
mod effects;
pub mod locks;
mod logs;
pub mod messages;
pub mod payload;
#[cfg(test)]
mod tests;
mod viewers;

use std::collections::BTreeMap;

use serde::Serialize;

use payload::WriteId;

/// What became of a write, as its writer knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Fate {
    /// Sent, but nobody said that it is durable.
    Unknown,
    /// Acknowledged.
    Acknowledged,
}

/// Everything that writers sent.
#[derive(Debug, Clone, Default, Serialize)]
pub struct History {
    /// By key, then by revision; a writer sends the revisions of a key one after the other.
    writes: BTreeMap<u32, BTreeMap<u32, Fate>>,
}

impl History {
    /// Notes that a write is being sent.
    pub fn sent(&mut self, id: WriteId) {
        self.writes.entry(id.key).or_default().entry(id.revision).or_insert(Fate::Unknown);
    }

    /// Notes that a write was acknowledged.
    pub fn acknowledged(&mut self, id: WriteId) {
        self.writes.entry(id.key).or_default().insert(id.revision, Fate::Acknowledged);
    }

    /// How many writes were acknowledged.
    pub fn obligations(&self) -> usize {
        self.writes.values().flat_map(BTreeMap::values).filter(|fate| **fate == Fate::Acknowledged).count()
    }

    /// The last acknowledged revision of each key.
    pub fn last_acknowledged(&self) -> impl Iterator<Item = WriteId> {
        self.writes.iter().filter_map(|(key, revisions)| {
            let mut acknowledged = revisions.iter().filter(|(_, fate)| **fate == Fate::Acknowledged);
            acknowledged.next_back().map(|(revision, _)| WriteId { key: *key, revision: *revision })
        })
    }

    fn all_acknowledged(&self) -> impl Iterator<Item = WriteId> {
        self.writes.iter().flat_map(|(key, revisions)| {
            revisions
                .iter()
                .filter(|(_, fate)| **fate == Fate::Acknowledged)
                .map(|(revision, _)| WriteId { key: *key, revision: *revision })
        })
    }

    fn was_sent(&self, id: WriteId) -> bool {
        self.writes.get(&id.key).is_some_and(|revisions| revisions.contains_key(&id.revision))
    }
}

/// A record of a topic.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Entry {
    /// Its partition.
    pub partition: u64,
    /// Its offset.
    pub offset: u64,
    /// `ce_id`.
    pub event: String,
    /// `ce_type`.
    pub kind: String,
    /// The id of what it speaks of.
    pub thing: String,
    /// The version (alerts: revision) of that.
    pub version: u64,
    /// The text, where it has one.
    pub text: String,
}

/// An item of the store.
#[derive(Debug, Clone, Default, Serialize)]
pub struct ItemSeen {
    /// Its id.
    pub id: String,
    /// Its text.
    pub text: String,
    /// How many revisions of its entry have taken effect.
    pub revision: u64,
    /// The incident that it belongs to.
    pub incident: Option<String>,
}

/// An alert of the store.
#[derive(Debug, Clone, Default, Serialize)]
pub struct AlertSeen {
    /// Its id.
    pub id: String,
    /// Its incident.
    pub incident: String,
    /// How often it was raised.
    pub revision: u64,
}

/// A notification of the store.
#[derive(Debug, Clone, Default, Serialize)]
pub struct NotificationSeen {
    /// Its id.
    pub id: String,
    /// Its alert.
    pub alert: String,
    /// The alert's revision.
    pub revision: u64,
    /// Whether its message was given up because a later revision took its place before it left.
    pub replaced: bool,
}

/// What people were told in the end: a chain from incidents to messages.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Told {
    /// Incidents with their number of items.
    pub incidents: Vec<(String, u64)>,
    /// Alerts.
    pub alerts: Vec<AlertSeen>,
    /// Notifications.
    pub notifications: Vec<NotificationSeen>,
    /// Messages of the development outbox with their notification.
    pub mails: Vec<(String, String)>,
}

/// What one live client was shown, over all its connections.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Viewed {
    /// Events in the order of arrival: what they speak of, and its version.
    pub events: Vec<(String, u64)>,
    /// Each time that it was told to fetch everything anew.
    pub resyncs: Vec<Resync>,
    /// How often it had to connect again.
    pub reconnects: u32,
}

/// What a live client did when it was told that it had missed something.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Resync {
    /// How many events it had been shown by then.
    pub after: usize,
    /// What it fetched: the version of every item, incident and alert.
    pub state: BTreeMap<String, u64>,
}

/// Everything that was seen after the faults.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Observed {
    /// `raw-items`, by partition and offset.
    pub raw: Vec<Entry>,
    /// `normalized-items`, by partition and offset.
    pub normalized: Vec<Entry>,
    /// `alerts`, by partition and offset.
    pub alerts: Vec<Entry>,
    /// Dead letters that no case expects, each in a line.
    pub dead: Vec<String>,
    /// Items of the store that came from this trial's writers.
    pub items: Vec<ItemSeen>,
    /// How many of them search finds.
    pub found: u64,
    /// Incidents, alerts, notifications, messages.
    pub told: Told,
    /// Live clients.
    pub viewers: Vec<Viewed>,
}

impl Observed {
    /// How many events a live client of everything is to be shown.
    pub fn events(&self) -> usize {
        let normalized = logs::first_of_each_event(&self.normalized).len();
        normalized + logs::first_of_each_event(&self.alerts).len()
    }
}

/// What can go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An acknowledged write, or what follows from it, is not there.
    Lost,
    /// Something took effect twice.
    DuplicateEffect,
    /// Something is there that nobody sent.
    Phantom,
    /// Something is there and is not what was sent.
    Corrupted,
    /// Two things of one key changed places.
    Reordered,
    /// A fresh write does not come through after the faults are over.
    Stuck,
    /// Memory or files that a node does not give back.
    Leaked,
    /// Another promise of the case does not hold.
    Broken,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    /// What sort.
    pub kind: Kind,
    /// Which one, for a person.
    pub what: String,
}

/// What is wrong; empty when the promise holds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Verdict {
    /// Every anomaly.
    pub anomalies: Vec<Anomaly>,
}

impl Verdict {
    /// Notes one anomaly.
    pub fn add(&mut self, kind: Kind, what: impl Into<String>) {
        self.anomalies.push(Anomaly { kind, what: what.into() });
    }

    /// How many of a sort there are.
    pub fn count(&self, kind: Kind) -> usize {
        self.anomalies.iter().filter(|anomaly| anomaly.kind == kind).count()
    }

    /// Whether nothing is wrong.
    pub fn holds(&self) -> bool {
        self.anomalies.is_empty()
    }
}

/// Judges what was seen by what was sent. `seed` names the writers of this trial.
pub fn judge(seed: u64, history: &History, observed: &Observed) -> Verdict {
    let mut verdict = Verdict::default();
    logs::judge(seed, history, observed, &mut verdict);
    effects::judge(seed, history, observed, &mut verdict);
    viewers::judge(observed, &mut verdict);
    for letter in &observed.dead {
        verdict.add(Kind::Lost, format!("dead letter of a sound record: {letter}"));
    }
    verdict
}
