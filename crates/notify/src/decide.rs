//! Whether a person is told of something, on which channels and when, and why not on the others: decided for one person at a time, from
//! what is known of them, and by nothing else.

use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{
    Channel, Delivery, DeliveryId, DeliveryStatus, NoticeKind, Notification, NotificationId,
    NotificationType, Preferences, Severity, Subscription, Timestamp, User, id,
};
use crisislens_state::ledger::{Candidate, Earlier};

use crate::matter::{Matter, Standing};
use crate::provider::worth;
use crate::targets::addresses;

/// What quiet hours have put off is sent within so many seconds of their end, not all at once.
const SPREAD_S: u64 = 60;
/// Messages of so long count against the most of an hour.
const RECENT: Duration = Duration::from_secs(3600);
/// How the reason begins of what quiet hours have put off.
const QUIET: &str = "quiet hours until ";

/// Since when they count.
pub(crate) fn recent(now: Timestamp) -> Timestamp {
    now.checked_sub(RECENT).unwrap_or(now)
}

/// What is the same for everybody.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Somebody who was told of an alert on a channel is not told again for so long, unless it got worse or is corrected.
    pub repeat_after: Duration,
}

impl Default for Rules {
    fn default() -> Self {
        Self { repeat_after: Duration::from_secs(15 * 60) }
    }
}

/// What was decided for a person.
#[derive(Debug, Clone, PartialEq)]
pub enum Decision {
    /// They are told; deliveries of earlier revisions that have not left are pointless now. The notification has no texts yet.
    Told {
        /// What they are told.
        notification: Box<Notification>,
        /// What its deliveries take the place of.
        replaced: Vec<DeliveryId>,
    },
    /// They are told nothing, for this reason; deliveries that have not left are not to.
    PassedOver {
        /// Why.
        why: String,
        /// What must not leave any more.
        replaced: Vec<DeliveryId>,
    },
}

impl Decision {
    /// Deliveries that it takes the place of.
    #[must_use]
    pub fn replaced(&self) -> &[DeliveryId] {
        match self {
            Self::Told { replaced, .. } | Self::PassedOver { replaced, .. } => replaced,
        }
    }
}

/// Decides for one person.
#[must_use]
pub fn decide(matter: &Matter<'_>, candidate: &Candidate, rules: Rules, now: Timestamp) -> Decision {
    let fits = matter.facts.as_ref().and_then(|facts| {
        candidate.subscriptions.iter().find(|one| one.fits(facts).is_ok()).map(|one| one.name.as_str())
    });
    let case = Case { matter, candidate, wants: &candidate.user.preferences, fits, rules, now };
    let waiting: Vec<DeliveryId> =
        candidate.earlier.iter().filter(|one| gives_way(one, matter.standing)).map(|one| one.id).collect();
    let passed = |why: String| Decision::PassedOver { why, replaced: waiting.clone() };
    if matter.standing != Standing::Stands && case.was_told() {
        return Decision::Told {
            notification: Box::new(case.notification(NotificationType::Correction, case.corrections())),
            replaced: waiting,
        };
    }
    if matter.standing == Standing::Withdrawn {
        return if waiting.is_empty() {
            passed("the alert never went to them".to_owned())
        } else {
            passed("the alert was withdrawn before it left".to_owned())
        };
    }
    if let Some(held) = &matter.held {
        return passed(held.clone());
    }
    if let Some(why) = case.unasked() {
        return passed(why);
    }
    let deliveries = case.deliveries();
    if deliveries.iter().all(|one| matches!(one.status, DeliveryStatus::Suppressed | DeliveryStatus::Expired))
    {
        let why: Vec<&str> = deliveries.iter().map(|one| one.reason.as_str()).collect();
        return passed(why.join("; "));
    }
    Decision::Told {
        notification: Box::new(case.notification(matter.told_as, deliveries)),
        replaced: waiting,
    }
}

/// Whether something newer takes its place: it waits, for the first time or for another try. What calls somebody whose turn it was
/// waits for them until the alert is taken back.
fn gives_way(earlier: &Earlier, standing: Standing) -> bool {
    matches!(earlier.status, DeliveryStatus::Queued | DeliveryStatus::Deferred)
        && (!earlier.is_page || standing == Standing::Withdrawn)
}

struct Case<'a> {
    matter: &'a Matter<'a>,
    candidate: &'a Candidate,
    wants: &'a Preferences,
    /// The subscription that it is told by, if any.
    fits: Option<&'a str>,
    rules: Rules,
    now: Timestamp,
}

impl Case<'_> {
    fn notification(&self, kind: NotificationType, deliveries: Vec<Delivery>) -> Notification {
        let matter = self.matter;
        // What puts something right is as urgent as that was.
        let earlier = self.candidate.earlier.iter().filter(|one| one.reached()).map(|one| one.priority);
        let is_correction = kind == NotificationType::Correction;
        let priority = earlier.filter(|_| is_correction).fold(matter.severity, Severity::max);
        Notification {
            id: self.id(),
            kind,
            recipient: self.candidate.user.id,
            about: matter.about,
            revision: matter.revision,
            priority,
            locale: self.wants.locale.clone(),
            subject: String::new(),
            body: String::new(),
            short: String::new(),
            exercise: matter.exercise,
            deliveries,
            created_at: self.now,
            read_at: None,
        }
    }

    fn id(&self) -> NotificationId {
        self.matter.notification_to(self.candidate.user.id)
    }

    fn was_told(&self) -> bool {
        self.candidate.in_inbox.is_some() || self.candidate.earlier.iter().any(Earlier::reached)
    }

    /// Why they asked for nothing of the kind.
    fn unasked(&self) -> Option<String> {
        // Who is named is meant, whatever it is about.
        let facts = self.matter.facts.as_ref()?;
        if self.matter.severity < self.wants.min_severity {
            return Some(format!("asks for nothing below {}", self.wants.min_severity.as_str()));
        }
        if self.fits.is_some() {
            return None;
        }
        // A saved search asks for items beside all else: it takes no alerts away.
        let is_new_item = self.matter.kind == NoticeKind::NewItems;
        let narrows = |one: &&Arc<Subscription>| is_new_item || one.search.is_none();
        let subscriptions: Vec<_> = self.candidate.subscriptions.iter().filter(narrows).collect();
        if subscriptions.is_empty() && self.matter.kind == NoticeKind::NewItems {
            return Some("no subscription asks for items".to_owned());
        }
        let unfit: Vec<String> = subscriptions
            .iter()
            .map_while(|one| one.fits(facts).err().map(|part| format!("`{}` by its {part}", one.name)))
            .collect();
        (!subscriptions.is_empty() && unfit.len() == subscriptions.len())
            .then(|| format!("no subscription is for it: not {}", unfit.join(", not ")))
    }

    fn deliveries(&self) -> Vec<Delivery> {
        Channel::ALL.into_iter().flat_map(|channel| self.on(channel)).collect()
    }

    /// What leaves on a channel; where nothing does, why, if the person could be reached there or wants to be.
    fn on(&self, channel: Channel) -> Vec<Delivery> {
        let Candidate { user, contacts, .. } = self.candidate;
        let addresses = addresses(channel, user, contacts);
        let kind = self.matter.kind;
        if !self.wants.wants(kind, channel) {
            let reason = format!("has switched off {} by {}", kind.words(), channel.as_str());
            let known = channel == Channel::Inbox || !addresses.is_empty();
            return known.then(|| self.not_sent(channel, None, reason)).into_iter().collect();
        }
        if channel == Channel::Inbox {
            return vec![self.in_inbox(self.asked(channel))];
        }
        if addresses.is_empty() {
            return vec![self.not_sent(
                channel,
                None,
                format!("has given no address for {}", channel.as_str()),
            )];
        }
        addresses.into_iter().map(|to| self.to(channel, to)).collect()
    }

    fn in_inbox(&self, reason: String) -> Delivery {
        Delivery::in_inbox(self.id(), reason, self.now)
    }

    fn asked(&self, channel: Channel) -> String {
        let (kind, channel) = (self.matter.kind.words(), channel.as_str());
        if self.matter.facts.is_none() {
            return format!("asked for {kind} by {channel}");
        }
        let by = self.fits.map(|name| format!(", subscribed as `{name}`")).unwrap_or_default();
        format!("asked for {kind} of {} and above by {channel}{by}", self.wants.min_severity.as_str())
    }

    /// One address: at once, later, or not at all.
    fn to(&self, channel: Channel, to: &str) -> Delivery {
        if let Some(why) = self.told_lately(channel, to) {
            return self.not_sent(channel, Some(to), why);
        }
        let (due, why, gathered) = self.due(channel).map_or_else(
            || (self.now, self.asked(channel), false),
            |later| (later.at, later.why, later.gathered),
        );
        if due > self.now && due >= self.matter.expires {
            let why = format!("{why}; by then it has lapsed");
            return self.delivery(channel, Some(to), DeliveryStatus::Expired, why);
        }
        let mut delivery = self.leaves(channel, to, due, self.matter.severity, why);
        delivery.digest = gathered.then(|| self.digest(channel, to, due));
        delivery
    }

    /// It leaves at this time, and is worth it as long as what is so severe.
    fn leaves(
        &self,
        channel: Channel,
        to: &str,
        due: Timestamp,
        severity: Severity,
        why: String,
    ) -> Delivery {
        let status = if due > self.now { DeliveryStatus::Deferred } else { DeliveryStatus::Queued };
        let mut delivery = self.delivery(channel, Some(to), status, why);
        delivery.due_at = Some(due);
        delivery.expires_at = due.checked_add(worth(severity)).ok();
        delivery
    }

    fn due(&self, channel: Channel) -> Option<Later> {
        let mut later = self.gathered(channel).or_else(|| self.over_the_most(channel));
        let from = later.as_ref().map_or(self.now, |later| later.at);
        if let Some(quiet) = self.quiet(from, self.matter.severity) {
            let gathered = later.is_some_and(|later| later.gathered);
            later = Some(Later { gathered, ..quiet });
        }
        later
    }

    /// What is told together is put off to its time.
    fn gathered(&self, channel: Channel) -> Option<Later> {
        let digest = self.wants.digest.as_ref()?;
        if self.matter.severity >= digest.below || !digest.channels.contains(&channel) {
            return None;
        }
        let at = digest.at.next(&self.wants.time_zone(), self.now)?;
        let why = format!("goes with the digest of {}", self.local(at));
        Some(Later { at, why, gathered: true })
    }

    fn over_the_most(&self, channel: Channel) -> Option<Later> {
        let recent = self.candidate.recent.get(&channel).copied().unwrap_or_default();
        let (at, why) =
            over_the_most(&self.candidate.user, self.matter.severity, (channel, recent), self.now)?;
        Some(Later { at, why, gathered: false })
    }

    fn quiet(&self, from: Timestamp, severity: Severity) -> Option<Later> {
        let at = quiet_until(&self.candidate.user, severity, from)?;
        Some(Later { at, why: quiet_words(&self.candidate.user, at), gathered: false })
    }

    /// Where they were told of the same lately, and it is no worse.
    fn told_lately(&self, channel: Channel, to: &str) -> Option<String> {
        let told = self
            .candidate
            .earlier
            .iter()
            .filter(|one| one.channel == channel && one.address == to && one.status.went_out())
            .max_by_key(|one| one.at)?;
        let ago = Duration::try_from(self.now.duration_since(told.at)).unwrap_or_default();
        (ago < self.rules.repeat_after && self.matter.severity <= told.priority).then(|| {
            format!(
                "was told of it {} minutes ago and it is no worse; told again after {} minutes",
                ago.as_secs() / 60,
                self.rules.repeat_after.as_secs() / 60
            )
        })
    }

    /// To whom the original went, on the channels it went by: when the worst of it could have come, however many messages there were
    /// and however long the alert itself holds.
    fn corrections(&self) -> Vec<Delivery> {
        let why = "what went here before is put right".to_owned();
        let mut deliveries = Vec::new();
        if self.candidate.in_inbox.is_some() {
            deliveries.push(self.in_inbox(why.clone()));
        }
        let mut seen: Vec<(Channel, &str)> = Vec::new();
        let reached = || self.candidate.earlier.iter().filter(|one| one.reached());
        let severity = reached().map(|one| one.priority).fold(self.matter.severity, Severity::max);
        let later = self.quiet(self.now, severity);
        for one in reached() {
            let place = (one.channel, one.address.as_str());
            if !seen.contains(&place) {
                seen.push(place);
                let (due, why) = later.as_ref().map_or((self.now, &why), |later| (later.at, &later.why));
                deliveries.push(self.leaves(one.channel, &one.address, due, severity, why.clone()));
            }
        }
        deliveries
    }

    fn not_sent(&self, channel: Channel, to: Option<&str>, why: String) -> Delivery {
        self.delivery(channel, to, DeliveryStatus::Suppressed, why)
    }

    fn delivery(
        &self,
        channel: Channel,
        to: Option<&str>,
        status: DeliveryStatus,
        reason: String,
    ) -> Delivery {
        Delivery::decided(self.id(), channel, to, status, reason)
    }

    /// One row carries what goes to an address at a time; what is meant in earnest does not go with an exercise.
    fn digest(&self, channel: Channel, to: &str, due: Timestamp) -> DeliveryId {
        let exercise = self.matter.exercise;
        let name = format!("digest {} {to} {exercise} {}", channel.as_str(), due.as_second());
        DeliveryId(id::derived(self.candidate.user.id.0, &name, 1))
    }

    fn local(&self, at: Timestamp) -> String {
        local(&self.candidate.user, at)
    }
}

/// If a message of this severity is to wait for the end of a person's quiet hours, until when: not everybody's at once.
pub(crate) fn quiet_until(user: &User, severity: Severity, from: Timestamp) -> Option<Timestamp> {
    let wants = &user.preferences;
    if wants.quiet_hours.is_empty() || wants.quiet_except.is_some_and(|least| severity >= least) {
        return None;
    }
    let zone = wants.time_zone();
    let over = |from| wants.quiet_hours.iter().filter_map(|quiet| quiet.over(&zone, from)).max();
    let mut end = over(from)?;
    // One range may begin where another ends.
    for _ in &wants.quiet_hours {
        match over(end) {
            Some(later) if later > end => end = later,
            _ => break,
        }
    }
    let share = user.id.0.as_u128() % u128::from(SPREAD_S);
    let spread = Duration::from_secs(u64::try_from(share).unwrap_or_default());
    Some(end.checked_add(spread).unwrap_or(end))
}

pub(crate) fn quiet_words(user: &User, until: Timestamp) -> String {
    format!("{QUIET}{}", local(user, until))
}

/// Whether these are the words for what quiet hours have put off.
pub(crate) fn are_quiet_words(reason: &str) -> bool {
    reason.starts_with(QUIET)
}

/// What is over the most of an hour, where so many have gone out on the channel, waits for its share of the next: until when, and why.
pub(crate) fn over_the_most(
    user: &User,
    severity: Severity,
    (channel, recent): (Channel, u64),
    now: Timestamp,
) -> Option<(Timestamp, String)> {
    let most = u64::from(user.preferences.max_per_hour);
    if most == 0 || recent < most || severity == Severity::Critical {
        return None;
    }
    let wait = RECENT.as_secs().saturating_mul(recent - most + 1) / most;
    let at = now.checked_add(Duration::from_secs(wait)).ok()?;
    let why = format!(
        "{recent} messages by {} within an hour, and the most is {most}: waits until {}",
        channel.as_str(),
        local(user, at)
    );
    Some((at, why))
}

fn local(user: &User, at: Timestamp) -> String {
    at.to_zoned(user.preferences.time_zone()).strftime("%Y-%m-%d %H:%M %Z").to_string()
}

/// When something put off is sent.
struct Later {
    at: Timestamp,
    why: String,
    gathered: bool,
}
