//! Connectors: they turn what the world publishes into raw items.
//!
//! Wire formats are parsed in [`formats`], live addresses are read by the [`poll`]er, and recordings are played by
//! [`replay`]. All three hand raw items to a [`RawItemSink`] and remember what they did through a [`SourceJournal`].
//! Nothing here judges what an item means: hazard, place and severity are filled in only where the source states them.

mod country;
mod decode;
mod draft;
mod event_ids;
mod format;
pub mod formats;
mod geo;
mod hazards;
mod html;
mod json;
mod memory;
mod parse;
pub mod poll;
pub mod replay;
mod sink;
mod status;
mod time;
mod unpack;
mod xml;

pub use format::{Format, UnknownFormat};
pub use formats::ingest::raw_item_from_json;
pub use memory::{ReplayCursor, Seen, SourceMemory};
pub use parse::{DocumentError, MAX_DOCUMENT_BYTES, Parsed, SourceContext, parse};
pub use poll::{AddressPolicy, GuardedClient, Poller, PollerConfig};
pub use replay::{DEFAULT_SPEED, Replay, ReplayError, ReplaySummary};
pub use sink::{RawItemSink, SinkError, SourceJournal};
pub use time::parse_time;
