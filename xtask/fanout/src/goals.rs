//! What the live gateway is to reach in each case, and whether it does.

use serde::Serialize;

use crate::report::Line;

/// A figure and its limit.
#[derive(Debug, Serialize)]
pub struct Goal {
    goal: &'static str,
    limit: f64,
    /// Whether the limit is the least, and not the most.
    at_least: bool,
    measured: Option<f64>,
    met: Option<bool>,
}

fn at_most(goal: &'static str, limit: f64, measured: Option<f64>) -> Goal {
    Goal { goal, limit, at_least: false, measured, met: measured.map(|figure| figure <= limit) }
}

fn at_least(goal: &'static str, limit: f64, measured: Option<f64>) -> Goal {
    Goal { goal, limit, at_least: true, measured, met: measured.map(|figure| figure >= limit) }
}

/// The goals of a case; one whose figure was not measured, because there is no peer for instance, is neither met nor missed.
pub fn of(line: &Line) -> Vec<Goal> {
    let cpu = |peer| {
        vec![
            at_most("CPU of a delivery : floor", 1.2, line.cpu_ratio_floor),
            at_most("CPU of a delivery : peer", peer, line.cpu_ratio_peer),
        ]
    };
    let mut goals = match line.case {
        "a" | "b" | "d" => cpu(0.6),
        "c" => cpu(0.75),
        "w" => {
            let from_kafka = line.rate_ratio_peer.filter(|_| line.engine == "kafka");
            vec![
                at_least("deliveries/s", 2_500_000.0, line.deliveries_per_s),
                at_least("deliveries/s : peer, from Kafka", 3.0, from_kafka),
                at_most("p99, ms", 50.0, line.p99_ms),
            ]
        }
        "i" => vec![
            at_most("KB of a resting connection", 6.0, Some(line.rss_kb_per_connection)),
            at_most("KB of a resting connection : peer", 0.25, line.rss_ratio_peer),
            at_most("CPU of a join, ms", 0.06, Some(line.join_cpu_ms)),
        ],
        "latency" => {
            let limit = if line.engine == "kafka" { 40.0 } else { 25.0 };
            vec![at_most("p99 from 202 to frame, ms", limit, line.extra("from_acknowledged_p99_ms"))]
        }
        "stuck" => vec![at_most("p99 of the others, with : without", 1.2, line.extra("others_p99_ratio"))],
        "storm" => vec![at_most("all caught up, s", 15.0, line.extra("caught_up_s"))],
        _ => Vec::new(),
    };
    goals.push(at_most("lost, repeated, reordered, refused", 0.0, Some(line.violations as f64)));
    goals
}

/// The head of the table of goals.
pub fn head() -> String {
    format!("{:<7} {:<8} {:<36} {:>11} {:>11}  met", "case", "engine", "what", "goal", "measured")
}

/// A case's rows of that table, each with its end of line.
pub fn rows(line: &Line) -> String {
    let row = |goal: &Goal| {
        let limit = format!("{} {}", if goal.at_least { "≥" } else { "≤" }, goal.limit);
        let measured = goal.measured.map_or_else(|| "–".to_owned(), |figure| figure.to_string());
        let met = goal.met.map_or("–", |met| if met { "yes" } else { "NO" });
        let (case, engine, what) = (line.case, line.engine, goal.goal);
        format!("{case:<7} {engine:<8} {what:<36} {limit:>11} {measured:>11}  {met}\n")
    };
    of(line).iter().map(row).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::measure::Figures;

    fn line(case: &'static str, engine: &'static str, ours: &Figures) -> Line {
        Line::new((case, false), engine, "raw", ours, &Figures::default(), None)
    }

    fn met(line: &Line) -> Vec<Option<bool>> {
        of(line).iter().map(|goal| goal.met).collect()
    }

    #[test]
    fn a_goal_is_met_missed_or_not_measured() {
        let extra = BTreeMap::from([("from_acknowledged_p99_ms", 30.0)]);
        let ours = Figures { extra, ..Figures::default() };
        assert_eq!(met(&line("latency", "kafka", &ours)), [Some(true), Some(true)]);
        assert_eq!(met(&line("latency", "embedded", &ours)), [Some(false), Some(true)]);
        assert_eq!(met(&line("storm", "embedded", &ours)), [None, Some(true)]);
        let rows = rows(&line("latency", "embedded", &ours));
        assert!(rows.contains("≤ 25") && rows.contains(" 30  NO\n"), "{rows}");
    }

    #[test]
    fn whatever_was_lost_misses_a_goal_of_its_case() {
        let ours = Figures { lost: 1, deliveries_per_s: 3e6, p99_ms: 10.0, ..Figures::default() };
        assert_eq!(met(&line("w", "embedded", &ours)), [Some(true), None, Some(true), Some(false)]);
    }
}
