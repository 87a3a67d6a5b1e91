//! Points and polygons as sources state them.

/// Latitude and longitude in degrees.
pub(crate) type Point = (f64, f64);

/// `lon` brought into −180…180; feeds near the date line go beyond.
pub(crate) fn wrap_longitude(lon: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

/// The centre of gravity of the largest of `rings`, on the flat; good enough to set a pin.
pub(crate) fn centre(rings: &[Vec<Point>]) -> Option<Point> {
    rings
        .iter()
        .filter_map(|ring| weighted_centre(ring))
        .max_by(|left, right| left.1.total_cmp(&right.1))
        .map(|best| best.0)
}

/// Centre and area (square degrees) of one ring; the mean of the corners where the ring has no area.
fn weighted_centre(ring: &[Point]) -> Option<(Point, f64)> {
    let (lat0, lon0) = *ring.first()?;
    let (mut area, mut lat_sum, mut lon_sum) = (0.0, 0.0, 0.0);
    for (index, &(lat_a, lon_a)) in ring.iter().enumerate() {
        let (lat_b, lon_b) = ring[(index + 1) % ring.len()];
        // Relative to the first corner, so that small polygons far from (0, 0) keep their precision.
        let (xa, ya, xb, yb) = (lon_a - lon0, lat_a - lat0, lon_b - lon0, lat_b - lat0);
        let cross = xa * yb - xb * ya;
        area += cross;
        lon_sum += (xa + xb) * cross;
        lat_sum += (ya + yb) * cross;
    }
    if area.abs() < 1e-12 {
        let count = ring.len() as f64;
        let sum = ring.iter().fold((0.0, 0.0), |sum, corner| (sum.0 + corner.0, sum.1 + corner.1));
        return Some(((sum.0 / count, sum.1 / count), 0.0));
    }
    Some(((lat0 + lat_sum / (3.0 * area), lon0 + lon_sum / (3.0 * area)), area.abs() / 2.0))
}

/// The outer rings of a GeoJSON Polygon or MultiPolygon, or the point of a Point (RFC 7946 §3.1).
pub(crate) fn rings_of_geojson(geometry: &serde_json::Value) -> Vec<Vec<Point>> {
    let Some(coordinates) = geometry.get("coordinates") else { return Vec::new() };
    let outer = |polygon: &serde_json::Value| polygon.get(0).map(ring_of_geojson).unwrap_or_default();
    match geometry.get("type").and_then(serde_json::Value::as_str) {
        Some("Point") => vec![point_of_geojson(coordinates).into_iter().collect()],
        Some("Polygon") => vec![outer(coordinates)],
        Some("MultiPolygon") => coordinates.as_array().into_iter().flatten().map(outer).collect(),
        _ => Vec::new(),
    }
}

fn ring_of_geojson(ring: &serde_json::Value) -> Vec<Point> {
    ring.as_array().into_iter().flatten().filter_map(point_of_geojson).collect()
}

fn point_of_geojson(position: &serde_json::Value) -> Option<Point> {
    let lon = position.get(0)?.as_f64()?;
    let lat = position.get(1)?.as_f64()?;
    on_globe(lat, lon)
}

/// The outer rings of well-known text: `POINT (lon lat)`, `POLYGON ((…), (…))` or `MULTIPOLYGON` (OGC 06-103r4 §7). Corners that
/// cannot be read are left out.
pub(crate) fn rings_of_wkt(text: &str) -> Vec<Vec<Point>> {
    let text = text.trim();
    let corner = |corner: &str| {
        let mut numbers = corner.split_whitespace().map(|n| n.trim_matches(['(', ')']).parse::<f64>());
        let (lon, lat) = (numbers.next()?.ok()?, numbers.next()?.ok()?);
        on_globe(lat, lon)
    };
    let ring = |ring: &str| ring.split(',').filter_map(corner).collect();
    let Some((kind, body)) = text.split_once('(') else { return Vec::new() };
    match kind.trim().to_ascii_uppercase().as_str() {
        "POINT" => vec![ring(body)],
        // The first ring of each polygon is its outline, the others are holes.
        "POLYGON" => body.split("),").take(1).map(ring).collect(),
        "MULTIPOLYGON" => {
            body.split(")),").filter_map(|polygon| polygon.split("),").next()).map(ring).collect()
        }
        _ => Vec::new(),
    }
}

/// The point, if it lies on the globe once its longitude is wrapped.
pub(crate) fn on_globe(lat: f64, lon: f64) -> Option<Point> {
    let lon = wrap_longitude(lon);
    ((-90.0..=90.0).contains(&lat) && lon.is_finite()).then_some((lat, lon))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_centre_of_a_square_is_its_middle_and_the_largest_ring_decides() {
        let square = vec![(10.0, 20.0), (10.0, 22.0), (12.0, 22.0), (12.0, 20.0), (10.0, 20.0)];
        let speck = vec![(0.0, 0.0), (0.0, 0.1), (0.1, 0.1)];
        let (lat, lon) = centre(&[speck, square]).unwrap();
        assert!((lat - 11.0).abs() < 1e-9 && (lon - 21.0).abs() < 1e-9, "{lat} {lon}");
        assert_eq!(centre(&[vec![(1.0, 2.0)]]), Some((1.0, 2.0)));
        assert_eq!(centre(&[vec![]]), None);
    }

    #[test]
    fn well_known_text_gives_its_outlines() {
        assert_eq!(rings_of_wkt("POINT (3.5 41.25)"), [[(41.25, 3.5)]]);
        let square = "POLYGON ((20 10, 22 10, 22 12, 20 12, 20 10), (21 11, 21.1 11, 21 11.1))";
        let (lat, lon) = centre(&rings_of_wkt(square)).unwrap();
        assert!((lat - 11.0).abs() < 1e-9 && (lon - 21.0).abs() < 1e-9, "{lat} {lon}");
        assert_eq!(rings_of_wkt("MULTIPOLYGON (((0 0, 1 0, 1 1), (0 0, 0 0)), ((5 5, 6 5, x 6)))").len(), 2);
        for broken in ["", "POINT", "POINT (x y)", "POINT (1 91)", "LINESTRING (1 1, 2 2)", "POLYGON ((,"] {
            assert_eq!(centre(&rings_of_wkt(broken)), None, "{broken}");
        }
    }

    #[test]
    fn longitudes_beyond_the_date_line_wrap() {
        assert!((wrap_longitude(-181.5) - 178.5).abs() < 1e-9);
        assert_eq!(on_globe(91.0, 0.0), None);
        assert_eq!(on_globe(0.0, f64::NAN), None);
    }
}
