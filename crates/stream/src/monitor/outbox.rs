//! What a look at the outbox comes to: the gate that it closes, notes and metrics. The look asks the store alone, so that it is not held up by the log.

use crisislens_state::stream::OutboxDepth;

use super::{Monitor, seconds_between};

/// The name under which health says that this look fails, and whom it asks.
pub(super) const TROUBLE: (&str, &str) = ("outbox", "the store");
/// Under these names it says what in the outbox is to be known.
const SPOOLED: &str = "ingest";
const STRANDED: &str = "outbox";

impl Monitor {
    pub(super) fn see_outbox(&self, outbox: OutboxDepth) {
        let now = self.clock.now();
        let seconds = outbox.oldest.map_or(0.0, |oldest| seconds_between(oldest, now));
        self.close_gate(&outbox, seconds);
        self.note(&outbox);
        metrics::gauge!("crisislens_stream_outbox_records").set(outbox.records as f64);
        metrics::gauge!("crisislens_stream_outbox_bytes").set(outbox.bytes as f64);
        metrics::gauge!("crisislens_stream_outbox_oldest_seconds").set(seconds);
        metrics::gauge!("crisislens_stream_spooled_records").set(outbox.spooled_records as f64);
        metrics::gauge!("crisislens_stream_spooled_bytes").set(outbox.spooled_bytes as f64);
        metrics::gauge!("crisislens_stream_stranded_records").set(outbox.stranded as f64);
        self.seen.send_modify(|seen| {
            seen.outbox = outbox;
            seen.outbox_seconds = seconds;
        });
    }

    fn close_gate(&self, outbox: &OutboxDepth, seconds: f64) {
        let limits = &self.options;
        let over = |waiting: u64, limit: u64, what: &str| {
            (waiting > limit)
                .then(|| format!("{waiting} {what} wait to be appended to the log, more than {limit}"))
        };
        let full = over(outbox.records, limits.max_outbox_records, "records")
            .or_else(|| over(outbox.bytes, limits.max_outbox_bytes, "bytes"));
        let stuck = (seconds > limits.outbox_stuck_after.as_secs_f64()).then(|| {
            format!(
                "a record has waited for {seconds:.0} s to be appended to the log, so a dead letter could not be either"
            )
        });
        self.gate.set(full, stuck);
    }

    fn note(&self, outbox: &OutboxDepth) {
        let (spooled, bytes, stranded) = (outbox.spooled_records, outbox.spooled_bytes, outbox.stranded);
        let spooling = (spooled > 0).then(|| {
            format!("{spooled} ingested records ({bytes} bytes) are spooled in the outbox until the log takes them")
        });
        self.health.note(SPOOLED, spooling);
        let kept = (stranded > 0).then(|| {
            format!(
                "the log refuses {stranded} records for what they are; `crisislens dlq stranded` shows them, and sends \
                 them again or drops them"
            )
        });
        self.health.note(STRANDED, kept);
    }
}
