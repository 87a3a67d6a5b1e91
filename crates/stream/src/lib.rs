//! The stream room: consumers that apply records inside transactions, and the relay that appends what they publish.
//!
//! A [`Handler`] says what a record means; [`Runner`] gives it records in order, once, and moves the offset in the same
//! transaction as the effects. An [`Intake`] brings records to the log, also while that is away. Knows the log and the store, and
//! nothing of the domain.

mod batch;
pub mod dead_letter;
mod delayed;
mod gate;
mod handler;
mod health;
mod intake;
mod lease;
pub mod letters;
pub mod monitor;
mod partition;
mod policy;
pub mod redrive;
mod relay;
mod runner;

pub use gate::Gate;
pub use handler::{ApplyError, Handler, Reject};
pub use health::{Health, Trouble};
pub use intake::{Intake, IntakeError, IntakeOptions, Taken};
pub use lease::Lease;
pub use letters::LetterIndex;
pub use monitor::{Follower, Monitor, MonitorOptions};
pub use policy::FailurePolicy;
pub use relay::{Relay, RelayOptions};
pub use runner::{GivesWay, Runner, RunnerOptions};
