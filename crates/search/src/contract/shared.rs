//! More than two hundred queries, each with how many of the samples it finds: the same on every engine and in memory.

use std::collections::BTreeSet;

use std::sync::Arc;

use crisislens_model::{ExerciseId, Item, ItemFilter};
use uuid::Uuid;

use super::{Engine, assert_same, filled, ids, newest, offsets, query, sample};
use crate::{Query, SearchIndex};

/// Lines of a count, a tab and a query.
const QUERIES: &str = include_str!("queries.tsv");

/// Every query of the shared set finds what memory finds, so many as are written beside it, and its facets count just these.
pub async fn the_shared_queries_find_what_they_found(engine: &dyn Engine) {
    let (index, items) = filled(engine).await;
    let mut asked = BTreeSet::new();
    for line in QUERIES.lines() {
        let (count, q) = line.split_once('\t').unwrap();
        let query = query(q);
        let wanted = newest(items.iter().filter(|item| query.matches(item)));
        assert_eq!(wanted.len(), count.parse::<usize>().unwrap(), "in memory: {q}");
        assert_same(&ids(&*index, query.clone()).await, &wanted, q);
        let facets = index.facets(&query).await.unwrap();
        assert_eq!(facets["status"].values().sum::<u64>(), wanted.len() as u64, "{q}");
        asked.insert(q);
    }
    assert_eq!(asked.len(), 216);
}

/// What is part of an exercise is told from what is meant in earnest, and one exercise from another, by words and by filter alike.
pub async fn exercises_are_told_apart(engine: &dyn Engine) {
    let index: Arc<dyn SearchIndex> = engine.open().await;
    let run = |n: u128| Some(ExerciseId(Uuid::from_u128(n)));
    let worlds = [(false, None), (true, None), (true, run(1)), (true, run(2))];
    let items: Vec<Item> = (0..)
        .zip(worlds)
        .map(|(n, (exercise, exercise_id))| Item {
            exercise,
            exercise_id,
            ..sample::item(n, "exercise true")
        })
        .collect();
    index.put(items.clone()).await.unwrap();
    index.commit(offsets(4)).await.unwrap();
    let id = Uuid::from_u128(2);
    for (q, filter, wanted) in [
        ("exercise:true", ItemFilter { exercise: Some(true), ..ItemFilter::default() }, vec![1, 2, 3]),
        ("exercise:FALSE", ItemFilter { exercise: Some(false), ..ItemFilter::default() }, vec![0]),
        (&*format!("exercise:{id}"), ItemFilter { exercise_id: run(2), ..ItemFilter::default() }, vec![3]),
        (
            &*format!("exercise:false exercise:{id}"),
            ItemFilter { exercise: Some(false), exercise_id: run(2), ..ItemFilter::default() },
            vec![],
        ),
        (
            &*format!("exercise:{} exercise:{id}", Uuid::from_u128(1)),
            ItemFilter { exercise: Some(false), exercise_id: run(1), ..ItemFilter::default() },
            vec![],
        ),
    ] {
        let wanted =
            newest(items.iter().enumerate().filter(|(n, _)| wanted.contains(n)).map(|(_, item)| item));
        for asked in [query(q), Query::from(filter)] {
            let in_memory = newest(items.iter().filter(|item| asked.matches(item)));
            assert_same(&in_memory, &wanted, q);
            assert_same(&ids(&*index, asked).await, &wanted, q);
        }
    }
    let not = query(&format!("NOT exercise:{id}"));
    assert_eq!(ids(&*index, not).await.len(), 3);
}
