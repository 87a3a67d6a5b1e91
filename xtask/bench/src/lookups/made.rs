//! Items for a store of any size, made of recorded posts: the same on every run.
//!
//! Where things happen is uneven, as it is in the world: most of it in few places, around towns of which the gazetteer says the country. The
//! posts come in rounds. Within one, texts share keys as the recorded ones do; between two they share those alone that are full in one: forms
//! that everybody fills in.

use std::collections::HashMap;
use std::sync::Arc;

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_analysis::duplicate::Sketch;
use crisislens_analysis::world::World;
use crisislens_model::{HazardType, Item, ItemId, RawItem, Stated, SystemClock, Timestamp};
use crisislens_pipeline::{Normalise, raw_item_record};
use crisislens_state::copies::{KeptSketch, MAX_BAND_ITEMS};
use crisislens_stream::Handler;

use crate::analysis::record;

/// Over so many seconds the items are said: as far back as copies are looked for.
const SPAN_S: u64 = 14 * 24 * 3600;
/// Places where something happens.
const PLACES: u64 = 4_000;
/// How uneven they are: the first tenth of them has 10^(-1/3), almost half, of what happens.
const UNEVEN: i32 = 3;
/// Towns around which things happen, and how often relative to each other goes by their order.
const TOWNS: [(f64, f64); 24] = [
    (28.61, 77.21),
    (14.60, 120.98),
    (34.05, -118.24),
    (-6.21, 106.85),
    (19.43, -99.13),
    (35.68, 139.69),
    (23.81, 90.41),
    (39.47, -0.38),
    (41.01, 28.98),
    (-23.55, -46.63),
    (6.52, 3.38),
    (33.69, 73.05),
    (41.90, 12.50),
    (31.23, 121.47),
    (-12.05, -77.04),
    (29.76, -95.37),
    (38.00, 23.73),
    (-33.87, 151.21),
    (10.82, 106.63),
    (4.71, -74.07),
    (30.04, 31.24),
    (-18.14, 178.44),
    (64.15, -21.94),
    (-36.85, 174.76),
];

/// What happens, in ten cases.
const HAZARDS: [HazardType; 10] = [
    HazardType::Flood,
    HazardType::Flood,
    HazardType::Flood,
    HazardType::Storm,
    HazardType::Storm,
    HazardType::Earthquake,
    HazardType::Earthquake,
    HazardType::Wildfire,
    HazardType::TropicalCyclone,
    HazardType::Landslide,
];

/// What items and incidents are made of.
pub struct Made {
    /// An item for each place.
    items: Vec<Item>,
    texts: Vec<Text>,
    /// Keys that are full within one round already.
    forms: HashMap<u64, usize>,
    now: Timestamp,
}

/// A text that repeats none before it.
struct Text {
    keys: Vec<u64>,
    sketch: Vec<u8>,
}

impl Made {
    pub fn of(texts: &[String], now: Timestamp) -> anyhow::Result<Self> {
        let analyzer = Arc::new(Analyzer::new()?);
        let normalise = Normalise { analyzer: Arc::clone(&analyzer), clock: Arc::new(SystemClock) };
        let items =
            (0..PLACES).map(|place| item_at(&normalise, place, texts, now)).collect::<anyhow::Result<_>>()?;
        let texts = originals(&analyzer, texts);
        anyhow::ensure!(!texts.is_empty(), "no text is long enough to be known again");
        let mut forms: HashMap<u64, usize> = HashMap::new();
        for key in texts.iter().flat_map(|text| &text.keys) {
            *forms.entry(*key).or_insert(0) += 1;
        }
        forms.retain(|_, texts| *texts > MAX_BAND_ITEMS);
        Ok(Self { items, texts, forms, now })
    }

    /// Item `n`, said in the two weeks before now.
    pub fn item(&self, n: u64) -> Item {
        let of = &self.items[place_of(n) as usize];
        Item {
            id: Self::id(n),
            source_id: n.to_string(),
            timestamp: self.before(mixed(n) % SPAN_S),
            ..of.clone()
        }
    }

    /// An item that comes now, wherever things happen.
    pub fn coming(&self, n: u64) -> Item {
        Item { timestamp: self.before(mixed(n) % 600), ..self.item(n) }
    }

    pub fn id(n: u64) -> ItemId {
        ItemId::of("bench", &n.to_string())
    }

    /// What item `n` is known by. Keys that are full take no more.
    pub fn kept(&self, n: u64) -> KeptSketch {
        let many = self.texts.len() as u64;
        let mut bands = self.keys(n);
        let is_full = n >= many;
        if is_full {
            bands.retain(|key| !self.forms.contains_key(key));
        }
        let said_at = self.before(mixed(n) % SPAN_S);
        KeptSketch { id: Self::id(n), said_at, bands, sketch: self.texts[(n % many) as usize].sketch.clone() }
    }

    /// The keys with which item `n` is looked for.
    pub fn keys(&self, n: u64) -> Vec<u64> {
        let (round, text) = (n / self.texts.len() as u64, (n % self.texts.len() as u64) as usize);
        let keys = self.texts[text].keys.iter().copied();
        keys.map(|key| if self.forms.contains_key(&key) { key } else { mixed(key ^ mixed(round)) }).collect()
    }

    fn before(&self, seconds: u64) -> Timestamp {
        Timestamp::from_second(self.now.as_second() - seconds.cast_signed()).unwrap_or(self.now)
    }
}

fn place_of(n: u64) -> u64 {
    let share = (mixed(n ^ 0xA5) % 1_000_000) as f64 / 1e6;
    (share.powi(UNEVEN) * PLACES as f64) as u64 % PLACES
}

/// An item as the pipeline makes it of a post about something near a town; of one in five only the country is known.
fn item_at(normalise: &Normalise, place: u64, texts: &[String], now: Timestamp) -> anyhow::Result<Item> {
    let share = |salt: u64| (mixed(place ^ (salt << 40)) % 1_000_000) as f64 / 1e6;
    let (lat, lon) = TOWNS[(share(1).powi(2) * TOWNS.len() as f64) as usize % TOWNS.len()];
    let hazard = HAZARDS[(share(2) * HAZARDS.len() as f64) as usize % HAZARDS.len()];
    let is_exact = !place.is_multiple_of(5);
    let point = Stated {
        hazard: Some(hazard),
        lat: Some((lat + share(3) * 8.0 - 4.0).clamp(-90.0, 90.0)),
        lon: Some(lon + (share(4) * 8.0 - 4.0) * f64::from(lon < 175.0)),
        ..Stated::default()
    };
    let text = &texts[place as usize % texts.len()];
    let raw = |stated: Stated| RawItem {
        stated: Some(stated),
        timestamp: now,
        ingested_at: now,
        ..RawItem::post("bench", &place.to_string(), text)
    };
    let item = made(normalise, &raw(point.clone()))?;
    let country = item.location.as_ref().and_then(|place| place.country.clone());
    if is_exact || country.is_none() {
        return Ok(item);
    }
    let vague = Stated { hazard: Some(hazard), country, ..Stated::default() };
    made(normalise, &RawItem { text: "It is getting worse".to_owned(), ..raw(vague) })
}

fn made(normalise: &Normalise, raw: &RawItem) -> anyhow::Result<Item> {
    let record = record(raw_item_record(raw, "/bench")?);
    Ok(normalise.prepare(&record)?.context("a post is passed over")?.item())
}

/// The texts that repeat none before them.
fn originals(analyzer: &Analyzer, texts: &[String]) -> Vec<Text> {
    let mut kept: Vec<(Sketch, Vec<u64>)> = Vec::new();
    let mut under: HashMap<u64, Vec<usize>> = HashMap::new();
    for text in texts {
        let Some(sketch) = analyzer.analyze(&RawItem::post("bench", text, text)).sketch else { continue };
        let keys = sketch.bands(World::Real);
        let mut near = keys.iter().filter_map(|key| under.get(key)).flatten();
        if near.any(|at| sketch.repeats(&kept[*at].0).is_some()) {
            continue;
        }
        for key in &keys {
            under.entry(*key).or_default().push(kept.len());
        }
        kept.push((sketch, keys));
    }
    kept.into_iter().map(|(sketch, keys)| Text { keys, sketch: sketch.to_bytes() }).collect()
}

/// Numbers that only look random (splitmix64, Steele 2014).
pub fn mixed(n: u64) -> u64 {
    let n = n.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(0x9E37_79B9_7F4A_7C15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}
