//! What this process does, how its consumers work, and what happens to records that fail.

use std::time::Duration;

use crisislens_stream::{FailurePolicy, MonitorOptions};
use serde::{Deserialize, Serialize};

use super::Config;

/// What a process does. One that does everything is the default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// The HTTP API, live updates and the web app.
    Api,
    /// Reads sources; of several nodes, one at a time does.
    Connectors,
    /// Makes items, incidents and alerts, and keeps the search index.
    Workers,
    /// Decides about recipients and sends.
    Notify,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Api, Self::Connectors, Self::Workers, Self::Notify];
}

/// The consumer groups there are.
pub const GROUPS: [&str; 4] =
    ["crisis-lens-main", "crisis-lens-claims", "crisis-lens-notifications", "crisis-lens-dlq"];

/// This process among others.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Node {
    /// A name that no other process has; empty for a random one.
    pub name: String,
    /// What it does.
    pub roles: Vec<Role>,
    /// Only these consumer groups, of those that its roles have; empty for all.
    pub groups: Vec<String>,
    /// After so many milliseconds without a sign, another node takes over what only one does at a time (relay, connectors,
    /// projector).
    pub lease_ms: u64,
    /// For so long a node that starts tries again to reach brokers and PostgreSQL where they are away, seconds; then it ends and
    /// says which. The last try may take its own time beyond that.
    pub start_within_s: u64,
    /// Longest time to stop in after SIGTERM, seconds.
    pub stop_within_s: u64,
}

impl Default for Node {
    fn default() -> Self {
        Self {
            name: String::new(),
            roles: Role::ALL.to_vec(),
            groups: Vec::new(),
            lease_ms: 5_000,
            start_within_s: 60,
            stop_within_s: 12,
        }
    }
}

impl Node {
    /// Whether it does `role`.
    #[must_use]
    pub fn does(&self, role: Role) -> bool {
        self.roles.contains(&role)
    }

    /// Whether it runs consumers of `group`.
    #[must_use]
    pub fn consumes(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|one| one == group)
    }
}

/// Consumers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workers {
    /// Most records in one transaction.
    pub batch_records: usize,
    /// Milliseconds after which indexed items become searchable at the latest.
    pub search_commit_ms: u64,
    /// With more records than this in the outbox, consumers wait.
    pub max_outbox_records: u64,
    /// With more bytes than this in the outbox, too.
    pub max_outbox_bytes: u64,
    /// With a record in the outbox that has waited for longer, no dead letters are written, seconds.
    pub outbox_stuck_after_s: u64,
    /// How often lag and outbox are looked at, milliseconds.
    pub monitor_every_ms: u64,
}

impl Default for Workers {
    fn default() -> Self {
        let monitor = MonitorOptions::default();
        Self {
            batch_records: 256,
            search_commit_ms: 500,
            max_outbox_records: monitor.max_outbox_records,
            max_outbox_bytes: monitor.max_outbox_bytes,
            outbox_stuck_after_s: monitor.outbox_stuck_after.as_secs(),
            monitor_every_ms: 2_000,
        }
    }
}

impl Workers {
    /// The monitor's bounds.
    #[must_use]
    pub fn monitor(&self) -> MonitorOptions {
        MonitorOptions {
            every: Duration::from_millis(self.monitor_every_ms),
            max_outbox_records: self.max_outbox_records,
            max_outbox_bytes: self.max_outbox_bytes,
            outbox_stuck_after: Duration::from_secs(self.outbox_stuck_after_s),
        }
    }
}

/// What happens to records that fail in a way nobody knows; the rest of the table is fixed (docs/guides/cluster.md).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Failures {
    /// Tries in place, while the partition waits.
    pub in_place_attempts: u32,
    /// First wait between them, milliseconds; doubles up to …
    pub in_place_back_off_ms: u64,
    /// … this.
    pub in_place_back_off_max_ms: u64,
    /// Waits before the tries that follow beside the partition, seconds; then a dead letter.
    pub delays_s: Vec<u64>,
    /// Longest wait between tries while a dependency is away, milliseconds.
    pub dependency_back_off_max_ms: u64,
    /// Records of a partition that may be delayed; with more, the partition waits.
    pub max_delayed: usize,
}

impl Default for Failures {
    fn default() -> Self {
        let policy = FailurePolicy::default();
        let milliseconds = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self {
            in_place_attempts: policy.in_place_attempts,
            in_place_back_off_ms: milliseconds(policy.in_place_back_off),
            in_place_back_off_max_ms: milliseconds(policy.in_place_back_off_max),
            delays_s: policy.delays.iter().map(Duration::as_secs).collect(),
            dependency_back_off_max_ms: milliseconds(policy.dependency_back_off_max),
            max_delayed: policy.max_delayed,
        }
    }
}

impl Failures {
    /// The policy that consumers follow.
    #[must_use]
    pub fn policy(&self) -> FailurePolicy {
        FailurePolicy {
            in_place_attempts: self.in_place_attempts,
            in_place_back_off: Duration::from_millis(self.in_place_back_off_ms),
            in_place_back_off_max: Duration::from_millis(self.in_place_back_off_max_ms),
            delays: self.delays_s.iter().copied().map(Duration::from_secs).collect(),
            dependency_back_off_max: Duration::from_millis(self.dependency_back_off_max_ms),
            max_delayed: self.max_delayed,
        }
    }
}

impl Config {
    /// What is wrong with roles, workers and the failure policy.
    pub(super) fn worker_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for (name, value, least, most) in [
            ("node.lease_ms", self.node.lease_ms, 500, 600_000),
            ("node.start_within_s", self.node.start_within_s, 0, 3_600),
            ("node.stop_within_s", self.node.stop_within_s, 1, 600),
            ("workers.batch_records", self.workers.batch_records as u64, 1, 100_000),
            ("workers.search_commit_ms", self.workers.search_commit_ms, 10, 60_000),
            ("workers.max_outbox_records", self.workers.max_outbox_records, 1, 100_000_000),
            ("workers.max_outbox_bytes", self.workers.max_outbox_bytes, 1 << 20, 1 << 40),
            ("workers.outbox_stuck_after_s", self.workers.outbox_stuck_after_s, 1, 3_600),
            ("workers.monitor_every_ms", self.workers.monitor_every_ms, 100, 600_000),
            ("failures.in_place_attempts", self.failures.in_place_attempts.into(), 1, 100),
            ("failures.in_place_back_off_ms", self.failures.in_place_back_off_ms, 1, 60_000),
            ("failures.in_place_back_off_max_ms", self.failures.in_place_back_off_max_ms, 1, 600_000),
            ("failures.dependency_back_off_max_ms", self.failures.dependency_back_off_max_ms, 1, 600_000),
            ("failures.max_delayed", self.failures.max_delayed as u64, 1, 10_000_000),
        ] {
            if !(least..=most).contains(&value) {
                problems.push(format!("{name} = {value}: is not between {least} and {most}"));
            }
        }
        if self.failures.delays_s.iter().sum::<u64>() > 86_400 {
            problems.push("failures.delays_s: together they are at most a day (86400)".to_owned());
        }
        if self.node.roles.is_empty() {
            problems.push(
                "node.roles: is empty; name at least one of api, connectors, workers, notify".to_owned(),
            );
        }
        for group in self.node.groups.iter().filter(|group| !GROUPS.contains(&group.as_str())) {
            problems
                .push(format!("node.groups: there is no group {group:?}; known are {}", GROUPS.join(", ")));
        }
        if self.log.url().is_ok_and(|url| url.is_embedded())
            && Role::ALL.iter().any(|role| !self.node.does(*role))
        {
            problems.push(
                "node.roles: the embedded log belongs to one process, so that one has every role; set log.url to \
                 kafka://… to share the work"
                    .to_owned(),
            );
        }
        problems
    }
}
