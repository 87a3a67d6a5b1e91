//! The items that share words with a text, by BM25. Words and their counts come from Tantivy's postings; which documents
//! may be hits at all is a plan like any other.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use ::tantivy::query::{BooleanQuery, EnableScoring, Query as _, TermQuery};
use ::tantivy::schema::IndexRecordOption;
use ::tantivy::{Searcher, Term};
use crisislens_model::ItemId;
use uuid::Uuid;

use super::matching;
use super::plan::Plan;
use super::schema::Fields;
use super::search::Columns;
use crate::SearchError;
use crate::indexed::world;
use crate::relevant::{Relevant, RelevantHits, RelevantRequest, best, rarest};

/// What a request asks of the index.
pub(super) struct Wanted {
    words: Vec<String>,
    allowed: Plan,
    limit: usize,
}

impl Wanted {
    pub fn of(fields: &Fields, request: &RelevantRequest) -> Self {
        let mut parts = vec![
            Plan::of(fields, &request.condition()),
            Plan::word(Term::from_field_bool(fields.exercise, request.exercise)),
        ];
        if request.exercise {
            let world = world(request.exercise_id);
            parts.push(Plan::word(Term::from_field_text(fields.world, &world)));
        }
        let is_check = |wanted| Plan::word(Term::from_field_bool(fields.fact_check, wanted));
        parts.extend(request.fact_checks.map(is_check));
        let not =
            |id: &ItemId| Plan::Not(Box::new(Plan::word(Term::from_field_bytes(fields.id, id.0.as_bytes()))));
        parts.extend(request.excluded().iter().map(not));
        Self { words: request.words(), allowed: Plan::All(parts), limit: request.limit() }
    }
}

/// The best hits, best first, and how rare the words are.
pub(super) fn best_of(
    searcher: &Searcher,
    fields: &Fields,
    wanted: &Wanted,
) -> Result<RelevantHits, SearchError> {
    let term = |word: &str| Term::from_field_text(fields.text, word);
    // Replaced items are among those that words are counted in, and so among all.
    let items = searcher.segment_readers().iter().map(|segment| u64::from(segment.max_doc())).sum();
    let mut frequencies = BTreeMap::new();
    for word in &wanted.words {
        let count = searcher.doc_freq(&term(word))?;
        if count > 0 {
            frequencies.insert(word.clone(), count);
        }
    }
    let terms: Vec<Box<dyn ::tantivy::query::Query>> = rarest(&frequencies)
        .iter()
        .map(|word| Box::new(TermQuery::new(term(word), IndexRecordOption::WithFreqs)) as _)
        .collect();
    if terms.is_empty() || wanted.limit == 0 {
        return Ok(RelevantHits { hits: Vec::new(), frequencies, items });
    }
    let weight = BooleanQuery::union(terms).weight(EnableScoring::enabled_from_searcher(searcher))?;
    let mut top = Top { limit: wanted.limit, hits: BinaryHeap::new() };
    for segment in searcher.segment_readers() {
        let columns = Columns::of(segment)?;
        let allowed = matching::documents(searcher, segment, &wanted.allowed)?;
        let alive = segment.alive_bitset();
        weight.for_each(segment, &mut |doc, score| {
            if allowed.contains(doc) && alive.is_none_or(|alive| alive.is_alive(doc)) {
                top.offer(score, || columns.id(doc));
            }
        })?;
    }
    let hits = top.hits.into_iter().map(|Reverse((bits, id))| Relevant {
        id: ItemId(Uuid::from_u128(id)),
        score: f64::from(f32::from_bits(bits)),
    });
    Ok(RelevantHits { hits: best(hits.collect(), wanted.limit), frequencies, items })
}

/// The best hits so far, as the score's bits and the id: the bits of floats that are not negative order as they do.
struct Top {
    limit: usize,
    /// The worst of them on top.
    hits: BinaryHeap<Reverse<(u32, u128)>>,
}

impl Top {
    fn offer(&mut self, score: f32, id: impl FnOnce() -> u128) {
        let bits = score.max(0.0).to_bits();
        let full = self.hits.len() >= self.limit;
        if full && self.hits.peek().is_some_and(|Reverse((worst, _))| bits < *worst) {
            return;
        }
        self.hits.push(Reverse((bits, id())));
        if self.hits.len() > self.limit {
            self.hits.pop();
        }
    }
}
