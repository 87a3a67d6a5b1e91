//! ReliefWeb API, version 1 and 2: disasters and reports, as many fields as the query asked for.
//! <https://apidoc.reliefweb.int/>

use crisislens_model::raw_item::MAX_OTHER_EVENT_IDS;
use crisislens_model::{HazardType, Stated};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::draft::Draft;
use crate::hazards::{hazard_of_event, hazard_of_glide};
use crate::json::{entries, text, word};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::time::parse_time;
use crate::{country, decode, event_ids, html};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let entries = entries(&document, "data", "a list of the ReliefWeb API")?;
    let mut parsed = Parsed::default();
    parsed.take_each(&entries, ctx, |entry| word(entry, "id"), draft);
    let links = entries.beside("links");
    parsed.next = links.get("next").and_then(|next| text(next, "href")).map(str::to_owned);
    Ok(parsed)
}

fn draft(entry: &Value, raw: &RawValue) -> Result<Draft, String> {
    let id = word(entry, "id").ok_or("has no id")?;
    let fields = entry.get("fields").filter(|fields| fields.is_object()).ok_or("has no fields")?;
    // A report has a title, a disaster a name. Their ids are counted apart.
    let (kind, title) = match (text(fields, "name"), text(fields, "title")) {
        (Some(name), _) => ("disaster", name),
        (None, Some(title)) => ("report", title),
        (None, None) => return Err("has neither a name nor a title".into()),
    };
    let date = fields.get("date").unwrap_or(&Value::Null);
    let said_at = ["created", "event", "original", "changed"].into_iter().find_map(|key| text(date, key));
    // An item without a date is taken as said now, which a disaster of years ago must not be.
    if said_at.is_none() && matches!(text(fields, "status"), Some("past" | "alert-archive" | "archive")) {
        return Err("is over and has no date; ask for the field `date`".into());
    }
    Ok(Draft {
        source_id: format!("{kind}/{id}"),
        url: ["url_alias", "url"].into_iter().find_map(|key| text(fields, key)).map(str::to_owned),
        title: Some(title.to_owned()),
        text: describe(fields, title),
        author: author(fields),
        said_at: said_at.and_then(parse_time),
        language: language(fields),
        stated: stated(fields, &id, kind),
        raw: Some(raw.to_owned()),
        ..Draft::default()
    })
}

fn describe(fields: &Value, title: &str) -> String {
    let html = ["description-html", "body-html"].into_iter().find_map(|key| text(fields, key));
    let plain = || ["description", "body"].into_iter().find_map(|key| text(fields, key));
    let body = html.map(html::to_text).or_else(|| plain().map(str::to_owned));
    body.unwrap_or_else(|| match text(fields, "status") {
        Some(status) => format!("{title}. Status: {status}."),
        None => title.to_owned(),
    })
}

/// Who wrote a report; a disaster is described by ReliefWeb itself.
fn author(fields: &Value) -> Option<String> {
    let sources = fields.get("source").and_then(Value::as_array);
    let names: Vec<&str> = sources.into_iter().flatten().filter_map(|source| text(source, "name")).collect();
    Some(if names.is_empty() { "ReliefWeb".to_owned() } else { names.join(", ") })
}

fn language(fields: &Value) -> Option<String> {
    let languages = fields.get("language").and_then(Value::as_array);
    let code = languages.and_then(|languages| languages.iter().find_map(|language| text(language, "code")));
    Some(code.unwrap_or("en").to_owned())
}

/// The point ReliefWeb gives is the middle of the country and says nothing about where in it, so it is not taken.
fn stated(fields: &Value, id: &str, kind: &str) -> Stated {
    let list = |key: &str| fields.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    let countries = list("country");
    let names: Vec<&str> = countries.iter().filter_map(|country| text(country, "name")).collect();
    let primary = fields.get("primary_country").or_else(|| countries.first());
    let disasters = list("disaster");
    let mut glides: Vec<String> = text(fields, "glide").and_then(event_ids::glide).into_iter().collect();
    glides.extend(disasters.iter().filter_map(|disaster| text(disaster, "glide").and_then(event_ids::glide)));
    let own = if kind == "disaster" { Some(id.to_owned()) } else { None };
    let listed = disasters.iter().filter_map(|disaster| word(disaster, "id"));
    let ids = own.into_iter().chain(listed).map(|id| format!("reliefweb:{id}"));
    let mut stated = Stated {
        hazard: hazard(fields, &glides),
        place: (!names.is_empty()).then(|| names.join("; ")),
        country: primary.and_then(country_of).map(str::to_owned),
        ..Stated::default()
    };
    // A report that speaks of several disasters would join them if it stood for one.
    if kind == "disaster" || disasters.len() == 1 {
        event_ids::give(&mut stated, glides.into_iter().chain(ids));
    } else {
        stated.other_event_ids = glides.into_iter().chain(ids).take(MAX_OTHER_EVENT_IDS).collect();
    }
    if stated.country.is_none() && kind == "disaster" {
        let glide = stated.event_id.as_deref().filter(|id| id.starts_with("glide:"));
        stated.country = glide.and_then(|id| country::of_alpha3(id.rsplit('-').next()?)).map(str::to_owned);
    }
    stated
}

fn country_of(value: &Value) -> Option<&'static str> {
    let code = text(value, "iso3").and_then(country::of_alpha3);
    code.or_else(|| text(value, "name").and_then(country::of_name))
}

/// Of the stated type; else of the letters that a GLIDE number starts with; else of the type's name.
fn hazard(fields: &Value, glides: &[String]) -> Option<HazardType> {
    let types = ["type", "disaster_type"].into_iter().find_map(|key| fields.get(key)?.as_array());
    let primary = fields.get("primary_type").or_else(|| types.and_then(|types| types.first()));
    let coded = primary.and_then(|kind| text(kind, "code")).and_then(hazard_of_glide);
    let numbered = || {
        let first = glides.first()?.strip_prefix("glide:")?;
        hazard_of_glide(first.get(..2)?)
    };
    let named = || primary.and_then(|kind| text(kind, "name")).and_then(hazard_of_event);
    coded.or_else(numbered).or_else(named)
}
