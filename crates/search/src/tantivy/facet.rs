//! How many matches have which label, in one pass over the label columns.

use std::collections::BTreeMap;

use ::tantivy::columnar::StrColumn;
use ::tantivy::{DocId, Searcher, SegmentReader};

use super::matching;
use super::plan::Plan;
use crate::SearchError;
use crate::indexed::{FACETS, MAX_FACET_LABELS};

type Counts = BTreeMap<String, BTreeMap<String, u64>>;

/// The counts of `plan`'s matches by facet and label. Every facet is there, if empty.
pub(super) fn counts(searcher: &Searcher, plan: &Plan) -> Result<Counts, SearchError> {
    let mut sums: Counts = FACETS.iter().map(|facet| ((*facet).to_owned(), BTreeMap::new())).collect();
    for segment in searcher.segment_readers() {
        let mut columns = labels(segment)?;
        matching::for_each(searcher, segment, plan, |doc| {
            columns.iter_mut().for_each(|column| column.count(doc));
        })?;
        for column in columns {
            column.add_to(sums.entry(column.facet.to_owned()).or_default())?;
        }
    }
    for counts in sums.values_mut().filter(|counts| counts.len() > MAX_FACET_LABELS) {
        let mut labels: Vec<(String, u64)> = std::mem::take(counts).into_iter().collect();
        labels.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        labels.truncate(MAX_FACET_LABELS);
        counts.extend(labels);
    }
    Ok(sums)
}

/// One facet's labels in one segment, counted by ordinal.
struct LabelColumn {
    facet: &'static str,
    labels: StrColumn,
    counts: Vec<u64>,
}

/// The segment's label columns; one without a single country has no column of countries.
fn labels(segment: &SegmentReader) -> ::tantivy::Result<Vec<LabelColumn>> {
    let mut columns = Vec::with_capacity(FACETS.len());
    for facet in FACETS {
        if let Some(labels) = segment.fast_fields().str(facet)? {
            let counts = vec![0; labels.num_terms()];
            columns.push(LabelColumn { facet, labels, counts });
        }
    }
    Ok(columns)
}

impl LabelColumn {
    fn count(&mut self, doc: DocId) {
        let ordinal = self.labels.ords().first(doc).and_then(|ordinal| usize::try_from(ordinal).ok());
        if let Some(count) = ordinal.and_then(|ordinal| self.counts.get_mut(ordinal)) {
            *count += 1;
        }
    }

    fn add_to(&self, sums: &mut BTreeMap<String, u64>) -> Result<(), SearchError> {
        for (ordinal, count) in (0..).zip(&self.counts).filter(|(_, count)| **count > 0) {
            let mut label = String::new();
            let read = self.labels.ord_to_str(ordinal, &mut label);
            read.map_err(|error| SearchError::Unavailable(error.to_string()))?;
            *sums.entry(label).or_default() += count;
        }
        Ok(())
    }
}
