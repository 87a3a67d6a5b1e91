//! Pages of lists: newest first, continued after a cursor of time and id.

use crisislens_model::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// The last thing of a page: the next page begins after it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    /// Its time.
    pub at: Timestamp,
    /// Its id.
    pub id: Uuid,
}

/// A page of a list.
#[derive(Debug, Clone)]
pub struct Page<T> {
    /// The things, newest first.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// Where the next page begins, if there is one.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// A page from up to `limit + 1` things: the extra one only says that there is a next page.
    pub fn cut(mut items: Vec<T>, limit: usize, total: u64, cursor: impl Fn(&T) -> Cursor) -> Self {
        let has_more = items.len() > limit;
        items.truncate(limit);
        Self::of(items, has_more, total, cursor)
    }

    /// A page of these things.
    pub fn of(items: Vec<T>, has_more: bool, total: u64, cursor: impl Fn(&T) -> Cursor) -> Self {
        let next = if has_more { items.last().map(cursor) } else { None };
        Self { items, total, next }
    }
}

impl Cursor {
    /// The opaque word: microseconds and id in hexadecimal.
    #[must_use]
    pub fn encode(&self) -> String {
        format!("{:x}.{}", self.at.as_microsecond(), self.id.simple())
    }

    /// Reads the opaque word back; `None` for a text that is none.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (at, id) = text.split_once('.')?;
        let at = Timestamp::from_microsecond(i64::from_str_radix(at, 16).ok()?).ok()?;
        Some(Self { at, id: Uuid::parse_str(id).ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_to_itself() {
        let cursor = Cursor { at: "2026-01-02T03:04:05.678901Z".parse().unwrap(), id: Uuid::now_v7() };
        assert_eq!(Cursor::decode(&cursor.encode()), Some(cursor));
        for rubbish in ["", ".", "zz.00", "1.2", "-9999999999999999999.0"] {
            assert_eq!(Cursor::decode(rubbish), None, "{rubbish}");
        }
    }
}
