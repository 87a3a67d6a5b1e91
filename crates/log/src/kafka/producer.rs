//! The producer: idempotent, acks=all, bounded in memory, and made anew after an error that it cannot recover from.
//!
//! A record's bytes count against `in_flight_bytes` from before it is handed to librdkafka until it is acknowledged or has
//! failed, so a caller that is faster than the brokers waits instead of filling memory.
//!
//! Order: librdkafka keeps the order of a partition for as long as it gives no record up. So it never does: the deadline is ours
//! and a call's, not the client's and a record's. When it passes, the whole client is purged and replaced, and what it had written
//! by then is the beginning of what it was given. A call that failed may be made again as a whole: its records may then be on the
//! log twice, but their first appearances are in order. The exception is a record that the brokers refuse for what it is, which
//! ours are checked for before: what was handed in behind it may be written.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crisislens_model::nulls::Nulls;
use crisislens_model::{NewRecord, Topic};
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{
    BaseProducer, BaseRecord, NoCustomPartitioner, Producer as _, ProducerContext, PurgeConfig,
};
use rdkafka::{ClientContext, Message as _};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::Instant;

use super::context::{self, Trouble};
use super::convert;
use super::settings::KafkaSettings;
use super::topics::Topics;
use crate::{LogError, Placed};

/// Room is counted in units of so many bytes.
const ROOM_UNIT: usize = 1024;
/// What librdkafka and we keep for a record beside its bytes.
const RECORD_OVERHEAD: usize = 512;

/// How long the thread that takes deliveries waits for one; they are taken as they come.
const DELIVERIES_POLL: Duration = Duration::from_millis(500);

/// Hands records to the brokers.
pub(super) struct Producer {
    config: ClientConfig,
    /// Held for writing while a client is replaced and purged, so that nothing can be handed to one that was.
    current: RwLock<Arc<Client>>,
    room: Arc<Semaphore>,
    units: usize,
    /// How long an append may take once it is handed in.
    deadline: Duration,
    trouble: Trouble,
}

pub(super) type Client = BaseProducer<Deliveries>;

/// Where librdkafka reports deliveries.
pub(super) struct Deliveries {
    trouble: Trouble,
}

/// One append on its way.
struct Batch {
    waiting: AtomicUsize,
    outcome: Mutex<Outcome>,
}

struct Outcome {
    offsets: Vec<u64>,
    error: Option<KafkaError>,
    reply: Option<oneshot::Sender<Result<Vec<u64>, KafkaError>>>,
}

/// What comes back with a delivery.
pub(super) struct Ticket {
    batch: Arc<Batch>,
    index: usize,
    _room: OwnedSemaphorePermit,
}

impl Batch {
    fn new(records: usize) -> (Arc<Self>, oneshot::Receiver<Result<Vec<u64>, KafkaError>>) {
        let (reply, answer) = oneshot::channel();
        let outcome = Outcome { offsets: vec![0; records], error: None, reply: Some(reply) };
        (Arc::new(Self { waiting: AtomicUsize::new(records), outcome: Mutex::new(outcome) }), answer)
    }

    /// Whether one of its records has failed.
    fn has_failed(&self) -> bool {
        self.outcome.lock().unwrap_or_else(PoisonError::into_inner).error.is_some()
    }

    fn settle(&self, index: usize, result: Result<u64, KafkaError>) {
        let mut outcome = self.outcome.lock().unwrap_or_else(PoisonError::into_inner);
        match result {
            Ok(offset) => outcome.offsets[index] = offset,
            Err(error) => {
                outcome.error.get_or_insert(error);
            }
        }
        if self.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            let answer = match outcome.error.take() {
                None => Ok(std::mem::take(&mut outcome.offsets)),
                Some(error) => Err(error),
            };
            if let Some(reply) = outcome.reply.take() {
                // Nobody waits any more when the caller was dropped; the records are on the log all the same.
                let _ = reply.send(answer);
            }
        }
    }
}

impl ClientContext for Deliveries {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        context::log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        context::Listening { trouble: self.trouble.clone() }.error(error, reason);
    }
}

impl ProducerContext<NoCustomPartitioner> for Deliveries {
    type DeliveryOpaque = Box<Ticket>;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: Self::DeliveryOpaque) {
        let result = match result {
            Ok(message) => Ok(message.offset().unsigned_abs()),
            Err((error, _)) => Err(error.clone()),
        };
        ticket.batch.settle(ticket.index, result);
    }
}

impl Producer {
    /// A producer; connects in the background.
    pub fn new(
        brokers: &str,
        settings: &KafkaSettings,
        largest: usize,
        trouble: Trouble,
    ) -> Result<Self, LogError> {
        let mut config = settings.client(brokers)?;
        config
            .set("enable.idempotence", "true")
            .set("acks", "all")
            .set("linger.ms", settings.linger_ms.to_string())
            .set("batch.size", settings.batch_bytes.to_string())
            .set("message.max.bytes", (largest + super::MESSAGE_MARGIN_BYTES).to_string())
            // Without end: see above.
            .set("delivery.timeout.ms", "0")
            .set("request.timeout.ms", settings.request_timeout_ms.max(1_000).to_string())
            .set("retry.backoff.ms", "50")
            .set("retry.backoff.max.ms", "1000")
            // Our own bound is the one that callers wait at; librdkafka's stands behind it and is never reached.
            .set("queue.buffering.max.messages", "0")
            .set("queue.buffering.max.kbytes", (settings.in_flight_bytes / 512 + 65_536).to_string())
            .set("compression.type", "lz4")
            .set_log_level(RDKafkaLogLevel::Info);
        let units = (settings.in_flight_bytes / ROOM_UNIT).max(1);
        let client = make(&config, &trouble)?;
        Ok(Self {
            config,
            current: RwLock::new(client),
            room: Arc::new(Semaphore::new(units)),
            units,
            deadline: Duration::from_millis(settings.delivery_timeout_ms.max(1_000)),
            trouble,
        })
    }

    /// The client, for metadata and watermarks.
    pub fn client(&self) -> Arc<Client> {
        self.current.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Bytes that callers may still hand in before they have to wait.
    pub fn room_bytes(&self) -> usize {
        self.room.available_permits() * ROOM_UNIT
    }

    /// Hands in `records` in order, waiting for room; the answer comes once all are acknowledged or one has failed.
    pub async fn send(&self, records: &[NewRecord], topics: &Topics) -> Result<Sending, LogError> {
        let client = self.client();
        let (batch, answer) = Batch::new(records.len());
        let partitions: Vec<_> =
            records.iter().map(|record| (record.topic, topics.partition_of(record))).collect();
        let mut due = Instant::now() + self.deadline;
        for (index, record) in records.iter().enumerate() {
            let Ok(room) = tokio::time::timeout_at(due, self.take_room(record)).await else {
                if index == 0 {
                    // Those whose records hold it wait no more, or they would have given them up.
                    self.replace(&client)?;
                    return Err(LogError::Unavailable(
                        self.trouble.explain("no room for more appends became free"),
                    ));
                }
                // Its own records may be what holds the room: they are given up with the rest.
                for index in index..records.len() {
                    batch
                        .settle(index, Err(KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut)));
                }
                break;
            };
            let room = room?;
            due = Instant::now() + self.deadline;
            let nulls = Nulls::of(&record.headers);
            let ticket = Box::new(Ticket { batch: Arc::clone(&batch), index, _room: room });
            let mut message = BaseRecord::<[u8], [u8], _>::with_opaque_to(topics.name(record.topic), ticket)
                .partition(partitions[index].1.cast_signed())
                .headers(convert::headers(record, &nulls));
            if let Some(key) = convert::key(record, &nulls) {
                message = message.key(key);
            }
            if let Some(value) = &record.value {
                message = message.payload(value);
            }
            if let Err(error) = self.hand_in(&client, &batch, message) {
                for index in index..records.len() {
                    batch.settle(index, Err(error.clone()));
                }
                break;
            }
        }
        Ok(Sending { answer, partitions, client, due })
    }

    /// Hands in one record of a call, unless an earlier one has failed or the client was replaced meanwhile: nothing of a call
    /// comes behind a record of it that failed.
    fn hand_in(
        &self,
        client: &Arc<Client>,
        batch: &Batch,
        message: BaseRecord<'_, [u8], [u8], Box<Ticket>>,
    ) -> Result<(), KafkaError> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        if !Arc::ptr_eq(&current, client) || batch.has_failed() {
            return Err(KafkaError::MessageProduction(RDKafkaErrorCode::PurgeQueue));
        }
        client.send(message).map_err(|(error, _)| error)
    }

    async fn take_room(&self, record: &NewRecord) -> Result<OwnedSemaphorePermit, LogError> {
        let units = ((record.size() + RECORD_OVERHEAD) / ROOM_UNIT + 1).min(self.units);
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        Arc::clone(&self.room).acquire_many_owned(units).await.map_err(|_| LogError::Closed)
    }

    /// Waits for the acknowledgements of `sending`.
    ///
    /// Where they don't come in time, or the client has failed for good, its queues are purged and a new one takes its place: nothing
    /// that it still holds may reach the log behind what is given up. Everyone whose records were purged gets the error and may append
    /// again. A record that the brokers refuse fails its own call and no other.
    pub async fn finish(&self, sending: Sending) -> Result<Vec<Placed>, LogError> {
        let Sending { answer, partitions, client, due } = sending;
        let error = match tokio::time::timeout_at(due, answer).await {
            Ok(Ok(Ok(offsets))) => {
                let placed = partitions.into_iter().zip(offsets);
                return Ok(placed
                    .map(|((topic, partition), offset)| Placed { topic, partition, offset })
                    .collect());
            }
            Ok(Ok(Err(error))) => error,
            Ok(Err(_)) => return Err(LogError::Closed),
            Err(_) => KafkaError::MessageProduction(RDKafkaErrorCode::MessageTimedOut),
        };
        metrics::counter!("crisislens_log_append_failures_total").increment(1);
        let reason = match client.client().fatal_error() {
            Some((code, reason)) => {
                self.replace(&client)?;
                format!("the producer failed for good and was made anew: {code}: {reason}")
            }
            None => {
                if error.rdkafka_error_code() == Some(RDKafkaErrorCode::MessageTimedOut) {
                    self.replace(&client)?;
                }
                self.trouble.explain(&error)
            }
        };
        Err(match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                LogError::Unavailable(format!(
                    "{reason}: a topic is missing on the brokers; `crisislens topics init` makes it"
                ))
            }
            // Ours are checked before they are handed in: not the record is wrong, but the topic.
            Some(RDKafkaErrorCode::MessageSizeTooLarge) => LogError::Unavailable(format!(
                "{reason}: the topic takes less on the brokers than topics.yaml says; `crisislens topics init` mends it"
            )),
            Some(RDKafkaErrorCode::InvalidRecord) => LogError::Refused(reason),
            _ => LogError::Unavailable(reason),
        })
    }

    /// Puts a new client in the place of `failed`, unless somebody else has.
    fn replace(&self, failed: &Arc<Client>) -> Result<(), LogError> {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if Arc::ptr_eq(&current, failed) {
            let new = make(&self.config, &self.trouble)?;
            // Not waited for: a broker's thread may be looking up a name for long. What it still writes is the beginning of what
            // it was given, so that it passes nothing that is appended again.
            failed.purge(PurgeConfig::default().queue().inflight().non_blocking());
            let old = std::mem::replace(&mut *current, new);
            metrics::counter!("crisislens_log_producer_rebuilds_total").increment(1);
            // Dropping the last reference waits for what is still to be reported.
            std::thread::spawn(move || drop(old));
        }
        Ok(())
    }

    /// Takes no more, and waits for what was handed in.
    pub fn close(&self, within: Duration) -> Result<(), LogError> {
        self.room.close();
        self.client().flush(within).map_err(|error| LogError::Unavailable(self.trouble.explain(error)))
    }
}

/// An append that has been handed in.
pub(super) struct Sending {
    answer: oneshot::Receiver<Result<Vec<u64>, KafkaError>>,
    partitions: Vec<(Topic, u32)>,
    client: Arc<Client>,
    /// When it is given up.
    due: Instant,
}

/// A client, and a thread that takes its deliveries for as long as somebody holds it.
///
/// The library's own thread polls ten times a second and spins for the last part of each: a hundredth of a core, always.
fn make(config: &ClientConfig, trouble: &Trouble) -> Result<Arc<Client>, LogError> {
    let client: Client = config
        .create_with_context(Deliveries { trouble: trouble.clone() })
        .map_err(|error| LogError::Setup(format!("the Kafka producer cannot be made: {error}")))?;
    let client = Arc::new(client);
    let held = Arc::downgrade(&client);
    std::thread::Builder::new()
        .name("deliveries".to_owned())
        .spawn(move || {
            while let Some(client) = held.upgrade() {
                client.poll(DELIVERIES_POLL);
            }
        })
        .map_err(|error| LogError::Unavailable(error.to_string()))?;
    Ok(client)
}

#[cfg(test)]
mod tests {
    use std::ffi::CString;

    use rdkafka::mocking::MockCluster;

    use super::*;
    use crate::TopicDefinitions;

    /// Makes librdkafka believe that the idempotent producer has lost its place for good, as it does by itself when brokers lose
    /// acknowledged records or give the producer's id away.
    #[expect(unsafe_code, reason = "librdkafka has a call for it, the Rust client does not")]
    fn fail_for_good(client: &Client) {
        let code = rdkafka::bindings::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER;
        let reason = CString::new("tried in a test").unwrap();
        // SAFETY: the client lives for as long as the borrow, and the text is copied.
        unsafe {
            rdkafka::bindings::rd_kafka_test_fatal_error(client.client().native_ptr(), code, reason.as_ptr())
        };
    }

    #[tokio::test]
    async fn a_client_that_failed_for_good_is_replaced_and_its_caller_is_told() {
        let brokers = MockCluster::new(1).unwrap();
        let topics = Topics::named(TopicDefinitions::shipped().unwrap(), "");
        brokers.create_topic(topics.name(Topic::Dlq), 1, 1).unwrap();
        let settings = KafkaSettings { linger_ms: 1, ..KafkaSettings::default() };
        let producer =
            Producer::new(&brokers.bootstrap_servers(), &settings, 1 << 20, Trouble::default()).unwrap();
        let records = [NewRecord {
            topic: Topic::Dlq,
            key: b"k".to_vec(),
            value: Some(b"v".to_vec()),
            headers: Vec::new(),
        }];
        let append = async || {
            let sending = producer.send(&records, &topics).await?;
            producer.finish(sending).await
        };
        assert_eq!(append().await.unwrap()[0].offset, 0);
        let failed = producer.client();
        fail_for_good(&failed);
        let told = append().await.unwrap_err();
        assert!(matches!(&told, LogError::Unavailable(why) if why.contains("was made anew")), "{told:?}");
        assert!(!Arc::ptr_eq(&failed, &producer.client()));
        assert_eq!(
            append().await.unwrap()[0].offset,
            1,
            "the next one works, and nothing of the failed one came"
        );
        // A record lets go of its room just after its caller has the answer.
        let all = producer.room.acquire_many(u32::try_from(producer.units).unwrap());
        let all = tokio::time::timeout(Duration::from_secs(60), all).await;
        assert!(all.is_ok_and(|all| all.is_ok()), "all room is given back");
    }
}
