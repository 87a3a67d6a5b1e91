//! `/api/search`: the index beside the store, and making it again.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::Params;
use crate::app::App;
use crate::auth::Claims;
use crate::config::SearchUrl;
use crate::rebuild::{self, Finished, Running, Totals};

/// What is asked of the index.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct IndexParams {
    /// Also go through the whole store, to compare. Takes about a second for 50,000 items.
    compare: bool,
}

/// The index beside the store.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct IndexView {
    /// `tantivy` or `opensearch`.
    engine: &'static str,
    /// What is searchable.
    index: Totals,
    /// Items in the store.
    stored_items: u64,
    /// What the store has, where it was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<Totals>,
    /// Whether both have the same, where it was compared. What comes in takes a moment from one to the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    equal: Option<bool>,
    /// Why results may lack something; null where all is well.
    stale: Option<String>,
    /// The rebuild that this node is at.
    running: Option<Running>,
    /// The last rebuild that this node has finished.
    last: Option<Finished>,
}

/// What is searchable, what is stored, and rebuilds.
#[utoipa::path(get, path = "/api/search", tag = "operations", params(IndexParams),
    responses((status = 200, body = IndexView)))]
pub async fn status(
    State(app): State<Arc<App>>,
    params: Params<IndexParams>,
) -> Result<Json<IndexView>, Problem> {
    let Query(params) = params?;
    let compared = match params.compare {
        true => Some(rebuild::compare_once(&*app.store, &*app.search).await?),
        false => None,
    };
    let index = match &compared {
        Some(compared) => compared.index,
        None => app.search.summary().await?,
    };
    let (running, last) = app.rebuilds.seen();
    Ok(Json(IndexView {
        engine: match app.config.search.url() {
            Ok(SearchUrl::OpenSearch(_)) => "opensearch",
            _ => "tantivy",
        },
        index: index.into(),
        stored_items: app.store.item_count().await?,
        equal: compared.as_ref().map(|compared| compared.index == compared.stored),
        stored: compared.map(|compared| compared.stored.into()),
        stale: app.stale.borrow().as_ref().map(ToString::to_string),
        running,
        last,
    }))
}

/// Makes the index again from the store, in the background; searches go on meanwhile.
#[utoipa::path(post, path = "/api/search/rebuild", tag = "operations",
    responses((status = 202, body = Running), (status = 409, description = "one is running", body = Problem)))]
pub async fn start(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<(StatusCode, Json<Running>), Problem> {
    match rebuild::start(&app, &claims.actor()).await? {
        Some(running) => Ok((StatusCode::ACCEPTED, Json(running))),
        None => Err(Problem::new(StatusCode::CONFLICT, "a rebuild is running already; see GET /api/search")),
    }
}
