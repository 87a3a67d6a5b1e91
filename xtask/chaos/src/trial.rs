//! One trial: an installation under load, watched by live clients; then faults; then a quiet time and the verdict.

use std::ops::RangeFrom;
use std::path::Path;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use crate::api::Api;
use crate::lab::{Engine, Installation, Lab};
use crate::load::Load;
use crate::node::Weight;
use crate::observe::{observe, settled};
use crate::oracle::{Kind, Verdict, judge};
use crate::report::Outcome;
use crate::viewer::Viewer;

/// Load before the first fault, from which memory and files are measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// Writers get so long after the faults to bring home what they have begun.
const FINISH_WITHIN: Duration = Duration::from_secs(60);
/// Consumers get so long to work off what has gathered. Their pace on a busy machine is not judged, only that they arrive.
const SETTLE_WITHIN: Duration = Duration::from_secs(180);
/// Search has everything within this once all consumers are at their ends.
const EQUAL_WITHIN: Duration = Duration::from_secs(20);
/// A build that is not optimised shares its cores with all the servers, and what it works off in a second says little: there we judge
/// that things come through, and their pace only this many times slower. `chaos --all` judges the pace, of an optimised build.
pub const SLACK: u32 = if cfg!(debug_assertions) { 4 } else { 1 };
/// Live clients that connect side by side at the start.
const OPEN_AT_ONCE: usize = 32;
/// How often we look whether a fresh write has come through.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Memory that a node may hold more than at the start: caches and the allocator's reserve fill up with the load.
const RSS_SLACK_MB: u64 = 128;
/// Files that it may hold more: its pools of connections, and those of its clients, fill up after a pause.
const FILES_SLACK: u64 = 80;

/// What a trial begins with.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Which engines.
    pub engine: Engine,
    /// Nodes.
    pub nodes: usize,
    /// `--set` values of every node.
    pub sets: Vec<String>,
    /// Live clients.
    pub viewers: usize,
    /// Load in all.
    pub writes_per_s: u32,
}

impl Plan {
    /// What most cases need: some load, two live clients, shipped settings.
    pub fn on(engine: Engine) -> Self {
        let nodes = if engine == Engine::Embedded { 1 } else { 2 };
        Self { engine, nodes, sets: Vec::new(), viewers: 2, writes_per_s: 80 }
    }

    /// With so many live clients, all of one account and one address.
    pub fn with_viewers(mut self, viewers: usize) -> Self {
        self.viewers = viewers;
        self.sets.push(format!("realtime.max_connections_per_user={viewers}"));
        for bound in [
            "realtime.max_connections_per_address",
            "realtime.connects_per_address_s",
            "http.max_sockets_per_address",
        ] {
            self.sets.push(format!("{bound}=0"));
        }
        self
    }
}

/// A trial under way.
pub struct Trial {
    /// The case's name.
    pub case: &'static str,
    /// The seed of everything random in it.
    pub seed: u64,
    /// Chance.
    pub random: StdRng,
    /// The product.
    pub installation: Installation,
    /// A signed-in client.
    pub api: Api,
    /// The writers.
    pub load: Load,
    /// What is wrong beyond what the oracle sees.
    pub verdict: Verdict,
    /// The live clients.
    pub viewers: Vec<Viewer>,
    /// Of each node; one that joins later is compared with the first.
    baseline: Vec<Option<Weight>>,
    begun: Instant,
    /// When its nodes were ready.
    pub ready_at: Instant,
    expected_letter: Box<dyn Fn(&Value) -> bool + Send + Sync>,
    /// What the case noted itself, kept with the history of a trial that fails.
    pub notes: Vec<Value>,
    keep: std::path::PathBuf,
}

impl Trial {
    /// Starts everything and lets it run in.
    pub async fn begin(lab: &Lab, case: &'static str, seed: u64, plan: Plan) -> anyhow::Result<Self> {
        let installation = lab.install(plan.engine, plan.nodes, &plan.sets).await?;
        Self::begin_in(lab, case, seed, plan, installation).await
    }

    /// As [`Trial::begin`], with an installation that was prepared.
    pub async fn begin_in(
        lab: &Lab,
        case: &'static str,
        seed: u64,
        plan: Plan,
        mut installation: Installation,
    ) -> anyhow::Result<Self> {
        let begun = Instant::now();
        let api = installation.start().await?;
        let ready_at = Instant::now();
        let opening = (0..plan.viewers).map(|number| Viewer::open(&api, number));
        let viewers = futures_util::stream::iter(opening).buffered(OPEN_AT_ONCE).collect().await;
        let load = Load::begin(seed, &api, plan.writes_per_s);
        tokio::time::sleep(WARM_UP).await;
        let baseline = installation.nodes.iter().map(|node| node.weight().ok()).collect();
        Ok(Self {
            case,
            seed,
            random: StdRng::seed_from_u64(seed),
            installation,
            api,
            load,
            verdict: Verdict::default(),
            viewers,
            baseline,
            begun,
            ready_at,
            expected_letter: Box::new(|_| false),
            notes: Vec::new(),
            keep: lab.keep.clone(),
        })
    }

    /// Says which dead letters the case makes on purpose.
    pub fn expect_letters(&mut self, expected: impl Fn(&Value) -> bool + Send + Sync + 'static) {
        self.expected_letter = Box::new(expected);
    }

    /// Notes a promise of the case that does not hold.
    pub fn broken(&mut self, what: impl Into<String>) {
        self.verdict.add(Kind::Broken, what);
    }

    /// After the faults: a fresh write must be an item, and be shown to every live client, within `bound` of now, with [`SLACK`].
    /// How long it took; `None` where it did not come through in a minute, or in `bound` where that is longer.
    pub async fn recovered(&mut self, bound: Duration) -> Option<Duration> {
        self.shown_to(0.., bound).await
    }

    /// As [`Trial::recovered`], but only these of the live clients are looked at.
    pub async fn shown_to(&mut self, clients: RangeFrom<usize>, bound: Duration) -> Option<Duration> {
        let bound = bound * SLACK;
        let begun = Instant::now();
        let patience = FINISH_WITHIN.max(bound);
        let Ok(source_id) = tokio::time::timeout(FINISH_WITHIN, self.load.fresh()).await else {
            self.verdict.add(Kind::Stuck, "a fresh write was not acknowledged within 60 s");
            return None;
        };
        while !self.viewers[clients.clone()].iter().all(|viewer| viewer.has_seen(&source_id))
            || !self.is_item(&source_id).await
        {
            if begun.elapsed() > patience {
                let reasons = self.reasons().await.join("; ");
                let what =
                    format!("a fresh write did not come through in {} s: {reasons}", patience.as_secs());
                self.verdict.add(Kind::Stuck, what);
                return None;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let took = begun.elapsed();
        if took > bound {
            let what = format!(
                "a fresh write came through after {:.1} s, not {} s",
                took.as_secs_f64(),
                bound.as_secs()
            );
            self.verdict.add(Kind::Stuck, what);
        }
        Some(took)
    }

    async fn is_item(&self, source_id: &str) -> bool {
        let id = crisislens_model::ItemId::of(&crate::oracle::payload::source(self.seed), source_id);
        self.api.get(&format!("/api/items/{id}")).await.is_ok()
    }

    /// What the nodes say stands in their way.
    pub async fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        for node in self.installation.nodes.iter().filter(|node| node.runs()) {
            reasons.extend(node.reasons().await);
        }
        reasons
    }

    /// Waits until `holds`; whether it did within `within`, with [`SLACK`].
    pub async fn within(&self, within: Duration, mut holds: impl AsyncFnMut(&Self) -> bool) -> bool {
        let within = within * SLACK;
        let begun = Instant::now();
        while !holds(self).await {
            if begun.elapsed() > within {
                return false;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        true
    }

    /// Ends the load, waits for quiet, and judges. `observed` is the line for people; how much was written is added.
    pub async fn judge(mut self, observed: &str) -> anyhow::Result<Outcome> {
        let written = self.load.end(FINISH_WITHIN).await;
        for refusal in &written.refused {
            self.verdict.add(Kind::Broken, format!("a sound write was refused: {refusal}"));
        }
        if let Err(why) = settled(&self.api, SETTLE_WITHIN).await {
            let patience = SETTLE_WITHIN.as_secs();
            self.verdict.add(Kind::Stuck, format!("not everything was worked off in {patience} s: {why}"));
        }
        self.compare().await;
        // Before we read whole topics through the nodes.
        self.weigh();
        let mut seen = observe(&self.api, self.seed, &*self.expected_letter).await?;
        // What is shown follows what is on the log by a moment; a client that lags has until now.
        let expected = seen.events();
        let begun = Instant::now();
        while self.viewers.iter().any(|viewer| viewer.count() < expected)
            && begun.elapsed() < Duration::from_secs(10)
        {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        for viewer in self.viewers.drain(..) {
            seen.viewers.push(viewer.close().await);
        }
        let judged = judge(self.seed, &written.history, &seen);
        self.verdict.anomalies.extend(judged.anomalies);
        let reconnects: u32 = seen.viewers.iter().map(|viewer| viewer.reconnects).sum();
        let resyncs: usize = seen.viewers.iter().map(|viewer| viewer.resyncs.len()).sum();
        let shown: usize = seen.viewers.iter().map(|viewer| viewer.events.len()).sum();
        let mut line = format!(
            "{observed}; {} acknowledged ({} sent again), worst gap {:.1} s, {} items, {} messages, {shown} events shown",
            written.history.obligations(),
            written.retries,
            written.worst_gap.as_secs_f64(),
            seen.items.len(),
            seen.told.mails.len(),
        );
        if reconnects > 0 {
            line += &format!(" over {reconnects} reconnects");
        }
        if resyncs > 0 {
            line += &format!(", {resyncs} resyncs");
        }
        if !self.verdict.holds() {
            let history = json!({"seed": self.seed, "case": self.case, "verdict": self.verdict, "history": written.history, "observed": seen, "notes": self.notes});
            let kept = keep(&self.keep, self.case, self.seed, &history, &self.installation);
            eprintln!("  the history, the nodes' logs and their data are kept in {}", kept.display());
        }
        Ok(Outcome::new(
            self.case,
            self.installation.engine.as_str(),
            self.seed,
            self.verdict,
            self.begun.elapsed(),
            line,
        ))
    }

    /// Whether search has what the store has, by count and checksum.
    async fn compare(&mut self) {
        let path = "/api/search?compare=true";
        let is_equal = async |trial: &Self| trial.api.get(path).await.is_ok_and(|seen| seen["equal"] == true);
        if !self.within(EQUAL_WITHIN, is_equal).await {
            let seen =
                self.api.get(path).await.map_or_else(|error| error.to_string(), |seen| seen.to_string());
            self.verdict.add(Kind::Lost, format!("search and store differ in the end: {seen}"));
        }
    }

    /// The most memory that a node ever held above what it held under load before the faults, MB.
    pub fn highest_rise_mb(&self) -> u64 {
        let nodes = self.installation.nodes.iter().zip(&self.baseline);
        let rises = nodes
            .filter_map(|(node, base)| Some(node.weight().ok()?.peak_mb.saturating_sub((*base)?.rss_mb)));
        rises.max().unwrap_or(0)
    }

    /// Whether the nodes hold no more than at the start.
    fn weigh(&mut self) {
        for (number, node) in self.installation.nodes.iter().enumerate() {
            let base = self.baseline.get(number).or(self.baseline.first()).copied().flatten();
            let (Some(base), Ok(now)) = (base, node.weight()) else { continue };
            if now.rss_mb > base.rss_mb + base.rss_mb / 10 + RSS_SLACK_MB {
                let what = format!(
                    "node {}: {} MB at the start, {} MB in the end",
                    number + 1,
                    base.rss_mb,
                    now.rss_mb
                );
                self.verdict.add(Kind::Leaked, what);
            }
            // Live clients go where they like: after a fault they may all be on one node.
            let clients = self.viewers.len() as u64;
            if now.files > base.files + base.files / 10 + FILES_SLACK + clients {
                let what = format!(
                    "node {}: {} files at the start, {} in the end",
                    number + 1,
                    base.files,
                    now.files
                );
                self.verdict.add(Kind::Leaked, what);
            }
        }
    }
}

/// Keeps what a failed trial leaves: its history, the nodes' logs and what they have on disk. Where.
pub fn keep(
    below: &Path,
    case: &str,
    seed: u64,
    history: &Value,
    installation: &Installation,
) -> std::path::PathBuf {
    let dir = below.join(format!("{case}-{}-{seed}", installation.engine.as_str()));
    let kept = std::fs::create_dir_all(&dir)
        .and_then(|()| std::fs::write(dir.join("history.json"), history.to_string()));
    if let Err(error) = kept {
        eprintln!("  the history cannot be kept: {error}");
    }
    for (number, node) in installation.nodes.iter().enumerate() {
        // A node that never started has no log.
        let _ = std::fs::copy(node.log_file(), dir.join(format!("node-{}.log", number + 1)));
    }
    if let Err(error) = installation.keep_data(&dir) {
        eprintln!("  the nodes' data cannot be kept: {error}");
    }
    dir
}
