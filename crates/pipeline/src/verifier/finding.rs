//! What a claim is held against: items that speak of the same thing, and how often their sources were right.

use std::collections::{BTreeMap, HashMap};

use crisislens_analysis::evidence::expanded;
use crisislens_analysis::reliability::{self, Adjudication, Prior, fold};
use crisislens_model::{Claim, Item, SourceKind, Timestamp, id};
use crisislens_search::{Relevant, RelevantHits, RelevantRequest, SearchError, SearchIndex};
use crisislens_state::{StateError, Store};
use jiff::SignedDuration;

use crate::desk::consequences::noted_as;

/// Most items that are looked at beside those that make the claim.
const MAX_FOUND: usize = 40;
/// Most published checks.
const MAX_CHECKS: usize = 40;
/// What was said so long before the claim, and later, may speak of the same thing; published checks are looked for whenever.
const REACH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Longest name of who speaks, bytes, and how many characters are kept of a longer one.
const MAX_NAME: usize = 256;
const MAX_NAME_KEPT: usize = 48;
/// Decided claims of a source that are looked at: older ones hardly count.
const MAX_DECIDED: usize = 400;

/// What may speak of the same thing as a claim.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Items that are no published check, the best first.
    pub items: Vec<Relevant>,
    /// Published checks of claims, and how rare the claim's words are.
    pub checks: RelevantHits,
}

impl Found {
    /// Everything that was found.
    pub(super) fn hits(&self) -> impl Iterator<Item = &Relevant> {
        self.items.iter().chain(&self.checks.hits)
    }
}

/// What shares words with `claim`: items of about its time, and published checks of any time.
pub(super) async fn relevant(search: &dyn SearchIndex, claim: &Claim) -> Result<Found, SearchError> {
    let mut text = claim.text.clone();
    if let Some(place) = &claim.slots.place {
        text.push(' ');
        text.push_str(&place.name);
    }
    let items = RelevantRequest {
        text,
        since: claim.first_said.saturating_sub(REACH).ok(),
        until: None,
        exercise: claim.exercise,
        exercise_id: claim.exercise_id,
        fact_checks: Some(false),
        exclude: claim.item_ids.clone(),
        limit: MAX_FOUND,
    };
    let checks = RelevantRequest {
        text: expanded(&items.text),
        since: None,
        fact_checks: Some(true),
        limit: MAX_CHECKS,
        ..items.clone()
    };
    let items = search.relevant(&items).await?.hits;
    Ok(Found { items, checks: search.relevant(&checks).await? })
}

/// How often sources were right, as far as is known.
#[derive(Debug, Default)]
pub(super) struct Reliabilities(HashMap<String, f64>);

impl Reliabilities {
    /// Of those who speak in `items`, at `now`.
    pub(super) async fn read(
        store: &dyn Store,
        items: impl Iterator<Item = &Item>,
        now: Timestamp,
    ) -> Result<Self, StateError> {
        let speakers: BTreeMap<String, SourceKind> =
            items.map(|item| (noted_as(&speaker(item), item.exercise), item.source_kind)).collect();
        let names: Vec<String> = speakers.keys().cloned().collect();
        let mut decided: HashMap<String, Vec<Adjudication>> = HashMap::new();
        for one in store.adjudications(&names, MAX_DECIDED).await? {
            decided.entry(one.source.clone()).or_default().push(adjudication(one));
        }
        let none = Vec::new();
        let of_speaker = |(speaker, kind): (String, SourceKind)| {
            let decided = decided.get(&speaker).unwrap_or(&none);
            let mean = fold(Prior::of(kind), decided, now).mean();
            (speaker, mean)
        };
        Ok(Self(speakers.into_iter().map(of_speaker).collect()))
    }

    /// How often `speaker` was right, in earnest or in exercises; what is expected of a post where nothing is known.
    pub(super) fn of(&self, speaker: &str, exercise: bool) -> f64 {
        self.0.get(&noted_as(speaker, exercise)).copied().unwrap_or(reliability::UNKNOWN)
    }
}

/// Who speaks in `item`, by name: on a network the account, elsewhere the source.
#[must_use]
pub fn speaker(item: &Item) -> String {
    let author = item.author.as_deref().map(str::trim).filter(|author| !author.is_empty());
    short_name(match author.filter(|_| item.source_kind == SourceKind::Social) {
        Some(author) => format!("{}/{}", item.source, author.trim_start_matches('@')),
        None => item.source.clone(),
    })
}

/// `name`, or where it is endless its beginning with an id of all of it: forty of them must fit into a claim's record.
pub(super) fn short_name(name: String) -> String {
    if name.len() <= MAX_NAME {
        return name;
    }
    let beginning: String = name.chars().take(MAX_NAME_KEPT).collect();
    format!("{beginning}… {}", id::named("long name", &name))
}

/// What the store has kept, as the analysis reads it.
#[must_use]
pub fn adjudication(one: crisislens_state::verification::Adjudication) -> Adjudication {
    Adjudication {
        source: one.source,
        claim_id: one.claim_id,
        right: one.right,
        at: one.at,
        weight: one.weight,
    }
}
