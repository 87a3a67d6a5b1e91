//! A post and the claim it makes among those already checked (CheckThat! 2020 task 2, English): mean average precision at five.
//!
//! On a split that the model has not seen, the built-in model is judged. Where there is only the split it was learnt from, that is
//! taken in five parts, each judged by a model of the other four; posts that share a claim lie in one part.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;
use crisislens_analysis::evidence::expanded;
use crisislens_analysis::evidence::learn::{Question, learn};
use crisislens_analysis::evidence::rank::{Asked, Candidate, Ranker, Rarity, features};
use crisislens_model::{Item, ItemId, Timestamp};
use crisislens_search::contract::sample;
use crisislens_search::tantivy::{TantivyIndex, TantivyOptions};
use crisislens_search::words::words;
use crisislens_search::{MAX_RELEVANT, RelevantHits, RelevantRequest, SearchIndex};
use flate2::read::GzDecoder;

use super::score::{average_precision, mean};
use crate::Row;
use crate::data::files;

const SET: &str = "checkthat2020-t2-claim-retrieval";
/// The split that the built-in model is learnt from.
pub(super) const LEARNT: &str = "train";
const PARTS: usize = 5;
/// Penalty on a weight. A third and three times as much gave the same to two thousandths.
pub(super) const L2: f64 = 0.003;

/// A post with its candidates.
pub(super) struct Post {
    /// Which posts share a claim.
    cluster: usize,
    /// Right is what says the same in the same words as a claim that the set names.
    pub(super) question: Question,
    /// How many claims it makes, those of the same words as one …
    all: usize,
    /// … and as the set names them.
    all_named: usize,
    /// Of each candidate a number that those share which say the same in the same words.
    same: Vec<usize>,
    /// Whether the set names the candidate itself.
    named: Vec<bool>,
}

pub(super) fn run(data: &Path) -> anyhow::Result<Vec<Row>> {
    measure(&read(data)?)
}

/// The row of `splits`.
pub(super) fn measure(splits: &BTreeMap<String, Vec<Post>>) -> anyhow::Result<Vec<Row>> {
    let built_in = Ranker::new()?;
    let mut notes = Vec::new();
    let (mut value, mut apart) = (Vec::new(), Vec::new());
    let (mut engine, mut stemmed) = (Vec::new(), Vec::new());
    let unseen = splits.keys().any(|name| name != LEARNT);
    for (name, posts) in splits {
        let models = if name == LEARNT { models(posts) } else { vec![built_in.clone()] };
        let model = |post: &Post| &models[post.cluster % models.len()];
        let ranked: Vec<f64> = posts.iter().map(|post| post.precision(model(post))).collect();
        let reached = posts.iter().filter(|post| post.question.right.contains(&true)).count();
        notes.push(format!(
            "{name}{}: {:.3} of {} posts, {:.3} of them with the claim among {MAX_RELEVANT} candidates",
            if name == LEARNT { " in five parts" } else { "" },
            mean(&ranked),
            posts.len(),
            reached as f64 / posts.len().max(1) as f64
        ));
        if name == LEARNT && unseen {
            continue;
        }
        value.extend(ranked);
        apart.extend(posts.iter().map(|post| post.precision_apart(model(post))));
        // The candidates come in the engine's order; the second feature is BM25 over stems.
        engine.extend(posts.iter().map(|post| post.precision_by(|at| -(at as f64))));
        stemmed.extend(posts.iter().map(|post| post.precision_by(|at| post.question.features[at][1])));
    }
    notes.push(format!("{:.3} where claims of the same words count apart", mean(&apart)));
    Ok(vec![Row {
        measure: "claim_match_map5",
        value: mean(&value),
        must: Some(0.89),
        aim: Some(0.95),
        floors: vec![("BM25 without stems", mean(&engine)), ("BM25 with stems", mean(&stemmed))],
        n: value.len(),
        higher_is_better: true,
        note: notes.join("; "),
    }])
}

/// The precision of each post, by a model that has not seen its part.
pub(super) fn held_out(posts: &[Post]) -> Vec<f64> {
    let models = models(posts);
    posts.iter().map(|post| post.precision(&models[post.cluster % PARTS])).collect()
}

/// For each part the model of the others.
fn models(posts: &[Post]) -> Vec<Ranker> {
    let model = |part| {
        let others: Vec<&Question> =
            posts.iter().filter(|post| post.cluster % PARTS != part).map(|post| &post.question).collect();
        learn(&others, L2)
    };
    (0..PARTS).map(model).collect()
}

impl Post {
    fn precision(&self, ranker: &Ranker) -> f64 {
        self.precision_by(|at| self.score(ranker, at))
    }

    fn precision_by(&self, score: impl Fn(usize) -> f64) -> f64 {
        let mut order: Vec<(f64, usize)> = (0..self.question.right.len()).map(|at| (score(at), at)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        // What stands there in the same words counts once, at its best place.
        let mut seen = BTreeSet::new();
        let once = order.into_iter().filter(|(_, at)| seen.insert(self.same[*at]));
        average_precision(once.map(|(_, at)| self.question.right[at]), self.all)
    }

    /// As the task's scorer has it: each claim for itself, and only those right that the set names.
    fn precision_apart(&self, ranker: &Ranker) -> f64 {
        let mut order: Vec<(f64, usize)> =
            (0..self.named.len()).map(|at| (self.score(ranker, at), at)).collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        average_precision(order.into_iter().map(|(_, at)| self.named[at]), self.all_named)
    }

    fn score(&self, ranker: &Ranker, at: usize) -> f64 {
        let features = &self.question.features[at];
        features.iter().zip(ranker.weights).map(|(feature, weight)| feature * weight).sum()
    }
}

/// Every split whose questions and answers are there, with its candidates.
pub(super) fn read(data: &Path) -> anyhow::Result<BTreeMap<String, Vec<Post>>> {
    let folder = data.join(SET);
    let claims = claims(&folder)?;
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let directory = tempfile::tempdir()?;
    let index = TantivyIndex::open(directory.path(), TantivyOptions::default())?;
    let places: BTreeMap<ItemId, usize> =
        claims.iter().enumerate().map(|(at, claim)| (claim.item.id, at)).collect();
    runtime.block_on(async {
        index.put(claims.iter().map(|claim| claim.item.clone()).collect()).await?;
        index.commit([(0, 1)].into()).await
    })?;
    let mut splits = BTreeMap::new();
    let queried = files(&folder, ".tweets.queries.tsv")?;
    for name in queried.iter().filter_map(|(name, _)| name.strip_suffix(".tweets.queries.tsv")) {
        let answers = answers(&folder.join(format!("{name}.tweet-vclaim-pairs.qrels")))?;
        let mut posts = Vec::new();
        let clusters = clusters(&answers);
        for (id, text) in queries(&folder.join(format!("{name}.tweets.queries.tsv")))? {
            let Some(right) = answers.get(&id) else { continue };
            let request =
                RelevantRequest { text: expanded(&text), limit: MAX_RELEVANT, ..RelevantRequest::default() };
            let (text, author, year) = signature(&text);
            let RelevantHits { hits, frequencies, items } = runtime.block_on(index.relevant(&request))?;
            let found: Vec<(&Claim, f64)> =
                hits.iter().filter_map(|hit| Some((&claims[*places.get(&hit.id)?], hit.score))).collect();
            let candidates: Vec<Candidate<'_>> = found
                .iter()
                .map(|(claim, score)| Candidate {
                    title: claim.item.title.as_deref().unwrap_or_default(),
                    text: &claim.item.text,
                    score: *score,
                })
                .collect();
            let rarity = Rarity { frequencies: Some(&frequencies), items };
            let asked = Asked { text, author: Some(author), year, language: "en", rarity };
            let said: BTreeSet<usize> =
                claims.iter().filter(|claim| right.contains(&claim.id)).map(|claim| claim.words).collect();
            posts.push(Post {
                cluster: clusters[&id],
                question: Question {
                    features: features(&asked, &candidates),
                    right: found.iter().map(|(claim, _)| said.contains(&claim.words)).collect(),
                },
                all: said.len(),
                all_named: right.len(),
                same: found.iter().map(|(claim, _)| claim.words).collect(),
                named: found.iter().map(|(claim, _)| right.contains(&claim.id)).collect(),
            });
        }
        splits.insert(name.to_owned(), posts);
    }
    Ok(splits)
}

/// Text, author and year of a post that ends with `— Name (@handle) Month D, YYYY`, as the set has them.
fn signature(post: &str) -> (&str, &str, Option<i16>) {
    let whole = (post, "", None);
    let Some((text, signed)) = post.rsplit_once('—') else { return whole };
    let Some((author, date)) = signed.rsplit_once(')') else { return whole };
    let year = date.trim().rsplit(' ').next().and_then(|year| year.parse().ok());
    if author.contains("(@") && year.is_some() { (text, author, year) } else { whole }
}

/// Posts that share a claim have one number.
fn clusters(answers: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, usize> {
    let mut owners: BTreeMap<&str, usize> = BTreeMap::new();
    let mut parents: Vec<usize> = (0..answers.len()).collect();
    let root = |parents: &[usize], mut at: usize| {
        while parents[at] != at {
            at = parents[at];
        }
        at
    };
    for (number, claims) in answers.values().enumerate() {
        for claim in claims {
            let owner = *owners.entry(claim).or_insert(number);
            let (one, other) = (root(&parents, owner), root(&parents, number));
            parents[one.max(other)] = one.min(other);
        }
    }
    answers.keys().enumerate().map(|(number, id)| (id.clone(), root(&parents, number))).collect()
}

struct Claim {
    id: String,
    /// The number of what it says: claims of the same words have the same one.
    words: usize,
    item: Item,
}

/// The checked claims as items: the claim is the title and the review's headline the text, as the connector has them.
fn claims(folder: &Path) -> anyhow::Result<Vec<Claim>> {
    let file = folder.join("verified_claims.docs.tsv.gz");
    let bytes = std::fs::File::open(&file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut rows = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(GzDecoder::new(bytes));
    let mut out = Vec::new();
    let mut known: BTreeMap<(Vec<String>, Vec<String>), usize> = BTreeMap::new();
    for row in rows.records() {
        let row = row?;
        let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
        let mut item = sample::item(out.len() as u64, &cell(2));
        item.title = Some(cell(1));
        item.timestamp = Timestamp::UNIX_EPOCH;
        let said = (words(&cell(1)), words(&cell(2)));
        let next = known.len();
        let words = *known.entry(said).or_insert(next);
        out.push(Claim { id: cell(0), words, item });
    }
    Ok(out)
}

fn queries(file: &Path) -> anyhow::Result<Vec<(String, String)>> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut rows = csv::ReaderBuilder::new().delimiter(b'\t').from_reader(bytes.as_slice());
    let mut out = Vec::new();
    for row in rows.records() {
        let row = row?;
        let cell = |at: usize| row.get(at).unwrap_or_default().to_owned();
        out.push((cell(0), cell(1)));
    }
    Ok(out)
}

/// The claims of each post, from TREC's relevance judgements.
fn answers(file: &Path) -> anyhow::Result<BTreeMap<String, BTreeSet<String>>> {
    let text = std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let mut out: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        if let [post, _, claim, relevant] = cells.as_slice()
            && *relevant != "0"
        {
            out.entry((*post).to_owned()).or_default().insert((*claim).to_owned());
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_taken_off_and_other_dashes_are_not() {
        let (text, author, year) = signature("The dam — our dam — broke — Anna (@anna) May 5, 2019");
        assert_eq!((text, author, year), ("The dam — our dam — broke ", " Anna (@anna", Some(2019)));
        for plain in ["The dam broke", "A dam — broke (today)", "A (@b) dam"] {
            assert_eq!(signature(plain), (plain, "", None));
        }
    }

    #[test]
    fn posts_that_share_a_claim_lie_together() {
        let of = |claims: &[&str]| claims.iter().map(|claim| (*claim).to_owned()).collect::<BTreeSet<_>>();
        let answers = [("a", of(&["1"])), ("b", of(&["2"])), ("c", of(&["1", "2"])), ("d", of(&["3"]))];
        let answers = answers.into_iter().map(|(id, claims)| (id.to_owned(), claims)).collect();
        let clusters = clusters(&answers);
        assert!(
            clusters["a"] == clusters["b"]
                && clusters["b"] == clusters["c"]
                && clusters["c"] != clusters["d"]
        );
    }
}
