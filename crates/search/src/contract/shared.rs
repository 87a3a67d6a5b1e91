//! More than two hundred queries, each with how many of the samples it finds: the same on every engine and in memory.

use std::collections::BTreeSet;

use super::{Engine, assert_same, filled, ids, newest, query};

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
