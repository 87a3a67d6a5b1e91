//! A desk of a test's own: engines, people, and everything between an alert and a message.

use std::sync::Arc;
use std::time::Duration;

use crisislens_log::LogRecord;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    Alert, Contact, EventId, Item, NewRecord, Notification, Preferences, Target, Topic, User, id,
};
use crisislens_notify::acknowledge::Acknowledge;
use crisislens_notify::carrier::Carriers;
use crisislens_notify::contents::Contents;
use crisislens_notify::unsubscribe::Unsubscribe;
use crisislens_notify::{
    Dispatch, Escalator, FanOut, ItemNews, NewsRound, Recipients, Rounds as _, Rules, Sender, SenderOptions,
    Teller, Templates,
};
use crisislens_state::Durability;
use crisislens_state::ledger::DeskObject;
use crisislens_state::notices::OutboxMessage;
use crisislens_testkit::{Engines, sample};
use tokio::sync::Notify;
use uuid::Uuid;

pub struct Desk {
    pub engines: Engines,
    pub fan_out: FanOut,
    pub sender: Sender,
    pub escalator: Escalator,
    pub news: NewsRound,
    item_news: Arc<ItemNews>,
    recipients: Arc<Recipients>,
    dispatch: Arc<Dispatch>,
}

impl Desk {
    /// Nobody, and no provider: everything goes to the development outbox.
    pub async fn open() -> Self {
        Self::with(Carriers::default()).await
    }

    pub async fn with(carriers: Carriers) -> Self {
        let engines = Engines::open().await;
        let templates = Arc::new(Templates::shipped().unwrap());
        let wake = Arc::new(Notify::new());
        let teller = Teller {
            store: engines.store.clone(),
            templates: templates.clone(),
            clock: engines.clock.clone(),
            rules: Rules { repeat_after: Duration::ZERO },
            relay: engines.wake.clone(),
            sender: wake.clone(),
        };
        let rules = Rules { repeat_after: Duration::from_secs(15 * 60) };
        let news = NewsRound::new(Teller { rules, ..teller.clone() });
        let (fan_out, escalator) = (FanOut::new(teller.clone()), Escalator(teller));
        let contents = Contents {
            templates,
            public_url: Some("https://desk.example.org".to_owned()),
            unsubscribe: Unsubscribe::new(b"secret"),
            acknowledge: Acknowledge::new(b"secret"),
        };
        let sender = Sender {
            store: engines.store.clone(),
            carriers: Arc::new(carriers),
            contents: Arc::new(contents),
            clock: engines.clock.clone(),
            wake: wake.clone(),
            options: SenderOptions::default(),
        };
        let recipients = Arc::new(Recipients { clock: engines.clock.clone() });
        Self {
            fan_out,
            sender,
            escalator,
            news,
            item_news: Arc::new(ItemNews { clock: engines.clock.clone() }),
            recipients,
            dispatch: Arc::new(Dispatch { sender: wake }),
            engines,
        }
    }

    /// Person number `n`, who wants this.
    pub async fn person(&self, n: u64, preferences: Preferences) -> User {
        let mut account = sample::account(n);
        account.user.preferences = preferences;
        let mut tx = self.engines.store.begin(Durability::Power).await.unwrap();
        tx.add_account(&account).await.unwrap();
        tx.commit().await.unwrap();
        account.user
    }

    /// A way to reach person number `n`.
    pub async fn contact(&self, n: u64, target: Target) -> Contact {
        let user = sample::user_id(n);
        let id = Contact::id_at(user, target.channel(), target.address());
        let contact = Contact { id, user, label: "mine".to_owned(), target, created_at: sample::at(0) };
        let mut tx = self.engines.store.begin(Durability::Power).await.unwrap();
        tx.put_contact(&contact).await.unwrap();
        tx.commit().await.unwrap();
        contact
    }

    /// Somebody has set up a thing of this kind; nil owns what is everybody's.
    pub async fn set_up(&self, kind: &str, id: u128, owner: Uuid, document: &str) {
        let object = DeskObject {
            id: Uuid::from_u128(id),
            owner,
            version: 1,
            changed_at: sample::at(0),
            document: document.to_owned(),
        };
        let mut tx = self.engines.store.begin(Durability::Power).await.unwrap();
        tx.put_desk_object(kind, &object).await.unwrap();
        tx.commit().await.unwrap();
    }

    pub async fn raise(&self, alerts: &[Alert]) {
        self.decide(alerts).await;
        self.send().await;
    }

    /// Items come, as new ones or as ones that changed; those who ask for items are told `gathered` seconds later.
    pub async fn bring(&self, items: &[Item], is_new: bool, gathered: i64) {
        let kind = if is_new { event_type::ITEM_CREATED } else { event_type::ITEM_UPDATED };
        self.engines.append(items.iter().map(|item| item_record(item, kind)).collect()).await;
        self.engines.apply(&self.item_news).await;
        self.engines.clock.advance(gathered);
        while self.news.step().await.unwrap() {}
        self.settle().await;
        self.send().await;
    }

    /// Chooses recipients; nothing leaves.
    pub async fn decide(&self, alerts: &[Alert]) {
        self.engines.append(alerts.iter().map(alert_record).collect()).await;
        self.settle().await;
    }

    pub async fn settle(&self) {
        self.engines.apply(&self.recipients).await;
        while self.fan_out.step().await.unwrap() {}
        self.engines.relay_all().await;
        self.engines.apply(&self.dispatch).await;
    }

    /// Takes alerts along their chains as far as they are due, and hands over what comes of it; how many steps that were.
    pub async fn escalate(&self) -> usize {
        let mut steps = 0;
        while self.escalator.step().await.unwrap() {
            steps += 1;
        }
        self.settle().await;
        self.send().await;
        steps
    }

    /// Hands over what is due.
    pub async fn send(&self) -> usize {
        self.sender.drain().await.unwrap()
    }

    /// Appends a topic's records once more, as a relay does that died between append and removal.
    pub async fn deliver_again(&self, topic: Topic) {
        self.engines.append(self.engines.records(topic).await.into_iter().map(copied).collect()).await;
        self.settle().await;
        self.send().await;
    }

    pub async fn inbox(&self, person: u64) -> Vec<Notification> {
        self.engines.store.list_notifications(sample::user_id(person), false, 100, None).await.unwrap().items
    }

    pub async fn outbox(&self) -> Vec<OutboxMessage> {
        self.engines.store.list_outbox_messages(None, 100, None).await.unwrap().items
    }
}

pub fn alert_record(alert: &Alert) -> NewRecord {
    let id = EventId(id::derived(alert.id.0, "alert", alert.revision));
    let meta = EventMeta { id, kind: event_type::ALERT_RAISED, source: "/test", time: alert.effective };
    let key = alert.incident_id.to_string().into_bytes();
    NewRecord::event(Topic::Alerts, key, serde_json::to_vec(alert).unwrap(), meta)
}

pub fn item_record(item: &Item, kind: &'static str) -> NewRecord {
    let meta = EventMeta { id: EventId::random(), kind, source: "/test", time: item.timestamp };
    let key = item.id.to_string().into_bytes();
    NewRecord::event(Topic::NormalizedItems, key, serde_json::to_vec(item).unwrap(), meta)
}

pub fn copied(one: LogRecord) -> NewRecord {
    let value = one.value.map(|value| value.to_vec());
    NewRecord { topic: one.topic, key: one.key.to_vec(), value, headers: one.headers }
}
