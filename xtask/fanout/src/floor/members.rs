//! Rooms whose publisher writes to the sockets itself; only a full socket gets a queue and a writer.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use tokio::io::Interest;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::wire;

/// Writes that wait behind a full socket; further ones are lost.
const QUEUE: usize = 256;

/// A subscriber.
pub struct Member {
    socket: TcpStream,
    is_event_stream: bool,
    /// What is not written yet; while there is something, nothing is written past it.
    queue: Mutex<VecDeque<Bytes>>,
    wake: Notify,
}

#[derive(Default)]
struct Room {
    members: Vec<Arc<Member>>,
    /// When it was last written to.
    last: Option<Instant>,
    /// Frames and events that wait for the next write.
    frames: BytesMut,
    events: BytesMut,
}

/// All rooms.
pub struct Rooms {
    rooms: Mutex<HashMap<String, Room>>,
    gather: Option<Duration>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Rooms {
    /// None yet; `gather` is how long messages wait for one another after a write.
    pub fn new(gather: Option<Duration>) -> Arc<Self> {
        Arc::new(Self { rooms: Mutex::default(), gather })
    }

    /// Serves a subscriber until it leaves. What it sends is ignored.
    pub async fn serve(&self, socket: TcpStream, room: &str, is_event_stream: bool) {
        let (queue, wake) = (Mutex::default(), Notify::new());
        let member = Arc::new(Member { socket, is_event_stream, queue, wake });
        locked(&self.rooms).entry(room.to_owned()).or_default().members.push(Arc::clone(&member));
        member.stay().await;
        if let Some(room) = locked(&self.rooms).get_mut(room) {
            room.members.retain(|other| !Arc::ptr_eq(other, &member));
        }
    }

    /// Sends `body` to everybody in `room`, now or together with what else comes within the gathering time.
    pub fn publish(self: &Arc<Self>, name: &str, body: &[u8]) {
        let mut rooms = locked(&self.rooms);
        let Some(room) = rooms.get_mut(name) else { return };
        let is_waiting = !room.frames.is_empty();
        room.frames.extend_from_slice(&wire::server_frame(body));
        room.events.extend_from_slice(&wire::event_chunk(body));
        let Some(gather) = self.gather else { return room.flush() };
        let due = room.last.map(|last| last + gather).filter(|due| *due > Instant::now());
        match due {
            _ if is_waiting => {}
            None => room.flush(),
            Some(due) => {
                let (rooms, name) = (Arc::clone(self), name.to_owned());
                tokio::spawn(async move {
                    tokio::time::sleep_until(due.into()).await;
                    if let Some(room) = locked(&rooms.rooms).get_mut(&name) {
                        room.flush();
                    }
                });
            }
        }
    }
}

impl Room {
    fn flush(&mut self) {
        let (frames, events) = (self.frames.split().freeze(), self.events.split().freeze());
        for member in &self.members {
            member.write(if member.is_event_stream { &events } else { &frames });
        }
        // From the end of the writing: one that takes longer than the gathering time must not turn gathering off.
        self.last = Some(Instant::now());
    }
}

impl Member {
    fn write(&self, bytes: &Bytes) {
        let mut queue = locked(&self.queue);
        if !queue.is_empty() {
            if queue.len() < QUEUE {
                queue.push_back(bytes.clone());
            }
            return;
        }
        let written = self.socket.try_write(bytes).unwrap_or(0);
        if written < bytes.len() {
            queue.push_back(bytes.slice(written..));
            self.wake.notify_one();
        }
    }

    async fn stay(&self) {
        loop {
            let waits = !locked(&self.queue).is_empty();
            let wanted = if waits { Interest::READABLE | Interest::WRITABLE } else { Interest::READABLE };
            let ready = tokio::select! {
                ready = self.socket.ready(wanted) => ready,
                () = self.wake.notified() => continue,
            };
            let Ok(ready) = ready else { return };
            if ready.is_readable() {
                let mut ignored = [0; 512];
                match self.socket.try_read(&mut ignored) {
                    Ok(0) => return,
                    Err(error) if error.kind() != std::io::ErrorKind::WouldBlock => return,
                    _ => {}
                }
            }
            if ready.is_writable() {
                self.write_queued();
            }
        }
    }

    fn write_queued(&self) {
        let mut queue = locked(&self.queue);
        while let Some(first) = queue.front_mut() {
            match self.socket.try_write(first) {
                Ok(written) if written == first.len() => drop(queue.pop_front()),
                Ok(written) => drop(first.split_to(written)),
                Err(_) => return,
            }
        }
    }
}
