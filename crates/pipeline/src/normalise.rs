//! raw-items → items: analysis, revisions of entries already seen, copies of what was said before, places by what goes on there.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use crisislens_analysis::world::World;
use crisislens_analysis::{Analysis, Analyzer, OpenPlace, address, incident};
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{Clock, Item, ItemId, Location, NewRecord, PutRight, RawItem, Topic, record};
use crisislens_state::Tx;
use crisislens_state::items::{Found, ItemRow, KnownItem, split_raw_data};
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::copies::Copies;
use crate::events::item_record;
use crate::namesakes::Namesakes;
use crate::refuse_wrong;

/// The handler of `raw-items`.
pub struct Normalise {
    /// From text to meaning.
    pub analyzer: Arc<Analyzer>,
    /// The time, to judge what lies in the future.
    pub clock: Arc<dyn Clock>,
}

/// A raw item with what analysis makes of it.
pub struct Analysed {
    pub(crate) raw: RawItem,
    content_hash: [u8; 32],
    pub(crate) analysis: Analysis,
    /// The keys that its copies share; none where it is too short to have any.
    pub(crate) bands: Vec<u64>,
    /// Where its place is not clear: what the choice is made of, so that no text is read while others wait to write.
    pub(crate) unclear: Option<Box<Unclear>>,
}

/// An item whose place has a namesake in another country.
pub(crate) struct Unclear {
    /// The item, of its text what is compared with incidents.
    pub(crate) outline: Item,
    /// Where it may be, the likeliest first.
    pub(crate) places: Vec<Location>,
    open: OpenPlace,
}

impl Analysed {
    /// The item that it makes where it is new and repeats nothing.
    #[must_use]
    pub fn item(&self) -> Item {
        make_item(&self.raw, &self.analysis, None, None)
    }
}

impl Unclear {
    fn new(raw: &RawItem, analysis: &Analysis, open: OpenPlace) -> Self {
        let bare = outline(raw);
        Self {
            outline: make_item(&bare, analysis, None, None),
            places: analysis.location.iter().chain(&analysis.rivals).cloned().collect(),
            open,
        }
    }
}

/// Of an entry what is compared with incidents.
fn outline(raw: &RawItem) -> RawItem {
    let cut = |text: &str| text[..text.floor_char_boundary(incident::COMPARED_BYTES)].to_owned();
    RawItem {
        id: raw.id,
        source: raw.source.clone(),
        source_id: raw.source_id.clone(),
        source_kind: raw.source_kind,
        url: None,
        title: raw.title.as_deref().map(cut),
        text: cut(&raw.text),
        author: None,
        timestamp: raw.timestamp,
        language_hint: None,
        media: Vec::new(),
        stated: raw.stated.clone(),
        raw_data: None,
        exercise: raw.exercise,
        exercise_id: raw.exercise_id,
        ingested_at: raw.ingested_at,
    }
}

#[async_trait]
impl Handler for Normalise {
    type Work = Analysed;

    fn group(&self) -> &'static str {
        "crisis-lens-main"
    }

    fn stage(&self) -> &'static str {
        "normalise"
    }

    fn topic(&self) -> Topic {
        Topic::RawItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Analysed>, Reject> {
        if record::header(&record.headers, "ce_type").is_some_and(|kind| kind != event_type::RAW_ITEM) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let raw: RawItem = serde_json::from_slice(value).map_err(Reject::decode)?;
        refuse_wrong(&raw.problems(self.clock.now()))?;
        let (mut analysis, open) = self.analyzer.analyze_open(&raw);
        let world = World::of(raw.exercise, raw.exercise_id);
        if raw.exercise {
            // What is said in an exercise repeats nothing that is said in earnest, nor the other way round, nor in another.
            analysis.fingerprint = analysis.fingerprint.map(|fingerprint| !fingerprint ^ world.salt());
        }
        let bands = analysis.sketch.as_ref().map(|sketch| sketch.bands(world)).unwrap_or_default();
        let unclear = open.map(|open| Box::new(Unclear::new(&raw, &analysis, open)));
        Ok(Some(Analysed { content_hash: raw.content_hash(), raw, analysis, bands, unclear }))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Analysed]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        let ids: Vec<ItemId> = work.iter().map(|one| one.raw.id).collect();
        let mut known = tx.known_items(&ids).await?;
        let mut copies = Copies::read(tx, work, now).await?;
        let namesakes = Namesakes::read(tx, work, &known).await?;

        let mut rows: HashMap<ItemId, ItemRow> = HashMap::with_capacity(work.len());
        let mut order = Vec::with_capacity(work.len());
        let mut records: Vec<NewRecord> = Vec::with_capacity(work.len());
        for one in work {
            let before = known.get(&one.raw.id);
            if before.is_some_and(|before| says_nothing_new(one, before)) {
                continue;
            }
            if let Some(before) = before.filter(|before| !may_revise(&one.raw, before)) {
                tracing::warn!(
                    item.id = %one.raw.id, had = before.source_kind.as_str(), came = one.raw.source_kind.as_str(),
                    "a weaker voice does not revise this item"
                );
                metrics::counter!("crisislens_pipeline_refused_revisions_total").increment(1);
                continue;
            }
            // What people have put right holds for every revision.
            let put_right =
                before.and_then(|before| before.corrected.as_ref()).map(|corrected| &corrected.to);
            let prior = namesakes.prior(one, before);
            let again = match (put_right, &one.unclear) {
                (Some(to), _) => Some(self.analyzer.analyze_among(&one.raw, to, &prior)),
                (None, Some(unclear)) if !prior.is_empty() => {
                    Some(self.analyzer.choose_place(&one.raw, &one.analysis, &unclear.open, &prior))
                }
                _ => None,
            };
            let analysis = again.as_ref().unwrap_or(&one.analysis);
            let item = make_item(&one.raw, analysis, before, copies.place(one, before.is_some()));
            let kind = if before.is_some() { event_type::ITEM_UPDATED } else { event_type::ITEM_CREATED };
            let (bare, raw_data) = split_raw_data(item);
            records.push(item_record(&bare, kind, now).map_err(|error| {
                ApplyError::Failed(format!("item {} cannot be encoded: {error}", bare.id))
            })?);
            known.insert(bare.id, known_of(&bare, one.content_hash));
            let id = bare.id;
            let row = ItemRow {
                item: Item { raw_data, ..bare },
                content_hash: one.content_hash,
                fingerprint: one.analysis.fingerprint,
            };
            if rows.insert(id, row).is_none() {
                order.push(id);
            }
        }
        let rows = order.iter().filter_map(|id| rows.remove(id)).collect();
        tx.put_items(rows).await?;
        copies.keep(tx, now).await?;
        tx.publish(records, now).await?;
        Ok(())
    }
}

/// Whether it is the same revision again. The same words from a stronger voice are another.
fn says_nothing_new(one: &Analysed, before: &KnownItem) -> bool {
    before.content_hash == one.content_hash && one.raw.source_kind >= before.source_kind
}

/// Whether `raw` may become the next revision: nobody overwrites what a stronger voice said. (Exercise and reality never meet:
/// their ids differ.)
fn may_revise(raw: &RawItem, before: &KnownItem) -> bool {
    // Voices are ordered from the strongest on: official, media, social.
    raw.source_kind <= before.source_kind
}

/// What is kept of an item that is analysed again; `corrected` is what people have put right of it.
#[must_use]
pub fn found(analysis: Analysis, corrected: Option<PutRight>) -> Found {
    Found {
        corrected,
        language: analysis.language,
        hazard: analysis.hazard,
        relevance: analysis.relevance,
        humanitarian: analysis.humanitarian,
        location: analysis.location,
        severity: analysis.severity,
        severity_why: analysis.severity_why,
        risk_score: analysis.risk_score,
        risk_parts: analysis.risk_parts,
        risk_level: analysis.risk_level,
    }
}

fn make_item(
    raw: &RawItem,
    analysis: &Analysis,
    before: Option<&KnownItem>,
    duplicate_of: Option<ItemId>,
) -> Item {
    Item {
        id: raw.id,
        source: raw.source.clone(),
        source_id: raw.source_id.clone(),
        source_kind: raw.source_kind,
        url: raw.url.as_deref().map(address::canonical),
        title: raw.title.clone(),
        text: raw.text.clone(),
        author: raw.author.clone(),
        timestamp: raw.timestamp,
        language_hint: raw.language_hint.clone(),
        media: raw.media.clone(),
        stated: raw.stated.clone(),
        raw_data: raw.raw_data.clone(),
        ingested_at: raw.ingested_at,
        language: analysis.language.clone(),
        hazard: analysis.hazard.clone(),
        relevance: analysis.relevance,
        humanitarian: analysis.humanitarian,
        location: analysis.location.clone(),
        entities: analysis.entities.clone(),
        topics: analysis.topics.clone(),
        severity: analysis.severity,
        severity_why: analysis.severity_why.clone(),
        risk_score: analysis.risk_score,
        risk_parts: analysis.risk_parts.clone(),
        risk_level: analysis.risk_level,
        corrected: before.and_then(|before| before.corrected.clone()),
        duplicate_of,
        incident_id: before.and_then(|before| before.incident_id),
        claim_ids: Vec::new(),
        status: before.map_or_else(Default::default, |before| before.status),
        assignee: before.and_then(|before| before.assignee),
        tags: before.map_or_else(Vec::new, |before| before.tags.clone()),
        exercise: raw.exercise,
        exercise_id: raw.exercise_id,
        revision: before.map_or(1, |before| before.revision + 1),
        version: before.map_or(1, |before| before.version + 1),
    }
}

fn known_of(item: &Item, content_hash: [u8; 32]) -> KnownItem {
    KnownItem {
        content_hash,
        revision: item.revision,
        version: item.version,
        status: item.status,
        assignee: item.assignee,
        tags: item.tags.clone(),
        incident_id: item.incident_id,
        duplicate_of: item.duplicate_of,
        // That is for who clusters items.
        counts_for: None,
        source_kind: item.source_kind,
        corrected: item.corrected.clone(),
    }
}
