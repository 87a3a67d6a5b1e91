//! The mail server.
#![expect(clippy::unwrap_used, reason = "test support")]

use crisislens_fakes::Settings;
use crisislens_fakes::faults::{Fault, Plan};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::http::fakes;

/// Says these lines, each after the answer to the one before; the answers, and whether the server hung up.
async fn talk(address: std::net::SocketAddr, lines: &[&str]) -> (Vec<String>, bool) {
    let mut socket = BufReader::new(TcpStream::connect(address).await.unwrap());
    let mut answers = Vec::new();
    for line in std::iter::once(&"").chain(lines) {
        if !line.is_empty() {
            socket.write_all(format!("{line}\r\n").as_bytes()).await.unwrap();
        }
        loop {
            let mut answer = String::new();
            if socket.read_line(&mut answer).await.unwrap_or(0) == 0 {
                return (answers, true);
            }
            // Of an answer of several lines the last has a space behind its code.
            if answer.as_bytes().get(3) == Some(&b' ') {
                answers.push(answer.trim_end().to_owned());
                break;
            }
        }
    }
    (answers, false)
}

const MAIL: [&str; 5] = [
    "EHLO desk",
    "MAIL FROM:<desk@example.org> SIZE=100",
    "RCPT TO:<ada@example.org>",
    "DATA",
    "Subject: a long\r\n one\r\nMessage-ID: <d-1@desk>\r\n\r\n..first\r\nsecond\r\n.",
];

#[tokio::test]
async fn a_mail_is_kept_as_it_was_sent() {
    let fakes = fakes(Settings::default()).await;
    let (answers, _) = talk(fakes.smtp(), &[MAIL.as_slice(), &["QUIT"]].concat()).await;
    let codes: Vec<&str> = answers.iter().map(|answer| &answer[..3]).collect();
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    let taken = fakes.journal().taken("smtp");
    assert_eq!((taken.len(), taken[0].to.as_str()), (1, "ada@example.org"));
    assert_eq!(taken[0].message["headers"]["subject"], "a long one");
    assert!(taken[0].message["mail"].as_str().unwrap().ends_with("\r\n\r\n.first\r\nsecond\r\n"));
}

#[tokio::test]
async fn mailboxes_that_are_none_or_full_are_refused_and_commands_out_of_order() {
    let fakes = fakes(Settings::default()).await;
    let lines = [
        "RCPT TO:<ada@example.org>",
        "DATA",
        "MAIL FROM:<d@e.org>",
        "RCPT TO:<bounce@e.org>",
        "RCPT TO:<full@e.org>",
        "RCPT TO:<>",
        "VRFY x",
    ];
    let (answers, _) = talk(fakes.smtp(), &lines).await;
    let codes: Vec<&str> = answers.iter().skip(1).map(|answer| &answer[..3]).collect();
    assert_eq!(codes, ["503", "503", "250", "550", "452", "501", "500"]);
}

#[tokio::test]
async fn it_fails_in_turn_as_the_plan_has_it() {
    let fakes = fakes(Settings::default()).await;
    let faults = vec![Fault::Limited { retry_after: 1 }, Fault::Cut, Fault::Dropped, Fault::None];
    fakes.set_plan(Plan { requests: [("smtp".to_owned(), faults)].into(), ..Plan::default() });
    let (answers, _) = talk(fakes.smtp(), &MAIL).await;
    assert!(answers.last().unwrap().starts_with("451"), "{answers:?}");
    let (_, hung_up) = talk(fakes.smtp(), &MAIL).await;
    assert!(hung_up && fakes.journal().taken("smtp").len() == 1, "taken, and not answered");
    let (_, hung_up) = talk(fakes.smtp(), &MAIL).await;
    assert!(hung_up && fakes.journal().taken("smtp").len() == 1);
    let (answers, _) = talk(fakes.smtp(), &MAIL).await;
    assert!(answers.last().unwrap().starts_with("250"));
}
