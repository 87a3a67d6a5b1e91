//! Every fuzz target over its seeds and over random changes of them, in every test run: what libFuzzer does for a minute, this does
//! for some seconds, on any toolchain and always with the same changes.

#![expect(clippy::unwrap_used, reason = "helpers of tests fail as the tests do")]

use std::collections::BTreeSet;
use std::path::Path;

use crisislens_fuzz::{Reached, TARGETS};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

mod heap;

/// Changed inputs of each target.
const CHANGED: usize = 2000;
/// No input is longer.
const MAX_BYTES: usize = 4096;
/// What one input may allocate at once: the world it comes to, and the largest message several times.
const HEAP_BYTES: usize = 4 << 20;
/// What is put in at random places: ends of numbers, of texts and of frames.
const WORDS: [&[u8]; 12] = [
    b"\x81\x80\0\0\0\0",
    b"\x01\x80\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\x7f",
    b"\"",
    b"\n",
    b",",
    b"&",
    b"%00",
    b"1e999",
    b"\xed\xa0\x80",
    b"{\"type\":\"",
];

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

fn changed(seeds: &[Vec<u8>], rng: &mut StdRng) -> Vec<u8> {
    let mut input = seeds.choose(rng).unwrap().clone();
    for _ in 0..rng.random_range(1..5) {
        let at = rng.random_range(0..=input.len());
        let to = rng.random_range(at..=input.len().min(at + 16));
        match rng.random_range(0..6) {
            0 if at < input.len() => input[at] ^= 1 << rng.random_range(0..8),
            1 if at < input.len() => input[at] = rng.random(),
            2 => drop(input.drain(at..to)),
            3 => drop(input.splice(at..at, input[at..to].repeat(rng.random_range(1..40)))),
            4 => {
                let other = seeds.choose(rng).unwrap();
                let from = rng.random_range(0..=other.len());
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            _ => drop(input.splice(at..to, WORDS.choose(rng).unwrap().iter().copied())),
        }
        input.truncate(MAX_BYTES);
    }
    input
}

/// Runs one target; the words that its seeds have reached.
fn run(name: &str) -> Reached {
    let (_, target) = TARGETS.into_iter().find(|(target, _)| *target == name).unwrap();
    let seeds = seeds(name);
    let reached: Reached = seeds.iter().flat_map(|seed| target(seed)).collect();
    let mut rng = StdRng::seed_from_u64(5);
    for _ in 0..CHANGED {
        let input = changed(&seeds, &mut rng);
        let shown = input.escape_ascii().to_string();
        let most = heap::most_during(|| {
            let outcome = std::panic::catch_unwind(|| target(&input));
            assert!(outcome.is_ok(), "{name} fails for b\"{shown}\"");
        });
        assert!(most <= HEAP_BYTES, "{name} takes {most} bytes for b\"{shown}\"");
    }
    reached
}

/// Fails unless the seeds have reached all of these: a seed that leads nowhere tries nothing.
fn reaches(name: &str, words: &[&str]) {
    let reached = run(name);
    let wanted: BTreeSet<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let missing: Vec<_> = wanted.difference(&reached).collect();
    assert!(missing.is_empty(), "the seeds of {name} reach {reached:?}, and not {missing:?}");
}

#[test]
fn no_frames_of_a_client_break_a_session() {
    reaches(
        "frames",
        &[
            "joined_room",
            "left_room",
            "presence_state",
            "pong",
            "new_item",
            "resync",
            "bad_frame",
            "unknown_room",
            "forbidden",
            "invalid_position",
            "not_joined",
            "pong_frame",
            "close_answer",
            "binary",
            "close",
            "1002",
            "1007",
            "1009",
            "4408",
        ],
    );
}

#[test]
fn no_query_of_an_event_stream_breaks_it() {
    reaches(
        "sse",
        &[
            "no_address",
            "no_query",
            "status",
            "hazard",
            "severity",
            "bbox",
            "min_risk",
            "since",
            "incident",
            "refused",
            "joined_room",
            "new_item",
            "resync",
        ],
    );
}

#[test]
fn no_token_but_ours_is_taken_for_ours() {
    reaches("token", &["ours", "not_ours"]);
}

#[test]
fn no_position_breaks_a_room() {
    reaches("position", &["invalid_position", "joined_room", "new_item", "resync"]);
}
