//! A mail server that keeps what it gets (RFC 5321, as much as senders use), without encryption.

use std::sync::Arc;

use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::faults::Fault;
use crate::{Entry, Shared, now};

const MAX_BYTES: usize = 30_000_000;
const MAX_LINE: u64 = 2_048;

pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>, cancel: CancellationToken) {
    loop {
        let Some(accepted) = cancel.run_until_cancelled(listener.accept()).await else { return };
        let Ok((socket, _)) = accepted else { continue };
        let (shared, cancel) = (Arc::clone(&shared), cancel.clone());
        tokio::spawn(async move {
            if let Some(Err(error)) = cancel.run_until_cancelled(talk(socket, &shared)).await {
                tracing::debug!(%error, "a mail client is gone");
            }
        });
    }
}

/// One client, from greeting to goodbye.
async fn talk(socket: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut socket = BufReader::new(socket);
    say(&mut socket, "220 fake.crisislens ESMTP").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    while let Some(line) = next(&mut socket).await? {
        let (word, rest) = line.split_once([' ', ':']).unwrap_or((&line, ""));
        let answer = match word.to_ascii_uppercase().as_str() {
            "EHLO" => format!("250-fake.crisislens\r\n250-SIZE {MAX_BYTES}\r\n250-8BITMIME\r\n250 SMTPUTF8"),
            "HELO" | "NOOP" => "250 OK".to_owned(),
            "MAIL" => {
                (from, to) = (address(rest), Vec::new());
                "250 2.1.0 OK".to_owned()
            }
            "RCPT" if from.is_empty() => "503 5.5.1 MAIL first".to_owned(),
            "RCPT" => recipient(&address(rest), &mut to),
            "DATA" if to.is_empty() => "503 5.5.1 RCPT first".to_owned(),
            "DATA" => {
                say(&mut socket, "354 go ahead").await?;
                let Some(mail) = body(&mut socket).await? else { return Ok(()) };
                let Some(answer) = take(shared, &from, &std::mem::take(&mut to), &mail).await else {
                    return Ok(());
                };
                answer
            }
            "RSET" => {
                (from, to) = (String::new(), Vec::new());
                "250 2.0.0 OK".to_owned()
            }
            "QUIT" => {
                say(&mut socket, "221 2.0.0 bye").await?;
                return Ok(());
            }
            _ => "500 5.5.2 unknown command".to_owned(),
        };
        say(&mut socket, &answer).await?;
    }
    Ok(())
}

/// Addresses whose local part begins with these words have no mailbox, or a full one.
fn recipient(address: &str, to: &mut Vec<String>) -> String {
    match address {
        "" => "501 5.1.3 no address".to_owned(),
        gone if gone.starts_with("bounce") => "550 5.1.1 no such mailbox".to_owned(),
        full if full.starts_with("full") => "452 4.2.2 mailbox full".to_owned(),
        address => {
            to.push(address.to_owned());
            "250 2.1.5 OK".to_owned()
        }
    }
}

/// Keeps a mail; none where the connection is to end without a word.
async fn take(shared: &Shared, from: &str, to: &[String], mail: &str) -> Option<String> {
    let fault = shared.faults.next("smtp");
    let refusal = match fault {
        Fault::Limited { .. } => Some("451 4.7.1 too many messages, try again later"),
        Fault::Status(_) => Some("421 4.3.2 shutting down"),
        Fault::Dropped => return None,
        Fault::None | Fault::Slow(_) | Fault::Cut => None,
    };
    if let Some(refusal) = refusal {
        return Some(refusal.to_owned());
    }
    let (head, _) = mail.split_once("\r\n\r\n").unwrap_or((mail, ""));
    let headers: serde_json::Map<_, _> = unfolded(head)
        .filter_map(|line| {
            line.split_once(':').map(|(name, value)| (name.to_ascii_lowercase(), json!(value.trim())))
        })
        .collect();
    let id = Uuid::new_v4().simple().to_string();
    for recipient in to {
        shared.journal.note(Entry {
            provider: "smtp",
            at: now(),
            refused: None,
            id: id.clone(),
            to: recipient.clone(),
            message: json!({ "from": from, "headers": headers, "mail": mail }),
        });
    }
    match fault {
        Fault::Cut => return None,
        Fault::Slow(milliseconds) => tokio::time::sleep(std::time::Duration::from_millis(milliseconds)).await,
        _ => {}
    }
    Some(format!("250 2.0.0 OK {id}"))
}

/// Header lines with what was folded onto the next ones.
fn unfolded(head: &str) -> impl Iterator<Item = String> {
    let mut lines: Vec<String> = Vec::new();
    for line in head.split("\r\n") {
        match lines.last_mut() {
            Some(last) if line.starts_with([' ', '\t']) => last.push_str(line),
            _ => lines.push(line.to_owned()),
        }
    }
    lines.into_iter()
}

fn address(text: &str) -> String {
    let inner =
        text.split_once('<').and_then(|(_, rest)| rest.split_once('>')).map_or("", |(inner, _)| inner);
    inner.trim().to_owned()
}

async fn say(socket: &mut BufReader<TcpStream>, text: &str) -> std::io::Result<()> {
    socket.write_all(format!("{text}\r\n").as_bytes()).await
}

/// The next line, without its end; none where the client has gone.
async fn next(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut line = Vec::new();
    let read = socket.take(MAX_LINE).read_until(b'\n', &mut line).await?;
    let text = String::from_utf8_lossy(&line);
    Ok((read > 0).then(|| text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// A mail up to the dot that ends it, with doubled dots made single; none where the client has gone, or goes on for too long.
async fn body(socket: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let mut mail = String::new();
    while let Some(line) = next(socket).await? {
        if line == "." {
            return Ok(Some(mail));
        }
        mail.push_str(line.strip_prefix('.').unwrap_or(&line));
        mail.push_str("\r\n");
        if mail.len() > MAX_BYTES {
            break;
        }
    }
    Ok(None)
}
