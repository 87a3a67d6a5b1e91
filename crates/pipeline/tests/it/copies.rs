//! Copies join their original, whichever source brings them; what only looks alike stays apart.

use crisislens_model::{ItemId, RawItem, SourceKind, Topic};

use crate::flow::{Flow, minute, quake, says};

const TEXT: &str = "Huge explosion at the harbour of Beirut, windows broken everywhere, people are hurt";
const OTHER: &str = "Something else entirely happened in the north of the city today, say the neighbours";

/// What the item of `raw` repeats.
async fn original(flow: &Flow, raw: &RawItem) -> Option<ItemId> {
    flow.item(raw).await.duplicate_of
}

#[tokio::test]
async fn a_copy_joins_its_original_whoever_passes_it_on() {
    let flow = Flow::open().await;
    let first = says("x", "1", 0, TEXT);
    flow.bring(std::slice::from_ref(&first)).await;
    let copies = [
        says("x", "2", 1, TEXT),
        says("y", "1", 2, TEXT),
        says("y", "2", 3, &format!("RT @someone: {TEXT} #beirut http://t.co/abc")),
        says("z", "1", 4, &format!("{}…", &TEXT[..70])),
        says("z", "2", 5, &format!("Oh no, not again: “{}”", TEXT.replace("broken", "brokne"))),
    ];
    let other = says("x", "3", 4, OTHER);
    flow.bring(&copies).await;
    flow.bring(std::slice::from_ref(&other)).await;
    assert_eq!((original(&flow, &first).await, original(&flow, &other).await), (None, None));
    for copy in &copies {
        assert_eq!(original(&flow, copy).await, Some(first.id), "{}", copy.text);
        assert_eq!(flow.item(copy).await.incident_id, None, "a copy does not count again");
    }
}

#[tokio::test]
async fn of_copies_that_come_at_once_one_is_the_original() {
    let flow = Flow::open().await;
    let copies: Vec<RawItem> = (0..6_u32)
        .map(|n| says(&format!("source {n}"), "1", 0, &format!("{TEXT} {}", "!".repeat(n as usize))))
        .collect();
    flow.bring(&copies).await;
    let mut originals = Vec::new();
    for copy in &copies {
        originals.push(original(&flow, copy).await);
    }
    let first = copies.iter().zip(&originals).find(|(_, of)| of.is_none()).unwrap().0.id;
    assert_eq!(originals.iter().filter(|of| **of == Some(first)).count(), 5, "{originals:?}");
}

#[tokio::test]
async fn what_is_said_again_after_a_week_is_said_anew() {
    let flow = Flow::open().await;
    let week = 7 * 24 * 60;
    let said = [says("x", "1", -week - 1, TEXT), says("y", "1", -1, TEXT), says("z", "1", 0, TEXT)];
    for raw in &said {
        // They come at one time, as a recording does: what counts is when they were said.
        flow.bring(&[RawItem { ingested_at: minute(2), ..raw.clone() }]).await;
    }
    assert_eq!(original(&flow, &said[1]).await, Some(said[0].id));
    assert_eq!(original(&flow, &said[2]).await, None);
}

#[tokio::test]
async fn a_revision_may_make_a_copy_and_may_end_one() {
    let flow = Flow::open().await;
    let (first, second) = (says("x", "1", 0, TEXT), says("y", "1", 1, OTHER));
    flow.bring(std::slice::from_ref(&first)).await;
    flow.bring(std::slice::from_ref(&second)).await;
    let revised = |minutes: i64, text: &str| RawItem {
        text: text.to_owned(),
        ingested_at: minute(minutes),
        ..second.clone()
    };

    flow.bring(&[revised(3, TEXT)]).await;
    assert_eq!(original(&flow, &second).await, Some(first.id));
    let third = says("z", "1", 2, OTHER);
    flow.bring(std::slice::from_ref(&third)).await;
    assert_eq!(original(&flow, &third).await, None, "nothing says that any more");

    flow.bring(&[revised(4, OTHER)]).await;
    assert_eq!(original(&flow, &second).await, Some(third.id));
    flow.bring(&[revised(5, "Now it says a third thing, which nobody else has said so far today")]).await;
    assert_eq!(original(&flow, &second).await, None);
    assert_eq!(original(&flow, &first).await, None);
}

#[tokio::test]
async fn copies_point_to_what_repeats_nothing() {
    let flow = Flow::open().await;
    let edited = format!("{TEXT} and everybody who can should leave now");
    let (first, second) = (says("x", "1", 0, TEXT), says("y", "1", 1, &edited));
    flow.bring(std::slice::from_ref(&first)).await;
    flow.bring(std::slice::from_ref(&second)).await;
    assert_eq!(original(&flow, &second).await, Some(first.id));
    // Of the same source and text as the copy.
    let third = says("y", "2", 2, &edited);
    flow.bring(std::slice::from_ref(&third)).await;
    assert_eq!(original(&flow, &third).await, Some(first.id));
}

#[tokio::test]
async fn exercises_and_reality_repeat_nothing_of_each_other() {
    let flow = Flow::open().await;
    let first = says("x", "1", 0, TEXT);
    let drill = |source_id: &str| RawItem {
        id: ItemId::in_exercise("drill", source_id),
        exercise: true,
        ..says("drill", source_id, 1, TEXT)
    };
    flow.bring(std::slice::from_ref(&first)).await;
    flow.bring(&[drill("1")]).await;
    flow.bring(&[drill("2")]).await;
    assert_eq!(original(&flow, &drill("1")).await, None);
    assert_eq!(original(&flow, &drill("2")).await, Some(drill("1").id));
}

#[tokio::test]
async fn authorities_that_repeat_their_wording_speak_of_different_things() {
    let flow = Flow::open().await;
    let warning = |source: &str, id: &str| RawItem {
        source_kind: SourceKind::Official,
        ..says(source, id, 0, "Flash flood warning in effect. Move to higher ground now and do not drive.")
    };
    let warnings = [warning("nws", "1"), warning("nws", "2"), warning("met", "1")];
    for raw in &warnings {
        flow.bring(std::slice::from_ref(raw)).await;
    }
    for raw in &warnings {
        assert_eq!(original(&flow, raw).await, None);
    }
}

/// A post that repeats a bulletin is no second voice; an authority that says what a post said is one.
#[tokio::test]
async fn only_weaker_voices_are_copies() {
    let flow = Flow::open().await;
    let bulletin = quake("us7000", 6.2);
    let text = "Water level of the Arno at Florence is 5.2 metres and rising, keep away from the river banks";
    let official = RawItem { source_kind: SourceKind::Official, ..says("basin", "1", 1, text) };
    let (early, late) = (says("x", "1", 0, text), says("x", "9", 2, &format!("Careful! {text}")));
    for raw in [&bulletin, &early, &official, &late] {
        flow.bring(std::slice::from_ref(raw)).await;
    }
    assert_eq!(original(&flow, &official).await, None);
    assert!([early.id, official.id].map(Some).contains(&original(&flow, &late).await));
    assert_eq!(flow.engines.records(Topic::Dlq).await.len(), 0);
}
