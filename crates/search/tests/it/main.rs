//! Every engine keeps the contract of the port; what only one engine promises has its own file.

#![expect(clippy::unwrap_used, reason = "a test ends at the first thing that is not as it must be")]

mod cluster;
mod crash;
mod damage;
mod deleted;
mod secured;
mod server;

use std::sync::Arc;

use async_trait::async_trait;
use crisislens_search::SearchIndex;
use crisislens_search::contract::{self, Engine};
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use tempfile::TempDir;

/// Tantivy in a directory that goes when the test ends.
struct OnDisk(TempDir);

impl OnDisk {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }
}

#[async_trait]
impl Engine for OnDisk {
    async fn open(&self) -> Arc<dyn SearchIndex> {
        TantivyIndex::open(self.0.path(), TantivyOptions::default()).unwrap()
    }
}

/// The same cases for both engines; those of OpenSearch are skipped where no server is named.
macro_rules! keeps {
    ($($case:ident),+ $(,)?) => {
        mod tantivy {
            $(#[tokio::test]
            async fn $case() {
                crate::contract::$case(&crate::OnDisk::new()).await;
            })+
        }

        mod opensearch {
            $(#[tokio::test]
            async fn $case() {
                if let Some(cluster) = crate::cluster::Cluster::named() {
                    crate::contract::$case(&cluster).await;
                }
            })+
        }
    };
}

keeps! {
    the_newest_of_one_id_wins,
    the_uncommitted_is_invisible,
    offsets_and_items_survive_reopening,
    looking_does_not_disturb_the_writer,
    texts_in_many_scripts_are_found,
    phrases_and_operators_mean_what_they_say,
    the_deepest_query_is_answered,
    pages_do_not_overlap_while_items_are_added,
    cursors_end_and_are_checked,
    filters_find_exactly_what_matches,
    queries_find_exactly_what_matches,
    facets_count_the_matches,
    the_shared_queries_find_what_they_found,
    exercises_are_told_apart,
    offsets_only_move_forward,
    an_older_version_never_replaces_a_newer,
    the_summary_is_of_what_is_searchable,
    a_rebuild_ends_equal_to_its_source,
    a_rebuild_hides_nothing_meanwhile,
    what_is_put_during_a_rebuild_survives,
    a_rebuild_that_fails_leaves_the_old_index,
    a_rebuild_from_the_beginning_forgets_the_offsets,
    an_index_is_filled_once_it_was_rebuilt,
    relevant_items_are_the_best_by_bm25,
    relevant_items_are_within_the_conditions,
}
