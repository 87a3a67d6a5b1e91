//! `/api/sources`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use crisislens_model::SourceStatus;

use super::Problem;
use super::params::List;
use crate::app::App;

/// How every source is doing, with the newest entries it skipped and why.
#[utoipa::path(get, path = "/api/sources", tag = "sources", responses((status = 200, body = List<SourceStatus>)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<List<SourceStatus>>, Problem> {
    let items = app.store.sources().await?;
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}
