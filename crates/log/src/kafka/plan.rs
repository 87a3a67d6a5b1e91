//! What lies between `topics.yaml` and the brokers, and what of it may be done without losing data.
//!
//! A plan never loses data unasked: partitions are only added, and what would let the brokers drop records earlier than now is
//! marked.

use std::collections::BTreeMap;

use serde::Serialize;

use super::MESSAGE_MARGIN_BYTES;
use super::settings::KafkaSettings;
use crate::TopicDefinition;
use crate::definition::Compression;

/// One change that the brokers need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Make a topic.
    Create {
        /// Its name on the brokers.
        topic: String,
        /// How many partitions.
        partitions: u32,
        /// Its configuration.
        config: BTreeMap<String, String>,
    },
    /// Add partitions. Keys move: records of one key from before and after lie on different partitions.
    AddPartitions {
        /// The topic's name on the brokers.
        topic: String,
        /// How many it has.
        from: u32,
        /// How many it will have.
        to: u32,
    },
    /// Set a configuration value.
    SetConfig {
        /// The topic's name on the brokers.
        topic: String,
        /// The configuration's name.
        name: String,
        /// Its value now, if it has one.
        from: Option<String>,
        /// The value to be.
        to: String,
        /// Whether records that are kept now may be dropped by it.
        loses_data: bool,
    },
}

/// What a topic has now.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub partitions: u32,
    /// Copies of the partition that has fewest.
    pub copies: u32,
    pub config: BTreeMap<String, String>,
}

impl Plan {
    /// Notes what an operator should know of `topic`; topics of which the same is to be said are named together.
    pub(super) fn caution(&mut self, topic: &str, what: &str) {
        match self
            .cautions
            .iter_mut()
            .find(|said| said.split_once(": ").is_some_and(|(_, said)| said == what))
        {
            Some(said) => *said = format!("{topic}, {said}"),
            None => self.cautions.push(format!("{topic}: {what}")),
        }
    }
}

/// What lies between `topics.yaml` and the brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is to be done, in this order.
    pub changes: Vec<Change>,
    /// What is not done, because it cannot be, or not without losing data.
    pub refused: Vec<String>,
    /// What is as it is, and should be otherwise: copies and how many of them must be in sync.
    pub cautions: Vec<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create { topic, partitions, .. } => {
                write!(f, "create {topic} with {partitions} partitions")
            }
            Self::AddPartitions { topic, from, to } => write!(
                f,
                "add partitions to {topic}: {from} → {to} (keys move: order per key holds before and after, not across; running nodes \
                 notice within log.kafka.metadata_refresh_ms and need no restart)"
            ),
            Self::SetConfig { topic, name, from, to, loses_data } => {
                let warning = if *loses_data { " (drops records that are kept now)" } else { "" };
                write!(f, "set {name} of {topic}: {} → {to}{warning}", from.as_deref().unwrap_or("unset"))
            }
        }
    }
}

/// The configuration that a definition asks for. Records get the time at which a broker takes them, so that retention does not
/// depend on the clocks of producers.
pub(crate) fn config_of(definition: &TopicDefinition, settings: &KafkaSettings) -> BTreeMap<String, String> {
    let compression = match definition.compression {
        Compression::None => "uncompressed",
        Compression::Lz4 => "lz4",
        Compression::Snappy => "snappy",
        Compression::Gzip => "gzip",
        Compression::Zstd => "zstd",
    };
    let mut config = BTreeMap::from([
        ("cleanup.policy".to_owned(), "delete".to_owned()),
        ("compression.type".to_owned(), compression.to_owned()),
        ("max.message.bytes".to_owned(), (definition.max_message_bytes + MESSAGE_MARGIN_BYTES).to_string()),
        ("message.timestamp.type".to_owned(), "LogAppendTime".to_owned()),
        (
            "retention.bytes".to_owned(),
            definition.retention_bytes.map_or("-1".to_owned(), |bytes| bytes.to_string()),
        ),
        ("retention.ms".to_owned(), definition.retention_ms.to_string()),
    ]);
    if settings.min_insync_replicas > 0 {
        config.insert("min.insync.replicas".to_owned(), settings.min_insync_replicas.to_string());
    }
    config
}

/// What must change of `found` to be as `definition` says.
pub(crate) fn plan_topic(
    name: &str,
    definition: &TopicDefinition,
    settings: &KafkaSettings,
    found: Option<&Found>,
    plan: &mut Plan,
) {
    let config = config_of(definition, settings);
    let partitions = definition.partitions;
    let Some(found) = found else {
        plan.changes.push(Change::Create { topic: name.to_owned(), partitions, config });
        return;
    };
    if found.partitions > partitions {
        plan.refused.push(format!(
            "{name} has {} partitions and topics.yaml says {partitions}: partitions cannot be taken away without losing \
             what is on them. Set partitions to {} in topics.yaml",
            found.partitions, found.partitions
        ));
    } else if found.partitions < partitions {
        plan.changes.push(Change::AddPartitions {
            topic: name.to_owned(),
            from: found.partitions,
            to: partitions,
        });
    }
    for (setting, to) in config {
        let from = found.config.get(&setting).cloned();
        if from.as_ref() == Some(&to) {
            continue;
        }
        let loses_data = loses_data(&setting, from.as_deref(), &to);
        plan.changes.push(Change::SetConfig { topic: name.to_owned(), name: setting, from, to, loses_data });
    }
}

/// Whether the brokers may drop records under `to` that they keep under `from`. For retention, −1 means without end.
fn loses_data(setting: &str, from: Option<&str>, to: &str) -> bool {
    let amount = |text: &str| text.parse::<i64>().map_or(u64::MAX, |n| u64::try_from(n).unwrap_or(u64::MAX));
    match setting {
        "retention.ms" | "retention.bytes" => amount(to) < from.map_or(u64::MAX, amount),
        // A compacted topic keeps the newest of each key for ever; deletion by age would end that.
        "cleanup.policy" => from.is_some_and(|from| !from.contains("delete")),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crisislens_model::Topic;

    use crate::TopicDefinitions;

    fn definition() -> TopicDefinition {
        TopicDefinitions::shipped().unwrap().get(Topic::Alerts).clone()
    }

    fn planned(definition: &TopicDefinition, found: Option<&Found>) -> Plan {
        let mut plan = Plan::default();
        plan_topic("alerts", definition, &KafkaSettings::default(), found, &mut plan);
        plan
    }

    fn as_defined(definition: &TopicDefinition) -> Found {
        Found {
            partitions: definition.partitions,
            copies: 3,
            config: config_of(definition, &KafkaSettings::default()),
        }
    }

    #[test]
    fn what_is_as_defined_needs_no_change() {
        assert_eq!(planned(&definition(), Some(&as_defined(&definition()))), Plan::default());
    }

    #[test]
    fn a_missing_topic_is_made_and_partitions_are_only_added() {
        assert!(matches!(&planned(&definition(), None).changes[..], [Change::Create { partitions: 2, .. }]));
        let fewer = Found { partitions: 1, ..as_defined(&definition()) };
        let plan = planned(&definition(), Some(&fewer));
        assert!(matches!(plan.changes[..], [Change::AddPartitions { from: 1, to: 2, .. }]));
        let more = Found { partitions: 3, ..as_defined(&definition()) };
        let plan = planned(&definition(), Some(&more));
        assert!(plan.changes.is_empty());
        assert!(plan.refused[0].contains("cannot be taken away"), "{:?}", plan.refused);
    }

    #[test]
    fn topics_of_which_the_same_is_to_be_said_are_named_together() {
        let mut plan = Plan::default();
        plan.caution("claims", "a single copy: lost with its disk");
        plan.caution("alerts", "a single copy: lost with its disk");
        plan.caution("dlq", "another thing");
        assert_eq!(
            plan.cautions,
            ["alerts, claims: a single copy: lost with its disk", "dlq: another thing"]
        );
    }

    #[test]
    fn a_shorter_retention_is_known_to_lose_data_and_a_longer_one_not_to() {
        for (there, loses) in [("-1", true), ("99999999999", true), ("1000", false)] {
            let mut found = as_defined(&definition());
            found.config.insert("retention.ms".to_owned(), there.to_owned());
            let plan = planned(&definition(), Some(&found));
            let [Change::SetConfig { loses_data, name, .. }] = &plan.changes[..] else {
                panic!("one change, not {:?}", plan.changes)
            };
            assert_eq!((name.as_str(), *loses_data), ("retention.ms", loses), "{there}");
        }
    }

    #[test]
    fn the_dead_letter_topic_takes_the_largest_message_of_every_source_with_headers() {
        let definitions = TopicDefinitions::shipped().unwrap();
        let limit = |topic| -> usize {
            config_of(definitions.get(topic), &KafkaSettings::default())["max.message.bytes"].parse().unwrap()
        };
        for topic in Topic::ALL.into_iter().filter(|topic| *topic != Topic::Dlq) {
            assert!(limit(Topic::Dlq) >= limit(topic) + 48 * 1024, "{topic}");
        }
    }
}
