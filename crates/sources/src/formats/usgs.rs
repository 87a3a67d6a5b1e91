//! USGS earthquake GeoJSON: a summary feed, or the detail document of one earthquake.
//! <https://earthquake.usgs.gov/earthquakes/feed/v1.0/geojson.php>

use crisislens_model::raw_item::MAX_OTHER_EVENT_IDS;
use crisislens_model::{HazardType, Severity, Stated};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::json::{number, text};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::{country, decode, geo, time};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow, default)]
    features: Vec<&'a RawValue>,
}

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let document: Document<'_> =
        serde_json::from_str(&text).map_err(|error| DocumentError::Json(error.to_string()))?;
    let whole: &RawValue;
    let features = match document.kind.as_str() {
        "FeatureCollection" => document.features,
        "Feature" => {
            whole = serde_json::from_str(&text).map_err(|error| DocumentError::Json(error.to_string()))?;
            vec![whole]
        }
        other => {
            return Err(DocumentError::Unexpected {
                expected: "USGS GeoJSON",
                found: format!("its type is `{other}`"),
            });
        }
    };
    let mut parsed = Parsed::default();
    for (index, raw) in features.into_iter().enumerate() {
        match serde_json::from_str::<Value>(raw.get()) {
            Ok(feature) => {
                let name = entry_name(self::text(&feature, "id"), index);
                parsed.take(&name, draft(&feature, raw), ctx);
            }
            Err(error) => parsed.take(&entry_name(None, index), Err(error.to_string()), ctx),
        }
    }
    Ok(parsed)
}

fn draft(feature: &Value, raw: &RawValue) -> Result<Draft, String> {
    let id = text(feature, "id").ok_or("has no id")?;
    let properties =
        feature.get("properties").filter(|value| value.is_object()).ok_or("has no properties")?;
    let withdrawn = text(properties, "status") == Some("deleted");
    let said_at = properties.get("time").and_then(Value::as_i64).and_then(time::from_epoch_ms);
    if said_at.is_none() && !withdrawn {
        return Err("properties.time is not an epoch in milliseconds".into());
    }
    let title = text(properties, "title").map(str::to_owned);
    Ok(Draft {
        source_id: id.to_owned(),
        url: text(properties, "url").map(str::to_owned),
        text: describe(properties, feature, withdrawn),
        title: title.or_else(|| Some(format!("Earthquake {id}"))),
        author: Some("USGS".into()),
        said_at,
        language: Some("en".into()),
        stated: stated(feature, properties, id, withdrawn),
        raw: Some(raw.to_owned()),
        ..Draft::default()
    })
}

fn stated(feature: &Value, properties: &Value, id: &str, withdrawn: bool) -> Stated {
    let magnitude = number(properties, "mag");
    let place = text(properties, "place");
    let point = position(feature);
    let hazard = hazard(properties);
    Stated {
        hazard: Some(hazard),
        severity: Some(if hazard.is_some() { severity(properties, magnitude) } else { Severity::Low }),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: place.map(str::to_owned),
        country: place.and_then(country::of_place).map(str::to_owned),
        magnitude,
        event_id: Some(format!("usgs:{id}")),
        other_event_ids: other_networks(properties, id),
        expires: None,
        claim_review: None,
        withdrawn,
    }
}

/// What other networks call the earthquake, of `,us1,at2,`; the id that leads may change between them.
fn other_networks(properties: &Value, id: &str) -> Vec<String> {
    let ids = text(properties, "ids").unwrap_or_default().split(',');
    let others = ids.map(str::trim).filter(|other| !other.is_empty() && *other != id);
    others.take(MAX_OTHER_EVENT_IDS).map(|other| format!("usgs:{other}")).collect()
}

fn position(feature: &Value) -> Option<geo::Point> {
    let coordinates = feature.get("geometry")?.get("coordinates")?;
    geo::on_globe(coordinates.get(1)?.as_f64()?, coordinates.get(0)?.as_f64()?)
}

/// The network reports blasts and collapses as well; a blast in a quarry is no hazard.
fn hazard(properties: &Value) -> HazardType {
    match text(properties, "type").unwrap_or("earthquake") {
        "earthquake" => HazardType::Earthquake,
        "landslide" | "rock slide" | "snow avalanche" => HazardType::Landslide,
        "volcanic eruption" | "volcanic explosion" => HazardType::Volcano,
        "quarry blast" | "quarry" | "mining explosion" | "sonic boom" | "acoustic noise" => HazardType::None,
        _ => HazardType::Other,
    }
}

/// PAGER's colour where there is one, else the magnitude; a tsunami message lifts it to high, since PAGER knows of shaking
/// alone.
fn severity(properties: &Value, magnitude: Option<f64>) -> Severity {
    let by_impact = match text(properties, "alert") {
        Some("red") => Some(Severity::Critical),
        Some("orange") => Some(Severity::High),
        Some("yellow") => Some(Severity::Medium),
        Some("green") => Some(Severity::Low),
        _ => None,
    };
    let severity = by_impact.unwrap_or(match magnitude {
        Some(magnitude) if magnitude >= 7.0 => Severity::Critical,
        Some(magnitude) if magnitude >= 6.0 => Severity::High,
        Some(magnitude) if magnitude >= 4.5 => Severity::Medium,
        _ => Severity::Low,
    });
    if tsunami(properties) { severity.max(Severity::High) } else { severity }
}

fn tsunami(properties: &Value) -> bool {
    number(properties, "tsunami").is_some_and(|flag| flag >= 1.0)
}

fn describe(properties: &Value, feature: &Value, withdrawn: bool) -> String {
    let kind = text(properties, "type").unwrap_or("earthquake");
    let mut words = match number(properties, "mag") {
        Some(magnitude) => format!("Magnitude {magnitude:.1} {kind}"),
        None => format!("Reported: {kind}"),
    };
    if let Some(place) = text(properties, "place") {
        words.push_str(&format!(", {place}"));
    }
    if let Some(depth) = feature["geometry"]["coordinates"].get(2).and_then(Value::as_f64) {
        words.push_str(&format!(", at a depth of {depth:.1} km"));
    }
    words.push('.');
    if let Some(alert) = text(properties, "alert") {
        words.push_str(&format!(" PAGER alert level {alert}."));
    }
    if tsunami(properties) {
        words.push_str(" A tsunami message was issued.");
    }
    if let Some(felt) = number(properties, "felt").filter(|felt| *felt >= 1.0) {
        words.push_str(&format!(" Felt by {felt:.0} who reported it."));
    }
    if withdrawn {
        words.push_str(" USGS has deleted this event.");
    }
    words
}
