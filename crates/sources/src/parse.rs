//! From the bytes of a document to raw items, format by format.

use std::collections::{HashMap, HashSet};

use crisislens_model::source::Skip;
use crisislens_model::{ItemId, RawItem, SourceKind, Timestamp};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::Format;
use crate::draft::Draft;
use crate::formats::{
    cap, claim_review, copernicus, eccc, eonet, feed, firms, gdacs, gdelt, mastodon, meteoalarm, metno,
    ndjson, nhc, nws, pdc, reddit, reliefweb, usgs, who_don,
};
use crate::json::Entries;
use crate::unpack::unpack;
pub use crate::xml::XmlError;

/// Largest document that is read, in bytes.
pub const MAX_DOCUMENT_BYTES: usize = 64 * 1024 * 1024;
/// Longest name of an entry in a skip, in characters.
const MAX_ENTRY_NAME_CHARS: usize = 200;

/// What a parser must know about where a document came from.
#[derive(Debug, Clone, Copy)]
pub struct SourceContext<'a> {
    /// Name of the source, as it stands on items.
    pub source: &'a str,
    /// What sort of voice the source is.
    pub kind: SourceKind,
    /// The present instant.
    pub now: Timestamp,
    /// Whether everything it says belongs to an exercise.
    pub exercise: bool,
    /// Where the document was read.
    pub url: Option<&'a str>,
}

/// What a document holds.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// Entries in the document, good and bad.
    pub entries: u64,
    /// One raw item per identity, in document order.
    pub items: Vec<RawItem>,
    /// Why the other entries became no item.
    pub skips: Vec<Skip>,
    /// Items whose source gives no time: they carry the time of reading, which must not count as a change.
    pub undated: HashSet<ItemId>,
    /// Address of the next page, where the document is one of several.
    pub next: Option<String>,
    /// Whether the document ends before its entries do, so that it is to be asked for again.
    pub cut_off: bool,
}

/// Why a whole document could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DocumentError {
    /// Too large to be read.
    #[error("the document has {bytes} bytes; at most {MAX_DOCUMENT_BYTES} are read")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// Not XML, or XML that is refused.
    #[error("the document {0}")]
    Xml(#[from] XmlError),
    /// Packed in a way that cannot be undone.
    #[error("the document cannot be unpacked: {0}")]
    Packed(String),
    /// Not JSON.
    #[error("the document is not JSON: {0}")]
    Json(String),
    /// Read, but something else than the format says.
    #[error("the document is not {expected}: {found}")]
    Unexpected {
        /// What the connector reads.
        expected: &'static str,
        /// What came instead.
        found: String,
    },
}

/// Reads `bytes` as `format`. An entry that cannot become an item is skipped with its reason and never hides another; where
/// several entries have one identity the newest is kept.
///
/// # Errors
/// When the document as a whole is not what `format` says.
pub fn parse(format: Format, bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge { bytes: bytes.len() });
    }
    let unpacked = unpack(bytes)?;
    let bytes = unpacked.as_ref();
    if bytes.len() > MAX_DOCUMENT_BYTES {
        return Err(DocumentError::TooLarge { bytes: bytes.len() });
    }
    let mut parsed = match format {
        Format::UsgsGeoJson => usgs::parse(bytes, ctx),
        Format::GdacsRss => gdacs::parse(bytes, ctx),
        Format::NwsGeoJson => nws::parse(bytes, ctx),
        Format::Cap => cap::parse(bytes, ctx),
        Format::Feed => feed::parse(bytes, ctx),
        Format::Mastodon => mastodon::parse(bytes, ctx),
        Format::RawNdjson => ndjson::parse(bytes, ctx),
        Format::Eonet => eonet::parse(bytes, ctx),
        Format::ReliefWeb => reliefweb::parse(bytes, ctx),
        Format::WhoDon => who_don::parse(bytes, ctx),
        Format::NhcRss => nhc::parse(bytes, ctx),
        Format::Meteoalarm => meteoalarm::parse(bytes, ctx),
        Format::FirmsCsv => firms::parse(bytes, ctx),
        Format::Gdelt => gdelt::parse(bytes, ctx),
        Format::CopernicusEms => copernicus::parse(bytes, ctx),
        Format::Pdc => pdc::parse(bytes, ctx),
        Format::EcccGeoJson => eccc::parse(bytes, ctx),
        Format::MetNoGeoJson => metno::parse(bytes, ctx),
        Format::Reddit => reddit::parse(bytes, ctx),
        Format::ClaimReview => claim_review::parse(bytes, ctx),
    }?;
    parsed.keep_newest(ctx.now);
    Ok(parsed)
}

impl Parsed {
    /// Takes what became of one entry called `entry`.
    pub(crate) fn take(&mut self, entry: &str, draft: Result<Draft, String>, ctx: &SourceContext<'_>) {
        self.entries += 1;
        match draft.and_then(|draft| draft.into_item(ctx)) {
            Ok((item, dated)) => self.push(item, dated),
            Err(reason) => self.skip(entry, reason, ctx.now),
        }
    }

    /// Takes what became of each of `entries`; `name` finds an entry's own id for a skip.
    pub(crate) fn take_each(
        &mut self,
        entries: &Entries<'_>,
        ctx: &SourceContext<'_>,
        name: impl Fn(&Value) -> Option<String>,
        draft: impl Fn(&Value, &RawValue) -> Result<Draft, String>,
    ) {
        for (index, raw) in entries.list.iter().enumerate() {
            match serde_json::from_str::<Value>(raw.get()) {
                Ok(value) => {
                    self.take(&entry_name(name(&value).as_deref(), index), draft(&value, raw), ctx);
                }
                Err(error) => self.take(&entry_name(None, index), Err(error.to_string()), ctx),
            }
        }
        if let Some(why) = &entries.cut {
            self.cut_off = true;
            self.take(&entry_name(None, entries.list.len()), Err(why.clone()), ctx);
        }
    }

    /// Adds an item that is already checked.
    pub(crate) fn push(&mut self, item: RawItem, dated: bool) {
        if !dated {
            self.undated.insert(item.id);
        }
        self.items.push(item);
    }

    /// Notes why `entry` became no item.
    pub(crate) fn skip(&mut self, entry: &str, reason: impl Into<String>, at: Timestamp) {
        let entry = entry.chars().take(MAX_ENTRY_NAME_CHARS).collect();
        self.skips.push(Skip { entry, reason: reason.into(), at });
    }

    /// Of several entries with one identity the newest stays, of equally old ones the last. Otherwise each poll would see
    /// the one as a change of the other.
    fn keep_newest(&mut self, now: Timestamp) {
        let mut newest: HashMap<ItemId, usize> = HashMap::new();
        for (index, item) in self.items.iter().enumerate() {
            let kept = newest.entry(item.id).or_insert(index);
            if item.timestamp >= self.items[*kept].timestamp {
                *kept = index;
            }
        }
        if newest.len() == self.items.len() {
            return;
        }
        for (index, item) in std::mem::take(&mut self.items).into_iter().enumerate() {
            if newest.get(&item.id) == Some(&index) {
                self.items.push(item);
            } else {
                self.skip(
                    &item.source_id,
                    "the document holds a newer or equal entry with the same identity",
                    now,
                );
            }
        }
    }
}

/// The name of an entry in a skip: its id, or its number in the document counted from 1.
pub(crate) fn entry_name(id: Option<&str>, index: usize) -> String {
    id.map_or_else(|| format!("entry {}", index + 1), str::to_owned)
}
