//! What stand-ins make for whoever asks, found by the random name in its address.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use uuid::Uuid;

/// Things by their names.
pub(crate) struct Named<T>(Mutex<HashMap<String, T>>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Clone> Named<T> {
    /// Keeps one; its name.
    pub(crate) fn add(&self, thing: T) -> String {
        let name = Uuid::new_v4().simple().to_string();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), thing);
        name
    }

    pub(crate) fn find(&self, name: &str) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

/// Answers with what was made.
pub(crate) fn created(made: anyhow::Result<Value>) -> Response {
    match made {
        Ok(made) => (StatusCode::CREATED, axum::Json(made)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
