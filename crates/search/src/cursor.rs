//! The order of hits on every engine, newest first, and the place in it where a page ended.

use crisislens_model::ItemId;
use uuid::Uuid;

use crate::SearchError;

/// By what hits are ordered: time, then id. Both stay when other items come or go, so a cursor does too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    /// Nanoseconds since 1970.
    pub nanoseconds: i64,
    /// The id as a number.
    pub id: u128,
}

impl Key {
    /// The item.
    pub fn item(self) -> ItemId {
        ItemId(Uuid::from_u128(self.id))
    }

    /// The cursor that continues after this hit.
    pub fn cursor(self) -> String {
        format!("{:016x}{:032x}", self.nanoseconds.cast_unsigned(), self.id)
    }

    /// Reads a cursor.
    pub fn parse(cursor: &str) -> Result<Self, SearchError> {
        let parts =
            cursor.split_at_checked(16).filter(|_| cursor.bytes().all(|digit| digit.is_ascii_hexdigit()));
        let (time, id) = parts.filter(|(_, id)| id.len() == 32).ok_or(SearchError::InvalidCursor)?;
        let time = u64::from_str_radix(time, 16).map_err(|_| SearchError::InvalidCursor)?;
        let id = u128::from_str_radix(id, 16).map_err(|_| SearchError::InvalidCursor)?;
        Ok(Self { nanoseconds: time.cast_signed(), id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_reads_back(nanoseconds in any::<i64>(), id in any::<u128>()) {
            let key = Key { nanoseconds, id };
            prop_assert_eq!(Key::parse(&key.cursor()).unwrap(), key);
        }

        #[test]
        fn no_text_makes_reading_a_cursor_panic(text in any::<String>()) {
            let _ = Key::parse(&text);
        }
    }
}
