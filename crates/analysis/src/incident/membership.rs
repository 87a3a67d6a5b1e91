//! Why an item is in its incident, or in none, told later than it was decided: by incidents as they stand by then.
//!
//! What was decided is what [`super::decide_but`] says; this looks again with what is known now, the item's own part in its incident
//! among it. Not here: what people did, of which the store knows.

use crisislens_model::{Incident, IncidentId, Item, id};

use super::{Fitting, MIN_CONFIDENCE, event_ids, fitting, may_join, may_open, must_open, speaks};

/// Most words and ids that are told.
const MOST_TOLD: usize = 8;

/// How it came about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The item began the incident.
    Opening,
    /// Both carry an id of one event.
    EventId,
    /// Hazard, place, time and words.
    Nearness,
    /// People, or what has changed since.
    Others,
    /// It is in none, since it repeats another.
    Copy,
    /// It is in none.
    None,
}

impl By {
    /// As it is written.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening",
            Self::EventId => "event_id",
            Self::Nearness => "nearness",
            Self::Others => "others",
            Self::Copy => "copy",
            Self::None => "none",
        }
    }
}

/// Why an item is in its incident, or in none.
#[derive(Debug, Clone, PartialEq)]
pub struct Membership {
    /// How it came about.
    pub by: By,
    /// For a person.
    pub why: String,
    /// Ids of the event that the item and its incident share.
    pub event_ids: Vec<String>,
    /// How well it fits its incident.
    pub fit: Option<Fit>,
    /// The incident that it fits best but for its own.
    pub runner_up: Option<Fit>,
    /// Incidents that it fits at all.
    pub fitting: usize,
}

/// How well an item fits an incident.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The incident.
    pub incident: IncidentId,
    /// What it is called.
    pub title: String,
    /// What incidents are chosen by: the highest.
    pub score: f64,
    /// 0 to 1: how much of what tells the incidents apart in the item's words speaks for this one.
    pub words: f64,
    /// The words that do, the most telling first.
    pub shared: Vec<String>,
    /// For a person.
    pub why: String,
}

impl Fit {
    fn of(fitting: Fitting, open: &[Incident]) -> Option<Self> {
        let incident = open.get(fitting.index)?;
        let Fitting { score, words, shared, why, .. } = fitting;
        Some(Self { incident: incident.id, title: incident.title.clone(), score, words, shared, why })
    }
}

/// Why `item` is in `home`, or in none. `open` are the incidents that share a key with it ([`super::keys`]), `parted` those that people
/// have taken it out of.
#[must_use]
pub fn membership(
    item: &Item,
    home: Option<&Incident>,
    open: &[Incident],
    parted: &[IncidentId],
) -> Membership {
    let mut others: Vec<Incident> =
        open.iter().filter(|one| home.is_none_or(|home| home.id != one.id)).cloned().collect();
    // Last, so that where two fit alike the runner-up is told and not the home twice.
    others.extend(home.cloned());
    let mut all: Vec<Fit> =
        fitting(item, &others, parted).into_iter().filter_map(|one| Fit::of(one, &others)).collect();
    all.sort_by(|a, b| b.score.total_cmp(&a.score));
    let count = all.len();
    let at = all.iter().position(|one| home.is_some_and(|home| home.id == one.incident));
    let fit = at.map(|at| all.remove(at));
    let runner_up = (!all.is_empty()).then(|| all.swap_remove(0));
    let shared: Vec<String> = home.map_or_else(Vec::new, |home| shared_ids(item, home));
    let (by, why) = match home {
        Some(home) => of_member(item, home, &shared, fit.as_ref(), !parted.is_empty()),
        None => alone(item, runner_up.as_ref(), !parted.is_empty()),
    };
    Membership { by, why, event_ids: shared, fit, runner_up, fitting: count }
}

fn shared_ids(item: &Item, home: &Incident) -> Vec<String> {
    let known = event_ids(item).filter(|id| home.event_ids.iter().any(|known| known == id));
    known.take(MOST_TOLD).map(str::to_owned).collect()
}

fn of_member(
    item: &Item,
    home: &Incident,
    shared: &[String],
    fit: Option<&Fit>,
    was_parted: bool,
) -> (By, String) {
    if home.id == IncidentId(id::derived(item.id.0, "incident", 1)) {
        let id = shared.first().map_or_else(String::new, |id| format!(", which carries the event id {id}"));
        return (By::Opening, format!("It is the first of its incident{id}."));
    }
    if let Some(id) = shared.first() {
        return (By::EventId, format!("It carries the same event id {id}."));
    }
    let told = if was_parted { " People have taken it out of another incident." } else { "" };
    match fit {
        Some(fit) => (By::Nearness, format!("{}.{told}", sentence(&fit.why))),
        None if home.split_from.is_some() || was_parted => {
            (By::Others, format!("People have put it there.{told}"))
        }
        None => (
            By::Others,
            "By itself it would not join this incident as it stands now: people have put it there, or its incident has moved on or was \
             merged since."
                .to_owned(),
        ),
    }
}

fn alone(item: &Item, best: Option<&Fit>, was_parted: bool) -> (By, String) {
    if item.duplicate_of.is_some() {
        return (
            By::Copy,
            "It repeats another item: a copy joins no incident, and is counted there.".to_owned(),
        );
    }
    let hazard = &item.hazard;
    let why = if was_parted {
        "People have taken it out of its incident.".to_owned()
    } else if item.stated.as_ref().is_some_and(|stated| stated.withdrawn) {
        "Its source has withdrawn it.".to_owned()
    } else if !hazard.kind.is_some() && !must_open(item) {
        "It names no hazard.".to_owned()
    } else if !speaks(item) && !may_join(item) && !must_open(item) {
        let (kind, sure) = (hazard.kind.as_str(), hazard.confidence);
        format!("Its hazard, {kind}, is less sure ({sure:.2}) than is asked for ({MIN_CONFIDENCE:.2}).")
    } else if item.location.is_none() && event_ids(item).next().is_none() && !must_open(item) {
        "It names no place, and no id of an event.".to_owned()
    } else if let Some(best) = best {
        format!("It would join “{}” now, which fits it since: {}.", best.title, best.why)
    } else if may_open(item) {
        "It is not clustered yet, or its incident is closed.".to_owned()
    } else {
        "No incident fits it by hazard, place and time, and it is not grave or sure enough to open one."
            .to_owned()
    };
    (By::None, why)
}

/// With a capital at its beginning.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
