//! From a record of the log to the rooms that show it. Pure: no clock, no state.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crisislens_log::LogRecord;
use crisislens_model::event::EventKind;
use crisislens_model::filter::ItemFacts;
use crisislens_model::frame::EventBody;
use crisislens_model::incident::Centre;
use crisislens_model::record::{event_id, header};
use crisislens_model::topic::event_type;
use crisislens_model::{
    ActivityKind, AlertStatus, ClaimId, EditLock, EventId, Exercise, ExerciseId, HazardType, IncidentId,
    ItemId, JoinedItem, LockAction, LockChange, Resource, Room, Severity, Timestamp, Topic, UserId,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::facts::{Facts, Happening, Played, Saying};

/// The topics that people watch.
pub const WATCHED: [Topic; 5] =
    [Topic::NormalizedItems, Topic::Claims, Topic::Alerts, Topic::Notifications, Topic::UserActivity];

/// The topics that a room draws from; [`route`] never sends a record of another topic there.
pub(crate) const fn topics_of(room: &Room) -> &'static [Topic] {
    match room {
        Room::Global => &[Topic::NormalizedItems, Topic::Claims, Topic::Alerts],
        Room::Incident(_) => &[Topic::NormalizedItems, Topic::Claims, Topic::Alerts, Topic::UserActivity],
        Room::Item(_) => &[Topic::NormalizedItems, Topic::Claims, Topic::UserActivity],
        Room::Alerts => &[Topic::Alerts, Topic::UserActivity],
        Room::Claim(_) => &[Topic::Claims, Topic::UserActivity],
        Room::User(_) => &[Topic::Notifications],
    }
}

/// A record, decoded as far as rooms need it.
#[derive(Debug)]
pub struct Routed {
    /// Which topic.
    pub topic: Topic,
    /// Which partition.
    pub partition: u32,
    /// Its offset there.
    pub offset: u64,
    /// When it was appended.
    pub appended_at: Timestamp,
    /// `ce_id`; records without one are never taken for duplicates.
    pub event_id: Option<EventId>,
    /// The event, the same in each of `rooms`.
    pub body: EventBody,
    /// Who sees it.
    pub rooms: Vec<Room>,
    /// What filters look at.
    pub facts: Facts,
    /// Items that joined an incident; their rooms see a small event each, made only when somebody is there.
    pub joined: Option<Joined>,
}

/// Items that joined an incident with one record.
#[derive(Debug)]
pub struct Joined {
    /// The incident.
    pub incident: IncidentId,
    /// The items with their new versions.
    pub items: Vec<JoinedItem>,
    /// When.
    pub at: Timestamp,
}

/// Why a record cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum RouteError {
    /// JSON is UTF-8.
    #[error("the value is not UTF-8: {0}")]
    NotUtf8(#[from] std::str::Utf8Error),
    /// Not JSON, or not what the event's type promises.
    #[error("the value does not decode: {0}")]
    Decode(#[from] serde_json::Error),
}

/// Where `record` is shown: `None` for types that nobody watches and for null values.
pub fn route(record: &LogRecord) -> Result<Option<Routed>, RouteError> {
    let (Some(kind), Some(value)) = (header(&record.headers, "ce_type"), &record.value) else {
        return Ok(None);
    };
    if !matches!(
        (record.topic, kind),
        (
            Topic::NormalizedItems,
            event_type::ITEM_CREATED
                | event_type::ITEM_UPDATED
                | event_type::INCIDENT_UPDATED
                | event_type::EXERCISE_UPDATED
        ) | (Topic::Claims, event_type::CLAIM_CREATED | event_type::CLAIM_UPDATED)
            | (Topic::Alerts, event_type::ALERT_RAISED)
            | (Topic::Notifications, event_type::NOTIFICATION)
            | (Topic::UserActivity, event_type::ACTIVITY)
    ) {
        return Ok(None);
    }
    let text = one_line(std::str::from_utf8(value)?);
    let at =
        header(&record.headers, "ce_time").and_then(|time| time.parse().ok()).unwrap_or(record.timestamp);
    let shown = match kind {
        event_type::ITEM_CREATED | event_type::ITEM_UPDATED => item(kind, &text, at)?,
        event_type::INCIDENT_UPDATED => incident(&text, at)?,
        event_type::CLAIM_CREATED | event_type::CLAIM_UPDATED => claim(kind, &text, at)?,
        event_type::ALERT_RAISED => alert(&text, at)?,
        event_type::ACTIVITY => activity(&text, at)?,
        event_type::EXERCISE_UPDATED => exercise(&text, at)?,
        _ => notification(&text, at)?,
    };
    Ok(Some(placed(record, shown)))
}

struct Shown {
    body: EventBody,
    rooms: Vec<Room>,
    facts: Facts,
    joined: Option<Joined>,
}

fn placed(record: &LogRecord, shown: Shown) -> Routed {
    debug_assert!(shown.rooms.iter().all(|room| topics_of(room).contains(&record.topic)));
    Routed {
        topic: record.topic,
        partition: record.partition,
        offset: record.offset,
        appended_at: record.timestamp,
        event_id: event_id(&record.headers),
        body: shown.body,
        rooms: shown.rooms,
        facts: shown.facts,
        joined: shown.joined,
    }
}

/// JSON allows line breaks only between tokens, where a space does as well; server-sent events need one line.
fn one_line(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    if text.bytes().any(|byte| byte == b'\n' || byte == b'\r') {
        Cow::Owned(text.replace(['\n', '\r'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

#[derive(Deserialize)]
struct ItemHead<'a> {
    id: ItemId,
    version: u64,
    #[serde(default, borrow)]
    raw_data: Option<&'a RawValue>,
}

fn item(kind: &str, text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    let facts: ItemFacts<'_> = serde_json::from_str(text)?;
    let head: ItemHead<'_> = serde_json::from_str(text)?;
    let text = if head.raw_data.is_some() { without_raw_data(text)?.into() } else { Cow::Borrowed(text) };
    let body = if kind == event_type::ITEM_CREATED {
        EventBody::data(EventKind::NewItem, at, &text)
    } else {
        item_update(head.id, &text, head.version, at)
    };
    Ok(Shown {
        body,
        rooms: vec![Room::Global, Room::Item(head.id)],
        facts: Facts::item(facts),
        joined: None,
    })
}

fn without_raw_data(text: &str) -> Result<String, serde_json::Error> {
    let mut members: BTreeMap<Cow<'_, str>, &RawValue> = serde_json::from_str(text)?;
    members.remove("raw_data");
    serde_json::to_string(&members)
}

fn item_update(item: ItemId, updates: &str, version: u64, at: Timestamp) -> EventBody {
    let members = format!(r#","item_id":"{item}","updates":{updates},"version":{version}"#);
    EventBody { kind: EventKind::ItemUpdate, members, at: at.to_string() }
}

#[derive(Deserialize)]
struct IncidentHead {
    incident: IncidentFacts,
    joined: Vec<JoinedItem>,
}

#[derive(Deserialize)]
struct IncidentFacts {
    id: IncidentId,
    hazard: HazardType,
    #[serde(default)]
    country: Option<String>,
    severity: Severity,
    #[serde(default)]
    centre: Option<Centre>,
    #[serde(default)]
    sources: Option<BTreeMap<String, u64>>,
    #[serde(default)]
    risk_score: Option<f64>,
    #[serde(default)]
    exercise: bool,
    #[serde(default)]
    exercise_id: Option<ExerciseId>,
}

fn incident(text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    let IncidentHead { incident, joined } = serde_json::from_str(text)?;
    let joined = (!joined.is_empty()).then_some(Joined { incident: incident.id, items: joined, at });
    let facts = Happening {
        incident: incident.id,
        hazard: incident.hazard,
        country: incident.country,
        severity: incident.severity,
        centre: incident.centre,
        sources: incident.sources.map(|sources| sources.into_keys().collect()),
        risk_score: incident.risk_score,
        played: Played::of(incident.exercise, incident.exercise_id),
    };
    let rooms = vec![Room::Global, Room::Incident(incident.id)];
    Ok(Shown {
        body: EventBody::data(EventKind::IncidentUpdate, at, text),
        rooms,
        facts: Facts::Happening(facts),
        joined,
    })
}

#[derive(Deserialize)]
struct ClaimHead<'a> {
    id: ClaimId,
    normalized_item_id: ItemId,
    #[serde(default)]
    incident_id: Option<IncidentId>,
    hazard: HazardType,
    #[serde(borrow)]
    slots: ClaimSlots<'a>,
    #[serde(default)]
    risk_score: Option<f64>,
    #[serde(default)]
    exercise: bool,
    #[serde(default)]
    exercise_id: Option<ExerciseId>,
    version: u64,
}

#[derive(Deserialize)]
struct ClaimSlots<'a> {
    #[serde(default, borrow)]
    place: Option<ClaimPlace<'a>>,
}

#[derive(Deserialize)]
struct ClaimPlace<'a> {
    lat: f64,
    lon: f64,
    #[serde(default, borrow)]
    country: Option<Cow<'a, str>>,
}

/// A claim is told where its first item and its incident are, too. Filters look at its hazard, place and risk.
fn claim(kind: &str, text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    let head: ClaimHead<'_> = serde_json::from_str(text)?;
    let body = if kind == event_type::CLAIM_CREATED {
        EventBody::data(EventKind::NewClaim, at, text)
    } else {
        let (id, version) = (head.id, head.version);
        let members = format!(r#","claim_id":"{id}","updates":{text},"version":{version}"#);
        EventBody { kind: EventKind::ClaimUpdate, members, at: at.to_string() }
    };
    let mut rooms = vec![Room::Global, Room::Claim(head.id.0), Room::Item(head.normalized_item_id)];
    rooms.extend(head.incident_id.map(Room::Incident));
    let place = head.slots.place;
    let facts = Saying {
        incident: head.incident_id,
        hazard: head.hazard,
        country: place.as_ref().and_then(|place| place.country.clone()).map(Cow::into_owned),
        point: place.map(|place| (place.lat, place.lon)),
        risk_score: head.risk_score,
        played: Played::of(head.exercise, head.exercise_id),
    };
    Ok(Shown { body, rooms, facts: Facts::Saying(facts), joined: None })
}

#[derive(Deserialize)]
struct AlertHead {
    incident_id: IncidentId,
    hazard: HazardType,
    #[serde(default)]
    country: Option<String>,
    severity: Severity,
    #[serde(default)]
    centre: Option<Centre>,
    #[serde(default)]
    status: AlertStatus,
    #[serde(default)]
    data: serde_json::Value,
}

fn alert(text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    let head: AlertHead = serde_json::from_str(text)?;
    let mut body = EventBody::data(EventKind::Alert, at, text);
    body.members.push_str(",\"severity\":\"");
    body.members.push_str(head.severity.as_str());
    body.members.push('"');
    let facts = Happening {
        incident: head.incident_id,
        hazard: head.hazard,
        country: head.country,
        severity: head.severity,
        centre: head.centre,
        sources: None,
        risk_score: head.data["risk_score"].as_f64(),
        played: if head.status == AlertStatus::Exercise { Played::Somewhere } else { Played::No },
    };
    let rooms = vec![Room::Global, Room::Alerts, Room::Incident(head.incident_id)];
    Ok(Shown { body, rooms, facts: Facts::Happening(facts), joined: None })
}

/// How an exercise stands is told to everybody, whatever they filter by: what they see meanwhile may be part of it.
fn exercise(text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    // What is no exercise is shown to nobody.
    let _: Exercise = serde_json::from_str(text)?;
    let body = EventBody::data(EventKind::ExerciseUpdate, at, text);
    Ok(Shown { body, rooms: vec![Room::Global], facts: Facts::Free, joined: None })
}

#[derive(Deserialize)]
struct NotificationHead {
    recipient: UserId,
}

fn notification(text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    let head: NotificationHead = serde_json::from_str(text)?;
    let body = EventBody::data(EventKind::Notification, at, text);
    Ok(Shown { body, rooms: vec![Room::User(head.recipient)], facts: Facts::Free, joined: None })
}

#[derive(Deserialize)]
struct ActivityHead<'a> {
    kind: ActivityKind,
    user: UserId,
    #[serde(borrow)]
    name: Cow<'a, str>,
    resource: Resource,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// What happened to a lock is told as what the lock is now, all else as what somebody did. Who sees to an alert is told where alerts are.
fn activity(text: &str, at: Timestamp) -> Result<Shown, RouteError> {
    #[derive(Serialize)]
    struct LockUpdate<'a> {
        resource_id: Resource,
        user_id: UserId,
        name: &'a str,
        action: LockAction,
        lock_status: &'a Option<EditLock>,
    }
    #[derive(Serialize)]
    struct UserActivity<'a> {
        resource_id: Resource,
        user_id: UserId,
        name: &'a str,
        action: ActivityKind,
        data: &'a RawValue,
    }
    let ActivityHead { kind, user, name, resource, data } = serde_json::from_str(text)?;
    let body = match kind {
        ActivityKind::Locked | ActivityKind::Unlocked => {
            let LockChange { action, lock_status } = serde_json::from_str(data.get())?;
            let lock_status = &lock_status;
            let update =
                LockUpdate { resource_id: resource, user_id: user, name: &name, action, lock_status };
            EventBody::of(EventKind::LockUpdate, at, &update)?
        }
        action => {
            let update = UserActivity { resource_id: resource, user_id: user, name: &name, action, data };
            EventBody::of(EventKind::UserActivity, at, &update)?
        }
    };
    let mut rooms = vec![resource.into()];
    if kind == ActivityKind::Acknowledged {
        rooms.push(Room::Alerts);
    }
    Ok(Shown { body, rooms, facts: Facts::Free, joined: None })
}

impl Routed {
    /// The event as `room` sees it; `None` when it is not shown there.
    #[must_use]
    pub fn body_for(&self, room: &Room) -> Option<Cow<'_, EventBody>> {
        if self.rooms.contains(room) {
            return Some(Cow::Borrowed(&self.body));
        }
        let (Room::Item(item), Some(joined)) = (room, &self.joined) else { return None };
        let found = joined.items.iter().find(|found| found.id == *item)?;
        Some(Cow::Owned(joined.body(found)))
    }

    /// Every room that shows it, those of joined items included.
    pub fn all_rooms(&self) -> impl Iterator<Item = Room> + '_ {
        let joined = self.joined.iter().flat_map(|joined| &joined.items);
        self.rooms.iter().copied().chain(joined.map(|item| Room::Item(item.id)))
    }

    /// Whether `filter` lets it through into `room`. An item that joins an incident is let through: the item's own
    /// facts are not in the incident's record.
    #[must_use]
    pub fn pass(&self, room: &Room, filter: &crisislens_model::ItemFilter) -> bool {
        !self.rooms.contains(room) || self.facts.pass(filter)
    }

    /// About how many bytes it keeps in memory.
    #[must_use]
    pub fn size(&self) -> usize {
        let joined = self.joined.as_ref().map_or(0, |joined| joined.items.len());
        self.body.members.len() + size_of::<Self>() + 192 + joined * size_of::<JoinedItem>()
    }
}

impl Joined {
    /// The event that the item's own room sees.
    #[must_use]
    pub fn body(&self, item: &JoinedItem) -> EventBody {
        let updates = format!(r#"{{"incident_id":"{}"}}"#, self.incident);
        item_update(item.id, &updates, item.version, self.at)
    }
}
