//! Stand-ins for SendGrid, Twilio, Firebase Cloud Messaging with the endpoint of its tokens, a Web Push service, programs that take
//! webhooks, a mail server, and a language model behind an OpenAI-compatible API.
//!
//! They take what the originals take and refuse what those refuse, in their words; tell what became of a message by callbacks that are
//! signed as theirs; and fail as a [`faults::Plan`] says. All of them listen on one address, each below a path of its own, but for
//! the mail server. What they got can be read, and forgotten, at `/journal`; what they told, at `/told`.

mod assistant;
mod callback;
pub mod faults;
mod fcm;
mod journal;
mod named;
mod push;
mod sendgrid;
mod smtp;
mod twilio;
mod webhook;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::routing::{get, post, put};
use crisislens_model::{Clock, SystemClock, Timestamp};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use journal::{Entry, Journal, Told, Word};

/// What they are set up with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where they listen for HTTP.
    pub http: String,
    /// Where the mail server does.
    pub smtp: String,
    /// What SendGrid's API key is.
    pub sendgrid_key: String,
    /// Where SendGrid tells what became of mails.
    pub sendgrid_webhook: Option<String>,
    /// Twilio's account.
    pub twilio_account: String,
    /// And its token.
    pub twilio_token: String,
    /// The language model's key.
    pub assistant_key: String,
    /// What goes wrong.
    pub plan: faults::Plan,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            http: "127.0.0.1:9100".to_owned(),
            smtp: "127.0.0.1:9125".to_owned(),
            sendgrid_key: "SG.fake".to_owned(),
            sendgrid_webhook: None,
            twilio_account: "AC00000000000000000000000000000000".to_owned(),
            twilio_token: "fake-token".to_owned(),
            assistant_key: "sk-fake".to_owned(),
            plan: faults::Plan::default(),
        }
    }
}

/// What all of them share.
pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) base_url: String,
    pub(crate) journal: Journal,
    pub(crate) faults: faults::Faults,
    pub(crate) sendgrid: sendgrid::Keys,
    pub(crate) fcm: fcm::Account,
    pub(crate) push: push::Browsers,
    pub(crate) webhook: webhook::Programs,
    pub(crate) callbacks: callback::Caller,
}

/// They run until this is dropped.
pub struct Fakes {
    shared: Arc<Shared>,
    smtp: SocketAddr,
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Fakes {
    /// Starts all of them.
    ///
    /// # Errors
    /// An address is taken, or the machine has no randomness for keys.
    pub async fn start(settings: Settings) -> anyhow::Result<Self> {
        let bind = async |address: &str| {
            let bound = TcpListener::bind(address).await;
            bound.with_context(|| format!("cannot listen on {address}; choose another address"))
        };
        let (http, smtp) = (bind(&settings.http).await?, bind(&settings.smtp).await?);
        let (base_url, smtp_address) = (format!("http://{}", http.local_addr()?), smtp.local_addr()?);
        let (cancel, tasks) = (CancellationToken::new(), TaskTracker::new());
        let shared = Arc::new(Shared {
            journal: Journal::default(),
            faults: faults::Faults::new(settings.plan.clone()),
            sendgrid: sendgrid::Keys::generate()?,
            fcm: fcm::Account::generate(&base_url)?,
            push: push::Browsers::default(),
            webhook: webhook::Programs::default(),
            callbacks: callback::Caller::new(tasks.clone(), cancel.clone())?,
            base_url,
            settings,
        });
        let router = router(Arc::clone(&shared));
        let stopped = cancel.clone().cancelled_owned();
        tasks.spawn(async move {
            let served = axum::serve(http, router).with_graceful_shutdown(stopped).await;
            if let Err(error) = served {
                tracing::error!(%error, "the stand-ins stopped");
            }
        });
        tasks.spawn(smtp::serve(smtp, Arc::clone(&shared), cancel.clone()));
        Ok(Self { shared, smtp: smtp_address, cancel, tasks })
    }

    /// Where each of them is, and what it wants, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let Shared { settings, base_url, .. } = &*self.shared;
        vec![
            format!("SendGrid  {base_url}/sendgrid  key {}", settings.sendgrid_key),
            format!("          events are signed by {}", self.shared.sendgrid.public()),
            format!(
                "Twilio    {base_url}/twilio  account {} token {}",
                settings.twilio_account, settings.twilio_token
            ),
            format!("FCM       {base_url}/fcm  service account: GET {base_url}/fcm/service-account.json"),
            format!("Web Push  POST {base_url}/push makes a subscription"),
            format!("webhooks  POST {base_url}/webhook makes a program that takes them"),
            format!("assistant {base_url}/assistant/v1  key {}", settings.assistant_key),
            format!("mail      smtp://{}", self.smtp),
            format!("what they got    GET, DELETE {base_url}/journal"),
            format!("what they told   GET {base_url}/told"),
            format!("what goes wrong  GET, PUT {base_url}/plan"),
        ]
    }

    /// Where they listen for HTTP, as `http://host:port`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.shared.base_url
    }

    /// Where the mail server listens.
    #[must_use]
    pub fn smtp(&self) -> SocketAddr {
        self.smtp
    }

    /// The public key by which SendGrid's events are checked.
    #[must_use]
    pub fn sendgrid_key(&self) -> String {
        self.shared.sendgrid.public()
    }

    /// The service account of Firebase, as JSON.
    #[must_use]
    pub fn service_account(&self) -> String {
        self.shared.fcm.json()
    }

    /// What they got.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// What they told of messages, each try.
    #[must_use]
    pub fn told(&self) -> &Journal<Told> {
        self.shared.callbacks.told()
    }

    /// Of how many messages they have still something to tell.
    #[must_use]
    pub fn untold(&self) -> usize {
        self.shared.callbacks.under_way()
    }

    /// From now on this goes wrong.
    pub fn set_plan(&self, plan: faults::Plan) {
        self.shared.faults.set(plan);
    }

    /// A browser's new subscription: endpoint and keys, as `PushManager.subscribe` answers them.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn subscribe(&self) -> anyhow::Result<serde_json::Value> {
        self.shared.push.subscribe(&self.shared.base_url)
    }

    /// A new program that takes webhooks: its address, and the secret that messages to it are signed with.
    ///
    /// # Errors
    /// The machine has no randomness.
    pub fn program(&self) -> anyhow::Result<serde_json::Value> {
        self.shared.webhook.open(&self.shared.base_url)
    }

    /// Waits until the process is to end, and ends them.
    pub async fn stop(self) {
        self.cancel.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

impl Drop for Fakes {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// The originals go by the wall clock.
fn now() -> Timestamp {
    SystemClock.now()
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/sendgrid/v3/mail/send", post(sendgrid::send))
        .route("/twilio/2010-04-01/Accounts/{account}/Messages.json", post(twilio::send))
        .route("/fcm/v1/projects/{project}/{call}", post(fcm::send))
        .route("/fcm/service-account.json", get(fcm::service_account))
        .route("/oauth/token", post(fcm::token))
        .route("/push/{id}", post(push::send))
        .route("/push", post(push::new_subscription))
        .route("/webhook/{id}", post(webhook::send))
        .route("/webhook", post(webhook::new_program))
        .route("/assistant/v1/chat/completions", post(assistant::complete))
        .route("/told", get(journal::told))
        .route("/journal", get(journal::read).delete(journal::forget))
        .route("/plan", put(set_plan).get(plan))
        .with_state(shared)
}

async fn set_plan(State(shared): State<Arc<Shared>>, axum::Json(plan): axum::Json<faults::Plan>) {
    shared.faults.set(plan);
}

async fn plan(State(shared): State<Arc<Shared>>) -> axum::Json<faults::Plan> {
    axum::Json(shared.faults.plan())
}
