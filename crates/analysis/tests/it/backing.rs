//! Who stands behind it that an incident is grave.

use crisislens_analysis::incident::{self, is_backed};
use crisislens_model::incident::Backing;
use crisislens_model::{Incident, Item, ItemCorrection, PutRight, Severity, SourceKind, Timestamp, UserId};
use proptest::prelude::*;

use crate::make::{item, raw};

/// What somebody says with this severity.
fn said(kind: SourceKind, source: &str, author: Option<&str>, severity: Severity) -> Item {
    let text = format!("Flood in Porto, says {source} {author:?}");
    let raw = crisislens_model::RawItem {
        source: source.to_owned(),
        author: author.map(str::to_owned),
        ..raw(kind, &text)
    };
    Item { severity, ..item(raw) }
}

fn post(author: &str, severity: Severity) -> Item {
    said(SourceKind::Social, "posts", Some(author), severity)
}

/// A grave post with this text.
fn quoting(author: &str, text: &str) -> Item {
    Item { text: text.to_owned(), ..post(author, Severity::Critical) }
}

fn of(items: &[Item]) -> Incident {
    let mut incident = incident::open(&items[0]);
    items[1..].iter().for_each(|item| incident::join(&mut incident, item));
    incident
}

#[test]
fn one_voice_is_not_enough_however_often_it_speaks_and_two_are() {
    let grave = Severity::Critical;
    assert!(!is_backed(&of(&[post("eve", grave)])));
    assert!(!is_backed(&of(&[post("eve", grave), post("@Eve", grave), post("eve ", Severity::High)])));
    assert!(
        !is_backed(&of(&[post("eve", grave), post("dora", Severity::Medium)])),
        "dora says nothing grave"
    );
    assert!(is_backed(&of(&[post("eve", grave), post("dora", Severity::High)])));
    let nameless = |source| said(SourceKind::Social, source, None, grave);
    assert!(!is_backed(&of(&[nameless("posts"), nameless("posts")])));
    assert!(is_backed(&of(&[nameless("posts"), said(SourceKind::Media, "courier", None, grave)])));
    assert!(!is_backed(&of(&[
        said(SourceKind::Media, "courier", None, grave),
        said(SourceKind::Media, "courier", Some("x"), grave)
    ])));
}

#[test]
fn voices_that_quote_one_address_are_one() {
    let one = quoting("eve", "40 dead https://rumours.example/a1");
    let other = quoting("dora", "So many dead! https://www.rumours.example/a1/?utm_source=x");
    assert!(!is_backed(&of(&[one.clone(), other.clone()])));
    assert!(is_backed(&of(&[one, quoting("gil", "40 dead https://third.example/c3")])));
}

#[test]
fn who_quotes_both_voices_later_takes_nothing_back() {
    let fay = quoting("fay", "https://elsewhere.example/b2");
    let gil = quoting("gil", "https://third.example/c3");
    let hal = quoting("hal", "https://third.example/c3 and https://elsewhere.example/b2");
    let mut incident = of(&[fay.clone(), gil.clone()]);
    let before = incident.backing.clone();
    incident::join(&mut incident, &hal);
    incident::back(&mut incident, &hal);
    assert!(is_backed(&incident) && incident.backing == before, "{:?}", incident.backing);
    // Made anew of the same items it is the same.
    incident::renew(&mut incident, Some(of(&[fay.clone(), gil.clone(), hal.clone()])));
    assert!(is_backed(&incident));
    // Nor where it is put together with what quotes both, in whichever way.
    let (mut alone, mut backed) = (of(std::slice::from_ref(&hal)), incident.clone());
    incident::merge(&mut incident, &mut alone);
    assert!(is_backed(&incident), "{:?}", incident.backing);
    let mut alone = of(std::slice::from_ref(&hal));
    incident::merge(&mut alone, &mut backed);
    assert!(is_backed(&alone), "{:?}", alone.backing);
    // Who comes before them does: then they are no two voices.
    assert!(!is_backed(&of(&[hal, fay, gil])));
}

#[test]
fn of_a_long_text_no_more_is_read_than_is_compared() {
    let link = |n: usize| format!("https://many.example/{n}");
    let links: Vec<String> = (0..100_000).map(link).collect();
    let long = Item { text: links.join(" "), ..post("eve", Severity::Critical) };
    let groups = of(std::slice::from_ref(&long)).backing.unwrap().groups;
    assert_eq!((groups.len(), groups[0].len()), (1, 16));
    // What stands far down is not read, nor half of an address that is cut.
    let padded = |author: &str, pad: usize| Item {
        text: format!("{} {} {}", "a".repeat(pad), link(7), "b ".repeat(3_000)),
        ..post(author, Severity::Critical)
    };
    assert!(!is_backed(&of(&[padded("eve", 10), padded("dora", 20)])), "they quote one address");
    for pad in 2_030..2_060 {
        let groups = of(&[padded("eve", pad)]).backing.unwrap().groups;
        let quoted: Vec<&String> = groups[0].iter().filter(|key| key.starts_with("zurl:")).collect();
        assert!(quoted.iter().all(|key| key.contains("/7?")), "{pad}: {quoted:?}");
    }
    let glued = Item { text: "é".repeat(20_000), ..post("dora", Severity::Critical) };
    assert!(is_backed(&of(&[long, glued])), "nothing to cut at");
}

#[test]
fn authorities_and_the_desk_are_enough_where_they_say_that_it_is_grave() {
    let official = |severity| said(SourceKind::Official, "met", None, severity);
    assert!(is_backed(&of(&[official(Severity::High)])));
    assert!(!is_backed(&of(&[official(Severity::Medium)])));
    assert!(is_backed(&of(&[official(Severity::Medium), post("eve", Severity::Critical)])));
    assert!(!is_backed(&of(&[official(Severity::Low), post("eve", Severity::Critical)])));
    let by_desk = PutRight {
        to: ItemCorrection { severity: Some(Severity::Critical), ..ItemCorrection::default() },
        by: UserId(uuid::Uuid::from_u128(1)),
        at: Timestamp::UNIX_EPOCH,
    };
    assert!(is_backed(&of(&[Item { corrected: Some(by_desk), ..post("eve", Severity::Critical) }])));
}

#[test]
fn it_is_put_together_with_incidents_and_what_was_stored_before_counts() {
    let (mut one, mut other) =
        (of(&[post("eve", Severity::Critical)]), of(&[post("dora", Severity::Critical)]));
    incident::merge(&mut one, &mut other);
    assert!(is_backed(&one));
    let mut old = Incident { backing: None, ..of(&[post("eve", Severity::Critical)]) };
    incident::join(&mut old, &post("eve", Severity::Critical));
    assert!(is_backed(&old) && old.backing.is_none());
    incident::renew(&mut old, Some(of(&[post("eve", Severity::Critical)])));
    assert!(!is_backed(&old), "made anew it is counted");
    incident::renew(&mut old, None);
    assert_eq!(old.backing, Some(Backing::default()));
}

proptest! {
    /// In whatever order voices come, as long as nothing joins them: enough is enough, and what is kept is bounded.
    #[test]
    fn the_order_decides_nothing_and_much_costs_nothing(authors in prop::collection::vec(0_u8..20, 1..60)) {
        let items: Vec<Item> =
            authors.iter().map(|author| post(&format!("{author:02}").repeat(200), Severity::High)).collect();
        let there = of(&items);
        let back: Vec<Item> = items.iter().rev().cloned().collect();
        let mut different = authors.clone();
        different.sort_unstable();
        different.dedup();
        prop_assert_eq!(is_backed(&there), different.len() > 1);
        prop_assert_eq!(is_backed(&of(&back)), is_backed(&there));
        let backing = there.backing.unwrap();
        prop_assert!(serde_json::to_string(&backing).unwrap().len() < 10_000);
    }
}
