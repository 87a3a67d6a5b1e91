//! normalized-items → incidents and alerts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_analysis::incident::{self, Decision};
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Clock, HazardType, Incident, IncidentId, IncidentUpdate, Item, ItemId, JoinedItem, Timestamp, Topic,
    record,
};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::alert_rule::{self, RulesInUse};
use crate::events::{alert_record, incident_record};
use crate::refuse_wrong;

/// No incident reaches further back than this from the oldest item of a batch, in seconds …
const REACH_SECONDS: i64 = 8 * 24 * 3600;
/// … but for those of [`SLOW`] hazards, which analysis lets rest for a month.
const SLOW_REACH_SECONDS: i64 = 31 * 24 * 3600;
const SLOW: [HazardType; 2] = [HazardType::Drought, HazardType::Epidemic];

/// The handler of `normalized-items` that clusters items and raises alerts.
pub struct Cluster {
    clock: Arc<dyn Clock>,
    rules: RulesInUse,
}

impl Cluster {
    /// One that goes by this clock.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, rules: RulesInUse::default() }
    }
}

#[async_trait]
impl Handler for Cluster {
    type Work = Item;

    fn group(&self) -> &'static str {
        "crisis-lens-main"
    }

    fn stage(&self) -> &'static str {
        "incidents"
    }

    fn topic(&self) -> Topic {
        Topic::NormalizedItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Item>, Reject> {
        match record::header(&record.headers, "ce_type") {
            Some(event_type::ITEM_CREATED | event_type::ITEM_UPDATED) => {}
            _ => return Ok(None),
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let item: Item = serde_json::from_slice(value).map_err(Reject::decode)?;
        refuse_wrong(&item.problems(self.clock.now()))?;
        let concerns = item.hazard.kind.is_some() || incident::must_open(&item);
        Ok(concerns.then_some(item))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Item]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let mut board = Board::read(tx, work).await?;
        for item in work {
            board.place(item);
        }
        let changes = board.into_changes();
        let joins: Vec<(ItemId, IncidentId)> = changes
            .iter()
            .flat_map(|change| change.joined.iter().map(|item| (item.id, change.incident.id)))
            .collect();
        let versions: HashMap<ItemId, u64> =
            tx.join_incident(&joins).await?.into_iter().map(|joined| (joined.id, joined.version)).collect();
        let incidents: Vec<Incident> = changes.iter().map(|change| change.incident.clone()).collect();
        tx.put_incidents(&incidents).await?;

        let rules = self.rules.read(tx).await?;
        let mut records = Vec::with_capacity(changes.len());
        for change in changes {
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
        Ok(())
    }
}

fn encoding(error: serde_json::Error) -> ApplyError {
    ApplyError::Failed(format!("cannot be encoded: {error}"))
}

/// One changed incident, with the items that joined it and those in it that changed.
struct Change<'a> {
    incident: Incident,
    joined: Vec<&'a Item>,
    changed: Vec<&'a Item>,
}

/// The open incidents of a batch, and what the batch does to them.
struct Board<'a> {
    open: Vec<Incident>,
    touched: BTreeMap<usize, (Vec<&'a Item>, Vec<&'a Item>)>,
    /// The incident that each item is in already.
    home: HashMap<ItemId, IncidentId>,
}

impl<'a> Board<'a> {
    async fn read(tx: &mut dyn Tx, work: &[Item]) -> Result<Self, ApplyError> {
        let ids: Vec<ItemId> = work.iter().map(|item| item.id).collect();
        let known = tx.known_items(&ids).await?;
        let home: HashMap<ItemId, IncidentId> =
            known.into_iter().filter_map(|(id, known)| Some((id, known.incident_id?))).collect();
        let oldest = work.iter().map(|item| item.timestamp.as_second()).min().unwrap_or(0);
        let since = |reach: i64| {
            Timestamp::from_second(oldest.saturating_sub(reach)).unwrap_or(Timestamp::UNIX_EPOCH)
        };
        // Related hazards may join each other (a cyclone's flood), so all kinds are read.
        let quick: Vec<HazardType> =
            HazardType::ALL.iter().copied().filter(|kind| !SLOW.contains(kind)).collect();
        let mut open = tx.open_incidents(&quick, since(REACH_SECONDS)).await?;
        open.extend(tx.open_incidents(&SLOW, since(SLOW_REACH_SECONDS)).await?);
        // An item may have changed long after its incident was last seen.
        let read: HashSet<IncidentId> = open.iter().map(|incident| incident.id).collect();
        let far: HashSet<IncidentId> = home.values().copied().filter(|home| !read.contains(home)).collect();
        open.extend(tx.incidents_by_id(&far.into_iter().collect::<Vec<_>>()).await?);
        Ok(Self { open, touched: BTreeMap::new(), home })
    }

    fn place(&mut self, item: &'a Item) {
        if let Some(home) = self.home.get(&item.id) {
            if let Some(index) = self.open.iter().position(|incident| incident.id == *home) {
                let incident = &mut self.open[index];
                incident.severity = incident.severity.max(item.severity);
                incident.risk_score = incident.risk_score.max(item.risk_score);
                incident.version += 1;
                self.touched.entry(index).or_default().1.push(item);
            }
            return;
        }
        let index = match incident::decide(item, &self.open) {
            Decision::Stay => return,
            Decision::Join { index, .. } => {
                incident::join(&mut self.open[index], item);
                index
            }
            Decision::Open => {
                self.open.push(incident::open(item));
                self.open.len() - 1
            }
        };
        self.home.insert(item.id, self.open[index].id);
        self.touched.entry(index).or_default().0.push(item);
    }

    fn into_changes(self) -> Vec<Change<'a>> {
        let mut open: Vec<Option<Incident>> = self.open.into_iter().map(Some).collect();
        self.touched
            .into_iter()
            .filter_map(|(index, (joined, changed))| {
                let incident = open.get_mut(index)?.take()?;
                Some(Change { incident, joined, changed })
            })
            .collect()
    }
}
