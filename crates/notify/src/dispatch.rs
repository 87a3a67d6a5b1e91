//! notifications → deliveries, on each channel.
//!
//! Both channels of today end in the store, so a delivery is part of the transaction that consumes the notification:
//! it happens once, whatever is killed when.

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Channel, Clock, Delivery, DeliveryStatus, Notification, Timestamp, Topic, User, id, record,
};
use crisislens_state::Tx;
use crisislens_state::notices::OutboxMessage;
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::Templates;

/// The handler of `notifications`.
pub struct Dispatch {
    /// The frame of e-mails.
    pub templates: Arc<Templates>,
    /// The time.
    pub clock: Arc<dyn Clock>,
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
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        serde_json::from_slice(value).map(Some).map_err(Reject::decode)
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Notification]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let users = tx.recipients().await?;
        for queued in work {
            let mut notification = queued.clone();
            let user = users.iter().find(|user| user.id == queued.recipient);
            for delivery in &mut notification.deliveries {
                if delivery.status == DeliveryStatus::Queued {
                    self.deliver(tx, queued, delivery, user, now).await?;
                }
            }
            tx.put_notification(&notification).await?;
        }
        Ok(())
    }
}

impl Dispatch {
    async fn deliver(
        &self,
        tx: &mut dyn Tx,
        notification: &Notification,
        delivery: &mut Delivery,
        user: Option<&User>,
        now: Timestamp,
    ) -> Result<(), ApplyError> {
        let Some(user) = user else {
            delivery.status = DeliveryStatus::Suppressed;
            "the account no longer exists".clone_into(&mut delivery.reason);
            return Ok(());
        };
        let provider = match delivery.channel {
            Channel::Inbox => "inbox",
            Channel::Email => {
                let message = self.email(notification, user, now)?;
                delivery.provider_id = Some(message.id.to_string());
                tx.put_outbox_message(&message).await?;
                "outbox"
            }
        };
        delivery.status = DeliveryStatus::Sent;
        delivery.provider = Some(provider.to_owned());
        delivery.attempts.push(now);
        metrics::counter!("crisislens_notify_deliveries_total", "channel" => delivery.channel.as_str())
            .increment(1);
        Ok(())
    }

    fn email(
        &self,
        notification: &Notification,
        user: &User,
        now: Timestamp,
    ) -> Result<OutboxMessage, ApplyError> {
        let rendered = self
            .templates
            .email(notification, user)
            .map_err(|error| ApplyError::Failed(error.to_string()))?;
        Ok(OutboxMessage {
            id: id::derived(notification.id.0, Channel::Email.as_str(), notification.revision),
            channel: Channel::Email,
            to: user.email.clone(),
            subject: rendered.subject,
            text: rendered.text,
            html: Some(rendered.html),
            at: now,
            exercise: notification.exercise,
            notification_id: notification.id,
        })
    }
}
