//! Which segments are merged: few enough that searches and deletes stay cheap, without rewriting big ones often.

use ::tantivy::index::SegmentMeta;
use ::tantivy::merge_policy::{MergeCandidate, MergePolicy};

/// From so many segments on, the smallest are merged.
const MERGE_FROM: usize = 8;
/// At least so many at once.
const MERGE_AT_LEAST: usize = 4;
/// A segment of this size is left alone, so that no merge takes long.
const MAX_MERGED_DOCS: u64 = 2_000_000;
/// Once this share of a segment is deleted, it is written anew.
const MAX_DELETED_SHARE: f64 = 0.3;

/// Merges the smallest segments, and bigger ones for as long as the next is no bigger than all before it together:
/// each merge at least doubles the size of most of what it rewrites.
#[derive(Debug)]
pub(super) struct SmallestFirst;

impl MergePolicy for SmallestFirst {
    fn compute_merge_candidates(&self, segments: &[SegmentMeta]) -> Vec<MergeCandidate> {
        let sizes: Vec<_> = segments.iter().map(|segment| (segment.num_docs(), segment.max_doc())).collect();
        let chosen = choose(&sizes).into_iter().filter_map(|index| segments.get(index));
        let ids: Vec<_> = chosen.map(SegmentMeta::id).collect();
        if ids.is_empty() { Vec::new() } else { vec![MergeCandidate(ids)] }
    }
}

/// The indexes of the segments to merge, given how many documents each has alive and in all.
fn choose(sizes: &[(u32, u32)]) -> Vec<usize> {
    let mut order: Vec<usize> =
        (0..sizes.len()).filter(|index| u64::from(sizes[*index].0) < MAX_MERGED_DOCS).collect();
    order.sort_by_key(|index| sizes[*index].0);
    if order.len() < MERGE_FROM {
        return most_deleted(sizes).into_iter().collect();
    }
    let mut sum = 0;
    let mut count = 0;
    for index in &order {
        let size = u64::from(sizes[*index].0);
        if count >= MERGE_AT_LEAST && (size > sum || sum + size > MAX_MERGED_DOCS) {
            break;
        }
        sum += size;
        count += 1;
    }
    order.truncate(count);
    order
}

/// The segment with the greatest share of deleted documents, if that is too great.
fn most_deleted(sizes: &[(u32, u32)]) -> Option<usize> {
    let deleted = |(alive, all): (u32, u32)| 1.0 - f64::from(alive) / f64::from(all.max(1));
    (0..sizes.len())
        .filter(|index| deleted(sizes[*index]) > MAX_DELETED_SHARE)
        .max_by(|a, b| deleted(sizes[*a]).total_cmp(&deleted(sizes[*b])))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Adds segments of `each` documents one by one, merging at once; the most segments there were and how often
    /// each document was rewritten on average.
    fn run(commits: u32, each: u32) -> (usize, f64) {
        let (mut sizes, mut most, mut rewritten) = (Vec::new(), 0, 0_u64);
        for _ in 0..commits {
            sizes.push((each, each));
            let chosen = choose(&sizes);
            let merged: u32 = chosen.iter().map(|index| sizes[*index].0).sum();
            rewritten += u64::from(merged);
            sizes =
                (0..sizes.len()).filter(|index| !chosen.contains(index)).map(|index| sizes[index]).collect();
            sizes.extend((merged > 0).then_some((merged, merged)));
            most = most.max(sizes.len());
        }
        (most, rewritten as f64 / f64::from(commits * each))
    }

    #[test]
    fn segments_stay_few_and_documents_are_rewritten_a_few_times() {
        let (most, rewritten) = run(600, 3_000);
        assert!(most <= MERGE_FROM, "{most} segments");
        assert!(rewritten < 12.0, "rewritten {rewritten} times");
    }

    #[test]
    fn a_segment_that_is_mostly_deleted_is_written_anew() {
        assert_eq!(choose(&[(100, 100), (60, 100)]), [1]);
        assert!(choose(&[(100, 100), (80, 100)]).is_empty());
    }

    #[test]
    fn a_big_segment_is_left_alone() {
        let mut sizes = vec![(3_000, 3_000); 8];
        sizes.push((2_500_000, 2_500_000));
        assert!(!choose(&sizes).contains(&8));
    }
}
