//! One value of everything that is sent: the description's examples are made of these by the same code that sends.

use std::collections::BTreeMap;

use anyhow::Context;
use crisislens_log::LogRecord;
use crisislens_model::claim::{Slots, Standing};
use crisislens_model::frame::{Availability, ClientFrame, PresentUser, ServerFrame, event_frame};
use crisislens_model::incident::{Backing, Voices};
use crisislens_model::item::Entity;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    About, Activity, ActivityKind, Alert, AlertAcknowledged, AlertId, AlertStatus, Alternative, Channel,
    Claim, ClaimId, ClaimStatus, ClaimTopic, Delivery, DeliveryId, DeliveryStatus, EditLock, EventId,
    Exercise, ExerciseId, ExerciseState, HazardGuess, HazardType, Humanitarian, HumanitarianCategory,
    Incident, IncidentId, IncidentStatus, IncidentUpdate, Item, ItemFilter, ItemId, ItemStatus, JoinedItem,
    Language, Location, LockAction, LockChange, LockHolder, NewRecord, Notification, NotificationId,
    NotificationType, Position, Precision, Relevance, Resource, RiskLevel, RiskPart, Room, Severity,
    SourceKind, Timestamp, Topic, UserId, Verdict, id, incident,
};
use crisislens_realtime::{WATCHED, route};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

/// When all of it happens.
const AT: Timestamp = Timestamp::constant(1_772_366_400, 0);
/// When what lasts an hour has ended.
const LATER: Timestamp = Timestamp::constant(1_772_370_000, 0);

fn uuid(of: &str) -> Uuid {
    id::named("example", of)
}

fn item_id() -> ItemId {
    ItemId(uuid("item"))
}

fn incident_id() -> IncidentId {
    IncidentId(uuid("incident"))
}

fn ada() -> UserId {
    UserId(uuid("ada"))
}

fn position() -> String {
    Position { epoch: 1, offsets: WATCHED.map(|topic| (topic, vec![412, 398])).into() }.encode()
}

/// One of each frame that is no event.
pub fn server_frames() -> Vec<ServerFrame> {
    let resource_id = Room::Item(item_id()).to_string();
    let people = vec![PresentUser { user_id: ada(), name: "Ada".to_owned(), state: Availability::Active }];
    vec![
        ServerFrame::Connection {
            status: "connected",
            session: uuid("session").simple().to_string(),
            user_id: ada(),
            heartbeat_s: 15,
            node: "node-1".to_owned(),
            at: AT,
        },
        ServerFrame::Pong { at: AT, position: None },
        ServerFrame::JoinedRoom { room: Room::Global.to_string(), position: position(), recovered: true },
        ServerFrame::LeftRoom { room: Room::Alerts.to_string() },
        ServerFrame::Resync { room: Room::Global.to_string(), reason: "history_evicted" },
        ServerFrame::PresenceState { resource_id: resource_id.clone(), seq: 3, users: people.clone() },
        ServerFrame::PresenceUpdate {
            resource_id: resource_id.clone(),
            seq: 4,
            user_id: ada(),
            action: "joined",
            active_users: people,
        },
        ServerFrame::CursorUpdate { resource_id, user_id: ada(), position: cursor() },
        ServerFrame::Error {
            code: "rate_limited",
            message: "at most 50 messages per second are read".to_owned(),
            room: None,
            retry_after: Some(1),
        },
        ServerFrame::GoingAway { reconnect_after_ms: 1_850 },
    ]
}

/// One of each frame of a client.
pub fn client_frames() -> Vec<ClientFrame> {
    let filter = ItemFilter {
        hazard: vec![HazardType::Flood],
        country: vec!["IT".to_owned()],
        min_risk: Some(0.4),
        ..ItemFilter::default()
    };
    vec![
        ClientFrame::Ping,
        ClientFrame::Auth { token: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiLigKYifQ.c2lnbmF0dXJl".to_owned() },
        ClientFrame::JoinRoom {
            room: Room::Global.to_string(),
            position: Some(position()),
            filter: Some(Box::new(filter)),
        },
        ClientFrame::LeaveRoom { room: Room::Global.to_string() },
        ClientFrame::Presence { state: Availability::Away },
        ClientFrame::GetPresence { resource_id: Room::Item(item_id()).to_string() },
        ClientFrame::CursorMove { resource_id: Room::Item(item_id()).to_string(), position: cursor() },
    ]
}

/// Events as rooms tell them: each room with each frame, made of records of the log as the hub makes them.
pub fn events() -> anyhow::Result<Vec<(Room, String)>> {
    let mut told = Vec::new();
    for record in records()? {
        let routed = route(&record)?.context("this record is shown nowhere")?;
        for room in routed.all_rooms() {
            let body = routed.body_for(&room).context("this room does not show the record")?;
            told.push((room, event_frame(&body, &room.to_string(), &position())));
        }
    }
    Ok(told)
}

fn records() -> anyhow::Result<Vec<LogRecord>> {
    let update =
        IncidentUpdate { incident: flood_incident(), joined: vec![JoinedItem { id: item_id(), version: 2 }] };
    let joined = Item { incident_id: Some(incident_id()), version: 2, ..flood_item() };
    let mut records = vec![
        record(Topic::NormalizedItems, event_type::ITEM_CREATED, &flood_item())?,
        record(Topic::NormalizedItems, event_type::INCIDENT_UPDATED, &update)?,
        record(Topic::NormalizedItems, event_type::ITEM_UPDATED, &joined)?,
        record(Topic::NormalizedItems, event_type::EXERCISE_UPDATED, &drill())?,
        record(Topic::Claims, event_type::CLAIM_CREATED, &bridge_claim())?,
        record(
            Topic::Claims,
            event_type::CLAIM_UPDATED,
            &Claim { item_count: 2, version: 2, ..bridge_claim() },
        )?,
        record(Topic::Alerts, event_type::ALERT_RAISED, &flood_alert())?,
        record(Topic::Notifications, event_type::NOTIFICATION, &message())?,
    ];
    for resource in
        [Resource::Item(item_id()), Resource::Incident(incident_id()), Resource::Claim(uuid("claim"))]
    {
        let change = LockChange { action: LockAction::Taken, lock_status: Some(lock(resource)) };
        let taken = activity(resource, ActivityKind::Locked, serde_json::to_value(change)?);
        let edited = activity(
            resource,
            ActivityKind::Edited,
            json!({"status": null, "tags": ["checked"], "version": 3}),
        );
        records.push(record(Topic::UserActivity, event_type::ACTIVITY, &taken)?);
        records.push(record(Topic::UserActivity, event_type::ACTIVITY, &edited)?);
    }
    let said = AlertAcknowledged {
        alert_id: flood_alert().id,
        title: flood_alert().title,
        severity: Severity::Critical,
        via: "app".to_owned(),
        expires_at: Some(LATER),
    };
    let incident = Resource::Incident(incident_id());
    let said = activity(incident, ActivityKind::Acknowledged, serde_json::to_value(said)?);
    records.push(record(Topic::UserActivity, event_type::ACTIVITY, &said)?);
    Ok(records)
}

fn record<T: Serialize>(topic: Topic, kind: &str, value: &T) -> anyhow::Result<LogRecord> {
    let meta = EventMeta { id: EventId(uuid(kind)), kind, source: "/crisislens", time: AT };
    let NewRecord { topic, key, value, headers } =
        NewRecord::event(topic, Vec::new(), serde_json::to_vec(value)?, meta);
    let (key, value) = (key.into(), value.map(Into::into));
    Ok(LogRecord { topic, partition: 0, offset: 411, timestamp: AT, key, value, headers })
}

fn drill() -> Exercise {
    Exercise {
        id: ExerciseId(uuid("exercise")),
        recording: "reno-2026".to_owned(),
        title: "The Reno bursts its banks".to_owned(),
        speed: 10.0,
        state: ExerciseState::Paused,
        started_by: ada(),
        name: "Ada".to_owned(),
        started_at: AT,
        changed_at: LATER,
        sent: 412,
        total: 1_250,
        position_s: 398.5,
        length_s: 1_200.0,
        error: None,
        version: 2,
    }
}

fn bridge_claim() -> Claim {
    Claim {
        id: ClaimId(uuid("claim")),
        text: "The bridge over the Reno is closed.".to_owned(),
        language: "en".to_owned(),
        normalized_item_id: item_id(),
        incident_id: Some(incident_id()),
        hazard: HazardType::Flood,
        topic: ClaimTopic::Closure,
        slots: Slots { subject: "bridge".to_owned(), ..Slots::default() },
        checkworthiness: 0.6,
        veracity_likelihood: 0.42,
        standing: Standing::Unconfirmed,
        likelihood_parts: Vec::new(),
        supporting_groups: 1,
        refuting_groups: 0,
        harm_potential: 0.5,
        harm_why: "people may be cut off".to_owned(),
        risk_score: 0.54,
        risk_level: RiskLevel::Medium,
        evidence: Vec::new(),
        contradicts: Vec::new(),
        item_ids: vec![item_id()],
        item_count: 1,
        first_said: AT,
        last_said: AT,
        status: ClaimStatus::New,
        verdict: Verdict::None,
        reason: String::new(),
        decided_by: None,
        approved_by: None,
        notes: String::new(),
        was_high_risk: false,
        joined_into: None,
        exercise: false,
        exercise_id: None,
        version: 1,
    }
}

fn cursor() -> Value {
    json!({"x": 0.42, "y": 0.17, "selection": {"field": "tags"}})
}

fn flood_item() -> Item {
    Item {
        id: item_id(),
        source: "civil-protection".to_owned(),
        source_id: "2026-117".to_owned(),
        source_kind: SourceKind::Official,
        url: Some("https://civil-protection.example/2026-117".to_owned()),
        title: Some("Severe flooding in Bologna".to_owned()),
        text: "The Reno has burst its banks.".to_owned(),
        author: None,
        timestamp: AT,
        language_hint: Some("en".to_owned()),
        media: Vec::new(),
        stated: None,
        raw_data: None,
        ingested_at: AT,
        language: Language { code: "en".to_owned(), confidence: 0.98 },
        hazard: HazardGuess {
            kind: HazardType::Flood,
            confidence: 0.9,
            why: vec!["flooding".to_owned(), "burst its banks".to_owned()],
        },
        relevance: Some(Relevance { informative: true, probability: 1.0 }),
        humanitarian: Some(Humanitarian {
            category: HumanitarianCategory::InfrastructureAndUtilityDamage,
            probability: 0.62,
        }),
        location: Some(Location {
            name: "Bologna".to_owned(),
            lat: 44.49,
            lon: 11.34,
            country: Some("IT".to_owned()),
            admin1: Some("Emilia-Romagna".to_owned()),
            precision: Precision::City,
            confidence: 0.9,
            why: vec!["Bologna".to_owned()],
            alternatives: vec![Alternative {
                name: "Bologna, Peru".to_owned(),
                country: Some("PE".to_owned()),
                lat: -9.16,
                lon: -78.31,
                precision: Precision::City,
                score: 0.02,
            }],
        }),
        entities: vec![Entity { kind: "place".to_owned(), text: "Reno".to_owned(), start: 4 }],
        topics: vec!["damage".to_owned()],
        severity: Severity::Critical,
        severity_why: "severe flooding".to_owned(),
        risk_score: 0.75,
        risk_parts: vec![RiskPart {
            name: "severity".to_owned(),
            weight: 1.0,
            value: 0.75,
            contribution: 0.75,
            why: "critical, said by an authority".to_owned(),
        }],
        risk_level: RiskLevel::of(0.75),
        corrected: None,
        duplicate_of: None,
        incident_id: None,
        claim_ids: Vec::new(),
        status: ItemStatus::New,
        assignee: None,
        tags: Vec::new(),
        exercise: false,
        exercise_id: None,
        revision: 1,
        version: 1,
    }
}

fn centre() -> incident::Centre {
    incident::Centre { lat: 44.49, lon: 11.34, weight: 1.0 }
}

fn flood_incident() -> Incident {
    Incident {
        id: incident_id(),
        hazard: HazardType::Flood,
        title: "Flood in Bologna".to_owned(),
        area: "Bologna".to_owned(),
        country: Some("IT".to_owned()),
        centre: Some(centre()),
        first_seen: AT,
        last_seen: AT,
        item_count: 1,
        source_count: 1,
        sources: BTreeMap::from([("civil-protection".to_owned(), 1)]),
        severity: Severity::Critical,
        risk_score: 0.75,
        event_ids: Vec::new(),
        risk: None,
        voices: Voices::one(SourceKind::Official),
        backing: Some(Backing { sure: true, groups: vec![vec!["source:civil-protection".to_owned()]] }),
        copies: 0,
        words: BTreeMap::from([("reno".to_owned(), 1)]),
        status: IncidentStatus::Open,
        heard_at: None,
        set: None,
        put_right: Vec::new(),
        merged_into: None,
        split_from: None,
        exercise: false,
        exercise_id: None,
        version: 1,
    }
}

fn flood_alert() -> Alert {
    Alert {
        id: AlertId(uuid("alert")),
        revision: 1,
        references: None,
        incident_id: incident_id(),
        item_id: Some(item_id()),
        kind: "alert".to_owned(),
        severity: Severity::Critical,
        title: "Flood in Bologna".to_owned(),
        message: "The Reno has burst its banks. Raised because an authority says so.".to_owned(),
        area: "Bologna".to_owned(),
        country: Some("IT".to_owned()),
        centre: Some(centre()),
        hazard: HazardType::Flood,
        status: AlertStatus::Actual,
        effective: AT,
        expires: LATER,
        rule_id: "authority".to_owned(),
        approved_by: None,
        data: json!({"risk_score": 0.75, "item_count": 1, "source_count": 1}),
    }
}

fn message() -> Notification {
    Notification {
        id: NotificationId(uuid("notification")),
        kind: NotificationType::Alert,
        recipient: ada(),
        about: About::alert(AlertId(uuid("alert"))),
        revision: 1,
        priority: Severity::Critical,
        subject: "Flood in Bologna".to_owned(),
        locale: "en".to_owned(),
        body: "The Reno has burst its banks.".to_owned(),
        short: "CRITICAL Flood in Bologna".to_owned(),
        exercise: false,
        deliveries: vec![Delivery {
            id: DeliveryId(uuid("delivery")),
            channel: Channel::Inbox,
            to: None,
            status: DeliveryStatus::Sent,
            provider: Some("inbox".to_owned()),
            provider_id: None,
            due_at: None,
            expires_at: None,
            sent_at: Some(AT),
            digest: None,
            attempts: Vec::new(),
            reason: "asked for alerts of medium and above by inbox".to_owned(),
        }],
        created_at: AT,
        read_at: None,
    }
}

fn lock(resource_id: Resource) -> EditLock {
    EditLock {
        resource_id,
        lock_type: "edit".to_owned(),
        holder: LockHolder {
            user_id: ada(),
            name: "Ada".to_owned(),
            connection: uuid("session").simple().to_string(),
        },
        token: 7,
        taken_at: AT,
        expires_at: LATER,
        request: None,
    }
}

fn activity(resource: Resource, kind: ActivityKind, data: Value) -> Activity {
    Activity {
        id: EventId(uuid(kind.as_str())),
        kind,
        user: ada(),
        name: "Ada".to_owned(),
        resource,
        data,
        at: AT,
    }
}
