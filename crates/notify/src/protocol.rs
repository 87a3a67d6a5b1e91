//! What the protocols of providers ask for, without sending anything: signatures, encryption, the arithmetic of short messages. Each
//! is held to published vectors.

pub mod segments;
pub mod sendgrid;
pub mod standard_webhooks;
pub mod twilio;
pub mod vapid;
pub mod web_push;
