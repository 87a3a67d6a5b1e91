//! Weather alerts of Environment and Climate Change Canada as GeoJSON (api.weather.gc.ca, OGC API features): one feature for each area of
//! an alert. <https://api.weather.gc.ca/collections/weather-alerts>

use crisislens_model::{Severity, Stated};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::hazards::hazard_of_event;
use crate::json::{entries, text};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{decode, geo};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "features", "a GeoJSON collection of Canadian alerts")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |feature| id(feature).map(str::to_owned), draft);
    let links = entries.beside("links");
    let next = links.as_array().and_then(|links| links.iter().find(|link| text(link, "rel") == Some("next")));
    parsed.next = next.and_then(|link| text(link, "href")).map(str::to_owned);
    Ok(parsed)
}

fn id(feature: &Value) -> Option<&str> {
    text(&feature["properties"], "id").or_else(|| text(feature, "id"))
}

fn draft(feature: &Value, raw: &RawValue) -> Result<Draft, String> {
    let properties =
        feature.get("properties").filter(|value| value.is_object()).ok_or("has no properties")?;
    let id = id(feature).ok_or("has no id")?;
    let alert = text(properties, "alert_name_en").ok_or("has no alert_name_en")?;
    let said_at = text(properties, "publication_datetime").ok_or("has no publication_datetime")?;
    let area = text(properties, "feature_name_en");
    let title = area.map_or_else(|| alert.to_owned(), |area| format!("{alert}: {area}"));
    Ok(Draft {
        source_id: id.to_owned(),
        text: text(properties, "alert_text_en").unwrap_or(&title).to_owned(),
        title: Some(title),
        author: Some("Environment and Climate Change Canada".into()),
        said_at: Some(parse_time(said_at).ok_or_else(|| format!("`{said_at}` is no date"))?),
        language: Some("en-CA".into()),
        stated: stated(feature, properties, id, alert),
        raw: Some(raw.to_owned()),
        ..Draft::default()
    })
}

/// The alert, without the area that the id ends in, stands for the happening.
fn stated(feature: &Value, properties: &Value, id: &str, alert: &str) -> Stated {
    let point = geo::centre(&geo::rings_of_geojson(&feature["geometry"]));
    let happening = id.rsplit_once('_').map_or(id, |(alert, _)| alert);
    let place = text(properties, "feature_name_en").map(|area| match text(properties, "province") {
        Some(province) => format!("{area}, {province}"),
        None => area.to_owned(),
    });
    Stated {
        hazard: hazard_of_event(alert),
        severity: severity(properties),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place,
        country: Some("CA".into()),
        event_id: Some(format!("eccc:{happening}")),
        expires: text(properties, "expiration_datetime").and_then(parse_time),
        withdrawn: matches!(text(properties, "status_en"), Some("ended" | "cancelled")),
        ..Stated::default()
    }
}

/// The colour of risk; before it was brought in, and where it is missing, the kind of alert.
fn severity(properties: &Value) -> Option<Severity> {
    let colour = match text(properties, "risk_colour_en").map(str::to_ascii_lowercase).as_deref() {
        Some("red") => Some(Severity::Critical),
        Some("orange") => Some(Severity::High),
        Some("yellow") => Some(Severity::Medium),
        _ => None,
    };
    colour.or_else(|| match text(properties, "alert_type")? {
        "warning" => Some(Severity::High),
        "watch" => Some(Severity::Medium),
        "advisory" | "statement" => Some(Severity::Low),
        _ => None,
    })
}
