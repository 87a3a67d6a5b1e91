//! Searches that people keep and subscribe to: which of them find an item is decided in memory, by the same rules as the index.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crisislens_model::{FieldError, Item, ItemFilter, News, Subscription, Timestamp};
use crisislens_search::query::Searchable;
use crisislens_search::{Query, QueryError};
use crisislens_state::ledger::{Candidate, DeskObject};
use crisislens_state::{StateError, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::holds::{SetUp, name_problem, read};

/// So many are kept ready; beyond, all are read anew.
const MOST_READY: usize = 2_000;

/// A search that somebody keeps.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct SavedSearch {
    /// What people call it.
    pub name: String,
    /// Words and operators, as `q` of `/api/items`; may be empty.
    pub q: String,
    /// Conditions beside them.
    pub filter: ItemFilter,
    /// The team that shares it; one's own where absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team: Option<Uuid>,
}

impl SavedSearch {
    /// What it asks for.
    ///
    /// # Errors
    /// `q` cannot be read.
    pub fn query(&self) -> Result<Query, QueryError> {
        Query::parse(&self.q, self.filter.clone())
    }
}

impl SetUp for SavedSearch {
    const KIND: &'static str = "saved_search";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<FieldError> = name_problem(&self.name).into_iter().collect();
        match self.query() {
            Err(error) => problems.push(FieldError::new("q", error.to_string())),
            Ok(query) if query == Query::default() => {
                problems.push(FieldError::new("q", "asks for nothing: give words or conditions"));
            }
            Ok(query) if query.text.is_some() && query.filter.incident.is_some() => {
                problems.push(FieldError::new(
                    "filter.incident",
                    "cannot be combined with words; use one of the two",
                ));
            }
            Ok(_) => {}
        }
        problems
    }
}

/// Saved searches as they were read last, by version.
#[derive(Default)]
pub(crate) struct Searches(Mutex<HashMap<Uuid, (u64, Arc<Query>)>>);

impl Searches {
    /// Writes to each of the news which of the searches that these people subscribe to find it.
    pub async fn ask(
        &self,
        tx: &mut dyn Tx,
        people: &[Candidate],
        items: &[Item],
        news: &mut [News],
    ) -> Result<(), StateError> {
        let queries = self.queries(tx, &subscribed(people)).await?;
        if queries.is_empty() {
            return Ok(());
        }
        let searchable: HashMap<_, _> = items.iter().map(|item| (item.id, Searchable::of(item))).collect();
        for one in news {
            if let Some(item) = searchable.get(&one.item) {
                let found = queries.iter().filter(|(_, query)| query.finds(item));
                one.searches = found.map(|(id, _)| *id).collect();
            }
        }
        Ok(())
    }

    async fn queries(
        &self,
        tx: &mut dyn Tx,
        ids: &BTreeSet<Uuid>,
    ) -> Result<Vec<(Uuid, Arc<Query>)>, StateError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<Uuid> = ids.iter().copied().collect();
        let there = tx.set_up_with(SavedSearch::KIND, &ids).await?;
        let mut ready = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ready.len() > MOST_READY {
            ready.clear();
        }
        let mut queries = Vec::with_capacity(there.len());
        for object in &there {
            let known = ready.get(&object.id).filter(|(version, _)| *version == object.version);
            let query = match known {
                Some((_, query)) => Arc::clone(query),
                None => {
                    let Some(query) = compiled(object)? else { continue };
                    ready.insert(object.id, (object.version, Arc::clone(&query)));
                    query
                }
            };
            queries.push((object.id, query));
        }
        Ok(queries)
    }
}

/// One that this release cannot read finds nothing; it was checked by another.
fn compiled(object: &DeskObject) -> Result<Option<Arc<Query>>, StateError> {
    let search: SavedSearch = read(object)?;
    match search.query() {
        Ok(query) => Ok(Some(Arc::new(query))),
        Err(error) => {
            tracing::warn!(search = %object.id, %error, "a saved search is left out");
            Ok(None)
        }
    }
}

/// The searches that anybody of these subscribes to.
pub(crate) fn subscribed(people: &[Candidate]) -> BTreeSet<Uuid> {
    let all = people.iter().flat_map(|one| &one.subscriptions);
    all.filter(|one| one.ended.is_none()).filter_map(|one| one.search).collect()
}

/// Ends the subscriptions of searches that go; how many there were.
///
/// # Errors
/// The store failed, or a subscription cannot be read.
pub async fn end_subscriptions(
    tx: &mut dyn Tx,
    gone: &[DeskObject],
    now: Timestamp,
) -> Result<u64, StateError> {
    let mut ended = 0;
    if gone.is_empty() {
        return Ok(ended);
    }
    for object in tx.set_up(Subscription::KIND).await? {
        let mut subscription: Subscription = read(&object)?;
        let search = gone.iter().find(|one| subscription.search == Some(one.id));
        let Some(search) = search.filter(|_| subscription.ended.is_none()) else { continue };
        let name = read::<SavedSearch>(search)?.name;
        subscription.ended = Some(format!("the saved search `{name}` was removed"));
        let document = serde_json::to_string(&subscription)
            .map_err(|error| StateError::Damaged { what: Subscription::KIND, reason: error.to_string() })?;
        let version = object.version + 1;
        tx.put_desk_object(Subscription::KIND, &DeskObject { version, document, changed_at: now, ..object })
            .await?;
        ended += 1;
    }
    Ok(ended)
}
