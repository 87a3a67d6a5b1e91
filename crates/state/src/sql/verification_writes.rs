//! Claims, the workflows that verify them, and what follows from verdicts: writing.

use std::collections::{BTreeSet, HashMap, HashSet};

use async_trait::async_trait;
use crisislens_model::workflow::Step;
use crisislens_model::{Claim, ClaimId, ItemId, Timestamp, Workflow, WorkflowStatus};
use sqlx::Row;
use uuid::Uuid;

use super::dialect::rows;
use super::verification::{last_rounds, risk_steps};
use super::{EngineTx, chunks, number};
use crate::StateError;
use crate::columns::{blob, from_json, micros, signed, to_json, uuid};
use crate::lock::Lock;
use crate::verification::{Adjudication, MAX_KEY_CLAIMS, TrainingExample, VerificationTx};

#[async_trait]
impl VerificationTx for EngineTx {
    async fn claims_to_write(&mut self, ids: &[ClaimId]) -> Result<Vec<Claim>, StateError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.hold(Lock::Claims).await?;
        let mut claims = Vec::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT document FROM claims WHERE id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                claims.push(from_json("claim", row.try_get(0)?)?);
            }
        }
        Ok(claims)
    }

    async fn claims_under(&mut self, keys: &[u64]) -> Result<Vec<Claim>, StateError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        self.hold(Lock::Claims).await?;
        let asked: Vec<u64> = keys.iter().copied().collect::<BTreeSet<u64>>().into_iter().collect();
        let mut seqs: BTreeSet<i64> = BTreeSet::new();
        for chunk in chunks(&asked) {
            // One search for each, which ends at the limit.
            let query = rows(chunk, |key| Ok([key.cast_signed().into()]))?.query(|rows| {
                format!(
                    "WITH asked (key) AS ({rows}) SELECT \
                     (SELECT string_agg(CAST(m.claim AS TEXT), ',') FROM (SELECT k.claim FROM claim_keys k \
                     WHERE k.key = asked.key ORDER BY k.claim LIMIT {}) m) FROM asked",
                    MAX_KEY_CLAIMS + 1
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                let Some(listed) = row.try_get::<Option<String>, _>(0)? else { continue };
                let listed: Vec<&str> = listed.split(',').collect();
                if listed.len() > MAX_KEY_CLAIMS {
                    continue;
                }
                for seq in listed {
                    seqs.insert(number("number of a claim", seq)?);
                }
            }
        }
        let mut claims = Vec::with_capacity(seqs.len());
        for chunk in chunks(&seqs.into_iter().collect::<Vec<i64>>()) {
            let query = rows(chunk, |seq| Ok([(*seq).into()]))?
                .lookup(|among| format!("SELECT document FROM claims WHERE seq {among} ORDER BY seq"));
            for row in query.fetch_all(self.connection()).await? {
                claims.push(from_json("claim", row.try_get(0)?)?);
            }
        }
        Ok(claims)
    }

    async fn put_claims(&mut self, claims: &[(Claim, Vec<u64>)]) -> Result<(), StateError> {
        let documents: Vec<&Claim> = last_of_each(claims.iter().map(|(claim, _)| claim));
        write(self, &documents).await?;
        let ids: Vec<ClaimId> = documents.iter().map(|claim| claim.id).collect();
        let mut seqs: HashMap<ClaimId, i64> = HashMap::with_capacity(ids.len());
        for chunk in chunks(&ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT id, seq FROM claims WHERE id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                seqs.insert(ClaimId(uuid(row.try_get(0)?)?), row.try_get(1)?);
            }
        }
        for chunk in chunks(&seqs.values().copied().collect::<Vec<i64>>()) {
            let query = rows(chunk, |seq| Ok([(*seq).into()]))?
                .lookup(|among| format!("DELETE FROM claim_keys WHERE claim {among}"));
            query.execute(self.connection()).await?;
        }
        let of_each: HashMap<ClaimId, &Vec<u64>> =
            claims.iter().map(|(claim, keys)| (claim.id, keys)).collect();
        let kept: BTreeSet<(i64, i64)> = of_each
            .into_iter()
            .filter_map(|(id, keys)| Some((seqs.get(&id).copied()?, keys)))
            .flat_map(|(seq, keys)| keys.iter().map(move |key| (key.cast_signed(), seq)))
            .collect();
        for chunk in chunks(&kept.into_iter().collect::<Vec<_>>()) {
            let query = rows(chunk, |(key, seq)| Ok([(*key).into(), (*seq).into()]))?
                .query(|rows| format!("INSERT INTO claim_keys (key, claim) {rows}"));
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn update_claims(&mut self, claims: &[Claim]) -> Result<(), StateError> {
        write(self, &last_of_each(claims.iter())).await
    }

    async fn set_item_claims(
        &mut self,
        items: &[(ItemId, Vec<ClaimId>)],
    ) -> Result<HashMap<ItemId, Vec<ClaimId>>, StateError> {
        let mut before: HashMap<ItemId, Vec<ClaimId>> = HashMap::new();
        if items.is_empty() {
            return Ok(before);
        }
        self.hold(Lock::Claims).await?;
        let now: HashMap<ItemId, &Vec<ClaimId>> =
            items.iter().map(|(item, claims)| (*item, claims)).collect();
        let ids: Vec<ItemId> = now.keys().copied().collect::<BTreeSet<_>>().into_iter().collect();
        for chunk in chunks(&ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!("DELETE FROM item_claims WHERE item_id {among} RETURNING item_id, claim_id")
            });
            for row in query.fetch_all(self.connection()).await? {
                let item = ItemId(uuid(row.try_get(0)?)?);
                before.entry(item).or_default().push(ClaimId(uuid(row.try_get(1)?)?));
            }
        }
        let mut kept: Vec<(ItemId, i64, ClaimId)> = Vec::new();
        for id in &ids {
            let mut seen = HashSet::new();
            for (place, claim) in (0..).zip(now.get(id).into_iter().flat_map(|claims| claims.iter())) {
                if seen.insert(*claim) {
                    kept.push((*id, place, *claim));
                }
            }
        }
        for chunk in chunks(&kept) {
            let query = rows(chunk, |(item, place, claim)| {
                Ok([blob(item.0).into(), (*place).into(), blob(claim.0).into()])
            })?
            .query(|rows| format!("INSERT INTO item_claims (item_id, place, claim_id) {rows}"));
            query.execute(self.connection()).await?;
        }
        before.values_mut().for_each(|claims| claims.sort_unstable());
        Ok(before)
    }

    async fn claims_made_by(&mut self, items: &[ItemId]) -> Result<Vec<ClaimId>, StateError> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        self.hold(Lock::Claims).await?;
        let mut claims: BTreeSet<ClaimId> = BTreeSet::new();
        for chunk in chunks(items) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT claim_id FROM item_claims WHERE item_id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                claims.insert(ClaimId(uuid(row.try_get(0)?)?));
            }
        }
        Ok(claims.into_iter().collect())
    }

    async fn move_item_claims(&mut self, from: ClaimId, into: ClaimId) -> Result<u64, StateError> {
        self.hold(Lock::Claims).await?;
        sqlx::query(
            "DELETE FROM item_claims WHERE claim_id = $1 AND item_id IN \
             (SELECT item_id FROM item_claims WHERE claim_id = $2)",
        )
        .bind(blob(from.0))
        .bind(blob(into.0))
        .execute(self.connection())
        .await?;
        let moved = sqlx::query("UPDATE item_claims SET claim_id = $2 WHERE claim_id = $1")
            .bind(blob(from.0))
            .bind(blob(into.0))
            .execute(self.connection())
            .await?;
        Ok(moved.rows_affected())
    }

    async fn workflows_to_write(&mut self, claims: &[ClaimId]) -> Result<Vec<Workflow>, StateError> {
        if claims.is_empty() {
            return Ok(Vec::new());
        }
        self.hold(Lock::Claims).await?;
        let mut last: HashMap<ClaimId, Workflow> = HashMap::with_capacity(claims.len());
        for chunk in chunks(claims) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(last_rounds);
            for row in query.fetch_all(self.connection()).await? {
                let workflow: Workflow = from_json("workflow", row.try_get(0)?)?;
                last.insert(workflow.claim_id, workflow);
            }
        }
        let mut workflows: Vec<Workflow> = last.into_values().collect();
        workflows.sort_unstable_by_key(|workflow| workflow.id);
        Ok(workflows)
    }

    async fn put_workflows(&mut self, workflows: &[Workflow]) -> Result<(), StateError> {
        let mut last: HashMap<_, &Workflow> = HashMap::with_capacity(workflows.len());
        last.extend(workflows.iter().map(|workflow| (workflow.id, workflow)));
        let mut workflows: Vec<&Workflow> = last.into_values().collect();
        workflows.sort_unstable_by_key(|workflow| workflow.id);
        for chunk in chunks(&workflows) {
            let written = rows(chunk, |workflow| {
                Ok([
                    blob(workflow.id.0).into(),
                    blob(workflow.claim_id.0).into(),
                    signed(workflow.round).into(),
                    workflow.status.as_str().into(),
                    workflow.step.as_str().into(),
                    i64::from(waits(workflow)).into(),
                    goes_on(workflow).then(|| micros(workflow.due_at)).into(),
                    micros(workflow.updated_at).into(),
                    signed(workflow.version).into(),
                    to_json("workflow", workflow)?.into(),
                ])
            })?;
            let query = written.query(|rows| {
                format!(
                    "INSERT INTO workflows (id, claim_id, round, status, step, waits, due_at, updated_at, version, \
                     document) {rows} ON CONFLICT (id) DO UPDATE SET status = excluded.status, step = excluded.step, \
                     waits = excluded.waits, due_at = excluded.due_at, updated_at = excluded.updated_at, \
                     version = excluded.version, document = excluded.document"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn take_due_workflows(
        &mut self,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Workflow>, StateError> {
        // Nodes ask often and mostly in vain: nobody waits for that.
        let due: Option<i64> = sqlx::query_scalar("SELECT due_at FROM workflows WHERE due_at <= $1 LIMIT 1")
            .bind(micros(now))
            .fetch_optional(self.connection())
            .await?;
        if due.is_none() {
            return Ok(Vec::new());
        }
        // Who has read a workflow to write it must not write over what is taken here, under the same version.
        self.hold(Lock::Claims).await?;
        let sql = "SELECT document FROM workflows WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2";
        let found = sqlx::query(sql)
            .bind(micros(now))
            .bind(signed(limit as u64))
            .fetch_all(self.connection())
            .await?;
        let mut taken = Vec::with_capacity(found.len());
        for row in found {
            let mut workflow: Workflow = from_json("workflow", row.try_get(0)?)?;
            workflow.due_at = until;
            workflow.version += 1;
            taken.push(workflow);
        }
        self.put_workflows(&taken).await?;
        Ok(taken)
    }

    async fn set_adjudications(&mut self, claim: ClaimId, of: &[Adjudication]) -> Result<(), StateError> {
        sqlx::query("DELETE FROM adjudications WHERE claim_id = $1")
            .bind(blob(claim.0))
            .execute(self.connection())
            .await?;
        let mut of_each: HashMap<&str, &Adjudication> = HashMap::with_capacity(of.len());
        of_each.extend(of.iter().map(|one| (one.source.as_str(), one)));
        let mut kept: Vec<&Adjudication> = of_each.into_values().collect();
        kept.sort_unstable_by_key(|one| &one.source);
        for chunk in chunks(&kept) {
            let query = rows(chunk, |one| {
                Ok([
                    one.source.as_str().into(),
                    blob(claim.0).into(),
                    micros(one.at).into(),
                    to_json("adjudication", one)?.into(),
                ])
            })?
            .query(|rows| {
                format!("INSERT INTO adjudications (source, claim_id, decided_at, document) {rows}")
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn adjudications_of(&mut self, claim: ClaimId) -> Result<Vec<Adjudication>, StateError> {
        let sql = "SELECT document FROM adjudications WHERE claim_id = $1 ORDER BY source";
        let found = sqlx::query(sql).bind(blob(claim.0)).fetch_all(self.connection()).await?;
        found.iter().map(|row| from_json("adjudication", row.try_get(0)?)).collect()
    }

    async fn put_training_examples(&mut self, examples: &[TrainingExample]) -> Result<(), StateError> {
        let mut last: HashMap<Uuid, &TrainingExample> = HashMap::with_capacity(examples.len());
        last.extend(examples.iter().map(|example| (example.id, example)));
        for chunk in chunks(&last.into_values().collect::<Vec<_>>()) {
            let query = rows(chunk, |example| {
                let document = to_json("training example", example)?;
                Ok([blob(example.id).into(), micros(example.at).into(), document.into()])
            })?
            .query(|rows| {
                format!(
                    "INSERT INTO training_examples (id, decided_at, document) {rows} ON CONFLICT (id) DO UPDATE SET \
                     decided_at = excluded.decided_at, document = excluded.document"
                )
            });
            query.execute(self.connection()).await?;
        }
        Ok(())
    }

    async fn drop_training_examples(&mut self, ids: &[Uuid]) -> Result<(), StateError> {
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(*id).into()]))?
                .lookup(|among| format!("DELETE FROM training_examples WHERE id {among}"));
            query.execute(self.connection()).await?;
        }
        Ok(())
    }
}

/// Whether its next step is done by itself.
fn goes_on(workflow: &Workflow) -> bool {
    matches!(workflow.status, WorkflowStatus::Running | WorkflowStatus::Retrying)
}

/// Whether it waits for a person's answer.
fn waits(workflow: &Workflow) -> bool {
    workflow.status == WorkflowStatus::Paused
        && matches!(workflow.step, Step::HumanReview | Step::SecondApproval)
}

fn last_of_each<'a>(claims: impl Iterator<Item = &'a Claim>) -> Vec<&'a Claim> {
    let mut last: HashMap<ClaimId, &Claim> = HashMap::new();
    last.extend(claims.map(|claim| (claim.id, claim)));
    let mut claims: Vec<&Claim> = last.into_values().collect();
    claims.sort_unstable_by_key(|claim| claim.id);
    claims
}

async fn write(tx: &mut EngineTx, claims: &[&Claim]) -> Result<(), StateError> {
    for chunk in chunks(claims) {
        let written = rows(chunk, |claim| {
            Ok([
                blob(claim.id.0).into(),
                claim.incident_id.map(|incident| blob(incident.0)).into(),
                claim.topic.as_str().into(),
                claim.status.as_str().into(),
                claim.verdict.as_str().into(),
                risk_steps(claim.risk_score).into(),
                micros(claim.last_said).into(),
                i64::from(claim.exercise).into(),
                claim.exercise_id.map(|id| blob(id.0)).into(),
                signed(claim.version).into(),
                to_json("claim", claim)?.into(),
            ])
        })?;
        let query = written.query(|rows| {
            format!(
                "INSERT INTO claims (id, incident_id, topic, status, verdict, risk, last_said, exercise, exercise_id, \
                 version, document) {rows} ON CONFLICT (id) DO UPDATE SET incident_id = excluded.incident_id, topic = excluded.topic, \
                 status = excluded.status, verdict = excluded.verdict, risk = excluded.risk, \
                 last_said = excluded.last_said, exercise = excluded.exercise, exercise_id = excluded.exercise_id, version = excluded.version, \
                 document = excluded.document"
            )
        });
        query.execute(tx.connection()).await?;
    }
    Ok(())
}
