//! What the seven topics are: `infrastructure/kafka/topics.yaml`, read and checked.

use crisislens_model::{NewRecord, Topic};
use serde::Deserialize;

use crate::LogError;

const SHIPPED: &str = include_str!("../../../infrastructure/kafka/topics.yaml");
const MAX_PARTITIONS: u32 = 1024;

/// How a topic's batches are compressed on Kafka. The embedded engine packs every topic with lz4.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// Not at all.
    None,
    /// lz4.
    Lz4,
    /// Snappy.
    Snappy,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

/// One topic.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopicDefinition {
    /// Which topic this defines.
    #[serde(rename = "name", deserialize_with = "topic_name")]
    pub topic: Topic,
    /// Number of partitions, 1 to 1024.
    pub partitions: u32,
    /// Records older than this may be dropped, in milliseconds.
    pub retention_ms: u64,
    /// The oldest records of a partition that holds more than this may be dropped, in bytes; no limit when absent.
    #[serde(default)]
    pub retention_bytes: Option<u64>,
    /// Compression on Kafka.
    pub compression: Compression,
    /// Largest record: key, value and headers, in bytes.
    pub max_message_bytes: usize,
    /// What decides the partition, in words.
    pub key: String,
    /// What the records are, in words.
    pub carries: String,
    /// The group that reads it, if one does.
    pub consumer_group: Option<String>,
}

/// All seven topics, each exactly once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicDefinitions {
    /// In the order of [`Topic::ALL`].
    topics: Vec<TopicDefinition>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    topics: Vec<TopicDefinition>,
}

impl TopicDefinitions {
    /// The definitions that are part of this build.
    ///
    /// Errors with [`LogError::Definition`] only if the file in the repository is wrong; a test keeps it right.
    pub fn shipped() -> Result<Self, LogError> {
        Self::parse(SHIPPED)
    }

    /// Reads the text of a `topics.yaml`.
    ///
    /// Errors with [`LogError::Definition`], which names the line or the topic that is wrong.
    pub fn parse(yaml: &str) -> Result<Self, LogError> {
        let file: File = serde_yaml_ng::from_str(yaml).map_err(|e| LogError::Definition(e.to_string()))?;
        for definition in &file.topics {
            check(definition)?;
        }
        let topics =
            Topic::ALL.into_iter().map(|topic| only(&file.topics, topic)).collect::<Result<_, _>>()?;
        Ok(Self { topics })
    }

    /// These definitions with one topic's replaced.
    ///
    /// Errors with [`LogError::Definition`] if the new one is out of range.
    pub fn with(mut self, definition: TopicDefinition) -> Result<Self, LogError> {
        check(&definition)?;
        let index = definition.topic.index();
        self.topics[index] = definition;
        Ok(self)
    }

    /// The definition of `topic`.
    #[must_use]
    pub fn get(&self, topic: Topic) -> &TopicDefinition {
        &self.topics[topic.index()]
    }

    /// The bytes of `records` together.
    ///
    /// Errors with [`LogError::TooLarge`] or [`LogError::TooManyHeaders`] if one is more than its topic takes.
    pub fn checked_bytes(&self, records: &[NewRecord]) -> Result<usize, LogError> {
        let mut bytes = 0;
        for record in records {
            let (topic, size) = (record.topic, record.size());
            let limit = self.get(topic).max_message_bytes;
            if size > limit {
                return Err(LogError::TooLarge { topic, size, limit });
            }
            let (headers, limit) = (record.headers.len(), Self::max_headers(topic));
            if headers > limit {
                return Err(LogError::TooManyHeaders { topic, headers, limit });
            }
            bytes += size;
        }
        Ok(bytes)
    }

    /// How many headers a record of `topic` may have. On Kafka each costs up to ten bytes beside its own, which
    /// `max_message_bytes` does not count; a dead letter keeps those of its record and adds its own.
    #[must_use]
    pub const fn max_headers(topic: Topic) -> usize {
        match topic {
            Topic::Dlq => 1_500,
            _ => 1_000,
        }
    }

    /// Every definition, in the order of [`Topic::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = &TopicDefinition> {
        self.topics.iter()
    }
}

fn check(definition: &TopicDefinition) -> Result<(), LogError> {
    let topic = definition.topic;
    let partitions = definition.partitions;
    if !(1..=MAX_PARTITIONS).contains(&partitions) {
        return Err(wrong(format!("{topic}: partitions must be 1 to {MAX_PARTITIONS}, not {partitions}")));
    }
    if definition.retention_ms == 0 {
        return Err(wrong(format!("{topic}: retention_ms must be at least 1")));
    }
    if definition.max_message_bytes == 0 || u32::try_from(definition.max_message_bytes).is_err() {
        return Err(wrong(format!("{topic}: max_message_bytes must be 1 to {}", u32::MAX)));
    }
    Ok(())
}

fn only(definitions: &[TopicDefinition], topic: Topic) -> Result<TopicDefinition, LogError> {
    let mut found = definitions.iter().filter(|definition| definition.topic == topic);
    let first = found.next().ok_or_else(|| wrong(format!("{topic} is missing")))?;
    match found.next() {
        Some(_) => Err(wrong(format!("{topic} is defined twice"))),
        None => Ok(first.clone()),
    }
}

fn topic_name<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Topic, D::Error> {
    let name = String::deserialize(deserializer)?;
    Topic::parse(&name).ok_or_else(|| serde::de::Error::custom(format!("there is no topic called {name:?}")))
}

fn wrong(message: String) -> LogError {
    LogError::Definition(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(yaml: &str) -> String {
        TopicDefinitions::parse(yaml).unwrap_err().to_string()
    }

    #[test]
    fn the_shipped_file_defines_the_seven_topics_of_the_product() {
        let shipped = TopicDefinitions::shipped().unwrap();
        let partitions: Vec<_> = shipped.iter().map(|d| (d.topic.as_str(), d.partitions)).collect();
        assert_eq!(
            partitions,
            [
                ("raw-items", 6),
                ("normalized-items", 6),
                ("claims", 4),
                ("alerts", 2),
                ("notifications", 4),
                ("user-activity", 3),
                ("dlq", 1)
            ]
        );
        let raw = shipped.get(Topic::RawItems);
        assert_eq!((raw.retention_ms, raw.max_message_bytes), (7 * 86_400_000, 10 << 20));
        assert_eq!(raw.consumer_group.as_deref(), Some("crisis-lens-main"));
        assert_eq!(shipped.get(Topic::Dlq).consumer_group, None);
        assert_eq!(shipped.get(Topic::UserActivity).compression, Compression::Snappy);
    }

    #[test]
    fn a_missing_topic_is_named() {
        let yaml = SHIPPED.split("  - name: dlq").next().unwrap();
        assert_eq!(message(yaml), "topics.yaml: dlq is missing");
    }

    #[test]
    fn a_topic_that_stands_twice_is_named() {
        let yaml = SHIPPED.replace("name: dlq", "name: alerts");
        assert_eq!(message(&yaml), "topics.yaml: alerts is defined twice");
    }

    #[test]
    fn partitions_out_of_range_are_named() {
        for count in ["0", "1025"] {
            let yaml = SHIPPED.replace("partitions: 2\n", &format!("partitions: {count}\n"));
            assert_eq!(
                message(&yaml),
                format!("topics.yaml: alerts: partitions must be 1 to 1024, not {count}")
            );
        }
    }

    #[test]
    fn an_unknown_topic_or_a_misspelt_field_says_its_line() {
        let unknown = message(&SHIPPED.replace("name: dlq", "name: dlp"));
        assert!(unknown.contains("dlp") && unknown.contains("at line 52"), "{unknown}");
        let misspelt = message(&SHIPPED.replacen("    retention_ms: ", "    retention_msec: ", 1));
        assert!(misspelt.contains("retention_msec") && misspelt.contains("at line 6"), "{misspelt}");
    }
}
