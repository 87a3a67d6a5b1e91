//! Counts what the present thread has allocated, so that a test can say how much an input may cost.

#![expect(
    unsafe_code,
    reason = "an allocator cannot be written without; it hands everything on to the system's"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

struct Counting;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

thread_local! {
    /// What is allocated now, and the most since the count was begun. What other threads free makes it smaller than it is.
    static LIVE: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

fn count(bytes: isize) {
    let live = LIVE.get() + bytes;
    LIVE.set(live);
    MOST.set(MOST.get().max(live));
}

// SAFETY: every call is handed on to the system's allocator as it came; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size().cast_signed());
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        count(-layout.size().cast_signed());
        unsafe { System.dealloc(block, layout) }
    }
}

/// The most that `work` has had allocated at once on this thread, beyond what was there.
pub fn most_during(work: impl FnOnce()) -> usize {
    let before = LIVE.get();
    MOST.set(before);
    work();
    (MOST.get() - before).cast_unsigned()
}
