//! Notifications: from an alert to the people who asked for it, and out on each channel.
//!
//! `alerts` → [`Recipients`] → `notifications` → [`Dispatch`] → inbox and development outbox. Whom to tell is decided
//! once, in the transaction that consumes the alert; everything not sent has its reason on the notification.

pub mod cap;
mod dispatch;
pub mod hours;
pub mod protocol;
pub mod provider;
pub mod receipts;
mod recipients;
mod templates;

pub use dispatch::Dispatch;
pub use recipients::{Recipients, decide};
pub use templates::{Rendered, TemplateError, Templates};
