//! The gazetteer: GeoNames towns, first-level divisions and countries, read in place from the program's own bytes.
//!
//! Three files, little-endian, made by `examples/build_gazetteer.rs`:
//! - `names.fst`: folded name → either one entry (`(place << 8 | flags) << 1 | 1`) or `offset << 1` into `lists.bin`;
//! - `lists.bin`: `u32` count, then that many `u32` entries `place << 8 | flags`, most people first;
//! - `places.bin`: `u32` count, records of [`RECORD_BYTES`] sorted by latitude, then the names they point into.

use crisislens_model::place::distance_km;
use fst::Map;
use fst::raw::Output;

use crate::AnalysisError;
use crate::work;

/// Bytes of one place record.
pub const RECORD_BYTES: usize = 24;
/// `admin` of a place without a division.
pub const NO_ADMIN: u32 = u32::MAX;
/// The name is not the place's main one.
pub const ALTERNATE: u8 = 1;
/// The name is also a common word or a person's name: it takes more than a capital.
pub const AMBIGUOUS: u8 = 2;
/// The name of a country's people.
pub const DEMONYM: u8 = 4;

static NAMES: &[u8] = include_bytes!("../../data/gazetteer/names.fst");
static LISTS: &[u8] = include_bytes!("../../data/gazetteer/lists.bin");
static PLACES: &[u8] = include_bytes!("../../data/gazetteer/places.bin");

/// What sort of place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A town.
    City,
    /// A first-level division.
    Admin1,
    /// A country or territory.
    Country,
}

/// One place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    /// Its number.
    pub(crate) id: u32,
    /// Latitude in degrees.
    pub(crate) lat: f64,
    /// Longitude in degrees.
    pub(crate) lon: f64,
    /// People living there.
    pub(crate) population: u32,
    /// Number of its first-level division, or [`NO_ADMIN`].
    pub(crate) admin: u32,
    /// ISO 3166-1 alpha-2.
    pub(crate) country: [u8; 2],
    /// What sort of place.
    pub(crate) kind: Kind,
    /// English or local name.
    pub(crate) name: &'static str,
}

impl Place {
    /// ISO 3166-1 alpha-2 as text.
    pub(crate) fn country_code(&self) -> String {
        self.country.iter().map(|byte| char::from(*byte)).collect()
    }
}

/// A place that a name may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Number of the place.
    pub(crate) place: u32,
    /// [`ALTERNATE`], [`AMBIGUOUS`], [`DEMONYM`].
    pub(crate) flags: u8,
}

impl Entry {
    fn unpack(packed: u32) -> Self {
        Self { place: packed >> 8, flags: (packed & 0xff) as u8 }
    }
}

/// Names and places, borrowed from the program.
pub(crate) struct Gazetteer {
    names: Map<&'static [u8]>,
    count: u32,
}

/// A name found in a run of bytes: how long it is and what it may mean.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hit {
    /// Its bytes.
    pub(crate) len: usize,
    value: u64,
}

impl Gazetteer {
    /// Opens the embedded files: checks their headers, copies nothing.
    pub(crate) fn new() -> Result<Self, AnalysisError> {
        let names = Map::new(NAMES).map_err(|error| AnalysisError::Gazetteer(error.to_string()))?;
        let count = u32_at(PLACES, 0);
        if PLACES.len() < 4 + count as usize * RECORD_BYTES {
            return Err(AnalysisError::Gazetteer("places.bin is shorter than its header says".to_owned()));
        }
        Ok(Self { names, count })
    }

    /// The place numbered `id`; ids come from this gazetteer only.
    pub(crate) fn place(&self, id: u32) -> Option<Place> {
        work::add(1);
        if id >= self.count {
            return None;
        }
        let at = 4 + id as usize * RECORD_BYTES;
        let record = PLACES.get(at..at + RECORD_BYTES)?;
        let name_at = 4 + self.count as usize * RECORD_BYTES + u32_at(record, 12) as usize;
        let name = PLACES.get(name_at..name_at + usize::from(record[23]))?;
        Some(Place {
            id,
            lat: f64::from(f32::from_bits(u32_at(record, 0))),
            lon: f64::from(f32::from_bits(u32_at(record, 4))),
            population: u32_at(record, 8),
            admin: u32_at(record, 16),
            country: [record[20], record[21]],
            kind: match record[22] {
                0 => Kind::City,
                1 => Kind::Admin1,
                _ => Kind::Country,
            },
            name: std::str::from_utf8(name).unwrap_or_default(),
        })
    }

    /// Every name that is a prefix of `text` and ends where `ends` allows, longest last, into `hits`.
    pub(crate) fn prefixes(&self, text: &[u8], mut ends: impl FnMut(usize) -> bool, hits: &mut Vec<Hit>) {
        hits.clear();
        let fst = self.names.as_fst();
        let mut node = fst.root();
        let mut output = Output::zero();
        for (index, byte) in text.iter().enumerate() {
            let Some(found) = node.find_input(*byte) else { return work::add(index + 1) };
            let transition = node.transition(found);
            output = output.cat(transition.out);
            node = fst.node(transition.addr);
            if node.is_final() && ends(index + 1) {
                hits.push(Hit { len: index + 1, value: output.cat(node.final_output()).value() });
            }
        }
        work::add(text.len());
    }

    /// What a found name may mean, most people first.
    pub(crate) fn entries(&self, hit: Hit) -> Entries {
        Entries::of(hit.value)
    }

    /// What the folded name `key` may mean.
    pub(crate) fn lookup(&self, key: &str) -> Entries {
        self.names.get(key).map_or(Entries::Empty, Entries::of)
    }

    /// The country with this code.
    pub(crate) fn country(&self, code: [u8; 2]) -> Option<Place> {
        let key = format!("\u{2}{}{}", char::from(code[0]), char::from(code[1])).to_ascii_lowercase();
        self.lookup(&key).next().and_then(|entry| self.place(entry.place))
    }

    /// The name of a place's division.
    pub(crate) fn admin_name(&self, place: &Place) -> Option<&'static str> {
        match place.kind {
            Kind::Country => None,
            Kind::Admin1 => Some(place.name),
            Kind::City => self.place(place.admin).map(|admin| admin.name),
        }
    }

    /// The town nearest to the point within `limit_km`, with its distance.
    pub(crate) fn nearest_city(&self, point: (f64, f64), limit_km: f64) -> Option<(Place, f64)> {
        let reach = limit_km / 111.0;
        let first = self.first_at_latitude(point.0 - reach);
        let mut best: Option<(u32, f64)> = None;
        for id in first..self.count {
            let record = &PLACES[4 + id as usize * RECORD_BYTES..];
            work::add(1);
            let lat = f64::from(f32::from_bits(u32_at(record, 0)));
            if lat > point.0 + reach {
                break;
            }
            if record[22] != 0 {
                continue;
            }
            let km = distance_km(point, (lat, f64::from(f32::from_bits(u32_at(record, 4)))));
            if km <= limit_km && best.is_none_or(|(_, least)| km < least) {
                best = Some((id, km));
            }
        }
        best.and_then(|(id, km)| self.place(id).map(|place| (place, km)))
    }

    fn first_at_latitude(&self, lat: f64) -> u32 {
        let (mut low, mut high) = (0, self.count);
        while low < high {
            let middle = u32::midpoint(low, high);
            if f64::from(f32::from_bits(u32_at(PLACES, 4 + middle as usize * RECORD_BYTES))) < lat {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }
}

/// The places a name may mean.
#[derive(Debug, Clone)]
pub(crate) enum Entries {
    /// None.
    Empty,
    /// One.
    One(Entry),
    /// A list in the embedded bytes.
    Many(&'static [u8]),
}

impl Entries {
    fn of(value: u64) -> Self {
        if value & 1 == 1 {
            return Self::One(Entry::unpack((value >> 1) as u32));
        }
        let at = (value >> 1) as usize;
        let Some(head) = LISTS.get(at..at + 4) else { return Self::Empty };
        let bytes = u32_at(head, 0) as usize * 4;
        LISTS.get(at + 4..at + 4 + bytes).map_or(Self::Empty, Self::Many)
    }
}

impl Iterator for Entries {
    type Item = Entry;

    fn next(&mut self) -> Option<Entry> {
        match *self {
            Self::Empty => None,
            Self::One(entry) => {
                *self = Self::Empty;
                Some(entry)
            }
            Self::Many(list) => {
                let (head, rest) = list.split_at_checked(4)?;
                *self = Self::Many(rest);
                Some(Entry::unpack(u32_at(head, 0)))
            }
        }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    match bytes.get(at..at + 4) {
        Some(&[a, b, c, d]) => u32::from_le_bytes([a, b, c, d]),
        _ => 0,
    }
}
