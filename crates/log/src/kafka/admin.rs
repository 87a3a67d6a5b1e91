//! Making and changing the topics on the brokers: what is there, what `topics.yaml` wants, and the plan between the two.
//!
//! A plan never loses data unasked: partitions are only added, and what would let the brokers drop records earlier than now is
//! carried out only where the caller says so.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::{Client, ClientContext};
use rdkafka::metadata::Metadata;
use serde::Serialize;

use super::MESSAGE_MARGIN_BYTES;
use super::context::{Listening, Trouble};
use super::settings::KafkaSettings;
use super::topics::Topics;
use crate::definition::Compression;
use crate::{LogError, TopicDefinition, TopicDefinitions};

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
    pub config: BTreeMap<String, String>,
}

/// What lies between `topics.yaml` and the brokers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// What is to be done, in this order.
    pub changes: Vec<Change>,
    /// What is not done, because it cannot be without losing data.
    pub refused: Vec<String>,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Create { topic, partitions, .. } => {
                write!(f, "create {topic} with {partitions} partitions")
            }
            Self::AddPartitions { topic, from, to } => write!(
                f,
                "add partitions to {topic}: {from} → {to} (keys move: order per key holds before and after, not across)"
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

/// Makes and changes topics.
pub struct Admin {
    client: AdminClient<Listening>,
    settings: KafkaSettings,
    definitions: TopicDefinitions,
    topics: Topics,
    brokers: String,
    trouble: Trouble,
}

impl Admin {
    /// Connects to the brokers of `url` in the background.
    ///
    /// # Errors
    /// [`LogError::Setup`] when a setting is wrong.
    pub fn new(url: &str, definitions: TopicDefinitions, settings: KafkaSettings) -> Result<Self, LogError> {
        let brokers = KafkaSettings::brokers(url)?;
        let trouble = Trouble::default();
        let client = settings
            .client(&brokers)?
            .create_with_context(Listening { trouble: trouble.clone() })
            .map_err(|error| LogError::Setup(format!("the Kafka client cannot be made: {error}")))?;
        let topics = Topics::named(definitions.clone(), &settings.prefix);
        Ok(Self { client, settings, definitions, topics, brokers, trouble })
    }

    /// What must change on the brokers. Without `accept_data_loss`, what may drop records is refused.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] when the brokers do not answer, [`LogError::Setup`] when they refuse us.
    pub async fn plan(&self, accept_data_loss: bool) -> Result<Plan, LogError> {
        let found = self.found().await?;
        let mut plan = Plan::default();
        for definition in self.definitions.iter() {
            let name = self.topics.name(definition.topic);
            plan_topic(name, definition, &self.settings, found.get(name), &mut plan);
        }
        if !accept_data_loss {
            let (losing, harmless) = plan
                .changes
                .into_iter()
                .partition(|change| matches!(change, Change::SetConfig { loses_data: true, .. }));
            plan.changes = harmless;
            let losing: Vec<Change> = losing;
            plan.refused.extend(
                losing.iter().map(|change| format!("{change}; add --accept-data-loss if that is meant")),
            );
        }
        Ok(plan)
    }

    /// Carries `plan` out. Running it twice changes nothing more.
    ///
    /// # Errors
    /// [`LogError::Setup`] with what a broker refused, and why.
    pub async fn apply(&self, plan: &Plan) -> Result<(), LogError> {
        for change in &plan.changes {
            match change {
                Change::Create { topic, partitions, config } => {
                    self.create(topic, *partitions, config).await?
                }
                Change::AddPartitions { topic, to, .. } => self.add_partitions(topic, *to).await?,
                Change::SetConfig { .. } => {}
            }
        }
        let mut by_topic: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
        for change in &plan.changes {
            if let Change::SetConfig { topic, name, to, .. } = change {
                by_topic.entry(topic).or_default().insert(name, to);
            }
        }
        for (topic, changed) in by_topic {
            self.configure(topic, &changed).await?;
        }
        self.settle(plan).await
    }

    /// Removes the topics, with everything on them. For tests and tools that own the prefix.
    ///
    /// # Errors
    /// As [`Admin::apply`].
    pub async fn remove(&self) -> Result<(), LogError> {
        let names: Vec<&str> = self.definitions.iter().map(|one| self.topics.name(one.topic)).collect();
        let results = self.client.delete_topics(&names, &self.options()).await;
        for result in results.map_err(|error| self.refused("delete topics", &error))? {
            if let Err((topic, code)) = result {
                tracing::debug!(topic, %code, "not deleted");
            }
        }
        Ok(())
    }

    async fn found(&self) -> Result<BTreeMap<String, Found>, LogError> {
        // The client reports refusals only to who polls it, which the admin client's own thread does.
        let timeout = self.settings.request_timeout();
        let metadata = tokio::task::block_in_place(|| {
            metadata(self.client.inner(), timeout, &self.trouble, &self.brokers)
        })?;
        let mut found = BTreeMap::new();
        for definition in self.definitions.iter() {
            let name = self.topics.name(definition.topic);
            let there = metadata.topics().iter().find(|topic| topic.name() == name);
            let partitions = there.map_or(0, |topic| topic.partitions().len());
            if partitions > 0 {
                let partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
                found.insert(name.to_owned(), Found { partitions, config: BTreeMap::new() });
            }
        }
        let names: Vec<String> = found.keys().cloned().collect();
        let resources: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        if resources.is_empty() {
            return Ok(found);
        }
        let described = self.client.describe_configs(&resources, &self.options()).await;
        for (name, described) in
            names.iter().zip(described.map_err(|error| self.refused("describe topics", &error))?)
        {
            let described = described.map_err(|code| self.refused(&format!("describe {name}"), &code))?;
            if let Some(found) = found.get_mut(name) {
                let entries = described.entries.into_iter();
                found.config = entries.filter_map(|entry| Some((entry.name, entry.value?))).collect();
            }
        }
        Ok(found)
    }

    async fn create(
        &self,
        topic: &str,
        partitions: u32,
        config: &BTreeMap<String, String>,
    ) -> Result<(), LogError> {
        let copies = if self.settings.replication_factor > 0 { self.settings.replication_factor } else { -1 };
        let mut new = NewTopic::new(topic, partitions.cast_signed(), TopicReplication::Fixed(copies));
        for (name, value) in config {
            new = new.set(name, value);
        }
        let results = self.client.create_topics([&new], &self.options()).await;
        for result in results.map_err(|error| self.refused(&format!("create {topic}"), &error))? {
            match result {
                // Somebody else has made it meanwhile, by the same definition.
                Ok(_) | Err((_, rdkafka::types::RDKafkaErrorCode::TopicAlreadyExists)) => {}
                Err((_, code)) => return Err(self.refused(&format!("create {topic}"), &code)),
            }
        }
        Ok(())
    }

    async fn add_partitions(&self, topic: &str, to: u32) -> Result<(), LogError> {
        let new = NewPartitions::new(topic, to as usize);
        let what = format!("add partitions to {topic}");
        let results = self.client.create_partitions([&new], &self.options()).await;
        for result in results.map_err(|error| self.refused(&what, &error))? {
            result.map_err(|(_, code)| self.refused(&what, &code))?;
        }
        Ok(())
    }

    /// Sets `changed`, and with them everything else that is set on the topic: the call replaces a topic's whole configuration.
    async fn configure(&self, topic: &str, changed: &BTreeMap<&str, &str>) -> Result<(), LogError> {
        let what = format!("configure {topic}");
        let described =
            self.client.describe_configs(&[ResourceSpecifier::Topic(topic)], &self.options()).await;
        let described = described.map_err(|error| self.refused(&what, &error))?;
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for resource in described {
            let resource = resource.map_err(|code| self.refused(&what, &code))?;
            let own = resource.entries.into_iter().filter(|entry| {
                entry.source == rdkafka::admin::ConfigSource::DynamicTopic && !entry.is_sensitive
            });
            values.extend(own.filter_map(|entry| Some((entry.name, entry.value?))));
        }
        values.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let mut alter = AlterConfig::new(ResourceSpecifier::Topic(topic));
        for (name, value) in &values {
            alter = alter.set(name, value);
        }
        let results = self.client.alter_configs([&alter], &self.options()).await;
        for result in results.map_err(|error| self.refused(&what, &error))? {
            result.map_err(|(_, code)| self.refused(&what, &code))?;
        }
        Ok(())
    }

    /// Waits until the brokers show what was made, so that whoever opens the log next finds it.
    async fn settle(&self, plan: &Plan) -> Result<(), LogError> {
        let made = |change: &Change| matches!(change, Change::Create { .. } | Change::AddPartitions { .. });
        if !plan.changes.iter().any(made) {
            return Ok(());
        }
        let deadline = Instant::now() + self.settings.request_timeout();
        loop {
            let found = self.found().await?;
            let there = |definition: &TopicDefinition| {
                let name = self.topics.name(definition.topic);
                found.get(name).is_some_and(|topic| topic.partitions >= definition.partitions)
            };
            if self.definitions.iter().all(there) || Instant::now() >= deadline {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn options(&self) -> AdminOptions {
        let timeout = Some(self.settings.request_timeout());
        AdminOptions::new().request_timeout(timeout).operation_timeout(timeout)
    }

    fn refused(&self, what: &str, error: &dyn std::fmt::Display) -> LogError {
        LogError::Setup(self.trouble.explain(format!("the brokers do not {what}: {error}")))
    }
}

/// The cluster's topics and brokers.
///
/// A client that is refused for good tries on in silence, so what it says beside the call is watched, and ends the wait.
pub(super) fn metadata<C: ClientContext>(
    client: &Client<C>,
    within: Duration,
    trouble: &Trouble,
    brokers: &str,
) -> Result<Metadata, LogError> {
    let deadline = Instant::now() + within;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match client.fetch_metadata(None, left.clamp(Duration::from_millis(50), Duration::from_secs(1))) {
            Ok(metadata) => return Ok(metadata),
            Err(error) => {
                if let Some(reason) = trouble.refused() {
                    return Err(LogError::Setup(format!("the brokers at {brokers} refuse us: {reason}")));
                }
                if left.is_zero() {
                    let what = format!("the brokers at {brokers} do not answer: {error}");
                    return Err(LogError::Unavailable(trouble.explain(what)));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crisislens_model::Topic;

    fn definition() -> TopicDefinition {
        TopicDefinitions::shipped().unwrap().get(Topic::Alerts).clone()
    }

    fn planned(definition: &TopicDefinition, found: Option<&Found>) -> Plan {
        let mut plan = Plan::default();
        plan_topic("alerts", definition, &KafkaSettings::default(), found, &mut plan);
        plan
    }

    fn as_defined(definition: &TopicDefinition) -> Found {
        Found { partitions: definition.partitions, config: config_of(definition, &KafkaSettings::default()) }
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
