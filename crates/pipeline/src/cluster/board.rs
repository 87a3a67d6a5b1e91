//! The incidents that a batch's items may join, and what the batch does to them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use crisislens_analysis::incident::{self, Decision, keys};
use crisislens_model::{Incident, IncidentId, IncidentStatus, Item, ItemId, Timestamp};
use crisislens_state::{StateError, Tx};

use super::Clustered;
use crate::incident_desk;

/// One changed incident, with the items that joined it and those in it that changed.
pub(super) struct Change<'a> {
    pub(super) incident: Incident,
    pub(super) joined: Vec<&'a Item>,
    pub(super) changed: Vec<&'a Item>,
    /// Whether it is to be made anew of the items that are left in it.
    pub(super) is_anew: bool,
    /// Whether it is found by something else from now on.
    pub(super) is_moved: bool,
}

/// What has happened to an incident of the board.
#[derive(Default)]
struct Touched<'a> {
    joined: Vec<&'a Item>,
    changed: Vec<&'a Item>,
    is_anew: bool,
    /// What it was found by, and how it stood; `None` of one that the batch opened.
    before: Option<(Vec<u64>, IncidentStatus)>,
}

pub(super) struct Board<'a> {
    open: Vec<Incident>,
    touched: BTreeMap<usize, Touched<'a>>,
    /// The incident that each item is in already.
    home: HashMap<ItemId, IncidentId>,
    /// What people have taken corrected items out of.
    parted: HashMap<ItemId, Vec<IncidentId>>,
    /// Items that have left their incident and joined none yet.
    left: BTreeSet<ItemId>,
    /// How many count as copies of items that may join an incident.
    copies: HashMap<ItemId, u64>,
    /// What those that are heard of count for, and what they repeat.
    repeats: BTreeMap<ItemId, [Option<ItemId>; 2]>,
    now: Timestamp,
}

impl<'a> Board<'a> {
    pub(super) async fn read(
        tx: &mut dyn Tx,
        work: &[Clustered],
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let ids: BTreeSet<ItemId> = work.iter().map(|one| one.item.id).collect();
        let known = tx.known_items(&ids.into_iter().collect::<Vec<ItemId>>()).await?;
        let repeats: BTreeMap<ItemId, [Option<ItemId>; 2]> = work
            .iter()
            .filter_map(|one| {
                let known = known.get(&one.item.id)?;
                Some((one.item.id, [known.counts_for, known.duplicate_of]))
            })
            .collect();
        // What these repeat, and what those repeat by now that were heard of once.
        let originals = work.iter().filter_map(|one| one.item.duplicate_of);
        let others: BTreeSet<ItemId> = originals
            .chain(repeats.values().flatten().flatten().copied())
            .filter(|id| !known.contains_key(id))
            .collect();
        let mut home: HashMap<ItemId, IncidentId> =
            known.into_iter().filter_map(|(id, known)| Some((id, known.incident_id?))).collect();
        let joining: Vec<&Clustered> = work
            .iter()
            .filter(|one| one.is_telling && one.item.duplicate_of.is_none())
            .filter(|one| one.is_corrected || !home.contains_key(&one.item.id))
            .collect();
        let looking = joining.iter();
        let asked: BTreeSet<u64> = looking.flat_map(|one| keys::of_item(&one.item)).collect();
        let mut open = tx.find_incidents(&asked.into_iter().collect::<Vec<u64>>()).await?;
        // Nothing changes where items are while incidents are held; to keep those items, too, would be to wait for who has them and
        // waits for one of ours.
        home.extend(tx.homes_of(&others.into_iter().collect::<Vec<_>>()).await?);
        // Homes, and what stands for those that were merged, wherever they are.
        let mut read: HashSet<IncidentId> = open.iter().map(|incident| incident.id).collect();
        let mut far: HashSet<IncidentId> = home.values().copied().collect();
        loop {
            far.extend(open.iter().filter_map(|incident| incident.merged_into));
            let missing: Vec<IncidentId> = far.difference(&read).copied().collect();
            if missing.is_empty() {
                break;
            }
            open.extend(tx.incidents_by_id(&missing).await?);
            read.extend(missing);
        }
        let corrected: Vec<ItemId> =
            work.iter().filter(|one| one.is_corrected).map(|one| one.item.id).collect();
        let mut parted: HashMap<ItemId, Vec<IncidentId>> = HashMap::new();
        for (item, incident) in tx.parted_from(&corrected).await? {
            parted.entry(item).or_default().push(incident);
        }
        // Nobody else counts copies once incidents are read to be written.
        let copies = tx.copies_of_items(&joining.iter().map(|one| one.item.id).collect::<Vec<_>>()).await?;
        let (touched, left) = (BTreeMap::new(), BTreeSet::new());
        Ok(Self { open, touched, home, parted, left, copies, repeats, now })
    }

    pub(super) fn place(&mut self, one: &'a Clustered) {
        let item = &one.item;
        let home = self.home.get(&item.id).and_then(|home| self.index_of(*home));
        if let Some(index) = home {
            if !one.is_corrected || self.stays(item, index) {
                let touched = self.touch(index);
                touched.changed.push(item);
                touched.is_anew |= one.is_corrected;
                let incident = &mut self.open[index];
                incident::note_put_right(incident, item);
                if !one.is_corrected {
                    incident.take_severity(item.severity);
                    incident.risk_score = incident.risk_score.max(item.risk_score);
                    incident::back(incident, item);
                }
                incident.version += 1;
                return;
            }
            self.touch(index).is_anew = true;
            incident::note_put_right(&mut self.open[index], item);
            self.open[index].version += 1;
            self.home.remove(&item.id);
            self.left.insert(item.id);
        }
        if item.duplicate_of.is_some() {
            return;
        }
        let parted = self.parted.get(&item.id).map(Vec::as_slice).unwrap_or_default();
        let index = match incident::decide_but(item, &self.open, parted) {
            Decision::Stay => return,
            Decision::Join { index, .. } => {
                let index = self.standing(index, item);
                self.touch(index);
                incident::join(&mut self.open[index], item);
                index
            }
            Decision::Open => {
                let mut opened = incident::open(item);
                if self.index_of(opened.id).is_some() {
                    // It had opened one before, which stays with the others.
                    opened.id = incident_desk::again(opened.id, item.version);
                }
                self.open.push(opened);
                let index = self.open.len() - 1;
                self.touched.insert(index, Touched::default());
                index
            }
        };
        let copies = self.copies.get(&item.id).copied().unwrap_or_default();
        let incident = &mut self.open[index];
        incident.heard_at = Some(self.now);
        // Its copies come with it.
        incident.copies = incident.copies.saturating_add(copies);
        self.home.insert(item.id, self.open[index].id);
        self.left.remove(&item.id);
        self.touch(index).joined.push(item);
    }

    /// A copy joins nothing, but what it repeats spreads: it counts once, where its original is by then, and no more once it repeats
    /// another or nothing. Answers what each counts for from now on, where that is something else.
    pub(super) fn count_copies(&mut self) -> Vec<(ItemId, Option<ItemId>)> {
        let mut counted = Vec::new();
        for (copy, [before, repeats]) in std::mem::take(&mut self.repeats) {
            // What is in an incident counts there as one of its items.
            let now = repeats.filter(|_| !self.home.contains_key(&copy));
            if before == now {
                continue;
            }
            counted.push((copy, now));
            for (original, is_more) in [(before, false), (now, true)] {
                let home = original.and_then(|original| self.home.get(&original).copied());
                if let Some(index) = home.and_then(|home| self.index_of(home)) {
                    self.touch(index);
                    let incident = &mut self.open[index];
                    let copies = incident.copies;
                    incident.copies =
                        if is_more { copies.saturating_add(1) } else { copies.saturating_sub(1) };
                    incident.version += 1;
                }
            }
        }
        counted
    }

    /// Whether a corrected item stays where it is: it still fits, or is alone there and fits nowhere else, so that the incident goes with it.
    fn stays(&self, item: &Item, index: usize) -> bool {
        let home = &self.open[index];
        let fits = matches!(incident::decide(item, std::slice::from_ref(home)), Decision::Join { .. });
        if fits || home.status == IncidentStatus::Closed || home.item_count > 1 {
            return fits || home.status == IncidentStatus::Closed;
        }
        let mut barred = self.parted.get(&item.id).cloned().unwrap_or_default();
        barred.push(home.id);
        !matches!(incident::decide_but(item, &self.open, &barred), Decision::Join { .. })
    }

    /// The incident that stands for the one at `index`. Those that were merged on the way take in what is said of their time, so that they
    /// are found as long as it goes on.
    fn standing(&mut self, index: usize, item: &Item) -> usize {
        let mut at = index;
        while let Some(into) = self.open[at].merged_into
            && let Some(next) = self.index_of(into)
        {
            let merged = &self.open[at];
            if item.timestamp < merged.first_seen || item.timestamp > merged.last_seen {
                self.touch(at);
                let merged = &mut self.open[at];
                merged.first_seen = merged.first_seen.min(item.timestamp);
                merged.last_seen = merged.last_seen.max(item.timestamp);
            }
            at = next;
        }
        at
    }

    fn index_of(&self, id: IncidentId) -> Option<usize> {
        self.open.iter().position(|incident| incident.id == id)
    }

    fn touch(&mut self, index: usize) -> &mut Touched<'a> {
        let incident = &self.open[index];
        self.touched.entry(index).or_insert_with(|| Touched {
            before: Some((keys::of_incident(incident), incident.status)),
            ..Touched::default()
        })
    }

    /// Items that have left their incident and are in none now.
    pub(super) fn left(&self) -> Vec<ItemId> {
        self.left.iter().copied().collect()
    }

    pub(super) fn into_changes(self) -> Vec<Change<'a>> {
        let mut open: Vec<Option<Incident>> = self.open.into_iter().map(Some).collect();
        self.touched
            .into_iter()
            .filter_map(|(index, Touched { joined, changed, is_anew, before })| {
                let incident = open.get_mut(index)?.take()?;
                let after = Some((keys::of_incident(&incident), incident.status));
                Some(Change { joined, changed, is_anew, is_moved: before != after, incident })
            })
            .collect()
    }
}
