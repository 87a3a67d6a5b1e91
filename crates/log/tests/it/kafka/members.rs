//! Members of a group as processes are: each with a client of its own.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crisislens_log::kafka::KafkaLog;
use crisislens_log::{EventLog, Membership, ReadLimit};
use crisislens_model::Topic;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Cluster, record, until};

const TOPIC: Topic = Topic::RawItems;

/// What the members of a group have read, as a store keeps it: of each partition the next offset, and who works on it.
#[derive(Default)]
struct Progress {
    partitions: Vec<Mutex<Place>>,
}

#[derive(Default)]
struct Place {
    next: u64,
    holder: Option<usize>,
    /// How often it changed hands.
    moves: u32,
}

impl Progress {
    fn new(partitions: u32) -> Arc<Self> {
        Arc::new(Self { partitions: (0..partitions).map(|_| Mutex::default()).collect() })
    }

    fn read(&self) -> u64 {
        self.partitions.iter().map(|place| place.lock().unwrap().next).sum()
    }

    fn moves(&self) -> u32 {
        self.partitions.iter().map(|place| place.lock().unwrap().moves).sum()
    }

    /// How many partitions each of `members` works on.
    fn shares(&self, members: usize) -> Vec<usize> {
        let held = |member| {
            let places = self.partitions.iter();
            places.filter(move |place| place.lock().unwrap().holder == Some(member)).count()
        };
        (0..members).map(held).collect()
    }
}

/// A member at work.
struct Working {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Working {
    async fn start(number: usize, log: Arc<KafkaLog>, group: &str, progress: &Arc<Progress>) -> Self {
        let member = log.join(group, TOPIC).await.unwrap();
        let stop = CancellationToken::new();
        let task = tokio::spawn(work(number, log, member, Arc::clone(progress), stop.clone()));
        Self { stop, task }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// Takes what it is given, reads on where others stopped, and says when it has let go, as the runner does.
async fn work(
    number: usize,
    log: Arc<KafkaLog>,
    mut member: Membership,
    progress: Arc<Progress>,
    stop: CancellationToken,
) {
    let mut mine: Vec<u32> = Vec::new();
    while !stop.is_cancelled() {
        let held = member.assignment.borrow_and_update().clone();
        for partition in mine.iter().filter(|partition| !held.contains(partition)) {
            progress.partitions[*partition as usize].lock().unwrap().holder = None;
        }
        for partition in held.iter().filter(|partition| !mine.contains(partition)) {
            let mut place = progress.partitions[*partition as usize].lock().unwrap();
            assert_eq!(place.holder, None, "{number} got partition {partition} while another works on it");
            place.holder = Some(number);
            place.moves += 1;
        }
        mine = held;
        member.control.settled(&mine);
        for partition in &mine {
            let from = progress.partitions[*partition as usize].lock().unwrap().next;
            let limit = ReadLimit { records: 20, bytes: 1 << 20 };
            let read = log.read(TOPIC, *partition, from, limit).await.unwrap();
            let mut place = progress.partitions[*partition as usize].lock().unwrap();
            assert_eq!((place.holder, place.next), (Some(number), from), "nobody else moves it");
            place.next += read.len() as u64;
        }
        tokio::select! {
            () = stop.cancelled() => {}
            _ = member.assignment.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(2)) => {}
        }
    }
    for partition in mine {
        progress.partitions[partition as usize].lock().unwrap().holder = None;
    }
    member.control.settled(&[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn members_hand_partitions_over_under_load_and_no_two_ever_work_on_one() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let logs = [cluster.open().await, cluster.open().await, cluster.open().await];
    let partitions = logs[0].definitions().get(TOPIC).partitions;
    let progress = Progress::new(partitions);
    let (producer, stop) = (Arc::clone(&logs[2]), CancellationToken::new());
    let stopped = stop.clone();
    let producing = tokio::spawn(async move {
        let mut number = 0_u64;
        while !stopped.is_cancelled() {
            let batch = (0..10).map(|place| record(TOPIC, &format!("key {}", number + place), "v")).collect();
            producer.append(batch).await.unwrap();
            number += 10;
        }
        number
    });
    let start =
        async |number: usize| Working::start(number, Arc::clone(&logs[number]), "load", &progress).await;
    let shared = async |shares: &[usize]| {
        until(&format!("the shares are {shares:?}"), async || progress.shares(3) == shares).await;
        let before = progress.read();
        until("all go on reading", async || progress.read() > before + 100).await;
    };
    assert_eq!(partitions, 6);
    let first = start(0).await;
    shared(&[6, 0, 0]).await;
    let second = start(1).await;
    shared(&[3, 3, 0]).await;
    assert_eq!(progress.moves(), 6 + 3, "only what moves is taken away");
    let third = start(2).await;
    shared(&[2, 2, 2]).await;
    assert_eq!(progress.moves(), 9 + 2);
    first.stop().await;
    shared(&[0, 3, 3]).await;
    assert_eq!(progress.moves(), 11 + 2);
    stop.cancel();
    let appended = producing.await.unwrap();
    until("everything is read", async || progress.read() == appended).await;
    second.stop().await;
    third.stop().await;
    cluster.remove().await;
}

/// The same brokers and topics for a process with a name.
fn named(cluster: &Cluster, name: &str) -> Cluster {
    let mut settings = cluster.settings.clone();
    name.clone_into(&mut settings.instance);
    Cluster { url: cluster.url.clone(), settings }
}

async fn join(log: &KafkaLog, at_least: usize) -> Membership {
    let member = log.join("named", TOPIC).await.unwrap();
    until("it has its share", async || member.assignment.borrow().len() >= at_least).await;
    member
}

#[tokio::test(flavor = "multi_thread")]
async fn a_named_member_that_is_started_again_within_its_session_moves_nothing() {
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    // Long enough for a slow machine.
    cluster.settings.session_timeout_ms = 30_000;
    let one = named(&cluster, "one").open().await;
    let first = join(&one, 6).await;
    let two = named(&cluster, "two").open().await;
    let mut second = join(&two, 3).await;
    until("it is shared", async || first.assignment.borrow().len() == 3).await;
    let before = (first.assignment.borrow().clone(), second.assignment.borrow_and_update().clone());
    drop(first);
    one.close(Duration::from_secs(10)).await.unwrap();
    let one = named(&cluster, "one").open().await;
    let again = join(&one, 3).await;
    assert_eq!(*again.assignment.borrow(), before.0);
    assert_eq!(*second.assignment.borrow(), before.1);
    assert!(!second.assignment.has_changed().unwrap(), "the other one was not even asked");
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_twin_of_the_same_name_takes_the_place_and_the_first_one_ends() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let (one, twin) = (named(&cluster, "one").open().await, named(&cluster, "one").open().await);
    let mut first = join(&one, 6).await;
    let second = join(&twin, 6).await;
    let ended = async { while first.assignment.changed().await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(30), ended).await.expect("the first one's membership ends");
    assert!(first.assignment.borrow().is_empty(), "it holds nothing any more");
    assert_eq!(second.assignment.borrow().len(), 6);
    // Only its place in the group is lost: the rest of it works on.
    one.append(vec![record(TOPIC, "k", "v")]).await.unwrap();
    cluster.remove().await;
}
