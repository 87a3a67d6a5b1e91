//! JSON objects that must be objects: derived readers take an array of the fields in their order as well.

use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// A value that is read from an object only, where it is the whole.
#[derive(Debug)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        only(from).map(Self)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

fn only<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
    from.deserialize_map(Members(PhantomData))
}

/// Reads a value from an object, or null. For `#[serde(deserialize_with)]`.
///
/// # Errors
/// What is neither, and what the value's own reader refuses.
pub fn or_null<'de, T: Deserialize<'de>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
    struct OrNull<T>(PhantomData<T>);
    impl<'de, T: Deserialize<'de>> Visitor<'de> for OrNull<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object or null")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_none<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
            only(from).map(Some)
        }
    }
    from.deserialize_option(OrNull(PhantomData))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Point {
        x: u8,
    }

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct Held {
        #[serde(default, deserialize_with = "or_null")]
        point: Option<Point>,
    }

    #[test]
    fn an_object_is_taken_and_the_array_of_its_fields_is_not() {
        let read = |text: &str| serde_json::from_str::<Held>(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"point": {"x": 1}}"#), Ok(Held { point: Some(Point { x: 1 }) }));
        assert_eq!(read(r#"{"point": null}"#), Ok(Held { point: None }));
        assert_eq!(read("{}"), Ok(Held { point: None }));
        let refused = read(r#"{"point": [1]}"#).unwrap_err();
        assert!(refused.contains("expected an object"), "{refused}");
    }
}
