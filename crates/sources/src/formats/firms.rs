//! Active fires of NASA FIRMS as CSV (MODIS and VIIRS, near real time): pixels that a satellite saw burn, gathered into fires.
//! <https://www.earthdata.nasa.gov/data/tools/firms/faq>
//!
//! A fire is told once for each day (UTC) on which it was seen, and is told anew when a later pass sees more of it. Its id is the
//! day and the tenth of a degree in which the day's first pixel lies. What this cannot do: tell a gas flare, a volcano or a smelter
//! from a fire (the files have no such column), or keep one id where two fires of a day grow together.

use std::collections::BTreeMap;

use crisislens_model::{HazardType, Stated, Timestamp};
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use serde_json::json;

use super::firms_cluster::{Pixel, fires};
use crate::draft::{Draft, raw};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::{decode, geo};

/// Fewest pixels of a fire that is told; single ones are mostly stubble, bonfires or sun glint.
const MIN_PIXELS: usize = 3;
/// Radiative power from which fewer pixels are told as well, in megawatts.
const MIN_POWER_MW: f64 = 150.0;
/// A file whose first pixel of a day is later than this lacks the start of that day.
const WHOLE_DAY_UNTIL: Time = Time::constant(3, 0, 0, 0);

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let mut lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let head = lines.next().map(|(_, line)| line).unwrap_or_default();
    let columns = Columns::of(head).ok_or_else(|| DocumentError::Unexpected {
        expected: "a table of FIRMS",
        found: format!("its first line is `{}`", head.chars().take(80).collect::<String>()),
    })?;
    let mut parsed = Parsed::default();
    let mut pixels = Vec::new();
    for (number, line) in lines {
        match columns.read(line) {
            Ok(pixel) => pixels.extend(pixel),
            Err(reason) => parsed.take(&format!("line {}", number + 1), Err(reason), ctx),
        }
    }
    take_fires(&mut parsed, pixels, ctx);
    Ok(parsed)
}

fn take_fires(parsed: &mut Parsed, pixels: Vec<Pixel>, ctx: &SourceContext<'_>) {
    let cut = cut_day(&pixels);
    let mut small = 0;
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for fire in fires(pixels) {
        let Some(last) = fire.iter().map(day).max() else { continue };
        let today: Vec<Pixel> = fire.into_iter().filter(|pixel| day(pixel) == last).collect();
        let power: f64 = today.iter().map(|pixel| pixel.power_mw).sum();
        if today.len() < MIN_PIXELS && power < MIN_POWER_MW {
            small += today.len();
            continue;
        }
        let mut name = name(&today, last);
        // Two fires whose first pixels lie in one cell: the further ones are numbered, from north-west to south-east.
        let nth = known.entry(name.clone()).or_insert(0);
        *nth += 1;
        if *nth > 1 {
            name.push_str(&format!("/{nth}"));
        }
        let cut_off = cut == Some(last);
        let draft = if cut_off {
            Err("the file no longer holds the start of its day; it was told on the day itself".to_owned())
        } else {
            Ok(draft(&today, name.clone(), last))
        };
        parsed.take(&name, draft, ctx);
    }
    if small > 0 {
        let reason = format!(
            "{small} pixels lie alone or in pairs, below {MIN_PIXELS} pixels and {MIN_POWER_MW} MW together"
        );
        parsed.take("single pixels", Err(reason), ctx);
    }
}

/// The first day, where the file has lost its start and goes on into a later one.
fn cut_day(pixels: &[Pixel]) -> Option<Date> {
    let first = pixels.iter().map(|pixel| pixel.at).min()?.to_zoned(TimeZone::UTC);
    let last = pixels.iter().map(day).max()?;
    (first.date() < last && first.time() > WHOLE_DAY_UNTIL).then(|| first.date())
}

fn day(pixel: &Pixel) -> Date {
    pixel.at.to_zoned(TimeZone::UTC).date()
}

/// Day and cell of the first pixel; of pixels at one time, the most north-western.
fn name(today: &[Pixel], day: Date) -> String {
    let first = today
        .iter()
        .min_by(|a, b| a.at.cmp(&b.at).then(b.lat.total_cmp(&a.lat)).then(a.lon.total_cmp(&b.lon)));
    let tenth = |degrees: f64| (degrees * 10.0).floor() / 10.0;
    first.map_or_else(String::new, |pixel| format!("{day}/{:.1},{:.1}", tenth(pixel.lat), tenth(pixel.lon)))
}

fn draft(today: &[Pixel], name: String, day: Date) -> Draft {
    let power: f64 = today.iter().map(|pixel| pixel.power_mw).sum();
    let strongest = today.iter().map(|pixel| pixel.power_mw).fold(0.0, f64::max);
    let (first, last) = (today.iter().map(|p| p.at).min(), today.iter().map(|p| p.at).max());
    let mut satellites: Vec<&str> = today.iter().map(|pixel| satellite(&pixel.satellite)).collect();
    satellites.sort_unstable();
    satellites.dedup();
    let clock = |at: Option<Timestamp>| at.map(|at| at.strftime("%H:%M").to_string()).unwrap_or_default();
    let count = today.len();
    let point = middle(today);
    Draft {
        title: Some(format!("Fire seen from space: {count} pixels, {power:.0} MW")),
        text: format!(
            "{} saw fire in {count} pixels on {day} between {} and {} UTC, with {power:.0} MW of radiative power together and \
             {strongest:.0} MW in the strongest.",
            satellites.join(", "),
            clock(first),
            clock(last),
        ),
        author: Some("NASA FIRMS".into()),
        said_at: last,
        language: Some("en".into()),
        stated: Stated {
            hazard: Some(HazardType::Wildfire),
            lat: point.map(|point| point.0),
            lon: point.map(|point| point.1),
            event_id: None,
            ..Stated::default()
        },
        raw: raw(&json!({
            "pixels": count,
            "power_mw": (power * 100.0).round() / 100.0,
            "strongest_mw": strongest,
            "satellites": satellites,
            "first": first.map(|at| at.to_string()),
            "last": last.map(|at| at.to_string()),
            "box": bounds(today),
        })),
        source_id: name,
        ..Draft::default()
    }
}

/// The middle weighted by radiative power, reckoned from the first pixel so that the antimeridian does not tear it apart.
fn middle(pixels: &[Pixel]) -> Option<geo::Point> {
    let origin = pixels.first()?;
    let (mut weight, mut lat, mut lon) = (0.0, 0.0, 0.0);
    for pixel in pixels {
        let power = pixel.power_mw.max(0.1);
        weight += power;
        lat += power * (pixel.lat - origin.lat);
        lon += power * geo::wrap_longitude(pixel.lon - origin.lon);
    }
    geo::on_globe(origin.lat + lat / weight, origin.lon + lon / weight)
}

/// South, west, north, east.
fn bounds(pixels: &[Pixel]) -> [f64; 4] {
    pixels.iter().fold([90.0, 180.0, -90.0, -180.0], |[s, w, n, e], pixel| {
        [pixel.lat.min(s), pixel.lon.min(w), pixel.lat.max(n), pixel.lon.max(e)]
    })
}

fn satellite(code: &str) -> &str {
    match code {
        "T" | "Terra" => "Terra",
        "A" | "Aqua" => "Aqua",
        "N" | "S-NPP" => "Suomi NPP",
        "1" | "N20" | "NOAA-20" => "NOAA-20",
        "N21" | "NOAA-21" => "NOAA-21",
        other => other,
    }
}

/// Where the columns are; names stay, their order and number differ between instruments and years.
struct Columns {
    lat: usize,
    lon: usize,
    date: usize,
    time: usize,
    scan: Option<usize>,
    track: Option<usize>,
    satellite: Option<usize>,
    confidence: Option<usize>,
    power: Option<usize>,
}

impl Columns {
    fn of(head: &str) -> Option<Self> {
        let names: Vec<String> = head.split(',').map(|name| name.trim().to_ascii_lowercase()).collect();
        let find = |name: &str| names.iter().position(|known| known == name);
        Some(Self {
            lat: find("latitude")?,
            lon: find("longitude")?,
            date: find("acq_date")?,
            time: find("acq_time")?,
            scan: find("scan"),
            track: find("track"),
            satellite: find("satellite"),
            confidence: find("confidence"),
            power: find("frp"),
        })
    }

    /// The pixel of a line; none where the instrument itself trusts it little.
    fn read(&self, line: &str) -> Result<Option<Pixel>, String> {
        let fields: Vec<&str> = line.split(',').map(str::trim).collect();
        let field = |at: usize| fields.get(at).copied().unwrap_or_default();
        let number = |at: usize, name: &str| {
            let number = field(at).parse::<f64>().ok().filter(|number| number.is_finite());
            number.ok_or_else(|| format!("its {name}, `{}`, is no number", clip(field(at))))
        };
        let optional = |at: Option<usize>, name: &str| at.map_or(Ok(None), |at| number(at, name).map(Some));
        let (lat, lon) = (number(self.lat, "latitude")?, number(self.lon, "longitude")?);
        let (lat, lon) =
            geo::on_globe(lat, lon).ok_or_else(|| format!("{lat}, {lon} is not on the globe"))?;
        let at = instant(field(self.date), field(self.time)).ok_or_else(|| {
            format!("`{} {}` is no date and time", clip(field(self.date)), clip(field(self.time)))
        })?;
        let scan = optional(self.scan, "scan")?.unwrap_or(1.0);
        let track = optional(self.track, "track")?.unwrap_or(1.0);
        let power = optional(self.power, "frp")?.unwrap_or(0.0);
        if !(0.0..=50.0).contains(&scan) || !(0.0..=50.0).contains(&track) || !(-1e3..=1e6).contains(&power) {
            return Err("its size or power is beyond what the instruments can give".into());
        }
        if self.confidence.is_some_and(|at| is_low(field(at))) {
            return Ok(None);
        }
        let satellite = self.satellite.map(field).unwrap_or_default().to_owned();
        Ok(Some(Pixel { lat, lon, at, size_km: scan.max(track), power_mw: power.max(0.0), satellite }))
    }
}

fn clip(text: &str) -> String {
    text.chars().take(40).collect()
}

/// `2022-02-26` and `0020`, `20` or `00:20`, in UTC.
fn instant(date: &str, time: &str) -> Option<Timestamp> {
    let date: Date = date.parse().ok()?;
    let digits = time.replace(':', "");
    let number: u32 = digits.get(..4).unwrap_or(&digits).parse().ok()?;
    let (hour, minute) = (i8::try_from(number / 100).ok()?, i8::try_from(number % 100).ok()?);
    let time = Time::new(hour, minute, 0, 0).ok()?;
    Some(DateTime::from_parts(date, time).to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// The classes of the FIRMS documentation: MODIS below 30 %, VIIRS `l` or `low`.
fn is_low(confidence: &str) -> bool {
    match confidence.parse::<f64>() {
        Ok(percent) => percent < 30.0,
        Err(_) => confidence.to_ascii_lowercase().starts_with('l'),
    }
}
