//! From raw records to items, incidents, alerts and the search index, on the real engines.
#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod alert_rule;
mod alert_rules;
mod anew;
mod backtest;
mod claims;
mod claims_joined;
mod copies;
mod copies_counted;
mod desk;
mod disturbed;
mod flow;
mod incident_desk;
mod incidents;
mod namesakes;
mod normalise;
mod producers;
mod search;
mod verify;
