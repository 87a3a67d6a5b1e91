//! `/api/topics`: partitions, lag, what waits, and groups. Records are in `records.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use crisislens_log::Bounds;
use crisislens_model::{Timestamp, Topic};
use crisislens_state::dead_letters::{LetterCount, LetterStatus};
use crisislens_state::stream::ConsumerOffset;
use crisislens_stream::Trouble;
use crisislens_stream::monitor::{Lag, Snapshot};
use serde::Serialize;

use super::Problem;
use super::params::List;
use crate::app::App;
use crate::workers::SEARCH;

/// How long the page waits for the search index to say where it is: the rest of it needs no index.
const INDEX_PATIENCE: Duration = Duration::from_secs(2);

/// The log as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LogView {
    /// The topics.
    items: Vec<TopicView>,
    /// How many there are.
    total: u64,
    /// Always null.
    next: Option<String>,
    /// What waits to be appended.
    outbox: OutboxView,
    /// When this node last measured ages; null where nothing measures them, as without a running server.
    seen_at: Option<Timestamp>,
    /// The node that answers.
    node: String,
    /// What waits on this node, and for what.
    troubles: Vec<TroubleView>,
}

/// What waits to be appended to the log.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OutboxView {
    /// How many records.
    records: u64,
    /// Their bytes.
    bytes: u64,
    /// How many of the records were brought while the log was away.
    spooled: u64,
    /// Records that wait no more, because the log refuses them: a person sends them again or drops them.
    stranded: u64,
    /// Age of the oldest, seconds; 0 when there is none.
    seconds: f64,
}

/// What somebody waits for.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TroubleView {
    /// Who waits: a consumer with topic and partition, or a part of the program.
    name: String,
    /// For what, in words.
    reason: String,
    /// How often it has failed in a row.
    failures: u32,
}

/// A topic as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TopicView {
    /// Its name.
    name: String,
    /// How long records are kept, milliseconds.
    retention_ms: u64,
    /// Largest record, bytes.
    max_message_bytes: u64,
    /// Its partitions.
    partitions: Vec<PartitionView>,
    /// Records that each consumer has not applied yet.
    lag: BTreeMap<String, u64>,
    /// Dead letters of its records that nobody has decided on yet, parked ones included.
    dead_letters: u64,
    /// How often partitions have changed hands in each group, as this node saw it since it began.
    rebalances: BTreeMap<String, u64>,
    /// Consumers whose places cannot be told now, because who keeps them is away. They are in no other list.
    unknown: Vec<String>,
}

/// A partition as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct PartitionView {
    /// Its number.
    partition: u32,
    /// Offset of the oldest record kept.
    start: u64,
    /// Offset of the next record.
    end: u64,
    /// The next offset of each consumer.
    consumers: BTreeMap<String, u64>,
    /// How far each consumer is behind.
    behind: BTreeMap<String, BehindView>,
}

/// How far a consumer is behind in one partition.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BehindView {
    /// Records that it has not applied.
    records: u64,
    /// Age of the oldest of them when it was last measured, seconds; null where nothing measures it.
    seconds: Option<f64>,
    /// Records put off, to be tried again.
    delayed: u64,
    /// How often it has tried again, on this node since it began.
    retries: u64,
    /// What it waits for on this node, where it is paused.
    paused: Option<String>,
}

/// A consumer group as operators see it.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GroupView {
    /// Its name.
    group: String,
    /// The topic it reads.
    topic: Topic,
    /// Who belongs to it.
    members: Vec<MemberView>,
}

/// A member of a group.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MemberView {
    /// Its id in the group.
    id: String,
    /// Where it runs.
    host: String,
    /// The partitions it holds.
    partitions: Vec<u32>,
}

/// Every topic with its partitions and lag, what waits in the outbox, and who waits for what.
#[utoipa::path(get, path = "/api/topics", tag = "operations", responses((status = 200, body = LogView)))]
pub async fn list(State(app): State<Arc<App>>) -> Result<Json<LogView>, Problem> {
    let seen = app.seen.borrow().clone();
    let troubles = app.health.troubles();
    let mut offsets = app.store.offsets().await?;
    let indexed = indexed(&app).await;
    let away = indexed.as_ref().err().map(|reason| TroubleView {
        name: SEARCH.to_owned(),
        reason: format!("the search index does not say where it is: {reason}"),
        failures: 1,
    });
    offsets.extend(indexed.unwrap_or_default());
    let unknown = away.is_some().then_some((SEARCH, Topic::NormalizedItems));
    let places = Places {
        offsets,
        unknown,
        seen: &seen,
        troubles: &troubles,
        failures: app.health.failures(),
        letters: app.store.letter_counts().await?,
        rebalances: app.log.rebalances(),
    };
    let mut items = Vec::with_capacity(Topic::ALL.len());
    for topic in Topic::ALL {
        items.push(view(&app, topic, &places).await?);
    }
    let outbox = app.store.outbox_depth().await?;
    let age = |oldest: Timestamp| app.clock.now().duration_since(oldest).as_secs_f64().max(0.0);
    let outbox = OutboxView {
        records: outbox.records,
        bytes: outbox.bytes,
        spooled: outbox.spooled_records,
        stranded: outbox.stranded,
        seconds: outbox.oldest.map_or(0.0, age),
    };
    let waits = |(name, trouble): (&String, &Trouble)| TroubleView {
        name: name.clone(),
        reason: trouble.reason.clone(),
        failures: trouble.failures,
    };
    Ok(Json(LogView {
        total: items.len() as u64,
        items,
        next: None,
        outbox,
        seen_at: seen.at,
        node: app.node.to_string(),
        troubles: troubles.iter().map(waits).chain(away).collect(),
    }))
}

/// Where consumers are and how they fare: what the store and the index say, and what the monitor last saw.
struct Places<'a> {
    offsets: Vec<ConsumerOffset>,
    /// A consumer whose place in a topic cannot be told.
    unknown: Option<(&'static str, Topic)>,
    seen: &'a Snapshot,
    troubles: &'a BTreeMap<String, Trouble>,
    /// How often each has failed since this process began, by the names that troubles have.
    failures: BTreeMap<String, u64>,
    letters: Vec<LetterCount>,
    rebalances: BTreeMap<(String, Topic), u64>,
}

impl Places<'_> {
    /// Who reads `topic`, be it from its start because it has not committed yet.
    fn consumers(&self, topic: Topic) -> BTreeSet<&str> {
        let begun = self.offsets.iter().map(|offset| (offset.topic, offset.consumer.as_str()));
        let known = self.seen.lags.iter().map(|lag| (lag.topic, lag.consumer.as_str()));
        let readers = begun.chain(known).filter(|(read, _)| *read == topic).map(|(_, consumer)| consumer);
        readers.filter(|consumer| Some((*consumer, topic)) != self.unknown).collect()
    }

    /// The next offset of `consumer`.
    fn next(&self, consumer: &str, topic: Topic, partition: u32) -> Option<u64> {
        let is_it = |offset: &&ConsumerOffset| {
            offset.consumer == consumer && offset.topic == topic && offset.partition == partition
        };
        self.offsets.iter().find(is_it).map(|offset| offset.next)
    }

    /// Dead letters of `topic` that wait for somebody to decide.
    fn undecided(&self, topic: Topic) -> u64 {
        let undecided = |count: &&LetterCount| {
            count.topic == topic && matches!(count.status, LetterStatus::Waiting | LetterStatus::Parked)
        };
        self.letters.iter().filter(undecided).map(|count| count.letters).sum()
    }

    fn rebalances(&self, topic: Topic) -> BTreeMap<String, u64> {
        let of_topic = self.rebalances.iter().filter(|((_, read), _)| *read == topic);
        of_topic.map(|((group, _), count)| (group.clone(), *count)).collect()
    }

    fn behind(&self, consumer: &str, topic: Topic, partition: u32, records: u64) -> BehindView {
        let is_it = |lag: &&Lag| lag.consumer == consumer && lag.topic == topic && lag.partition == partition;
        let measured = self.seen.lags.iter().find(is_it);
        let name = format!("{consumer} {topic}/{partition}");
        BehindView {
            records,
            // What was caught up with since is not old.
            seconds: measured.map(|lag| if records == 0 { 0.0 } else { lag.seconds }),
            delayed: measured.map_or(0, |lag| lag.delayed),
            retries: self.failures.get(&name).copied().unwrap_or(0),
            paused: self.troubles.get(&name).map(|trouble| trouble.reason.clone()),
        }
    }
}

/// Where the search index is, which keeps its own place; else why it cannot be told.
async fn indexed(app: &App) -> Result<Vec<ConsumerOffset>, String> {
    let places = tokio::time::timeout(INDEX_PATIENCE, app.search.standing()).await;
    let places = places.map_err(|_| format!("no answer within {} s", INDEX_PATIENCE.as_secs()))?;
    let place = |(partition, next)| ConsumerOffset {
        consumer: SEARCH.to_owned(),
        topic: Topic::NormalizedItems,
        partition,
        next,
    };
    Ok(places.map_err(|error| error.to_string())?.offsets.into_iter().map(place).collect())
}

async fn view(app: &App, topic: Topic, places: &Places<'_>) -> Result<TopicView, Problem> {
    let names = places.consumers(topic);
    let definition = app.log.definitions().get(topic);
    let mut view = TopicView {
        name: topic.to_string(),
        retention_ms: definition.retention_ms,
        max_message_bytes: definition.max_message_bytes as u64,
        partitions: Vec::new(),
        lag: BTreeMap::new(),
        dead_letters: places.undecided(topic),
        rebalances: places.rebalances(topic),
        unknown: places
            .unknown
            .filter(|(_, read)| *read == topic)
            .map(|(name, _)| name.to_owned())
            .into_iter()
            .collect(),
    };
    for partition in 0..app.log.partitions(topic) {
        let Bounds { start, end } = app.log.bounds(topic, partition).await?;
        let mut shown =
            PartitionView { partition, start, end, consumers: BTreeMap::new(), behind: BTreeMap::new() };
        for name in &names {
            let next = places.next(name, topic, partition).unwrap_or(start);
            // What retention has dropped cannot be read any more.
            let records = end.saturating_sub(next.max(start));
            *view.lag.entry((*name).to_owned()).or_default() += records;
            shown.consumers.insert((*name).to_owned(), next);
            shown.behind.insert((*name).to_owned(), places.behind(name, topic, partition, records));
        }
        view.partitions.push(shown);
    }
    Ok(view)
}

/// The consumer groups that have members now, with the partitions that each holds.
#[utoipa::path(get, path = "/api/topics/groups", tag = "operations",
    responses((status = 200, body = List<GroupView>)))]
pub async fn groups(State(app): State<Arc<App>>) -> Result<Json<List<GroupView>>, Problem> {
    let mut items: Vec<GroupView> = app.log.groups().await?.into_iter().map(GroupView::from).collect();
    items.sort_by(|one, other| (&one.group, one.topic).cmp(&(&other.group, other.topic)));
    Ok(Json(List { total: items.len() as u64, items, next: None }))
}

impl From<crisislens_log::GroupView> for GroupView {
    fn from(view: crisislens_log::GroupView) -> Self {
        let member = |member: crisislens_log::Member| MemberView {
            id: member.id,
            host: member.host,
            partitions: member.partitions,
        };
        let members = view.members.into_iter().map(member).collect();
        Self { group: view.group, topic: view.topic, members }
    }
}
