//! The OpenAPI document: what it begins with, and what holds for every operation alike.

use axum::http::{Method, StatusCode};
use utoipa::OpenApi;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, PathItem, Ref, RefOr, Response, ResponseBuilder};

use crate::policy::{self, Access};

/// As RFC 9457 names it.
const PROBLEM: &str = "application/problem+json";

/// The description of the API, filled by the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "CrisisLens",
        description = "Live crisis intelligence. Lists answer {items, total, next}; errors are problem details (RFC 9457).",
        license(name = "Apache-2.0")
    ),
    modifiers(&Security),
    security(("token" = [])),
    components(schemas(crisislens_model::RawItem, crisislens_model::IncidentUpdate, crisislens_model::frame::PresentUser,
        crisislens_model::frame::Availability))
)]
struct Description;

struct Security;

impl utoipa::Modify for Security {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        if let Some(components) = openapi.components.as_mut() {
            let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
            components.add_security_scheme("token", SecurityScheme::Http(scheme));
        }
    }
}

/// The document before any route is in it.
pub fn begun() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The document with what the routes do not say one by one: what a status means, that errors are problem details, and that
/// whoever is not let in hears so.
pub fn complete(mut document: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    for (path, item) in &mut document.paths.paths {
        for (method, operation) in operations(item) {
            operation.operation_id = Some(name(&method, path));
            let answers = &mut operation.responses.responses;
            if let Some(Access::From(_)) = policy::access(&method, path) {
                for status in ["401", "403", "429"] {
                    answers.entry(status.to_owned()).or_insert_with(|| RefOr::T(problem()));
                }
            }
            for (status, answer) in answers {
                if let RefOr::T(answer) = answer {
                    say_all(status, answer);
                }
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (Method, &mut Operation)> {
    let PathItem { get, post, put, patch, delete, .. } = item;
    [
        (Method::GET, get),
        (Method::POST, post),
        (Method::PUT, put),
        (Method::PATCH, patch),
        (Method::DELETE, delete),
    ]
    .into_iter()
    .filter_map(|(method, operation)| operation.as_mut().map(|operation| (method, operation)))
}

/// `patch_items_id` for `PATCH /api/items/{id}`: names of functions are unique in their files only.
fn name(method: &Method, path: &str) -> String {
    let words = path.trim_start_matches("/api").split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let method = method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn problem() -> Response {
    let content: Content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    ResponseBuilder::new().content(PROBLEM, content).build()
}

fn say_all(status: &str, answer: &mut Response) {
    if answer.description.is_empty() {
        meaning(status).clone_into(&mut answer.description);
    }
    if status >= "400"
        && let Some(content) = answer.content.shift_remove("application/json")
    {
        answer.content.insert(PROBLEM.to_owned(), content);
    }
}

fn meaning(status: &str) -> &'static str {
    match status {
        "200" => "done; the body has it",
        "201" => "made; the body has it",
        "202" => "taken, and kept; it is worked on from now",
        "204" => "done; there is nothing to tell",
        "400" => "the request cannot be read; `detail` says where",
        "401" => "not signed in, or the token has ended",
        "403" => "your role does not let you",
        "404" => "there is no such thing",
        "409" => "somebody else was first",
        "412" => "it has changed since it was read, or the lock's token is not the present one",
        "413" => "the body is too large",
        "422" => "the body can be read, but says what cannot be; `errors` has each field",
        "428" => "a header is missing without which nothing is changed",
        "429" => "too much at once, or earlier answers are not read yet; `Retry-After` says how long to wait",
        "503" => "an engine is away; `Retry-After` says how long to wait",
        other => {
            let code = other.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
            code.and_then(|code| code.canonical_reason()).unwrap_or_default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::openapi;

    #[test]
    fn every_operation_has_a_policy_and_says_what_each_answer_means() {
        let mut document = openapi();
        let (mut count, mut names) = (0, BTreeSet::new());
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                assert!(policy::access(&method, path).is_some(), "{method} {path} has no policy");
                if let Some(Access::From(_)) = policy::access(&method, path) {
                    for status in ["401", "403", "429"] {
                        assert!(
                            operation.responses.responses.contains_key(status),
                            "{method} {path} {status}"
                        );
                    }
                }
                let name = operation.operation_id.clone().unwrap_or_default();
                assert!(names.insert(name.clone()), "{name:?} of {method} {path} is another's, too");
                for (status, answer) in &operation.responses.responses {
                    let RefOr::T(answer) = answer else { panic!("{method} {path} {status} is elsewhere") };
                    assert!(!answer.description.is_empty(), "{method} {path} {status} says nothing");
                    let is_problem = answer.content.keys().any(|kind| kind == PROBLEM);
                    assert_eq!(is_problem, status.as_str() >= "400", "{method} {path} {status}");
                    count += 1;
                }
            }
        }
        assert!(count > 100, "{count}");
    }

    /// What cors.rs lets pages send stands in the document, at one operation at least.
    #[test]
    fn the_headers_that_requests_have_are_described() {
        let document = openapi().to_json().unwrap();
        for name in ["If-Match", "Lock-Token", "Idempotency-Key", "Last-Event-ID"] {
            assert!(document.contains(&format!(r#""name":"{name}","in":"header""#)), "{name}");
        }
    }
}
