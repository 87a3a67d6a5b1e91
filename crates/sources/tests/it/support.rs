//! Ports in memory, and short ways to read a recording.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crisislens_model::{Clock, RawItem, SourceKind, SourceStatus, Timestamp};
use crisislens_sources::{
    Format, Parsed, RawItemSink, SinkError, SourceContext, SourceJournal, SourceMemory, parse,
};

pub fn now() -> Timestamp {
    "2026-09-01T12:00:00Z".parse().unwrap()
}

pub fn ctx() -> SourceContext<'static> {
    SourceContext { source: "test", kind: SourceKind::Official, now: now(), exercise: false, url: None }
}

pub fn recordings() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../recordings")
}

/// The recording as the replay reads it.
pub fn recording(file: &str) -> Vec<u8> {
    let manifest = crisislens_sources::replay::Manifest::read(&recordings()).unwrap();
    let spec = manifest.recordings.iter().find(|spec| spec.file == file).unwrap();
    spec.read(&recordings()).unwrap()
}

/// A small document with a flaw; `tests/fixtures/README.md` says where each is from.
pub fn fixture(file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(file);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn parsed(format: Format, bytes: &[u8]) -> Parsed {
    parse(format, bytes, &ctx()).unwrap()
}

pub fn item<'a>(parsed: &'a Parsed, source_id: &str) -> &'a RawItem {
    parsed
        .items
        .iter()
        .find(|item| item.source_id == source_id)
        .unwrap_or_else(|| panic!("no item {source_id}"))
}

pub fn close(number: Option<f64>, expected: f64) -> bool {
    number.is_some_and(|number| (number - expected).abs() < 1e-3)
}

/// A log in memory that refuses as often as it is told to.
#[derive(Default)]
pub struct MemorySink {
    pub batches: Mutex<Vec<Vec<RawItem>>>,
    pub failures: Mutex<u32>,
}

impl MemorySink {
    pub fn items(&self) -> Vec<RawItem> {
        self.batches.lock().unwrap().iter().flatten().cloned().collect()
    }

    pub fn fail(&self, times: u32) {
        *self.failures.lock().unwrap() = times;
    }
}

#[async_trait]
impl RawItemSink for MemorySink {
    async fn publish(&self, items: Vec<RawItem>) -> Result<(), SinkError> {
        let mut failures = self.failures.lock().unwrap();
        if *failures > 0 {
            *failures -= 1;
            return Err(SinkError::Unavailable("the log is full".into()));
        }
        self.batches.lock().unwrap().push(items);
        Ok(())
    }
}

/// A journal in memory; memories go through JSON as they do in a store.
#[derive(Default)]
pub struct MemoryJournal {
    pub saved: Mutex<HashMap<String, (String, SourceStatus)>>,
}

impl MemoryJournal {
    pub fn status(&self, source: &str) -> SourceStatus {
        self.saved.lock().unwrap()[source].1.clone()
    }

    pub fn memory(&self, source: &str) -> SourceMemory {
        serde_json::from_str(&self.saved.lock().unwrap()[source].0).unwrap()
    }
}

#[async_trait]
impl SourceJournal for MemoryJournal {
    async fn load(&self, source: &str) -> Result<Option<SourceMemory>, SinkError> {
        let saved = self.saved.lock().unwrap();
        Ok(saved.get(source).map(|(memory, _)| serde_json::from_str(memory).unwrap()))
    }

    async fn save(
        &self,
        source: &str,
        memory: &SourceMemory,
        status: &SourceStatus,
    ) -> Result<(), SinkError> {
        let memory = serde_json::to_string(memory).unwrap();
        self.saved.lock().unwrap().insert(source.to_owned(), (memory, status.clone()));
        Ok(())
    }
}

/// A wall clock that goes with tokio's, so that a paused test moves both.
pub struct TokioClock {
    began: tokio::time::Instant,
}

impl TokioClock {
    pub fn start() -> Arc<Self> {
        Arc::new(Self { began: tokio::time::Instant::now() })
    }
}

impl Clock for TokioClock {
    fn now(&self) -> Timestamp {
        let passed = jiff::SignedDuration::try_from(self.began.elapsed()).unwrap();
        now().checked_add(passed).unwrap()
    }
}
