//! Two nodes on Kafka, PostgreSQL and OpenSearch are one CrisisLens: each can be killed, and nothing is missing or told twice.
#![expect(clippy::unwrap_used, reason = "test support")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::follower::{Addresses, Follower, Reporter};
use crate::kill::{EVERY_REVISION, check, played, wants_all};
use crate::site::Site;
use crate::support::{Person, Server, eventually, recordings};

/// Two nodes that both play the exercise, one at a time, and somebody who is told of every alert.
async fn nodes(site: &Site) -> ([Server; 2], Person) {
    let folder = recordings();
    let arguments = ["serve", "--exercise", folder.to_str().unwrap(), "--speed", "30"];
    let mut nodes = ["one", "two"].map(|name| {
        let mut node = site.node(name, &arguments);
        node.set(EVERY_REVISION);
        node
    });
    nodes[0].cli(&[
        "users",
        "add",
        "admin@example.org",
        "--role",
        "admin",
        "--email-alerts",
        "--min-severity",
        "low",
    ]);
    let [one, two] = &mut nodes;
    tokio::join!(one.restart(), two.restart());
    let admin = nodes[1].login("admin@example.org").await;
    wants_all(&nodes[1], &admin).await;
    (nodes, admin)
}

fn topics_are_made_by_plan(node: &Server) {
    let plan = node.cli(&["topics", "init", "--dry-run"]);
    assert!(plan.contains("raw-items") && plan.contains("7 changes would be made"), "{plan}");
    let early = node.run(&["topics", "list"]);
    let early = String::from_utf8_lossy(&early.stderr).into_owned();
    assert!(early.contains("topics init"), "a dry run makes nothing: {early}");
    let made = node.cli(&["topics", "init"]);
    assert!(made.contains("7 changes made"), "{made}");
    let again = node.cli(&["topics", "init"]);
    assert!(again.contains("nothing to do"), "{again}");
}

/// Waits until the picture at `node` has grown.
async fn grows(node: &Server, admin: &Person) {
    let before = node.total(&admin.token, "/api/items?limit=1").await;
    eventually("the picture grows", async || {
        (node.total(&admin.token, "/api/items?limit=1").await > before).then_some(())
    })
    .await;
}

/// A client was told of each of these items, but for those that were there `before` it was, and of each once.
async fn assert_told_once(
    follower: &Follower,
    ids: &BTreeSet<String>,
    before: &BTreeSet<String>,
    whose: &str,
) {
    let expected: BTreeSet<String> = ids.difference(before).cloned().collect();
    let missing = || {
        let got: BTreeSet<String> = follower.got().into_iter().collect();
        expected.difference(&got).count()
    };
    // As long as it is told more, it is not done: how fast is another question.
    let mut still = missing();
    while still > 0 {
        still =
            eventually(&format!("the client of {whose} is told of more of the last {still}"), async || {
                Some(missing()).filter(|now| *now < still)
            })
            .await;
    }
    let got = follower.got();
    let distinct: BTreeSet<String> = got.iter().cloned().collect();
    assert!(distinct.is_subset(ids), "{whose}: it was told of what is not there");
    assert_eq!(got.len(), distinct.len(), "{whose}: an item was told twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_are_one_picture_that_stays_whole_when_either_is_killed() {
    let Some(site) = Site::find().await else { return };
    topics_are_made_by_plan(&site.node("operator", &["serve"]));
    let seed =
        std::env::var("KILL_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    println!("KILL_SEED={seed}");
    let mut random = StdRng::seed_from_u64(seed);
    let began = Instant::now();

    let (mut nodes, admin) = nodes(&site).await;
    let addresses = Addresses::default();
    (0..2).for_each(|place| addresses.set(place, &nodes[place].url));
    let followers = [0, 1].map(|first| Follower::start(&addresses, first, &admin.token));
    let reporter = Reporter::start(&addresses, &admin.token);
    for follower in &followers {
        eventually("both are told of something", async || (!follower.got().is_empty()).then_some(())).await;
    }
    // The exercise begins with the nodes: what is there already, a client may have come too late for.
    let listed = nodes[0].all(&admin.token, "/api/items").await;
    let before: BTreeSet<String> =
        listed.iter().filter_map(|item| Some(item["id"].as_str()?.to_owned())).collect();
    for victim in [1, 0] {
        // The moment of the kill is the experiment, so this one waits by the clock.
        tokio::time::sleep(Duration::from_millis(random.random_range(500..4000))).await;
        nodes[victim].kill9();
        println!("node {victim} killed after {:?}", began.elapsed());
        grows(&nodes[1 - victim], &admin).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(0..8000))).await;
        if victim == 1 {
            nodes[victim].restart().await;
            addresses.set(victim, &nodes[victim].url);
        }
    }
    // Node 0 stays dead until all is done.
    let acknowledged = reporter.stop().await;
    played(&nodes[1], &admin).await;
    let ids = check(&nodes[1], &admin).await;
    println!(
        "{} of {} items were sent by the reporter, after {:?}",
        acknowledged.len(),
        ids.len(),
        began.elapsed()
    );
    assert!(acknowledged.is_subset(&ids), "what was acknowledged is there");
    for (follower, whose) in followers.iter().zip(["node one", "node two"]) {
        assert_told_once(follower, &ids, &before, whose).await;
    }
    let told = followers.each_ref().map(|follower| follower.got().len());
    nodes[0].restart().await;
    assert_eq!(check(&nodes[0], &admin).await, ids, "both show the same");
    for (follower, told) in followers.into_iter().zip(told) {
        assert_eq!(follower.got().len(), told, "a node that comes back tells nothing again");
        follower.stop().await;
    }
}
