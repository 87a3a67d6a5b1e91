//! Measures on labelled posts (IDRISI, CC BY 4.0), which are not in the repository: `CRISISLENS_DATA` or
//! `../shared/data` beside it. Without them the tests say so and pass. Floors lie just below what was measured.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;

use crisislens_analysis::incident::{self, Decision};
use crisislens_model::place::distance_km;
use crisislens_model::{HazardType, Incident, Item, Location, Timestamp};
use serde_json::Value;

use crate::make::{analyze, item, post};

/// The published threshold of toponym resolution: 100 miles.
const NEAR_KM: f64 = 161.0;

/// Builds without optimisation look at every fifth post: the figures move little, the wait does.
const STEP: usize = if cfg!(debug_assertions) { 5 } else { 1 };

fn data() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let folder = std::env::var_os("CRISISLENS_DATA").map_or(beside, PathBuf::from);
    if folder.join("labelled/events.tsv").is_file() {
        return Some(folder);
    }
    println!("skipped: ../shared/data is not here");
    None
}

/// The labelled posts of every event in `folder`, by event.
fn posts(folder: &str) -> Option<BTreeMap<String, Vec<Value>>> {
    let mut events: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let mut files: Vec<PathBuf> = std::fs::read_dir(data()?.join("labelled/idrisi").join(folder))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for file in files {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let (event, _) = name.rsplit_once('-').unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(std::fs::File::open(&file).unwrap()).read_to_string(&mut text).unwrap();
        let rows = text.lines().step_by(STEP).map(|line| serde_json::from_str(line).unwrap());
        events.entry(event.to_owned()).or_default().extend(rows);
    }
    Some(events)
}

fn expected_hazard(event: &str) -> HazardType {
    let events = std::fs::read_to_string(data().unwrap().join("labelled/events.tsv")).unwrap();
    let row = events.lines().find(|line| line.split('\t').nth(1) == Some(event)).unwrap();
    match row.split('\t').nth(2).unwrap() {
        "Wildfire" => HazardType::Wildfire,
        "Earthquake" => HazardType::Earthquake,
        "Hurricane" | "Typhoon" => HazardType::TropicalCyclone,
        "Floods" => HazardType::Flood,
        "Bombings" => HazardType::Violence,
        "Epidemic" => HazardType::Epidemic,
        other => panic!("{other} is not mapped"),
    }
}

/// Right, wrong and silent posts.
#[derive(Default)]
struct Score {
    right: usize,
    wrong: usize,
    silent: usize,
}

impl Score {
    fn add(&mut self, said: Option<bool>) {
        match said {
            Some(true) => self.right += 1,
            Some(false) => self.wrong += 1,
            None => self.silent += 1,
        }
    }

    fn accuracy(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong + self.silent).max(1) as f64
    }

    fn precision(&self) -> f64 {
        self.right as f64 / (self.right + self.wrong).max(1) as f64
    }

    fn print(&self, name: &str) {
        println!(
            "{name:<34} right {:5} wrong {:5} silent {:5} accuracy {:.3} precision {:.3}",
            self.right,
            self.wrong,
            self.silent,
            self.accuracy(),
            self.precision()
        );
    }
}

fn hazards(folder: &str) -> Option<Score> {
    let mut all = Score::default();
    for (event, rows) in posts(folder)? {
        let expected = expected_hazard(&event);
        let mut score = Score::default();
        for row in rows {
            let found = analyze(&post(row["text"].as_str().unwrap())).hazard.kind;
            let said = found.is_some().then_some(found == expected);
            score.add(said);
            all.add(said);
        }
        score.print(&event);
    }
    all.print(folder);
    Some(all)
}

#[test]
fn hazards_of_labelled_english_posts_are_told_as_well_as_measured() {
    let Some(score) = hazards("lmr-en") else { return };
    assert!(score.accuracy() > 0.75 && score.precision() > 0.90);
}

#[test]
fn hazards_of_labelled_arabic_posts_are_told_as_well_as_measured() {
    let Some(score) = hazards("lmr-ar") else { return };
    assert!(score.accuracy() > 0.88);
}

/// Whether the place lies within 161 km of a place that the post names, or in that place's box.
fn near(found: &Location, mention: &Value) -> bool {
    let number =
        |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok()).or_else(|| value.as_f64());
    let osm = &mention["osm_json"];
    let (Some(lat), Some(lon)) = (number(&osm["lat"]), number(&osm["lon"])) else { return false };
    let edges: Vec<f64> = osm["boundingbox"].as_array().into_iter().flatten().filter_map(number).collect();
    let inside = matches!(edges[..], [south, north, west, east]
        if (south..=north).contains(&found.lat) && (west..=east).contains(&found.lon));
    inside || distance_km((found.lat, found.lon), (lat, lon)) <= NEAR_KM
}

fn places(folder: &str) -> Option<(Score, Score)> {
    let (mut all, mut countries) = (Score::default(), Score::default());
    for (event, rows) in posts(folder)? {
        let mut score = Score::default();
        for row in rows {
            let mentions: Vec<&Value> = row["location_mentions"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|m| m["osm_json"]["lat"].is_string())
                .collect();
            if mentions.is_empty() {
                continue;
            }
            let found = analyze(&post(row["text"].as_str().unwrap())).location;
            let said = found.as_ref().map(|place| mentions.iter().any(|mention| near(place, mention)));
            if std::env::var_os("CRISISLENS_SHOW").is_some() && said != Some(true) {
                let named: Vec<&str> =
                    mentions.iter().filter_map(|mention| mention["text"].as_str()).collect();
                println!(
                    "{said:?} {:?} gold {named:?}: {}",
                    found.as_ref().map(|place| &place.name),
                    row["text"]
                );
            }
            score.add(said);
            all.add(said);
            countries.add(found.map(|place| {
                mentions.iter().any(|mention| {
                    mention["osm_json"]["address"]["country_code"].as_str().map(str::to_uppercase)
                        == place.country
                })
            }));
        }
        score.print(&event);
    }
    all.print(&format!("{folder} within 161 km"));
    countries.print(&format!("{folder} country"));
    Some((all, countries))
}

#[test]
fn places_of_labelled_english_posts_are_found_as_well_as_measured() {
    let Some((score, countries)) = places("lmd-en") else { return };
    assert!(score.accuracy() > 0.83 && score.precision() > 0.90 && countries.accuracy() > 0.87);
}

#[test]
fn places_of_labelled_arabic_posts_are_found_as_well_as_measured() {
    let Some((score, _)) = places("lmd-ar") else { return };
    assert!(score.accuracy() > 0.75);
}

/// Runs all posts in the order they were said through clustering; the events lie in different months and places.
#[test]
fn incidents_of_labelled_posts_seldom_mix_events() {
    let Some(events) = posts("lmr-en") else { return };
    let mut items: Vec<(String, Item)> = Vec::new();
    for (event, rows) in events {
        for row in rows {
            let mut raw = post(row["text"].as_str().unwrap());
            let said = row["created_at"].as_str().unwrap();
            raw.timestamp = Timestamp::strptime("%a %b %d %H:%M:%S %z %Y", said).unwrap();
            items.push((event.clone(), item(raw)));
        }
    }
    items.sort_by_key(|(_, item)| item.timestamp);
    let mut open: Vec<Incident> = Vec::new();
    let mut members: Vec<BTreeMap<String, usize>> = Vec::new();
    for (event, item) in &items {
        let index = match incident::decide(item, &open) {
            Decision::Join { index, .. } => {
                incident::join(&mut open[index], item);
                index
            }
            Decision::Open => {
                open.push(incident::open(item));
                members.push(BTreeMap::new());
                open.len() - 1
            }
            Decision::Stay => continue,
        };
        *members[index].entry(event.clone()).or_default() += 1;
    }
    let clustered: usize = members.iter().flat_map(BTreeMap::values).sum();
    let pure: usize = members.iter().filter_map(|events| events.values().max()).sum();
    let large = open.iter().filter(|incident| incident.item_count >= 20).count();
    println!(
        "{} posts, {clustered} in {} incidents, {large} with 20 or more; {:.3} with the majority of their incident",
        items.len(),
        open.len(),
        pure as f64 / clustered as f64
    );
    let mut order: Vec<usize> = (0..open.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(open[*index].item_count));
    for index in order.into_iter().take(25) {
        println!("  {:4} {} {:?}", open[index].item_count, open[index].title, members[index]);
    }
    assert!(pure as f64 > clustered as f64 * 0.95);
}
