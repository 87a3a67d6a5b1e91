//! An alert: what leaves the desk.

use serde::{Deserialize, Serialize};

use crate::incident::{Centre, Corrector};
use crate::{AlertId, HazardType, IncidentId, ItemId, Severity, Timestamp, UserId};

/// Whether an alert counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AlertStatus {
    /// Not sent.
    #[default]
    Draft,
    /// Sent within an exercise only.
    Exercise,
    /// Real.
    Actual,
}

/// One alert per incident, revised as it grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alert {
    /// Derived from the incident; shared by every revision.
    pub id: AlertId,
    /// From 1.
    pub revision: u64,
    /// The event id of the revision this one updates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub references: Option<String>,
    /// The incident.
    pub incident_id: IncidentId,
    /// The item that raised this revision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub item_id: Option<ItemId>,
    /// `alert` for the first, `update` for what has grown, `correction` for what was put right, `cancel` for the end.
    #[serde(rename = "type")]
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// One line.
    pub title: String,
    /// What is known, and why this was raised.
    pub message: String,
    /// Name of the area.
    pub area: String,
    /// ISO 3166-1 alpha-2, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Middle of the area.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<Centre>,
    /// What sort of happening.
    pub hazard: HazardType,
    /// Whether it counts.
    pub status: AlertStatus,
    /// When it was raised.
    pub effective: Timestamp,
    /// When it lapses.
    pub expires: Timestamp,
    /// The rule that raised it first; `data.rules` names all that apply.
    pub rule_id: String,
    /// Who approved it for everybody; without, it is for those inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// Figures behind it: `risk_score`, `item_count`, `source_count`, `sources`, `why` it was raised, and the `rules` that apply (`id`, `name`, `why`, and the
    /// `severity` that one sets). Where a person has put it right,
    /// `corrected` (`title`, `message`, `severity`, `area` as far as they set them, and the `reason`), which later revisions keep until
    /// the incident is worse than `incident_severity`, which it was then. `hands` names the people who had a hand in what it says and whom
    /// nobody else has agreed to since: somebody else approves it. `put_right` names those who had put right items of its incident by then,
    /// and `agreed` what was approved last, if anything was. `held` says why it is told as less than its incident is.
    #[schema(value_type = Object)]
    pub data: serde_json::Value,
}

/// What names in an alert's data those who had a hand in it.
const HANDS: &str = "hands";
/// What names in it those who had put right items of its incident.
const PUT_RIGHT: &str = "put_right";
/// What says in it what was approved last.
const AGREED: &str = "agreed";
/// What says in it how bad its incident was.
const INCIDENT_SEVERITY: &str = "incident_severity";
/// What says in it why it was raised.
const WHY: &str = "why";
/// What the public is told of an alert that is withdrawn: the reason is one person's words.
pub const WITHDRAWN_FOR_ALL: &str = "This alert is withdrawn.";
/// How the message of an alert begins that is withdrawn.
const WITHDRAWN: &str = "This alert is withdrawn: ";

impl Alert {
    /// Whether it puts right, or takes back, what an earlier revision said.
    #[must_use]
    pub fn is_correction(&self) -> bool {
        matches!(self.kind.as_str(), "correction" | "cancel")
    }

    /// What the message of an alert says that is withdrawn.
    #[must_use]
    pub fn withdrawn(reason: &str) -> String {
        format!("{WITHDRAWN}{reason}")
    }

    /// Why it was withdrawn, if it was.
    #[must_use]
    pub fn why_withdrawn(&self) -> Option<&str> {
        self.message.strip_prefix(WITHDRAWN).filter(|_| self.kind == "cancel")
    }

    /// Who had a hand in what it says, by words, by a correction or by a rule, without anybody else having agreed since.
    #[must_use]
    pub fn hands(&self) -> Vec<UserId> {
        self.data.get(HANDS).and_then(|hands| Vec::deserialize(hands).ok()).unwrap_or_default()
    }

    /// Notes more of them.
    pub fn note_hands(&mut self, more: impl IntoIterator<Item = UserId>) {
        let mut hands = self.hands();
        for by in more {
            if !hands.contains(&by) {
                hands.push(by);
            }
        }
        if let Some(data) = self.data.as_object_mut().filter(|_| !hands.is_empty()) {
            data.insert(HANDS.to_owned(), serde_json::json!(hands));
        }
    }

    /// Those who had put right items of its incident when it was made.
    #[must_use]
    pub fn put_right(&self) -> Vec<Corrector> {
        self.data.get(PUT_RIGHT).and_then(|of| Vec::deserialize(of).ok()).unwrap_or_default()
    }

    /// Notes them.
    pub fn keep_put_right(&mut self, by: &[Corrector]) {
        if let Some(data) = self.data.as_object_mut().filter(|_| !by.is_empty()) {
            data.insert(PUT_RIGHT.to_owned(), serde_json::json!(by));
        }
    }

    /// What was approved last of it, unless it was withdrawn since.
    #[must_use]
    pub fn agreed(&self) -> Option<Agreed> {
        if self.kind == "cancel" {
            return None;
        }
        if self.approved_by.is_some() {
            let (title, severity) = (self.title.clone(), self.severity);
            return Some(Agreed { title, severity, put_right: self.put_right() });
        }
        Agreed::deserialize(self.data.get(AGREED)?).ok()
    }

    /// Notes what was approved before it.
    pub fn keep_agreed(&mut self, agreed: Option<&Agreed>) {
        if let (Some(agreed), Some(data)) = (agreed, self.data.as_object_mut()) {
            data.insert(AGREED.to_owned(), serde_json::json!(agreed));
        }
    }

    /// What others read as public of an alert with these `revisions`, the first first: the newest that was approved, unless it was
    /// withdrawn since.
    #[must_use]
    pub fn standing_public(revisions: &[Self]) -> Option<&Self> {
        let mut since = revisions.iter().rev().take_while(|one| one.kind != "cancel");
        since.find(|one| one.approved_by.is_some())
    }

    /// Makes it the withdrawal of what it was; `revisions` are those before. Where one was public, so is the withdrawal, of what was approved
    /// last: nobody has agreed to what came since.
    pub fn withdraw(&mut self, reason: &str, revisions: &[Self]) {
        let severity = self.severity;
        if let Some(data) = self.data.as_object_mut() {
            data.entry(INCIDENT_SEVERITY).or_insert_with(|| serde_json::json!(severity));
        }
        if self.approved_by.is_none()
            && let Some(public) = Self::standing_public(revisions)
        {
            let public = public.clone();
            (self.approved_by, self.severity) = (public.approved_by, public.severity);
            (self.title, self.area, self.hazard) = (public.title, public.area, public.hazard);
            (self.country, self.centre) = (public.country, public.centre);
            if let Some(data) = self.data.as_object_mut() {
                data.insert(WHY.to_owned(), public.data.get(WHY).cloned().unwrap_or_default());
            }
        }
        self.message = Self::withdrawn(reason);
        "cancel".clone_into(&mut self.kind);
    }

    /// Somebody else has agreed to all that it says.
    pub fn forget_hands(&mut self) {
        if let Some(data) = self.data.as_object_mut() {
            data.remove(HANDS);
        }
    }

    /// What it says to the public: of one that is withdrawn no more than that, since one person alone may withdraw it.
    #[must_use]
    pub fn message_for_all(&self) -> &str {
        if self.kind == "cancel" && self.approved_by.is_some() { WITHDRAWN_FOR_ALL } else { &self.message }
    }

    /// Who reports it.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        let sources = self.data.get("sources").and_then(serde_json::Value::as_array);
        sources.into_iter().flatten().filter_map(serde_json::Value::as_str)
    }
}

/// What was approved last of an alert, in its `data`: who had a hand in it then has none in what only repeats it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreed {
    /// Its title.
    pub title: String,
    /// How bad it was.
    pub severity: Severity,
    /// Those who had put right items of its incident.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_right: Vec<Corrector>,
}

/// The name of [`Corrected`] in an alert's data.
const CORRECTED: &str = "corrected";

/// What people have set on an alert, in its `data`: later revisions keep it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Corrected {
    /// The title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The message, without the reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The severity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// The name of the area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    /// Why, as it was said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Corrected {
    /// A message that says why it was put right.
    #[must_use]
    pub fn explained(message: &str, reason: &str) -> String {
        format!("{message} Corrected: {reason}")
    }

    /// What people have set on this one, if anything.
    #[must_use]
    pub fn of(alert: &Alert) -> Option<Self> {
        Self::deserialize(alert.data.get(CORRECTED)?).ok()
    }

    /// The same with what is set later.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            title: later.title.or(self.title),
            message: later.message.or(self.message),
            severity: later.severity.or(self.severity),
            area: later.area.or(self.area),
            reason: later.reason.or(self.reason),
        }
    }

    /// Notes it in an alert's data.
    pub fn keep(&self, data: &mut serde_json::Value) {
        if let Some(data) = data.as_object_mut() {
            data.insert(CORRECTED.to_owned(), serde_json::json!(self));
        }
    }
}
