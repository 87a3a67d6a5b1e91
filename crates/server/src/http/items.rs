//! `/api/items`: list, search, facets, map grid and one item.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::{Item, ItemId};
use crisislens_search::{Query as SearchQuery, SearchRequest};
use crisislens_state::items::{Facets, GridCell};
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::{ItemParams, List, PageParams, Params};
use super::set_up::saved_searches;
use crate::app::App;
use crate::auth::Claims;

/// Most cells of the map grid.
const MAX_CELLS: usize = 2000;

/// The facet of which the store knows nothing.
const HUMANITARIAN: &str = "humanitarian";
/// How long counts wait for it.
const FOR_THE_INDEX: Duration = Duration::from_secs(2);

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

/// Whether the store answers, and not the search index: it knows no words.
fn is_for_store(params: &ItemParams, query: &SearchQuery) -> bool {
    params.text().is_none() && query.text.is_none()
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
    if is_for_store(&params, &query) {
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

/// Counts of the matching items by source, hazard, country, status and severity, the thousand most frequent of each, and by kind of humanitarian
/// information, which the search index counts: not with `incident`, and not while that cannot be asked.
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
    if is_for_store(&params, &query) {
        let mut counts = app.store.facets(&query.filter).await?;
        if query.filter.incident.is_none() {
            // What the store counts is answered, whatever becomes of the index.
            match tokio::time::timeout(FOR_THE_INDEX, app.search.facets(&query)).await {
                Ok(Ok(mut indexed)) => counts.extend(indexed.remove_entry(HUMANITARIAN)),
                Ok(Err(error)) => tracing::warn!(%error, "kinds of humanitarian information are not counted"),
                Err(_) => tracing::warn!("the search index does not count in time"),
            }
        }
        return Ok(Json(counts));
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

pub(super) fn tagged(item: Item) -> ([(HeaderName, String); 1], Json<Item>) {
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
