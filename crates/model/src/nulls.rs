//! What was null in a record that another program wrote to Kafka: its key, or values of its headers.
//!
//! Here both are bytes, and null reads as empty. So that a dead letter and its replay are the record byte for byte, a header
//! takes note of the difference; the Kafka engine makes it when it reads and obeys it, without writing it, when it appends.

use std::collections::BTreeSet;

use crate::Header;

/// The name of the header that takes note.
pub const NULLS: &str = "cl_null";
/// Stands for the key in its value.
const KEY: &str = "key";

/// Which parts are null.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Nulls {
    /// The key.
    pub key: bool,
    /// Values of headers, by their places among the headers without the note.
    pub headers: BTreeSet<usize>,
}

impl Nulls {
    /// What the note among `headers` says; nothing is null where there is none.
    #[must_use]
    pub fn of(headers: &[Header]) -> Self {
        let mut nulls = Self::default();
        let note = crate::record::header(headers, NULLS).unwrap_or_default();
        for part in note.split(',') {
            match part.parse() {
                Ok(place) => drop(nulls.headers.insert(place)),
                Err(_) => nulls.key |= part == KEY,
            }
        }
        nulls
    }

    /// The note; `None` where nothing is null.
    #[must_use]
    pub fn note(&self) -> Option<Header> {
        let key = self.key.then(|| KEY.to_owned());
        let parts: Vec<_> = key.into_iter().chain(self.headers.iter().map(ToString::to_string)).collect();
        (!parts.is_empty()).then(|| Header::new(NULLS, parts.join(",")))
    }
}

/// The headers for which `keep` holds, in order; the note goes on naming the same ones.
pub fn retain_headers(headers: &[Header], keep: impl Fn(&Header) -> bool) -> Vec<Header> {
    let before = Nulls::of(headers);
    let mut after = Nulls { key: before.key, headers: BTreeSet::new() };
    let mut kept = Vec::with_capacity(headers.len());
    for (place, header) in headers.iter().filter(|header| header.name != NULLS).enumerate() {
        if keep(header) {
            if before.headers.contains(&place) {
                after.headers.insert(kept.len());
            }
            kept.push(header.clone());
        }
    }
    kept.extend(after.note());
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_back_and_rubbish_in_its_place_says_nothing() {
        for nulls in [
            Nulls { key: true, headers: BTreeSet::new() },
            Nulls { key: false, headers: [0, 17].into() },
            Nulls { key: true, headers: [3].into() },
        ] {
            assert_eq!(Nulls::of(&[nulls.note().unwrap()]), nulls);
        }
        assert_eq!(Nulls::default().note(), None);
        for rubbish in ["", ",,", "keys", "-1", "99999999999999999999999"] {
            assert_eq!(Nulls::of(&[Header::new(NULLS, rubbish)]), Nulls::default(), "{rubbish}");
        }
    }

    #[test]
    fn headers_that_go_do_not_shift_what_is_null() {
        let header = |name: &str| Header::new(name, *b"");
        let headers =
            [header("a"), header("drop"), header("b"), header("c"), Header::new(NULLS, *b"key,1,3")];
        let kept = retain_headers(&headers, |header| header.name != "drop");
        assert_eq!(kept, [header("a"), header("b"), header("c"), Header::new(NULLS, *b"key,2")]);
    }
}
