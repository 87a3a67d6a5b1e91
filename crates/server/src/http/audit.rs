//! `/api/audit`: who did what to what.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum_extra::extract::Query;
use crisislens_state::audit::AuditEntry;

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;

/// What operators did, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "operations", params(PageParams),
    responses((status = 200, body = List<AuditEntry>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    page: Params<PageParams>,
) -> Result<Json<List<AuditEntry>>, Problem> {
    let Query(page) = page?;
    Ok(Json(app.store.audit(page.limit()?, page.after()?).await?.into()))
}
