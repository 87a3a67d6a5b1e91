//! When keys are read, and who waits for it.

use std::path::Path;

use super::super::forged::{PUBLIC, configured, key_set};
use super::*;

fn ring(file: &Path) -> Arc<KeyRing> {
    let issuer = Issuer { jwks: file.to_str().unwrap().into(), ..configured() };
    Arc::new(KeyRing::new(&issuer, Health::default()).unwrap())
}

/// A ring that is kept, with its first reading over.
async fn kept(file: &Path) -> Arc<KeyRing> {
    let ring = ring(file);
    let keeper = Arc::clone(&ring);
    tokio::spawn(async move { keeper.keep().await });
    ring.reading.subscribe().wait_for(|reading| reading.ended == 1).await.unwrap();
    ring
}

async fn finds(ring: &KeyRing, kid: &str) -> Option<TokenError> {
    ring.find(kid).await.err()
}

fn reads(ring: &KeyRing) -> u64 {
    ring.reading.borrow().ended
}

/// Lets time pass, and the keeper have its turn.
async fn pass(seconds: u64) {
    sleep(Duration::from_secs(seconds)).await;
}

#[tokio::test(start_paused = true)]
async fn a_new_key_is_found_soon_and_one_that_is_left_out_is_gone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
    let ring = kept(&file).await;
    assert_eq!(finds(&ring, "one").await, None);
    // Two at a time: the new one beside the old, which is then left out.
    std::fs::write(&file, key_set(&[("one", PUBLIC), ("two", PUBLIC)])).unwrap();
    let asked = Instant::now();
    assert_eq!(finds(&ring, "two").await, Some(TokenError::Invalid));
    assert_eq!(asked.elapsed(), Duration::ZERO, "it was just read: nobody waits");
    pass(61).await;
    assert_eq!(
        (finds(&ring, "one").await, finds(&ring, "two").await),
        (None, None),
        "read for the one before"
    );
    std::fs::write(&file, key_set(&[("two", PUBLIC), ("three", PUBLIC)])).unwrap();
    pass(61).await;
    assert_eq!(finds(&ring, "one").await, None, "a known key has nothing read");
    assert_eq!(reads(&ring), 2);
    assert_eq!(finds(&ring, "three").await, None, "read at once, and waited for");
    assert_eq!(finds(&ring, "one").await, Some(TokenError::Invalid), "the document names it no more");
    std::fs::write(&file, key_set(&[("four", PUBLIC)])).unwrap();
    pass(301).await;
    assert_eq!(finds(&ring, "four").await, None, "nobody had to ask");
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_has_the_document_read_once_a_minute() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
    let ring = kept(&file).await;
    for second in 0..600 {
        for flood in 0..20 {
            assert_eq!(finds(&ring, &format!("{second} {flood}")).await, Some(TokenError::Invalid));
        }
        assert_eq!(finds(&ring, "one").await, None);
        pass(1).await;
    }
    assert!((10..=11).contains(&reads(&ring)), "{}", reads(&ring));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_long_for_a_reading_and_nobody_reads_on_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let ring = ring(&dir.path().join("keys.json"));
    let asked = Instant::now();
    assert_eq!(finds(&ring, "one").await, Some(TokenError::Unavailable));
    assert_eq!((asked.elapsed(), reads(&ring)), (PATIENCE, 0), "there is no task that reads");
    ring.reading.send_modify(|reading| reading.is_going_on = true);
    let kids: Vec<String> = (0..100).map(|flood| format!("made up {flood}")).collect();
    futures_util::future::join_all(kids.iter().map(|kid| ring.find(kid))).await;
    assert_eq!((asked.elapsed(), reads(&ring)), (2 * PATIENCE, 0), "all of them wait for the same");
}

#[tokio::test(start_paused = true)]
async fn keys_that_cannot_be_read_again_hold_for_a_while_and_readiness_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("keys.json");
    std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
    let ring = ring(&file);
    assert!(ring.read().await);
    for broken in ["", "{", "[]", r#"{"keys":[]}"#, &"x".repeat(70_000)] {
        std::fs::write(&file, broken).unwrap();
        assert!(!ring.read().await, "{broken:.20}");
        assert_eq!(finds(&ring, "one").await, None);
    }
    let troubles = ring.health.troubles();
    assert!(troubles["issuer https://id.example"].reason.contains("65536 bytes"), "{troubles:?}");
    tokio::time::advance(ring.max_age).await;
    assert_eq!(finds(&ring, "one").await, None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(finds(&ring, "one").await, Some(TokenError::Unavailable));
    std::fs::write(&file, key_set(&[("one", PUBLIC)])).unwrap();
    assert!(ring.read().await);
    assert_eq!(finds(&ring, "one").await, None);
    assert!(ring.health.troubles().is_empty());
}
