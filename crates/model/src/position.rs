//! A position: a point in the streams people watch, from which a client can resume on any node.
//!
//! It is the next offset of every watched partition, behind the log's epoch, as one opaque word. A room draws from
//! several partitions, and nodes merge these in different orders; a vector of offsets means the same on each of them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::Topic;

const FORMAT: u8 = 1;
/// Longest encoded position that is read.
const MAX_TEXT: usize = 4096;
const MAX_PARTITIONS: u64 = 1024;

/// The next offset to read, for every partition of the watched topics.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Position {
    /// Which log the offsets belong to; a position of another log is not resumable.
    pub epoch: u32,
    /// Watched topics in rising order, each with the next offset of its partitions.
    pub offsets: Vec<(Topic, Vec<u64>)>,
}

/// A text that is no position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a position that CrisisLens has given out")]
pub struct InvalidPosition;

impl Position {
    /// The opaque word.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut bytes = Vec::with_capacity(64);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&self.epoch.to_le_bytes());
        for (topic, offsets) in &self.offsets {
            bytes.push(topic.index() as u8);
            put_varint(&mut bytes, offsets.len() as u64);
            for offset in offsets {
                put_varint(&mut bytes, *offset);
            }
        }
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads the opaque word back.
    pub fn decode(text: &str) -> Result<Self, InvalidPosition> {
        if text.len() > MAX_TEXT {
            return Err(InvalidPosition);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidPosition)?;
        let (format, rest) = bytes.split_first().ok_or(InvalidPosition)?;
        if *format != FORMAT {
            return Err(InvalidPosition);
        }
        let (epoch, mut rest) = rest.split_first_chunk::<4>().ok_or(InvalidPosition)?;
        let mut offsets = Vec::new();
        while let Some((index, after)) = rest.split_first() {
            rest = after;
            let topic = *Topic::ALL.get(usize::from(*index)).ok_or(InvalidPosition)?;
            if offsets.last().is_some_and(|(last, _)| *last >= topic) {
                return Err(InvalidPosition);
            }
            let count = take_varint(&mut rest)?;
            if count > MAX_PARTITIONS {
                return Err(InvalidPosition);
            }
            let partitions = (0..count).map(|_| take_varint(&mut rest)).collect::<Result<_, _>>()?;
            offsets.push((topic, partitions));
        }
        Ok(Self { epoch: u32::from_le_bytes(*epoch), offsets })
    }

    /// The next offset of a partition; `None` where the position does not speak of it.
    #[must_use]
    pub fn offset(&self, topic: Topic, partition: u32) -> Option<u64> {
        let (_, offsets) = self.offsets.iter().find(|(name, _)| *name == topic)?;
        offsets.get(partition as usize).copied()
    }

    /// Notes that everything before `next` of the partition has been seen. Unwatched partitions are left alone.
    pub fn advance(&mut self, topic: Topic, partition: u32, next: u64) {
        if let Some((_, offsets)) = self.offsets.iter_mut().find(|(name, _)| *name == topic)
            && let Some(offset) = offsets.get_mut(partition as usize)
        {
            *offset = (*offset).max(next);
        }
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value as u8) | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn take_varint(bytes: &mut &[u8]) -> Result<u64, InvalidPosition> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first().ok_or(InvalidPosition)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(InvalidPosition)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_itself(
            epoch: u32,
            items in proptest::collection::vec(any::<u64>(), 0..8),
            alerts in proptest::collection::vec(any::<u64>(), 0..4),
        ) {
            let position = Position { epoch, offsets: vec![(Topic::NormalizedItems, items), (Topic::Alerts, alerts)] };
            prop_assert_eq!(Position::decode(&position.encode()), Ok(position));
        }

        #[test]
        fn rubbish_is_refused_without_panic(text in "\\PC{0,200}") {
            let _ = Position::decode(&text);
        }

        #[test]
        fn cut_bytes_are_refused_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = Position::decode(&URL_SAFE_NO_PAD.encode(bytes));
        }
    }

    #[test]
    fn a_position_never_goes_back() {
        let mut position = Position { epoch: 7, offsets: vec![(Topic::Alerts, vec![3, 4])] };
        position.advance(Topic::Alerts, 0, 9);
        position.advance(Topic::Alerts, 1, 2);
        position.advance(Topic::Claims, 0, 2);
        assert_eq!(position.offset(Topic::Alerts, 0), Some(9));
        assert_eq!(position.offset(Topic::Alerts, 1), Some(4));
        assert_eq!(position.offset(Topic::Claims, 0), None);
    }
}
