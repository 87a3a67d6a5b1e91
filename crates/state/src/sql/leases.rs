//! Leases.

use crisislens_model::Timestamp;

use super::EngineTx;
use crate::StateError;
use crate::columns::{count, micros, text};

pub(super) async fn take(
    tx: &mut EngineTx,
    name: &str,
    holder: &str,
    now: Timestamp,
    until: Timestamp,
) -> Result<Option<u64>, StateError> {
    tx.survive().await?;
    let token: Option<i64> = sqlx::query_scalar(
        "INSERT INTO leases (name, holder, token, expires_at) VALUES ($1, $2, 1, $3) \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at, \
         token = CASE WHEN leases.holder = excluded.holder THEN leases.token ELSE leases.token + 1 END \
         WHERE leases.holder IS NULL OR leases.holder = excluded.holder OR leases.expires_at <= $4 \
         RETURNING token",
    )
    .bind(text(name))
    .bind(text(holder))
    .bind(micros(until))
    .bind(micros(now))
    .fetch_optional(tx.connection())
    .await?;
    Ok(token.map(count))
}

pub(super) async fn release(tx: &mut EngineTx, name: &str, holder: &str) -> Result<(), StateError> {
    sqlx::query("UPDATE leases SET holder = NULL WHERE name = $1 AND holder = $2")
        .bind(text(name))
        .bind(text(holder))
        .execute(tx.connection())
        .await?;
    Ok(())
}
