//! Count and checksum of a commit, in one pass over the column of digests.

use ::tantivy::Searcher;

use super::schema::name;
use crate::Summary;

pub(super) fn of(searcher: &Searcher) -> ::tantivy::Result<Summary> {
    let mut summary = Summary::default();
    for segment in searcher.segment_readers() {
        let digests = segment.fast_fields().column_first_or_default::<u64>(name::DIGEST)?;
        for document in segment.doc_ids_alive() {
            summary.items += 1;
            summary.checksum = summary.checksum.wrapping_add(digests.get_val(document));
        }
    }
    Ok(summary)
}
