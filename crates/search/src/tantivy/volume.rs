//! One index on disk with the one that writes it: documents in, commits with their offsets, and back to the last commit
//! after a failure. Not which index is the present one.

use std::collections::{BTreeMap, HashMap};

use ::tantivy::error::DataCorruption;
use ::tantivy::indexer::IndexWriterOptions;
use ::tantivy::schema::IndexRecordOption;
use ::tantivy::{DocSet, Index, IndexReader, IndexWriter, SegmentReader, TERMINATED, TantivyError, Term};

use super::TantivyOptions;
use super::document::Document;
use super::merge::SmallestFirst;
use super::schema::{Fields, name};
use super::summary;
use crate::{SearchError, Standing, Summary};

/// Tantivy refuses less.
const MIN_HEAP_BYTES: usize = 15_000_000;

/// Next offsets by partition.
pub(super) type Offsets = BTreeMap<u32, u64>;

pub(super) struct Volume {
    index: Index,
    /// Sees the last commit.
    pub reader: IndexReader,
    fields: Fields,
    options: TantivyOptions,
    /// None after a failure, until the caller has asked where to continue.
    open: Option<IndexWriter>,
    /// What was put since the last commit, with its version.
    pending: HashMap<u128, u64>,
}

impl Volume {
    pub fn new(
        (index, reader): (Index, IndexReader),
        fields: Fields,
        options: TantivyOptions,
    ) -> Result<Self, SearchError> {
        let open = Some(writer(&index, &options)?);
        Ok(Self { index, reader, fields, options, open, pending: HashMap::new() })
    }

    /// Where to continue; after a failure, everything since the last commit is forgotten here.
    pub fn offsets(&mut self) -> Result<Offsets, SearchError> {
        if self.open.is_none() {
            self.reader.reload()?;
            self.open = Some(writer(&self.index, &self.options)?);
        }
        Ok(standing(&self.index)?.offsets)
    }

    pub fn put(&mut self, documents: Vec<Document>) -> Result<(), SearchError> {
        self.attempt(|this, writer| this.add(writer, documents))
    }

    /// Publishes what was put. Offsets move forward only.
    pub fn commit(&mut self, offsets: &Offsets) -> Result<(), SearchError> {
        self.advance(offsets, false)
    }

    /// As [`Volume::commit`], and notes that a rebuild has filled it.
    pub fn finish(&mut self, offsets: &Offsets) -> Result<(), SearchError> {
        self.advance(offsets, true)
    }

    fn advance(&mut self, offsets: &Offsets, is_filled: bool) -> Result<(), SearchError> {
        self.attempt(|this, writer| {
            let committed = standing(&this.index)?;
            let mut forward = committed.clone();
            forward.is_filled |= is_filled;
            for (partition, next) in offsets {
                let known = forward.offsets.entry(*partition);
                known.and_modify(|known| *known = (*known).max(*next)).or_insert(*next);
            }
            if this.pending.is_empty() && committed == forward {
                return Ok(());
            }
            this.publish(writer, &forward)
        })
    }

    /// How much was put since the last commit.
    pub fn uncommitted(&self) -> usize {
        self.pending.len()
    }

    /// Whether a write failed and nobody has asked yet where to continue.
    pub fn has_failed(&self) -> bool {
        self.open.is_none()
    }

    /// How far the last commit is.
    pub fn standing(&self) -> Result<Standing, SearchError> {
        Ok(standing(&self.index)?)
    }

    /// What the last commit has.
    pub fn summary(&self) -> Result<Summary, SearchError> {
        Ok(summary::of(&self.reader.searcher())?)
    }

    /// Drops what was put since the last commit and refuses to write until [`Volume::offsets`] is asked for.
    pub fn give_up(&mut self) {
        self.open = None;
        self.pending.clear();
    }

    fn attempt(
        &mut self,
        work: impl FnOnce(&mut Self, &mut IndexWriter) -> ::tantivy::Result<()>,
    ) -> Result<(), SearchError> {
        let Some(mut writer) = self.open.take() else {
            let message = "an earlier write failed; continue from the committed offsets";
            return Err(SearchError::Unavailable(message.to_owned()));
        };
        match work(self, &mut writer) {
            Ok(()) => {
                self.open = Some(writer);
                Ok(())
            }
            Err(error) => {
                self.give_up();
                Err(error.into())
            }
        }
    }

    fn add(&mut self, writer: &IndexWriter, documents: Vec<Document>) -> ::tantivy::Result<()> {
        for Document { id, version, fields } in documents {
            let term = Term::from_field_bytes(self.fields.id, &id.to_be_bytes());
            let known = match self.pending.get(&id) {
                Some(known) => Some(*known),
                None => self.committed_version(&term)?,
            };
            if known.is_some_and(|known| known > version) {
                continue;
            }
            self.pending.insert(id, version);
            // Deleting what is not there would still open every segment at the next commit.
            if known.is_some() {
                writer.delete_term(term);
            }
            writer.add_document(fields)?;
        }
        Ok(())
    }

    fn committed_version(&self, id: &Term) -> ::tantivy::Result<Option<u64>> {
        for segment in self.reader.searcher().segment_readers() {
            if let Some(version) = version_in(segment, id)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    fn publish(&mut self, writer: &mut IndexWriter, standing: &Standing) -> ::tantivy::Result<()> {
        let payload = serde_json::to_string(standing).map_err(|error| corrupt(error.to_string()))?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.pending.clear();
        self.reader.reload()
    }
}

/// The version of the living document with that id; a deleted one may lie beside it.
fn version_in(segment: &SegmentReader, id: &Term) -> ::tantivy::Result<Option<u64>> {
    let inverted = segment.inverted_index(id.field())?;
    let Some(mut documents) = inverted.read_postings(id, IndexRecordOption::Basic)? else {
        return Ok(None);
    };
    while documents.doc() != TERMINATED {
        let document = documents.doc();
        if !segment.is_deleted(document) {
            let versions = segment.fast_fields().column_first_or_default::<u64>(name::VERSION)?;
            return Ok(Some(versions.get_val(document)));
        }
        documents.advance();
    }
    Ok(None)
}

fn writer(index: &Index, options: &TantivyOptions) -> ::tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(options.writer_heap_bytes.max(MIN_HEAP_BYTES))
        .num_merge_threads(options.merge_threads.max(1))
        .build();
    let writer = index.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(SmallestFirst));
    // Tantivy gives the first operation of a writer the number of the last commit. A merge that begins before the next one takes
    // that operation for committed, and skips it for a segment whose last deletions have that number: a document that it was to
    // delete stays. So the first operation is one that does nothing.
    writer.run([])?;
    Ok(writer)
}

/// How far the last commit is; nowhere before the first.
pub(super) fn standing(index: &Index) -> ::tantivy::Result<Standing> {
    match index.load_metas()?.payload {
        None => Ok(Standing::default()),
        Some(payload) => serde_json::from_str(&payload).map_err(|error| corrupt(format!("offsets: {error}"))),
    }
}

/// The index is not as we wrote it.
pub(super) fn corrupt(comment: String) -> TantivyError {
    TantivyError::DataCorruption(DataCorruption::comment_only(comment))
}

#[cfg(test)]
mod tests {
    use ::tantivy::merge_policy::NoMergePolicy;

    use super::*;
    use crate::contract::sample;
    use crate::tantivy::{document, open};

    /// The first thing that happens after a start is a document that is there already, while a merge begins.
    #[test]
    fn the_first_put_of_a_writer_replaces_also_what_is_being_merged() {
        let dir = tempfile::TempDir::new().unwrap();
        let fields = Fields::new();
        let items = sample::items(12);
        let documents = |range: std::ops::Range<usize>| document::all(&fields, &items[range]);
        let opened = open::create(dir.path(), &fields).unwrap();
        let mut volume = Volume::new(opened, fields.clone(), TantivyOptions::default()).unwrap();
        volume.open.as_ref().unwrap().set_merge_policy(Box::new(NoMergePolicy));
        let mut commit = |range, next| {
            volume.put(documents(range)).unwrap();
            volume.commit(&[(0, next)].into()).unwrap();
        };
        // The segment with the first two documents is not the smallest, and has deletions by the last commit.
        commit(0..4, 1);
        (4..12).zip(2..).for_each(|(at, next)| commit(at..at + 1, next));
        commit(0..1, 10);
        drop(volume);

        let opened = open::open(dir.path(), &fields, false).unwrap();
        assert!(opened.1.searcher().segment_readers().len() > 8);
        let mut volume = Volume::new(opened, fields.clone(), TantivyOptions::default()).unwrap();
        volume.put(documents(1..2)).unwrap();
        volume.commit(&[(0, 11)].into()).unwrap();
        volume.open.take().unwrap().wait_merging_threads().unwrap();
        volume.reader.reload().unwrap();
        assert!(volume.reader.searcher().segment_readers().len() < 8, "nothing was merged");
        assert_eq!(volume.summary().unwrap().items, 12);
    }
}
