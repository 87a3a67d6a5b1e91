//! The oracle is itself judged: a sound picture passes, and each anomaly that is put into it is found.

use super::payload::{WriteId, text};
use super::*;

const SEED: u64 = 9;

fn write(key: u32, revision: u32) -> WriteId {
    WriteId { key, revision }
}

fn says(key: u32, revision: u32) -> String {
    text(SEED, write(key, revision), "all is quiet")
}

fn raw(offset: u64, key: u32, revision: u32) -> Entry {
    Entry { offset, event: format!("raw-{offset}"), text: says(key, revision), ..Entry::default() }
}

fn change(offset: u64, key: u32, revision: u32) -> Entry {
    let kind = if revision == 1 { "crisislens.item.created" } else { "crisislens.item.updated" };
    Entry {
        partition: 1,
        offset,
        event: format!("change-{key}-{revision}"),
        kind: kind.to_owned(),
        thing: format!("item-{key}"),
        version: revision.into(),
        text: says(key, revision),
    }
}

/// Two keys: the first with two revisions, the second with one that is in an incident, which has an alert.
fn notification(id: &str, revision: u64) -> NotificationSeen {
    NotificationSeen { id: id.to_owned(), alert: "alert-1".to_owned(), revision, replaced: false }
}

fn sound() -> (History, Observed) {
    let mut history = History::default();
    for id in [write(1, 1), write(2, 1), write(1, 2)] {
        history.sent(id);
        history.acknowledged(id);
    }
    let item = |key: u32, revision: u32, incident: Option<&str>| ItemSeen {
        id: format!("item-{key}"),
        text: says(key, revision),
        revision: revision.into(),
        incident: incident.map(str::to_owned),
    };
    let alert =
        Entry { event: "alert-1".to_owned(), thing: "alert-1".to_owned(), version: 1, ..Entry::default() };
    let viewed = ["item-1", "item-2", "alert-1"].map(|thing| (thing.to_owned(), 1));
    let observed = Observed {
        raw: vec![raw(0, 1, 1), raw(1, 2, 1), raw(2, 1, 2)],
        normalized: vec![change(0, 1, 1), change(1, 2, 1), change(2, 1, 2)],
        alerts: vec![alert],
        dead: Vec::new(),
        items: vec![item(1, 2, None), item(2, 1, Some("incident-1"))],
        found: 2,
        told: Told {
            incidents: vec![("incident-1".to_owned(), 1)],
            alerts: vec![AlertSeen {
                id: "alert-1".to_owned(),
                incident: "incident-1".to_owned(),
                revision: 1,
            }],
            notifications: vec![notification("n-1", 1)],
            mails: vec![("m-1".to_owned(), "n-1".to_owned())],
        },
        viewers: vec![Viewed {
            events: viewed.into_iter().chain([("item-1".to_owned(), 2)]).collect(),
            ..Viewed::default()
        }],
    };
    (history, observed)
}

/// The kinds that are found after `spoil`, each once.
fn found(spoil: impl FnOnce(&mut History, &mut Observed)) -> Vec<Kind> {
    let (mut history, mut observed) = sound();
    spoil(&mut history, &mut observed);
    let verdict = judge(SEED, &history, &observed);
    let kinds: std::collections::BTreeSet<Kind> =
        verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
    kinds.into_iter().collect()
}

#[test]
fn a_sound_picture_holds() {
    assert_eq!(found(|_, _| {}), []);
}

#[test]
fn a_write_without_an_answer_may_be_there_or_not() {
    assert_eq!(found(|history, _| history.sent(write(3, 1))), []);
    assert_eq!(
        found(|history, observed| {
            history.sent(write(1, 3));
            observed.raw.push(raw(3, 1, 3));
            observed.normalized.push(change(3, 1, 3));
            observed.items[0].text = says(1, 3);
            observed.items[0].revision = 3;
            observed.viewers[0].events.push(("item-1".to_owned(), 3));
        }),
        []
    );
}

#[test]
fn an_acknowledged_write_that_is_missing_from_a_topic_is_lost() {
    assert_eq!(found(|_, observed| drop(observed.raw.remove(0))), [Kind::Lost]);
    let missing = found(|_, observed| drop(observed.normalized.remove(2)));
    assert!(missing.contains(&Kind::Lost), "{missing:?}");
}

#[test]
fn an_item_that_is_missing_or_stands_at_an_older_revision_is_lost() {
    assert!(found(|_, observed| drop(observed.items.remove(0))).contains(&Kind::Lost));
    assert!(found(|_, observed| observed.items[0].text = says(1, 1)).contains(&Kind::Lost));
    assert_eq!(found(|_, observed| observed.found = 1), [Kind::Lost]);
}

#[test]
fn a_second_effect_of_one_write_is_found_and_a_second_copy_of_one_event_is_none() {
    let again = |event: &str| Entry { offset: 3, event: event.to_owned(), ..change(3, 2, 1) };
    assert!(
        found(|_, observed| observed.normalized.push(again("another-event")))
            .contains(&Kind::DuplicateEffect)
    );
    assert_eq!(found(|_, observed| observed.normalized.push(again("change-2-1"))), []);
    assert_eq!(found(|_, observed| observed.raw.push(raw(3, 2, 1))), [], "a writer sent it again");
}

#[test]
fn a_second_item_message_or_count_is_a_duplicate_effect() {
    let double = Kind::DuplicateEffect;
    assert!(found(|_, observed| observed.items.push(observed.items[0].clone())).contains(&double));
    assert!(found(|_, o| o.told.mails.push(("m-2".to_owned(), "n-1".to_owned()))).contains(&double));
    assert_eq!(found(|_, observed| observed.told.incidents[0].1 = 2), [double]);
    assert_eq!(found(|_, observed| observed.found = 3), [double]);
}

#[test]
fn a_message_that_a_later_one_took_the_place_of_is_not_lost_and_must_not_leave() {
    let replaced = |mails: &'static [&'static str]| {
        found(move |_, observed| {
            observed.told.alerts[0].revision = 2;
            observed.told.notifications[0].replaced = true;
            observed.told.notifications.push(notification("n-2", 2));
            observed.told.mails =
                mails.iter().map(|of| (format!("mail of {of}"), (*of).to_owned())).collect();
        })
    };
    assert_eq!(replaced(&["n-2"]), []);
    assert_eq!(replaced(&["n-1", "n-2"]), [Kind::Phantom]);
    assert_eq!(replaced(&[]), [Kind::Lost]);
}

#[test]
fn an_alert_that_nobody_was_told_of_is_lost() {
    assert_eq!(found(|_, observed| observed.told.mails.clear()), [Kind::Lost]);
    assert!(found(|_, observed| observed.told.alerts[0].revision = 2).contains(&Kind::Lost));
}

#[test]
fn what_nobody_sent_is_a_phantom() {
    assert_eq!(found(|_, observed| observed.raw.push(raw(3, 8, 1))), [Kind::Phantom]);
}

#[test]
fn an_altered_text_is_corrupted() {
    assert!(found(|_, o| o.raw[1].text = o.raw[1].text.replace("quiet", "quite")).contains(&Kind::Corrupted));
    assert!(found(|_, o| o.items[1].text.truncate(30)).contains(&Kind::Corrupted));
}

#[test]
fn revisions_that_change_places_are_reordered() {
    assert_eq!(found(|_, observed| observed.raw.swap(0, 2)), [Kind::Reordered]);
    assert_eq!(found(|_, observed| observed.normalized.swap(0, 2)), [Kind::Reordered]);
    assert_eq!(found(|_, observed| observed.raw[2].partition = 5), [Kind::Reordered]);
}

#[test]
fn a_client_is_shown_each_event_once_and_in_order() {
    assert_eq!(found(|_, o| drop(o.viewers[0].events.pop())), [Kind::Lost]);
    assert_eq!(found(|_, o| o.viewers[0].events.push(("item-2".to_owned(), 1))), [Kind::DuplicateEffect]);
    assert_eq!(found(|_, o| o.viewers[0].events.swap(0, 3)), [Kind::Reordered]);
    assert_eq!(found(|_, o| o.viewers[0].events.push(("item-7".to_owned(), 1))), [Kind::Phantom]);
}

/// What is found where the client missed its event number `missed`, had been shown `after` events when it was told to fetch
/// anew, and then fetched the first item at version `fetched`.
fn found_after_resync(missed: usize, after: usize, fetched: u64) -> Vec<Kind> {
    found(|_, observed| {
        let viewer = &mut observed.viewers[0];
        viewer.events.remove(missed);
        viewer.resyncs.push(Resync { after, state: [("item-1".to_owned(), fetched)].into() });
    })
}

#[test]
fn a_resync_excuses_the_gap_before_it_and_only_where_what_was_fetched_has_it() {
    // The last event is the second revision of the first item.
    assert_eq!(found_after_resync(3, 3, 2), []);
    assert_eq!(found_after_resync(3, 0, 2), [], "whatever came live meanwhile");
    assert_eq!(found_after_resync(3, 3, 1), [Kind::Lost], "it was fetched as it had been before");
    // After the first event, others of its partition had been shown when the resync came.
    assert_eq!(found_after_resync(0, 3, 2), [Kind::Lost]);
    assert_eq!(found_after_resync(0, 0, 2), []);
}

#[test]
fn a_dead_letter_that_no_case_expects_is_a_loss() {
    assert_eq!(found(|_, observed| observed.dead.push("raw-items/0/1".to_owned())), [Kind::Lost]);
}
