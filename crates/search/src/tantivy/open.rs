//! Opening a directory: as it is, empty, or, where it is damaged or of another schema, started over.

use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::{fs, io};

use ::tantivy::directory::MmapDirectory;
use ::tantivy::directory::error::OpenReadError;
use ::tantivy::index::IndexSettings;
use ::tantivy::store::Compressor;
use ::tantivy::tokenizer::TextAnalyzer;
use ::tantivy::{Index, IndexReader, ReloadPolicy, TantivyError};

use super::analyzer::{self, Words};
use super::schema::Fields;
use super::writer;
use crate::SearchError;

/// The index in `dir` and a reader of its last commit.
pub(super) fn open_or_start_over(
    dir: &Path,
    fields: &Fields,
    verify: bool,
) -> Result<(Index, IndexReader), SearchError> {
    let unusable = |error: io::Error| SearchError::Unavailable(format!("{}: {error}", dir.display()));
    fs::create_dir_all(dir).map_err(unusable)?;
    let reason = match catch_unwind(AssertUnwindSafe(|| open(dir, fields, verify))) {
        Ok(Ok(opened)) => return Ok(opened),
        Ok(Err(error)) if is_damage(&error) => error.to_string(),
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => "reading it panicked".to_owned(),
    };
    tracing::warn!(index.dir = %dir.display(), error = reason, "search index is unusable and is started over");
    remove_index(dir).map_err(unusable)?;
    Ok(open(dir, fields, false)?)
}

fn open(dir: &Path, fields: &Fields, verify: bool) -> ::tantivy::Result<(Index, IndexReader)> {
    let directory = MmapDirectory::open(dir)?;
    let index = if Index::exists(&directory)? {
        checked(Index::open(directory)?, fields, verify)?
    } else {
        Index::create(directory, fields.schema.clone(), settings())?
    };
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
    writer::committed_offsets(&index)?;
    let damaged = if verify { index.validate_checksum()? } else { Default::default() };
    match damaged.iter().next() {
        None => Ok(index),
        Some(file) => Err(writer::corrupt(format!("the checksum of {} is wrong", file.display()))),
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

/// Removes the index's files and no others.
fn remove_index(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if entry.file_type()?.is_file() && name.to_str().is_some_and(is_index_file) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// `meta.json`, its temporary forms, and segments, whose names begin with 32 hexadecimal digits.
fn is_index_file(name: &str) -> bool {
    let segment = |name: &str| {
        name.split_once('.')
            .is_some_and(|(id, _)| id.len() == 32 && id.bytes().all(|digit| digit.is_ascii_hexdigit()))
    };
    matches!(name, "meta.json" | ".managed.json") || segment(name)
}
