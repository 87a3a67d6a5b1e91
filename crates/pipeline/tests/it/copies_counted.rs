//! Copies count where their original is, each once, in whatever order things are heard of.

use std::collections::BTreeSet;

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{
    EventId, ItemCorrection, ItemId, NewRecord, PlaceNamed, PutRight, RawItem, Topic, UserId,
};
use crisislens_pipeline::{CORRECTED, found};
use crisislens_state::Durability;
use crisislens_state::items::ItemEdit;
use crisislens_stream::Handler;

use crate::flow::{ANALYZER, Flow, kind, minute, raw_record, says};

const WORDS: &str = "Flood in Genoa, Italy: the Bisagno torrent burst its banks near the station, cars swept away in Via XX Settembre";

fn flood() -> RawItem {
    says("net", "1", 1, WORDS)
}

fn copies(count: i64) -> Vec<RawItem> {
    (0..count).map(|n| says("net", &format!("copy {n}"), 2 + n, &format!("RT @anna: {WORDS}"))).collect()
}

fn second() -> RawItem {
    says("net", "9", 9, "Flooding in Genoa, Italy: schools stay closed today, says the mayor")
}

impl Flow {
    /// Makes items of raw ones, of which no incident hears.
    async fn store(&self, raw: &[RawItem]) {
        self.engines.append(raw.iter().map(raw_record).collect()).await;
        self.engines.apply(&self.normalise).await;
        self.engines.relay_all().await;
    }

    /// Lets incidents hear of these alone.
    async fn hear(&self, raw: &[RawItem]) {
        let ids: BTreeSet<ItemId> = raw.iter().map(|raw| raw.id).collect();
        let records = self.engines.records(Topic::NormalizedItems).await;
        let mut work = Vec::new();
        for record in records.iter().filter(|record| kind(record) != event_type::INCIDENT_UPDATED) {
            let item: crisislens_model::Item =
                serde_json::from_slice(record.value.as_deref().unwrap()).unwrap();
            if ids.contains(&item.id) {
                work.extend(self.cluster.prepare(record).unwrap());
            }
        }
        let mut tx = self.engines.store.begin(Durability::Power).await.unwrap();
        self.cluster.apply(&mut *tx, &work).await.unwrap();
        tx.commit().await.unwrap();
    }

    /// Items and copies of each incident, the most items first.
    async fn counts(&self) -> Vec<(u64, u64)> {
        self.standing().await.iter().map(|one| (one.item_count, one.copies)).collect()
    }

    /// A person says where the item of `raw` is.
    async fn put_at(&self, raw: &RawItem, place: PlaceNamed) {
        let to = ItemCorrection { location: Some(Some(place)), ..ItemCorrection::default() };
        self.put_right(raw, to).await;
        self.settle().await;
    }

    /// A person puts the item of `raw` right; nobody has heard of it yet.
    pub async fn put_right(&self, raw: &RawItem, to: ItemCorrection) {
        let analysis = ANALYZER.analyze_corrected(raw, &to);
        let found = found(analysis, Some(PutRight { to, by: UserId(uuid::Uuid::nil()), at: minute(60) }));
        let edit = ItemEdit { found: Some(Box::new(found)), ..ItemEdit::default() };
        let version = self.item(raw).await.version;
        let mut tx = self.engines.store.begin(Durability::Power).await.unwrap();
        let item = tx.edit_item(raw.id, version, &edit).await.unwrap().unwrap();
        let id = EventId(crisislens_model::id::derived(raw.id.0, "test", version));
        let meta = EventMeta { id, kind: event_type::ITEM_UPDATED, source: CORRECTED, time: minute(60) };
        let key = raw.id.to_string().into_bytes();
        let value = serde_json::to_vec(&item).unwrap();
        tx.publish(vec![NewRecord::event(Topic::NormalizedItems, key, value, meta)], minute(60))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        self.engines.relay_all().await;
    }
}

#[tokio::test]
async fn a_copy_that_no_incident_has_heard_of_counts_once_it_is_heard_of() {
    let flow = Flow::open().await;
    flow.bring(&[flood(), second()]).await;
    let whole = flow.standing().await.remove(0);
    flow.store(&copies(4)).await;
    let (left, parted) = flow.split(&whole, &[flow.item(&flood()).await]).await.unwrap();
    assert_eq!((left.copies, parted.copies), (0, 0), "nobody has heard of them");
    flow.settle().await;
    assert_eq!(flow.engines.store.incident(parted.id).await.unwrap().unwrap().copies, 4);
    let left = flow.engines.store.incident(left.id).await.unwrap().unwrap();
    let parted = flow.engines.store.incident(parted.id).await.unwrap().unwrap();
    let back = flow.merge(&left, &[parted.id]).await.unwrap();
    assert_eq!((back.item_count, back.copies), (2, 4));
    let (left, parted) = flow.split(&back, &[flow.item(&flood()).await]).await.unwrap();
    assert_eq!((left.copies, parted.copies), (0, 4), "counted anew, they are as many");
}

#[tokio::test]
async fn copies_that_are_heard_of_before_their_original_count_with_it() {
    let flow = Flow::open().await;
    flow.store(&[flood()]).await;
    flow.store(&copies(3)).await;
    flow.hear(&copies(2)).await;
    assert!(flow.standing().await.is_empty());
    flow.hear(&[flood()]).await;
    assert_eq!(flow.counts().await, [(1, 2)]);
    // The rest, and all of them once more.
    flow.hear(&copies(3)).await;
    flow.settle().await;
    assert_eq!(flow.counts().await, [(1, 3)]);
}

#[tokio::test]
async fn copies_go_where_a_person_puts_their_original() {
    let flow = Flow::open().await;
    flow.bring(&[flood(), second()]).await;
    flow.bring(&copies(4)).await;
    flow.bring(&[says("net", "p", 3, "Flood in Palermo, Italy: cars are under water in Via Belgio")]).await;
    assert_eq!(flow.counts().await, [(2, 4), (1, 0)]);
    let palermo = PlaceNamed { name: "Palermo".to_owned(), lat: 38.12, lon: 13.36 };
    flow.put_at(&flood(), palermo).await;
    assert_eq!(flow.counts().await.iter().map(|counts| counts.1).sum::<u64>(), 4);
    let home = flow.item(&flood()).await.incident_id.unwrap();
    let home = flow.engines.store.incident(home).await.unwrap().unwrap();
    assert_eq!((home.area.as_str(), home.item_count, home.copies), ("Palermo, Italy", 2, 4));
}

#[tokio::test]
async fn what_repeats_something_else_or_nothing_any_more_counts_so() {
    let flow = Flow::open().await;
    flow.bring(&[flood()]).await;
    let copies = copies(3);
    flow.bring(&copies).await;
    assert_eq!(flow.counts().await, [(1, 3)]);
    let text =
        "Flooding in Genoa, Italy: I am on the roof of our house in Marassi and the water is still rising";
    let revised = |n: usize, text: &str| RawItem {
        text: text.to_owned(),
        ingested_at: minute(20 + n as i64),
        ..copies[n].clone()
    };
    flow.bring(&[revised(0, text)]).await;
    assert_eq!(flow.counts().await, [(2, 2)], "it is told in other words now");
    flow.bring(&[revised(
        1,
        "What a nice day it is, I shall go for a walk in the park with my dog and my cat",
    )])
    .await;
    assert_eq!(flow.counts().await, [(2, 1)], "it tells of something else");
    flow.bring(&[revised(2, text)]).await;
    assert_eq!(flow.item(&copies[2]).await.duplicate_of, Some(copies[0].id));
    assert_eq!(flow.counts().await, [(2, 1)], "it repeats another of the same incident");
    flow.bring(&[revised(0, &format!("RT @anna: {WORDS}!"))]).await;
    assert_eq!(flow.item(&copies[0]).await.duplicate_of, Some(flood().id));
    assert_eq!(flow.counts().await, [(2, 1)], "what is in an incident is no copy there");
}
