//! What templates can say: each name's variables, and samples of them. All of them are texts, numbers, yes or no, and lists of those;
//! nothing else can be reached from a template.

use crisislens_model::wording::harmless_name;
use crisislens_model::{
    Alert, AlertId, AlertStatus, Corrected, HazardType, IncidentId, News, Notification, NotificationId,
    Severity, Timestamp, User, id,
};
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use super::{Escalated, Links, words};

/// Notifications that a digest tells of in full.
const MAX_TOGETHER: usize = 100;

/// What a template is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Name {
    /// An alert, or what has grown of one.
    Alert,
    /// An alert that was put right or withdrawn.
    Correction,
    /// An alert that nobody has acknowledged.
    Escalation,
    /// What has gathered.
    Digest,
    /// A new item.
    NewItem,
    /// A claim that was decided.
    ClaimVerified,
    /// Something said that names the reader.
    Mention,
}

/// A variable of a template.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Variable {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub meaning: &'static str,
    /// As it may be.
    pub example: String,
    /// Whether the part `html` alone has it.
    pub html_only: bool,
    /// Whether the part `webhook` alone has it.
    pub webhook_only: bool,
}

const ALERT: &[(&str, &str)] = &[
    ("title", "one line"),
    ("message", "what is known, and why it was raised"),
    ("area", "the name of the area; may be empty"),
    ("country", "ISO 3166-1 alpha-2; may be empty"),
    ("kind", "`alert`, `update`, `correction` or `cancel`"),
    ("severity", "`low`, `medium`, `high` or `critical`, to compare with"),
    ("severity_word", "the severity in the reader's language"),
    ("hazard", "the hazard as it is called in the API, to compare with"),
    ("hazard_word", "the hazard in the reader's language"),
    ("revision", "from 1"),
    ("exercise", "whether it is part of an exercise"),
    ("effective", "when it was raised, ISO 8601"),
    ("expires", "when it lapses, ISO 8601"),
];
const DIGEST: &[(&str, &str)] = &[
    ("notifications", "the worst first; each has `subject`, `body` and `at`"),
    ("count", "how many there are"),
    ("worst", "the worst severity, to compare with"),
    ("worst_word", "the worst severity in the reader's language"),
    ("name", "the reader's name"),
    ("exercise", "whether one of them is part of an exercise"),
    ("unsubscribe", "where one click ends these e-mails; may be empty"),
];
const NEW_ITEM: &[(&str, &str)] = &[
    ("title", "one line"),
    ("text", "what it says"),
    ("source", "who says it"),
    ("url", "where; may be empty"),
    ("risk", "how bad it may be, 0 to 1; may be empty"),
    ("exercise", "whether it is part of an exercise"),
];
const MENTION: &[(&str, &str)] = &[
    ("who", "who says it"),
    ("title", "what it is said of"),
    ("text", "what is said"),
    ("exercise", "whether it is part of an exercise"),
];
const CLAIM: &[(&str, &str)] =
    &[("claim", "what was claimed"), ("verdict", "what was decided of it"), ("reason", "why; may be empty")];
/// What the part `html` has besides, for it is a whole e-mail.
const MAIL: &[(&str, &str)] = &[
    ("name", "the reader's name"),
    ("link", "where it is opened; may be empty"),
    ("acknowledge", "where the reader says that they see to it; empty where that would end no calls"),
    ("unsubscribe", "where one click ends these e-mails; may be empty"),
];

/// What the part `webhook` has besides.
const WEBHOOK: &[(&str, &str)] =
    &[("alert_id", "the alert's id"), ("notification_id", "the notification's id, the same for each try")];

impl Name {
    /// Every name.
    pub const ALL: [Self; 7] = [
        Self::Alert,
        Self::Correction,
        Self::Escalation,
        Self::Digest,
        Self::NewItem,
        Self::ClaimVerified,
        Self::Mention,
    ];

    /// The word used on the wire, and in the names of the shipped templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Correction => "correction",
            Self::Escalation => "escalation",
            Self::Digest => "digest",
            Self::NewItem => "new_item",
            Self::ClaimVerified => "claim_verified",
            Self::Mention => "mention",
        }
    }

    /// By which one an alert is told.
    #[must_use]
    pub fn of(alert: &Alert) -> Self {
        if alert.is_correction() { Self::Correction } else { Self::Alert }
    }

    /// The name and meaning of what every part has.
    pub(super) const fn common(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Alert | Self::Correction | Self::Escalation => ALERT,
            Self::Digest => DIGEST,
            Self::NewItem => NEW_ITEM,
            Self::ClaimVerified => CLAIM,
            Self::Mention => MENTION,
        }
    }

    /// What `html` has besides.
    pub(super) const fn of_mail(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Digest => &[],
            _ => MAIL,
        }
    }

    /// What `webhook` has besides.
    pub(super) const fn of_webhook(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Alert | Self::Correction | Self::Escalation => WEBHOOK,
            Self::Digest | Self::NewItem | Self::ClaimVerified | Self::Mention => &[],
        }
    }

    /// Its variables, with an example in a language.
    #[must_use]
    pub fn variables(self, language: &str) -> Vec<Variable> {
        let samples = samples(self, language);
        let example = |name: &str| {
            samples
                .first()
                .and_then(|values| values.get_attr(name).ok())
                .map_or_else(String::new, |value| value.to_string())
        };
        let parts = [
            (self.common(), (false, false)),
            (self.of_mail(), (true, false)),
            (self.of_webhook(), (false, true)),
        ];
        let mut all = Vec::new();
        for (variables, (html_only, webhook_only)) in parts {
            all.extend(variables.iter().map(|(name, meaning)| Variable {
                name,
                meaning,
                example: example(name),
                html_only,
                webhook_only,
            }));
        }
        all
    }
}

/// What a new item's template says.
#[derive(Debug, Clone, Copy)]
pub struct NewItem<'a> {
    /// One line.
    pub title: &'a str,
    /// What it says.
    pub text: &'a str,
    /// Who says it.
    pub source: &'a str,
    /// Where, if anywhere.
    pub url: Option<&'a str>,
    /// How bad it may be, where that is known.
    pub risk: Option<f64>,
    /// Part of an exercise.
    pub exercise: bool,
}

impl<'a> From<&'a News> for NewItem<'a> {
    fn from(news: &'a News) -> Self {
        Self {
            title: &news.title,
            text: &news.text,
            source: &news.source,
            url: news.url.as_deref(),
            risk: Some(news.risk),
            exercise: news.exercise,
        }
    }
}

/// What the template of something said says.
#[derive(Debug, Clone, Copy)]
pub struct Mention<'a> {
    /// Who says it.
    pub who: &'a str,
    /// What it is said of.
    pub title: &'a str,
    /// What is said.
    pub text: &'a str,
    /// Part of an exercise.
    pub exercise: bool,
}

/// What a decided claim's template says.
#[derive(Debug, Clone, Copy)]
pub struct ClaimVerified<'a> {
    /// What was claimed.
    pub claim: &'a str,
    /// What was decided of it.
    pub verdict: &'a str,
    /// Why.
    pub reason: &'a str,
}

/// An alert's.
pub(super) fn of_alert(alert: &Alert, language: &str) -> Value {
    context! {
        title => &alert.title, message => &alert.message, area => &alert.area, kind => &alert.kind,
        country => alert.country.as_deref().unwrap_or_default(),
        severity => alert.severity.as_str(), severity_word => words::severity(alert.severity, language),
        hazard => alert.hazard.as_str(), hazard_word => words::hazard(alert.hazard, language),
        revision => alert.revision, exercise => alert.status == AlertStatus::Exercise,
        effective => second(alert.effective), expires => second(alert.expires),
        // For the shipped texts alone; the last three of an escalation.
        place => place(alert), said => said(alert), chain => "", step => 1, ended => false,
    }
}

/// The area, unless the title names it.
fn place(alert: &Alert) -> &str {
    if alert.title.to_lowercase().contains(&alert.area.to_lowercase()) { "" } else { &alert.area }
}

/// What a short message has to say beside title and place: what people wrote. What the rule writes says the title again, what it counted,
/// and words of feeds.
fn said(alert: &Alert) -> String {
    if let Some(why) = alert.why_withdrawn() {
        return why.to_owned();
    }
    if let Some(Corrected { message, reason, .. }) = Corrected::of(alert) {
        return message.into_iter().chain(reason).collect::<Vec<_>>().join(" ");
    }
    let is_the_rules = alert.message.strip_prefix(&*alert.title).is_some_and(|rest| rest.starts_with(": "));
    if is_the_rules { String::new() } else { alert.message.clone() }
}

/// An alert's on its way along a chain.
pub(super) fn of_escalation(alert: &Alert, of: Escalated<'_>, language: &str) -> Value {
    context! { chain => of.chain, step => of.step, ended => of.is_end, ..of_alert(alert, language) }
}

/// A digest's.
pub(super) fn of_digest(
    notifications: &[Notification],
    user: &User,
    links: Links<'_>,
    language: &str,
) -> Value {
    let zone = user.preferences.time_zone();
    let local = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z").to_string();
    let mut sorted: Vec<&Notification> = notifications.iter().collect();
    sorted.sort_by_key(|one| (std::cmp::Reverse(one.priority), one.created_at));
    let told: Vec<Value> = sorted
        .iter()
        .take(MAX_TOGETHER)
        .map(|one| context! { subject => &one.subject, body => &one.body, at => local(one.created_at) })
        .collect();
    let worst = sorted.first().map_or(Severity::Low, |one| one.priority);
    context! {
        notifications => told, count => notifications.len(), worst => worst.as_str(),
        worst_word => words::severity(worst, language), name => harmless_name(&user.name),
        exercise => notifications.iter().any(|one| one.exercise),
        unsubscribe => links.unsubscribe.unwrap_or_default(),
    }
}

/// A new item's.
pub(super) fn of_item(item: &NewItem<'_>) -> Value {
    context! {
        title => item.title, text => item.text, source => item.source, url => item.url.unwrap_or_default(),
        risk => item.risk.map_or_else(|| Value::from(""), |risk| Value::from(format!("{risk:.2}"))),
        exercise => item.exercise,
    }
}

/// A decided claim's.
pub(super) fn of_claim(claim: &ClaimVerified<'_>) -> Value {
    context! { claim => claim.claim, verdict => claim.verdict, reason => claim.reason }
}

/// Of something said.
pub(super) fn of_mention(mention: &Mention<'_>) -> Value {
    context! { who => harmless_name(mention.who), title => mention.title, text => mention.text, exercise => mention.exercise }
}

/// A message that the shipped e-mail is around.
#[derive(Debug, Clone, Copy)]
pub(super) struct Framed<'a> {
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub body: &'a str,
    /// Part of an exercise.
    pub exercise: bool,
    /// Nobody asked for it: its reader is called.
    pub escalation: bool,
}

/// Of the shipped e-mail around a message.
pub(super) fn of_frame(framed: Framed<'_>, user: &User, links: Links<'_>) -> Value {
    let Framed { subject, body, exercise, escalation } = framed;
    let values =
        context! { subject => subject, body => body, exercise => exercise, escalation => escalation };
    mailed(&values, &user.name, links)
}

/// The same with what the part `html` has besides.
pub(super) fn with_mail(values: &Value, user: &User, links: Links<'_>) -> Value {
    mailed(values, &user.name, links)
}

/// The name is whatever its owner gave when there was no rule for it.
fn mailed(values: &Value, name: &str, links: Links<'_>) -> Value {
    context! {
        name => harmless_name(name), link => links.open.unwrap_or_default(), unsubscribe => links.unsubscribe.unwrap_or_default(),
        acknowledge => links.acknowledge.unwrap_or_default(), ..values.clone()
    }
}

/// The same with what the part `webhook` has besides.
pub(super) fn with_ids(values: &Value, alert: AlertId, notification: NotificationId) -> Value {
    context! { alert_id => alert.to_string(), notification_id => notification.to_string(), ..values.clone() }
}

/// The notification that samples are of.
#[must_use]
pub fn sample_notification() -> NotificationId {
    NotificationId(id::named("notification", "sample"))
}

/// What a template is tried with: first as it usually is, then as bare and as odd as it can be.
pub(super) fn samples(name: Name, language: &str) -> Vec<Value> {
    let links = Links {
        open: Some("https://desk.example.org/alerts"),
        unsubscribe: Some("https://desk.example.org/unsubscribe"),
        acknowledge: Some("https://desk.example.org/acknowledge"),
    };
    let samples = match name {
        Name::Alert | Name::Correction | Name::Escalation => {
            let alert = sample_alert(name);
            let bare = Alert {
                area: String::new(),
                country: None,
                hazard: HazardType::None,
                status: AlertStatus::Exercise,
                revision: 1,
                kind: if name == Name::Correction { "cancel" } else { "alert" }.to_owned(),
                ..alert.clone()
            };
            let of = |alert: &Alert| with_ids(&of_alert(alert, language), alert.id, sample_notification());
            [alert, bare].iter().map(of).collect()
        }
        Name::Digest => {
            let one = context! {
                subject => "[high] Flood in Valencia", body => "The river is over its banks.",
                at => "2026-03-02 10:00 UTC",
            };
            let digest = |told: Vec<Value>, exercise: bool| {
                context! {
                    count => told.len(), notifications => told, worst => "high",
                    worst_word => words::severity(Severity::High, language), name => "Ada",
                    exercise => exercise, unsubscribe => "https://desk.example.org/unsubscribe",
                }
            };
            vec![digest(vec![one.clone(), one], false), digest(Vec::new(), true)]
        }
        Name::NewItem => {
            let item = NewItem {
                title: "Flood in Valencia",
                text: "The river is over its banks.",
                source: "civil-protection",
                url: Some("https://news.example.org/1"),
                risk: Some(0.8),
                exercise: false,
            };
            [item, NewItem { url: None, risk: None, exercise: true, ..item }].iter().map(of_item).collect()
        }
        Name::ClaimVerified => {
            let claim = ClaimVerified {
                claim: "The dam has burst",
                verdict: "refuted",
                reason: "The operator's gauges show nothing.",
            };
            [claim, ClaimVerified { reason: "", ..claim }].iter().map(of_claim).collect()
        }
        Name::Mention => {
            let mention = Mention {
                who: "Grace",
                title: "Flood in Valencia",
                text: "Can you look at the gauges?",
                exercise: false,
            };
            [mention, Mention { exercise: true, ..mention }].iter().map(of_mention).collect()
        }
    };
    if name == Name::Digest {
        return samples;
    }
    samples.iter().map(|values| mailed(values, "Ada", links)).collect()
}

/// An alert to try a template with.
#[must_use]
pub fn sample_alert(name: Name) -> Alert {
    let at = Timestamp::from_second(1_772_445_600).unwrap_or_default();
    let hour = std::time::Duration::from_secs(3600);
    Alert {
        id: AlertId(id::named("alert", "sample")),
        revision: 2,
        references: None,
        incident_id: IncidentId(id::named("incident", "sample")),
        item_id: None,
        kind: if name == Name::Correction { "correction" } else { "update" }.to_owned(),
        severity: Severity::High,
        title: "Flood in Valencia".to_owned(),
        message: "The river is over its banks. Two sources report it.".to_owned(),
        area: "Valencia".to_owned(),
        country: Some("ES".to_owned()),
        centre: None,
        hazard: HazardType::Flood,
        status: AlertStatus::Actual,
        effective: at,
        expires: at.checked_add(hour).unwrap_or(at),
        rule_id: "sample".to_owned(),
        approved_by: None,
        data: serde_json::json!({}),
    }
}

fn second(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
