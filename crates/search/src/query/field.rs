//! Field operators, `name:value` and `name > value`: which there are, and how their values are read.

use std::fmt::Display;

use crisislens_model::{
    BoundingBox, HazardType, HumanitarianCategory, ItemFilter, ItemStatus, RiskSteps, Severity, Timestamp,
};
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::lexer::{Scanner, ends_bare, is_quote};
use super::{Label, QueryError, TextExpr};
use crate::Near;
use crate::indexed::tag;
use crate::words::words;

/// Fields and their other names.
const FIELDS: [(&str, Field); 19] = [
    ("text", Field::Text),
    ("location", Field::Location),
    ("risk", Field::Risk),
    ("risk_score", Field::Risk),
    ("status", Field::Status),
    ("source", Field::Source),
    ("hazard", Field::Hazard),
    ("country", Field::Country),
    ("severity", Field::Severity),
    ("date", Field::Date),
    ("language", Field::Language),
    ("topic", Field::Topic),
    ("tag", Field::Tag),
    ("verified", Field::Verified),
    ("informative", Field::Informative),
    ("humanitarian", Field::Humanitarian),
    ("exercise", Field::Exercise),
    ("near", Field::Near),
    ("bbox", Field::Bbox),
];

#[derive(Debug, Clone, Copy, PartialEq)]
enum Field {
    Text,
    Location,
    Risk,
    Status,
    Source,
    Hazard,
    Country,
    Severity,
    Date,
    Language,
    Topic,
    Tag,
    Verified,
    Informative,
    Humanitarian,
    Exercise,
    Near,
    Bbox,
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Comparison {
    Is,
    Above,
    From,
    Below,
    UpTo,
}

/// A value and where it stands.
#[derive(Debug, Clone, Copy)]
struct Value<'a> {
    position: usize,
    text: &'a str,
}

impl Value<'_> {
    fn error(self, message: impl Into<String>) -> QueryError {
        QueryError::new(self.position, message)
    }
}

/// Reads an operator if one comes next, else leaves the scanner where it is. The inner option is empty where the
/// operator asks for nothing, as `text:""` does.
pub(super) fn read(scanner: &mut Scanner<'_>) -> Result<Option<Option<TextExpr>>, QueryError> {
    let start = scanner.at;
    let name = scanner.while_(|letter| letter.is_ascii_alphabetic() || letter == '_').to_ascii_lowercase();
    let field = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, field)| *field);
    let Some(field) = field else {
        let trouble = unknown(scanner, start, &name);
        scanner.at = start;
        return trouble.map_or(Ok(None), Err);
    };
    if !accept_sign(scanner, field) {
        scanner.at = start;
        return Ok(None);
    }
    condition(scanner, field).map(Some)
}

/// The trouble with `name` if it looks like an operator: `name:value`, but not `https://…` or `Update: …`.
fn unknown(scanner: &Scanner<'_>, start: usize, name: &str) -> Option<QueryError> {
    let value = scanner.rest().strip_prefix(':')?;
    let meant =
        !name.is_empty() && !value.starts_with("//") && !value.chars().next().is_none_or(char::is_whitespace);
    let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
    meant.then(|| {
        if name == "incident" {
            let message = "the items of an incident are asked for by the parameter `incident`, not in q";
            return QueryError::new(start, message);
        }
        let message =
            format!("there is no field `{name}`; there are {}; in quotes it is text", known.join(", "));
        QueryError::new(start, message)
    })
}

/// Reads the colon, or for numbers and dates stops before a comparison.
fn accept_sign(scanner: &mut Scanner<'_>, field: Field) -> bool {
    if scanner.accept(":") {
        return true;
    }
    let compared = matches!(field, Field::Risk | Field::Date);
    let sign = scanner.next_visible();
    compared && (matches!(sign, Some('<' | '>' | '=')) || scanner.accept(":"))
}

fn condition(scanner: &mut Scanner<'_>, field: Field) -> Result<Option<TextExpr>, QueryError> {
    scanner.next_visible();
    let position = scanner.at;
    let comparison = comparison(scanner);
    if comparison.is_some() && !matches!(field, Field::Risk | Field::Date) {
        return Err(QueryError::new(position, "only risk and date can be compared"));
    }
    let comparison = comparison.unwrap_or(Comparison::Is);
    scanner.next_visible();
    let filter = match field {
        Field::Text => return phrase(scanner, |words| TextExpr::Words { words, prefix: false }),
        Field::Location => return phrase(scanner, TextExpr::Place),
        Field::Risk => risk_between(comparison, value(scanner)?)?,
        Field::Date => said_between(comparison, value(scanner)?)?,
        Field::Status => ItemFilter { status: list(scanner, status)?, ..ItemFilter::default() },
        Field::Source => {
            ItemFilter { source: list(scanner, |value| Ok(value.text.to_owned()))?, ..ItemFilter::default() }
        }
        Field::Hazard => ItemFilter { hazard: list(scanner, hazard)?, ..ItemFilter::default() },
        Field::Country => ItemFilter { country: list(scanner, country)?, ..ItemFilter::default() },
        Field::Severity => ItemFilter { severity: list(scanner, severity)?, ..ItemFilter::default() },
        Field::Language => return Ok(Some(TextExpr::Has(Label::Language, list(scanner, language)?))),
        Field::Topic => {
            return Ok(Some(TextExpr::Has(Label::Topic, list(scanner, |value| Ok(wire(value)))?)));
        }
        Field::Tag => {
            return Ok(Some(TextExpr::Has(Label::Tag, list(scanner, |value| Ok(tag(value.text)))?)));
        }
        Field::Verified => return verified(value(scanner)?).map(Some),
        Field::Informative => {
            let informs = yes_or_no(value(scanner)?)?.to_string();
            return Ok(Some(TextExpr::Has(Label::Informative, vec![informs])));
        }
        Field::Humanitarian => {
            return Ok(Some(TextExpr::Has(Label::Humanitarian, list(scanner, humanitarian)?)));
        }
        Field::Exercise => exercise(value(scanner)?)?,
        Field::Near => return near(value(scanner)?).map(|near| Some(TextExpr::Near(near))),
        Field::Bbox => ItemFilter { bbox: Some(bbox(value(scanner)?)?), ..ItemFilter::default() },
    };
    Ok(Some(TextExpr::Is(Box::new(filter))))
}

fn comparison(scanner: &mut Scanner<'_>) -> Option<Comparison> {
    let signs = [
        (">=", Comparison::From),
        ("<=", Comparison::UpTo),
        (">", Comparison::Above),
        ("<", Comparison::Below),
        ("=", Comparison::Is),
    ];
    signs.into_iter().find(|(sign, _)| scanner.accept(sign)).map(|(_, comparison)| comparison)
}

fn phrase(
    scanner: &mut Scanner<'_>,
    make: impl FnOnce(Vec<String>) -> TextExpr,
) -> Result<Option<TextExpr>, QueryError> {
    let words = words(value(scanner)?.text);
    Ok((!words.is_empty()).then(|| make(words)))
}

fn value<'a>(scanner: &mut Scanner<'a>) -> Result<Value<'a>, QueryError> {
    one_value(scanner, |letter| !ends_bare(letter))
}

fn one_value<'a>(scanner: &mut Scanner<'a>, bare: impl Fn(char) -> bool) -> Result<Value<'a>, QueryError> {
    let position = scanner.at;
    if scanner.rest().starts_with(is_quote) {
        return Ok(Value { position, text: scanner.quoted()? });
    }
    let text = scanner.while_(bare);
    if text.is_empty() {
        return Err(QueryError::new(position, "a value is missing here"));
    }
    Ok(Value { position, text })
}

fn list<T>(
    scanner: &mut Scanner<'_>,
    read: impl Fn(Value<'_>) -> Result<T, QueryError>,
) -> Result<Vec<T>, QueryError> {
    let mut values = Vec::new();
    loop {
        values.push(read(one_value(scanner, |letter| letter != ',' && !ends_bare(letter))?)?);
        if !scanner.accept(",") {
            return Ok(values);
        }
    }
}

/// The word as it stands on the wire: `In-Review` is `in_review`.
fn wire(value: Value<'_>) -> String {
    value.text.trim().to_lowercase().replace(['-', ' '], "_")
}

fn status(value: Value<'_>) -> Result<ItemStatus, QueryError> {
    ItemStatus::parse(&wire(value))
        .ok_or_else(|| one_of(value, "status", ItemStatus::ALL.map(ItemStatus::as_str)))
}

fn hazard(value: Value<'_>) -> Result<HazardType, QueryError> {
    HazardType::parse(&wire(value))
        .ok_or_else(|| one_of(value, "hazard", HazardType::ALL.iter().map(|kind| kind.as_str())))
}

fn severity(value: Value<'_>) -> Result<Severity, QueryError> {
    Severity::parse(&wire(value))
        .ok_or_else(|| one_of(value, "severity", Severity::ALL.map(Severity::as_str)))
}

fn one_of(value: Value<'_>, field: &str, known: impl IntoIterator<Item = &'static str>) -> QueryError {
    let known: Vec<&str> = known.into_iter().collect();
    value.error(format!("`{}` is no {field}; there are {}", value.text, known.join(", ")))
}

fn country(value: Value<'_>) -> Result<String, QueryError> {
    let code = value.text.trim().to_ascii_uppercase();
    if code.len() == 2 && code.bytes().all(|letter| letter.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(value
        .error(format!("`{}` is no country; it takes the two letters of ISO 3166-1, as in TR", value.text)))
}

fn language(value: Value<'_>) -> Result<String, QueryError> {
    let code = value.text.trim().to_ascii_lowercase();
    if matches!(code.len(), 2 | 3) && code.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Ok(code);
    }
    Err(value.error(format!("`{}` is no language; it takes a code of ISO 639, as in es, or und", value.text)))
}

fn verified(value: Value<'_>) -> Result<TextExpr, QueryError> {
    let status = vec![ItemStatus::Verified];
    let is_verified = TextExpr::Is(Box::new(ItemFilter { status, ..ItemFilter::default() }));
    Ok(if yes_or_no(value)? { is_verified } else { TextExpr::Not(Box::new(is_verified)) })
}

fn yes_or_no(value: Value<'_>) -> Result<bool, QueryError> {
    wire(value).parse().map_err(|_| expected(value, "true or false"))
}

fn humanitarian(value: Value<'_>) -> Result<String, QueryError> {
    HumanitarianCategory::parse(&wire(value)).map(|category| category.as_str().to_owned()).ok_or_else(|| {
        one_of(value, "humanitarian category", HumanitarianCategory::ALL.map(HumanitarianCategory::as_str))
    })
}

fn exercise(value: Value<'_>) -> Result<ItemFilter, QueryError> {
    let text = wire(value);
    let (exercise, exercise_id) = match &*text {
        "true" => (Some(true), None),
        "false" => (Some(false), None),
        _ => (None, value.text.trim().parse().ok()),
    };
    if exercise.is_none() && exercise_id.is_none() {
        return Err(expected(value, "true, false or the id of an exercise"));
    }
    Ok(ItemFilter { exercise, exercise_id, ..ItemFilter::default() })
}

fn near(value: Value<'_>) -> Result<Near, QueryError> {
    let numbers: Option<Vec<f64>> = value.text.split(',').map(|part| part.trim().parse().ok()).collect();
    let circle = match numbers.as_deref() {
        Some([lat, lon, km]) => Near::of(*lat, *lon, *km),
        _ => None,
    };
    circle.ok_or_else(|| expected(value, "latitude, longitude and kilometres, as in near:39.47,-0.38,25"))
}

fn bbox(value: Value<'_>) -> Result<BoundingBox, QueryError> {
    BoundingBox::parse(value.text).map_err(|problem| expected(value, problem))
}

fn risk_between(comparison: Comparison, value: Value<'_>) -> Result<ItemFilter, QueryError> {
    let steps = RiskSteps::here();
    let (min_risk, max_risk) = match (comparison, value.text.split_once("..")) {
        (Comparison::Is, Some((least, most))) => {
            (open_end(least, value, number)?, open_end(most, value, number)?)
        }
        (Comparison::Is, None) => match &*wire(value) {
            "high" => (Some(steps.high_above.next_up()), None),
            "medium" => (Some(steps.medium_from), Some(steps.high_above)),
            "low" => (None, Some(steps.medium_from.next_down())),
            _ => (Some(number(value)?), Some(number(value)?)),
        },
        (Comparison::Above, _) => (Some(number(value)?.next_up()), None),
        (Comparison::From, _) => (Some(number(value)?), None),
        (Comparison::Below, _) => (None, Some(number(value)?.next_down())),
        (Comparison::UpTo, _) => (None, Some(number(value)?)),
    };
    Ok(ItemFilter { min_risk, max_risk, ..ItemFilter::default() })
}

fn number(value: Value<'_>) -> Result<f64, QueryError> {
    let number = value.text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    number.ok_or_else(|| expected(value, "a number as in 0.7 or 0.4..0.7, or high, medium or low"))
}

fn said_between(comparison: Comparison, value: Value<'_>) -> Result<ItemFilter, QueryError> {
    let (since, until) = match (comparison, value.text.split_once("..")) {
        (Comparison::Is, Some((first, last))) => {
            let first = open_end(first, value, moment)?;
            let last = open_end(last, value, moment)?;
            (first.map(|(start, _)| start), last.and_then(|(_, end)| end))
        }
        (Comparison::Is, None) => moment(value).map(|(start, end)| (Some(start), end))?,
        (Comparison::Above, _) => (Some(moment(value)?.1.unwrap_or(Timestamp::MAX)), None),
        (Comparison::From, _) => (Some(moment(value)?.0), None),
        (Comparison::Below, _) => (None, Some(moment(value)?.0)),
        (Comparison::UpTo, _) => (None, moment(value)?.1),
    };
    Ok(ItemFilter { since, until, ..ItemFilter::default() })
}

/// When a day or instant begins and when the next one does; no end at the end of time.
fn moment(value: Value<'_>) -> Result<(Timestamp, Option<Timestamp>), QueryError> {
    let text = value.text.trim();
    let moment = if text.len() == "2024-01-31".len() { day(text) } else { instant(text) };
    moment.ok_or_else(|| {
        expected(value, "a date as in 2024-01-31 or 2024-01-31T12:00:00Z, or two with .. between")
    })
}

fn day(text: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let date: Date = text.parse().ok()?;
    let midnight = |date: Date| date.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    Some((midnight(date)?, date.tomorrow().ok().and_then(midnight)))
}

fn instant(text: &str) -> Option<(Timestamp, Option<Timestamp>)> {
    let start: Timestamp = text.parse().ok()?;
    Some((start, start.checked_add(jiff::SignedDuration::from_nanos(1)).ok()))
}

/// One end of a range, which may be left open; trouble is told of the whole range.
fn open_end<T>(
    text: &str,
    whole: Value<'_>,
    read: impl FnOnce(Value<'_>) -> Result<T, QueryError>,
) -> Result<Option<T>, QueryError> {
    if text.trim().is_empty() {
        return if whole.text == ".." { Err(expected(whole, "an end")) } else { Ok(None) };
    }
    read(Value { position: whole.position, text }).map(Some)
}

fn expected(value: Value<'_>, what: impl Display) -> QueryError {
    value.error(format!("`{}` is not what is expected here: {what}", value.text))
}
