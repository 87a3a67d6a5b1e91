//! What a client sends over a WebSocket, in pieces of any size, to a session on a hub.

use std::sync::Arc;

use crisislens_model::frame::{ClientFrame, ServerFrame};
use crisislens_model::{Role, Timestamp};
use crisislens_realtime::{Flushed, Outgoing, Session, Wire as Encoding};
use crisislens_websocket::frame::{self, CONTROL_MAX, Opcode};
use crisislens_websocket::{Decoder, Incoming, Limits};

use crate::Reached;
use crate::token::is_ours;
use crate::world::{Wire, World, note_frame, viewer};

/// How much is read at once.
const PIECES: [usize; 8] = [1, 2, 3, 5, 16, 125, 1000, 4096];
/// What a client that reads slowly takes before it is stuck.
const SLOW_BYTES: usize = 600;
/// Longest header of a client's frame.
const HEADER_MAX: usize = 14;

/// The first byte says how the others come: compression agreed (1), lines that become text frames (2), a client that reads slowly
/// (4), and how much is read at once (the upper three bits).
pub fn frames(data: &[u8]) -> Reached {
    let mut reached = Reached::new();
    let Some((how, bytes)) = data.split_first() else { return reached };
    let framed = (how & 2 != 0).then(|| text_frames(bytes));
    let bytes = framed.as_deref().unwrap_or(bytes);
    let limits = Limits::default();
    let mut world = World::new();
    let wire = Wire::taking(if how & 4 != 0 { SLOW_BYTES } else { usize::MAX });
    let session = world
        .hub
        .connect_direct(viewer("ada", Role::Analyst), wire.clone(), Encoding::Plain)
        .expect("there is room for a second connection");
    let mut client = Client { session, wire };
    let mut decoder = Decoder::new(limits, how & 1 != 0);
    client.session.join("global", None, None);
    for piece in bytes.chunks(PIECES[usize::from(how >> 5)]) {
        decoder.feed(piece);
        if let Some(end) = client.obey_all(&mut decoder) {
            reached.insert(end);
            break;
        }
        assert!(
            decoder.held() <= limits.message_bytes + HEADER_MAX + CONTROL_MAX,
            "one message at most is held, and a control frame between its fragments"
        );
    }
    world.publish_one_more();
    client.read(&mut reached);
    drop(client);
    world.check_left();
    while let Some(Outgoing::Frame(frame)) = world.bob.try_next() {
        note_frame(frame.as_str(), &mut Reached::new());
    }
    reached
}

struct Client {
    session: Session,
    wire: Arc<Wire>,
}

impl Client {
    /// Does what has come whole; answers why the connection ends, if it does.
    fn obey_all(&mut self, decoder: &mut Decoder) -> Option<String> {
        loop {
            match decoder.decode() {
                Ok(None) => return None,
                Ok(Some(Incoming::Text(text))) => self.message(&text),
                Ok(Some(Incoming::Binary(_))) => return Some("binary".to_owned()),
                Ok(Some(Incoming::Ping(payload))) => {
                    self.session.send_raw(frame::message(Opcode::Pong, &payload));
                }
                Ok(Some(Incoming::Pong)) => {}
                Ok(Some(Incoming::Close(code))) => {
                    self.session.send_raw(frame::close_answer(code));
                    return Some("close".to_owned());
                }
                Err(violation) => {
                    assert!(matches!(violation.code, 1002 | 1007 | 1009), "{violation:?}");
                    return Some(violation.code.to_string());
                }
            }
        }
    }

    fn message(&mut self, text: &str) {
        match serde_json::from_str(text) {
            Ok(frame) => self.obey(frame),
            Err(error) => self.session.send(&ServerFrame::error("bad_frame", error.to_string())),
        }
    }

    fn obey(&mut self, frame: ClientFrame) {
        match frame {
            ClientFrame::Ping => {
                self.session.pong(Timestamp::UNIX_EPOCH);
            }
            // No signature can be guessed: what looks like ours is taken for a token of the same person.
            ClientFrame::Auth { token } if is_ours(&token) => {
                self.session.renew(viewer("ada", Role::Viewer));
            }
            ClientFrame::Auth { .. } => {}
            ClientFrame::JoinRoom { room, position, filter } => {
                self.session.join(&room, position.as_deref(), filter.map(|filter| *filter));
            }
            ClientFrame::LeaveRoom { room } => {
                self.session.leave(&room);
            }
            ClientFrame::CursorMove { resource_id, position } => self.session.cursor(&resource_id, position),
            ClientFrame::Presence { state } => self.session.say(state),
            ClientFrame::GetPresence { resource_id } => self.session.tell_presence(&resource_id),
        }
    }

    /// Takes everything that waits: whole frames, each of them sound.
    fn read(&self, reached: &mut Reached) {
        self.wire.open();
        if let Flushed::Ended { code, .. } = self.session.flush() {
            reached.insert(code.to_string());
        }
        let received = self.wire.received();
        let mut rest = &received[..];
        while !rest.is_empty() {
            let (opcode, payload, after) = whole_frame(rest).expect("what is sent is whole frames");
            rest = after;
            match opcode {
                0x81 => note_frame(std::str::from_utf8(payload).expect("a text is UTF-8"), reached),
                0x88 => {
                    reached.insert("close_answer".to_owned());
                }
                0x8a => {
                    reached.insert("pong_frame".to_owned());
                }
                other => unreachable!("the server sent a frame of {other:#x}"),
            }
        }
    }
}

/// First byte and payload of a server's frame, and what comes behind it.
fn whole_frame(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let [first, second, rest @ ..] = bytes else { return None };
    let (length, rest) = match second {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (usize::try_from(u64::from_be_bytes(*length)).ok()?, rest)
        }
        short => (usize::from(*short), rest),
    };
    let (payload, rest) = rest.split_at_checked(length)?;
    Some((*first, payload, rest))
}

/// Each line as a text frame of a client, so that changes reach the JSON and not only the frames around it.
fn text_frames(lines: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(lines.len() * 2);
    for line in lines.split(|byte| *byte == b'\n') {
        out.extend_from_slice(&[0x81, 0xff]);
        out.extend_from_slice(&(line.len() as u64).to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(line);
    }
    out
}
