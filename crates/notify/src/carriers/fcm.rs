//! Push messages to apps by Firebase Cloud Messaging. Its access token is asked for once and kept until it is old.

use async_trait::async_trait;
use crisislens_model::{Target, Timestamp};
use tokio::sync::Mutex;

use super::not_mine;
use crate::carrier::{Content, Parcel, Provider};
use crate::provider::Outcome;
use crate::provider::client::{Client, Failure};
use crate::provider::fcm::{self, AccessToken, AppMessage, ServiceAccount};

/// Apps by Firebase.
pub struct FcmCarrier {
    account: ServiceAccount,
    base_url: String,
    client: Client,
    /// Whoever finds it old asks for a new one, and all others wait for that.
    token: Mutex<Option<AccessToken>>,
}

impl FcmCarrier {
    /// With this account; `base_url` is `https://fcm.googleapis.com`, or a stand-in's.
    #[must_use]
    pub fn new(account: ServiceAccount, base_url: String, client: Client) -> Self {
        Self { account, base_url, client, token: Mutex::default() }
    }

    async fn access(&self, now: Timestamp) -> Result<AccessToken, Outcome> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| now < token.renew_at) {
            return Ok(token.clone());
        }
        let configuration = |error: fcm::AccountError| Outcome::Configuration { why: error.to_string() };
        let request = self.account.token_request(now).map_err(configuration)?;
        let answer = self.client.post(request).await.map_err(|failure| {
            // Whatever became of that request, no message was sent.
            let (Failure::NotSent(why) | Failure::Unknown(why)) = failure;
            Outcome::Retry { after: None, why: format!("no access token: {why}") }
        })?;
        if answer.status >= 500 || answer.status == 429 {
            return Err(Outcome::Retry { after: answer.retry_after(now), why: answer.said() });
        }
        let token = self.account.token(&answer, now).map_err(configuration)?;
        *kept = Some(token.clone());
        Ok(token)
    }
}

#[async_trait]
impl Provider for FcmCarrier {
    fn name(&self) -> &'static str {
        "fcm"
    }

    fn reaches(&self, target: Option<&Target>) -> bool {
        matches!(target, Some(Target::FcmToken { .. } | Target::FcmInstallation { .. }))
    }

    fn replaces(&self) -> bool {
        true
    }

    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome {
        let Content::Push { title, body, link } = &parcel.content else { return not_mine() };
        let target = match &parcel.target {
            Some(Target::FcmToken { token }) => fcm::Target::Token(token.clone()),
            Some(Target::FcmInstallation { fid }) => fcm::Target::Fid(fid.clone()),
            _ => return not_mine(),
        };
        let access = match self.access(now).await {
            Ok(access) => access,
            Err(outcome) => return outcome,
        };
        let delivery_id = parcel.delivery.to_string();
        let message = AppMessage { delivery_id: &delivery_id, severity: parcel.priority, title, body, link };
        let request = self.account.request(&self.base_url, &access, &target, &message);
        match self.client.post(request).await {
            Ok(answer) => {
                if answer.status == 401 {
                    // Withdrawn before its time: the next message asks for a new one.
                    self.token.lock().await.take();
                }
                fcm::outcome(&answer, now)
            }
            Err(failure) => failure.into(),
        }
    }
}
