//! One thread, level-triggered epoll, one send for each member.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, listen as listen_on, sockopt};

use super::{BACKLOG, Request, STREAM, TAKEN, messages, switching};
use crate::wire;

struct Member {
    socket: Rc<TcpStream>,
    is_event_stream: bool,
}

/// A connection that is not in a room: a subscriber before its request, or a publisher.
struct Asking {
    socket: Rc<TcpStream>,
    held: Vec<u8>,
}

struct Server {
    epoll: OwnedFd,
    asking: HashMap<u64, Asking>,
    /// The room of each member's socket.
    room_of: HashMap<u64, String>,
    rooms: HashMap<String, Vec<Member>>,
}

/// Serves until killed.
pub fn serve(address: SocketAddr) -> anyhow::Result<()> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let listener = rustix::net::socket_with(AddressFamily::INET, SocketType::STREAM, flags, None)?;
    sockopt::set_socket_reuseaddr(&listener, true)?;
    bind(&listener, &address)?;
    listen_on(&listener, i32::try_from(BACKLOG)?)?;
    let listener = std::net::TcpListener::from(listener);
    let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    let mark = u64::MAX;
    epoll::add(&epoll, &listener, EventData::new_u64(mark), EventFlags::IN)?;
    let (asking, room_of, rooms) = (HashMap::new(), HashMap::new(), HashMap::new());
    let mut server = Server { epoll, asking, room_of, rooms };
    let mut scratch = vec![0; 64 * 1024];
    loop {
        let mut events =
            [const { epoll::Event { flags: EventFlags::empty(), data: EventData::new_u64(0) } }; 512];
        let count = match epoll::wait(&server.epoll, &mut events, None) {
            Ok(count) => count,
            Err(Errno::INTR) => 0,
            Err(error) => return Err(error.into()),
        };
        for event in &events[..count] {
            match event.data.u64() {
                it if it == mark => server.accept(&listener)?,
                name => server.ready(name, &mut scratch)?,
            }
        }
    }
}

impl Server {
    fn accept(&mut self, listener: &std::net::TcpListener) -> anyhow::Result<()> {
        loop {
            match listener.accept() {
                Ok((socket, _)) => {
                    socket.set_nonblocking(true)?;
                    socket.set_nodelay(true)?;
                    let name = u64::try_from(socket.as_raw_fd())?;
                    epoll::add(&self.epoll, &socket, EventData::new_u64(name), EventFlags::IN)?;
                    self.asking.insert(name, Asking { socket: Rc::new(socket), held: Vec::new() });
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn ready(&mut self, name: u64, scratch: &mut [u8]) -> anyhow::Result<()> {
        let Some(asking) = self.asking.get_mut(&name) else {
            self.hear_member(name, scratch);
            return Ok(());
        };
        match (&*asking.socket).read(scratch) {
            Ok(read) if read > 0 => asking.held.extend_from_slice(&scratch[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            _ => {
                self.asking.remove(&name);
                return Ok(());
            }
        }
        self.answer(name)
    }

    /// Members have nothing to say; they leave.
    fn hear_member(&mut self, name: u64, scratch: &mut [u8]) {
        let Some(room) = self.room_of.get(&name) else { return };
        let Some(members) = self.rooms.get_mut(room) else { return };
        let at = members.iter().position(|member| member.socket.as_raw_fd().try_into() == Ok(name));
        let Some(at) = at else { return };
        let is_gone = match (&*members[at].socket).read(scratch) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        };
        if is_gone {
            members.swap_remove(at);
            self.room_of.remove(&name);
        }
    }

    fn answer(&mut self, name: u64) -> anyhow::Result<()> {
        let Some(asking) = self.asking.get_mut(&name) else { return Ok(()) };
        let Some(head) = wire::http_head(&asking.held) else { return Ok(()) };
        let request = Request::of(head.line);
        if request.is_post {
            let whole = head.length + head.body;
            let Some(body) = asking.held.get(head.length..whole) else { return Ok(()) };
            (&*asking.socket).write_all(TAKEN)?;
            for (room, message) in messages(body) {
                if let Some(members) = self.rooms.get(room) {
                    send(members, message);
                }
            }
            asking.held.drain(..whole);
            return Ok(());
        }
        let answer = match head.key {
            Some(key) if !request.is_event_stream => switching(key),
            _ => STREAM.to_vec(),
        };
        (&*asking.socket).write_all(&answer)?;
        let member = Member { socket: Rc::clone(&asking.socket), is_event_stream: request.is_event_stream };
        self.rooms.entry(request.room.to_owned()).or_default().push(member);
        self.room_of.insert(name, request.room.to_owned());
        self.asking.remove(&name);
        Ok(())
    }
}

fn send(members: &[Member], body: &[u8]) {
    let (frame, chunk) = (wire::server_frame(body), wire::event_chunk(body));
    for member in members {
        let bytes = if member.is_event_stream { &chunk } else { &frame };
        // A full socket loses the frame, which the client counts.
        let _ = (&*member.socket).write(bytes);
    }
}
