//! One way for all that people change of a claim: read, checked, written, told and noted in one transaction.

use std::collections::{BTreeMap, HashMap};

use axum::http::{HeaderMap, StatusCode};
use crisislens_model::claim::ClaimStatus;
use crisislens_model::{
    Activity, ActivityKind, Claim, ClaimId, EventId, Evidence, Item, ItemId, Resource, Role,
};
use crisislens_pipeline::desk::{Desk, Refusal, consequences};
use crisislens_pipeline::{DECIDED, claim_record};
use crisislens_state::audit::AuditEntry;
use crisislens_state::verification::TrainingExample;
use crisislens_state::{Durability, StateError};
use serde_json::{Value, json};

use crate::app::App;
use crate::auth::Claims;
use crate::http::{Problem, collaboration};
use crate::locks::publish;

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
    /// Under which id colleagues are told, where the request must be known when it is sent again.
    pub event: Option<EventId>,
}

/// Does `act` to a claim; answers claim and workflow as they then are, and what `act` says.
pub async fn change<T>(
    app: &App,
    person: &Claims,
    headers: &HeaderMap,
    change: Change<'_>,
    act: impl FnOnce(&mut Desk) -> Result<(T, Vec<TrainingExample>), Refusal>,
) -> Result<(Desk, T), Problem> {
    let Change { id, version, action, detail, event } = change;
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, app, person, headers, Resource::Claim(id.0)).await?;
    let claim = tx.claims_to_write(&[id]).await?.pop().ok_or_else(|| Problem::not_found("claim"))?;
    if let Some(version) = version
        && version != claim.version
    {
        return Err(StateError::VersionConflict { current: claim.version }.into());
    }
    if let Some(into) = claim.joined_into {
        let why = format!("claim {into} says the same and stands for it; decide there");
        return Err(Problem::new(StatusCode::CONFLICT, why));
    }
    let workflow = tx.workflows_to_write(&[id]).await?.pop();
    let review_above = app.config.review_above();
    let by_approver = person.role >= Role::Approver;
    let mut desk = Desk { claim, workflow, review_above, by_approver, now };
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
    if before.claim.status == ClaimStatus::Discarded && desk.claim.status != ClaimStatus::Discarded {
        tx.drop_training_examples(&[consequences::discard_example_id(&desk.claim)]).await?;
    }
    tx.put_training_examples(&examples).await?;
    tx.drop_training_examples(&judged_no_more(&before.claim, &desk.claim)).await?;
    tx.update_claims(std::slice::from_ref(&desk.claim)).await?;
    if let Some(workflow) = &desk.workflow {
        tx.put_workflows(std::slice::from_ref(workflow)).await?;
    }
    let record = claim_record(&desk.claim, DECIDED, now).map_err(|error| Problem::internal(&error))?;
    tx.publish(vec![record], now).await?;
    let (was, is) = difference(&before, &desk);
    let detail = json!({ "said": detail, "before": was, "after": is });
    let subject = format!("claims/{id}");
    tx.record_audit(&AuditEntry::new(now, person.actor(), format!("claim.{action}"), subject, detail))
        .await?;
    let told = json!({ "action": action, "status": desk.claim.status, "verdict": desk.claim.verdict, "version": desk.claim.version });
    // A verdict that waits for a second person has confirmed nothing yet.
    let kind = if is_verified && !was_verified { ActivityKind::Verified } else { ActivityKind::Edited };
    let activity = Activity {
        id: event.unwrap_or_else(EventId::random),
        kind,
        user: person.sub,
        name: person.name.clone(),
        resource: Resource::Claim(id.0),
        data: told,
        at: now,
    };
    if event.is_some() {
        tx.put_activities(std::slice::from_ref(&activity)).await?;
    }
    publish(&mut *tx, activity).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok((desk, said))
}

/// The examples of pieces whose side a person had set, and has no more.
fn judged_no_more(before: &Claim, after: &Claim) -> Vec<uuid::Uuid> {
    let is_judged = |piece: &&Evidence| after.evidence.iter().any(|one| one.id == piece.id && one.by_person);
    let judged = before.evidence.iter().filter(|piece| piece.by_person && !is_judged(piece));
    judged.map(consequences::stance_example_id).collect()
}

/// In what claim and workflow differ from before: what each member was, and what it is. Of evidence, only whose pieces and sides.
fn difference(before: &Desk, after: &Desk) -> (Value, Value) {
    let members = |desk: &Desk| {
        let mut members = BTreeMap::new();
        let mut put = |prefix: &str, value: Option<Value>, without: &[&str]| {
            let Some(Value::Object(object)) = value else { return };
            for (name, value) in object.into_iter().filter(|(name, _)| !without.contains(&name.as_str())) {
                members.insert(format!("{prefix}{name}"), value);
            }
        };
        put("", serde_json::to_value(&desk.claim).ok(), &["evidence"]);
        put(
            "workflow.",
            serde_json::to_value(&desk.workflow).ok(),
            &["claim_version", "due_at", "updated_at"],
        );
        for piece in &desk.claim.evidence {
            let side =
                json!({ "source": piece.source, "stance": piece.stance, "by_person": piece.by_person });
            members.insert(format!("evidence.{}", piece.id), side);
        }
        members
    };
    let (before, after) = (members(before), members(after));
    let only = |one: &BTreeMap<String, Value>, other: &BTreeMap<String, Value>| {
        one.iter()
            .filter(|(name, value)| other.get(*name) != Some(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    };
    (Value::Object(only(&before, &after)), Value::Object(only(&after, &before)))
}

/// The items that the evidence is taken from.
async fn items_of(app: &App, desk: &Desk) -> Result<HashMap<ItemId, Item>, Problem> {
    let ids: Vec<ItemId> = desk.claim.evidence.iter().filter_map(|one| one.item_id).collect();
    let items = app.store.every_item(&ids).await?;
    Ok(items.into_iter().map(|item| (item.id, item)).collect())
}

fn refused(refusal: Refusal) -> Problem {
    let status = match refusal {
        Refusal::NotNow(_) => StatusCode::CONFLICT,
        Refusal::SamePerson | Refusal::NeedsApprover(_) => StatusCode::FORBIDDEN,
        Refusal::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NoEvidence => return Problem::not_found("piece of evidence"),
    };
    Problem::new(status, refusal.to_string())
}
