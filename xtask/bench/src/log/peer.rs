//! Kafka's own measuring tools, run against the same broker.

use anyhow::{Context, ensure};
use crisislens_servers::Kafka;

/// The topic that the tools write and read.
const TOPIC: &str = "peer";
const TOOLS: &str = "org.apache.kafka.tools";

/// Makes the tools' topic, with as many partitions as `raw-items`.
pub fn make_topic(kafka: &Kafka) -> anyhow::Result<()> {
    let bootstrap = kafka.bootstrap();
    let class = format!("{TOOLS}.TopicCommand");
    let arguments = [
        "--bootstrap-server",
        &bootstrap,
        "--create",
        "--if-not-exists",
        "--topic",
        TOPIC,
        "--partitions",
        "6",
    ];
    run(kafka, &class, &arguments).map(drop)
}

/// Records a second of `ProducerPerformance`.
pub fn produce(kafka: &Kafka, records: usize) -> anyhow::Result<f64> {
    let server = format!("bootstrap.servers={}", kafka.bootstrap());
    let count = records.to_string();
    let size = super::VALUE_BYTES.to_string();
    let arguments = [
        "--topic",
        TOPIC,
        "--num-records",
        &count,
        "--record-size",
        &size,
        "--throughput",
        "-1",
        "--command-property",
        &server,
        "acks=all",
        "compression.type=lz4",
        "batch.size=262144",
        "linger.ms=5",
    ];
    let output = run(kafka, &format!("{TOOLS}.ProducerPerformance"), &arguments)?;
    // "500000 records sent, 56079.9 records/sec (54.77 MB/sec), …": the last such line is the whole.
    let rate = output.lines().rev().find_map(|line| {
        line.split(',').find_map(|part| part.trim().split_once(" records/sec"))?.0.trim().parse().ok()
    });
    rate.with_context(|| format!("ProducerPerformance said no rate: {output}"))
}

/// Records a second of `ConsumerPerformance`, without the time that joining its group takes.
pub fn consume(kafka: &Kafka, records: usize) -> anyhow::Result<f64> {
    let bootstrap = kafka.bootstrap();
    let (count, group) = (records.to_string(), format!("peer-{}", std::process::id()));
    let arguments = [
        "--bootstrap-server",
        &bootstrap,
        "--topic",
        TOPIC,
        "--group",
        &group,
        "--num-records",
        &count,
        "--timeout",
        "60000",
    ];
    let output = run(kafka, &format!("{TOOLS}.ConsumerPerformance"), &arguments)?;
    let mut lines = output.lines().filter(|line| line.contains(','));
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').map(str::trim).collect();
    let values: Vec<&str> = lines.next_back().unwrap_or_default().split(',').map(str::trim).collect();
    let named = |name: &str| -> Option<f64> {
        let place = names.iter().position(|one| one.eq_ignore_ascii_case(name))?;
        values.get(place)?.parse().ok()
    };
    named("fetch.nMsg.sec").or_else(|| named("nMsg.sec")).with_context(|| format!("no rate in: {output}"))
}

fn run(kafka: &Kafka, class: &str, arguments: &[&str]) -> anyhow::Result<String> {
    let output = kafka.tool(class, arguments)?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let problem = String::from_utf8_lossy(&output.stderr).into_owned();
    ensure!(output.status.success(), "{class}: {problem}{text}");
    Ok(text)
}
