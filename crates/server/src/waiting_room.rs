//! What is answered before the engines are open: the process lives, and is not ready.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::http::about;
use crate::http::problem::Problem;

/// Answers until it is closed.
pub struct WaitingRoom {
    reason: Arc<watch::Sender<String>>,
    close: CancellationToken,
    served: JoinHandle<std::io::Result<()>>,
}

impl WaitingRoom {
    /// Answers on `listener`, whose socket may be another's afterwards, that `reason` is in the way.
    pub fn open(listener: TcpListener, reason: String) -> Self {
        let (reason, close) = (Arc::new(watch::Sender::new(reason)), CancellationToken::new());
        let router = Router::new()
            .route("/healthz", get(about::healthz))
            .route("/readyz", get(readyz))
            .fallback(async || Problem::later("this node starts; /readyz says what it waits for"))
            .with_state(Arc::clone(&reason));
        let served = axum::serve(listener, router).with_graceful_shutdown(close.clone().cancelled_owned());
        Self { reason, close, served: tokio::spawn(async { served.await }) }
    }

    /// Another reason from now on.
    pub fn say(&self, reason: String) {
        self.reason.send_replace(reason);
    }

    /// Ends once those it has let in are answered.
    pub async fn close(self) {
        self.close.cancel();
        if let Ok(Err(error)) = self.served.await {
            tracing::debug!(%error, "answering while the engines were opened");
        }
    }
}

async fn readyz(State(reason): State<Arc<watch::Sender<String>>>) -> (StatusCode, Json<Value>) {
    let reasons = [format!("this node starts: {}", *reason.borrow())];
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "reasons": reasons, "notes": []})))
}
