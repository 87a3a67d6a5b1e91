//! Tail → hub → rooms → sessions: what is on the log reaches everybody who watches, in order and once.
//!
//! A [`Tail`] reads the watched topics and publishes them to the [`Hub`]. The hub routes each record to rooms, keeps a
//! bounded history of them, and puts one shared frame into the queue of every member. A transport (WebSocket, SSE; they
//! live in the server) opens a [`Session`] with [`Hub::connect`], joins rooms and writes what [`Session::next`] gives.
//!
//! What is deliberately absent: HTTP, sockets, storage. Nothing here waits for a client: a queue that overflows closes
//! its session, which resumes with its last position (invariants 4 and 6 of the architecture).

pub mod access;
mod admission;
mod broadcast;
mod burst;
pub mod close;
mod cursors;
mod dedup;
mod events;
mod facts;
pub mod frame_text;
mod history;
mod hub;
mod joining;
mod leases;
pub mod neighbours;
mod options;
mod outbox;
mod people;
mod presence;
mod queue;
mod replay;
mod room;
pub mod route;
mod session;
mod shard;
mod sink;
mod tail;
mod vector;
mod visits;
mod whereabouts;

pub use access::Viewer;
pub use facts::{Facts, Happening};
pub use frame_text::{FrameText, Outgoing, Wire};
pub use hub::{ConnectError, Counts, Hub};
pub use joining::{JoinOutcome, Refusal};
pub use leases::CursorRefusal;
pub use options::{HistoryLimits, HubOptions, QueueLimits, TailOptions};
pub use outbox::Flushed;
pub use route::{Routed, WATCHED, route};
pub use session::Session;
pub use sink::Sink;
pub use tail::{Tail, TailError};
pub use visits::Visit;
pub use whereabouts::Whereabouts;
