//! How much is looked at: bytes cleaned, words made, terms matched, names and meanings weighed, features counted. Tests bound it, where
//! seconds would say more of the machine.

use std::cell::Cell;

thread_local! {
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// So much more was looked at on this thread.
pub(crate) fn add(steps: usize) {
    DONE.with(|done| done.set(done.get().wrapping_add(steps as u64)));
}

/// What `run` answers, and how many steps it took on this thread.
pub fn of<T>(run: impl FnOnce() -> T) -> (T, u64) {
    let before = DONE.get();
    let answer = run();
    (answer, DONE.get().wrapping_sub(before))
}
