//! What everybody of a team, or everybody with a role, wants alerts of: `/api/teams/{id}/subscriptions`, `/api/roles/{role}/subscriptions`.

use crisislens_model::{Role, Subscription, owner_of_role};
use crisislens_notify::holds::SetUp as _;
use crisislens_notify::on_call::Team;
use serde::Serialize;
use uuid::Uuid;

use super::{Kept, Owned as _, Problem, Whose};
use crate::app::App;

/// Most subscriptions of a team or role: each is looked at for everybody who has it.
const MOST: usize = 100;

const fn shared(owner: Uuid, team: Option<Uuid>) -> Whose {
    Whose { owner, is_audited: true, team, most: MOST }
}

/// A subscription that people share, as it was made.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Shared {
    /// The subscription.
    #[serde(flatten)]
    kept: Kept<Subscription>,
    /// What it changes for people that is easily overlooked: absent where there were others before.
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<String>,
}

/// With what the first one does.
async fn shared_now(app: &App, whose: Whose, kept: Kept<Subscription>, who: &str) -> Result<Shared, Problem> {
    let all = app.store.desk_objects(Subscription::KIND, Some(whose.owner)).await?;
    let is_first = all.iter().all(|one| one.id == kept.id);
    let warning = is_first.then(|| {
        format!(
            "it is the first: everybody {who} who has no other subscription got alerts of every place until now, and gets only what \
             fits this one from now on"
        )
    });
    Ok(Shared { kept, warning })
}

async fn whose_team(app: &App, id: Uuid) -> Result<Whose, Problem> {
    let teams = app.store.desk_objects(Team::KIND, None).await?;
    if teams.iter().any(|team| team.id == id) {
        return Ok(shared(id, Some(id)));
    }
    Err(Problem::not_found(Team::NAME))
}

async fn whose_role(_: &App, role: Role) -> Result<Whose, Problem> {
    Ok(shared(owner_of_role(role), None))
}

/// The five operations on subscriptions that people share. `$key` is by what their owner is named, `$whose` finds it.
macro_rules! operations {
    ($module:ident, $key:ty, $whose:ident, $all:literal, $one:literal, $named:literal, $summary:literal, $who:literal) => {
        #[doc = $summary]
        pub mod $module {
            use std::sync::Arc;

            use axum::extract::rejection::{JsonRejection, PathRejection};
            use axum::extract::{Path, State};
            use axum::http::{HeaderMap, HeaderName, StatusCode, header};
            use axum::{Extension, Json};
            use crisislens_model::object::Object;
            use uuid::Uuid;

            use super::super::{self as set_up, AllOf, Kept};
            use super::{Problem, Shared, Subscription};
            use crate::app::App;
            use crate::auth::Claims;
            use crate::http::items::if_match;

            type Tagged = ([(HeaderName, String); 1], Json<Kept<Subscription>>);

            fn tagged(kept: Kept<Subscription>) -> Tagged {
                ([(header::ETAG, format!("\"{}\"", kept.version))], Json(kept))
            }

            #[doc = concat!("All ", $summary)]
            #[utoipa::path(get, path = $all, tag = "notifications", params(($named = $key, Path)),
                responses((status = 200, body = AllOf<Subscription>), (status = 404, body = Problem)))]
            pub async fn list(
                State(app): State<Arc<App>>,
                path: Result<Path<$key>, PathRejection>,
            ) -> Result<Json<AllOf<Subscription>>, Problem> {
                let Path(key) = path?;
                set_up::list(&app, super::$whose(&app, key).await?).await.map(Json)
            }

            #[doc = concat!("Makes one of ", $summary, " The first one narrows what they get who have no other, and `warning` says so. Sent again with the same `Idempotency-Key`, it is made once.")]
            #[utoipa::path(post, path = $all, tag = "notifications", params(($named = $key, Path), ("Idempotency-Key" = Option<String>, Header)), request_body = Subscription,
                responses((status = 201, body = Shared), (status = 404, body = Problem), (status = 409, body = Problem), (status = 422, body = Problem)))]
            pub async fn make(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<$key>, PathRejection>,
                headers: HeaderMap,
                body: Result<Json<Object<Subscription>>, JsonRejection>,
            ) -> Result<(StatusCode, [(HeaderName, String); 1], Json<Shared>), Problem> {
                let (Path(key), Json(Object(it))) = (path?, body?);
                let whose = super::$whose(&app, key).await?;
                let (tag, Json(kept)) = tagged(set_up::make(&app, &claims, whose, &headers, it).await?);
                Ok((StatusCode::CREATED, tag, Json(super::shared_now(&app, whose, kept, $who).await?)))
            }

            #[doc = concat!("One of ", $summary, " The ETag is its version.")]
            #[utoipa::path(get, path = $one, tag = "notifications", params(($named = $key, Path), ("subscription" = String, Path)),
                responses((status = 200, body = Kept<Subscription>), (status = 404, body = Problem)))]
            pub async fn one(
                State(app): State<Arc<App>>,
                path: Result<Path<($key, Uuid)>, PathRejection>,
            ) -> Result<Tagged, Problem> {
                let Path((key, id)) = path?;
                let whose = super::$whose(&app, key).await?;
                Ok(tagged(set_up::kept(&set_up::find::<Subscription>(&app, whose, id).await?)?))
            }

            #[doc = concat!("Replaces one of ", $summary, " `If-Match` carries the version that was read.")]
            #[utoipa::path(put, path = $one, tag = "notifications",
                params(($named = $key, Path), ("subscription" = String, Path), ("If-Match" = String, Header)), request_body = Subscription,
                responses((status = 200, body = Kept<Subscription>), (status = 404, body = Problem), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
            pub async fn replace(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<($key, Uuid)>, PathRejection>,
                headers: HeaderMap,
                body: Result<Json<Object<Subscription>>, JsonRejection>,
            ) -> Result<Tagged, Problem> {
                let (Path((key, id)), Json(Object(it))) = (path?, body?);
                let version = if_match(&headers)?;
                let whose = super::$whose(&app, key).await?;
                Ok(tagged(set_up::replace(&app, &claims, whose, (id, version), it).await?))
            }

            #[doc = concat!("Deletes one of ", $summary)]
            #[utoipa::path(delete, path = $one, tag = "notifications", params(($named = $key, Path), ("subscription" = String, Path)),
                responses((status = 204), (status = 404, body = Problem)))]
            pub async fn remove(
                State(app): State<Arc<App>>,
                Extension(claims): Extension<Claims>,
                path: Result<Path<($key, Uuid)>, PathRejection>,
            ) -> Result<StatusCode, Problem> {
                let Path((key, id)) = path?;
                let whose = super::$whose(&app, key).await?;
                set_up::remove::<Subscription>(&app, &claims, whose, id).await?;
                Ok(StatusCode::NO_CONTENT)
            }
        }
    };
}

operations!(
    of_team,
    uuid::Uuid,
    whose_team,
    "/api/teams/{id}/subscriptions",
    "/api/teams/{id}/subscriptions/{subscription}",
    "id",
    "a team's subscriptions: everybody of it has them beside their own.",
    "of the team"
);
operations!(
    of_role,
    crisislens_model::Role,
    whose_role,
    "/api/roles/{role}/subscriptions",
    "/api/roles/{role}/subscriptions/{subscription}",
    "role",
    "a role's subscriptions: everybody with it has them beside their own.",
    "with the role"
);
