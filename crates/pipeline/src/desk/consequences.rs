//! What follows from what people decide: who was right, and what can be learnt from.

use std::collections::HashMap;

use crisislens_analysis::incident::{may_be_one_event, reach_km};
use crisislens_analysis::reliability::{COPY_WEIGHT, OWN_WEIGHT, was_right};
use crisislens_model::claim::EvidenceKind;
use crisislens_model::place::distance_km;
use crisislens_model::{
    Claim, ClaimId, ClaimStatus, Evidence, HazardType, Item, ItemCorrection, ItemId, SourceKind, Timestamp,
    UserId, id,
};
use crisislens_state::verification::{Adjudication, TrainingExample};
use serde_json::json;
use uuid::Uuid;

use crate::speaker;

/// The name under which it is noted how often a source was right. What is played in an exercise says nothing of it in earnest.
#[must_use]
pub fn noted_as(source: &str, exercise: bool) -> String {
    if exercise { format!("exercise\u{1f}{source}") } else { source.to_owned() }
}

/// Who was right and wrong about `claim`; nobody while no verdict has taken effect. `items` are those that the evidence is taken from.
/// What a person has written down in a source's name is not held against that source.
#[must_use]
pub fn adjudications(claim: &Claim, items: &HashMap<ItemId, Item>, now: Timestamp) -> Vec<Adjudication> {
    if claim.status != ClaimStatus::Verified {
        return Vec::new();
    }
    let mut of_each: HashMap<&str, Adjudication> = HashMap::new();
    // The last word of each counts, as it does in the likelihood.
    let mut voices: Vec<&Evidence> =
        claim.evidence.iter().filter(|voice| voice.kind != EvidenceKind::Manual).collect();
    voices.sort_by_key(|one| (one.said_at, one.id));
    for voice in voices {
        let Some(right) = was_right(voice.stance, claim.verdict) else { continue };
        let item = voice.item_id.and_then(|item| items.get(&item));
        let is_copy = item.is_some_and(|item| item.duplicate_of.is_some());
        let own = if is_copy { COPY_WEIGHT } else { OWN_WEIGHT };
        // Who has said so itself does not count less for passing it on as well.
        let before = of_each.get(voice.source.as_str()).filter(|before| before.right == right);
        let weight = before.map_or(own, |before| before.weight.max(own));
        of_each.insert(
            &voice.source,
            Adjudication {
                source: noted_as(&voice.source, claim.exercise),
                kind: item.map_or_else(|| kind_of(voice.kind), |item| item.source_kind),
                claim_id: claim.id,
                right,
                weight,
                at: now,
                item_id: None,
            },
        );
    }
    let mut all: Vec<Adjudication> = of_each.into_values().collect();
    all.sort_by(|a, b| a.source.cmp(&b.source));
    all
}

/// What stands for the correction of an item where claims stand for what was decided of them.
#[must_use]
pub fn correction_id(item: ItemId) -> ClaimId {
    ClaimId(id::derived(item.0, "correction", 1))
}

/// That a source was wrong, where people have put right what it states itself: a hazard of another event, or a place beyond the hazard's
/// reach (a point may stand for a province). What analysis read out of its words is nobody's fault. `to` is all that people put right of `item`; none where they took it back.
#[must_use]
pub fn corrected_statement(item: &Item, to: Option<&ItemCorrection>, now: Timestamp) -> Option<Adjudication> {
    let (to, stated) = (to?, item.stated.as_ref()?);
    let is_other = |hazard: HazardType| {
        stated.hazard.is_some_and(|said| said.is_some() && !may_be_one_event(said, hazard))
    };
    let point = stated.lat.zip(stated.lon);
    let is_elsewhere = match (&to.location, point) {
        (Some(Some(place)), Some(point)) => {
            distance_km(point, (place.lat, place.lon)) > reach_km(stated.hazard.unwrap_or(item.hazard.kind))
        }
        (Some(None), Some(_)) => true,
        _ => false,
    };
    (to.hazard.is_some_and(is_other) || is_elsewhere).then(|| Adjudication {
        source: noted_as(&speaker(item), item.exercise),
        kind: item.source_kind,
        claim_id: correction_id(item.id),
        right: false,
        weight: if item.duplicate_of.is_some() { COPY_WEIGHT } else { OWN_WEIGHT },
        at: now,
        item_id: Some(item.id),
    })
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
            "approved_by": claim.approved_by, "evidence": evidence, "exercise": claim.exercise, "checkworthy": true,
            "incident_id": claim.incident_id, "item_ids": claim.item_ids,
        }),
    })
}

/// The id of the example that somebody has put `claim` aside.
#[must_use]
pub fn discard_example_id(claim: &Claim) -> Uuid {
    id::derived(claim.id.0, "discard example", 0)
}

/// That `claim` was put aside, by somebody who says whether it was worth checking.
#[must_use]
pub fn discard_example(claim: &Claim, checkworthy: bool, by: UserId, now: Timestamp) -> TrainingExample {
    TrainingExample {
        id: discard_example_id(claim),
        kind: "correction".to_owned(),
        by,
        at: now,
        data: json!({
            "claim_id": claim.id, "text": claim.text, "language": claim.language, "topic": claim.topic, "hazard": claim.hazard,
            "suggested": claim.checkworthiness, "checkworthy": checkworthy, "reason": claim.reason, "exercise": claim.exercise,
            "incident_id": claim.incident_id, "item_ids": claim.item_ids,
        }),
    }
}

/// What a person has put right of a claim's wording and harm; what was suggested and what they made of it.
#[must_use]
pub fn edit_examples(before: &Claim, after: &Claim, by: UserId, now: Timestamp) -> Vec<TrainingExample> {
    let corrected = [
        ("text", json!(before.text), json!(after.text)),
        ("harm_potential", json!(before.harm_potential), json!(after.harm_potential)),
    ];
    corrected
        .into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(field, suggested, decided)| TrainingExample {
            // Each change stands for itself, so that one that is put right again does not hide what was suggested first.
            id: id::derived(before.id.0, &format!("edit example {field}"), after.version),
            kind: "correction".to_owned(),
            by,
            at: now,
            data: json!({
                "claim_id": before.id, "field": field, "suggested": suggested, "decided": decided, "text": before.text,
                "language": before.language, "topic": before.topic, "hazard": before.hazard, "exercise": before.exercise,
                "item_ids": before.item_ids,
            }),
        })
        .collect()
}

/// The id of the example that a person has said on which side `evidence` is.
#[must_use]
pub fn stance_example_id(evidence: &Evidence) -> Uuid {
    id::derived(evidence.id, "stance example", 0)
}

/// A person's word on which side `after` is, where it was thought to be `before`; none where that was a person's word as well.
#[must_use]
pub fn stance_example(
    claim: &Claim,
    before: &Evidence,
    after: &Evidence,
    by: UserId,
    now: Timestamp,
) -> Option<TrainingExample> {
    (!before.by_person).then(|| TrainingExample {
        id: stance_example_id(after),
        kind: "stance".to_owned(),
        by,
        at: now,
        data: json!({
            "claim_id": claim.id, "claim": claim.text, "language": claim.language, "text": after.text_snippet,
            "source": after.source, "suggested": before.stance, "stance": after.stance, "why": after.why, "exercise": claim.exercise,
        }),
    })
}
