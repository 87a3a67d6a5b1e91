//! What a source remembers over a restart: validators of its last document, what it has published, where a replay stands.

use std::collections::HashMap;

use crisislens_model::Timestamp;
use serde::{Deserialize, Serialize};

/// Most entries that a source remembers; the one seen longest ago goes first.
pub const MAX_SEEN: usize = 20_000;
/// Bytes of the content hash that are kept; 16 leave no room for a chance collision.
const HASH_BYTES: usize = 16;

/// Everything a source remembers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SourceMemory {
    /// Validator of the last document read (RFC 9110 §8.8.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// When the last document read was changed, as its server wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
    /// Entries read so far.
    #[serde(default)]
    pub entries: u64,
    /// Raw items published so far.
    #[serde(default)]
    pub published: u64,
    /// Entries skipped so far.
    #[serde(default)]
    pub skipped: u64,
    /// What has been published, so that only news is published again.
    #[serde(default)]
    pub seen: Seen,
    /// Where a replay stands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<ReplayCursor>,
}

/// Where a replay stands; together with the recordings it decides every id and instant that is still to come.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ReplayCursor {
    /// When the exercise began.
    pub started_at: Timestamp,
    /// How many times faster than written it runs; fixed at the start, since instants depend on it.
    pub speed: f64,
    /// How many entries are published.
    pub published: u64,
}

/// Content hashes by the key of an entry (its item id), bounded to [`MAX_SEEN`].
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(String, String)>", into = "Vec<(String, String)>")]
pub struct Seen {
    hashes: HashMap<String, (u64, [u8; HASH_BYTES])>,
    clock: u64,
}

/// How an entry relates to what was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Novelty {
    /// Never seen.
    New,
    /// Seen with other content.
    Changed,
    /// Seen as it is.
    Known,
}

impl Seen {
    /// How the entry under `key` relates with `hash` to what was seen.
    #[must_use]
    pub fn novelty(&self, key: &str, hash: &[u8; 32]) -> Novelty {
        match self.hashes.get(key) {
            None => Novelty::New,
            Some((_, known)) if known == &shorten(hash) => Novelty::Known,
            Some(_) => Novelty::Changed,
        }
    }

    /// Remembers the entry under `key` with `hash` as the latest seen; an entry that is still in its feed is thereby never forgotten
    /// before one that is not.
    pub fn remember(&mut self, key: &str, hash: &[u8; 32]) {
        self.clock += 1;
        self.hashes.insert(key.to_owned(), (self.clock, shorten(hash)));
        // A tenth of slack, so that the sort below is rare.
        if self.hashes.len() > MAX_SEEN + MAX_SEEN / 10 {
            self.forget_oldest();
        }
    }

    /// How many entries are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Whether nothing was seen yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    fn forget_oldest(&mut self) {
        let mut ages: Vec<u64> = self.hashes.values().map(|(age, _)| *age).collect();
        ages.sort_unstable();
        let Some(oldest_kept) = ages.len().checked_sub(MAX_SEEN).and_then(|excess| ages.get(excess)).copied()
        else {
            return;
        };
        self.hashes.retain(|_, (age, _)| *age >= oldest_kept);
    }
}

impl From<Seen> for Vec<(String, String)> {
    fn from(mut seen: Seen) -> Self {
        seen.forget_oldest();
        let mut entries: Vec<_> = seen.hashes.into_iter().collect();
        entries.sort_unstable_by_key(|(_, (age, _))| *age);
        entries
            .into_iter()
            .map(|(id, (_, hash))| (id, hash.map(|byte| format!("{byte:02x}")).concat()))
            .collect()
    }
}

impl From<Vec<(String, String)>> for Seen {
    fn from(entries: Vec<(String, String)>) -> Self {
        let mut seen = Self::default();
        for (id, hex) in entries {
            // What cannot be read is forgotten: the entry is then published once more, which consumers drop.
            let Some(hash) = unhex(&hex) else { continue };
            seen.clock += 1;
            seen.hashes.insert(id, (seen.clock, hash));
        }
        seen
    }
}

fn shorten(hash: &[u8; 32]) -> [u8; HASH_BYTES] {
    let mut short = [0; HASH_BYTES];
    short.copy_from_slice(&hash[..HASH_BYTES]);
    short
}

fn unhex(hex: &str) -> Option<[u8; HASH_BYTES]> {
    let mut hash = [0; HASH_BYTES];
    for (index, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(index * 2..index * 2 + 2)?, 16).ok()?;
    }
    Some(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_survives_json() {
        let mut memory = SourceMemory { etag: Some("\"x\"".into()), published: 3, ..SourceMemory::default() };
        memory.seen.remember("a", &[1; 32]);
        memory.seen.remember("b", &[2; 32]);
        let read: SourceMemory = serde_json::from_str(&serde_json::to_string(&memory).unwrap()).unwrap();
        assert_eq!(read, memory);
        assert_eq!(read.seen.novelty("a", &[1; 32]), Novelty::Known);
        assert_eq!(read.seen.novelty("a", &[3; 32]), Novelty::Changed);
        assert_eq!(read.seen.novelty("c", &[3; 32]), Novelty::New);
        assert_eq!(serde_json::from_str::<SourceMemory>("{}").unwrap(), SourceMemory::default());
    }

    #[test]
    fn the_longest_unseen_is_forgotten_first() {
        let mut seen = Seen::default();
        for number in 0..MAX_SEEN + MAX_SEEN / 10 {
            seen.remember(&number.to_string(), &[0; 32]);
        }
        seen.remember("0", &[0; 32]);
        seen.remember("new", &[0; 32]);
        assert_eq!(seen.len(), MAX_SEEN);
        assert_eq!(seen.novelty("0", &[0; 32]), Novelty::Known);
        assert_eq!(seen.novelty("1", &[0; 32]), Novelty::New);
    }
}
