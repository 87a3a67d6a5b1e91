//! What a claim states, in parts that can be compared.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What sort of fact a claim states.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum ClaimTopic {
    /// People died.
    Deaths,
    /// People are hurt.
    Injured,
    /// People are missing or trapped.
    Missing,
    /// People had to leave, or are without shelter.
    Displaced,
    /// The strength of an earthquake.
    Magnitude,
    /// How high water stands, or how much rain fell.
    WaterLevel,
    /// The speed of wind.
    WindSpeed,
    /// An area that burns or is flooded.
    Area,
    /// A road, bridge, school, airport … is closed, or open again.
    Closure,
    /// Something that people need is running out.
    Shortage,
    /// Power, water or telephone do not work.
    Outage,
    /// People are told to leave or to stay inside.
    Evacuation,
    /// Buildings or things are destroyed.
    Damage,
    /// Cases of a disease.
    Cases,
    /// Who or what caused it.
    Cause,
    /// What is said to protect or to heal.
    Remedy,
    /// Something else that can be checked.
    #[default]
    Other,
}

impl ClaimTopic {
    /// Every topic.
    pub const ALL: [Self; 17] = [
        Self::Deaths,
        Self::Injured,
        Self::Missing,
        Self::Displaced,
        Self::Magnitude,
        Self::WaterLevel,
        Self::WindSpeed,
        Self::Area,
        Self::Closure,
        Self::Shortage,
        Self::Outage,
        Self::Evacuation,
        Self::Damage,
        Self::Cases,
        Self::Cause,
        Self::Remedy,
        Self::Other,
    ];

    /// The word used on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deaths => "deaths",
            Self::Injured => "injured",
            Self::Missing => "missing",
            Self::Displaced => "displaced",
            Self::Magnitude => "magnitude",
            Self::WaterLevel => "water_level",
            Self::WindSpeed => "wind_speed",
            Self::Area => "area",
            Self::Closure => "closure",
            Self::Shortage => "shortage",
            Self::Outage => "outage",
            Self::Evacuation => "evacuation",
            Self::Damage => "damage",
            Self::Cases => "cases",
            Self::Cause => "cause",
            Self::Remedy => "remedy",
            Self::Other => "other",
        }
    }

    /// The topic named by `word`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|topic| topic.as_str() == word)
    }
}

/// A number as it was said: exact numbers have equal bounds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Quantity {
    /// At least this.
    pub low: f64,
    /// At most this; absent after "more than" and "at least".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
    /// `people`, `m`, `mm`, `km/h`, `ha`, `magnitude`, …; empty where it only counts.
    #[serde(default)]
    pub unit: String,
}

/// The parts of what a claim states, so that claims can be compared.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct Slots {
    /// What it is about, in one word of a fixed list: `bridge`, `water`, `hospital` …; empty where the topic says it all.
    pub subject: String,
    /// Whether it says that something is not so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub negated: bool,
    /// How many or how much.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Quantity>,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<ClaimPlace>,
    /// When it is said to have happened, where the text says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<Timestamp>,
}

/// Where a claim says that something is so.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct ClaimPlace {
    /// Its name.
    pub name: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
    /// ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}
