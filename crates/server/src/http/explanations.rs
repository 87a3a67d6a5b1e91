//! `/api/items/{id}/explanation`: why an item is what it is, for the panel beside it.
//!
//! What is stored with the item (hazard, place, severity, risk) is told as it is stored. What models say of its words is worked out
//! again, which gives the same for the same words and models; so are the other places that a name may mean. Why it is in its incident is
//! worked out again, too, by incidents as they stand by then.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use crisislens_analysis::classes::{Prediction, Task};
use crisislens_analysis::{Analysis, Analyzer, Framed, NamedPlace, incident};
use crisislens_model::incident::Risk;
use crisislens_model::{
    HazardGuess, Humanitarian, Incident, IncidentId, Item, ItemCorrection, ItemId, Language, Location,
    PutRight, RawItem, Relevance, RiskLevel, RiskPart, Severity, Stated,
};
use serde::Serialize;

use super::Problem;
use crate::app::App;

/// Why an item is what it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Explanation {
    /// The item.
    item_id: ItemId,
    /// The item's version that is explained.
    version: u64,
    /// The language, with how sure that is.
    language: Language,
    /// What happened, and by which words.
    hazard: HazardGuess,
    /// As what it is said, where not as news of what is: then it counts for little.
    #[serde(skip_serializing_if = "Option::is_none")]
    framing: Option<Framing>,
    /// What each model says of the words, with what decided it.
    models: Vec<Answer>,
    /// Where the item is put, and why; absent where nothing names a place.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// Every place that the text names, with what else the name may mean.
    places: Vec<Named>,
    /// How bad.
    severity: Severity,
    /// Why that severity.
    severity_why: String,
    /// 0 to 1: the sum of the parts' contributions.
    risk_score: f64,
    /// The score's step.
    risk_level: RiskLevel,
    /// The addends of the score, each with why.
    risk_parts: Vec<RiskPart>,
    /// The risk of the happening that it belongs to, in eight parts: what the item alone cannot tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_risk: Option<Risk>,
    /// What the source itself states, which goes before what words say.
    #[serde(skip_serializing_if = "Option::is_none")]
    stated: Option<Stated>,
    /// What people have put right; the rest follows from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    corrected: Option<PutRight>,
    /// What analysis makes of it by itself, where people have put something right.
    #[serde(skip_serializing_if = "Option::is_none")]
    by_itself: Option<ByItself>,
    /// The item that this one repeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    duplicate_of: Option<ItemId>,
    /// Why it is in its incident, or in none.
    membership: Membership,
}

/// Why an item is in its incident, or in none: as incidents stand now, with the item in its own.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Membership {
    /// The incident that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    incident_id: Option<IncidentId>,
    /// What it is called.
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// How it came about: `opening`, `event_id`, `nearness`, `others` (people, or what has changed since), `copy`, `none`.
    by: &'static str,
    /// In a sentence.
    why: String,
    /// Ids of the event that the item and its incident share; at most eight.
    event_ids: Vec<String>,
    /// Incidents that share a key with the item (an id, or hazard, time and area), and so were compared with it.
    compared: usize,
    /// Of those, the ones that it fits by hazard, place and time.
    fitting: usize,
    /// How well it fits its incident.
    #[serde(skip_serializing_if = "Option::is_none")]
    fit: Option<Fit>,
    /// The incident that it fits best but for its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    runner_up: Option<Fit>,
}

/// How well an item fits an incident.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Fit {
    /// The incident.
    incident_id: IncidentId,
    /// What it is called.
    title: String,
    /// What incidents are chosen by: the highest.
    score: f64,
    /// 0 to 1: how much of what tells the incidents apart in the item's words speaks for this one.
    words_score: f64,
    /// The words that do, the most telling first; at most three.
    words: Vec<String>,
    /// In a sentence.
    why: String,
}

impl From<incident::Fits> for Fit {
    fn from(fit: incident::Fits) -> Self {
        let incident::Fits { incident, title, score, words, shared, why } = fit;
        Self { incident_id: incident, title, score, words_score: words, words: shared, why }
    }
}

/// What analysis makes of an item without people.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ByItself {
    /// The language.
    language: Language,
    /// What happened.
    hazard: HazardGuess,
    /// Whether it informs about an emergency.
    relevance: Option<Relevance>,
    /// What kind of humanitarian information it gives.
    humanitarian: Option<Humanitarian>,
    /// Where.
    location: Option<Location>,
    /// How bad.
    severity: Severity,
    /// The risk.
    risk_score: f64,
}

/// As what something is said.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Framing {
    /// `drill` (a drill, an exercise or a test), `fiction` (a film, a game or a book) or `figurative` (a hazard's word in another sense).
    kind: &'static str,
    /// The words that say so.
    words: Vec<String>,
    /// In a sentence.
    why: String,
}

impl From<Framed> for Framing {
    fn from(framed: Framed) -> Self {
        Self { kind: framed.framing.as_str(), why: framed.why(), words: framed.words }
    }
}

/// What a model answers of a text.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Answer {
    /// `hazard`, `relevance`, `humanitarian` or `checkworthiness`.
    task: &'static str,
    /// The likeliest answer.
    answer: &'static str,
    /// Its calibrated probability.
    confidence: f64,
    /// The probability of every answer.
    probabilities: std::collections::BTreeMap<&'static str, f64>,
    /// What decided it, weightiest first.
    why: Vec<Contribution>,
}

/// A part of the text and how far it moves the answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Contribution {
    /// The words, or the trait of the text in brackets.
    what: String,
    /// What it adds to the logarithm of the odds of the answer.
    weight: f64,
}

/// A name in the text.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Named {
    /// As it stands in the text.
    text: String,
    /// First byte in the text.
    start: usize,
    /// Byte after the last.
    end: usize,
    /// What it most likely means; absent where the gazetteer does not know the name.
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<Location>,
    /// What else it may mean, likeliest first.
    alternatives: Vec<Location>,
}

/// Why an item has the hazard, place, severity, risk and incident that it has: what decided each, the models' reasons word by word, and what
/// else the names in it may mean.
#[utoipa::path(get, path = "/api/items/{id}/explanation", tag = "items", params(("id" = String, Path)),
    responses((status = 200, body = Explanation), (status = 404, body = Problem)))]
pub async fn explain(
    State(app): State<Arc<App>>,
    path: Result<Path<ItemId>, PathRejection>,
) -> Result<Json<Explanation>, Problem> {
    let Path(id) = path?;
    let item = app.store.item(id).await?.ok_or_else(|| Problem::not_found("item"))?;
    let incident = match item.incident_id {
        Some(incident) => app.store.incident(incident).await?,
        None => None,
    };
    let membership = membership(&app, &item, incident.as_ref()).await?;
    // Long texts take milliseconds.
    let analyzer = Arc::clone(&app.analyzer);
    let explained =
        tokio::task::spawn_blocking(move || explanation(&analyzer, item, incident, membership)).await;
    Ok(Json(explained.map_err(|error| Problem::internal(&error))?))
}

/// Looks at what the item is found by again, which is bounded whatever there is.
async fn membership(app: &App, item: &Item, home: Option<&Incident>) -> Result<Membership, Problem> {
    let near = app.store.incidents_of_keys(&incident::keys::of_item(item)).await?;
    let parted = app.store.incidents_left_by(item.id).await?;
    let found = incident::membership(item, home, &near, &parted);
    Ok(Membership {
        incident_id: home.map(|home| home.id),
        title: home.map(|home| home.title.clone()),
        by: found.by.as_str(),
        why: found.why,
        event_ids: found.event_ids,
        compared: near.len(),
        fitting: found.fitting,
        fit: found.fit.map(Fit::from),
        runner_up: found.runner_up.map(Fit::from),
    })
}

fn explanation(
    analyzer: &Analyzer,
    item: Item,
    incident: Option<Incident>,
    membership: Membership,
) -> Explanation {
    let raw = item.said();
    Explanation {
        item_id: item.id,
        version: item.version,
        language: item.language,
        hazard: item.hazard,
        framing: analyzer.framing(&raw).map(Framing::from),
        models: analyzer.classify_all(&raw).into_iter().map(|(task, said)| answer(task, said)).collect(),
        location: item.location,
        places: analyzer.named_places(&raw).into_iter().filter_map(|place| named(&raw.text, place)).collect(),
        severity: item.severity,
        severity_why: item.severity_why,
        risk_score: item.risk_score,
        risk_level: item.risk_level,
        risk_parts: item.risk_parts,
        by_itself: item.corrected.as_ref().map(|_| by_itself(analyzer, &raw, incident.as_ref())),
        incident_risk: incident.and_then(|incident| incident.risk),
        stated: item.stated,
        corrected: item.corrected,
        duplicate_of: item.duplicate_of,
        membership,
    }
}

fn by_itself(analyzer: &Analyzer, raw: &RawItem, incident: Option<&Incident>) -> ByItself {
    let Analysis { language, hazard, relevance, humanitarian, location, severity, risk_score, .. } =
        analyzer.analyze_within(raw, &ItemCorrection::default(), incident);
    ByItself { language, hazard, relevance, humanitarian, location, severity, risk_score }
}

fn answer(task: Task, said: Prediction) -> Answer {
    Answer {
        task: task.name(),
        answer: said.answer,
        confidence: said.confidence,
        probabilities: task.answers().iter().copied().zip(said.probabilities).collect(),
        why: said.why.into_iter().map(|part| Contribution { what: part.what, weight: part.weight }).collect(),
    }
}

fn named(text: &str, place: NamedPlace) -> Option<Named> {
    Some(Named {
        text: text.get(place.start..place.end)?.to_owned(),
        start: place.start,
        end: place.end,
        location: place.location,
        alternatives: place.alternatives,
    })
}
