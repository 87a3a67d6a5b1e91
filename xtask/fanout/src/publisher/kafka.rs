//! Publishing to a broker: idempotent, acknowledged by all, as many messages under way as there are.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseRecord, DeliveryResult, Producer, ProducerContext, ThreadedProducer};

use super::Progress;
use crate::dialect::KafkaMessage;

/// How long what is under way may take at the end.
const FLUSH_WITHIN: Duration = Duration::from_secs(10);

/// A producer.
pub struct Kafka {
    producer: ThreadedProducer<Refusals>,
}

/// Counts what the broker did not take.
struct Refusals(Arc<Progress>);

impl rdkafka::ClientContext for Refusals {}

impl ProducerContext for Refusals {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if result.is_err() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Kafka {
    /// A producer for the broker at `brokers`.
    pub fn open(brokers: &str, progress: Arc<Progress>) -> anyhow::Result<Self> {
        let producer = ClientConfig::new()
            .set("bootstrap.servers", brokers)
            .set("enable.idempotence", "true")
            .set("linger.ms", "0")
            .create_with_context(Refusals(progress))
            .context("the publisher cannot reach the broker")?;
        Ok(Self { producer })
    }

    /// Hands `message` over; failures show in the progress.
    pub fn send(&mut self, message: Option<KafkaMessage>) -> anyhow::Result<()> {
        let KafkaMessage { topic, key, value, headers } =
            message.context("this server is not fed from Kafka")?;
        let mut owned = OwnedHeaders::new_with_capacity(headers.len());
        for (name, value) in &headers {
            owned = owned.insert(Header { key: name, value: Some(value) });
        }
        let record = BaseRecord::to(topic).key(&key).payload(&value).headers(owned);
        self.producer.send(record).map_err(|(error, _)| error)?;
        Ok(())
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        let _ = self.producer.flush(FLUSH_WITHIN);
    }
}
