//! What the API's description says of each route, held against requests: which methods it takes, and which parameters.

use std::collections::HashMap;

use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum_extra::extract::Query;
use utoipa::openapi::path::{Operation, ParameterIn};
use utoipa::openapi::{OpenApi, RefOr};

use super::Problem;

/// Other names that parameters are taken by.
const OTHER_NAMES: [(&str, &str); 2] = [("min_risk", "risk_min"), ("risk_max", "max_risk")];

/// A method of a route, and the names of its query parameters.
struct Taken {
    method: Method,
    parameters: Vec<String>,
}

/// Every described route with what it takes.
pub struct Described(HashMap<String, Vec<Taken>>);

impl Described {
    /// What `document` says.
    pub fn of(document: &OpenApi) -> Self {
        let routes = document.paths.paths.iter().map(|(route, item)| {
            let methods = [
                (Method::GET, &item.get),
                (Method::POST, &item.post),
                (Method::PUT, &item.put),
                (Method::PATCH, &item.patch),
                (Method::DELETE, &item.delete),
            ];
            let taken = methods.into_iter().filter_map(|(method, operation)| {
                Some(Taken { method, parameters: parameters(operation.as_ref()?) })
            });
            (route.clone(), taken.collect())
        });
        Self(routes.collect())
    }

    /// The answer to a method that the route does not have; none where it has it, or is not described.
    pub fn refuse_method(&self, method: &Method, route: &str) -> Option<Response> {
        let taken = self.0.get(route)?;
        // Who may read may ask for the header alone.
        let asked = if *method == Method::HEAD { &Method::GET } else { method };
        if taken.iter().any(|one| one.method == *asked) {
            return None;
        }
        let mut allowed: Vec<&str> = taken.iter().map(|one| one.method.as_str()).collect();
        if allowed.contains(&"GET") {
            allowed.push("HEAD");
        }
        Some(not_allowed(&allowed.join(", ")))
    }

    /// Refuses a read with a parameter that the route does not have: one that is misspelled would let everything through.
    pub fn refuse_unknown(&self, method: &Method, route: &str, uri: &Uri) -> Result<(), Problem> {
        if !matches!(*method, Method::GET | Method::HEAD) || uri.query().is_none_or(str::is_empty) {
            return Ok(());
        }
        let taken = self.0.get(route).and_then(|all| all.iter().find(|one| one.method == Method::GET));
        let Some(Taken { parameters, .. }) = taken else { return Ok(()) };
        let Query(given): Query<Vec<(String, String)>> = Query::try_from_uri(uri)?;
        let is_known = |name: &str| {
            let other = OTHER_NAMES.iter().find(|(_, other)| *other == name).map(|(name, _)| *name);
            parameters.iter().any(|known| known == name || Some(known.as_str()) == other)
        };
        match given.iter().find(|(name, _)| !is_known(name)) {
            None => Ok(()),
            Some((name, _)) if parameters.is_empty() => {
                Err(Problem::parameter(name, "is not taken here; this route takes no parameters"))
            }
            Some((name, _)) => {
                let known = parameters.join(", ");
                Err(Problem::parameter(name, format!("is not taken here; there are {known}")))
            }
        }
    }
}

/// The answer to a method that a route does not have.
pub fn not_allowed(allowed: &str) -> Response {
    let detail = format!("this route does not take this method; it takes {allowed}");
    let mut response = Problem::new(StatusCode::METHOD_NOT_ALLOWED, detail).into_response();
    if let Ok(allowed) = HeaderValue::from_str(allowed) {
        response.headers_mut().insert(header::ALLOW, allowed);
    }
    response
}

fn parameters(operation: &Operation) -> Vec<String> {
    let all = operation.parameters.iter().flatten();
    all.filter_map(|one| match one {
        RefOr::T(one) if matches!(one.parameter_in, ParameterIn::Query) => Some(one.name.clone()),
        _ => None,
    })
    .collect()
}
