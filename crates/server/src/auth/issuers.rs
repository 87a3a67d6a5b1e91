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

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crisislens_model::{Role, Timestamp};
use crisislens_state::Store;
use crisislens_stream::Health;
use futures_util::future::join_all;
use metrics::counter;
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
pub struct Issuers {
    issuers: Vec<Issuer>,
    /// When the operator was last told that tokens are not taken for a reason, in seconds since 1970.
    told_at: Mutex<BTreeMap<&'static str, i64>>,
}

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
        let issuers = configured.iter().map(open).collect::<anyhow::Result<_>>()?;
        Ok(Self { issuers, told_at: Mutex::default() })
    }

    /// Whether nobody's are.
    pub fn is_empty(&self) -> bool {
        self.issuers.is_empty()
    }

    /// Who a token is of, as our own tokens say it. Why one is not taken is told to the operator, not to whoever brings it.
    pub async fn check(&self, token: &str, store: &dyn Store, now: Timestamp) -> Result<Claims, TokenError> {
        let checked = self.claims(token, store, now).await;
        checked.map_err(|(error, why)| {
            // An engine or an issuer that is away says so elsewhere, and the token may be good.
            if error == TokenError::Unavailable {
                return error;
            }
            counter!("crisislens_auth_issuer_tokens_refused_total", "reason" => why).increment(1);
            if self.may_tell(why, now) {
                let kid =
                    OutsideHeader::of(token).map(|header| header.kid.chars().take(64).collect::<String>());
                tracing::warn!(
                    why,
                    kid,
                    "a token of another issuer is not taken; told once in ten seconds for each reason"
                );
            }
            error
        })
    }

    async fn claims(&self, token: &str, store: &dyn Store, now: Timestamp) -> Result<Claims, Refused> {
        let (issuer, outside) = self.verify(token, now).await?;
        let account = issuer.account(&outside, store, now).await;
        let (user, generation) = account.map_err(because("its person has no account here"))?;
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

    async fn verify(&self, token: &str, now: Timestamp) -> Result<(&Issuer, OutsideClaims), Refused> {
        let invalid = |why| (TokenError::Invalid, why);
        let header = OutsideHeader::of(token).ok_or(invalid("its header is none that is taken"))?;
        let named = claimed_issuer(token).ok_or(invalid("it names no issuer"))?;
        let issuer = self.issuers.iter().find(|issuer| issuer.config.issuer == named);
        let issuer = issuer.ok_or(invalid("its issuer is not configured"))?;
        if !issuer.config.algorithms.contains(&header.alg) {
            return Err(invalid("its algorithm is not one of the issuer's"));
        }
        let key =
            issuer.keys.find(&header.kid).await.map_err(because("its key is not one of the issuer's"))?;
        let claims = key.verify(token, header.alg).ok_or(invalid("its signature is not of its key"))?;
        claims.check(&issuer.config, now).map_err(because("its time or audience is not right"))?;
        Ok((issuer, claims))
    }

    /// Whether ten seconds are over since this was told.
    fn may_tell(&self, why: &'static str, now: Timestamp) -> bool {
        let mut told_at = self.told_at.lock().unwrap_or_else(PoisonError::into_inner);
        let may = told_at.get(why).is_none_or(|last| now.as_second() - last >= 10);
        if may {
            told_at.insert(why, now.as_second());
        }
        may
    }
}

/// Why a token is not taken, for who brings it and for the operator.
type Refused = (TokenError, &'static str);

fn because(why: &'static str) -> impl Fn(TokenError) -> Refused {
    move |error| (error, why)
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
        for issuer in &self.issuers {
            issuer.keys.read().await;
        }
    }
}

/// Keeps the keys of every issuer, until `cancel`.
pub async fn watch(app: Arc<App>, cancel: CancellationToken) {
    let keep = join_all(app.issuers.issuers.iter().map(|issuer| issuer.keys.keep()));
    let _ = cancel.run_until_cancelled(keep).await;
    cancel.cancelled().await;
}
