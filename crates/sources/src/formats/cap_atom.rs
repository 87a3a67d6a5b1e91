//! Atom indexes whose entries carry CAP elements (the older NWS index, Meteoalarm).

use crisislens_model::Stated;
use jiff::tz::TimeZone;

use super::cap::exercise;
use super::cap_area::{centre, first_zone, pairs, value};
use super::vtec::{Segment, Vtec};
use crate::draft::{Draft, raw};
use crate::hazards::{hazard_of_event, severity_of_cap};
use crate::parse::entry_name;
use crate::time::parse_time;
use crate::xml::Element;
use crate::{country, html};

/// One entry of the index.
pub(crate) fn segment(entry: &Element, index: usize) -> Segment {
    let said_at = ["updated", "sent", "published", "effective"]
        .into_iter()
        .find_map(|name| entry.text_of(name).and_then(parse_time));
    let year = said_at.map_or(0, |at| at.to_zoned(TimeZone::UTC).year());
    let vtec = value(&pairs(entry, "parameter"), "VTEC").and_then(|code| Vtec::find(code, year));
    let draft = draft(entry, vtec.as_ref()).map(|draft| Draft { said_at, ..draft });
    let zone = first_zone(&pairs(entry, "geocode"));
    Segment { entry: entry_name(entry.text_of("id"), index), draft, vtec, zone }
}

fn draft(entry: &Element, vtec: Option<&Vtec>) -> Result<Draft, String> {
    let exercise = exercise(entry.text_of("status"))?;
    // An index repeats one alert for each of its areas, so that the entry's own id tells them apart and the alert's does not.
    let id = entry.text_of("id").or_else(|| entry.text_of("identifier")).ok_or("has no id")?;
    let title = entry.text_of("title").or_else(|| entry.text_of("event"));
    let summary = entry.text_of("summary").or_else(|| entry.text_of("content"));
    let author = entry.child("author").and_then(|author| author.text_of("name"));
    Ok(Draft {
        source_id: id.to_owned(),
        url: link(entry).map(str::to_owned),
        title: title.map(str::to_owned),
        text: summary.map(html::plain).or_else(|| title.map(str::to_owned)).unwrap_or_default(),
        author: author.map(str::to_owned),
        stated: stated(entry, id, author, vtec),
        raw: raw(&entry.to_json(&[])),
        exercise,
        ..Draft::default()
    })
}

fn stated(entry: &Element, id: &str, author: Option<&str>, vtec: Option<&Vtec>) -> Stated {
    let point = centre(&[entry]);
    let message = entry.text_of("msgType").or_else(|| entry.text_of("message_type"));
    let named = entry.text_of("event").and_then(hazard_of_event);
    let country = entry
        .text_of("identifier")
        .and_then(country::of_oid)
        .or_else(|| author.and_then(country::of_sender))
        .or_else(|| country::of_sender(id));
    Stated {
        hazard: vtec.and_then(Vtec::hazard).or(named),
        severity: entry.text_of("severity").and_then(severity_of_cap),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: entry.text_of("areaDesc").map(str::to_owned),
        country: country.map(str::to_owned),
        event_id: entry.text_of("identifier").map(|id| format!("cap:{id}")),
        expires: entry.text_of("expires").and_then(parse_time),
        withdrawn: message == Some("Cancel") || vtec.is_some_and(Vtec::withdraws),
        ..Stated::default()
    }
}

/// The page for people where there is one, else the alert itself.
fn link(entry: &Element) -> Option<&str> {
    let links = || entry.children("link");
    let plain = links().find(|link| link.attribute("rel").is_none_or(|rel| rel == "alternate"));
    plain.or_else(|| links().next())?.attribute("href")
}
