//! Which documents of a segment a plan matches. Words come from Tantivy's postings, numbers from its columns; the
//! combining is ours, on sets: totals are exact, so every match is visited anyway, and Tantivy 0.27's range query can
//! panic below a NOT (`RangeDocSet::seek_danger` subtracts a later document from an earlier one).

use ::tantivy::columnar::ColumnType;
use ::tantivy::query::EnableScoring;
use ::tantivy::{Searcher, SegmentReader};

use super::plan::Plan;
use super::schema::name;
use super::set::Documents;
use crate::Near;

/// Documents looked at before their numbers are put into the set; bounds the memory of a scan.
const SCAN_DOCS: u32 = 65_536;

/// Calls `visit` with each document that matches and is not deleted, rising.
pub(super) fn for_each(
    searcher: &Searcher,
    segment: &SegmentReader,
    plan: &Plan,
    visit: impl FnMut(u32),
) -> ::tantivy::Result<()> {
    let found = documents(searcher, segment, plan)?;
    match segment.alive_bitset() {
        Some(alive) => found.iter().filter(|doc| alive.is_alive(*doc)).for_each(visit),
        None => found.iter().for_each(visit),
    }
    Ok(())
}

/// What matches, deleted documents included.
pub(super) fn documents(
    searcher: &Searcher,
    segment: &SegmentReader,
    plan: &Plan,
) -> ::tantivy::Result<Documents> {
    let end = segment.max_doc();
    match plan {
        Plan::All(parts) => {
            let mut found = Documents::all(end);
            for part in parts {
                found.intersect(&documents(searcher, segment, part)?);
                if found.is_empty() {
                    break;
                }
            }
            Ok(found)
        }
        Plan::Any(parts) => {
            let mut found = Documents::none(end);
            for part in parts {
                found.unite(&documents(searcher, segment, part)?);
            }
            Ok(found)
        }
        Plan::Not(part) => Ok(documents(searcher, segment, part)?.complement()),
        Plan::Words(query) => {
            let mut found = Documents::none(end);
            let weight = query.weight(EnableScoring::disabled_from_searcher(searcher))?;
            weight.for_each_no_score(segment, &mut |docs| docs.iter().for_each(|doc| found.insert(*doc)))?;
            Ok(found)
        }
        Plan::Between { column, least, most } => between(segment, column, *least, *most),
        Plan::Near(near) => around(segment, near),
    }
}

fn around(segment: &SegmentReader, near: &Near) -> ::tantivy::Result<Documents> {
    let end = segment.max_doc();
    let mut found = Documents::none(end);
    let columns = segment.fast_fields();
    let [x, y, z] = name::SPHERE.map(|name| columns.column_opt::<f64>(name));
    // A segment without a single place has no columns of places.
    let (Some(x), Some(y), Some(z)) = (x?, y?, z?) else { return Ok(found) };
    for doc in 0..end {
        if let (Some(x), Some(y), Some(z)) = (x.first(doc), y.first(doc), z.first(doc))
            && near.has([x, y, z])
        {
            found.insert(doc);
        }
    }
    Ok(found)
}

fn between(segment: &SegmentReader, name: &str, least: u64, most: u64) -> ::tantivy::Result<Documents> {
    let end = segment.max_doc();
    let mut found = Documents::none(end);
    let types = [ColumnType::F64, ColumnType::I64];
    let Some((column, _)) = segment.fast_fields().u64_lenient_for_type(Some(&types), name)? else {
        return Ok(found);
    };
    // A column must not be asked for values it cannot have: for a range below all, it answers with the lowest.
    let (least, most) = (least.max(column.min_value()), most.min(column.max_value()));
    if least > most {
        return Ok(found);
    }
    let mut batch = Vec::new();
    for start in (0..end).step_by(SCAN_DOCS as usize) {
        batch.clear();
        let docs = start..end.min(start.saturating_add(SCAN_DOCS));
        column.get_docids_for_value_range(least..=most, docs, &mut batch);
        batch.iter().for_each(|doc| found.insert(*doc));
    }
    Ok(found)
}
