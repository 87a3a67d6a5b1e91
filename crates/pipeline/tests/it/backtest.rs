//! What rules would have done, over a log that the pipeline wrote.

use std::time::Duration;

use crisislens_model::{AlertRule, Severity, Timestamp, Topic};
use crisislens_pipeline::alert_rule::Rules;
use crisislens_pipeline::backtest::{Backtest, Limits, Outcome, Truncated};
use serde_json::{Value, json};

use crate::flow::{Flow, felt, quake, says};

fn alone(rule: &Value) -> Rules {
    Rules::alone("tried", &serde_json::from_value::<AlertRule>(rule.clone()).unwrap()).unwrap()
}

fn over(rules: Rules) -> Backtest {
    Backtest {
        rules,
        today: Rules::default(),
        since: Timestamp::UNIX_EPOCH,
        until: Timestamp::MAX,
        limits: Limits::default(),
    }
}

async fn run(flow: &Flow, test: Backtest) -> Outcome {
    test.run(&*flow.engines.log, |_| {}).await.unwrap()
}

/// A morning: a small quake, posts, the quake revised upwards, another source, and a flood elsewhere.
async fn morning() -> Flow {
    let flow = Flow::open().await;
    flow.bring(&[quake("us7000", 4.1)]).await;
    flow.bring(&[felt("mastodon", "1", 5), felt("mastodon", "2", 6)]).await;
    flow.bring(&[quake("us7000", 6.9)]).await;
    flow.bring(&(3..12).map(|number| felt("mastodon", &number.to_string(), 8)).collect::<Vec<_>>()).await;
    flow.bring(&[
        felt("reddit", "1", 9),
        says("mastodon", "f", 9, "Severe flooding in Bologna, people trapped"),
    ])
    .await;
    flow
}

#[tokio::test]
async fn the_rules_that_were_on_give_exactly_the_alerts_that_were_raised() {
    let flow = morning().await;
    let records = flow.engines.records(Topic::Alerts).await;
    let mut raised: Vec<Value> =
        records.iter().map(|one| serde_json::from_slice(one.value.as_deref().unwrap()).unwrap()).collect();
    let before = flow.engines.records(Topic::Alerts).await.len();
    let outcome = run(&flow, over(Rules::default())).await;
    assert!(raised.len() > 1, "the morning is worth testing");
    let mut again: Vec<Value> =
        outcome.alerts.iter().map(|alert| serde_json::to_value(alert).unwrap()).collect();
    for alerts in [&mut raised, &mut again] {
        alerts.sort_by_key(|alert| (alert["id"].to_string(), alert["revision"].as_u64()));
        for alert in alerts.iter_mut() {
            // When the pipeline looked, and when the record came onto the log.
            alert["effective"] = json!(null);
            alert["expires"] = json!(null);
        }
    }
    assert_eq!(again, raised);
    assert_eq!(outcome.told, outcome.today);
    assert_eq!((outcome.missing, outcome.truncated), (0, None));
    assert_eq!(flow.engines.records(Topic::Alerts).await.len(), before, "nothing is sent");
    let counted: u64 = outcome.told.days.values().flat_map(|day| day.values()).sum();
    assert_eq!(counted, outcome.told.raised + outcome.told.revised);
    assert_eq!(counted, outcome.told.severities.values().sum::<u64>());
}

#[tokio::test]
async fn another_rule_is_compared_with_those_of_today() {
    let flow = morning().await;
    let floods =
        json!({"name": "Floods", "when": [{"q": "flooding", "country": ["IT"]}], "severity": "critical"});
    let outcome = run(&flow, over(alone(&floods))).await;
    assert_eq!((outcome.told.raised, outcome.alerts.len()), (1, 1), "{:#?}", outcome.alerts);
    assert_eq!(
        (outcome.alerts[0].severity, outcome.alerts[0].rule_id.as_str()),
        (Severity::Critical, "tried")
    );
    assert!(outcome.alerts[0].item_id.is_some());
    assert!(outcome.today.raised > 0 && outcome.today != outcome.told);
    let none = json!({"name": "None", "when": [{"q": "volcano"}]});
    assert_eq!(run(&flow, over(alone(&none))).await.told.raised, 0);
}

#[tokio::test]
async fn a_rule_that_fits_everything_is_bounded_and_says_where_it_stopped() {
    let flow = morning().await;
    let all = json!({"name": "All", "when": [{}]});
    let whole = run(&flow, over(alone(&all))).await;
    assert!(whole.told.raised >= 2 && whole.truncated.is_none());
    let with = |limits| Backtest { limits, ..over(alone(&all)) };
    let listed = run(&flow, with(Limits { listed: 1, ..Limits::default() })).await;
    assert_eq!((listed.alerts.len(), listed.told), (1, whole.told.clone()), "the rest is counted");
    let few = run(&flow, with(Limits { records: 5, ..Limits::default() })).await;
    assert_eq!((few.records, few.truncated), (5, Some(Truncated::Records)));
    assert!(few.until < Timestamp::MAX, "how far it came");
    let quick = run(&flow, with(Limits { time: Duration::ZERO, ..Limits::default() })).await;
    assert_eq!(quick.truncated, Some(Truncated::Time));
    let one = run(&flow, with(Limits { incidents: 0, ..Limits::default() })).await;
    assert_eq!(one.truncated, Some(Truncated::Incidents));
}

#[tokio::test]
async fn only_the_time_in_question_counts_and_what_joined_before_is_known() {
    let flow = Flow::open().await;
    let times = |flow: &Flow| flow.engines.clock.clone();
    flow.bring(&[quake("us7000", 6.9)]).await;
    times(&flow).advance(3600);
    let noon = crisislens_model::Clock::now(&*flow.engines.clock);
    flow.bring(&[felt("mastodon", "1", 65)]).await;
    times(&flow).advance(3600);
    let late = crisislens_model::Clock::now(&*flow.engines.clock);
    flow.bring(&[felt("mastodon", "2", 125)]).await;
    let all = json!({"name": "All", "when": [{}]});
    let between = |since, until| Backtest { since, until, ..over(alone(&all)) };
    let hour = run(&flow, between(noon, late)).await;
    assert_eq!((hour.changes, hour.told.raised, hour.missing), (1, 1, 0));
    assert_eq!(hour.alerts[0].data["item_count"], 2, "the incident as it stood then");
    assert_eq!(run(&flow, between(late, Timestamp::MAX)).await.changes, 1);
    assert_eq!(run(&flow, between(Timestamp::UNIX_EPOCH, noon)).await.changes, 1);
    assert_eq!(run(&flow, between(Timestamp::UNIX_EPOCH, Timestamp::MAX)).await.changes, 3);
}
