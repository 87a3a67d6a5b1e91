//! Whose account a token of somebody else means.

use crisislens_model::{Preferences, Role, Timestamp, User, UserId};
use crisislens_state::audit::AuditEntry;
use crisislens_state::people::Account;
use crisislens_state::{Durability, StateError, Store};
use serde_json::json;
use uuid::Uuid;

use super::Issuer;
use super::claims::OutsideClaims;
use crate::auth::{NO_PASSWORD, TokenError};

/// What ids of such accounts are derived in.
const NAMESPACE: Uuid = Uuid::from_u128(0x8d3f_8c55_0a0e_4f0c_9a6b_5d3b_6c1e_72aa);

/// The id of the account of `subject` at `issuer`: the same everywhere, so that two nodes that see somebody for the first time
/// make one account.
#[must_use]
pub fn account_id(issuer: &str, subject: &str) -> UserId {
    // Neither can hold the separator.
    UserId(Uuid::new_v5(&NAMESPACE, format!("{issuer}\0{subject}").as_bytes()))
}

impl Issuer {
    /// The account, made now where the configuration says so, and its generation.
    pub(super) async fn account(
        &self,
        claims: &OutsideClaims,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(User, i64), TokenError> {
        let id = account_id(&self.config.issuer, &claims.sub);
        if let Some(known) = look(store, id).await? {
            return Ok(known);
        }
        if !self.config.create_accounts {
            return Err(TokenError::NoAccount);
        }
        let created = self.create(id, claims, store, now).await;
        // Another node may have been faster.
        look(store, id).await?.ok_or_else(|| {
            tracing::warn!(?created, "an account for a token could not be made");
            TokenError::Unavailable
        })
    }

    async fn create(
        &self,
        id: UserId,
        claims: &OutsideClaims,
        store: &dyn Store,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let role = self.role(claims).unwrap_or(Role::Viewer);
        let user = User {
            id,
            // Nobody's address is taken from a token: it could be somebody else's here.
            email: format!("{id}@outside.invalid"),
            name: claims.name().unwrap_or_else(|| "somebody from outside".to_owned()),
            role,
            preferences: Preferences::default(),
            created_at: now,
        };
        let detail = json!({ "issuer": self.config.issuer, "subject": claims.sub, "role": role });
        let entry = AuditEntry::new(now, id.to_string(), "users.outside", format!("users/{id}"), detail);
        let mut tx = store.begin(Durability::Power).await?;
        tx.add_account(&Account { user, password_hash: NO_PASSWORD.to_owned() }).await?;
        tx.record_audit(&entry).await?;
        tx.commit().await
    }
}

async fn look(store: &dyn Store, id: UserId) -> Result<Option<(User, i64)>, TokenError> {
    store.user_and_generation(id).await.map_err(|error| {
        tracing::warn!(%error, "whose account a token means is not known; it is not taken");
        TokenError::Unavailable
    })
}
