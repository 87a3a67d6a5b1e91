//! The seven topics as this cluster has them: their names there, and how many partitions each really has, also when some are
//! added while the log is open.

use std::sync::atomic::{AtomicU32, Ordering};

use crisislens_model::{NewRecord, Topic};
use rdkafka::metadata::Metadata;

use crate::{LogError, TopicDefinitions, partition_for};

/// Names and partition counts.
#[derive(Debug)]
pub(super) struct Topics {
    definitions: TopicDefinitions,
    names: Vec<String>,
    /// Partitions by topic, from when they are known on; they only rise.
    partitions: Vec<AtomicU32>,
}

impl Topics {
    /// The names that `definitions` have on a cluster where everything begins with `prefix`.
    pub fn named(definitions: TopicDefinitions, prefix: &str) -> Self {
        let names = Topic::ALL.iter().map(|topic| format!("{prefix}{topic}")).collect();
        let partitions = Topic::ALL.iter().map(|topic| AtomicU32::new(definitions.get(*topic).partitions));
        Self { partitions: partitions.collect(), definitions, names }
    }

    /// These topics with the partitions that the cluster says they have.
    ///
    /// # Errors
    /// [`LogError::Setup`] naming those that are missing.
    pub fn found_on(self, metadata: &Metadata) -> Result<Self, LogError> {
        let Self { mut definitions, names, .. } = self;
        let mut missing = Vec::new();
        for (topic, name) in Topic::ALL.into_iter().zip(&names) {
            match partitions_on(metadata, name) {
                0 => missing.push(name.as_str()),
                partitions => {
                    let mut definition = definitions.get(topic).clone();
                    definition.partitions = partitions;
                    definitions = definitions.with(definition)?;
                }
            }
        }
        if !missing.is_empty() {
            return Err(LogError::Setup(format!(
                "these topics are not on the brokers: {}. `crisislens topics init` makes them. Where brokers have access \
                 rules, topics that we may not Describe are not seen either",
                missing.join(", ")
            )));
        }
        let partitions = Topic::ALL.iter().map(|topic| AtomicU32::new(definitions.get(*topic).partitions));
        Ok(Self { partitions: partitions.collect(), definitions, names })
    }

    /// Takes note of partitions that were added; `tell` is called for each topic that has more now, with their number,
    /// before anything is appended there.
    pub fn grow(&self, metadata: &Metadata, tell: impl Fn(Topic, u32)) {
        for (topic, name) in Topic::ALL.into_iter().zip(&self.names) {
            let there = partitions_on(metadata, name);
            if there > self.partitions(topic) {
                tracing::info!(%topic, partitions = there, "partitions were added");
                tell(topic, there);
                self.partitions[topic.index()].fetch_max(there, Ordering::AcqRel);
            }
        }
    }

    pub fn definitions(&self) -> &TopicDefinitions {
        &self.definitions
    }

    pub fn name(&self, topic: Topic) -> &str {
        &self.names[topic.index()]
    }

    pub fn partitions(&self, topic: Topic) -> u32 {
        self.partitions[topic.index()].load(Ordering::Acquire)
    }

    pub fn partition_of(&self, record: &NewRecord) -> u32 {
        partition_for(&record.key, self.partitions(record.topic))
    }

    /// The topic that has this name on the cluster.
    pub fn by_name(&self, name: &str) -> Option<Topic> {
        self.names.iter().position(|known| known == name).map(|index| Topic::ALL[index])
    }
}

/// How many partitions the brokers say the topic called `name` has; 0 where there is none.
fn partitions_on(metadata: &Metadata, name: &str) -> u32 {
    let there = metadata.topics().iter().find(|there| there.name() == name);
    there.map_or(0, |there| u32::try_from(there.partitions().len()).unwrap_or(u32::MAX))
}
