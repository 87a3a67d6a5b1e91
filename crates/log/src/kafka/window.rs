//! A window on one partition: records fetched and not yet far behind the fastest reader, served to every reader near it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::convert::size_read;
use crate::{LogRecord, ReadLimit};

/// How much a window may hold.
#[derive(Debug, Clone, Copy)]
pub(super) struct WindowLimits {
    /// Ahead of the fastest reader before fetching pauses.
    pub high_bytes: usize,
    /// Ahead of the fastest reader when it resumes.
    pub low_bytes: usize,
    /// Behind the fastest reader, for slower ones.
    pub behind_bytes: usize,
}

/// Fetched records of one partition.
#[derive(Debug)]
pub(super) struct Window {
    /// Which assignment its records come from; those of an earlier one are not taken.
    pub generation: u64,
    /// Whether fetching is paused.
    pub paused: bool,
    /// Whether the brokers have said that nothing follows for now.
    pub at_end: bool,
    /// When it was last read.
    pub last_read: Instant,
    /// Cloned by readers while they wait for records of it: until they are served, nobody takes the window from them.
    pin: Arc<()>,
    records: VecDeque<LogRecord>,
    /// Reads from `low` to `next` can be served.
    low: u64,
    /// What is fetched next.
    next: u64,
    /// The furthest that a reader has come.
    wanted: u64,
    ahead_bytes: usize,
    behind_bytes: usize,
}

impl Window {
    /// An empty window that begins at `from`.
    pub fn new(generation: u64, from: u64) -> Self {
        Self {
            generation,
            paused: false,
            at_end: false,
            last_read: Instant::now(),
            pin: Arc::default(),
            records: VecDeque::new(),
            low: from,
            next: from,
            wanted: from,
            ahead_bytes: 0,
            behind_bytes: 0,
        }
    }

    /// Whether a read from `from` belongs here.
    pub fn covers(&self, from: u64) -> bool {
        (self.low..=self.next).contains(&from)
    }

    /// Takes a record in; what is older than expected is a repetition after a new fetch, and dropped.
    pub fn push(&mut self, record: LogRecord) {
        if record.offset < self.next {
            return;
        }
        self.next = record.offset + 1;
        self.at_end = false;
        self.ahead_bytes += size_read(&record);
        self.records.push_back(record);
    }

    /// Records from `from` on; empty when none of them has been fetched.
    pub fn read(&mut self, from: u64, limit: ReadLimit, limits: WindowLimits) -> Vec<LogRecord> {
        self.last_read = Instant::now();
        let first = self.records.partition_point(|record| record.offset < from);
        let (mut taken, mut bytes) = (Vec::new(), 0_usize);
        for record in self.records.range(first..) {
            if taken.len() >= limit.records.max(1) || (bytes >= limit.bytes && !taken.is_empty()) {
                break;
            }
            bytes = bytes.saturating_add(size_read(record));
            taken.push(record.clone());
        }
        let reached = taken.last().map_or(from, |last| last.offset + 1);
        self.advance(reached, limits.behind_bytes);
        taken
    }

    fn advance(&mut self, reached: u64, keep_bytes: usize) {
        if reached > self.wanted {
            let passed = self.records.partition_point(|record| record.offset < self.wanted);
            for record in self.records.range(passed..).take_while(|record| record.offset < reached) {
                let size = size_read(record);
                self.ahead_bytes -= size;
                self.behind_bytes += size;
            }
            self.wanted = reached;
        }
        while self.behind_bytes > keep_bytes
            && let Some(oldest) = self.records.front()
            && oldest.offset < self.wanted
        {
            self.behind_bytes -= size_read(oldest);
            self.low = oldest.offset + 1;
            self.records.pop_front();
        }
    }

    /// Whether fetching is to pause (`Some(true)`), to resume (`Some(false)`), or to stay as it is.
    pub fn flow(&self, limits: WindowLimits) -> Option<bool> {
        match self.paused {
            false if self.ahead_bytes > limits.high_bytes => Some(true),
            true if self.ahead_bytes <= limits.low_bytes => Some(false),
            _ => None,
        }
    }

    /// Keeps the window in its place for as long as the answer lives.
    pub fn pin(&self) -> Arc<()> {
        Arc::clone(&self.pin)
    }

    /// Whether a reader waits for records of it.
    pub fn is_pinned(&self) -> bool {
        Arc::strong_count(&self.pin) > 1
    }

    /// What is fetched next.
    pub fn next(&self) -> u64 {
        self.next
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::{Timestamp, Topic};

    use super::*;

    const LIMITS: WindowLimits = WindowLimits { high_bytes: 1000, low_bytes: 300, behind_bytes: 200 };
    const ALL: ReadLimit = ReadLimit { records: usize::MAX, bytes: usize::MAX };

    fn record(offset: u64) -> LogRecord {
        LogRecord {
            topic: Topic::Claims,
            partition: 0,
            offset,
            timestamp: Timestamp::UNIX_EPOCH,
            key: bytes::Bytes::new(),
            value: Some(vec![0; 100].into()),
            headers: vec![],
        }
    }

    fn window(from: u64, to: u64) -> Window {
        let mut window = Window::new(1, from);
        (from..to).for_each(|offset| window.push(record(offset)));
        window
    }

    fn offsets(records: &[LogRecord]) -> Vec<u64> {
        records.iter().map(|record| record.offset).collect()
    }

    #[test]
    fn limits_hold_and_one_record_always_comes() {
        let mut window = window(5, 15);
        let read =
            |window: &mut Window, records, bytes| window.read(5, ReadLimit { records, bytes }, LIMITS).len();
        assert_eq!(read(&mut window, 3, usize::MAX), 3);
        let mut window = self::window(5, 15);
        assert_eq!(read(&mut window, 100, 0), 1);
        let mut window = self::window(5, 15);
        assert_eq!(read(&mut window, 100, 101), 2);
    }

    #[test]
    fn a_slower_reader_is_served_as_far_back_as_bytes_are_kept() {
        let mut window = window(0, 10);
        assert_eq!(offsets(&window.read(0, ALL, LIMITS)), (0..10).collect::<Vec<_>>());
        assert!(window.covers(8) && window.covers(10));
        assert!(!window.covers(7), "more than 200 bytes behind is gone");
        assert_eq!(offsets(&window.read(8, ALL, LIMITS)), [8, 9]);
    }

    #[test]
    fn fetching_pauses_above_the_high_mark_and_resumes_below_the_low_one() {
        let mut window = window(0, 10);
        assert_eq!(window.flow(LIMITS), None);
        window.push(record(10));
        assert_eq!(window.flow(LIMITS), Some(true));
        window.paused = true;
        window.read(0, ReadLimit { records: 7, bytes: usize::MAX }, LIMITS);
        assert_eq!(window.flow(LIMITS), None, "400 bytes ahead are still above the low mark");
        window.read(7, ReadLimit { records: 1, bytes: usize::MAX }, LIMITS);
        assert_eq!(window.flow(LIMITS), Some(false));
    }

    #[test]
    fn repetitions_are_dropped_and_gaps_are_bridged() {
        let mut window = window(0, 3);
        window.push(record(1));
        window.push(record(7));
        assert_eq!(offsets(&window.read(0, ALL, LIMITS)), [0, 1, 2, 7]);
        assert_eq!(window.next(), 8);
    }
}
