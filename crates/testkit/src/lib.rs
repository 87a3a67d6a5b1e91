//! For tests only: a clock that is set by hand, fixtures, temporary engines, and engines that fail when told to.
//!
//! What stores and logs must do stands in the contract suites of their own rooms; here is what rooms above them need.

mod clock;
mod engines;
mod faulty_log;
mod faulty_store;
mod fixtures;
mod shared;
pub mod tools;
mod waiting;
mod wire;

pub use clock::ManualClock;
pub use crisislens_state::contract::sample;
pub use engines::{Engines, QUICK, quick_policy};
pub use faulty_log::{FaultyLog, LogFault, REFUSED};
pub use faulty_store::FaultyStore;
pub use fixtures::post;
pub use shared::Servers;
pub use waiting::until;
pub use wire::Wire;
