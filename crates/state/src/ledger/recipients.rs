//! Choosing recipients: how far it came, and what of a person decides whether and how they are told.

use std::collections::BTreeMap;
use std::sync::Arc;

use crisislens_model::{
    Alert, Channel, Contact, DeliveryId, DeliveryStatus, News, Severity, Subscription, Timestamp, User,
    UserId,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// How choosing the recipients of a revision goes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Fanout {
    /// The alert's revision as it was raised.
    pub alert: Alert,
    /// The last person that was looked at.
    #[serde(skip)]
    pub after: Option<UserId>,
    /// Since when.
    pub begun_at: Timestamp,
    /// When all had been looked at.
    pub done_at: Option<Timestamp>,
    /// People looked at.
    pub considered: u64,
    /// People told.
    pub told: u64,
    /// Why nobody is told, where that is so: a silence, a maintenance window, an alert that inhibits it.
    pub held: Option<String>,
}

/// What earlier became of an alert towards one address of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Earlier {
    /// The row.
    pub id: DeliveryId,
    /// The channel.
    pub channel: Channel,
    /// The address.
    pub address: String,
    /// Which revision.
    pub revision: u64,
    /// How urgent it was.
    pub priority: Severity,
    /// How far it got.
    pub status: DeliveryStatus,
    /// When it was handed over, else when it was decided.
    pub at: Timestamp,
    /// Whether a try at it had no answer: it may have gone out whatever its status says.
    pub may_be_out: bool,
    /// Whether it calls somebody whose turn it was.
    pub is_page: bool,
}

impl Earlier {
    /// Whether the person has it, or may have it.
    #[must_use]
    pub fn reached(&self) -> bool {
        self.status.went_out() || (self.may_be_out && self.status != DeliveryStatus::Failed)
    }
}

/// A person who may be told of an alert, with all that decides it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Who.
    pub user: User,
    /// Ways to reach them.
    pub contacts: Vec<Contact>,
    /// What they want alerts of: their own, then those of each team they are in, `team NAME: …`, then those of their role, `role NAME: …`.
    pub subscriptions: Vec<Arc<Subscription>>,
    /// What became of earlier revisions.
    pub earlier: Vec<Earlier>,
    /// The newest revision that stands in their inbox.
    pub in_inbox: Option<u64>,
    /// Messages lately decided for them, by channel.
    pub recent: BTreeMap<Channel, u64>,
}

/// Of whom candidates are read; by page behind `after` in the order of ids, at most `limit`.
#[derive(Debug, Clone, Copy)]
pub enum Who<'a> {
    /// Everybody.
    Everybody {
        /// The last of the page before.
        after: Option<UserId>,
        /// The most of a page.
        limit: usize,
    },
    /// Those who ask for items: see [`crisislens_model::Preferences::ask_for_items`].
    AskingForItems {
        /// The last of the page before.
        after: Option<UserId>,
        /// The most of a page.
        limit: usize,
    },
    /// These, at most 500.
    These(&'a [UserId]),
}

/// Items whose news are still to be told.
#[derive(Debug, Clone, PartialEq)]
pub struct Bulletin {
    /// Its id.
    pub id: Uuid,
    /// From when on.
    pub due_at: Timestamp,
    /// The last person that was looked at.
    pub after: Option<UserId>,
    /// The news.
    pub news: Vec<News>,
}
