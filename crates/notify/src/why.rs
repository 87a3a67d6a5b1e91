//! Why somebody was, or was not, told of an item, or that a comment names them. Who was told has it in the ledger; who was not has no row
//! there, for there are many items: it is decided once more, as preferences, subscriptions and silences are now, and said so.

use crisislens_model::{
    Activity, Delivery, Item, ItemStatus, News, NoticeKind, Notification, Timestamp, User, UserId,
};
use crisislens_state::ledger::{Candidate, Who};
use crisislens_state::{Durability, StateError, Store, Tx};

use crate::decide::{Decision, Rules, decide, recent};
use crate::holds::{Holds, Why};
use crate::matter::{Matter, name_of_item, notification_of};
use crate::mention;
use crate::news::{FRESH, GATHER, kind};
use crate::saved_search::Searches;

/// What there is to say of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Whether they were told of it anywhere.
    pub told: bool,
    /// The reason; of what was told, one for each channel and address.
    pub reasons: Vec<String>,
}

impl Answer {
    /// They were told nothing.
    #[must_use]
    pub fn untold(why: impl Into<String>) -> Self {
        Self { told: false, reasons: vec![why.into()] }
    }

    /// They were told it. Nobody needs whole addresses for that, and those of the web may have secrets in them.
    #[must_use]
    pub fn told(notification: &Notification) -> Self {
        let in_words = |one: &Delivery| {
            let mut shown = one.clone();
            shown.conceal();
            format!("{}: {} ({})", shown.channel.as_str(), shown.status.as_str(), shown.reason)
        };
        Self { told: true, reasons: notification.deliveries.iter().map(in_words).collect() }
    }
}

/// What became of an item towards a person; none where there is no such person.
///
/// # Errors
/// The store failed, or what is set up cannot be read.
pub async fn of_item(
    store: &dyn Store,
    rules: Rules,
    item: &Item,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Answer>, StateError> {
    let mut told = Answer { told: true, reasons: Vec::new() };
    for kind in [NoticeKind::HighRisk, NoticeKind::NewItems] {
        let id = notification_of(name_of_item(item.id, kind), user, 0);
        if let Some(notification) = store.notification(user, id).await? {
            told.reasons.extend(Answer::told(&notification).reasons);
        }
    }
    if !told.reasons.is_empty() {
        return Ok(Some(told));
    }
    let mut tx = store.begin(Durability::Process).await?;
    let Some(candidate) = candidate(&mut *tx, user, now).await? else { return Ok(None) };
    let Some(mut news) = News::of(item, true) else {
        let is_dismissed = item.status == ItemStatus::Dismissed;
        let why = if is_dismissed { "it was dismissed" } else { "it repeats another item" };
        return Ok(Some(Answer::untold(why)));
    };
    if let Some(why) = no_news(item, &candidate.user) {
        return Ok(Some(Answer::untold(why)));
    }
    let people = std::slice::from_ref(&candidate);
    let (items, of) = (std::slice::from_ref(item), std::slice::from_mut(&mut news));
    Searches::default().ask(&mut *tx, people, items, of).await?;
    let came = item.ingested_at.checked_add(GATHER).unwrap_or(item.ingested_at);
    let held = Holds::read(&mut *tx).await?.silenced(&news.facts(), came).map(Why::into_words);
    if let Some(held) = held {
        return Ok(Some(Answer::untold(format!("as silences are now: {held}"))));
    }
    let Some(kind) = kind(&candidate.user, &news) else {
        let of = if news.is_high { "items" } else { "new items, and its risk is not high" };
        return Ok(Some(Answer::untold(as_now(&format!("asks for no {of}")))));
    };
    if let Decision::PassedOver { why, .. } = decide(&Matter::item(&news, kind, now), &candidate, rules, now)
    {
        return Ok(Some(Answer::untold(as_now(&why))));
    }
    let since = came.checked_sub(rules.repeat_after).unwrap_or(came);
    let of_the_same = tx.told_since(&[news.thread()], &[user], since).await?;
    drop(tx);
    let why = if !of_the_same.is_empty() {
        "was told of another item of its incident that is as bad".to_owned()
    } else if store.next_bulletin_at().await?.is_some() {
        "who is told of the last items is still being decided".to_owned()
    } else {
        as_now(WOULD_BE)
    };
    Ok(Some(Answer::untold(why)))
}

/// What became of a comment towards a person whom it names; none where there is no such person.
///
/// # Errors
/// The store failed.
pub async fn of_mention(
    store: &dyn Store,
    rules: Rules,
    said: &Activity,
    exercise: bool,
    user: UserId,
    now: Timestamp,
) -> Result<Option<Answer>, StateError> {
    let matter = mention::matter(said, exercise, now);
    if let Some(told) = store.notification(user, matter.notification_to(user)).await? {
        return Ok(Some(Answer::told(&told)));
    }
    if said.user == user {
        return Ok(Some(Answer::untold("nobody is told what they said themselves")));
    }
    let mut tx = store.begin(Durability::Process).await?;
    let Some(candidate) = candidate(&mut *tx, user, now).await? else { return Ok(None) };
    Ok(Some(match decide(&matter, &candidate, rules, now) {
        Decision::PassedOver { why, .. } => Answer::untold(as_now(&why)),
        Decision::Told { .. } => Answer::untold(as_now(WOULD_BE)),
    }))
}

/// What is said of who was told nothing and would be now.
const WOULD_BE: &str = "they would be told; they were not when it came";

fn as_now(why: &str) -> String {
    format!("as preferences are now: {why}")
}

async fn candidate(tx: &mut dyn Tx, user: UserId, now: Timestamp) -> Result<Option<Candidate>, StateError> {
    Ok(tx.candidates(Who::These(&[user]), None, recent(now)).await?.pop())
}

/// Why it was no news to this person, whatever they want.
fn no_news(item: &Item, user: &User) -> Option<&'static str> {
    // The clock of an exercise is not ours.
    let fresh_from = item.ingested_at.checked_sub(FRESH).unwrap_or(Timestamp::MIN);
    if !item.exercise && item.timestamp < fresh_from {
        return Some("it was said more than a day before it came: that is no news");
    }
    (user.created_at > item.ingested_at).then_some("there was no such account when it came")
}
