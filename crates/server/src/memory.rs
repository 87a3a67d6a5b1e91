//! What the C library does with freed memory.

use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

/// Blocks from this size on go back to the system when they are freed.
#[cfg(target_env = "gnu")]
const LARGE_BYTES: libc::c_int = 1 << 20;

/// Makes freed blocks of a mebibyte and more go back to the system at once.
///
/// By default glibc raises its threshold to the size of the largest block freed so far, up to 32 MiB, and from then on keeps such
/// blocks in the arena of each thread. After a few records of 10 MiB the process would stay hundreds of megabytes larger, for the
/// log's client and for our own buffers alike. To set the threshold also stops it from moving.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "there is no safe way to set an option of the C library's allocator")]
pub fn give_back_large_blocks() {
    // SAFETY: called first in main, before another thread exists; it only sets a number.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, LARGE_BYTES);
    }
}

/// Other C libraries give large blocks back by themselves.
#[cfg(not(target_env = "gnu"))]
pub fn give_back_large_blocks() {}

/// How often it is looked how much freed memory is kept.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Freed memory that the allocator may keep for what comes next.
const KEEP_BYTES: usize = 64 << 20;

/// Gives freed memory back to the system until `cancel`, where much of it is kept: after a storm the blocks below
/// [`LARGE_BYTES`] lie free in the arenas of the threads that took them, and nothing would ever return them.
pub async fn keep_small(cancel: CancellationToken) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = ticks.tick() => {}
        }
        // It looks at every free block, which is not for a thread that serves.
        let _ = tokio::task::spawn_blocking(give_back_what_is_free).await;
    }
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "there is no safe way to ask the C library's allocator")]
fn give_back_what_is_free() {
    // SAFETY: both take the allocator's own locks, and touch no block that is in use.
    unsafe {
        let heap = libc::mallinfo2();
        // What it calls free it may have given back already, so that the system is asked how much there is.
        if heap.fordblks > KEEP_BYTES && resident() > heap.uordblks + heap.hblkhd + KEEP_BYTES {
            libc::malloc_trim(0);
        }
    }
}

/// Bytes of memory that is no file's and takes room now; none where the system does not say.
#[cfg(target_env = "gnu")]
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<usize>().ok());
    kib.unwrap_or(0) << 10
}

#[cfg(not(target_env = "gnu"))]
fn give_back_what_is_free() {}
