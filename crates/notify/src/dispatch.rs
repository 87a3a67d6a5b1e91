//! notifications → the ledger: intents that somebody else published are entered as ours are in the transaction that decides them.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{DeliveryStatus, Notification, NotificationId, Topic, UserId, record};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};
use tokio::sync::Notify;

use crate::teller::SOURCE;

/// The handler of `notifications`.
pub struct Dispatch {
    /// Wakes who sends.
    pub sender: Arc<Notify>,
}

#[async_trait]
impl Handler for Dispatch {
    type Work = Notification;

    fn group(&self) -> &'static str {
        "crisis-lens-notifications"
    }

    fn stage(&self) -> &'static str {
        "dispatch"
    }

    fn topic(&self) -> Topic {
        Topic::Notifications
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Notification>, Reject> {
        if record::header(&record.headers, "ce_type") != Some(event_type::NOTIFICATION) {
            return Ok(None);
        }
        // Ours were entered in the transaction that published them.
        if record::header(&record.headers, "ce_source") == Some(SOURCE) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        serde_json::from_slice(value).map(Some).map_err(Reject::decode)
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Notification]) -> Result<(), ApplyError> {
        let ids: Vec<NotificationId> = work.iter().map(|notification| notification.id).collect();
        let unknown = tx.unknown_notifications(&ids).await?;
        if unknown.is_empty() {
            return Ok(());
        }
        let mut exists: HashMap<UserId, bool> = HashMap::new();
        let mut entered = Vec::with_capacity(unknown.len());
        for notification in work.iter().filter(|one| unknown.contains(&one.id)) {
            let recipient = notification.recipient;
            let is_there = match exists.get(&recipient) {
                Some(known) => *known,
                None => {
                    let found = tx.generation(recipient).await?.is_some();
                    exists.insert(recipient, found);
                    found
                }
            };
            let mut notification = notification.clone();
            if !is_there {
                for delivery in &mut notification.deliveries {
                    delivery.status = DeliveryStatus::Suppressed;
                    delivery.provider = None;
                    "the account no longer exists".clone_into(&mut delivery.reason);
                }
            }
            entered.push(notification);
        }
        tx.enter(&entered).await?;
        self.sender.notify_one();
        Ok(())
    }
}
