//! The ledger of deliveries: the port's reads and writes.
//!
//! A row stands for one notification on one channel to one address, from the decision to the last that its provider told. A worker
//! takes rows that are due, with a lease and a token that rises each time; what it writes later counts if the token is still its own.
//! What providers tell counts by rank, whenever it comes.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use crisislens_model::{
    Alert, AlertId, Attempt, Channel, Contact, ContactId, Delivery, DeliveryId, DeliveryStatus, Notification,
    NotificationId, Severity, Timestamp, User, UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Cursor, Page, StateError};

mod recipients;
pub use recipients::{Bulletin, Candidate, Earlier, Fanout, Who};

/// Longest address, bytes: it stands in indexes.
pub const MAX_ADDRESS: usize = 2_048;
/// Longest name of a provider's for a message, bytes.
pub const MAX_NAME: usize = 500;

/// A row of the ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The delivery.
    pub id: DeliveryId,
    /// The notification it carries; a digest's own id, for it carries many.
    pub notification: NotificationId,
    /// What its notification has in common with others: the alert's id, or see [`Notification::thread`]; nil for a digest.
    pub thread: Uuid,
    /// The alert's revision; 0 where it is about none.
    pub revision: u64,
    /// Who gets it.
    pub recipient: UserId,
    /// How.
    pub channel: Channel,
    /// Where.
    pub address: String,
    /// How urgent.
    pub priority: Severity,
    /// Part of an exercise.
    pub exercise: bool,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Why.
    pub reason: String,
    /// When a worker may take it; while one has it, the end of its lease.
    pub due_at: Option<Timestamp>,
    /// When it is not worth sending any more.
    pub expires_at: Timestamp,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it was handed over.
    pub sent_at: Option<Timestamp>,
    /// How often it was taken.
    pub token: u64,
    /// Who carries it.
    pub provider: Option<String>,
    /// The provider's name for it.
    pub provider_id: Option<String>,
    /// Each try.
    pub attempts: Vec<Attempt>,
    /// The row that carries it.
    pub digest: Option<DeliveryId>,
}

impl Row {
    /// The alert that it tells of.
    #[must_use]
    pub fn alert(&self) -> Option<AlertId> {
        (self.revision > 0).then_some(AlertId(self.thread))
    }

    /// The row as people see it.
    #[must_use]
    pub fn delivery(&self) -> Delivery {
        Delivery {
            id: self.id,
            channel: self.channel,
            to: Some(self.address.clone()),
            status: self.status,
            provider: self.provider.clone(),
            provider_id: self.provider_id.clone(),
            due_at: self.due_at.filter(|_| self.status.is_open()),
            expires_at: Some(self.expires_at).filter(|_| self.status.is_open()),
            sent_at: self.sent_at,
            digest: self.digest,
            attempts: self.attempts.clone(),
            reason: self.reason.clone(),
        }
    }
}

/// A row that is due, with what it carries.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    /// The row.
    pub row: Row,
    /// The notification; none for a digest.
    pub notification: Option<Notification>,
    /// Who gets it; none where the account is gone.
    pub user: Option<User>,
    /// The way to reach them that the address is of; none for e-mail, and where they have taken it back.
    pub contact: Option<Contact>,
    /// Why nothing goes to the address, if so.
    pub suppressed: Option<String>,
}

/// What a worker writes to a row that it took.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The row, with everything as it is to be. Status, reason and times give way to what the provider told meanwhile.
    pub row: Row,
    /// The token that it must still have.
    pub expected: u64,
}

/// Something that a provider told of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderEvent {
    /// The same for what is told again.
    pub key: String,
    /// The delivery, where the provider repeats it.
    pub delivery: Option<DeliveryId>,
    /// The provider's name for the message.
    pub message: Option<String>,
    /// The provider's word for what happened.
    pub event: String,
    /// What it means for the delivery.
    pub status: Option<DeliveryStatus>,
    /// Why, in the provider's words.
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// One entry of a delivery's history, as a provider told it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Told {
    /// By whom.
    pub provider: String,
    /// The provider's word for what happened.
    pub event: String,
    /// Why, in the provider's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// An address that nothing is sent to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Suppression {
    /// How it would be sent.
    pub channel: Channel,
    /// The address.
    pub address: String,
    /// Why not.
    pub why: String,
    /// Since when.
    pub at: Timestamp,
}

/// Which deliveries are meant; every part that is given must fit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Of this alert.
    pub alert: Option<AlertId>,
    /// To this person.
    pub recipient: Option<UserId>,
    /// On this channel.
    pub channel: Option<Channel>,
    /// With this status.
    pub status: Option<DeliveryStatus>,
}

/// How many deliveries of an alert stand where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ReachCount {
    /// The revision.
    pub revision: u64,
    /// The channel.
    pub channel: Channel,
    /// How urgent they are.
    pub priority: Severity,
    /// How far they got.
    pub status: DeliveryStatus,
    /// How many.
    pub count: u64,
}

/// Somebody's word that they know of an alert and see to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Acknowledgement {
    /// Of which alert.
    pub alert: AlertId,
    /// Whose.
    pub user: UserId,
    /// From where: `app`, `email`, `sms`, `api`.
    pub via: String,
    /// When.
    pub at: Timestamp,
    /// Until when it counts; without, for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// An acknowledgement as others see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What was said.
    pub acknowledgement: Acknowledgement,
    /// The name of who said it; none where the account is gone.
    pub name: Option<String>,
    /// Whether the alert's escalations rest by it.
    pub rests: bool,
}

/// How soon somebody acknowledged an alert that they were told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Prompt {
    /// Who.
    pub user: UserId,
    /// How urgent it was.
    pub severity: Severity,
    /// When they were first told of it as that urgent.
    pub told_at: Timestamp,
    /// When they first acknowledged it.
    pub acknowledged_at: Timestamp,
}

/// For how long an alert is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counts {
    /// Somebody sees to it for good.
    ForGood,
    /// The last acknowledgement ends then.
    Until(Timestamp),
}

impl Counts {
    /// By what all have said, as far as it counts at `now`; none where nothing does.
    #[must_use]
    pub fn of(all: &[Acknowledgement], now: Timestamp) -> Option<Self> {
        let ends = all.iter().map(|one| one.expires_at).filter(|end| end.is_none_or(|end| end > now));
        ends.fold(None, |counts, end| match (counts, end) {
            (Some(Self::ForGood), _) | (_, None) => Some(Self::ForGood),
            (Some(Self::Until(other)), Some(end)) => Some(Self::Until(end.max(other))),
            (None, Some(end)) => Some(Self::Until(end)),
        })
    }
}

/// What people set up, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskObject {
    /// Its id among those of its kind.
    pub id: Uuid,
    /// Whose it is: a person's, a team's, a role's ([`crisislens_model::owner_of_role`]); nil for everybody's.
    pub owner: Uuid,
    /// Rises with each change.
    pub version: u64,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// The thing itself, JSON.
    pub document: String,
}

/// Reads of the ledger.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// One delivery, with its notification.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<(Row, Option<Notification>)>, StateError>;

    /// What providers told of a delivery, first first.
    async fn told_of(&self, id: DeliveryId) -> Result<Vec<Told>, StateError>;

    /// Deliveries, newest first.
    async fn list_deliveries(
        &self,
        filter: &DeliveryFilter,
        limit: usize,
        after: Option<Cursor>,
    ) -> Result<Page<Row>, StateError>;

    /// How many of an alert's deliveries stand where, the inbox included.
    async fn reach(&self, alert: AlertId) -> Result<Vec<ReachCount>, StateError>;

    /// How many people were told of an alert at each severity: in their inbox, or by a message that was handed over and has not failed.
    async fn people_told(&self, alert: AlertId) -> Result<Vec<(Severity, u64)>, StateError>;

    /// How soon those who were told of an alert and have acknowledged it did so: one for each person and severity, in their order.
    async fn promptness(&self, alert: AlertId) -> Result<Vec<Prompt>, StateError>;

    /// How choosing recipients went, for each revision of an alert, first first.
    async fn fanouts(&self, alert: AlertId) -> Result<Vec<Fanout>, StateError>;

    /// Why a person was told nothing of a revision, if they were looked at and told nothing.
    async fn passed_over(
        &self,
        alert: AlertId,
        revision: u64,
        user: UserId,
    ) -> Result<Option<String>, StateError>;

    /// When the next row of these channels, and of so high a severity or above, is due, if any is: one in the past is due now.
    async fn next_due(&self, channels: &[(Channel, Severity)]) -> Result<Option<Timestamp>, StateError>;

    /// From when on the next news are to be told, if there are any.
    async fn next_bulletin_at(&self) -> Result<Option<Timestamp>, StateError>;

    /// Whether recipients of some alert are still to be chosen.
    async fn has_fanout(&self) -> Result<bool, StateError>;

    /// Rows that a worker is still to send.
    async fn open_deliveries(&self) -> Result<u64, StateError>;

    /// Addresses that nothing is sent to, newest first.
    async fn suppressions(
        &self,
        channel: Option<Channel>,
        limit: usize,
    ) -> Result<Vec<Suppression>, StateError>;

    /// Those of a person's contacts that nothing is sent to, and why.
    async fn suppressed_contacts(&self, user: UserId) -> Result<Vec<Suppression>, StateError>;

    /// A person's contacts, first first.
    async fn contacts(&self, user: UserId) -> Result<Vec<Contact>, StateError>;

    /// Who has acknowledged an alert, first first.
    async fn acknowledgements(&self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError>;

    /// The same with who that is, and what it does.
    async fn acknowledgers(&self, alert: AlertId) -> Result<Vec<Said>, StateError>;

    /// What of a kind is set up, by id: somebody's, or everybody's.
    async fn desk_objects(&self, kind: &str, owner: Option<Uuid>) -> Result<Vec<DeskObject>, StateError>;
}

/// Writes of the ledger.
#[async_trait]
pub trait LedgerTx: Send {
    /// Notes that recipients of this revision are to be chosen; whether that is new.
    async fn begin_fanout(&mut self, alert: &Alert, now: Timestamp) -> Result<bool, StateError>;

    /// The most urgent that is not done and that nobody else works on; nobody else gets it until the transaction ends.
    async fn next_fanout(&mut self) -> Result<Option<Fanout>, StateError>;

    /// Writes how far it came.
    async fn put_fanout(&mut self, fanout: &Fanout) -> Result<(), StateError>;

    /// People in the order of their ids, with what decides whether and how they are told of something; with what earlier became of
    /// an alert, if one is given. Messages count as lately decided from `since` on: not critical ones, nor what was canceled, and a digest as one.
    async fn candidates(
        &mut self,
        who: Who<'_>,
        earlier_of: Option<AlertId>,
        since: Timestamp,
    ) -> Result<Vec<Candidate>, StateError>;

    /// Whether anybody asks for items.
    async fn are_items_asked_for(&mut self) -> Result<bool, StateError>;

    /// Keeps news until they are told, or how far telling them came.
    async fn put_bulletin(&mut self, bulletin: &Bulletin) -> Result<(), StateError>;

    /// The first that is due and that nobody else works on; nobody else gets it until the transaction ends.
    async fn next_bulletin(&mut self, now: Timestamp) -> Result<Option<Bulletin>, StateError>;

    /// It is told.
    async fn delete_bulletin(&mut self, id: Uuid) -> Result<(), StateError>;

    /// Which of these people were told of which of these threads since then, or will be.
    async fn told_since(
        &mut self,
        threads: &[Uuid],
        users: &[UserId],
        since: Timestamp,
    ) -> Result<HashSet<(Uuid, UserId)>, StateError>;

    /// Keeps why people of a page were told nothing: reasons, each with those it is true of. `first` is the page's first.
    async fn put_passed_over(
        &mut self,
        alert: AlertId,
        revision: u64,
        first: UserId,
        reasons: &BTreeMap<String, Vec<UserId>>,
    ) -> Result<(), StateError>;

    /// Which of these are not there yet.
    async fn unknown_notifications(
        &mut self,
        ids: &[NotificationId],
    ) -> Result<Vec<NotificationId>, StateError>;

    /// Writes notifications that are not there yet, and a row for each of their deliveries that is to leave. One that waits for a
    /// digest which is gone meanwhile goes alone. Answers those that were new.
    async fn enter(&mut self, notifications: &[Notification]) -> Result<Vec<NotificationId>, StateError>;

    /// Rows that are due, most urgent first, which no other transaction gets until this one ends: of each channel so many, and of
    /// those below [`Severity::High`] so many fewer as the second number says.
    async fn take_due(
        &mut self,
        now: Timestamp,
        limits: &[(Channel, usize, usize)],
    ) -> Result<Vec<Due>, StateError>;

    /// The notifications that a digest carries, first first.
    async fn carried(&mut self, digest: DeliveryId) -> Result<Vec<Notification>, StateError>;

    /// How many messages these people were handed from `since` on, are being handed, or were put off that were to be handed over, by
    /// channel and severity: a digest as one. Nobody else counts theirs until the transaction ends.
    async fn handed_over(
        &mut self,
        people: &[UserId],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<BTreeMap<(UserId, Channel, Severity), u64>, StateError>;

    /// Writes rows whose token is still the expected one; what a digest carries goes with it. Answers which were written.
    async fn write_deliveries(&mut self, changes: &[Change]) -> Result<Vec<DeliveryId>, StateError>;

    /// Ends rows that nobody has taken. Answers which.
    async fn cancel_deliveries(
        &mut self,
        ids: &[DeliveryId],
        why: &str,
    ) -> Result<Vec<DeliveryId>, StateError>;

    /// Takes what a provider told, each thing once, and moves the deliveries it is about up to it. Answers the keys of those that were new.
    async fn take_events(
        &mut self,
        provider: &str,
        events: &[ProviderEvent],
    ) -> Result<Vec<String>, StateError>;

    /// Keeps an acknowledgement in place of the person's last one of that alert, marks what went to them of it, and lets the alert's
    /// escalations rest while anybody's counts. Answers whether it is their first.
    async fn acknowledge(&mut self, acknowledgement: &Acknowledgement) -> Result<bool, StateError>;

    /// Lets a row that has ended be sent again at `now`; whether there was one that had failed, expired or was suppressed.
    async fn send_again(
        &mut self,
        id: DeliveryId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StateError>;

    /// Nothing more goes to this address. One that is there already stays as it is; whether it is new.
    async fn suppress(&mut self, suppression: &Suppression) -> Result<bool, StateError>;

    /// Lets messages go to an address again; whether it was suppressed.
    async fn unsuppress(&mut self, channel: Channel, address: &str) -> Result<bool, StateError>;

    /// A person's contacts, first first; nobody else reads theirs so until the transaction ends.
    async fn contacts_to_add_to(&mut self, user: UserId) -> Result<Vec<Contact>, StateError>;

    /// Writes a contact.
    async fn put_contact(&mut self, contact: &Contact) -> Result<(), StateError>;

    /// Deletes a person's contact; whether there was one.
    async fn delete_contact(&mut self, user: UserId, id: ContactId) -> Result<bool, StateError>;

    /// What of a kind is set up; see [`Ledger::desk_objects`].
    async fn set_up(&mut self, kind: &str) -> Result<Vec<DeskObject>, StateError>;

    /// What of a kind has these ids, as far as it is there, by id.
    async fn set_up_with(&mut self, kind: &str, ids: &[Uuid]) -> Result<Vec<DeskObject>, StateError>;

    /// Writes a thing that people set up, made new where `object.version` is 1, else in place of the version before.
    /// Errors with [`StateError::VersionConflict`]; `current` is 0 where there is none.
    async fn put_desk_object(&mut self, kind: &str, object: &DeskObject) -> Result<(), StateError>;

    /// Deletes one; whether there was one.
    async fn delete_desk_object(&mut self, kind: &str, id: Uuid) -> Result<bool, StateError>;

    /// Deletes all of a kind that an owner has; how many there were.
    async fn delete_desk_objects_of(&mut self, kind: &str, owner: Uuid) -> Result<u64, StateError>;
}
