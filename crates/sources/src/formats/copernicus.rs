//! Copernicus Emergency Management Service, rapid mapping: the list of activations, or one with its areas.
//! <https://mapping.emergency.copernicus.eu>

use crisislens_model::{HazardType, Stated};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::{Draft, raw};
use crate::hazards::hazard_of_event;
use crate::json::{entries, text};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{country, decode, event_ids, geo};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "results", "a list of Copernicus EMS activations")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |entry| text(entry, "code").map(str::to_owned), draft);
    parsed.next = entries.beside("next").as_str().map(str::to_owned);
    Ok(parsed)
}

fn draft(activation: &Value, _: &RawValue) -> Result<Draft, String> {
    let code = text(activation, "code").ok_or("has no code")?;
    let own = event_ids::copernicus(code).ok_or_else(|| format!("its code, `{code}`, is no activation"))?;
    let name = text(activation, "name").ok_or("has no name")?;
    let said_at = text(activation, "activationTime").ok_or("has no activationTime")?;
    let said_at =
        parse_time(said_at).ok_or_else(|| format!("its activationTime, `{said_at}`, is no date"))?;
    Ok(Draft {
        source_id: code.to_owned(),
        url: Some(format!("https://mapping.emergency.copernicus.eu/activations/{code}/")),
        title: Some(format!("{name} ({code})")),
        text: describe(activation, name),
        author: Some("Copernicus Emergency Management Service".into()),
        said_at: Some(said_at),
        language: Some("en".into()),
        stated: stated(activation, own),
        raw: raw(&kept(activation)),
        ..Draft::default()
    })
}

fn describe(activation: &Value, name: &str) -> String {
    let mut words = text(activation, "reason").unwrap_or(name).to_owned();
    if let Some(event) = text(activation, "eventTime") {
        words.push_str(&format!("\nBegan: {event} UTC."));
    }
    if let Some(activator) = text(activation, "activator") {
        words.push_str(&format!("\nActivated by: {}.", activator.replace('|', ", ")));
    }
    let areas: Vec<&str> = areas(activation).filter_map(|area| text(area, "name")).collect();
    if !areas.is_empty() {
        words.push_str(&format!("\nAreas: {}.", areas.join(", ")));
    }
    if activation.get("closed").and_then(Value::as_bool) == Some(true) {
        words.push_str("\nMapping is closed.");
    }
    words
}

fn areas(activation: &Value) -> impl Iterator<Item = &Value> {
    activation.get("aois").and_then(Value::as_array).into_iter().flatten()
}

/// The products of an area are long and change with each delivery; what they map is no part of what is said here.
fn kept(activation: &Value) -> Value {
    let mut kept = activation.clone();
    for area in kept.get_mut("aois").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(area) = area.as_object_mut() {
            area.remove("products");
        }
    }
    kept
}

fn stated(activation: &Value, own: String) -> Stated {
    let centroid = text(activation, "centroid").map(geo::rings_of_wkt).unwrap_or_default();
    let extents = || areas(activation).filter_map(|area| text(area, "extent")).flat_map(geo::rings_of_wkt);
    let point = geo::centre(&centroid).or_else(|| geo::centre(&extents().collect::<Vec<_>>()));
    let countries = countries(activation);
    let mut stated = Stated {
        hazard: hazard(activation),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: (!countries.is_empty()).then(|| countries.join("; ")),
        country: countries.first().and_then(|name| country::of_name(name)).map(str::to_owned),
        ..Stated::default()
    };
    let gdacs = text(activation, "gdacsId").and_then(event_ids::gdacs);
    event_ids::give(&mut stated, gdacs.into_iter().chain([own]));
    stated
}

/// The list gives names, the detail objects with a name.
fn countries(activation: &Value) -> Vec<&str> {
    let list = activation.get("countries").and_then(Value::as_array).into_iter().flatten();
    list.filter_map(|country| country.as_str().or_else(|| text(country, "name"))).collect()
}

fn hazard(activation: &Value) -> Option<HazardType> {
    let category = text(activation, "category")?;
    let narrow = text(activation, "subCategory").and_then(hazard_of_event);
    Some(match category {
        "Industrial accident" => HazardType::Technological,
        "Transport accident" => HazardType::Transport,
        // A landslide in a flood is still filed under floods, so the category goes before the narrower word but for storms.
        "Storm" => narrow.unwrap_or(HazardType::Storm),
        _ => hazard_of_event(category).or(narrow).unwrap_or(HazardType::Other),
    })
}
