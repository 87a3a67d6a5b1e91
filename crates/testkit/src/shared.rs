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

/// Where a test's topics and its database are: the brokers of `CRISISLENS_TEST_KAFKA` and the server of
/// `CRISISLENS_TEST_POSTGRES`, whose user may create databases.
pub struct Servers {
    kafka: String,
    settings: KafkaSettings,
    postgres: PgConnectOptions,
    database: String,
}

impl Servers {
    /// Makes an empty database, and no topics. `None`, and a line that says so, where the environment names no servers.
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
        servers.on_postgres(&format!("CREATE DATABASE {}", servers.database)).await;
        Some(servers)
    }

    /// Makes the topics.
    pub(crate) async fn make_topics(&self) {
        let admin = self.admin();
        admin.apply(&admin.plan(false).await.unwrap()).await.unwrap();
    }

    /// The brokers, as `log.url` names them.
    #[must_use]
    pub fn kafka_url(&self) -> &str {
        &self.kafka
    }

    /// What every topic and group of this test begins with (`log.kafka.prefix`).
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.settings.prefix
    }

    /// The database, as `state.url` names it.
    #[must_use]
    pub fn postgres_url(&self) -> String {
        self.postgres.clone().database(&self.database).to_url_lossy().to_string()
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
    pub(crate) async fn open_log(&self) -> Arc<KafkaLog> {
        let definitions = TopicDefinitions::shipped().unwrap();
        KafkaLog::open(&self.kafka, definitions, self.settings.clone()).await.unwrap()
    }

    /// A node's store.
    pub(crate) async fn open_store(&self) -> SharedStore {
        let options = PostgresOptions {
            // Many tests share the server's connections.
            writers: 6,
            readers: 3,
            application_name: "crisislens tests".to_owned(),
            ..PostgresOptions::default()
        };
        Arc::new(PostgresStore::open(&self.postgres_url(), &options).await.unwrap())
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
