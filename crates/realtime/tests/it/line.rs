//! A connection that takes only so many bytes at a time, and the client at its other end.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use crisislens_realtime::{Flushed, Hub, Session, Sink, Wire};

use crate::support::viewer;

/// Bytes in flight, and how many more are taken now.
#[derive(Default)]
pub struct Line(Mutex<(Vec<u8>, usize)>, AtomicUsize);

impl Line {
    /// Writes that were taken, whole or in part.
    pub fn writes(&self) -> usize {
        self.1.load(Ordering::SeqCst)
    }
}

impl Sink for Line {
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut line = self.0.lock().unwrap();
        let taken = bytes.len().min(line.1);
        if taken == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.1.fetch_add(1, Ordering::SeqCst);
        line.0.extend_from_slice(&bytes[..taken]);
        line.1 -= taken;
        Ok(taken)
    }
}

/// A client behind a [`Line`].
pub struct Wired {
    pub session: Session,
    pub line: Arc<Line>,
}

impl Wired {
    /// Somebody whose connection takes nothing yet.
    pub fn connect(hub: &Arc<Hub>, name: &str) -> Self {
        let line = Arc::new(Line::default());
        let session = hub.connect_direct(viewer(name), line.clone(), Wire::Plain).unwrap();
        Self { session, line }
    }

    /// Lets `bytes` more through; the whole texts that have come, and the code if the session has ended.
    pub fn read(&mut self, bytes: usize) -> (Vec<String>, Option<u16>) {
        let mut line = self.line.0.lock().unwrap();
        line.1 = line.1.saturating_add(bytes);
        drop(line);
        let ended = match self.session.flush() {
            Flushed::Ended { code, .. } => Some(code),
            Flushed::Done | Flushed::Blocked { .. } => None,
            Flushed::Gone => panic!("the line does not break"),
        };
        let mut texts = Vec::new();
        let mut line = self.line.0.lock().unwrap();
        while let Some((text, length)) = message(&line.0) {
            texts.push(text);
            line.0.drain(..length);
        }
        (texts, ended)
    }
}

/// The first message, which must be an unfragmented text, and how long it is on the wire.
fn message(bytes: &[u8]) -> Option<(String, usize)> {
    let [first, second, rest @ ..] = bytes else { return None };
    assert_eq!(*first, 0x81);
    let (length, header) = match second {
        126 => (usize::from(u16::from_be_bytes(*rest.first_chunk()?)), 4),
        127 => (u64::from_be_bytes(*rest.first_chunk()?) as usize, 10),
        short => (usize::from(*short), 2),
    };
    let text = bytes.get(header..header + length)?;
    Some((String::from_utf8(text.to_vec()).unwrap(), header + length))
}
