//! The engines as their users see them.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

mod crash;
mod embedded;
mod full;
mod kafka;
mod retention;
mod segments;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crisislens_log::embedded::{EmbeddedLog, EmbeddedOptions};
use crisislens_log::{LogError, TopicDefinitions};
use crisislens_model::{Clock, NewRecord, SystemClock, Timestamp, Topic};

/// A clock that stands until it is moved.
struct HandClock(AtomicI64);

impl HandClock {
    fn new() -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(1_800_000_000_000)))
    }

    fn advance_ms(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for HandClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millisecond(self.0.load(Ordering::Relaxed)).unwrap()
    }
}

fn try_open(dir: &Path) -> Result<Arc<EmbeddedLog>, LogError> {
    try_open_with(dir, EmbeddedOptions::default())
}

fn try_open_with(dir: &Path, options: EmbeddedOptions) -> Result<Arc<EmbeddedLog>, LogError> {
    EmbeddedLog::open(dir, TopicDefinitions::shipped().unwrap(), Arc::new(SystemClock), options)
}

/// A log that goes on in a new segment after every so many bytes.
fn open_in_segments(dir: &Path, segment_bytes: u64) -> Arc<EmbeddedLog> {
    try_open_with(dir, EmbeddedOptions { segment_bytes, ..Default::default() }).unwrap()
}

/// One test once more, in a process of its own that finds `value` in its environment.
fn again(test: &str, name: &str, value: impl AsRef<OsStr>) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(name, value)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn open(dir: &Path) -> Arc<EmbeddedLog> {
    try_open(dir).unwrap()
}

fn record(topic: Topic, key: &str, value: impl Into<Vec<u8>>) -> NewRecord {
    NewRecord { topic, key: key.as_bytes().to_vec(), value: Some(value.into()), headers: vec![] }
}

/// A kilobyte that does not pack, other for each number.
fn noise(number: u64) -> Vec<u8> {
    let mut state = number + 1;
    (0..125).flat_map(|_| next_random(&mut state).to_be_bytes()).collect()
}

/// xorshift64.
fn next_random(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}
