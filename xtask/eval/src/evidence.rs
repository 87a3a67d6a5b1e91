//! Measures of the evidence: whether a post's claim is found among claims already checked, and whether the side of a reply is told.
//!
//! Claims are found as the product finds them: the checked claims are items of the embedded index, the index brings candidates, and
//! the analysis ranks them.

mod matching;
mod score;
mod stance;
pub mod train;

use std::path::Path;

use crate::Row;

/// All measures of this module, over the folder of labelled sets.
///
/// # Errors
/// Where the sets cannot be read.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let mut rows = matching::run(data)?;
    rows.extend(stance::run(data)?);
    Ok(rows)
}
