//! Decisions about records that the log refused: each is sent to the outbox again or dropped, once, with its audit entry.

use crisislens_state::audit::AuditEntry;
use crisislens_state::{Durability, StateError};
use serde_json::json;

use super::Redrive;

impl Redrive {
    /// Sends the stranded record `seq` to the log again, behind what waits; the log refuses it again where nothing has changed.
    /// Answers whether there was one.
    pub async fn send_stranded(&self, seq: i64, actor: &str) -> Result<bool, StateError> {
        self.decide_stranded(seq, actor, None).await
    }

    /// Drops the stranded record `seq` for `reason`; nobody can get it back. Answers whether there was one.
    pub async fn drop_stranded(&self, seq: i64, reason: &str, actor: &str) -> Result<bool, StateError> {
        self.decide_stranded(seq, actor, Some(reason)).await
    }

    async fn decide_stranded(
        &self,
        seq: i64,
        actor: &str,
        drop_for: Option<&str>,
    ) -> Result<bool, StateError> {
        let now = self.clock.now();
        let mut tx = self.store.begin(Durability::Power).await?;
        let (action, done) = match drop_for {
            None => ("outbox.send", tx.send_stranded(seq, now).await?),
            Some(_) => ("outbox.drop", tx.drop_stranded(seq).await?),
        };
        if !done {
            return Ok(false);
        }
        let entry = AuditEntry::new(
            now,
            actor,
            action,
            format!("outbox/{seq}"),
            drop_for.map_or_else(|| json!({}), |reason| json!({ "reason": reason })),
        );
        tx.record_audit(&entry).await?;
        tx.commit().await?;
        self.relay.notify_one();
        Ok(true)
    }
}
