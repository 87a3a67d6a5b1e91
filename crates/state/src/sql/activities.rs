//! What people did to resources.

use async_trait::async_trait;
use crisislens_model::{Activity, EventId};
use sqlx::{QueryBuilder, Row};

use super::dialect::rows;
use super::{Db, DbRow, EngineStore, EngineTx, chunks};
use crate::activities::{Activities, ActivitiesTx, StoryOf};
use crate::columns::{blob, count, from_json, micros, signed, to_json};
use crate::{Cursor, Page, StateError};

const COLUMNS: &str = "id, at, resource, user_id, document";

#[async_trait]
impl Activities for EngineStore {
    async fn activity(&self, id: EventId) -> Result<Option<Activity>, StateError> {
        let query = sqlx::query("SELECT document FROM activities WHERE id = $1").bind(blob(id.0));
        let row = query.fetch_optional(&self.readers).await?;
        row.map(|row| from_json("activity", row.try_get("document")?)).transpose()
    }

    async fn activities(
        &self,
        of: StoryOf,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Activity>, StateError> {
        let among = |mut query: QueryBuilder<Db>| {
            match of {
                StoryOf::Resource(resource) => {
                    query.push(" WHERE resource = ").push_bind(resource.to_string())
                }
                StoryOf::User(user) => query.push(" WHERE user_id = ").push_bind(blob(user.0)),
            };
            query
        };
        let mut total = among(QueryBuilder::new("SELECT count(*) FROM activities"));
        let total: i64 = total.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = among(QueryBuilder::new("SELECT document FROM activities"));
        if let Some(cursor) = after {
            query.push(" AND (at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let rows = query.build().fetch_all(&self.readers).await?;
        let read = |row: &DbRow| from_json::<Activity>("activity", row.try_get("document")?);
        let activities = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Page::cut(activities, limit, count(total), |one| Cursor { at: one.at, id: one.id.0 }))
    }
}

#[async_trait]
impl ActivitiesTx for EngineTx {
    async fn put_activities(&mut self, activities: &[Activity]) -> Result<u64, StateError> {
        let mut fresh = 0;
        for chunk in chunks(activities) {
            let columns = |one: &Activity| {
                Ok([
                    blob(one.id.0).into(),
                    micros(one.at).into(),
                    one.resource.to_string().into(),
                    blob(one.user.0).into(),
                    to_json("activity", one)?.into(),
                ])
            };
            let query = rows(chunk, columns)?.query(|rows| {
                format!("INSERT INTO activities ({COLUMNS}) {rows} ON CONFLICT (id) DO NOTHING")
            });
            fresh += query.execute(self.connection()).await?.rows_affected();
        }
        Ok(fresh)
    }
}
