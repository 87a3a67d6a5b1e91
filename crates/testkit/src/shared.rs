//! Topics and a database of a test's own on real servers; they go when the last hand on them does, also when a test fails.
//! Nothing is started here.
#![expect(clippy::unwrap_used, reason = "test support: a server that fails ends the test")]

use std::str::FromStr as _;
use std::sync::Arc;

use crisislens_log::TopicDefinitions;
use crisislens_log::kafka::admin::Admin;
use crisislens_log::kafka::{KafkaLog, KafkaSettings};
use crisislens_state::postgres::{PostgresOptions, PostgresStore};
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// A store that several nodes share.
pub(crate) type SharedStore = Arc<PostgresStore>;

/// Where a test's topics and its database are.
pub(crate) struct Servers {
    kafka: String,
    settings: KafkaSettings,
    postgres: PgConnectOptions,
    database: String,
}

impl Servers {
    /// Makes topics and a database. `None` where the environment names no servers.
    pub async fn find() -> Option<Self> {
        let named = ["CRISISLENS_TEST_KAFKA", "CRISISLENS_TEST_POSTGRES"].map(|name| {
            let value = std::env::var(name).ok();
            if value.is_none() {
                println!("skipped on shared engines: {name} names no server");
            }
            value
        });
        let [Some(brokers), Some(postgres)] = named else { return None };
        let name = format!("t{}", uuid::Uuid::now_v7().simple());
        let settings = KafkaSettings {
            prefix: format!("{name}."),
            linger_ms: 1,
            session_timeout_ms: 6_000,
            ..KafkaSettings::default()
        };
        let postgres = PgConnectOptions::from_str(&postgres).unwrap();
        let servers = Self {
            kafka: format!("kafka://{brokers}"),
            settings,
            postgres,
            database: format!("crisislens_test_{name}"),
        };
        let admin = servers.admin();
        admin.apply(&admin.plan(false).await.unwrap()).await.unwrap();
        servers.on_postgres(&format!("CREATE DATABASE {}", servers.database)).await;
        Some(servers)
    }

    fn admin(&self) -> Admin {
        Admin::new(&self.kafka, TopicDefinitions::shipped().unwrap(), self.settings.clone()).unwrap()
    }

    async fn on_postgres(&self, sql: &str) {
        let mut connection = PgConnection::connect_with(&self.postgres).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }

    /// A node's log.
    pub async fn open_log(&self) -> Arc<KafkaLog> {
        let definitions = TopicDefinitions::shipped().unwrap();
        KafkaLog::open(&self.kafka, definitions, self.settings.clone()).await.unwrap()
    }

    /// A node's store.
    pub async fn open_store(&self) -> SharedStore {
        let url = self.postgres.clone().database(&self.database).to_url_lossy();
        let options = PostgresOptions {
            // Many tests share the server's connections.
            writers: 6,
            readers: 3,
            application_name: "crisislens tests".to_owned(),
            ..PostgresOptions::default()
        };
        Arc::new(PostgresStore::open(url.as_str(), &options).await.unwrap())
    }
}

impl Drop for Servers {
    /// In a thread of its own, because a test's runtime cannot be waited for from within it.
    fn drop(&mut self) {
        std::thread::scope(|scope| {
            let removing = scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    self.admin().remove().await.unwrap();
                    self.on_postgres(&format!("DROP DATABASE {} WITH (FORCE)", self.database)).await;
                });
            });
            if removing.join().is_err() {
                eprintln!("{} could not be removed from the test servers", self.database);
            }
        });
    }
}
