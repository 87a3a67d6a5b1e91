//! An index that cannot be read is a projection to be filled again, not a reason to stop.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crisislens_search::contract::sample;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_search::{Query, SearchError, SearchIndex, SearchRequest};
use tempfile::TempDir;

fn open(dir: &Path) -> Arc<TantivyIndex> {
    TantivyIndex::open(dir, TantivyOptions::default()).unwrap()
}

async fn filled(dir: &Path) {
    let index = open(dir);
    index.put(sample::items(100)).await.unwrap();
    index.commit([(0, 100)].into()).await.unwrap();
}

async fn total(index: &TantivyIndex) -> u64 {
    let request = SearchRequest { query: Query::default(), limit: 1, after: None };
    index.search(&request).await.unwrap().total
}

/// Everything that a damage can reach: the file that names the present index, and the files of that index.
fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files = vec![dir.join("current")];
    files.extend(fs::read_dir(present(dir)).unwrap().map(|entry| entry.unwrap().path()));
    files.retain(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.'));
    files.sort();
    files
}

/// The folder of the present index.
fn present(dir: &Path) -> PathBuf {
    dir.join(fs::read_to_string(dir.join("current")).unwrap())
}

/// Damages each file in turn; the index must begin anew and work, or be as it was.
async fn survives(damage: fn(&Path)) {
    let count = {
        let dir = TempDir::new().unwrap();
        filled(dir.path()).await;
        files(dir.path()).len()
    };
    for file in 0..count {
        let dir = TempDir::new().unwrap();
        filled(dir.path()).await;
        let path = &files(dir.path())[file];
        damage(path);
        let index = open(dir.path());
        assert_eq!((total(&index).await, index.offsets().await.unwrap().len()), (0, 0), "{}", path.display());
        index.put(sample::items(7)).await.unwrap();
        index.commit([(0, 7)].into()).await.unwrap();
        assert_eq!(total(&index).await, 7);
    }
}

#[tokio::test]
async fn an_index_with_a_file_missing_begins_anew() {
    let dir = TempDir::new().unwrap();
    filled(dir.path()).await;
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let segment =
        files(dir.path()).into_iter().find(|path| path.extension().is_some_and(|ext| ext == "term"));
    fs::remove_file(segment.unwrap()).unwrap();
    assert_eq!(total(&open(dir.path())).await, 0);
    assert_eq!(fs::read(dir.path().join("notes.txt")).unwrap(), b"mine");
}

#[tokio::test]
async fn an_index_with_a_file_cut_short_begins_anew() {
    survives(|path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_index_with_a_bit_flipped_begins_anew() {
    survives(|path| {
        let mut bytes = fs::read(path).unwrap();
        // In meta.json, the first byte: elsewhere a flip may be a valid name.
        let at = if path.ends_with("meta.json") { 0 } else { bytes.len() / 3 };
        bytes[at] ^= 1;
        fs::write(path, bytes).unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_index_of_another_schema_begins_anew() {
    let dir = TempDir::new().unwrap();
    filled(dir.path()).await;
    let meta = present(dir.path()).join("meta.json");
    let changed = fs::read_to_string(&meta).unwrap().replace("crisislens_words_", "crisislens_words_0");
    fs::write(&meta, changed).unwrap();
    let index = open(dir.path());
    assert_eq!((total(&index).await, index.offsets().await.unwrap().len()), (0, 0));
}

#[tokio::test]
async fn an_index_that_another_writes_to_is_refused_and_not_removed() {
    let dir = TempDir::new().unwrap();
    filled(dir.path()).await;
    let first = open(dir.path());
    let second = TantivyIndex::open(dir.path(), TantivyOptions::default());
    assert!(matches!(second, Err(SearchError::InUse(at)) if at == dir.path()));
    assert_eq!(total(&first).await, 100);
}

#[tokio::test]
async fn many_commits_leave_few_segments() {
    let dir = TempDir::new().unwrap();
    let index = open(dir.path());
    let mut most = 0;
    for n in 0..60 {
        index.put(sample::items(20 * (n + 1)).split_off(usize::try_from(20 * n).unwrap())).await.unwrap();
        index.commit([(0, n)].into()).await.unwrap();
        most = most.max(index.segments());
    }
    assert!(most <= 16, "{most} segments");
    assert_eq!(total(&index).await, 1_200);
}
