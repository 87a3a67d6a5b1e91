//! A PostgreSQL database of a test's own, on the server that `CRISISLENS_TEST_POSTGRES` names (a URL whose user may
//! create databases). Without it the test says so and passes.

use std::panic::AssertUnwindSafe;
use std::str::FromStr as _;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_state::Store;
use crisislens_state::contract::Engine;
use crisislens_state::postgres::{PostgresOptions, PostgresStore};
use futures_util::FutureExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

/// Where the server is.
const VARIABLE: &str = "CRISISLENS_TEST_POSTGRES";

/// An empty database.
pub struct Database {
    server: PgConnectOptions,
    name: String,
}

/// Runs a test in a database of its own, which goes with it.
pub async fn with(test: impl AsyncFnOnce(&Database)) {
    let Ok(url) = std::env::var(VARIABLE) else {
        println!("skipped: {VARIABLE} names no PostgreSQL server");
        return;
    };
    let database = Database {
        server: PgConnectOptions::from_str(&url).unwrap(),
        name: format!("crisislens_test_{}", uuid::Uuid::now_v7().simple()),
    };
    database.on_server(&format!("CREATE DATABASE {}", database.name)).await;
    let outcome = AssertUnwindSafe(test(&database)).catch_unwind().await;
    database.on_server(&format!("DROP DATABASE {} WITH (FORCE)", database.name)).await;
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// Options with short waits.
pub fn options() -> PostgresOptions {
    PostgresOptions {
        acquire_timeout: Duration::from_secs(5),
        application_name: "crisislens tests".to_owned(),
        ..PostgresOptions::default()
    }
}

impl Database {
    /// How to connect to it.
    pub fn connect_options(&self) -> PgConnectOptions {
        self.server.clone().database(&self.name)
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.connect_options().to_url_lossy().to_string()
    }

    /// Its URL by way of another end, without a word about TLS.
    pub fn url_at(&self, host: &str, port: u16) -> String {
        let options = self.connect_options().host(host).port(port);
        let url = options.to_url_lossy();
        let kept = url.query_pairs().filter(|(name, _)| !name.starts_with("ssl"));
        let query: Vec<String> = kept.map(|(name, value)| format!("{name}={value}")).collect();
        let mut bare = url.clone();
        bare.set_query(Some(&query.join("&")));
        bare.to_string()
    }

    /// A node's store in it.
    pub async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url(), &options()).await.unwrap()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Says something to the server, in another database.
    pub async fn on_server(&self, sql: &str) {
        let mut connection = PgConnection::connect_with(&self.server).await.unwrap();
        connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
        connection.close().await.unwrap();
    }

    /// Ends every connection to it, as a server does that shuts down.
    pub async fn end_connections(&self) {
        self.on_server(&format!(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{}'",
            self.name
        ))
        .await;
    }
}

#[async_trait]
impl Engine for Database {
    async fn open(&self) -> Arc<dyn Store> {
        Arc::new(self.store().await)
    }
}
