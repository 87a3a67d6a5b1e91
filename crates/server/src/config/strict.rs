//! Makes settings of a tree. Nothing is bent into another type: what does not fit is an error that names the place, what
//! stands there and what may.

use std::fmt::{self, Display};

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, forward_to_deserialize_any};

use super::redacted;
use super::tree::Tree;

/// Longest value that an error shows, in characters.
const MAX_SHOWN_CHARS: usize = 80;

/// The settings that `tree` holds.
pub fn settings<'de, T: Deserialize<'de>>(tree: &Tree) -> Result<T, Wrong> {
    T::deserialize(At { tree, path: "" })
}

/// Why it holds none.
#[derive(Debug)]
pub struct Wrong {
    message: String,
    has_place: bool,
}

impl Wrong {
    /// The error with its place, where it has none yet.
    fn at(self, path: &str) -> Self {
        match (self.has_place, path) {
            (true, _) | (_, "") => self,
            (false, path) => Self { message: format!("{path}: {}", self.message), has_place: true },
        }
    }
}

impl Display for Wrong {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&self.message)
    }
}

impl std::error::Error for Wrong {}

impl Error for Wrong {
    fn custom<T: Display>(message: T) -> Self {
        Self { message: message.to_string(), has_place: false }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::custom(format!("there is no setting {field:?}; there are {}", expected.join(", ")))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("{field} is missing"))
    }
}

/// A value at its place.
struct At<'a> {
    tree: &'a Tree,
    path: &'a str,
}

impl At<'_> {
    /// The error that something else stands here.
    fn expected(&self, what: &str) -> Wrong {
        let (kind, shown, place) = match self.tree {
            Tree::Flag(flag) => ("true or false", flag.to_string(), ""),
            Tree::Whole(number) => ("a whole number", number.to_string(), ""),
            Tree::Number(number) => ("a number", number.to_string(), ""),
            Tree::Text(text) => ("a text", format!("{text:?}"), ""),
            Tree::Given { text, place } => ("no such value", format!("{text:?}"), place.as_str()),
            Tree::List(_) => ("a list", "[…]".to_owned(), ""),
            Tree::Table(_) => ("a section", "{…}".to_owned(), ""),
        };
        // In this order: half a password is one no more, and would be shown.
        let mut shown: String = redacted(&shown).chars().take(MAX_SHOWN_CHARS).collect();
        if !place.is_empty() {
            shown = format!("{shown} (in {place})");
        }
        let name = if self.path.is_empty() { "all of it" } else { self.path };
        Wrong { message: format!("{name} = {shown}: is {kind}; {what} is needed"), has_place: true }
    }

    /// The text here, and nothing that could be another type.
    fn text(&self) -> Option<&str> {
        match self.tree {
            Tree::Text(text) | Tree::Given { text, .. } => Some(text),
            _ => None,
        }
    }

    fn whole(&self) -> Option<i128> {
        match self.tree {
            Tree::Whole(number) => Some(*number),
            Tree::Given { text, .. } => text.trim().parse().ok(),
            _ => None,
        }
    }
}

macro_rules! whole_numbers {
    ($($method:ident, $visit:ident, $number:ty;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
            let number = self.whole().and_then(|number| <$number>::try_from(number).ok()).ok_or_else(|| {
                self.expected(&format!("a whole number from {} to {}", <$number>::MIN, <$number>::MAX))
            })?;
            visitor.$visit(number).map_err(|wrong: Wrong| wrong.at(self.path))
        }
    )*};
}

impl<'de> Deserializer<'de> for At<'_> {
    type Error = Wrong;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        match self.tree {
            Tree::Flag(_) => self.deserialize_bool(visitor),
            Tree::Whole(_) => self.deserialize_i64(visitor),
            Tree::Number(_) => self.deserialize_f64(visitor),
            Tree::Text(_) | Tree::Given { .. } => self.deserialize_str(visitor),
            Tree::List(_) => self.deserialize_seq(visitor),
            Tree::Table(_) => self.deserialize_map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let flag = match self.tree {
            Tree::Flag(flag) => Some(*flag),
            Tree::Given { text, .. } => text.trim().to_lowercase().parse().ok(),
            _ => None,
        };
        visitor.visit_bool(flag.ok_or_else(|| self.expected("true or false"))?)
    }

    whole_numbers! {
        deserialize_i8, visit_i8, i8;
        deserialize_i16, visit_i16, i16;
        deserialize_i32, visit_i32, i32;
        deserialize_i64, visit_i64, i64;
        deserialize_u8, visit_u8, u8;
        deserialize_u16, visit_u16, u16;
        deserialize_u32, visit_u32, u32;
        deserialize_u64, visit_u64, u64;
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let number = match self.tree {
            Tree::Number(number) => Some(*number),
            Tree::Whole(number) => Some(*number as f64),
            Tree::Given { text, .. } => text.trim().parse().ok(),
            _ => None,
        };
        visitor.visit_f64(number.ok_or_else(|| self.expected("a number"))?)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let text = self.text().ok_or_else(|| self.expected("a text in quotes"))?;
        visitor.visit_str(text).map_err(|wrong: Wrong| wrong.at(self.path))
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let from_text = self.tree.as_list();
        let list = match (self.tree, &from_text) {
            (Tree::List(list), _) | (_, Some(list)) => list,
            _ => return Err(self.expected("a list such as [\"a\", \"b\"]")),
        };
        let entries = Entries { list: list.iter(), next: 0, path: self.path };
        visitor.visit_seq(entries).map_err(|wrong| wrong.at(self.path))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Wrong> {
        let Tree::Table(table) = self.tree else { return Err(self.expected("a section with settings")) };
        let fields = Fields { fields: table.iter(), current: None, path: self.path };
        visitor.visit_map(fields).map_err(|wrong| wrong.at(self.path))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        self.deserialize_map(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Wrong> {
        let known = self.text().filter(|text| variants.contains(text));
        let known = known.ok_or_else(|| self.expected(&format!("one of {}", variants.join(", "))))?;
        visitor.visit_enum(IntoDeserializer::<Wrong>::into_deserializer(known))
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct Entries<'a> {
    list: std::slice::Iter<'a, Tree>,
    next: usize,
    path: &'a str,
}

impl<'de> SeqAccess<'de> for Entries<'_> {
    type Error = Wrong;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        let Some(tree) = self.list.next() else { return Ok(None) };
        let path = format!("{}[{}]", self.path, self.next);
        self.next += 1;
        seed.deserialize(At { tree, path: &path }).map_err(|wrong| wrong.at(&path)).map(Some)
    }
}

struct Fields<'a> {
    fields: std::collections::btree_map::Iter<'a, String, Tree>,
    current: Option<(&'a String, &'a Tree)>,
    path: &'a str,
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Wrong;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Wrong> {
        self.current = self.fields.next();
        let Some((name, _)) = self.current else { return Ok(None) };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Wrong> {
        let (name, tree) = self.current.take().ok_or_else(|| Wrong::custom("a value without a name"))?;
        let path = if self.path.is_empty() { name.clone() } else { format!("{}.{name}", self.path) };
        seed.deserialize(At { tree, path: &path }).map_err(|wrong| wrong.at(&path))
    }
}
