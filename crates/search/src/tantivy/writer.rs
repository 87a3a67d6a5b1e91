//! The one that writes: documents in, commits with their offsets, and back to the last commit after a failure.

use std::collections::{BTreeMap, HashSet};

use ::tantivy::error::DataCorruption;
use ::tantivy::indexer::IndexWriterOptions;
use ::tantivy::{Index, IndexReader, IndexWriter, TantivyDocument, TantivyError, Term};

use super::TantivyOptions;
use super::merge::SmallestFirst;
use super::schema::Fields;
use crate::SearchError;

/// Tantivy refuses less.
const MIN_HEAP_BYTES: usize = 15_000_000;

/// Next offsets by partition.
type Offsets = BTreeMap<u32, u64>;

pub(super) struct Writer {
    index: Index,
    reader: IndexReader,
    fields: Fields,
    options: TantivyOptions,
    /// None after a failure, until the caller has asked where to continue.
    open: Option<IndexWriter>,
    /// Ids put since the last commit.
    pending: HashSet<u128>,
}

impl Writer {
    pub fn new(
        index: Index,
        reader: IndexReader,
        fields: Fields,
        options: TantivyOptions,
    ) -> Result<Self, SearchError> {
        let open = Some(writer(&index, &options)?);
        Ok(Self { index, reader, fields, options, open, pending: HashSet::new() })
    }

    /// Where to continue; after a failure, everything since the last commit is forgotten here.
    pub fn offsets(&mut self) -> Result<Offsets, SearchError> {
        if self.open.is_none() {
            self.reader.reload()?;
            self.open = Some(writer(&self.index, &self.options)?);
        }
        Ok(committed_offsets(&self.index)?)
    }

    pub fn put(&mut self, documents: Vec<(u128, TantivyDocument)>) -> Result<(), SearchError> {
        self.attempt(|this, writer| this.add(writer, documents))
    }

    pub fn commit(&mut self, offsets: &Offsets) -> Result<(), SearchError> {
        self.attempt(|this, writer| {
            if this.pending.is_empty() && committed_offsets(&this.index)? == *offsets {
                return Ok(());
            }
            this.publish(writer, offsets)
        })
    }

    /// Back to an empty index at offset zero.
    pub fn clear(&mut self) -> Result<(), SearchError> {
        // A new writer knows nothing of what is under way in the old one.
        self.give_up();
        self.open = Some(writer(&self.index, &self.options)?);
        self.attempt(|this, writer| {
            writer.delete_all_documents()?;
            this.publish(writer, &Offsets::new())
        })
    }

    /// Drops what was put since the last commit and refuses to write until [`Writer::offsets`] is asked for.
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

    fn add(
        &mut self,
        writer: &IndexWriter,
        documents: Vec<(u128, TantivyDocument)>,
    ) -> ::tantivy::Result<()> {
        for (id, document) in documents {
            let term = Term::from_field_bytes(self.fields.id, &id.to_be_bytes());
            // Deleting what is not there would still open every segment at the next commit.
            if !self.pending.insert(id) || self.is_committed(&term)? {
                writer.delete_term(term);
            }
            writer.add_document(document)?;
        }
        Ok(())
    }

    fn is_committed(&self, term: &Term) -> ::tantivy::Result<bool> {
        for segment in self.reader.searcher().segment_readers() {
            if segment.inverted_index(self.fields.id)?.get_term_info(term)?.is_some() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn publish(&mut self, writer: &mut IndexWriter, offsets: &Offsets) -> ::tantivy::Result<()> {
        let payload = serde_json::to_string(offsets).map_err(|error| corrupt(error.to_string()))?;
        let mut prepared = writer.prepare_commit()?;
        prepared.set_payload(&payload);
        prepared.commit()?;
        self.pending.clear();
        self.reader.reload()
    }
}

fn writer(index: &Index, options: &TantivyOptions) -> ::tantivy::Result<IndexWriter> {
    let options = IndexWriterOptions::builder()
        .num_worker_threads(1)
        .memory_budget_per_thread(options.writer_heap_bytes.max(MIN_HEAP_BYTES))
        .num_merge_threads(options.merge_threads.max(1))
        .build();
    let writer = index.writer_with_options(options)?;
    writer.set_merge_policy(Box::new(SmallestFirst));
    Ok(writer)
}

/// The offsets in the last commit; none before the first.
pub(super) fn committed_offsets(index: &Index) -> ::tantivy::Result<Offsets> {
    match index.load_metas()?.payload {
        None => Ok(Offsets::new()),
        Some(payload) => serde_json::from_str(&payload).map_err(|error| corrupt(format!("offsets: {error}"))),
    }
}

/// The index is not as we wrote it.
pub(super) fn corrupt(comment: String) -> TantivyError {
    TantivyError::DataCorruption(DataCorruption::comment_only(comment))
}
