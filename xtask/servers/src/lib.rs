//! Real servers for tests, measurements and the fault lab: Apache Kafka, OpenSearch, PostgreSQL and a TLS proxy, as
//! processes of this machine, from packages (Maven, Debian) that are fetched once and kept.
//!
//! Everything blocks; from async code use `spawn_blocking`. Whatever is started ends when its value is dropped, and,
//! on Linux, when the process that started it is killed. What CrisisLens does with the servers does not live here:
//! this crate knows no room of the product.

mod cache;
mod certificates;
pub mod compose;
pub mod debian;
mod error;
mod java;
pub mod kafka;
mod maven;
mod opensearch;
mod ports;
mod postgres;
mod process;
mod random;
#[cfg(feature = "tls")]
mod tls_proxy;

pub use cache::Cache;
pub use certificates::{Certificates, Identity};
pub use error::ServersError;
pub use kafka::{Kafka, KafkaOptions, Security};
pub use opensearch::{OpenSearch, OpenSearchOptions};
pub use ports::free_port;
pub use postgres::{Postgres, PostgresOptions};
#[cfg(feature = "tls")]
pub use tls_proxy::TlsProxy;

/// What everything here answers with.
pub type Result<T> = std::result::Result<T, ServersError>;
