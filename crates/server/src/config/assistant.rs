//! A language model that drafts wordings. Off unless an address is given.

use serde::{Deserialize, Serialize};

use super::secret::Secret;

/// Who drafts wordings of claims, summaries and texts of alerts, for people to change and use.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Assistant {
    /// Base address of an OpenAI-compatible API, up to and with its version: `http://127.0.0.1:11434/v1`. Empty for none. What people ask
    /// drafts of is sent there: texts of items, incidents and alerts.
    pub url: String,
    /// The model's name there.
    pub model: String,
    /// The key, sent as a bearer token; empty for none.
    pub key: Secret,
    /// Longest wait for a draft, seconds; less than http.request_timeout_s.
    pub timeout_s: u64,
    /// Drafts that are made at once by this node; who asks for more is told to come again.
    pub at_once: usize,
    /// Longest draft, in the model's tokens.
    pub max_tokens: u32,
}

impl Default for Assistant {
    fn default() -> Self {
        Self {
            url: String::new(),
            model: String::new(),
            key: Secret::default(),
            timeout_s: 25,
            at_once: 2,
            max_tokens: 600,
        }
    }
}

impl Assistant {
    /// What is wrong with it.
    pub fn problems(&self, request_timeout_s: u64) -> Vec<String> {
        if self.url.is_empty() {
            return Vec::new();
        }
        let mut problems = Vec::new();
        match reqwest::Url::parse(&self.url) {
            Err(error) => problems.push(format!("assistant.url: {error}")),
            Ok(url) if !matches!(url.scheme(), "http" | "https") => {
                problems.push("assistant.url: only http and https are spoken".to_owned());
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() || url.query().is_some() => {
                problems.push(
                    "assistant.url: has no name, password or query; the key is assistant.key".to_owned(),
                );
            }
            Ok(_) => {}
        }
        if self.model.is_empty() {
            problems.push("assistant.model: name a model that assistant.url has".to_owned());
        }
        for (name, value, least, most) in [
            ("timeout_s", self.timeout_s, 1, request_timeout_s.saturating_sub(1)),
            ("at_once", self.at_once as u64, 1, 64),
            ("max_tokens", u64::from(self.max_tokens), 16, 4_096),
        ] {
            if !(least..=most).contains(&value) {
                problems.push(format!("assistant.{name} = {value}: is not between {least} and {most}"));
            }
        }
        problems
    }
}
