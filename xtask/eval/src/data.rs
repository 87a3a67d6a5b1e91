//! Reads labelled files.

use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;
use crisislens_model::RawItem;

/// The whole of a file; a name that ends in `.gz` is unpacked, and bytes that are no UTF-8 are replaced.
///
/// # Errors
/// When the file cannot be read.
pub fn text_of(file: &Path) -> anyhow::Result<String> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let bytes = if file.extension().is_some_and(|ending| ending == "gz") {
        let mut unpacked = Vec::new();
        flate2::read::GzDecoder::new(&bytes[..])
            .read_to_end(&mut unpacked)
            .with_context(|| format!("{} cannot be unpacked", file.display()))?;
        unpacked
    } else {
        bytes
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// FNV-1a: the hash that splits rows, equal on every machine.
#[must_use]
pub fn hash(text: &str) -> u64 {
    text.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// `text` as someone's post.
#[must_use]
pub fn post(text: &str) -> RawItem {
    RawItem::post("eval", text, text)
}

/// The files of `folder` whose names end with `ending`, by name.
///
/// # Errors
/// When the folder cannot be read.
pub fn files(folder: &Path, ending: &str) -> anyhow::Result<Vec<(String, PathBuf)>> {
    let entries = std::fs::read_dir(folder).with_context(|| format!("no folder {}", folder.display()))?;
    let mut out = Vec::new();
    for entry in entries {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(ending) {
            out.push((name, entry.path()));
        }
    }
    out.sort();
    Ok(out)
}
