//! Common Alerting Protocol 1.0, 1.1 and 1.2: one alert is one item. What the schema demands but an item can do without
//! (scope, urgency, a headline) may be missing, since a warning with a flaw is still a warning.
//! <https://docs.oasis-open.org/emergency/cap/v1.2/CAP-v1.2.html>

use crisislens_model::raw_item::MAX_OTHER_EVENT_IDS;
use crisislens_model::{HazardType, Stated};
use jiff::tz::TimeZone;

use super::cap_area::{centre, first_zone, pairs, value};
use super::cap_atom;
use super::vtec::{Segment, Vtec, give_identities};
use crate::draft::{Draft, raw};
use crate::hazards::{
    hazard_of_awareness, hazard_of_category, hazard_of_event, severity_of_awareness, severity_of_cap,
};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::xml::{self, Element};
use crate::{country, decode, event_ids, html};

type Pairs<'a> = Vec<(&'a str, &'a str)>;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let root = xml::parse(decode::without_declaration(&text))?;
    let segments: Vec<Segment> = match root.name.as_str() {
        "alert" => vec![segment(&root, 0)],
        "feed" => {
            root.children("entry").enumerate().map(|(index, entry)| cap_atom::segment(entry, index)).collect()
        }
        // A list of alerts in one file (`<alerts>`, EDXL): each is on its own.
        _ => {
            alerts_below(&root).into_iter().enumerate().map(|(index, alert)| segment(alert, index)).collect()
        }
    };
    if segments.is_empty() && root.name != "feed" {
        let found = format!("its root is <{}> and holds no alert", root.name);
        return Err(DocumentError::Unexpected { expected: "CAP", found });
    }
    Ok(take(segments, ctx))
}

/// The alerts of a document as items, each with its identity.
pub(crate) fn take(mut segments: Vec<Segment>, ctx: &SourceContext<'_>) -> Parsed {
    give_identities(&mut segments);
    let mut parsed = Parsed::default();
    for segment in segments {
        parsed.take(&segment.entry, segment.draft, ctx);
    }
    parsed
}

/// Whether a status lets an alert through: `Ok(true)` for an exercise.
pub(crate) fn exercise(status: Option<&str>) -> Result<bool, String> {
    match status {
        Some("Actual") | None => Ok(false),
        Some("Exercise") => Ok(true),
        Some(status) => Err(format!("its status is {status}")),
    }
}

fn alerts_below(element: &Element) -> Vec<&Element> {
    if element.name == "alert" {
        return vec![element];
    }
    element.children.iter().flat_map(alerts_below).collect()
}

pub(crate) fn segment(alert: &Element, index: usize) -> Segment {
    let info = best_info(alert);
    let parameters = info.map(|info| pairs(info, "parameter")).unwrap_or_default();
    let sent = alert.text_of("sent").and_then(parse_time);
    let year = sent.map_or(0, |sent| sent.to_zoned(TimeZone::UTC).year());
    let vtec = value(&parameters, "VTEC").and_then(|code| Vtec::find(code, year));
    let geocodes: Pairs<'_> = info
        .into_iter()
        .flat_map(|info| info.children("area"))
        .flat_map(|area| pairs(area, "geocode"))
        .collect();
    Segment {
        entry: entry_name(alert.text_of("identifier"), index),
        draft: draft(alert, info, &parameters, vtec.as_ref()),
        vtec,
        zone: first_zone(&geocodes),
    }
}

/// English where there is one, else the first; a missing language means English (CAP 1.2 §3.2.2).
fn best_info(alert: &Element) -> Option<&Element> {
    let english = |info: &&Element| {
        info.text_of("language").is_none_or(|tag| tag.to_ascii_lowercase().starts_with("en"))
    };
    alert.children("info").find(english).or_else(|| alert.child("info"))
}

fn draft(
    alert: &Element,
    info: Option<&Element>,
    parameters: &Pairs<'_>,
    vtec: Option<&Vtec>,
) -> Result<Draft, String> {
    let exercise = exercise(alert.text_of("status"))?;
    if let Some(scope @ ("Restricted" | "Private")) = alert.text_of("scope") {
        return Err(format!("its scope is {scope}, so it is not for the public"));
    }
    let kind = alert.text_of("msgType").unwrap_or("Alert");
    if matches!(kind, "Ack" | "Error") {
        return Err(format!("its message type is {kind}, which says nothing about a happening"));
    }
    let identifier = alert.text_of("identifier").ok_or("has no identifier")?;
    let referenced = alert.text_of("references").and_then(first_reference);
    let source_id = referenced.filter(|_| matches!(kind, "Update" | "Cancel")).unwrap_or(identifier);
    let sent = alert.text_of("sent").ok_or("has no time of sending")?;
    let mut stated = info.map(|info| stated(alert, info, parameters, vtec)).unwrap_or_default();
    stated.withdrawn = kind == "Cancel" || vtec.is_some_and(Vtec::withdraws) || info.is_some_and(all_clear);
    event_ids::give(&mut stated, event_ids(alert, parameters));
    // Its own id leads to no incident by itself, but an index names the alert by it.
    stated.other_event_ids.push(format!("cap:{source_id}"));
    stated.country = country(alert, info).map(str::to_owned);
    Ok(Draft {
        source_id: source_id.to_owned(),
        url: info.and_then(|info| info.text_of("web")).map(str::to_owned),
        title: info.and_then(title).or_else(|| Some(format!("{kind} {identifier}"))),
        text: describe(alert, info, kind),
        author: info
            .and_then(|info| info.text_of("senderName"))
            .or(alert.text_of("sender"))
            .map(str::to_owned),
        said_at: Some(parse_time(sent).ok_or_else(|| format!("its time of sending, `{sent}`, is no date"))?),
        language: info.map(|info| info.text_of("language").unwrap_or("en-US").to_owned()),
        media: info.map(media).unwrap_or_default(),
        stated,
        raw: raw(&alert.to_json(&["Signature", "derefUri"])),
        exercise,
    })
}

fn stated(alert: &Element, info: &Element, parameters: &Pairs<'_>, vtec: Option<&Vtec>) -> Stated {
    let areas: Vec<&Element> = info.children("area").collect();
    let point = centre(&areas);
    let places: Vec<&str> = areas.iter().filter_map(|area| area.text_of("areaDesc")).collect();
    Stated {
        hazard: hazard(alert, info, parameters, vtec),
        severity: info
            .text_of("severity")
            .and_then(severity_of_cap)
            .or_else(|| value(parameters, "awareness_level").and_then(severity_of_awareness)),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: (!places.is_empty()).then(|| places.join("; ")),
        magnitude: value(parameters, "Magnitude")
            .or_else(|| value(parameters, "EventMagnitude"))
            .and_then(|text| text.split_whitespace().next()?.parse().ok()),
        expires: info.text_of("expires").and_then(parse_time),
        ..Stated::default()
    }
}

fn hazard(
    alert: &Element,
    info: &Element,
    parameters: &Pairs<'_>,
    vtec: Option<&Vtec>,
) -> Option<HazardType> {
    let named = |element: &Element| element.text_of("event").and_then(hazard_of_event);
    vtec.and_then(Vtec::hazard)
        .or_else(|| named(info))
        // Where the chosen language has an event name we do not know, another language may have one we do.
        .or_else(|| alert.children("info").find_map(named))
        .or_else(|| value(parameters, "awareness_type").and_then(hazard_of_awareness))
        .or_else(|| info.text_of("headline").and_then(hazard_of_event))
        .or_else(|| info.text_of("category").and_then(hazard_of_category))
}

/// The identifier in the first `sender,identifier,sent` of a references element.
fn first_reference(references: &str) -> Option<&str> {
    references
        .split_whitespace()
        .find_map(|reference| reference.split(',').nth(1))
        .filter(|id| !id.is_empty())
}

/// The incidents an alert belongs to, then the earthquake it reports. Some services write the message type where the incident
/// stands; taken as an id it would join everything they say.
fn event_ids(alert: &Element, parameters: &Pairs<'_>) -> Vec<String> {
    const TYPES: [&str; 5] = ["alert", "update", "cancel", "ack", "error"];
    let incidents = alert.text_of("incidents").unwrap_or_default().split_whitespace();
    let named = incidents.filter(|id| !TYPES.contains(&id.to_ascii_lowercase().as_str()));
    let usgs = value(parameters, "EventIDKey").map(|key| format!("usgs:{key}"));
    named.map(|id| format!("cap:{id}")).chain(usgs).take(MAX_OTHER_EVENT_IDS).collect()
}

/// Whether the sender says that the happening is no longer a threat (CAP 1.2 §3.2.2, responseType `AllClear`).
fn all_clear(info: &Element) -> bool {
    let mut responses = info.children("responseType").map(|response| response.text.trim()).peekable();
    responses.peek().is_some() && responses.all(|response| response == "AllClear")
}

fn country(alert: &Element, info: Option<&Element>) -> Option<&'static str> {
    let coded = info.into_iter().flat_map(|info| info.children("area")).find_map(|area| {
        let codes = pairs(area, "geocode");
        codes.iter().filter(|(name, _)| name.contains("iso")).find_map(|(_, code)| country::of_code(code))
    });
    coded
        .or_else(|| alert.text_of("identifier").and_then(country::of_oid))
        .or_else(|| alert.text_of("sender").and_then(country::of_sender))
}

fn title(info: &Element) -> Option<String> {
    if let Some(headline) = info.text_of("headline") {
        return Some(headline.to_owned());
    }
    let event = info.text_of("event")?;
    let area = info.child("area").and_then(|area| area.text_of("areaDesc"));
    Some(area.map_or_else(|| event.to_owned(), |area| format!("{event}: {area}")))
}

fn describe(alert: &Element, info: Option<&Element>, kind: &str) -> String {
    let mut parts: Vec<String> = info
        .into_iter()
        .flat_map(|info| ["description", "instruction"].into_iter().filter_map(|name| info.text_of(name)))
        .map(html::plain)
        .collect();
    parts.extend(alert.text_of("note").filter(|_| parts.is_empty()).map(html::plain));
    if kind == "Cancel" && parts.is_empty() {
        parts.push("The sender has cancelled this alert.".into());
    }
    parts.extend(info.and_then(title).filter(|_| parts.is_empty()));
    parts.join("\n\n")
}

fn media(info: &Element) -> Vec<String> {
    let pictures = info.children("resource").filter(|resource| {
        resource
            .text_of("mimeType")
            .is_some_and(|kind| kind.starts_with("image") || kind.starts_with("video"))
    });
    pictures.filter_map(|resource| resource.text_of("uri")).map(str::to_owned).collect()
}
