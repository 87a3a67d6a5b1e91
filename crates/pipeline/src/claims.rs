//! normalized-items → claims: what items state, each thing once however many say it, with what contradicts it.

mod board;
mod joining;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_analysis::Analyzer;
use crisislens_analysis::claims::Statements;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{ClaimStatus, Clock, IncidentId, IncidentUpdate, Item, ItemId, Topic, record};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};

use self::board::Board;
use crate::events::{SAID, claim_record};
use crate::statements::Memory;

/// The handler of `normalized-items` that makes claims of what items state.
pub struct ExtractClaims {
    /// Reads texts.
    pub analyzer: Arc<Analyzer>,
    /// Keeps what was read for those who verify.
    pub memory: Arc<Memory>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// From this check-worthiness on a sentence is a claim that states nothing that can be compared part by part.
    pub min_checkworthiness: f64,
}

/// What a record says.
pub enum Heard {
    /// An item and what it states.
    Item(Box<Item>, Arc<Statements>),
    /// Items that joined an incident. Which one they are in by now is in the store: records of two incidents come in any order.
    Joined(Vec<ItemId>),
}

#[async_trait]
impl Handler for ExtractClaims {
    type Work = Heard;

    /// A group of its own: members of one share the partitions of a topic, and incidents are made of the same one.
    fn group(&self) -> &'static str {
        "crisis-lens-claims"
    }

    fn stage(&self) -> &'static str {
        "claims"
    }

    fn topic(&self) -> Topic {
        Topic::NormalizedItems
    }

    /// What cannot be read, or says what cannot be, is a dead letter of who clusters items: one is enough, and it states nothing.
    fn prepare(&self, record: &LogRecord) -> Result<Option<Heard>, Reject> {
        let value = record.value.as_deref().unwrap_or_default();
        match record::header(&record.headers, "ce_type") {
            Some(event_type::ITEM_CREATED | event_type::ITEM_UPDATED) => {
                let Ok(item) = serde_json::from_slice::<Item>(value) else { return Ok(None) };
                if !item.problems(self.clock.now()).is_empty() {
                    return Ok(None);
                }
                let statements = self.memory.of(&self.analyzer, &item);
                Ok(Some(Heard::Item(Box::new(item), statements)))
            }
            Some(event_type::INCIDENT_UPDATED) => {
                let Ok(update) = serde_json::from_slice::<IncidentUpdate>(value) else { return Ok(None) };
                let joined: Vec<ItemId> = update.joined.iter().map(|item| item.id).collect();
                Ok((!joined.is_empty()).then_some(Heard::Joined(joined)))
            }
            _ => Ok(None),
        }
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Heard]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let items: Vec<(&Item, &Statements)> = work
            .iter()
            .filter_map(|heard| match heard {
                Heard::Item(item, statements) => Some((&**item, &**statements)),
                Heard::Joined(_) => None,
            })
            .collect();
        let late: Vec<ItemId> = work
            .iter()
            .filter_map(|heard| match heard {
                Heard::Joined(joined) => Some(joined),
                Heard::Item(..) => None,
            })
            .flatten()
            .copied()
            .collect();
        // Where an item has joined its incident already, this batch may be the last to hear of it.
        let ids: BTreeSet<ItemId> =
            items.iter().map(|(item, _)| item.id).chain(late.iter().copied()).collect();
        let incidents: HashMap<ItemId, IncidentId> = tx
            .known_items(&ids.into_iter().collect::<Vec<_>>())
            .await?
            .into_iter()
            .filter_map(|(id, known)| Some((id, known.incident_id?)))
            .collect();

        let mut board = Board::new(self.min_checkworthiness);
        let asked: BTreeSet<u64> = items
            .iter()
            .flat_map(|(item, statements)| board.keys(item, statements, incidents.get(&item.id).copied()))
            .collect();
        board.add(tx.claims_under(&asked.into_iter().collect::<Vec<_>>()).await?);
        for (item, statements) in &items {
            board.hear(item, statements, incidents.get(&item.id).copied());
        }
        let stated = board.stated();
        let before = tx.set_item_claims(&stated).await?;
        let mut others: BTreeSet<_> = before.values().flatten().copied().collect();
        others.extend(tx.claims_made_by(&late).await?);
        let missing: Vec<_> = others.into_iter().filter(|claim| !board.has(*claim)).collect();
        board.add(tx.claims_to_write(&missing).await?);
        let revised: HashMap<ItemId, &Item> = items.iter().map(|(item, _)| (item.id, *item)).collect();
        board.count(&stated, &before, &revised);
        let placed = board.place_in_incidents(&late, &incidents);
        joining::join_equal(tx, &mut board, &placed, now).await?;

        let (found_anew, changed) = board.into_changes();
        let mut records = Vec::with_capacity(found_anew.len() + changed.len());
        for claim in found_anew.iter().map(|(claim, _)| claim).chain(&changed) {
            records.push(claim_record(claim, SAID, now).map_err(|error| {
                ApplyError::Failed(format!("claim {} cannot be encoded: {error}", claim.id))
            })?);
        }
        let made = found_anew.iter().filter(|(claim, _)| claim.version == 1).count();
        metrics::counter!("crisislens_claims_total", "status" => ClaimStatus::New.as_str())
            .increment(made as u64);
        tx.put_claims(&found_anew).await?;
        tx.update_claims(&changed).await?;
        tx.publish(records, now).await?;
        Ok(())
    }
}
