//! Where something happened, and how exactly we know.

use serde::{Deserialize, Serialize};

use crate::object::Object;

/// How exact a location is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// A country's centre.
    #[default]
    Country,
    /// A first-level division's centre.
    Admin1,
    /// A town's centre.
    City,
    /// Coordinates given by the source, or by the text.
    Point,
}

/// A place with coordinates in degrees (WGS 84), and why we think so.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Location {
    /// What people call it.
    pub name: String,
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
    /// ISO 3166-1 alpha-2, upper case; absent at sea or where unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Name of the first-level division.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub admin1: Option<String>,
    /// How exact it is.
    pub precision: Precision,
    /// 0 to 1.
    pub confidence: f64,
    /// The words or the source statement that decided it.
    #[serde(default)]
    pub why: Vec<String>,
    /// What else the name may mean, likeliest first, at most [`MAX_ALTERNATIVES`]; none where the source states the place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alternatives: Vec<Alternative>,
}

/// Most other meanings that are kept of a place's name.
pub const MAX_ALTERNATIVES: usize = 3;

/// Another place of the same name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Alternative {
    /// What people call it.
    pub name: String,
    /// ISO 3166-1 alpha-2, upper case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Latitude, −90 to 90.
    pub lat: f64,
    /// Longitude, −180 to 180.
    pub lon: f64,
    /// How exact it is.
    pub precision: Precision,
    /// 0 to 1: its share of belief among all that the name may mean.
    pub score: f64,
}

/// Whether the pair lies on the globe.
#[must_use]
pub fn on_the_globe(lat: f64, lon: f64) -> bool {
    (-90.0..=90.0).contains(&lat) && (-180.0..=180.0).contains(&lon)
}

/// Great-circle distance in kilometres (haversine, mean radius 6371.0088 km).
#[must_use]
pub fn distance_km(a: (f64, f64), b: (f64, f64)) -> f64 {
    let (lat_a, lat_b) = (a.0.to_radians(), b.0.to_radians());
    let half_lat = (lat_b - lat_a) / 2.0;
    let half_lon = (b.1 - a.1).to_radians() / 2.0;
    let chord = half_lat.sin().powi(2) + lat_a.cos() * lat_b.cos() * half_lon.sin().powi(2);
    2.0 * 6371.0088 * chord.sqrt().min(1.0).asin()
}

/// A box of degrees; `west` may exceed `east` where it crosses the antimeridian.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "Object<Corners>")]
pub struct BoundingBox {
    /// Westmost longitude.
    pub west: f64,
    /// Southmost latitude.
    pub south: f64,
    /// Eastmost longitude.
    pub east: f64,
    /// Northmost latitude.
    pub north: f64,
}

/// A box as it comes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Corners {
    west: f64,
    south: f64,
    east: f64,
    north: f64,
}

impl TryFrom<Object<Corners>> for BoundingBox {
    type Error = String;

    fn try_from(Object(corners): Object<Corners>) -> Result<Self, String> {
        let Corners { west, south, east, north } = corners;
        Self { west, south, east, north }.checked()
    }
}

impl BoundingBox {
    fn checked(self) -> Result<Self, String> {
        let Self { west, south, east, north } = self;
        if !on_the_globe(south, west) || !on_the_globe(north, east) || south > north {
            return Err("a bbox is west,south,east,north in degrees with south ≤ north".to_owned());
        }
        Ok(self)
    }

    /// Reads `west,south,east,north`, the order of GeoJSON (RFC 7946 §5).
    pub fn parse(text: &str) -> Result<Self, String> {
        let numbers: Vec<f64> = text
            .split(',')
            .map(|part| part.trim().parse::<f64>().map_err(|_| format!("`{part}` is not a number")))
            .collect::<Result<_, _>>()?;
        let [west, south, east, north] = numbers[..] else {
            return Err("a bbox is west,south,east,north".to_owned());
        };
        Self { west, south, east, north }.checked()
    }

    /// Whether the point lies inside or on the edge.
    #[must_use]
    pub fn contains(&self, lat: f64, lon: f64) -> bool {
        let within_lon = if self.west <= self.east {
            (self.west..=self.east).contains(&lon)
        } else {
            lon >= self.west || lon <= self.east
        };
        within_lon && (self.south..=self.north).contains(&lat)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_box_across_the_antimeridian_contains_fiji_and_not_paris() {
        let pacific = BoundingBox::parse("170,-30,-170,0").unwrap();
        assert!(pacific.contains(-18.1, 178.4));
        assert!(!pacific.contains(48.9, 2.35));
    }

    #[test]
    fn absurd_boxes_are_refused() {
        for text in ["", "1,2,3", "a,b,c,d", "0,50,10,40", "-200,0,0,0", "NaN,0,0,0"] {
            assert!(BoundingBox::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn rome_to_paris_is_about_1106_km() {
        let km = distance_km((41.9028, 12.4964), (48.8566, 2.3522));
        assert!((km - 1106.0).abs() < 3.0, "{km}");
    }
}
