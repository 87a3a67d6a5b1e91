//! A fingerprint of what is said, without who passed it on: equal for copies of one text, stable for ever.

use crate::text::{Doc, Token};

/// Texts with fewer characters than this are alike by chance.
const MIN_CHARS: usize = 40;
/// FNV-1a, 64 bits (Fowler, Noll, Vo): offset basis and prime.
const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The fingerprint of `doc`'s folded words; addresses, handles, punctuation and the `RT` before a handle do not count.
pub(crate) fn of(doc: &Doc) -> Option<u64> {
    let words =
        || doc.tokens.iter().map(|token: &Token| doc.folded(token)).skip(usize::from(starts_with_rt(doc)));
    let chars: usize = words().map(|word| word.chars().count() + 1).sum();
    if chars < MIN_CHARS + 1 {
        return None;
    }
    let mut hash = BASIS;
    for word in words() {
        for byte in word.bytes().chain([b' ']) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        }
    }
    Some(hash)
}

fn starts_with_rt(doc: &Doc) -> bool {
    doc.retweet && doc.tokens.first().is_some_and(|token| doc.folded(token) == "rt")
}
