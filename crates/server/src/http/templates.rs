//! What goes with `/api/templates` ([`super::set_up`]): their variables, their versions, and what one comes to.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::{AlertId, Timestamp};
use crisislens_notify::contents::Shown;
use crisislens_notify::templates::own::Template;
use crisislens_notify::templates::{FALLBACK, Name, Variable};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Problem;
use super::set_up::{KeptVersion, TEMPLATE_VERSION};
use crate::app::App;
use crate::auth::Claims;

/// What templates of a name can say.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVariables {
    /// The name.
    name: Name,
    /// Its variables.
    variables: Vec<Variable>,
}

/// One version of a template.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersion {
    /// Which.
    version: u64,
    /// Since when.
    changed_at: Timestamp,
    /// Who made it.
    by: String,
    /// The template as it was.
    it: Template,
}

/// The versions of a template.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateVersions {
    /// The newest first.
    items: Vec<TemplateVersion>,
    /// How many.
    total: u64,
    /// Always null: all of them fit on a page.
    next: Option<String>,
}

/// A template to try.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PreviewRequest {
    /// What it is for.
    name: Name,
    /// For readers of which language.
    locale: String,
    /// One line.
    subject: Option<String>,
    /// Plain text.
    text: Option<String>,
    /// A whole e-mail in HTML.
    html: Option<String>,
    /// A short message.
    sms: Option<String>,
    /// A push message.
    push: Option<String>,
    /// What a webhook carries as `data`.
    webhook: Option<String>,
    /// Of which alert; of a sample where it is absent.
    alert_id: Option<AlertId>,
}

/// Which variables the templates of each name have, each with an example.
#[utoipa::path(get, path = "/api/templates/variables", tag = "notifications",
    responses((status = 200, body = Vec<TemplateVariables>)))]
pub async fn variables() -> Json<Vec<TemplateVariables>> {
    let of = |name: Name| TemplateVariables { name, variables: name.variables(FALLBACK) };
    Json(Name::ALL.into_iter().map(of).collect())
}

/// The versions of a template, the newest first; also of one that was deleted.
#[utoipa::path(get, path = "/api/templates/{id}/versions", tag = "notifications", params(("id" = String, Path)),
    responses((status = 200, body = TemplateVersions), (status = 404, body = Problem)))]
pub async fn versions(
    State(app): State<Arc<App>>,
    path: Result<Path<Uuid>, PathRejection>,
) -> Result<Json<TemplateVersions>, Problem> {
    let Path(id) = path?;
    let mut items = Vec::new();
    for object in app.store.desk_objects(TEMPLATE_VERSION, Some(id)).await? {
        let KeptVersion { version, by, it } =
            serde_json::from_str(&object.document).map_err(|error| Problem::internal(&error))?;
        items.push(TemplateVersion { version, changed_at: object.changed_at, by, it });
    }
    if items.is_empty() {
        return Err(Problem::not_found("template"));
    }
    items.sort_by_key(|one| std::cmp::Reverse(one.version));
    Ok(Json(TemplateVersions { total: items.len() as u64, items, next: None }))
}

/// What a template comes to on each channel, with an alert's data or a sample's. Nothing is kept or sent.
#[utoipa::path(post, path = "/api/templates/preview", tag = "notifications", request_body = PreviewRequest,
    responses((status = 200, body = Shown), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn preview(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<PreviewRequest>>, JsonRejection>,
) -> Result<Json<Shown>, Problem> {
    let Json(Object(PreviewRequest { name, locale, subject, text, html, sms, push, webhook, alert_id })) =
        body?;
    let alert = match alert_id {
        Some(id) => Some(app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?),
        None => None,
    };
    let user = app.store.user(claims.sub).await?.ok_or_else(|| Problem::not_found("account"))?;
    let template = Template { name, locale, subject, text, html, sms, push, webhook };
    let shown = app.outgoing.contents.preview(&template, alert.as_ref(), &user);
    shown.map(Json).map_err(Problem::invalid)
}
