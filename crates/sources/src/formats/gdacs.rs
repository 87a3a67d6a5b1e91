//! GDACS RSS: one item per disaster event, with the elements of the gdacs, geo and georss namespaces.
//! <https://www.gdacs.org/Knowledge/models.aspx> explains alert levels and scores.

use crisislens_model::{HazardType, Severity, Stated};

use crate::draft::{Draft, raw};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::xml::{self, Element};
use crate::{country, decode, event_ids, geo, html};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let root = xml::parse(decode::without_declaration(&text))?;
    let channel =
        root.child("channel").filter(|_| root.name == "rss").ok_or_else(|| DocumentError::Unexpected {
            expected: "GDACS RSS",
            found: format!("its root is <{}> without a channel", root.name),
        })?;
    let mut parsed = Parsed::default();
    for (index, item) in channel.children("item").enumerate() {
        parsed.take(&entry_name(item.text_of("guid"), index), draft(item), ctx);
    }
    Ok(parsed)
}

fn draft(item: &Element) -> Result<Draft, String> {
    let event = item.text_of("eventtype").zip(item.text_of("eventid"));
    let event = event.map(|(kind, id)| format!("{kind}{id}"));
    let source_id = item.text_of("guid").map(str::to_owned).or_else(|| event.clone());
    Ok(Draft {
        source_id: source_id.ok_or("has neither a guid nor an event type with an event id")?,
        url: item.text_of("link").map(str::to_owned),
        title: item.text_of("title").map(str::to_owned),
        text: describe(item),
        author: Some("GDACS".into()),
        said_at: item.text_of("pubDate").or_else(|| item.text_of("fromdate")).and_then(parse_time),
        language: Some("en".into()),
        media: item
            .child("enclosure")
            .and_then(|enclosure| enclosure.attribute("url"))
            .map(str::to_owned)
            .into_iter()
            .collect(),
        stated: stated(item, event),
        // The list of resources is long, the same for every event of a kind, and says nothing about the event.
        raw: raw(&item.to_json(&["resources"])),
        exercise: false,
    })
}

fn describe(item: &Element) -> String {
    let mut parts: Vec<String> = item.text_of("description").map(html::plain).into_iter().collect();
    for extra in ["severity", "population"].into_iter().filter_map(|name| item.text_of(name)) {
        let said = parts.iter().any(|part| part.to_lowercase().contains(&extra.to_lowercase()));
        if !said {
            parts.push(format!("{}.", extra.trim_end_matches('.')));
        }
    }
    parts.join("\n")
}

fn stated(item: &Element, event: Option<String>) -> Stated {
    let hazard = item.text_of("eventtype").map(hazard);
    let point = position(item);
    let country = item.text_of("iso3").and_then(country::of_alpha3);
    let magnitude = item
        .child("severity")
        .filter(|_| hazard == Some(HazardType::Earthquake))
        .and_then(|severity| severity.attribute("value")?.parse::<f64>().ok());
    Stated {
        hazard,
        severity: severity(item),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: item.text_of("country").map(str::to_owned),
        country: country.or_else(|| item.text_of("country").and_then(country::of_name)).map(str::to_owned),
        magnitude: magnitude.filter(|magnitude| magnitude.is_finite()),
        event_id: event.map(|event| format!("gdacs:{event}")),
        other_event_ids: item.text_of("glide").and_then(event_ids::glide).into_iter().collect(),
        expires: None,
        claim_review: None,
        withdrawn: false,
    }
}

fn hazard(event_type: &str) -> HazardType {
    match event_type {
        "EQ" => HazardType::Earthquake,
        "TC" => HazardType::TropicalCyclone,
        "FL" => HazardType::Flood,
        "VO" => HazardType::Volcano,
        "DR" => HazardType::Drought,
        "WF" => HazardType::Wildfire,
        "TS" => HazardType::Tsunami,
        _ => HazardType::Other,
    }
}

/// A score of 1 is the upper edge of green; what lies above it is on its way to orange.
fn severity(item: &Element) -> Option<Severity> {
    let score = item.text_of("alertscore").and_then(|score| score.parse::<f64>().ok());
    match item.text_of("alertlevel")?.to_ascii_lowercase().as_str() {
        "red" => Some(Severity::Critical),
        "orange" => Some(Severity::High),
        "green" if score.is_some_and(|score| score > 1.0) => Some(Severity::Medium),
        "green" => Some(Severity::Low),
        _ => None,
    }
}

fn position(item: &Element) -> Option<geo::Point> {
    let georss = item.text_of("point").and_then(|text| {
        let mut numbers = text.split_whitespace().filter_map(|number| number.parse::<f64>().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    let named = || {
        let point = item.child("Point").unwrap_or(item);
        Some((point.text_of("lat")?.parse().ok()?, point.text_of("long")?.parse().ok()?))
    };
    let (lat, lon) = georss.or_else(named)?;
    geo::on_globe(lat, lon)
}
