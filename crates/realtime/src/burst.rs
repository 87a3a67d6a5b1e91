//! Events of one room that go out together: one write for each member, of bytes that all of them share.

use std::cell::OnceCell;

use bytes::{Bytes, BytesMut};

use crate::frame_text::{FrameText, Wire};

/// A room's next events, in order.
#[derive(Debug, Default)]
pub(crate) struct Burst {
    frames: Vec<FrameText>,
    bytes: usize,
    plain: OnceCell<Bytes>,
    deflate: OnceCell<Bytes>,
}

impl Burst {
    pub(crate) fn add(&mut self, frame: FrameText) {
        self.bytes += frame.size();
        self.frames.push(frame);
    }

    pub(crate) fn frames(&self) -> &[FrameText] {
        &self.frames
    }

    /// Bytes of the texts.
    pub(crate) fn size(&self) -> usize {
        self.bytes
    }

    /// All frames in one piece.
    pub(crate) fn wire(&self, wire: Wire) -> Bytes {
        let cell = match wire {
            Wire::Plain => &self.plain,
            Wire::Deflate => &self.deflate,
        };
        cell.get_or_init(|| joined(&self.frames, wire)).clone()
    }
}

/// Frames in one piece; a single one is not copied.
pub(crate) fn joined(frames: &[FrameText], wire: Wire) -> Bytes {
    if let [single] = frames {
        return single.wire(wire).clone();
    }
    let mut bytes = BytesMut::with_capacity(frames.iter().map(|frame| frame.wire(wire).len()).sum());
    for frame in frames {
        bytes.extend_from_slice(frame.wire(wire));
    }
    bytes.freeze()
}
