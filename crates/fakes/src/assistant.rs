//! A language model behind an OpenAI-compatible API: takes chat completions, and answers what the question's wish says, or the first of
//! the texts that it was given.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{Entry, Shared, now};

/// Words in a draft where the question has none.
const NOTHING: &str = "Nothing is known.";

pub(crate) async fn complete(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    shared.faults.serve("assistant", || completion(&shared, &headers, &body)).await
}

fn completion(shared: &Arc<Shared>, headers: &HeaderMap, body: &Bytes) -> Response {
    let wanted = format!("Bearer {}", shared.settings.assistant_key);
    if headers.get(header::AUTHORIZATION).is_none_or(|value| *value != wanted) {
        return refused(StatusCode::UNAUTHORIZED, "invalid_api_key", "Incorrect API key provided.");
    }
    let Ok(asked) = serde_json::from_slice::<Value>(body) else {
        return refused(
            StatusCode::BAD_REQUEST,
            "invalid_json",
            "We could not parse the JSON body of your request.",
        );
    };
    let id = format!("chatcmpl-{}", Uuid::new_v4().simple());
    let problem = problem(&asked);
    shared.journal.note(Entry {
        provider: "assistant",
        at: now(),
        refused: problem.map(|(_, message)| message.to_owned()),
        id: id.clone(),
        to: asked["model"].as_str().unwrap_or_default().to_owned(),
        message: asked.clone(),
    });
    if let Some((code, message)) = problem {
        return refused(StatusCode::BAD_REQUEST, code, message);
    }
    let text = draft(&asked);
    axum::Json(json!({
        "id": id,
        "object": "chat.completion",
        "created": now().as_second(),
        "model": asked["model"],
        "choices": [{
            "index": 0,
            "message": { "role": "assistant", "content": text },
            "finish_reason": "stop",
        }],
        "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 },
    }))
    .into_response()
}

/// What the API would refuse first.
fn problem(asked: &Value) -> Option<(&'static str, &'static str)> {
    if asked["model"].as_str().is_none_or(str::is_empty) {
        return Some(("missing_model", "you must provide a model parameter"));
    }
    let messages = asked["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    if messages.is_empty() {
        return Some(("missing_messages", "Missing required parameter: 'messages'."));
    }
    let is_message = |message: &Value| {
        matches!(message["role"].as_str(), Some("system" | "user" | "assistant" | "developer"))
            && message["content"].is_string()
    };
    if !messages.iter().all(is_message) {
        return Some(("invalid_message", "Invalid value: 'messages'."));
    }
    if asked["temperature"].as_f64().is_some_and(|value| !(0.0..=2.0).contains(&value)) {
        return Some(("invalid_temperature", "Invalid 'temperature': expected a value between 0 and 2."));
    }
    None
}

/// What the wish says to answer, `answer: …`, with a 1 for each `#`, so that it has what the question has not; else the first text.
fn draft(asked: &Value) -> String {
    let question = asked["messages"].as_array().and_then(|messages| messages.last());
    let question = question.and_then(|message| message["content"].as_str()).unwrap_or_default();
    let question: Value = serde_json::from_str(question).unwrap_or_default();
    if let Some(answer) = question["wish"].as_str().and_then(|wish| wish.strip_prefix("answer: ")) {
        return answer.replace('#', "1");
    }
    question["texts"][0]["text"].as_str().unwrap_or(NOTHING).to_owned()
}

fn refused(status: StatusCode, code: &str, message: &str) -> Response {
    let error = json!({ "message": message, "type": "invalid_request_error", "param": null, "code": code });
    (status, axum::Json(json!({ "error": error }))).into_response()
}
