//! Near-duplicates: what is a copy of what, and what only looks like one.

use std::io::Read;

use crisislens_analysis::duplicate::{MAX_SKETCH_BYTES, Sketch};
use crisislens_analysis::world::World;
use crisislens_model::{ExerciseId, RawItem, SourceKind, Stated};
use proptest::prelude::*;

use crate::make::{analyze, official, post, raw};

const TEXT: &str =
    "Huge explosion at the harbour, windows broken everywhere in the old town and people are hurt";

fn sketch(raw: &RawItem) -> Sketch {
    analyze(raw).sketch.unwrap()
}

/// Whether `copy` is found by a band key and taken for a copy.
fn repeats(copy: &RawItem, original: &RawItem) -> bool {
    let (copy, original) = (sketch(copy), sketch(original));
    let keys = original.bands(World::Real);
    copy.bands(World::Real).iter().any(|key| keys.contains(key)) && copy.repeats(&original).is_some()
}

#[test]
fn a_text_changed_on_the_way_is_a_copy() {
    for copy in [
        format!("RT @someone: {TEXT}"),
        format!("{TEXT} #breaking #news http://t.co/abc"),
        format!("{}...", &TEXT[..60]),
        format!("{}…", &TEXT[..61]),
        TEXT.replace("broken", "brokne").replace("people", "poeple"),
        TEXT.to_uppercase().replace(',', " !!"),
        format!("🔥🔥 {TEXT} 😱"),
        format!("This is so close to us, stay safe: “{TEXT}”"),
        format!("<p>{}</p>", TEXT.replace(' ', "&nbsp;")),
    ] {
        assert!(repeats(&post(&copy), &post(TEXT)), "{copy}");
    }
}

#[test]
fn another_text_about_the_same_is_no_copy() {
    for other in [
        "There was an explosion at the harbour, many windows are broken and some people were hurt",
        "Huge fire at the harbour, smoke everywhere in the old town but nobody seems to have been there",
    ] {
        assert!(!repeats(&post(other), &post(TEXT)), "{other}");
    }
}

#[test]
fn texts_of_which_each_has_its_own_number_or_place_speak_of_two_things() {
    let form = |number: &str, place: &str| {
        post(&format!(
            "Earthquake of magnitude {number} felt strongly by many people near {place} this morning"
        ))
    };
    assert!(!repeats(&form("4.5", "Naples"), &form("5.1", "Naples")));
    assert!(!repeats(&form("4.5", "Naples"), &form("4.5", "Palermo")));
    assert!(repeats(&form("4.5", "Naples"), &form("4.5", "Naples")));
    let told = post(&format!("{} 12 people are in hospital", form("4.5", "Naples").text));
    assert!(repeats(&told, &form("4.5", "Naples")), "a copy may add a number");
}

#[test]
fn a_short_text_is_never_compared() {
    assert_eq!(analyze(&post("Stay safe everyone!")).sketch, None);
    assert_eq!(analyze(&post(&"ha".repeat(200))).sketch, None, "nor one that only repeats itself");
    assert_eq!(
        analyze(&post("🔥🔥🔥 https://example.org/very/long/address/that/says/nothing/at/all")).sketch,
        None
    );
}

#[test]
fn nobody_repeats_a_weaker_voice() {
    let text = "Water level of the Arno at Florence is 5.2 metres and rising, avoid the banks of the river";
    let voices = [SourceKind::Official, SourceKind::Media, SourceKind::Social];
    for (rank, kind) in voices.into_iter().enumerate() {
        for (other_rank, other) in voices.into_iter().enumerate() {
            let copy = RawItem { source: "another".to_owned(), ..raw(kind, text) };
            assert_eq!(repeats(&copy, &raw(other, text)), rank >= other_rank, "{kind:?} after {other:?}");
        }
    }
}

#[test]
fn an_exercise_repeats_nothing_real() {
    let exercise = RawItem { exercise: true, ..post(TEXT) };
    assert!(!repeats(&exercise, &post(TEXT)) && !repeats(&post(TEXT), &exercise));
    assert_eq!(sketch(&exercise).repeats(&sketch(&post(TEXT))), None);
    assert!(repeats(&exercise, &exercise));
    // Nor does the same recording played again.
    let sketch = sketch(&exercise);
    let [one, two] = [1, 2].map(|_| sketch.bands(World::Exercise(ExerciseId::random())));
    assert!(one.iter().all(|key| !two.contains(key) && !sketch.bands(World::Drill).contains(key)));
}

#[test]
fn bulletins_are_copies_only_of_another_source_and_where_all_they_name_agrees() {
    let bulletin = |source: &str, place: &str, hour: u8| {
        let text = format!(
            "The National Weather Service has issued a Flash Flood Warning for {place} until {hour} PM. \
             Turn around, do not drown when encountering flooded roads. Most flood deaths occur in vehicles."
        );
        RawItem { source: source.to_owned(), ..official(&text, Stated::default()) }
    };
    let first = bulletin("nws", "Harris County", 9);
    assert!(repeats(&bulletin("rebroadcast", "Harris County", 9), &first));
    assert!(!repeats(&bulletin("nws", "Harris County", 9), &first), "two of one source are two");
    assert!(!repeats(&bulletin("rebroadcast", "Dallas County", 9), &first));
    assert!(!repeats(&bulletin("rebroadcast", "Harris County", 8), &first));
    let stated = |lat: f64| {
        let stated = Stated { lat: Some(lat), lon: Some(-95.0), ..Stated::default() };
        RawItem { stated: Some(stated), ..bulletin(&lat.to_string(), "Harris County", 9) }
    };
    assert!(!repeats(&stated(29.1), &stated(30.1)), "what is stated beside the text counts");
    assert!(repeats(&stated(29.101), &stated(29.1)));
    // A post that passes a bulletin on is its copy, and of no other that uses the form.
    let passed_on = post(&format!("RT @weather: {}", first.text));
    assert!(repeats(&passed_on, &first));
    assert!(!repeats(&passed_on, &bulletin("nws", "Dallas County", 9)));
    assert!(!repeats(&passed_on, &bulletin("nws", "Harris County", 8)));
}

/// Descriptions of the alerts that the National Weather Service had active at one time: forms that are filled in.
fn recorded_bulletins() -> Vec<RawItem> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../recordings/nws-atom-2018-08-15.xml.gz");
    let mut xml = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(file).unwrap()).read_to_string(&mut xml).unwrap();
    let field = |entry: &str, name: &str| {
        let (_, rest) = entry.split_once(&format!("<{name}>"))?;
        Some(rest.split_once(&format!("</{name}>"))?.0.trim().to_owned())
    };
    xml.split("<entry>")
        .skip(1)
        .enumerate()
        .map(|(at, entry)| RawItem {
            // Each of a source of its own: their wording alone must tell them apart.
            source: format!("nws {at}"),
            title: field(entry, "title"),
            ..official(
                &field(entry, "summary").unwrap_or_default(),
                Stated { place: field(entry, "cap:areaDesc"), ..Stated::default() },
            )
        })
        .collect()
}

#[test]
fn recorded_bulletins_of_different_things_do_not_merge() {
    let bulletins = recorded_bulletins();
    // The first two hundred: each is compared with each.
    let of_first = bulletins.iter().enumerate().take(200);
    let sketches: Vec<(usize, Sketch)> =
        of_first.filter_map(|(at, raw)| Some((at, analyze(raw).sketch?))).collect();
    assert!(sketches.len() > 50, "{}", sketches.len());
    let (mut alike, mut merged) = (0, Vec::new());
    for (at, (index, one)) in sketches.iter().enumerate() {
        for (other_index, other) in &sketches[..at] {
            alike += usize::from(one.likeness(other).jaccard >= 0.5);
            if one.repeats(other).is_some() {
                merged.push((&bulletins[*index], &bulletins[*other_index]));
            }
        }
    }
    assert!(alike > 100, "the recording holds forms that look alike: {alike}");
    for (one, other) in merged {
        assert_eq!((&one.title, &one.text, &one.stated), (&other.title, &other.text, &other.stated));
    }
}

proptest! {
    #[test]
    fn a_sketch_is_kept_as_bytes_and_nothing_else_is_read(text in ".{40,400}", cut in 0..2_000_usize, noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        if let Some(sketch) = analyze(&post(&text)).sketch {
            let bytes = sketch.to_bytes();
            prop_assert!(bytes.len() <= MAX_SKETCH_BYTES);
            prop_assert_eq!(Sketch::from_bytes(&bytes), Some(sketch));
            if cut < bytes.len() {
                prop_assert_eq!(Sketch::from_bytes(&bytes[..cut]), None);
            }
        }
        if let Some(read) = Sketch::from_bytes(&noise) {
            prop_assert_eq!(read.to_bytes(), noise);
        }
    }
}

#[test]
fn a_long_text_keeps_a_bounded_sketch_and_is_known_again() {
    let long = |seed: u64| {
        (0..40_000_u64)
            .map(|n| format!("{:x} ", n.wrapping_mul(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 40))
            .collect::<String>()
    };
    let (one, other) = (post(&long(3)), post(&long(5)));
    assert!(sketch(&one).to_bytes().len() <= MAX_SKETCH_BYTES);
    assert!(repeats(&post(&format!("RT @x: {}", one.text)), &one));
    assert!(!repeats(&other, &one));
}
