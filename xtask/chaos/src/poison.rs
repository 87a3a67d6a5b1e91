//! Records that no consumer can ever apply, and what must be true of the dead letters that become of them.

use std::collections::{BTreeMap, BTreeSet};

use crisislens_log::{LogRecord, Placed};
use crisislens_model::topic::event_type;
use crisislens_model::{EventId, Header, NewRecord, Topic, record};

/// Nesting that no parser follows.
const DEPTH: usize = 10_000;
/// Marks what was made here.
pub const MARK: &str = "x-poison";
/// The header with the id of a record's event, which its letters keep.
const EVENT: &str = "ce_id";
/// The header with the number of times that a letter's record was replayed before it died.
const REDRIVES: &str = "cl_redrive_count";
/// Prefix of the headers that a dead letter adds.
const ADDED: &str = "cl_";
/// The headers that every dead letter has.
const REQUIRED: [&str; 15] = [
    "cl_orig_topic",
    "cl_orig_partition",
    "cl_orig_offset",
    "cl_orig_timestamp",
    "cl_orig_ts_type",
    "cl_group",
    "cl_stage",
    "cl_instance",
    "cl_error_class",
    "cl_error_msg",
    "cl_attempts",
    "cl_first_failed_at",
    "cl_last_failed_at",
    "cl_redrive_count",
    "cl_parked",
];
/// The topics that have a consumer, with the type of record that it looks at.
const CONSUMED: [(Topic, &str); 4] = [
    (Topic::RawItems, event_type::RAW_ITEM),
    (Topic::NormalizedItems, event_type::ITEM_CREATED),
    (Topic::Alerts, event_type::ALERT_RAISED),
    (Topic::Notifications, event_type::NOTIFICATION),
];

/// Every kind of poison for every topic that has a consumer.
pub fn every_kind() -> Vec<NewRecord> {
    let mut records = Vec::new();
    for (topic, kind) in CONSUMED {
        records.extend(values().into_iter().map(|value| poisoned(topic, kind, value)));
    }
    records
}

/// A record of `raw-items` with any value.
pub fn raw(value: Option<Vec<u8>>) -> NewRecord {
    poisoned(Topic::RawItems, event_type::RAW_ITEM, value)
}

fn values() -> Vec<Option<Vec<u8>>> {
    let nested = [vec![b'['; DEPTH], vec![b']'; DEPTH]].concat();
    vec![
        // Cut off, not UTF-8, null, empty, of another shape, too deep, no number, two of one key.
        Some(br#"{"id": "1", "text"#.to_vec()),
        Some(b"{\"text\": \"\xff\xfe\xc3\x28\"}".to_vec()),
        None,
        Some(Vec::new()),
        Some(br#"{"id": 17, "text": ["no"]}"#.to_vec()),
        Some(b"42".to_vec()),
        Some(nested),
        Some(br#"{"risk_score": NaN}"#.to_vec()),
        Some(br#"{"id": "a", "id": "b", "text": "c", "text": "d"}"#.to_vec()),
    ]
}

fn poisoned(topic: Topic, kind: &str, value: Option<Vec<u8>>) -> NewRecord {
    let id = EventId::random().to_string();
    let headers = vec![
        Header::new("ce_specversion", *b"1.0"),
        Header::new("ce_id", id.clone()),
        Header::new("ce_type", kind),
        Header::new("traceparent", *b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
        Header::new(MARK, *b"yes"),
        Header::new("x-bytes", vec![0, 255, 0xc3, 0x28]),
        // The same name twice, which a map would lose.
        Header::new("x-bytes", vec![1]),
    ];
    let key = [&[0xff, 0, 7], id.as_bytes()].concat();
    NewRecord { topic, key, value, headers }
}

/// What is wrong with the dead letters of `sent`; nothing when each is there once, whole, with every header.
pub fn problems(sent: &[(NewRecord, Placed)], letters: &[LogRecord]) -> Vec<String> {
    let mut problems = Vec::new();
    for (record, placed) in sent {
        let place = format!("{}/{}/{}", placed.topic, placed.partition, placed.offset);
        let of_it: Vec<&LogRecord> = letters.iter().filter(|letter| origin(letter) == place).collect();
        // A letter that is relayed twice has the same event twice, of which readers drop one.
        let Some(letter) = of_it.first() else {
            problems.push(format!("{place}: no dead letter"));
            continue;
        };
        if of_it.iter().any(|other| other.headers != letter.headers) {
            problems.push(format!("{place}: two different dead letters"));
        }
        if letter.key != record.key {
            problems.push(format!("{place}: the key was altered"));
        }
        if letter.value.as_deref() != record.value.as_deref() {
            problems.push(format!("{place}: the value was altered"));
        }
        let own: Vec<&Header> =
            letter.headers.iter().filter(|header| !header.name.starts_with(ADDED)).collect();
        if own != record.headers.iter().collect::<Vec<_>>() {
            problems.push(format!("{place}: its headers were altered"));
        }
        for name in REQUIRED {
            if record::header(&letter.headers, name).is_none_or(str::is_empty) {
                problems.push(format!("{place}: {name} is missing"));
            }
        }
    }
    problems
}

/// What is wrong with the letters of records that may have died several times, as each replay that fails makes another: each
/// record with how often it dies. Whose letter it is, its event says; a letter of no other event may be there.
pub fn generation_problems<'a>(
    sent: impl Iterator<Item = (&'a NewRecord, u32)>,
    letters: &[LogRecord],
) -> Vec<String> {
    let mut problems = Vec::new();
    let mut of: BTreeMap<&str, Vec<&LogRecord>> = BTreeMap::new();
    for letter in letters {
        let event = record::header(&letter.headers, EVENT).unwrap_or_default();
        of.entry(event).or_default().push(letter);
    }
    for (sent, deaths) in sent {
        let event = event(sent).unwrap_or_default();
        let own = of.remove(event).unwrap_or_default();
        if own.iter().any(|letter| letter.key != sent.key || letter.value.as_deref() != sent.value.as_deref())
        {
            problems.push(format!("{event}: key or value was altered"));
        }
        // A letter that is relayed twice is of the same generation.
        let generations: BTreeSet<&str> =
            own.iter().filter_map(|letter| record::header(&letter.headers, REDRIVES)).collect();
        let expected: BTreeSet<String> = (0..deaths).map(|death| death.to_string()).collect();
        if !generations.iter().copied().eq(expected.iter().map(String::as_str)) {
            problems.push(format!("{event}: died after {generations:?} replays, not {expected:?}"));
        }
    }
    problems
        .extend(of.keys().map(|event| format!("{event}: a dead letter of an event that nobody made to die")));
    problems
}

/// The id of a record's event.
pub fn event(of: &NewRecord) -> Option<&str> {
    record::header(&of.headers, EVENT)
}

/// `topic/partition/offset` of what died.
fn origin(letter: &LogRecord) -> String {
    let header = |name: &str| record::header(&letter.headers, name).unwrap_or("?");
    format!("{}/{}/{}", header("cl_orig_topic"), header("cl_orig_partition"), header("cl_orig_offset"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(record: &NewRecord, offset: u64) -> LogRecord {
        let origin = |name: &&str| match *name {
            "cl_orig_topic" => record.topic.to_string(),
            "cl_orig_partition" => "0".to_owned(),
            "cl_orig_offset" => offset.to_string(),
            _ => "x".to_owned(),
        };
        let added = REQUIRED.iter().map(|name| Header::new(*name, origin(name)));
        LogRecord {
            topic: Topic::Dlq,
            partition: 0,
            offset,
            timestamp: crisislens_model::Timestamp::UNIX_EPOCH,
            key: record.key.clone().into(),
            value: record.value.clone().map(Into::into),
            headers: record.headers.iter().cloned().chain(added).collect(),
        }
    }

    fn sent() -> Vec<(NewRecord, Placed)> {
        let place = |offset, record: &NewRecord| Placed { topic: record.topic, partition: 0, offset };
        (0..).zip(every_kind()).map(|(offset, record)| (record.clone(), place(offset, &record))).collect()
    }

    #[test]
    fn whole_letters_pass_and_whatever_is_missing_or_altered_is_named() {
        let sent = sent();
        let letters: Vec<LogRecord> =
            sent.iter().map(|(record, placed)| dead(record, placed.offset)).collect();
        assert_eq!(problems(&sent, &letters), Vec::<String>::new());
        assert!(problems(&sent, &letters[1..])[0].contains("no dead letter"));
        for spoil in [
            (|letter: &mut LogRecord| letter.value = Some(b"x".to_vec().into())) as fn(&mut LogRecord),
            |letter| letter.key = b"x".to_vec().into(),
            |letter| drop(letter.headers.remove(0)),
            |letter| drop(letter.headers.pop()),
        ] {
            let mut spoilt = letters.clone();
            spoil(&mut spoilt[3]);
            assert_eq!(problems(&sent, &spoilt).len(), 1);
        }
    }

    #[test]
    fn letters_of_several_deaths_are_told_apart_and_strangers_are_named() {
        let record = raw(Some(b"never".to_vec()));
        let letter = |of: &NewRecord, redrives: &str| {
            let mut letter = dead(of, 0);
            letter.headers.retain(|header| header.name != REDRIVES);
            letter.headers.push(Header::new(REDRIVES, redrives));
            letter
        };
        let found = |letters: &[LogRecord]| generation_problems([(&record, 2)].into_iter(), letters).len();
        let (first, second) = (letter(&record, "0"), letter(&record, "1"));
        assert_eq!(found(&[first.clone(), second.clone(), second.clone()]), 0);
        assert_eq!(found(std::slice::from_ref(&first)), 1, "it died twice");
        assert_eq!(found(&[first.clone(), second.clone(), letter(&record, "2")]), 1, "not three times");
        let stranger = letter(&raw(None), "0");
        assert_eq!(found(&[first.clone(), second.clone(), stranger]), 1);
        let altered = LogRecord { value: Some(b"ever".to_vec().into()), ..second };
        assert_eq!(found(&[first, altered]), 1);
    }
}
