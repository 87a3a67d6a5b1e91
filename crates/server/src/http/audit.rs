//! `/api/audit`: who did what to what.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum_extra::extract::Query;
use crisislens_model::Timestamp;
use crisislens_state::audit::AuditEntry;
use serde::Serialize;
use uuid::Uuid;

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;

/// One thing that somebody did.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditView {
    /// Its own id.
    id: Uuid,
    /// When.
    at: Timestamp,
    /// Who: the id of an account, or `operator` for the command line.
    actor: String,
    /// The name of the account, where it is one that exists.
    actor_name: Option<String>,
    /// What was done, such as `dlq.replay`.
    action: String,
    /// To what, such as `dlq/17`.
    subject: String,
    /// What else is worth keeping of it.
    #[schema(value_type = Object)]
    detail: serde_json::Value,
}

/// What operators did, newest first.
#[utoipa::path(get, path = "/api/audit", tag = "operations", params(PageParams),
    responses((status = 200, body = List<AuditView>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    page: Params<PageParams>,
) -> Result<Json<List<AuditView>>, Problem> {
    let Query(page) = page?;
    let found: List<AuditEntry> = app.store.audit(page.limit()?, page.after()?).await?.into();
    let users = app.store.users().await?;
    let names: HashMap<String, String> =
        users.into_iter().map(|user| (user.id.to_string(), user.name)).collect();
    let items = found.items.into_iter().map(|entry| AuditView {
        actor_name: names.get(&entry.actor).cloned(),
        id: entry.id,
        at: entry.at,
        actor: entry.actor,
        action: entry.action,
        subject: entry.subject,
        detail: entry.detail,
    });
    Ok(Json(List { items: items.collect(), total: found.total, next: found.next }))
}
