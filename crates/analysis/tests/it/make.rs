//! Raw items and items for the tests.

use std::sync::LazyLock;

use crisislens_analysis::incident;
use crisislens_analysis::{Analysis, Analyzer};
use crisislens_model::{Incident, Item, ItemStatus, RawItem, SourceKind, Stated, Timestamp};

/// One analyser for the whole binary, as a node has.
pub static ANALYZER: LazyLock<Analyzer> = LazyLock::new(|| Analyzer::new().unwrap());

/// Makes `incident` anew of `items`: the first that names its hazard opens it and the others join, as whoever reads them page by page does.
pub fn made_anew(incident: &mut Incident, items: &[Item]) {
    let opener = items.iter().position(|item| item.hazard.kind.is_some()).unwrap_or(0);
    let mut anew = items.get(opener).map(incident::open);
    for (_, item) in items.iter().enumerate().filter(|(index, _)| *index != opener) {
        incident::join(anew.as_mut().unwrap(), item);
    }
    incident::renew(incident, anew);
}

pub fn raw(kind: SourceKind, text: &str) -> RawItem {
    let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    RawItem { source_kind: kind, timestamp: at, ingested_at: at, ..RawItem::post("test", text, text) }
}

pub fn post(text: &str) -> RawItem {
    raw(SourceKind::Social, text)
}

pub fn official(text: &str, stated: Stated) -> RawItem {
    RawItem { stated: Some(stated), ..raw(SourceKind::Official, text) }
}

pub fn analyze(raw: &RawItem) -> Analysis {
    ANALYZER.analyze(raw)
}

/// The item that processing makes of `raw`.
pub fn item(raw: RawItem) -> Item {
    let analysis = analyze(&raw);
    Item {
        id: raw.id,
        source: raw.source,
        source_id: raw.source_id,
        source_kind: raw.source_kind,
        url: raw.url,
        title: raw.title,
        text: raw.text,
        author: raw.author,
        timestamp: raw.timestamp,
        language_hint: raw.language_hint,
        media: raw.media,
        stated: raw.stated,
        raw_data: None,
        ingested_at: raw.ingested_at,
        language: analysis.language,
        hazard: analysis.hazard,
        relevance: analysis.relevance,
        humanitarian: analysis.humanitarian,
        location: analysis.location,
        entities: analysis.entities,
        topics: analysis.topics,
        severity: analysis.severity,
        severity_why: analysis.severity_why,
        risk_score: analysis.risk_score,
        risk_parts: analysis.risk_parts,
        risk_level: analysis.risk_level,
        corrected: None,
        duplicate_of: None,
        incident_id: None,
        claim_ids: Vec::new(),
        status: ItemStatus::New,
        assignee: None,
        tags: Vec::new(),
        exercise: raw.exercise,
        exercise_id: raw.exercise_id,
        revision: 1,
        version: 1,
    }
}
