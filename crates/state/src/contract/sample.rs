//! Things to put into a store: the same on every run.

use crisislens_model::claim::{Slots, Standing};
use crisislens_model::incident::{Backing, Centre, Voices};
use crisislens_model::{
    About, Alert, AlertId, AlertStatus, Alternative, BoundingBox, Channel, Claim, ClaimStatus, ClaimTopic,
    Delivery, DeliveryStatus, EventId, HazardGuess, HazardType, Header, Humanitarian, HumanitarianCategory,
    Incident, IncidentId, IncidentStatus, Item, ItemFilter, ItemId, ItemStatus, Language, Location,
    NewRecord, Notification, NotificationId, NotificationType, Preferences, Relevance, RiskLevel, Role,
    Severity, SourceKind, Timestamp, Topic, User, UserId, Verdict, id,
};
use jiff::SignedDuration;
use serde_json::value::RawValue;

use crate::items::ItemRow;
use crate::people::Account;

const SOURCES: [&str; 4] = ["usgs", "gdacs", "BBC News", "o'malley; --"];
const HAZARDS: [HazardType; 4] =
    [HazardType::Earthquake, HazardType::Flood, HazardType::TropicalCyclone, HazardType::None];
const RISKS: [f64; 5] = [0.0, 0.25, 0.4, 0.7, 1.0];
/// Name, country, latitude, longitude: both sides of the antimeridian, the origin, both ends of longitude, the sea.
const PLACES: [(&str, Option<&str>, f64, f64); 8] = [
    ("İzmir", Some("TR"), 38.42, 27.14),
    ("New Orleans", Some("US"), 29.95, -90.07),
    ("Suva", Some("FJ"), -18.14, 178.44),
    ("Apia", Some("WS"), -13.83, -171.76),
    ("Gulf of Guinea", None, 0.0, -0.0),
    ("Pacific", None, 10.0, 180.0),
    ("Pacific", None, 10.0, -180.0),
    ("South Pole", Some("AQ"), -90.0, 0.0),
];

/// The instant `second` seconds into the samples' time.
#[must_use]
pub fn at(second: u64) -> Timestamp {
    let start = Timestamp::constant(1_700_000_000, 0);
    start.saturating_add(SignedDuration::from_secs(second.cast_signed())).unwrap_or(start)
}

/// What a value says on the wire: items hold JSON as it came and so cannot be compared as they are.
#[must_use]
pub fn json<T: serde::Serialize>(value: &T) -> serde_json::Value {
    serde_json::to_value(value).unwrap()
}

/// Item number `n` with everything set, said `n` seconds into the samples' time.
#[must_use]
pub fn item(n: u64) -> Item {
    Item {
        id: ItemId::of("sample", &n.to_string()),
        source: "sample".to_owned(),
        source_id: n.to_string(),
        source_kind: SourceKind::Social,
        url: Some(format!("https://example.org/{n}")),
        title: None,
        text: format!("Water in the streets, number {n} — 洪水 🌊"),
        author: Some("a neighbour".to_owned()),
        timestamp: at(n),
        language_hint: None,
        media: Vec::new(),
        stated: None,
        raw_data: Some(RawValue::from_string(format!(r#"{{"n": {n}, "kept":  "as it came"}}"#)).unwrap()),
        ingested_at: at(n),
        language: Language::default(),
        hazard: HazardGuess { kind: HazardType::Flood, confidence: 0.9, why: vec!["water".to_owned()] },
        relevance: Some(Relevance { informative: true, probability: 0.875 }),
        humanitarian: Some(Humanitarian {
            category: HumanitarianCategory::InfrastructureAndUtilityDamage,
            probability: 0.75,
        }),
        location: Some(Location { alternatives: vec![namesake(3)], ..place(2) }),
        entities: Vec::new(),
        topics: Vec::new(),
        severity: Severity::Medium,
        severity_why: String::new(),
        risk_score: 0.5,
        risk_parts: Vec::new(),
        risk_level: RiskLevel::Medium,
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

fn place(index: usize) -> Location {
    let (name, country, lat, lon) = PLACES[index];
    Location { name: name.to_owned(), lat, lon, country: country.map(str::to_owned), ..Location::default() }
}

fn namesake(index: usize) -> Alternative {
    let Location { name, country, lat, lon, precision, .. } = place(index);
    Alternative { name, country, lat, lon, precision, score: 0.25 }
}

/// Item number `n`, to be written.
#[must_use]
pub fn row(n: u64) -> ItemRow {
    row_of(item(n))
}

/// That item, to be written.
#[must_use]
pub fn row_of(item: Item) -> ItemRow {
    ItemRow { content_hash: [item.revision as u8; 32], fingerprint: None, item }
}

/// Incident number `n`, last seen `n` seconds into the samples' time.
#[must_use]
pub fn incident(n: u64) -> Incident {
    Incident {
        id: IncidentId(id::named("incident", &n.to_string())),
        hazard: HAZARDS[(n % 3) as usize],
        title: format!("Number {n}"),
        area: "Suva".to_owned(),
        country: Some("FJ".to_owned()),
        centre: Some(Centre { lat: -18.14, lon: 178.44, weight: 0.2 }),
        first_seen: at(0),
        last_seen: at(n),
        item_count: 1,
        source_count: 1,
        sources: [("sample".to_owned(), 1)].into(),
        severity: Severity::Medium,
        risk_score: 0.5,
        event_ids: Vec::new(),
        risk: None,
        voices: Voices::one(SourceKind::Official),
        backing: Some(Backing { sure: true, groups: vec![vec!["source:sample".to_owned()]] }),
        copies: 0,
        words: [("water".to_owned(), 1)].into(),
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

/// Claim number `n`, made by item number `n`.
#[must_use]
pub fn claim(n: u64) -> Claim {
    let item = item(n).id;
    Claim {
        id: Claim::id_of(item, 0),
        text: format!("Bridge {n} is closed"),
        language: "en".to_owned(),
        normalized_item_id: item,
        incident_id: None,
        hazard: HAZARDS[(n % 3) as usize],
        topic: ClaimTopic::Closure,
        slots: Slots { subject: "bridge".to_owned(), ..Slots::default() },
        checkworthiness: 0.6,
        veracity_likelihood: 0.5,
        standing: Standing::Unconfirmed,
        likelihood_parts: Vec::new(),
        supporting_groups: 1,
        refuting_groups: 0,
        harm_potential: 0.5,
        harm_why: "people may be cut off".to_owned(),
        risk_score: 0.5,
        risk_level: RiskLevel::Medium,
        evidence: Vec::new(),
        contradicts: Vec::new(),
        item_ids: vec![item],
        item_count: 1,
        first_said: at(n),
        last_said: at(n),
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

/// A revision of the alert of incident number `n`, effective at that revision's second.
#[must_use]
pub fn alert(n: u64, revision: u64) -> Alert {
    let incident = incident(n);
    Alert {
        id: AlertId(id::derived(incident.id.0, "alert", 1)),
        revision,
        references: None,
        incident_id: incident.id,
        item_id: None,
        kind: "alert".to_owned(),
        severity: Severity::High,
        title: incident.title,
        message: format!("revision {revision}"),
        area: incident.area,
        country: incident.country,
        centre: incident.centre,
        hazard: incident.hazard,
        status: AlertStatus::Actual,
        effective: at(n + revision),
        expires: at(n + revision + 3600),
        rule_id: "sample".to_owned(),
        approved_by: None,
        data: serde_json::json!({ "item_count": revision }),
    }
}

/// Person number `n`.
#[must_use]
pub fn user_id(n: u64) -> UserId {
    UserId(id::named("user", &n.to_string()))
}

/// The account of person number `n`.
#[must_use]
pub fn account(n: u64) -> Account {
    Account {
        user: User {
            id: user_id(n),
            email: format!("person{n}@example.org"),
            name: format!("Person {n}"),
            role: Role::Viewer,
            preferences: Preferences::default(),
            created_at: at(n),
        },
        password_hash: format!("$argon2id${n}"),
    }
}

/// Notification number `n` to person number `recipient`, made `n` seconds into the samples' time.
#[must_use]
pub fn notification(recipient: u64, n: u64) -> Notification {
    let id = NotificationId(id::named("notification", &format!("{recipient} {n}")));
    Notification {
        id,
        kind: NotificationType::Alert,
        recipient: user_id(recipient),
        about: About::alert(alert(1, 1).id),
        revision: n,
        priority: Severity::High,
        locale: "en".to_owned(),
        subject: format!("number {n}"),
        body: String::new(),
        short: String::new(),
        exercise: false,
        deliveries: vec![delivery(id, Channel::Inbox, None, DeliveryStatus::Sent)],
        created_at: at(n),
        read_at: None,
    }
}

/// A delivery of a notification.
#[must_use]
pub fn delivery(
    notification: NotificationId,
    channel: Channel,
    to: Option<&str>,
    status: DeliveryStatus,
) -> Delivery {
    Delivery::decided(notification, channel, to, status, "asked for".to_owned())
}

/// Event number `n`.
#[must_use]
pub fn event(n: u64) -> EventId {
    EventId(id::named("event", &n.to_string()))
}

/// Record number `n`, with bytes that are no text; every third has no value, one has no key.
#[must_use]
pub fn record(n: u64) -> NewRecord {
    NewRecord {
        topic: Topic::ALL[(n % 7) as usize],
        key: n.to_be_bytes()[8 - (n % 8) as usize..].to_vec(),
        value: (!n.is_multiple_of(3)).then(|| [&[0, 255, 0xC3, 0x28][..], &n.to_be_bytes()].concat()),
        headers: vec![Header::new("ce_id", event(n).to_string()), Header::new("bytes", vec![0, 255])],
    }
}

/// Numbers that only look random (splitmix64).
#[derive(Debug)]
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }

    /// One of `choices`.
    pub fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// Item number `n` with random facts; many share their second.
    pub fn item(&mut self, n: u64) -> Item {
        let location = self.below(9) as usize;
        Item {
            source: self.pick(&SOURCES).to_owned(),
            timestamp: at(self.below(40)),
            hazard: HazardGuess { kind: self.pick(&HAZARDS), ..HazardGuess::default() },
            location: (location < PLACES.len()).then(|| place(location)),
            severity: self.pick(&Severity::ALL),
            risk_score: self.pick(&RISKS),
            status: self.pick(&ItemStatus::ALL),
            incident_id: (self.below(3) > 0).then(|| incident(self.below(3)).id),
            ..item(n)
        }
    }

    /// A filter in which about two conditions are set.
    pub fn filter(&mut self) -> ItemFilter {
        let mut filter = ItemFilter::default();
        for _ in 0..1 + self.below(3) {
            match self.below(11) {
                0 => filter.status = vec![self.pick(&ItemStatus::ALL), self.pick(&ItemStatus::ALL)],
                1 => filter.source = vec![self.pick(&SOURCES).to_owned(), "nobody".to_owned()],
                2 => filter.hazard = vec![self.pick(&HAZARDS)],
                3 => filter.country = vec![self.pick(&["TR", "FJ", "WS", "ZZ"]).to_owned()],
                4 => filter.severity = vec![self.pick(&Severity::ALL), self.pick(&Severity::ALL)],
                5 => filter.min_risk = Some(self.pick(&RISKS)),
                6 => filter.max_risk = Some(self.pick(&RISKS)),
                7 => filter.since = Some(at(self.below(40))),
                8 => filter.until = Some(at(self.below(40))),
                9 => filter.incident = Some(incident(self.below(4)).id),
                _ => filter.bbox = Some(self.bbox()),
            }
        }
        filter
    }

    /// A box whose edges often lie on a place, and which often crosses the antimeridian.
    fn bbox(&mut self) -> BoundingBox {
        let longitudes = [-180.0, -171.76, -90.0, 0.0, 27.14, 170.0, 180.0];
        let (south, north) = self.pick(&[(-90.0, 90.0), (-18.14, 0.0), (0.0, 38.42), (-90.0, -90.0)]);
        BoundingBox { west: self.pick(&longitudes), south, east: self.pick(&longitudes), north }
    }
}
