//! Access tokens (JWT, RFC 7519 with the rules of RFC 8725) and one-time tickets.

#[cfg(test)]
mod forged;

use std::sync::Arc;

use anyhow::{Context, bail};
use crisislens_model::{Clock, Role, Timestamp, User, UserId};
use crisislens_realtime::Viewer;
use crisislens_state::{Durability, StateError, Store};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::signing::SigningKeys;
use super::{Revoked, Withdrawn, random_word};
use crate::config::Auth;

/// What our own tokens say of who made them.
pub const ISSUER: &str = "crisislens";
/// And of whom they are for.
pub const AUDIENCE: &str = "crisislens";
/// Name of the signing secret among the store's settings.
const SECRET_SETTING: &str = "auth.secret";
/// Each more is one more signature to compute for a token that is not ours.
const MAX_SECRETS: usize = 4;
/// How long a ticket holds, seconds.
pub const TICKET_SECONDS: i64 = 30;

/// What a token says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Who made it: `crisislens`, or another whose tokens are taken.
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
    /// Of a ticket: the web origin of the page that asked for it; a program has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
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
    /// It is good, but nobody has an account for it here.
    NoAccount,
    /// What is needed to check it is away.
    Unavailable,
}

/// Makes and checks tokens.
pub struct Tokens {
    /// What signs and checks them.
    pub keys: SigningKeys,
    /// What was withdrawn.
    pub revoked: Revoked,
    clock: Arc<dyn Clock>,
    access_seconds: i64,
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
            keys: SigningKeys::of(&secrets, config.signing)?,
            revoked: Revoked::default(),
            clock,
            access_seconds,
        })
    }

    /// An access token and how many seconds it holds.
    pub fn access(&self, user: &User, grant: Grant) -> anyhow::Result<(String, i64)> {
        let viewer = Viewer { user: user.id, name: user.name.clone(), role: user.role };
        let claims = self.claims(&viewer, grant, "access", self.access_seconds);
        Ok((self.keys.sign(&claims)?, self.access_seconds))
    }

    /// A ticket that opens one live connection, which ends when the access token behind it does, for pages of `origin`, or for
    /// programs.
    pub fn ticket(&self, access: &Claims, origin: Option<&str>) -> anyhow::Result<String> {
        let claims = self.claims(&access.viewer(), access.grant(), "ticket", TICKET_SECONDS);
        let origin = origin.map(str::to_owned);
        self.keys.sign(&Claims { session_exp: Some(access.exp), origin, ..claims })
    }

    fn claims(&self, viewer: &Viewer, grant: Grant, typ: &str, seconds: i64) -> Claims {
        let now = self.clock.now().as_second();
        Claims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: viewer.user,
            name: viewer.name.clone(),
            role: viewer.role,
            typ: typ.to_owned(),
            iat: now,
            exp: now + seconds,
            session_exp: None,
            origin: None,
            jti: Uuid::new_v4().simple().to_string(),
            sid: grant.session,
            generation: grant.generation,
        }
    }

    /// Checks an access token.
    pub fn check(&self, token: &str) -> Result<Claims, TokenError> {
        self.verify(token, "access")
    }

    /// Checks a ticket and uses it up, for every node. Whether who brings it may is for the caller to say.
    pub async fn redeem(&self, ticket: &str, store: &dyn Store) -> Result<Claims, TokenError> {
        let claims = self.verify(ticket, "ticket")?;
        let id = Uuid::try_parse(&claims.jti).map_err(|_| TokenError::Invalid)?;
        let ends = Timestamp::from_second(claims.exp).map_err(|_| TokenError::Invalid)?;
        let use_up = async {
            // What a power cut takes back has ended before the machine is there again.
            let mut tx = store.begin(Durability::Process).await?;
            let is_first = tx.use_ticket(id, ends).await?;
            tx.commit().await?;
            Ok::<_, StateError>(is_first)
        };
        match use_up.await {
            Ok(true) => Ok(claims),
            Ok(false) => Err(TokenError::Invalid),
            Err(error) => {
                tracing::warn!(%error, "whether a ticket was used is not known; it is not taken");
                Err(TokenError::Unavailable)
            }
        }
    }

    fn verify(&self, token: &str, typ: &str) -> Result<Claims, TokenError> {
        let claims = self.keys.verify(token).ok_or(TokenError::Invalid)?;
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
pub(super) mod tests {
    use crisislens_model::SystemClock;
    use crisislens_state::people::Revocation;
    use crisislens_state::sqlite::SqliteStore;
    use crisislens_testkit::FaultyStore;

    use super::forged::{OURS, signed};
    use super::*;
    use crate::config::Signing;

    pub(super) const SECRET: &[u8] = b"a secret of one test, long enough to be taken";

    pub(super) fn tokens() -> Tokens {
        Tokens {
            keys: SigningKeys::of(&[std::str::from_utf8(SECRET).unwrap()], Signing::default()).unwrap(),
            revoked: Revoked::default(),
            clock: Arc::new(SystemClock),
            access_seconds: 1800,
        }
    }

    /// A token's claims, of a person and a session of their own.
    pub(in crate::auth) fn claims() -> Claims {
        access(&tokens())
    }

    fn access(tokens: &Tokens) -> Claims {
        let viewer = Viewer { user: UserId::random(), name: "Ada".to_owned(), role: Role::Analyst };
        let grant = Grant { session: Some(Uuid::new_v4()), generation: 0 };
        tokens.claims(&viewer, grant, "access", 1800)
    }

    /// A store that goes with the folder.
    pub(super) async fn store() -> (tempfile::TempDir, Arc<FaultyStore>) {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&dir.path().join("state.db")).await.unwrap();
        (dir, FaultyStore::new(Arc::new(store)).await)
    }

    #[tokio::test]
    async fn a_connection_opened_with_a_ticket_lasts_as_long_as_the_session_behind_it() {
        let (tokens, (_dir, store)) = (tokens(), store().await);
        let access = access(&tokens);
        let claims = tokens.redeem(&tokens.ticket(&access, None).unwrap(), &*store).await.unwrap();
        assert_eq!(claims.session_end(), access.exp);
        assert!(claims.exp < access.exp);
        assert_eq!(claims.grant(), access.grant());
    }

    #[tokio::test]
    async fn a_ticket_holds_once_on_whatever_node_and_not_while_the_store_is_away() {
        let (here, there, (_dir, store)) = (tokens(), tokens(), store().await);
        let ticket = here.ticket(&access(&here), None).unwrap();
        store.set_away(true);
        assert_eq!(there.redeem(&ticket, &*store).await.err(), Some(TokenError::Unavailable));
        store.set_away(false);
        assert!(there.redeem(&ticket, &*store).await.is_ok(), "what was not taken is not used");
        for node in [&here, &there, &tokens()] {
            assert_eq!(node.redeem(&ticket, &*store).await.err(), Some(TokenError::Invalid));
        }
    }

    #[tokio::test]
    async fn a_withdrawn_token_is_taken_no_more_nor_is_a_ticket_made_with_it() {
        let (tokens, (_dir, store)) = (tokens(), store().await);
        let mine = access(&tokens);
        let again = serde_json::to_string(&mine).unwrap();
        let ticket = tokens.ticket(&mine, None).unwrap();
        let at = SystemClock.now();
        let withdraw = |subject, generation| {
            tokens.revoked.learn(&[Revocation { subject, generation, at }]);
        };
        withdraw(mine.sub.0, 1);
        assert_eq!(tokens.check(&signed(OURS, &again, SECRET)).err(), Some(TokenError::Expired));
        withdraw(mine.sid.unwrap(), i64::MAX);
        assert_eq!(tokens.check(&signed(OURS, &again, SECRET)).err(), Some(TokenError::Revoked));
        assert_eq!(tokens.redeem(&ticket, &*store).await.err(), Some(TokenError::Revoked));
    }

    #[test]
    fn secrets_are_lines_and_the_first_signs() {
        let (old, new) = ("o".repeat(32), "n".repeat(40));
        assert_eq!(secrets(&format!(" {new}\r\n\n{old}\n")).unwrap(), [&new, &old]);
        for text in [String::new(), "short".to_owned(), format!("{new}\nshort"), format!("{new}\n").repeat(5)]
        {
            assert!(secrets(&text).is_err(), "{text}");
        }
        let before = SigningKeys::of(&[&*old], Signing::default()).unwrap().sign(&claims()).unwrap();
        let keys = SigningKeys::of(&[&*new, &*old], Signing::default()).unwrap();
        let both = Tokens { keys, ..tokens() };
        assert!(both.check(&before).is_ok(), "what the old secret signed still holds");
        let after = both.keys.sign(&claims()).unwrap();
        assert!(both.check(&after).is_ok());
        let new_alone = SigningKeys::of(&[&*new], Signing::default()).unwrap();
        assert!(new_alone.verify(&after).is_some() && new_alone.verify(&before).is_none());
    }
}
