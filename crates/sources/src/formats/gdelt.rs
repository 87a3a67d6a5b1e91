//! GDELT 2.0: every quarter of an hour a table of events and one of articles (the global knowledge graph), tab-separated and without
//! a header, told apart by their number of columns; and `lastupdate.txt`, which names the newest. Only rows about a crisis become
//! items, one for each article. <https://www.gdeltproject.org/data.html#documentation>
//!
//! A machine has coded who did what where, so what GDELT states is no more than a newspaper's word, and often less. The table of
//! mentions holds neither a hazard nor a place and is refused.

use std::collections::BTreeMap;

use crisislens_model::{HazardType, Stated, Timestamp};
use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::json;

use super::gdelt_words::{of_cameo, of_theme};
use crate::draft::{Draft, raw};
use crate::parse::{DocumentError, Parsed, SourceContext};
use crate::{country, decode, geo, html};

const EVENT_COLUMNS: usize = 61;
const ARTICLE_COLUMNS: usize = 27;
const MENTION_COLUMNS: usize = 16;
/// An event this long before its article is a memory, not news.
const MAX_AGE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How often an article must speak of a theme to be about it.
const MIN_MENTIONS: usize = 2;

/// What a row is good for.
enum Row {
    Told(Box<Told>),
    /// About something else than a crisis of these days.
    Beside,
}

struct Told {
    /// How much it speaks for its article: of the rows about one article the loudest is kept.
    weight: u64,
    draft: Draft,
}

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let text = decode::to_text(bytes);
    let rows: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let columns = most_common(rows.iter().map(|row| row.split('\t').count()));
    let refused =
        |found: String| DocumentError::Unexpected { expected: "a table of GDELT 2.0 or its list", found };
    let read: fn(&[&str]) -> Result<Row, String> = match columns {
        EVENT_COLUMNS => event,
        ARTICLE_COLUMNS => article,
        MENTION_COLUMNS => return Err(refused("a table of mentions, which says nothing but ids".into())),
        1 => return newest(&rows, ctx).ok_or_else(|| refused("no file of GDELT is named".into())),
        found => return Err(refused(format!("its rows have {found} columns"))),
    };
    let mut parsed = Parsed::default();
    let mut beside = 0_usize;
    let mut told: BTreeMap<String, Told> = BTreeMap::new();
    for (index, row) in rows.iter().enumerate() {
        let fields: Vec<&str> = row.split('\t').map(str::trim).collect();
        let row = if fields.len() == columns {
            read(&fields)
        } else {
            Err(format!("has {} columns instead of {columns}", fields.len()))
        };
        match row {
            Ok(Row::Beside) => beside += 1,
            Ok(Row::Told(row)) => match told.get(&row.draft.source_id) {
                Some(kept) if kept.weight >= row.weight => {}
                _ => {
                    told.insert(row.draft.source_id.clone(), *row);
                }
            },
            Err(reason) => parsed.take(&format!("line {}", index + 1), Err(reason), ctx),
        }
    }
    for (name, row) in told {
        parsed.take(&name, Ok(row.draft), ctx);
    }
    if beside > 0 {
        parsed.take("rows", Err(format!("{beside} rows are not about a crisis of these days")), ctx);
    }
    Ok(parsed)
}

/// A broken row or two must not decide what the table is.
fn most_common(counts: impl Iterator<Item = usize>) -> usize {
    let mut rows: BTreeMap<usize, usize> = BTreeMap::new();
    for count in counts {
        *rows.entry(count).or_insert(0) += 1;
    }
    rows.into_iter().max_by_key(|(_, rows)| *rows).map_or(0, |(count, _)| count)
}

/// The file that the list names: events, or articles where the list was asked for with `#gkg`.
fn newest(rows: &[&str], ctx: &SourceContext<'_>) -> Option<Parsed> {
    let articles = ctx.url.is_some_and(|url| url.ends_with("#gkg"));
    let wanted = if articles { ".gkg.csv.zip" } else { ".export.CSV.zip" };
    let addresses = rows.iter().filter_map(|row| row.split_whitespace().next_back());
    let next = addresses.into_iter().find(|address| address.ends_with(wanted))?;
    Some(Parsed { next: Some(next.to_owned()), ..Parsed::default() })
}

/// A row of events: GLOBALEVENTID is column 0, SQLDATE 1, the actors' names 6 and 16, IsRootEvent 25, EventCode 26, NumMentions 31,
/// NumSources 32, ActionGeo 51 to 58, DATEADDED 59, SOURCEURL 60.
fn event(fields: &[&str]) -> Result<Row, String> {
    let id = fields[0].parse::<u64>().map_err(|_| "its event id is no number")?;
    let url = address(fields[60])?;
    let added = moment(fields[59])?;
    let day = fields[1].parse::<Date>().map_err(|_| "its day is no date")?;
    let mentions = fields[31].parse::<u64>().map_err(|_| "its number of mentions is no number")?;
    let Some((words, hazard)) = of_cameo(fields[26]) else { return Ok(Row::Beside) };
    let began = day.to_zoned(TimeZone::UTC).map_err(|_| "its day is no date")?.timestamp();
    if fields[25] != "1" || added.duration_since(began) > MAX_AGE {
        return Ok(Row::Beside);
    }
    let place = Some(fields[52]).filter(|place| !place.is_empty());
    let precise = matches!(fields[51], "3" | "4");
    let point = precise.then(|| point(fields[56], fields[57])).flatten();
    let actors: Vec<&str> = [fields[6], fields[16]].into_iter().filter(|name| !name.is_empty()).collect();
    let mut what = words.to_owned();
    if let Some(place) = place {
        what.push_str(&format!(" in {place}"));
    }
    let headline = slug(url);
    let mut text = format!("{what}, {day}.");
    if let Some(headline) = &headline {
        text = format!("{headline}\n{text}");
    }
    if !actors.is_empty() {
        text.push_str(&format!(" Between: {}.", actors.join(", ")));
    }
    text.push_str(&format!(" {mentions} mentions in {} sources (coded by GDELT).", fields[32]));
    let draft = Draft {
        title: headline.or(Some(what)),
        text,
        stated: stated(hazard, place, point, Some(format!("gdelt:{id}"))),
        raw: raw(&json!({
            "GLOBALEVENTID": id, "SQLDATE": fields[1], "EventCode": fields[26], "GoldsteinScale": fields[30],
            "NumMentions": mentions, "NumSources": fields[32], "AvgTone": fields[34], "ActionGeo_Type": fields[51],
            "ActionGeo_FullName": fields[52], "ActionGeo_FeatureID": fields[58], "Actor1Name": fields[6],
            "Actor2Name": fields[16], "DATEADDED": fields[59],
        })),
        ..drafted(url, host(url), added)
    };
    Ok(Row::Told(Box::new(Told { weight: mentions, draft })))
}

/// A row of articles: V2.1DATE is column 1, the kind of source 2, its name 3, its address 4, V1THEMES 7, V2ENHANCEDTHEMES 8,
/// V1LOCATIONS 9, the picture 18, the extras with the page's title 26.
fn article(fields: &[&str]) -> Result<Row, String> {
    let added = moment(fields[1])?;
    if fields[2] != "1" {
        return Ok(Row::Beside);
    }
    let url = address(fields[4])?;
    let title = between(fields[26], "<PAGE_TITLE>", "</PAGE_TITLE>").map(html::to_text).or_else(|| slug(url));
    let themes: Vec<(&str, HazardType, usize)> = fields[7]
        .split(';')
        .filter_map(|theme| Some((theme, of_theme(theme)?, mentions(fields[8], theme))))
        .filter(|(_, _, mentions)| *mentions >= MIN_MENTIONS)
        .collect();
    // Of equals the first, since the list is in the order of the text.
    let loudest = themes.iter().rev().max_by_key(|(_, _, mentions)| *mentions);
    let (Some((_, hazard, weight)), Some(title)) = (loudest.copied(), title) else { return Ok(Row::Beside) };
    let locations: Vec<Vec<&str>> = fields[9]
        .split(';')
        .map(|place| place.split('#').collect())
        .filter(|p: &Vec<_>| p.len() >= 6)
        .collect();
    let place = only_place(&locations);
    let names: Vec<&str> = themes.iter().map(|(theme, _, _)| *theme).collect();
    let places: Vec<&str> = locations.iter().map(|place| place[1]).collect();
    let mut text = title.clone();
    if !places.is_empty() {
        text.push_str(&format!("\nPlaces (coded by GDELT): {}.", places.join("; ")));
    }
    let point = place.and_then(|place| point(place[4], place[5]));
    let mut stated = stated(hazard, place.map(|place| place[1]), point, None);
    stated.country = stated.country.or_else(|| only_country(&places).map(str::to_owned));
    let draft = Draft {
        title: Some(title),
        text,
        media: vec![fields[18].to_owned()],
        stated,
        raw: raw(&json!({
            "GKGRECORDID": fields[0], "themes": names, "locations": fields[9], "V15TONE": fields[15],
        })),
        ..drafted(url, fields[3], added)
    };
    Ok(Row::Told(Box::new(Told { weight: weight as u64, draft })))
}

/// How often an article speaks of a theme. Early tables count the narrow themes of disasters under their parent.
fn mentions(enhanced: &str, theme: &str) -> usize {
    let count = |theme: &str| {
        let named = |entry: &&str| entry.strip_prefix(theme).is_some_and(|rest| rest.starts_with(','));
        enhanced.split(';').filter(named).count()
    };
    let parent =
        ["NATURAL_DISASTER", "MANMADE_DISASTER"].into_iter().find(|parent| theme.starts_with(parent));
    count(theme).max(parent.filter(|_| count(theme) == 0).map_or(0, count))
}

/// The headline that many addresses hold: `…/bridge-swept-away-by-flood-123.html`.
fn slug(url: &str) -> Option<String> {
    let path = url.split("://").nth(1)?.split(['?', '#']).next()?;
    let part = path.split('/').skip(1).max_by_key(|part| part.matches(['-', '_']).count())?;
    let part = part.split('.').next()?;
    let words: Vec<&str> = part.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    let spoken = words.iter().filter(|word| word.chars().all(char::is_alphabetic)).count();
    (spoken >= 4).then(|| words.join(" "))
}

fn drafted(url: &str, author: &str, added: Timestamp) -> Draft {
    Draft {
        source_id: url.to_owned(),
        url: Some(url.to_owned()),
        author: Some(author.to_owned()),
        said_at: Some(added),
        ..Draft::default()
    }
}

/// GDELT's country codes are those of FIPS 10-4, where `SF` is South Africa, so the country is taken from the name of the place.
fn stated(
    hazard: HazardType,
    place: Option<&str>,
    point: Option<geo::Point>,
    event: Option<String>,
) -> Stated {
    Stated {
        hazard: Some(hazard),
        lat: point.map(|point| point.0),
        lon: point.map(|point| point.1),
        place: place.map(str::to_owned),
        country: place.and_then(country::of_place).map(str::to_owned),
        event_id: event,
        ..Stated::default()
    }
}

/// The one town an article names; with several, nothing tells which of them it is about.
fn only_place<'a, 'b>(locations: &'b [Vec<&'a str>]) -> Option<&'b Vec<&'a str>> {
    let towns = || locations.iter().filter(|place| matches!(place[0], "3" | "4"));
    let first = towns().next()?;
    towns().all(|place| place[1] == first[1]).then_some(first)
}

fn only_country(places: &[&str]) -> Option<&'static str> {
    let mut countries = places.iter().filter_map(|place| country::of_place(place));
    let first = countries.next()?;
    countries.all(|country| country == first).then_some(first)
}

fn point(lat: &str, lon: &str) -> Option<geo::Point> {
    geo::on_globe(lat.parse().ok()?, lon.parse().ok()?)
}

fn address(text: &str) -> Result<&str, String> {
    text.starts_with("http").then_some(text).ok_or_else(|| "has no address of its article".into())
}

fn host(url: &str) -> &str {
    let host = url.split("://").nth(1).unwrap_or(url);
    host.split('/').next().unwrap_or(host).trim_start_matches("www.")
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let moment = DateTime::strptime("%Y%m%d%H%M%S", text).ok();
    let moment = moment.and_then(|moment| moment.to_zoned(TimeZone::UTC).ok());
    moment.map(|zoned| zoned.timestamp()).ok_or_else(|| "its time of adding is no date".into())
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    text.split_once(start)?.1.split_once(end).map(|(inner, _)| inner).filter(|inner| !inner.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headlines_are_read_from_addresses_that_have_one() {
        for (url, headline) in [
            (
                "https://news.example.org/2026/bridge-swept-away-by-flood-123.html?x=a-b-c-d",
                Some("bridge swept away by flood 123"),
            ),
            ("https://news.example.org/articleshow/46292006.cms", None),
            ("https://a-very-long-host-name.example.org/", None),
            ("https://news.example.org/1-2-3-4-5", None),
        ] {
            assert_eq!(slug(url).as_deref(), headline, "{url}");
        }
    }

    #[test]
    fn a_theme_counts_by_how_often_the_article_speaks_of_it() {
        let enhanced = "EPIDEMIC,12;EPIDEMIC,90;NATURAL_DISASTER,1;EPIDEMICS,3";
        assert_eq!(mentions(enhanced, "EPIDEMIC"), 2);
        assert_eq!(mentions(enhanced, "NATURAL_DISASTER_FLOOD"), 1);
        assert_eq!(mentions("", "EPIDEMIC"), 0);
    }
}
