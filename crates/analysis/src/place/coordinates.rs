//! Coordinates in a text: `19.0760, 72.8777`, `19.0760N 72.8777E`, `19°04'33"N 72°52'39"E`, `lat 19.07 lon 72.87`, `geo:19.07,72.87`.
//!
//! With a hemisphere, a degree's sign, a word for it or `geo:` they are explicit. Two bare numbers are coordinates only where both
//! have four decimals and nothing beside them says that they are prices, rates, versions or part of a longer row. Not on the globe, or
//! 0, 0, which is what programs say that do not know, is none.

use crisislens_model::place::on_the_globe;

/// Fewest decimals of a bare pair: about ten metres. Nobody writes scores or prices so.
const BARE_DECIMALS: usize = 4;
/// Fewest decimals of an explicit one: about ten kilometres.
const LEAST_DECIMALS: usize = 1;
/// The same where only a word before both says so: about a kilometre.
const NAMED_DECIMALS: usize = 2;
/// Most digits before and behind the point.
const MAX_WHOLE: usize = 3;
const MAX_DECIMALS: usize = 12;
/// Most bytes between the two, and before the first, that are looked at.
const MAX_BETWEEN: usize = 16;
const MAX_BEFORE: usize = 12;
const MAX_WORD: usize = 24;
/// Most numbers of one text that are looked at.
const MAX_NUMBERS: usize = 256;
/// Codes of currencies that make two numbers a rate.
const CURRENCIES: [&str; 10] = ["usd", "eur", "gbp", "inr", "jpy", "chf", "btc", "eth", "rs", "try"];
const LATITUDES: [&str; 3] = ["latitude", "latitud", "lat"];
const LONGITUDES: [&str; 5] = ["longitude", "longitud", "long", "lng", "lon"];
/// Words right before two numbers that say what they are.
const NAMES: [&str; 14] = [
    "geo",
    "coordinates",
    "coords",
    "coordenadas",
    "coordonnées",
    "koordinaten",
    "coordinate",
    "gps",
    "lat/lon",
    "lat/long",
    "lat,lon",
    "lat, lon",
    "latlng",
    "location",
];

/// A point that a text gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Given {
    pub(super) lat: f64,
    pub(super) lon: f64,
    /// A word or sign says that they are coordinates.
    pub(super) explicit: bool,
    /// Words or hemispheres say which of the two is the latitude.
    pub(super) ordered: bool,
}

/// Which way a number goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Axis {
    Lat,
    Lon,
}

/// A number of degrees.
#[derive(Debug, Clone, Copy)]
struct Degrees {
    value: f64,
    decimals: usize,
    /// What a word or a hemisphere says of it.
    axis: Option<Axis>,
    /// It has a degree's sign, a hemisphere or a word before it.
    marked: bool,
    at: (usize, usize),
}

impl Given {
    /// The first point that `text` gives.
    pub(crate) fn in_text(text: &str) -> Option<Self> {
        find(text)
    }
}

fn find(text: &str) -> Option<Given> {
    if !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut before: Option<Degrees> = None;
    let (mut at, mut looked) = (0, 0);
    let mut floor = 0;
    while let Some(from) = next_digit(text, at).filter(|_| looked < MAX_NUMBERS) {
        looked += 1;
        let Some(number) = degrees(text, from, floor) else {
            at = skip(text, from);
            before = None;
            continue;
        };
        at = number.at.1;
        floor = at;
        if let Some(given) = before.and_then(|first| pair(text, first, number)) {
            return Some(given);
        }
        before = Some(number);
    }
    None
}

fn next_digit(text: &str, from: usize) -> Option<usize> {
    text.as_bytes().get(from..)?.iter().position(u8::is_ascii_digit).map(|at| from + at)
}

/// Behind the row of letters, digits and points at `from`.
fn skip(text: &str, from: usize) -> usize {
    let rest = &text.as_bytes()[from..];
    crate::work::add(1);
    from + rest.iter().position(|byte| !byte.is_ascii_digit() && *byte != b'.').unwrap_or(rest.len())
}

/// The degrees whose first digit is at `from`; letters before `floor` belong to the number before.
fn degrees(text: &str, from: usize, floor: usize) -> Option<Degrees> {
    let (whole, decimals, mut end) = decimal(text, from)?;
    let mut head = &text[..from];
    let mut negative = false;
    if let Some(rest) = head.strip_suffix(['-', '−']) {
        // "12-34" is a range or a phone number.
        if rest.ends_with(char::is_alphanumeric) {
            return None;
        }
        (negative, head) = (true, rest);
    }
    let start = head.len();
    let before = hemisphere_before(head, floor);
    let is_foreign = |char: char| matches!(char, '$' | '€' | '£' | '₹' | '¥' | '#' | '.' | '%' | '+');
    let is_part = head.ends_with(char::is_alphanumeric) && before.is_none();
    let is_time =
        head.strip_suffix(':').is_some_and(|rest| rest.ends_with(|char: char| char.is_ascii_digit()));
    if is_part || is_time || head.ends_with(is_foreign) {
        return None;
    }
    let mut value = whole;
    let (mut marked, mut exact) = (false, decimals);
    if let Some(after) = eat(text, end, &["°", "º"]) {
        marked = true;
        end = after;
        if let Some((minutes, after, digits)) = sixtieth(text, end, &["'", "’", "′", "‘"]) {
            (value, end, exact) = (value + minutes / 60.0, after, digits + 2);
            if let Some((seconds, after, digits)) =
                sixtieth(text, end, &["\"", "”", "″", "′′", "''", "’’", "“"])
            {
                (value, end, exact) = (value + seconds / 3600.0, after, digits + 4);
            }
        }
    }
    let mut axis = None;
    if let Some((found, south)) = before {
        (axis, marked) = (Some(found), true);
        negative |= south;
    } else if let Some((found, south, after)) = hemisphere_behind(text, end) {
        (axis, marked, end) = (Some(found), true, after);
        negative |= south;
    } else if let Some(found) = axis_before(head) {
        (axis, marked) = (Some(found), true);
    }
    let joined =
        text[end..].starts_with(|char: char| char.is_alphanumeric() || matches!(char, '%' | '€' | '°' | '$'));
    let goes_on =
        text[end..].starts_with('.') && text[end + 1..].starts_with(|char: char| char.is_ascii_digit());
    if joined || goes_on {
        return None;
    }
    // Six decimals, a decimetre: more would pretend.
    let value = (if negative { -value } else { value } * 1e6).round() / 1e6;
    Some(Degrees { value, decimals: exact, axis, marked, at: (start, end) })
}

/// A number, its decimals and the byte after it.
fn decimal(text: &str, from: usize) -> Option<(f64, usize, usize)> {
    let bytes = text.as_bytes();
    let run = |at: usize| {
        bytes.get(at..).map_or(0, |rest| rest.iter().take_while(|byte| byte.is_ascii_digit()).count())
    };
    let whole = run(from);
    let before = from.checked_sub(1).map(|at| bytes[at]);
    if whole > MAX_WHOLE || before.is_some_and(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let mut end = from + whole;
    let decimals = if bytes.get(end) == Some(&b'.') { run(end + 1) } else { 0 };
    if decimals > MAX_DECIMALS {
        return None;
    }
    if decimals > 0 {
        end += 1 + decimals;
    }
    Some((text[from..end].parse().ok()?, decimals, end))
}

/// Minutes or seconds before one of `signs`, the byte after it, and their decimals.
fn sixtieth(text: &str, from: usize, signs: &[&str]) -> Option<(f64, usize, usize)> {
    let from = from + usize::from(text[from..].starts_with(' '));
    let (value, decimals, end) =
        decimal(text, from).filter(|_| text[from..].starts_with(|char: char| char.is_ascii_digit()))?;
    let after = eat(text, end, signs)?;
    (value < 60.0).then_some((value, after, decimals))
}

fn eat(text: &str, at: usize, signs: &[&str]) -> Option<usize> {
    let rest = &text[at..];
    signs.iter().filter(|sign| rest.starts_with(**sign)).map(|sign| at + sign.len()).max()
}

fn hemisphere(letter: char) -> Option<(Axis, bool)> {
    Some(match letter {
        'N' | 'n' => (Axis::Lat, false),
        'S' | 's' => (Axis::Lat, true),
        'E' | 'e' => (Axis::Lon, false),
        // Not "O", which is west in Spanish and east in German.
        'W' | 'w' => (Axis::Lon, true),
        _ => return None,
    })
}

/// "19.07N", "19.07° N".
fn hemisphere_behind(text: &str, end: usize) -> Option<(Axis, bool, usize)> {
    let spaces = usize::from(text[end..].starts_with(' '));
    let mut rest = text[end + spaces..].chars();
    let letter = rest.next().filter(|letter| spaces == 0 || letter.is_ascii_uppercase())?;
    let (axis, south) = hemisphere(letter)?;
    let ends = rest.next().is_none_or(|next| !next.is_alphanumeric());
    ends.then_some((axis, south, end + spaces + letter.len_utf8()))
}

/// "N 19.07", "N19.07".
fn hemisphere_before(head: &str, floor: usize) -> Option<(Axis, bool)> {
    let head = head.get(floor..)?.trim_end_matches(' ');
    let mut back = head.chars().rev();
    let letter = back.next().filter(char::is_ascii_uppercase)?;
    let free = back.next().is_none_or(|char| !char.is_alphanumeric());
    hemisphere(letter).filter(|_| free)
}

/// "lat 19.07", "Longitude: 72.87", "mlat=19.07".
fn axis_before(head: &str) -> Option<Axis> {
    let from = head.len().saturating_sub(MAX_BEFORE);
    let near = head[ceil(head, from)..].trim_end_matches([' ', ':', '=', '.']).to_ascii_lowercase();
    let ends = |names: &[&str]| {
        names.iter().any(|name| {
            near.strip_suffix(name)
                .is_some_and(|rest| !rest.ends_with(|char: char| char.is_alphanumeric() && char != 'm'))
        })
    };
    if ends(&LATITUDES) {
        return Some(Axis::Lat);
    }
    ends(&LONGITUDES).then_some(Axis::Lon)
}

fn ceil(text: &str, at: usize) -> usize {
    (at..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len())
}

/// The point of two numbers that follow each other.
fn pair(text: &str, one: Degrees, two: Degrees) -> Option<Given> {
    let between = &text[one.at.1..two.at.0];
    let marked = one.marked && two.marked;
    let named = is_named(&text[..one.at.0]);
    if between.len() > MAX_BETWEEN || !is_between(between, marked, named) {
        return None;
    }
    let least = match (marked, named) {
        (true, _) => LEAST_DECIMALS,
        (_, true) => NAMED_DECIMALS,
        _ if one.marked || two.marked || is_other(text, (one.at.0, two.at.1)) => return None,
        _ => BARE_DECIMALS,
    };
    if one.decimals.min(two.decimals) < least {
        return None;
    }
    let explicit = marked || named;
    let (lat, lon) = match (one.axis, two.axis) {
        (Some(Axis::Lon), Some(Axis::Lat)) => (two.value, one.value),
        (Some(Axis::Lat) | None, Some(Axis::Lon) | None) => (one.value, two.value),
        _ => return None,
    };
    let nowhere = lat == 0.0 && lon == 0.0;
    (on_the_globe(lat, lon) && !nowhere).then_some(Given {
        lat,
        lon,
        explicit,
        ordered: one.axis.is_some() || two.axis.is_some(),
    })
}

/// What may stand between the two: a mark, and where both are marked a word for the second.
fn is_between(between: &str, marked: bool, named: bool) -> bool {
    let plain = between.trim_matches([' ', ',', ';', '/', '|', '\n', '&', '(', ')', '-']);
    if plain.is_empty() {
        let is_listed = between.contains([',', ';']) && !between.contains('\n');
        return !between.is_empty() && (marked || is_listed || (named && between == " "));
    }
    let word = plain.trim_matches([':', '=', '.', ' ', 'm']).to_ascii_lowercase();
    let name = word.strip_prefix("and ").unwrap_or(&word);
    let is_axis = LATITUDES.contains(&name) || LONGITUDES.contains(&name);
    marked && (is_axis || matches!(name, "n" | "s" | "e" | "w" | "and"))
}

/// "geo:", "coordinates:", "GPS", "lat/lon", "@" of a map's address stand before.
fn is_named(head: &str) -> bool {
    let from = head.len().saturating_sub(MAX_BETWEEN);
    let near = head[ceil(head, from)..].to_lowercase();
    let near = near.trim_end_matches([' ', ':', '=', '(', '[', '.']);
    near.ends_with("/@") || NAMES.iter().any(|name| near.ends_with(name))
}

/// Whether two bare numbers are something else: a rate, a price, or part of a longer row.
fn is_other(text: &str, (start, end): (usize, usize)) -> bool {
    let head = text[..start].trim_end_matches([' ', '(', '[', ':', '/', ',', ';']);
    let tail = text[end..].trim_start_matches([' ', ')', ']', ',', ';']);
    let back = |is_part: fn(char) -> bool| {
        let length: usize =
            head.chars().rev().take_while(|char| is_part(*char)).take(MAX_WORD).map(char::len_utf8).sum();
        &head[head.len() - length..]
    };
    let ahead = |is_part: fn(char) -> bool| {
        let length: usize =
            tail.chars().take_while(|char| is_part(*char)).take(MAX_WORD).map(char::len_utf8).sum();
        &tail[..length]
    };
    let is_money = |word: &str| CURRENCIES.iter().any(|code| word.eq_ignore_ascii_case(code));
    let is_decimal = |number: &str| {
        number.trim_matches('.').contains('.')
            && number.trim_start_matches('-').starts_with(|char: char| char.is_ascii_digit())
    };
    let of_number = |char: char| char.is_ascii_digit() || matches!(char, '.' | '-');
    is_money(back(char::is_alphanumeric))
        || is_money(ahead(char::is_alphanumeric))
        || is_decimal(back(of_number))
        || is_decimal(ahead(of_number))
        || tail.starts_with(['%', '€', '$', '₹', '×'])
}

#[cfg(test)]
mod tests;
