//! `/api/people`: colleagues by name, for whoever names them in what they say.

use std::sync::Arc;

use axum::extract::State;
use axum::{Extension, Json};
use axum_extra::extract::Query;
use crisislens_model::UserId;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::Params;
use crate::app::App;
use crate::auth::Claims;

/// Most people of an answer.
const MOST: usize = 20;
/// Most letters that are looked for.
const MAX_LETTERS: usize = 100;

/// Who is looked for.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleParams {
    /// How a word of the name begins; without, the first by name.
    #[serde(default)]
    q: String,
}

/// A colleague.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Person {
    /// Their id.
    id: UserId,
    /// Their name.
    name: String,
}

/// Colleagues with such a name, 20 at most, by name.
#[utoipa::path(get, path = "/api/people", tag = "collaboration", params(PeopleParams),
    responses((status = 200, body = Vec<Person>), (status = 422, body = Problem)))]
pub async fn named(
    State(app): State<Arc<App>>,
    Extension(_): Extension<Claims>,
    params: Params<PeopleParams>,
) -> Result<Json<Vec<Person>>, Problem> {
    let Query(PeopleParams { q }) = params?;
    if q.chars().count() > MAX_LETTERS {
        return Err(Problem::field("q", format!("at most {MAX_LETTERS} characters")));
    }
    let people = app.store.people_named(q.trim(), MOST).await?;
    Ok(Json(people.into_iter().map(|user| Person { id: user.id, name: user.name }).collect()))
}
