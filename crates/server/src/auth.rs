//! Who somebody is: passwords (Argon2id), access tokens (JWT, RFC 7519 with the rules of RFC 8725), one-time tickets.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, PasswordHash, Version};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use crisislens_model::{Clock, Role, Timestamp, User, UserId};
use crisislens_realtime::Viewer;
use crisislens_state::{Durability, Store};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;

use crate::config::Auth;

const ISSUER: &str = "crisislens";
const AUDIENCE: &str = "crisislens";
/// Name of the signing secret among the store's settings.
const SECRET_SETTING: &str = "auth.secret";
/// How long a ticket holds, seconds.
pub const TICKET_SECONDS: i64 = 30;
/// Shortest and longest password, in characters.
pub const PASSWORD_LENGTH: std::ops::RangeInclusive<usize> = 8..=256;
/// Passwords hashed at once; each takes 19 MiB.
const HASHERS: usize = 2;
/// Passwords that may wait for their turn; more are refused, so that a flood of sign-ins costs no memory.
const WAITING: usize = 64;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Always `crisislens`.
    pub iss: String,
    /// Always `crisislens`.
    pub aud: String,
    /// The account.
    pub sub: UserId,
    /// What colleagues see.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// `access` or `ticket`.
    pub typ: String,
    /// When it was made, seconds since 1970.
    pub iat: i64,
    /// When it ends, seconds since 1970.
    pub exp: i64,
    /// When the session that it opens ends; a ticket ends long before the connection it opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_exp: Option<i64>,
    /// Names this token.
    pub jti: String,
}

impl Claims {
    /// When a connection opened with this token must end, seconds since 1970.
    #[must_use]
    pub fn session_end(&self) -> i64 {
        self.session_exp.unwrap_or(self.exp)
    }

    /// How the audit log names who this is: an account's id, or `operator` for the command line, which has none.
    #[must_use]
    pub fn actor(&self) -> String {
        if self.sub.0.is_nil() { "operator".to_owned() } else { self.sub.to_string() }
    }

    /// The person as the rooms know them.
    #[must_use]
    pub fn viewer(&self) -> Viewer {
        Viewer { user: self.sub, name: self.name.clone(), role: self.role }
    }
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenError {
    /// It was good once.
    Expired,
    /// It is no token of ours.
    Invalid,
}

/// Makes and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    clock: Arc<dyn Clock>,
    access_seconds: i64,
    /// When this process began, seconds since 1970.
    since: i64,
    /// Tickets used, until they would have ended anyway.
    used_tickets: Mutex<HashMap<String, i64>>,
}

impl Tokens {
    /// Reads the signing secret, or makes one at the first start and keeps it in the store.
    pub async fn open(config: &Auth, store: &dyn Store, clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let secret = if config.secret_file.is_empty() {
            let mut tx = store.begin(Durability::Power).await?;
            let secret = tx.setting_or(SECRET_SETTING, &random_word()).await?;
            tx.commit().await?;
            secret.into_bytes()
        } else {
            let text = std::fs::read_to_string(&config.secret_file)
                .with_context(|| format!("auth.secret_file: cannot read {}", config.secret_file))?;
            text.trim().as_bytes().to_vec()
        };
        if secret.len() < 32 {
            bail!("auth.secret_file: the secret has {} bytes; at least 32 are needed", secret.len());
        }
        let access_seconds = i64::try_from(config.access_minutes).unwrap_or(30) * 60;
        Ok(Self {
            encoding: EncodingKey::from_secret(&secret),
            decoding: DecodingKey::from_secret(&secret),
            since: clock.now().as_second(),
            clock,
            access_seconds,
            used_tickets: Mutex::default(),
        })
    }

    /// An access token and how many seconds it holds.
    pub fn access(&self, user: &User) -> anyhow::Result<(String, i64)> {
        let viewer = Viewer { user: user.id, name: user.name.clone(), role: user.role };
        Ok((self.sign(&viewer, "access", self.access_seconds, None)?, self.access_seconds))
    }

    /// A ticket that opens one live connection, which ends when the access token behind it does.
    pub fn ticket(&self, access: &Claims) -> anyhow::Result<String> {
        self.sign(&access.viewer(), "ticket", TICKET_SECONDS, Some(access.exp))
    }

    fn sign(
        &self,
        viewer: &Viewer,
        typ: &str,
        seconds: i64,
        session_exp: Option<i64>,
    ) -> anyhow::Result<String> {
        let now = self.clock.now().as_second();
        let claims = Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: viewer.user,
            name: viewer.name.clone(),
            role: viewer.role,
            typ: typ.to_owned(),
            iat: now,
            exp: now + seconds,
            session_exp,
            jti: uuid::Uuid::new_v4().simple().to_string(),
        };
        Ok(jsonwebtoken::encode(&Header::default(), &claims, &self.encoding)?)
    }

    /// Checks an access token.
    pub fn check(&self, token: &str) -> Result<Claims, TokenError> {
        self.verify(token, "access")
    }

    /// Checks a ticket and uses it up.
    pub fn redeem(&self, ticket: &str) -> Result<Claims, TokenError> {
        let claims = self.verify(ticket, "ticket")?;
        let now = self.clock.now().as_second();
        // Which tickets were used before this process began is not known any more: none of them is taken.
        if claims.iat < self.since {
            return Err(TokenError::Invalid);
        }
        let mut used = self.used_tickets.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, ends| *ends > now);
        if used.insert(claims.jti.clone(), claims.exp).is_some() {
            return Err(TokenError::Invalid);
        }
        Ok(claims)
    }

    fn verify(&self, token: &str, typ: &str) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(jsonwebtoken::Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library reads the wall clock; ours decides instead.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation)
            .map_err(|_| TokenError::Invalid)?
            .claims;
        if claims.typ != typ {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= self.clock.now().as_second() {
            return Err(TokenError::Expired);
        }
        Ok(claims)
    }
}

/// Hashes and checks passwords, few at a time and off the executor.
pub struct Passwords {
    permits: Arc<Semaphore>,
    /// One for each password that is hashed or waits.
    places: Arc<Semaphore>,
}

/// Too many passwords wait already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Crowded;

impl std::fmt::Display for Crowded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("too many people sign in at this moment")
    }
}

impl std::error::Error for Crowded {}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            permits: Arc::new(Semaphore::new(HASHERS)),
            places: Arc::new(Semaphore::new(HASHERS + WAITING)),
        }
    }
}

impl Passwords {
    /// The PHC string of a password: Argon2id, 19 MiB, 2 passes (OWASP's minimum).
    pub async fn hash(&self, password: String) -> anyhow::Result<String> {
        let _place = self.places.try_acquire().map_err(|_| Crowded)?;
        let _permit = self.permits.acquire().await?;
        tokio::task::spawn_blocking(move || hash_password(&password)).await?
    }

    /// Whether `password` is the one behind `hash`. Without a hash it takes as long and answers no, so that nobody can
    /// tell by the time which accounts exist.
    pub async fn verify(&self, password: String, hash: Option<String>) -> anyhow::Result<bool> {
        let _place = self.places.try_acquire().map_err(|_| Crowded)?;
        let _permit = self.permits.acquire().await?;
        tokio::task::spawn_blocking(move || {
            let Some(hash) = hash else {
                let _ = hash_password(&password);
                return Ok(false);
            };
            let parsed = PasswordHash::new(&hash).map_err(|error| anyhow::anyhow!("stored hash: {error}"))?;
            Ok(argon2()?.verify_password(password.as_bytes(), &parsed).is_ok())
        })
        .await?
    }
}

fn argon2() -> anyhow::Result<Argon2<'static>> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash_password(password: &str) -> anyhow::Result<String> {
    let hash = argon2()?
        .hash_password(password.as_bytes())
        .map_err(|error| anyhow::anyhow!("cannot hash the password: {error}"))?;
    Ok(hash.to_string())
}

/// A random word of 256 bits.
#[must_use]
pub fn random_word() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a refresh token.
#[must_use]
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// When a refresh token made now ends.
#[must_use]
pub fn refresh_end(now: Timestamp, days: u64) -> Timestamp {
    let seconds = i64::try_from(days).unwrap_or(7) * 86_400;
    Timestamp::from_second(now.as_second() + seconds).unwrap_or(now)
}

/// What is wrong with a password, if anything.
#[must_use]
pub fn password_problem(password: &str) -> Option<String> {
    let length = password.chars().count();
    (!PASSWORD_LENGTH.contains(&length)).then(|| {
        format!(
            "has {length} characters; between {} and {} are allowed",
            PASSWORD_LENGTH.start(),
            PASSWORD_LENGTH.end()
        )
    })
}

/// An address in the form it is stored, if it looks like one.
#[must_use]
pub fn normal_email(text: &str) -> Option<String> {
    let email = text.trim().to_lowercase();
    let (local, domain) = email.split_once('@')?;
    let sound = !local.is_empty()
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && email.len() <= 254
        && !email.chars().any(|c| c.is_whitespace() || c.is_control())
        && !email.contains([',', ';', '<', '>', '(', ')', '[', ']', '\\', '"', ':'])
        && !domain.split('.').any(str::is_empty)
        && !domain.contains('@');
    sound.then_some(email)
}

#[cfg(test)]
mod tests {
    use crisislens_model::SystemClock;

    use super::*;

    fn tokens(since: i64) -> Tokens {
        let secret = b"a secret of one test, long enough to be taken";
        Tokens {
            encoding: EncodingKey::from_secret(secret),
            decoding: DecodingKey::from_secret(secret),
            clock: Arc::new(SystemClock),
            access_seconds: 1800,
            since,
            used_tickets: Mutex::default(),
        }
    }

    fn access(tokens: &Tokens) -> Claims {
        let viewer = Viewer { user: UserId::random(), name: "Ada".to_owned(), role: Role::Analyst };
        let token = tokens.sign(&viewer, "access", 1800, None).unwrap();
        tokens.check(&token).unwrap()
    }

    #[test]
    fn a_connection_opened_with_a_ticket_lasts_as_long_as_the_session_behind_it() {
        let tokens = tokens(0);
        let access = access(&tokens);
        let claims = tokens.redeem(&tokens.ticket(&access).unwrap()).unwrap();
        assert_eq!(claims.session_end(), access.exp);
        assert!(claims.exp < access.exp);
    }

    #[test]
    fn a_ticket_holds_once_and_not_over_a_restart() {
        let tokens_here = tokens(0);
        let ticket = tokens_here.ticket(&access(&tokens_here)).unwrap();
        assert!(tokens_here.redeem(&ticket).is_ok());
        assert_eq!(tokens_here.redeem(&ticket).err(), Some(TokenError::Invalid));
        let restarted = tokens(SystemClock.now().as_second() + 1);
        assert_eq!(restarted.redeem(&ticket).err(), Some(TokenError::Invalid));
    }

    #[test]
    fn addresses_that_could_end_a_header_are_no_addresses() {
        for text in ["a,b@c.d", "a;b@c.d", "<a@b.c>", "a@b.c>", "a@b..c", "a@b", "@b.c", "a b@c.d"] {
            assert_eq!(normal_email(text), None, "{text}");
        }
        assert_eq!(normal_email(" Ada@Example.ORG "), Some("ada@example.org".to_owned()));
    }
}
