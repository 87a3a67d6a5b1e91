//! How commands reach the engines: through the running server of this data folder, or by opening them where none runs.
//!
//! Only one process may hold the embedded log or the embedded search index. Either way the command speaks the same HTTP API.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Method, Request, StatusCode, header};
use crisislens_log::LogError;
use crisislens_model::{Clock, Preferences, Role, SystemClock, User, UserId};
use crisislens_search::SearchError;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

use crate::app::App;
use crate::auth::{Grant, Tokens};
use crate::config::Config;
use crate::engines::{make_data_dir, open_store};
use crate::run::Endpoint;

/// Largest answer read, bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// The API's answer where it did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[error("{status}: {detail}")]
pub struct Refused {
    /// What sort of refusal.
    pub status: StatusCode,
    /// Why.
    pub detail: String,
}

impl Refused {
    /// The status of `error`, where it is a refusal.
    pub fn status_of(error: &anyhow::Error) -> Option<StatusCode> {
        error.downcast_ref::<Self>().map(|refused| refused.status)
    }
}

/// A way to call the API as the operator of this machine.
pub struct Access {
    token: String,
    way: Way,
}

enum Way {
    /// A server is running.
    Server { client: reqwest::Client, url: String },
    /// None is: the engines are open here.
    Here { app: Arc<App>, router: Router },
}

impl Access {
    /// Finds the way.
    pub async fn find(config: Config) -> anyhow::Result<Self> {
        let token = operator_token(&config).await?;
        let endpoint = Endpoint::file(&config);
        let metrics = PrometheusBuilder::new().build_recorder().handle();
        match App::open(config, metrics, CancellationToken::new()).await {
            Ok(app) => {
                let router = crate::http::router(&app);
                Ok(Self { token, way: Way::Here { app, router } })
            }
            Err(error) if is_in_use(&error) => {
                let text = std::fs::read(&endpoint).with_context(|| {
                    format!(
                        "{error:#}, and {} does not say where it listens; run this command with the server's --data-dir, or stop \
                         that process first",
                        endpoint.display()
                    )
                })?;
                let Endpoint { url, .. } = serde_json::from_slice(&text)?;
                let client =
                    reqwest::Client::builder().timeout(Duration::from_secs(60)).no_proxy().build()?;
                Ok(Self { token, way: Way::Server { client, url } })
            }
            Err(error) => Err(error),
        }
    }

    /// Calls the API; problem details become errors.
    pub async fn call(&self, method: Method, path: &str, body: Option<String>) -> anyhow::Result<Value> {
        let (status, bytes) = match &self.way {
            Way::Server { client, url } => {
                let mut request = client
                    .request(method, format!("{url}{path}"))
                    .bearer_auth(&self.token)
                    .header(header::CONTENT_TYPE, "application/json");
                if let Some(body) = body {
                    request = request.body(body);
                }
                let response = request.send().await.context("the running server does not answer")?;
                (response.status(), response.bytes().await?.to_vec())
            }
            Way::Here { router, .. } => {
                let request = Request::builder()
                    .method(method)
                    .uri(path)
                    .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
                    .header(header::CONTENT_TYPE, "application/json")
                    .body(Body::from(body.unwrap_or_default()))?;
                let response = router.clone().oneshot(request).await?;
                (response.status(), to_bytes(response.into_body(), MAX_ANSWER).await?.to_vec())
            }
        };
        let answer: Value = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? };
        if !status.is_success() {
            let detail = answer.get("detail").and_then(Value::as_str).unwrap_or("no detail").to_owned();
            return Err(Refused { status, detail }.into());
        }
        Ok(answer)
    }

    /// Whether no server was found, and the engines are open here.
    pub const fn is_here(&self) -> bool {
        matches!(self.way, Way::Here { .. })
    }

    /// Finishes what the call began.
    pub async fn close(self) -> anyhow::Result<()> {
        if let Way::Here { app, .. } = self.way {
            app.log.close(Duration::from_secs(10)).await?;
        }
        Ok(())
    }
}

fn is_in_use(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        matches!(cause.downcast_ref::<LogError>(), Some(LogError::InUse(_)))
            || matches!(cause.downcast_ref::<SearchError>(), Some(SearchError::InUse(_)))
    })
}

/// Whoever can read the store's secret is the operator; the token is made here and never leaves this machine.
async fn operator_token(config: &Config) -> anyhow::Result<String> {
    make_data_dir(config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let store = open_store(config).await?;
    let tokens = Tokens::open(&config.auth, &*store, Arc::clone(&clock)).await?;
    let operator = User {
        id: UserId(uuid::Uuid::nil()),
        email: "operator@localhost".to_owned(),
        name: "operator of this machine".to_owned(),
        role: Role::Admin,
        preferences: Preferences::default(),
        created_at: clock.now(),
    };
    let grant = Grant { session: None, generation: 0 };
    tokens
        .access(&operator, grant)
        .map(|(token, _)| token)
        .map_err(|error| anyhow!("cannot make a token: {error}"))
}
