//! The text of a frame, shared by everybody who gets it, with what a transport must know about it.

use bytes::Bytes;
use crisislens_model::frame::{EventBody, ServerFrame, event_frame};

/// What a session gives its transport to write.
#[derive(Debug, Clone)]
pub enum Outgoing {
    /// A text frame.
    Frame(FrameText),
    /// The last thing: close with this code.
    Close {
        /// One of [`crate::close`], or what the caller of `close_user` chose.
        code: u16,
        /// The sentence that goes with it.
        reason: &'static str,
    },
}

/// One frame's JSON on a single line (no line breaks, so it fits one `data:` field). Cloning shares the bytes.
#[derive(Debug, Clone)]
pub struct FrameText {
    text: Bytes,
    kind: &'static str,
    /// Where the position stands in the text: start and length.
    position: Option<(usize, usize)>,
}

impl FrameText {
    /// An event as `room` sees it.
    #[must_use]
    pub fn event(body: &EventBody, room: &str, position: &str) -> Self {
        const AROUND: usize = r#"{"type":"","room":"","position":""#.len();
        let start = AROUND + body.kind.len() + room.len();
        let text = Bytes::from(event_frame(body, room, position));
        Self { text, kind: body.kind, position: Some((start, position.len())) }
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
        Self { text: text.into(), kind: kind(frame), position }
    }

    /// The frame's `type`: the event name of server-sent events.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The position in the frame: the id of server-sent events.
    #[must_use]
    pub fn position(&self) -> Option<&str> {
        let (start, length) = self.position?;
        std::str::from_utf8(self.text.get(start..start + length)?).ok()
    }

    /// The text as bytes, always UTF-8.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.text
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.text).unwrap_or_default()
    }

    /// Its length in bytes.
    #[must_use]
    pub fn size(&self) -> usize {
        self.text.len()
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
    use super::*;

    #[test]
    fn kind_and_position_are_those_in_the_text() {
        let at = "2026-01-02T03:04:05Z".parse().unwrap();
        let frame = FrameText::event(&EventBody::data("new_item", at, "{}"), "global", "AQcAAAA");
        assert_eq!((frame.kind(), frame.position()), ("new_item", Some("AQcAAAA")));
        assert!(frame.as_str().contains(r#""position":"AQcAAAA","#));
        let joined =
            ServerFrame::JoinedRoom { room: "global".into(), position: "AQc".into(), recovered: true };
        assert_eq!(FrameText::control(&joined).position(), Some("AQc"));
        assert_eq!(FrameText::control(&ServerFrame::Pong { at }).position(), None);
    }

    #[test]
    fn every_control_frame_is_named_as_in_its_text() {
        let frame = ServerFrame::error("forbidden", "no");
        let text: serde_json::Value = serde_json::from_str(FrameText::control(&frame).as_str()).unwrap();
        assert_eq!(text["type"], FrameText::control(&frame).kind());
    }
}
