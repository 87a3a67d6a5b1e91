//! What keeps an alert from everybody: a silence, a maintenance window, or a worse alert that makes it pointless. What corrects or
//! withdraws an alert goes to those who had the original all the same.

use crisislens_model::wording;
use crisislens_model::{
    Alert, AlertMatch, AlertRule, Facts, FieldError, ItemFilter, QuietHours, Subscription, Timestamp,
};
use crisislens_search::Query;
use crisislens_state::ledger::DeskObject;
use crisislens_state::{StateError, Tx};
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Most alerts that are looked at for one that inhibits.
const MAX_LOOKED_AT: usize = 1_000;
/// Longest text for people, characters.
const MAX_TEXT: usize = 500;
/// Longest time that an alert inhibits others, seconds.
const MAX_WITHIN_S: u64 = 7 * 24 * 3600;

/// Alerts that fit are told to nobody for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Silence {
    /// Which alerts.
    #[serde(rename = "match", default)]
    pub matches: AlertMatch,
    /// Why, for those who are not told.
    pub reason: String,
    /// Who silenced them; filled in by the server.
    #[serde(default)]
    pub author: String,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
}

/// Alerts that fit are told to nobody at these hours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// Which alerts.
    #[serde(rename = "match", default)]
    pub matches: AlertMatch,
    /// Why, for those who are not told.
    pub reason: String,
    /// Who set it up; filled in by the server.
    #[serde(default)]
    pub author: String,
    /// The time zone of the hours, by its IANA name.
    pub zone: String,
    /// When.
    pub hours: Vec<QuietHours>,
}

/// An alert that fits `target` is told to nobody while there is another that fits `source`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Inhibition {
    /// Why, for those who are not told.
    pub reason: String,
    /// The alert that says it all.
    pub source: AlertMatch,
    /// Those that it makes pointless.
    pub target: AlertMatch,
    /// In what they must be equal.
    #[serde(default)]
    pub equal: Vec<Shared>,
    /// So long after the last revision of the first, seconds.
    pub within_s: u64,
}

/// What two alerts can have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shared {
    /// The country; of two without one, none is the other's.
    Country,
    /// The hazard.
    Hazard,
    /// The area's name.
    Area,
}

/// Something that people set up.
pub trait SetUp: Serialize + DeserializeOwned + Send + Sync {
    /// How the store calls its kind.
    const KIND: &'static str;

    /// What is wrong with it.
    fn problems(&self) -> Vec<FieldError>;
}

/// What is wrong with what people call a thing.
pub(crate) fn name_problem(name: &str) -> Option<FieldError> {
    wording::line_problem("name", name, MAX_TEXT)
}

fn reason_problem(reason: &str) -> Option<FieldError> {
    wording::text_problem("reason", reason, MAX_TEXT)
}

impl SetUp for AlertRule {
    const KIND: &'static str = AlertRule::KIND;

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = Self::problems(self);
        for (number, when) in self.when.iter().enumerate() {
            if let Err(error) = Query::parse(&when.q, ItemFilter::default()) {
                problems.push(FieldError::new(format!("when[{number}].q"), error.to_string()));
            }
        }
        problems
    }
}

impl SetUp for Subscription {
    const KIND: &'static str = "subscription";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.matches.problems("match");
        problems.extend(name_problem(&self.name));
        if self.ended.is_some() {
            problems.push(FieldError::new("ended", "is written by the desk; leave it out to begin anew"));
        }
        problems
    }
}

impl SetUp for Silence {
    const KIND: &'static str = "silence";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.matches.problems("match");
        problems.extend(reason_problem(&self.reason));
        if self.ends_at <= self.starts_at {
            problems.push(FieldError::new("ends_at", "is not after starts_at"));
        }
        problems
    }
}

impl SetUp for MaintenanceWindow {
    const KIND: &'static str = "maintenance_window";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.matches.problems("match");
        problems.extend(reason_problem(&self.reason));
        if TimeZone::get(&self.zone).is_err() {
            problems.push(FieldError::new("zone", "give an IANA name, as `Asia/Kolkata`"));
        }
        if self.hours.is_empty() || self.hours.len() > 20 {
            problems.push(FieldError::new("hours", "1 to 20 ranges"));
        }
        if self.hours.iter().any(|hours| hours.days.iter().any(|day| !(1..=7).contains(day))) {
            problems.push(FieldError::new("hours", "days are 1 (Monday) to 7 (Sunday)"));
        }
        problems
    }
}

impl SetUp for Inhibition {
    const KIND: &'static str = "inhibition";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.source.problems("source");
        problems.extend(self.target.problems("target"));
        problems.extend(reason_problem(&self.reason));
        if self.within_s == 0 || self.within_s > MAX_WITHIN_S {
            problems.push(FieldError::new("within_s", format!("1 to {MAX_WITHIN_S}")));
        }
        problems
    }
}

/// Why an alert is told to nobody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why(String);

impl Why {
    /// As people read it.
    #[must_use]
    pub fn into_words(self) -> String {
        self.0
    }
}

/// Everything that can keep an alert from everybody.
#[derive(Debug, Default, PartialEq)]
pub struct Holds {
    silences: Vec<Silence>,
    windows: Vec<MaintenanceWindow>,
    inhibitions: Vec<Inhibition>,
}

impl Holds {
    /// What is set up now.
    ///
    /// # Errors
    /// The store failed, or what is set up cannot be read.
    pub async fn read(tx: &mut dyn Tx) -> Result<Self, StateError> {
        Ok(Self { silences: all(tx).await?, windows: all(tx).await?, inhibitions: all(tx).await? })
    }

    /// Why this alert is held at `now`, if it is.
    ///
    /// # Errors
    /// The store failed.
    pub async fn hold(
        &self,
        tx: &mut dyn Tx,
        alert: &Alert,
        now: Timestamp,
    ) -> Result<Option<Why>, StateError> {
        if let Some(why) = self.silenced(&alert.facts(), now) {
            return Ok(Some(why));
        }
        let Some(longest) = self.inhibitions.iter().map(|rule| rule.within_s).max() else { return Ok(None) };
        let since = now.checked_sub(std::time::Duration::from_secs(longest)).unwrap_or(Timestamp::MIN);
        let others = tx.alerts_since(since, MAX_LOOKED_AT).await?;
        Ok(self.inhibited(alert, &others, now))
    }

    /// A silence or a maintenance window that it falls under.
    pub(crate) fn silenced(&self, facts: &Facts<'_>, now: Timestamp) -> Option<Why> {
        let silence = self.silences.iter().find(|silence| {
            silence.starts_at <= now && now < silence.ends_at && silence.matches.fits(facts).is_ok()
        });
        if let Some(Silence { reason, author, ends_at, .. }) = silence {
            return Some(Why(format!("silenced by {author} until {}: {reason}", minute(*ends_at))));
        }
        self.windows.iter().filter(|window| window.matches.fits(facts).is_ok()).find_map(|window| {
            let zone = TimeZone::get(&window.zone).ok()?;
            let end = window.hours.iter().filter_map(|hours| hours.over(&zone, now)).max()?;
            let until = minute(end);
            Some(Why(format!("maintenance window of {} until {until}: {}", window.author, window.reason)))
        })
    }

    fn inhibited(&self, alert: &Alert, others: &[Alert], now: Timestamp) -> Option<Why> {
        let facts = alert.facts();
        self.inhibitions.iter().filter(|rule| rule.target.fits(&facts).is_ok()).find_map(|rule| {
            let within = i64::try_from(rule.within_s).unwrap_or(i64::MAX);
            let source = others.iter().find(|other| {
                other.id != alert.id
                    && other.kind != "cancel"
                    && now.as_second().saturating_sub(other.effective.as_second()) <= within
                    && rule.source.fits(&other.facts()).is_ok()
                    && rule.equal.iter().all(|part| part.is_equal(alert, other))
                    // What is told within an exercise makes nothing pointless that is meant in earnest, nor the other way.
                    && other.status == alert.status
            })?;
            Some(Why(format!("inhibited by the alert `{}`: {}", source.title, rule.reason)))
        })
    }
}

impl Shared {
    fn is_equal(self, one: &Alert, other: &Alert) -> bool {
        match self {
            Self::Country => one.country.is_some() && one.country == other.country,
            Self::Hazard => one.hazard == other.hazard,
            Self::Area => one.area == other.area,
        }
    }
}

fn minute(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

async fn all<T: SetUp>(tx: &mut dyn Tx) -> Result<Vec<T>, StateError> {
    tx.set_up(T::KIND).await?.iter().map(read).collect()
}

/// A thing that was set up, read back.
///
/// # Errors
/// It cannot be.
pub fn read<T: SetUp>(object: &DeskObject) -> Result<T, StateError> {
    serde_json::from_str(&object.document)
        .map_err(|error| StateError::Damaged { what: T::KIND, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use crisislens_model::{HazardType, Severity};
    use crisislens_testkit::sample;
    use serde_json::json;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn alert(n: u64, severity: Severity) -> Alert {
        Alert {
            severity,
            hazard: HazardType::Flood,
            country: Some("ES".to_owned()),
            effective: at("2026-03-02T10:00:00Z"),
            ..sample::alert(n, 1)
        }
    }

    #[test]
    fn a_silence_holds_what_fits_from_its_start_to_before_its_end_and_says_whose_it_is() {
        let silence: Silence = serde_json::from_value(json!({
            "match": { "hazard": ["flood"] }, "reason": "drill in Valencia", "author": "Ada",
            "starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T12:00:00Z",
        }))
        .unwrap();
        assert_eq!(silence.problems(), []);
        let holds = Holds { silences: vec![silence], ..Holds::default() };
        let held =
            |when: &str| holds.silenced(&alert(1, Severity::High).facts(), at(when)).map(Why::into_words);
        assert_eq!(held("2026-03-02T09:59:59Z"), None);
        assert_eq!(
            held("2026-03-02T10:00:00Z").as_deref(),
            Some("silenced by Ada until 2026-03-02 12:00 UTC: drill in Valencia")
        );
        assert_eq!(held("2026-03-02T12:00:00Z"), None);
        let quake = Alert { hazard: HazardType::Earthquake, ..alert(1, Severity::High) };
        assert_eq!(holds.silenced(&quake.facts(), at("2026-03-02T11:00:00Z")), None);
    }

    #[test]
    fn a_maintenance_window_comes_back_each_week_in_its_own_zone() {
        let window: MaintenanceWindow = serde_json::from_value(json!({
            "reason": "siren test", "author": "Ada", "zone": "Asia/Kolkata",
            "hours": [{ "days": [1], "start": "11:00", "end": "12:00" }],
        }))
        .unwrap();
        assert_eq!(window.problems(), []);
        let holds = Holds { windows: vec![window], ..Holds::default() };
        let held = |when: &str| holds.silenced(&alert(1, Severity::High).facts(), at(when)).is_some();
        // 2026-03-02 is a Monday; 11:00 in India is 05:30 UTC.
        assert!(held("2026-03-02T05:30:00Z") && held("2026-03-09T06:29:00Z"));
        assert!(!held("2026-03-02T06:30:00Z") && !held("2026-03-03T05:45:00Z"));
    }

    #[test]
    fn a_worse_alert_of_the_same_place_inhibits_for_as_long_as_it_was_said_to() {
        let rule: Inhibition = serde_json::from_value(json!({
            "reason": "the flood alert says it all", "source": { "min_severity": "critical" },
            "target": { "max_severity": "medium" }, "equal": ["country", "hazard"], "within_s": 3600,
        }))
        .unwrap();
        assert_eq!(rule.problems(), []);
        let holds = Holds { inhibitions: vec![rule], ..Holds::default() };
        let (small, worse) = (alert(1, Severity::Medium), alert(2, Severity::Critical));
        let now = at("2026-03-02T10:30:00Z");
        let held =
            |small: &Alert, worse: &Alert, now| holds.inhibited(small, std::slice::from_ref(worse), now);
        assert!(held(&small, &worse, now).is_some());
        assert_eq!(held(&small, &worse, at("2026-03-02T11:00:01Z")), None, "it is over");
        assert_eq!(held(&alert(1, Severity::High), &worse, now), None, "it is too bad itself");
        let elsewhere = Alert { country: Some("FR".to_owned()), ..worse.clone() };
        assert_eq!(held(&small, &elsewhere, now), None);
        let nowhere = |alert: &Alert| Alert { country: None, ..alert.clone() };
        assert_eq!(held(&nowhere(&small), &nowhere(&worse), now), None, "nowhere is not one place");
        let over = Alert { kind: "cancel".to_owned(), ..worse.clone() };
        assert_eq!(held(&small, &over, now), None);
        assert_eq!(held(&worse, &worse, now), None, "none inhibits itself");
        let drill = Alert { status: crisislens_model::AlertStatus::Exercise, ..worse };
        assert_eq!(held(&small, &drill, now), None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let silence =
            json!({ "reason": " ", "starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T10:00:00Z" });
        let silence: Silence = serde_json::from_value(silence).unwrap();
        let fields: Vec<String> = silence.problems().into_iter().map(|problem| problem.field).collect();
        assert_eq!(fields, ["reason", "ends_at"]);
        let window = json!({ "reason": "x", "zone": "Nowhere", "hours": [] });
        let window: MaintenanceWindow = serde_json::from_value(window).unwrap();
        assert_eq!(window.problems().len(), 2);
        let odd = json!({ "reason": "pumps\u{202E}", "starts_at": "2026-03-02T10:00:00Z", "ends_at": "2026-03-02T11:00:00Z" });
        let odd: Silence = serde_json::from_value(odd).unwrap();
        assert!(odd.problems()[0].to_string().starts_with("reason: has the character U+202E"));
        let named = Subscription { name: "Spain\n".to_owned(), ..Subscription::default() };
        assert_eq!(named.problems()[0].field, "name");
        let rule = json!({ "reason": "x", "source": {}, "target": { "country": ["spain"] }, "within_s": 0 });
        let rule: Inhibition = serde_json::from_value(rule).unwrap();
        assert_eq!(rule.problems().len(), 2);
    }
}
