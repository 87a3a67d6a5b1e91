//! `crisislens topics init|list|describe|tail`.

use std::time::Duration;

use anyhow::Context;
use axum::http::Method;
use clap::Subcommand;
use crisislens_log::kafka::admin::{Admin, Plan};
use serde_json::Value;

use super::access::Access;
use super::out::{note, say, say_json};
use crate::config::{Config, LogUrl};

#[derive(Subcommand)]
pub enum Topics {
    /// Makes the topics as topics.yaml says and changes those that differ; safe to repeat
    ///
    /// Adds partitions and sets configuration, and shows each change. What would lose data is refused.
    Init {
        /// Only show what would be done
        #[arg(long)]
        dry_run: bool,
        /// Also carry out what lets the brokers drop records that they keep now, such as a shorter retention
        #[arg(long)]
        accept_data_loss: bool,
        /// The plan as one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Lists topics with their partitions, records and lag
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows a topic's partitions and consumers
    Describe {
        /// Name of the topic
        topic: String,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Prints the newest records of a topic, one JSON object a line
    Tail {
        /// Name of the topic
        topic: String,
        /// Newest records of each partition
        #[arg(short = 'n', long, default_value_t = 10)]
        records: usize,
        /// Go on printing what comes
        #[arg(short, long)]
        follow: bool,
    },
}

pub async fn run(config: Config, topics: Topics) -> anyhow::Result<()> {
    if let (Topics::Init { dry_run, accept_data_loss, json }, Ok(LogUrl::Kafka(url))) =
        (&topics, config.log.url())
    {
        return init_kafka(&config, &url, *dry_run, *accept_data_loss, *json).await;
    }
    let access = Access::find(config).await?;
    match topics {
        Topics::Init { json, .. } => {
            // Opening the embedded log makes what is missing; its topics are always as the definitions say.
            let all = list(&access).await?;
            if json {
                say_json(&Plan::default())?;
            } else {
                say(format_args!("{} topics are there; nothing to do", all.len()));
            }
        }
        Topics::List { json } => {
            for topic in list(&access).await? {
                if json {
                    say_json(&topic)?;
                } else {
                    print_line(&topic);
                }
            }
        }
        Topics::Describe { topic, json } => describe(&access, &topic, json).await?,
        Topics::Tail { topic, records, follow } => tail(&access, &topic, records, follow).await?,
    }
    access.close().await
}

/// Brings the brokers' topics to what topics.yaml says.
async fn init_kafka(
    config: &Config,
    url: &str,
    dry_run: bool,
    accept_data_loss: bool,
    json: bool,
) -> anyhow::Result<()> {
    let admin = Admin::new(url, config.log.definitions()?, config.log.kafka.clone())?;
    let plan = admin.plan(accept_data_loss).await?;
    if json {
        say_json(&plan)?;
    } else {
        for change in &plan.changes {
            say(change);
        }
        for refusal in &plan.refused {
            say(format_args!("refused: {refusal}"));
        }
    }
    let mut cautions = plan.cautions.clone();
    if !dry_run {
        admin.apply(&plan).await?;
        // What was made shows only now how many copies the cluster gives it.
        cautions = admin.plan(accept_data_loss).await?.cautions;
    }
    // Beside the plan: standard output is for programs.
    cautions.iter().for_each(|caution| note(format_args!("caution: {caution}")));
    if !json {
        let done = if dry_run { "would be made" } else { "made" };
        match plan.changes.len() {
            0 => say("the topics are as topics.yaml says; nothing to do"),
            1 => say(format_args!("1 change {done}")),
            changes => say(format_args!("{changes} changes {done}")),
        }
    }
    anyhow::ensure!(
        plan.refused.is_empty(),
        "{} changes were refused; everything else was done",
        plan.refused.len()
    );
    Ok(())
}

async fn list(access: &Access) -> anyhow::Result<Vec<Value>> {
    let mut answer = access.call(Method::GET, "/api/topics", None).await?;
    match answer["items"].take() {
        Value::Array(items) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

fn partitions(topic: &Value) -> &[Value] {
    topic["partitions"].as_array().map_or(&[], Vec::as_slice)
}

fn print_line(topic: &Value) {
    let records: u64 = partitions(topic)
        .iter()
        .map(|part| part["end"].as_u64().unwrap_or(0) - part["start"].as_u64().unwrap_or(0))
        .sum();
    let lag: Vec<String> = topic["lag"]
        .as_object()
        .map(|lags| lags.iter().map(|(consumer, lag)| format!("{consumer} {lag}")).collect())
        .unwrap_or_default();
    say(format_args!(
        "{:<18} {:>3} partitions {:>9} records   lag: {}",
        topic["name"].as_str().unwrap_or_default(),
        partitions(topic).len(),
        records,
        if lag.is_empty() { "no consumers".to_owned() } else { lag.join(", ") }
    ));
}

async fn describe(access: &Access, name: &str, json: bool) -> anyhow::Result<()> {
    let all = list(access).await?;
    let known: Vec<&str> = all.iter().filter_map(|topic| topic["name"].as_str()).collect();
    let topic = all
        .iter()
        .find(|topic| topic["name"] == name)
        .with_context(|| format!("there is no topic {name}; there are {}", known.join(", ")))?;
    if json {
        say_json(topic)?;
        return Ok(());
    }
    say(format_args!(
        "{name}: kept {} h, records up to {} bytes",
        topic["retention_ms"].as_u64().unwrap_or(0) / 3_600_000,
        topic["max_message_bytes"]
    ));
    for part in partitions(topic) {
        say(format_args!(
            "  partition {:>2}: offsets {} to {}  {}",
            part["partition"], part["start"], part["end"], part["consumers"]
        ));
    }
    Ok(())
}

async fn tail(access: &Access, topic: &str, records: usize, follow: bool) -> anyhow::Result<()> {
    let path = format!("/api/topics/{topic}/records?limit={records}");
    let mut next = print_records(access, &path).await?;
    if !follow {
        return Ok(());
    }
    loop {
        tokio::time::sleep(Duration::from_millis(500)).await;
        for partition in list(access).await?.iter().filter(|view| view["name"] == topic).flat_map(partitions)
        {
            let (Some(number), Some(end)) = (partition["partition"].as_u64(), partition["end"].as_u64())
            else {
                continue;
            };
            let from = *next.entry(number).or_insert(partition["start"].as_u64().unwrap_or(0));
            if from < end {
                let path = format!("/api/topics/{topic}/records?partition={number}&offset={from}&limit=1000");
                next.extend(print_records(access, &path).await?);
            }
        }
    }
}

/// Prints the records and answers the next offset of each partition among them.
async fn print_records(access: &Access, path: &str) -> anyhow::Result<std::collections::BTreeMap<u64, u64>> {
    let answer = access.call(Method::GET, path, None).await?;
    let mut next = std::collections::BTreeMap::new();
    for record in answer["items"].as_array().map_or(&[][..], Vec::as_slice) {
        say_json(record)?;
        if let (Some(partition), Some(offset)) = (record["partition"].as_u64(), record["offset"].as_u64()) {
            next.insert(partition, offset + 1);
        }
    }
    Ok(next)
}
