//! Tokens that somebody else makes and we take: whose they are, by which keys they are signed (JWK sets, RFC 7517), and whose
//! account they mean.
//!
//! Nothing that an unchecked token says is acted on: it only chooses among what is configured, and an unknown key has its
//! issuer's document read again at most every minute, by a task and not by the request.

mod account;
mod claims;
mod document;
#[cfg(test)]
mod forged;
mod keys;
mod ring;

use std::sync::Arc;

use crisislens_model::{Role, Timestamp};
use crisislens_state::Store;
use crisislens_stream::Health;
use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use account::account_id;
#[cfg(test)]
pub use keys::read as read_keys;

use claims::{OutsideClaims, OutsideHeader, claimed_issuer};
use ring::KeyRing;

use super::{Claims, TokenError};
use crate::app::App;
use crate::config;

/// A token is looked at again at least so often, whatever it says of its end.
const MAX_SECONDS: i64 = 24 * 3600;

/// Everybody whose tokens are taken, besides ourselves.
#[derive(Default)]
pub struct Issuers(Vec<Issuer>);

struct Issuer {
    config: config::Issuer,
    keys: KeyRing,
}

impl Issuers {
    /// Those that are configured. No keys are read yet: [`watch`] does that.
    pub fn open(configured: &[config::Issuer], health: &Health) -> anyhow::Result<Self> {
        let open = |config: &config::Issuer| {
            Ok(Issuer { keys: KeyRing::new(config, health.clone())?, config: config.clone() })
        };
        configured.iter().map(open).collect::<anyhow::Result<_>>().map(Self)
    }

    /// Whether nobody's are.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Who a token is of, as our own tokens say it.
    pub async fn check(&self, token: &str, store: &dyn Store, now: Timestamp) -> Result<Claims, TokenError> {
        let (issuer, outside) = self.verify(token, now).await?;
        let (user, generation) = issuer.account(&outside, store, now).await?;
        let role = issuer.role(&outside).map_or(user.role, |named| named.min(user.role));
        let seconds = now.as_second();
        Ok(Claims {
            iss: outside.iss,
            aud: issuer.config.audience.clone(),
            sub: user.id,
            name: user.name,
            role,
            typ: "access".to_owned(),
            iat: seconds,
            exp: outside.exp.0.min(seconds + MAX_SECONDS),
            session_exp: None,
            origin: None,
            jti: Uuid::new_v4().simple().to_string(),
            sid: None,
            generation,
        })
    }

    async fn verify(&self, token: &str, now: Timestamp) -> Result<(&Issuer, OutsideClaims), TokenError> {
        let header = OutsideHeader::of(token).ok_or(TokenError::Invalid)?;
        let named = claimed_issuer(token).ok_or(TokenError::Invalid)?;
        let issuer = self.0.iter().find(|issuer| issuer.config.issuer == named).ok_or(TokenError::Invalid)?;
        if !issuer.config.algorithms.contains(&header.alg) {
            return Err(TokenError::Invalid);
        }
        let key = issuer.keys.find(&header.kid).await?;
        let claims = key.verify(token, header.alg).ok_or(TokenError::Invalid)?;
        claims.check(&issuer.config, now)?;
        Ok((issuer, claims))
    }
}

impl Issuer {
    /// The role that a token names, where tokens of this issuer do.
    fn role(&self, claims: &OutsideClaims) -> Option<Role> {
        if self.config.role_claim.is_empty() {
            return None;
        }
        let words = claims.words(&self.config.role_claim);
        let named = words.into_iter().filter_map(|word| self.config.roles.get(word).copied());
        Some(named.max().unwrap_or(Role::Viewer))
    }
}

#[cfg(test)]
impl Issuers {
    /// Reads every document once, as [`watch`] does.
    async fn read(&self) {
        for issuer in &self.0 {
            issuer.keys.read().await;
        }
    }
}

/// Keeps the keys of every issuer, until `cancel`.
pub async fn watch(app: Arc<App>, cancel: CancellationToken) {
    let keep = join_all(app.issuers.0.iter().map(|issuer| issuer.keys.keep()));
    let _ = cancel.run_until_cancelled(keep).await;
    cancel.cancelled().await;
}
