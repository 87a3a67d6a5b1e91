//! Which incident an item belongs to: decisions on values, no storage.
//!
//! Reach in space and time per hazard stands in `reach`; titles in `title`.

mod reach;
mod risk;
mod title;

use crisislens_model::incident::{Centre, Voices};
use crisislens_model::place::distance_km;
use crisislens_model::{
    HazardType, Incident, IncidentId, IncidentStatus, Item, Location, Precision, Severity, SourceKind, id,
};

/// Above this risk an item always belongs to an incident.
const GRAVE_RISK: f64 = 0.8;
/// Hazards less sure than this belong nowhere.
const MIN_CONFIDENCE: f64 = 0.5;
/// Public posts must be surer of the hazard to open an incident.
const MIN_SOCIAL_CONFIDENCE: f64 = 0.6;
/// Earthquakes below this open nothing, if nothing bad is said of them.
const MIN_OPENING_MAGNITUDE: f64 = 4.5;
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

/// Decides about `item` among `open` incidents. Exercise items and real ones never meet.
#[must_use]
pub fn decide(item: &Item, open: &[Incident]) -> Decision {
    let event_id = event_id(item);
    let speaks = item.hazard.kind.is_some() && item.hazard.confidence >= MIN_CONFIDENCE;
    let withdrawn = item.stated.as_ref().is_some_and(|stated| stated.withdrawn);
    if item.duplicate_of.is_some() {
        return Decision::Stay;
    }
    let placed = speaks && (item.location.is_some() || event_id.is_some());
    if !placed && (withdrawn || !must_open(item)) {
        return Decision::Stay;
    }
    let mine = || {
        open.iter().enumerate().filter(|(_, incident)| {
            let takes = incident.status != IncidentStatus::Closed || incident.merged_into.is_some();
            incident.exercise == item.exercise && takes
        })
    };
    if let Some(id) = event_id
        && let Some((index, _)) =
            mine().find(|(_, incident)| incident.event_ids.iter().any(|known| known == id))
    {
        return Decision::Join { index, why: format!("carries the same event id {id}") };
    }
    if !placed {
        return Decision::Open;
    }
    let best = mine()
        .filter_map(|(index, incident)| fit(item, incident).map(|(score, why)| (index, score, why)))
        // The first of equals, so that the order given decides and not chance.
        .reduce(|best, next| if next.1 > best.1 { next } else { best });
    match best {
        Some((index, _, why)) => Decision::Join { index, why },
        None if !withdrawn && may_open(item) => Decision::Open,
        None => Decision::Stay,
    }
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
    let mut voices = Voices::default();
    voices.add(item.source_kind);
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
        severity: item.severity,
        risk_score: item.risk_score,
        event_ids: event_id(item).map(str::to_owned).into_iter().collect(),
        voices,
        assessment: None,
        merged_into: None,
        named: false,
        status: IncidentStatus::Open,
        exercise: item.exercise,
        version: 1,
    };
    incident.assessment = Some(risk::assess(&incident));
    incident
}

/// The incident that `item` opens where people have parted it from another, `round` tells one parting from the next.
#[must_use]
pub fn part(item: &Item, round: u64) -> Incident {
    Incident { id: IncidentId(id::derived(item.id.0, "parted incident", round)), ..open(item) }
}

/// `incident` as if it had only `items`, in the order in which they were said; what people have set of it stays. None where there is none.
#[must_use]
pub fn of_items(incident: &Incident, items: &[Item]) -> Option<Incident> {
    let mut ordered: Vec<&Item> = items.iter().collect();
    ordered.sort_by_key(|item| (item.timestamp, item.id));
    let (first, rest) = ordered.split_first()?;
    let mut made = open(first);
    made.hazard = incident.hazard;
    rest.iter().for_each(|item| join(&mut made, item));
    if incident.named {
        made.title.clone_from(&incident.title);
    }
    made.assessment = Some(risk::assess(&made));
    Some(Incident {
        id: incident.id,
        status: incident.status,
        merged_into: incident.merged_into,
        named: incident.named,
        version: incident.version + 1,
        ..made
    })
}

/// What `from` is becomes part of `into`: one happening.
pub fn merge(into: &mut Incident, from: &Incident) {
    into.item_count += from.item_count;
    for (source, count) in &from.sources {
        *into.sources.entry(source.clone()).or_insert(0) += count;
    }
    into.source_count = into.sources.len() as u64;
    into.first_seen = into.first_seen.min(from.first_seen);
    into.last_seen = into.last_seen.max(from.last_seen);
    into.severity = into.severity.max(from.severity);
    into.risk_score = into.risk_score.max(from.risk_score);
    into.voices.official += from.voices.official;
    into.voices.media += from.voices.media;
    into.voices.social += from.voices.social;
    let room = MAX_EVENT_IDS.saturating_sub(into.event_ids.len());
    let new: Vec<String> =
        from.event_ids.iter().filter(|id| !into.event_ids.contains(id)).take(room).cloned().collect();
    into.event_ids.extend(new);
    if into.country.is_none() {
        into.country.clone_from(&from.country);
    }
    into.centre = match (into.centre, from.centre) {
        (Some(mine), Some(theirs)) => Some(mean_of(mine, theirs.lat, theirs.lon, theirs.weight)),
        (mine, theirs) => mine.or(theirs),
    };
    if into.status == IncidentStatus::Closed {
        into.status = IncidentStatus::Open;
    }
    into.version += 1;
    into.assessment = Some(risk::assess(into));
}

/// The incident once an item in it has changed.
pub fn revise(incident: &mut Incident, item: &Item) {
    incident.severity = incident.severity.max(item.severity);
    incident.risk_score = incident.risk_score.max(item.risk_score);
    incident.version += 1;
    incident.assessment = Some(risk::assess(incident));
}

/// Adds `item` to `incident`. Adding an item twice counts it twice: the caller knows which items it has added.
pub fn join(incident: &mut Incident, item: &Item) {
    let first_official = item.source_kind == SourceKind::Official && is_unofficial(incident);
    incident.item_count += 1;
    *incident.sources.entry(item.source.clone()).or_insert(0) += 1;
    incident.source_count = incident.sources.len() as u64;
    incident.first_seen = incident.first_seen.min(item.timestamp);
    incident.last_seen = incident.last_seen.max(item.timestamp);
    incident.severity = incident.severity.max(item.severity);
    incident.risk_score = incident.risk_score.max(item.risk_score);
    incident.voices.add(item.source_kind);
    incident.version += 1;
    join_place(incident, item, first_official);
    incident.assessment = Some(risk::assess(incident));
}

fn join_place(incident: &mut Incident, item: &Item, first_official: bool) {
    if let Some(id) = event_id(item)
        && incident.event_ids.len() < MAX_EVENT_IDS
        && !incident.event_ids.iter().any(|known| known == id)
    {
        incident.event_ids.push(id.to_owned());
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
    if !incident.named
        && same_country(incident, place)
        && (better || (first_official && place.precision > Precision::Country))
    {
        let kind = incident.hazard;
        incident.title = title::for_hazard(kind, place);
        incident.area = title::area(place).to_owned();
    }
    incident.centre = Some(match incident.centre {
        None => Centre { lat: place.lat, lon: place.lon, weight },
        Some(centre) => mean_of(centre, place.lat, place.lon, weight),
    });
}

/// Whether no authority has named a place of the incident so far.
fn is_unofficial(incident: &Incident) -> bool {
    incident.centre.is_none_or(|centre| centre.weight < reach::OFFICIAL_WEIGHT)
}

fn same_country(incident: &Incident, place: &Location) -> bool {
    incident.country.is_none() || place.country.is_none() || incident.country == place.country
}

fn event_id(item: &Item) -> Option<&str> {
    item.stated.as_ref()?.event_id.as_deref().filter(|id| !id.trim().is_empty())
}

fn magnitude(item: &Item) -> Option<f64> {
    item.stated.as_ref()?.magnitude
}

/// How well `item` fits `incident`, and why; `None` if it does not.
fn fit(item: &Item, incident: &Incident) -> Option<(f64, String)> {
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
    let size = (incident.item_count as f64).ln_1p() * 0.05;
    let kin = if same { 1.0 } else { 0.6 };
    if place.precision == Precision::Country {
        let here = place.country.is_some() && place.country == incident.country;
        // Only the size decides between incidents of one country.
        return (same && here).then(|| {
            (
                incident.item_count as f64 + fresh,
                format!("same hazard in {}, named without a nearer place", place.name),
            )
        });
    }
    let centre = incident.centre?;
    let km = distance_km((place.lat, place.lon), (centre.lat, centre.lon));
    // An incident known by its country only is where its country is.
    let vague =
        centre.weight <= reach::VAGUE_WEIGHT && place.country.is_some() && place.country == incident.country;
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
    Some((kin * (0.3 + near) * fresh + size, why))
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
fn mean_of(centre: Centre, lat: f64, lon: f64, weight: f64) -> Centre {
    let total = centre.weight + weight;
    let share = weight / total;
    let turn = (lon - centre.lon + 540.0).rem_euclid(360.0) - 180.0;
    Centre {
        lat: centre.lat + (lat - centre.lat) * share,
        lon: (centre.lon + turn * share + 540.0).rem_euclid(360.0) - 180.0,
        weight: total,
    }
}
