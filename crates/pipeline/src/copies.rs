//! Which items of a batch repeat which: exactly within a source, nearly within a week and across sources.
//!
//! A copy points to an item that repeats none itself, so that what points to copies is flat: only such items are kept to be found. It
//! counts for how widely something is told, never as another voice. Should an item that has copies become one by a revision, its copies
//! lead on to its original; they never lead in a circle, since only what repeats nothing at that moment is pointed to.

use std::collections::{HashMap, HashSet};

use crisislens_analysis::duplicate::Sketch;
use crisislens_analysis::world::World;
use crisislens_model::{ItemId, SourceKind, Timestamp};
use crisislens_state::copies::{KeptSketch, MAX_BAND_ITEMS, Nearby};
use crisislens_state::{StateError, Tx};

use crate::normalise::Analysed;

/// What was said further apart, in seconds, is said anew.
const WINDOW_SECONDS: u64 = 7 * 24 * 3600;

/// The originals that a batch may repeat, and what of the batch is one.
pub(crate) struct Copies {
    /// The oldest item of each source with each fingerprint.
    exact: HashMap<(String, u64), ItemId>,
    /// By the keys that were asked with.
    nearby: HashMap<Vec<u64>, Nearby>,
    /// What the batch has made of its items so far; `None` where an item is not to be found any more.
    placed: HashMap<ItemId, Option<Original>>,
    /// Items of the batch under each key, in the order in which they came.
    by_band: HashMap<u64, Vec<ItemId>>,
    /// Items that were stored before and are not to be found any more.
    gone: Vec<ItemId>,
}

/// An item that others may repeat.
struct Original {
    sketch: Sketch,
    said_at: Timestamp,
    bands: Vec<u64>,
}

impl Copies {
    pub(crate) async fn read(tx: &mut dyn Tx, work: &[Analysed], now: Timestamp) -> Result<Self, StateError> {
        let fingerprints: Vec<(String, u64)> = work.iter().filter_map(fingerprint_key).collect();
        let exact = tx.originals(&fingerprints).await?;
        let asked: Vec<Vec<u64>> =
            work.iter().filter_map(|one| Some(one.analysis.sketch.as_ref()?.bands(world_of(one)))).collect();
        let nearby = asked.iter().cloned().zip(tx.nearby(&asked, now).await?).collect();
        Ok(Self { exact, nearby, placed: HashMap::new(), by_band: HashMap::new(), gone: Vec::new() })
    }

    /// What `one` repeats; if nothing, later items may repeat it. `is_known` says whether it was there before.
    pub(crate) fn place(&mut self, one: &Analysed, is_known: bool) -> Option<ItemId> {
        let id = one.raw.id;
        let key = fingerprint_key(one);
        let exact = key.as_ref().and_then(|key| self.exact.get(key)).copied();
        let original = exact.filter(|original| *original != id).or_else(|| self.nearest(one));
        if let Some(key) = key {
            self.exact.insert(key, original.unwrap_or(id));
        }
        let kept = one.analysis.sketch.as_ref().filter(|_| original.is_none()).map(|sketch| Original {
            sketch: sketch.clone(),
            said_at: one.raw.timestamp,
            bands: sketch.bands(world_of(one)),
        });
        for band in kept.iter().flat_map(|kept| &kept.bands) {
            self.by_band.entry(*band).or_default().push(id);
        }
        if kept.is_none() && is_known {
            self.gone.push(id);
        }
        self.placed.insert(id, kept);
        original
    }

    /// The most similar of the items near `one` that it repeats; of equals the one found first, which is the oldest.
    fn nearest(&self, one: &Analysed) -> Option<ItemId> {
        let sketch = one.analysis.sketch.as_ref()?;
        let bands = sketch.bands(world_of(one));
        let mut best: Option<(f64, ItemId)> = None;
        let mut judge = |id: ItemId, original: &Sketch, said_at: Timestamp| {
            let apart = one.raw.timestamp.as_second().abs_diff(said_at.as_second());
            let likeness = sketch.repeats(original).filter(|_| id != one.raw.id && apart <= WINDOW_SECONDS);
            if let Some(likeness) = likeness
                && best.is_none_or(|(most, _)| likeness.jaccard > most)
            {
                best = Some((likeness.jaccard, id));
            }
        };
        for near in self.nearby.get(&bands).into_iter().flat_map(|nearby| &nearby.items) {
            // What the batch has made of an item since is judged below.
            if self.placed.contains_key(&near.id) {
                continue;
            }
            if let Some(original) = Sketch::from_bytes(&near.sketch) {
                judge(near.id, &original, near.said_at);
            }
        }
        let mut judged = HashSet::new();
        let of_batch = bands.iter().filter_map(|band| self.by_band.get(band));
        for id in of_batch.flat_map(|of_band| of_band.iter().take(MAX_BAND_ITEMS)) {
            if let Some(Some(original)) = self.placed.get(id)
                && judged.insert(*id)
            {
                judge(*id, &original.sketch, original.said_at);
            }
        }
        best.map(|(_, id)| id)
    }

    /// Keeps what the batch's originals are found by, once its items are stored.
    pub(crate) async fn keep(self, tx: &mut dyn Tx, now: Timestamp) -> Result<(), StateError> {
        let mut kept = Vec::with_capacity(self.placed.len());
        for (id, placed) in self.placed {
            let Some(Original { sketch, said_at, mut bands }) = placed else { continue };
            if let Some(nearby) = self.nearby.get(&bands) {
                bands.retain(|band| !nearby.full.contains(band));
            }
            kept.push(KeptSketch { id, said_at, bands, sketch: sketch.to_bytes() });
        }
        kept.sort_unstable_by_key(|one| one.id);
        tx.drop_sketches(&self.gone).await?;
        tx.keep_sketches(&kept, now).await
    }
}

fn world_of(one: &Analysed) -> World {
    World::of(one.raw.exercise, one.raw.exercise_id)
}

/// Only posts are compared by their fingerprint: official bulletins repeat their wording about different things.
fn fingerprint_key(one: &Analysed) -> Option<(String, u64)> {
    if one.raw.source_kind == SourceKind::Official {
        return None;
    }
    one.analysis.fingerprint.map(|fingerprint| (one.raw.source.clone(), fingerprint))
}
