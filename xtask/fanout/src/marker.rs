//! What a message says about itself: which stream, which number in it, and when it was to be sent.
//!
//! `FN1:<stream, 6 digits>:<number, 10>:<intended time in ns, 20>:xxxx…` is ASCII of a fixed width without quotes or
//! backslashes. It comes through JSON and any envelope unchanged, so the client finds it without knowing a protocol,
//! also several times in one frame.

use std::sync::LazyLock;
use std::time::Instant;

/// How every marker begins.
pub const START: &[u8] = b"FN1:";
/// Bytes of a marker, its last colon included; padding follows.
pub const LENGTH: usize = 43;

/// When the clock of this process began.
static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Nanoseconds on the clock that publishers and subscribers of one process share.
pub fn now_ns() -> u64 {
    u64::try_from(BEGAN.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// A marker that was received.
#[derive(Debug, PartialEq, Eq)]
pub struct Marker {
    /// Numbers are given within one stream, and its messages keep their order; a room has one or more streams.
    pub stream: usize,
    /// From 0, without gaps.
    pub number: u64,
    /// When the message was to be sent, on [`now_ns`].
    pub intended_ns: u64,
}

/// A message of `bytes` bytes, never less than the marker itself.
pub fn message(marker: &Marker, bytes: usize) -> String {
    let Marker { stream, number, intended_ns } = marker;
    let mut text = format!("FN1:{stream:06}:{number:010}:{intended_ns:020}:");
    text.extend(std::iter::repeat_n('x', bytes.saturating_sub(LENGTH)));
    text
}

/// Reads a marker from exactly [`LENGTH`] bytes.
pub fn parse(bytes: &[u8]) -> Option<Marker> {
    if bytes.len() != LENGTH || !bytes.starts_with(START) {
        return None;
    }
    let stream = usize::try_from(number(bytes.get(4..10)?)?).ok()?;
    Some(Marker { stream, number: number(bytes.get(11..21)?)?, intended_ns: number(bytes.get(22..42)?)? })
}

fn number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |sum, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_marker_is_read_as_it_was_written() {
        let marker = Marker { stream: 7, number: 1234, intended_ns: 987_654_321_012 };
        let text = message(&marker, 200);
        assert_eq!(text.len(), 200);
        assert_eq!(parse(&text.as_bytes()[..LENGTH]), Some(marker));
    }

    #[test]
    fn what_is_no_marker_is_not_taken_for_one() {
        let text = message(&Marker { stream: 1, number: 2, intended_ns: 3 }, 0);
        assert_eq!(text.len(), LENGTH);
        assert_eq!(parse(&text.as_bytes()[1..]), None);
        assert_eq!(parse(text.replace("000001", "00000x").as_bytes()), None);
    }
}
