//! Consumer groups of the cluster: joining them, giving partitions back in good order, and looking at them.
//!
//! A member only holds partitions: it fetches nothing (its partitions are paused as soon as they come), so its thread always
//! polls, and no handler can make it miss a heartbeat. Records are read by [`super::reader`], and what was consumed is kept
//! in the store; offsets are committed here only as a hint for tools that show lag.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crisislens_model::Topic;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer, ConsumerContext, Rebalance};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::watch;

use super::context::{Listening, Trouble};
use crate::{LogError, Member, MemberControl, Membership};

/// How long a member's thread waits for events.
const POLL: Duration = Duration::from_millis(100);
/// How often progress is told to the brokers.
const HINT_EVERY: Duration = Duration::from_secs(2);
/// A static member that loses its place more often than once in this time has a twin: two processes of one name.
const TWIN_WITHIN: Duration = Duration::from_secs(30);
/// Wait before a lost place is taken again.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// Members of this process.
#[derive(Default)]
pub(super) struct Groups {
    threads: Mutex<Vec<(Arc<Hold>, JoinHandle<()>)>>,
}

/// What a member's thread, its membership and its rebalances share.
struct Hold {
    /// Gone once the place in the group is lost for good, which the holder sees.
    assignment: Mutex<Option<watch::Sender<Vec<u32>>>>,
    state: Mutex<State>,
    changed: Condvar,
    leaving: AtomicBool,
}

#[derive(Default)]
struct State {
    /// What the holder last said that it works on; `None` while it never has.
    settled: Option<Vec<u32>>,
    /// Offsets to tell the brokers.
    hints: BTreeMap<u32, u64>,
}

struct Control(Arc<Hold>);

/// The context of a member's consumer.
struct Following {
    listening: Listening,
    group: String,
    hold: Arc<Hold>,
    revoke_wait: Duration,
}

impl Hold {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assign(&self, change: impl FnOnce(&mut Vec<u32>)) {
        let assignment = self.assignment.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(assignment) = &*assignment {
            assignment.send_modify(change);
        }
    }

    fn lose(&self) {
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Waits until the holder works on none of `revoked` any more; at most `longest`, and not at all for one that never says
    /// what it works on. Whoever is slower than that is stopped by the offset's compare-and-set.
    fn await_settled(&self, revoked: &[u32], longest: Duration) {
        let deadline = Instant::now() + longest;
        let mut state = self.state();
        while state.settled.as_ref().is_some_and(|held| held.iter().any(|one| revoked.contains(one)))
            && !self.leaving.load(Ordering::Acquire)
        {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl MemberControl for Control {
    fn settled(&self, held: &[u32]) {
        self.0.state().settled = Some(held.to_vec());
        self.0.changed.notify_all();
    }

    fn consumed(&self, partition: u32, next: u64) {
        self.0.state().hints.insert(partition, next);
    }
}

impl Drop for Control {
    fn drop(&mut self) {
        self.0.leave();
    }
}

impl ClientContext for Following {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.listening.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.listening.error(error, reason);
    }
}

impl ConsumerContext for Following {
    fn pre_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        if let Rebalance::Revoke(list) = rebalance {
            let revoked = partitions(list);
            tracing::info!(group = self.group, ?revoked, "partitions are given back");
            self.hold.assign(|held| held.retain(|one| !revoked.contains(one)));
            // Where the session is over, what would still be told is told in the name of a member that is no more.
            self.hold.state().hints.retain(|one, _| !revoked.contains(one));
            self.hold.await_settled(&revoked, self.revoke_wait);
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        metrics::counter!("crisislens_log_rebalances_total", "group" => self.group.clone()).increment(1);
        if let Rebalance::Assign(list) = rebalance {
            if let Err(error) = consumer.pause(list) {
                tracing::warn!(group = self.group, %error, "cannot pause the partitions of a group");
            }
            let given = partitions(list);
            tracing::info!(group = self.group, ?given, "partitions are taken");
            self.hold.assign(|held| {
                held.extend(given);
                held.sort_unstable();
                held.dedup();
            });
        }
    }
}

fn partitions(list: &TopicPartitionList) -> Vec<u32> {
    list.elements().iter().map(|element| element.partition().unsigned_abs()).collect()
}

impl Groups {
    /// Joins `group` for the topic called `name` on the brokers.
    pub fn join(
        &self,
        config: &ClientConfig,
        group: &str,
        name: &str,
        trouble: Trouble,
        revoke_wait: Duration,
    ) -> Result<Membership, LogError> {
        let (assignment, receiver) = watch::channel(Vec::new());
        let hold = Arc::new(Hold {
            assignment: Mutex::new(Some(assignment)),
            state: Mutex::default(),
            changed: Condvar::new(),
            leaving: AtomicBool::new(false),
        });
        let place = Place {
            config: config.clone(),
            group: group.to_owned(),
            topic: name.to_owned(),
            hold: Arc::clone(&hold),
            trouble,
            revoke_wait,
        };
        let first = place.take().map_err(|error| LogError::Setup(format!("cannot join {group}: {error}")))?;
        let member = Arc::clone(&hold);
        let thread = std::thread::Builder::new()
            .name("group-member".to_owned())
            .spawn(move || place.keep(first))
            .map_err(|error| LogError::Unavailable(error.to_string()))?;
        let mut threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        threads.retain(|(_, thread)| !thread.is_finished());
        threads.push((member, thread));
        Ok(Membership { assignment: receiver, control: Box::new(Control(hold)) })
    }

    /// Leaves every group; false if that takes longer than `within`.
    pub fn close(&self, within: Duration) -> bool {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        threads.iter().for_each(|(hold, _)| hold.leave());
        let deadline = Instant::now() + within;
        while threads.iter().any(|(_, thread)| !thread.is_finished()) {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        true
    }
}

/// A place in a group, to be taken, and taken again where the brokers give it up.
struct Place {
    config: ClientConfig,
    group: String,
    topic: String,
    hold: Arc<Hold>,
    trouble: Trouble,
    revoke_wait: Duration,
}

/// Why a member's consumer is used no more.
enum End {
    /// Its holder leaves.
    Left,
    /// The client cannot go on with it.
    Fatal(String),
}

impl Place {
    fn take(&self) -> Result<BaseConsumer<Following>, KafkaError> {
        let following = Following {
            listening: Listening { trouble: self.trouble.clone() },
            group: self.group.clone(),
            hold: Arc::clone(&self.hold),
            revoke_wait: self.revoke_wait,
        };
        let consumer: BaseConsumer<Following> = self.config.create_with_context(following)?;
        consumer.subscribe(&[&self.topic])?;
        Ok(consumer)
    }

    /// Holds the place until its holder leaves.
    ///
    /// A static member whose session ended while the brokers were away is fenced by its own return: a message in the name of
    /// its old membership (an offset hint) arrives after it has joined anew, and the client takes that for the end. So the
    /// place is taken again; only where it is lost once more soon after, another process has this one's name.
    fn keep(self, first: BaseConsumer<Following>) {
        let mut current = Some(first);
        let mut lost_at: Option<Instant> = None;
        while !self.hold.leaving.load(Ordering::Acquire) {
            let Some(consumer) = current.take() else {
                std::thread::sleep(AGAIN_AFTER);
                match self.take() {
                    Ok(consumer) => current = Some(consumer),
                    Err(error) => tracing::warn!(topic = self.topic, %error, "cannot join the group again"),
                }
                continue;
            };
            let End::Fatal(reason) = hold_partitions(&consumer, &self.hold, &self.topic) else { return };
            self.hold.assign(Vec::clear);
            if lost_at.replace(Instant::now()).is_some_and(|before| before.elapsed() < TWIN_WITHIN) {
                tracing::error!(
                    topic = self.topic,
                    reason,
                    "another process has this one's name in the group"
                );
                self.hold.lose();
                return;
            }
            tracing::warn!(topic = self.topic, reason, "the place in the group is lost and taken again");
        }
    }
}

fn hold_partitions(consumer: &BaseConsumer<Following>, hold: &Hold, topic: &str) -> End {
    let mut told = Instant::now();
    while !hold.leaving.load(Ordering::Acquire) {
        match consumer.poll(POLL) {
            // The consumer fetches nothing; a message that slipped in before the pause is read by the reader as well.
            None | Some(Ok(_)) => {}
            Some(Err(error)) if is_forbidden(&error) => {
                // A process that ends and says why is better than one that waits for partitions for ever.
                tracing::error!(topic, %error, "the brokers do not let this member into the group");
                hold.lose();
                return End::Left;
            }
            Some(Err(error)) => tracing::debug!(topic, %error, "group member"),
        }
        // Also where the poll says nothing of it.
        if let Some((_, reason)) = consumer.client().fatal_error() {
            return End::Fatal(reason);
        }
        if told.elapsed() >= HINT_EVERY {
            told = Instant::now();
            tell(consumer, hold, topic, CommitMode::Async);
        }
    }
    hold.assign(Vec::clear);
    tell(consumer, hold, topic, CommitMode::Sync);
    // Dropping the consumer leaves the group, unless it is a static member.
    End::Left
}

/// Whether access rules keep a member from its group or its topic.
fn is_forbidden(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            RDKafkaErrorCode::GroupAuthorizationFailed
                | RDKafkaErrorCode::TopicAuthorizationFailed
                | RDKafkaErrorCode::ClusterAuthorizationFailed
        )
    )
}

/// Tells the brokers how far the partitions held were consumed. Only a hint: the store decides where a consumer goes on.
fn tell(consumer: &BaseConsumer<Following>, hold: &Hold, topic: &str, mode: CommitMode) {
    let hints = std::mem::take(&mut hold.state().hints);
    let mut list = TopicPartitionList::new();
    for (partition, next) in hints {
        let offset = Offset::Offset(i64::try_from(next).unwrap_or(i64::MAX));
        if list.add_partition_offset(topic, partition.cast_signed(), offset).is_err() {
            return;
        }
    }
    if list.count() > 0
        && let Err(error) = consumer.commit(&list, mode)
    {
        tracing::debug!(topic, %error, "offset hints");
    }
}

/// The members of a group by topic name, from the assignment that the consumer protocol gave each (`ConsumerProtocolAssignment`:
/// version, then topics with their partitions, big endian).
pub(super) fn assignment_by_topic(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u32>>> {
    let mut rest = bytes.get(2..)?;
    let mut take = |length: usize| -> Option<&[u8]> {
        let (taken, left) = rest.split_at_checked(length)?;
        rest = left;
        Some(taken)
    };
    let mut topics = BTreeMap::new();
    let count = u32::from_be_bytes(take(4)?.try_into().ok()?);
    for _ in 0..count {
        let length = u16::from_be_bytes(take(2)?.try_into().ok()?);
        let name = std::str::from_utf8(take(length.into())?).ok()?.to_owned();
        let partitions = u32::from_be_bytes(take(4)?.try_into().ok()?);
        let mut held = Vec::new();
        for _ in 0..partitions {
            held.push(u32::from_be_bytes(take(4)?.try_into().ok()?));
        }
        topics.insert(name, held);
    }
    Some(topics)
}

/// A group's members that hold partitions of a topic.
pub(super) fn members(
    group: &rdkafka::groups::GroupInfo,
    by_name: impl Fn(&str) -> Option<Topic>,
) -> BTreeMap<Topic, Vec<Member>> {
    let mut topics: BTreeMap<Topic, Vec<Member>> = BTreeMap::new();
    for member in group.members() {
        let held = member.assignment().and_then(assignment_by_topic).unwrap_or_default();
        for (name, partitions) in held {
            let Some(topic) = by_name(&name) else { continue };
            topics.entry(topic).or_default().push(Member {
                id: member.id().to_owned(),
                host: member.client_host().trim_start_matches('/').to_owned(),
                partitions,
            });
        }
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_rubbish_is_none() {
        let bytes =
            [&[0, 1, 0, 0, 0, 1, 0, 3][..], b"dlq", &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]]
                .concat();
        assert_eq!(assignment_by_topic(&bytes), Some(BTreeMap::from([("dlq".to_owned(), vec![0, 5])])));
        for length in 0..18 {
            assert_eq!(assignment_by_topic(&bytes[..length]), None, "{length} bytes");
        }
    }
}
