//! Limits and times, each with its default and what happens at the limit.

use std::time::Duration;

use crisislens_log::ReadLimit;

/// How much may wait for one session. One frame may always wait, however large it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueueLimits {
    /// Frames; default 1,024.
    pub frames: usize,
    /// Bytes of their text; default 1 MiB.
    pub bytes: usize,
    /// Who has taken something within this time, or for whom nothing waited, may have any number of frames waiting, and
    /// [`QueueLimits::BURST`] times the bytes: a burst comes at once, and a transport that takes one frame at a time has had no turn in
    /// between. Default: none. For sessions that the hub does not write to itself.
    pub patience: Duration,
}

impl QueueLimits {
    /// How many times the bytes who reads may have waiting.
    pub const BURST: usize = 4;

    /// What server-sent events use: 100 frames for who has taken nothing for a second.
    pub const SSE: Self = Self { frames: 100, bytes: 1 << 20, patience: Duration::from_secs(1) };
}

impl Default for QueueLimits {
    fn default() -> Self {
        Self { frames: 1024, bytes: 1 << 20, patience: Duration::ZERO }
    }
}

/// How much of the past can be replayed. `normalized-items` gets all of it, every other topic a quarter of its own, so
/// that a flood of items does not push alerts and notifications out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    /// Records; default 50,000.
    pub records: usize,
    /// Bytes; default 32 MiB.
    pub bytes: usize,
    /// Since a record was appended; default a day. Looked at by [`crate::Hub::tick`].
    pub age: Duration,
}

impl HistoryLimits {
    /// The share of a topic that is not `normalized-items`.
    #[must_use]
    pub fn quarter(self) -> Self {
        Self { records: (self.records / 4).max(1), bytes: self.bytes / 4, ..self }
    }
}

impl Default for HistoryLimits {
    fn default() -> Self {
        Self { records: 50_000, bytes: 32 << 20, age: Duration::from_secs(24 * 3600) }
    }
}

/// The hub's limits.
#[derive(Debug, Clone)]
pub struct HubOptions {
    /// Connections on this node; more are refused. Default 10,000.
    pub max_connections: usize,
    /// Connections of one person on this node; more are refused. Default 20.
    pub max_connections_per_user: usize,
    /// Rooms of one session; more are refused. Default 100.
    pub max_rooms_per_session: usize,
    /// Shares of the connections, each with a lock of its own and served by a core of its own. Default: as many as there are cores.
    pub shards: usize,
    /// Events that go to so many connections or more are given to the shards side by side. Default 512.
    pub parallel_from: usize,
    /// Queue of a session, unless the transport asks for another.
    pub queue: QueueLimits,
    /// Cursors that wait for one session; the oldest go. Default 64.
    pub volatile_frames: usize,
    /// How much can be replayed.
    pub history: HistoryLimits,
    /// Event ids remembered for each partition, to drop events that were appended twice. Default 10,000.
    pub dedup_ids_per_partition: usize,
    /// Farthest that a client's position may lie ahead of this node's in a partition; beyond, it is told to refetch.
    /// Default 100,000 offsets.
    pub max_ahead: u64,
    /// How long a client whose position lies ahead of this node's is taken to have been on a faster one; then the log has lost its
    /// end, and it is told to refetch. Default 30 s.
    pub ahead_for: Duration,
    /// How long a person whose last connection broke counts as present. Default 10 s.
    pub presence_grace: Duration,
    /// A person who gives no sign of themselves for so long is idle. Default 60 s.
    pub idle_after: Duration,
    /// And for so long, away. Default 5 min.
    pub away_after: Duration,
    /// How long a person without a connection is present after they said so. Default 30 s.
    pub presence_lease: Duration,
    /// People named in one presence frame; more are left out. Default 200.
    pub presence_users_max: usize,
    /// Cursor moves of one person that are passed on in a second; between them the latest waits. Default 20.
    pub cursors_per_second: u32,
    /// Bytes of a cursor's JSON; longer ones are refused. Default 1,024.
    pub cursor_bytes_max: usize,
    /// How often [`crate::Hub::run_clock`] looks for expired presence and waiting cursors. Default 50 ms.
    pub tick: Duration,
}

impl Default for HubOptions {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_user: 20,
            max_rooms_per_session: 100,
            shards: std::thread::available_parallelism().map_or(1, usize::from),
            parallel_from: 512,
            queue: QueueLimits::default(),
            volatile_frames: 64,
            history: HistoryLimits::default(),
            dedup_ids_per_partition: 10_000,
            max_ahead: 100_000,
            ahead_for: Duration::from_secs(30),
            presence_grace: Duration::from_secs(10),
            idle_after: Duration::from_secs(60),
            away_after: Duration::from_secs(300),
            presence_lease: Duration::from_secs(30),
            presence_users_max: 200,
            cursors_per_second: 20,
            cursor_bytes_max: 1024,
            tick: Duration::from_millis(50),
        }
    }
}

/// How the log is followed.
#[derive(Debug, Clone)]
pub struct TailOptions {
    /// Records read from before the end of each partition at the start, to fill the history. Default 2,000.
    pub backfill: u64,
    /// What is read of a topic's partitions, and published, at once. Default 256 records, 1 MiB.
    pub batch: ReadLimit,
    /// After a fan-out the tail rests for as long as that took, so that more gathers for the next, but no longer than this.
    /// Default 10 ms.
    pub rest_max: Duration,
    /// First wait after a failed read; it doubles. Default 100 ms.
    pub retry_min: Duration,
    /// Longest wait after failed reads. Default 5 s.
    pub retry_max: Duration,
    /// Reads again after so long without a signal of change. Default 5 s.
    pub recheck: Duration,
}

impl Default for TailOptions {
    fn default() -> Self {
        Self {
            backfill: 2_000,
            batch: ReadLimit { records: 256, bytes: 1 << 20 },
            rest_max: Duration::from_millis(10),
            retry_min: Duration::from_millis(100),
            retry_max: Duration::from_secs(5),
            recheck: Duration::from_secs(5),
        }
    }
}
