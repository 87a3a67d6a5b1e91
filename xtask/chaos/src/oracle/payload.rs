//! What a write says: who it is, and a checksum over that, so that nothing can be altered or mixed up unseen.

use serde::Serialize;

/// One write: a revision of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct WriteId {
    /// Which entry.
    pub key: u32,
    /// Which revision of it, from 1.
    pub revision: u32,
}

/// Why a text is no write of this trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It belongs to another trial, or to nobody.
    Foreign,
    /// It was one, and has been altered.
    Corrupted,
}

/// The source that the writers of the trial `seed` name.
pub fn source(seed: u64) -> String {
    format!("chaos-{seed:x}")
}

/// The `source_id` of a key.
pub fn source_id(key: u32) -> String {
    format!("key-{key}")
}

/// The text of a write; `words` is any filler without a number sign.
pub fn text(seed: u64, id: WriteId, words: &str) -> String {
    let body = format!("chaos {seed:x} key {} revision {} says {words}", id.key, id.revision);
    let sum = crc32fast::hash(body.as_bytes());
    format!("{body} #{sum:08x}")
}

/// Reads a text back.
pub fn read(seed: u64, text: &str) -> Result<WriteId, Unreadable> {
    let foreign = Unreadable::Foreign;
    let rest = text.strip_prefix(&format!("chaos {seed:x} key ")).ok_or(foreign)?;
    let (body, sum) = text.rsplit_once(" #").ok_or(Unreadable::Corrupted)?;
    if u32::from_str_radix(sum, 16) != Ok(crc32fast::hash(body.as_bytes())) {
        return Err(Unreadable::Corrupted);
    }
    let mut words = rest.split(' ');
    let mut number = || words.next().and_then(|word| word.parse().ok());
    let key = number().ok_or(Unreadable::Corrupted)?;
    let mut number = || words.nth(1).and_then(|word| word.parse().ok());
    let revision = number().ok_or(Unreadable::Corrupted)?;
    Ok(WriteId { key, revision })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: WriteId = WriteId { key: 7, revision: 3 };

    #[test]
    fn a_text_says_which_write_it_is() {
        assert_eq!(read(5, &text(5, ID, "a b c")), Ok(ID));
    }

    #[test]
    fn one_altered_byte_is_noticed_wherever_it_stands() {
        let sound = text(5, ID, "a b c");
        for at in 0..sound.len() {
            let mut bytes = sound.clone().into_bytes();
            bytes[at] ^= 1;
            let altered = String::from_utf8(bytes).unwrap();
            assert!(read(5, &altered).is_err(), "{altered}");
        }
        assert_eq!(read(5, &sound[..sound.len() - 1]), Err(Unreadable::Corrupted));
    }

    #[test]
    fn another_trial_is_foreign() {
        assert_eq!(read(6, &text(5, ID, "a")), Err(Unreadable::Foreign));
    }
}
