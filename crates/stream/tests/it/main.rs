//! The runner and the relay on the real engines, stopped, failed and raced: the same cases on the embedded log with SQLite
//! and on Kafka with PostgreSQL.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends at the first thing that is not as it must be"
)]

/// Makes a test of each case on embedded engines, and one on shared engines, which says so and passes where the environment
/// names no servers.
macro_rules! on_both {
    ($($case:ident),+ $(,)?) => {
        mod on_embedded_engines {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(crisislens_testkit::Engines::open().await).await;
            })+
        }
        mod on_shared_engines {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                if let Some(engines) = crisislens_testkit::Engines::open_shared().await {
                    super::$case(engines).await;
                }
            })+
        }
    };
}

mod delayed;
mod dying;
mod gate;
mod intake;
mod leases;
mod letters;
mod monitor;
mod once;
mod redrive;
mod relay;
mod toy;
mod turns;
mod waiting;
