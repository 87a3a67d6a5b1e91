//! What a person wants to be told of, on which channels, and when.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::{Channel, DigestTime, FieldError, QuietHours, Severity};

/// Most quiet hours of a person.
const MAX_QUIET: usize = 20;

/// What a notification can be about, as far as people choose.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum NoticeKind {
    /// Alerts, their updates and corrections.
    Alerts,
    /// Items of high risk.
    HighRisk,
    /// Every new item that a subscription asks for.
    NewItems,
    /// Claims that were decided.
    Claims,
    /// Notes that name the person.
    Mentions,
}

impl NoticeKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Alerts, Self::HighRisk, Self::NewItems, Self::Claims, Self::Mentions];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alerts => "alerts",
            Self::HighRisk => "high_risk",
            Self::NewItems => "new_items",
            Self::Claims => "claims",
            Self::Mentions => "mentions",
        }
    }

    /// What it is called in a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::HighRisk => "items of high risk",
            Self::NewItems => "new items",
            Self::Alerts | Self::Claims | Self::Mentions => self.as_str(),
        }
    }
}

/// What has gathered is told together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Digest {
    /// When.
    pub at: DigestTime,
    /// On these channels; e-mail alone where none is named.
    #[serde(default = "email_alone")]
    pub channels: Vec<Channel>,
    /// What is of this severity or above is told at once all the same.
    #[serde(default = "high")]
    pub below: Severity,
}

fn email_alone() -> Vec<Channel> {
    vec![Channel::Email]
}

const fn high() -> Severity {
    Severity::High
}

/// What a person wants to be told, where and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(from = "Given")]
pub struct Preferences {
    /// On which channels each kind is told. A kind that is missing is told nowhere.
    pub channels: BTreeMap<NoticeKind, Vec<Channel>>,
    /// Nothing below this.
    pub min_severity: Severity,
    /// The person's time zone, by its IANA name.
    pub zone: String,
    /// The language of messages, as in BCP 47; English stands in where there is no text in it.
    pub locale: String,
    /// When nothing is sent but into the inbox: it is put off to the end.
    pub quiet_hours: Vec<QuietHours>,
    /// What is of this severity or above is sent in quiet hours, too; `null` for nothing at all.
    pub quiet_except: Option<Severity>,
    /// Told together instead of one by one.
    pub digest: Option<Digest>,
    /// At most so many messages an hour on each channel but the inbox; the others wait. Critical ones are not counted and do not
    /// wait. 0 for no bound.
    pub max_per_hour: u32,
}

/// Preferences as they come: what is missing has its default, and the two channels there were before the others have a short form.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Given {
    channels: BTreeMap<NoticeKind, Vec<Channel>>,
    min_severity: Severity,
    zone: String,
    locale: String,
    quiet_hours: Vec<QuietHours>,
    quiet_except: Option<Severity>,
    digest: Option<Digest>,
    max_per_hour: u32,
    inbox: Option<bool>,
    email: Option<bool>,
}

impl Default for Given {
    fn default() -> Self {
        let Preferences {
            channels,
            min_severity,
            zone,
            locale,
            quiet_hours,
            quiet_except,
            digest,
            max_per_hour,
        } = Preferences::default();
        Self {
            channels,
            min_severity,
            zone,
            locale,
            quiet_hours,
            quiet_except,
            digest,
            max_per_hour,
            inbox: None,
            email: None,
        }
    }
}

impl From<Given> for Preferences {
    fn from(given: Given) -> Self {
        let mut preferences = Self {
            channels: given.channels,
            min_severity: given.min_severity,
            zone: given.zone,
            locale: given.locale,
            quiet_hours: given.quiet_hours,
            quiet_except: given.quiet_except,
            digest: given.digest,
            max_per_hour: given.max_per_hour,
        };
        for (channel, wanted) in [(Channel::Inbox, given.inbox), (Channel::Email, given.email)] {
            if let Some(wanted) = wanted {
                preferences.want(NoticeKind::Alerts, channel, wanted);
            }
        }
        preferences
    }
}

impl Default for Preferences {
    fn default() -> Self {
        // Alerts tell of what items come to: who wants the items, too, asks for them.
        let told = [NoticeKind::Alerts, NoticeKind::Claims, NoticeKind::Mentions];
        Self {
            channels: told.into_iter().map(|kind| (kind, vec![Channel::Inbox])).collect(),
            min_severity: Severity::Medium,
            zone: "UTC".to_owned(),
            locale: "en".to_owned(),
            quiet_hours: Vec::new(),
            quiet_except: Some(Severity::Critical),
            digest: None,
            max_per_hour: 60,
        }
    }
}

impl Preferences {
    /// Whether they are to be looked at when items come.
    #[must_use]
    pub fn ask_for_items(&self) -> bool {
        let on = |kind| self.channels.get(&kind).is_some_and(|channels| !channels.is_empty());
        on(NoticeKind::HighRisk) || on(NoticeKind::NewItems)
    }

    /// Alerts into the inbox and by e-mail, as told, of this severity and above.
    #[must_use]
    pub fn of_alerts(inbox: bool, email: bool, min_severity: Severity) -> Self {
        let mut preferences = Self { min_severity, ..Self::default() };
        preferences.want(NoticeKind::Alerts, Channel::Inbox, inbox);
        preferences.want(NoticeKind::Alerts, Channel::Email, email);
        preferences
    }

    /// Whether `kind` is wanted on `channel`.
    #[must_use]
    pub fn wants(&self, kind: NoticeKind, channel: Channel) -> bool {
        self.channels.get(&kind).is_some_and(|channels| channels.contains(&channel))
    }

    /// Switches `kind` on or off on `channel`.
    pub fn want(&mut self, kind: NoticeKind, channel: Channel, wanted: bool) {
        let channels = self.channels.entry(kind).or_default();
        channels.retain(|one| *one != channel);
        if wanted {
            channels.push(channel);
            channels.sort_unstable();
        }
    }

    /// The time zone; UTC where the name is of none, which [`Preferences::problems`] says before it is kept.
    #[must_use]
    pub fn time_zone(&self) -> TimeZone {
        TimeZone::get(&self.zone).unwrap_or(TimeZone::UTC)
    }

    /// What is wrong with them.
    #[must_use]
    pub fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        if TimeZone::get(&self.zone).is_err() {
            problems.push(FieldError::new(
                "zone",
                format!("`{}` is no time zone; give its IANA name, as `Asia/Kolkata`", short(&self.zone)),
            ));
        }
        let is_locale = !self.locale.is_empty()
            && self.locale.len() <= 35
            && self.locale.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_locale {
            problems.push(FieldError::new("locale", "give a language as in BCP 47, as `en` or `pt-BR`"));
        }
        if self.quiet_hours.len() > MAX_QUIET {
            problems.push(FieldError::new("quiet_hours", format!("at most {MAX_QUIET}")));
        }
        for (n, quiet) in self.quiet_hours.iter().enumerate() {
            if quiet.days.len() > 7 || quiet.days.iter().any(|day| !(1..=7).contains(day)) {
                problems.push(FieldError::new(
                    format!("quiet_hours.{n}.days"),
                    "1 (Monday) to 7 (Sunday), each at most once",
                ));
            }
        }
        if let Some(digest) = &self.digest {
            if digest.at.next(&TimeZone::UTC, crate::Timestamp::UNIX_EPOCH).is_none() {
                problems.push(FieldError::new("digest.at", "hours are 0 to 23, days 1 (Monday) to 7"));
            }
            if digest.channels.is_empty()
                || digest.channels.iter().any(|one| !matches!(one, Channel::Email | Channel::Push))
            {
                problems.push(FieldError::new("digest.channels", "digests are sent by `email` and `push`"));
            }
        }
        problems
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(60).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_was_kept_before_there_were_more_channels_is_still_read() {
        let old = json!({ "inbox": false, "email": true, "min_severity": "critical" });
        let read: Preferences = serde_json::from_value(old).unwrap();
        assert_eq!(read, Preferences::of_alerts(false, true, Severity::Critical));
        let again: Preferences = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
        assert_eq!(serde_json::from_value::<Preferences>(json!({})).unwrap(), Preferences::default());
        let none: Preferences = serde_json::from_value(json!({ "quiet_except": null })).unwrap();
        assert_eq!(none.quiet_except, None);
        assert!(serde_json::from_value::<Preferences>(json!({ "sms": true })).is_err(), "no such word");
    }

    #[test]
    fn what_makes_no_sense_is_said_field_by_field() {
        assert_eq!(Preferences::default().problems(), []);
        let wrong: Preferences = serde_json::from_value(json!({
            "zone": "Mars/Olympus", "locale": "../../etc", "quiet_hours": [{ "days": [0, 8], "start": "22:00", "end": "07:00" }],
            "digest": { "at": { "every": "week", "day": 9, "hour": 8 }, "channels": ["sms"] },
        }))
        .unwrap();
        let fields: Vec<String> = wrong.problems().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["zone", "locale", "quiet_hours.0.days", "digest.at", "digest.channels"]);
        assert_eq!(wrong.time_zone(), TimeZone::UTC);
    }
}
