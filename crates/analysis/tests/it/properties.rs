//! What holds for any text at all.

use crisislens_model::{RiskLevel, SourceKind, Stated};
use proptest::prelude::*;

use crate::make::{analyze, post, raw};

/// Texts of words that mean something, glued with whatever breaks parsers.
fn crisis_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("#KeralaFloods".to_owned()),
        Just("São Paulo, ".to_owned()),
        Just("M 6.".to_owned()),
        Just("1,200 people killed".to_owned()),
        Just("&#x1F525;&amp".to_owned()),
        Just("<b>Paris</b>, Texas".to_owned()),
        Just("والسيول في".to_owned()),
        Just("東京で地震".to_owned()),
        Just("É\u{301}\u{301}ﬀ\u{ad}İ".to_owned()),
        Just("RT @x: http://a.b/".to_owned()),
        any::<String>(),
        any::<char>().prop_map(String::from),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_text_is_analysed_with_offsets_inside_it_and_figures_in_range(text in crisis_text(), title in proptest::option::of(".{0,40}")) {
        let mut item = post(&text);
        item.title = title;
        let found = analyze(&item);
        for entity in &found.entities {
            prop_assert!(item.text.is_char_boundary(entity.start));
            prop_assert!(item.text[entity.start..].starts_with(&entity.text));
            prop_assert!(!entity.text.is_empty());
        }
        prop_assert!((0.0..=1.0).contains(&found.risk_score));
        prop_assert!((0.0..=1.0).contains(&found.hazard.confidence));
        prop_assert!((0.0..=1.0).contains(&found.language.confidence));
        prop_assert_eq!(found.risk_level, RiskLevel::of(found.risk_score));
        let sum: f64 = found.risk_parts.iter().map(|part| part.contribution).sum();
        prop_assert!((sum - found.risk_score).abs() < 1e-9);
        prop_assert_eq!(analyze(&item), found);
    }

    #[test]
    fn any_stated_point_and_place_are_taken(lat in -90.0..=90.0_f64, lon in -180.0..=180.0_f64, place in ".{0,30}") {
        let mut item = raw(SourceKind::Official, "M 4.0");
        item.stated = Some(Stated { lat: Some(lat), lon: Some(lon), place: Some(place), ..Stated::default() });
        let found = analyze(&item).location.unwrap();
        prop_assert_eq!((found.lat, found.lon), (lat, lon));
        prop_assert!(!found.name.is_empty());
    }
}

#[test]
fn a_megabyte_of_anything_takes_no_longer_than_its_first_part() {
    for text in [
        "<".repeat(1 << 20),
        "#".repeat(1 << 20),
        "&#".repeat(1 << 19),
        "e\u{301}\u{301}".repeat(1 << 18),
        "Paris ".repeat(1 << 17),
        "flood ".repeat(1 << 17),
    ] {
        let found = analyze(&post(&text));
        assert!(found.entities.len() <= 128);
    }
}
