//! Names and secrets that differ from run to run. Nothing here decides what a test does.

use std::io::Read;

use crate::{Result, ServersError};

/// `N` bytes from the operating system.
fn bytes<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(ServersError::io("read /dev/urandom"))?;
    Ok(bytes)
}

/// A number.
pub fn number() -> Result<u32> {
    bytes().map(u32::from_ne_bytes)
}

/// A secret of 32 hexadecimal digits.
pub fn secret() -> Result<String> {
    Ok(bytes::<16>()?.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A Kafka cluster id: the base64url form of 16 bytes, 22 letters, of which the last holds two bits only.
pub fn cluster_id() -> Result<String> {
    let letters = bytes::<21>()?.map(|byte| char::from(b'a' + byte % 26));
    Ok(letters.iter().chain(['A'].iter()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_cluster_ids_have_their_shape_and_differ() {
        let (one, other) = (secret().unwrap(), secret().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
        let id = cluster_id().unwrap();
        assert_eq!(id.len(), 22);
        assert!(id.ends_with('A') && id.chars().all(|letter| letter.is_ascii_alphabetic()));
    }
}
