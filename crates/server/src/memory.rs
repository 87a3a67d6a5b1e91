//! What the C library does with freed memory.

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
