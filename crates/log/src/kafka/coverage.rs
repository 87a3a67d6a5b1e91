//! Whether every partition of a topic has a holder.
//!
//! Under the cooperative protocol a member gives partitions up first and then joins again, and only then does somebody get
//! them. A static member that dies between the two and is back within its session is given the place it had, without a rebalance
//! (KIP-345): what it had given up is nobody's in a group that the brokers call stable, for as long as nothing else moves the
//! group. The Java client's leader sees to that (KIP-814); librdkafka's does not. So members look, and one of them moves.

use rdkafka::groups::GroupInfo;

use super::group_view::{assignment_by_topic, subscription};

/// A member that wants partitions of the topic, as the brokers describe it.
struct Seen {
    id: String,
    held: Vec<u32>,
}

/// What the brokers say of a group.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Coverage {
    /// Nothing certain: it is being rebalanced, or there is no answer.
    Unknown,
    /// Every partition has a holder.
    Whole,
    /// Some have none.
    Gap {
        /// These.
        missing: Vec<u32>,
        /// Who is to join anew: the members, those with the fewest partitions first. One is enough, if it does.
        movers: Vec<String>,
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
    if missing.is_empty() {
        return Coverage::Whole;
    }
    let mut movers: Vec<&Seen> = members.iter().collect();
    movers.sort_by_key(|member| (member.held.len(), &member.id));
    Coverage::Gap { missing, movers: movers.into_iter().map(|member| member.id.clone()).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(id: &str, held: &[u32]) -> Seen {
        Seen { id: id.to_owned(), held: held.to_vec() }
    }

    #[test]
    fn members_move_where_partitions_have_no_holder_those_with_the_fewest_first() {
        let gap = |missing: &[u32], movers: &[&str]| Coverage::Gap {
            missing: missing.to_vec(),
            movers: movers.iter().map(|mover| (*mover).to_owned()).collect(),
        };
        assert_eq!(among(&[seen("a", &[0, 2]), seen("b", &[1])], 3), Coverage::Whole);
        assert_eq!(among(&[seen("a", &[1, 2]), seen("b", &[])], 3), gap(&[0], &["b", "a"]));
        assert_eq!(among(&[seen("b", &[1]), seen("a", &[2])], 4), gap(&[0, 3], &["a", "b"]));
        assert_eq!(among(&[], 1), gap(&[0], &[]));
    }
}
