//! Items, filters and queries to test and measure with, the same on every run.

use crisislens_model::{
    BoundingBox, ClaimReview, HazardType, Humanitarian, HumanitarianCategory, Item, ItemFilter, ItemId,
    ItemStatus, Language, Location, Relevance, RiskLevel, Severity, SourceKind, Stated, Timestamp,
};
use jiff::SignedDuration;

const WORDS: [&str; 24] = [
    "flood",
    "floods",
    "river",
    "bridge",
    "closed",
    "power",
    "cut",
    "north",
    "smoke",
    "fire",
    "quake",
    "help",
    "needed",
    "at",
    "the",
    "school",
    "road",
    "地震",
    "東京",
    "زلزال",
    "बाढ़",
    "évacuation",
    "M6.5",
    "🔥",
];
const PLACES: [(&str, &str, f64, f64); 9] = [
    ("Izmir", "TR", 38.42, 27.14),
    ("New Orleans", "US", 29.95, -90.07),
    ("Suva", "FJ", -18.14, 178.44),
    ("東京", "JP", 35.68, 139.69),
    ("Apia", "WS", -13.83, -171.76),
    ("Null Island", "GH", 0.0, -0.0),
    ("Taveuni", "FJ", -16.8, -179.97),
    ("North Pole", "NO", 90.0, 0.0),
    ("South Pole", "AQ", -90.0, 180.0),
];
const SOURCES: [&str; 5] = ["usgs", "gdacs", "BBC News", "mastodon", ""];
const LANGUAGES: [&str; 4] = ["und", "en", "es", "ja"];
const TOPICS: [&str; 4] = ["casualties", "evacuation", "damage", "needs"];
const TAGS: [&str; 4] = ["shift b", "VIP", "überprüft", "地震"];
const RISKS: [f64; 7] = [0.0, -0.0, 0.25, 0.4, 0.5, 0.7, 1.0];

/// The instant `second` seconds into the samples' time.
#[must_use]
pub fn at(second: u64) -> Timestamp {
    let start = Timestamp::constant(1_700_000_000, 0);
    start.saturating_add(SignedDuration::from_secs(second.cast_signed())).unwrap_or(start)
}

/// An item with number `n`, said `n` seconds into the samples' time.
#[must_use]
pub fn item(n: u64, text: &str) -> Item {
    Item {
        id: ItemId::of("sample", &n.to_string()),
        source: "sample".to_owned(),
        source_id: n.to_string(),
        source_kind: SourceKind::Social,
        url: None,
        title: None,
        text: text.to_owned(),
        author: None,
        timestamp: at(n),
        language_hint: None,
        media: Vec::new(),
        stated: None,
        raw_data: None,
        ingested_at: at(n),
        language: Language::default(),
        hazard: crisislens_model::HazardGuess::default(),
        relevance: None,
        humanitarian: None,
        location: None,
        entities: Vec::new(),
        topics: Vec::new(),
        severity: Severity::Low,
        severity_why: String::new(),
        risk_score: 0.1,
        risk_parts: Vec::new(),
        risk_level: RiskLevel::Low,
        corrected: None,
        duplicate_of: None,
        incident_id: None,
        claim_ids: Vec::new(),
        status: ItemStatus::New,
        assignee: None,
        tags: Vec::new(),
        exercise: false,
        exercise_id: None,
        revision: 1,
        version: 1,
    }
}

/// What a publisher of checks states.
#[must_use]
pub fn fact_check() -> Stated {
    let review = ClaimReview { claim: "the dam broke".to_owned(), ..ClaimReview::default() };
    Stated { claim_review: Some(Box::new(review)), ..Stated::default() }
}

/// A kind of humanitarian information, as likely as not.
#[must_use]
pub fn humanitarian(category: HumanitarianCategory) -> Humanitarian {
    Humanitarian { category, probability: 0.5 }
}

/// `count` random items numbered from zero.
#[must_use]
pub fn items(count: u64) -> Vec<Item> {
    let mut random = Random::new(count);
    (0..count).map(|n| random.item(n)).collect()
}

/// A place with that name.
#[must_use]
pub fn place(name: &str, country: &str, lat: f64, lon: f64) -> Location {
    Location { name: name.to_owned(), lat, lon, country: Some(country.to_owned()), ..Location::default() }
}

/// Numbers that only look random (xorshift64*, Vigna 2016).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// The sequence of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % end.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let index = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from[index].clone()
    }

    fn some<T: Clone>(&mut self, percent: u64, from: &[T]) -> Vec<T> {
        if !self.chance(percent) {
            return Vec::new();
        }
        (0..=self.below(3)).map(|_| self.pick(from)).collect()
    }

    /// A text of 3 to 30 words.
    pub fn text(&mut self) -> String {
        let words: Vec<&str> = (0..3 + self.below(28)).map(|_| self.pick(&WORDS)).collect();
        words.join(" ")
    }

    /// An item with number `n` and random contents.
    pub fn item(&mut self, n: u64) -> Item {
        let mut item = item(n, &self.text());
        item.title = self.chance(30).then(|| self.text());
        item.source = self.pick(&SOURCES).to_owned();
        item.hazard.kind = self.pick(HazardType::ALL);
        item.status = self.pick(&ItemStatus::ALL);
        item.severity = self.pick(&Severity::ALL);
        item.risk_score = self.pick(&RISKS);
        item.timestamp = self.moment();
        if self.chance(70) {
            let (name, country, lat, lon) = self.pick(&PLACES);
            let mut place = place(name, country, lat, lon);
            place.country = place.country.filter(|_| self.chance(90));
            item.location = Some(place);
        }
        item.language.code = self.pick(&LANGUAGES).to_owned();
        item.topics = self.some(50, &TOPICS.map(str::to_owned));
        item.tags = self.some(30, &TAGS.map(str::to_owned));
        // Numbers of their own, so that whatever is added here leaves the rest of the samples as it is.
        Self::new(self.0).judge(&mut item);
        item
    }

    /// Whether `item` informs, which is not known of a fifth, and of what.
    fn judge(mut self, item: &mut Item) {
        if self.chance(80) {
            let informative = self.chance(60);
            item.relevance =
                Some(Relevance { informative, probability: if informative { 0.8 } else { 0.3 } });
            item.humanitarian = informative.then(|| humanitarian(self.pick(&HumanitarianCategory::ALL)));
        }
    }

    fn moment(&mut self) -> Timestamp {
        let second = at(self.below(5 * 86_400));
        second.checked_add(SignedDuration::from_nanos(self.below(3).cast_signed())).unwrap_or(second)
    }

    /// A filter with some conditions set, never `incident`.
    pub fn filter(&mut self) -> ItemFilter {
        ItemFilter {
            status: self.some(25, &ItemStatus::ALL),
            source: self.some(25, &SOURCES.map(str::to_owned)),
            hazard: self.some(25, HazardType::ALL),
            country: self.some(25, &PLACES.map(|(_, country, ..)| country.to_owned())),
            severity: self.some(25, &Severity::ALL),
            bbox: self.chance(25).then(|| self.bbox()),
            min_risk: self.chance(25).then(|| self.pick(&RISKS)),
            max_risk: self.chance(25).then(|| self.pick(&RISKS)),
            since: self.chance(25).then(|| self.moment()),
            until: self.chance(25).then(|| self.moment()),
            incident: None,
            exercise: None,
            exercise_id: None,
        }
    }

    /// A box with corners at places, across the antimeridian or not.
    fn bbox(&mut self) -> BoundingBox {
        let (_, _, lat, west) = self.pick(&PLACES);
        let (_, _, other, east) = self.pick(&PLACES);
        BoundingBox { west, south: lat.min(other), east, north: lat.max(other) }
    }

    /// A query with operators nested up to `depth`.
    pub fn query(&mut self, depth: u32) -> String {
        let parts: Vec<String> = (0..=self.below(2)).map(|_| self.part(depth)).collect();
        parts.join(self.pick(&[" ", " AND ", " OR "]))
    }

    fn part(&mut self, depth: u32) -> String {
        match self.below(if depth == 0 { 14 } else { 16 }) {
            0 => format!(
                "status:{},{}",
                self.pick(&ItemStatus::ALL).as_str(),
                self.pick(&ItemStatus::ALL).as_str()
            ),
            1 => format!("hazard:{}", self.pick(HazardType::ALL).as_str()),
            2 => format!("risk{}{}", self.pick(&[">", "<", ">=", "<=", "=", " : "]), self.pick(&RISKS)),
            3 => format!("country:{}", self.pick(&PLACES).1),
            4 => format!("date:{}2023-11-1{}", self.pick(&[">", "<", ">=", "<=", ""]), 4 + self.below(6)),
            5 => format!("\"{} {}\"", self.pick(&WORDS), self.pick(&WORDS)),
            6 => format!("location:\"{}\"", self.pick(&PLACES).0),
            7 => self.pick(&WORDS).to_owned(),
            8 => format!("language:{},und", self.pick(&LANGUAGES)),
            9 => format!("topic:{}", self.pick(&TOPICS)),
            10 => format!("tag:\"{}\"", self.pick(&TAGS)),
            11 => {
                let (_, _, lat, lon) = self.pick(&PLACES);
                format!("near:{lat},{lon},{}", 1 + self.below(20_015))
            }
            12 => format!("informative:{}", self.chance(50)),
            13 => format!("humanitarian:{}", self.pick(&HumanitarianCategory::ALL).as_str()),
            14 => format!("({})", self.query(depth - 1)),
            _ => format!("-{}", self.part(depth - 1)),
        }
    }
}
