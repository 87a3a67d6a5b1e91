//! What people set up.

use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::candidates::among;
use super::{Db, DbRow, EngineTx};
use crate::StateError;
use crate::columns::{blob, count, instant, micros, signed, text, uuid};
use crate::ledger::DeskObject;

/// What of a kind is set up, by id: somebody's, or everybody's.
pub(super) fn select(kind: &str, owner: Option<Uuid>) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT id, owner, version, changed_at, document FROM desk_objects WHERE kind = ",
    );
    query.push_bind(text(kind));
    if let Some(owner) = owner {
        query.push(" AND owner = ").push_bind(blob(owner));
    }
    query.push(" ORDER BY id");
    query
}

/// Those of a kind that have one of these ids, by id.
pub(super) fn select_with(kind: &str, ids: &[Uuid]) -> QueryBuilder<Db> {
    let mut query = QueryBuilder::<Db>::new(
        "SELECT id, owner, version, changed_at, document FROM desk_objects WHERE kind = ",
    );
    query.push_bind(text(kind));
    among(&mut query, "id", &ids.iter().map(|id| blob(*id)).collect::<Vec<_>>());
    query.push(" ORDER BY id");
    query
}

pub(super) fn read(rows: &[DbRow]) -> Result<Vec<DeskObject>, StateError> {
    rows.iter()
        .map(|row| {
            Ok(DeskObject {
                id: uuid(row.try_get("id")?)?,
                owner: uuid(row.try_get("owner")?)?,
                version: count(row.try_get("version")?),
                changed_at: instant(row.try_get("changed_at")?)?,
                document: row.try_get("document")?,
            })
        })
        .collect()
}

pub(super) async fn put(tx: &mut EngineTx, kind: &str, object: &DeskObject) -> Result<(), StateError> {
    // One that is gone is not made again by who changes it.
    let sql = if object.version <= 1 {
        "INSERT INTO desk_objects (owner, version, changed_at, document, kind, id) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (kind, id) DO NOTHING"
    } else {
        "UPDATE desk_objects SET owner = $1, version = $2, changed_at = $3, document = $4 \
         WHERE kind = $5 AND id = $6 AND version = $2 - 1"
    };
    let written = sqlx::query(sql)
        .bind(blob(object.owner))
        .bind(signed(object.version))
        .bind(micros(object.changed_at))
        .bind(text(&object.document))
        .bind(text(kind))
        .bind(blob(object.id))
        .execute(tx.connection())
        .await?;
    if written.rows_affected() == 1 {
        return Ok(());
    }
    let current: Option<i64> =
        sqlx::query_scalar("SELECT version FROM desk_objects WHERE kind = $1 AND id = $2")
            .bind(text(kind))
            .bind(blob(object.id))
            .fetch_optional(tx.connection())
            .await?;
    Err(StateError::VersionConflict { current: current.map_or(0, count) })
}

pub(super) async fn delete(tx: &mut EngineTx, kind: &str, id: Uuid) -> Result<bool, StateError> {
    let done = sqlx::query("DELETE FROM desk_objects WHERE kind = $1 AND id = $2")
        .bind(text(kind))
        .bind(blob(id))
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected() > 0)
}

pub(super) async fn delete_of(tx: &mut EngineTx, kind: &str, owner: Uuid) -> Result<u64, StateError> {
    let done = sqlx::query("DELETE FROM desk_objects WHERE kind = $1 AND owner = $2")
        .bind(text(kind))
        .bind(blob(owner))
        .execute(tx.connection())
        .await?;
    Ok(done.rows_affected())
}
