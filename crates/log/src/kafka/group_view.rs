//! Consumer groups as the brokers describe them: who is a member, and who holds what.

use std::collections::BTreeMap;

use crisislens_model::Topic;
use rdkafka::groups::GroupInfo;

use crate::Member;

/// Characters of the unique part that the brokers put behind a static member's name: a hyphen and a UUID.
const UNIQUE_CHARS: usize = 37;

/// A group's members that hold partitions of a topic.
pub(super) fn members(
    group: &GroupInfo,
    by_name: impl Fn(&str) -> Option<Topic>,
) -> BTreeMap<Topic, Vec<Member>> {
    let mut topics: BTreeMap<Topic, Vec<Member>> = BTreeMap::new();
    for member in group.members() {
        let held = member.assignment().and_then(assignment_by_topic).unwrap_or_default();
        for (name, partitions) in held {
            let Some(topic) = by_name(&name) else { continue };
            topics.entry(topic).or_default().push(Member {
                id: member.id().to_owned(),
                host: member.client_host().trim_start_matches('/').to_owned(),
                partitions,
            });
        }
    }
    topics
}

/// Of the ids of a group's members the one that the static member called `instance` has now.
pub(super) fn id_of_instance<'a>(ids: impl IntoIterator<Item = &'a str>, instance: &str) -> Option<&'a str> {
    let is_its = |id: &&str| {
        let (is_named, unique) = (id.starts_with(instance), id.get(instance.len()..).unwrap_or_default());
        is_named && unique.len() == UNIQUE_CHARS && unique.starts_with('-')
    };
    ids.into_iter().find(is_its)
}

/// The partitions of each topic by name, from the assignment that the consumer protocol gave a member
/// (`ConsumerProtocolAssignment`: version, then topics with their partitions, big endian).
pub(super) fn assignment_by_topic(bytes: &[u8]) -> Option<BTreeMap<String, Vec<u32>>> {
    let mut rest = bytes.get(2..)?;
    let mut topics = BTreeMap::new();
    for _ in 0..number(&mut rest)? {
        let name = string(&mut rest)?;
        let mut held = Vec::new();
        for _ in 0..number(&mut rest)? {
            held.push(number(&mut rest)?);
        }
        topics.insert(name, held);
    }
    Some(topics)
}

/// The topics that a member asks for (`ConsumerProtocolSubscription`: version, topics, and more that is left unread).
pub(super) fn subscription(bytes: &[u8]) -> Option<Vec<String>> {
    let mut rest = bytes.get(2..)?;
    (0..number(&mut rest)?).map(|_| string(&mut rest)).collect()
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, left) = rest.split_at_checked(length)?;
    *rest = left;
    Some(taken)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(take(rest, 4)?.try_into().ok()?))
}

fn string(rest: &mut &[u8]) -> Option<String> {
    let length = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    Some(std::str::from_utf8(take(rest, length.into())?).ok()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_assignment_is_read_and_rubbish_is_none() {
        let bytes =
            [&[0, 1, 0, 0, 0, 1, 0, 3][..], b"dlq", &[0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0]]
                .concat();
        assert_eq!(assignment_by_topic(&bytes), Some(BTreeMap::from([("dlq".to_owned(), vec![0, 5])])));
        for length in 0..18 {
            assert_eq!(assignment_by_topic(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn a_subscription_is_read_and_rubbish_is_none() {
        let bytes = [&[0, 1, 0, 0, 0, 2, 0, 3][..], b"dlq", &[0, 1], b"x", &[255; 4]].concat();
        assert_eq!(subscription(&bytes), Some(vec!["dlq".to_owned(), "x".to_owned()]));
        for length in 0..14 {
            assert_eq!(subscription(&bytes[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn a_static_member_is_found_by_its_name_and_not_by_a_longer_one() {
        let ids = [
            "one-claims-late-8f6ac1e3-4a5b-4c3d-9e2f-0123456789ab",
            "one-claims-7d5ac1e3-4a5b-4c3d-9e2f-0123456789ab",
        ];
        assert_eq!(id_of_instance(ids, "one-claims"), Some(ids[1]));
        assert_eq!(id_of_instance(ids, "one-claims-late"), Some(ids[0]));
        assert_eq!(id_of_instance(ids, "one"), None);
    }
}
