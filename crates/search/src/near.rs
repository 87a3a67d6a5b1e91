//! What lies around a place. Both engines and memory compare the same numbers, points on the unit sphere that are computed once and
//! here, by additions and multiplications alone, so that no library's sine decides on which side of the edge something lies.

use crisislens_model::place::on_the_globe;

/// Mean radius of the earth, kilometres, as in `model::place::distance_km`.
const RADIUS_KM: f64 = 6371.0088;
/// More than the square of any chord of the unit sphere.
const EVERYWHERE: f64 = 8.0;

/// A circle on the globe.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// The middle, on the unit sphere.
    pub(crate) centre: [f64; 3],
    /// Points up to this square of a chord away are within.
    pub(crate) most: f64,
}

impl Near {
    /// What is at most `km` from the place; none where that is no place or no distance.
    #[must_use]
    pub fn of(lat: f64, lon: f64, km: f64) -> Option<Self> {
        let sound = on_the_globe(lat, lon) && km.is_finite() && km > 0.0;
        let half_angle = km / RADIUS_KM / 2.0;
        let chord = 2.0 * half_angle.sin();
        let most = if half_angle < std::f64::consts::FRAC_PI_2 { chord * chord } else { EVERYWHERE };
        sound.then(|| Self { centre: on_sphere(lat, lon), most })
    }

    /// Whether a point of the unit sphere is within.
    #[must_use]
    pub(crate) fn has(&self, [x, y, z]: [f64; 3]) -> bool {
        let [dx, dy, dz] = [x - self.centre[0], y - self.centre[1], z - self.centre[2]];
        dx * dx + dy * dy + dz * dz <= self.most
    }
}

/// The point of the unit sphere at these degrees.
pub(crate) fn on_sphere(lat: f64, lon: f64) -> [f64; 3] {
    let (lat, lon) = (lat.to_radians(), lon.to_radians());
    [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
}

#[cfg(test)]
mod tests {
    use crisislens_model::place::distance_km;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_circle_goes_across_the_poles_and_the_date_line() {
        for (centre, inside, outside) in [
            ((0.0, 179.9), (0.0, -179.9), (0.0, 179.0)),
            ((0.0, -180.0), (0.0, 180.0), (0.0, -179.0)),
            ((89.9, 0.0), (89.9, 180.0), (89.0, 0.0)),
            ((-90.0, 120.0), (-90.0, -60.0), (-89.0, 120.0)),
        ] {
            let near = Near::of(centre.0, centre.1, 30.0).unwrap();
            assert!(near.has(on_sphere(inside.0, inside.1)), "{centre:?} {inside:?}");
            assert!(!near.has(on_sphere(outside.0, outside.1)), "{centre:?} {outside:?}");
        }
        let all = Near::of(10.0, 20.0, 20_040.0).unwrap();
        assert!(all.has(on_sphere(-10.0, -160.0)), "the point farthest away");
    }

    #[test]
    fn what_is_no_circle_is_refused() {
        for (lat, lon, km) in [
            (91.0, 0.0, 1.0),
            (0.0, 181.0, 1.0),
            (0.0, 0.0, 0.0),
            (0.0, 0.0, -1.0),
            (f64::NAN, 0.0, 1.0),
            (0.0, 0.0, f64::INFINITY),
        ] {
            assert_eq!(Near::of(lat, lon, km), None);
        }
    }

    proptest! {
        #[test]
        fn it_means_the_distance_over_the_globe(
            a in (-90.0..=90.0_f64, -180.0..=180.0_f64), b in (-90.0..=90.0_f64, -180.0..=180.0_f64), km in 0.1..20_015.0_f64
        ) {
            let distance = distance_km(a, b);
            prop_assume!(f64::abs(distance - km) > 0.01);
            prop_assert_eq!(Near::of(a.0, a.1, km).unwrap().has(on_sphere(b.0, b.1)), distance < km);
        }
    }
}
