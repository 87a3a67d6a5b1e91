//! normalized-items → notifications: items are gathered for a moment, in which they find their incidents, and told to those who ask for
//! items. Of an incident's items that are equally bad a person is told once in a while.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Clock, DeliveryStatus, EventId, Item, ItemId, News, NoticeKind, Notification, NotificationId, Timestamp,
    Topic, User, record,
};
use crisislens_state::ledger::{Bulletin, Candidate, Who};
use crisislens_state::{Durability, Tx};
use crisislens_stream::{ApplyError, Handler, Reject};
use uuid::Uuid;

use crate::decide::{Decision, decide, recent};
use crate::holds::Holds;
use crate::matter::Matter;
use crate::rounds::Rounds;
use crate::saved_search::{Searches, subscribed};
use crate::teller::{TellError, Teller, publish};
use crate::templates::{NewItem, OwnTemplates, Rendered, TemplateError, Templates};

/// People that one transaction decides about.
const PAGE: usize = 100;
/// So long items are gathered, and are found an incident for.
pub(crate) const GATHER: Duration = Duration::from_secs(2);
/// What was said longer ago is no news.
pub(crate) const FRESH: Duration = Duration::from_secs(24 * 3600);

/// The handler of `normalized-items` that notes what is to be told.
pub struct ItemNews {
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for ItemNews {
    type Work = News;

    fn group(&self) -> &'static str {
        "crisis-lens-notifications"
    }

    fn stage(&self) -> &'static str {
        "news"
    }

    fn topic(&self) -> Topic {
        Topic::NormalizedItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<News>, Reject> {
        let is_new = match record::header(&record.headers, "ce_type") {
            Some(event_type::ITEM_CREATED) => true,
            Some(event_type::ITEM_UPDATED) => false,
            _ => return Ok(None),
        };
        // What cannot be read, or says what cannot be, is a dead letter of who clusters items: one is enough, and it is no news.
        let value = record.value.as_deref().unwrap_or_default();
        let Ok(item) = serde_json::from_slice::<Item>(value) else { return Ok(None) };
        let now = self.clock.now();
        if !item.problems(now).is_empty() {
            return Ok(None);
        }
        let since = now.checked_sub(FRESH).unwrap_or(Timestamp::MIN);
        // The clock of an exercise is not ours.
        let is_fresh = item.exercise || item.timestamp >= since;
        Ok(News::of(&item, is_new).filter(|_| is_fresh))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[News]) -> Result<(), ApplyError> {
        if work.is_empty() || !tx.are_items_asked_for().await? {
            return Ok(());
        }
        let now = self.clock.now();
        tx.put_bulletin(&Bulletin {
            id: EventId::random().0,
            due_at: now.checked_add(GATHER).unwrap_or(now),
            after: None,
            news: work.to_vec(),
        })
        .await?;
        Ok(())
    }
}

/// Tells what was noted.
pub struct NewsRound {
    teller: Teller,
    searches: Searches,
}

#[async_trait]
impl Rounds for NewsRound {
    const WHAT: &'static str = "telling news of items";
    const IDLE: Duration = Duration::from_millis(500);
    type Error = TellError;

    async fn step(&self) -> Result<bool, TellError> {
        let now = self.teller.clock.now();
        if self.teller.store.next_bulletin_at().await?.is_none_or(|due| due > now) {
            return Ok(false);
        }
        let mut tx = self.teller.store.begin(Durability::Process).await?;
        let Some(bulletin) = tx.next_bulletin(now).await? else { return Ok(false) };
        let told = self.page(&mut *tx, bulletin, now).await?;
        tx.commit().await?;
        self.teller.wake(told);
        Ok(true)
    }
}

impl NewsRound {
    /// Tells by these means.
    #[must_use]
    pub fn new(teller: Teller) -> Self {
        Self { teller, searches: Searches::default() }
    }

    async fn page(
        &self,
        tx: &mut dyn Tx,
        mut bulletin: Bulletin,
        now: Timestamp,
    ) -> Result<usize, TellError> {
        let page = Who::AskingForItems { after: bulletin.after, limit: PAGE };
        let candidates = tx.candidates(page, None, recent(now)).await?;
        let count = candidates.len();
        let after = candidates.last().map(|last| last.user.id);
        let told = self.tell(tx, bulletin.news.clone(), candidates, now).await?;
        publish(tx, &told, now).await?;
        if count < PAGE {
            tx.delete_bulletin(bulletin.id).await?;
        } else {
            bulletin.after = after;
            tx.put_bulletin(&bulletin).await?;
        }
        Ok(told.len())
    }

    /// The items as they are now; long ones come in several parts.
    async fn items(&self, mut ids: &[ItemId]) -> Result<Vec<Item>, TellError> {
        let mut items = Vec::with_capacity(ids.len());
        while !ids.is_empty() {
            let (some, looked_for) = self.teller.store.items_by_id(ids).await?;
            items.extend(some);
            ids = ids.get(looked_for.max(1)..).unwrap_or_default();
        }
        Ok(items)
    }

    async fn tell(
        &self,
        tx: &mut dyn Tx,
        mut news: Vec<News>,
        mut candidates: Vec<Candidate>,
        now: Timestamp,
    ) -> Result<Vec<Notification>, TellError> {
        let ids: Vec<ItemId> = news.iter().map(|one| one.item).collect();
        let known = tx.known_items(&ids).await?;
        for one in &mut news {
            one.incident = known.get(&one.item).and_then(|known| known.incident_id).or(one.incident);
        }
        if !subscribed(&candidates).is_empty() {
            let items = self.items(&ids).await?;
            self.searches.ask(tx, &candidates, &items, &mut news).await?;
        }
        let holds = Holds::read(tx).await?;
        news.retain(|one| holds.silenced(&one.facts(), now).is_none());
        // The worst first: it is told of what comes before it is too much.
        news.sort_by_key(|one| std::cmp::Reverse(one.severity));
        let threads: Vec<Uuid> = news.iter().map(News::thread).collect();
        let users: Vec<_> = candidates.iter().map(|one| one.user.id).collect();
        let lately = now.checked_sub(self.teller.rules.repeat_after).unwrap_or(now);
        let mut had = tx.told_since(&threads, &users, lately).await?;
        let own = self.teller.templates.own(tx).await?;
        let mut texts = Texts { templates: &self.teller.templates, own, of: HashMap::new() };
        let matters = |kind: NoticeKind| -> Vec<Matter<'_>> {
            news.iter().map(|one| Matter::item(one, kind, now)).collect()
        };
        let (high, any) = (matters(NoticeKind::HighRisk), matters(NoticeKind::NewItems));
        let mut told = Vec::new();
        let mut known: HashSet<NotificationId> = HashSet::new();
        loop {
            let mut round = Vec::new();
            for candidate in &mut candidates {
                for (place, one) in news.iter().enumerate() {
                    let matter = match kind(&candidate.user, one) {
                        Some(NoticeKind::HighRisk) => &high[place],
                        Some(_) => &any[place],
                        None => continue,
                    };
                    let thread = (threads[place], candidate.user.id);
                    if had.contains(&thread) {
                        continue;
                    }
                    if let Decision::Told { mut notification, .. } =
                        decide(matter, candidate, self.teller.rules, now)
                        && !known.contains(&notification.id)
                    {
                        texts.of(one, &notification.locale)?.write_into(&mut notification);
                        count(candidate, &notification);
                        round.push((thread, *notification));
                        had.insert(thread);
                    }
                }
            }
            // What somebody had before leaves room for another item of its incident.
            let (of, round): (Vec<_>, Vec<Notification>) = round.into_iter().unzip();
            let new: HashSet<NotificationId> = tx.enter(&round).await?.into_iter().collect();
            for (thread, one) in of.iter().zip(&round).filter(|(_, one)| !new.contains(&one.id)) {
                had.remove(thread);
                known.insert(one.id);
            }
            let is_over = new.len() == round.len();
            told.extend(round.into_iter().filter(|one| new.contains(&one.id)));
            if is_over {
                return Ok(told);
            }
        }
    }
}

/// As what a person wants an item, if they do.
pub(crate) fn kind(user: &User, news: &News) -> Option<NoticeKind> {
    let wants = |kind| user.preferences.channels.get(&kind).is_some_and(|channels| !channels.is_empty());
    [(NoticeKind::HighRisk, news.is_high), (NoticeKind::NewItems, news.is_new)]
        .into_iter()
        .find_map(|(kind, is_one)| (is_one && wants(kind)).then_some(kind))
}

/// What was just decided counts against the most of an hour, too.
fn count(candidate: &mut Candidate, notification: &Notification) {
    let leaves = |status| matches!(status, DeliveryStatus::Queued | DeliveryStatus::Deferred);
    for delivery in notification.deliveries.iter().filter(|one| leaves(one.status) && one.digest.is_none()) {
        *candidate.recent.entry(delivery.channel).or_default() += 1;
    }
}

/// Items' texts, each language once.
struct Texts<'a> {
    templates: &'a Templates,
    own: OwnTemplates,
    of: HashMap<(ItemId, String), Rendered>,
}

impl Texts<'_> {
    fn of(&mut self, news: &News, locale: &str) -> Result<&Rendered, TemplateError> {
        let key = (news.item, locale.to_owned());
        if !self.of.contains_key(&key) {
            let values = NewItem::from(news);
            self.of.insert(key.clone(), self.templates.new_item(&values, locale, &self.own)?);
        }
        Ok(&self.of[&key])
    }
}
