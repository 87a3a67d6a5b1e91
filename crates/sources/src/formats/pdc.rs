//! Active hazards of the Pacific Disaster Center (DisasterAWARE): a JSON array, times in milliseconds since 1970 written as text.

use crisislens_model::{HazardType, Severity, Stated, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::hazards::hazard_of_event;
use crate::json::{entries, number, text, word};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::{country, decode, event_ids, geo, time};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "", "a list of PDC hazards")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |hazard| word(hazard, "hazard_ID"), draft);
    Ok(parsed)
}

fn draft(hazard: &Value, raw: &RawValue) -> Result<Draft, String> {
    let id = word(hazard, "hazard_ID").ok_or("has no hazard_ID")?;
    let name = text(hazard, "hazard_Name").ok_or("has no hazard_Name")?;
    let said_at = ["last_Update", "update_Date", "create_Date"].into_iter().find_map(|key| at(hazard, key));
    Ok(Draft {
        source_id: id,
        url: text(hazard, "snc_url").map(str::to_owned),
        title: Some(name.to_owned()),
        text: text(hazard, "description").unwrap_or(name).to_owned(),
        author: Some("Pacific Disaster Center".into()),
        said_at: Some(said_at.ok_or("has no last_Update in milliseconds")?),
        language: Some("en".into()),
        stated: stated(hazard, name),
        raw: Some(raw.to_owned()),
        exercise: text(hazard, "category_ID").is_some_and(|kind| kind.eq_ignore_ascii_case("exercise")),
        ..Draft::default()
    })
}

/// Milliseconds, as text or as a number.
fn at(hazard: &Value, key: &str) -> Option<Timestamp> {
    time::from_epoch_ms(word(hazard, key)?.parse().ok()?)
}

fn stated(hazard: &Value, name: &str) -> Stated {
    let level = text(hazard, "severity_ID").unwrap_or_default().to_ascii_uppercase();
    let point = number(hazard, "latitude").zip(number(hazard, "longitude"));
    let point = point.and_then(|(lat, lon)| geo::on_globe(lat, lon));
    let place = name.split_once(" - ").map(|(_, place)| place);
    let mut stated = Stated {
        hazard: text(hazard, "type_ID").map(kind),
        severity: severity(&level),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: place.map(str::to_owned),
        country: place.and_then(country::of_place).map(str::to_owned),
        expires: expires(hazard, &level),
        ..Stated::default()
    };
    let glide = text(hazard, "glide_Uri").and_then(event_ids::glide);
    let own = ["uuid", "hazard_ID"].into_iter().find_map(|key| word(hazard, key));
    event_ids::give(&mut stated, glide.into_iter().chain(own.map(|id| format!("pdc:{id}"))));
    stated
}

/// A terminated hazard has ended when it was last spoken of; another ends on its own only where it says so.
fn expires(hazard: &Value, level: &str) -> Option<Timestamp> {
    if level == "TERMINATION" || text(hazard, "status") == Some("E") {
        return at(hazard, "last_Update");
    }
    at(hazard, "end_Date").filter(|_| text(hazard, "autoexpire") == Some("Y"))
}

/// A warning speaks of danger to life and property that is near or there, a watch of what may become so, an advisory of what
/// may trouble; information and termination ask for nothing.
fn severity(level: &str) -> Option<Severity> {
    Some(match level {
        "WARNING" => Severity::High,
        "WATCH" => Severity::Medium,
        "ADVISORY" | "INFORMATION" | "TERMINATION" => Severity::Low,
        _ => return None,
    })
}

fn kind(code: &str) -> HazardType {
    match code.to_ascii_uppercase().as_str() {
        "HIGHWIND" | "HIGHSURF" | "MARINE" => HazardType::Storm,
        "WINTERSTORM" | "AVALANCHE" | "COLD" => HazardType::Winter,
        "BIOMEDICAL" => HazardType::Epidemic,
        "MANMADE" | "ACCIDENT" => HazardType::Technological,
        "CIVILUNREST" | "COMBAT" | "TERRORISM" | "ACTIVESHOOTER" | "WEAPONS" => HazardType::Violence,
        other => hazard_of_event(other).unwrap_or(HazardType::Other),
    }
}
