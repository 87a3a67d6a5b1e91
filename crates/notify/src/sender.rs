//! The ledger → providers: deliveries that are due are taken with a lease, handed over, and what came of it is written.
//!
//! A row is taken and noted as tried before anybody is asked, so that a crash between a provider's answer and our note is known as
//! such; then the provider decides by [`crate::carrier::Provider::replaces`] whether asking again does harm.

mod hourly;
mod plan;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_model::{About, Channel, Clock, DeliveryId, News, Notification, Severity, Timestamp};
use crisislens_state::ledger::{Change, Row, Suppression};
use crisislens_state::notices::OutboxMessage;
use crisislens_state::{Durability, StateError, Store, Tx};
use tokio::sync::Notify;
use tokio::task::{Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::carrier::{Carriers, Line};
use crate::contents::{self, Contents, Made};
use crate::holds::read;
use crate::provider::Outcome;
use crate::rounds::AFTER_ERROR;
use crate::templates::own::Template;
use crate::templates::{Origin, OwnTemplates};
use crate::trial;
use hourly::Hourly;
use plan::{Ready, plan};

/// Channels whose deliveries leave.
const LEAVING: [Channel; 4] = [Channel::Email, Channel::Sms, Channel::Push, Channel::Webhook];
/// Of a lease a provider has so much to answer in: what came of it is written before somebody else takes the row.
const SHARE_OF_LEASE: (u32, u32) = (2, 3);
/// How often it looks for what another node has decided.
const IDLE: Duration = Duration::from_millis(500);
/// What comes back within so long is written together, unless it is much.
const COMES_TOGETHER: Duration = Duration::from_millis(10);

/// How much is done at once.
#[derive(Debug, Clone, Copy)]
pub struct SenderOptions {
    /// Messages of a channel that are being handed over at once. A quarter of them is kept for those of [`crisislens_model::Severity::High`] and above.
    pub at_once: usize,
    /// A row that was taken and not written back for so long may be taken again. A provider has two thirds of it
    /// to answer in; then nobody knows whether it has the message.
    pub lease: Duration,
    /// So long it is waited for word from a provider that may have a message already, before it is handed over again.
    pub heard_within: Duration,
}

impl SenderOptions {
    /// How long a provider is waited for.
    fn patience(&self) -> Duration {
        let (of, whole) = SHARE_OF_LEASE;
        self.lease * of / whole
    }
}

impl Default for SenderOptions {
    fn default() -> Self {
        Self { at_once: 128, lease: Duration::from_secs(30), heard_within: Duration::from_secs(120) }
    }
}

/// Hands deliveries over.
pub struct Sender {
    /// The ledger.
    pub store: Arc<dyn Store>,
    /// Who carries what.
    pub carriers: Arc<Carriers>,
    /// What messages say.
    pub contents: Arc<Contents>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes it.
    pub wake: Arc<Notify>,
    /// How much is done at once.
    pub options: SenderOptions,
}

/// What messages tell of: an alert's id with the revision, or an item's.
type Origins = HashMap<(Uuid, u64), Arc<Origin>>;

/// What the users' templates make a message of.
struct Texts {
    own: Arc<OwnTemplates>,
    origin: Option<Arc<Origin>>,
    tried: Option<Template>,
}

/// Where what a notification tells of is found among [`Origins`].
fn origin_of(notification: &Notification) -> Option<(Uuid, u64)> {
    let About { alert_id, item_id, .. } = notification.about;
    alert_id.map(|id| id.0).or(item_id.map(|id| id.0)).map(|id| (id, notification.revision))
}

/// A row that was handed over, and what came of it.
struct Settled {
    row: Row,
    line: Option<Arc<Line>>,
    /// Which host was asked, where a person gave it.
    host: Option<String>,
    outcome: Outcome,
    shown: Option<OutboxMessage>,
    /// The device is gone with its address.
    forget: bool,
}

/// What taking came to.
enum Taken {
    /// So many rows were due.
    Rows(usize),
    /// None was; the next will be then, if any waits.
    NothingUntil(Option<Timestamp>),
}

impl Sender {
    /// Works until it is told to stop; what is under way is then waited for.
    pub async fn run(&self, stop: CancellationToken) {
        let mut under_way = UnderWay::default();
        loop {
            let wait = match self.turn(&mut under_way, stop.is_cancelled()).await {
                Ok(wait) => wait,
                Err(error) => {
                    tracing::warn!(%error, "deliveries");
                    AFTER_ERROR
                }
            };
            if stop.is_cancelled() && under_way.is_empty() {
                return;
            }
            tokio::select! {
                () = under_way.next(), if !under_way.tasks.is_empty() => {}
                () = self.wake.notified(), if !stop.is_cancelled() => {}
                () = stop.cancelled(), if !stop.is_cancelled() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Hands over all that is due now, and what becomes due by it; how many messages that were.
    ///
    /// # Errors
    /// The store failed; what was under way then is settled by whoever takes it when its lease has ended.
    pub async fn drain(&self) -> Result<usize, StateError> {
        let mut under_way = UnderWay::default();
        let mut sent = 0;
        loop {
            if let Taken::Rows(rows @ 1..) = self.exchange(&mut under_way, true).await? {
                sent += rows;
                if under_way.is_empty() {
                    // All of them were put off or have ended: there may be more.
                    continue;
                }
            }
            if under_way.is_empty() {
                return Ok(sent);
            }
            under_way.next().await;
        }
    }

    /// Writes what has come back and takes what there is room for; how long nothing is to be done unless something comes back.
    async fn turn(&self, under_way: &mut UnderWay, stopping: bool) -> Result<Duration, StateError> {
        under_way.collect();
        let few = under_way.back.len() * 4 < self.options.at_once && !under_way.tasks.is_empty();
        if let Some(first) = under_way.first_back.filter(|_| few && !stopping) {
            let waited = first.elapsed();
            if waited < COMES_TOGETHER {
                return Ok(COMES_TOGETHER - waited);
            }
        }
        let exchanged = match self.exchange(under_way, !stopping).await {
            // What is wrong may be with what is due: what has come back is written all the same.
            Err(error) if !stopping => {
                self.exchange(under_way, false).await?;
                return Err(error);
            }
            exchanged => exchanged?,
        };
        Ok(match exchanged {
            // Another node was quicker.
            Taken::Rows(0) => IDLE,
            Taken::Rows(_) => Duration::ZERO,
            Taken::NothingUntil(None) => IDLE,
            Taken::NothingUntil(Some(due)) => {
                let wait = Duration::try_from(due.duration_since(self.clock.now())).unwrap_or_default();
                wait.clamp(Duration::from_millis(5), IDLE)
            }
        })
    }

    /// How many of each channel may be taken, and how many of those are kept for what is urgent. What is not is left to gather: each
    /// transaction is a write to the disk.
    fn limits(&self, under_way: &UnderWay, now: Timestamp) -> Vec<(Channel, usize, usize)> {
        let (at_once, kept) = (self.options.at_once, self.options.at_once / 4);
        let limit = |channel| {
            let busy = under_way.of(channel);
            let free = at_once.saturating_sub(busy);
            let is_worth_it = busy == 0 || free.saturating_sub(kept) * 4 >= at_once - kept;
            (free > 0).then_some((channel, free, if is_worth_it { kept } else { free }))
        };
        LEAVING
            .into_iter()
            .filter(|channel| !self.carriers.all_rest(*channel, now))
            .filter_map(limit)
            .collect()
    }

    /// Writes what has come back, and takes rows that are due and begins to hand them over, in one transaction. Channels that are
    /// busy wait for what comes back.
    async fn exchange(&self, under_way: &mut UnderWay, takes: bool) -> Result<Taken, StateError> {
        under_way.collect();
        let now = self.clock.now();
        let limits = if takes { self.limits(under_way, now) } else { Vec::new() };
        let least = |(channel, limit, kept): &(Channel, usize, usize)| {
            (*channel, if kept < limit { Severity::Low } else { Severity::High })
        };
        let channels: Vec<(Channel, Severity)> = limits.iter().map(least).collect();
        let next = if takes { self.store.next_due(&channels).await? } else { None };
        let is_due = next.is_some_and(|due| due <= now);
        if !is_due && under_way.back.is_empty() {
            return Ok(Taken::NothingUntil(next));
        }
        let durability = if is_due { Durability::Power } else { Durability::Process };
        let mut tx = self.store.begin(durability).await?;
        self.write_back(&mut *tx, &under_way.back, now).await?;
        let mut changes = Vec::new();
        let mut ready = Vec::new();
        let mut own = OwnTemplates::default();
        if is_due {
            let taken = tx.take_due(now, &limits).await?;
            let mut hourly = Hourly::count(&mut *tx, &taken, now).await?;
            for mut due in taken {
                let expected = due.row.token;
                // A number may have been given before the operator said how they begin.
                let refused = || self.carriers.refused(due.row.channel, &due.row.address);
                due.suppressed = due.suppressed.take().or_else(refused);
                let carried = match due.notification.take() {
                    Some(one) => vec![one],
                    None => tx.carried(due.row.id).await?,
                };
                let (row, to_send) = plan(due, carried, &self.carriers, &mut hourly, self.options, now);
                ready.extend(to_send);
                changes.push(Change { row, expected });
            }
            tx.write_deliveries(&changes).await?;
            own = self.contents.templates.own(&mut *tx).await?;
        }
        tx.commit().await?;
        under_way.settle(now);
        if !is_due {
            return Ok(Taken::NothingUntil(next));
        }
        let own = Arc::new(own);
        // They are taken already: without what they tell of, they go with the shipped texts.
        let origins = self.origins(&ready, &own).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "alerts and items for the users' templates");
            Origins::new()
        });
        for one in ready {
            let origin = one.notifications.first().and_then(origin_of);
            let origin = origin.and_then(|origin| origins.get(&origin).cloned());
            let tried = self.tried(&one).await.unwrap_or_else(|error| {
                tracing::warn!(%error, "the template of a test");
                None
            });
            self.begin(under_way, one, Texts { own: Arc::clone(&own), origin, tried });
        }
        Ok(Taken::Rows(changes.len()))
    }

    /// What messages tell of that cannot be made without it.
    async fn origins(&self, ready: &[Ready], own: &OwnTemplates) -> Result<Origins, StateError> {
        let mut origins = Origins::new();
        for Ready { row, notifications, .. } in ready {
            let needs = |one: &&Notification| contents::needs_origin(row.channel, one, own);
            let Some(one) = notifications.first().filter(needs) else { continue };
            let Some(origin) = origin_of(one).filter(|origin| !origins.contains_key(origin)) else {
                continue;
            };
            if let Some(alert) = one.about.alert_id {
                let raised = self.store.fanouts(alert).await?.into_iter().map(|fanout| fanout.alert);
                origins.extend(raised.map(|one| ((one.id.0, one.revision), Arc::new(Origin::Alert(one)))));
            } else if let Some(item) = one.about.item_id
                && let Some(item) = self.store.item(item).await?
                && let Some(news) = News::of(&item, true)
            {
                origins.insert(origin, Arc::new(Origin::Item(news)));
            }
        }
        Ok(origins)
    }

    /// The template that a test tries, where its message is made of it.
    async fn tried(&self, Ready { row, notifications, .. }: &Ready) -> Result<Option<Template>, StateError> {
        let Some(test) = notifications.first().filter(|one| trial::is_test(one)) else { return Ok(None) };
        if !trial::is_made_later(row.channel) {
            return Ok(None);
        }
        let kept = self.store.desk_objects(trial::TRIED, Some(row.recipient.0)).await?;
        kept.iter().find(|kept| kept.id == test.id.0).map(read).transpose()
    }

    fn begin(&self, under_way: &mut UnderWay, ready: Ready, texts: Texts) {
        let (contents, clock) = (Arc::clone(&self.contents), Arc::clone(&self.clock));
        let patience = self.options.patience();
        under_way.begin(ready.row.channel, async move {
            let now = clock.now();
            let Ready { row, notifications, user, contact, line } = ready;
            let made = Made {
                row: &row,
                notifications: &notifications,
                user: &user,
                contact: contact.as_ref(),
                own: &texts.own,
                origin: texts.origin.as_deref(),
                tried: texts.tried.as_ref(),
            };
            let left = row.expires_at.duration_since(now);
            let (outcome, shown) = match contents.parcel(&made, Duration::try_from(left).unwrap_or_default())
            {
                Err(error) => (Outcome::GiveUp { why: error.to_string() }, None),
                Ok(parcel) => match &line {
                    Some(line) => {
                        let sent = tokio::time::timeout(patience, line.provider().send(&parcel, now)).await;
                        let unknown = |_| Outcome::Unknown { why: format!("no answer within {patience:?}") };
                        (sent.unwrap_or_else(unknown), None)
                    }
                    None => {
                        let shown = contents::outbox_message(&parcel, &row, now);
                        (Outcome::Accepted { provider_id: Some(row.id.to_string()) }, Some(shown))
                    }
                },
            };
            let gone = matches!(outcome, Outcome::Suppress { .. });
            let forget =
                gone && contact.as_ref().is_some_and(|contact| contents::is_forgotten(&contact.target));
            let target = contact.as_ref().map(|contact| &contact.target);
            let host = line.as_ref().and_then(|line| line.provider().host(target));
            Settled { row, line, host, outcome, shown, forget }
        });
    }

    /// Writes what has come back.
    async fn write_back(&self, tx: &mut dyn Tx, back: &[Settled], now: Timestamp) -> Result<(), StateError> {
        let mut changes = Vec::with_capacity(back.len());
        let mut shown = Vec::new();
        for settled in back {
            let Settled { row, outcome, .. } = settled;
            shown.extend(settled.shown.clone());
            if let Outcome::Suppress { why } = outcome {
                let suppression = Suppression {
                    channel: row.channel,
                    address: row.address.clone(),
                    why: why.clone(),
                    at: now,
                };
                tx.suppress(&suppression).await?;
            }
            if settled.forget {
                let id = crisislens_model::Contact::id_at(row.recipient, row.channel, &row.address);
                tx.delete_contact(row.recipient, id).await?;
            }
            let replaces = settled.line.as_ref().is_none_or(|line| line.provider().replaces());
            changes.push(Change {
                row: plan::after(row, outcome, replaces, self.options.heard_within, now),
                expected: row.token,
            });
        }
        let written = tx.write_deliveries(&changes).await?;
        // What is shown was handed over by whoever still had the row, and by nobody else.
        shown.retain(|message| written.contains(&DeliveryId(message.id)));
        tx.put_outbox_messages(&shown).await
    }
}

/// Messages that are being handed over.
#[derive(Default)]
struct UnderWay {
    tasks: JoinSet<Settled>,
    /// Which task has a place of which channel.
    places: HashMap<Id, Channel>,
    back: Vec<Settled>,
    /// When the first of those came.
    first_back: Option<Instant>,
}

impl UnderWay {
    fn of(&self, channel: Channel) -> usize {
        self.places.values().filter(|one| **one == channel).count()
    }

    fn is_empty(&self) -> bool {
        self.tasks.is_empty() && self.back.is_empty()
    }

    fn begin(&mut self, channel: Channel, sending: impl Future<Output = Settled> + Send + 'static) {
        let task = self.tasks.spawn(sending);
        self.places.insert(task.id(), channel);
    }

    /// Waits for one to come back.
    async fn next(&mut self) {
        if let Some(ended) = self.tasks.join_next_with_id().await {
            self.came_back(ended);
        }
    }

    /// Takes those that have come back.
    fn collect(&mut self) {
        while let Some(ended) = self.tasks.try_join_next_with_id() {
            self.came_back(ended);
        }
    }

    fn came_back(&mut self, ended: Result<(Id, Settled), JoinError>) {
        match ended {
            Ok((task, settled)) => {
                self.places.remove(&task);
                self.first_back.get_or_insert_with(Instant::now);
                self.back.push(settled);
            }
            // Its row is taken again when its lease has ended.
            Err(error) => {
                self.places.remove(&error.id());
                tracing::error!(%error, "handing a message over");
            }
        }
    }

    /// Notes what came of those that are written now.
    fn settle(&mut self, now: Timestamp) {
        self.first_back = None;
        for Settled { row, line, host, outcome, .. } in self.back.drain(..) {
            if let Some(line) = line {
                line.note(host.as_deref(), &outcome, now);
            }
            metrics::counter!(
                "crisislens_notify_deliveries_total",
                "channel" => row.channel.as_str(), "outcome" => outcome.as_str()
            )
            .increment(1);
        }
    }
}
