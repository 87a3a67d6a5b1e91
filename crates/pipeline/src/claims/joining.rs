//! Claims that say the same once people have put their incidents together: one stands for both, and what was decided stays.
//!
//! The one on which a person has said something stands, else the older. Of two that people have decided they are joined only where both
//! verdicts hold and are the same: otherwise they stay two, and people see both. The other keeps its verdict, reason and evidence to be
//! read, and counts nowhere any more.

use std::collections::BTreeSet;

use crisislens_model::claim::{EvidenceKind, MAX_EVIDENCE, MAX_ITEMS};
use crisislens_model::{Claim, ClaimId, ClaimStatus, Evidence, Timestamp, Workflow, WorkflowStatus};
use crisislens_state::{StateError, Tx};

use super::board::{Board, MAX_CONTRADICTIONS};
use crate::desk::SET_BY_PERSON;
use crate::verifier::evidence_id;

/// Joins each of `placed` with what says the same where it is now.
pub(super) async fn join_equal(
    tx: &mut dyn Tx,
    board: &mut Board,
    placed: &[ClaimId],
    now: Timestamp,
) -> Result<(), StateError> {
    if placed.is_empty() {
        return Ok(());
    }
    let keys: BTreeSet<u64> = placed.iter().flat_map(|id| board.keys_of(*id)).collect();
    board.add(tx.claims_under(&keys.into_iter().collect::<Vec<_>>()).await?);
    for id in placed {
        for other in board.equal_to(*id) {
            let pair = board.get(*id).zip(board.get(other));
            let Some((stays, goes)) = pair.and_then(|(one, other)| which_stays(one, other)) else { continue };
            join(tx, board, stays, goes, now).await?;
            if goes == *id {
                break;
            }
        }
    }
    Ok(())
}

/// Which of two that say the same stands for both, and which goes; `None` where they stay two.
fn which_stays(one: &Claim, other: &Claim) -> Option<(ClaimId, ClaimId)> {
    // Who discards a claim has the last word, and what nobody says any more is not brought back by it.
    if [one, other].iter().any(|claim| claim.status == ClaimStatus::Discarded) {
        return None;
    }
    let is_first = match (one.decided_by.is_some(), other.decided_by.is_some()) {
        (true, true) => {
            let hold = one.status == ClaimStatus::Verified && other.status == ClaimStatus::Verified;
            if !hold || one.verdict != other.verdict {
                return None;
            }
            is_older(one, other)
        }
        (false, false) => match (is_worked_on(one), is_worked_on(other)) {
            (mine, theirs) if mine != theirs => mine,
            _ => is_older(one, other),
        },
        (mine, _) => mine,
    };
    Some(if is_first { (one.id, other.id) } else { (other.id, one.id) })
}

fn is_older(one: &Claim, other: &Claim) -> bool {
    (one.first_said, one.id) < (other.first_said, other.id)
}

/// Whether a person has put anything on it.
fn is_worked_on(claim: &Claim) -> bool {
    !claim.notes.is_empty()
        || claim.harm_why == SET_BY_PERSON
        || claim.evidence.iter().any(|piece| piece.by_person)
}

async fn join(
    tx: &mut dyn Tx,
    board: &mut Board,
    stays: ClaimId,
    goes: ClaimId,
    now: Timestamp,
) -> Result<(), StateError> {
    let moved = tx.move_item_claims(goes, stays).await?;
    let Some(mut gone) = board.get(goes).cloned() else { return Ok(()) };
    // What stands contradicts itself in nothing.
    let against: Vec<ClaimId> = gone.contradicts.iter().copied().filter(|other| *other != stays).collect();
    let missing: Vec<ClaimId> = against.iter().filter(|other| !board.has(**other)).copied().collect();
    if !missing.is_empty() {
        board.add(tx.claims_to_write(&missing).await?);
    }
    let was_verified = gone.status == ClaimStatus::Verified;
    if let Some(stands) = board.change(stays) {
        take_in(stands, &mut gone, moved);
    }
    board.replace(gone);
    for other in against {
        if let Some(other) = board.change(other) {
            other.contradicts.retain(|id| *id != goes);
            if other.contradicts.len() < MAX_CONTRADICTIONS && !other.contradicts.contains(&stays) {
                other.contradicts.push(stays);
            }
        }
    }
    if was_verified {
        // Both verdicts hold: each source was right or wrong once.
        let mut noted = tx.adjudications_of(stays).await?;
        for one in tx.adjudications_of(goes).await? {
            if !noted.iter().any(|known| known.source == one.source) {
                noted.push(crisislens_state::verification::Adjudication { claim_id: stays, ..one });
            }
        }
        tx.set_adjudications(stays, &noted).await?;
        tx.set_adjudications(goes, &[]).await?;
    }
    let open: Vec<Workflow> = tx.workflows_to_write(&[goes]).await?;
    let ended: Vec<Workflow> = open
        .into_iter()
        .filter(|workflow| !workflow.status.is_over())
        .map(|workflow| Workflow {
            status: WorkflowStatus::Cancelled,
            updated_at: now,
            version: workflow.version + 1,
            ..workflow
        })
        .collect();
    tx.put_workflows(&ended).await
}

/// Puts what is on `goes` onto `stands`; `moved` of its items did not make that before.
fn take_in(stands: &mut Claim, goes: &mut Claim, moved: u64) {
    for item in std::mem::take(&mut goes.item_ids) {
        if !stands.item_ids.contains(&item) && stands.item_ids.len() < MAX_ITEMS {
            stands.item_ids.push(item);
        }
    }
    stands.item_count += moved;
    goes.item_count = 0;
    stands.first_said = stands.first_said.min(goes.first_said);
    stands.last_said = stands.last_said.max(goes.last_said);
    stands.checkworthiness = stands.checkworthiness.max(goes.checkworthiness);
    stands.was_high_risk |= goes.was_high_risk;
    let by_person = |claim: &Claim| claim.harm_why == SET_BY_PERSON;
    let is_set = by_person(goes) && !by_person(stands);
    if is_set || (!by_person(stands) && goes.harm_potential > stands.harm_potential) {
        stands.harm_potential = goes.harm_potential;
        stands.harm_why.clone_from(&goes.harm_why);
    }
    if !goes.notes.is_empty() {
        let gap = if stands.notes.is_empty() { "" } else { "\n\n" };
        stands.notes = format!("{}{gap}{}", stands.notes, goes.notes);
    }
    for other in &goes.contradicts {
        let is_new = *other != stands.id && !stands.contradicts.contains(other);
        if is_new && stands.contradicts.len() < MAX_CONTRADICTIONS {
            stands.contradicts.push(*other);
        }
    }
    stands.contradicts.retain(|other| *other != goes.id);
    take_in_evidence(stands, goes);
    if goes.decided_by.is_none() {
        goes.reason = format!("Claim {} says the same and stands for it.", stands.id);
    }
    goes.contradicts.clear();
    goes.status = ClaimStatus::Discarded;
    goes.joined_into = Some(stands.id);
}

/// What people have said of evidence comes along, of an item and of a page each once. What the machine has found it finds again.
fn take_in_evidence(stands: &mut Claim, goes: &Claim) {
    for piece in goes.evidence.iter().filter(|piece| piece.by_person) {
        let mut piece = piece.clone();
        if let Some(item) = piece.item_id {
            piece.id = evidence_id(stands.id, item);
        }
        let is_same = |known: &Evidence| {
            let is_same_page = piece.kind == EvidenceKind::Manual
                && (known.kind, &known.url, &known.source, &known.text_snippet)
                    == (EvidenceKind::Manual, &piece.url, &piece.source, &piece.text_snippet);
            known.id == piece.id || is_same_page
        };
        match stands.evidence.iter().position(is_same) {
            Some(at) if stands.evidence[at].by_person => {}
            Some(at) => stands.evidence[at] = piece,
            None if stands.evidence.len() < MAX_EVIDENCE => stands.evidence.push(piece),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests;
