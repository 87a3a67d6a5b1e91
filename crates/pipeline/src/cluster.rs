//! normalized-items → incidents and alerts.

mod board;

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_analysis::incident::{self, keys};
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Clock, Incident, IncidentId, IncidentUpdate, Item, ItemId, JoinedItem, RiskWeights, Topic, record,
};
use crisislens_state::Tx;
use crisislens_state::incidents::IncidentIndex;
use crisislens_stream::{ApplyError, Handler, Reject};
use tokio::sync::Notify;

use self::board::Board;
use crate::alert_rule::{self, RulesInUse};
use crate::events::{CORRECTED, alert_record, incident_record};
use crate::incident_desk::rebuilt;
use crate::refuse_wrong;

/// So many items are read at most to make incidents of a batch anew. Others wait in the store, each for a transaction of its own
/// ([`crate::incident_desk::renew_next`]), so that the corrections of a batch do not keep everybody else from writing.
const MAX_READ_ANEW: u64 = 2_000;

/// The handler of `normalized-items` that clusters items and raises alerts. What it reads is bounded by the batch, not by how many
/// incidents there are.
pub struct Cluster {
    clock: Arc<dyn Clock>,
    weights: RiskWeights,
    rules: RulesInUse,
    stale: Arc<Notify>,
    most_read: u64,
}

impl Cluster {
    /// One that goes by this clock and weighs the parts of risks so.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, weights: RiskWeights) -> Self {
        Self { clock, weights, rules: RulesInUse::default(), stale: Arc::default(), most_read: MAX_READ_ANEW }
    }

    /// The same where so many items are the most that are read to make incidents of a batch anew.
    #[must_use]
    pub fn reading_at_most(self, items: u64) -> Self {
        Self { most_read: items, ..self }
    }

    /// What is told when incidents wait to be made anew.
    #[must_use]
    pub fn stale(&self) -> Arc<Notify> {
        Arc::clone(&self.stale)
    }
}

/// An item that is to be put into an incident.
pub struct Clustered {
    item: Item,
    /// Whether people have just put right what it says, so that it may belong elsewhere.
    is_corrected: bool,
    /// Whether it says anything for an incident; else it may only be a copy, or be one no more.
    is_telling: bool,
}

#[async_trait]
impl Handler for Cluster {
    type Work = Clustered;

    fn group(&self) -> &'static str {
        "crisis-lens-main"
    }

    fn stage(&self) -> &'static str {
        "incidents"
    }

    fn topic(&self) -> Topic {
        Topic::NormalizedItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Clustered>, Reject> {
        match record::header(&record.headers, "ce_type") {
            Some(event_type::ITEM_CREATED | event_type::ITEM_UPDATED) => {}
            _ => return Ok(None),
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let item: Item = serde_json::from_slice(value).map_err(Reject::decode)?;
        refuse_wrong(&item.problems(self.clock.now()))?;
        let is_corrected = record::header(&record.headers, "ce_source") == Some(CORRECTED);
        let is_telling = is_corrected || item.hazard.kind.is_some() || incident::must_open(&item);
        let may_count = item.duplicate_of.is_some() || item.version > 1;
        Ok((is_telling || may_count).then_some(Clustered { item, is_corrected, is_telling }))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Clustered]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let mut board = Board::read(tx, work, now).await?;
        for one in work.iter().filter(|one| one.is_telling) {
            board.place(one);
        }
        let counted = board.count_copies();
        let left = board.left();
        let mut changes = board.into_changes();
        tx.leave_incident(&left).await?;
        let joins: Vec<(ItemId, IncidentId)> = changes
            .iter()
            .flat_map(|change| change.joined.iter().map(|item| (item.id, change.incident.id)))
            .collect();
        let versions: HashMap<ItemId, u64> =
            tx.join_incident(&joins).await?.into_iter().map(|joined| (joined.id, joined.version)).collect();
        tx.count_copies(&counted).await?;
        let (mut done, mut later, mut read) = (Vec::new(), Vec::new(), 0);
        for change in changes.iter_mut().filter(|change| change.is_anew) {
            let id = change.incident.id;
            read += change.incident.item_count;
            if read > self.most_read {
                later.push(id);
                continue;
            }
            rebuilt(tx, &mut change.incident).await?;
            change.is_moved = true;
            done.push(id);
        }
        tx.drop_stale(&done).await?;
        tx.note_stale(&later, now).await?;
        changes.iter_mut().for_each(|change| incident::assess(&mut change.incident, &self.weights));
        let incidents: Vec<Incident> = changes.iter().map(|change| change.incident.clone()).collect();
        tx.put_incidents(&incidents).await?;
        let moved = changes.iter().filter(|change| change.is_moved).map(|change| IncidentIndex {
            id: change.incident.id,
            keys: keys::of_incident(&change.incident),
            due: incident::next_look(&change.incident),
        });
        tx.index_incidents(&moved.collect::<Vec<_>>()).await?;

        let rules = self.rules.read(tx).await?;
        let mut records = Vec::with_capacity(changes.len());
        // What was merged into another is nobody's news.
        for change in changes.into_iter().filter(|change| change.incident.merged_into.is_none()) {
            let joined = change
                .joined
                .iter()
                .filter_map(|item| {
                    versions.get(&item.id).map(|version| JoinedItem { id: item.id, version: *version })
                })
                .collect();
            let before = tx.alert_of(change.incident.id).await?;
            let seen: Vec<&Item> = change.joined.iter().chain(&change.changed).copied().collect();
            let alert = alert_rule::evaluate(&rules, &change.incident, &seen, before.as_ref(), now);
            let update = IncidentUpdate { incident: change.incident, joined };
            records.push(incident_record(&update, now).map_err(encoding)?);
            if let Some(alert) = alert {
                tx.put_alert(&alert).await?;
                records.push(alert_record(&alert, now).map_err(encoding)?);
            }
        }
        tx.publish(records, now).await?;
        if !later.is_empty() {
            // Who is woken before this is committed waits for it.
            self.stale.notify_one();
        }
        Ok(())
    }
}

fn encoding(error: serde_json::Error) -> ApplyError {
    ApplyError::Failed(format!("cannot be encoded: {error}"))
}
