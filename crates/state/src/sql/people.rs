//! Accounts and sessions.

use async_trait::async_trait;
use crisislens_model::{Preferences, Role, Timestamp, User, UserId};
use jiff::SignedDuration;
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;

use super::{DbRow, EngineStore, EngineTx, dialect};
use crate::StateError;
use crate::columns::{blob, from_json, instant, micros, signed, text, to_json, uuid};
use crate::people::{Account, People, PeopleTx, RefreshToken, RefreshUse, Revocation};

/// How long revocations are kept: longer than the longest access token holds.
const KEPT: SignedDuration = SignedDuration::from_hours(48);

const SELECT_USERS: &str = "SELECT id, email, name, role, preferences, created_at FROM users ORDER BY email";

#[async_trait]
impl People for EngineStore {
    async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StateError> {
        let row = sqlx::query("SELECT * FROM users WHERE email = $1")
            .bind(text(email))
            .fetch_optional(&self.readers)
            .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account { user: read_user(&row)?, password_hash: row.try_get("password_hash")? }))
    }

    async fn user(&self, id: UserId) -> Result<Option<User>, StateError> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        row.as_ref().map(read_user).transpose()
    }

    async fn user_and_generation(&self, id: UserId) -> Result<Option<(User, i64)>, StateError> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        row.map(|row| Ok((read_user(&row)?, row.try_get("generation")?))).transpose()
    }

    async fn people_named(&self, letters: &str, limit: usize) -> Result<Vec<User>, StateError> {
        let mut pattern = String::with_capacity(letters.len() + 3);
        for letter in text(letters).chars() {
            if matches!(letter, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(letter.to_ascii_lowercase());
        }
        let rows = sqlx::query(
            "SELECT * FROM users WHERE lower(' ' || name) LIKE $1 ESCAPE '\\' ORDER BY name, id LIMIT $2",
        )
        .bind(format!("% {pattern}%"))
        .bind(signed(limit as u64))
        .fetch_all(&self.readers)
        .await?;
        rows.iter().map(read_user).collect()
    }

    async fn users(&self) -> Result<Vec<User>, StateError> {
        let rows = sqlx::query(SELECT_USERS).fetch_all(&self.readers).await?;
        rows.iter().map(read_user).collect()
    }

    async fn revocations(&self, since: Timestamp) -> Result<Vec<Revocation>, StateError> {
        let rows = sqlx::query(
            "SELECT subject, generation, revoked_at FROM revocations WHERE revoked_at >= $1 ORDER BY revoked_at",
        )
        .bind(micros(since))
        .fetch_all(&self.readers)
        .await?;
        let read = |row: &DbRow| {
            Ok(Revocation {
                subject: uuid(row.try_get::<&[u8], _>("subject")?)?,
                generation: row.try_get("generation")?,
                at: instant(row.try_get("revoked_at")?)?,
            })
        };
        rows.iter().map(read).collect()
    }
}

pub(super) fn read_user(row: &DbRow) -> Result<User, StateError> {
    read_user_as(row, "id", "created_at")
}

/// The same where two of its columns have other names, beside another table's.
pub(super) fn read_user_as(row: &DbRow, id: &str, created_at: &str) -> Result<User, StateError> {
    let role: String = row.try_get("role")?;
    Ok(User {
        id: UserId(uuid(row.try_get::<&[u8], _>(id)?)?),
        email: row.try_get("email")?,
        name: row.try_get("name")?,
        role: Role::parse(&role).ok_or_else(|| StateError::Damaged {
            what: "role",
            reason: format!("there is no role {role}"),
        })?,
        preferences: from_json("preferences", row.try_get("preferences")?)?,
        created_at: instant(row.try_get(created_at)?)?,
    })
}

#[async_trait]
impl PeopleTx for EngineTx {
    async fn add_account(&mut self, account: &Account) -> Result<(), StateError> {
        let user = &account.user;
        let done = sqlx::query(
            "INSERT INTO users (id, email, name, role, password_hash, preferences, created_at, asks_for_items) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (email) DO NOTHING",
        )
        .bind(blob(user.id.0))
        .bind(text(&user.email))
        .bind(text(&user.name))
        .bind(user.role.as_str())
        .bind(text(&account.password_hash))
        .bind(to_json("preferences", &user.preferences)?)
        .bind(micros(user.created_at))
        .bind(i64::from(user.preferences.ask_for_items()))
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 { Err(StateError::EmailTaken) } else { Ok(()) }
    }

    async fn set_password(
        &mut self,
        id: UserId,
        password_hash: &str,
        now: Timestamp,
    ) -> Result<bool, StateError> {
        sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2")
            .bind(text(password_hash))
            .bind(blob(id.0))
            .execute(self.connection())
            .await?;
        sqlx::query("DELETE FROM refresh_tokens WHERE user_id = $1")
            .bind(blob(id.0))
            .execute(self.connection())
            .await?;
        self.withdraw_tokens(id, now).await
    }

    async fn set_role(&mut self, id: UserId, role: Role, now: Timestamp) -> Result<bool, StateError> {
        sqlx::query("UPDATE users SET role = $1 WHERE id = $2")
            .bind(role.as_str())
            .bind(blob(id.0))
            .execute(self.connection())
            .await?;
        self.withdraw_tokens(id, now).await
    }

    async fn generation(&mut self, id: UserId) -> Result<Option<i64>, StateError> {
        let sql = format!("SELECT generation FROM users WHERE id = $1{}", dialect::FOR_UPDATE);
        let row = sqlx::query(AssertSqlSafe(sql)).bind(blob(id.0)).fetch_optional(self.connection()).await?;
        Ok(row.map(|row| row.try_get("generation")).transpose()?)
    }

    async fn set_preferences(&mut self, id: UserId, preferences: &Preferences) -> Result<(), StateError> {
        sqlx::query("UPDATE users SET preferences = $1, asks_for_items = $2 WHERE id = $3")
            .bind(to_json("preferences", preferences)?)
            .bind(i64::from(preferences.ask_for_items()))
            .bind(blob(id.0))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn recipients(&mut self) -> Result<Vec<User>, StateError> {
        let rows = sqlx::query(SELECT_USERS).fetch_all(self.connection()).await?;
        rows.iter().map(read_user).collect()
    }

    async fn add_refresh_token(&mut self, token: &RefreshToken) -> Result<(), StateError> {
        sqlx::query("INSERT INTO refresh_tokens (hash, user_id, family, expires_at) VALUES ($1, $2, $3, $4)")
            .bind(token.hash.to_vec())
            .bind(blob(token.user.0))
            .bind(blob(token.family))
            .bind(micros(token.expires_at))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    async fn use_refresh_token(&mut self, hash: [u8; 32], now: Timestamp) -> Result<RefreshUse, StateError> {
        self.hold_account_of(hash).await?;
        let row =
            sqlx::query("SELECT user_id, family, expires_at, used_at FROM refresh_tokens WHERE hash = $1")
                .bind(hash.to_vec())
                .fetch_optional(self.connection())
                .await?;
        let Some(row) = row else { return Ok(RefreshUse::Unknown) };
        let expires_at = instant(row.try_get("expires_at")?)?;
        if expires_at <= now {
            return Ok(RefreshUse::Unknown);
        }
        if row.try_get::<Option<i64>, _>("used_at")?.is_some() {
            self.end_session(hash, now).await?;
            return Ok(RefreshUse::Reused);
        }
        sqlx::query("UPDATE refresh_tokens SET used_at = $1 WHERE hash = $2")
            .bind(micros(now))
            .bind(hash.to_vec())
            .execute(self.connection())
            .await?;
        Ok(RefreshUse::Fresh(RefreshToken {
            hash,
            user: UserId(uuid(row.try_get::<&[u8], _>("user_id")?)?),
            family: uuid(row.try_get::<&[u8], _>("family")?)?,
            expires_at,
        }))
    }

    async fn end_session(&mut self, hash: [u8; 32], now: Timestamp) -> Result<(), StateError> {
        self.hold_account_of(hash).await?;
        let row = sqlx::query("SELECT family FROM refresh_tokens WHERE hash = $1")
            .bind(hash.to_vec())
            .fetch_optional(self.connection())
            .await?;
        let Some(row) = row else { return Ok(()) };
        let family = uuid(row.try_get::<&[u8], _>("family")?)?;
        sqlx::query("DELETE FROM refresh_tokens WHERE family = $1")
            .bind(blob(family))
            .execute(self.connection())
            .await?;
        self.revoke(family, i64::MAX, now).await
    }

    async fn use_ticket(&mut self, id: Uuid, expires_at: Timestamp) -> Result<bool, StateError> {
        let done = sqlx::query(
            "INSERT INTO used_tickets (id, expires_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        )
        .bind(blob(id))
        .bind(micros(expires_at))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn forget_tickets(&mut self, before: Timestamp) -> Result<u64, StateError> {
        let done = sqlx::query("DELETE FROM used_tickets WHERE expires_at < $1")
            .bind(micros(before))
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected())
    }
}

impl EngineTx {
    /// Lets nobody else change the sessions of the account that a refresh token is of until the transaction ends. Whatever
    /// changes sessions has the account's row first, so that no two wait for each other and none misses what another adds.
    async fn hold_account_of(&mut self, hash: [u8; 32]) -> Result<(), StateError> {
        let row = sqlx::query("SELECT user_id FROM refresh_tokens WHERE hash = $1")
            .bind(hash.to_vec())
            .fetch_optional(self.connection())
            .await?;
        if let Some(row) = row {
            self.generation(UserId(uuid(row.try_get::<&[u8], _>("user_id")?)?)).await?;
        }
        Ok(())
    }

    /// Withdraws every access token of an account; whether it exists.
    async fn withdraw_tokens(&mut self, id: UserId, now: Timestamp) -> Result<bool, StateError> {
        let row =
            sqlx::query("UPDATE users SET generation = generation + 1 WHERE id = $1 RETURNING generation")
                .bind(blob(id.0))
                .fetch_optional(self.connection())
                .await?;
        let Some(row) = row else { return Ok(false) };
        self.revoke(id.0, row.try_get("generation")?, now).await?;
        Ok(true)
    }

    async fn revoke(&mut self, subject: Uuid, generation: i64, now: Timestamp) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO revocations (subject, generation, revoked_at) VALUES ($1, $2, $3) \
             ON CONFLICT (subject) DO UPDATE SET generation = excluded.generation, revoked_at = excluded.revoked_at",
        )
        .bind(blob(subject))
        .bind(generation)
        .bind(micros(now))
        .execute(self.connection())
        .await?;
        let passed = now.saturating_sub(KEPT).unwrap_or(now);
        sqlx::query("DELETE FROM revocations WHERE revoked_at < $1")
            .bind(micros(passed))
            .execute(self.connection())
            .await?;
        Ok(())
    }
}
