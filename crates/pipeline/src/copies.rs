//! Which items of a batch repeat which: exactly within a source, nearly within a week and across sources.
//!
//! A copy points to an item that repeats none itself, so that what points to copies is flat: only such items are kept to be found. It
//! counts for how widely something is told, never as another voice. Should an item that has copies become one by a revision, its copies
//! lead on to its original; they never lead in a circle, since only what repeats nothing at that moment is pointed to.

use std::cmp::Reverse;
use std::collections::HashMap;

use crisislens_analysis::duplicate::Sketch;
use crisislens_model::{ItemId, SourceKind, Timestamp};
use crisislens_state::copies::{KeptSketch, MAX_BAND_ITEMS, MAX_NEARBY, Nearby};
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
    /// The sketches of what is nearby; `None` where it cannot be read any more.
    sketches: HashMap<ItemId, Option<Sketch>>,
    /// What the batch has made of its items so far.
    placed: Vec<Placed>,
    /// Where in `placed` an item stands last.
    latest: HashMap<ItemId, usize>,
    /// Where in `placed` those stand that are found under each key.
    by_band: HashMap<u64, Vec<usize>>,
    /// Items that were stored before and are not to be found any more.
    gone: Vec<ItemId>,
}

/// What the batch has made of an item.
struct Placed {
    id: ItemId,
    /// `None` where it is not to be found any more.
    original: Option<Original>,
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
            work.iter().filter(|one| !one.bands.is_empty()).map(|one| one.bands.clone()).collect();
        let found = tx.nearby(&asked, now).await?;
        let nearby: HashMap<Vec<u64>, Nearby> = asked.into_iter().zip(found).collect();
        let mut sketches = HashMap::new();
        for near in nearby.values().flat_map(|nearby| &nearby.items) {
            sketches.entry(near.id).or_insert_with(|| Sketch::from_bytes(&near.sketch));
        }
        Ok(Self {
            exact,
            nearby,
            sketches,
            placed: Vec::with_capacity(work.len()),
            latest: HashMap::with_capacity(work.len()),
            by_band: HashMap::new(),
            gone: Vec::new(),
        })
    }

    /// What `one` repeats; if nothing, later items may repeat it. `is_known` says whether it was there before.
    pub(crate) fn place(&mut self, one: &Analysed, is_known: bool) -> Option<ItemId> {
        let id = one.raw.id;
        let key = fingerprint_key(one);
        let exact = key.as_ref().and_then(|key| self.exact.get(key)).copied();
        let repeated = exact.filter(|original| *original != id).or_else(|| self.nearest(one));
        if let Some(key) = key {
            self.exact.insert(key, repeated.unwrap_or(id));
        }
        let at = self.placed.len();
        let original = one.analysis.sketch.as_ref().filter(|_| repeated.is_none()).map(|sketch| Original {
            sketch: sketch.clone(),
            said_at: one.raw.timestamp,
            bands: one.bands.clone(),
        });
        for band in original.iter().flat_map(|original| &original.bands) {
            self.by_band.entry(*band).or_default().push(at);
        }
        if original.is_none() && is_known {
            self.gone.push(id);
        }
        self.placed.push(Placed { id, original });
        self.latest.insert(id, at);
        repeated
    }

    /// The most similar of the items near `one` that it repeats; of equals the one found first, which is the oldest.
    fn nearest(&self, one: &Analysed) -> Option<ItemId> {
        let sketch = one.analysis.sketch.as_ref()?;
        let nearby = self.nearby.get(&one.bands);
        let mut best: Option<(f64, ItemId)> = None;
        let mut judge = |id: ItemId, original: &Sketch, said_at: Timestamp| {
            let apart = one.raw.timestamp.as_second().abs_diff(said_at.as_second());
            if id == one.raw.id || apart > WINDOW_SECONDS {
                return;
            }
            if let Some(likeness) = sketch.repeats(original)
                && best.is_none_or(|(most, _)| likeness.jaccard > most)
            {
                best = Some((likeness.jaccard, id));
            }
        };
        for near in nearby.into_iter().flat_map(|nearby| &nearby.items) {
            // What the batch has made of an item since is judged below.
            if !self.latest.contains_key(&near.id)
                && let Some(Some(original)) = self.sketches.get(&near.id)
            {
                judge(near.id, original, near.said_at);
            }
        }
        for at in self.near_in_batch(&one.bands, nearby) {
            if let Some(Placed { id, original: Some(original) }) = self.placed.get(at)
                && self.latest.get(id) == Some(&at)
            {
                judge(*id, &original.sketch, original.said_at);
            }
        }
        best.map(|(_, id)| id)
    }

    /// Where in the batch those stand that share keys with a text, by the rule of the store: the most that share the most keys, the
    /// oldest first, and keys that many share say nothing.
    fn near_in_batch(&self, bands: &[u64], nearby: Option<&Nearby>) -> Vec<usize> {
        let is_full = |band: &u64| nearby.is_some_and(|nearby| nearby.full.contains(band));
        let mut shared = vec![0_u32; self.placed.len()];
        let telling = bands.iter().filter(|band| !is_full(band)).filter_map(|band| self.by_band.get(band));
        for at in telling.filter(|of_band| of_band.len() <= MAX_BAND_ITEMS).flatten() {
            if let Some(count) = shared.get_mut(*at) {
                *count += 1;
            }
        }
        let mut near: Vec<(Reverse<u32>, usize)> = shared
            .into_iter()
            .zip(0..)
            .filter(|(count, _)| *count > 0)
            .map(|(count, at)| (Reverse(count), at))
            .collect();
        near.sort_unstable();
        near.truncate(MAX_NEARBY);
        near.into_iter().map(|(_, at)| at).collect()
    }

    /// Keeps what the batch's originals are found by, once its items are stored.
    pub(crate) async fn keep(self, tx: &mut dyn Tx, now: Timestamp) -> Result<(), StateError> {
        let mut kept = Vec::with_capacity(self.placed.len());
        for (at, Placed { id, original }) in self.placed.into_iter().enumerate() {
            let Some(Original { sketch, said_at, mut bands }) = original else { continue };
            if self.latest.get(&id) != Some(&at) {
                continue;
            }
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

/// Only posts are compared by their fingerprint: official bulletins repeat their wording about different things.
fn fingerprint_key(one: &Analysed) -> Option<(String, u64)> {
    if one.raw.source_kind == SourceKind::Official {
        return None;
    }
    one.analysis.fingerprint.map(|fingerprint| (one.raw.source.clone(), fingerprint))
}
