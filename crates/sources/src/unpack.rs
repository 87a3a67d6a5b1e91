//! Documents that come packed: gzip files (RFC 1952) and zip archives (PKWARE APPNOTE 6.3.10 §4.3), of which the first file is the
//! document. What a server compresses on the way is unpacked by the client and never gets here.

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{DeflateDecoder, GzDecoder};

use crate::parse::{DocumentError, MAX_DOCUMENT_BYTES};

const GZIP: &[u8] = b"\x1f\x8b\x08";
const ZIP: &[u8] = b"PK\x03\x04";
/// Bytes of a zip's local header before the file's name.
const ZIP_HEADER: usize = 30;
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Flag of an encrypted file.
const ENCRYPTED: u16 = 1;

/// The document in `bytes`, unpacked where it is packed.
pub(crate) fn unpack(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DocumentError> {
    if bytes.starts_with(GZIP) {
        return inflate(GzDecoder::new(bytes), MAX_DOCUMENT_BYTES).map(Cow::Owned);
    }
    if bytes.starts_with(ZIP) {
        return first_of_zip(bytes);
    }
    Ok(Cow::Borrowed(bytes))
}

fn first_of_zip(bytes: &[u8]) -> Result<Cow<'_, [u8]>, DocumentError> {
    let header = bytes.get(..ZIP_HEADER).ok_or_else(|| broken("its zip header was cut off"))?;
    let word = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let size = u32::from_le_bytes([header[18], header[19], header[20], header[21]]) as usize;
    let start = ZIP_HEADER + usize::from(word(26)) + usize::from(word(28));
    let packed = bytes.get(start..).ok_or_else(|| broken("its zip header was cut off"))?;
    if word(6) & ENCRYPTED != 0 {
        return Err(broken("its zip archive is encrypted"));
    }
    match word(8) {
        DEFLATED => inflate(DeflateDecoder::new(packed), MAX_DOCUMENT_BYTES).map(Cow::Owned),
        STORED => packed.get(..size).map(Cow::Borrowed).ok_or_else(|| broken("its zip archive was cut off")),
        method => Err(broken(&format!("its zip archive uses method {method}"))),
    }
}

/// Everything that `packed` holds, up to one byte more than `limit`, so that too much shows. What comes before a cut is not taken: the rest of a table
/// would look like a shorter table.
fn inflate(packed: impl Read, limit: usize) -> Result<Vec<u8>, DocumentError> {
    let mut bytes = Vec::new();
    packed.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|error| broken(&error.to_string()))?;
    Ok(bytes)
}

fn broken(why: &str) -> DocumentError {
    DocumentError::Packed(why.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder};

    use super::*;

    fn zip(method: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = ZIP.to_vec();
        bytes.extend([20, 0, 0, 0]);
        bytes.extend(method.to_le_bytes());
        bytes.extend([0; 8]);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend([1, 0, 0, 0]);
        bytes.push(b'a');
        bytes.extend(body);
        bytes.extend(b"PK\x01\x02 the directory");
        bytes
    }

    #[test]
    fn gzip_and_zip_are_unpacked_and_the_rest_is_left_as_it_is() {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
        gzip.write_all(b"water").unwrap();
        assert_eq!(unpack(&gzip.finish().unwrap()).unwrap(), b"water".as_slice());
        let mut deflated = DeflateEncoder::new(Vec::new(), Compression::fast());
        deflated.write_all(b"water").unwrap();
        assert_eq!(unpack(&zip(DEFLATED, &deflated.finish().unwrap())).unwrap(), b"water".as_slice());
        assert_eq!(unpack(&zip(STORED, b"water")).unwrap(), b"water".as_slice());
        assert_eq!(unpack(b"water").unwrap(), b"water".as_slice());
    }

    #[test]
    fn what_is_cut_off_or_packed_otherwise_says_so() {
        for bytes in [&b"\x1f\x8b\x08\x00"[..], &b"PK\x03\x04"[..], &zip(12, b"x"), &zip(DEFLATED, b"\xff")] {
            assert!(matches!(unpack(bytes), Err(DocumentError::Packed(_))), "{bytes:?}");
        }
    }

    #[test]
    fn a_bomb_swells_no_further_than_a_document_may() {
        let mut bomb = GzEncoder::new(Vec::new(), Compression::best());
        bomb.write_all(&vec![0_u8; 100_000]).unwrap();
        let packed = bomb.finish().unwrap();
        assert!(packed.len() < 1_000);
        assert_eq!(inflate(GzDecoder::new(packed.as_slice()), 5_000).unwrap().len(), 5_001);
    }
}
