//! Which of the candidates that a search brings are about a claim: BM25 (Robertson and Zaragoza 2009) over stems, and a logistic
//! model over readable features.
//!
//! How rare a word is, is told by the index for the words that were asked for; for the others, and where the index says nothing, the
//! candidates stand for all items. The weights are learnt as a conditional logit (McFadden 1974; in ranking, ListNet's top-one loss, Cao
//! et al. 2007) and lie in `models/evidence.tsv`, with the line that makes a probability of the score (Platt 1999).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::stems::{Stems, Text};
use crate::AnalysisError;
use crate::linear::number::{exp, ln};

/// Weights and calibration.
const MODEL: &str = include_str!("../../models/evidence.tsv");
/// BM25's saturation of repeated words, and how far length counts.
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// Sums of word weights are divided by this, so that features are of one size.
const TEN: f64 = 10.0;
/// Weights are learnt from so many candidates at once; where there are fewer, the others would have had none of the words.
const USUAL: f64 = 200.0;

/// Weights are learnt on about so many items: in a larger index a rare word weighs no more, so that features keep their size.
const USUAL_ITEMS: f64 = 10_000.0;

/// What is looked at, in the order of the model.
pub const FEATURES: [&str; 31] = [
    "search_share",
    "bm25",
    "bm25_title",
    "bm25_text",
    "title_found",
    "text_found",
    "asked_found",
    "names_found",
    "names_weight",
    "numbers_found",
    "number_missing",
    "runs_found",
    "runs_cosine",
    "pairs_weight",
    "pairs_found",
    "rarest",
    "second_rarest",
    "third_rarest",
    "stems_shared",
    "author_weight",
    "author_named",
    "year_agrees",
    "year_differs",
    "search_rank",
    "length",
    "bm25_share",
    "near_bm25",
    "near_found",
    "title_cosine",
    "longest_run",
    "asked_found_squared",
];
/// Where some of them stand.
const BM25: usize = 1;
const BM25_SHARE: usize = 25;
/// How many there are.
pub const COUNT: usize = FEATURES.len();

/// What candidates are looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The claim, or the post that makes it.
    pub text: &'a str,
    /// Who made it: checks name the person.
    pub author: Option<&'a str>,
    /// The year in which it was said.
    pub year: Option<i16>,
    /// ISO 639-1.
    pub language: &'a str,
    /// How rare its words are.
    pub rarity: Rarity<'a>,
}

/// In how many items words are, as the search has counted them; by default nothing is known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rarity<'a> {
    /// Of each word the number of items.
    pub frequencies: Option<&'a BTreeMap<String, u64>>,
    /// Of how many.
    pub items: u64,
}

/// A candidate, as the search has brought it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Candidate<'a> {
    /// Headline; of a published check, the claim.
    pub title: &'a str,
    /// What was said.
    pub text: &'a str,
    /// The search's score.
    pub score: f64,
}

/// A candidate with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Which candidate.
    pub index: usize,
    /// 0 to 1: how likely it is about what was asked, on data where about one candidate in a hundred is.
    pub probability: f64,
    /// What each feature adds, by [`FEATURES`].
    pub contributions: [f64; COUNT],
}

/// The model.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranker {
    /// By [`FEATURES`].
    pub weights: [f64; COUNT],
    /// A score times this …
    pub slope: f64,
    /// … plus this is the log-odds.
    pub offset: f64,
}

impl Ranker {
    /// The model that is built in.
    ///
    /// # Errors
    /// Where the file does not fit the code.
    pub fn new() -> Result<Self, AnalysisError> {
        Self::read(MODEL).ok_or(AnalysisError::ModelFile("evidence"))
    }

    /// Reads a model as [`Ranker::write`] writes it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let mut number = |name: &str| {
            let (found, number) = lines.next()?.split_once('\t')?;
            (found == name).then(|| number.parse::<f64>().ok())?
        };
        let mut weights = [0.0; COUNT];
        for (weight, name) in weights.iter_mut().zip(FEATURES) {
            *weight = number(name)?;
        }
        Some(Self { weights, slope: number("slope")?, offset: number("offset")? })
    }

    /// The model as a text, to six decimals.
    #[must_use]
    pub fn write(&self) -> String {
        let named = FEATURES.into_iter().zip(self.weights);
        let lines = named.chain([("slope", self.slope), ("offset", self.offset)]);
        let lines: String = lines.map(|(name, number)| format!("{name}\t{number:.6}\n")).collect();
        format!(
            "# feature\tweight: how items are ranked as evidence. Made by crisislens-eval train.\n{lines}"
        )
    }

    /// The candidates, the likeliest first; of equals, as they came.
    #[must_use]
    pub fn rank(&self, asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Vec<Ranked> {
        let mut out: Vec<Ranked> = features(asked, candidates)
            .into_iter()
            .enumerate()
            .map(|(index, features)| {
                let mut contributions = features;
                contributions.iter_mut().zip(self.weights).for_each(|(part, weight)| *part *= weight);
                let score: f64 = contributions.iter().sum();
                let probability = 1.0 / (1.0 + exp(-(self.slope * score + self.offset)));
                Ranked { index, probability, contributions }
            })
            .collect();
        out.sort_by(|a, b| b.probability.total_cmp(&a.probability));
        out
    }
}

/// Plain BM25 over title and text, as a floor: whole words where `language` has no stems.
#[must_use]
pub fn bm25(asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Vec<f64> {
    features(asked, candidates).into_iter().map(|features| features[BM25]).collect()
}

/// The features of every candidate, which are all looked at together: how rare a word is, they tell themselves.
#[must_use]
pub fn features(asked: &Asked<'_>, candidates: &[Candidate<'_>]) -> Vec<[f64; COUNT]> {
    let mut stems = Stems::new(asked.language);
    let question = Question::read(&mut stems, asked);
    let read: Vec<Read> = candidates.iter().map(|candidate| Read::new(&mut stems, candidate)).collect();
    let counted = asked.rarity.frequencies.map(|frequencies| {
        let said = stems.counted(&[asked.text, asked.author.unwrap_or_default()].join(" "), frequencies);
        (asked.rarity.items, said)
    });
    let near = Pool::new(&read, None);
    let pool = Pool::new(&read, counted);
    let best = candidates.iter().map(|candidate| candidate.score).fold(f64::MIN_POSITIVE, f64::max);
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|a, b| candidates[*b].score.total_cmp(&candidates[*a].score));
    let mut places = vec![0; candidates.len()];
    for (place, index) in order.into_iter().enumerate() {
        places[index] = place + 1;
    }
    let each = read.iter().zip(candidates).zip(places);
    let mut out: Vec<[f64; COUNT]> = each
        .map(|((read, candidate), place)| question.compare(read, &pool, &near, candidate.score / best, place))
        .collect();
    let most = out.iter().map(|features| features[BM25]).fold(f64::MIN_POSITIVE, f64::max);
    out.iter_mut().for_each(|features| features[BM25_SHARE] = features[BM25] / most);
    out
}

/// A candidate's parts.
struct Read {
    title: Text,
    text: Text,
    /// Of both.
    whole: Text,
    pairs: Vec<(u32, u32)>,
}

impl Read {
    fn new(stems: &mut Stems, candidate: &Candidate<'_>) -> Self {
        let (title, text) = (stems.read(candidate.title), stems.read(candidate.text));
        let mut pairs: Vec<(u32, u32)> = pairs(&title.stems).chain(pairs(&text.stems)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let mut whole = Text { stems: title.stems.clone(), ..Text::default() };
        whole.stems.extend(&text.stems);
        for part in [&title, &text] {
            whole.set.extend(&part.set);
            whole.names.extend(&part.names);
            whole.numbers.extend(&part.numbers);
            whole.years.extend(&part.years);
            whole.runs.extend(&part.runs);
        }
        whole.runs.sort_unstable();
        whole.runs.dedup();
        Self { title, text, whole, pairs }
    }
}

fn pairs(stems: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    stems.windows(2).map(|pair| (pair[0], pair[1]))
}

/// How often things are among the items, as far as index and candidates tell.
struct Pool {
    /// Items that are counted.
    count: f64,
    /// Items for each candidate.
    each: f64,
    /// Makes the weight of what nothing has the same whatever the count.
    scale: f64,
    stems: HashMap<u32, f64>,
    runs: HashMap<u64, f64>,
    lengths: [f64; 3],
}

impl Pool {
    fn new(read: &[Read], counted: Option<(u64, HashMap<u32, u64>)>) -> Self {
        let (mut stems, mut runs) = (HashMap::new(), HashMap::new());
        let mut lengths = [0.0; 3];
        for read in read {
            read.whole.set.iter().for_each(|stem| *stems.entry(*stem).or_default() += 1.0);
            read.whole.runs.iter().for_each(|run| *runs.entry(*run).or_default() += 1.0);
            for (sum, part) in lengths.iter_mut().zip([&read.title, &read.text, &read.whole]) {
                *sum += part.stems.len() as f64;
            }
        }
        let lengths = lengths.map(|sum| (sum / read.len().max(1) as f64).max(1.0));
        let seen = (read.len() as f64).max(USUAL);
        let (items, counted) = counted.unwrap_or_default();
        let count = (items as f64).max(seen);
        let each = count / seen;
        stems.values_mut().for_each(|has: &mut f64| *has *= each);
        // An item has a stem where it has any form of it: at least as many as candidates have it.
        for (stem, items) in counted {
            let has = stems.entry(stem).or_default();
            *has = (items as f64).max(*has / each).min(count);
        }
        let scale = ln(2.0 * USUAL_ITEMS + 2.0) / ln(2.0 * count + 2.0);
        Self { count, each, scale, stems, runs, lengths }
    }

    /// The weight of a stem (Robertson and Spärck Jones).
    fn weight(&self, stem: u32) -> f64 {
        self.idf(self.stems.get(&stem).copied().unwrap_or_default())
    }

    fn run_weight(&self, run: u64) -> f64 {
        self.idf(self.runs.get(&run).copied().unwrap_or_default() * self.each)
    }

    fn idf(&self, has: f64) -> f64 {
        self.scale * ln(1.0 + (self.count - has + 0.5) / (has + 0.5))
    }

    fn sum<'a>(&self, stems: impl IntoIterator<Item = &'a u32>) -> f64 {
        stems.into_iter().map(|stem| self.weight(*stem)).sum()
    }
}

/// What is asked, in parts.
struct Question {
    text: Text,
    author: Text,
    /// Stems of both.
    all: BTreeSet<u32>,
    names: BTreeSet<u32>,
    /// Neighbouring stems of the text.
    pairs: BTreeSet<(u32, u32)>,
    /// Runs of characters of both.
    runs: Vec<u64>,
    year: Option<i16>,
}

impl Question {
    fn read(stems: &mut Stems, asked: &Asked<'_>) -> Self {
        let text = stems.read(asked.text);
        let author = stems.read(asked.author.unwrap_or_default());
        let all = text.set.union(&author.set).copied().collect();
        let names = text.names.union(&author.set).copied().collect();
        let mut runs = [text.runs.as_slice(), author.runs.as_slice()].concat();
        runs.sort_unstable();
        runs.dedup();
        let pairs = pairs(&text.stems).collect();
        Self { text, author, all, names, pairs, runs, year: asked.year }
    }

    fn compare(&self, read: &Read, pool: &Pool, near: &Pool, search: f64, place: usize) -> [f64; COUNT] {
        let whole = &read.whole;
        let asked = pool.sum(&self.all).max(1.0);
        let shared: Vec<u32> = self.all.intersection(&whole.set).copied().collect();
        let share = |part: &Text| pool.sum(self.all.intersection(&part.set)) / pool.sum(&part.set).max(1.0);
        let bm25 = |pool: &Pool, part: &Text, length: f64| -> f64 {
            let norm = K1 * (1.0 - B + B * part.stems.len() as f64 / length);
            let each = self.all.intersection(&part.set).map(|stem| {
                let times = part.stems.iter().filter(|other| *other == stem).count() as f64;
                pool.weight(*stem) * times * (K1 + 1.0) / (times + norm)
            });
            each.sum()
        };
        let names = pool.sum(self.names.intersection(&whole.names));
        let numbers = self.text.numbers.intersection(&whole.numbers).count() as f64;
        let missing = whole.numbers.difference(&self.text.numbers).count() as f64;
        let square = |run: &u64| pool.run_weight(*run).powi(2);
        let common: Vec<&u64> =
            self.runs.iter().filter(|run| whole.runs.binary_search(run).is_ok()).collect();
        let lengths = self.runs.iter().map(square).sum::<f64>().sqrt()
            * whole.runs.iter().map(square).sum::<f64>().sqrt();
        let both: Vec<&(u32, u32)> = read.pairs.iter().filter(|pair| self.pairs.contains(pair)).collect();
        let mut rare: Vec<f64> = shared.iter().map(|stem| pool.weight(*stem)).collect();
        rare.sort_by(|a, b| b.total_cmp(a));
        let rare = |at: usize| rare.get(at).copied().unwrap_or_default() / TEN;
        let author = pool.sum(self.author.set.intersection(&whole.set));
        let agrees = self.year.is_some_and(|year| whole.years.contains(&year));
        let differs = self.year.is_some_and(|asked| whole.years.iter().any(|year| *year != asked));
        let power =
            |set: &BTreeSet<u32>| set.iter().map(|stem| pool.weight(*stem).powi(2)).sum::<f64>().sqrt();
        let in_both: f64 =
            self.all.intersection(&read.title.set).map(|stem| pool.weight(*stem).powi(2)).sum();
        let cosine = in_both / (power(&self.all) * power(&read.title.set)).max(1.0);
        let truth = |is: bool| f64::from(u8::from(is));
        [
            search,
            bm25(pool, whole, pool.lengths[2]) / TEN,
            bm25(pool, &read.title, pool.lengths[0]) / asked,
            bm25(pool, &read.text, pool.lengths[1]) / asked,
            share(&read.title),
            share(&read.text),
            pool.sum(&shared) / asked,
            names / pool.sum(&whole.names).max(1.0),
            names / TEN,
            numbers / (whole.numbers.len().max(1) as f64),
            truth(missing > 0.0),
            common.len() as f64 / whole.runs.len().max(1) as f64,
            common.iter().map(|run| square(run)).sum::<f64>() / lengths.max(1.0),
            both.iter().map(|(a, b)| pool.weight(*a).min(pool.weight(*b))).sum::<f64>() / TEN,
            both.len() as f64 / read.pairs.len().max(1) as f64,
            rare(0),
            rare(1),
            rare(2),
            shared.len() as f64 / TEN,
            author / TEN,
            truth(author > 0.0),
            truth(agrees),
            truth(differs),
            1.0 / place.max(1) as f64,
            whole.runs.len() as f64 / 100.0,
            0.0,
            bm25(near, whole, near.lengths[2]) / TEN,
            near.sum(&shared) / near.sum(&self.all).max(1.0),
            cosine,
            longest(&self.text.stems, &read.title.stems).max(longest(&self.text.stems, &read.text.stems))
                / TEN,
            (pool.sum(&shared) / asked).powi(2),
        ]
    }
}

/// How many stems the longest run has that stands in both.
fn longest(one: &[u32], other: &[u32]) -> f64 {
    let mut best = 0_u32;
    let mut before = vec![0_u32; other.len() + 1];
    for stem in one {
        let mut next = vec![0_u32; other.len() + 1];
        for (at, _) in other.iter().enumerate().filter(|(_, same)| *same == stem) {
            next[at + 1] = before[at] + 1;
            best = best.max(next[at + 1]);
        }
        before = next;
    }
    f64::from(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: Candidate<'static> = Candidate {
        title: "A shark swims on a flooded motorway.",
        text: "No, no shark swims on this motorway\nRating: Fake",
        score: 7.0,
    };
    const OTHERS: [Candidate<'static>; 3] = [
        Candidate { title: "Motorway closed", text: "The flooded motorway stays closed.", score: 9.0 },
        Candidate { title: "Flood", text: "Floods in the north", score: 2.0 },
        Candidate { title: "", text: "", score: 0.0 },
    ];

    fn asked(text: &str) -> Asked<'_> {
        Asked { text, language: "en", ..Asked::default() }
    }

    #[test]
    fn what_is_about_the_claim_comes_first_with_its_reasons() {
        let ranker = Ranker::new().unwrap();
        let candidates = [OTHERS[1], ABOUT, OTHERS[2]];
        let ranked = ranker.rank(&asked("Sharks swimming on the flooded motorway #SharkAttack"), &candidates);
        assert_eq!(ranked[0].index, 1);
        assert!(ranked.is_sorted_by(|a, b| a.probability >= b.probability));
        let score: f64 = ranked[0].contributions.iter().sum();
        let odds = exp(ranker.slope * score + ranker.offset);
        assert!((ranked[0].probability - odds / (1.0 + odds)).abs() < 1e-9);
    }

    #[test]
    fn nothing_to_compare_is_no_error() {
        let ranker = Ranker::new().unwrap();
        assert!(ranker.rank(&asked("flood"), &[]).is_empty());
        for text in ["", "🔥🔥", "\u{200b}"] {
            let ranked = ranker.rank(&asked(text), &OTHERS);
            assert!(ranked.iter().all(|ranked| ranked.probability.is_finite()), "{text}");
        }
        let long = "flood ".repeat(1_000_000);
        assert_eq!(ranker.rank(&asked(&long), &OTHERS).len(), 3);
    }

    #[test]
    fn stems_make_bm25_see_what_whole_words_do_not() {
        let candidates = [ABOUT, OTHERS[1]];
        let stemmed = bm25(&asked("sharks"), &candidates);
        let whole = bm25(&Asked { language: "xx", ..asked("sharks") }, &candidates);
        assert!(stemmed[0] > stemmed[1] && whole[0] == 0.0);
    }

    #[test]
    fn a_model_reads_as_it_was_written_and_no_other_text_is_one() {
        let ranker = Ranker::new().unwrap();
        assert_eq!(Ranker::read(&ranker.write()), Some(ranker.clone()));
        assert_eq!(Ranker::read(""), None);
        assert_eq!(Ranker::read(&ranker.write().replace("bm25\t", "bm26\t")), None);
    }
}
