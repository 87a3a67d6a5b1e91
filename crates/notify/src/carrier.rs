//! Who carries messages: providers behind one seam, each with its health, in the order in which they are tried.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Channel, DeliveryId, NotificationId, Severity, Target, Timestamp, UserId};

use crate::provider::Outcome;
use crate::provider::http::LONGEST_WAIT;
use crate::targets::elsewhere;

/// After so many failures one after the other a provider rests.
const FAILURES: u32 = 5;
/// It rests so long at first, and at most.
const REST: Duration = Duration::from_secs(10);
const LONGEST_REST: Duration = Duration::from_secs(5 * 60);
/// Somebody must mend something: until then it is asked so often.
pub const MISCONFIGURED: Duration = Duration::from_secs(60);

/// So many hosts that people gave are remembered as failing, at most: who failed longest ago is forgotten.
const MAX_HOSTS: usize = 1024;

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

    /// The host that is asked for a target, where people give targets: each has a health of its own, and none touches the provider's.
    fn host(&self, _target: Option<&Target>) -> Option<String> {
        None
    }

    /// Whether a second message of a delivery takes the place of the first, so that handing it over again does no harm.
    fn replaces(&self) -> bool;

    /// Hands a message over, once. Whoever waits may stop doing so: then nobody knows what came of it.
    async fn send(&self, parcel: &Parcel, now: Timestamp) -> Outcome;
}

/// A provider and its health, with that of each host that people gave.
pub struct Line {
    provider: Arc<dyn Provider>,
    health: Mutex<Health>,
    /// Those that failed last; who answers well is not kept.
    hosts: Mutex<HashMap<String, Health>>,
}

#[derive(Debug, Default)]
struct Health {
    failures: u32,
    rests: u32,
    until: Option<Timestamp>,
    failed_at: Timestamp,
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
        Self { provider, health: Mutex::default(), hosts: Mutex::default() }
    }

    /// The provider.
    #[must_use]
    pub fn provider(&self) -> &dyn Provider {
        &*self.provider
    }

    /// Until when it rests, whoever is to be reached; none where it may be asked.
    #[must_use]
    pub fn rests_until(&self, now: Timestamp) -> Option<Timestamp> {
        self.health().until.filter(|until| *until > now)
    }

    /// Until when it, or the host of this target, rests.
    #[must_use]
    pub fn rests_for(&self, target: Option<&Target>, now: Timestamp) -> Option<Timestamp> {
        let host = self.provider.host(target).and_then(|host| self.hosts().get(&host)?.until);
        host.filter(|until| *until > now).max(self.rests_until(now))
    }

    /// Notes what came of a try; where a person gave the host, of that host alone.
    pub fn note(&self, host: Option<&str>, outcome: &Outcome, now: Timestamp) {
        let provider = self.provider.name();
        let Some(host) = host else {
            if let Some(until) = self.health().note(outcome, now) {
                let (why, until) = (outcome.why().unwrap_or_default(), until.to_string());
                if matches!(outcome, Outcome::Configuration { .. }) {
                    tracing::error!(provider, why, "a provider takes nothing until somebody mends this");
                } else {
                    tracing::warn!(provider, why, until, "a provider rests");
                }
            }
            return;
        };
        let mut hosts = self.hosts();
        if !outcome.is_failure() || matches!(outcome, Outcome::Configuration { .. }) {
            // It answers. Whom it does not want there may be that one's fault: the others at the host need not wait.
            hosts.remove(host);
            return;
        }
        if !hosts.contains_key(host) && hosts.len() >= MAX_HOSTS {
            let oldest =
                hosts.iter().min_by_key(|(_, health)| health.failed_at).map(|(host, _)| host.clone());
            oldest.and_then(|oldest| hosts.remove(&oldest));
        }
        if let Some(until) = hosts.entry(host.to_owned()).or_default().note(outcome, now) {
            let (why, until) = (outcome.why().unwrap_or_default(), until.to_string());
            tracing::warn!(provider, host, why, until, "a host rests");
        }
    }

    fn hosts(&self) -> std::sync::MutexGuard<'_, HashMap<String, Health>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn health(&self) -> std::sync::MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Health {
    /// Notes what came of a try; until when it rests, where it is to.
    fn note(&mut self, outcome: &Outcome, now: Timestamp) -> Option<Timestamp> {
        if !outcome.is_failure() {
            *self = Self::default();
            return None;
        }
        let asked = match outcome {
            Outcome::Configuration { .. } => Some(MISCONFIGURED),
            Outcome::Retry { after, .. } => after.map(|after| after.min(LONGEST_WAIT)),
            _ => None,
        };
        self.failures += 1;
        self.failed_at = now;
        outcome.why().unwrap_or_default().clone_into(&mut self.why);
        let enough = (self.failures >= FAILURES).then(|| {
            self.rests += 1;
            self.failures = 0;
            REST.saturating_mul(1 << self.rests.min(6).saturating_sub(1)).min(LONGEST_REST)
        });
        let until = now.checked_add(asked.max(enough)?).unwrap_or(Timestamp::MAX);
        self.until = self.until.max(Some(until));
        self.until
    }
}

/// Who carries what, in the order in which they are tried. A channel that nobody carries goes to the development outbox.
#[derive(Default)]
pub struct Carriers {
    lines: BTreeMap<Channel, Vec<Arc<Line>>>,
    /// How numbers begin that get short messages; none for any.
    pub sms_prefixes: Vec<String>,
}

/// Who is to carry a message.
pub enum Choice {
    /// This provider.
    Line(Arc<Line>),
    /// The development outbox.
    Outbox,
    /// Nobody before this time: all that reach the address rest, or its host does.
    Wait(Timestamp),
    /// Nobody that there is reaches the address.
    Nobody,
}

impl Carriers {
    /// Adds a provider behind those of its channel.
    pub fn add(&mut self, channel: Channel, provider: Arc<dyn Provider>) {
        self.lines.entry(channel).or_default().push(Arc::new(Line::new(provider)));
    }

    /// Why nothing goes to an address, whoever would carry it.
    #[must_use]
    pub fn refused(&self, channel: Channel, address: &str) -> Option<String> {
        if channel == Channel::Sms { elsewhere(address, &self.sms_prefixes) } else { None }
    }

    /// Who is to carry a message to this target: the first that does not rest.
    #[must_use]
    pub fn choose(&self, channel: Channel, target: Option<&Target>, now: Timestamp) -> Choice {
        let Some(lines) = self.lines.get(&channel) else { return Choice::Outbox };
        let mut wait: Option<Timestamp> = None;
        for line in lines.iter().filter(|line| line.provider().reaches(target)) {
            match line.rests_for(target, now) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriers::WebhookCarrier;
    use crate::provider::client::Client;

    struct Desk;

    #[async_trait]
    impl Provider for Desk {
        fn name(&self) -> &'static str {
            "desk"
        }

        fn replaces(&self) -> bool {
            true
        }

        async fn send(&self, _: &Parcel, _: Timestamp) -> Outcome {
            Outcome::Accepted { provider_id: None }
        }
    }

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn hook(url: &str) -> Target {
        Target::Webhook { url: url.to_owned(), secrets: Vec::new() }
    }

    fn webhooks() -> Carriers {
        let mut carriers = Carriers::default();
        carriers
            .add(Channel::Webhook, Arc::new(WebhookCarrier { client: Client::new(reqwest::Client::new()) }));
        carriers
    }

    fn later(after: Option<Duration>) -> Outcome {
        Outcome::Retry { after, why: "429".to_owned() }
    }

    #[test]
    fn what_one_host_answers_makes_nobody_else_wait() {
        let carriers = webhooks();
        let (theirs, mine) = (hook("https://odd.example/a"), hook("https://sound.example/b"));
        let line = carriers.by_name(Channel::Webhook, "webhook").unwrap();
        let host = line.provider().host(Some(&theirs)).unwrap();
        assert_eq!(host, "odd.example:443");
        let waits = |target: &Target, now| match carriers.choose(Channel::Webhook, Some(target), now) {
            Choice::Wait(until) => Some(until.as_second()),
            _ => None,
        };
        let dead = Outcome::Unknown { why: "dead".to_owned() };
        for outcome in std::iter::once(later(Some(Duration::MAX))).chain(std::iter::repeat_n(dead, 20)) {
            line.note(Some(&host), &outcome, NOW);
        }
        assert_eq!(waits(&theirs, NOW), Some(15 * 60), "and no longer than that");
        assert_eq!(waits(&hook("https://odd.example/c"), NOW), Some(15 * 60));
        assert_eq!(waits(&mine, NOW), None);
        assert!(!carriers.all_rest(Channel::Webhook, NOW));
        assert_eq!(carriers.health(NOW)[0].rests_until, None);
        line.note(Some(&host), &Outcome::Accepted { provider_id: None }, NOW);
        assert_eq!(waits(&theirs, NOW), None);
    }

    #[test]
    fn whom_a_host_does_not_want_makes_no_others_there_wait() {
        let line = Line::new(Arc::new(Desk));
        for _ in 0..20 {
            line.note(Some("a"), &Outcome::Configuration { why: "403".to_owned() }, NOW);
            line.note(Some("a"), &Outcome::Refused { why: "404".to_owned() }, NOW);
        }
        assert!(line.hosts().is_empty() && line.rests_until(NOW).is_none());
    }

    #[test]
    fn of_hosts_that_fail_the_last_are_remembered() {
        let line = Line::new(Arc::new(Desk));
        for n in 0..=MAX_HOSTS {
            let now = Timestamp::from_second(n as i64).unwrap();
            line.note(Some(&format!("host {n}")), &later(None), now);
        }
        let hosts = line.hosts();
        assert_eq!(hosts.len(), MAX_HOSTS);
        assert!(!hosts.contains_key("host 0") && hosts.contains_key("host 1"));
    }

    #[test]
    fn a_provider_of_ours_rests_a_quarter_of_an_hour_at_most() {
        let line = Line::new(Arc::new(Desk));
        line.note(None, &later(Some(Duration::from_secs(31_536_000))), NOW);
        assert_eq!(line.rests_until(NOW).map(Timestamp::as_second), Some(15 * 60));
    }
}
