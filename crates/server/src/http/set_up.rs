//! What people set up: `/api/subscriptions`, `/api/silences`, `/api/maintenance-windows`, `/api/inhibitions`, `/api/templates`,
//! `/api/teams`, `/api/on-call-schedules`, `/api/escalation-chains`, and the subscriptions of teams and roles. Each is listed, made, replaced (`If-Match` with the version that was
//! read) and deleted in the same way.

pub mod alert_rules;
pub mod groups;
mod kinds;
pub mod saved_searches;

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::HeaderMap;
use crisislens_model::id::derived;
use crisislens_model::{FieldError, UserId};
use crisislens_notify::holds::{SetUp, read};
use crisislens_notify::on_call::Team;
use crisislens_notify::saved_search::{SavedSearch, end_subscriptions};
use crisislens_state::ledger::DeskObject;
use crisislens_state::{Durability, StateError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use super::Problem;
use super::idempotency::{id_for, other_than_before};
use crate::app::App;
use crate::auth::Claims;

/// Most things of a kind that one owner may have.
const MOST: usize = 500;
/// So many versions of a thing are kept.
const MOST_VERSIONS: u64 = 200;
/// How the store calls versions of templates; each belongs to its template.
pub const TEMPLATE_VERSION: &str = "template_version";

/// A thing that was set up.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct Kept<T> {
    /// Its id.
    pub id: Uuid,
    /// Rises with each change; the ETag.
    pub version: u64,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: crisislens_model::Timestamp,
    /// The thing itself.
    #[serde(flatten)]
    pub it: T,
}

/// All that is set up of a kind.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AllOf<T> {
    /// The things.
    pub items: Vec<Kept<T>>,
    /// How many.
    pub total: u64,
    /// Always null: all of them fit on a page.
    pub next: Option<String>,
}

/// Whose a kind is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// Each person's own.
    Person,
    /// The desk's.
    Desk,
}

trait Owned: SetUp + PartialEq {
    const OWNER: Owner;
    /// How it is called in paths and problems.
    const NAME: &'static str;
    /// Most of them that one owner may have.
    const MOST: usize = MOST;
    /// Kinds of which it can have some of its own: they go with it.
    const OWNS: &'static [&'static str] = &[];
    /// Where each of its versions is kept, if so.
    const VERSIONS: Option<&'static str> = None;
    /// What there may be one of only, if so, in words.
    fn only_one(&self) -> Option<String> {
        None
    }
    /// Writes down who made it.
    fn by(&mut self, _claims: &Claims) {}
    /// What it names that must be there, by field.
    fn names(&self) -> Vec<(&'static str, Named)> {
        Vec::new()
    }
}

/// Something that a thing names.
#[derive(Clone, Copy)]
enum Named {
    Person(UserId),
    /// One of another kind, by its id.
    Kept(&'static str, Uuid),
    /// A saved search that who names it may use.
    Search(Uuid),
}

/// Whose things of a kind are meant.
#[derive(Clone, Copy)]
struct Whose {
    owner: Uuid,
    /// Not one's own: who did what stays known.
    is_audited: bool,
    /// The team that they go with.
    team: Option<Uuid>,
    most: usize,
}

impl Whose {
    /// One's own, or the desk's.
    fn of<T: Owned>(claims: &Claims) -> Self {
        let (owner, is_audited) = match T::OWNER {
            Owner::Person => (claims.sub.0, false),
            Owner::Desk => (Uuid::nil(), true),
        };
        Self { owner, is_audited, team: None, most: T::MOST }
    }

    /// By what an `Idempotency-Key` tells things apart: one's own and others' may be made with the same.
    fn keyed<T: Owned>(&self, claims: &Claims) -> String {
        if [claims.sub.0, Uuid::nil()].contains(&self.owner) {
            return T::KIND.to_owned();
        }
        format!("{} of {}", T::KIND, self.owner)
    }
}

fn kept<T: Owned>(object: &DeskObject) -> Result<Kept<T>, Problem> {
    let it = read(object)?;
    Ok(Kept { id: object.id, version: object.version, changed_at: object.changed_at, it })
}

async fn find<T: Owned>(app: &App, whose: Whose, id: Uuid) -> Result<DeskObject, Problem> {
    let all = app.store.desk_objects(T::KIND, Some(whose.owner)).await?;
    all.into_iter().find(|object| object.id == id).ok_or_else(|| Problem::not_found(T::NAME))
}

async fn list<T: Owned>(app: &App, whose: Whose) -> Result<AllOf<T>, Problem> {
    let all = app.store.desk_objects(T::KIND, Some(whose.owner)).await?;
    let items = all.iter().map(kept).collect::<Result<Vec<_>, _>>()?;
    Ok(AllOf { total: items.len() as u64, items, next: None })
}

async fn make<T: Owned>(
    app: &Arc<App>,
    claims: &Claims,
    whose: Whose,
    headers: &HeaderMap,
    mut it: T,
) -> Result<Kept<T>, Problem> {
    it.by(claims);
    check(app, claims, &it).await?;
    let id = id_for(headers, claims.sub, &whose.keyed::<T>(claims))?;
    let there = app.store.desk_objects(T::KIND, Some(whose.owner)).await?;
    if let Some(before) = there.iter().find(|object| object.id == id) {
        let before = kept::<T>(before)?;
        return if before.it == it { Ok(before) } else { Err(other_than_before()) };
    }
    if there.len() >= whose.most {
        let detail = format!("there are {} already; delete one that is no longer needed", whose.most);
        return Err(Problem::new(axum::http::StatusCode::CONFLICT, detail));
    }
    write(app, claims, whose, (id, 1), it, "made").await
}

async fn replace<T: Owned>(
    app: &Arc<App>,
    claims: &Claims,
    whose: Whose,
    (id, version): (Uuid, u64),
    mut it: T,
) -> Result<Kept<T>, Problem> {
    it.by(claims);
    check(app, claims, &it).await?;
    let before = find::<T>(app, whose, id).await?;
    if before.version != version {
        return Err(StateError::VersionConflict { current: before.version }.into());
    }
    write(app, claims, whose, (id, version + 1), it, "changed").await
}

async fn remove<T: Owned>(app: &Arc<App>, claims: &Claims, whose: Whose, id: Uuid) -> Result<(), Problem> {
    let before = find::<T>(app, whose, id).await?;
    let mut tx = app.store.begin(Durability::Power).await?;
    tx.delete_desk_object(T::KIND, id).await?;
    let gone = match T::KIND {
        SavedSearch::KIND => vec![before.clone()],
        Team::KIND => saved_searches::of(&mut *tx, id).await?,
        _ => Vec::new(),
    };
    end_subscriptions(&mut *tx, &gone, app.clock.now()).await?;
    for kind in T::OWNS {
        tx.delete_desk_objects_of(kind, id).await?;
    }
    audit::<T>(&mut *tx, app, claims, whose, id, "deleted", &before.document).await?;
    tx.commit().await?;
    Ok(())
}

async fn check<T: Owned>(app: &App, claims: &Claims, it: &T) -> Result<(), Problem> {
    let mut problems = it.problems();
    if problems.is_empty() {
        problems = missing(app, claims, it).await?;
    }
    Problem::of_fields(problems)
}

/// What it names and is not there.
async fn missing<T: Owned>(app: &App, claims: &Claims, it: &T) -> Result<Vec<FieldError>, Problem> {
    let (mut known, mut problems) = (HashMap::new(), Vec::new());
    for (field, named) in it.names() {
        let (is_there, id) = match named {
            Named::Person(id) => {
                let is_there = match known.get(&id.0) {
                    Some(is_there) => *is_there,
                    None => app.store.user(id).await?.is_some(),
                };
                (is_there, id.0)
            }
            Named::Kept(kind, id) => {
                let is_there = match known.get(&id) {
                    Some(is_there) => *is_there,
                    None => app.store.desk_objects(kind, None).await?.iter().any(|one| one.id == id),
                };
                (is_there, id)
            }
            Named::Search(id) => (saved_searches::usable(app, claims, id).await?.is_some(), id),
        };
        known.insert(id, is_there);
        if !is_there {
            problems.push(FieldError::new(field, format!("there is no {id}")));
        }
    }
    Ok(problems)
}

async fn write<T: Owned>(
    app: &Arc<App>,
    claims: &Claims,
    whose: Whose,
    (id, version): (Uuid, u64),
    it: T,
    what: &str,
) -> Result<Kept<T>, Problem> {
    let document = serde_json::to_string(&it).map_err(|error| Problem::internal(&error))?;
    let object = DeskObject { id, owner: whose.owner, version, changed_at: app.clock.now(), document };
    let mut tx = app.store.begin(Durability::Power).await?;
    if let Some(team) = whose.team
        && !tx.set_up(Team::KIND).await?.iter().any(|there| there.id == team)
    {
        return Err(Problem::not_found(Team::NAME));
    }
    if let Some(mine) = it.only_one() {
        for other in tx.set_up(T::KIND).await?.iter().filter(|other| other.id != id) {
            if read::<T>(other)?.only_one().as_ref() == Some(&mine) {
                let detail = format!("there is a {mine} already; change that one");
                return Err(Problem::new(axum::http::StatusCode::CONFLICT, detail));
            }
        }
    }
    tx.put_desk_object(T::KIND, &object).await?;
    if let Some(kind) = T::VERSIONS {
        keep_version(&mut *tx, kind, claims, &object).await?;
    }
    audit::<T>(&mut *tx, app, claims, whose, id, what, &object.document).await?;
    tx.commit().await?;
    Ok(Kept { id, version, changed_at: object.changed_at, it })
}

/// A version as it is kept, beside the newest.
#[derive(Debug, Serialize, Deserialize)]
pub struct KeptVersion<T> {
    /// Which.
    pub version: u64,
    /// Who made it.
    pub by: String,
    /// The thing itself.
    pub it: T,
}

/// Keeps a version, and forgets the one that is too many.
async fn keep_version(
    tx: &mut dyn crisislens_state::Tx,
    kind: &str,
    claims: &Claims,
    object: &DeskObject,
) -> Result<(), Problem> {
    let id_of = |version: u64| derived(object.id, kind, version);
    let it = serde_json::from_str::<serde_json::Value>(&object.document)
        .map_err(|error| Problem::internal(&error))?;
    let kept = KeptVersion { version: object.version, by: claims.name.clone(), it };
    let document = serde_json::to_string(&kept).map_err(|error| Problem::internal(&error))?;
    let version = DeskObject {
        id: id_of(object.version),
        owner: object.id,
        version: 1,
        changed_at: object.changed_at,
        document,
    };
    // One of the same id may have been deleted and made again.
    tx.delete_desk_object(kind, version.id).await?;
    tx.put_desk_object(kind, &version).await?;
    if let Some(old) = object.version.checked_sub(MOST_VERSIONS) {
        tx.delete_desk_object(kind, id_of(old)).await?;
    }
    Ok(())
}

/// What the desk sets up keeps alerts from people: who did it stays known. People's own things are theirs.
async fn audit<T: Owned>(
    tx: &mut dyn crisislens_state::Tx,
    app: &App,
    claims: &Claims,
    whose: Whose,
    id: Uuid,
    what: &str,
    document: &str,
) -> Result<(), Problem> {
    if whose.is_audited {
        let is = serde_json::from_str::<serde_json::Value>(document).unwrap_or_default();
        let detail = match whose.owner {
            owner if owner.is_nil() => json!({ "is": is }),
            owner => json!({ "is": is, "owner": owner }),
        };
        let entry = crisislens_state::audit::AuditEntry::new(
            app.clock.now(),
            claims.actor(),
            format!("{}.{what}", T::KIND),
            format!("{}/{id}", T::KIND),
            detail,
        );
        tx.record_audit(&entry).await?;
    }
    Ok(())
}

/// The five operations of a kind. `$all` and `$one` are its paths.
macro_rules! operations {
    ($module:ident, $type:ty, $all:literal, $one:literal, $summary:literal) => {
        #[doc = $summary]
        pub mod $module {
            use std::sync::Arc;

            use axum::extract::rejection::{JsonRejection, PathRejection};
            use axum::extract::{Path, State};
            use axum::http::{HeaderMap, HeaderName, StatusCode, header};
            use axum::{Extension, Json};
            use crisislens_model::object::Object;
            use uuid::Uuid;

            use super::{AllOf, Kept, Problem, Whose};
            use crate::app::App;
            use crate::auth::Claims;
            use crate::http::items::if_match;

            type Tagged = ([(HeaderName, String); 1], Json<Kept<$type>>);

            fn tagged(kept: Kept<$type>) -> Tagged {
                ([(header::ETAG, format!("\"{}\"", kept.version))], Json(kept))
            }

            #[doc = concat!("All ", $summary)]
            #[utoipa::path(get, path = $all, tag = "notifications", responses((status = 200, body = AllOf<$type>)))]
            pub async fn list(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
            ) -> Result<Json<AllOf<$type>>, Problem> {
                super::list(&app, Whose::of::<$type>(&claims)).await.map(Json)
            }

            #[doc = concat!("Makes one of ", $summary, " Sent again with the same `Idempotency-Key`, it is made once.")]
            #[utoipa::path(post, path = $all, tag = "notifications", params(("Idempotency-Key" = Option<String>, Header)), request_body = $type,
                responses((status = 201, body = Kept<$type>), (status = 409, body = Problem), (status = 422, body = Problem)))]
            pub async fn make(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                headers: HeaderMap,
                body: Result<Json<Object<$type>>, JsonRejection>,
            ) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Kept<$type>>), Problem> {
                let Json(Object(it)) = body?;
                let (tag, kept) = tagged(super::make(&app, &claims, Whose::of::<$type>(&claims), &headers, it).await?);
                Ok((StatusCode::CREATED, tag, kept))
            }

            #[doc = concat!("One of ", $summary, " The ETag is its version.")]
            #[utoipa::path(get, path = $one, tag = "notifications", params(("id" = String, Path)),
                responses((status = 200, body = Kept<$type>), (status = 404, body = Problem)))]
            pub async fn one(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<Uuid>, PathRejection>,
            ) -> Result<Tagged, Problem> {
                let Path(id) = path?;
                Ok(tagged(super::kept(&super::find::<$type>(&app, Whose::of::<$type>(&claims), id).await?)?))
            }

            #[doc = concat!("Replaces one of ", $summary, " `If-Match` carries the version that was read.")]
            #[utoipa::path(put, path = $one, tag = "notifications", params(("id" = String, Path), ("If-Match" = String, Header)), request_body = $type,
                responses((status = 200, body = Kept<$type>), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
            pub async fn replace(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<Uuid>, PathRejection>,
                headers: HeaderMap,
                body: Result<Json<Object<$type>>, JsonRejection>,
            ) -> Result<Tagged, Problem> {
                let (Path(id), Json(Object(it))) = (path?, body?);
                let version = if_match(&headers)?;
                Ok(tagged(super::replace(&app, &claims, Whose::of::<$type>(&claims), (id, version), it).await?))
            }

            #[doc = concat!("Deletes one of ", $summary)]
            #[utoipa::path(delete, path = $one, tag = "notifications", params(("id" = String, Path)),
                responses((status = 204), (status = 404, body = Problem)))]
            pub async fn remove(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<Uuid>, PathRejection>,
            ) -> Result<StatusCode, Problem> {
                let Path(id) = path?;
                super::remove::<$type>(&app, &claims, Whose::of::<$type>(&claims), id).await?;
                Ok(StatusCode::NO_CONTENT)
            }
        }
    };
}

operations!(
    subscriptions,
    crisislens_model::Subscription,
    "/api/subscriptions",
    "/api/subscriptions/{id}",
    "one's own subscriptions: what one wants alerts of. Who has none wants those of every place."
);
operations!(
    rules,
    crisislens_model::AlertRule,
    "/api/alert-rules",
    "/api/alert-rules/{id}",
    "the alert rules: when an incident becomes an alert. The built-in one stands at `/api/alert-rules/threshold` besides."
);
operations!(
    silences,
    crisislens_notify::holds::Silence,
    "/api/silences",
    "/api/silences/{id}",
    "the silences: alerts that fit are told to nobody for a while."
);
operations!(
    maintenance_windows,
    crisislens_notify::holds::MaintenanceWindow,
    "/api/maintenance-windows",
    "/api/maintenance-windows/{id}",
    "the maintenance windows: alerts that fit are told to nobody at these hours."
);
operations!(
    inhibitions,
    crisislens_notify::holds::Inhibition,
    "/api/inhibitions",
    "/api/inhibitions/{id}",
    "the inhibitions: alerts that fit `target` are told to nobody while there is one that fits `source`."
);
operations!(
    templates,
    crisislens_notify::templates::own::Template,
    "/api/templates",
    "/api/templates/{id}",
    "the desk's templates of messages: one for each name and language. What one lacks is the shipped text."
);
operations!(
    teams,
    crisislens_notify::on_call::Team,
    "/api/teams",
    "/api/teams/{id}",
    "the teams: people who are told together."
);
operations!(
    on_call_schedules,
    crisislens_notify::on_call::Schedule,
    "/api/on-call-schedules",
    "/api/on-call-schedules/{id}",
    "the on-call schedules: people who are on call one after the other."
);
operations!(
    escalation_chains,
    crisislens_notify::escalation::Chain,
    "/api/escalation-chains",
    "/api/escalation-chains/{id}",
    "the escalation chains: what is done with alerts that fit as long as nobody acknowledges them."
);
