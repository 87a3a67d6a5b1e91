//! Fire pixels to fires: single linkage with a reach that grows with the pixels (Sneath 1957). Pixels at the edge of a swath
//! are up to five times as wide as those below the satellite, so one distance for all would tear fires apart or join them.

use std::collections::HashMap;

use crisislens_model::Timestamp;

use crate::geo::wrap_longitude;

/// Kilometres of a degree of latitude.
const KM_PER_DEGREE: f64 = 111.2;
/// Gap between the edges of two pixels of one fire, in kilometres.
const GAP_KM: f64 = 1.0;
/// Side of a grid cell in degrees of latitude: more than the widest reach of two pixels.
const CELL_DEGREES: f64 = 0.1;
/// Widest reach that is looked for, in kilometres.
const MAX_REACH_KM: f64 = CELL_DEGREES * KM_PER_DEGREE;

/// Side of a place in which all pixels are of one fire, in degrees: its diagonal is shorter than the gap.
const CROWD_DEGREES: f64 = 0.005;
/// Pixels of such a place that are compared with those around it. More of them hardly reach further, and without a bound a file with a
/// million pixels in one place would keep us for days.
const MAX_COMPARED: usize = 2;

/// One pixel that burns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Pixel {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    pub(crate) at: Timestamp,
    /// Its longer side.
    pub(crate) size_km: f64,
    /// Fire radiative power.
    pub(crate) power_mw: f64,
    pub(crate) satellite: String,
}

/// The fires among `pixels`, the same whatever their order: fires from north to south, in each the pixels by time. A pixel is
/// compared with at most 7,200 others.
pub(crate) fn fires(mut pixels: Vec<Pixel>) -> Vec<Vec<Pixel>> {
    pixels.sort_by(|a, b| {
        let place = b.lat.total_cmp(&a.lat).then(a.lon.total_cmp(&b.lon));
        place.then(a.at.cmp(&b.at)).then_with(|| a.satellite.cmp(&b.satellite))
    });
    let mut cells: HashMap<(i32, i32), Vec<usize>> = HashMap::new();
    let mut crowds: HashMap<(i64, i64), (usize, usize)> = HashMap::new();
    let mut leaders: Vec<usize> = (0..pixels.len()).collect();
    for (index, pixel) in pixels.iter().enumerate() {
        let (first, count) = crowds.entry(crowd(pixel)).or_insert((index, 0));
        *count += 1;
        if *count > MAX_COMPARED {
            join(&mut leaders, index, *first);
            continue;
        }
        for near in neighbourhood(pixel) {
            for &other in cells.get(&near).into_iter().flatten() {
                if touch(pixel, &pixels[other]) {
                    join(&mut leaders, index, other);
                }
            }
        }
        let row = row(pixel.lat);
        cells.entry((row, column(pixel.lon, columns(row)))).or_default().push(index);
    }
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut fires: Vec<Vec<Pixel>> = Vec::new();
    for (index, pixel) in pixels.into_iter().enumerate() {
        let place = *places.entry(leader(&mut leaders, index)).or_insert(fires.len());
        if place == fires.len() {
            fires.push(Vec::new());
        }
        fires[place].push(pixel);
    }
    for fire in &mut fires {
        fire.sort_by_key(|pixel| pixel.at);
    }
    fires
}

fn join(leaders: &mut [usize], one: usize, two: usize) {
    let (one, two) = (leader(leaders, one), leader(leaders, two));
    leaders[one.max(two)] = one.min(two);
}

/// The place of a pixel to half a kilometre.
fn crowd(pixel: &Pixel) -> (i64, i64) {
    ((pixel.lat / CROWD_DEGREES).floor() as i64, (pixel.lon / CROWD_DEGREES).floor() as i64)
}

/// The one that leads the set of `index`; the way there is halved for the next time.
fn leader(leaders: &mut [usize], mut index: usize) -> usize {
    while leaders[index] != index {
        leaders[index] = leaders[leaders[index]];
        index = leaders[index];
    }
    index
}

/// Whether the edges of two pixels are at most a gap apart. On the flat, which is true enough over a few kilometres.
fn touch(a: &Pixel, b: &Pixel) -> bool {
    let reach = (GAP_KM + f64::midpoint(a.size_km, b.size_km)).min(MAX_REACH_KM);
    let north = (a.lat - b.lat) * KM_PER_DEGREE;
    let east = wrap_longitude(a.lon - b.lon) * KM_PER_DEGREE * f64::midpoint(a.lat, b.lat).to_radians().cos();
    north * north + east * east <= reach * reach
}

fn row(lat: f64) -> i32 {
    (lat / CELL_DEGREES).floor() as i32
}

/// Cells in a row: fewer towards the poles, so that each stays as wide as the reach. They close around the globe.
fn columns(row: i32) -> i32 {
    let edge = (f64::from(row).abs() + 1.0) * CELL_DEGREES;
    ((360.0 * edge.min(90.0).to_radians().cos() / CELL_DEGREES).floor() as i32).max(1)
}

fn column(lon: f64, columns: i32) -> i32 {
    (((lon + 180.0) / 360.0 * f64::from(columns)).floor() as i32).rem_euclid(columns)
}

/// The cells that can hold a pixel in reach, each once.
fn neighbourhood(pixel: &Pixel) -> Vec<(i32, i32)> {
    let own = row(pixel.lat);
    let mut cells: Vec<(i32, i32)> = (own - 1..=own + 1)
        .flat_map(|row| {
            let columns = columns(row);
            let middle = column(pixel.lon, columns);
            (middle - 1..=middle + 1).map(move |column| (row, column.rem_euclid(columns)))
        })
        .collect();
    cells.sort_unstable();
    cells.dedup();
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(lat: f64, lon: f64) -> Pixel {
        let at = "2022-02-26T00:20:00Z".parse().unwrap();
        Pixel { lat, lon, at, size_km: 1.0, power_mw: 10.0, satellite: "T".into() }
    }

    fn sizes(pixels: Vec<Pixel>) -> Vec<usize> {
        fires(pixels).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_chain_of_pixels_is_one_fire_and_a_gap_ends_it() {
        let chain = (0..20).map(|step| pixel(10.0 + f64::from(step) * 0.015, 20.0));
        assert_eq!(sizes(chain.chain([pixel(9.9, 20.0)]).collect()), [20, 1]);
        assert_eq!(sizes(Vec::new()), [0; 0]);
    }

    #[test]
    fn neither_the_antimeridian_nor_the_pole_tears_a_fire_apart() {
        assert_eq!(sizes(vec![pixel(65.0, 179.99), pixel(65.0, -179.99)]), [2]);
        assert_eq!(sizes(vec![pixel(89.999, 0.0), pixel(89.999, 179.0), pixel(-90.0, 5.0)]), [2, 1]);
    }

    #[test]
    fn a_crowd_in_one_place_is_one_fire_at_once() {
        let crowd = (0..200_000).map(|step| pixel(10.0 + f64::from(step % 7) * 1e-4, 20.0));
        assert_eq!(sizes(crowd.collect()), [200_000]);
    }

    #[test]
    fn wide_pixels_reach_further() {
        let wide = |lon| Pixel { size_km: 4.8, ..pixel(0.0, lon) };
        assert_eq!(sizes(vec![wide(0.0), wide(0.05)]), [2]);
        assert_eq!(sizes(vec![pixel(0.0, 0.0), pixel(0.0, 0.05)]), [1, 1]);
    }

    #[test]
    fn the_order_of_the_lines_changes_nothing_and_the_grid_finds_what_all_pairs_find() {
        // A linear congruential generator (Knuth's MMIX) stands in for chance.
        let mut state = 7_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 11) as f64 / (1_u64 << 53) as f64
        };
        for base in [0.0, 59.5, -71.0] {
            let mut pixels: Vec<Pixel> = (0..300)
                .map(|_| Pixel { size_km: 1.0 + 3.0 * next(), ..pixel(base + next(), 179.6 + next()) })
                .collect();
            let found = fires(pixels.clone());
            for fire in &found {
                for other in found.iter().filter(|other| *other != fire) {
                    assert!(!fire.iter().any(|a| other.iter().any(|b| touch(a, b))), "{base}");
                }
            }
            pixels.reverse();
            assert_eq!(fires(pixels), found);
        }
    }
}
