//! Sends every message back, with the decoder, frames, handshake and compression that `/ws` is made of: what the Autobahn test suite
//! runs against (`cargo xtask autobahn`).
//!
//! `cargo run --release -p crisislens-websocket --example echo` prints its address, and ends with its standard input.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use crisislens_websocket::frame::{self, Opcode};
use crisislens_websocket::handshake::{self, DEFLATE_ANSWER};
use crisislens_websocket::{Decoder, Incoming, Limits, deflate};

/// The suite sends messages of 16 MiB, and such of 4 MiB in fragments of 64 bytes.
const LIMITS: Limits = Limits { message_bytes: 32 << 20, fragments: 1 << 20 };
/// Longest request.
const REQUEST_BYTES: usize = 16 * 1024;
/// Read at once, as `/ws` does.
const READ_BYTES: usize = 4096;
/// How long a client may take to go.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            thread::spawn(move || {
                // Clients of the suite break off wherever they like: that is no failure of ours.
                let _ = serve(socket);
            });
        }
    });
    io::copy(&mut io::stdin(), &mut io::sink())?;
    Ok(())
}

fn serve(mut socket: TcpStream) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let (request, early) = read_request(&mut socket)?;
    let Some(accept) = header(&request, "sec-websocket-key").next().and_then(handshake::accept) else {
        return socket.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    };
    let deflates = header(&request, "sec-websocket-extensions").any(handshake::offers_deflate);
    let extensions =
        if deflates { format!("Sec-WebSocket-Extensions: {DEFLATE_ANSWER}\r\n") } else { String::new() };
    write!(
        socket,
        "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Accept: {accept}\r\n{extensions}\r\n"
    )?;
    let mut decoder = Decoder::new(LIMITS, deflates);
    decoder.feed(&early);
    loop {
        if let Some(goodbye) = answer_all(&mut socket, &mut decoder, deflates)? {
            return match goodbye {
                Goodbye::Answered => Ok(()),
                Goodbye::Said => wait_for_end(&mut socket),
            };
        }
        if !read_some(&mut socket, &mut decoder)? {
            return Ok(());
        }
    }
}

/// Who ends the connection.
enum Goodbye {
    /// The client, and its close frame is answered.
    Answered,
    /// We, because it broke a rule.
    Said,
}

/// Answers what has come whole.
fn answer_all(socket: &mut TcpStream, decoder: &mut Decoder, deflates: bool) -> io::Result<Option<Goodbye>> {
    loop {
        let answer = match decoder.decode() {
            Ok(None) => return Ok(None),
            Ok(Some(Incoming::Text(text))) => message(Opcode::Text, text.as_bytes(), deflates),
            Ok(Some(Incoming::Binary(payload))) => message(Opcode::Binary, &payload, deflates),
            Ok(Some(Incoming::Ping(payload))) => frame::message(Opcode::Pong, &payload),
            Ok(Some(Incoming::Pong)) => continue,
            Ok(Some(Incoming::Close(code))) => {
                socket.write_all(&frame::close_answer(code))?;
                return Ok(Some(Goodbye::Answered));
            }
            Err(violation) => {
                socket.write_all(&frame::close(violation.code, violation.reason))?;
                return Ok(Some(Goodbye::Said));
            }
        };
        socket.write_all(&answer)?;
    }
}

fn message(opcode: Opcode, payload: &[u8], deflates: bool) -> Bytes {
    match Some(payload).filter(|_| deflates).and_then(deflate) {
        Some(small) => frame::compressed(opcode, &small),
        None => frame::message(opcode, payload),
    }
}

/// A socket that is closed at once may lose the close frame; the client sees the end all the same.
fn wait_for_end(socket: &mut TcpStream) -> io::Result<()> {
    socket.shutdown(Shutdown::Write)?;
    socket.set_read_timeout(Some(CLOSE_TIMEOUT))?;
    io::copy(socket, &mut io::sink())?;
    Ok(())
}

/// Reads once into the decoder; false at the end of the stream.
fn read_some(socket: &mut TcpStream, decoder: &mut Decoder) -> io::Result<bool> {
    let mut buffer = [0; READ_BYTES];
    let read = socket.read(&mut buffer)?;
    decoder.feed(&buffer[..read]);
    Ok(read > 0)
}

/// The request up to the empty line, and what came behind it.
fn read_request(socket: &mut TcpStream) -> io::Result<(String, Vec<u8>)> {
    const END: &[u8] = b"\r\n\r\n";
    let mut request = Vec::new();
    let mut buffer = [0; READ_BYTES];
    loop {
        if let Some(end) = request.windows(END.len()).position(|window| window == END) {
            let early = request.split_off(end + END.len());
            return String::from_utf8(request)
                .map(|request| (request, early))
                .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error));
        }
        let read = socket.read(&mut buffer)?;
        if read == 0 || request.len() > REQUEST_BYTES {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        request.extend_from_slice(&buffer[..read]);
    }
}

/// The values of a header, which is named in lower case.
fn header<'a>(request: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let fields = request.lines().filter_map(|line| line.split_once(':'));
    fields.filter(move |(field, _)| field.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}
