//! From bytes to messages, with every rule of RFC 6455 that a client can break.

use crate::deflate::{InflateError, inflate};
use crate::frame::CONTROL_MAX;
use crate::utf8::Checker;

/// An empty buffer larger than this is given back.
const KEEP_BYTES: usize = 512;

/// What a client may send.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Largest message, in bytes, compressed or not.
    pub message_bytes: usize,
    /// Most fragments of one message.
    pub fragments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes: 64 * 1024, fragments: 64 }
    }
}

/// A message or control frame of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incoming {
    /// A text message.
    Text(String),
    /// A binary message.
    Binary(Vec<u8>),
    /// Wants this back in a pong.
    Ping(Vec<u8>),
    /// Answers a ping.
    Pong,
    /// The client ends the connection, perhaps with a code.
    Close(Option<u16>),
}

/// A rule that the client has broken: close with the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Violation {
    /// RFC 6455 §7.4.1.
    pub code: u16,
    /// What was wrong, for a person.
    pub reason: &'static str,
}

const fn broken(reason: &'static str) -> Violation {
    Violation { code: 1002, reason }
}

const TOO_LARGE: Violation = Violation { code: 1009, reason: "the message is too large" };
const NO_TEXT: Violation = Violation { code: 1007, reason: "the text is not UTF-8" };

/// Decodes what one client sends. After a violation nothing more is decoded, or kept.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    takes_deflate: bool,
    is_broken: bool,
    /// What has come; at most one frame of the allowed size and what was read with it.
    buffer: Vec<u8>,
    /// So much of it is decoded.
    decoded: usize,
    partial: Option<Box<Partial>>,
}

/// A message whose last fragment has not come.
#[derive(Debug)]
struct Partial {
    is_text: bool,
    is_compressed: bool,
    fragments: usize,
    payload: Vec<u8>,
    utf8: Checker,
}

/// A frame's header.
struct Head {
    is_final: bool,
    is_compressed: bool,
    opcode: u8,
    mask: [u8; 4],
    /// Where the payload begins and how long it is.
    start: usize,
    length: usize,
}

impl Decoder {
    /// A decoder for one connection; `takes_deflate` where compression was agreed.
    #[must_use]
    pub fn new(limits: Limits, takes_deflate: bool) -> Self {
        Self { limits, takes_deflate, is_broken: false, buffer: Vec::new(), decoded: 0, partial: None }
    }

    /// From now on other limits hold, as for a client that has said who it is.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// Takes what was read from the client.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.is_broken {
            return;
        }
        self.buffer.drain(..std::mem::take(&mut self.decoded));
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that are held: what has come and is not decoded, and the fragments of a message that goes on. Once [`Decoder::decode`]
    /// has answered that nothing is whole, at most the largest message and its headers, and what came with its last piece.
    #[must_use]
    pub fn held(&self) -> usize {
        let partial = self.partial.as_ref().map_or(0, |partial| partial.payload.len());
        self.buffer.len() - self.decoded + partial
    }

    /// The next message, if it has come whole.
    ///
    /// # Errors
    /// The rule that was broken; the connection must be closed with its code.
    pub fn decode(&mut self) -> Result<Option<Incoming>, Violation> {
        let incoming = self.next();
        if incoming.is_err() {
            // Whoever broke a rule may go on sending until the connection is closed.
            (self.is_broken, self.buffer, self.decoded, self.partial) = (true, Vec::new(), 0, None);
        }
        incoming
    }

    fn next(&mut self) -> Result<Option<Incoming>, Violation> {
        loop {
            let Some(head) = self.head()? else { return Ok(None) };
            let Some(payload) = self.buffer[self.decoded..].get(head.start..head.start + head.length) else {
                return Ok(None);
            };
            let mut payload = payload.to_vec();
            self.decoded += head.start + head.length;
            if self.decoded == self.buffer.len() && self.buffer.capacity() > KEEP_BYTES {
                (self.buffer, self.decoded) = (Vec::new(), 0);
            }
            for (byte, mask) in payload.iter_mut().zip(head.mask.iter().cycle()) {
                *byte ^= mask;
            }
            let incoming =
                if head.opcode >= 8 { control(head.opcode, payload)? } else { self.data(&head, payload)? };
            if incoming.is_some() {
                return Ok(incoming);
            }
        }
    }

    /// Reads the next header, and checks all that can be told from it: a frame that breaks a rule is refused before its
    /// payload has come.
    fn head(&self) -> Result<Option<Head>, Violation> {
        let [first, second, rest @ ..] = &self.buffer[self.decoded..] else { return Ok(None) };
        let (is_final, opcode) = (first & 0x80 != 0, first & 0x0f);
        let is_compressed = first & 0x40 != 0;
        let is_control = opcode >= 8;
        if first & 0x30 != 0 || (is_compressed && (!self.takes_deflate || is_control || opcode == 0)) {
            return Err(broken("a reserved bit is set"));
        }
        if !matches!(opcode, 0..=2 | 8..=10) {
            return Err(broken("the opcode is reserved"));
        }
        if second & 0x80 == 0 {
            return Err(broken("a client's frame must be masked"));
        }
        if is_control && (!is_final || usize::from(second & 0x7f) > CONTROL_MAX) {
            return Err(broken("a control frame is fragmented or too long"));
        }
        match (opcode, &self.partial) {
            (0, None) => return Err(broken("there is no message to continue")),
            (1 | 2, Some(_)) => return Err(broken("the message before has not ended")),
            _ => {}
        }
        let (length, wide) = match second & 0x7f {
            126 => (rest.first_chunk().map(|bytes| u64::from(u16::from_be_bytes(*bytes))), 2),
            127 => (rest.first_chunk().map(|bytes| u64::from_be_bytes(*bytes)), 8),
            short => (Some(u64::from(short)), 0),
        };
        let Some(length) = length else { return Ok(None) };
        let before = self.partial.as_ref().filter(|_| !is_control).map_or(0, |partial| partial.payload.len());
        let fits = usize::try_from(length)
            .ok()
            .filter(|length| length.saturating_add(before) <= self.limits.message_bytes);
        let Some(length) = fits else { return Err(TOO_LARGE) };
        let Some(mask) = rest.get(wide..).and_then(|rest| rest.first_chunk()) else { return Ok(None) };
        Ok(Some(Head { is_final, is_compressed, opcode, mask: *mask, start: 2 + wide + 4, length }))
    }

    fn data(&mut self, head: &Head, payload: Vec<u8>) -> Result<Option<Incoming>, Violation> {
        let mut partial = match self.partial.take() {
            Some(mut partial) => {
                partial.payload.extend_from_slice(&payload);
                partial
            }
            None => Box::new(Partial {
                is_text: head.opcode == 1,
                is_compressed: head.is_compressed,
                fragments: 0,
                payload,
                utf8: Checker::default(),
            }),
        };
        partial.fragments += 1;
        if partial.fragments > self.limits.fragments {
            return Err(Violation { code: 1009, reason: "the message has too many fragments" });
        }
        if partial.is_text && !partial.is_compressed && !partial.utf8.goes_on(&partial.payload) {
            return Err(NO_TEXT);
        }
        if head.is_final {
            return self.message(*partial).map(Some);
        }
        self.partial = Some(partial);
        Ok(None)
    }

    fn message(&self, partial: Partial) -> Result<Incoming, Violation> {
        let payload = if partial.is_compressed {
            inflate(&partial.payload, self.limits.message_bytes).map_err(|error| match error {
                InflateError::TooLarge => TOO_LARGE,
                InflateError::Broken => Violation { code: 1007, reason: "the message cannot be inflated" },
            })?
        } else {
            partial.payload
        };
        if !partial.is_text {
            return Ok(Incoming::Binary(payload));
        }
        String::from_utf8(payload).map(Incoming::Text).map_err(|_| NO_TEXT)
    }
}

fn control(opcode: u8, payload: Vec<u8>) -> Result<Option<Incoming>, Violation> {
    Ok(Some(match opcode {
        9 => Incoming::Ping(payload),
        10 => Incoming::Pong,
        _ => Incoming::Close(close_code(&payload)?),
    }))
}

fn close_code(payload: &[u8]) -> Result<Option<u16>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(broken("half a close code")) };
    };
    if std::str::from_utf8(reason).is_err() {
        return Err(NO_TEXT);
    }
    match u16::from_be_bytes(*code) {
        code @ (1000..=1003 | 1007..=1014 | 3000..=4999) => Ok(Some(code)),
        _ => Err(broken("the close code may not be sent")),
    }
}
