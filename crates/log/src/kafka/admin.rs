//! Making and changing the topics on the brokers: asks what is there, and carries out a [`Plan`].

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::admin::{
    AdminClient, AdminOptions, AlterConfig, NewPartitions, NewTopic, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::{Client, ClientContext};
use rdkafka::metadata::Metadata;

use super::context::{Listening, Trouble};
use super::copies;
pub use super::plan::{Change, Plan};
use super::plan::{Found, plan_topic};
use super::settings::KafkaSettings;
use super::topics::Topics;
use crate::{LogError, TopicDefinition, TopicDefinitions};

/// Makes and changes topics.
pub struct Admin {
    client: AdminClient<Listening>,
    settings: KafkaSettings,
    definitions: TopicDefinitions,
    topics: Topics,
    brokers: String,
    trouble: Trouble,
}

/// What is there.
struct Cluster {
    brokers: usize,
    /// Our topics by their names on the brokers.
    topics: BTreeMap<String, Found>,
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
        let Cluster { brokers, topics: found } = self.found().await?;
        let mut plan = Plan::default();
        for definition in self.definitions.iter() {
            let name = self.topics.name(definition.topic);
            let found = found.get(name);
            plan_topic(name, definition, &self.settings, found, &mut plan);
            for caution in copies::cautions(&self.settings, found) {
                plan.caution(name, &caution);
            }
        }
        let makes = |change: &Change| matches!(change, Change::Create { .. });
        if let Some(obstacle) =
            copies::obstacle(&self.settings, brokers).filter(|_| plan.changes.iter().any(makes))
        {
            plan.changes.retain(|change| !makes(change));
            plan.refused.push(obstacle);
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

    async fn found(&self) -> Result<Cluster, LogError> {
        // The client reports refusals only to who polls it, which the admin client's own thread does.
        let timeout = self.settings.request_timeout();
        let metadata = tokio::task::block_in_place(|| {
            metadata(self.client.inner(), timeout, &self.trouble, &self.brokers)
        })?;
        let brokers = metadata.brokers().len();
        let mut found = BTreeMap::new();
        for definition in self.definitions.iter() {
            let name = self.topics.name(definition.topic);
            let there = metadata.topics().iter().find(|topic| topic.name() == name);
            let partitions = there.map_or(0, |topic| topic.partitions().len());
            if partitions > 0 {
                let partitions = u32::try_from(partitions).unwrap_or(u32::MAX);
                let copies = there.into_iter().flat_map(|topic| topic.partitions());
                let fewest = copies.map(|partition| partition.replicas().len()).min().unwrap_or_default();
                let copies = u32::try_from(fewest).unwrap_or(u32::MAX);
                found.insert(name.to_owned(), Found { partitions, copies, config: BTreeMap::new() });
            }
        }
        let names: Vec<String> = found.keys().cloned().collect();
        let resources: Vec<_> = names.iter().map(|name| ResourceSpecifier::Topic(name)).collect();
        if resources.is_empty() {
            return Ok(Cluster { brokers, topics: found });
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
        Ok(Cluster { brokers, topics: found })
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
            let found = self.found().await?.topics;
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
