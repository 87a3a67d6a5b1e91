//! NASA's Earth Observatory Natural Event Tracker, version 3: natural events with their track, taken over from other producers.
//! <https://eonet.gsfc.nasa.gov/docs/v3>

use crisislens_model::{HazardType, Stated, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::hazards::{hazard_of_event, severity_of_knots};
use crate::json::{entries, number, text, word};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{country, decode, event_ids, geo, html};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "events", "a list of EONET events")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |event| word(event, "id"), draft);
    Ok(parsed)
}

fn draft(event: &Value, raw: &RawValue) -> Result<Draft, String> {
    let id = word(event, "id").ok_or("has no id")?;
    // Names that came through GDACS still have the entities of its RSS.
    let title = html::to_text(text(event, "title").ok_or("has no title")?);
    let latest = latest(event).ok_or("has no geometry with a date")?;
    let closed = text(event, "closed").and_then(parse_time);
    Ok(Draft {
        text: describe(event, &title, latest.1, closed),
        url: text(event, "link").map(str::to_owned),
        author: Some("NASA EONET".into()),
        said_at: Some(latest.0),
        language: Some("en".into()),
        stated: stated(event, &id, &title, latest.1, closed),
        title: Some(title),
        raw: Some(raw.to_owned()),
        source_id: id,
        ..Draft::default()
    })
}

/// The newest position and its time. The list is mostly in order of time, but not always.
fn latest(event: &Value) -> Option<(Timestamp, &Value)> {
    let geometry = event.get("geometry")?.as_array()?;
    let dated = geometry.iter().filter_map(|at| Some((text(at, "date").and_then(parse_time)?, at)));
    dated.max_by_key(|(date, _)| *date)
}

/// A closed event has ended: what is said of it holds until then.
fn stated(event: &Value, id: &str, title: &str, latest: &Value, closed: Option<Timestamp>) -> Stated {
    let point = geo::centre(&geo::rings_of_geojson(latest));
    let urls: Vec<&str> = sources(event).filter_map(|source| text(source, "url")).collect();
    let mut stated = Stated {
        hazard: hazard(event, title),
        severity: knots(latest).map(severity_of_knots),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: place(event, title),
        country: country(event, title).map(str::to_owned),
        expires: closed,
        ..Stated::default()
    };
    let named = urls.into_iter().filter_map(event_ids::of_url);
    event_ids::give(&mut stated, named.chain([format!("eonet:{id}")]));
    stated
}

fn sources(event: &Value) -> impl Iterator<Item = &Value> {
    event.get("sources").and_then(Value::as_array).into_iter().flatten()
}

/// A fire that was lit on purpose is no hazard.
fn hazard(event: &Value, title: &str) -> Option<HazardType> {
    let categories = event.get("categories").and_then(Value::as_array);
    let category = categories?.iter().find_map(|category| text(category, "id"))?;
    Some(match category {
        "wildfires" if title.to_lowercase().contains("prescribed fire") => HazardType::None,
        "wildfires" => HazardType::Wildfire,
        "severeStorms" => hazard_of_event(title).unwrap_or(HazardType::Storm),
        "volcanoes" => HazardType::Volcano,
        "earthquakes" => HazardType::Earthquake,
        "floods" => HazardType::Flood,
        "landslides" => HazardType::Landslide,
        "drought" => HazardType::Drought,
        "snow" => HazardType::Winter,
        "tempExtremes" => hazard_of_event(title).unwrap_or(HazardType::Other),
        "manmade" => HazardType::Technological,
        // Icebergs, dust and haze, the colour of water.
        _ => HazardType::Other,
    })
}

fn knots(at: &Value) -> Option<f64> {
    number(at, "magnitudeValue").filter(|_| text(at, "magnitudeUnit") == Some("kts"))
}

/// `11 Miles E from LAMAR, TX`, else what the title says behind its first comma or ` in `, without the number of GDACS.
fn place(event: &Value, title: &str) -> Option<String> {
    let told = text(event, "description").map(str::to_owned);
    told.or_else(|| {
        let behind = title.split_once(", ").or_else(|| title.split_once(" in "))?.1;
        let place = behind.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' ');
        (!place.is_empty()).then(|| place.to_owned())
    })
}

/// IRWIN is the register of fires in the United States.
fn country(event: &Value, title: &str) -> Option<&'static str> {
    if sources(event).any(|source| text(source, "id") == Some("IRWIN")) {
        return Some("US");
    }
    let behind = title.split_once(" in ").map_or(title, |(_, place)| place);
    country::of_place(behind.trim_end_matches(|c: char| c.is_ascii_digit() || c == ' '))
}

fn describe(event: &Value, title: &str, latest: &Value, closed: Option<Timestamp>) -> String {
    let mut words = format!("{title}.");
    if let Some(description) = text(event, "description") {
        words.push_str(&format!(" {description}."));
    }
    if let Some(value) = number(latest, "magnitudeValue") {
        let unit = match text(latest, "magnitudeUnit") {
            Some("kts") => "knots of wind",
            Some("NM^2") => "square nautical miles",
            Some(unit) => unit,
            None => "",
        };
        words.push_str(format!(" {value} {unit}").trim_end());
        words.push('.');
    }
    if let Some(closed) = closed {
        words.push_str(&format!(" Closed on {}.", closed.strftime("%Y-%m-%d")));
    }
    words
}
