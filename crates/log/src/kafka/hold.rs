//! What a member of a group holds: shared by its thread, its membership, and the calls in which the client tells of a rebalance.
//! Joining and leaving are in [`super::member`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crisislens_model::Topic;
use rdkafka::TopicPartitionList;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, Rebalance};
use rdkafka::error::KafkaError;
use tokio::sync::watch;

use super::context::Listening;
use super::coverage::Coverage;
use crate::{MemberControl, Rebalances};

/// What a member's thread, its membership and its rebalances share.
pub(super) struct Hold {
    /// Gone once the place in the group is lost for good, which the holder sees.
    assignment: Mutex<Option<watch::Sender<Vec<u32>>>>,
    /// What keeps the member from its place, for people.
    trouble: watch::Sender<Option<String>>,
    state: Mutex<State>,
    changed: Condvar,
    leaving: AtomicBool,
}

struct State {
    /// What the holder last said that it works on; `None` while it never has.
    settled: Option<Vec<u32>>,
    /// Offsets to tell the brokers.
    hints: BTreeMap<u32, u64>,
    /// Since when it is without a place in the group; `None` while it has one, be it with no partition.
    placeless_since: Option<Instant>,
    /// The last refusal since it had a place.
    refusal: Option<String>,
    /// Whether every partition was seen to have a holder since the last rebalance.
    is_whole: bool,
    /// Partitions that were seen to have none, and since when.
    gap: Option<(Vec<u32>, Instant)>,
    /// How often it has joined anew for a gap since every partition had a holder.
    moves: u32,
}

impl Hold {
    /// Holds nothing yet; what it comes to hold, and what is in its way, is told to the senders' receivers.
    pub fn new(assignment: watch::Sender<Vec<u32>>, trouble: watch::Sender<Option<String>>) -> Self {
        Self {
            assignment: Mutex::new(Some(assignment)),
            trouble,
            state: Mutex::new(State {
                settled: None,
                hints: BTreeMap::new(),
                placeless_since: Some(Instant::now()),
                refusal: None,
                is_whole: false,
                gap: None,
                moves: 0,
            }),
            changed: Condvar::new(),
            leaving: AtomicBool::new(false),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a panic elsewhere has not broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn assign(&self, change: impl FnOnce(&mut Vec<u32>)) {
        let assignment = self.assignment.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(assignment) = &*assignment {
            assignment.send_modify(change);
        }
    }

    /// Gives everything up that it holds.
    pub fn clear(&self) {
        self.assign(Vec::clear);
        self.state().placeless_since.get_or_insert_with(Instant::now);
    }

    /// Ends the membership for good: somebody else has its place.
    pub fn lose(&self, reason: String) {
        self.trouble.send_replace(Some(reason));
        self.assignment.lock().unwrap_or_else(PoisonError::into_inner).take();
    }

    /// Asks the thread to leave the group.
    pub fn leave(&self) {
        self.leaving.store(true, Ordering::Release);
        self.changed.notify_all();
    }

    /// Whether the thread is asked to leave.
    pub fn is_leaving(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Notes why the brokers do not give it a place. Told at once where it has none, and else when it loses the one it has.
    pub fn refused(&self, reason: String) {
        let mut state = self.state();
        if state.placeless_since.is_some() {
            self.trouble.send_replace(Some(reason.clone()));
        }
        state.refusal = Some(reason);
    }

    /// Says that it is without a place if it has been for longer than `patience`, and no refusal says more.
    pub fn complain_after(&self, patience: Duration, reason: impl FnOnce() -> String) {
        let state = self.state();
        if state.placeless_since.is_some_and(|since| since.elapsed() > patience) && state.refusal.is_none() {
            self.complain(reason);
        }
    }

    fn placed(&self) {
        let mut state = self.state();
        (state.placeless_since, state.refusal) = (None, None);
        (state.is_whole, state.gap) = (false, None);
        self.trouble.send_if_modified(|trouble| trouble.take().is_some());
    }

    /// Whether it has a place and it is not known yet that the group holds every partition.
    pub fn is_in_doubt(&self) -> bool {
        let state = self.state();
        state.placeless_since.is_none() && !state.is_whole
    }

    /// Notes how the partitions are held. Answers for how long those have had no holder that have none, and how often it has
    /// joined anew for that.
    pub fn saw(&self, coverage: &Coverage) -> Option<(Duration, u32)> {
        let mut state = self.state();
        let Coverage::Gap { missing, .. } = coverage else {
            state.gap = None;
            if *coverage == Coverage::Whole {
                (state.is_whole, state.moves) = (true, 0);
                self.trouble.send_if_modified(|trouble| trouble.take().is_some());
            }
            return None;
        };
        let since = match state.gap.take() {
            Some((known, since)) if known == *missing => since,
            _ => Instant::now(),
        };
        state.gap = Some((missing.clone(), since));
        Some((since.elapsed(), state.moves))
    }

    /// Says what is wrong although it has a place.
    pub fn complain(&self, reason: impl FnOnce() -> String) {
        self.trouble.send_if_modified(|trouble| {
            let is_new = trouble.is_none();
            trouble.get_or_insert_with(reason);
            is_new
        });
    }

    /// Notes that it joins anew for a gap.
    pub fn moves(&self) {
        self.state().moves += 1;
    }

    fn displaced(&self) {
        let mut state = self.state();
        state.placeless_since.get_or_insert_with(Instant::now);
        if let Some(refusal) = state.refusal.clone() {
            self.trouble.send_replace(Some(refusal));
        }
    }

    /// Takes the offsets that are to be told to the brokers.
    pub fn take_hints(&self) -> BTreeMap<u32, u64> {
        std::mem::take(&mut self.state().hints)
    }

    /// Waits until the holder works on none of `revoked` any more; at most `longest`, and not at all for one that never says
    /// what it works on. Whoever is slower than that is stopped by the offset's compare-and-set.
    fn await_settled(&self, revoked: &[u32], longest: Duration) {
        let deadline = Instant::now() + longest;
        let mut state = self.state();
        while state.settled.as_ref().is_some_and(|held| held.iter().any(|one| revoked.contains(one)))
            && !self.is_leaving()
        {
            let Some(left) = deadline.checked_duration_since(Instant::now()) else { return };
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// What the holder of the membership has in its hands; dropping it leaves the group.
pub(super) struct Control(pub std::sync::Arc<Hold>);

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

/// The context of a member's consumer.
pub(super) struct Following {
    pub listening: Listening,
    /// The group and the topic as people call them.
    pub group: String,
    pub topic: Topic,
    pub hold: std::sync::Arc<Hold>,
    pub rebalances: Rebalances,
    pub revoke_wait: Duration,
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
            tracing::info!(group = self.group, topic = %self.topic, ?revoked, "partitions are given back");
            self.hold.assign(|held| held.retain(|one| !revoked.contains(one)));
            // Where the session is over, what would still be told is told in the name of a member that is no more.
            self.hold.state().hints.retain(|one, _| !revoked.contains(one));
            self.hold.await_settled(&revoked, self.revoke_wait);
            self.hold.displaced();
        }
    }

    fn post_rebalance(&self, consumer: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        self.rebalances.count(&self.group, self.topic);
        // A rebalance ends with this call for every member, also for one that is given nothing.
        if let Rebalance::Assign(list) = rebalance {
            if let Err(error) = consumer.pause(list) {
                tracing::warn!(group = self.group, %error, "cannot pause the partitions of a group");
            }
            let given = partitions(list);
            tracing::info!(group = self.group, topic = %self.topic, ?given, "partitions are taken");
            self.hold.placed();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn hold() -> (Hold, watch::Receiver<Option<String>>) {
        let (trouble, told) = watch::channel(None);
        (Hold::new(watch::Sender::new(Vec::new()), trouble), told)
    }

    #[test]
    fn a_refusal_is_told_while_there_is_no_place_and_goes_away_with_one() {
        let (hold, told) = hold();
        hold.refused("no right".to_owned());
        assert_eq!(told.borrow().as_deref(), Some("no right"));
        hold.placed();
        assert_eq!(*told.borrow(), None);
    }

    #[test]
    fn a_refusal_of_a_member_that_still_has_its_place_is_told_when_it_loses_it() {
        let (hold, told) = hold();
        hold.placed();
        hold.refused("no right any more".to_owned());
        assert_eq!(*told.borrow(), None, "it works on");
        hold.displaced();
        assert_eq!(told.borrow().as_deref(), Some("no right any more"));
    }

    #[test]
    fn a_gap_lasts_until_it_is_closed_or_the_group_is_rebalanced() {
        let (hold, told) = hold();
        let gap = |missing: u32| Coverage::Gap { missing: vec![missing], movers: vec!["a".to_owned()] };
        let pause = Duration::from_millis(2);
        assert!(!hold.is_in_doubt(), "it has no place");
        hold.placed();
        assert!(hold.is_in_doubt());
        hold.saw(&gap(1));
        std::thread::sleep(pause);
        assert!(hold.saw(&gap(1)).is_some_and(|(lasted, moves)| lasted >= pause && moves == 0));
        assert!(hold.saw(&gap(2)).is_some_and(|(lasted, _)| lasted < pause), "another one begins");
        hold.complain(|| "no holder".to_owned());
        hold.moves();
        assert_eq!(hold.saw(&Coverage::Unknown), None);
        assert!(hold.state().gap.is_none() && hold.is_in_doubt());
        assert_eq!(hold.saw(&gap(2)).map(|(_, moves)| moves), Some(1));
        assert_eq!(told.borrow().as_deref(), Some("no holder"));
        assert_eq!(hold.saw(&Coverage::Whole), None);
        assert!(!hold.is_in_doubt() && told.borrow().is_none());
        hold.placed();
        assert!(hold.is_in_doubt());
        assert_eq!(hold.saw(&gap(2)).map(|(_, moves)| moves), Some(0));
    }

    #[test]
    fn who_waits_long_without_being_refused_says_so_once() {
        let (hold, mut told) = hold();
        let say = || "no place".to_owned();
        hold.complain_after(Duration::from_secs(60), say);
        assert_eq!(*told.borrow_and_update(), None);
        hold.complain_after(Duration::ZERO, say);
        assert_eq!(told.borrow_and_update().as_deref(), Some("no place"));
        hold.complain_after(Duration::ZERO, say);
        assert!(!told.has_changed().unwrap());
        hold.placed();
        hold.complain_after(Duration::ZERO, say);
        assert_eq!(*told.borrow(), None);
    }
}
