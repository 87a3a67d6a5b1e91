//! permessage-deflate without context takeover (RFC 7692 §7.2): every message stands alone.

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a sync flush ends with, which is not sent.
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Output is grown by so much at a time.
const STEP: usize = 4096;

/// Why a message cannot be inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum InflateError {
    /// It is no deflate stream.
    Broken,
    /// It would become larger than it may.
    TooLarge,
}

/// Compresses a message; `None` where it does not become smaller.
#[must_use]
pub fn deflate(message: &[u8]) -> Option<Vec<u8>> {
    let mut compress = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(message.len());
    loop {
        let read = usize::try_from(compress.total_in()).ok()?;
        // Room for less than the message: what does not fit is not worth it.
        compress.compress_vec(&message[read..], &mut out, FlushCompress::Sync).ok()?;
        if out.len() == out.capacity() {
            return None;
        }
        if compress.total_in() == message.len() as u64 {
            break;
        }
    }
    out.ends_with(&TAIL).then(|| out.truncate(out.len() - TAIL.len()))?;
    // An empty block stands for an empty message.
    Some(if out.is_empty() { vec![0] } else { out })
}

/// Inflates a message into at most `most` bytes.
pub(crate) fn inflate(message: &[u8], most: usize) -> Result<Vec<u8>, InflateError> {
    let mut decompress = Decompress::new(false);
    let mut out = Vec::new();
    let whole = [message, &TAIL].concat();
    loop {
        let read = usize::try_from(decompress.total_in()).map_err(|_| InflateError::TooLarge)?;
        if out.len() > most {
            return Err(InflateError::TooLarge);
        }
        out.reserve(STEP.min(most + 1 - out.len()));
        let before = (decompress.total_in(), out.len());
        let status = decompress
            .decompress_vec(&whole[read..], &mut out, FlushDecompress::Sync)
            .map_err(|_| InflateError::Broken)?;
        let is_all_read = decompress.total_in() == whole.len() as u64;
        let is_done = status == Status::StreamEnd || (is_all_read && out.len() < out.capacity());
        if is_done {
            return if out.len() > most { Err(InflateError::TooLarge) } else { Ok(out) };
        }
        if before == (decompress.total_in(), out.len()) && out.len() < out.capacity() {
            return Err(InflateError::Broken);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_deflated_inflates_again(text in "[a-f ]{60,2000}") {
            let small = deflate(text.as_bytes()).unwrap();
            prop_assert!(small.len() < text.len());
            prop_assert_eq!(inflate(&small, text.len()).unwrap(), text.as_bytes());
            prop_assert_eq!(inflate(&small, text.len() - 1), Err(InflateError::TooLarge));
        }

        #[test]
        fn no_bytes_make_it_fall_over(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(out) = inflate(&bytes, 1000) {
                prop_assert!(out.len() <= 1000);
            }
        }
    }

    #[test]
    fn a_bomb_is_stopped_at_the_limit() {
        let bomb = deflate(&vec![0; 10_000_000]).unwrap();
        assert!(bomb.len() < 60_000);
        assert_eq!(inflate(&bomb, 64 * 1024), Err(InflateError::TooLarge));
    }
}
