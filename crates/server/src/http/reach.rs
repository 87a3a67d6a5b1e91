//! Whom an alert reached, and who sees to it.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::{Extension, Json};
use crisislens_model::{AlertId, DeliveryStatus, Severity, Timestamp, UserId};
use crisislens_state::StateError;
use crisislens_state::ledger::{Acknowledgement, Fanout, Prompt, ReachCount, Said};
use serde::Serialize;

use super::Problem;
use crate::app::App;
use crate::auth::Claims;

/// How soon is looked at, seconds.
const WITHIN: [u64; 4] = [60, 300, 900, 3600];

/// Somebody who has said that they see to an alert.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Acknowledger {
    /// What they said.
    #[serde(flatten)]
    acknowledgement: Acknowledgement,
    /// What colleagues see of them; null where the account is gone.
    name: Option<String>,
    /// Whether it is who asks.
    mine: bool,
    /// Whether the alert's escalations rest by it: one of its chains has called them, or they are an analyst or above. Others are counted alone.
    rests: bool,
}

impl Acknowledger {
    /// As `viewer` sees it.
    pub fn new(said: Said, viewer: &Claims) -> Self {
        let Said { acknowledgement, name, rests } = said;
        Self { mine: acknowledgement.user == viewer.sub, acknowledgement, name, rests }
    }

    /// Everybody who has acknowledged an alert, first first.
    pub async fn all(app: &App, alert: AlertId, viewer: &Claims) -> Result<Vec<Self>, StateError> {
        let all = app.store.acknowledgers(alert).await?;
        Ok(all.into_iter().map(|said| Self::new(said, viewer)).collect())
    }
}

/// Whom an alert reached.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Reach {
    /// How choosing recipients went, for each revision.
    revisions: Vec<Fanout>,
    /// How many deliveries stand where.
    deliveries: Vec<ReachCount>,
    /// Who has acknowledged it, whether they were told of it or not.
    acknowledged: Vec<Acknowledger>,
    /// Of those told, how many acknowledged it within so many seconds of when they first were.
    acknowledged_within: Vec<Within>,
    /// How many have acknowledged it who were not told of it.
    acknowledged_untold: u64,
    /// The same by how urgent it was when people were told, the most urgent first. Who was told twice, as it got worse, counts at both.
    by_severity: Vec<SeverityReach>,
}

/// How far an alert got at a severity.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SeverityReach {
    /// The severity.
    severity: Severity,
    /// Messages that were handed over, to the inbox or a provider, and have not failed.
    sent: u64,
    /// Those of them that are known to have arrived.
    delivered: u64,
    /// Those of them that are known to have been read.
    read: u64,
    /// People told.
    told: u64,
    /// Those of them who have acknowledged it.
    acknowledged: u64,
    /// How many did so within so many seconds of when they were first told of it at this severity.
    acknowledged_within: Vec<Within>,
}

/// How many were quick.
#[derive(Debug, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Within {
    /// Seconds.
    seconds: u64,
    /// People.
    people: u64,
}

/// Whom an alert reached: how many were looked at and told, how far their messages got, and how soon those who were told acknowledged it.
#[utoipa::path(get, path = "/api/alerts/{id}/reach", tag = "alerts", params(("id" = String, Path)),
    responses((status = 200, body = Reach), (status = 404, body = Problem)))]
pub async fn reach(
    State(app): State<Arc<App>>,
    Extension(claims): Extension<Claims>,
    path: Result<Path<AlertId>, PathRejection>,
) -> Result<Json<Reach>, Problem> {
    let Path(id) = path?;
    app.store.alert(id).await?.ok_or_else(|| Problem::not_found("alert"))?;
    let acknowledged = Acknowledger::all(&app, id, &claims).await?;
    let prompt = app.store.promptness(id).await?;
    let deliveries = app.store.reach(id).await?;
    let told: HashSet<UserId> = prompt.iter().map(|one| one.user).collect();
    let untold = acknowledged.iter().filter(|one| !told.contains(&one.acknowledgement.user));
    Ok(Json(Reach {
        revisions: app.store.fanouts(id).await?,
        acknowledged_within: within(&delays(&prompt)),
        acknowledged_untold: untold.count() as u64,
        by_severity: by_severity(&deliveries, &app.store.people_told(id).await?, &prompt),
        deliveries,
        acknowledged,
    }))
}

fn by_severity(deliveries: &[ReachCount], told: &[(Severity, u64)], prompt: &[Prompt]) -> Vec<SeverityReach> {
    let mut severities: Vec<Severity> = Severity::ALL.to_vec();
    severities.sort_unstable_by(|one, other| other.cmp(one));
    let of = |severity: Severity| {
        let at_least = |least: DeliveryStatus| {
            let counts = deliveries.iter().filter(|count| count.priority == severity);
            let far = counts.filter(|count| count.status >= least && count.status != DeliveryStatus::Failed);
            far.map(|count| count.count).sum()
        };
        let prompt: Vec<Prompt> = prompt.iter().filter(|one| one.severity == severity).copied().collect();
        SeverityReach {
            severity,
            sent: at_least(DeliveryStatus::Sent),
            delivered: at_least(DeliveryStatus::Delivered),
            read: at_least(DeliveryStatus::Read),
            told: told.iter().find(|(at, _)| *at == severity).map_or(0, |(_, people)| *people),
            acknowledged: prompt.len() as u64,
            acknowledged_within: within(&delays(&prompt)),
        }
    };
    severities.into_iter().map(of).filter(|one| one.sent > 0 || one.told > 0).collect()
}

/// For each person the seconds from when they were first told to when they acknowledged it.
fn delays(prompt: &[Prompt]) -> Vec<i64> {
    let mut people: BTreeMap<UserId, (Timestamp, Timestamp)> = BTreeMap::new();
    for one in prompt {
        let (told_at, _) = people.entry(one.user).or_insert((one.told_at, one.acknowledged_at));
        *told_at = one.told_at.min(*told_at);
    }
    let seconds = |(told, acknowledged): (Timestamp, Timestamp)| {
        // A part of a second over is over.
        let delay = acknowledged.duration_since(told);
        delay.as_secs() + i64::from(delay.subsec_nanos() > 0)
    };
    people.into_values().map(seconds).collect()
}

fn within(delays: &[i64]) -> Vec<Within> {
    let people = |seconds: u64| {
        let most = i64::try_from(seconds).unwrap_or(i64::MAX);
        delays.iter().filter(|delay| **delay <= most).count() as u64
    };
    WITHIN.into_iter().map(|seconds| Within { seconds, people: people(seconds) }).collect()
}

#[cfg(test)]
mod tests {
    use crisislens_model::Channel;
    use uuid::Uuid;

    use super::*;

    fn prompt(user: u128, severity: Severity, told: i64, acknowledged: i64) -> Prompt {
        let at = |second| Timestamp::from_second(second).unwrap();
        let user = UserId(Uuid::from_u128(user));
        Prompt { user, severity, told_at: at(told), acknowledged_at: at(acknowledged) }
    }

    fn people(within: &[Within]) -> Vec<u64> {
        within.iter().map(|one| one.people).collect()
    }

    #[test]
    fn somebody_counts_once_in_all_and_once_at_each_severity() {
        let (high, critical) = (Severity::High, Severity::Critical);
        // The first acknowledged it before it got worse, the second 60 seconds after that and 400 after they were first told.
        let prompt = [
            prompt(1, high, 0, 10),
            prompt(1, critical, 340, 10),
            prompt(2, high, 0, 400),
            prompt(2, critical, 340, 400),
            prompt(3, high, 0, 61),
        ];
        assert_eq!(people(&within(&delays(&prompt))), [1, 2, 3, 3]);
        let count = |priority, status, count| ReachCount {
            revision: 1,
            channel: Channel::Email,
            priority,
            status,
            count,
        };
        let deliveries = [
            count(high, DeliveryStatus::Queued, 1),
            count(high, DeliveryStatus::Sent, 2),
            count(high, DeliveryStatus::Delivered, 4),
            count(high, DeliveryStatus::Failed, 8),
            count(high, DeliveryStatus::Read, 16),
            count(high, DeliveryStatus::Acked, 32),
            count(Severity::Low, DeliveryStatus::Suppressed, 64),
        ];
        let all = by_severity(&deliveries, &[(high, 9), (critical, 2)], &prompt);
        let [worse, first] = &all[..] else { panic!("{all:?}") };
        assert_eq!((worse.severity, worse.sent, worse.told, worse.acknowledged), (critical, 0, 2, 2));
        assert_eq!(people(&worse.acknowledged_within), [2, 2, 2, 2]);
        assert_eq!((first.severity, first.sent, first.delivered, first.read), (high, 54, 52, 48));
        assert_eq!((first.told, first.acknowledged), (9, 3));
        assert_eq!(people(&first.acknowledged_within), [1, 2, 3, 3]);
    }
}
