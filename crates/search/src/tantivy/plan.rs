//! What a query asks of the index. Means exactly what [`Query::matches`] means, but for `filter.incident`, which the
//! index does not know and callers look up in state.

use std::ops::Bound;

use ::tantivy::query::{InvertedIndexRangeQuery, PhraseQuery, Query as WordsQuery, TermQuery};
use ::tantivy::schema::{Field, IndexRecordOption};
use ::tantivy::{Term, f64_to_u64, i64_to_u64};
use crisislens_model::{BoundingBox, ItemFilter};

use super::schema::{Fields, name};
use crate::indexed::{comparable, nanoseconds, world};
use crate::query::TextExpr;
use crate::{Near, Query};

/// A query in terms of the index.
#[derive(Debug)]
pub(super) enum Plan {
    /// All hold; with no parts, everything matches.
    All(Vec<Plan>),
    /// One holds; with no parts, nothing matches.
    Any(Vec<Plan>),
    /// It does not hold.
    Not(Box<Plan>),
    /// A word, a phrase or a word's beginning is there.
    Words(Box<dyn WordsQuery>),
    /// A number is there and between these, in Tantivy's order-keeping form (`f64_to_u64`, `i64_to_u64`).
    Between {
        /// The column's name.
        column: &'static str,
        least: u64,
        most: u64,
    },
    /// The place lies within a circle.
    Near(Near),
}

impl Plan {
    /// The plan of `query`.
    pub fn of(fields: &Fields, query: &Query) -> Self {
        let mut parts = conditions(fields, &query.filter);
        parts.extend(query.text.as_ref().map(|text| expression(fields, text)));
        Self::All(parts)
    }

    /// The documents that have `term`.
    pub fn word(word: Term) -> Self {
        term(word)
    }

    const NOTHING: Self = Self::Any(Vec::new());
}

fn expression(fields: &Fields, wanted: &TextExpr) -> Plan {
    let each = |parts: &[TextExpr]| parts.iter().map(|part| expression(fields, part)).collect();
    match wanted {
        TextExpr::Words { words, prefix } => phrase(fields.text, words, *prefix),
        TextExpr::Place(words) => phrase(fields.place, words, false),
        TextExpr::Is(condition) => Plan::All(conditions(fields, condition)),
        TextExpr::Has(label, values) => {
            let field = fields.of(*label);
            Plan::Any(values.iter().map(|value| term(Term::from_field_text(field, value))).collect())
        }
        TextExpr::Near(near) => Plan::Near(*near),
        TextExpr::All(parts) => Plan::All(each(parts)),
        TextExpr::Any(parts) => Plan::Any(each(parts)),
        TextExpr::Not(part) => Plan::Not(Box::new(expression(fields, part))),
    }
}

fn conditions(fields: &Fields, filter: &ItemFilter) -> Vec<Plan> {
    let mut parts = Vec::new();
    parts.extend(one_of(fields.status, filter.status.iter().map(|status| status.as_str())));
    parts.extend(one_of(fields.source, filter.source.iter().map(String::as_str)));
    parts.extend(one_of(fields.hazard, filter.hazard.iter().map(|hazard| hazard.as_str())));
    parts.extend(one_of(fields.country, filter.country.iter().map(String::as_str)));
    parts.extend(one_of(fields.severity, filter.severity.iter().map(|severity| severity.as_str())));
    parts.extend(filter.bbox.map(|bbox| inside(&bbox)));
    parts.extend(filter.min_risk.map(|least| at_least(name::RISK, least)));
    parts.extend(filter.max_risk.map(|most| at_most(name::RISK, most)));
    parts.extend(filter.since.map(|since| said_from(nanoseconds(since))));
    parts.extend(filter.until.map(|until| said_before(nanoseconds(until))));
    parts.extend(filter.exercise.map(|wanted| term(Term::from_field_bool(fields.exercise, wanted))));
    let id = filter.exercise_id.map(|id| world(Some(id)));
    parts.extend(id.map(|id| term(Term::from_field_text(fields.world, &id))));
    parts
}

/// None where no label is asked for: then any will do.
fn one_of<'a>(field: Field, labels: impl Iterator<Item = &'a str>) -> Option<Plan> {
    let labels: Vec<Plan> = labels.map(|label| term(Term::from_field_text(field, label))).collect();
    (!labels.is_empty()).then_some(Plan::Any(labels))
}

fn said_from(since: i64) -> Plan {
    Plan::Between { column: name::TIMESTAMP, least: i64_to_u64(since), most: u64::MAX }
}

fn said_before(until: i64) -> Plan {
    let last = i64_to_u64(until).checked_sub(1);
    last.map_or(Plan::NOTHING, |most| Plan::Between { column: name::TIMESTAMP, least: 0, most })
}

fn inside(bbox: &BoundingBox) -> Plan {
    let lon = vec![at_least(name::LON, bbox.west), at_most(name::LON, bbox.east)];
    let within = if bbox.west <= bbox.east { Plan::All(lon) } else { Plan::Any(lon) };
    Plan::All(vec![within, at_least(name::LAT, bbox.south), at_most(name::LAT, bbox.north)])
}

fn at_least(column: &'static str, least: f64) -> Plan {
    let least = comparable(least).map(f64_to_u64);
    least.map_or(Plan::NOTHING, |least| Plan::Between { column, least, most: u64::MAX })
}

fn at_most(column: &'static str, most: f64) -> Plan {
    let most = comparable(most).map(f64_to_u64);
    most.map_or(Plan::NOTHING, |most| Plan::Between { column, least: 0, most })
}

fn phrase(field: Field, words: &[String], prefix: bool) -> Plan {
    let terms: Vec<Term> = words.iter().map(|word| Term::from_field_text(field, word)).collect();
    match &terms[..] {
        [] => Plan::NOTHING,
        [_] if prefix => beginning(field, &words[0]),
        [one] => term(one.clone()),
        _ => Plan::Words(Box::new(PhraseQuery::new(terms))),
    }
}

/// Words that begin with `prefix`: all from it up to itself followed by the last character there is.
fn beginning(field: Field, prefix: &str) -> Plan {
    let last = format!("{prefix}{}", char::MAX);
    Plan::Words(Box::new(InvertedIndexRangeQuery::new(
        Bound::Included(Term::from_field_text(field, prefix)),
        Bound::Excluded(Term::from_field_text(field, &last)),
    )))
}

fn term(term: Term) -> Plan {
    Plan::Words(Box::new(TermQuery::new(term, IndexRecordOption::Basic)))
}
