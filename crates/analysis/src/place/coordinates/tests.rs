//! Coordinates as they are written, and what is none.

use super::*;

fn point(text: &str) -> Option<(f64, f64)> {
    find(text).map(|given| ((given.lat * 1e3).round() / 1e3, (given.lon * 1e3).round() / 1e3))
}

#[test]
fn one_point_is_written_in_many_ways() {
    for text in [
        "Flood at 19.0760, 72.8777 now",
        "19.0760,72.8777",
        "(19.0760, 72.8777)",
        "19.0760N 72.8777E",
        "19.0760° N, 72.8777° E",
        "N 19.0760 E 72.8777",
        "N19.0760, E72.8777",
        "19°04'33.6\"N 72°52'39.7\"E",
        "19°04′33.6″N 72°52′39.7″E",
        "19° 4' 33.6\" N, 72° 52' 39.7\" E",
        "19°04.56'N 72°52.662'E",
        "lat 19.0760 lon 72.8777",
        "Lat: 19.0760, Long: 72.8777",
        "latitude=19.0760&longitude=72.8777",
        "lon 72.8777 lat 19.0760",
        "lat 19.0760 and lon 72.8777",
        "geo:19.0760,72.8777;u=35",
        "geo:19.0760,72.8777",
        "GPS 19.0760 72.8777",
        "Coordinates: 19.0760, 72.8777",
        "https://maps.google.com/?q=19.0760,72.8777",
        "https://www.google.com/maps/@19.0760,72.8777,15z",
        "https://www.openstreetmap.org/?mlat=19.0760&mlon=72.8777#map=12/3",
        "magnitude 6.1 at 19.0760, 72.8777, depth 10 km",
    ] {
        assert_eq!(point(text), Some((19.076, 72.878)), "{text}");
    }
    assert_eq!(point("lat 19.07 lon 72.87"), Some((19.07, 72.87)));
    assert_eq!(point("geo:19.07,72.87"), Some((19.07, 72.87)));
    assert_eq!(point("-33.8688, 151.2093"), Some((-33.869, 151.209)));
    assert_eq!(point("33.8688S 151.2093E"), Some((-33.869, 151.209)));
    assert_eq!(point("40.7128N 74.0060W"), Some((40.713, -74.006)));
    assert_eq!(point("−33.8688, −70.6693"), Some((-33.869, -70.669)));
}

#[test]
fn the_poles_and_the_antimeridian_are_places_like_others() {
    assert_eq!(point("90.0000, 0.0000"), Some((90.0, 0.0)));
    assert_eq!(point("lat -90.0 lon 12.5"), Some((-90.0, 12.5)));
    assert_eq!(point("-18.1234, 180.0000"), Some((-18.123, 180.0)));
    assert_eq!(point("18.1234S 179.9999W"), Some((-18.123, -180.0)));
    assert_eq!(point("0.0000, 32.5811"), Some((0.0, 32.581)));
}

#[test]
fn what_only_looks_like_a_point_is_none() {
    for text in [
        "",
        "3-1",
        "1.5, 2.5",
        "1.5 2.5 million",
        "19.07, 72.87",
        "19.076, 72.877",
        "0.0000, 0.0000",
        "lat 0.0 lon 0.0",
        "geo:0,0",
        "91.0000, 72.8777",
        "19.0760, 180.5000",
        "lat 95.1 lon 72.8",
        "119.0760N 72.8777E",
        "$19.0760, $72.8777",
        "EUR 19.0760, 72.8777",
        "19.0760, 72.8777 USD",
        "₹19.0760, ₹72.8777",
        "19.0760%, 72.8777%",
        "19.0760, 72.8777, 31.5555",
        "v1.19.0760, 72.8777",
        "1.19.0760.2, 72.8777.1",
        "192.168.1.10, 10.0.0.1",
        "98765 43210",
        "+91 98765 43210",
        "080.1234.5678",
        "19.0760-72.8777",
        "19.0760 people and 72.8777 others",
        "19.0760. 72.8777",
        "M6.1, 10.5 km",
        "19N 72E",
        "30S 20W",
        "5 N Main Street 12 E",
        "2026-11-28, 14:30",
        "14:30.1234, 15:45.6789",
        "19.07N",
        "19.07N 20.07N",
        "12345678901234567890.1234, 72.8777",
        "19.07601234567890123, 72.8777",
    ] {
        assert_eq!(point(text), None, "{text}");
    }
}

#[test]
fn hostile_rows_end_nothing_and_are_looked_through_once() {
    for piece in
        ["19.0760 ", "1°", "9°9'9\"", "-", "N", "lat", "geo:", "१९.०७६०, ", "19.0760,,", "é1.2345é", "𝟏𝟗.𝟎𝟕"]
    {
        let text = piece.repeat(2_000);
        let _ = find(&text);
    }
    let steps = |count: usize| crate::work::of(|| find(&"1x".repeat(count))).1;
    assert!(steps(4_000) <= 4 * steps(1_000) + 64);
}
