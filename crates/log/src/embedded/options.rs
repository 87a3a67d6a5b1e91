//! The limits of the embedded log, each with a name.

use uuid::Uuid;

const MIB: usize = 1 << 20;
/// The storage engine refuses less.
const MIN_JOURNAL_BYTES: u64 = 64 << 20;

/// How much the embedded log may hold in flight, in memory and in its journal.
#[derive(Debug, Clone)]
pub struct EmbeddedOptions {
    /// Records that may wait for the writer; further appends wait for room. A larger single call passes alone.
    pub queue_records: usize,
    /// Bytes that may wait for the writer; further appends wait for room. A larger single call passes alone.
    pub queue_bytes: usize,
    /// The writer stops gathering for one commit after so many records.
    pub commit_records: usize,
    /// The writer stops gathering for one commit after so many bytes.
    pub commit_bytes: usize,
    /// Cache of blocks read from disk, in bytes.
    pub cache_bytes: u64,
    /// Write buffer of raw-items and of normalized-items, in bytes each; kept from the first open.
    pub busy_memtable_bytes: u64,
    /// Write buffer of the other topics, in bytes each; kept from the first open.
    pub quiet_memtable_bytes: u64,
    /// All write buffers together, in bytes: the writer waits for the disk before it fills more. At least twice what
    /// the topics' buffers hold, so that one can be flushed while another fills.
    pub write_buffers_bytes: u64,
    /// Closed journals beyond this are flushed and removed, in bytes; at least 64 MiB.
    pub journal_bytes: u64,
    /// A topic goes on in a new segment after so many bytes of records.
    pub segment_bytes: u64,
    /// Threads that flush and compact.
    pub worker_threads: usize,
    /// A read within so many records of the end runs on the caller's thread, an older one on the blocking pool.
    pub inline_read_records: u64,
    /// Reads that may run on the blocking pool at once; further ones wait.
    pub concurrent_reads: usize,
    /// Identity of a log that this open creates; random when absent.
    pub log_id: Option<Uuid>,
}

impl Default for EmbeddedOptions {
    fn default() -> Self {
        Self {
            queue_records: 16_384,
            queue_bytes: 16 * MIB,
            commit_records: 4096,
            commit_bytes: 4 * MIB,
            cache_bytes: 8 << 20,
            busy_memtable_bytes: 4 << 20,
            quiet_memtable_bytes: 1 << 20,
            write_buffers_bytes: 26 << 20,
            journal_bytes: MIN_JOURNAL_BYTES,
            segment_bytes: 256 << 20,
            worker_threads: 1,
            inline_read_records: 256,
            concurrent_reads: 8,
            log_id: None,
        }
    }
}

impl EmbeddedOptions {
    /// The same with every limit raised to where the log can work at all.
    pub(super) fn sane(mut self) -> Self {
        self.queue_records = self.queue_records.clamp(1, u32::MAX as usize);
        self.queue_bytes = self.queue_bytes.clamp(1, u32::MAX as usize);
        let buffers = 2 * self.busy_memtable_bytes + 5 * self.quiet_memtable_bytes;
        self.write_buffers_bytes = self.write_buffers_bytes.max(2 * buffers);
        self.journal_bytes = self.journal_bytes.max(MIN_JOURNAL_BYTES);
        self.worker_threads = self.worker_threads.max(1);
        self.concurrent_reads = self.concurrent_reads.max(1);
        self
    }
}
