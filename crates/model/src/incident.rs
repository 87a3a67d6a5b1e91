//! An incident: items about one happening.

use serde::{Deserialize, Serialize};

use crate::{
    ExerciseId, HazardType, IncidentId, ItemId, RiskLevel, RiskPart, Severity, SourceKind, Timestamp, UserId,
};

/// Longest title that people may set, characters.
pub const MAX_TITLE: usize = 200;
/// Most people that an incident names of those who have put its items right: the last of them.
pub const MAX_CORRECTORS: usize = 20;

/// Whether an incident is still followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum IncidentStatus {
    /// Growing.
    #[default]
    Open,
    /// Quiet, still watched.
    Monitoring,
    /// Over.
    Closed,
}

impl IncidentStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Open, Self::Monitoring, Self::Closed];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Monitoring => "monitoring",
            Self::Closed => "closed",
        }
    }
}

/// A cluster of items about one happening.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Incident {
    /// Derived from the item that opened it.
    pub id: IncidentId,
    /// What sort of happening.
    pub hazard: HazardType,
    /// What people call it.
    pub title: String,
    /// Name of the area.
    pub area: String,
    /// ISO 3166-1 alpha-2 of the area, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Middle of the places named; absent where no item has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<Centre>,
    /// When its first item was said.
    pub first_seen: Timestamp,
    /// When its last item was said.
    pub last_seen: Timestamp,
    /// Items in it.
    pub item_count: u64,
    /// Different sources among them.
    pub source_count: u64,
    /// Those sources with their items.
    pub sources: std::collections::BTreeMap<String, u64>,
    /// The worst severity of an item in it.
    pub severity: Severity,
    /// The highest risk of an item in it.
    pub risk_score: f64,
    /// The risk of the happening itself, in eight parts; absent in what was stored before it was assessed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub risk: Option<Risk>,
    /// Its items by who says them.
    #[serde(default)]
    pub voices: Voices,
    /// Who stands behind it that it is grave; absent in what was stored before this was counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backing: Option<Backing>,
    /// Copies of its items, which count among none of these.
    #[serde(default)]
    pub copies: u64,
    /// The producers' ids of the happening that its items carry.
    #[serde(default)]
    pub event_ids: Vec<String>,
    /// The words that its texts use most, with about how many items use each; folded, at most 48.
    #[serde(default, skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub words: std::collections::BTreeMap<String, u32>,
    /// Whether it is still followed.
    pub status: IncidentStatus,
    /// When we got its last item; absent in what was stored before this was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// What people have set of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set: Option<SetByPeople>,
    /// Who has put right items that are in it or were, each with their last correction; the last 20 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub put_right: Vec<Corrector>,
    /// The incident that people have merged it into: that one stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<IncidentId>,
    /// The incident that people have split it off from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub split_from: Option<IncidentId>,
    /// Part of an exercise.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub exercise: bool,
    /// Of which exercise, where people have started it: what is said in one never meets what is said in another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise_id: Option<ExerciseId>,
    /// Rises with every change; the ETag.
    pub version: u64,
}

/// How risky a happening is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Risk {
    /// 0 to 1: the sum of the parts' contributions.
    pub score: f64,
    /// Its step.
    pub level: RiskLevel,
    /// The addends.
    pub parts: Vec<RiskPart>,
}

/// Who stands behind it that an incident is grave: without an authority, the desk or two groups no rule of ours tells it as critical.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Backing {
    /// An authority says so, or people of the desk have put an item to it.
    pub sure: bool,
    /// Groups of voices that say so and are independent of each other, each by what its voices have in common (author, source, addresses
    /// that they quote). Two are enough: whatever joins them later, they stay.
    pub groups: Vec<Vec<String>>,
}

/// How many items each sort of source has said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Voices {
    /// Authorities.
    pub official: u64,
    /// Newsrooms.
    pub media: u64,
    /// The public.
    pub social: u64,
}

impl Voices {
    /// Those of one item of this kind.
    #[must_use]
    pub const fn one(kind: SourceKind) -> Self {
        match kind {
            SourceKind::Official => Self { official: 1, media: 0, social: 0 },
            SourceKind::Media => Self { official: 0, media: 1, social: 0 },
            SourceKind::Social => Self { official: 0, media: 0, social: 1 },
        }
    }

    /// Both together.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self {
            official: self.official.saturating_add(others.official),
            media: self.media.saturating_add(others.media),
            social: self.social.saturating_add(others.social),
        }
    }
}

/// One who has put right items of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Corrector {
    /// Who.
    pub by: UserId,
    /// When they did it last.
    pub at: Timestamp,
}

/// What people have set of an incident, beside what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct SetByPeople {
    /// What they call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// How bad they say it is; lapses once an item is worse than any before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
    /// Where they say it stands; lapses with the severity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<IncidentStatus>,
    /// Who has set title or severity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<UserId>,
    /// What it would be called.
    pub found_title: String,
    /// How bad its items are.
    pub found_severity: Severity,
}

impl Incident {
    /// Calls it `title`, where people have not said otherwise.
    pub fn call(&mut self, title: String) {
        match &mut self.set {
            Some(set) => {
                set.found_title = title;
                self.title = set.title.as_ref().unwrap_or(&set.found_title).clone();
            }
            None => self.title = title,
        }
    }

    /// Takes in that an item is as bad as `severity`. What people have said of severity and status holds until it gets worse than it was.
    pub fn take_severity(&mut self, severity: Severity) {
        match &mut self.set {
            Some(set) => {
                if severity > set.found_severity {
                    set.found_severity = severity;
                    set.severity = None;
                    if set.status.take().is_some() {
                        self.status = IncidentStatus::Open;
                    }
                }
                self.severity = set.severity.unwrap_or(set.found_severity);
            }
            None => self.severity = self.severity.max(severity),
        }
        self.forget_nothing_set();
    }

    /// Takes in how bad its items are now; what people have said of it holds.
    pub fn found_severity(&mut self, severity: Severity) {
        match &mut self.set {
            Some(set) => {
                set.found_severity = severity;
                self.severity = set.severity.unwrap_or(severity);
            }
            None => self.severity = severity,
        }
    }

    /// What people set: `None` leaves a field, `Some(None)` takes back what they had set.
    pub fn set_by_people(
        &mut self,
        title: Option<Option<String>>,
        severity: Option<Option<Severity>>,
        status: Option<Option<IncidentStatus>>,
    ) {
        let mut set = self.set.take().unwrap_or_else(|| SetByPeople {
            title: None,
            severity: None,
            status: None,
            by: Vec::new(),
            found_title: self.title.clone(),
            found_severity: self.severity,
        });
        set.title = title.unwrap_or(set.title);
        set.severity = severity.unwrap_or(set.severity);
        if let Some(status) = status {
            set.status = status;
            self.status = status.unwrap_or_default();
        }
        self.title = set.title.as_ref().unwrap_or(&set.found_title).clone();
        self.severity = set.severity.unwrap_or(set.found_severity);
        self.set = Some(set);
        self.forget_nothing_set();
    }

    /// Notes that this person has set title or severity, if anything is set.
    pub fn note_who_set(&mut self, by: UserId) {
        if let Some(set) = &mut self.set
            && !set.by.contains(&by)
        {
            set.by.push(by);
        }
    }

    /// Notes who has put an item of it right.
    pub fn note_put_right(&mut self, one: Corrector) {
        match self.put_right.iter_mut().find(|known| known.by == one.by) {
            Some(known) => known.at = known.at.max(one.at),
            None => self.put_right.push(one),
        }
        self.put_right.sort_unstable_by_key(|one| (one.at, one.by));
        if self.put_right.len() > MAX_CORRECTORS {
            self.put_right.remove(0);
        }
    }

    /// Who has set what it is called or how bad it is, as long as that holds.
    #[must_use]
    pub fn set_by(&self) -> &[UserId] {
        let set = self.set.as_ref().filter(|set| set.title.is_some() || set.severity.is_some());
        set.map_or(&[], |set| &set.by)
    }

    fn forget_nothing_set(&mut self) {
        let is_nothing =
            |set: &SetByPeople| set.title.is_none() && set.severity.is_none() && set.status.is_none();
        self.set = self.set.take().filter(|set| !is_nothing(set));
    }
}

/// A point with how many places it is the mean of.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Centre {
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// Weight of the places it was drawn from.
    pub weight: f64,
}

/// The record on `normalized-items` when an incident changes: its new state, and the items that joined with this change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct IncidentUpdate {
    /// The incident as it now stands.
    pub incident: Incident,
    /// Items that joined it, with their new versions.
    pub joined: Vec<JoinedItem>,
}

/// An item that joined an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct JoinedItem {
    /// The item.
    pub id: ItemId,
    /// Its version after joining.
    pub version: u64,
}
