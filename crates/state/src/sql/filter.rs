//! An item filter as a WHERE clause; it must mean what [`ItemFilter::matches`] means.

use crisislens_model::{ExerciseId, ItemFilter};
use sqlx::QueryBuilder;

use super::Db;
use crate::columns::{blob, micros, severity_rank, text};

/// Appends ` WHERE …` (always, so that more conditions can follow with AND).
pub(super) fn push_where(query: &mut QueryBuilder<Db>, filter: &ItemFilter) {
    query.push(" WHERE true");
    push_any(query, "status", filter.status.iter().map(|status| status.as_str().to_owned()));
    push_any(query, "source", filter.source.iter().map(|source| text(source)));
    push_any(query, "hazard", filter.hazard.iter().map(|hazard| hazard.as_str().to_owned()));
    push_any(query, "country", filter.country.iter().map(|country| text(country)));
    push_any(query, "severity", filter.severity.iter().map(|severity| severity_rank(*severity)));
    if let Some(bbox) = filter.bbox {
        query.push(" AND lat BETWEEN ").push_bind(bbox.south).push(" AND ").push_bind(bbox.north);
        let joint = if bbox.west <= bbox.east { " AND lon <= " } else { " OR lon <= " };
        query.push(" AND (lon >= ").push_bind(bbox.west).push(joint).push_bind(bbox.east).push(")");
    }
    if let Some(least) = filter.min_risk {
        query.push(" AND risk >= ").push_bind(least);
    }
    if let Some(most) = filter.max_risk {
        query.push(" AND risk <= ").push_bind(most);
    }
    if let Some(since) = filter.since {
        query.push(" AND said_at >= ").push_bind(micros(since));
    }
    if let Some(until) = filter.until {
        query.push(" AND said_at < ").push_bind(micros(until));
    }
    if let Some(incident) = filter.incident {
        query.push(" AND incident_id = ").push_bind(blob(incident.0));
    }
    push_exercise(query, filter.exercise, filter.exercise_id);
}

/// Appends that something is part of an exercise or of none, and of which. The number stands in the text, so that an index of what is part
/// of one is seen to hold what is asked for.
pub(super) fn push_exercise(query: &mut QueryBuilder<Db>, exercise: Option<bool>, id: Option<ExerciseId>) {
    if let Some(wanted) = exercise {
        query.push(if wanted { " AND exercise = 1" } else { " AND exercise = 0" });
    }
    if let Some(id) = id {
        query.push(" AND exercise_id = ").push_bind(blob(id.0));
    }
}

fn push_any<T>(query: &mut QueryBuilder<Db>, column: &str, values: impl ExactSizeIterator<Item = T>)
where
    T: for<'q> sqlx::Encode<'q, Db> + sqlx::Type<Db>,
{
    if values.len() == 0 {
        return;
    }
    query.push(" AND ").push(column).push(" IN (");
    let mut list = query.separated(",");
    for value in values {
        list.push_bind(value);
    }
    list.push_unseparated(")");
}
