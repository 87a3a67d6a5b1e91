//! What clients send, good and bad, whole and in any pieces.

use crisislens_websocket::{Decoder, Incoming, Limits, Violation, deflate};
use proptest::prelude::*;

const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// A masked frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x12, 0x34, 0x56, 0x78];
    let mut out = vec![first];
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | short as u8),
        middle @ 126..=65_535 => {
            out.push(0x80 | 126);
            out.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            out.push(0x80 | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    out
}

fn decode(limits: Limits, bytes: &[u8], piece: usize) -> Result<Vec<Incoming>, Violation> {
    let mut decoder = Decoder::new(limits, true);
    let mut all = Vec::new();
    for piece in bytes.chunks(piece.max(1)) {
        decoder.feed(piece);
        while let Some(incoming) = decoder.decode()? {
            all.push(incoming);
        }
    }
    Ok(all)
}

fn refused(bytes: &[u8]) -> Option<u16> {
    let [whole, by_byte] =
        [usize::MAX, 1].map(|piece| decode(Limits::default(), bytes, piece).err().map(|it| it.code));
    assert_eq!(whole, by_byte, "byte by byte");
    whole
}

#[test]
fn messages_come_whole_with_control_frames_between_their_fragments() {
    let bytes = [
        frame(TEXT, "Hε".as_bytes()),
        frame(FIN | PING, b"there?"),
        frame(0, "llo".as_bytes()),
        frame(FIN, b"!"),
        frame(FIN | 2, &[0; 300]),
        frame(FIN | 10, b""),
        frame(FIN | CLOSE, &[&4000_u16.to_be_bytes()[..], b"bye"].concat()),
    ]
    .concat();
    let all = vec![
        Incoming::Ping(b"there?".to_vec()),
        Incoming::Text("Hεllo!".to_owned()),
        Incoming::Binary(vec![0; 300]),
        Incoming::Pong,
        Incoming::Close(Some(4000)),
    ];
    for piece in [1, 2, 3, 7, 4096] {
        assert_eq!(decode(Limits::default(), &bytes, piece).unwrap(), all, "pieces of {piece}");
    }
}

#[test]
fn every_broken_rule_has_its_code() {
    let mut unmasked = frame(FIN | TEXT, b"x");
    unmasked[1] &= 0x7f;
    let cut_character = frame(FIN | TEXT, &"ε".as_bytes()[..1]);
    for (bytes, code) in [
        (unmasked, 1002),
        (frame(FIN | 0x20 | TEXT, b""), 1002),
        (frame(FIN | RSV1 | PING, b""), 1002),
        (frame(FIN | 3, b""), 1002),
        (frame(FIN | 11, b""), 1002),
        (frame(PING, b""), 1002),
        (frame(FIN | PING, &[0; 126]), 1002),
        (frame(FIN, b"continues nothing"), 1002),
        ([frame(TEXT, b"a"), frame(FIN | TEXT, b"b")].concat(), 1002),
        (frame(FIN | CLOSE, b"x"), 1002),
        (frame(FIN | CLOSE, &1005_u16.to_be_bytes()), 1002),
        (frame(FIN | CLOSE, &2999_u16.to_be_bytes()), 1002),
        (frame(FIN | CLOSE, &[3, 232, 0xff]), 1007),
        (frame(FIN | TEXT, b"\xff"), 1007),
        (cut_character, 1007),
        ([frame(TEXT, b"a"), frame(0, b"\xc0"), frame(FIN, b"")].concat(), 1007),
        (frame(FIN | RSV1 | TEXT, b"no deflate stream"), 1007),
        (frame(FIN | TEXT, &[b'x'; 64 * 1024 + 1]), 1009),
        ((0..65).flat_map(|n| frame(if n == 0 { TEXT } else { 0 }, b"x")).collect(), 1009),
    ] {
        assert_eq!(refused(&bytes), Some(code), "{:x?}", &bytes[..bytes.len().min(20)]);
    }
}

#[test]
fn a_frame_that_is_too_large_is_refused_before_it_has_come() {
    let mut decoder = Decoder::new(Limits::default(), false);
    decoder.feed(&frame(FIN | TEXT, &vec![b'x'; 70_000])[..14]);
    assert_eq!(decoder.decode().map_err(|it| it.code), Err(1009));
    let mut decoder = Decoder::new(Limits::default(), false);
    decoder.feed(&[FIN | TEXT, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    assert_eq!(decoder.decode().map_err(|it| it.code), Err(1009));
}

#[test]
fn what_is_held_is_what_has_not_become_a_message() {
    let mut decoder = Decoder::new(Limits::default(), false);
    decoder.feed(&[frame(TEXT, &[b'x'; 100]), frame(FIN | PING, b""), frame(FIN, b"y")].concat()[..112]);
    assert_eq!(decoder.decode(), Ok(Some(Incoming::Ping(Vec::new()))));
    assert_eq!(decoder.held(), 100, "the fragment");
    decoder.feed(&frame(FIN, b"yz")[..5]);
    assert_eq!(decoder.decode(), Ok(None));
    assert_eq!(decoder.held(), 105, "and a piece of the next frame");
    decoder.feed(&frame(FIN, b"yz")[5..]);
    assert!(decoder.decode().is_ok_and(|message| message.is_some()));
    assert_eq!(decoder.held(), 0);
}

#[test]
fn whoever_broke_a_rule_fills_no_memory_by_going_on() {
    let mut decoder = Decoder::new(Limits::default(), false);
    decoder.feed(&[frame(TEXT, b"begun"), frame(FIN | 3, b"")].concat());
    assert_eq!(decoder.decode().map_err(|it| it.code), Err(1002));
    assert_eq!(decoder.held(), 0, "what has come is given back");
    for _ in 0..100 {
        decoder.feed(&frame(FIN | TEXT, &[b'x'; 1000]));
        assert_eq!(decoder.decode(), Ok(None));
    }
    assert_eq!(decoder.held(), 0);
}

#[test]
fn compression_that_was_not_agreed_is_refused() {
    let text = "a text that is long enough to be worth it, worth it, worth it";
    let bytes = frame(FIN | RSV1 | TEXT, &deflate(text.as_bytes()).unwrap());
    assert_eq!(decode(Limits::default(), &bytes, 5).unwrap(), [Incoming::Text(text.to_owned())]);
    let mut decoder = Decoder::new(Limits::default(), false);
    decoder.feed(&bytes);
    assert_eq!(decoder.decode().map_err(|it| it.code), Err(1002));
}

#[test]
fn a_small_message_that_becomes_large_is_refused() {
    let bomb = deflate(&vec![b' '; 5_000_000]).unwrap();
    assert_eq!(refused(&frame(FIN | RSV1 | TEXT, &bomb)), Some(1009));
}

proptest! {
    #[test]
    fn pieces_make_no_difference(
        messages in prop::collection::vec((".{0,40}", 1_usize..5), 1..6), piece in 1_usize..50,
    ) {
        let mut bytes = Vec::new();
        for (text, fragments) in &messages {
            let size = text.len().div_ceil(*fragments).max(1);
            let parts: Vec<&[u8]> = if text.is_empty() { vec![b""] } else { text.as_bytes().chunks(size).collect() };
            for (n, part) in parts.iter().enumerate() {
                let first = if n == 0 { TEXT } else { 0 } | if n + 1 == parts.len() { FIN } else { 0 };
                bytes.extend(frame(first, part));
            }
        }
        let texts: Vec<Incoming> = messages.into_iter().map(|(text, _)| Incoming::Text(text)).collect();
        prop_assert_eq!(decode(Limits::default(), &bytes, piece).unwrap(), texts);
    }

    #[test]
    fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..400), piece in 1_usize..50) {
        let limits = Limits { message_bytes: 200, fragments: 3 };
        if let Ok(all) = decode(limits, &bytes, piece) {
            for incoming in all {
                if let Incoming::Text(text) = incoming {
                    prop_assert!(text.len() <= 200);
                }
            }
        }
    }
}
