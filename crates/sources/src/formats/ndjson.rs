//! Raw items in the shape of the ingest API, one JSON object a line.

use crisislens_model::FieldError;

use super::ingest::read_raw_item;
use crate::decode;
use crate::parse::{DocumentError, Parsed, SourceContext};

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let mut parsed = Parsed::default();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        parsed.entries += 1;
        match read_raw_item(line.as_bytes(), ctx) {
            Ok((item, dated)) => parsed.push(item, dated),
            Err(problems) => {
                let reason = FieldError::in_words(&problems).unwrap_or_default();
                parsed.skip(&format!("line {}", index + 1), reason, ctx.now);
            }
        }
    }
    Ok(parsed)
}
