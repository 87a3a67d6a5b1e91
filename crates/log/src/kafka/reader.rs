//! Reads of one topic: finds or makes the window that a read belongs to, and waits for the brokers where it must.
//!
//! Readers near each other (live tail, consumers that keep up, the search projector) share one window of the first lane; one
//! that lags behind gets a window on another lane until it has caught up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use crisislens_model::Topic;
use rdkafka::ClientConfig;
use tokio::sync::watch;

use super::context::Trouble;
use super::lane::Lane;
use super::producer::Producer;
use super::window::{Window, WindowLimits};
use crate::{Bounds, LogError, LogRecord, ReadLimit};
use rdkafka::producer::Producer as _;

/// Most lanes of a topic: readers further apart than that take turns on the last one.
const MAX_LANES: usize = 4;
/// A window of another lane than the first is given up when nobody has read it for so long.
const IDLE: Duration = Duration::from_secs(30);
/// How often a read that waits asks the brokers where the partition begins and ends.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// How long a read waits for its turn when every window is waited for.
const TURN: Duration = Duration::from_millis(10);

/// How the brokers are reached, the same for every topic.
#[derive(Clone)]
pub(super) struct Access {
    /// Of the consumers that read.
    pub config: ClientConfig,
    /// Of each window.
    pub limits: WindowLimits,
    /// Longest wait for the brokers.
    pub timeout: Duration,
    /// What they last said.
    pub trouble: Trouble,
    /// Its client answers questions about offsets.
    pub producer: Arc<Producer>,
}

/// Reads one topic.
pub(super) struct Reader {
    topic: Topic,
    name: String,
    access: Access,
    lanes: Mutex<Vec<Arc<Lane>>>,
    known_ends: KnownEnds,
    changes: watch::Sender<u64>,
}

/// For each partition the furthest end that anybody here has been told of: a read before it waits for the record.
#[derive(Clone)]
pub(super) struct KnownEnds(Arc<RwLock<Vec<AtomicU64>>>);

impl KnownEnds {
    /// Notes that the partition reaches to `end` at least.
    pub fn knows(&self, partition: u32, end: u64) {
        if let Some(known) = self.partitions().get(partition as usize) {
            known.fetch_max(end, Ordering::AcqRel);
        }
    }

    fn of(&self, partition: u32) -> u64 {
        self.partitions().get(partition as usize).map_or(0, |known| known.load(Ordering::Acquire))
    }

    fn grow(&self, partitions: u32) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let count = known.len().max(partitions as usize);
        known.resize_with(count, AtomicU64::default);
    }

    fn partitions(&self) -> RwLockReadGuard<'_, Vec<AtomicU64>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What one look at the windows showed.
enum Look {
    Records(Vec<LogRecord>),
    End,
    /// It is on its way on this lane, whose window is held until it is served.
    Wait(Arc<Lane>, Arc<()>),
    /// No window covers it.
    Nowhere,
}

impl Reader {
    /// A reader of `partitions` partitions; connects at the first read.
    pub fn new(topic: Topic, name: &str, partitions: u32, access: Access) -> Self {
        let known_ends = KnownEnds(Arc::default());
        known_ends.grow(partitions);
        Self {
            topic,
            name: name.to_owned(),
            access,
            lanes: Mutex::default(),
            known_ends,
            changes: watch::Sender::new(0),
        }
    }

    /// Counts up when records have come.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether there is such a partition.
    pub fn has(&self, partition: u32) -> bool {
        (partition as usize) < self.known_ends.partitions().len()
    }

    /// Takes note that there are so many partitions, and wakes those who wait for records.
    pub fn grow(&self, partitions: u32) {
        self.known_ends.grow(partitions);
        self.changes.send_modify(|count| *count += 1);
    }

    /// How far the partitions are known to reach.
    pub fn ends(&self) -> KnownEnds {
        self.known_ends.clone()
    }

    /// Asks the brokers for the bounds of a partition.
    pub async fn bounds(&self, partition: u32) -> Result<Bounds, LogError> {
        let (producer, name) = (Arc::clone(&self.access.producer), self.name.clone());
        let (timeout, trouble) = (self.access.timeout, self.access.trouble.clone());
        let (start, end) = super::blocking(move || {
            let client = producer.client();
            client
                .client()
                .fetch_watermarks(&name, partition.cast_signed(), timeout)
                .map_err(|error| LogError::Unavailable(trouble.explain(error)))
        })
        .await?;
        let bounds = Bounds { start: start.unsigned_abs(), end: end.unsigned_abs() };
        self.known_ends.knows(partition, bounds.end);
        Ok(bounds)
    }

    /// Reads as [`crate::EventLog::read`] says.
    pub async fn read(
        &self,
        partition: u32,
        from: u64,
        limit: ReadLimit,
    ) -> Result<Vec<LogRecord>, LogError> {
        let started = Instant::now();
        loop {
            let known = self.known_ends.of(partition);
            let waiting = started.elapsed();
            match self.look(partition, from, limit, known, waiting) {
                Look::Records(records) => return Ok(records),
                Look::End => return Ok(Vec::new()),
                Look::Nowhere => {
                    let bounds = self.check(partition, from).await?;
                    if !self.open_window(partition, from)? {
                        if waiting > self.access.timeout {
                            let what =
                                format!("too many readers of {}/{partition} far from each other", self.topic);
                            return Err(LogError::Unavailable(what));
                        }
                        tokio::time::sleep(TURN).await;
                    } else if from == bounds.end {
                        return Ok(Vec::new());
                    }
                }
                Look::Wait(lane, _pin) => {
                    if waiting > self.access.timeout {
                        self.close_window(&lane, partition);
                        let what = format!("no record {from} of {}/{partition} from the brokers", self.topic);
                        return Err(LogError::Unavailable(self.access.trouble.explain(what)));
                    }
                    if tokio::time::timeout(CHECK_EVERY, self.arrival(&lane, partition, from)).await.is_err()
                    {
                        let checked = self.check(partition, from).await;
                        if matches!(checked, Err(LogError::OutOfRange { .. })) {
                            self.close_window(&lane, partition);
                        }
                        checked?;
                    }
                }
            }
        }
    }

    fn look(&self, partition: u32, from: u64, limit: ReadLimit, known_end: u64, waited: Duration) -> Look {
        let lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for lane in lanes {
            let mut windows = lane.windows();
            let Some(window) = windows.get_mut(&partition).filter(|window| window.covers(from)) else {
                continue;
            };
            let records = window.read(from, limit, self.access.limits);
            if !records.is_empty() {
                return Look::Records(records);
            }
            // Markers of somebody else's transactions take offsets that no record will fill: what the brokers call the
            // end is the end, even if we know of a later offset, once there was time for a record to come.
            let nothing_follows = window.at_end && waited >= CHECK_EVERY;
            if from >= known_end || nothing_follows {
                return Look::End;
            }
            let pin = window.pin();
            drop(windows);
            return Look::Wait(lane, pin);
        }
        Look::Nowhere
    }

    /// Waits until a record at or behind `from` has been fetched.
    async fn arrival(&self, lane: &Lane, partition: u32, from: u64) {
        loop {
            let arrived = lane.arrived().notified();
            let fetched = lane.windows().get(&partition).is_none_or(|window| window.next() > from);
            if fetched {
                return;
            }
            arrived.await;
        }
    }

    /// Asks the brokers whether `from` is on the log.
    async fn check(&self, partition: u32, from: u64) -> Result<Bounds, LogError> {
        let bounds = self.bounds(partition).await?;
        if (bounds.start..=bounds.end).contains(&from) {
            return Ok(bounds);
        }
        let Bounds { start, end } = bounds;
        Err(LogError::OutOfRange { topic: self.topic, partition, asked: from, start, end })
    }

    /// Makes a window that begins at `from`: on a lane where the partition has none, on a new lane, or in the place of the
    /// window that was read longest ago and that nobody waits for. False where there is none of these.
    fn open_window(&self, partition: u32, from: u64) -> Result<bool, LogError> {
        let now = Instant::now();
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever waits at the end of a partition is woken by the window that reaches furthest: that one always stays.
        let reaches = |lane: &&Arc<Lane>| lane.windows().get(&partition).map(Window::next);
        let keeper = lanes.iter().max_by_key(reaches).map(Arc::as_ptr);
        let others = || lanes.iter().filter(|lane| Some(Arc::as_ptr(lane)) != keeper);
        for lane in others() {
            let mut windows = lane.windows();
            if windows.get(&partition).is_some_and(|window| window.is_idle(now, IDLE)) {
                lane.unassign(&mut windows, partition);
            }
        }
        for lane in lanes.iter() {
            let mut windows = lane.windows();
            if let std::collections::hash_map::Entry::Vacant(_) = windows.entry(partition) {
                lane.assign(&mut windows, partition, from);
                return Ok(true);
            }
        }
        if lanes.len() < MAX_LANES {
            let (name, changes) = (&self.name, self.changes.clone());
            let lane = Lane::start(
                &self.access.config,
                self.topic,
                name,
                self.access.limits,
                changes,
                self.access.trouble.clone(),
            )?;
            lane.assign(&mut lane.windows(), partition, from);
            lanes.push(Arc::new(lane));
            return Ok(true);
        }
        let is_free =
            |lane: &&Arc<Lane>| lane.windows().get(&partition).is_some_and(|window| !window.is_pinned());
        let last_read = |lane: &&Arc<Lane>| lane.windows().get(&partition).map(|window| window.last_read);
        let oldest = others().filter(is_free).min_by_key(last_read);
        if let Some(lane) = oldest {
            lane.assign(&mut lane.windows(), partition, from);
        }
        Ok(oldest.is_some())
    }

    /// Gives a window up, and wakes everybody who waits for it: their next read makes another.
    fn close_window(&self, lane: &Lane, partition: u32) {
        lane.unassign(&mut lane.windows(), partition);
        self.changes.send_modify(|count| *count += 1);
    }

    /// Ends the lanes; readers that wait find the log closed.
    pub fn close(&self) {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.changes.send_modify(|count| *count += 1);
    }
}
