//! What follows from what people decide: who was right, and what can be learnt from.

use std::collections::HashMap;

use crisislens_analysis::reliability::{COPY_WEIGHT, OWN_WEIGHT, was_right};
use crisislens_model::claim::EvidenceKind;
use crisislens_model::{Claim, ClaimStatus, Evidence, Item, ItemId, SourceKind, Timestamp, UserId, id};
use crisislens_state::verification::{Adjudication, TrainingExample};
use serde_json::json;
use uuid::Uuid;

/// Who was right and wrong about `claim`; nobody while no verdict has taken effect. `items` are those that the evidence is taken from.
#[must_use]
pub fn adjudications(claim: &Claim, items: &HashMap<ItemId, Item>, now: Timestamp) -> Vec<Adjudication> {
    if claim.status != ClaimStatus::Verified {
        return Vec::new();
    }
    let mut of_each: HashMap<&str, Adjudication> = HashMap::new();
    // The last word of each counts, as it does in the likelihood.
    let mut voices: Vec<&Evidence> = claim.evidence.iter().collect();
    voices.sort_by_key(|one| (one.said_at, one.id));
    for voice in voices {
        let Some(right) = was_right(voice.stance, claim.verdict) else { continue };
        let item = voice.item_id.and_then(|item| items.get(&item));
        let is_copy = item.is_some_and(|item| item.duplicate_of.is_some());
        of_each.insert(
            &voice.source,
            Adjudication {
                source: voice.source.clone(),
                kind: item.map_or_else(|| kind_of(voice.kind), |item| item.source_kind),
                claim_id: claim.id,
                right,
                weight: if is_copy { COPY_WEIGHT } else { OWN_WEIGHT },
                at: now,
            },
        );
    }
    let mut all: Vec<Adjudication> = of_each.into_values().collect();
    all.sort_by(|a, b| a.source.cmp(&b.source));
    all
}

const fn kind_of(kind: EvidenceKind) -> SourceKind {
    match kind {
        EvidenceKind::Official => SourceKind::Official,
        EvidenceKind::FactCheck | EvidenceKind::Manual | EvidenceKind::Report => SourceKind::Media,
    }
}

/// The id of the example that the verdict on `claim` is.
#[must_use]
pub fn verdict_example_id(claim: &Claim) -> Uuid {
    id::derived(claim.id.0, "verdict example", 0)
}

/// The verdict on `claim` as something to learn from; none while it has not taken effect.
#[must_use]
pub fn verdict_example(claim: &Claim, now: Timestamp) -> Option<TrainingExample> {
    let by = claim.decided_by.filter(|_| claim.status == ClaimStatus::Verified)?;
    let evidence: Vec<_> = claim
        .evidence
        .iter()
        .map(|one| json!({ "text": one.text_snippet, "source": one.source, "kind": one.kind, "stance": one.stance, "group": one.group }))
        .collect();
    Some(TrainingExample {
        id: verdict_example_id(claim),
        kind: "verdict".to_owned(),
        by,
        at: now,
        data: json!({
            "claim_id": claim.id, "text": claim.text, "language": claim.language, "topic": claim.topic, "slots": claim.slots,
            "hazard": claim.hazard, "suggested": claim.veracity_likelihood, "verdict": claim.verdict, "reason": claim.reason,
            "approved_by": claim.approved_by, "evidence": evidence, "exercise": claim.exercise,
        }),
    })
}

/// A person's word on which side `after` is, where it was thought to be `before`.
#[must_use]
pub fn stance_example(
    claim: &Claim,
    before: &Evidence,
    after: &Evidence,
    by: UserId,
    now: Timestamp,
) -> TrainingExample {
    TrainingExample {
        id: id::derived(after.id, "stance example", 0),
        kind: "stance".to_owned(),
        by,
        at: now,
        data: json!({
            "claim_id": claim.id, "claim": claim.text, "language": claim.language, "text": after.text_snippet,
            "source": after.source, "suggested": before.stance, "stance": after.stance, "why": after.why, "exercise": claim.exercise,
        }),
    }
}
