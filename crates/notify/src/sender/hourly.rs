//! What quiet hours have put off is due all at once when they end: of more than a person's most of an hour the rest waits for its share
//! of the next hours.

use std::collections::{BTreeMap, BTreeSet};

use crisislens_model::{
    Channel, DeliveryStatus, Notification, NotificationType, Severity, Timestamp, User, UserId,
};
use crisislens_state::ledger::{Due, Row};
use crisislens_state::{StateError, Tx};

use crate::decide::{are_quiet_words, over_the_most, quiet_until, quiet_words, recent};

/// Messages of this hour.
pub struct Hourly(BTreeMap<(UserId, Channel, Severity), u64>);

impl Hourly {
    /// Counts for those whose messages quiet hours have put off, which nobody else does until the transaction ends.
    pub async fn count(tx: &mut dyn Tx, due: &[Due], now: Timestamp) -> Result<Self, StateError> {
        let has_a_most = |one: &&Due| one.user.as_ref().is_some_and(|user| user.preferences.max_per_hour > 0);
        let put_off = due.iter().filter(has_a_most).filter(|one| was_put_off(&one.row));
        let people: BTreeSet<UserId> = put_off.map(|one| one.row.recipient).collect();
        if people.is_empty() {
            return Ok(Self(BTreeMap::new()));
        }
        let people: Vec<UserId> = people.into_iter().collect();
        Ok(Self(tx.handed_over(&people, recent(now), now).await?))
    }

    /// Until when a row that quiet hours have put off waits on, and why, where there are too many; it counts itself. What puts right
    /// something that somebody has goes at once, and a digest is one message.
    pub fn put_off(
        &mut self,
        row: &Row,
        user: &User,
        carried: &[Notification],
        now: Timestamp,
    ) -> Option<(Timestamp, String)> {
        let is_correction = carried.iter().any(|one| one.kind == NotificationType::Correction);
        let is_held = was_put_off(row) && !is_correction;
        let before = self.recent(row, user);
        *self.0.entry((row.recipient, row.channel, row.priority)).or_default() += 1;
        let (at, why) = over_the_most(user, row.priority, (row.channel, before), now).filter(|_| is_held)?;
        Some(match quiet_until(user, row.priority, at) {
            Some(until) => (until, quiet_words(user, until)),
            None => (at, why),
        })
    }

    /// Messages of this hour on the row's channel; not those that no limit holds: critical ones, and those that go in quiet hours.
    fn recent(&self, row: &Row, user: &User) -> u64 {
        let breaks_through =
            user.preferences.quiet_except.unwrap_or(Severity::Critical).min(Severity::Critical);
        let of = |severity| (row.recipient, row.channel, severity);
        self.0.range(of(Severity::Low)..of(breaks_through)).map(|(_, count)| count).sum()
    }
}

/// Whether quiet hours have put it off, and it is no digest.
fn was_put_off(row: &Row) -> bool {
    row.status == DeliveryStatus::Deferred
        && row.attempts.is_empty()
        && row.notification.0 != row.id.0
        && are_quiet_words(&row.reason)
}
