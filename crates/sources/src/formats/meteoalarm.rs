//! Meteoalarm, the warnings of Europe's weather services: an Atom index with CAP elements, one CAP alert, or warnings as JSON (each a
//! CAP alert whose elements became members). All three are read as CAP. <https://feeds.meteoalarm.org>,
//! <https://api.meteoalarm.org/edr/v1>

use serde_json::Value;
use serde_json::value::RawValue;

use super::cap;
use super::vtec::Segment;
use crate::decode;
use crate::json::{entries, text};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::xml::Element;

/// How deep a warning may nest; CAP needs five levels.
const MAX_DEPTH: usize = 16;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    if !document.trim_start().starts_with('{') {
        return cap::parse(bytes, ctx);
    }
    let entries = entries(&document, "warnings", "a list of Meteoalarm warnings")?;
    let segments = entries.list.iter().enumerate().map(|(index, raw)| segment(index, raw)).collect();
    let mut parsed = cap::take(segments, ctx);
    if let Some(why) = entries.cut {
        parsed.cut_off = true;
        parsed.take(&entry_name(None, entries.list.len()), Err(why), ctx);
    }
    Ok(parsed)
}

fn segment(index: usize, raw: &RawValue) -> Segment {
    let failed =
        |why: String| Segment { entry: entry_name(None, index), draft: Err(why), vtec: None, zone: None };
    let warning: Value = match serde_json::from_str(raw.get()) {
        Ok(warning) => warning,
        Err(error) => return failed(error.to_string()),
    };
    let Some(alert) = warning.get("alert").filter(|alert| alert.is_object()) else {
        return failed("has no alert".into());
    };
    if text(alert, "identifier").is_none() {
        return failed("its alert has no identifier".into());
    }
    cap::segment(&element("alert", alert, 0), index)
}

/// The element that `value` was: members become children, a list the same child again, all else text.
fn element(name: &str, value: &Value, depth: usize) -> Element {
    let mut element = Element { name: name.to_owned(), ..Element::default() };
    match value {
        Value::Object(members) if depth < MAX_DEPTH => {
            for (key, member) in members {
                match member {
                    Value::Array(list) => {
                        element.children.extend(list.iter().map(|one| self::element(key, one, depth + 1)));
                    }
                    Value::Null => {}
                    _ => element.children.push(self::element(key, member, depth + 1)),
                }
            }
            // Members come in the order of the alphabet, in which a value stands before its name; readers of CAP expect the
            // order of the schema.
            element.children.sort_by_key(|child| child.name != "valueName");
        }
        Value::String(text) => element.text.clone_from(text),
        Value::Number(number) => element.text = number.to_string(),
        Value::Bool(flag) => element.text = flag.to_string(),
        _ => {}
    }
    element
}
