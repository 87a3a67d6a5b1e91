//! A member of a group at work, on a thread of its own: takes its place, takes it again where it is lost, tells the brokers how far
//! the partitions are consumed, and leaves.
//!
//! It only holds partitions and fetches nothing (they are paused as soon as they come), so it polls all the time but for short looks at
//! the group, and no handler can make it miss a heartbeat.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crisislens_model::Topic;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::groups::GroupInfo;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::context::{Listening, Trouble};
use super::coverage::{self, Coverage};
use super::group_view::id_of_instance;
use super::hold::{Following, Hold};
use super::member_id::member_id;
use super::topics::Topics;
use crate::Rebalances;

/// How long a member's thread waits for events.
const POLL: Duration = Duration::from_millis(100);
/// How often progress is told to the brokers.
const HINT_EVERY: Duration = Duration::from_secs(2);
/// A member that another process puts out of its place more often than once in this time has a twin that stays.
const TWIN_WITHIN: Duration = Duration::from_secs(30);
/// Wait before a lost place is taken again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// Without a place for longer than that, a member says so.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long a member that has a name tries to take leave of its group.
const LEAVE_WITHIN: Duration = Duration::from_secs(3);
/// How often a member looks whether every partition has a holder, until it has seen it.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Pause after a look without an answer.
const LOOK_AGAIN: Duration = Duration::from_secs(5);
/// Longest wait for the answer.
const LOOK_WITHIN: Duration = Duration::from_millis(500);
/// So much longer than a hand-over may take partitions may be without a holder …
const GAP_MARGIN: Duration = Duration::from_secs(1);
/// … and twice as long after each time that joining anew did not help, so often.
const DOUBLINGS: u32 = 6;
/// Longest wait for an answer to whether there is a twin.
const TWIN_LOOK_WITHIN: Duration = Duration::from_secs(2);

/// A place in a group, to be taken, and taken again where the brokers give it up.
pub(super) struct Place {
    /// Of the consumer; it names the group.
    pub config: ClientConfig,
    /// The group as the brokers and as people call it.
    pub group_id: String,
    pub group: String,
    /// The topic, and what the brokers call it.
    pub topic: Topic,
    pub topics: Arc<Topics>,
    /// The name of a static member.
    pub instance: Option<String>,
    /// Whether a static member leaves when it stops.
    pub leave_on_stop: bool,
    pub hold: Arc<Hold>,
    pub rebalances: Rebalances,
    pub trouble: Trouble,
    pub revoke_wait: Duration,
}

/// Why a member's consumer is used no more.
enum End {
    /// Its holder leaves.
    Left,
    /// It has left, to join anew.
    Anew,
    /// The client cannot go on with it.
    Fatal { reason: String, has_twin: bool },
}

impl Place {
    fn topic_name(&self) -> &str {
        self.topics.name(self.topic)
    }

    /// A consumer that is on its way into the group.
    pub fn take(&self) -> Result<BaseConsumer<Following>, KafkaError> {
        let following = Following {
            listening: Listening { trouble: self.trouble.clone() },
            group: self.group.clone(),
            topic: self.topic,
            hold: Arc::clone(&self.hold),
            rebalances: self.rebalances.clone(),
            revoke_wait: self.revoke_wait,
        };
        let consumer: BaseConsumer<Following> = self.config.create_with_context(following)?;
        consumer.subscribe(&[self.topic_name()])?;
        Ok(consumer)
    }

    /// Holds the place until its holder leaves.
    ///
    /// The brokers fence a static member whenever they hear of it under an id that it no longer has. Mostly that is its own
    /// return: after a broker or the coordinator was away it has joined anew, and a message under its old id (an offset hint)
    /// comes late. However often that happens, the place is taken again. Only where the group shows that another process
    /// has joined under the same name, and it does so again, is the place given up: one of the two must be called otherwise.
    pub fn keep(self, first: BaseConsumer<Following>) {
        let mut current = Some(first);
        let mut twin_seen: Option<Instant> = None;
        while !self.hold.is_leaving() {
            let Some(consumer) = current.take() else {
                std::thread::sleep(AGAIN_AFTER);
                match self.take() {
                    Ok(consumer) => current = Some(consumer),
                    Err(error) => {
                        tracing::warn!(topic = %self.topic, %error, "cannot join the group again");
                        self.hold.refused(format!("cannot join {} again: {error}", self.group));
                    }
                }
                continue;
            };
            let (reason, has_twin) = match self.work(&consumer) {
                End::Left => return,
                End::Anew => continue,
                End::Fatal { reason, has_twin } => (reason, has_twin),
            };
            self.hold.clear();
            if has_twin && twin_seen.replace(Instant::now()).is_some_and(|at| at.elapsed() < TWIN_WITHIN) {
                tracing::error!(topic = %self.topic, reason, "another process has this one's name in the group");
                self.hold.lose(self.twin_reason());
                return;
            }
            if has_twin {
                self.hold.refused(self.twin_reason());
            }
            tracing::warn!(topic = %self.topic, reason, has_twin, "the place in the group is lost and taken again");
        }
    }

    fn twin_reason(&self) -> String {
        format!(
            "another process has joined {} under this one's name, {}: give each node a node.name (or log.kafka.instance) of its own",
            self.group,
            self.instance.as_deref().unwrap_or_default()
        )
    }

    fn work(&self, consumer: &BaseConsumer<Following>) -> End {
        let (mut told, mut look_at) = (Instant::now(), Instant::now() + LOOK_EVERY);
        while !self.hold.is_leaving() {
            match consumer.poll(POLL) {
                // The consumer fetches nothing; a message that slipped in before the pause is read by the reader as well.
                None | Some(Ok(_)) => {}
                Some(Err(error)) => self.hear(&error),
            }
            // Also where the poll says nothing of it.
            if let Some((code, reason)) = consumer.client().fatal_error() {
                let has_twin = code == RDKafkaErrorCode::FencedInstanceId && self.has_twin(consumer);
                return End::Fatal { reason, has_twin };
            }
            if self.hold.is_in_doubt() && Instant::now() >= look_at {
                let coverage = self.coverage(consumer);
                look_at = Instant::now() + coverage.as_ref().map_or(LOOK_AGAIN, |_| LOOK_EVERY);
                if coverage.is_some_and(|coverage| self.must_move(consumer, &coverage)) {
                    self.hold.clear();
                    leave(consumer, self.revoke_wait + LEAVE_WITHIN);
                    return End::Anew;
                }
            }
            let waits = || format!("no place in the group {} yet", self.group);
            self.hold.complain_after(PATIENCE, || self.trouble.explain(waits()));
            if told.elapsed() >= HINT_EVERY {
                told = Instant::now();
                self.tell(consumer, CommitMode::Async);
            }
        }
        self.hold.clear();
        self.tell(consumer, CommitMode::Sync);
        if self.instance.is_some() && self.leave_on_stop {
            leave(consumer, LEAVE_WITHIN);
        }
        // Dropping the consumer makes one without a name leave.
        End::Left
    }

    fn hear(&self, error: &KafkaError) {
        let Some(reason) = error.rdkafka_error_code().and_then(|code| self.refusal(code)) else {
            tracing::debug!(topic = %self.topic, %error, "group member");
            return;
        };
        tracing::error!(topic = %self.topic, group = self.group, reason, "the group does not take this member");
        self.hold.refused(reason);
    }

    /// What an operator can do about an error that does not pass by itself; `None` for those that do.
    fn refusal(&self, code: RDKafkaErrorCode) -> Option<String> {
        use RDKafkaErrorCode as Code;
        let (group, topic) = (&self.group_id, self.topic_name());
        let advice = match code {
            Code::GroupAuthorizationFailed => {
                format!("give this node's user Read and Describe on the group {group}")
            }
            Code::TopicAuthorizationFailed => {
                format!("give this node's user Read and Describe on the topic {topic}")
            }
            Code::ClusterAuthorizationFailed => {
                "give this node's user the right that the brokers' log names".to_owned()
            }
            Code::InconsistentGroupProtocol => format!(
                "members of {group} that were started by another program or an old version share partitions in another way \
                 than cooperative-sticky: stop them"
            ),
            Code::InvalidSessionTimeout => {
                "set log.kafka.session_timeout_ms between the brokers' group.min.session.timeout.ms and \
                 group.max.session.timeout.ms"
                    .to_owned()
            }
            Code::GroupMaxSizeReached => {
                format!("{group} has as many members as the brokers' group.max.size allows")
            }
            Code::UnknownTopicOrPartition | Code::UnknownTopic => {
                format!("the topic {topic} is not on the brokers: `crisislens topics init` makes it")
            }
            Code::InvalidGroupId | Code::UnsupportedVersion | Code::UnknownProtocol => {
                "the brokers do not work with this version".to_owned()
            }
            _ => return None,
        };
        Some(format!("the brokers do not let this node into the group {}: {code}; {advice}", self.group))
    }

    /// Whether the place of this fenced member is another process's now: the group shows its name with an id that is not ours.
    /// Where that cannot be told (no answer, or we are just joining and do not know our own id yet), it is not taken for so.
    fn has_twin(&self, consumer: &BaseConsumer<Following>) -> bool {
        let Some((instance, ours)) = self.instance.as_deref().zip(member_id(consumer)) else { return false };
        let holds_it = self.look(consumer, TWIN_LOOK_WITHIN, |group| {
            let ids = group.members().iter().map(|member| member.id());
            id_of_instance(ids, instance).is_some_and(|holder| holder != ours)
        });
        holds_it.unwrap_or(false)
    }

    /// How the partitions are held; `None` without an answer.
    fn coverage(&self, consumer: &BaseConsumer<Following>) -> Option<Coverage> {
        let partitions = self.topics.partitions(self.topic);
        self.look(consumer, LOOK_WITHIN, |group| coverage::of(group, self.topic_name(), partitions))
    }

    /// Whether partitions have no holder, although no rebalance is on its way that would give them one, and it is for this member
    /// to set one off. Where the first does not, the next one does.
    fn must_move(&self, consumer: &BaseConsumer<Following>, coverage: &Coverage) -> bool {
        let Some((lasted, moves)) = self.hold.saw(coverage) else { return false };
        let Coverage::Gap { missing, movers } = coverage else { return false };
        let patience = (self.revoke_wait + GAP_MARGIN) * 2_u32.pow(moves.min(DOUBLINGS));
        if lasted <= patience {
            return false;
        }
        self.hold.complain(|| {
            format!(
                "partitions {missing:?} of {} have no holder in the group {}, which is stable",
                self.topic, self.group
            )
        });
        let ours = member_id(consumer);
        let rank = movers.iter().position(|mover| ours.as_ref() == Some(mover));
        let is_due = rank.is_some_and(|rank| lasted > patience * u32::try_from(rank + 1).unwrap_or(u32::MAX));
        if is_due {
            tracing::warn!(group = self.group, topic = %self.topic, ?missing, "partitions have no holder: joining the group anew");
            self.hold.moves();
        }
        is_due
    }

    /// What the brokers say of the group; `None` without an answer.
    fn look<T>(
        &self,
        consumer: &BaseConsumer<Following>,
        within: Duration,
        read: impl FnOnce(&GroupInfo) -> T,
    ) -> Option<T> {
        let list = consumer.client().fetch_group_list(Some(&self.group_id), within).ok()?;
        list.groups().iter().find(|group| group.name() == self.group_id).map(read)
    }

    /// Tells the brokers how far the partitions held were consumed. Only a hint: the store decides where a consumer goes on.
    fn tell(&self, consumer: &BaseConsumer<Following>, mode: CommitMode) {
        let mut list = TopicPartitionList::new();
        for (partition, next) in self.hold.take_hints() {
            let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
            if list.add_partition_offset(self.topic_name(), partition.cast_signed(), offset).is_err() {
                return;
            }
        }
        if list.count() > 0
            && let Err(error) = consumer.commit(&list, mode)
        {
            tracing::debug!(topic = %self.topic, %error, "offset hints");
        }
    }
}

/// Makes a member leave its group. A static one too, so that others take its partitions at once instead of after its session time-out.
/// The client does not do that when it is closed (KIP-345), but it does when a subscription ends before.
fn leave(consumer: &BaseConsumer<Following>, within: Duration) {
    let deadline = Instant::now() + within;
    consumer.unsubscribe();
    // The id goes when the request to leave is on its way; closing the client then waits for the answer.
    while member_id(consumer).is_some() && Instant::now() < deadline {
        let _ = consumer.poll(Duration::from_millis(10));
    }
}
