//! Alerts of the US National Weather Service as GeoJSON (api.weather.gov/alerts).

use crisislens_model::Stated;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::vtec::{Segment, Vtec, give_identities};
use crate::draft::Draft;
use crate::hazards::{hazard_of_event, severity_of_cap};
use crate::json::{text, texts};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::{decode, geo};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    features: Option<Vec<&'a RawValue>>,
}

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let document: Document<'_> =
        serde_json::from_str(&text).map_err(|error| DocumentError::Json(error.to_string()))?;
    let features = document.features.ok_or_else(|| DocumentError::Unexpected {
        expected: "a GeoJSON collection of NWS alerts",
        found: "it has no `features`".into(),
    })?;
    let mut segments: Vec<Segment> =
        features.into_iter().enumerate().map(|(index, raw)| segment(index, raw)).collect();
    give_identities(&mut segments);
    let mut parsed = Parsed::default();
    for segment in segments {
        parsed.take(&segment.entry, segment.draft, ctx);
    }
    Ok(parsed)
}

fn segment(index: usize, raw: &RawValue) -> Segment {
    let feature: Value = match serde_json::from_str(raw.get()) {
        Ok(feature) => feature,
        Err(error) => {
            let entry = entry_name(None, index);
            return Segment { entry, draft: Err(error.to_string()), vtec: None, zone: None };
        }
    };
    let properties = &feature["properties"];
    let sent = text(properties, "sent").and_then(parse_time);
    let year = sent.map_or(0, |sent| sent.to_zoned(TimeZone::UTC).year());
    let vtec = texts(&properties["parameters"], "VTEC").into_iter().find_map(|code| Vtec::find(code, year));
    let zone = texts(&properties["geocode"], "UGC").into_iter().min().map(str::to_owned);
    Segment {
        entry: entry_name(text(properties, "id").or_else(|| text(&feature, "id")), index),
        draft: draft(&feature, raw, vtec.as_ref()),
        vtec,
        zone,
    }
}

fn draft(feature: &Value, raw: &RawValue, vtec: Option<&Vtec>) -> Result<Draft, String> {
    let properties =
        feature.get("properties").filter(|value| value.is_object()).ok_or("has no properties")?;
    let exercise = match text(properties, "status") {
        Some("Actual") | None => false,
        Some("Exercise") => true,
        Some(status) => return Err(format!("its status is {status}")),
    };
    let id = text(properties, "id").or_else(|| text(feature, "id")).ok_or("has no id")?;
    let title = text(properties, "headline").or_else(|| text(properties, "event"));
    let body: Vec<&str> =
        ["description", "instruction"].into_iter().filter_map(|key| text(properties, key)).collect();
    Ok(Draft {
        source_id: first_reference(properties).unwrap_or(id).to_owned(),
        url: text(properties, "@id").or_else(|| text(feature, "id")).map(str::to_owned),
        title: title.map(str::to_owned),
        text: if body.is_empty() { title.unwrap_or_default().to_owned() } else { body.join("\n\n") },
        author: text(properties, "senderName").map(str::to_owned),
        said_at: text(properties, "sent").or_else(|| text(properties, "effective")).and_then(parse_time),
        language: Some("en-US".into()),
        media: Vec::new(),
        stated: stated(feature, properties, vtec),
        raw: Some(raw.to_owned()),
        exercise,
    })
}

fn stated(feature: &Value, properties: &Value, vtec: Option<&Vtec>) -> Stated {
    let point = geo::centre(&geo::rings_of_geojson(&feature["geometry"]));
    let cancelled = text(properties, "messageType") == Some("Cancel");
    let by_name = text(properties, "event").and_then(hazard_of_event);
    Stated {
        hazard: vtec.and_then(Vtec::hazard).or(by_name),
        severity: text(properties, "severity").and_then(severity_of_cap),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: text(properties, "areaDesc").map(str::to_owned),
        country: Some("US".into()),
        expires: text(properties, "expires").and_then(parse_time),
        withdrawn: cancelled || vtec.is_some_and(Vtec::withdraws),
        ..Stated::default()
    }
}

/// The alert that an update or a cancellation speaks of; the oldest stands for the whole chain.
fn first_reference(properties: &Value) -> Option<&str> {
    if !matches!(text(properties, "messageType"), Some("Update" | "Cancel")) {
        return None;
    }
    let references = properties.get("references")?.as_array()?;
    let oldest = references.iter().min_by_key(|reference| text(reference, "sent").and_then(parse_time))?;
    text(oldest, "identifier")
}
