//! The text of a frame, shared by everybody who gets it, with what a transport must know about it.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use crisislens_model::frame::{EventBody, ServerFrame, event_frame};
use crisislens_websocket::deflate;
use crisislens_websocket::frame::{self, Opcode};

/// What a session gives its transport to write.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A text frame.
    Frame(FrameText),
    /// The last thing: close with this code.
    Close {
        /// One of [`crate::close`].
        code: u16,
        /// The sentence that goes with it.
        reason: &'static str,
    },
}

/// One frame's JSON on a single line (no line breaks, so it fits one `data:` field), with its WebSocket header before it and,
/// once somebody wants it so, compressed. Cloning shares all of it: a frame is encoded once and compressed at most once.
#[derive(Debug, Clone)]
pub struct FrameText(Arc<Encoded>);

#[derive(Debug)]
struct Encoded {
    /// Header and text.
    wire: Bytes,
    /// Length of the header.
    header: usize,
    deflated: OnceLock<Bytes>,
    kind: &'static str,
    /// Where the position stands in the text: start and length.
    position: Option<(usize, usize)>,
}

/// How a connection takes its frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// As they are.
    Plain,
    /// With permessage-deflate.
    Deflate,
}

/// Shorter texts are sent as they are: compressing them gains next to nothing.
const DEFLATE_FROM: usize = 256;

impl FrameText {
    /// An event as `room` sees it.
    #[must_use]
    pub fn event(body: &EventBody, room: &str, position: &str) -> Self {
        const AROUND: usize = r#"{"type":"","room":"","position":""#.len();
        let kind = body.kind.as_str();
        let start = AROUND + kind.len() + room.len();
        Self::new(&event_frame(body, room, position), kind, Some((start, position.len())))
    }

    /// A frame that is no event.
    #[must_use]
    pub fn control(frame: &ServerFrame) -> Self {
        let text = frame.to_text();
        let position = match frame {
            ServerFrame::JoinedRoom { position, .. } => {
                text.find(position.as_str()).map(|at| (at, position.len()))
            }
            _ => None,
        };
        Self::new(&text, kind(frame), position)
    }

    fn new(text: &str, kind: &'static str, position: Option<(usize, usize)>) -> Self {
        let wire = frame::message(Opcode::Text, text.as_bytes());
        let header = wire.len() - text.len();
        Self(Arc::new(Encoded { wire, header, deflated: OnceLock::new(), kind, position }))
    }

    /// The bytes of the WebSocket message.
    #[must_use]
    pub fn wire(&self, wire: Wire) -> &Bytes {
        let Encoded { wire: plain, deflated, .. } = &*self.0;
        if wire == Wire::Plain || self.size() < DEFLATE_FROM {
            return plain;
        }
        deflated.get_or_init(|| match deflate(self.as_str().as_bytes()) {
            Some(small) => frame::compressed(Opcode::Text, &small),
            None => plain.clone(),
        })
    }

    /// The frame's `type`: the event name of server-sent events.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.0.kind
    }

    /// The position in the frame: the id of server-sent events.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        let (start, length) = self.0.position?;
        self.as_str().get(start..start + length)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0.wire[self.0.header..]).unwrap_or_default()
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.0.wire.len() - self.0.header
    }
}

fn kind(frame: &ServerFrame) -> &'static str {
    match frame {
        ServerFrame::Connection { .. } => "connection",
        ServerFrame::Pong { .. } => "pong",
        ServerFrame::JoinedRoom { .. } => "joined_room",
        ServerFrame::LeftRoom { .. } => "left_room",
        ServerFrame::Resync { .. } => "resync",
        ServerFrame::PresenceState { .. } => "presence_state",
        ServerFrame::PresenceUpdate { .. } => "presence_update",
        ServerFrame::CursorUpdate { .. } => "cursor_update",
        ServerFrame::Error { .. } => "error",
        ServerFrame::GoingAway { .. } => "going_away",
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::event::EventKind;

    use super::*;

    #[test]
    fn kind_and_position_are_those_in_the_text() {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let frame = FrameText::event(&EventBody::data(EventKind::NewItem, at, "{}"), "global", "AQcAAAA");
        assert_eq!((frame.kind(), frame.position()), ("new_item", Some("AQcAAAA")));
        assert!(frame.as_str().contains(r#""position":"AQcAAAA","#));
        let joined =
            ServerFrame::JoinedRoom { room: "global".into(), position: "AQc".into(), recovered: true };
        assert_eq!(FrameText::control(&joined).position(), Some("AQc"));
        assert_eq!(FrameText::control(&ServerFrame::Pong { at, position: None }).position(), None);
    }

    #[test]
    fn every_control_frame_is_named_as_in_its_text() {
        let frame = ServerFrame::error("forbidden", "no");
        let text: serde_json::Value = serde_json::from_str(FrameText::control(&frame).as_str()).unwrap();
        assert_eq!(text["type"], FrameText::control(&frame).kind());
    }
}
