//! The newest matches and how many there are, in one pass over fast fields; nothing is scored or read from a store.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use ::tantivy::columnar::ColumnValues;
use ::tantivy::{DocId, Searcher, SegmentReader};

use super::matching;
use super::plan::Plan;
use super::schema::name;
use crate::cursor::Key;
use crate::{SearchError, SearchPage};

/// The page of `limit` hits that begins after `after`.
pub(super) fn newest(
    searcher: &Searcher,
    plan: &Plan,
    limit: usize,
    after: Option<Key>,
) -> Result<SearchPage, SearchError> {
    // One more than asked for tells whether there is another page.
    let mut newest = Newest { limit: limit + 1, after, hits: BinaryHeap::new() };
    let mut total = 0;
    for segment in searcher.segment_readers() {
        let columns = Columns::of(segment)?;
        matching::for_each(searcher, segment, plan, |doc| {
            total += 1;
            newest.offer(&columns, doc);
        })?;
    }
    let mut hits: Vec<Key> = newest.hits.into_sorted_vec().into_iter().map(|Reverse(hit)| hit).collect();
    let more = hits.len() > limit;
    hits.truncate(limit);
    Ok(SearchPage {
        ids: hits.iter().map(|hit| hit.item()).collect(),
        total,
        next: hits.last().filter(|_| more).map(|last| last.cursor()),
    })
}

/// What hits are ordered by, in one segment.
pub(super) struct Columns {
    nanoseconds: Arc<dyn ColumnValues<i64>>,
    id_high: Arc<dyn ColumnValues<u64>>,
    id_low: Arc<dyn ColumnValues<u64>>,
}

impl Columns {
    pub fn of(segment: &SegmentReader) -> ::tantivy::Result<Self> {
        let columns = segment.fast_fields();
        Ok(Self {
            nanoseconds: columns.column_first_or_default(name::TIMESTAMP)?,
            id_high: columns.column_first_or_default(name::ID_HIGH)?,
            id_low: columns.column_first_or_default(name::ID_LOW)?,
        })
    }

    /// The item's id as a number.
    pub fn id(&self, doc: DocId) -> u128 {
        u128::from(self.id_high.get_val(doc)) << 64 | u128::from(self.id_low.get_val(doc))
    }
}

/// The newest hits so far.
struct Newest {
    limit: usize,
    after: Option<Key>,
    /// The oldest of them on top.
    hits: BinaryHeap<Reverse<Key>>,
}

impl Newest {
    fn offer(&mut self, columns: &Columns, doc: DocId) {
        let nanoseconds = columns.nanoseconds.get_val(doc);
        if self.is_out_of_reach(nanoseconds) {
            return;
        }
        let hit = Key { nanoseconds, id: columns.id(doc) };
        if self.after.is_some_and(|after| hit >= after) {
            return;
        }
        self.hits.push(Reverse(hit));
        if self.hits.len() > self.limit {
            self.hits.pop();
        }
    }

    /// Whether the time alone shows that a hit is on an earlier page or a later one; spares reading its id.
    fn is_out_of_reach(&self, nanoseconds: i64) -> bool {
        let earlier = self.after.is_some_and(|after| nanoseconds > after.nanoseconds);
        let full = self.hits.len() >= self.limit;
        earlier || full && self.hits.peek().is_some_and(|Reverse(oldest)| nanoseconds < oldest.nanoseconds)
    }
}
