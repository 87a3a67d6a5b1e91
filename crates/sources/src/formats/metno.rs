//! Alerts of the Norwegian Meteorological Institute as GeoJSON (api.met.no/weatherapi/metalerts/2.0), made from its CAP alerts.
//! An update has an id of its own there, and what it updates stands in the CAP alert alone; so it is an item of its own here.

use crisislens_model::{Stated, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::hazards::{hazard_of_awareness, hazard_of_event, severity_of_awareness, severity_of_cap};
use crate::json::{entries, text};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{decode, geo};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "features", "a GeoJSON collection of Norwegian alerts")?;
    let language = entries.beside("lang").as_str().unwrap_or("no").to_owned();
    let mut parsed = Parsed::default();
    let name = |feature: &Value| text(&feature["properties"], "id").map(str::to_owned);
    parsed.take_each(&entries, ctx, name, |feature, raw| draft(feature, raw, &language));
    Ok(parsed)
}

fn draft(feature: &Value, raw: &RawValue, language: &str) -> Result<Draft, String> {
    let properties =
        feature.get("properties").filter(|value| value.is_object()).ok_or("has no properties")?;
    let id = text(properties, "id").ok_or("has no id")?;
    let exercise = match text(properties, "status") {
        Some("Actual") | None => false,
        Some("Exercise") => true,
        Some(status) => return Err(format!("its status is {status}")),
    };
    let title = text(properties, "title").ok_or("has no title")?;
    let keys = ["description", "consequences", "instruction"];
    let body: Vec<&str> = keys.into_iter().filter_map(|key| text(properties, key)).collect();
    Ok(Draft {
        source_id: id.to_owned(),
        url: text(properties, "web").map(str::to_owned),
        title: Some(title.to_owned()),
        text: if body.is_empty() { title.to_owned() } else { body.join("\n\n") },
        author: Some("Norwegian Meteorological Institute".into()),
        said_at: issued(id),
        language: Some(language.to_owned()),
        stated: stated(feature, properties, id),
        raw: Some(raw.to_owned()),
        exercise,
        ..Draft::default()
    })
}

/// The time of issue is the sixth part of the id: `2.49.0.1.578.0.20260306192210.079`, at sea without the century.
fn issued(id: &str) -> Option<Timestamp> {
    let digits = id.split('.').nth(6).filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
    let full = match digits.len() {
        12 => format!("20{digits}"),
        14 => digits.to_owned(),
        _ => return None,
    };
    let civil = DateTime::strptime("%Y%m%d%H%M%S", full).ok()?;
    Some(civil.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn stated(feature: &Value, properties: &Value, id: &str) -> Stated {
    let point = geo::centre(&geo::rings_of_geojson(&feature["geometry"]));
    let until = feature["when"]["interval"].get(1).and_then(Value::as_str).and_then(parse_time);
    // `forestFire` and the like are written as one word in two parts.
    let event = text(properties, "event").map(apart);
    let awareness = |key| text(properties, key);
    Stated {
        hazard: event
            .as_deref()
            .and_then(hazard_of_event)
            .or_else(|| awareness("awareness_type").and_then(hazard_of_awareness)),
        severity: text(properties, "severity")
            .and_then(severity_of_cap)
            .or_else(|| awareness("awareness_level").and_then(severity_of_awareness)),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: text(properties, "area").map(str::to_owned),
        country: Some("NO".into()),
        event_id: text(properties, "incidentId").map(|id| format!("metno:{id}")),
        other_event_ids: vec![format!("cap:{id}")],
        expires: until,
        withdrawn: text(properties, "type") == Some("Cancel"),
        ..Stated::default()
    }
}

/// `blowingSnow` as `blowing Snow`.
fn apart(event: &str) -> String {
    let mut words = String::with_capacity(event.len() + 4);
    for character in event.chars() {
        if character.is_uppercase() {
            words.push(' ');
        }
        words.push(character);
    }
    words
}
