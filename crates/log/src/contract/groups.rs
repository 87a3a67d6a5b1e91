//! What consumer groups promise.

use std::collections::BTreeSet;

use super::*;
use crate::Membership;

pub(super) async fn members_share_the_partitions_and_take_over_from_each_other(log: &dyn EventLog) {
    let topic = Topic::RawItems;
    // Its own group each time, because an engine may remember groups.
    let name = format!("contract-{}", uuid::Uuid::new_v4());
    let mut first = log.join(&name, topic).await.unwrap();
    settled(log, topic, &mut [&mut first]).await;

    let mut second = log.join(&name, topic).await.unwrap();
    settled(log, topic, &mut [&mut first, &mut second]).await;
    let mut third = log.join(&name, topic).await.unwrap();
    settled(log, topic, &mut [&mut first, &mut second, &mut third]).await;

    let mut elsewhere = log.join(&format!("{name}-other"), topic).await.unwrap();
    settled(log, topic, &mut [&mut elsewhere]).await;

    eventually(async || {
        let views = log.groups().await.unwrap();
        let Some(view) = views.iter().find(|view| view.group == name) else { return false };
        let held: usize = view.members.iter().map(|member| member.partitions.len()).sum();
        (view.topic, view.members.len(), held) == (topic, 3, log.definitions().get(topic).partitions as usize)
    })
    .await;

    drop(first);
    settled(log, topic, &mut [&mut second, &mut third]).await;
    drop(third);
    settled(log, topic, &mut [&mut second]).await;
    drop((second, elsewhere));
    eventually(async || log.groups().await.unwrap().iter().all(|view| !view.group.starts_with(&name))).await;
}

/// Waits until `holds`.
async fn eventually(holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}

/// Waits until the members hold every partition, each at most once; that two never hold one is checked on the way.
async fn settled(log: &dyn EventLog, topic: Topic, members: &mut [&mut Membership]) {
    let all = log.definitions().get(topic).partitions as usize;
    let waiting = async {
        loop {
            let held: Vec<u32> =
                members.iter().flat_map(|member| member.assignment.borrow().clone()).collect();
            let distinct: BTreeSet<_> = held.iter().copied().collect();
            assert_eq!(held.len(), distinct.len(), "no partition is held twice");
            let fair = members.iter().all(|member| !member.assignment.borrow().is_empty());
            if distinct.len() == all && fair {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap();
}
