//! Accounts and sessions: the port's reads and writes.

use async_trait::async_trait;
use crisislens_model::{Preferences, Timestamp, User, UserId};
use uuid::Uuid;

use crate::StateError;

/// An account with what proves its owner.
#[derive(Debug, Clone)]
pub struct Account {
    /// The account.
    pub user: User,
    /// PHC string of its password (Argon2id).
    pub password_hash: String,
}

/// A refresh token as stored: its hash, never itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefreshToken {
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// Whose.
    pub user: UserId,
    /// The sign-in it descends from; a stolen token ends its whole family.
    pub family: Uuid,
    /// When it lapses.
    pub expires_at: Timestamp,
}

/// What presenting a refresh token did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshUse {
    /// It was good, and is now used up.
    Fresh(RefreshToken),
    /// It had been used before: somebody holds a copy, and the family is ended.
    Reused,
    /// There is no such token, or it has lapsed.
    Unknown,
}

/// Tokens that are withdrawn before their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// A session (the family of its refresh tokens), or an account.
    pub subject: Uuid,
    /// Those made under a lower generation are taken no more; of a session none is.
    pub generation: i64,
    /// Since when.
    pub at: Timestamp,
}

/// Reads of accounts.
#[async_trait]
pub trait People: Send + Sync {
    /// The account with this address (lower case).
    async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StateError>;

    /// One account.
    async fn user(&self, id: UserId) -> Result<Option<User>, StateError>;

    /// One account, and under which generation its tokens are made now.
    async fn user_and_generation(&self, id: UserId) -> Result<Option<(User, i64)>, StateError>;

    /// People with a name in which these letters stand at the beginning of a word, by name; ASCII letters in any case.
    async fn people_named(&self, letters: &str, limit: usize) -> Result<Vec<User>, StateError>;

    /// Every account, by address.
    async fn users(&self) -> Result<Vec<User>, StateError>;

    /// What was withdrawn at `since` or later; two days are kept, and no access token holds for longer than one.
    async fn revocations(&self, since: Timestamp) -> Result<Vec<Revocation>, StateError>;
}

/// Writes of accounts.
#[async_trait]
pub trait PeopleTx: Send {
    /// Makes an account; errors with [`StateError::EmailTaken`].
    async fn add_account(&mut self, account: &Account) -> Result<(), StateError>;

    /// Replaces a password's hash, ends every session of the account and withdraws its tokens. Answers whether the account exists.
    async fn set_password(
        &mut self,
        id: UserId,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StateError>;

    /// Replaces a role and withdraws the tokens that say another. Answers whether the account exists.
    async fn set_role(
        &mut self,
        id: UserId,
        role: crisislens_model::Role,
        now: Timestamp,
    ) -> Result<bool, StateError>;

    /// Under which generation tokens of the account are made now; to be read before what they say. Nobody else changes the
    /// account until the transaction ends.
    async fn generation(&mut self, id: UserId) -> Result<Option<i64>, StateError>;

    /// Replaces what a person wants to be told.
    async fn set_preferences(&mut self, id: UserId, preferences: &Preferences) -> Result<(), StateError>;

    /// Every account, seen inside the transaction.
    async fn recipients(&mut self) -> Result<Vec<User>, StateError>;

    /// Keeps a refresh token. The account's generation was read in this transaction.
    async fn add_refresh_token(&mut self, token: &RefreshToken) -> Result<(), StateError>;

    /// Uses a refresh token up; where it was used before, its session is ended as by [`PeopleTx::end_session`].
    async fn use_refresh_token(&mut self, hash: [u8; 32], now: Timestamp) -> Result<RefreshUse, StateError>;

    /// Ends the family of a refresh token, and withdraws the access tokens that came with it.
    async fn end_session(&mut self, hash: [u8; 32], now: Timestamp) -> Result<(), StateError>;

    /// Uses a one-time ticket up. Answers whether nobody had before, on whatever node.
    async fn use_ticket(&mut self, id: Uuid, expires_at: Timestamp) -> Result<bool, StateError>;

    /// Forgets used tickets that ended before this; how many.
    async fn forget_tickets(&mut self, before: Timestamp) -> Result<u64, StateError>;
}
