//! The built-in alert rule, and what a rule would have done: `/api/alert-rules/threshold`, `/api/alert-rules/test`.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::{Extension, Json};
use crisislens_model::object::Object;
use crisislens_model::{Alert, AlertRule, FieldError, Timestamp};
use crisislens_notify::forecast::{Forecast, forecast};
use crisislens_pipeline::alert_rule::Rules;
use crisislens_pipeline::backtest::{Backtest, Limits, Told, Truncated};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Kept, Problem, Whose, check, find, kept, write};
use crate::app::App;
use crate::auth::Claims;
use crate::http::items::if_match;

/// Longest time that a rule is tried over, days: so long the log has items.
const MAX_DAYS: u32 = 30;
/// Most records that a trial reads, and alerts that it lists.
const MAX_RECORDS: u64 = 500_000;
const MAX_LISTED: usize = 200;

type Tagged = ([(HeaderName, String); 1], Json<Kept<AlertRule>>);

fn tagged(kept: Kept<AlertRule>) -> Tagged {
    ([(header::ETAG, format!("\"{}\"", kept.version))], Json(kept))
}

/// The built-in rule as it is; version 0 while nobody has changed it.
async fn built_in(app: &App, claims: &Claims) -> Result<Kept<AlertRule>, Problem> {
    match find::<AlertRule>(app, Whose::of::<AlertRule>(claims), AlertRule::built_in_id()).await {
        Ok(object) => kept(&object),
        Err(_) => Ok(Kept {
            id: AlertRule::built_in_id(),
            version: 0,
            changed_at: app.started_at,
            it: AlertRule::built_in(),
        }),
    }
}

/// The built-in alert rule, with what people have set of it. The ETag is its version, 0 while nobody has changed it.
#[utoipa::path(get, path = "/api/alert-rules/threshold", tag = "notifications", responses((status = 200, body = Kept<AlertRule>)))]
pub async fn threshold(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<Tagged, Problem> {
    Ok(tagged(built_in(&app, &claims).await?))
}

/// Changes the built-in rule, or switches it off. It counts from the next change of an incident on. `If-Match` carries the version that was read.
#[utoipa::path(put, path = "/api/alert-rules/threshold", tag = "notifications", params(("If-Match" = String, Header)), request_body = AlertRule,
    responses((status = 200, body = Kept<AlertRule>), (status = 412, body = Problem), (status = 422, body = Problem), (status = 428, body = Problem)))]
pub async fn set_threshold(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    headers: HeaderMap,
    body: Result<Json<Object<AlertRule>>, JsonRejection>,
) -> Result<Tagged, Problem> {
    let Json(Object(mut rule)) = body?;
    rule.changed_by = Some(claims.sub);
    let version = if_match(&headers)?;
    check(&app, &claims, &rule).await?;
    let before = built_in(&app, &claims).await?;
    if before.version != version {
        return Err(crisislens_state::StateError::VersionConflict { current: before.version }.into());
    }
    let whose = Whose::of::<AlertRule>(&claims);
    let id = AlertRule::built_in_id();
    Ok(tagged(write(&app, &claims, whose, (id, version + 1), rule, "changed").await?))
}

/// What is to be tried, and over which time.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Trial {
    /// A rule that need not be kept …
    #[serde(default)]
    rule: Option<AlertRule>,
    /// … or one that is; one of the two.
    #[serde(default)]
    id: Option<Uuid>,
    /// So many days back from now, 1 to 30; 7 where neither this nor `since` is given.
    #[serde(default)]
    days: Option<u32>,
    /// From when, by the time at which records came onto the log.
    #[serde(default)]
    since: Option<Timestamp>,
    /// Until when; now where absent.
    #[serde(default)]
    until: Option<Timestamp>,
}

/// What the rule would have done. Nothing was sent.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BacktestResult {
    /// From when.
    since: Timestamp,
    /// Up to where it came.
    until: Timestamp,
    /// What the rule would have done.
    told: Told,
    /// What the rules that count now would have done in the same time.
    today: Told,
    /// The alerts and revisions one by one, the oldest first, at most 200; each says why in `data.why`.
    alerts: Vec<Alert>,
    /// How many would be told of the alerts in that list, as people's choices are now.
    reach: Forecast,
    /// Records read.
    records: u64,
    /// Changes of incidents that were looked at.
    changes: u64,
    /// Items that the log no longer had.
    missing: u64,
    /// Why it did not come to its end, if so: `records`, `time` or `incidents`.
    #[serde(skip_serializing_if = "Option::is_none")]
    truncated: Option<Truncated>,
}

/// What a rule would have done over the last days: the past of the log once more through the same evaluation. Nothing is sent.
#[utoipa::path(post, path = "/api/alert-rules/test", tag = "notifications", request_body = Trial,
    responses((status = 200, body = BacktestResult), (status = 404, body = Problem), (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn test(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    body: Result<Json<Object<Trial>>, JsonRejection>,
) -> Result<Json<BacktestResult>, Problem> {
    let Json(Object(trial)) = body?;
    let now = app.clock.now();
    let (since, until) = trial.time(now)?;
    let (name, rule) = match (trial.rule, trial.id) {
        (Some(rule), None) => {
            check(&app, &claims, &rule).await.map_err(|problem| problem.within("rule"))?;
            ("test".to_owned(), rule)
        }
        (None, Some(id)) if id == AlertRule::built_in_id() => {
            (AlertRule::name_of(id), built_in(&app, &claims).await?.it)
        }
        (None, Some(id)) => {
            let object = find::<AlertRule>(&app, Whose::of::<AlertRule>(&claims), id).await?;
            (AlertRule::name_of(id), kept::<AlertRule>(&object)?.it)
        }
        _ => return Err(Problem::field("rule", "give either a rule or the id of one")),
    };
    let rules = Rules::alone(&name, &AlertRule { enabled: true, ..rule })
        .map_err(|error| Problem::invalid(vec![FieldError::from(error)]))?;
    let all = app.store.desk_objects(AlertRule::KIND, Some(Uuid::nil())).await?;
    let time = Duration::from_secs(app.config.http.request_timeout_s) / 3;
    let limits = Limits { records: MAX_RECORDS, time, listed: MAX_LISTED, ..Limits::default() };
    let backtest = Backtest { rules, today: Rules::of(&all), since, until, limits };
    let found = backtest.run(&*app.log, |_| {}).await.map_err(|error| Problem::later(&error.to_string()))?;
    let rules = crate::outgoing::rules(&app.config);
    let reach = forecast(&*app.store, &found.alerts, rules, time).await?;
    Ok(Json(BacktestResult {
        since,
        until: found.until,
        told: found.told,
        today: found.today,
        alerts: found.alerts,
        reach,
        records: found.records,
        changes: found.changes,
        missing: found.missing,
        truncated: found.truncated,
    }))
}

impl Trial {
    fn time(&self, now: Timestamp) -> Result<(Timestamp, Timestamp), Problem> {
        let until = self.until.unwrap_or(now).min(now);
        let back = |days: u32| until.checked_sub(Duration::from_secs(u64::from(days) * 24 * 3_600));
        let since = match (self.since, self.days) {
            (Some(_), Some(_)) => return Err(Problem::field("days", "give either days or since")),
            (Some(since), None) => since,
            (None, days) => {
                let days = days.unwrap_or(7);
                if !(1..=MAX_DAYS).contains(&days) {
                    return Err(Problem::field("days", format!("is not between 1 and {MAX_DAYS}")));
                }
                back(days).unwrap_or(until)
            }
        };
        if since >= until {
            return Err(Problem::field("since", "is not before until"));
        }
        if back(MAX_DAYS).is_ok_and(|least| since < least) {
            return Err(Problem::field("since", format!("is more than {MAX_DAYS} days before until")));
        }
        Ok((since, until))
    }
}

/// Puts the built-in rule back as it is shipped.
#[utoipa::path(delete, path = "/api/alert-rules/threshold", tag = "notifications", responses((status = 204), (status = 404, description = "nobody has changed it", body = Problem)))]
pub async fn reset_threshold(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
) -> Result<StatusCode, Problem> {
    let whose = Whose::of::<AlertRule>(&claims);
    super::remove::<AlertRule>(&app, &claims, whose, AlertRule::built_in_id()).await?;
    Ok(StatusCode::NO_CONTENT)
}
