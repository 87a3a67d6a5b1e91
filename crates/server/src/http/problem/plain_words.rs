//! What is wrong with a body or a query, in words for who sends it: which field, and what would be right. The words of the library that
//! reads them are for who writes in Rust.

use crisislens_model::FieldError;

/// Most characters of what was sent that are said again.
const MAX_SAID: usize = 60;

/// What is wrong with a JSON body.
pub fn of_body(text: &str) -> Option<FieldError> {
    // A number where a word belongs is bad JSON to the library.
    let prefixes = [
        "Failed to deserialize the JSON body into the target type: ",
        "Failed to parse the request body as JSON: ",
    ];
    in_words(prefixes.into_iter().find_map(|prefix| text.strip_prefix(prefix))?, "body")
}

/// What is wrong with a query.
pub fn of_query(text: &str) -> Option<FieldError> {
    in_words(text.strip_prefix("Failed to deserialize query string: ")?, "query")
}

/// What is wrong with a part of the path.
pub fn of_path(name: &str, text: &str) -> Option<FieldError> {
    in_words(text, name).map(|error| FieldError { field: name.to_owned(), ..error })
}

/// `whole` is how the thing itself is called.
fn in_words(text: &str, whole: &str) -> Option<FieldError> {
    let (text, _) = text.rsplit_once(" at line ").unwrap_or((text, ""));
    let (path, said) = match text.split_once(": ") {
        Some((path, said)) if !path.contains([' ', '`']) => (dotted(path), said),
        _ => (String::new(), text),
    };
    let member = |name: &str| match &*path {
        "" => name.to_owned(),
        path if path == name || path.ends_with(&format!(".{name}")) => path.to_owned(),
        path => format!("{path}.{name}"),
    };
    let itself = || if path.is_empty() { whole.to_owned() } else { path.clone() };
    let (field, problem) = if let Some(rest) = said.strip_prefix("unknown variant `") {
        let (word, known) = word_and_known(rest)?;
        (itself(), format!("`{word}` is not known here; give {}", choice(&known)))
    } else if let Some(rest) = said.strip_prefix("unknown field `") {
        let (word, known) = word_and_known(rest)?;
        let there = if known.is_empty() {
            "there is none".to_owned()
        } else {
            format!("there is {}", choice(&known))
        };
        (member(&word), format!("is no field here; {there}"))
    } else if let Some(name) = said.strip_prefix("missing field `") {
        (member(name.trim_end_matches('`')), "is missing".to_owned())
    } else if let Some(name) = said.strip_prefix("duplicate field `") {
        (member(name.trim_end_matches('`')), "is there twice".to_owned())
    } else if said.starts_with("data did not match any variant") {
        (itself(), "has none of the forms that are taken here".to_owned())
    } else if let Some(rest) = said.strip_prefix("invalid type: ") {
        let (found, wanted) = rest.rsplit_once(", expected ")?;
        (itself(), format!("is {}; {} is needed", kind(found), needed(wanted)))
    } else if let Some(rest) = said.strip_prefix("invalid value: ") {
        let (_, wanted) = rest.rsplit_once(", expected ")?;
        (itself(), format!("is not what it can be; {} is needed", needed(wanted)))
    } else if path.is_empty() {
        return None;
    } else if said == "expected value" {
        (path.clone(), "is not what it can be".to_owned())
    } else {
        (path.clone(), said.to_owned())
    };
    Some(FieldError::new(field, problem))
}

/// `steps[0].roles[1]` as `steps.0.roles.1`.
fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "").trim_matches('.').to_owned()
}

/// What was sent, and what is known in its place: the words in back quotes.
fn word_and_known(rest: &str) -> Option<(String, Vec<&str>)> {
    let (word, known) = rest.rsplit_once("`, ")?;
    // One of those that are known may stand between.
    let (word, known) = match rest.rsplit_once("`, expected ") {
        Some(parts) => parts,
        None => (word, known),
    };
    let known = known.split('`').skip(1).step_by(2).collect();
    Some((word.chars().take(MAX_SAID).collect(), known))
}

fn choice(known: &[&str]) -> String {
    match known {
        [] => "nothing".to_owned(),
        [one] => (*one).to_owned(),
        [before @ .., last] => format!("{} or {last}", before.join(", ")),
    }
}

/// What was found, by its kind alone.
fn kind(found: &str) -> &str {
    let kinds = [
        ("string", "a text"),
        ("integer", "a number"),
        ("floating point", "a number"),
        ("boolean", "true or false"),
        ("sequence", "a list"),
        ("map", "an object"),
        ("null", "null"),
        ("unit", "null"),
    ];
    kinds.into_iter().find(|(word, _)| found.starts_with(word)).map_or(found, |(_, kind)| kind)
}

fn needed(wanted: &str) -> &str {
    match wanted {
        "a string" => "a text",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        "f32" | "f64" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" => "a whole number",
        wanted if wanted.starts_with("struct ") => "an object",
        wanted if wanted.contains("enum ") => "one of the words that are taken here",
        wanted => wanted,
    }
}

#[cfg(test)]
mod tests {
    use axum::Json;
    use crisislens_model::object::Object;
    use crisislens_model::{Preferences, Subscription, Target};
    use crisislens_notify::escalation::Chain;
    use serde::de::DeserializeOwned;

    use super::*;

    fn said<T: DeserializeOwned>(body: &str) -> String {
        let rejection =
            Json::<Object<T>>::from_bytes(body.as_bytes()).err().map(|rejection| rejection.body_text());
        of_body(&rejection.unwrap()).map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn the_field_is_named_and_what_would_be_right() {
        for (said, words) in [
            (
                said::<Chain>(r#"{"name":"x","steps":[{"roles":["admin","emperor"]}]}"#),
                "steps.0.roles.1: `emperor` is not known here; give viewer, analyst, approver or admin",
            ),
            (
                said::<Subscription>(r#"{"match":{"min_severity":"awful"}}"#),
                "match.min_severity: `awful` is not known here; give low, medium, high or critical",
            ),
            (
                said::<Subscription>(r#"{"match":{"min_severity":7}}"#),
                "match.min_severity: is not what it can be",
            ),
            (
                said::<Subscription>(r#"{"nmae":"x"}"#),
                "nmae: is no field here; there is name, match, search or ended",
            ),
            (said::<Chain>(r#"{"name":"x"}"#), "steps: is missing"),
            (said::<Chain>(r#"{"name":"x","steps":"all"}"#), "steps: is a text; a list is needed"),
            (
                said::<Chain>(r#"{"name":"x","steps":[{"wait_s":-1}]}"#),
                "steps.0.wait_s: is not what it can be; a whole number is needed",
            ),
            (said::<Chain>(r#"{"name":"x","name":"y"}"#), "name: is there twice"),
            (said::<Chain>("[]"), "body: is a list; an object is needed"),
            (said::<Chain>(r#"{"name":"x","steps":[{"users":["ada"]}]}"#), "steps.0.users.0: "),
            (
                said::<Target>(r#"{"kind":"pigeon"}"#),
                "kind: `pigeon` is not known here; give phone, web_push",
            ),
            (said::<Preferences>(r#"{"channels":{"gossip":[]}}"#), "gossip"),
            (said::<Subscription>(r#"{"match":{"hazard":["`, expected `x"]}}"#), "match.hazard.0: `"),
        ] {
            assert!(said.contains(words), "{said} instead of {words}");
            for rust in ["variant", "struct", "deserialize", "line 1", "enum"] {
                assert!(!said.contains(rust), "{said}");
            }
        }
        let long = "x".repeat(10_000);
        assert!(said::<Subscription>(&format!(r#"{{"match":{{"hazard":["{long}"]}}}}"#)).len() < 500);
    }

    #[test]
    fn queries_and_paths_have_the_same_words() {
        let of =
            of_query("Failed to deserialize query string: unread: provided string was not `true` or `false`");
        assert_eq!(of.unwrap().to_string(), "unread: provided string was not `true` or `false`");
        let of = of_path("role", "unknown variant `king`, expected one of `viewer`, `admin`");
        assert_eq!(of.unwrap().to_string(), "role: `king` is not known here; give viewer or admin");
        assert!(of_query("Failed to deserialize query string: odd").is_none());
    }
}
