//! Escalations: the port's reads and writes.
//!
//! An escalation takes an alert along a chain of steps until somebody acknowledges it. It begins once for each alert and chain, in the
//! transaction that chooses the alert's first recipients, and what it does next stands in the store with its time.

use async_trait::async_trait;
use crisislens_model::{Alert, AlertId, Channel, Contact, Role, Timestamp, User, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::StateError;
use crate::ledger::Acknowledgement;

/// From this role on an acknowledgement lets an alert's escalations rest, whoever was called: who reads along does not end what calls others.
pub const RESTS_FROM: Role = Role::Analyst;
/// How the reason of a suppression begins that a telephone's owner asked for by an answer.
pub const ANSWERED: &str = "its owner answered ";

/// How an escalation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum EscalationState {
    /// The next step comes.
    Running,
    /// Somebody sees to the alert.
    Acknowledged,
    /// Everybody was told, and nobody has acknowledged it.
    Ended,
    /// The alert was withdrawn.
    Cancelled,
}

impl EscalationState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Acknowledged, Self::Ended, Self::Cancelled];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Acknowledged => "acknowledged",
            Self::Ended => "ended",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether anything may still happen.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Running | Self::Acknowledged)
    }
}

/// An alert on its way along a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// Derived from alert and chain.
    pub id: Uuid,
    /// The alert.
    pub alert: AlertId,
    /// The chain.
    pub chain: Uuid,
    /// The chain as it was at the start, JSON.
    pub document: String,
    /// The step that comes next, from 0.
    pub step: u64,
    /// How often the chain was gone through.
    pub round: u64,
    /// When that step is due; while it is acknowledged, when that ends. Without, nothing more happens.
    pub next_at: Option<Timestamp>,
    /// How it stands.
    pub state: EscalationState,
    /// Rises with each change.
    pub version: u64,
    /// Since when.
    pub started_at: Timestamp,
}

/// A person, with every way there is to them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reachable {
    /// Who.
    pub user: User,
    /// Ways to reach them, first first.
    pub contacts: Vec<Contact>,
    /// Those of their addresses that nothing goes to.
    pub suppressed: Vec<(Channel, String)>,
}

/// Reads of escalations.
#[async_trait]
pub trait Escalations: Send + Sync {
    /// Those of an alert, first first.
    async fn escalations(&self, alert: AlertId) -> Result<Vec<Escalation>, StateError>;

    /// When the next is due, if any is: one in the past is due now.
    async fn next_escalation(&self) -> Result<Option<Timestamp>, StateError>;

    /// Whether the alert's escalations rest when this person acknowledges it: one of its chains has called them, or they have a role from
    /// [`RESTS_FROM`] on.
    async fn may_rest(&self, alert: AlertId, user: UserId) -> Result<bool, StateError>;

    /// The alert that was last sent to a telephone, at `since` or later, with everybody whose message it was. What failed, exercises, and
    /// alerts that were withdrawn since are none that anybody answers to.
    async fn texted(
        &self,
        number: &str,
        since: Timestamp,
    ) -> Result<Option<(AlertId, Vec<UserId>)>, StateError>;
}

/// Writes of escalations.
#[async_trait]
pub trait EscalationsTx: Send {
    /// Begins those that are not there yet. Answers how many that were.
    async fn begin_escalations(&mut self, escalations: &[Escalation]) -> Result<u64, StateError>;

    /// One that is due and that nobody else works on; nobody else gets it until the transaction ends.
    async fn take_escalation(&mut self, now: Timestamp) -> Result<Option<Escalation>, StateError>;

    /// Writes how far one came, if it still has the version before; whether it had.
    async fn put_escalation(&mut self, escalation: &Escalation) -> Result<bool, StateError>;

    /// Ends those of an alert that was withdrawn. Answers how many.
    async fn cancel_escalations(&mut self, alert: AlertId) -> Result<u64, StateError>;

    /// Who has acknowledged an alert, seen inside the transaction.
    async fn acknowledged_by(&mut self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError>;

    /// Those of them by which its escalations rest, see [`Escalations::may_rest`].
    async fn rested_by(&mut self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError>;

    /// Notes that an answer to a short message was read; whether it is new. `message` is its name at the provider.
    async fn take_answer(&mut self, provider: &str, message: &str, at: Timestamp)
    -> Result<bool, StateError>;

    /// Lifts what keeps a telephone from messages because its owner answered so, and nothing else; whether there was something.
    async fn lift_answered(&mut self, number: &str) -> Result<bool, StateError>;

    /// The newest revision of an alert that recipients were chosen for, or are.
    async fn told_alert(&mut self, alert: AlertId) -> Result<Option<Alert>, StateError>;

    /// These people and everybody with one of these roles, each once, by id; `most` of them, people before those of the first role
    /// and so on, and the ids of the others.
    async fn reachable(
        &mut self,
        people: &[UserId],
        roles: &[Role],
        most: usize,
    ) -> Result<(Vec<Reachable>, Vec<UserId>), StateError>;
}
