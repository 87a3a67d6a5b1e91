//! What is printed: one JSON object for each case, or a table.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::goals::{self, Goal};
use crate::measure::Figures;

/// One case of one run. Ratios are ours to theirs; what could not be measured is `null`.
#[derive(Debug, Serialize)]
pub struct Line {
    pub(crate) case: &'static str,
    pub(crate) engine: &'static str,
    us_per_delivery: Option<f64>,
    floor_us: Option<f64>,
    peer_us: Option<f64>,
    pub(crate) cpu_ratio_floor: Option<f64>,
    pub(crate) cpu_ratio_peer: Option<f64>,
    pub(crate) deliveries_per_s: Option<f64>,
    peer_deliveries_per_s: Option<f64>,
    pub(crate) rate_ratio_peer: Option<f64>,
    p50_ms: Option<f64>,
    pub(crate) p99_ms: Option<f64>,
    p999_ms: Option<f64>,
    peer_p99_ms: Option<f64>,
    pub(crate) rss_kb_per_connection: f64,
    peer_rss_kb_per_connection: Option<f64>,
    pub(crate) rss_ratio_peer: Option<f64>,
    pub(crate) join_cpu_ms: f64,
    floor_join_cpu_ms: f64,
    peer_join_cpu_ms: Option<f64>,
    bytes_per_delivery: Option<f64>,
    server_cores: Option<f64>,
    client_cores: Option<f64>,
    other_cores: Option<f64>,
    lost: u64,
    repeated: u64,
    reordered: u64,
    refused: u64,
    pub(crate) violations: u64,
    floor_mode: &'static str,
    floor_violations: u64,
    peer_violations: Option<u64>,
    /// What only this case has: ours by its name, theirs with `floor_` and `peer_` before it.
    #[serde(flatten)]
    extra: BTreeMap<String, f64>,
    goals: Vec<Goal>,
}

impl Line {
    /// From what was measured of each; `is_idle` cases have no deliveries.
    pub fn new(
        (case, is_idle): (&'static str, bool),
        engine: &'static str,
        floor_mode: &'static str,
        ours: &Figures,
        floor: &Figures,
        peer: Option<&Figures>,
    ) -> Self {
        let loaded = |value: f64| (!is_idle && value.is_finite()).then(|| round(value));
        let ratio = |ours: f64, theirs: f64| {
            let ratio = ours / theirs;
            ratio.is_finite().then(|| round(ratio))
        };
        let cpu = |them: &Figures| ratio(ours.us_per_delivery, them.us_per_delivery);
        let mut line = Self {
            case,
            engine,
            us_per_delivery: loaded(ours.us_per_delivery),
            floor_us: loaded(floor.us_per_delivery),
            peer_us: peer.and_then(|peer| loaded(peer.us_per_delivery)),
            cpu_ratio_floor: cpu(floor),
            cpu_ratio_peer: peer.and_then(cpu),
            deliveries_per_s: loaded(ours.deliveries_per_s),
            peer_deliveries_per_s: peer.and_then(|peer| loaded(peer.deliveries_per_s)),
            rate_ratio_peer: peer.and_then(|peer| ratio(ours.deliveries_per_s, peer.deliveries_per_s)),
            p50_ms: loaded(ours.p50_ms),
            p99_ms: loaded(ours.p99_ms),
            p999_ms: loaded(ours.p999_ms),
            peer_p99_ms: peer.and_then(|peer| loaded(peer.p99_ms)),
            rss_kb_per_connection: round(ours.rss_kb_per_connection),
            peer_rss_kb_per_connection: peer.map(|peer| round(peer.rss_kb_per_connection)),
            rss_ratio_peer: peer
                .and_then(|peer| ratio(ours.rss_kb_per_connection, peer.rss_kb_per_connection)),
            join_cpu_ms: round(ours.join_cpu_ms),
            floor_join_cpu_ms: round(floor.join_cpu_ms),
            peer_join_cpu_ms: peer.map(|peer| round(peer.join_cpu_ms)),
            bytes_per_delivery: loaded(ours.bytes_per_delivery),
            server_cores: loaded(ours.server_cores),
            client_cores: loaded(ours.client_cores),
            other_cores: loaded(ours.other_cores),
            lost: ours.lost,
            repeated: ours.repeated,
            reordered: ours.reordered,
            refused: ours.refused,
            violations: ours.violations(),
            floor_mode,
            floor_violations: floor.violations(),
            peer_violations: peer.map(Figures::violations),
            extra: extra(ours, floor, peer),
            goals: Vec::new(),
        };
        line.goals = goals::of(&line);
        line
    }

    /// A figure that only this case has.
    pub fn extra(&self, name: &str) -> Option<f64> {
        self.extra.get(name).copied()
    }

    /// As a row of the table.
    pub fn row(&self) -> String {
        let text = |value: Option<f64>, digits: usize| {
            value.map_or_else(|| "–".to_owned(), |value| format!("{value:.digits$}"))
        };
        format!(
            "{:<7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>6} {:>8} {:>8} {:>7} {:>6} {:>7} {:>6} {:>6} {:>5}",
            self.case,
            text(self.us_per_delivery, 2),
            text(self.floor_us, 2),
            text(self.peer_us, 2),
            text(self.cpu_ratio_floor, 2),
            text(self.cpu_ratio_peer, 2),
            text(self.deliveries_per_s, 0),
            text(self.rate_ratio_peer, 2),
            text(self.p50_ms, 2),
            text(self.p99_ms, 2),
            text(Some(self.rss_kb_per_connection), 1),
            text(self.rss_ratio_peer, 2),
            text(Some(self.join_cpu_ms), 3),
            text(self.client_cores, 2),
            text(self.other_cores, 2),
            self.violations,
        )
    }
}

/// The table's head.
pub fn head() -> String {
    format!(
        "{:<7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>6} {:>8} {:>8} {:>7} {:>6} {:>7} {:>6} {:>6} {:>5}",
        "case",
        "µs",
        "floor",
        "peer",
        "×floor",
        "×peer",
        "deliv/s",
        "×peer",
        "p50 ms",
        "p99 ms",
        "KB/conn",
        "×peer",
        "join ms",
        "client",
        "other",
        "viol."
    )
}

fn extra(ours: &Figures, floor: &Figures, peer: Option<&Figures>) -> BTreeMap<String, f64> {
    let named = |before: &'static str, figures: &Figures| {
        let all = figures.extra.iter().filter(|(_, value)| value.is_finite());
        all.map(|(name, value)| (format!("{before}{name}"), round(*value))).collect::<Vec<_>>()
    };
    let theirs = peer.map(|peer| named("peer_", peer)).unwrap_or_default();
    named("", ours).into_iter().chain(named("floor_", floor)).chain(theirs).collect()
}

fn round(value: f64) -> f64 {
    (value * 1e3).round() / 1e3
}
