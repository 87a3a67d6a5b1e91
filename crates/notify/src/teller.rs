//! What everybody works with who tells people something, and how what was decided gets to them.

use std::sync::Arc;

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{Clock, EventId, NewRecord, Notification, Timestamp, Topic, id};
use crisislens_state::{StateError, Store, Tx};
use tokio::sync::Notify;

use crate::decide::Rules;
use crate::templates::{TemplateError, Templates};

/// What says on the log that a notification was decided here.
pub(crate) const SOURCE: &str = "/crisislens/notify";

/// What choosing recipients works with, whatever they are told of.
#[derive(Clone)]
pub struct Teller {
    /// Where it stands what is to be told.
    pub store: Arc<dyn Store>,
    /// Subjects and bodies.
    pub templates: Arc<Templates>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// What is the same for everybody.
    pub rules: Rules,
    /// Wakes the relay.
    pub relay: Arc<Notify>,
    /// Wakes who sends.
    pub sender: Arc<Notify>,
}

impl Teller {
    /// Wakes who carries on with what was committed, if there is anything.
    pub(crate) fn wake(&self, told: usize) {
        if told > 0 {
            self.relay.notify_one();
            self.sender.notify_one();
        }
    }
}

/// Why something was not told.
#[derive(Debug, thiserror::Error)]
pub enum TellError {
    /// The store failed.
    #[error(transparent)]
    State(#[from] StateError),
    /// A text could not be made.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A record could not be made.
    #[error("a notification cannot be written: {0}")]
    Encode(#[from] serde_json::Error),
}

/// Writes notifications into the ledger, and onto the log.
///
/// # Errors
/// The store failed, or one cannot be written.
pub async fn tell(tx: &mut dyn Tx, told: &[Notification], now: Timestamp) -> Result<(), TellError> {
    tx.enter(told).await?;
    publish(tx, told, now).await
}

/// Puts notifications onto the log that are in the ledger already.
pub(crate) async fn publish(tx: &mut dyn Tx, told: &[Notification], now: Timestamp) -> Result<(), TellError> {
    let records = told.iter().map(|one| record_of(one, now)).collect::<Result<_, _>>()?;
    Ok(tx.publish(records, now).await?)
}

/// A notification as it is told on its topic.
fn record_of(notification: &Notification, now: Timestamp) -> Result<NewRecord, serde_json::Error> {
    let value = serde_json::to_vec(notification)?;
    let meta = EventMeta {
        id: EventId(id::derived(notification.id.0, "notification", notification.revision)),
        kind: event_type::NOTIFICATION,
        source: SOURCE,
        time: now,
    };
    Ok(NewRecord::event(Topic::Notifications, notification.recipient.to_string().into_bytes(), value, meta))
}
