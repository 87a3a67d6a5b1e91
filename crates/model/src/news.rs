//! What is told of an item to those who ask for items.

use serde::{Deserialize, Serialize};

use crate::notification::thread_of_items;
use crate::{HazardType, IncidentId, Item, ItemId, ItemStatus, RiskLevel, Severity};

/// Characters of a text that are told.
const MAX_TEXT: usize = 1_000;
/// Characters of a title.
const MAX_TITLE: usize = 120;

/// An item, as far as it is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct News {
    /// The item.
    pub item: ItemId,
    /// Its incident, once it has one.
    pub incident: Option<IncidentId>,
    /// One line.
    pub title: String,
    /// What it says, as far as it is told.
    pub text: String,
    /// Who says it.
    pub source: String,
    /// Where.
    pub url: Option<String>,
    /// 0 to 1.
    pub risk: f64,
    /// Whether that is high.
    pub is_high: bool,
    /// Whether it was not there before; else it changed.
    pub is_new: bool,
    /// How bad.
    pub severity: Severity,
    /// What sort of happening.
    pub hazard: HazardType,
    /// Name of the place; may be empty.
    pub area: String,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    /// Latitude and longitude in degrees.
    pub centre: Option<(f64, f64)>,
    /// Part of an exercise.
    pub exercise: bool,
    /// The saved searches that find it, once somebody has asked them.
    #[serde(skip)]
    pub searches: Vec<uuid::Uuid>,
}

impl News {
    /// What is told of an item; none of one that repeats another or was dismissed, and of one that changed only if its risk is high.
    #[must_use]
    pub fn of(item: &Item, is_new: bool) -> Option<Self> {
        let is_high = item.risk_level == RiskLevel::High;
        let is_ours = item.status != ItemStatus::Dismissed && item.duplicate_of.is_none();
        if !is_ours || !(is_new || is_high) {
            return None;
        }
        let text = item.text.trim();
        let place = item.location.as_ref();
        Some(Self {
            item: item.id,
            incident: item.incident_id,
            title: cut(&item.headline(), MAX_TITLE),
            text: cut(text, MAX_TEXT),
            source: item.source.clone(),
            url: item.url.clone(),
            risk: item.risk_score,
            is_high,
            is_new,
            severity: item.severity,
            hazard: item.hazard.kind,
            area: place.map_or_else(String::new, |place| place.name.clone()),
            country: place.and_then(|place| place.country.clone()),
            centre: place.map(|place| (place.lat, place.lon)),
            exercise: item.exercise,
            searches: Vec::new(),
        })
    }

    /// The thread that its notifications belong to.
    #[must_use]
    pub fn thread(&self) -> uuid::Uuid {
        thread_of_items(self.item, self.incident, self.severity)
    }
}

/// The first characters of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default().trim_end()),
    }
}
