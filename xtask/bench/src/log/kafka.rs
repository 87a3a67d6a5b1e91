//! The engine on Kafka beside Kafka's own tools.

use std::sync::Arc;
use std::time::Instant;

use crisislens_log::kafka::admin::Admin;
use crisislens_log::kafka::{KafkaLog, KafkaSettings};
use crisislens_log::{EventLog, TopicDefinitions};

use super::{Figures, batches, consume, peer};
use crate::shared::start_kafka;

/// Callers that append at once.
const CALLERS: usize = 4;
/// Records of one call.
const BATCH: usize = 500;

/// Produces and consumes, ours and theirs in turn.
pub async fn measure(records: usize, rounds: usize) -> anyhow::Result<()> {
    let kafka = start_kafka()?;
    let url = format!("kafka://{}", kafka.bootstrap());
    peer::make_topic(&kafka)?;
    let (mut ours, mut theirs, mut consumed, mut their_consumed) = (vec![], vec![], vec![], vec![]);
    for round in 0..rounds {
        theirs.push(peer::produce(&kafka, records)?);
        // Topics of its own each round, so that a consumer reads what the round has written.
        let settings = KafkaSettings { prefix: format!("round-{round}."), ..KafkaSettings::default() };
        let admin = Admin::new(&url, TopicDefinitions::shipped()?, settings.clone())?;
        admin.apply(&admin.plan(false).await?).await?;
        let log: Arc<dyn EventLog> = KafkaLog::open(&url, TopicDefinitions::shipped()?, settings).await?;
        ours.push(produce(&log, records).await?);
        their_consumed.push(peer::consume(&kafka, records)?);
        consumed.push(consume::consume(&log, records, "bench").await?);
        log.close(std::time::Duration::from_secs(30)).await?;
        admin.remove().await?;
        eprintln!(
            "round {}: produced {ours:?} beside {theirs:?}, consumed {consumed:?} beside {their_consumed:?}",
            round + 1
        );
    }
    Figures::compared("kafka", "produce", ours, theirs).say()?;
    Figures::compared("kafka", "consume", consumed, their_consumed).say()
}

/// Records a second that are acknowledged.
async fn produce(log: &Arc<dyn EventLog>, records: usize) -> anyhow::Result<f64> {
    let calls: Vec<_> = (0..CALLERS).map(|caller| batches(caller, records / CALLERS, BATCH)).collect();
    let begun = Instant::now();
    let callers: Vec<_> = calls
        .into_iter()
        .map(|calls| {
            let log = Arc::clone(log);
            tokio::spawn(async move {
                // Each caller hands in the next call before the one before is acknowledged, as the relay's peers do.
                let mut appending = std::collections::VecDeque::new();
                for call in calls {
                    appending.push_back(log.enqueue(call).await?);
                    while appending.len() > 8 {
                        if let Some(oldest) = appending.pop_front() {
                            oldest.await?;
                        }
                    }
                }
                for rest in appending {
                    rest.await?;
                }
                Ok::<_, crisislens_log::LogError>(())
            })
        })
        .collect();
    for caller in callers {
        caller.await??;
    }
    Ok((records / CALLERS * CALLERS) as f64 / begun.elapsed().as_secs_f64())
}
