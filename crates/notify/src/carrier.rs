//! Who carries messages: providers behind one seam, each with its health, in the order in which they are tried.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Channel, DeliveryId, NotificationId, Severity, Target, Timestamp, UserId};

use crate::provider::Outcome;

/// After so many failures one after the other a provider rests.
const FAILURES: u32 = 5;
/// It rests so long at first, and at most.
const REST: Duration = Duration::from_secs(10);
const LONGEST_REST: Duration = Duration::from_secs(5 * 60);
/// Somebody must mend something: until then it is asked so often.
pub const MISCONFIGURED: Duration = Duration::from_secs(60);

/// What a message says, as its channel has it.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// An e-mail.
    Mail {
        /// One line.
        subject: String,
        /// Plain text.
        text: String,
        /// The same as a page.
        html: String,
        /// Where one click ends e-mails of the kind (RFC 8058).
        unsubscribe: Option<String>,
    },
    /// A short message, of as many segments as are sent.
    Short {
        /// The text.
        text: String,
    },
    /// A push message.
    Push {
        /// One line.
        title: String,
        /// The rest.
        body: String,
        /// What opens.
        link: String,
    },
    /// What another program gets.
    Webhook {
        /// The body.
        body: serde_json::Value,
    },
}

/// A message that is handed over.
#[derive(Debug, Clone, PartialEq)]
pub struct Parcel {
    /// The delivery; the same for every try.
    pub delivery: DeliveryId,
    /// The notification that it carries.
    pub notification: NotificationId,
    /// Who gets it.
    pub recipient: UserId,
    /// Where.
    pub address: String,
    /// The way to reach them that the address is of; none for e-mail.
    pub target: Option<Target>,
    /// How urgent.
    pub priority: Severity,
    /// How long it is still worth delivering.
    pub worth: Duration,
    /// What it is about, for statistics of providers.
    pub category: &'static str,
    /// What it says.
    pub content: Content,
}

/// Somebody who takes messages and brings them to people.
#[async_trait]
pub trait Provider: Send + Sync {
    /// The word for it in the ledger.
    fn name(&self) -> &'static str;

    /// Whether it reaches this.
    fn reaches(&self, _target: Option<&Target>) -> bool {
        true
    }

    /// Whether a second message of a delivery takes the place of the first, so that handing it over again does no harm.
    fn replaces(&self) -> bool;

    /// Hands a message over, once. It ends within a time of its own.
    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome;
}

/// A provider and its health.
pub struct Line {
    provider: Arc<dyn Provider>,
    health: Mutex<Health>,
}

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    rests: u32,
    until: Option<Timestamp>,
    why: String,
}

/// How a provider does.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, utoipa::ToSchema)]
pub struct LineHealth {
    /// The channel.
    pub channel: Channel,
    /// The provider.
    pub provider: String,
    /// It rests until then; missing where it is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rests_until: Option<Timestamp>,
    /// What it said last, where it rests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Line {
    /// A provider of which nothing is known.
    #[must_use]
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self { provider, health: Mutex::default() }
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Until when it rests; none where it may be asked.
    #[must_use]
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.health().until.filter(|until| *until > now)
    }

    /// Notes what came of a try.
    pub fn note(&self, outcome: &Outcome, now: Timestamp) {
        let mut health = self.health();
        let (rest, why) = match outcome {
            Outcome::Accepted { .. } | Outcome::GiveUp { .. } | Outcome::Suppress { .. } => {
                *health = Health::default();
                return;
            }
            Outcome::Configuration { why } => (Some(MISCONFIGURED), why),
            Outcome::Retry { after: Some(after), why } => (Some(*after), why),
            Outcome::Retry { after: None, why } | Outcome::Unknown { why } => (None, why),
        };
        health.failures += 1;
        health.why.clone_from(why);
        let enough = (health.failures >= FAILURES).then(|| {
            health.rests += 1;
            health.failures = 0;
            REST.saturating_mul(1 << health.rests.min(6).saturating_sub(1)).min(LONGEST_REST)
        });
        if let Some(rest) = rest.max(enough) {
            let until = now.checked_add(rest).unwrap_or(Timestamp::MAX);
            health.until = health.until.max(Some(until));
            let (provider, until) = (self.provider.name(), until.to_string());
            if matches!(outcome, Outcome::Configuration { .. }) {
                tracing::error!(provider, why, "a provider takes nothing until somebody mends this");
            } else {
                tracing::warn!(provider, why, until, "a provider rests");
            }
        }
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who carries what, in the order in which they are tried. A channel that nobody carries goes to the development outbox.
#[derive(Default)]
pub struct Carriers {
    lines: BTreeMap<Channel, Vec<Arc<Line>>>,
}

/// Who is to carry a message.
pub enum Choice {
    /// This provider.
    Line(Arc<Line>),
    /// The development outbox.
    Outbox,
    /// Nobody before this time: all that reach the address rest.
    Wait(Timestamp),
    /// Nobody that there is reaches the address.
    Nobody,
}

impl Carriers {
    /// Adds a provider behind those of its channel.
    pub fn add(&mut self, channel: Channel, provider: Arc<dyn Provider>) {
        self.lines.entry(channel).or_default().push(Arc::new(Line::new(provider)));
    }

    /// Who is to carry a message to this target: the first that does not rest.
    #[must_use]
    pub fn choose(&self, channel: Channel, target: Option<&Target>, now: Timestamp) -> Choice {
        let Some(lines) = self.lines.get(&channel) else { return Choice::Outbox };
        let mut wait: Option<Timestamp> = None;
        for line in lines.iter().filter(|line| line.provider().reaches(target)) {
            match line.rests_until(now) {
                None => return Choice::Line(Arc::clone(line)),
                Some(until) => wait = Some(wait.map_or(until, |wait| wait.min(until))),
            }
        }
        wait.map_or(Choice::Nobody, Choice::Wait)
    }

    /// Whether every provider of a channel rests: then nothing of it need be taken.
    #[must_use]
    pub fn all_rest(&self, channel: Channel, now: Timestamp) -> bool {
        self.lines.get(&channel).is_some_and(|lines| lines.iter().all(|line| line.rests_until(now).is_some()))
    }

    /// The provider of this name.
    #[must_use]
    pub fn by_name(&self, channel: Channel, name: &str) -> Option<&Arc<Line>> {
        self.lines.get(&channel)?.iter().find(|line| line.provider().name() == name)
    }

    /// How each provider does.
    #[must_use]
    pub fn health(&self, now: Timestamp) -> Vec<LineHealth> {
        let all =
            self.lines.iter().flat_map(|(channel, lines)| lines.iter().map(move |line| (channel, line)));
        all.map(|(channel, line)| {
            let rests_until = line.rests_until(now);
            LineHealth {
                channel: *channel,
                provider: line.provider().name().to_owned(),
                rests_until,
                why: rests_until.map(|_| line.health().why.clone()),
            }
        })
        .collect()
    }
}
