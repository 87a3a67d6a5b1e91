//! A JSON body in which an object has a name twice is refused before anything reads it: readers differ in which of the two counts, so what
//! one program checks is not what another does.

use std::collections::HashSet;
use std::fmt;

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use crisislens_model::FieldError;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::{BodyLimit, Problem};
use crate::app::App;

/// Bodies up to this are looked through on the spot.
const INLINE_BYTES: usize = 32 * 1024;
/// Most characters of a place that are said again.
const MAX_SAID: usize = 120;
/// Of so many names of an object each is compared with all before it; of more they are kept in order.
const FEW: usize = 16;

/// Refuses a body with a name that stands twice in one object. Lines of a stream are looked at one by one where they are read, and what
/// providers send is signed and theirs.
pub async fn refuse_repeated(
    State(app): State<std::sync::Arc<App>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_lines = kind.is_some_and(|kind| kind.starts_with("application/x-ndjson"));
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str).unwrap_or_default();
    if is_lines || route.starts_with("/api/callbacks/") || request.method().is_safe() {
        return Ok(next.run(request).await);
    }
    let limit =
        request.extensions().get().map_or(app.config.http.body_limit_bytes, |BodyLimit(bytes)| *bytes);
    let (parts, body) = request.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, limit).await else {
        let detail = format!("the body could not be read to its end; at most {limit} bytes are taken here");
        return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, detail));
    };
    let found = if bytes.len() <= INLINE_BYTES {
        first(&bytes)
    } else {
        let bytes = bytes.clone();
        tokio::task::spawn_blocking(move || first(&bytes)).await.map_err(|error| Problem::internal(&error))?
    };
    match found {
        Some(error) => Err(Problem::of_parameter(error)),
        None => Ok(next.run(Request::from_parts(parts, Body::from(bytes))).await),
    }
}

/// The first name that stands twice in one object of `body`, by its place; none where there is none, or the body is no JSON up to there.
pub fn first(body: &[u8]) -> Option<FieldError> {
    if !matches!(body.trim_ascii_start().first(), Some(b'{' | b'[')) {
        return None;
    }
    let mut place: Option<String> = None;
    let mut reader = serde_json::Deserializer::from_slice(body);
    // What is wrong otherwise is told by who reads it.
    let _ = Look(&mut place).deserialize(&mut reader);
    place.map(|place| FieldError::new(place.chars().take(MAX_SAID).collect::<String>(), "is there twice"))
}

/// Looks through one value, and notes where a name stands twice.
struct Look<'a>(&'a mut Option<String>);

impl<'de> DeserializeSeed<'de> for Look<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        let Self(place) = self;
        let mut index = 0_usize;
        loop {
            match all.next_element_seed(Look(&mut *place)) {
                Ok(Some(())) => index += 1,
                Ok(None) => return Ok(()),
                Err(error) => return Err(within(place, &index.to_string(), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        let Self(place) = self;
        let (mut few, mut many) = (Vec::<String>::new(), HashSet::<String>::new());
        while let Some(name) = all.next_key::<String>()? {
            if few.contains(&name) || many.contains(&name) {
                *place = Some(name);
                return Err(A::Error::custom("a name stands twice"));
            }
            if let Err(error) = all.next_value_seed(Look(&mut *place)) {
                return Err(within(place, &name, error));
            }
            if few.len() < FEW {
                few.push(name);
            } else {
                many.insert(name);
            }
        }
        Ok(())
    }
}

/// A place within `outer`, if one was noted.
fn within<E>(place: &mut Option<String>, outer: &str, error: E) -> E {
    if let Some(inner) = place.take() {
        *place = Some(format!("{outer}.{inner}"));
    }
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(body: &str) -> Option<String> {
        first(body.as_bytes()).map(|error| error.field)
    }

    #[test]
    fn a_name_that_stands_twice_is_told_with_its_place_however_it_is_written() {
        for (body, at) in [
            (r#"{"a": 1, "a": 1}"#, "a"),
            (r#"{"a": 1, "\u0061": 2}"#, "a"),
            (r#"{"raw_data": {"x": {"é": 1, "é": null}}}"#, "raw_data.x.é"),
            (r#"[{"a": 1}, {"b": [0, {"c": 1, "c": 2}]}]"#, "1.b.1.c"),
            // Seen before the body goes wrong.
            (r#"{"a": 1, "a": 2"#, "a"),
        ] {
            assert_eq!(place(body).as_deref(), Some(at), "{body}");
        }
        let many: Vec<String> = (0..100).map(|n| format!("\"k{n}\": {n}")).collect();
        assert_eq!(place(&format!("{{{}}}", many.join(","))), None);
        assert_eq!(place(&format!("{{{}, \"k99\": 0}}", many.join(","))).as_deref(), Some("k99"));
        for body in ["", "{", "\"a\"", "a=1&a=2", r#"{"a": {"a": 1}, "b": [1, 1], "A": 2.5, "c": -1}"#] {
            assert_eq!(place(body), None, "{body}");
        }
    }

    #[test]
    fn deep_and_long_bodies_end() {
        assert_eq!(place(&"[".repeat(100_000)), None);
        assert_eq!(place(&r#"{"a":"#.repeat(100_000)), None);
        let long = format!("{{\"{0}\": 1, \"{0}\": 2}}", "x".repeat(10_000));
        assert_eq!(place(&long).map(|place| place.len()), Some(MAX_SAID));
    }
}
