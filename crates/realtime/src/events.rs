//! Every metric and log line of this crate, in one place.

use crisislens_log::{LogError, LogRecord};
use crisislens_model::Topic;
use metrics::{counter, gauge};

use crate::route::RouteError;

/// The number of connections and rooms has changed.
pub(crate) fn sizes(connections: usize, rooms: usize) {
    gauge!("crisislens_realtime_connections").set(connections as f64);
    gauge!("crisislens_realtime_rooms").set(rooms as f64);
}

/// Frames were put into queues.
pub(crate) fn delivered(frames: u64) {
    if frames > 0 {
        counter!("crisislens_realtime_deliveries_total").increment(frames);
    }
}

/// A session was closed because it read too slowly.
pub(crate) fn slow_closed(session: &str) {
    counter!("crisislens_realtime_slow_closed_total").increment(1);
    tracing::info!(session, "closed a slow consumer");
}

/// A join replays so many events.
pub(crate) fn replayed(events: usize) {
    counter!("crisislens_realtime_replayed_total").increment(events as u64);
}

/// Members were told to refetch.
pub(crate) fn resyncs(members: u64, reason: &'static str) {
    counter!("crisislens_realtime_resyncs_total", "reason" => reason).increment(members);
}

/// A connection was refused.
pub(crate) fn refused(reason: &'static str) {
    counter!("crisislens_realtime_refused_total", "reason" => reason).increment(1);
}

/// A visit could not be handed on to be kept.
pub(crate) fn visit_dropped() {
    counter!("crisislens_realtime_visits_dropped_total").increment(1);
}

/// An event was on the log twice.
pub(crate) fn duplicate() {
    counter!("crisislens_realtime_duplicates_total").increment(1);
}

/// A record cannot be shown. The workers dead-letter it; here it is only left out.
pub(crate) fn undecodable(record: &LogRecord, error: &RouteError) {
    counter!("crisislens_realtime_undecodable_total").increment(1);
    tracing::warn!(
        topic = %record.topic, partition = record.partition, offset = record.offset, %error,
        "left out a record that does not decode"
    );
}

/// A read failed and is tried again.
pub(crate) fn read_failed(topic: Topic, partition: u32, error: &LogError) {
    counter!("crisislens_realtime_read_failures_total").increment(1);
    tracing::warn!(%topic, partition, %error, "cannot read the log; trying again");
}

/// Records were lost before they were read.
pub(crate) fn lost(topic: Topic, partition: u32, error: &LogError) {
    counter!("crisislens_realtime_lost_total").increment(1);
    tracing::error!(%topic, partition, %error, "records were lost; everybody is told to refetch");
}
