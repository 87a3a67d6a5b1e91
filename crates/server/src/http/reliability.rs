//! How often a source was right, and what people decided as something to learn from.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum_extra::extract::Query;
use crisislens_analysis::reliability::{Adjudication, HALF_LIFE_DAYS, Prior, fold};
use crisislens_model::{ClaimId, ItemId, SourceKind, SourceStatus, Timestamp};
use crisislens_pipeline::adjudication;
use crisislens_pipeline::desk::consequences::noted_as;
use crisislens_state::verification::TrainingExample;
use serde::{Deserialize, Serialize};

use super::Problem;
use super::params::{List, PageParams, Params};
use crate::app::App;

/// Decided claims that are looked at: older ones hardly count.
const MAX_DECIDED: usize = 1_000;

/// Of so many decided claims the text is told.
const WITH_TEXT: usize = 50;

/// In earnest, or in exercises.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default)]
pub struct ReliabilityParams {
    /// true for what exercises showed; false where absent.
    exercise: bool,
}

/// How often a source was right.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SourceReliability {
    /// The source; on a network the account, as `network/account`.
    source: String,
    /// What sort of voice it is.
    kind: SourceKind,
    /// Expected share of claims that it is right on, 0 to 1.
    mean: f64,
    /// The ends of the 90 % credible interval.
    interval: (f64, f64),
    /// What is expected of its kind before anything was decided.
    expected: f64,
    /// On the Admiralty scale, A (completely reliable) to E (unreliable), F (cannot be judged).
    letter: &'static str,
    /// The letter in words.
    words: &'static str,
    /// Whether this is what exercises showed; it counts in exercises alone.
    exercise: bool,
    /// Decided claims that it took a side on, by weight: copies count a quarter, and all halve with time.
    evidence: f64,
    /// Days after which a decided claim counts half.
    half_life_days: f64,
    /// Those claims, decided last first.
    decided: Vec<Decided>,
}

/// A decided claim.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Decided {
    /// Which. Of a correction it only stands for that.
    claim_id: ClaimId,
    /// The item of which people put right what the source states in it, hazard or place; absent where a claim was decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    item_id: Option<ItemId>,
    /// What it says; of the last fifty.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// Whether the source was on the side that held.
    right: bool,
    /// 0 to 1: how much it counts, before time.
    weight: f64,
    /// When it was decided.
    at: Timestamp,
}

/// How often a source was right, by the verdicts on claims that it took a side on, and by what people put right of what it states itself.
#[utoipa::path(get, path = "/api/sources/{name}/reliability", tag = "sources",
    params(("name" = String, Path, description = "the source; on a network `network/account` with its slash encoded (%2F)"), ReliabilityParams),
    responses((status = 200, body = SourceReliability), (status = 404, description = "nothing is known of such a source", body = Problem)))]
pub async fn of_source(
    State(app): State<Arc<App>>,
    path: Result<Path<String>, PathRejection>,
    params: Params<ReliabilityParams>,
) -> Result<Json<SourceReliability>, Problem> {
    let (Path(source), Query(ReliabilityParams { exercise })) = (path?, params?);
    let decided = app.store.adjudications(&[noted_as(&source, exercise)], MAX_DECIDED).await?;
    let known = match decided.first() {
        Some(one) => Some(one.kind),
        None => kind_of(&app, &source).await?,
    };
    let kind = known.ok_or_else(|| Problem::not_found("source"))?;
    let ids: Vec<ClaimId> = decided.iter().take(WITH_TEXT).map(|one| one.claim_id).collect();
    let claims = app.store.claims_by_id(&ids).await?;
    let mut texts: HashMap<ClaimId, String> =
        claims.into_iter().map(|claim| (claim.id, claim.text)).collect();
    let listed = decided
        .iter()
        .map(|one| Decided {
            claim_id: one.claim_id,
            item_id: one.item_id,
            text: texts.remove(&one.claim_id),
            right: one.right,
            weight: one.weight,
            at: one.at,
        })
        .collect();
    let decided: Vec<_> = decided.into_iter().map(adjudication).collect();
    let found = fold(Prior::of(kind), &decided, app.clock.now());
    Ok(Json(SourceReliability {
        source,
        kind,
        mean: found.mean(),
        interval: found.interval(),
        expected: Prior::of(kind).mean(),
        letter: found.letter().as_str(),
        words: found.letter().words(),
        exercise,
        evidence: found.evidence,
        half_life_days: HALF_LIFE_DAYS,
        decided: listed,
    }))
}

/// How reliable a source is, in short.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Grade {
    /// Expected share of claims that it is right on, 0 to 1.
    mean: f64,
    /// On the Admiralty scale, A (completely reliable) to E (unreliable), F (cannot be judged).
    letter: &'static str,
    /// The letter in words.
    words: &'static str,
}

/// How reliable sources are, in their order; none of networks, where accounts speak.
pub async fn grades(app: &App, sources: &[SourceStatus]) -> Result<Vec<Option<Grade>>, Problem> {
    let speaks = |source: &&SourceStatus| source.kind != SourceKind::Social;
    let names: Vec<String> = sources.iter().filter(speaks).map(|source| source.name.clone()).collect();
    let mut decided: HashMap<String, Vec<Adjudication>> = HashMap::new();
    for one in app.store.adjudications(&names, MAX_DECIDED).await? {
        decided.entry(one.source.clone()).or_default().push(adjudication(one));
    }
    let now = app.clock.now();
    let grade = |source: &SourceStatus| {
        let known = decided.get(&source.name).map_or(&[][..], Vec::as_slice);
        let found = fold(Prior::of(source.kind), known, now);
        let letter = found.letter();
        Grade { mean: found.mean(), letter: letter.as_str(), words: letter.words() }
    };
    Ok(sources.iter().map(|source| Some(source).filter(speaks).map(grade)).collect())
}

/// What sort of voice a source is that nothing was decided of: as it is set up, or as its items say.
async fn kind_of(app: &App, source: &str) -> Result<Option<SourceKind>, Problem> {
    if let Some(status) = app.store.sources().await?.into_iter().find(|status| status.name == source) {
        return Ok(Some(status.kind));
    }
    let network = source.split_once('/').map_or(source, |(network, _)| network);
    let filter = crisislens_model::ItemFilter { source: vec![network.to_owned()], ..Default::default() };
    let found = app.store.list_items(&filter, 1, None).await?;
    Ok(found.items.first().map(|item| item.source_kind))
}

/// What people decided and corrected, decided last first: verdicts, sides of evidence, corrections of items. It holds texts of others:
/// look at the licence of their sources before you pass it on.
#[utoipa::path(get, path = "/api/training-set", tag = "claims", params(PageParams),
    responses((status = 200, body = List<TrainingExample>), (status = 400, body = Problem)))]
pub async fn training_set(
    State(app): State<Arc<App>>,
    page: Params<PageParams>,
) -> Result<Json<List<TrainingExample>>, Problem> {
    let Query(page) = page?;
    Ok(Json(app.store.training_examples(page.limit()?, page.after()?).await?.into()))
}
