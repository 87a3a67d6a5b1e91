//! The partitions of `normalized-items` as one stream in the order of time.

use std::collections::VecDeque;

use crisislens_log::{EventLog, LogError, LogRecord, ReadLimit};
use crisislens_model::topic::event_type;
use crisislens_model::{Timestamp, Topic, record};

const TOPIC: Topic = Topic::NormalizedItems;
/// How much of a partition is read at once.
const PAGE: ReadLimit = ReadLimit { records: 512, bytes: 2 * 1024 * 1024 };
const ONE: ReadLimit = ReadLimit { records: 1, bytes: 1 };

/// All partitions, from a time until another; what is appended later is not read.
pub(super) struct Lanes<'a> {
    log: &'a dyn EventLog,
    until: Timestamp,
    lanes: Vec<Lane>,
}

struct Lane {
    partition: u32,
    next: u64,
    end: u64,
    read: VecDeque<LogRecord>,
}

impl<'a> Lanes<'a> {
    pub async fn open(log: &'a dyn EventLog, from: Timestamp, until: Timestamp) -> Result<Self, LogError> {
        let mut lanes = Vec::new();
        for partition in 0..log.partitions(TOPIC) {
            let end = log.bounds(TOPIC, partition).await?.end;
            let next = first_at(log, partition, from, end).await?;
            lanes.push(Lane { partition, next, end, read: VecDeque::new() });
        }
        Ok(Self { log, until, lanes })
    }

    /// At most so many records are left.
    pub fn left(&self) -> u64 {
        self.lanes.iter().map(|lane| lane.end.saturating_sub(lane.next)).sum()
    }

    /// The oldest that was not read. Of those that are equally old an item comes before an incident: it may have joined that.
    pub async fn next(&mut self) -> Result<Option<LogRecord>, LogError> {
        for lane in &mut self.lanes {
            lane.fill(self.log, self.until).await?;
        }
        let oldest = self.lanes.iter_mut().min_by_key(|lane| {
            let head = lane.read.front();
            (head.is_none(), head.map(|record| (record.timestamp, is_incident(record))), lane.partition)
        });
        Ok(oldest.and_then(|lane| lane.read.pop_front()))
    }
}

fn is_incident(record: &LogRecord) -> bool {
    record::header(&record.headers, "ce_type") == Some(event_type::INCIDENT_UPDATED)
}

impl Lane {
    async fn fill(&mut self, log: &dyn EventLog, until: Timestamp) -> Result<(), LogError> {
        while self.read.is_empty() && self.next < self.end {
            let page = read(log, self.partition, &mut self.next, PAGE).await?;
            let Some(last) = page.last() else {
                self.next = self.end;
                return Ok(());
            };
            self.next = last.offset + 1;
            let is_over = last.timestamp >= until;
            let end = self.end;
            self.read.extend(page.into_iter().filter(|one| one.offset < end && one.timestamp < until));
            if is_over {
                self.next = self.end;
            }
        }
        Ok(())
    }
}

/// Reads from `from`, or from where the log begins by now.
async fn read(
    log: &dyn EventLog,
    partition: u32,
    from: &mut u64,
    limit: ReadLimit,
) -> Result<Vec<LogRecord>, LogError> {
    match log.read(TOPIC, partition, *from, limit).await {
        Err(LogError::OutOfRange { start, .. }) if start > *from => {
            *from = start;
            log.read(TOPIC, partition, start, limit).await
        }
        read => read,
    }
}

/// The first offset of a partition, before `end`, whose record is not older than `from`, found in few reads.
async fn first_at(log: &dyn EventLog, partition: u32, from: Timestamp, end: u64) -> Result<u64, LogError> {
    let (mut low, mut high) = (log.bounds(TOPIC, partition).await?.start, end);
    while low < high {
        let mut middle = low + (high - low) / 2;
        // Offsets may be missing: what is read is the next that is there.
        let found = read(log, partition, &mut middle, ONE).await?;
        match found.first() {
            _ if middle >= high => return Ok(middle),
            Some(record) if record.offset < high && record.timestamp < from => low = record.offset + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}
