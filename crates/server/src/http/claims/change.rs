//! One way for all that people change of a claim: read, checked, written, told and noted in one transaction.

use std::collections::HashMap;

use axum::http::{HeaderMap, StatusCode};
use crisislens_model::claim::ClaimStatus;
use crisislens_model::{ActivityKind, ClaimId, Item, ItemId, Resource};
use crisislens_pipeline::desk::{Desk, Refusal, consequences};
use crisislens_pipeline::{DECIDED, claim_record};
use crisislens_state::audit::AuditEntry;
use crisislens_state::verification::TrainingExample;
use crisislens_state::{Durability, StateError};
use serde_json::json;

use crate::app::App;
use crate::auth::Claims;
use crate::http::{Problem, collaboration};

/// What a person does.
pub struct Change<'a> {
    /// Which claim.
    pub id: ClaimId,
    /// The version that they have seen; whatever it is now where absent.
    pub version: Option<u64>,
    /// What it is called in the audit log.
    pub action: &'a str,
    /// What else is noted there.
    pub detail: serde_json::Value,
    /// What colleagues are told.
    pub kind: ActivityKind,
}

/// Does `act` to a claim; answers claim and workflow as they then are, and what `act` says.
pub async fn change<T>(
    app: &App,
    person: &Claims,
    headers: &HeaderMap,
    change: Change<'_>,
    act: impl FnOnce(&mut Desk) -> Result<(T, Vec<TrainingExample>), Refusal>,
) -> Result<(Desk, T), Problem> {
    let Change { id, version, action, detail, kind } = change;
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, app, person, headers, Resource::Claim(id.0)).await?;
    let claim = tx.claims_to_write(&[id]).await?.pop().ok_or_else(|| Problem::not_found("claim"))?;
    if let Some(version) = version
        && version != claim.version
    {
        return Err(StateError::VersionConflict { current: claim.version }.into());
    }
    let workflow = tx.workflows_to_write(&[id]).await?.pop();
    let review_above = app.config.verification.review_above;
    let mut desk = Desk { claim, workflow, review_above, now };
    let before = desk.clone();
    let (said, mut examples) = act(&mut desk).map_err(refused)?;
    if desk == before {
        return Ok((desk, said));
    }
    let was_verified = before.claim.status == ClaimStatus::Verified;
    let is_verified = desk.claim.status == ClaimStatus::Verified;
    if was_verified || is_verified {
        let items = if is_verified { items_of(app, &desk).await? } else { HashMap::new() };
        tx.set_adjudications(id, &consequences::adjudications(&desk.claim, &items, now)).await?;
        match consequences::verdict_example(&desk.claim, now) {
            Some(example) => examples.push(example),
            None => tx.drop_training_examples(&[consequences::verdict_example_id(&desk.claim)]).await?,
        }
    }
    tx.put_training_examples(&examples).await?;
    tx.update_claims(std::slice::from_ref(&desk.claim)).await?;
    if let Some(workflow) = &desk.workflow {
        tx.put_workflows(std::slice::from_ref(workflow)).await?;
    }
    let record = claim_record(&desk.claim, DECIDED, now).map_err(|error| Problem::internal(&error))?;
    tx.publish(vec![record], now).await?;
    let detail = json!({
        "said": detail,
        "before": { "status": before.claim.status, "verdict": before.claim.verdict, "version": before.claim.version },
        "after": { "status": desk.claim.status, "verdict": desk.claim.verdict, "version": desk.claim.version },
        "workflow": desk.workflow.as_ref().map(|workflow| json!({ "id": workflow.id, "status": workflow.status, "step": workflow.step })),
    });
    let subject = format!("claims/{id}");
    tx.record_audit(&AuditEntry::new(now, person.actor(), format!("claim.{action}"), subject, detail))
        .await?;
    let told = json!({ "action": action, "status": desk.claim.status, "verdict": desk.claim.verdict, "version": desk.claim.version });
    collaboration::tell_activity(&mut *tx, app, person, Resource::Claim(id.0), kind, told).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok((desk, said))
}

/// The items that the evidence is taken from.
async fn items_of(app: &App, desk: &Desk) -> Result<HashMap<ItemId, Item>, Problem> {
    let ids: Vec<ItemId> = desk.claim.evidence.iter().filter_map(|one| one.item_id).collect();
    let mut items = HashMap::with_capacity(ids.len());
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (read, looked_for) = app.store.items_by_id(rest).await?;
        items.extend(read.into_iter().map(|item| (item.id, item)));
        rest = rest.get(looked_for.max(1)..).unwrap_or_default();
    }
    Ok(items)
}

fn refused(refusal: Refusal) -> Problem {
    let status = match refusal {
        Refusal::NotNow(_) => StatusCode::CONFLICT,
        Refusal::SamePerson => StatusCode::FORBIDDEN,
        Refusal::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NoEvidence => return Problem::not_found("piece of evidence"),
    };
    Problem::new(status, refusal.to_string())
}
