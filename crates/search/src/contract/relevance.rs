//! What is promised of the items that share words with a text.

use std::collections::BTreeMap;
use std::sync::Arc;

use crisislens_model::{ExerciseId, Item, ItemId};

use super::{Engine, offsets, sample};
use crate::words::words;
use crate::{MAX_RELEVANT, RelevantRequest, SearchIndex};
use sample::Random;

/// Scores come from floats of single precision.
const NEARLY: f64 = 1e-3;

/// Over 400 random items, the hits are those that BM25 scores highest, in its order, whatever the engine.
pub async fn relevant_items_are_the_best_by_bm25(engine: &dyn Engine) {
    let index = engine.open().await;
    let items = sample::items(400);
    put(&index, &items).await;
    let mut random = Random::new(19);
    for limit in [1, 7, 50, 1_000] {
        let text = format!("{} {}", random.text(), random.text());
        let request = RelevantRequest { text: text.clone(), limit, ..RelevantRequest::default() };
        let found = index.relevant(&request).await.unwrap();
        assert_eq!((found.items, found.frequencies), (400, frequencies(&items, &text)), "{text}");
        let hits = found.hits;
        let wanted = scores(&items, &text);
        assert_eq!(hits.len(), limit.min(MAX_RELEVANT).min(wanted.len()), "{text}");
        assert!(hits.is_sorted_by(|a, b| a.score >= b.score), "{text}");
        for hit in &hits {
            let score = wanted[&hit.id];
            assert!((hit.score - score).abs() < NEARLY * (1.0 + score), "{text}: {} for {score}", hit.score);
        }
        // Which of those with equal scores come last is open.
        let worst = hits.last().unwrap().score;
        let missed = wanted.iter().filter(|(id, _)| hits.iter().all(|hit| hit.id != **id));
        assert!(missed.map(|(_, score)| *score).all(|score| score < worst * (1.0 + NEARLY)), "{text}");
    }
}

/// Time, exercise and ids bound what is found; no word, no hit, and no limit no hit either.
pub async fn relevant_items_are_within_the_conditions(engine: &dyn Engine) {
    let index = engine.open().await;
    let mut items: Vec<Item> = (0..6).map(|n| sample::item(n, "the dam broke")).collect();
    items[5].exercise = true;
    items.push(sample::item(6, "the dam broke"));
    let exercise = ExerciseId(uuid::Uuid::from_u128(7));
    (items[6].exercise, items[6].exercise_id) = (true, Some(exercise));
    items[3].stated = Some(sample::fact_check());
    items[0].title = Some("Dam dam".to_owned());
    put(&index, &items).await;
    let all = RelevantRequest { text: "DAM?".to_owned(), limit: 10, ..RelevantRequest::default() };
    let found = async |request: &RelevantRequest| {
        let mut ids: Vec<ItemId> =
            index.relevant(request).await.unwrap().hits.into_iter().map(|hit| hit.id).collect();
        ids.sort();
        ids
    };
    let ids = |numbers: &[usize]| {
        let mut ids: Vec<ItemId> = numbers.iter().map(|number| items[*number].id).collect();
        ids.sort();
        ids
    };
    assert_eq!(found(&all).await, ids(&[0, 1, 2, 3, 4]));
    assert_eq!(index.relevant(&all).await.unwrap().hits[0].id, items[0].id);
    assert_eq!(found(&RelevantRequest { exercise: true, ..all.clone() }).await, ids(&[5]));
    // What is said in one exercise never speaks in another.
    let run = RelevantRequest { exercise: true, exercise_id: Some(exercise), ..all.clone() };
    assert_eq!(found(&run).await, ids(&[6]));
    let another = Some(ExerciseId(uuid::Uuid::from_u128(8)));
    assert_eq!(found(&RelevantRequest { exercise_id: another, ..run }).await, []);
    let between = RelevantRequest { since: Some(sample::at(1)), until: Some(sample::at(3)), ..all.clone() };
    assert_eq!(found(&between).await, ids(&[1, 2]));
    let checks = |wanted| RelevantRequest { fact_checks: Some(wanted), ..all.clone() };
    assert_eq!(found(&checks(true)).await, ids(&[3]));
    assert_eq!(found(&checks(false)).await, ids(&[0, 1, 2, 4]));
    assert_eq!(found(&RelevantRequest { exercise: true, ..checks(true) }).await, []);
    // How rare a word is does not depend on what is asked for besides.
    let rarity = index.relevant(&RelevantRequest { limit: 0, ..checks(true) }).await.unwrap();
    assert_eq!((rarity.items, rarity.frequencies), (7, [("dam".to_owned(), 7)].into()));
    let others = RelevantRequest { exclude: ids(&[0, 4]), ..all.clone() };
    assert_eq!(found(&others).await, ids(&[1, 2, 3]));
    assert_eq!(found(&RelevantRequest { limit: 0, ..all.clone() }).await, []);
    for text in ["", "?!", "nowhere_to_be_found"] {
        assert_eq!(found(&RelevantRequest { text: text.to_owned(), ..all.clone() }).await, [], "{text}");
    }
    let long = "broke ".repeat(100_000);
    assert_eq!(found(&RelevantRequest { text: long, ..all.clone() }).await, ids(&[0, 1, 2, 3, 4]));
}

async fn put(index: &Arc<dyn SearchIndex>, items: &[Item]) {
    index.put(items.to_vec()).await.unwrap();
    index.commit(offsets(items.len() as u64)).await.unwrap();
}

/// In how many of `items` each word of `text` is that any has.
fn frequencies(items: &[Item], text: &str) -> BTreeMap<String, u64> {
    let documents: Vec<Vec<String>> = documents(items).into_iter().map(|(_, words)| words).collect();
    let count = |word: &String| documents.iter().filter(|words| words.contains(word)).count() as u64;
    words(text).into_iter().map(|word| (word.clone(), count(&word))).filter(|(_, count)| *count > 0).collect()
}

/// BM25 of every item that has a word of `text`.
fn scores(items: &[Item], text: &str) -> BTreeMap<ItemId, f64> {
    let documents = documents(items);
    let count = documents.len() as f64;
    let mean = documents.iter().map(|(_, words)| words.len() as f64).sum::<f64>() / count;
    let mut asked = words(text);
    asked.sort();
    asked.dedup();
    let mut out = BTreeMap::new();
    for word in asked {
        let has = documents.iter().filter(|(_, words)| words.contains(&word)).count() as f64;
        let idf = (1.0 + (count - has + 0.5) / (has + 0.5)).ln();
        for (id, words) in &documents {
            let times = words.iter().filter(|other| **other == word).count() as f64;
            let norm = 1.2 * (0.25 + 0.75 * kept(words.len()) / mean);
            if times > 0.0 {
                *out.entry(*id).or_default() += idf * times * 2.2 / (times + norm);
            }
        }
    }
    out
}

/// The words of each item.
fn documents(items: &[Item]) -> Vec<(ItemId, Vec<String>)> {
    items
        .iter()
        .map(|item| {
            let place = item.location.as_ref().map_or("", |place| place.name.as_str());
            let texts = [item.title.as_deref().unwrap_or_default(), &item.text, place];
            (item.id, texts.into_iter().flat_map(words).collect())
        })
        .collect()
}

/// A length as both engines keep it in a byte: exact up to 40, then in steps (Lucene's `SmallFloat.intToByte4`).
fn kept(length: usize) -> f64 {
    let step = match length {
        0..40 => 1,
        40..56 => 2,
        56..88 => 4,
        _ => 8,
    };
    let from = [0, 40, 56, 88].into_iter().rev().find(|from| *from <= length).unwrap_or_default();
    (from + (length - from) / step * step) as f64
}
