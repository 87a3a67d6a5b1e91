//! Consumer groups within this process: who holds which partitions of a topic.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crisislens_model::Topic;
use tokio::sync::watch;

use crate::{GroupView, Member, MemberControl, Membership, Rebalances};

/// Every group of the log.
#[derive(Default, Clone)]
pub(super) struct Groups {
    state: Arc<Mutex<State>>,
    rebalances: Rebalances,
}

#[derive(Default)]
struct State {
    groups: BTreeMap<(String, Topic), Vec<Joined>>,
    next_id: u64,
}

struct Joined {
    id: u64,
    partitions: u32,
    assignment: watch::Sender<Vec<u32>>,
}

impl Joined {
    fn view(&self) -> Member {
        Member {
            id: self.id.to_string(),
            host: "this process".to_owned(),
            partitions: self.assignment.borrow().clone(),
        }
    }
}

/// Leaves the group when dropped.
struct Leave {
    groups: Groups,
    group: (String, Topic),
    id: u64,
    /// Nothing keeps a member of this process from its place; the receiver stays open with it.
    _trouble: watch::Sender<Option<String>>,
}

impl Drop for Leave {
    fn drop(&mut self) {
        let mut state = self.groups.state();
        if let Some(members) = state.groups.get_mut(&self.group) {
            members.retain(|member| member.id != self.id);
            share(members, || self.groups.rebalances.count(&self.group.0, self.group.1));
        }
        state.groups.retain(|_, members| !members.is_empty());
    }
}

impl MemberControl for Leave {
    /// Members of one process hand over at once: whoever comes too late is stopped by the offset's compare-and-set.
    fn settled(&self, _: &[u32]) {}

    /// The store knows, and there is no other tool to tell.
    fn consumed(&self, _: u32, _: u64) {}
}

impl Groups {
    /// Adds a member and shares the partitions anew.
    pub fn join(&self, group: &str, topic: Topic, partitions: u32) -> Membership {
        let mut state = self.state();
        let id = state.next_id;
        state.next_id += 1;
        let group = (group.to_owned(), topic);
        let (assignment, receiver) = watch::channel(Vec::new());
        let members = state.groups.entry(group.clone()).or_default();
        members.push(Joined { id, partitions, assignment });
        share(members, || self.rebalances.count(&group.0, group.1));
        let (told, trouble) = watch::channel(None);
        let leave = Leave { groups: self.clone(), group, id, _trouble: told };
        Membership { assignment: receiver, trouble, control: Box::new(leave) }
    }

    /// As [`crate::EventLog::groups`].
    pub fn view(&self) -> Vec<GroupView> {
        let state = self.state();
        let view = |((group, topic), members): (&(String, Topic), &Vec<Joined>)| GroupView {
            group: group.clone(),
            topic: *topic,
            members: members.iter().map(Joined::view).collect(),
        };
        state.groups.iter().map(view).collect()
    }

    /// As [`crate::EventLog::rebalances`].
    pub fn rebalances(&self) -> BTreeMap<(String, Topic), u64> {
        self.rebalances.seen()
    }

    /// Takes every partition from every member, and ends the groups.
    pub fn dissolve(&self) {
        let groups = std::mem::take(&mut self.state().groups);
        for member in groups.values().flatten() {
            member.assignment.send_replace(Vec::new());
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Every change leaves the state whole, so a panic elsewhere has not broken it.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Shares the partitions round-robin, in the order of joining. First everyone loses what goes to another, and only
/// then it is given: so no two latest assignments ever name the same partition. `moved` is called for each member whose
/// partitions have changed.
fn share(members: &[Joined], moved: impl Fn()) {
    let count = members.len() as u32;
    let wanted = |place: u32, member: &Joined| -> Vec<u32> {
        (0..member.partitions).filter(|partition| partition % count == place).collect()
    };
    let before: Vec<Vec<u32>> = members.iter().map(|member| member.assignment.borrow().clone()).collect();
    for (place, member) in (0..).zip(members) {
        let wanted = wanted(place, member);
        set(member, |held| held.iter().copied().filter(|partition| wanted.contains(partition)).collect());
    }
    for (place, member) in (0..).zip(members) {
        set(member, |_| wanted(place, member));
    }
    let changed =
        members.iter().zip(&before).filter(|(member, before)| *member.assignment.borrow() != **before);
    changed.for_each(|_| moved());
}

fn set(member: &Joined, change: impl FnOnce(&Vec<u32>) -> Vec<u32>) {
    member.assignment.send_if_modified(|held| {
        let new = change(held);
        let changed = new != *held;
        *held = new;
        changed
    });
}
