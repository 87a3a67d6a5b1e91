//! What is answered before the engines are open: the process lives, and is not ready.

use std::sync::Arc;
use std::time::Duration;

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
use crate::http::serve::serve;

/// Who has sent half a request is waited for no longer than this.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);
/// A connection without a request is kept no longer than this.
const IDLE: Duration = Duration::from_secs(10);

/// Answers until it is closed.
pub struct WaitingRoom {
    reason: Arc<watch::Sender<String>>,
    close: CancellationToken,
    served: JoinHandle<()>,
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
        let served = tokio::spawn(serve(listener, router, IDLE, close.clone()));
        Self { reason, close, served }
    }

    /// Another reason from now on.
    pub fn say(&self, reason: String) {
        self.reason.send_replace(reason);
    }

    /// Ends once those it has let in are answered.
    pub async fn close(mut self) {
        self.close.cancel();
        if tokio::time::timeout(CLOSE_WITHIN, &mut self.served).await.is_err() {
            self.served.abort();
        }
    }
}

async fn readyz(State(reason): State<Arc<watch::Sender<String>>>) -> (StatusCode, Json<Value>) {
    let reasons = [format!("this node starts: {}", *reason.borrow())];
    (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"ready": false, "reasons": reasons, "notes": []})))
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;
    use tokio::net::TcpStream;

    use super::*;

    #[tokio::test]
    async fn it_closes_although_somebody_has_sent_half_a_request() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let room = WaitingRoom::open(listener, "no broker yet".to_owned());
        let mut half = TcpStream::connect(address).await.unwrap();
        half.write_all(b"GET /healthz HTTP/1.1\r\nHost: ").await.unwrap();
        let whole = reqwest::get(format!("http://{address}/readyz")).await.unwrap();
        assert_eq!(whole.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(whole.text().await.unwrap().contains("no broker yet"));
        tokio::time::timeout(Duration::from_secs(30), room.close()).await.expect("it closes");
        drop(half);
    }
}
