//! A real OpenSearch server whose indexes are deleted while they are written to: at whatever moment that happens, the
//! writer goes on within seconds, and nothing with the alias's name is left in its way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_search::SearchIndex;
use crisislens_search::contract::sample;
use crisislens_search::opensearch::OpenSearchIndex;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::cluster::{Cluster, total};

/// How often the index is deleted.
const DELETIONS: u64 = 20;
/// After a deletion, a commit succeeds within this.
const RECOVERS_WITHIN: Duration = Duration::from_secs(10);

/// Writes as a projector does: after an error it asks where to continue. Every other commit has no items, only an offset.
/// Tells how often a commit has come through.
async fn write(index: Arc<OpenSearchIndex>, commits: watch::Sender<u64>) {
    for number in 0.. {
        let offsets: BTreeMap<u32, u64> = [(0, number)].into();
        let written = async {
            if number % 2 == 0 {
                index.put(vec![sample::item(number, "flood")]).await?;
            }
            index.commit(offsets).await
        };
        match written.await {
            Ok(()) => commits.send_modify(|commits| *commits += 1),
            // What it answers is where to continue; an error here is met again with the next write.
            Err(_) => drop(index.offsets().await),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_goes_on_within_seconds_whenever_its_index_is_deleted() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    let (sender, mut commits) = watch::channel(0);
    let writer = tokio::spawn(write(Arc::clone(&index), sender));
    for deletion in 0..DELETIONS {
        // Spread over the steps of a commit, which takes some tens of milliseconds.
        tokio::time::sleep(Duration::from_millis(deletion * 17 % 60)).await;
        for name in cluster.indexes().await {
            cluster.delete(&name).await;
        }
        let before = *commits.borrow_and_update();
        // The second one began after the deletion.
        let recovered = timeout(RECOVERS_WITHIN, commits.wait_for(|commits| *commits > before + 1)).await;
        let Ok(Ok(_)) = recovered else {
            panic!("after deletion {deletion} nothing is written: {:?}", index.offsets().await);
        };
    }
    writer.abort();
    assert_eq!(cluster.indexes().await.len(), 1, "one index is left, and no other beside it");
}

#[tokio::test]
async fn a_commit_without_items_makes_no_index_where_the_alias_is_gone() {
    let Some(cluster) = Cluster::named() else { return };
    let index = cluster.index().await;
    index.commit([(0, 1)].into()).await.unwrap();
    for name in cluster.indexes().await {
        cluster.delete(&name).await;
    }
    assert!(index.commit([(0, 2)].into()).await.is_err());
    assert!(!cluster.exists(&cluster.alias()).await, "nothing has the alias's name");
    assert!(index.offsets().await.unwrap().is_empty());
}

#[tokio::test]
async fn an_empty_index_with_the_alias_s_name_makes_way_and_one_with_documents_is_named() {
    let Some(cluster) = Cluster::named() else { return };
    let alias = cluster.alias();
    // As a write without `require_alias` leaves it, where the server makes indexes by itself.
    cluster.ask(Method::PUT, &alias, json!({})).await;
    let index = cluster.index().await;
    index.put(sample::items(10)).await.unwrap();
    index.commit([(0, 10)].into()).await.unwrap();
    assert_eq!((total(&*index, "").await, cluster.indexes().await.len()), (10, 1));

    for name in cluster.indexes().await {
        cluster.delete(&name).await;
    }
    cluster.ask(Method::PUT, &format!("{alias}/_doc/1"), json!({ "whose": "not ours" })).await;
    let error = index.offsets().await.unwrap_err().to_string();
    assert!(error.contains(&alias) && error.contains("1 documents"), "{error}");
    let kept = cluster.ask(Method::GET, &format!("{alias}/_doc/1"), Value::Null).await;
    assert_eq!(kept["found"], true);
    cluster.delete(&alias).await;
}

#[tokio::test]
async fn an_index_of_another_installation_is_left_alone_and_named() {
    let Some(cluster) = Cluster::named() else { return };
    let (ours, theirs) = (cluster.owned_by("ours"), cluster.owned_by("theirs"));
    ours.put(sample::items(10)).await.unwrap();
    ours.commit([(0, 10)].into()).await.unwrap();
    for error in [
        theirs.offsets().await.unwrap_err(),
        theirs.standing().await.unwrap_err(),
        theirs.commit([(0, 11)].into()).await.unwrap_err(),
    ] {
        assert!(error.to_string().contains("another installation"), "{error}");
    }
    // An operator's tool, and an index that was made before owners were noted, know of none.
    assert_eq!(cluster.index().await.offsets().await.unwrap(), [(0, 10)].into());
    assert_eq!(total(&*ours, "").await, 10);
}

#[tokio::test]
async fn a_server_that_makes_no_indexes_by_itself_does() {
    let Some(cluster) = Cluster::named() else { return };
    let setting = |value: Value| json!({ "transient": { "action.auto_create_index": value } });
    cluster.ask(Method::PUT, "_cluster/settings", setting(json!(format!("-{}*,+*", cluster.prefix)))).await;
    let index = cluster.index().await;
    index.put(sample::items(10)).await.unwrap();
    let committed = index.commit([(0, 10)].into()).await;
    cluster.ask(Method::PUT, "_cluster/settings", setting(Value::Null)).await;
    committed.unwrap();
    assert_eq!(total(&*index, "").await, 10);
}

#[tokio::test]
async fn templates_of_others_do_not_change_what_an_index_of_ours_is() {
    let Some(cluster) = Cluster::named() else { return };
    let template = format!("_index_template/{}-foreign", cluster.prefix);
    let body = json!({
        "index_patterns": [format!("{}*", cluster.prefix)], "priority": 9_999,
        "template": {
            "settings": { "number_of_shards": 3 },
            "mappings": { "dynamic": true, "properties": { "source": { "type": "text" } } }
        }
    });
    cluster.ask(Method::PUT, &template, body).await;
    let index = cluster.index().await;
    index.put(sample::items(10)).await.unwrap();
    let committed = index.commit([(0, 10)].into()).await;
    let name = cluster.indexes().await.remove(0);
    let made = cluster.ask(Method::GET, &name, Value::Null).await;
    cluster.ask(Method::DELETE, &template, Value::Null).await;
    committed.unwrap();
    assert_eq!(made[&name]["settings"]["index"]["number_of_shards"], "1");
    assert_eq!(made[&name]["mappings"]["dynamic"], "strict");
    assert_eq!(made[&name]["mappings"]["properties"]["source"]["type"], "keyword");
    assert!(!index.facets(&Default::default()).await.unwrap()["source"].is_empty());
}
