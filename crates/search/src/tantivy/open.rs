//! Opening the present index: as it is, empty, or, where it is damaged or of another schema, started over.

use std::io;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use ::tantivy::directory::MmapDirectory;
use ::tantivy::directory::error::OpenReadError;
use ::tantivy::index::IndexSettings;
use ::tantivy::store::Compressor;
use ::tantivy::tokenizer::TextAnalyzer;
use ::tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};

use super::analyzer::{self, Words};
use super::home::Home;
use super::schema::Fields;
use super::volume;
use crate::SearchError;

/// The present index and a reader of its last commit; every other is removed.
pub(super) fn open_or_start_over(
    home: &mut Home,
    fields: &Fields,
    verify: bool,
) -> Result<(Index, IndexReader), SearchError> {
    if let Some(number) = home.current() {
        let folder = home.folder(number);
        let reason = match catch_unwind(AssertUnwindSafe(|| open(&folder, fields, verify))) {
            Ok(Ok(opened)) => {
                home.keep_only(number);
                return Ok(opened);
            }
            Ok(Err(error)) if is_damage(&error) => error.to_string(),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => "reading it panicked".to_owned(),
        };
        tracing::warn!(index.dir = %folder.display(), error = reason, "search index is unusable and is started over");
    }
    let number = home.add()?;
    let created = create(&home.folder(number), fields)?;
    home.make_current(number)?;
    home.keep_only(number);
    Ok(created)
}

/// An index in a folder that has none.
pub(super) fn create(folder: &Path, fields: &Fields) -> Result<(Index, IndexReader), SearchError> {
    let directory = MmapDirectory::open(folder).map_err(TantivyError::from)?;
    Ok(ready(Index::create(directory, fields.schema.clone(), settings())?)?)
}

/// The index in a folder that has one.
pub(super) fn open(folder: &Path, fields: &Fields, verify: bool) -> ::tantivy::Result<(Index, IndexReader)> {
    ready(checked(Index::open(MmapDirectory::open(folder)?)?, fields, verify)?)
}

fn ready(index: Index) -> ::tantivy::Result<(Index, IndexReader)> {
    index.tokenizers().register(analyzer::NAME, TextAnalyzer::from(Words::default()));
    let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
    Ok((index, reader))
}

/// Nothing is stored, so the store need be neither compressed nor written by a thread of its own.
fn settings() -> IndexSettings {
    IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    }
}

fn checked(index: Index, fields: &Fields, verify: bool) -> ::tantivy::Result<Index> {
    if index.schema() != fields.schema {
        return Err(TantivyError::SchemaError("it was written with another schema".to_owned()));
    }
    volume::standing(&index)?;
    let damaged = if verify { index.validate_checksum()? } else { Default::default() };
    match damaged.iter().next() {
        None => Ok(index),
        Some(file) => Err(volume::corrupt(format!("the checksum of {} is wrong", file.display()))),
    }
}

/// Whether the index itself is at fault, rather than the disk, memory or another process.
fn is_damage(error: &TantivyError) -> bool {
    let is_broken =
        |error: &io::Error| matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::UnexpectedEof);
    match error {
        TantivyError::DataCorruption(_)
        | TantivyError::SchemaError(_)
        | TantivyError::IncompatibleIndex(_)
        | TantivyError::DeserializeError(_)
        | TantivyError::OpenReadError(
            OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_),
        ) => true,
        TantivyError::OpenReadError(OpenReadError::IoError { io_error, .. }) => is_broken(io_error),
        TantivyError::IoError(error) => is_broken(error),
        _ => false,
    }
}
