//! Notifications: from an alert to the people who asked for it, and out on each channel.
//!
//! `alerts` → [`Recipients`] notes an alert → [`FanOut`] decides page by page, for each person by [`decide()`], into the ledger and onto
//! `notifications` → [`Sender`] hands over what is due → providers tell what became of it ([`receipts`]). Everything not sent has its
//! reason. What nobody acknowledges, [`Escalator`] takes along its chains. Items come the same way to those who ask for them, gathered for a
//! moment: `normalized-items` → [`ItemNews`] → [`NewsRound`].

pub mod acknowledge;
pub mod cap;
pub mod carrier;
pub mod carriers;
pub mod contents;
mod decide;
mod dispatch;
pub mod escalation;
mod fanout;
pub mod forecast;
pub mod holds;
mod matter;
pub mod mention;
mod news;
pub mod on_call;
pub mod protocol;
pub mod provider;
pub mod receipts;
mod rounds;
pub mod saved_search;
mod sender;
mod signed;
pub mod targets;
mod teller;
pub mod templates;
pub mod trial;
pub mod unsubscribe;
pub mod why;

pub use decide::{Decision, Rules, decide};
pub use dispatch::Dispatch;
pub use escalation::Escalator;
pub use fanout::{FanOut, Recipients};
pub use matter::{Matter, Standing};
pub use news::{ItemNews, NewsRound};
pub use rounds::Rounds;
pub use sender::{Sender, SenderOptions};
pub use teller::{TellError, Teller, tell};
pub use templates::{Escalated, FALLBACK, Links, OwnTemplates, Rendered, TemplateError, Templates};
