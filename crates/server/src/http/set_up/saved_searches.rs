//! `/api/saved-searches`: searches that people keep, each one's own or shared by a team. Everybody of the team may change what it shares.

use std::sync::Arc;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::FieldError;
use crisislens_model::object::Object;
use crisislens_notify::holds::{SetUp as _, read};
use crisislens_notify::on_call::Team;
use crisislens_notify::saved_search::SavedSearch;
use crisislens_state::ledger::DeskObject;
use crisislens_state::{StateError, Tx};
use uuid::Uuid;

use super::{AllOf, Kept, Owned as _, Problem, Whose, kept};
use crate::app::App;
use crate::auth::Claims;
use crate::http::items::if_match;

type Tagged = ([(HeaderName, String); 1], Json<Kept<SavedSearch>>);

fn tagged(kept: Kept<SavedSearch>) -> Tagged {
    ([(header::ETAG, format!("\"{}\"", kept.version))], Json(kept))
}

/// Whose searches somebody may use: their own, and those of their teams.
async fn owners(app: &App, claims: &Claims) -> Result<Vec<Whose>, Problem> {
    let mut owners = vec![Whose::of::<SavedSearch>(claims)];
    for object in app.store.desk_objects(Team::KIND, None).await? {
        if read::<Team>(&object)?.members.contains(&claims.sub) {
            owners.push(of_team(object.id));
        }
    }
    Ok(owners)
}

const fn of_team(team: Uuid) -> Whose {
    Whose { owner: team, is_audited: true, team: Some(team), most: SavedSearch::MOST }
}

/// A search that somebody may use, and whose it is.
async fn find(app: &App, claims: &Claims, id: Uuid) -> Result<Option<(Whose, DeskObject)>, Problem> {
    for whose in owners(app, claims).await? {
        let theirs = app.store.desk_objects(SavedSearch::KIND, Some(whose.owner)).await?;
        if let Some(object) = theirs.into_iter().find(|object| object.id == id) {
            return Ok(Some((whose, object)));
        }
    }
    Ok(None)
}

/// A search that somebody may use.
pub async fn usable(app: &App, claims: &Claims, id: Uuid) -> Result<Option<SavedSearch>, Problem> {
    Ok(find(app, claims, id).await?.map(|(_, object)| read(&object)).transpose()?)
}

/// What a team shares.
pub(super) async fn of(tx: &mut dyn Tx, team: Uuid) -> Result<Vec<DeskObject>, StateError> {
    let mut all = tx.set_up(SavedSearch::KIND).await?;
    all.retain(|object| object.owner == team);
    Ok(all)
}

/// Whose it becomes.
async fn wanted(app: &App, claims: &Claims, search: &SavedSearch) -> Result<Whose, Problem> {
    let owner = search.team.unwrap_or(claims.sub.0);
    let found = owners(app, claims).await?.into_iter().find(|whose| whose.owner == owner);
    found.ok_or_else(|| Problem::invalid(vec![FieldError::new("team", "is none that you are of")]))
}

/// One's own saved searches and those that one's teams share.
#[utoipa::path(get, path = "/api/saved-searches", tag = "items", responses((status = 200, body = AllOf<SavedSearch>)))]
pub async fn list(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Json<AllOf<SavedSearch>>, Problem> {
    let mut items = Vec::new();
    for whose in owners(&app, &claims).await? {
        items.extend(super::list(&app, whose).await?.items);
    }
    Ok(Json(AllOf { total: items.len() as u64, items, next: None }))
}

/// Keeps a search, for oneself or for a team that one is of; at most a hundred for each. Sent again with the same `Idempotency-Key`, it is
/// made once. `GET /api/items?saved={id}` runs it, and a subscription with `search` is told of new items that it finds.
#[utoipa::path(post, path = "/api/saved-searches", tag = "items", params(("Idempotency-Key" = Option<String>, Header)), request_body = SavedSearch,
    responses((status = 201, body = Kept<SavedSearch>), (status = 409, body = Problem), (status = 422, body = Problem)))]
pub async fn make(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Json<Object<SavedSearch>>, JsonRejection>,
) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Kept<SavedSearch>>), Problem> {
    let Json(Object(search)) = body?;
    let whose = wanted(&app, &claims, &search).await?;
    let (tag, kept) = tagged(super::make(&app, &claims, whose, &headers, search).await?);
    Ok((StatusCode::CREATED, tag, kept))
}

/// A saved search. The ETag is its version.
#[utoipa::path(get, path = "/api/saved-searches/{id}", tag = "items", params(("id" = String, Path)),
    responses((status = 200, body = Kept<SavedSearch>), (status = 404, body = Problem)))]
pub async fn one(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<Uuid>, PathRejection>,
) -> Result<Tagged, Problem> {
    let Path(id) = path?;
    let (_, object) = find(&app, &claims, id).await?.ok_or_else(|| Problem::not_found(SavedSearch::NAME))?;
    Ok(tagged(kept(&object)?))
}

/// Replaces a saved search; whose it is stays. `If-Match` carries the version that was read.
#[utoipa::path(put, path = "/api/saved-searches/{id}", tag = "items", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = SavedSearch,
    responses((status = 200, body = Kept<SavedSearch>), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn replace(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<Uuid>, PathRejection>,
    headers: HeaderMap,
    body: Result<Json<Object<SavedSearch>>, JsonRejection>,
) -> Result<Tagged, Problem> {
    let (Path(id), Json(Object(search))) = (path?, body?);
    let version = if_match(&headers)?;
    let (whose, _) = find(&app, &claims, id).await?.ok_or_else(|| Problem::not_found(SavedSearch::NAME))?;
    if search.team != whose.team {
        let stays = "stays as it is; keep another search for whom else it is meant";
        return Err(Problem::invalid(vec![FieldError::new("team", stays)]));
    }
    Ok(tagged(super::replace(&app, &claims, whose, (id, version), search).await?))
}

/// Deletes a saved search. Subscriptions to it end, and say why.
#[utoipa::path(delete, path = "/api/saved-searches/{id}", tag = "items", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<Uuid>, PathRejection>,
) -> Result<StatusCode, Problem> {
    let Path(id) = path?;
    let (whose, _) = find(&app, &claims, id).await?.ok_or_else(|| Problem::not_found(SavedSearch::NAME))?;
    super::remove::<SavedSearch>(&app, &claims, whose, id).await?;
    Ok(StatusCode::NO_CONTENT)
}
