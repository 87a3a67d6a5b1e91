//! What a server sends: unmasked frames, made once and shared.

use bytes::{BufMut, Bytes, BytesMut};

/// Most bytes that a header of a server's frame takes.
const HEADER_MAX: usize = 10;
/// Most bytes that a control frame carries.
pub const CONTROL_MAX: usize = 125;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;

/// What a frame is (RFC 6455 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// A text message.
    Text = 1,
    /// A binary message.
    Binary = 2,
    /// The end, with a code.
    Close = 8,
    /// Asks for a pong.
    Ping = 9,
    /// Answers a ping.
    Pong = 10,
}

/// Writes the header of a whole message of `length` bytes.
fn put_header(out: &mut impl BufMut, opcode: Opcode, is_compressed: bool, length: usize) {
    let flags = if is_compressed { FIN | RSV1 } else { FIN };
    out.put_u8(flags | opcode as u8);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => out.put_u8(short),
        (_, Ok(middle)) => {
            out.put_u8(126);
            out.put_u16(middle);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(length as u64);
        }
    }
}

/// A whole message in one frame.
#[must_use]
pub fn message(opcode: Opcode, payload: &[u8]) -> Bytes {
    framed(opcode, false, payload)
}

/// A whole message that [`crate::deflate`] has compressed.
#[must_use]
pub fn compressed(opcode: Opcode, payload: &[u8]) -> Bytes {
    framed(opcode, true, payload)
}

fn framed(opcode: Opcode, is_compressed: bool, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(HEADER_MAX + payload.len());
    put_header(&mut frame, opcode, is_compressed, payload.len());
    frame.put_slice(payload);
    frame.freeze()
}

/// A close frame; a reason that does not fit is cut.
#[must_use]
pub fn close(code: u16, reason: &str) -> Bytes {
    let mut payload = code.to_be_bytes().to_vec();
    let most = CONTROL_MAX - payload.len();
    payload.extend_from_slice(&reason.as_bytes()[..reason.floor_char_boundary(most)]);
    message(Opcode::Close, &payload)
}

/// What a client's close frame is answered with: its own code, or none where it brought none (RFC 6455 §5.5.1).
#[must_use]
pub fn close_answer(code: Option<u16>) -> Bytes {
    code.map_or_else(|| message(Opcode::Close, b""), |code| close(code, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_written_in_the_shortest_form() {
        for (length, header) in [
            (0, vec![0x81, 0]),
            (125, vec![0x81, 125]),
            (126, vec![0x81, 126, 0, 126]),
            (65_535, vec![0x81, 126, 0xff, 0xff]),
            (65_536, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = message(Opcode::Text, &vec![b'x'; length]);
            assert_eq!(frame[..header.len()], header, "{length}");
            assert_eq!(frame.len(), header.len() + length);
        }
    }

    #[test]
    fn a_reason_that_is_too_long_is_cut_between_characters() {
        let frame = close(1000, &"ü".repeat(100));
        assert_eq!(frame[1], 124);
        assert!(std::str::from_utf8(&frame[4..]).is_ok());
    }

    #[test]
    fn a_close_frame_is_answered_with_its_own_code() {
        assert_eq!(close_answer(None)[..], [0x88, 0]);
        assert_eq!(close_answer(Some(4000))[..], [0x88, 2, 0x0f, 0xa0]);
    }
}
