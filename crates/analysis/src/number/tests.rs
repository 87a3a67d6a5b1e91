//! Numbers as they are written, and what is none.

use super::*;
use crate::claims::lexicon::Terms;
use crate::text::Clean;
use crisislens_model::Language;

fn numbers(text: &str, code: &str) -> Vec<(f64, Option<f64>)> {
    let doc = Doc::new(Clean::new(None, text), |_| false);
    let language = Language { code: code.to_owned(), confidence: 0.9 };
    let reading = Terms::new().unwrap().read(&doc, &language);
    all(&doc, &reading)
        .into_iter()
        .filter_map(|number| number.count().or(Some(number)))
        .map(|number| (number.low, number.high))
        .collect()
}

#[test]
fn one_number_is_written_in_many_ways() {
    for (text, code) in [
        ("1,200", "en"),
        ("1.200", "de"),
        ("1.200", "en"),
        ("1 200", "fr"),
        ("1'200", "de"),
        ("1.2 thousand", "en"),
        ("1.2k", "en"),
        ("१२००", "hi"),
        ("১,২০০", "bn"),
        ("١٢٠٠", "ar"),
        ("12 hundred", "en"),
        ("1,2 mil", "es"),
    ] {
        assert_eq!(numbers(text, code), [(1200.0, Some(1200.0))], "{text}");
    }
    assert_eq!(numbers("2.5 crore", "en"), [(25_000_000.0, Some(25_000_000.0))]);
    assert_eq!(numbers("1,00,000", "hi"), [(100_000.0, Some(100_000.0))]);
    assert_eq!(numbers("twenty-five", "en"), [(25.0, Some(25.0))]);
    assert_eq!(numbers("1.234,5", "de"), [(1234.5, Some(1234.5))]);
}

#[test]
fn scales_of_india_and_of_europe_are_read_in_any_language() {
    for (text, number) in [
        ("2.5 lakh", 250_000.0),
        ("2.5 lacs", 250_000.0),
        ("2.5 लाख", 250_000.0),
        ("२.५ लाख", 250_000.0),
        ("३ कोटी", 30_000_000.0),
        ("3 करोड़", 30_000_000.0),
        ("50 hazar", 50_000.0),
        ("50 हजार", 50_000.0),
        ("1,5 Mio", 1_500_000.0),
        ("1.5 mln", 1_500_000.0),
        ("2 lakh 50 hazar", 250_000.0),
        ("1 crore 20 lakh 5 hazar", 12_005_000.0),
    ] {
        for code in ["en", "hi", "de"] {
            let read = numbers(text, code);
            assert_eq!(read.first(), Some(&(number, Some(number))), "{text} {code}");
        }
    }
    for (text, code, number) in [
        ("dos mil personas", "es", 2_000.0),
        ("mil personas", "es", 1_000.0),
        ("treinta y cinco", "es", 35.0),
        ("trinta e cinco", "pt", 35.0),
        ("3M people", "en", 3_000_000.0),
        ("2.5L people", "en", 250_000.0),
        ("1.200.000 personas", "es", 1_200_000.0),
        ("1 200 000 personnes", "fr", 1_200_000.0),
        ("1'200'000", "de", 1_200_000.0),
        ("3 bin", "tr", 3_000.0),
    ] {
        assert_eq!(numbers(text, code), [(number, Some(number))], "{text}");
    }
}

#[test]
fn what_only_looks_like_a_scale_is_none() {
    assert_eq!(numbers("3m high, 2L bottle", "en").iter().filter(|one| one.0 > 1e4).count(), 0);
    assert_eq!(numbers("$12 mil", "es"), []);
    assert_eq!(numbers("5 lakh 200 people", "en").first(), Some(&(500_000.0, Some(500_000.0))));
    assert_eq!(numbers("2 thousand 3 million", "en").first(), Some(&(2_000.0, Some(2_000.0))));
}

#[test]
fn a_count_beside_what_announces_names_stays() {
    for (text, count) in [
        ("Fire in hospital ward 13 patients killed", 13.0),
        ("Blast at airport terminal 14 killed", 14.0),
        ("Stampede at stadium gate 9 dead", 9.0),
        ("Flood in Porto-40 dead", 40.0),
        ("Earthquake in Nepal–128 dead", 128.0),
        ("At Least 20 May Be Dead After Quake", 20.0),
        ("3m people displaced", 3e6),
    ] {
        assert_eq!(numbers(text, "en").first().map(|one| one.0), Some(count), "{text}");
    }
    for text in ["flight 370 killed 239", "Ward 13 people", "NH-48 people", "Covid-19 patients"] {
        assert!(!numbers(text, "en").iter().any(|one| [370.0, 13.0, 48.0, 19.0].contains(&one.0)), "{text}");
    }
    let high = numbers("Water rose 5m people trapped in Porto", "en");
    assert!(high.iter().all(|one| one.0 < 1e6), "{high:?}");
}

#[test]
fn days_count_nothing_in_any_language() {
    for text in [
        "28 novembre",
        "28 November",
        "November 28",
        "Nov. 28",
        "28. November",
        "28-Nov",
        "28 de noviembre",
        "28 kasım",
        "28 नवंबर",
        "28 نوفمبر",
        "28 نومبر",
        "28 Νοεμβρίου",
        "28 ноября",
        "28 Juli",
        "28-30 November",
        "28 to 30 November",
        "le 28 août",
        "November 28: flood",
        "20241128",
        "on November 28 killed",
    ] {
        assert_eq!(numbers(text, "en"), [], "{text}");
    }
    for text in ["28 mei", "28 mars", "28 mai", "28 ocak", "28 marca"] {
        assert_eq!(numbers(text, "und"), [], "{text}");
    }
}

#[test]
fn numbers_beside_words_that_are_also_months_stay() {
    for (text, code) in [
        ("28 may have died", "en"),
        ("28 march in protest", "en"),
        ("in November 28 died", "en"),
        ("In May 28 people died", "en"),
        ("It ended in November. 28 died", "en"),
        ("28 dead in November", "en"),
    ] {
        assert_eq!(numbers(text, code), [(28.0, Some(28.0))], "{text}");
    }
    assert_eq!(numbers("32 November", "en").len(), 1, "no month has so many days");
}

#[test]
fn ranges_and_bounds_are_kept() {
    assert_eq!(numbers("10-15", "en"), [(10.0, Some(15.0))]);
    assert_eq!(numbers("between 10 and 15", "en"), [(10.0, Some(15.0))]);
    assert_eq!(numbers("10 to 15 thousand", "en"), [(10_000.0, Some(15_000.0))]);
    assert_eq!(numbers("from 10 to 15", "en"), [(15.0, Some(15.0))]);
    assert_eq!(numbers("more than 20", "en"), [(20.0, None)]);
    assert_eq!(numbers("up to 20", "en"), [(0.0, Some(20.0))]);
    assert_eq!(numbers("nearly 100", "en"), [(90.0, Some(100.0))]);
    assert_eq!(numbers("50+", "en"), [(50.0, None)]);
    assert_eq!(numbers("२० से अधिक", "hi"), [(20.0, None)]);
}

#[test]
fn what_counts_nothing_is_no_number() {
    for text in [
        "0800 123 4567",
        "+44 20 7946 0958",
        "24/7",
        "9/11",
        "3-1",
        "7:30",
        "$25",
        "60%",
        "2026-03-01",
        "1.3.2026",
        "#911",
        "A380",
        "flight 370",
        "0730",
        "192.168.1.10",
        "555-123-4567",
        "12345678901",
        "NH-48",
        "I-95",
        "NH 48",
        "Covid-19",
        "COVID-19",
        "ward 12",
        "category 5",
        "helpline 112",
        "M25",
    ] {
        assert_eq!(numbers(text, "en"), [], "{text}");
    }
}
