//! An alert's escalations begin, and end where it is withdrawn, in the transaction of its first page of recipients.

use crisislens_model::{Alert, AlertId, Timestamp, id};
use crisislens_state::escalations::{Escalation, EscalationState};
use crisislens_state::{StateError, Tx};
use uuid::Uuid;

use super::Chain;
use crate::holds::{SetUp, read};

/// For each chain that fits, once for alert and chain: a later revision begins what did not fit before.
pub(crate) async fn begin(tx: &mut dyn Tx, alert: &Alert, now: Timestamp) -> Result<(), StateError> {
    if alert.kind == "cancel" {
        tx.cancel_escalations(alert.id).await?;
        return Ok(());
    }
    let mut escalations = Vec::new();
    for object in tx.set_up(Chain::KIND).await? {
        let chain: Chain = read(&object)?;
        if chain.matches.fits(&alert.facts()).is_ok() {
            escalations.push(Escalation {
                id: id_of(alert.id, object.id),
                alert: alert.id,
                chain: object.id,
                next_at: Some(now.checked_add(chain.wait(0, 0)).unwrap_or(now)),
                document: object.document,
                step: 0,
                round: 0,
                state: EscalationState::Running,
                version: 1,
                started_at: now,
            });
        }
    }
    tx.begin_escalations(&escalations).await?;
    Ok(())
}

fn id_of(alert: AlertId, chain: Uuid) -> Uuid {
    id::derived(alert.0, &format!("escalation {chain}"), 1)
}
