//! Access tokens (JWT, RFC 7519 with the rules of RFC 8725) and one-time tickets.

#[cfg(test)]
mod forged;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use crisislens_model::{Clock, Role, User, UserId};
use crisislens_realtime::Viewer;
use crisislens_state::{Durability, Store};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::header::has_our_header;
use super::{Revoked, Withdrawn, random_word};
use crate::config::Auth;

const ISSUER: &str = "crisislens";
const AUDIENCE: &str = "crisislens";
/// Name of the signing secret among the store's settings.
const SECRET_SETTING: &str = "auth.secret";
/// Each more is one more signature to compute for a token that is not ours.
const MAX_SECRETS: usize = 4;
/// How long a ticket holds, seconds.
pub const TICKET_SECONDS: i64 = 30;

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
    /// The session that it came with; the operator's have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<Uuid>,
    /// The account's generation when it was made: under a later one, what it says may no longer be so.
    #[serde(default, rename = "gen")]
    pub generation: i64,
}

/// What a token stands on: it falls with its session, and with a later generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grant {
    /// The session; the operator has none.
    pub session: Option<Uuid>,
    /// The account's generation, read before its role was.
    pub generation: i64,
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

    /// What it stands on.
    #[must_use]
    pub fn grant(&self) -> Grant {
        Grant { session: self.sid, generation: self.generation }
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
    /// It was good once; a new one may be had.
    Expired,
    /// It is no token of ours.
    Invalid,
    /// Its session was ended.
    Revoked,
}

/// Makes and checks tokens.
pub struct Tokens {
    encoding: EncodingKey,
    /// The one that signs first, then those that were before it.
    decoding: Vec<DecodingKey>,
    /// What was withdrawn.
    pub revoked: Revoked,
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
        let text = if config.secret_file.is_empty() {
            let mut tx = store.begin(Durability::Power).await?;
            let secret = tx.setting_or(SECRET_SETTING, &random_word()).await?;
            tx.commit().await?;
            secret
        } else {
            std::fs::read_to_string(&config.secret_file)
                .with_context(|| format!("auth.secret_file: cannot read {}", config.secret_file))?
        };
        let secrets = secrets(&text)?;
        let access_seconds = i64::try_from(config.access_minutes).unwrap_or(30) * 60;
        Ok(Self {
            encoding: EncodingKey::from_secret(secrets[0].as_bytes()),
            decoding: secrets.iter().map(|secret| DecodingKey::from_secret(secret.as_bytes())).collect(),
            revoked: Revoked::default(),
            since: clock.now().as_second(),
            clock,
            access_seconds,
            used_tickets: Mutex::default(),
        })
    }

    /// An access token and how many seconds it holds.
    pub fn access(&self, user: &User, grant: Grant) -> anyhow::Result<(String, i64)> {
        let viewer = Viewer { user: user.id, name: user.name.clone(), role: user.role };
        Ok((self.sign(&viewer, grant, "access", self.access_seconds, None)?, self.access_seconds))
    }

    /// A ticket that opens one live connection, which ends when the access token behind it does.
    pub fn ticket(&self, access: &Claims) -> anyhow::Result<String> {
        self.sign(&access.viewer(), access.grant(), "ticket", TICKET_SECONDS, Some(access.exp))
    }

    fn sign(
        &self,
        viewer: &Viewer,
        grant: Grant,
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
            jti: Uuid::new_v4().simple().to_string(),
            sid: grant.session,
            generation: grant.generation,
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
        if !has_our_header(token) {
            return Err(TokenError::Invalid);
        }
        let checked = |key| jsonwebtoken::decode::<Claims>(token, key, &validation).ok();
        let claims = self.decoding.iter().find_map(checked).ok_or(TokenError::Invalid)?.claims;
        if claims.typ != typ {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= self.clock.now().as_second() {
            return Err(TokenError::Expired);
        }
        self.still_holds(claims.sub, claims.grant())?;
        Ok(claims)
    }

    /// Whether what a good token granted has not been withdrawn since.
    pub fn still_holds(&self, account: UserId, grant: Grant) -> Result<(), TokenError> {
        match self.revoked.covers(account, grant) {
            None => Ok(()),
            Some(Withdrawn::Outdated) => Err(TokenError::Expired),
            Some(Withdrawn::Session) => Err(TokenError::Revoked),
        }
    }
}

/// The secrets of a file, one a line: the first signs, the others are still taken.
fn secrets(text: &str) -> anyhow::Result<Vec<&str>> {
    let secrets: Vec<_> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if !(1..=MAX_SECRETS).contains(&secrets.len()) {
        bail!("auth.secret_file: it has {} secrets, one a line; 1 to {MAX_SECRETS} are taken", secrets.len());
    }
    for (secret, line) in secrets.iter().zip(1..) {
        if secret.len() < 32 {
            bail!("auth.secret_file: secret {line} has {} bytes; at least 32 are needed", secret.len());
        }
    }
    Ok(secrets)
}

#[cfg(test)]
mod tests {
    use crisislens_model::SystemClock;
    use crisislens_state::people::Revocation;

    use super::forged::{OURS, signed};
    use super::*;

    pub(super) const SECRET: &[u8] = b"a secret of one test, long enough to be taken";

    pub(super) fn tokens(since: i64) -> Tokens {
        Tokens {
            encoding: EncodingKey::from_secret(SECRET),
            decoding: vec![DecodingKey::from_secret(SECRET)],
            revoked: Revoked::default(),
            clock: Arc::new(SystemClock),
            access_seconds: 1800,
            since,
            used_tickets: Mutex::default(),
        }
    }

    /// A token's claims, of a person and a session of their own.
    pub(super) fn claims() -> Claims {
        access(&tokens(0))
    }

    fn access(tokens: &Tokens) -> Claims {
        let viewer = Viewer { user: UserId::random(), name: "Ada".to_owned(), role: Role::Analyst };
        let grant = Grant { session: Some(Uuid::new_v4()), generation: 0 };
        let token = tokens.sign(&viewer, grant, "access", 1800, None).unwrap();
        tokens.check(&token).unwrap()
    }

    #[test]
    fn a_connection_opened_with_a_ticket_lasts_as_long_as_the_session_behind_it() {
        let tokens = tokens(0);
        let access = access(&tokens);
        let claims = tokens.redeem(&tokens.ticket(&access).unwrap()).unwrap();
        assert_eq!(claims.session_end(), access.exp);
        assert!(claims.exp < access.exp);
        assert_eq!(claims.grant(), access.grant());
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
    fn a_withdrawn_token_is_taken_no_more_nor_is_a_ticket_made_with_it() {
        let tokens = tokens(0);
        let mine = access(&tokens);
        let again = serde_json::to_string(&mine).unwrap();
        let ticket = tokens.ticket(&mine).unwrap();
        let at = SystemClock.now();
        let withdraw = |subject, generation| {
            tokens.revoked.learn(&[Revocation { subject, generation, at }]);
        };
        withdraw(mine.sub.0, 1);
        assert_eq!(tokens.check(&signed(OURS, &again, SECRET)).err(), Some(TokenError::Expired));
        withdraw(mine.sid.unwrap(), i64::MAX);
        assert_eq!(tokens.check(&signed(OURS, &again, SECRET)).err(), Some(TokenError::Revoked));
        assert_eq!(tokens.redeem(&ticket).err(), Some(TokenError::Revoked));
    }

    #[test]
    fn secrets_are_lines_and_the_first_signs() {
        let (old, new) = ("o".repeat(32), "n".repeat(40));
        assert_eq!(secrets(&format!(" {new}\r\n\n{old}\n")).unwrap(), [&new, &old]);
        for text in [String::new(), "short".to_owned(), format!("{new}\nshort"), format!("{new}\n").repeat(5)]
        {
            assert!(secrets(&text).is_err(), "{text}");
        }
        let mut both = tokens(0);
        let before =
            both.sign(&claims().viewer(), Grant { session: None, generation: 0 }, "access", 60, None);
        both.encoding = EncodingKey::from_secret(new.as_bytes());
        both.decoding.insert(0, DecodingKey::from_secret(new.as_bytes()));
        assert!(both.check(&before.unwrap()).is_ok(), "what the old secret signed still holds");
        let after = both.sign(&claims().viewer(), Grant { session: None, generation: 0 }, "access", 60, None);
        assert!(both.check(&after.unwrap()).is_ok());
    }
}
