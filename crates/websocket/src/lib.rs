//! WebSocket (RFC 6455) with permessage-deflate (RFC 7692), the server's side, without I/O.
//!
//! [`handshake`] checks an upgrade and answers it, [`Decoder`] turns what a client sent into messages or the [`Violation`] that ends
//! the connection, [`frame`] makes what a server sends. Server frames are not masked, so one buffer serves every connection: that is
//! why the library exists, and why it holds no socket.
//!
//! What is deliberately absent: the client's side, extensions other than permessage-deflate without context takeover.

mod decoder;
mod deflate;
pub mod frame;
pub mod handshake;
mod utf8;

pub use decoder::{Decoder, Incoming, Limits, Violation};
pub use deflate::deflate;
