//! D10 to D12: poison, records as large as they may be, and a dead-letter topic that takes nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{EventLog, LogError, LogRecord, Placed, ReadLimit, TopicDefinitions};
use crisislens_model::{NewRecord, SystemClock, Topic};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use super::Setting;
use crate::api::Answer;
use crate::lab::{Engine, blocking};
use crate::oracle::Kind;
use crate::poison;
use crate::report::Outcome;
use crate::trial::{Plan, SLACK, Trial};

/// Poison is a dead letter within this.
const DEAD_WITHIN: Duration = Duration::from_secs(5);
/// How long we look further, to tell late from never.
const LOOK_FOR: Duration = Duration::from_secs(30);
/// A fresh write comes through within this.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// The node must say within this that dead letters have nowhere to go.
const TELLS_WITHIN: Duration = Duration::from_secs(10);
/// What the largest record and the largest request may take beyond what a node holds under load, MB.
const RISE_MB: u64 = 64;
/// Longest record of `raw-items`: key, value and headers.
const LARGEST: usize = 10 * 1024 * 1024;
/// Longest body that the API takes.
const LARGEST_BODY: usize = LARGEST + 64 * 1024;
/// D12 waits for this and not for the 15 s that are shipped, so that it fits into its minute.
const STUCK_AFTER_S: u64 = 5;

type Sent = Vec<(NewRecord, Placed)>;

/// Records that are on the log, and since when somebody can read them.
pub(super) struct Put {
    /// The records and their places.
    pub sent: Sent,
    /// When they were there and a consumer ran.
    pub since: Instant,
}

/// D10: every kind of poison on every topic that has a consumer.
pub async fn poisoned(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let (mut trial, Put { sent, since }) =
        with_records(setting, Plan::on(setting.engine), || Ok(poison::every_kind())).await?;
    trial.expect_letters(is_marked);
    let took = all_dead(&mut trial, sent.len(), since, DEAD_WITHIN).await?;
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    check_letters(&mut trial, &sent).await?;
    let line = format!(
        "{} poisoned records on 4 topics, all dead letters after {:.1} s, fresh write through in {:.1} s",
        sent.len(),
        took.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// D11: the largest record is kept whole, the largest item is processed, and what is larger is refused.
pub async fn large(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut largest = poison::raw(Some(Vec::new()));
    let room = LARGEST - largest.size();
    largest.value = Some(vec![b'x'; room]);
    let (mut trial, Put { sent, since }) =
        with_records(setting, Plan::on(setting.engine), || Ok(vec![largest])).await?;
    trial.expect_letters(is_marked);
    let took = all_dead(&mut trial, 1, since, DEAD_WITHIN).await?;

    let item = json!([{
        "source": "large", "source_id": "1", "text": "A large report.", "raw_data": "r".repeat(8 * 1024 * 1024 - 64),
    }]);
    if trial.api.ingest(0, item.to_string().into_bytes()).await != Answer::Accepted {
        trial.broken("an item with 8 MiB of raw data was not accepted");
    }
    let id = crisislens_model::ItemId::of("large", "1");
    let path = format!("/api/items/{id}");
    if !trial.within(THROUGH_WITHIN, async |trial| trial.api.get(&path).await.is_ok()).await {
        trial.verdict.add(Kind::Lost, "the item with 8 MiB of raw data does not come");
    }
    match trial.api.ingest(0, vec![b' '; LARGEST_BODY + 1]).await {
        // The server may close before it has read what it will not take.
        Answer::Refused(413, _) => {}
        other => trial.broken(format!("one byte over the limit was answered with {other:?}, not with 413")),
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    // Before the letters are read, for which the node of the embedded log is started again.
    let rise = trial.highest_rise_mb();
    if rise > RISE_MB {
        trial.broken(format!("a node held {rise} MB more than under load before, not {RISE_MB} MB"));
    }
    check_letters(&mut trial, &sent).await?;
    let line = format!(
        "10 MiB dead and whole after {:.1} s, 8 MiB of raw data processed, one byte more refused, {rise} MB more at most; fresh write \
         through in {:.1} s",
        took.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Why the dead-letter topic takes nothing.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Unwritable {
    /// It is not there any more.
    Deleted,
    /// The brokers take no record of that size on it.
    TooSmall,
}

/// D12: the dead-letter topic takes nothing for a while. Nothing moves on past a dead letter, and health says why.
pub async fn unwritable(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let sets = vec![format!("workers.outbox_stuck_after_s={STUCK_AFTER_S}")];
    let plan = Plan { sets, ..Plan::on(setting.engine) };
    let mut trial = Trial::begin(setting.lab, setting.case, setting.seed, plan).await?;
    trial.expect_letters(is_marked);
    // The topic is deleted first: with it would go the letters on it.
    let ways: &[Unwritable] =
        setting.pick_once(&[Unwritable::TooSmall], &[Unwritable::Deleted, Unwritable::TooSmall]);
    // Opened while all topics are there.
    let log = trial.installation.open_kafka().await?;
    let mut sent = Sent::new();
    let mut slowest = Duration::ZERO;
    for way in ways {
        let before = log.bounds(Topic::Dlq, 0).await?.end;
        match way {
            Unwritable::Deleted => delete_letters(&trial).await?,
            Unwritable::TooSmall => limit_letters(&trial, 100).await?,
        }
        sent.extend(nothing_passes(&mut trial, *way, &*log).await?);
        if *way == Unwritable::TooSmall && log.bounds(Topic::Dlq, 0).await?.end > before {
            trial.broken("a dead letter was written to a topic that takes none");
        }
        trial.installation.init_topics().await?;
        slowest = slowest.max(trial.recovered(THROUGH_WITHIN).await.unwrap_or_default());
        all_dead(&mut trial, sent.len(), Instant::now(), THROUGH_WITHIN).await?;
        check_letters(&mut trial, &sent).await?;
    }
    let line = format!(
        "dlq {ways:?} for {} s, nothing passed a dead letter; fresh write through {:.1} s after it was mended",
        STUCK_AFTER_S + 7,
        slowest.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Sends two records that become dead letters, while these cannot be written.
async fn nothing_passes(trial: &mut Trial, way: Unwritable, log: &dyn EventLog) -> anyhow::Result<Sent> {
    let first = append(log, vec![poison::raw(Some(vec![b'!'; 1000]))]).await?;
    let told = trial
        .within(TELLS_WITHIN, async |trial| {
            // A topic that is gone is first missed by the monitor, which waits for it in vain; the relay gives up later.
            let says = |reason: &String| way == Unwritable::Deleted || reason.starts_with("outbox relay");
            trial.reasons().await.iter().any(says)
        })
        .await;
    if !told {
        trial.broken(format!("{way:?}: dead letters cannot be written, and no node says so"));
    }
    // Once the outbox has not moved for so long, not even the first step past a dead letter is taken.
    tokio::time::sleep(Duration::from_secs(STUCK_AFTER_S + 4)).await;
    let mut second = poison::raw(Some(vec![b'?'; 1000]));
    second.key.clone_from(&first[0].0.key);
    let second = append(log, vec![second]).await?;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let Placed { partition, offset, .. } = second[0].1;
    let next = consumed(trial, partition).await?.filter(|next| *next > offset);
    if let Some(next) = next {
        trial.broken(format!(
            "raw-items/{partition} was consumed to {next}, past a letter at {offset} that is nowhere"
        ));
    }
    Ok([first, second].concat())
}

fn is_marked(letter: &Value) -> bool {
    letter["headers"][poison::MARK].is_string()
}

/// Begins a trial in which the records that `make` answers are on the log; it is called when they are put there. The embedded log
/// belongs to its process, so there that is before it starts.
pub(super) async fn with_records(
    setting: Setting<'_>,
    plan: Plan,
    make: impl FnOnce() -> anyhow::Result<Vec<NewRecord>>,
) -> anyhow::Result<(Trial, Put)> {
    let installation = setting.lab.install(setting.engine, plan.nodes, &plan.sets).await?;
    if setting.engine == Engine::Embedded {
        let log = open_embedded(&installation.nodes[0].dir).await?;
        let sent = append(&*log, make()?).await?;
        log.close(LOOK_FOR).await?;
        drop(log);
        let trial = Trial::begin_in(setting.lab, setting.case, setting.seed, plan, installation).await?;
        let since = trial.ready_at;
        return Ok((trial, Put { sent, since }));
    }
    let trial = Trial::begin_in(setting.lab, setting.case, setting.seed, plan, installation).await?;
    let log = trial.installation.open_kafka().await?;
    let sent = append(&*log, make()?).await?;
    let since = Instant::now();
    log.close(LOOK_FOR).await?;
    Ok((trial, Put { sent, since }))
}

async fn append(log: &dyn EventLog, records: Vec<NewRecord>) -> anyhow::Result<Sent> {
    let placed = log.append(records.clone()).await?;
    Ok(records.into_iter().zip(placed).collect())
}

async fn open_embedded(dir: &Path) -> anyhow::Result<Arc<EmbeddedLog>> {
    let dir = dir.join("log");
    blocking(move || {
        let definitions = TopicDefinitions::shipped()?;
        Ok(EmbeddedLog::open(dir, definitions, Arc::new(SystemClock), EmbeddedOptions::default())?)
    })
    .await
}

/// Waits until so many dead letters are there; how long that took.
async fn all_dead(
    trial: &mut Trial,
    count: usize,
    begun: Instant,
    within: Duration,
) -> anyhow::Result<Duration> {
    let within = within * SLACK;
    loop {
        let topics = trial.api.topics().await?;
        let dlq = topics.iter().find(|topic| topic["name"] == "dlq");
        let end = dlq.and_then(|dlq| dlq["partitions"][0]["end"].as_u64()).unwrap_or(0);
        let took = begun.elapsed();
        if end >= count as u64 {
            if took > within {
                let (took, within) = (took.as_secs_f64(), within.as_secs());
                trial.broken(format!("{count} dead letters took {took:.1} s, not {within} s"));
            }
            return Ok(took);
        }
        if took > LOOK_FOR {
            trial
                .verdict
                .add(Kind::Lost, format!("{end} dead letters of {count} after {} s", LOOK_FOR.as_secs()));
            return Ok(took);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Compares the dead letters with what was sent, byte for byte.
async fn check_letters(trial: &mut Trial, sent: &Sent) -> anyhow::Result<()> {
    let begun = Instant::now();
    let mut problems = poison::problems(sent, &dead_letters(trial).await?);
    // One that was relayed twice may have been counted for one that is on its way.
    while !problems.is_empty() && trial.installation.engine != Engine::Embedded && begun.elapsed() < LOOK_FOR
    {
        tokio::time::sleep(Duration::from_millis(200)).await;
        problems = poison::problems(sent, &dead_letters(trial).await?);
    }
    for problem in problems {
        trial.verdict.add(Kind::Corrupted, problem);
    }
    Ok(())
}

/// Every record of the dead-letter topic, as it lies on the log. The embedded log is read while its process is stopped.
pub(super) async fn dead_letters(trial: &mut Trial) -> anyhow::Result<Vec<LogRecord>> {
    if trial.installation.engine == Engine::Embedded {
        let node = &mut trial.installation.nodes[0];
        node.terminate(LOOK_FOR).await?;
        let log = open_embedded(&node.dir).await?;
        let letters = read_all(&*log).await?;
        log.close(LOOK_FOR).await?;
        drop(log);
        node.start().await?;
        Ok(letters)
    } else {
        let log = trial.installation.open_kafka().await?;
        let letters = read_all(&*log).await?;
        log.close(LOOK_FOR).await?;
        Ok(letters)
    }
}

async fn read_all(log: &dyn EventLog) -> Result<Vec<LogRecord>, LogError> {
    let end = log.bounds(Topic::Dlq, 0).await?.end;
    let (mut all, mut from) = (Vec::new(), 0);
    let begun = Instant::now();
    while from < end && begun.elapsed() < LOOK_FOR {
        let limit = ReadLimit { records: 1000, bytes: 64 * 1024 * 1024 };
        let read = log.read(Topic::Dlq, 0, from, limit).await?;
        match read.last() {
            Some(last) => from = last.offset + 1,
            // Kafka's client fetches ahead in its own time.
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
        all.extend(read);
    }
    Ok(all)
}

/// Takes the dead-letter topic away.
async fn delete_letters(trial: &Trial) -> anyhow::Result<()> {
    let topic = trial.installation.topic("dlq");
    kafka_tool(trial, "org.apache.kafka.tools.TopicCommand", vec!["--delete".into(), "--topic".into(), topic])
        .await
}

/// Lets the brokers take only so large records on the dead-letter topic.
async fn limit_letters(trial: &Trial, bytes: u32) -> anyhow::Result<()> {
    let (topic, config) = (trial.installation.topic("dlq"), format!("max.message.bytes={bytes}"));
    let words = ["--alter", "--entity-type", "topics", "--entity-name", &topic, "--add-config", &config];
    kafka_tool(trial, "kafka.admin.ConfigCommand", words.map(str::to_owned).to_vec()).await
}

/// Runs one of Kafka's own tools on the brokers.
async fn kafka_tool(trial: &Trial, class: &'static str, arguments: Vec<String>) -> anyhow::Result<()> {
    let servers = trial.installation.servers()?;
    blocking(move || {
        let bootstrap = servers.kafka.bootstrap();
        let mut words = vec!["--bootstrap-server", bootstrap.as_str()];
        words.extend(arguments.iter().map(String::as_str));
        let output = servers.kafka.tool(class, &words)?;
        anyhow::ensure!(output.status.success(), "{class}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    })
    .await
}

/// How far the items' consumer is in a partition of `raw-items`; none where the node cannot tell, as some of its topics are away.
async fn consumed(trial: &Trial, partition: u32) -> anyhow::Result<Option<u64>> {
    let (status, topics) = trial.api.call(0, Method::GET, "/api/topics", None).await?;
    if status == StatusCode::SERVICE_UNAVAILABLE {
        return Ok(None);
    }
    anyhow::ensure!(status == StatusCode::OK, "/api/topics: {status}");
    let topics = topics["items"].as_array().into_iter().flatten();
    let partitions = topics.filter(|topic| topic["name"] == "raw-items");
    let mut partitions = partitions.filter_map(|topic| topic["partitions"].as_array()).flatten();
    let of_it = partitions.find(|view| view["partition"] == partition);
    Ok(Some(of_it.and_then(|view| view["consumers"]["crisis-lens-main/normalise"].as_u64()).unwrap_or(0)))
}
