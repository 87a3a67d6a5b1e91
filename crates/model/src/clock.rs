//! Time as a passed value, so that every state machine can run under a test clock.

/// An instant with nanoseconds, written as RFC 3339 in UTC.
pub use jiff::Timestamp;

/// Where the time comes from. The only implementation outside tests is [`SystemClock`].
pub trait Clock: Send + Sync {
    /// The present instant by the wall clock.
    fn now(&self) -> Timestamp;
}

/// The machine's wall clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the wall clock")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
