//! WebSocket frames and HTTP heads as bytes, as far as both ends of the yardstick need them. By hand, so that the client
//! costs far less than the server that it measures.

use memchr::memmem;

/// Opcode of a text frame.
pub const TEXT: u8 = 1;
/// Opcode of a closing frame.
pub const CLOSE: u8 = 8;
/// Opcode of a ping.
pub const PING: u8 = 9;
/// Opcode of a pong.
pub const PONG: u8 = 10;

/// An unmasked frame, as servers send them.
pub struct Frame<'a> {
    /// Its opcode.
    pub opcode: u8,
    /// Its payload.
    pub payload: &'a [u8],
    /// Bytes that it takes with its head.
    pub length: usize,
}

/// The whole frame at the beginning of `bytes`; none where it is not all there.
pub fn frame(bytes: &[u8]) -> Option<Frame<'_>> {
    let (first, second) = (*bytes.first()?, *bytes.get(1)?);
    let (head, payload) = match second & 0x7f {
        126 => (4, u64::from(u16::from_be_bytes(bytes.get(2..4)?.try_into().ok()?))),
        127 => (10, u64::from_be_bytes(bytes.get(2..10)?.try_into().ok()?)),
        short => (2, u64::from(short)),
    };
    let length = head + usize::try_from(payload).ok()?;
    Some(Frame { opcode: first & 0x0f, payload: bytes.get(head..length)?, length })
}

/// A frame of a client. Its mask is zero, which is legal and leaves the payload as it is.
pub fn client_frame(opcode: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = head(opcode, payload.len(), 0x80);
    frame.extend([0; 4]);
    frame.extend_from_slice(payload);
    frame
}

/// A text frame of a server.
pub fn server_frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = head(TEXT, payload.len(), 0);
    frame.extend_from_slice(payload);
    frame
}

fn head(opcode: u8, length: usize, mask: u8) -> Vec<u8> {
    let mut head = Vec::with_capacity(length + 14);
    head.push(0x80 | opcode);
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short), _) if short < 126 => head.push(mask | short),
        (_, Ok(middle)) => {
            head.push(mask | 126);
            head.extend(middle.to_be_bytes());
        }
        _ => {
            head.push(mask | 127);
            head.extend((length as u64).to_be_bytes());
        }
    }
    head
}

/// An event of an event stream, in a chunk of its own.
pub fn event_chunk(payload: &[u8]) -> Vec<u8> {
    let event = [b"event: m\ndata: ", payload, b"\n\n"].concat();
    [format!("{:x}\r\n", event.len()).as_bytes(), &event, b"\r\n"].concat()
}

/// The head of an HTTP message.
pub struct Head<'a> {
    /// Its first line.
    pub line: &'a str,
    /// `Sec-WebSocket-Key`.
    pub key: Option<&'a str>,
    /// `Content-Length`; 0 where absent.
    pub body: usize,
    /// Bytes of the head.
    pub length: usize,
}

/// The head at the beginning of `bytes`; none where it is not all there, or no text.
pub fn http_head(bytes: &[u8]) -> Option<Head<'_>> {
    let end = memmem::find(bytes, b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
    let mut head = Head { line: lines.next()?, key: None, body: 0, length: end + 4 };
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        if name.eq_ignore_ascii_case("sec-websocket-key") {
            head.key = Some(value.trim());
        } else if name.eq_ignore_ascii_case("content-length") {
            head.body = value.trim().parse().ok()?;
        }
    }
    Some(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_every_length_are_read_back_whole_or_not_at_all() {
        for length in [0, 1, 125, 126, 65_535, 65_536] {
            let payload = vec![b'x'; length];
            let bytes = server_frame(&payload);
            let read = frame(&bytes).unwrap();
            assert_eq!((read.opcode, read.payload, read.length), (TEXT, payload.as_slice(), bytes.len()));
            assert!(frame(&bytes[..bytes.len() - 1]).is_none());
            assert_eq!(client_frame(TEXT, &payload).len(), bytes.len() + 4);
        }
    }

    #[test]
    fn a_head_says_how_long_it_and_its_body_are() {
        let bytes = b"POST /pub/1 HTTP/1.1\r\ncontent-length: 3\r\nSec-WebSocket-Key: k\r\n\r\nabc";
        let head = http_head(bytes).unwrap();
        assert_eq!((head.line, head.key, head.body), ("POST /pub/1 HTTP/1.1", Some("k"), 3));
        assert_eq!(&bytes[head.length..], b"abc");
        assert!(http_head(&bytes[..20]).is_none());
    }
}
