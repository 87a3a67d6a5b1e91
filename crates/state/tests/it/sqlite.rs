//! What only SQLite promises: one file, a closed store that says so, a transaction that survives being abandoned.

use std::time::Duration;

use crisislens_model::{ItemFilter, Topic};
use crisislens_state::contract::sample;
use crisislens_state::items::Items as _;
use crisislens_state::stream::StreamState as _;
use crisislens_state::{Durability, StateError, Store as _};

use crate::OnDisk;

#[tokio::test]
async fn a_closed_store_says_that_it_is_unavailable() {
    let disk = OnDisk::new();
    let store = disk.store().await;
    store.close().await;
    assert!(matches!(store.begin(Durability::Process).await, Err(StateError::Unavailable(_))));
    assert!(matches!(store.offset("a", Topic::RawItems, 0).await, Err(StateError::Unavailable(_))));
}

#[tokio::test]
async fn two_handles_on_one_file_write_one_after_the_other() {
    let disk = OnDisk::new();
    let (one, two) = (disk.store().await, disk.store().await);
    let mut first = one.begin(Durability::Power).await.unwrap();
    first.put_items(vec![sample::row(1)]).await.unwrap();
    let second = tokio::spawn(async move {
        let mut tx = two.begin(Durability::Power).await.unwrap();
        tx.put_items(vec![sample::row(2)]).await.unwrap();
        tx.commit().await.unwrap();
    });
    tokio::task::yield_now().await;
    first.commit().await.unwrap();
    second.await.unwrap();
    assert_eq!(one.list_items(&ItemFilter::default(), 1, None).await.unwrap().total, 2);
}

#[tokio::test]
async fn a_write_abandoned_at_any_moment_leaves_nothing_and_blocks_nobody() {
    let disk = OnDisk::new();
    let store = disk.store().await;
    let mut random = sample::Random(7);
    for round in 0..100 {
        let write = async {
            let mut tx = store.begin(Durability::Process).await?;
            tx.put_items((0..20).map(sample::row).collect()).await?;
            tx.publish(vec![sample::record(round)], sample::at(0)).await?;
            tx.advance("a", Topic::RawItems, 0, 0, 1).await?;
            std::future::pending::<Result<(), StateError>>().await
        };
        let moment = Duration::from_micros(random.below(3000));
        assert!(tokio::time::timeout(moment, write).await.is_err(), "it never ends by itself");
    }
    assert_eq!(store.list_items(&ItemFilter::default(), 1, None).await.unwrap().total, 0);
    assert!(store.waiting(0, 1).await.unwrap().is_empty());
    let mut tx = store.begin(Durability::Process).await.unwrap();
    tx.put_items(vec![sample::row(1)]).await.unwrap();
    tx.advance("a", Topic::RawItems, 0, 0, 1).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.offset("a", Topic::RawItems, 0).await.unwrap(), 1);
}

/// The monitor measures the outbox every few seconds and an ingest asks of it each time: neither may read the records.
#[tokio::test]
async fn the_outbox_is_measured_by_its_index_alone() {
    let disk = OnDisk::new();
    drop(disk.store().await);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(disk.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for (query, plan) in [
        ("SELECT count(*), sum(bytes), sum(spooled * bytes) FROM outbox", "SCAN outbox USING COVERING INDEX"),
        (
            "SELECT seq FROM outbox WHERE spooled = 1 ORDER BY seq LIMIT 1",
            "SEARCH outbox USING COVERING INDEX",
        ),
    ] {
        let explain = sqlx::AssertSqlSafe(format!("EXPLAIN QUERY PLAN {query}"));
        let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(&pool).await.unwrap();
        assert!(steps.len() == 1 && steps[0].3.starts_with(plan), "{steps:?}");
    }
}

/// Of a key that thousands of incidents share, only so many are read as are answered.
#[tokio::test]
async fn the_incidents_of_a_key_are_a_range_of_it() {
    let disk = OnDisk::new();
    drop(disk.store().await);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(disk.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    let query = "EXPLAIN QUERY PLAN SELECT incident FROM incident_keys WHERE key = 7 \
                 ORDER BY size DESC, incident DESC LIMIT 32";
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(query).fetch_all(&pool).await.unwrap();
    let plan = "SEARCH incident_keys USING PRIMARY KEY (key=?)";
    assert!(steps.len() == 1 && steps[0].3 == plan, "nothing is sorted: {steps:?}");
}

/// What is asked of one exercise is a range of an index, in its order, however much is real.
#[tokio::test]
async fn lists_of_exercises_are_ranges_of_an_index() {
    let disk = OnDisk::new();
    drop(disk.store().await);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(disk.file());
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for (table, order) in [
        ("items", "said_at DESC, id DESC"),
        ("incidents", "last_seen DESC, id DESC"),
        ("alerts", "effective DESC, id DESC"),
        ("claims", "risk DESC, id DESC"),
    ] {
        for (condition, index) in
            [("exercise_id = $1", "of_exercises (exercise_id=?)"), ("exercise = 1", "in_exercises")]
        {
            let explain = sqlx::AssertSqlSafe(format!(
                "EXPLAIN QUERY PLAN SELECT id FROM {table} WHERE {condition} ORDER BY {order} LIMIT 9"
            ));
            let steps: Vec<(i64, i64, i64, String)> =
                sqlx::query_as(explain).bind(vec![1_u8]).fetch_all(&pool).await.unwrap();
            assert!(steps.len() == 1 && steps[0].3.contains(&format!("{table}_{index}")), "{steps:?}");
        }
    }
}
