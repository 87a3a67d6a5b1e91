//! How many would be told of alerts that were never raised: the same decision as for those that are, by what people want now, and nothing
//! written.
//!
//! Limits: nobody counts as told before, so that every alert counts as the first of its kind; silences and maintenance windows are not
//! asked; at most [`MAX_PEOPLE`] people are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crisislens_model::{Alert, AlertStatus, Channel, DeliveryStatus, Timestamp, UserId};
use crisislens_state::ledger::Who;
use crisislens_state::{Durability, StateError, Store};
use serde::Serialize;

use crate::{Decision, Matter, Rules, decide};

/// Most people that are looked at.
pub const MAX_PEOPLE: usize = 5_000;
/// So many are read at once: while they are, nobody else writes.
const PAGE: usize = 250;

/// How many would be told.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Forecast {
    /// Alerts that were asked about: each once, without its revisions, and without drafts.
    pub alerts: u64,
    /// People who were looked at.
    pub considered: u64,
    /// Of them, those who would be told of at least one.
    pub people: u64,
    /// Messages to them, by channel.
    pub messages: BTreeMap<Channel, u64>,
    /// Whether there are more people, or there was no time for all.
    pub truncated: bool,
}

/// How many would have been told of `alerts`, each at the time when it is effective. Takes no longer than `time`.
///
/// # Errors
/// The store failed.
pub async fn forecast(
    store: &dyn Store,
    alerts: &[Alert],
    rules: Rules,
    time: Duration,
) -> Result<Forecast, StateError> {
    let deadline = tokio::time::Instant::now() + time;
    let raised = |alert: &&Alert| alert.revision == 1 && alert.status != AlertStatus::Draft;
    let alerts: Vec<&Alert> = alerts.iter().filter(raised).collect();
    let mut found = Forecast { alerts: alerts.len() as u64, ..Forecast::default() };
    let mut people: BTreeSet<UserId> = BTreeSet::new();
    let mut after = None;
    while !alerts.is_empty() {
        // A transaction of its own, so that others can write in between; it ends without one.
        let who = Who::Everybody { after, limit: PAGE };
        let page = store.begin(Durability::Power).await?.candidates(who, None, Timestamp::MAX).await?;
        found.considered += page.len() as u64;
        for candidate in &page {
            for alert in &alerts {
                let Decision::Told { notification, .. } =
                    decide(&Matter::alert(alert), candidate, rules, alert.effective)
                else {
                    continue;
                };
                people.insert(candidate.user.id);
                let leave = notification.deliveries.iter().filter(|delivery| {
                    !matches!(delivery.status, DeliveryStatus::Suppressed | DeliveryStatus::Expired)
                });
                for delivery in leave {
                    *found.messages.entry(delivery.channel).or_default() += 1;
                }
            }
            tokio::task::yield_now().await;
        }
        after = page.last().map(|candidate| candidate.user.id);
        if page.len() < PAGE {
            break;
        }
        if found.considered >= MAX_PEOPLE as u64 || tokio::time::Instant::now() >= deadline {
            found.truncated = true;
            break;
        }
    }
    found.people = people.len() as u64;
    Ok(found)
}
