//! A store that goes away when told to, in front of one that works.
#![expect(clippy::unwrap_used, reason = "test support: an engine that fails ends the test")]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use crisislens_model::{
    Activity, Alert, AlertId, Channel, Claim, ClaimId, Contact, DeliveryId, EditLock, EventId, Incident,
    IncidentId, Item, ItemFilter, ItemId, Notification, NotificationId, Resource, Severity, SourceStatus,
    Timestamp, Topic, User, UserId, Workflow, WorkflowId,
};
use crisislens_state::activities::{Activities, StoryOf};
use crisislens_state::alerts::{AlertFilter, Alerts};
use crisislens_state::audit::{Audit, AuditEntry};
use crisislens_state::dead_letters::{DeadLetters, Letter, LetterCount, LetterFilter, LetterPage};
use crisislens_state::edit_locks::EditLocks;
use crisislens_state::escalations::{Escalation, Escalations};
use crisislens_state::incidents::{IncidentFilter, Incidents};
use crisislens_state::items::{Facets, GridCell, Items};
use crisislens_state::journal::Journal;
use crisislens_state::ledger::{
    Acknowledgement, DeliveryFilter, DeskObject, Fanout, Ledger, Prompt, ReachCount, Row, Said, Suppression,
    Told,
};
use crisislens_state::notices::{Notices, OutboxMessage};
use crisislens_state::people::{Account, People, Revocation};
use crisislens_state::sqlite::SqliteStore;
use crisislens_state::stream::{
    ConsumerOffset, Delayed, DelayedCount, OutboxDepth, Stranded, StreamState, Waiting,
};
use crisislens_state::verification::{
    Adjudication, ClaimFilter, ClaimOrder, TrainingExample, Verification, WorkflowFilter,
};
use crisislens_state::wire::Wire;
use crisislens_state::{Cursor, Durability, Page, StateError, Store, Tx};
use tempfile::TempDir;
use uuid::Uuid;

type Answer<T> = Result<T, StateError>;

/// The store in front of another.
pub struct FaultyStore {
    inner: Arc<dyn Store>,
    /// Answers in its place while it is away: a store that is closed.
    gone: SqliteStore,
    away: AtomicBool,
}

impl FaultyStore {
    /// In front of `inner`, which is there.
    pub async fn new(inner: Arc<dyn Store>) -> Arc<Self> {
        let dir = TempDir::new().unwrap();
        let gone = SqliteStore::open(&dir.path().join("gone.db")).await.unwrap();
        gone.close().await;
        Arc::new(Self { inner, gone, away: AtomicBool::new(false) })
    }

    /// Takes the store away, or brings it back.
    pub fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn store(&self) -> &dyn Store {
        if self.away.load(Ordering::SeqCst) { &self.gone } else { &*self.inner }
    }
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin(&self, durability: Durability) -> Answer<Box<dyn Tx>> {
        self.store().begin(durability).await
    }

    fn wire(&self) -> Option<&dyn Wire> {
        self.store().wire()
    }
}

macro_rules! pass_on {
    ($($port:ident { $(fn $name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)+ })+) => {
        $(#[async_trait]
        impl $port for FaultyStore {
            $(async fn $name(&self, $($arg: $type),*) -> Answer<$answer> {
                self.store().$name($($arg),*).await
            })+
        })+
    };
}

pass_on! {
    Items {
        fn item(id: ItemId) -> Option<Item>;
        fn items_by_id(ids: &[ItemId]) -> (Vec<Item>, usize);
        fn items_after(after: Option<ItemId>, limit: usize) -> Vec<Item>;
        fn item_count() -> u64;
        fn list_items(filter: &ItemFilter, limit: usize, after: Option<Cursor>) -> Page<Item>;
        fn facets(filter: &ItemFilter) -> Facets;
        fn grid(filter: &ItemFilter, cell: f64, limit: usize) -> Vec<GridCell>;
    }
    Incidents {
        fn incident(id: IncidentId) -> Option<Incident>;
        fn list_incidents(
            filter: &IncidentFilter,
            limit: usize,
            after: Option<Cursor>
        ) -> Page<Incident>;
        fn incidents_of_keys(keys: &[u64]) -> Vec<Incident>;
        fn incidents_left_by(item: ItemId) -> Vec<IncidentId>;
    }
    Alerts {
        fn alert(id: AlertId) -> Option<Alert>;
        fn alert_revisions(id: AlertId) -> Vec<Alert>;
        fn list_alerts(filter: &AlertFilter, limit: usize, after: Option<Cursor>) -> Page<Alert>;
    }
    Notices {
        fn list_notifications(
            recipient: UserId,
            unread_only: bool,
            limit: usize,
            after: Option<Cursor>
        ) -> Page<Notification>;
        fn notification_of(recipient: UserId, alert: AlertId, revision: u64) -> Option<Notification>;
        fn notification(recipient: UserId, id: NotificationId) -> Option<Notification>;
        fn unread(recipient: UserId) -> u64;
        fn list_outbox_messages(channel: Option<Channel>, limit: usize, after: Option<Cursor>) -> Page<OutboxMessage>;
    }
    Ledger {
        fn delivery(id: DeliveryId) -> Option<(Row, Option<Notification>)>;
        fn told_of(id: DeliveryId) -> Vec<Told>;
        fn list_deliveries(filter: &DeliveryFilter, limit: usize, after: Option<Cursor>) -> Page<Row>;
        fn reach(alert: AlertId) -> Vec<ReachCount>;
        fn people_told(alert: AlertId) -> Vec<(Severity, u64)>;
        fn promptness(alert: AlertId) -> Vec<Prompt>;
        fn fanouts(alert: AlertId) -> Vec<Fanout>;
        fn passed_over(alert: AlertId, revision: u64, user: UserId) -> Option<String>;
        fn next_due(channels: &[(Channel, Severity)]) -> Option<Timestamp>;
        fn has_fanout() -> bool;
        fn next_bulletin_at() -> Option<Timestamp>;
        fn open_deliveries() -> u64;
        fn suppressions(channel: Option<Channel>, limit: usize) -> Vec<Suppression>;
        fn suppressed_contacts(user: UserId) -> Vec<Suppression>;
        fn contacts(user: UserId) -> Vec<Contact>;
        fn acknowledgements(alert: AlertId) -> Vec<Acknowledgement>;
        fn acknowledgers(alert: AlertId) -> Vec<Said>;
        fn desk_objects(kind: &str, owner: Option<Uuid>) -> Vec<DeskObject>;
    }
    Escalations {
        fn escalations(alert: AlertId) -> Vec<Escalation>;
        fn next_escalation() -> Option<Timestamp>;
        fn may_rest(alert: AlertId, user: UserId) -> bool;
        fn texted(number: &str, since: Timestamp) -> Option<(AlertId, Vec<UserId>)>;
    }
    People {
        fn account_by_email(email: &str) -> Option<Account>;
        fn user(id: UserId) -> Option<User>;
        fn user_and_generation(id: UserId) -> Option<(User, i64)>;
        fn users() -> Vec<User>;
        fn people_named(letters: &str, limit: usize) -> Vec<User>;
        fn revocations(since: Timestamp) -> Vec<Revocation>;
    }
    Verification {
        fn claim(id: ClaimId) -> Option<Claim>;
        fn claims_by_id(ids: &[ClaimId]) -> Vec<Claim>;
        fn list_claims(
            filter: &ClaimFilter,
            order: ClaimOrder,
            limit: usize,
            after: Option<Cursor>
        ) -> Page<Claim>;
        fn claims_of_items(ids: &[ItemId]) -> HashMap<ItemId, Vec<ClaimId>>;
        fn workflow(id: WorkflowId) -> Option<Workflow>;
        fn last_workflow(claim: ClaimId) -> Option<Workflow>;
        fn last_workflows(claims: &[ClaimId]) -> HashMap<ClaimId, Workflow>;
        fn list_workflows(filter: &WorkflowFilter, limit: usize, after: Option<Cursor>) -> Page<Workflow>;
        fn due_workflows(now: Timestamp) -> u64;
        fn adjudications(sources: &[String], limit: usize) -> Vec<Adjudication>;
        fn training_examples(limit: usize, after: Option<Cursor>) -> Page<TrainingExample>;
    }
    Journal {
        fn sources() -> Vec<SourceStatus>;
        fn source_memory(name: &str) -> Option<String>;
        fn setting(name: &str) -> Option<String>;
    }
    StreamState {
        fn offset(consumer: &str, topic: Topic, partition: u32) -> u64;
        fn offsets() -> Vec<ConsumerOffset>;
        fn waiting(after: i64, limit: usize) -> Vec<Waiting>;
        fn outbox_depth() -> OutboxDepth;
        fn has_spooled() -> bool;
        fn stranded(limit: usize) -> Vec<Stranded>;
        fn delayed(consumer: &str, topic: Topic, partition: u32) -> Vec<Delayed>;
        fn delayed_counts() -> Vec<DelayedCount>;
    }
    DeadLetters {
        fn letters(filter: &LetterFilter, limit: usize, after: Option<u64>) -> LetterPage;
        fn letters_after(filter: &LetterFilter, limit: usize, after: Option<u64>) -> LetterPage;
        fn letter(offset: u64) -> Option<Letter>;
        fn letter_counts() -> Vec<LetterCount>;
    }
    Audit {
        fn audit(limit: usize, after: Option<Cursor>) -> Page<AuditEntry>;
    }
    Activities {
        fn activity(id: EventId) -> Option<Activity>;
        fn activities(of: StoryOf, limit: usize, after: Option<Cursor>) -> Page<Activity>;
    }
    EditLocks {
        fn edit_lock(resource: Resource, now: Timestamp) -> Option<EditLock>;
        fn edit_locks(resources: &[Resource], now: Timestamp) -> Vec<EditLock>;
        fn held_locks() -> Vec<EditLock>;
        fn ended_locks(now: Timestamp, limit: usize) -> Vec<EditLock>;
    }
}
