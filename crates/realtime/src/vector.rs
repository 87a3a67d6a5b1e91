//! Arithmetic on positions as vectors of offsets: comparing, merging, shaping.

use crisislens_model::{Position, Topic};

/// A position at the start of every partition. Topics are brought into rising order, which the encoding asks for.
pub(crate) fn zero(epoch: u32, partitions: &[(Topic, u32)]) -> Position {
    let mut offsets: Vec<_> =
        partitions.iter().map(|(topic, count)| (*topic, vec![0; *count as usize])).collect();
    offsets.sort_by_key(|(topic, _)| *topic);
    offsets.dedup_by_key(|(topic, _)| *topic);
    Position { epoch, offsets }
}

/// `given` with exactly the partitions of `like`. What it does not speak of, it has not seen: offset 0.
pub(crate) fn shaped(given: &Position, like: &Position) -> Position {
    let offset = |topic, partition| given.offset(topic, partition as u32).unwrap_or(0);
    let of_topic = |(topic, offsets): &(Topic, Vec<u64>)| {
        (*topic, (0..offsets.len()).map(|partition| offset(*topic, partition)).collect())
    };
    Position { epoch: like.epoch, offsets: like.offsets.iter().map(of_topic).collect() }
}

/// Whether `position` has seen all that `other` (of the same shape) has.
pub(crate) fn reaches(position: &Position, other: &Position) -> bool {
    lead(other, position) == 0
}

/// The farthest that `position` lies ahead of `other` (of the same shape) in any partition.
pub(crate) fn lead(position: &Position, other: &Position) -> u64 {
    let pairs = position.offsets.iter().zip(&other.offsets);
    let leads = pairs.flat_map(|((_, ours), (_, theirs))| ours.iter().zip(theirs));
    leads.map(|(ours, theirs)| ours.saturating_sub(*theirs)).max().unwrap_or(0)
}

/// What `position` or `other` (of the same shape) has seen.
pub(crate) fn merged(position: &Position, other: &Position) -> Position {
    let mut merged = position.clone();
    for ((_, ours), (_, theirs)) in merged.offsets.iter_mut().zip(&other.offsets) {
        for (ours, theirs) in ours.iter_mut().zip(theirs) {
            *ours = (*ours).max(*theirs);
        }
    }
    merged
}

/// Sets an offset, also backwards, and also of a partition that was added to the topic.
pub(crate) fn set(position: &mut Position, topic: Topic, partition: u32, next: u64) {
    if let Some((_, offsets)) = position.offsets.iter_mut().find(|(name, _)| *name == topic) {
        set_or_add(offsets, partition, next);
    }
}

/// Sets the offset of one partition; those before it that are not there yet begin at 0.
pub(crate) fn set_or_add(offsets: &mut Vec<u64>, partition: u32, next: u64) {
    let at = partition as usize;
    if offsets.len() <= at {
        offsets.resize(at + 1, 0);
    }
    offsets[at] = next;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(items: &[u64], alerts: &[u64]) -> Position {
        Position {
            epoch: 1,
            offsets: vec![(Topic::NormalizedItems, items.to_vec()), (Topic::Alerts, alerts.to_vec())],
        }
    }

    #[test]
    fn a_vector_reaches_another_only_when_every_partition_does() {
        assert!(reaches(&at(&[3, 4], &[1]), &at(&[3, 2], &[1])));
        assert!(!reaches(&at(&[3, 4], &[1]), &at(&[4, 2], &[1])));
        assert_eq!(lead(&at(&[9, 4], &[1]), &at(&[3, 2], &[5])), 6);
        assert_eq!(merged(&at(&[9, 1], &[1]), &at(&[3, 2], &[5])), at(&[9, 2], &[5]));
    }

    #[test]
    fn a_partition_that_was_added_takes_its_place_in_a_position() {
        let mut position = at(&[3], &[4]);
        set(&mut position, Topic::NormalizedItems, 2, 7);
        set(&mut position, Topic::Claims, 0, 9);
        assert_eq!(position, at(&[3, 0, 7], &[4]));
    }

    #[test]
    fn a_position_of_fewer_or_more_partitions_takes_the_shape_asked_for() {
        let given = Position { epoch: 1, offsets: vec![(Topic::NormalizedItems, vec![7])] };
        assert_eq!(shaped(&given, &at(&[1, 1], &[1])), at(&[7, 0], &[0]));
        let zero = zero(1, &[(Topic::Alerts, 1), (Topic::NormalizedItems, 2)]);
        assert_eq!(zero, at(&[0, 0], &[0]));
    }
}
