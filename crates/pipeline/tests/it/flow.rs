//! The pipeline put together: raw items go in, and everything that follows from them is there on return.

use std::sync::{Arc, LazyLock};

use crisislens_analysis::Analyzer;
use crisislens_log::LogRecord;
use crisislens_model::{
    HazardType, Item, ItemFilter, NewRecord, RawItem, RiskWeights, SourceKind, Stated, Timestamp, Topic,
    record,
};
use crisislens_pipeline::{Cluster, Normalise, raw_item_record};
use crisislens_testkit::{Engines, post};

/// One analyser for the whole binary, as a node has.
pub static ANALYZER: LazyLock<Arc<Analyzer>> = LazyLock::new(|| Arc::new(Analyzer::new().unwrap()));

pub struct Flow {
    pub engines: Engines,
    pub normalise: Arc<Normalise>,
    pub cluster: Arc<Cluster>,
}

impl Flow {
    pub async fn open() -> Self {
        Self::on(Engines::open().await)
    }

    pub fn on(engines: Engines) -> Self {
        let (analyzer, clock) = (Arc::clone(&ANALYZER), engines.clock.clone());
        let normalise = Arc::new(Normalise { analyzer, clock: clock.clone() });
        Self { engines, normalise, cluster: Arc::new(Cluster::new(clock, RiskWeights::default())) }
    }

    /// Brings raw items, each in a record of its own, and settles.
    pub async fn bring(&self, raw: &[RawItem]) {
        self.engines.append(raw.iter().map(raw_record).collect()).await;
        self.settle().await;
    }

    /// Works every stage to its end.
    pub async fn settle(&self) {
        self.engines.apply(&self.normalise).await;
        self.engines.relay_all().await;
        self.engines.apply(&self.cluster).await;
        self.engines.relay_all().await;
    }

    /// The item of `raw`, which must exist.
    pub async fn item(&self, raw: &RawItem) -> Item {
        self.engines.store.item(raw.id).await.unwrap().unwrap()
    }

    /// How many items there are.
    pub async fn count(&self) -> u64 {
        self.engines.store.list_items(&ItemFilter::default(), 1, None).await.unwrap().total
    }

    /// The `ce_type` of every record of a topic, partition by partition, without the common prefix.
    pub async fn kinds(&self, topic: Topic) -> Vec<String> {
        let records = self.engines.records(topic).await;
        records.iter().map(|one| kind(one).strip_prefix("crisislens.").unwrap().to_owned()).collect()
    }
}

/// What a record says happened.
pub fn kind(one: &LogRecord) -> &str {
    record::header(&one.headers, "ce_type").unwrap()
}

pub fn raw_record(raw: &RawItem) -> NewRecord {
    raw_item_record(raw, "/test").unwrap()
}

/// An instant of the morning of 2026-03-01, in minutes after 09:00 UTC.
pub fn minute(minutes: i64) -> Timestamp {
    let start: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    Timestamp::from_second(start.as_second() + minutes * 60).unwrap()
}

/// A post, said some minutes into the morning.
pub fn says(source: &str, source_id: &str, minutes: i64, text: &str) -> RawItem {
    post(source, source_id, text, minute(minutes))
}

/// An official earthquake with its coordinates, 7 km from L'Aquila in Italy.
pub fn quake(source_id: &str, magnitude: f64) -> RawItem {
    RawItem {
        source_kind: SourceKind::Official,
        title: Some(format!("M {magnitude} - 7 km W of L'Aquila, Italy")),
        stated: Some(Stated {
            hazard: Some(HazardType::Earthquake),
            lat: Some(42.35),
            lon: Some(13.32),
            place: Some("7 km W of L'Aquila, Italy".to_owned()),
            magnitude: Some(magnitude),
            ..Stated::default()
        }),
        ..says("usgs", source_id, 0, &format!("M {magnitude} - 7 km W of L'Aquila, Italy"))
    }
}

/// A post about that earthquake.
pub fn felt(source: &str, source_id: &str, minutes: i64) -> RawItem {
    let text = format!("Strong earthquake in L'Aquila, we ran out of the house, report number {source_id}");
    says(source, source_id, minutes, &text)
}
