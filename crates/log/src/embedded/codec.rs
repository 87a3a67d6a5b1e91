//! How a record lies on disk, and its check sum.
//!
//! Key: partition `u32` and offset `u64`, big-endian, so that the order of keys is the order of offsets.
//! Value: format `u8`, CRC-32 `u32` over the key and all that follows, append time in microseconds `i64`, then the
//! partition's bytes before this record, the record's key, the count of headers, each header's name and value, a flag
//! `u8` whether there is a value, and the value itself up to the end. Numbers are little-endian; lengths, counts and
//! the bytes before are LEB128.

use bytes::{Buf, Bytes};
use crisislens_model::{Header, NewRecord, Timestamp, record};

const FORMAT: u8 = 1;
/// Format and check sum.
const PREFIX: usize = 5;
/// Length of [`place_key`].
pub(super) const KEY_BYTES: usize = 12;

/// A record read back.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub timestamp: Timestamp,
    /// Bytes of the partition's records before this one, since its beginning.
    pub bytes_before: u64,
    pub key: Bytes,
    pub value: Option<Bytes>,
    pub headers: Vec<Header>,
}

/// The key under which a record is stored.
pub(super) fn place_key(partition: u32, offset: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..4].copy_from_slice(&partition.to_be_bytes());
    key[4..].copy_from_slice(&offset.to_be_bytes());
    key
}

/// The partition in a key of [`place_key`].
pub(super) fn partition_of(key: &[u8]) -> Option<u32> {
    key.first_chunk().map(|partition| u32::from_be_bytes(*partition))
}

/// The offset in a key of [`place_key`].
pub(super) fn offset_of(key: &[u8]) -> Option<u64> {
    let offset = key.get(4..KEY_BYTES)?;
    Some(u64::from_be_bytes(offset.try_into().ok()?))
}

impl Stored {
    /// What it counts against every limit, as [`NewRecord::size`].
    pub(super) fn size(&self) -> usize {
        record::size(&self.key, self.value.as_deref(), &self.headers)
    }
}

/// Encodes `record` for its place.
pub(super) fn encode(
    place: &[u8; KEY_BYTES],
    time: Timestamp,
    bytes_before: u64,
    record: &NewRecord,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(record.size() + 32 + 4 * record.headers.len());
    out.push(FORMAT);
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&time.as_microsecond().to_le_bytes());
    put_number(&mut out, bytes_before);
    put_bytes(&mut out, &record.key);
    put_number(&mut out, record.headers.len() as u64);
    for header in &record.headers {
        put_bytes(&mut out, header.name.as_bytes());
        put_bytes(&mut out, &header.value);
    }
    out.push(u8::from(record.value.is_some()));
    out.extend_from_slice(record.value.as_deref().unwrap_or_default());
    let sum = checksum(place, &out[PREFIX..]);
    out[1..PREFIX].copy_from_slice(&sum.to_le_bytes());
    out
}

/// Decodes what [`encode`] wrote for this place, or says what is wrong with it.
pub(super) fn decode(place: &[u8], bytes: Bytes) -> Result<Stored, &'static str> {
    let body = verified(place, bytes)?;
    parse(body).ok_or("its fields do not fit its length")
}

fn verified(place: &[u8], mut bytes: Bytes) -> Result<Bytes, &'static str> {
    if bytes.len() < PREFIX {
        return Err("it is shorter than its check sum");
    }
    if bytes.get_u8() != FORMAT {
        return Err("its format is unknown");
    }
    let expected = bytes.get_u32_le();
    if checksum(place, &bytes) == expected { Ok(bytes) } else { Err("its check sum is wrong") }
}

fn parse(mut body: Bytes) -> Option<Stored> {
    let timestamp = Timestamp::from_microsecond(body.try_get_i64_le().ok()?).ok()?;
    let bytes_before = take_number(&mut body)?;
    let key = take_bytes(&mut body)?;
    let count = usize::try_from(take_number(&mut body)?).ok()?;
    // A header takes two bytes or more, so a wrong count cannot make this reserve more than the record's own size.
    let mut headers = Vec::with_capacity(count.min(body.len() / 2));
    for _ in 0..count {
        let name = String::from_utf8(take_bytes(&mut body)?.to_vec()).ok()?;
        headers.push(Header { name, value: take_bytes(&mut body)?.to_vec() });
    }
    let value = match body.try_get_u8().ok()? {
        0 if body.is_empty() => None,
        1 => Some(body),
        _ => return None,
    };
    Some(Stored { timestamp, bytes_before, key, value, headers })
}

fn checksum(place: &[u8], body: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(place);
    hasher.update(body);
    hasher.finalize()
}

fn put_number(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put_number(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

fn take_number(body: &mut Bytes) -> Option<u64> {
    let mut number = 0_u64;
    for shift in (0..64).step_by(7) {
        let byte = body.try_get_u8().ok()?;
        let bits = u64::from(byte & 0x7f);
        if (bits << shift) >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

fn take_bytes(body: &mut Bytes) -> Option<Bytes> {
    let length = usize::try_from(take_number(body)?).ok()?;
    (length <= body.len()).then(|| body.split_to(length))
}

#[cfg(test)]
mod tests {
    use crisislens_model::Topic;
    use proptest::prelude::*;

    use super::*;

    fn blob(max: usize) -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(any::<u8>(), 0..max)
    }

    fn records() -> impl Strategy<Value = NewRecord> {
        let header = (".{0,12}", blob(40)).prop_map(|(name, value)| Header { name, value });
        (blob(300), prop::option::of(blob(2000)), prop::collection::vec(header, 0..8))
            .prop_map(|(key, value, headers)| NewRecord { topic: Topic::Claims, key, value, headers })
    }

    fn times() -> impl Strategy<Value = Timestamp> {
        (-1_000_000_000_000_000_i64..4_000_000_000_000_000)
            .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
    }

    proptest! {
        #[test]
        fn a_record_comes_back_as_it_went(
            record in records(), time in times(), before: u64, partition: u32, offset: u64,
        ) {
            let place = place_key(partition, offset);
            prop_assert_eq!((partition_of(&place), offset_of(&place)), (Some(partition), Some(offset)));
            let stored = decode(&place, encode(&place, time, before, &record).into()).unwrap();
            prop_assert_eq!(stored.size(), record.size());
            prop_assert_eq!(stored.timestamp, time);
            prop_assert_eq!(stored.bytes_before, before);
            prop_assert_eq!(stored.key.to_vec(), record.key);
            prop_assert_eq!(stored.value.map(|value| value.to_vec()), record.value);
            prop_assert_eq!(stored.headers, record.headers);
        }

        #[test]
        fn any_changed_bit_and_any_cut_is_noticed(
            record in records(), time in times(), at: prop::sample::Index, bit in 0_u8..8, cut: prop::sample::Index,
        ) {
            let place = place_key(3, 7);
            let bytes = encode(&place, time, 9, &record);
            let mut flipped = bytes.clone();
            flipped[at.index(bytes.len())] ^= 1 << bit;
            prop_assert!(decode(&place, flipped.into()).is_err());
            let mut short = bytes.clone();
            short.truncate(cut.index(bytes.len()));
            prop_assert!(decode(&place, short.into()).is_err());
            prop_assert!(decode(&place_key(3, 8), bytes.into()).is_err());
        }

        #[test]
        fn no_bytes_make_the_parser_fall_over(bytes in blob(200)) {
            let _ = decode(&place_key(0, 0), bytes.clone().into());
            let _ = parse(bytes.into());
        }

        #[test]
        fn keys_sort_as_partition_then_offset(a: (u32, u64), b: (u32, u64)) {
            prop_assert_eq!(place_key(a.0, a.1).cmp(&place_key(b.0, b.1)), a.cmp(&b));
        }
    }
}
