//! A raw item as the ingest API takes it, with a message per field that a person can act on.

use crisislens_model::{
    ClaimReview, ExerciseId, FieldError, HazardType, ItemId, RawItem, Severity, SourceKind, Stated, Timestamp,
};
use serde::Deserialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::parse::SourceContext;
use crate::time::{from_epoch_ms, parse_time};

/// Fields that are carried over; an object with others keeps itself whole as `raw_data`.
const KNOWN: [&str; 15] = [
    "id",
    "source",
    "source_id",
    "source_kind",
    "url",
    "title",
    "text",
    "author",
    "timestamp",
    "language_hint",
    "media",
    "stated",
    "raw_data",
    "exercise",
    "ingested_at",
];
/// Epochs above this are in milliseconds (it is the year 5138 in seconds).
const SECONDS_LIMIT: u64 = 100_000_000_000;

/// Reads one raw item. `source`, `source_id` and `text` are required; `timestamp` defaults to now; the id is always derived.
/// `source_kind` may lower the voice that `ctx.kind` vouches for, never raise it. Unknown fields are kept in `raw_data`.
///
/// # Errors
/// One message for each field that is missing, of the wrong type or out of range.
pub fn raw_item_from_json(value: &[u8], ctx: &SourceContext<'_>) -> Result<RawItem, Vec<FieldError>> {
    read_raw_item(value, ctx).map(|(item, _)| item)
}

/// The raw item, and whether its time is the sender's own.
pub(crate) fn read_raw_item(
    value: &[u8],
    ctx: &SourceContext<'_>,
) -> Result<(RawItem, bool), Vec<FieldError>> {
    let value: Value = serde_json::from_slice(value)
        .map_err(|error| vec![FieldError::new("body", format!("is not a JSON object: {error}"))])?;
    let Value::Object(object) = value else {
        return Err(vec![FieldError::new("body", "is not a JSON object")]);
    };
    let mut fields = Fields { object: &object, at: "", problems: Vec::new() };
    let (source, source_id) = (fields.required("source"), fields.required("source_id"));
    let text = fields.required("text");
    let said_at = fields.instant("timestamp");
    let kind = fields.word("source_kind", kind_of, "official, media or social");
    let stated = fields.stated();
    let exercise = fields.flag("exercise") || ctx.exercise;
    // Only exercises that are started make such ids and say which they are: nobody else speaks in their items' name.
    if fields.get("exercise_id").is_some() {
        fields.wrong(
            "exercise_id",
            "is for exercises that are started; `exercise` says that it is not in earnest",
        );
    }
    if is_of_exercise(&source_id) {
        fields.wrong("source_id", "ends with ~ and an id, as those of exercises do");
    }
    let item = RawItem {
        id: ItemId::derive(&source, &source_id, exercise),
        source,
        source_id,
        source_kind: kind.unwrap_or(ctx.kind).max(ctx.kind),
        url: fields.text("url"),
        title: fields.text("title"),
        text,
        author: fields.text("author"),
        timestamp: said_at.unwrap_or(ctx.now),
        language_hint: fields.text("language_hint"),
        media: fields.texts("media"),
        stated,
        exercise,
        exercise_id: None,
        raw_data: raw_data(&object),
        ingested_at: ctx.now,
    };
    let mut problems = fields.problems;
    // A field that could not be read stands empty in the item; saying that as well would only confuse.
    let said: Vec<String> = problems.iter().map(|problem| problem.field.clone()).collect();
    problems.extend(item.problems(ctx.now).into_iter().filter(|problem| !said.contains(&problem.field)));
    if problems.is_empty() { Ok((item, said_at.is_some())) } else { Err(problems) }
}

fn is_of_exercise(source_id: &str) -> bool {
    source_id.rsplit_once('~').is_some_and(|(_, id)| id.parse::<ExerciseId>().is_ok())
}

fn raw_data(object: &Map<String, Value>) -> Option<Box<RawValue>> {
    match object.get("raw_data") {
        Some(Value::Null) | None => {
            let unknown = object.keys().any(|key| !KNOWN.contains(&key.as_str()));
            unknown.then(|| to_raw_value(object).ok()).flatten()
        }
        Some(data) => to_raw_value(data).ok(),
    }
}

fn kind_of(word: &str) -> Option<SourceKind> {
    [SourceKind::Official, SourceKind::Media, SourceKind::Social]
        .into_iter()
        .find(|kind| kind.as_str() == word)
}

/// An object whose fields are read one by one, with what was wrong with them.
struct Fields<'a> {
    object: &'a Map<String, Value>,
    /// Prefix of the names in messages.
    at: &'static str,
    problems: Vec<FieldError>,
}

impl Fields<'_> {
    fn wrong(&mut self, field: &str, problem: impl Into<String>) {
        self.problems.push(FieldError::new(format!("{}{field}", self.at), problem));
    }

    fn get(&self, field: &str) -> Option<&Value> {
        self.object.get(field).filter(|value| !value.is_null())
    }

    fn required(&mut self, field: &str) -> String {
        if self.get(field).is_none() {
            self.wrong(field, "is required");
        }
        self.text(field).unwrap_or_default()
    }

    fn text(&mut self, field: &str) -> Option<String> {
        match self.get(field)? {
            Value::String(text) => Some(text.clone()),
            other => {
                let problem = format!("must be a string, not {}", kind_of_value(other));
                self.wrong(field, problem);
                None
            }
        }
    }

    fn texts(&mut self, field: &str) -> Vec<String> {
        let list = match self.get(field) {
            None => return Vec::new(),
            Some(Value::Array(list)) => list.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
            Some(_) => None,
        };
        if list.is_none() {
            self.wrong(field, "must be a list of strings");
        }
        list.unwrap_or_default()
    }

    fn flag(&mut self, field: &str) -> bool {
        match self.get(field) {
            None => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.wrong(field, "must be true or false");
                false
            }
        }
    }

    fn number(&mut self, field: &str) -> Option<f64> {
        let number = self.get(field)?.as_f64();
        if number.is_none() {
            self.wrong(field, "must be a number");
        }
        number
    }

    fn instant(&mut self, field: &str) -> Option<Timestamp> {
        let instant = match self.get(field)? {
            Value::String(text) => parse_time(text),
            Value::Number(number) => number.as_i64().and_then(|epoch| {
                from_epoch_ms(if epoch.unsigned_abs() < SECONDS_LIMIT {
                    epoch.checked_mul(1000)?
                } else {
                    epoch
                })
            }),
            _ => None,
        };
        if instant.is_none() {
            self.wrong(field, "must be a date such as 2026-08-24T15:49:18Z (RFC 3339)");
        }
        instant
    }

    fn word<T>(&mut self, field: &str, read: impl Fn(&str) -> Option<T>, known: &str) -> Option<T> {
        let word = self.text(field)?;
        let value = read(&word);
        if value.is_none() {
            self.wrong(field, format!("must be one of {known}"));
        }
        value
    }

    fn review(&mut self) -> Option<Box<ClaimReview>> {
        let value = self.get("claim_review")?;
        match ClaimReview::deserialize(value) {
            Ok(review) => Some(Box::new(review)),
            Err(error) => {
                self.wrong("claim_review", format!("must be a check of a claim: {error}"));
                None
            }
        }
    }

    fn stated(&mut self) -> Option<Stated> {
        let Some(object) = self.get("stated")?.as_object() else {
            self.wrong("stated", "must be an object");
            return None;
        };
        let hazards: Vec<&str> = HazardType::ALL.iter().map(|hazard| hazard.as_str()).collect();
        let mut fields = Fields { object, at: "stated.", problems: Vec::new() };
        let stated = Stated {
            hazard: fields.word("hazard", HazardType::parse, &hazards.join(", ")),
            severity: fields.word("severity", Severity::parse, "low, medium, high, critical"),
            lat: fields.number("lat"),
            lon: fields.number("lon"),
            place: fields.text("place"),
            country: fields.text("country"),
            magnitude: fields.number("magnitude"),
            event_id: fields.text("event_id"),
            other_event_ids: fields.texts("other_event_ids"),
            expires: fields.instant("expires"),
            claim_review: fields.review(),
            withdrawn: fields.flag("withdrawn"),
        };
        let problems = fields.problems;
        self.problems.extend(problems);
        Some(stated)
    }
}

fn kind_of_value(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
