//! Claims, the workflows that verify them, and what follows from verdicts: reading.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use crisislens_model::{Claim, ClaimId, ItemId, Timestamp, Workflow, WorkflowId};
use sqlx::{QueryBuilder, Row};

use super::dialect::rows;
use super::filter::push_exercise;
use super::{Db, DbRow, EngineStore, chunks, read_some};
use crate::columns::{blob, count, from_json, micros, signed, uuid};
use crate::verification::{
    Adjudication, ClaimFilter, ClaimOrder, TrainingExample, Verification, WorkflowFilter,
};
use crate::{Cursor, Page, StateError};

/// Steps of a risk in one.
const RISK_STEPS: f64 = 1e6;

/// A risk as it stands in its column.
#[expect(clippy::cast_possible_truncation, reason = "a risk is between 0 and 1")]
pub(super) fn risk_steps(risk: f64) -> i64 {
    (risk.clamp(0.0, 1.0) * RISK_STEPS).round() as i64
}

/// Those of `sources` of which anything was decided, each once.
async fn decided_about(store: &EngineStore, sources: &[String]) -> Result<Vec<String>, StateError> {
    let mut decided = Vec::new();
    let asked: Vec<&String> = sources.iter().collect::<BTreeSet<_>>().into_iter().collect();
    for chunk in chunks(&asked) {
        let query = rows(chunk, |source| Ok([source.as_str().into()]))?.query(|rows| {
            format!(
                "WITH asked (source) AS ({rows}) SELECT asked.source FROM asked WHERE EXISTS \
                 (SELECT 1 FROM adjudications a WHERE a.source = asked.source)"
            )
        });
        for row in query.fetch_all(&store.readers).await? {
            decided.push(row.try_get(0)?);
        }
    }
    Ok(decided)
}

#[async_trait]
impl Verification for EngineStore {
    async fn claim(&self, id: ClaimId) -> Result<Option<Claim>, StateError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM claims WHERE id = $1")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        document.map(|text| from_json("claim", &text)).transpose()
    }

    async fn claims_by_id(&self, ids: &[ClaimId]) -> Result<Vec<Claim>, StateError> {
        let mut found: HashMap<ClaimId, Claim> = HashMap::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT document FROM claims WHERE id {among}"));
            for row in query.fetch_all(&self.readers).await? {
                let claim: Claim = from_json("claim", row.try_get(0)?)?;
                found.insert(claim.id, claim);
            }
        }
        Ok(ids.iter().filter_map(|id| found.remove(id)).collect())
    }

    async fn list_claims(
        &self,
        filter: &ClaimFilter,
        order: ClaimOrder,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Claim>, StateError> {
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*) FROM claims");
        push_claims_where(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let column = match order {
            ClaimOrder::Risk => "risk",
            ClaimOrder::Newest => "last_said",
        };
        let mut query = QueryBuilder::<Db>::new("SELECT document FROM claims");
        push_claims_where(&mut query, filter);
        if let Some(cursor) = after {
            query.push(format!(" AND ({column}, id) < (")).push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(format!(" ORDER BY {column} DESC, id DESC LIMIT ")).push_bind(signed(limit as u64 + 1));
        let read = |row: &DbRow| from_json::<Claim>("claim", row.try_get("document")?);
        let (claims, has_more) = read_some(query.build().fetch(&self.readers), limit, read).await?;
        // In the order of risk, the cursor's microseconds are the steps of the risk.
        Ok(Page::of(claims, has_more, count(total), |claim| Cursor {
            at: match order {
                ClaimOrder::Risk => {
                    Timestamp::from_microsecond(risk_steps(claim.risk_score)).unwrap_or_default()
                }
                ClaimOrder::Newest => claim.last_said,
            },
            id: claim.id.0,
        }))
    }

    async fn claims_of_items(&self, ids: &[ItemId]) -> Result<HashMap<ItemId, Vec<ClaimId>>, StateError> {
        let mut of_items: HashMap<ItemId, Vec<ClaimId>> = HashMap::new();
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!(
                    "SELECT item_id, claim_id FROM item_claims WHERE item_id {among} ORDER BY item_id, place"
                )
            });
            for row in query.fetch_all(&self.readers).await? {
                let item = ItemId(uuid(row.try_get(0)?)?);
                of_items.entry(item).or_default().push(ClaimId(uuid(row.try_get(1)?)?));
            }
        }
        Ok(of_items)
    }

    async fn workflow(&self, id: WorkflowId) -> Result<Option<Workflow>, StateError> {
        let document: Option<String> = sqlx::query_scalar("SELECT document FROM workflows WHERE id = $1")
            .bind(blob(id.0))
            .fetch_optional(&self.readers)
            .await?;
        document.map(|text| from_json("workflow", &text)).transpose()
    }

    async fn last_workflow(&self, claim: ClaimId) -> Result<Option<Workflow>, StateError> {
        let sql = "SELECT document FROM workflows WHERE claim_id = $1 ORDER BY round DESC LIMIT 1";
        let document: Option<String> =
            sqlx::query_scalar(sql).bind(blob(claim.0)).fetch_optional(&self.readers).await?;
        document.map(|text| from_json("workflow", &text)).transpose()
    }

    async fn last_workflows(&self, claims: &[ClaimId]) -> Result<HashMap<ClaimId, Workflow>, StateError> {
        let mut last = HashMap::with_capacity(claims.len());
        for chunk in chunks(claims) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(last_rounds);
            for row in query.fetch_all(&self.readers).await? {
                let workflow: Workflow = from_json("workflow", row.try_get(0)?)?;
                last.insert(workflow.claim_id, workflow);
            }
        }
        Ok(last)
    }

    async fn list_workflows(
        &self,
        filter: &WorkflowFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Workflow>, StateError> {
        let mut counting = QueryBuilder::<Db>::new("SELECT count(*) FROM workflows");
        push_workflows_where(&mut counting, filter);
        let total: i64 = counting.build_query_scalar().fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document FROM workflows");
        push_workflows_where(&mut query, filter);
        if let Some(cursor) = after {
            query.push(" AND (updated_at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY updated_at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let read = |row: &DbRow| from_json::<Workflow>("workflow", row.try_get("document")?);
        let (workflows, has_more) = read_some(query.build().fetch(&self.readers), limit, read).await?;
        Ok(Page::of(workflows, has_more, count(total), |workflow| Cursor {
            at: workflow.updated_at,
            id: workflow.id.0,
        }))
    }

    async fn due_workflows(&self, now: Timestamp) -> Result<u64, StateError> {
        let due: i64 = sqlx::query_scalar("SELECT count(*) FROM workflows WHERE due_at <= $1")
            .bind(micros(now))
            .fetch_one(&self.readers)
            .await?;
        Ok(count(due))
    }

    async fn adjudications(&self, sources: &[String], limit: usize) -> Result<Vec<Adjudication>, StateError> {
        let mut found = Vec::new();
        // Many are asked for and few were ever decided about: a query for each of those, which ends at the limit.
        for source in &decided_about(self, sources).await? {
            let sql =
                "SELECT document FROM adjudications WHERE source = $1 ORDER BY decided_at DESC LIMIT $2";
            let rows = sqlx::query(sql)
                .bind(crate::columns::text(source))
                .bind(signed(limit as u64))
                .fetch_all(&self.readers)
                .await?;
            for row in rows {
                found.push(from_json("adjudication", row.try_get(0)?)?);
            }
        }
        Ok(found)
    }

    async fn training_examples(
        &self,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<TrainingExample>, StateError> {
        let total: i64 =
            sqlx::query_scalar("SELECT count(*) FROM training_examples").fetch_one(&self.readers).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT document FROM training_examples");
        if let Some(cursor) = after {
            query.push(" WHERE (decided_at, id) < (").push_bind(micros(cursor.at));
            query.push(",").push_bind(blob(cursor.id)).push(")");
        }
        query.push(" ORDER BY decided_at DESC, id DESC LIMIT ").push_bind(signed(limit as u64 + 1));
        let read = |row: &DbRow| from_json::<TrainingExample>("training example", row.try_get("document")?);
        let (examples, has_more) = read_some(query.build().fetch(&self.readers), limit, read).await?;
        Ok(Page::of(examples, has_more, count(total), |example| Cursor { at: example.at, id: example.id }))
    }
}

fn push_claims_where(query: &mut QueryBuilder<Db>, filter: &ClaimFilter) {
    query.push(" WHERE 1 = 1");
    push_among(query, "status", filter.status.iter().map(|status| status.as_str()));
    push_among(query, "verdict", filter.verdict.iter().map(|verdict| verdict.as_str()));
    push_among(query, "topic", filter.topic.iter().map(|topic| topic.as_str()));
    if let Some(incident) = filter.incident {
        query.push(" AND incident_id = ").push_bind(blob(incident.0));
    }
    if let Some(item) = filter.item {
        query.push(" AND id IN (SELECT claim_id FROM item_claims WHERE item_id = ").push_bind(blob(item.0));
        query.push(")");
    }
    if let Some(risk) = filter.min_risk {
        query.push(" AND risk >= ").push_bind(risk_steps(risk));
    }
    push_exercise(query, filter.exercise, filter.exercise_id);
}

fn push_workflows_where(query: &mut QueryBuilder<Db>, filter: &WorkflowFilter) {
    query.push(" WHERE 1 = 1");
    push_among(query, "status", filter.status.iter().map(|status| status.as_str()));
    if filter.pending_review {
        query.push(" AND waits = 1");
    }
    if let Some(claim) = filter.claim {
        query.push(" AND claim_id = ").push_bind(blob(claim.0));
    }
}

/// Goes on to rows whose `column` is one of `words`; with none, to all.
fn push_among(
    query: &mut QueryBuilder<Db>,
    column: &str,
    words: impl ExactSizeIterator<Item = &'static str>,
) {
    if words.len() == 0 {
        return;
    }
    query.push(format!(" AND {column} IN ("));
    let mut list = query.separated(",");
    for word in words {
        list.push_bind(word);
    }
    query.push(")");
}

/// What finds the last round of each claim among those asked for: one search for each, however many rounds there were.
pub(super) fn last_rounds(among: &str) -> String {
    format!(
        "SELECT document FROM workflows w WHERE w.claim_id {among} AND w.round = \
         (SELECT max(o.round) FROM workflows o WHERE o.claim_id = w.claim_id)"
    )
}
