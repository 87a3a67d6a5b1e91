//! `/api/sources`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use crisislens_model::SourceStatus;
use serde::Serialize;

use super::Problem;
use super::params::List;
use super::reliability::{self, Grade};
use crate::app::App;

/// How a source is doing, and how often it was right.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SourceView {
    /// How it is doing.
    #[serde(flatten)]
    status: SourceStatus,
    /// How reliable it is; absent of a network, where accounts speak.
    #[serde(skip_serializing_if = "Option::is_none")]
    reliability: Option<Grade>,
}

/// How every source is doing, with the newest entries it skipped and why, and how reliable it is.
#[utoipa::path(get, path = "/api/sources", tag = "sources", responses((status = 200, body = List<SourceView>)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<List<SourceView>>, Problem> {
    let sources = app.store.sources().await?;
    let grades = reliability::grades(&app, &sources).await?;
    let views =
        sources.into_iter().zip(grades).map(|(status, reliability)| SourceView { status, reliability });
    let items: Vec<SourceView> = views.collect();
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}
