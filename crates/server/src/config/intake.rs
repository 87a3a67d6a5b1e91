//! How raw items are taken while the log is away.

use std::time::Duration;

use crisislens_stream::IntakeOptions;
use serde::{Deserialize, Serialize};

use super::Config;

/// What is brought over HTTP and by connectors, while the log is away (ADR 14).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ingest {
    /// Milliseconds that the log may take before raw items are spooled in the outbox instead; at most half of
    /// `http.request_timeout_s`.
    pub patience_ms: u64,
    /// With so many records spooled, no more are taken until the log has them …
    pub outbox_max_records: u64,
    /// … nor with so many bytes.
    pub outbox_max_bytes: u64,
}

impl Default for Ingest {
    fn default() -> Self {
        let options = IntakeOptions::default();
        Self {
            patience_ms: u64::try_from(options.patience.as_millis()).unwrap_or(u64::MAX),
            outbox_max_records: options.max_records,
            outbox_max_bytes: options.max_bytes,
        }
    }
}

impl Ingest {
    /// The intake's bounds. A request that ends after `request_timeout` must not end before what it brings is spooled.
    #[must_use]
    pub fn options(&self, request_timeout: Duration) -> IntakeOptions {
        IntakeOptions {
            patience: Duration::from_millis(self.patience_ms).min(request_timeout / 2),
            max_records: self.outbox_max_records,
            max_bytes: self.outbox_max_bytes,
        }
    }
}

impl Config {
    /// What is wrong with the intake's bounds.
    pub(super) fn ingest_problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let patience = self.ingest.patience_ms;
        if !(1..=60_000).contains(&patience) {
            problems.push(format!("ingest.patience_ms = {patience}: is not between 1 and 60000"));
        }
        for (name, value, limit) in [
            ("records", self.ingest.outbox_max_records, self.workers.max_outbox_records),
            ("bytes", self.ingest.outbox_max_bytes, self.workers.max_outbox_bytes),
        ] {
            if value == 0 || value >= limit {
                problems.push(format!(
                    "ingest.outbox_max_{name} = {value}: is not between 1 and workers.max_outbox_{name} ({limit}), so that \
                     consumers keep room of their own in the outbox"
                ));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_that_leave_consumers_no_room_are_named() {
        let problems = |sets: &[(&str, &str)]| {
            let sets: Vec<_> =
                sets.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Config::read(None, &sets).unwrap().ingest_problems().join("\n")
        };
        assert_eq!(problems(&[]), "");
        for name in ["ingest.outbox_max_records", "ingest.outbox_max_bytes"] {
            for value in ["0", "2000000000"] {
                assert!(problems(&[(name, value)]).contains(name), "{name} = {value}");
            }
        }
        let small = [("workers.max_outbox_records", "1000")];
        assert!(problems(&small).contains("ingest.outbox_max_records"));
        assert!(problems(&[("ingest.patience_ms", "0")]).contains("ingest.patience_ms"));
    }
}
