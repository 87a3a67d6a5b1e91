//! The seven topics as this cluster has them: their names there, and how many partitions each really has.

use crisislens_model::{NewRecord, Topic};
use rdkafka::metadata::Metadata;

use crate::{LogError, TopicDefinitions, partition_for};

/// Names and partition counts.
#[derive(Debug)]
pub(super) struct Topics {
    definitions: TopicDefinitions,
    names: Vec<String>,
}

impl Topics {
    /// The names that `definitions` have on a cluster where everything begins with `prefix`.
    pub fn named(definitions: TopicDefinitions, prefix: &str) -> Self {
        let names = Topic::ALL.iter().map(|topic| format!("{prefix}{topic}")).collect();
        Self { definitions, names }
    }

    /// These topics with the partitions that the cluster says they have.
    ///
    /// # Errors
    /// [`LogError::Setup`] naming those that are missing.
    pub fn found_on(self, metadata: &Metadata) -> Result<Self, LogError> {
        let Self { mut definitions, names } = self;
        let mut missing = Vec::new();
        for (topic, name) in Topic::ALL.into_iter().zip(&names) {
            let there = metadata.topics().iter().find(|there| there.name() == name);
            match there.map_or(0, |there| there.partitions().len()) {
                0 => missing.push(name.as_str()),
                partitions => {
                    let mut definition = definitions.get(topic).clone();
                    definition.partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
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
        Ok(Self { definitions, names })
    }

    pub fn definitions(&self) -> &TopicDefinitions {
        &self.definitions
    }

    pub fn name(&self, topic: Topic) -> &str {
        &self.names[topic.index()]
    }

    pub fn partitions(&self, topic: Topic) -> u32 {
        self.definitions.get(topic).partitions
    }

    pub fn partition_of(&self, record: &NewRecord) -> u32 {
        partition_for(&record.key, self.partitions(record.topic))
    }

    /// The topic that has this name on the cluster.
    pub fn by_name(&self, name: &str) -> Option<Topic> {
        self.names.iter().position(|known| known == name).map(|index| Topic::ALL[index])
    }
}
