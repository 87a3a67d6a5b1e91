//! `/api/collaboration`: who works on what. A lock is a lease with a fencing token; whoever writes to what is locked sends it as
//! `Lock-Token`, and the write is checked in its own transaction.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::rejection::{JsonRejection, PathRejection};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::frame::PresentUser;
use crisislens_model::lock::{LOCK_TYPE, MAX_LEASE};
use crisislens_model::object::Object;
use crisislens_model::{
    Activity, ActivityKind, ClaimId, EditLock, EventId, LockAction, LockChange, LockHolder, Resource, Role,
    UserId,
};
use crisislens_realtime::Whereabouts;
use crisislens_state::activities::StoryOf;
use crisislens_state::audit::AuditEntry;
use crisislens_state::edit_locks::{AskForLock, Grant, HolderAct, LockCheck, LockWanted, TakeLock};
use crisislens_state::{Durability, Tx};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;
use crate::auth::Claims;
use crate::locks::{ACTIVE_LEASE, publish, publish_change};

/// The header that a write to a locked resource carries.
pub const LOCK_TOKEN: &str = "lock-token";
/// How long a lock holds where nothing else is asked for, seconds.
const LEASE_S: u64 = 300;
/// Longest kind of a lock, and longest name of a tab.
const MAX_WORD: usize = 64;

/// A resource named in the path, which exists.
pub struct Named(pub Resource);

impl FromRequestParts<Arc<App>> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let path: Result<Path<String>, PathRejection> = Path::from_request_parts(parts, app).await;
        let Path(text) = path?;
        let resource: Resource =
            text.parse().map_err(|error| Problem::bad_request(format!("{text:?}: {error}")))?;
        let exists = match resource {
            Resource::Item(id) => app.store.item(id).await?.is_some(),
            Resource::Incident(id) => app.store.incident(id).await?.is_some(),
            Resource::Claim(id) => app.store.claim(ClaimId(id)).await?.is_some(),
        };
        if exists { Ok(Self(resource)) } else { Err(Problem::not_found("item, incident or claim")) }
    }
}

/// What is wanted of a lock.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Wanted {
    /// What the holder does; `edit` where absent. It excludes others whatever it is.
    lock_type: Option<String>,
    /// The tab: the `session` of its live connection, so that the lock is given back when that is gone. Another word names
    /// a program's place of work; its lock lasts until its lease ends.
    connection: String,
    /// Seconds until it ends unless it is renewed, 10 to 1800; 300 where absent.
    lease_s: Option<u64>,
    /// Takes it from whoever has it; for approvers, and kept in the audit log.
    force: bool,
}

/// How long a renewed lock is to hold.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Renewal {
    /// Seconds from now, 10 to 1800; 300 where absent. Half an hour after it was taken a lock ends all the same.
    lease_s: Option<u64>,
}

/// The lock of a resource.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LockStatus {
    /// Null where it is nobody's.
    lock: Option<EditLock>,
}

/// Who is there.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Present {
    /// Of what.
    #[schema(value_type = String)]
    resource_id: Resource,
    /// The people who look at it.
    users: Vec<PresentUser>,
    /// Who edits it.
    lock: Option<EditLock>,
}

/// Whose story.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StoryParams {
    /// A person's id; the caller's own story where absent.
    #[param(value_type = Option<String>)]
    user: Option<UserId>,
}

/// A body that may be absent.
pub type Optional<T> = Result<Option<Json<Object<T>>>, JsonRejection>;

/// Takes a lock that nobody holds, that this person holds in another tab, or that was asked for long enough ago.
/// The answer's `token` goes with every write, as `Lock-Token`.
#[utoipa::path(post, path = "/api/collaboration/lock/{resource}", tag = "collaboration",
    params(("resource" = String, Path, description = "`item:{id}`, `incident:{id}` or `claim:{id}`")), request_body = Option<Wanted>,
    responses((status = 200, body = EditLock), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 409, description = "somebody else holds it", body = Problem)))]
pub async fn take(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    body: Optional<Wanted>,
) -> Result<Json<EditLock>, Problem> {
    let wanted = body?.map_or_else(Wanted::default, |Json(Object(wanted))| wanted);
    let lock_type = wanted.lock_type.unwrap_or_else(|| LOCK_TYPE.to_owned());
    word("lock_type", &lock_type)?;
    if !wanted.connection.is_empty() {
        word("connection", &wanted.connection)?;
        if app.hub.whereabouts(claims.sub, &wanted.connection) == Whereabouts::Gone {
            let detail = "is not the session of a live connection of yours; send the one of its `connection` frame, or none";
            return Err(Problem::field("connection", detail));
        }
    }
    let holder = LockHolder { user_id: claims.sub, name: claims.name.clone(), connection: wanted.connection };
    let lease = lease(wanted.lease_s)?;
    let lock = LockWanted { resource, lock_type, holder, lease };
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    let grant = if wanted.force {
        if claims.role < Role::Approver {
            let detail = "taking a lock from its holder needs the role approver; ask for it instead";
            return Err(Problem::new(StatusCode::FORBIDDEN, detail));
        }
        let grant = tx.force_lock(&lock, now).await?;
        tx.record_audit(&forced(&claims, &grant)).await?;
        grant
    } else {
        match tx.take_lock(&lock, now).await? {
            TakeLock::Granted(grant) => grant,
            TakeLock::Held(lock) => return Err(held(lock)),
        }
    };
    let Grant { lock, from } = grant;
    let action = match from {
        None => LockAction::Taken,
        Some(from) if from.user_id == claims.sub && from.connection == lock.holder.connection => {
            LockAction::Taken
        }
        Some(from) if from.user_id == claims.sub => LockAction::Moved,
        Some(_) if wanted.force => LockAction::Forced,
        Some(_) => LockAction::TakenOver,
    };
    tell(&mut *tx, &app, &claims, resource, action, Some(lock.clone())).await?;
    finish(tx, &app).await?;
    Ok(Json(lock))
}

fn forced(claims: &Claims, grant: &Grant) -> AuditEntry {
    AuditEntry::new(
        grant.lock.taken_at,
        claims.sub.to_string(),
        "locks.force",
        grant.lock.resource_id.to_string(),
        json!({ "from": grant.from, "token": grant.lock.token }),
    )
}

/// Renews a lock. `Lock-Token` carries its token.
#[utoipa::path(put, path = "/api/collaboration/lock/{resource}", tag = "collaboration",
    params(("resource" = String, Path), ("Lock-Token" = i64, Header, description = "the token that the lock came with")), request_body = Option<Renewal>,
    responses((status = 200, body = EditLock), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 412, description = "the token is not the present one", body = Problem), (status = 428, body = Problem)))]
pub async fn renew(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    headers: HeaderMap,
    body: Optional<Renewal>,
) -> Result<Json<EditLock>, Problem> {
    let token = needed_token(&headers)?;
    let lease = lease(body?.and_then(|Json(Object(renewal))| renewal.lease_s))?;
    let mut tx = app.store.begin(Durability::Power).await?;
    let lock = done(tx.renew_lock(resource, claims.sub, Some(token), lease, app.clock.now()).await?)?;
    tx.commit().await?;
    Ok(Json(lock))
}

/// Gives a lock back. `Lock-Token` carries its token.
#[utoipa::path(delete, path = "/api/collaboration/lock/{resource}", tag = "collaboration",
    params(("resource" = String, Path), ("Lock-Token" = i64, Header, description = "the token that the lock came with")),
    responses((status = 204), (status = 403, description = "it is somebody else's", body = Problem), (status = 404, body = Problem),
        (status = 412, description = "the token is not the present one", body = Problem), (status = 428, body = Problem)))]
pub async fn release(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = needed_token(&headers)?;
    let mut tx = app.store.begin(Durability::Power).await?;
    done(tx.release_lock(resource, claims.sub, Some(token), app.clock.now()).await?)?;
    tell(&mut *tx, &app, &claims, resource, LockAction::Released, None).await?;
    finish(tx, &app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Asks the holder of a lock for it. Unless they refuse within 20 seconds it may be taken, for another 40.
/// `lock` is null where nobody else holds it: take it.
#[utoipa::path(post, path = "/api/collaboration/lock/{resource}/request", tag = "collaboration",
    params(("resource" = String, Path)),
    responses((status = 200, body = LockStatus), (status = 404, body = Problem), (status = 409, description = "somebody else has asked before", body = Problem)))]
pub async fn ask(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
) -> Result<Json<LockStatus>, Problem> {
    let now = app.clock.now();
    let mut tx = app.store.begin(Durability::Power).await?;
    let lock = match tx.ask_for_lock(resource, claims.sub, &claims.name, now).await? {
        AskForLock::Open => None,
        AskForLock::Asked(lock) => Some(lock),
        AskForLock::Busy(lock) => {
            let asker = lock.request.as_ref().map(|request| request.name.as_str()).unwrap_or_default();
            let detail = format!("{asker} has asked for it before; try again in a minute");
            return Err(Problem::new(StatusCode::CONFLICT, detail).with_lock(Some(lock)));
        }
    };
    let asked_at = lock.as_ref().and_then(|lock| lock.request.as_ref()).map(|request| request.asked_at);
    // Asking again changes nothing, and is not told again.
    if asked_at.is_some_and(|at| at.as_microsecond() == now.as_microsecond()) {
        tell(&mut *tx, &app, &claims, resource, LockAction::Requested, lock.clone()).await?;
    }
    finish(tx, &app).await?;
    Ok(Json(LockStatus { lock }))
}

/// Keeps a lock that somebody has asked for. `Lock-Token` carries its token.
#[utoipa::path(delete, path = "/api/collaboration/lock/{resource}/request", tag = "collaboration",
    params(("resource" = String, Path), ("Lock-Token" = i64, Header, description = "the token that the lock came with")),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem),
        (status = 412, body = Problem), (status = 428, body = Problem)))]
pub async fn refuse(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    Named(resource): Named,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let token = needed_token(&headers)?;
    let mut tx = app.store.begin(Durability::Power).await?;
    let before = done(tx.refuse_lock(resource, claims.sub, Some(token), app.clock.now()).await?)?;
    if before.request.is_some() {
        let lock = EditLock { request: None, ..before };
        tell(&mut *tx, &app, &claims, resource, LockAction::Refused, Some(lock)).await?;
    }
    finish(tx, &app).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who looks at a resource, and who edits it.
#[utoipa::path(get, path = "/api/collaboration/presence/{resource}", tag = "collaboration",
    params(("resource" = String, Path)),
    responses((status = 200, body = Present), (status = 404, body = Problem)))]
pub async fn presence(
    State(app): State<Arc<App>>,
    Named(resource_id): Named,
) -> Result<Json<Present>, Problem> {
    let lock = app.store.edit_lock(resource_id, app.clock.now()).await?;
    Ok(Json(Present { resource_id, users: app.hub.present(resource_id.into()), lock }))
}

/// What was done to a resource, newest first.
#[utoipa::path(get, path = "/api/collaboration/activity/{resource}", tag = "collaboration",
    params(("resource" = String, Path), PageParams),
    responses((status = 200, body = List<Activity>), (status = 404, body = Problem)))]
pub async fn of_resource(
    State(app): State<Arc<App>>,
    Named(resource): Named,
    page: Params<PageParams>,
) -> Result<Json<List<Activity>>, Problem> {
    story(&app, StoryOf::Resource(resource), page).await
}

/// What a person did, newest first.
#[utoipa::path(get, path = "/api/collaboration/activity", tag = "collaboration", params(StoryParams, PageParams),
    responses((status = 200, body = List<Activity>)))]
pub async fn of_person(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    whose: Params<StoryParams>,
    page: Params<PageParams>,
) -> Result<Json<List<Activity>>, Problem> {
    let Query(StoryParams { user }) = whose?;
    story(&app, StoryOf::User(user.unwrap_or(claims.sub)), page).await
}

async fn story(app: &App, of: StoryOf, page: Params<PageParams>) -> Result<Json<List<Activity>>, Problem> {
    let Query(page) = page?;
    Ok(Json(app.store.activities(of, page.limit()?, page.after()?).await?.into()))
}

/// Lets a write happen only for who may, until the transaction ends; a lock that it carries the token of is renewed with it.
pub async fn check(
    tx: &mut dyn Tx,
    app: &App,
    claims: &Claims,
    headers: &HeaderMap,
    resource: Resource,
) -> Result<(), Problem> {
    let token = token(headers)?;
    match tx.check_lock(resource, claims.sub, token, app.clock.now()).await? {
        LockCheck::Open => {
            if token.is_some() {
                // A write is the best sign that its holder is at work.
                let _ = tx.renew_lock(resource, claims.sub, token, ACTIVE_LEASE, app.clock.now()).await?;
            }
            Ok(())
        }
        LockCheck::Held(lock) => Err(held(lock)),
        LockCheck::Stale(lock) => Err(stale(lock)),
    }
}

/// Tells what a person did, with the transaction that does it.
pub async fn tell_activity(
    tx: &mut dyn Tx,
    app: &App,
    claims: &Claims,
    resource: Resource,
    kind: ActivityKind,
    data: serde_json::Value,
) -> Result<(), Problem> {
    let activity = Activity {
        id: EventId::random(),
        kind,
        user: claims.sub,
        name: claims.name.clone(),
        resource,
        data,
        at: app.clock.now(),
    };
    publish(tx, activity).await.map_err(Problem::from)
}

async fn tell(
    tx: &mut dyn Tx,
    app: &App,
    claims: &Claims,
    resource: Resource,
    action: LockAction,
    lock_status: Option<EditLock>,
) -> Result<(), Problem> {
    let by = LockHolder { user_id: claims.sub, name: claims.name.clone(), connection: String::new() };
    let change = LockChange { action, lock_status };
    publish_change(tx, resource, &by, &change, app.clock.now()).await.map_err(Problem::from)
}

async fn finish(tx: Box<dyn Tx>, app: &App) -> Result<(), Problem> {
    tx.commit().await?;
    app.relay.notify_one();
    Ok(())
}

fn done(act: HolderAct) -> Result<EditLock, Problem> {
    match act {
        HolderAct::Done(lock) => Ok(lock),
        HolderAct::NotHolder(lock) => {
            let detail = format!("{} holds this lock; only they give it back or renew it", lock.holder.name);
            Err(Problem::new(StatusCode::FORBIDDEN, detail).with_lock(Some(lock)))
        }
        HolderAct::Stale(lock) => Err(stale(lock)),
    }
}

fn held(lock: EditLock) -> Problem {
    let detail = format!(
        "{} holds the lock until {}; ask for it, or send the token of the tab that holds it as Lock-Token",
        lock.holder.name, lock.expires_at
    );
    Problem::new(StatusCode::CONFLICT, detail).with_lock(Some(lock))
}

fn stale(lock: Option<EditLock>) -> Problem {
    let detail = match &lock {
        Some(lock) => format!("this Lock-Token holds no more: {} has the lock now", lock.holder.name),
        None => "this Lock-Token holds no more; take the lock again".to_owned(),
    };
    Problem::new(StatusCode::PRECONDITION_FAILED, detail).with_lock(lock)
}

fn token(headers: &HeaderMap) -> Result<Option<i64>, Problem> {
    let Some(value) = headers.get(LOCK_TOKEN) else { return Ok(None) };
    let token = value.to_str().ok().and_then(|text| text.trim().parse().ok());
    token.map(Some).ok_or_else(|| Problem::bad_request("Lock-Token is not a number that a lock came with"))
}

fn needed_token(headers: &HeaderMap) -> Result<i64, Problem> {
    token(headers)?.ok_or_else(|| {
        Problem::new(StatusCode::PRECONDITION_REQUIRED, "send Lock-Token with the token of the lock")
    })
}

fn lease(seconds: Option<u64>) -> Result<Duration, Problem> {
    let seconds = seconds.unwrap_or(LEASE_S);
    if (10..=MAX_LEASE.as_secs()).contains(&seconds) {
        return Ok(Duration::from_secs(seconds));
    }
    Err(Problem::field("lease_s", format!("{seconds} is not between 10 and {}", MAX_LEASE.as_secs())))
}

fn word(field: &str, text: &str) -> Result<(), Problem> {
    let is_word = (1..=MAX_WORD).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if is_word {
        return Ok(());
    }
    Err(Problem::field(field, format!("has 1 to {MAX_WORD} printable ASCII characters without blanks")))
}
