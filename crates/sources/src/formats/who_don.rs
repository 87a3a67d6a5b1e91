//! Disease Outbreak News of the World Health Organization: the list of its API (OData), or one JSON object a line as archives
//! keep it. Both name a report by the last part of its address. <https://www.who.int/api/news/diseaseoutbreaknews/sfhelp>

use crisislens_model::{HazardType, Stated};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::{Draft, clip};
use crate::json::{entries, text, texts};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{country, decode, html};

const PAGE: &str = "https://www.who.int/emergencies/disease-outbreak-news/item/";
/// Longest text taken from a report, in bytes; what follows are lists of references.
const MAX_REPORT_BYTES: usize = 32 * 1024;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let mut parsed = Parsed::default();
    if let Ok(entries) = entries(&document, "value", "a list of the WHO's API") {
        parsed.take_each(&entries, ctx, |entry| name(entry).map(str::to_owned), draft);
        parsed.next = entries.beside("@odata.nextLink").as_str().map(str::to_owned);
        return Ok(parsed);
    }
    let lines: Vec<&str> = document.lines().filter(|line| !line.trim().is_empty()).collect();
    let found = lines.first().map_or("it is empty", |_| "no line is a JSON object");
    for (index, line) in lines.iter().enumerate() {
        let entry = format!("line {}", index + 1);
        match serde_json::from_str::<&RawValue>(line) {
            Ok(raw) => {
                let value: Value = serde_json::from_str(raw.get()).unwrap_or(Value::Null);
                parsed.take(name(&value).unwrap_or(&entry), draft(&value, raw), ctx);
            }
            Err(error) => parsed.take(&entry, Err(error.to_string()), ctx),
        }
    }
    if parsed.items.is_empty() && !lines.iter().any(|line| line.trim_start().starts_with('{')) {
        return Err(DocumentError::Unexpected { expected: "Disease Outbreak News", found: found.into() });
    }
    Ok(parsed)
}

/// The last part of the report's address.
fn name(entry: &Value) -> Option<&str> {
    let address = ["UrlName", "ItemDefaultUrl", "url"].into_iter().find_map(|key| text(entry, key))?;
    address.trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())
}

fn draft(entry: &Value, raw: &RawValue) -> Result<Draft, String> {
    let name = name(entry).ok_or("has no address that names it")?;
    let dated = ["PublicationDateAndTime", "PublicationDate", "date"]
        .into_iter()
        .find_map(|key| text(entry, key))
        .ok_or("has no date of publication")?;
    let said_at = parse_time(dated)
        .or_else(|| parse_time(&format!("{dated}T00:00:00")))
        .ok_or_else(|| format!("its date, `{dated}`, is no date"))?;
    let text = describe(entry);
    Ok(Draft {
        source_id: name.to_owned(),
        url: Some(text_of_url(entry).unwrap_or_else(|| format!("{PAGE}{name}"))),
        title: title(entry),
        text: clip(text, MAX_REPORT_BYTES),
        author: Some("World Health Organization".into()),
        said_at: Some(said_at),
        language: Some("en".into()),
        stated: stated(entry, name),
        raw: Some(raw.to_owned()),
        ..Draft::default()
    })
}

fn text_of_url(entry: &Value) -> Option<String> {
    text(entry, "url").filter(|url| url.starts_with("http")).map(str::to_owned)
}

/// The stated title, else diseases and countries as the archive lists them.
fn title(entry: &Value) -> Option<String> {
    let overridden = entry.get("UseOverrideTitle").and_then(Value::as_bool) == Some(true);
    let chosen = text(entry, "OverrideTitle").filter(|_| overridden).or_else(|| text(entry, "Title"));
    chosen.map(html::plain).or_else(|| {
        let diseases = texts(entry, "diseases");
        let codes = texts(entry, "countries");
        let countries: Vec<&str> = codes.iter().filter_map(|code| country::of_alpha3(code)).collect();
        match (diseases.is_empty(), countries.is_empty()) {
            (true, _) => None,
            (false, true) => Some(diseases.join(", ")),
            (false, false) => Some(format!("{} - {}", diseases.join(", "), countries.join(", "))),
        }
    })
}

fn describe(entry: &Value) -> String {
    let parts = ["Summary", "Overview", "Epidemiology", "Assessment", "Response", "Advice"];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|key| text(entry, key))
        .map(html::plain)
        .filter(|p| !p.is_empty())
        .collect();
    if parts.is_empty() { tidy(text(entry, "text").unwrap_or_default()) } else { parts.join("\n\n") }
}

/// Archived text keeps the white space of the page it was taken from, and the links above its first heading.
fn tidy(page: &str) -> String {
    let lines: Vec<&str> = page.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let chrome = |line: &&str| line.starts_with("See all DONs") || line.starts_with("Read more about");
    lines.into_iter().filter(|line| !chrome(line)).collect::<Vec<_>>().join("\n")
}

/// The country where there is one alone; several, or the whole world, leave it open.
fn stated(entry: &Value, name: &str) -> Stated {
    let codes = texts(entry, "countries");
    let listed: Vec<&str> = codes.iter().filter_map(|code| country::of_alpha3(code)).collect();
    let titled = title(entry).and_then(|title| {
        let place = title.rsplit([',', '–', '—']).next()?.to_owned();
        let place = place.rsplit(" - ").next()?.trim().trim_end_matches('-').to_owned();
        country::of_name(&place)
    });
    let country = match listed.as_slice() {
        [only] => Some(*only),
        [] => titled,
        _ => None,
    };
    Stated {
        hazard: Some(HazardType::Epidemic),
        country: country.map(str::to_owned),
        event_id: Some(format!("who-don:{name}")),
        ..Stated::default()
    }
}
