//! Which incident an item belongs to: decisions on values, no storage.
//!
//! Reach in space and time per hazard stands in `reach`, who stands behind it that it is grave in `backing`, nearness in words in `wording`, what incidents are found by in `keys`, what people
//! do to them in `desk`, why an item is where it is in `membership`, titles in `title`.

mod backing;
mod desk;
pub mod keys;
mod membership;
mod prior;
mod reach;
mod risk;
mod title;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use crisislens_model::incident::{Centre, Voices};
use crisislens_model::place::distance_km;
use crisislens_model::{
    Corrector, HazardType, Incident, IncidentId, IncidentStatus, Item, Location, Precision, Severity,
    SourceKind, id,
};

use crate::world::World;
use wording::Wording;

pub use backing::{back, is_backed};
pub use desk::{merge, next_look, renew, settle, split};
pub use membership::{By, Fit as Fits, Membership, membership};
pub use prior::{country_prior, home_prior};
pub use risk::assess;
pub use wording::MAX_BYTES as COMPARED_BYTES;

/// Whether two hazards may be said of one event: a cyclone brings storms and floods.
#[must_use]
pub fn may_be_one_event(one: HazardType, other: HazardType) -> bool {
    one == other || reach::related(one, other) || reach::related(other, one)
}

/// How far, km, what is said of an event may lie from its middle.
#[must_use]
pub fn reach_km(hazard: HazardType) -> f64 {
    reach::max_reach_km(hazard)
}

/// Above this risk an item always belongs to an incident.
const GRAVE_RISK: f64 = 0.8;
/// Hazards less sure than this belong nowhere.
const MIN_CONFIDENCE: f64 = 0.5;
/// What is grave joins others with less.
const MIN_GRAVE_CONFIDENCE: f64 = 0.35;
/// Public posts must be surer of the hazard to open an incident.
const MIN_SOCIAL_CONFIDENCE: f64 = 0.6;
/// Earthquakes below this open nothing, if nothing bad is said of them.
const MIN_OPENING_MAGNITUDE: f64 = 4.5;
/// What words count in the choice among incidents: as much as half of the way between them …
const WORDS_NEAR: f64 = 0.5;
/// … and, where only a country is named, as much as twenty times the size.
const WORDS_FAR: f64 = 3.0;
/// Words that speak for less than this are not told.
const WORDS_TOLD: f64 = 0.3;
/// Most producers' ids kept on one incident.
const MAX_EVENT_IDS: usize = 64;

/// What to do with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It belongs to the incident at `index` of those given.
    Join {
        /// Index into the open incidents that were given.
        index: usize,
        /// For a person.
        why: String,
    },
    /// It opens an incident of its own.
    Open,
    /// It belongs to none and opens none.
    Stay,
}

/// Decides about `item` among incidents that share a key with it (see [`keys`]). Exercise items and real ones never meet, nor those of two exercises that people have started. One that was
/// merged into another is joined like any other: the caller puts the item where that one stands. One that is closed is joined by
/// what carries its event's id only.
#[must_use]
pub fn decide(item: &Item, open: &[Incident]) -> Decision {
    decide_but(item, open, &[])
}

/// The same, but for incidents that people have parted the item from.
#[must_use]
pub fn decide_but(item: &Item, open: &[Incident], parted: &[IncidentId]) -> Decision {
    let has_event_id = event_ids(item).next().is_some();
    let speaks = speaks(item);
    let withdrawn = item.stated.as_ref().is_some_and(|stated| stated.withdrawn);
    if item.duplicate_of.is_some() {
        return Decision::Stay;
    }
    let placed = speaks && (item.location.is_some() || has_event_id);
    let may_fit = placed || may_join(item);
    if !may_fit && (withdrawn || !must_open(item)) {
        return Decision::Stay;
    }
    for id in event_ids(item) {
        if let Some((index, _)) =
            mine(item, open, parted).find(|(_, incident)| incident.event_ids.iter().any(|known| known == id))
        {
            return Decision::Join { index, why: format!("carries the same event id {id}") };
        }
    }
    if !may_fit {
        return Decision::Open;
    }
    // The first of equals, so that the order given decides and not chance.
    let best = fitting(item, open, parted)
        .into_iter()
        .reduce(|best, next| if next.score > best.score { next } else { best });
    match best {
        Some(Fitting { index, why, .. }) => Decision::Join { index, why },
        None if !withdrawn && (placed || must_open(item)) && may_open(item) => Decision::Open,
        None => Decision::Stay,
    }
}

/// The incidents of `open` that are looked at for an item: not those of another world, nor those that it was taken out of.
fn mine<'a>(
    item: &'a Item,
    open: &'a [Incident],
    parted: &'a [IncidentId],
) -> impl Iterator<Item = (usize, &'a Incident)> {
    open.iter()
        .enumerate()
        .filter(move |(_, incident)| is_one_world(incident, item) && !parted.contains(&incident.id))
}

/// Whether what is said now may join it by nearness.
fn is_followed(incident: &Incident) -> bool {
    incident.status != IncidentStatus::Closed || incident.merged_into.is_some()
}

/// An incident that an item fits, and how well.
struct Fitting {
    /// Index into the incidents that were given.
    index: usize,
    score: f64,
    /// 0 to 1: how much of its telling words speaks for this one, and which.
    words: f64,
    shared: Vec<String>,
    why: String,
}

/// Those of `open` that `item` fits by hazard, place and time, in their order; its words tell them apart.
fn fitting(item: &Item, open: &[Incident], parted: &[IncidentId]) -> Vec<Fitting> {
    // Who is told apart by people is told apart by nearness, whatever its size.
    let is_split = |incident: &Incident| {
        incident.split_from.is_some() || open.iter().any(|other| other.split_from == Some(incident.id))
    };
    let fits: Vec<(usize, Fit)> = mine(item, open, parted)
        .filter(|(_, incident)| is_followed(incident))
        .filter_map(|(index, incident)| Some((index, fit(item, incident, is_split(incident))?)))
        .collect();
    let words = if fits.len() > 1 { wording::words(item) } else { BTreeSet::new() };
    let candidates: Vec<&Incident> = fits.iter().map(|(index, _)| &open[*index]).collect();
    let wording = Wording::new(&words, &candidates);
    let alone = fits.len() < 2;
    let is_far = reach::is_vast_country(item.location.as_ref());
    fits.into_iter()
        .map(|(index, fit)| {
            let (share, shared) = wording.speaks_for(&open[index]);
            let mut why = fit.why;
            if share >= WORDS_TOLD {
                why = format!("{why}; its words “{}” are those of this one", shared.join("”, “"));
            }
            let shared = shared.into_iter().map(str::to_owned).collect();
            Fitting { index, score: fit.score + share * fit.words, words: share, shared, why }
        })
        // "Floods in the US" are not those of one town among several, unless the words are that town's.
        .filter(|one| {
            let is_of_country = open[one.index].centre.is_none_or(|centre| is_vague(&centre));
            !is_far || alone || is_of_country || one.words >= WORDS_TOLD
        })
        .collect()
}

/// Whether `item` is too grave to stand alone, even where nothing says what or where: an authority's warning of high
/// severity, or a very high risk. It always belongs to an incident, because alerts are raised for incidents.
#[must_use]
pub fn must_open(item: &Item) -> bool {
    (item.source_kind == SourceKind::Official && item.severity >= Severity::High)
        || item.risk_score > GRAVE_RISK
}

/// The incident that `item` opens.
#[must_use]
pub fn open(item: &Item) -> Incident {
    let location = item.location.as_ref();
    let mut words = BTreeMap::new();
    wording::count(&mut words, wording::words(item));
    let mut incident = Incident {
        id: IncidentId(id::derived(item.id.0, "incident", 1)),
        hazard: item.hazard.kind,
        title: title::of(item),
        area: location.map_or_else(String::new, |place| title::area(place).to_owned()),
        country: location.and_then(|place| place.country.clone()),
        centre: location.map(|place| Centre {
            lat: place.lat,
            lon: place.lon,
            weight: place_weight(item, place),
        }),
        first_seen: item.timestamp,
        last_seen: item.timestamp,
        item_count: 1,
        source_count: 1,
        sources: std::iter::once((item.source.clone(), 1)).collect(),
        words,
        severity: item.severity,
        risk_score: item.risk_score,
        risk: None,
        voices: Voices::one(item.source_kind),
        backing: Some(backing::of(item)),
        copies: 0,
        event_ids: event_ids(item).take(MAX_EVENT_IDS).map(str::to_owned).collect(),
        status: IncidentStatus::Open,
        set: None,
        put_right: Vec::new(),
        merged_into: None,
        split_from: None,
        heard_at: None,
        exercise: item.exercise,
        exercise_id: item.exercise_id,
        version: 1,
    };
    note_put_right(&mut incident, item);
    incident
}

/// Notes who has put `item` right, if anybody has: they have a hand in what is told of the incident.
pub fn note_put_right(incident: &mut Incident, item: &Item) {
    if let Some(corrected) = &item.corrected {
        incident.note_put_right(Corrector { by: corrected.by, at: corrected.at });
    }
}

/// Whether both are meant in earnest, or part of one exercise.
fn is_one_world(incident: &Incident, item: &Item) -> bool {
    World::of(incident.exercise, incident.exercise_id) == World::of(item.exercise, item.exercise_id)
}

/// Adds `item` to `incident`. Adding an item twice counts it twice: the caller knows which items it has added.
pub fn join(incident: &mut Incident, item: &Item) {
    let first_official = item.source_kind == SourceKind::Official && is_unofficial(incident);
    incident.item_count += 1;
    *incident.sources.entry(item.source.clone()).or_insert(0) += 1;
    incident.source_count = incident.sources.len() as u64;
    incident.voices = incident.voices.and(Voices::one(item.source_kind));
    wording::count(&mut incident.words, wording::words(item));
    incident.first_seen = incident.first_seen.min(item.timestamp);
    incident.last_seen = incident.last_seen.max(item.timestamp);
    incident.take_severity(item.severity);
    back(incident, item);
    note_put_right(incident, item);
    if incident.merged_into.is_none() && incident.set.as_ref().is_none_or(|set| set.status.is_none()) {
        incident.status = IncidentStatus::Open;
    }
    incident.risk_score = incident.risk_score.max(item.risk_score);
    incident.version += 1;
    for id in event_ids(item) {
        if incident.event_ids.len() < MAX_EVENT_IDS && !incident.event_ids.iter().any(|known| known == id) {
            incident.event_ids.push(id.to_owned());
        }
    }
    let Some(place) = &item.location else { return };
    let weight = place_weight(item, place);
    if incident.country.is_none() {
        incident.country.clone_from(&place.country);
    }
    // An authority's place names the incident, and so does the first that is nearer than a country. Later towns do
    // not: a flood in Kerala is not called after each town that floods.
    let better = place.precision > Precision::Country
        && incident.centre.is_none_or(|centre| centre.weight < reach::DIVISION_WEIGHT);
    if same_country(incident, place) && (better || (first_official && place.precision > Precision::Country)) {
        let kind = incident.hazard;
        incident.call(title::for_hazard(kind, place));
        incident.area = title::area(place).to_owned();
    }
    incident.centre = Some(match incident.centre {
        None => Centre { lat: place.lat, lon: place.lon, weight },
        Some(centre) => mean(centre, (place.lat, place.lon), weight),
    });
}

/// Whether no authority has named a place of the incident so far.
fn is_unofficial(incident: &Incident) -> bool {
    incident.centre.is_none_or(|centre| centre.weight < reach::OFFICIAL_WEIGHT)
}

fn same_country(incident: &Incident, place: &Location) -> bool {
    incident.country.is_none() || place.country.is_none() || incident.country == place.country
}

/// Whether it may belong to an incident of its hazard near its place: it says surely enough what happens, or what it says is so grave that it
/// must not stand alone, one incident for each who says it, nor be passed over.
fn may_join(item: &Item) -> bool {
    let is_grave = item.severity >= Severity::High && item.hazard.confidence >= MIN_GRAVE_CONFIDENCE;
    item.location.is_some() && item.hazard.kind.is_some() && (speaks(item) || is_grave || must_open(item))
}

/// Whether it says surely enough what happens.
fn speaks(item: &Item) -> bool {
    item.hazard.kind.is_some() && item.hazard.confidence >= MIN_CONFIDENCE
}

/// Whether an incident with this middle is known by its country only.
fn is_vague(centre: &Centre) -> bool {
    centre.weight <= reach::VAGUE_WEIGHT
}

/// The ids under which producers know what it tells of, its own producer's first.
fn event_ids(item: &Item) -> impl Iterator<Item = &str> {
    let stated = item.stated.iter();
    let ids = stated.flat_map(|stated| stated.event_id.iter().chain(&stated.other_event_ids));
    ids.map(String::as_str).filter(|id| !id.trim().is_empty())
}

fn magnitude(item: &Item) -> Option<f64> {
    item.stated.as_ref()?.magnitude
}

/// How well an item fits an incident.
struct Fit {
    score: f64,
    /// What is added where all of its telling words are the incident's.
    words: f64,
    why: String,
}

/// How well `item` fits `incident` by hazard, place and time; `None` if it does not. What was split is told apart by nearness alone.
fn fit(item: &Item, incident: &Incident, is_split: bool) -> Option<Fit> {
    let same = item.hazard.kind == incident.hazard;
    if !same && !reach::related(item.hazard.kind, incident.hazard) {
        return None;
    }
    let place = item.location.as_ref()?;
    let window_s = reach::window(incident.hazard).as_secs() as i64;
    let outside_s = (incident.first_seen.as_second() - item.timestamp.as_second())
        .max(item.timestamp.as_second() - incident.last_seen.as_second())
        .max(0);
    if outside_s > window_s {
        return None;
    }
    let fresh = 1.0 - outside_s as f64 / (window_s as f64 * 2.0);
    let size = if is_split { 0.0 } else { (incident.item_count as f64).ln_1p() * 0.05 };
    let kin = if same { 1.0 } else { 0.6 };
    if place.precision == Precision::Country {
        let here = place.country.is_some() && place.country == incident.country;
        // Only words and size decide between incidents of one country.
        return (same && here).then(|| Fit {
            score: crate::linear::number::ln(1.0 + incident.item_count as f64) + fresh,
            words: WORDS_FAR,
            why: format!("same hazard in {}, named without a nearer place", place.name),
        });
    }
    let centre = incident.centre?;
    let km = distance_km((place.lat, place.lon), (centre.lat, centre.lon));
    // An incident known by its country only is where its country is.
    let vague = is_vague(&centre) && place.country.is_some() && place.country == incident.country;
    let radius_km = reach::radius_km(incident.hazard, magnitude(item)) + reach::slack_km(place.precision);
    if km > radius_km && !(vague && same) {
        return None;
    }
    let near = (1.0 - km / radius_km).max(0.0);
    let why = if same {
        format!("same hazard {km:.0} km from its middle within {} days", window_s / 86_400)
    } else {
        format!("{} within the reach of a {}", item.hazard.kind.as_str(), incident.hazard.as_str())
    };
    let words = if is_split { 0.0 } else { WORDS_NEAR };
    Some(Fit { score: kin * (0.3 + near) * fresh + size, words, why })
}

fn may_open(item: &Item) -> bool {
    if must_open(item) {
        return true;
    }
    let Some(place) = &item.location else {
        // An authority's event without coordinates still is an event.
        return item.source_kind == SourceKind::Official && item.severity >= Severity::Medium;
    };
    let small_quake = item.hazard.kind == HazardType::Earthquake
        && item.severity == Severity::Low
        && magnitude(item).is_some_and(|magnitude| magnitude < MIN_OPENING_MAGNITUDE);
    match item.source_kind {
        _ if small_quake => false,
        SourceKind::Official => {
            item.severity >= Severity::Medium
                || magnitude(item).is_some_and(|magnitude| magnitude >= MIN_OPENING_MAGNITUDE)
        }
        SourceKind::Media | SourceKind::Social => {
            item.hazard.confidence >= MIN_SOCIAL_CONFIDENCE && place.confidence >= MIN_CONFIDENCE
        }
    }
}

/// What a place counts in the mean: authorities' places most, countries next to nothing.
fn place_weight(item: &Item, place: &Location) -> f64 {
    match (place.precision, item.source_kind) {
        (Precision::Country, _) => reach::VAGUE_WEIGHT,
        (_, SourceKind::Official) => reach::OFFICIAL_WEIGHT,
        (Precision::Point, _) => reach::POINT_WEIGHT,
        (Precision::City, _) => reach::TOWN_WEIGHT,
        (Precision::Admin1, _) => reach::DIVISION_WEIGHT,
    }
}

/// The mean of a centre and a place, across the antimeridian the short way.
fn mean(centre: Centre, (lat, lon): (f64, f64), weight: f64) -> Centre {
    let total = centre.weight + weight;
    let share = weight / total;
    let turn = (lon - centre.lon + 540.0).rem_euclid(360.0) - 180.0;
    Centre {
        lat: centre.lat + (lat - centre.lat) * share,
        lon: (centre.lon + turn * share + 540.0).rem_euclid(360.0) - 180.0,
        weight: total,
    }
}
