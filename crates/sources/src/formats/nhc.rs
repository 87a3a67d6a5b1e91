//! RSS of the US National Hurricane Center: summaries of cyclones, their advisories, and the outlook of each basin.
//! <https://www.nhc.noaa.gov/aboutrss.shtml>

use std::collections::HashMap;

use crisislens_model::{HazardType, Severity, Stated};

use crate::draft::{Draft, raw};
use crate::hazards::severity_of_knots;
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::xml::{self, Element};
use crate::{decode, event_ids, geo, html};

const KNOTS_PER_MPH: f64 = 0.868_976;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let root = xml::parse(decode::without_declaration(&text))?;
    let channel =
        root.child("channel").filter(|_| root.name == "rss").ok_or_else(|| DocumentError::Unexpected {
            expected: "RSS of the NHC",
            found: format!("its root is <{}> without a channel", root.name),
        })?;
    let cyclones = cyclones(channel);
    let mut parsed = Parsed::default();
    for (index, item) in channel.children("item").enumerate() {
        parsed.take(&entry_name(item.text_of("guid"), index), draft(item, &cyclones), ctx);
    }
    Ok(parsed)
}

/// The cyclones of the feed by their wallet, such as `AT2`: the place in the centre's files that advisories are named by. It is used
/// again for the next cyclone, so it tells which one is meant within a feed alone.
fn cyclones(channel: &Element) -> HashMap<&str, &Element> {
    let summaries = channel.children("item").filter_map(|item| item.child("Cyclone"));
    summaries.filter_map(|cyclone| Some((cyclone.text_of("wallet")?, cyclone))).collect()
}

fn draft(item: &Element, cyclones: &HashMap<&str, &Element>) -> Result<Draft, String> {
    let title = item.text_of("title").ok_or("has no title")?;
    if title.to_lowercase().starts_with("there are no tropical cyclones") {
        return Err("says that there is no cyclone".into());
    }
    let link = item.text_of("link");
    let guid = item.text_of("guid").or(link).ok_or("has neither a guid nor a link")?;
    let product = link.and_then(product);
    let cyclone = item.child("Cyclone").or_else(|| cyclones.get(product?.1).copied());
    let atcf = cyclone.and_then(|cyclone| event_ids::cyclone(cyclone.text_of("atcf")?));
    let number = atcf.as_deref().and_then(|id| id.strip_prefix("atcf:"));
    let source_id = match (number, product) {
        (Some(number), _) if item.child("Cyclone").is_some() => format!("{number}/summary"),
        (Some(number), Some((kind, _))) => format!("{number}/{kind}"),
        _ => without_time(guid).to_owned(),
    };
    let body = item.text_of("description").map(html::to_text).filter(|text| !text.is_empty());
    let headline = cyclone.and_then(|cyclone| cyclone.text_of("headline"));
    Ok(Draft {
        source_id,
        url: link.map(str::to_owned),
        title: Some(title.to_owned()),
        text: body.or_else(|| headline.map(str::to_owned)).unwrap_or_else(|| title.to_owned()),
        author: Some("National Hurricane Center".into()),
        said_at: item.text_of("pubDate").and_then(parse_time),
        language: language(item, title),
        stated: stated(title, cyclone, atcf),
        raw: raw(&item.to_json(&[])),
        ..Draft::default()
    })
}

/// What kind of product a link leads to and for which wallet: `MIATCPAT2` is the public advisory on AT2. Spanish ones end in
/// `_SP` or start otherwise and have a product of their own.
fn product(link: &str) -> Option<(&str, &str)> {
    let at = ["MIA", "HFO", "SJU"].into_iter().find_map(|office| Some(link.find(office)? + office.len()))?;
    let (kind, wallet) = (link.get(at..at + 3)?, link.get(at + 3..at + 6)?);
    let known = kind.starts_with("TC") || kind == "PWS";
    let basin = ["AT", "EP", "CP"].iter().any(|basin| wallet.starts_with(basin));
    (known && basin && wallet.ends_with(|c: char| c.is_ascii_digit())).then_some((kind, wallet))
}

/// An outlook's guid ends in the minute of issue; without it, the next issue is a revision of the same item.
fn without_time(guid: &str) -> &str {
    let cut = guid.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = guid.len() - cut.len();
    if digits == 12 { cut.trim_end_matches(['&', '?', '-', '=']) } else { guid }
}

fn language(item: &Element, title: &str) -> Option<String> {
    let spanish = title.contains("Español") || item.text_of("guid").is_some_and(|guid| guid.contains("_SP"));
    Some(if spanish { "es" } else { "en-US" }.to_owned())
}

fn stated(title: &str, cyclone: Option<&Element>, atcf: Option<String>) -> Stated {
    let point = cyclone.and_then(centre);
    Stated {
        hazard: Some(HazardType::TropicalCyclone),
        severity: match cyclone {
            Some(cyclone) => severity(cyclone),
            // A chance that a cyclone forms is not one yet.
            None if title.contains("Outlook") => Some(Severity::Low),
            None => None,
        },
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        event_id: atcf,
        ..Stated::default()
    }
}

/// `12.8, -53.5`, or with the half of the globe as `12.8N 53.5W`.
fn centre(cyclone: &Element) -> Option<geo::Point> {
    let coordinate = |text: &str| {
        let number: f64 = text.trim_end_matches(|c: char| c.is_ascii_alphabetic()).parse().ok()?;
        Some(if text.ends_with(['S', 'W']) { -number } else { number })
    };
    let text = cyclone.text_of("center")?;
    let mut numbers = text.split([',', ' ']).filter(|part| !part.is_empty()).map(coordinate);
    geo::on_globe(numbers.next()??, numbers.next()??)
}

fn severity(cyclone: &Element) -> Option<Severity> {
    let wind = cyclone.text_of("wind")?.to_ascii_lowercase();
    let number: f64 = wind.split_whitespace().next()?.parse().ok()?;
    let knots = if wind.contains("mph") { number * KNOTS_PER_MPH } else { number };
    knots.is_finite().then(|| severity_of_knots(knots))
}
