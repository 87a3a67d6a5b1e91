//! Whom a step is for when it comes, and what goes to each of them: at once, whatever hours and limits they have set.

use std::collections::BTreeSet;

use crisislens_model::{
    About, Alert, AlertStatus, Channel, Delivery, DeliveryStatus, Notification, NotificationId,
    NotificationType, Role, Timestamp, UserId, id,
};
use crisislens_state::escalations::{Escalation, Reachable};
use crisislens_state::{StateError, Tx};

use super::{MAX_CALLED, Step};
use crate::holds::{SetUp, read};
use crate::on_call::{Schedule, Team};
use crate::provider::worth;
use crate::targets::addresses;

/// Everybody whom a step names at `now`, as teams and schedules are then.
pub(super) async fn targets(
    tx: &mut dyn Tx,
    step: &Step,
    now: Timestamp,
) -> Result<Vec<Reachable>, StateError> {
    let mut people: BTreeSet<UserId> = step.users.iter().copied().collect();
    if !step.teams.is_empty() {
        for object in tx.set_up(Team::KIND).await?.iter().filter(|one| step.teams.contains(&one.id)) {
            people.extend(read::<Team>(object)?.members);
        }
    }
    if !step.schedules.is_empty() {
        for object in tx.set_up(Schedule::KIND).await?.iter().filter(|one| step.schedules.contains(&one.id)) {
            people.extend(read::<Schedule>(object)?.on_call(now));
        }
    }
    let people: Vec<UserId> = people.into_iter().collect();
    called(tx, &people, &step.roles).await
}

/// Every admin, for what has come to its end.
pub(super) async fn admins(tx: &mut dyn Tx) -> Result<Vec<Reachable>, StateError> {
    called(tx, &[], &[Role::Admin]).await
}

/// These people and those with the roles, as many as are called at once; the log names the others.
async fn called(tx: &mut dyn Tx, people: &[UserId], roles: &[Role]) -> Result<Vec<Reachable>, StateError> {
    let (found, others) = tx.reachable(people, roles, MAX_CALLED).await?;
    if !others.is_empty() {
        let (count, named) = (others.len(), others.iter().take(MAX_CALLED).map(ToString::to_string));
        let others = named.collect::<Vec<_>>().join(" ");
        tracing::warn!(count, others, "a step of a chain calls {MAX_CALLED} people and not these");
    }
    Ok(found)
}

/// What makes messages of one step.
pub(super) struct Paging<'a> {
    /// The alert as it now is.
    pub alert: &'a Alert,
    /// Where it is on its way.
    pub escalation: &'a Escalation,
    /// The step's channels; without, all that a person has.
    pub channels: Option<&'a [Channel]>,
    /// Which of its messages this is.
    pub name: &'a str,
    /// Why people get it.
    pub reason: &'a str,
    /// The time.
    pub now: Timestamp,
}

impl Paging<'_> {
    /// What goes to a person, still without texts; and whether it reaches them where the step wanted to.
    pub(super) fn to(&self, one: &Reachable) -> (Notification, bool) {
        let alert = self.alert;
        let id = self.id(one.user.id);
        let deliveries: Vec<Delivery> =
            Channel::ALL.into_iter().flat_map(|channel| self.on(id, one, channel)).collect();
        let reaches = deliveries.iter().any(|delivery| {
            delivery.status == DeliveryStatus::Queued
                || (delivery.channel == Channel::Inbox && self.is_wanted(Channel::Inbox))
        });
        let notification = Notification {
            id,
            kind: NotificationType::Escalation,
            recipient: one.user.id,
            about: About::alert(alert.id),
            revision: alert.revision,
            priority: alert.severity,
            locale: one.user.preferences.locale.clone(),
            subject: String::new(),
            body: String::new(),
            short: String::new(),
            exercise: alert.status == AlertStatus::Exercise,
            deliveries,
            created_at: self.now,
            read_at: None,
        };
        (notification, reaches)
    }

    fn id(&self, user: UserId) -> NotificationId {
        let Escalation { chain, step, .. } = self.escalation;
        let name = format!("{} {chain} {step} {user}", self.name);
        NotificationId(id::derived(self.alert.id.0, &name, self.escalation.round + 1))
    }

    fn is_wanted(&self, channel: Channel) -> bool {
        self.channels.is_none_or(|channels| channels.contains(&channel))
    }

    fn on(&self, id: NotificationId, one: &Reachable, channel: Channel) -> Vec<Delivery> {
        if channel == Channel::Inbox {
            return vec![Delivery::in_inbox(id, self.reason.to_owned(), self.now)];
        }
        if !self.is_wanted(channel) {
            return Vec::new();
        }
        let addresses = addresses(channel, &one.user, &one.contacts);
        addresses.into_iter().map(|to| self.at(id, one, channel, to)).collect()
    }

    fn at(&self, id: NotificationId, one: &Reachable, channel: Channel, to: &str) -> Delivery {
        let delivery =
            |status, reason: &str| Delivery::decided(id, channel, Some(to), status, reason.to_owned());
        if one.suppressed.iter().any(|(on, address)| *on == channel && address == to) {
            return delivery(DeliveryStatus::Suppressed, "nothing goes to this address");
        }
        let expires_at = self.now.checked_add(worth(self.alert.severity)).ok();
        let queued = delivery(DeliveryStatus::Queued, self.reason);
        Delivery { due_at: Some(self.now), expires_at, ..queued }
    }
}
