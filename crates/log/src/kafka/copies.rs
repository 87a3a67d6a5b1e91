//! Whether a topic has as many copies as was asked for, and enough of them that a broker may be lost. Says what to do and changes
//! nothing: to move copies between brokers is the cluster's business.

use super::plan::Found;
use super::settings::KafkaSettings;

const IN_SYNC: &str = "min.insync.replicas";

/// What an operator should know of the copies of a topic that is there (`found`) or is about to be made. Nothing is said where
/// the cluster's own default decides: once the topic is there, it shows.
pub(super) fn cautions(settings: &KafkaSettings, found: Option<&Found>) -> Vec<String> {
    let wanted = u32::try_from(settings.replication_factor).unwrap_or_default();
    let copies = found.map_or(wanted, |found| found.copies);
    if copies == 0 {
        return Vec::new();
    }
    let set = found.and_then(|found| found.config.get(IN_SYNC)?.parse().ok());
    let in_sync = Some(settings.min_insync_replicas).filter(|count| *count > 0).or(set);
    let mut cautions = Vec::new();
    if wanted > 0 && copies != wanted {
        cautions.push(format!(
            "{copies} copies of each partition, and log.kafka.replication_factor says {wanted}. CrisisLens moves no copies: do it \
             with Kafka's kafka-reassign-partitions.sh, or set log.kafka.replication_factor to {copies}"
        ));
    }
    if copies == 1 {
        cautions.push(
            "a single copy of each partition, which is lost with its broker's disk, and nothing is appended while that broker is \
             away. On three brokers or more, set log.kafka.replication_factor to 3"
                .to_owned(),
        );
    }
    match in_sync {
        Some(in_sync) if in_sync > copies => cautions.push(format!(
            "{IN_SYNC} is {in_sync} with {copies} copies: the brokers take no record at all. Set log.kafka.min_insync_replicas to \
             {} or have more copies",
            copies.saturating_sub(1).max(1)
        )),
        Some(in_sync) if in_sync == copies && copies > 1 => cautions.push(format!(
            "{IN_SYNC} is {in_sync} with {copies} copies: while any broker is away nothing is appended. Set \
             log.kafka.min_insync_replicas to {}",
            copies - 1
        )),
        Some(1) if copies > 2 => cautions.push(format!(
            "{IN_SYNC} is 1: a record may be acknowledged that only one broker has, and be lost with it. Set \
             log.kafka.min_insync_replicas to {}",
            copies - 1
        )),
        _ => {}
    }
    cautions
}

/// Why a topic cannot be made with the copies asked for.
pub(super) fn obstacle(settings: &KafkaSettings, brokers: usize) -> Option<String> {
    let wanted = usize::try_from(settings.replication_factor).unwrap_or_default();
    (wanted > brokers).then(|| {
        format!("log.kafka.replication_factor is {wanted}, and there are {brokers} brokers to hold copies: start more, or set it lower")
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn settings(replication_factor: i32, min_insync_replicas: u32) -> KafkaSettings {
        KafkaSettings { replication_factor, min_insync_replicas, ..Default::default() }
    }

    fn found(copies: u32, in_sync: &str) -> Found {
        let config = BTreeMap::from([(IN_SYNC.to_owned(), in_sync.to_owned())]);
        Found { partitions: 1, copies, config }
    }

    #[test]
    fn three_copies_of_which_two_are_in_sync_are_nothing_to_speak_of() {
        assert!(cautions(&settings(3, 2), Some(&found(3, "2"))).is_empty());
        assert!(cautions(&settings(0, 0), Some(&found(3, "2"))).is_empty());
        assert!(cautions(&settings(3, 2), None).is_empty());
        assert!(cautions(&settings(0, 0), None).is_empty(), "the cluster decides");
    }

    #[test]
    fn other_copies_than_asked_for_are_named_with_what_to_do() {
        let said = cautions(&settings(3, 0), Some(&found(1, "1"))).join("\n");
        assert!(
            said.contains("replication_factor says 3") && said.contains("kafka-reassign-partitions"),
            "{said}"
        );
        assert!(said.contains("a single copy"), "{said}");
        assert!(cautions(&settings(1, 0), None)[0].contains("a single copy"), "also before it is made");
    }

    #[test]
    fn copies_in_sync_that_stop_appends_or_let_records_be_lost_are_named() {
        let said = |settings, found| cautions(&settings, Some(&found)).join("\n");
        assert!(said(settings(0, 0), found(1, "2")).contains("take no record at all"));
        assert!(said(settings(0, 3), found(3, "2")).contains("while any broker is away"));
        assert!(said(settings(0, 0), found(3, "1")).contains("be lost with it"));
    }

    #[test]
    fn more_copies_than_brokers_cannot_be_made() {
        assert!(obstacle(&settings(3, 0), 1).unwrap().contains("there are 1 brokers"));
        assert_eq!(obstacle(&settings(3, 0), 3), None);
        assert_eq!(obstacle(&settings(0, 0), 1), None);
    }
}
