//! Members of a group as processes are: each with a client of its own.

use std::io::{BufRead, BufReader};
use std::process::Child;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crisislens_log::kafka::KafkaLog;
use crisislens_log::{EventLog, Membership, ReadLimit};
use crisislens_model::Topic;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Cluster, record, until};
use crate::again;

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
    cluster.settings.leave_on_stop = false;
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
async fn a_named_member_that_stops_in_order_leaves_and_the_other_has_its_partitions_at_once() {
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    // Nobody would wait that long for partitions.
    cluster.settings.session_timeout_ms = 60_000;
    let one = named(&cluster, "one").open().await;
    let first = join(&one, 6).await;
    let two = named(&cluster, "two").open().await;
    let second = join(&two, 3).await;
    until("it is shared", async || first.assignment.borrow().len() == 3).await;
    let asked = Instant::now();
    drop(first);
    one.close(Duration::from_secs(10)).await.unwrap();
    let left = asked.elapsed();
    until("the other has everything", async || second.assignment.borrow().len() == 6).await;
    let taken = asked.elapsed();
    println!("left after {left:?}, taken over after {taken:?}");
    assert!(taken < Duration::from_secs(5), "{taken:?}");
    // Who comes back under the name is a member like any other.
    let one = named(&cluster, "one").open().await;
    let again = join(&one, 3).await;
    until("it is shared again", async || second.assignment.borrow().len() == 3).await;
    assert_eq!(again.assignment.borrow().len(), 3);
    cluster.remove().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_the_group_does_not_take_says_why_and_is_well_once_it_is_taken() {
    let Some(cluster) = Cluster::with_topics().await else { return };
    let group = format!("{}crisis-lens-main", cluster.settings.prefix);
    let mut config = rdkafka::ClientConfig::new();
    config.set("bootstrap.servers", cluster.url.trim_start_matches("kafka://")).set("group.id", &group);
    config.set("partition.assignment.strategy", "range");
    let foreign: BaseConsumer = config.create().unwrap();
    foreign.subscribe(&[&format!("{}{TOPIC}", cluster.settings.prefix)]).unwrap();
    let begun = Instant::now();
    while foreign.assignment().unwrap().count() == 0 {
        assert!(begun.elapsed() < Duration::from_secs(60), "the other program never joins");
        tokio::task::block_in_place(|| foreign.poll(Duration::from_millis(100)));
    }
    let log = cluster.open().await;
    let mut member = log.join("crisis-lens-main", TOPIC).await.unwrap();
    let told = tokio::time::timeout(Duration::from_secs(20), member.trouble.wait_for(Option::is_some)).await;
    let reason = told.expect("in time").unwrap().clone().unwrap();
    assert!(reason.contains("cooperative-sticky") && reason.contains("stop them"), "{reason}");
    tokio::task::block_in_place(|| drop(foreign));
    until("it has everything", async || member.assignment.borrow().len() == 6).await;
    assert_eq!(*member.trouble.borrow(), None);
    assert_eq!(log.rebalances()[&("crisis-lens-main".to_owned(), TOPIC)], 1);
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

/// Where the process that dies finds the topics (URL, prefix); only it has them.
const DYING: &str = "CRISISLENS_LOG_DYING_MEMBER";

/// A process of its own is a member until another has joined, and is killed when it has given partitions up and not joined again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_named_member_gave_up_before_it_died_has_a_holder_again() {
    if let Ok(place) = std::env::var(DYING) {
        return give_up_and_say_so(&place).await;
    }
    let Some(mut cluster) = Cluster::with_topics().await else { return };
    // It is back within it, so that the brokers give it the place it had.
    cluster.settings.session_timeout_ms = 45_000;
    let test = "kafka::members::what_a_named_member_gave_up_before_it_died_has_a_holder_again";
    let place = format!("{} {}", cluster.url, cluster.settings.prefix);
    let mut child = Killed(again(test, DYING, place));
    let mut lines = BufReader::new(child.0.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut says =
        |word: &str| assert!(lines.any(|line| line.ends_with(word)), "the child never says {word:?}");
    says("it has 6");
    let two = named(&cluster, "two").open().await;
    let second = two.join("named", TOPIC).await.unwrap();
    says("it has 3");
    drop(child);

    let one = named(&cluster, "one").open().await;
    let first = join(&one, 3).await;
    until("every partition has one holder", async || {
        let held = [first.assignment.borrow().clone(), second.assignment.borrow().clone()];
        held.iter().all(|held| held.len() == 3) && (0..6).all(|partition| held.concat().contains(&partition))
    })
    .await;
    cluster.remove().await;
}

/// A process that does not outlive this.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Says what it has, and never lets go of what it had.
async fn give_up_and_say_so(place: &str) {
    let (url, prefix) = place.split_once(' ').unwrap();
    let mut cluster = Cluster::at("");
    (cluster.url, cluster.settings.prefix) = (url.to_owned(), prefix.to_owned());
    (cluster.settings.session_timeout_ms, cluster.settings.revoke_wait_ms) = (45_000, 600_000);
    let log = named(&cluster, "one").open().await;
    let mut member = join(&log, 6).await;
    member.control.settled(&[0, 1, 2, 3, 4, 5]);
    loop {
        println!("it has {}", member.assignment.borrow_and_update().len());
        member.assignment.changed().await.unwrap();
    }
}
