//! What compaction may leave out: records before their partition's start.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crisislens_model::Topic;
use fjall::compaction::filter::{
    CompactionFilter, CompactionFilterResult, Context, Factory, ItemAccessor, Verdict,
};

use super::codec;
use super::segments::topic_of;
use crate::TopicDefinitions;

/// The starts of every partition, by topic in the order of [`Topic::ALL`]. Zero until they are read from disk, and then
/// nothing is left out.
pub(super) struct Starts(Vec<TopicStarts>);

type TopicStarts = Arc<[Arc<AtomicU64>]>;
type FilterFactories = Arc<dyn Fn(&str) -> Option<Arc<dyn Factory>> + Send + Sync>;

impl Starts {
    pub fn new(definitions: &TopicDefinitions) -> Self {
        let topic = |partitions| (0..partitions).map(|_| Arc::default()).collect();
        Self(definitions.iter().map(|definition| topic(definition.partitions)).collect())
    }

    pub fn of(&self, topic: Topic) -> &[Arc<AtomicU64>] {
        &self.0[topic.index()]
    }

    /// For each keyspace that is a topic, its filter.
    pub fn filters(&self) -> FilterFactories {
        let topics = self.0.clone();
        Arc::new(move |keyspace| {
            let topic = topic_of(keyspace)?;
            Some(Arc::new(Dropped(Arc::clone(&topics[topic.index()]))))
        })
    }
}

/// Leaves out what lies before the starts of one topic. A key is written once, so leaving one out uncovers nothing.
#[derive(Clone)]
struct Dropped(TopicStarts);

impl Factory for Dropped {
    fn name(&self) -> &str {
        "crisislens-retention"
    }

    fn make_filter(&self, _: &Context) -> Box<dyn CompactionFilter> {
        Box::new(self.clone())
    }
}

impl CompactionFilter for Dropped {
    fn filter_item(&mut self, item: ItemAccessor<'_>, _: &Context) -> CompactionFilterResult {
        let place = codec::partition_of(item.key()).zip(codec::offset_of(item.key()));
        let dropped = place.is_some_and(|(partition, offset)| {
            let start = self.0.get(partition as usize);
            start.is_some_and(|start| offset < start.load(Ordering::Acquire))
        });
        Ok(if dropped { Verdict::Destroy } else { Verdict::Keep })
    }
}
