//! Short ways into a JSON value whose shape is not ours to trust.

use std::collections::HashMap;

use serde_json::Value;
use serde_json::value::RawValue;

use crate::parse::DocumentError;

/// The trimmed text under `key`; none where it is absent, empty or no text.
pub(crate) fn text<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The texts of the list under `key`, or the one text that stands there.
pub(crate) fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    match value.get(key) {
        Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(text)) => vec![text],
        _ => Vec::new(),
    }
}

/// The finite number under `key`.
pub(crate) fn number(value: &Value, key: &str) -> Option<f64> {
    value.get(key)?.as_f64().filter(|number| number.is_finite())
}

/// The text or whole number under `key`, as ids come in both.
pub(crate) fn word(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.to_string()),
        _ => text(value, key).map(str::to_owned),
    }
}

/// The entries of a document, and what stands around them.
pub(crate) struct Entries<'a> {
    /// Each entry as it was written.
    pub(crate) list: Vec<&'a RawValue>,
    /// The members beside the list, as far as the document could be read whole.
    pub(crate) around: HashMap<String, &'a RawValue>,
    /// Why the document ends before its list does.
    pub(crate) cut: Option<String>,
}

impl Entries<'_> {
    /// The member called `key` beside the list.
    pub(crate) fn beside(&self, key: &str) -> Value {
        self.around.get(key).and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or(Value::Null)
    }
}

/// The entries of `document`: the list under `key`, or the list that the document is where `key` is empty. Of a document that was cut
/// off, those before the cut.
pub(crate) fn entries<'a>(
    document: &'a str,
    key: &str,
    expected: &'static str,
) -> Result<Entries<'a>, DocumentError> {
    let document = document.trim();
    if key.is_empty() {
        return match serde_json::from_str(document) {
            Ok(list) => Ok(Entries { list, around: HashMap::new(), cut: None }),
            Err(error) => before_cut(document, document, &error),
        };
    }
    match serde_json::from_str::<HashMap<String, &RawValue>>(document) {
        Ok(mut around) => {
            let list = around.remove(key).and_then(|raw| serde_json::from_str(raw.get()).ok());
            let unexpected =
                || DocumentError::Unexpected { expected, found: format!("it has no list `{key}`") };
            Ok(Entries { list: list.ok_or_else(unexpected)?, around, cut: None })
        }
        Err(error) => before_cut(document, after_key(document, key).unwrap_or_default(), &error),
    }
}

/// What follows the first member called `key`.
fn after_key<'a>(document: &'a str, key: &str) -> Option<&'a str> {
    let quoted = format!("\"{key}\"");
    let mut rest = document.split_once(quoted.as_str())?.1;
    rest = rest.trim_start().strip_prefix(':')?;
    Some(rest.trim_start())
}

/// The whole entries of a list that starts `list` and was cut off.
fn before_cut<'a>(
    document: &str,
    list: &'a str,
    error: &serde_json::Error,
) -> Result<Entries<'a>, DocumentError> {
    let refused = || DocumentError::Json(error.to_string());
    if !error.is_eof() || document.is_empty() {
        return Err(refused());
    }
    let mut rest = list.strip_prefix('[').ok_or_else(refused)?;
    let mut entries = Vec::new();
    loop {
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&'a RawValue>();
        let Some(Ok(entry)) = values.next() else { break };
        let Some(next) = rest[values.byte_offset()..].trim_start().strip_prefix(',') else { break };
        entries.push(entry);
        rest = next;
    }
    let cut = format!("the document was cut off after {} whole entries", entries.len());
    Ok(Entries { list: entries, around: HashMap::new(), cut: Some(cut) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_entries_before_a_cut_are_kept() {
        let whole = r#"{"count": 3, "results": [ {"a": "x, \"]"}, 7 , [2] ], "next": "n"}"#;
        let read = |text: &'static str| entries(text, "results", "a list");
        let all = read(whole).ok().unwrap();
        assert_eq!((all.list.len(), all.cut.is_some(), all.beside("next")), (3, false, Value::from("n")));
        for end in 0..whole.len() {
            match read(&whole[..end]) {
                Ok(part) => {
                    assert!(part.cut.is_some(), "{end}");
                    assert!(part.list.iter().zip(&all.list).all(|(a, b)| a.get() == b.get()), "{end}");
                }
                Err(error) => assert!(matches!(error, DocumentError::Json(_)), "{end}: {error}"),
            }
        }
        assert_eq!(read(&whole[..whole.find("[2]").unwrap()]).ok().unwrap().list.len(), 2);
        assert_eq!(entries("[1, 2, 3", "", "a list").ok().unwrap().list.len(), 2);
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for (document, key) in
            [("<html>", "a"), ("{}", "a"), (r#"{"a": 7}"#, "a"), ("7", ""), ("", ""), ("", "a")]
        {
            assert!(entries(document, key, "a list").is_err(), "{document}");
        }
    }
}
