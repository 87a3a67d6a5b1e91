//! What only PostgreSQL promises: it heals when its server comes back, says what is wrong when it cannot be opened, and
//! lets several nodes write at once.

use std::time::Duration;

use crisislens_model::{Channel, DeliveryStatus, ItemFilter, Notification, Topic};
use crisislens_state::contract::sample;
use crisislens_state::postgres::{PostgresOptions, PostgresStore};
use crisislens_state::stream::StreamState as _;
use crisislens_state::{Durability, StateError, Store};
use sqlx::ConnectOptions as _;

use crate::database;
use crisislens_testkit::Wire;

async fn write(store: &dyn Store, n: u64) -> Result<(), StateError> {
    let mut tx = store.begin(Durability::Process).await?;
    tx.put_items(vec![sample::row(n)]).await?;
    tx.publish(vec![sample::record(n)], sample::at(n)).await?;
    tx.commit().await
}

async fn items(store: &dyn Store) -> Result<u64, StateError> {
    Ok(store.list_items(&ItemFilter::default(), 1, None).await?.total)
}

fn is_unavailable<T>(answer: &Result<T, StateError>) -> bool {
    matches!(answer, Err(StateError::Unavailable(_)))
}

#[tokio::test]
async fn a_closed_store_says_that_it_is_unavailable() {
    database::with(async |database| {
        let store = database.store().await;
        store.close().await;
        assert!(is_unavailable(&store.begin(Durability::Process).await));
        assert!(is_unavailable(&store.offset("a", Topic::RawItems, 0).await));
    })
    .await;
}

#[tokio::test]
async fn a_server_that_ends_its_connections_is_unavailable_and_heals() {
    database::with(async |database| {
        let store = database.store().await;
        write(&store, 1).await.unwrap();
        let mut tx = store.begin(Durability::Power).await.unwrap();
        tx.put_items(vec![sample::row(2)]).await.unwrap();
        database.on_server(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", database.name())).await;
        database.end_connections().await;
        let answer = tx.put_items(vec![sample::row(3)]).await;
        assert!(is_unavailable(&answer), "{answer:?}");
        drop(tx);
        let answer = write(&store, 4).await;
        assert!(is_unavailable(&answer), "{answer:?}");
        assert!(is_unavailable(&items(&store).await));
        database.on_server(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", database.name())).await;
        write(&store, 5).await.unwrap();
        assert_eq!(items(&store).await.unwrap(), 2, "the first and the last");
    })
    .await;
}

#[tokio::test]
async fn a_wire_that_is_cut_in_a_transaction_leaves_nothing_and_heals() {
    database::with(async |database| {
        let direct = database.connect_options();
        let mut wire = Wire::to(format!("{}:{}", direct.get_host(), direct.get_port())).await;
        let url = direct.host("127.0.0.1").port(wire.port()).to_url_lossy().to_string();
        let quick = PostgresOptions { acquire_timeout: Duration::from_secs(1), ..database::options() };
        let store = PostgresStore::open(&url, &quick).await.unwrap();
        write(&store, 1).await.unwrap();
        let mut tx = store.begin(Durability::Power).await.unwrap();
        tx.put_items(vec![sample::row(2)]).await.unwrap();
        tx.advance("a", Topic::RawItems, 0, 0, 1).await.unwrap();
        wire.cut().await;
        let answer = tx.commit().await;
        assert!(is_unavailable(&answer), "{answer:?}");
        let answer = write(&store, 3).await;
        assert!(is_unavailable(&answer), "{answer:?}");
        assert!(is_unavailable(&items(&store).await));
        wire.mend().await;
        write(&store, 4).await.unwrap();
        assert_eq!(items(&store).await.unwrap(), 2);
        assert_eq!(store.offset("a", Topic::RawItems, 0).await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_unavailable_until_it_does() {
    database::with(async |database| {
        let store = database.store().await;
        write(&store, 1).await.unwrap();
        let read_only = "default_transaction_read_only";
        database.on_server(&format!("ALTER DATABASE {} SET {read_only} = on", database.name())).await;
        database.end_connections().await;
        let mut answer = write(&store, 2).await;
        // The first may still meet a connection that was ended.
        for _ in 0..2 {
            assert!(is_unavailable(&answer), "{answer:?}");
            answer = write(&store, 2).await;
        }
        assert!(answer.unwrap_err().to_string().contains("read-only"));
        assert_eq!(items(&store).await.unwrap(), 1, "reading goes on");
        let refused = PostgresStore::open(&database.url(), &database::options()).await;
        assert!(matches!(refused, Err(StateError::CannotOpen { may_pass: true, .. })), "{refused:?}");
        database.on_server(&format!("ALTER DATABASE {} RESET {read_only}", database.name())).await;
        write(&store, 3).await.unwrap();
        assert_eq!(items(&store).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn who_waits_too_long_for_anothers_lock_may_try_again() {
    database::with(async |database| {
        let quick = PostgresOptions { lock_timeout: Duration::from_millis(100), ..database::options() };
        let store = PostgresStore::open(&database.url(), &quick).await.unwrap();
        let mut holder = store.begin(Durability::Process).await.unwrap();
        holder.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
        let answer = write(&store, 1).await;
        assert!(is_unavailable(&answer), "{answer:?}");
        drop(holder);
        write(&store, 2).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_node_that_hangs_in_a_transaction_loses_it() {
    database::with(async |database| {
        let quick = PostgresOptions { idle_timeout: Duration::from_millis(100), ..database::options() };
        let store = PostgresStore::open(&database.url(), &quick).await.unwrap();
        let mut hung = store.begin(Durability::Process).await.unwrap();
        hung.publish(vec![sample::record(1)], sample::at(0)).await.unwrap();
        write(&database.store().await, 2).await.unwrap();
        assert!(is_unavailable(&hung.commit().await), "it has lost its transaction");
        assert_eq!(store.waiting(0, 10).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_write_abandoned_at_any_moment_leaves_nothing_and_blocks_nobody() {
    database::with(async |database| {
        let store = database.store().await;
        let mut random = sample::Random(7);
        for round in 0..100 {
            let write = async {
                let mut tx = store.begin(Durability::Process).await?;
                tx.put_items((0..20).map(sample::row).collect()).await?;
                tx.publish(vec![sample::record(round)], sample::at(0)).await?;
                tx.advance("a", Topic::RawItems, 0, 0, 1).await?;
                std::future::pending::<Result<(), StateError>>().await
            };
            let moment = Duration::from_micros(random.below(8000));
            assert!(tokio::time::timeout(moment, write).await.is_err(), "it never ends by itself");
        }
        assert_eq!(items(&store).await.unwrap(), 0);
        assert!(store.waiting(0, 1).await.unwrap().is_empty());
        write(&store, 1).await.unwrap();
        assert_eq!(items(&store).await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn what_another_node_has_taken_is_passed_over_without_waiting() {
    database::with(async |database| {
        let quick = PostgresOptions { lock_timeout: Duration::from_millis(100), ..database::options() };
        let store = PostgresStore::open(&database.url(), &quick).await.unwrap();
        let mut tx = store.begin(Durability::Process).await.unwrap();
        let notes: Vec<Notification> = (0..10).map(by_email).collect();
        tx.enter(&notes).await.unwrap();
        for n in 1..4 {
            tx.begin_fanout(&sample::alert(n, 1), sample::at(n)).await.unwrap();
        }
        tx.commit().await.unwrap();
        let (mut taken, mut alerts, mut open) = (Vec::new(), Vec::new(), Vec::new());
        for limit in [4, 4, 4, 4] {
            let mut tx = store.begin(Durability::Process).await.unwrap();
            let due = tx.take_due(sample::at(100), &[(Channel::Email, limit, 0)]).await.unwrap();
            taken.push(due.len());
            alerts.extend(tx.next_fanout().await.unwrap().map(|fanout| fanout.alert));
            open.push(tx);
        }
        assert_eq!(taken, [4, 4, 2, 0]);
        assert_eq!(alerts, [1, 2, 3].map(|n| sample::alert(n, 1)), "each node chooses recipients of another");
    })
    .await;
}

fn by_email(n: u64) -> Notification {
    let mut note = sample::notification(n, n);
    let to = Some("somebody@example.org");
    note.deliveries.push(sample::delivery(note.id, Channel::Email, to, DeliveryStatus::Queued));
    note
}

#[tokio::test]
async fn two_nodes_may_open_an_empty_database_at_once() {
    database::with(async |database| {
        let (url, options) = (database.url(), database::options());
        let (one, two) =
            tokio::join!(PostgresStore::open(&url, &options), PostgresStore::open(&url, &options));
        let (one, two) = (one.unwrap(), two.unwrap());
        write(&one, 1).await.unwrap();
        assert_eq!(items(&two).await.unwrap(), 1);
        assert!(one.server_version().starts_with(|first: char| first.is_ascii_digit()));
        println!("PostgreSQL {}", one.server_version());
    })
    .await;
}

/// The words of a failure to open, and whether it may pass.
async fn refusal(url: &str) -> (String, bool) {
    let quick = PostgresOptions { acquire_timeout: Duration::from_secs(2), ..database::options() };
    let error = PostgresStore::open(url, &quick).await.unwrap_err();
    assert!(matches!(error, StateError::CannotOpen { .. }), "{error:?}");
    let may_pass = matches!(error, StateError::CannotOpen { may_pass: true, .. });
    let words = error.to_string();
    assert!(!words.contains("secret") && !words.contains("wrong"), "no password is shown: {words}");
    (words, may_pass)
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_says_why() {
    database::with(async |database| {
        let right = database.connect_options();
        let url = |options: sqlx::postgres::PgConnectOptions| options.to_url_lossy().to_string();

        let (words, may_pass) = refusal(&url(right.clone().password("wrong"))).await;
        assert!(words.contains("the password of user") && !may_pass, "{words}");
        let (words, may_pass) = refusal(&url(right.clone().database("nobody_made_this"))).await;
        assert!(words.contains("\"nobody_made_this\" does not exist") && !may_pass, "{words}");
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let nobody = url(right.clone().host("127.0.0.1").port(unused));
        let (words, may_pass) = refusal(&nobody).await;
        assert!(words.contains(&format!("127.0.0.1:{unused}")) && may_pass, "{words}");
        // Connections are taken into the queue, and nobody ever answers.
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mute = url(right.clone().host("127.0.0.1").port(silent.local_addr().unwrap().port()));
        let (words, may_pass) = refusal(&mute).await;
        assert!(words.contains("no answer within 2s") && may_pass, "{words}");
        let (words, may_pass) = refusal("mysql://somewhere/else").await;
        assert!(words.contains("postgres://") && !may_pass, "{words}");

        database.on_server(&format!("ALTER DATABASE {} SET search_path = nowhere", database.name())).await;
        let (words, may_pass) = refusal(&database.url()).await;
        assert!(words.contains("no schema") && !may_pass, "{words}");
    })
    .await;
}
