//! What the analyser makes of single texts.

use crisislens_model::{HazardType, Precision, RiskLevel, Severity, SourceKind, Stated};

use crate::make::{analyze, official, post, raw};

fn hazard(text: &str) -> HazardType {
    analyze(&post(text)).hazard.kind
}

/// Country, precision and name of the place read from `text`.
fn place(text: &str) -> Option<(String, Precision, String)> {
    analyze(&post(text))
        .location
        .map(|place| (place.country.unwrap_or_default(), place.precision, place.name))
}

fn country(text: &str) -> String {
    place(text).map(|(country, ..)| country).unwrap_or_default()
}

#[test]
fn hazards_are_told_in_eight_languages() {
    for (text, kind) in [
        ("Strong earthquake shakes the capital", HazardType::Earthquake),
        ("Fuertes inundaciones dejan miles de damnificados", HazardType::Flood),
        ("Incendie de forêt: les pompiers évacuent un village", HazardType::Wildfire),
        ("Deslizamento de terra atinge casas após a chuva", HazardType::Landslide),
        ("Forte scossa di terremoto nella notte", HazardType::Earthquake),
        ("Schweres Hochwasser nach Dauerregen im Süden", HazardType::Flood),
        ("زلزال قوي يضرب المدينة", HazardType::Earthquake),
        ("केरल में भारी बाढ़", HazardType::Flood),
        ("Typhoon makes landfall", HazardType::TropicalCyclone),
    ] {
        assert_eq!(hazard(text), kind, "{text}");
    }
}

#[test]
fn hashtags_speak_like_words() {
    let found = analyze(&post("Stay safe everyone #KeralaFloods"));
    assert_eq!(found.hazard.kind, HazardType::Flood);
    assert_eq!(found.location.unwrap().admin1.as_deref(), Some("Kerala"));
    assert_eq!(hazard("pray #italyearthquake"), HazardType::Earthquake);
}

#[test]
fn a_text_that_names_cause_and_effect_is_about_the_cause() {
    for (text, kind) in [
        ("Flooding and more flooding after the hurricane, flooded streets", HazardType::TropicalCyclone),
        ("Explosion in the market, bomb found in a second car", HazardType::Violence),
        ("Landslides and a landslide dam after the quake", HazardType::Earthquake),
        ("Explosion at the plant", HazardType::Technological),
        ("Having a blast at the beach", HazardType::None),
        ("thank you all #nswfloods", HazardType::Flood),
    ] {
        assert_eq!(hazard(text), kind, "{text}");
    }
}

#[test]
fn figures_of_speech_are_no_hazards() {
    for text in [
        "The minister faces a storm of criticism",
        "A flood of tears at the finale",
        "The election was an earthquake in politics",
        "She won by a landslide",
        "A nice day with friends",
    ] {
        assert_eq!(hazard(text), HazardType::None, "{text}");
    }
}

#[test]
fn what_an_authority_states_wins_over_the_words() {
    let stated = Stated { hazard: Some(HazardType::Volcano), ..Stated::default() };
    let found = analyze(&official("Flood flood flood", stated.clone())).hazard;
    assert_eq!((found.kind, found.confidence), (HazardType::Volcano, 1.0));
    assert_eq!(found.why, ["stated by test"]);
    let mut social = post("Flood and more flooding, floods everywhere");
    social.stated = Some(stated);
    assert_eq!(analyze(&social).hazard.kind, HazardType::Flood);
}

#[test]
fn names_are_resolved_by_their_neighbours() {
    let (country, precision, name) = place("Flooding in Paris, Texas tonight").unwrap();
    assert_eq!((country.as_str(), precision, name.as_str()), ("US", Precision::City, "Paris, Texas"));
    assert_eq!(place("Attack in Paris").unwrap().0, "FR");
    assert_eq!(place("Flood in Houston, TX").unwrap().2, "Houston, Texas");
    assert_eq!(place("COLUMBIA, S.C. - first death reported").unwrap().2, "Columbia, South Carolina");
    assert_eq!(place("Roads closed in Birmingham, Alabama").unwrap().0, "US");
}

#[test]
fn the_most_specific_place_that_agrees_is_taken() {
    let (country, precision, name) =
        place("Italy earthquake: L'Aquila hit, Rome feels it, says Italy").unwrap();
    assert_eq!((country.as_str(), precision), ("IT", Precision::City), "{name}");
    let (_, precision, name) = place("Kerala floods: help from Chennai reaches Kerala").unwrap();
    assert_eq!((precision, name.as_str()), (Precision::Admin1, "Kerala, India"));
}

#[test]
fn places_are_found_in_scripts_without_capitals() {
    assert_eq!(country("केरल, भारत में बाढ़"), "IN");
    assert_eq!(country("السيول في القاهرة"), "EG");
    assert_eq!(country("والسيول بالقاهرة"), "EG");
    assert_eq!(country("東京で地震"), "JP");
    assert_eq!(country("Землетрясение: Москва"), "RU");
}

#[test]
fn common_words_and_storm_names_are_no_places() {
    for text in [
        "Nice to see the Police and the Red Cross help",
        "Hurricane Florence will hit. Florence is big",
        "Sandy beaches and reading in the bath",
        "Thank you all so much",
    ] {
        assert_eq!(place(text), None, "{text}");
    }
}

#[test]
fn demonyms_give_a_country_with_less_certainty() {
    let found = analyze(&post("Italian quake leaves many homeless")).location.unwrap();
    assert_eq!((found.country.as_deref(), found.precision), (Some("IT"), Precision::Country));
    let named = analyze(&post("Quake in Italy leaves many homeless")).location.unwrap();
    assert!(found.confidence < named.confidence);
}

#[test]
fn stated_coordinates_win_and_get_their_country_from_the_name() {
    for (name, lat, lon, country, admin1) in [
        ("3km WSW of Pieve Torina, Italy", 43.03, 13.01, "IT", None),
        ("8 km N of Ridgecrest, CA", 35.7, -117.6, "US", Some("California")),
        ("10 km W of The Geysers, California", 38.8, -122.8, "US", Some("California")),
    ] {
        let stated =
            Stated { lat: Some(lat), lon: Some(lon), place: Some(name.to_owned()), ..Stated::default() };
        let found = analyze(&official("M 2.0", stated)).location.unwrap();
        assert_eq!((found.country.as_deref(), found.precision), (Some(country), Precision::Point));
        assert_eq!((found.lat, found.lon, found.name.as_str()), (lat, lon, name));
        assert!(admin1.is_none_or(|admin1| found.admin1.as_deref() == Some(admin1)), "{:?}", found.admin1);
    }
    let stated = Stated { lat: Some(-6.2), lon: Some(106.8), ..Stated::default() };
    assert_eq!(analyze(&official("M 5", stated)).location.unwrap().country.as_deref(), Some("ID"));
    let at_sea = Stated { lat: Some(-40.0), lon: Some(-120.0), ..Stated::default() };
    assert_eq!(analyze(&official("M 5", at_sea)).location.unwrap().country, None);
}

#[test]
fn a_stated_country_holds_and_steers_the_names() {
    let mut item = raw(SourceKind::Official, "Flooding around Cordoba");
    item.stated = Some(Stated { country: Some("AR".to_owned()), ..Stated::default() });
    let found = analyze(&item).location.unwrap();
    assert_eq!((found.country.as_deref(), found.precision), (Some("AR"), Precision::City));
    item.text = "Flooding".to_owned();
    assert_eq!(analyze(&item).location.unwrap().precision, Precision::Country);
}

#[test]
fn entities_stand_where_they_say_they_stand() {
    let item = post(
        "M 6.1 quake &amp; #ItalyEarthquake: at least 120 people were killed near Perugia, 1,200 injured",
    );
    let found = analyze(&item);
    for entity in &found.entities {
        assert!(item.text[entity.start..].starts_with(&entity.text), "{entity:?}");
    }
    let texts = |kind: &str| -> Vec<&str> {
        found
            .entities
            .iter()
            .filter(|entity| entity.kind == kind)
            .map(|entity| entity.text.as_str())
            .collect()
    };
    assert_eq!(texts("magnitude"), ["M 6.1"]);
    assert_eq!(texts("casualties"), ["120 people were killed", "1,200 injured"]);
    assert_eq!(texts("hashtag"), ["#ItalyEarthquake"]);
    assert!(texts("place").contains(&"Perugia"));
}

#[test]
fn magnitudes_are_read_in_their_usual_spellings() {
    for (text, severity) in [
        ("7.8-magnitude earthquake strikes", Severity::Critical),
        ("Earthquake of magnitude 5 strikes", Severity::Medium),
        ("M6.4 earthquake strikes", Severity::High),
        ("Terremoto de magnitud 7,1", Severity::Critical),
        ("A 6.2 earthquake", Severity::High),
        ("An earthquake at 5 m depth", Severity::Low),
    ] {
        assert_eq!(analyze(&post(text)).severity, severity, "{text}");
    }
}

#[test]
fn severity_follows_deaths_and_urgent_words_and_says_so() {
    let found = analyze(&post("Flood kills 25 people in the valley"));
    assert_eq!(found.severity, Severity::Critical);
    assert_eq!(found.severity_why, "It speaks of 25 dead.");
    assert_eq!(analyze(&post("Wildfire: evacuate now!")).severity, Severity::High);
    assert_eq!(analyze(&post("Lovely weather")).severity, Severity::Low);
}

#[test]
fn risk_is_the_sum_of_its_parts_and_high_only_where_it_should_be() {
    let stated = Stated {
        hazard: Some(HazardType::Earthquake),
        severity: Some(Severity::Critical),
        lat: Some(37.2),
        lon: Some(37.0),
        magnitude: Some(7.8),
        ..Stated::default()
    };
    let critical = analyze(&official("M 7.8 - 26 km ENE of Nurdağı, Turkey", stated.clone()));
    assert!(critical.risk_score > 0.8, "{}", critical.risk_score);
    assert_eq!(critical.risk_level, RiskLevel::High);
    let small = Stated { severity: Some(Severity::Low), magnitude: Some(2.0), ..stated };
    let small = analyze(&official("M 2.0 - 3 km W of Cobb, CA", small));
    let donation = analyze(&post("Please donate to the Kerala flood relief fund"));
    let nothing = analyze(&post("What a lovely day"));
    for found in [&critical, &small, &donation, &nothing] {
        let sum: f64 = found.risk_parts.iter().map(|part| part.weight * part.value).sum();
        assert!((sum - found.risk_score).abs() < 1e-9);
        assert!((found.risk_parts.iter().map(|part| part.weight).sum::<f64>() - 1.0).abs() < 1e-9);
    }
    assert!(small.risk_score < 0.35, "{}", small.risk_score);
    assert!(donation.risk_score < 0.3, "{}", donation.risk_score);
    assert!(nothing.risk_score < 0.1, "{}", nothing.risk_score);
}

#[test]
fn a_repeated_post_is_trusted_less_than_the_first() {
    let first = analyze(&post("Bridge collapsed in the flood at Srinagar, people trapped"));
    let repeated = analyze(&post("RT @someone: Bridge collapsed in the flood at Srinagar, people trapped"));
    assert!(repeated.risk_score < first.risk_score);
}

#[test]
fn copies_share_a_fingerprint_that_never_changes() {
    let one = analyze(&post("Bridge collapsed in the flood at Srinagar, people trapped https://t.co/a"));
    let two = analyze(&post("RT @a: BRIDGE collapsed, in the flood at Srinagar people trapped!"));
    assert_eq!(one.fingerprint, two.fingerprint);
    assert_eq!(one.fingerprint, Some(STABLE));
    assert_ne!(
        one.fingerprint,
        analyze(&post("Bridge open after the flood at Srinagar, nobody was trapped")).fingerprint
    );
    assert_eq!(analyze(&post("Flood in Kerala")).fingerprint, None);
}

/// What the first release computed; a change would make old duplicates look new.
const STABLE: u64 = 5_924_006_989_441_625_856;

#[test]
fn topics_are_listed_once() {
    let found =
        analyze(&post("Flood: 3 dead, 2 killed, bridges destroyed, donate to the shelter, dozens missing"));
    for topic in ["casualties", "damage", "infrastructure", "donation", "shelter", "missing"] {
        assert_eq!(found.topics.iter().filter(|known| *known == topic).count(), 1, "{topic}");
    }
}

/// Tolls in languages of which the lexicon has no more than those.
#[test]
fn tolls_are_read_in_languages_with_few_words() {
    for text in [
        "Overstroming in Maastricht: 40 doden, 12 vermisten",
        "İzmir'de deprem: 40 ölü, 100 yaralı",
        "İzmir'de depremde 40 kişi hayatını kaybetti",
        "Наводнение в Орске: 40 погибших",
        "Наводнение в Орске: погибли 40 человек",
        "Взрыв в Орске, 40 человек погибли",
        "Повінь у Києві: 40 загиблих",
        "Powódź w Krakowie: 40 ofiar śmiertelnych",
        "Σεισμός στην Αθήνα: 40 νεκροί",
        "Översvämning i Malmö: 40 döda",
    ] {
        let found = analyze(&post(text));
        assert_eq!(
            found.severity,
            Severity::Critical,
            "{text}: {} ({})",
            found.severity_why,
            found.language.code
        );
        assert!(found.severity_why.contains("40"), "{text}: {}", found.severity_why);
    }
    for text in [
        "İzmir'de hava güzel oldu",
        "40 kişi başvurdu",
        "Наводнение в Орске: 40 домов",
        "40 mensen kwamen kijken",
    ] {
        assert_eq!(analyze(&post(text)).severity, Severity::Low, "{text}");
    }
}

#[test]
fn a_toll_that_is_denied_raises_nothing_and_one_that_looks_like_a_year_counts() {
    for text in [
        "FALSE: no earthquake hit Montevideo, Uruguay and no 60 dead, says the ministry.",
        "Police: reports that the blast in Quito killed 30 are false. Nobody was hurt.",
        "It is not true that 45 people were killed in the wildfire near Ibarra.",
        "Es falso que el terremoto en Loja dejara 40 muertos",
        "In 2023 people died in a flood in Derna",
        "Flood in Derna: 60 of them not dead",
    ] {
        let found = analyze(&post(text));
        assert!(found.severity < Severity::High, "{text}: {}", found.severity_why);
    }
    for text in [
        "Government denied negligence after the flood in Derna killed 2000 people",
        "Floods in Derna killed 2000 people.",
        "Flood in Derna: 2010 people dead",
        "Landslides kill at least 120 people in Nepal",
        "Floods kill 40 in Mumbai",
        "4 dead, not 60: claims of 60 dead in the flood of Porto are false. 14 people were killed.",
    ] {
        let found = analyze(&post(text));
        assert!(found.severity >= Severity::High, "{text}: {}", found.severity_why);
    }
}
