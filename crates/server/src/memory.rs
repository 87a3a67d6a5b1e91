//! The allocator, and what it does with freed memory.
//!
//! Rust's blocks and those of SQLite come and go in threads other than those that took them, most of them small; the C library's
//! allocator spent a fifth of the processor on them, and kept what a storm had freed.

use tikv_jemallocator::Jemalloc;

#[global_allocator]
static ALLOCATOR: Jemalloc = Jemalloc;

/// As jemalloc reads it at its start: a thread of its own gives back what has been free for a second, and threads share four arenas,
/// so that little lies free in each.
#[expect(unsafe_code, reason = "the name under which jemalloc looks for its options")]
#[unsafe(export_name = "malloc_conf")]
pub static OPTIONS: &[u8; 70] = b"background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:4\0";
