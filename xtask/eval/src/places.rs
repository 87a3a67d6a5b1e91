//! Places: names found in posts of events that training did not see, and where each name is resolved to.

use std::collections::BTreeMap;
use std::path::Path;

use crisislens_analysis::place_training::{Sequence, train};
use crisislens_analysis::{Analyzer, CountryPrior, NamedPlace};
use crisislens_model::Location;
use crisislens_model::place::distance_km;
use serde_json::Value;

use crate::Row;
use crate::data::{files, hash, post as said, text_of};
use crate::news;

/// The field's threshold of a right resolution: 100 miles.
const NEAR_KM: f64 = 161.0;
/// What the country of an event's incident is given: as where an authority speaks of it, and a tenth for its size.
const OF_INCIDENT: f64 = 1.0;
/// The model in the program, with the events it was trained on as hashes.
const CARD: &str = include_str!("../../../crates/analysis/models/place.json");

/// A name in a text, as people labelled it.
#[derive(Debug, Clone)]
pub struct Gold {
    /// First byte and the byte after the last.
    pub span: (usize, usize),
    /// Latitude and longitude, where they were linked.
    pub point: Option<(f64, f64)>,
    /// South, north, west, east.
    pub bounds: Option<[f64; 4]>,
}

/// A labelled text.
#[derive(Debug, Clone)]
pub struct Post {
    /// The text.
    pub text: String,
    /// Its names.
    pub gold: Vec<Gold>,
}

/// Counts of names.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counts {
    /// Labelled.
    pub gold: f64,
    /// Found.
    pub found: f64,
    /// Found with exactly the labelled edges.
    pub exact: f64,
    /// Labelled with a point.
    pub linked: f64,
    /// Of those, the ones a found name overlaps.
    pub overlapped: f64,
    /// Of those, the ones that the found name's place is near to, or in whose box it lies.
    pub near: f64,
    /// Of those, the ones whose point the found name's place is near to.
    pub near_point: f64,
}

impl Counts {
    fn f1(self) -> f64 {
        2.0 * self.exact / (self.gold + self.found).max(1.0)
    }

    fn near_share(self) -> f64 {
        self.near / self.linked.max(1.0)
    }

    fn near_point_share(self) -> f64 {
        self.near_point / self.linked.max(1.0)
    }

    fn sum(self, other: Self) -> Self {
        Self {
            gold: self.gold + other.gold,
            found: self.found + other.found,
            exact: self.exact + other.exact,
            linked: self.linked + other.linked,
            overlapped: self.overlapped + other.overlapped,
            near: self.near + other.near,
            near_point: self.near_point + other.near_point,
        }
    }
}

/// The labelled posts of a folder (`lmr-en`, `lmd-en`), by event.
///
/// # Errors
/// When the files cannot be read.
pub fn events(data: &Path, folder: &str) -> anyhow::Result<BTreeMap<String, Vec<Post>>> {
    let mut events: BTreeMap<String, Vec<Post>> = BTreeMap::new();
    for (name, file) in files(&data.join("idrisi").join(folder), "")? {
        let Some((event, _)) = name.rsplit_once('-').filter(|_| !name.contains("unlabeled")) else {
            continue;
        };
        for line in text_of(&file)?.lines() {
            events.entry(event.to_owned()).or_default().push(post_of(&serde_json::from_str(line)?));
        }
    }
    Ok(events)
}

fn post_of(row: &Value) -> Post {
    let text = row["text"].as_str().unwrap_or_default().to_owned();
    let bytes: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let number =
        |value: &Value| value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse::<f64>().ok()));
    let byte = |value: &Value| value.as_u64().and_then(|at| bytes.get(at as usize)).copied();
    let gold = row["location_mentions"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| {
            let osm = &name["osm_json"];
            let edges: Vec<f64> =
                osm["boundingbox"].as_array().into_iter().flatten().filter_map(number).collect();
            Some(Gold {
                span: (byte(&name["start_offset"])?, byte(&name["end_offset"])?),
                point: number(&osm["lat"]).zip(number(&osm["lon"])),
                bounds: edges.try_into().ok(),
            })
        })
        .collect();
    Post { text, gold }
}

/// The posts of each event as the tagger is trained on them.
#[must_use]
pub fn sequences(
    analyzer: &Analyzer,
    events: &BTreeMap<String, Vec<Post>>,
) -> BTreeMap<String, Vec<Sequence>> {
    let read = |post: &Post| {
        let spans: Vec<(usize, usize)> = post.gold.iter().map(|gold| gold.span).collect();
        analyzer.place_sequence(&said(&post.text), &spans)
    };
    events.iter().map(|(event, posts)| (event.clone(), posts.iter().filter_map(read).collect())).collect()
}

/// Whether the model in the program was trained on this event: its card lists hashes.
#[must_use]
pub fn is_seen(event: &str) -> bool {
    let card: Value = serde_json::from_str(CARD).unwrap_or_default();
    let hash = format!("{:016x}", hash(event));
    card["events"].as_array().is_some_and(|events| events.iter().any(|known| known == hash.as_str()))
}

fn near(found: &Location, gold: &Gold) -> bool {
    let inside = gold.bounds.is_some_and(|[south, north, west, east]| {
        (south..=north).contains(&found.lat) && (west..=east).contains(&found.lon)
    });
    inside || near_point(found, gold)
}

fn near_point(found: &Location, gold: &Gold) -> bool {
    gold.point.is_some_and(|point| distance_km((found.lat, found.lon), point) <= NEAR_KM)
}

/// What an incident says of the country of `posts`: that in which analysis puts most of them, by itself and without labels.
fn prior_of(analyzer: &Analyzer, posts: &[Post]) -> CountryPrior {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for post in posts {
        let country = analyzer.analyze(&said(&post.text)).location.and_then(|place| place.country);
        country.into_iter().for_each(|country| *counts.entry(country).or_default() += 1);
    }
    let mut prior = CountryPrior::default();
    if let Some((country, _)) = counts.iter().max_by_key(|(_, count)| **count) {
        prior.give(country, OF_INCIDENT);
    }
    prior
}

/// Counts over `posts`.
#[must_use]
pub fn count(analyzer: &Analyzer, posts: &[Post], show: bool) -> Counts {
    count_among(analyzer, posts, &CountryPrior::default(), show)
}

fn count_among(analyzer: &Analyzer, posts: &[Post], prior: &CountryPrior, show: bool) -> Counts {
    let mut counts = Counts::default();
    for post in posts {
        let found = analyzer.named_places_among(&said(&post.text), prior);
        counts.gold += post.gold.len() as f64;
        counts.found += found.len() as f64;
        for gold in &post.gold {
            let overlaps = |place: &&NamedPlace| place.start < gold.span.1 && gold.span.0 < place.end;
            let same = found.iter().find(|place| (place.start, place.end) == gold.span);
            counts.exact += f64::from(u8::from(same.is_some()));
            let over = same.or_else(|| found.iter().find(overlaps));
            let place = over.and_then(|place| place.location.as_ref());
            let right = place.is_some_and(|place| near(place, gold));
            if gold.point.is_some() {
                counts.linked += 1.0;
                counts.overlapped += f64::from(u8::from(over.is_some()));
                counts.near += f64::from(u8::from(right));
                counts.near_point += f64::from(u8::from(place.is_some_and(|place| near_point(place, gold))));
            }
            if show && (same.is_none() || (gold.point.is_some() && !right)) {
                let named = over.map(|place| {
                    (&post.text[place.start..place.end], place.location.as_ref().map(|at| &at.name))
                });
                println!(
                    "MISS {:?} found {named:?} in {:?}",
                    &post.text[gold.span.0..gold.span.1],
                    post.text
                );
            }
        }
        if show {
            for place in found
                .iter()
                .filter(|place| !post.gold.iter().any(|gold| gold.span == (place.start, place.end)))
            {
                println!("EXTRA {:?} in {:?}", &post.text[place.start..place.end], post.text);
            }
        }
    }
    counts
}

/// The measures of places.
///
/// # Errors
/// When the files are missing.
pub fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    let named = events(data, "lmr-en")?;
    let linked = events(data, "lmd-en")?;
    let rules = Analyzer::new()?.with_place_model(None)?;
    let sequences = sequences(&rules, &named);
    let show = std::env::var_os("CRISISLENS_SHOW").is_some();
    let mut by_event: Vec<(String, [Counts; 5])> = Vec::new();
    for (event, posts) in &named {
        let analyzer = if is_seen(event) {
            let others: Vec<Vec<Sequence>> = sequences
                .iter()
                .filter(|(other, _)| *other != event && is_seen(other))
                .map(|(_, texts)| texts.clone())
                .collect();
            Analyzer::new()?.with_place_model(Some(train(&others)))?
        } else {
            Analyzer::new()?
        };
        let places = linked.get(event).map_or(&[][..], Vec::as_slice);
        let counts = [
            count(&analyzer, posts, show),
            count(&rules, posts, false),
            count(&analyzer, places, show),
            count(&rules, places, false),
            count_among(&analyzer, places, &prior_of(&analyzer, posts), false),
        ];
        by_event.push((event.clone(), counts));
    }
    let mean = |value: &dyn Fn(&[Counts; 5]) -> f64| {
        by_event.iter().map(|(_, counts)| value(counts)).sum::<f64>() / by_event.len().max(1) as f64
    };
    let all = |at: usize| by_event.iter().map(|(_, counts)| counts[at]).fold(Counts::default(), Counts::sum);
    let [names, _, posts, by_rules, in_incident] = [0, 1, 2, 3, 4].map(all);
    let listed = |value: &dyn Fn(&[Counts; 5]) -> f64| {
        let each = by_event.iter().map(|(event, counts)| format!("{event} {:.3}", value(counts)));
        each.collect::<Vec<_>>().join(", ")
    };
    let mut rows = vec![
        Row {
            measure: "place_span_f1",
            value: mean(&|counts| counts[0].f1()),
            must: Some(0.72),
            aim: Some(0.80),
            floors: vec![("rules alone", mean(&|counts| counts[1].f1()))],
            n: names.gold as usize,
            higher_is_better: true,
            note: format!(
                "mean over events, each left out of training, of F1 of names with exact edges; precision {:.3}, recall {:.3}; {}",
                names.exact / names.found.max(1.0),
                names.exact / names.gold.max(1.0),
                listed(&|counts| counts[0].f1())
            ),
        },
        Row {
            measure: "place_161km",
            value: posts.near_share(),
            must: Some(0.72),
            aim: Some(0.80),
            floors: vec![("rules alone", by_rules.near_share())],
            n: posts.linked as usize,
            higher_is_better: true,
            note: format!(
                "labelled names with a point that a found name overlaps and whose place lies within 161 km or in the box; overlapped {:.3}; mean over events {:.3}; {}",
                posts.overlapped / posts.linked.max(1.0),
                mean(&|counts| counts[2].near_share()),
                listed(&|counts| counts[2].near_share())
            ),
        },
        Row {
            measure: "place_161km_distance",
            value: posts.near_point_share(),
            must: None,
            aim: None,
            floors: vec![("rules alone", by_rules.near_point_share())],
            n: posts.linked as usize,
            higher_is_better: true,
            note: format!(
                "the same by distance alone: a country's centre is far from most of what lies in it; {}",
                listed(&|counts| counts[2].near_point_share())
            ),
        },
        Row {
            measure: "place_161km_incident",
            value: in_incident.near_share(),
            must: None,
            aim: None,
            floors: vec![("without an incident", posts.near_share())],
            n: in_incident.linked as usize,
            higher_is_better: true,
            note: format!(
                "the same where the event's incident is known, whose country is the one in which analysis puts most of its posts; by distance alone {:.3}; {}",
                in_incident.near_point_share(),
                listed(&|counts| counts[4].near_share())
            ),
        },
    ];
    if let Some(articles) = news::articles(data)? {
        let analyzer = Analyzer::new()?;
        let (found, floor) = (count(&analyzer, &articles, false), count(&rules, &articles, false));
        rows.push(Row {
            measure: "place_161km_news",
            value: found.near_share(),
            must: None,
            aim: None,
            floors: vec![("rules alone", floor.near_share())],
            n: found.linked as usize,
            higher_is_better: true,
            note: format!(
                "GeoWebNews, never trained on, the first {} bytes of an article; overlapped {:.3}",
                news::READ_BYTES,
                found.overlapped / found.linked.max(1.0)
            ),
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labelled_edges_are_counted_in_characters_and_kept_in_bytes() {
        let row = serde_json::json!({"text": "…in Łódź", "location_mentions": [
            {"start_offset": 4, "end_offset": 8, "osm_json": {"lat": "51.8", "lon": "19.5"}}]});
        let post = post_of(&row);
        assert_eq!(&post.text[post.gold[0].span.0..post.gold[0].span.1], "Łódź");
        assert_eq!(post.gold[0].point, Some((51.8, 19.5)));
    }

    #[test]
    fn a_place_in_the_box_or_near_the_point_is_right() {
        let gold = Gold { span: (0, 1), point: Some((10.0, 10.0)), bounds: Some([0.0, 30.0, 0.0, 30.0]) };
        let at = |lat: f64, lon: f64| Location { lat, lon, ..Location::default() };
        assert!(near(&at(29.0, 29.0), &gold));
        assert!(!near(&at(31.0, 31.0), &gold));
        assert!(!near_point(&at(29.0, 29.0), &gold) && near_point(&at(10.5, 10.5), &gold));
        assert!(near(&at(10.5, 10.5), &Gold { bounds: None, ..gold }));
    }

    #[test]
    fn the_country_of_most_posts_resolves_the_names_of_the_others() {
        let analyzer = Analyzer::new().unwrap();
        let post = |text: &str, gold: Vec<Gold>| Post { text: text.to_owned(), gold };
        let others = ["Floods in Sevilla", "Flood in Madrid, Spain", "Flood in Valencia"];
        let prior = prior_of(&analyzer, &others.map(|text| post(text, Vec::new())));
        assert_eq!(prior, {
            let mut spain = CountryPrior::default();
            spain.give("ES", OF_INCIDENT);
            spain
        });
        let spain = Gold { span: (9, 17), point: Some((39.47, -0.38)), bounds: None };
        let posts = [post("Flood in Valencia", vec![spain])];
        let share = |prior: &CountryPrior| count_among(&analyzer, &posts, prior, false).near_point_share();
        assert_eq!((share(&CountryPrior::default()), share(&prior)), (0.0, 1.0));
    }
}
