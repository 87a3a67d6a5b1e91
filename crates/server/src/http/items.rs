//! `/api/items`: list, search, facets, map grid, one item, and what a person may change.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::object::Object;
use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{ActivityKind, EventId, Item, ItemId, ItemStatus, NewRecord, Resource, Topic, id};
use crisislens_search::{Query as SearchQuery, SearchRequest};
use crisislens_state::Durability;
use crisislens_state::items::{Facets, GridCell, ItemEdit};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::params::{ItemParams, List, PageParams, Params};
use super::set_up::saved_searches;
use super::{Problem, collaboration};
use crate::app::App;
use crate::auth::Claims;

/// Most tags on an item, and longest tag.
const MAX_TAGS: usize = 32;
const MAX_TAG_CHARS: usize = 64;
/// Most cells of the map grid.
const MAX_CELLS: usize = 2000;

/// Items as they go over the wire.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ItemList {
    /// The items.
    items: Vec<Item>,
    /// How many there are on all pages.
    total: u64,
    /// The next page's `cursor`, or null.
    next: Option<String>,
    /// With `q`: why something that matches may not be found now, as while the search index is filled again. Absent where all
    /// is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    stale: Option<String>,
}

/// A search that is kept.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct SavedParams {
    /// Id of a saved search: what it asks for must hold too.
    saved: Option<uuid::Uuid>,
}

/// What is asked for, by the parameters and by the saved search together.
async fn asked(
    app: &App,
    claims: &Claims,
    params: &ItemParams,
    saved: &SavedParams,
) -> Result<SearchQuery, Problem> {
    let filter = params.filter().map_err(Problem::of_parameter)?;
    let query = match params.text() {
        Some(text) => SearchQuery::parse(text, filter)?,
        None => SearchQuery::from(filter),
    };
    let Some(id) = saved.saved else { return Ok(query) };
    let saved = saved_searches::usable(app, claims, id).await?;
    Ok(saved.ok_or_else(|| Problem::not_found("saved search"))?.query()?.and(query))
}

/// The matching items, last said first; with `q` those whose words match, with `saved` those that a saved search finds.
#[utoipa::path(get, path = "/api/items", tag = "items", params(ItemParams, SavedParams, PageParams),
    responses((status = 200, body = ItemList), (status = 400, body = Problem), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<ItemParams>,
    saved: Params<SavedParams>,
    page: Params<PageParams>,
) -> Result<Json<ItemList>, Problem> {
    let (Query(params), Query(saved), Query(page)) = (params?, saved?, page?);
    let query = asked(&app, &claims, &params, &saved).await?;
    let limit = page.limit()?;
    if params.text().is_none() && query.text.is_none() {
        let List { items, total, next } =
            app.store.list_items(&query.filter, limit, page.after()?).await?.into();
        return Ok(Json(ItemList { items, total, next, stale: None }));
    }
    if query.filter.incident.is_some() {
        return Err(Problem::parameter("incident", "cannot be combined with q yet; use one of the two"));
    }
    let mut request = SearchRequest { query, limit, after: page.cursor };
    let (found, items) = loop {
        let found = app.search.search(&request).await?;
        let (items, looked_for) = app.store.items_by_id(&found.ids).await?;
        if looked_for == found.ids.len() {
            break (found, items);
        }
        // Large ones: the page ends earlier, and so the next begins earlier.
        request.limit = looked_for;
    };
    let stale = app.stale.borrow().as_ref().map(ToString::to_string);
    Ok(Json(ItemList { items, total: found.total, next: found.next, stale }))
}

/// Counts of the matching items by source, hazard, country, status and severity, the thousand most frequent of each.
#[utoipa::path(get, path = "/api/items/facets", tag = "items", params(ItemParams, SavedParams),
    responses((status = 200, body = std::collections::BTreeMap<String, std::collections::BTreeMap<String, u64>>)))]
pub async fn facets(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    params: Params<ItemParams>,
    saved: Params<SavedParams>,
) -> Result<Json<Facets>, Problem> {
    let (Query(params), Query(saved)) = (params?, saved?);
    let query = asked(&app, &claims, &params, &saved).await?;
    if params.text().is_none() && query.text.is_none() {
        return Ok(Json(app.store.facets(&query.filter).await?));
    }
    // The index would leave the incident out without a word.
    if query.filter.incident.is_some() {
        return Err(Problem::parameter("incident", "cannot be combined with q yet; use one of the two"));
    }
    Ok(Json(app.search.facets(&query).await?))
}

/// How the map is cut.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct GridParams {
    /// Size of a cell in degrees, 0.1 to 30; 2 where absent.
    pub cell: Option<f64>,
}

/// Items by cell of the map.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Grid {
    /// The cells, fullest first.
    cells: Vec<GridCell>,
    /// Items in them.
    located: u64,
    /// All matching items, with or without a place.
    total: u64,
}

/// The matching items that have a place, counted in cells of the map. `q` is not taken here.
#[utoipa::path(get, path = "/api/items/grid", tag = "items", params(ItemParams, GridParams),
    responses((status = 200, body = Grid)))]
pub async fn grid(
    State(app): State<Arc<App>>,
    params: Params<ItemParams>,
    grid: Params<GridParams>,
) -> Result<Json<Grid>, Problem> {
    let (Query(params), Query(grid)) = (params?, grid?);
    let cell = grid.cell.unwrap_or(2.0);
    if !(0.1..=30.0).contains(&cell) {
        return Err(Problem::parameter("cell", format!("{cell} is not between 0.1 and 30")));
    }
    let filter = params.filter().map_err(Problem::of_parameter)?;
    let cells = app.store.grid(&filter, cell, MAX_CELLS).await?;
    let total = app.store.facets(&filter).await?.get("status").map_or(0, |counts| counts.values().sum());
    Ok(Json(Grid { located: cells.iter().map(|cell| cell.count).sum(), cells, total }))
}

/// One item with its raw record. The ETag is its version.
#[utoipa::path(get, path = "/api/items/{id}", tag = "items", params(("id" = String, Path)),
    responses((status = 200, body = Item), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    path: Result<Path<ItemId>, PathRejection>,
) -> Result<([(HeaderName, String); 1], Json<Item>), Problem> {
    let Path(id) = path?;
    let item = app.store.item(id).await?.ok_or_else(|| Problem::not_found("item"))?;
    Ok(tagged(item))
}

/// Changes status or tags. `If-Match` carries the version it was read at, `Lock-Token` the token of the item's lock, where somebody
/// holds it.
#[utoipa::path(patch, path = "/api/items/{id}", tag = "items", params(("id" = String, Path),
    ("If-Match" = String, Header, description = "the version that was read, such as \"3\""),
    ("Lock-Token" = Option<i64>, Header, description = "the token of the item's lock, where you hold it")), request_body = ItemEdit,
    responses((status = 200, body = Item), (status = 404, body = Problem), (status = 409, description = "somebody else holds the lock", body = Problem), (status = 412, body = Problem), (status = 428, body = Problem)))]
pub async fn edit(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<ItemId>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<ItemEdit>>, JsonRejection>,
) -> Result<([(HeaderName, String); 1], Json<Item>), Problem> {
    let (Path(id), Json(Object(edit))) = (path?, body?);
    let version = if_match(&headers)?;
    if edit.tags.as_ref().is_some_and(|tags| {
        tags.len() > MAX_TAGS
            || tags.iter().any(|tag| tag.trim().is_empty() || tag.chars().count() > MAX_TAG_CHARS)
    }) {
        let detail = format!("tags: at most {MAX_TAGS}, each of 1 to {MAX_TAG_CHARS} characters");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail));
    }
    let mut tx = app.store.begin(Durability::Power).await?;
    collaboration::check(&mut *tx, &app, &claims, &headers, Resource::Item(id)).await?;
    let item = tx.edit_item(id, version, &edit).await?.ok_or_else(|| Problem::not_found("item"))?;
    let now = app.clock.now();
    let meta = EventMeta {
        id: EventId(id::derived(item.id.0, "item edit", item.version)),
        kind: event_type::ITEM_UPDATED,
        source: &format!("/crisislens/users/{}", claims.sub),
        time: now,
    };
    let value = serde_json::to_vec(&item).map_err(|error| Problem::internal(&error))?;
    tx.publish(
        vec![NewRecord::event(Topic::NormalizedItems, item.id.to_string().into_bytes(), value, meta)],
        now,
    )
    .await?;
    let kind =
        if edit.status == Some(ItemStatus::Verified) { ActivityKind::Verified } else { ActivityKind::Edited };
    let data = json!({ "status": edit.status, "tags": edit.tags, "version": item.version });
    collaboration::tell_activity(&mut *tx, &app, &claims, Resource::Item(id), kind, data).await?;
    tx.commit().await?;
    app.relay.notify_one();
    Ok(tagged(item))
}

fn tagged(item: Item) -> ([(HeaderName, String); 1], Json<Item>) {
    ([(header::ETAG, format!("\"{}\"", item.version))], Json(item))
}

pub fn if_match(headers: &HeaderMap) -> Result<u64, Problem> {
    let value = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(|| {
        Problem::new(
            StatusCode::PRECONDITION_REQUIRED,
            "send If-Match with the version you read, such as \"3\"",
        )
    })?;
    value
        .trim()
        .trim_matches('"')
        .parse()
        .map_err(|_| Problem::bad_request("If-Match is not a version of this item"))
}
