//! Query parameters of lists, in the forms people write them.

use axum::http::Uri;
use axum_extra::extract::Query;
use axum_extra::extract::QueryRejection;
use crisislens_model::query;
pub use crisislens_model::query::ItemParams;
use crisislens_model::query::StreamParams;
use crisislens_state::{Cursor, Page};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::Problem;

/// Items on a page where the request does not say.
const DEFAULT_LIMIT: usize = 50;
/// Most items on a page.
const MAX_LIMIT: usize = 200;

/// Query parameters, with problem details for wrong ones.
pub type Params<T> = Result<Query<T>, QueryRejection>;

/// What a stream of a room of the caller's choice takes.
pub struct AnyStream;

/// What the stream of items takes.
pub struct ItemStream;

/// What the stream of alerts takes: `q` looks for words in items.
pub struct AlertStream;

impl IntoParams for AnyStream {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let last = ParameterBuilder::new()
            .name("Last-Event-ID")
            .parameter_in(ParameterIn::Header)
            .description(Some("the `id` of the last event that was read, to go on behind it"))
            .schema(Some(ObjectBuilder::new().schema_type(Type::String)));
        let asked = ItemParams::into_params(&place).into_iter().chain(StreamParams::into_params(&place));
        asked.chain([last.build()]).collect()
    }
}

impl IntoParams for ItemStream {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        without(AnyStream::into_params(place), &["type", "room"])
    }
}

impl IntoParams for AlertStream {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        without(AnyStream::into_params(place), &["type", "room", "q"])
    }
}

fn without(mut all: Vec<Parameter>, names: &[&str]) -> Vec<Parameter> {
    all.retain(|parameter| !names.contains(&parameter.name.as_str()));
    all
}

/// Refuses a query with parameters that `P` does not have: one that is misspelled would let everything through. `more` are taken, too.
pub fn refuse_unknown<P: IntoParams>(uri: &Uri, more: &[&str]) -> Result<(), Problem> {
    let mut known = P::into_params(|| None);
    known.retain(|parameter| matches!(parameter.parameter_in, ParameterIn::Query));
    refuse_others(uri, |name| more.contains(&name) || known.iter().any(|parameter| parameter.name == name))
}

/// Refuses a query with a parameter that is not known.
pub fn refuse_others(uri: &Uri, is_known: impl Fn(&str) -> bool) -> Result<(), Problem> {
    let Query(given): Query<Vec<(String, String)>> = Query::try_from_uri(uri)?;
    match given.into_iter().find(|(name, _)| !is_known(name)) {
        Some((name, _)) => Err(Problem::parameter(&name, "is not taken here")),
        None => Ok(()),
    }
}

/// Which page of a list.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct PageParams {
    /// Things on the page, 1 to 200; 50 where absent.
    pub limit: Option<usize>,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

impl PageParams {
    /// How many things.
    pub fn limit(&self) -> Result<usize, Problem> {
        match self.limit {
            None => Ok(DEFAULT_LIMIT),
            Some(limit) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
            Some(limit) => {
                Err(Problem::parameter("limit", format!("{limit} is not between 1 and {MAX_LIMIT}")))
            }
        }
    }

    /// After what.
    pub fn after(&self) -> Result<Option<Cursor>, Problem> {
        self.cursor
            .as_deref()
            .map(|text| {
                Cursor::decode(text)
                    .ok_or_else(|| Problem::parameter("cursor", "was not given out by this list"))
            })
            .transpose()
    }
}

/// A list as it goes over the wire.
#[derive(Debug, Clone, Serialize, utoipa::ToSchema)]
pub struct List<T> {
    /// The things.
    pub items: Vec<T>,
    /// How many there are on all pages.
    pub total: u64,
    /// The next page's `cursor`, or null.
    pub next: Option<String>,
}

impl<T> From<Page<T>> for List<T> {
    fn from(page: Page<T>) -> Self {
        Self { items: page.items, total: page.total, next: page.next.map(|cursor| cursor.encode()) }
    }
}

/// The values of a parameter that is repeated or separated by commas.
pub fn list<T: PartialEq>(
    name: &str,
    values: &[String],
    parse: impl Fn(&str) -> Option<T>,
    known: &[&str],
) -> Result<Vec<T>, Problem> {
    query::list(name, values, parse, known).map_err(Problem::of_parameter)
}
