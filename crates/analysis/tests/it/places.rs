//! Places in few words and in figures.

use crisislens_model::{HazardType, Location, Precision, Stated};

use crate::make::{analyze, official, post};

fn place(text: &str) -> Option<Location> {
    analyze(&post(text)).location
}

fn name(text: &str) -> Option<String> {
    place(text).map(|place| place.name)
}

#[test]
fn a_few_words_beside_a_hazard_name_a_place() {
    for text in [
        "Valencia flooded",
        "Valencia inundada",
        "Flooded Valencia",
        "inundaciones Valencia",
        "Inundaciones Valencia",
        "Valencia is flooded",
        "Valencia está inundada",
        "Valencia flooded 😢 #help",
    ] {
        let place = place(text).unwrap_or_else(|| panic!("{text}"));
        assert!(place.name.starts_with("Valencia, "), "{text}: {place:?}");
        assert!(place.alternatives[0].name.starts_with("Valencia, "), "{text}: {place:?}");
    }
    assert_eq!(name("mumbai flood").as_deref(), Some("Mumbai, India"));
    assert_eq!(name("flood mumbai").as_deref(), Some("Mumbai, India"));
    assert_eq!(name("Florence flooded").as_deref(), Some("Florence, Italy"));
}

#[test]
fn words_and_people_beside_a_hazard_are_no_places() {
    for text in [
        "nice flood",
        "mobile flood",
        "reading flood",
        "flood relief",
        "flood split",
        "Help flood",
        "Big earthquake",
        "Flash flood",
        "Flood Insurance",
        "Maria flood",
        "Mary earthquake",
        "Flooding Carlos",
        "Victoria is fire",
        "Florence fire",
        "Hurricane Florence flooding",
    ] {
        assert_eq!(name(text), None, "{text}");
    }
}

#[test]
fn coordinates_in_a_text_are_a_point() {
    for text in [
        "Flood at 19.0760, 72.8777, people trapped",
        "Flood at 19.0760N 72.8777E",
        "Flood at 19°04'34\"N 72°52'40\"E people trapped",
        "Flood lat 19.0760 lon 72.8777 help",
        "Flood geo:19.0760,72.8777",
        "Flood https://maps.google.com/?q=19.0760,72.8777",
    ] {
        let place = place(text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!((place.precision, place.country.as_deref()), (Precision::Point, Some("IN")), "{text}");
        assert!((place.lat - 19.076).abs() < 0.001 && (place.lon - 72.8777).abs() < 0.001, "{place:?}");
        assert!(place.why[0].contains("19.076"), "{place:?}");
    }
    for text in [
        "Flood, score was 3-1",
        "Flood, odds 1.5, 2.5",
        "Flood help 98765 43210",
        "Flood at 0.0000, 0.0000",
        "Flood at 95.1234, 72.8777",
        "Flood, rate USD 19.0760, 72.8777",
        "Flood at -45.1234, -120.5555",
    ] {
        assert_eq!(place(text), None, "{text}");
    }
    // At sea, at the pole and at the antimeridian: where signs leave no doubt, or people live near.
    assert_eq!(place("Earthquake at 45.1234S 120.5555W").unwrap().country, None);
    assert!((place("Storm at 89.9N 10.5W").unwrap().lat - 89.9).abs() < 1e-9);
    assert!((place("Earthquake at -16.7900, 180.0000").unwrap().lon - 180.0).abs() < 1e-9);
}

#[test]
fn coordinates_and_names_are_held_against_each_other() {
    let both = place("Flood in Mumbai 19.0760, 72.8777").unwrap();
    assert_eq!((both.name.as_str(), both.precision), ("Mumbai, India", Precision::Point));
    let swapped = place("Flood in Mumbai 72.8777, 19.0760").unwrap();
    assert!((swapped.lat - 19.076).abs() < 1e-9 && swapped.precision == Precision::Point);
    assert!(swapped.why.iter().any(|why| why.contains("longitude stands first")), "{swapped:?}");
    let other = place("Flood in Valencia 39.4699, -0.3763").unwrap();
    assert_eq!((other.name.as_str(), other.country.as_deref()), ("Valencia, Spain", Some("ES")));
    // Bare numbers far off give way to the name; explicit ones hold, less surely. Both are told.
    let bare = place("Earthquake in Tokyo 19.0760, 72.8777").unwrap();
    assert_eq!((bare.country.as_deref(), bare.precision), (Some("JP"), Precision::City));
    assert!(bare.why.iter().any(|why| why.contains("19.076") && why.contains("not taken")), "{bare:?}");
    let explicit = place("Earthquake in Tokyo 19.0760N, 72.8777E").unwrap();
    assert_eq!((explicit.country.as_deref(), explicit.precision), (Some("IN"), Precision::Point));
    assert!(explicit.confidence < both.confidence);
    assert!(explicit.why.iter().any(|why| why.contains("Tokyo") && why.contains("km away")), "{explicit:?}");
}

#[test]
fn what_the_source_states_goes_before_figures_in_the_text() {
    let text = "Flood at 19.0760N 72.8777E";
    let point = Stated { lat: Some(41.15), lon: Some(-8.61), ..Stated::default() };
    assert_eq!(analyze(&official(text, point)).location.unwrap().country.as_deref(), Some("PT"));
    let area = Stated { place: Some("Porto, Portugal".to_owned()), ..Stated::default() };
    assert_eq!(analyze(&official(text, area)).location.unwrap().country.as_deref(), Some("PT"));
    let country = Stated { country: Some("PT".to_owned()), ..Stated::default() };
    assert_eq!(analyze(&official(text, country)).location.unwrap().country.as_deref(), Some("PT"));
    let india = Stated { country: Some("IN".to_owned()), ..Stated::default() };
    assert_eq!(analyze(&official(text, india)).location.unwrap().precision, Precision::Point);
}

#[test]
fn letters_that_look_like_others_hide_no_hazard_and_no_place() {
    let found = analyze(&post("еarthquake in Tоkyo"));
    assert_eq!(found.hazard.kind, HazardType::Earthquake);
    assert_eq!(found.location.unwrap().country.as_deref(), Some("JP"));
    assert_eq!(analyze(&post("flооd in Mumbai")).hazard.kind, HazardType::Flood);
    assert_eq!(analyze(&post("fl00d in Mumbai")).hazard.kind, HazardType::None);
    // Words of one script are what they are.
    assert_eq!(analyze(&post("Наводнение в Москве")).hazard.kind, HazardType::Flood);
    assert_eq!(analyze(&post("сор роса хор")).hazard.kind, HazardType::None);
    let (plain, hidden) = (analyze(&post(SAID)), analyze(&post(&SAID.replace('o', "о"))));
    assert_eq!(plain.fingerprint, hidden.fingerprint, "a copy in other letters is a copy");
}

const SAID: &str =
    "Flooding in Mumbai, roads closed and people moved out of their homes to the school on the hill";
