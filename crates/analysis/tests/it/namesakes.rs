//! Places of one name: what else a name may mean, and what goes on there decides.

use crisislens_analysis::CountryPrior;
use crisislens_analysis::incident::{self, country_prior};
use crisislens_model::{
    HazardType, Incident, Item, ItemCorrection, Location, PlaceNamed, Precision, RawItem, SourceKind, Stated,
};

use crate::make::{ANALYZER, analyze, item, official, post};

const VALENCIA: &str = "Flooding in Valencia, cars swept away and the bridge is closed";

fn country(place: Option<&Location>) -> Option<&str> {
    place.and_then(|place| place.country.as_deref())
}

fn flood_at(lat: f64, lon: f64, text: &str) -> Incident {
    let stated =
        Stated { lat: Some(lat), lon: Some(lon), hazard: Some(HazardType::Flood), ..Stated::default() };
    incident::open(&item(official(text, stated)))
}

/// Of what `text` says, as it is resolved where these incidents go on.
fn where_is(text: &str, open: &[Incident]) -> Option<Location> {
    let raw = post(text);
    let found = analyze(&raw);
    let places: Vec<Location> = found.location.iter().chain(&found.rivals).cloned().collect();
    let prior = country_prior(&item(raw.clone()), &places, open);
    ANALYZER.analyze_among(&raw, &ItemCorrection::default(), &prior).location
}

#[test]
fn what_else_a_name_may_mean_is_kept_the_likeliest_first() {
    let found = analyze(&post(VALENCIA));
    let place = found.location.unwrap();
    assert_eq!(country(Some(&place)), Some("VE"));
    let first = &place.alternatives[0];
    assert_eq!((first.country.as_deref(), first.precision), (Some("ES"), Precision::City));
    assert!((first.lat - 39.47).abs() < 0.1 && (first.lon + 0.38).abs() < 0.1);
    assert!(place.alternatives.len() <= 3);
    assert!(place.alternatives.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let all: f64 = place.alternatives.iter().map(|other| other.score).sum();
    assert!(all > 0.0 && all < 0.7, "the rest is the place's own: {all}");
    assert_eq!(found.rivals.iter().map(|rival| country(Some(rival))).collect::<Vec<_>>(), [Some("ES")]);
}

#[test]
fn a_place_that_is_stated_or_named_with_its_country_has_no_rivals() {
    let of_one_country = |raw: &RawItem| analyze(raw).rivals.is_empty();
    assert!(of_one_country(&post("Flooding in Valencia, Spain, cars swept away")));
    assert!(of_one_country(&post("Flood in Paris, roads closed")), "the other Paris is far smaller");
    let at = Stated { lat: Some(39.47), lon: Some(-0.38), ..Stated::default() };
    let point = analyze(&official(VALENCIA, at));
    assert!(point.rivals.is_empty() && point.location.unwrap().alternatives.is_empty());
    let of_country = Stated { country: Some("ES".to_owned()), ..Stated::default() };
    let stated = analyze(&official(VALENCIA, of_country));
    assert!(stated.rivals.is_empty());
    assert_eq!(country(stated.location.as_ref()), Some("ES"));
}

#[test]
fn where_something_goes_on_decides_between_places_of_one_name() {
    let spain = flood_at(39.5, -0.5, "Floods in the province of Valencia");
    let place = where_is(VALENCIA, std::slice::from_ref(&spain)).unwrap();
    assert_eq!(country(Some(&place)), Some("ES"));
    assert!(place.why.iter().any(|why| why.contains("goes on in ES")), "{:?}", place.why);
    assert_eq!(place.alternatives[0].country.as_deref(), Some("VE"));
    // Nothing goes on, or of another kind, far away, long ago or in another world: the larger one.
    let fire = Incident { hazard: HazardType::Wildfire, ..spain.clone() };
    let far = flood_at(43.4, -8.4, "Floods in Galicia");
    let later = spain.last_seen + jiff::SignedDuration::from_hours(24 * 40);
    let old = Incident { first_seen: later, last_seen: later, ..spain.clone() };
    let played = Incident { exercise: true, ..spain.clone() };
    for other in [None, Some(fire), Some(far), Some(old), Some(played)] {
        let open: Vec<Incident> = other.into_iter().collect();
        assert_eq!(country(where_is(VALENCIA, &open).as_ref()), Some("VE"), "{open:?}");
    }
}

#[test]
fn a_far_larger_namesake_and_a_named_country_are_not_overruled() {
    let texas = flood_at(33.66, -95.55, "Floods in Lamar County");
    assert_eq!(country(where_is("Flood in Paris, roads closed", &[texas]).as_ref()), Some("FR"));
    let spain = flood_at(39.5, -0.5, "Floods in the province of Valencia");
    let said = "Flooding in Valencia, Venezuela, cars swept away";
    assert_eq!(country(where_is(said, &[spain]).as_ref()), Some("VE"));
}

#[test]
fn where_something_goes_on_in_both_countries_an_authority_and_words_decide() {
    let spain = flood_at(39.5, -0.5, "Flooding in the province of Valencia");
    let spoken = "Flooding in Valencia, Venezuela: the Cabriales burst its banks";
    let venezuela = incident::open(&item(post(spoken)));
    assert_eq!(venezuela.country.as_deref(), Some("VE"));
    let both = [venezuela, spain];
    assert_eq!(country(where_is(VALENCIA, &both).as_ref()), Some("ES"), "an authority speaks of it");
    let words = "Valencia flooded, the Cabriales has burst its banks";
    assert_eq!(country(where_is(words, &both).as_ref()), Some("VE"), "its words are of that flood");
}

#[test]
fn nothing_is_given_beyond_its_bound_nor_to_what_is_no_country() {
    let mut prior = CountryPrior::default();
    prior.give("Spain", 1.0);
    prior.give("", 1.0);
    assert!(prior.is_empty());
    prior.give("ES", f64::INFINITY);
    assert_eq!(prior, CountryPrior::sure("ES"));
    // Paris in Texas has a hundredth of the people: no prior makes it the place.
    let place = ANALYZER.analyze_among(
        &post("Flood in Paris"),
        &ItemCorrection::default(),
        &CountryPrior::sure("US"),
    );
    assert_eq!(country(place.location.as_ref()), Some("FR"));
}

/// What is chosen of what was kept is what reading the text again would answer.
#[test]
fn a_place_is_chosen_without_the_text_as_with_it() {
    let raws = [
        post(VALENCIA),
        RawItem {
            source_kind: SourceKind::Media,
            ..post("Flood in Valencia: 12 people dead, a neighbour says")
        },
        RawItem { title: Some("Flooding in Valencia".to_owned()), ..post("3 injured, as we hear") },
    ];
    for raw in &raws {
        let (found, open) = ANALYZER.analyze_open(raw);
        assert_eq!(found, ANALYZER.analyze(raw));
        let open = open.unwrap();
        for code in ["ES", "VE", "AR", "JP", "?"] {
            let prior = CountryPrior::sure(code);
            let read = ANALYZER.analyze_among(raw, &ItemCorrection::default(), &prior);
            assert_eq!(ANALYZER.choose_place(raw, &found, &open, &prior), read, "{code}");
        }
    }
    let (_, open) = ANALYZER.analyze_open(&post("Flood in Tokyo"));
    assert!(open.is_none(), "nothing is kept of what is clear");
}

#[test]
fn what_people_put_right_has_no_other_meanings() {
    let named = PlaceNamed { name: "Valencia".to_owned(), lat: 39.47, lon: -0.38 };
    let to = ItemCorrection { location: Some(Some(named)), ..ItemCorrection::default() };
    let found = ANALYZER.analyze_among(&post(VALENCIA), &to, &CountryPrior::sure("VE"));
    assert_eq!(country(found.location.as_ref()), Some("ES"));
    assert!(found.location.unwrap().alternatives.is_empty() && found.rivals.is_empty());
}

#[test]
fn claims_lie_where_their_item_was_put() {
    let raw = RawItem {
        source_kind: SourceKind::Media,
        ..post("Flooding in Valencia: 12 people died in Valencia.")
    };
    for code in ["ES", "VE"] {
        let found = ANALYZER.analyze_among(&raw, &ItemCorrection::default(), &CountryPrior::sure(code));
        assert_eq!(country(found.location.as_ref()), Some(code));
        let claims = ANALYZER.claims(&raw, &found);
        let at: Vec<bool> = claims
            .iter()
            .filter_map(|claim| claim.slots.place.as_ref())
            .map(|place| place.lat > 30.0)
            .collect();
        assert!(
            !at.is_empty() && at.iter().all(|is_spain| *is_spain == (code == "ES")),
            "{code}: {claims:?}"
        );
    }
}

#[test]
fn an_item_with_its_other_meanings_reads_back_and_one_without_them_too() {
    let whole: Item = item(post(VALENCIA));
    let mut json = serde_json::to_value(&whole).unwrap();
    let back: Item = serde_json::from_value(json.clone()).unwrap();
    assert_eq!(
        (back.location, back.relevance, back.humanitarian),
        (whole.location, whole.relevance, whole.humanitarian)
    );
    json["location"].as_object_mut().unwrap().remove("alternatives");
    for field in ["relevance", "humanitarian"] {
        assert!(json.as_object_mut().unwrap().remove(field).is_some());
    }
    let old: Item = serde_json::from_value(json).unwrap();
    assert!(old.relevance.is_none() && old.humanitarian.is_none());
    assert!(old.location.unwrap().alternatives.is_empty());
}
