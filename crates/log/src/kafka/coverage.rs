//! Whether every partition of a topic has a holder.
//!
//! Under the cooperative protocol a member gives partitions up first and then joins again, and only then does somebody get
//! them. A static member that dies between the two and is back within its session is given the place it had, without a rebalance
//! (KIP-345): what it had given up is nobody's in a group that the brokers call stable, for as long as nothing else moves the
//! group. The Java client's leader sees to that (KIP-814); librdkafka's does not. So members look, and one of them moves.

use rdkafka::groups::GroupInfo;

use super::group_view::{assignment_by_topic, subscription};

/// A member that wants partitions of the topic, as the brokers describe it.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    id: String,
    held: Vec<u32>,
}

/// What the brokers say of a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Coverage {
    /// Nothing certain: it is being rebalanced, or there is no answer.
    Unknown,
    /// Every partition has a holder.
    Whole,
    /// Some have none.
    Gap {
        /// These.
        missing: Vec<u32>,
        /// Who is to join anew: of the members the one with the fewest partitions.
        mover: String,
    },
}

/// How the partitions of `topic`, of which there are so many, are held.
pub(super) fn of(group: &GroupInfo, topic: &str, partitions: u32) -> Coverage {
    if group.state() != "Stable" {
        return Coverage::Unknown;
    }
    let wants =
        |bytes: &[u8]| subscription(bytes).is_some_and(|topics| topics.iter().any(|one| one == topic));
    let members = group.members().iter().filter(|member| member.metadata().is_some_and(wants));
    let seen = members.map(|member| {
        let held = member.assignment().and_then(assignment_by_topic);
        let held = held.and_then(|mut held| held.remove(topic)).unwrap_or_default();
        Seen { id: member.id().to_owned(), held }
    });
    among(&seen.collect::<Vec<_>>(), partitions)
}

fn among(members: &[Seen], partitions: u32) -> Coverage {
    let is_held = |partition: &u32| members.iter().any(|member| member.held.contains(partition));
    let missing: Vec<u32> = (0..partitions).filter(|partition| !is_held(partition)).collect();
    let mover = members.iter().min_by_key(|member| (member.held.len(), &member.id));
    match mover {
        None => Coverage::Unknown,
        Some(_) if missing.is_empty() => Coverage::Whole,
        Some(mover) => Coverage::Gap { missing, mover: mover.id.clone() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: &str, held: &[u32]) -> Seen {
        Seen { id: id.to_owned(), held: held.to_vec() }
    }

    #[test]
    fn one_member_moves_where_partitions_have_no_holder() {
        let gap = |missing: &[u32], mover: &str| Coverage::Gap {
            missing: missing.to_vec(),
            mover: mover.to_owned(),
        };
        assert_eq!(among(&[], 3), Coverage::Unknown);
        assert_eq!(among(&[seen("a", &[0, 2]), seen("b", &[1])], 3), Coverage::Whole);
        assert_eq!(among(&[seen("a", &[1, 2]), seen("b", &[])], 3), gap(&[0], "b"));
        assert_eq!(among(&[seen("b", &[1]), seen("a", &[2])], 4), gap(&[0, 3], "a"));
    }
}
