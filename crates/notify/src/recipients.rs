//! alerts → notifications: who is told, on which channels, and why not on the others.

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Alert, AlertStatus, Channel, Clock, Delivery, DeliveryStatus, EventId, NewRecord, Notification,
    NotificationId, NotificationType, Timestamp, Topic, User, id, record,
};
use crisislens_state::Tx;
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::Templates;

/// The handler of `alerts`.
pub struct Recipients {
    /// Subjects and bodies.
    pub templates: Arc<Templates>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Recipients {
    type Work = Alert;

    fn group(&self) -> &'static str {
        "crisis-lens-notifications"
    }

    fn stage(&self) -> &'static str {
        "recipients"
    }

    fn topic(&self) -> Topic {
        Topic::Alerts
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Alert>, Reject> {
        if record::header(&record.headers, "ce_type") != Some(event_type::ALERT_RAISED) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let alert: Alert = serde_json::from_slice(value).map_err(Reject::decode)?;
        Ok((alert.status != AlertStatus::Draft).then_some(alert))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Alert]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let users = tx.recipients().await?;
        let mut records = Vec::new();
        for alert in work {
            let text = self.templates.alert(alert).map_err(|error| ApplyError::Failed(error.to_string()))?;
            for notification in users.iter().filter_map(|user| decide(alert, user, now)) {
                let notification =
                    Notification { subject: text.subject.clone(), body: text.text.clone(), ..notification };
                records.push(notification_record(&notification, now)?);
            }
        }
        tx.publish(records, now).await?;
        Ok(())
    }
}

/// The notification of `alert` to `user`, without its texts; `None` where they asked for nothing of the kind.
#[must_use]
pub fn decide(alert: &Alert, user: &User, now: Timestamp) -> Option<Notification> {
    let wants = &user.preferences;
    if alert.severity < wants.min_severity || !(wants.inbox || wants.email) {
        return None;
    }
    let deliveries = [(Channel::Inbox, wants.inbox), (Channel::Email, wants.email)]
        .into_iter()
        .map(|(channel, wanted)| Delivery {
            channel,
            status: if wanted { DeliveryStatus::Queued } else { DeliveryStatus::Suppressed },
            provider: None,
            provider_id: None,
            attempts: Vec::new(),
            reason: if wanted {
                format!(
                    "asked for alerts of {} and above by {}",
                    wants.min_severity.as_str(),
                    channel.as_str()
                )
            } else {
                format!("has switched off alerts by {}", channel.as_str())
            },
        })
        .collect();
    Some(Notification {
        id: NotificationId(id::derived(alert.id.0, &format!("notification {}", user.id), alert.revision)),
        kind: NotificationType::Alert,
        recipient: user.id,
        alert_id: alert.id,
        revision: alert.revision,
        priority: alert.severity,
        subject: String::new(),
        body: String::new(),
        exercise: alert.status == AlertStatus::Exercise,
        deliveries,
        created_at: now,
        read_at: None,
    })
}

fn notification_record(notification: &Notification, now: Timestamp) -> Result<NewRecord, ApplyError> {
    let value = serde_json::to_vec(notification).map_err(|error| ApplyError::Failed(error.to_string()))?;
    let meta = EventMeta {
        id: EventId(id::derived(notification.id.0, "notification", notification.revision)),
        kind: event_type::NOTIFICATION,
        source: "/crisislens/notify",
        time: now,
    };
    Ok(NewRecord::event(Topic::Notifications, notification.recipient.to_string().into_bytes(), value, meta))
}
