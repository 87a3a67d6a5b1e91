//! Rules as data, on values: several of them, what they ask for, and when they keep quiet.

use crisislens_model::incident::Centre;
use crisislens_model::{Alert, AlertRule, Incident, Item, Location, Severity, SourceKind};
use crisislens_pipeline::alert_rule::{Rules, evaluate, rules_of};
use crisislens_state::ledger::DeskObject;
use crisislens_testkit::sample;
use proptest::prelude::*;
use serde_json::{Value, json};
use uuid::Uuid;

fn kept(number: u128, rule: &Value) -> DeskObject {
    let id = if number == 0 { AlertRule::built_in_id() } else { Uuid::from_u128(number) };
    DeskObject { id, owner: Uuid::nil(), version: 1, changed_at: sample::at(0), document: rule.to_string() }
}

/// These rules beside the built-in one, which is off.
fn rules(all: &[Value]) -> Rules {
    let off = json!({"name": "Threshold", "enabled": false, "when": [{}]});
    let mut objects = vec![kept(0, &off)];
    objects.extend(all.iter().zip(1..).map(|(rule, number)| kept(number, rule)));
    Rules::of(&objects)
}

fn post(text: &str) -> Item {
    Item {
        title: None,
        text: text.to_owned(),
        source: "posts".to_owned(),
        source_kind: SourceKind::Social,
        severity: Severity::Medium,
        risk_score: 0.5,
        location: Some(Location {
            name: "Bologna".to_owned(),
            lat: 44.49,
            lon: 11.34,
            country: Some("IT".to_owned()),
            ..Location::default()
        }),
        ..sample::item(1)
    }
}

fn by(rule: &Value, incident: &Incident, item: &Item) -> Option<Alert> {
    evaluate(&rules(std::slice::from_ref(rule)), incident, &[item], None, sample::at(0))
}

#[test]
fn every_part_of_a_condition_must_hold_and_any_condition_is_enough() {
    let incident = Incident { source_count: 2, item_count: 4, ..sample::incident(1) };
    let item = post("The dam at Casalecchio has burst");
    let whole = json!({
        "q": "dam -drill", "hazard": [item.hazard.kind], "min_severity": "medium", "min_risk": 0.5,
        "risk_above": 0.49, "country": ["FR", "IT"], "source_kind": ["social"], "min_sources": 2, "min_items": 4,
        "bbox": {"west": 11.0, "south": 44.0, "east": 12.0, "north": 45.0},
        "circle": {"lat": 44.5, "lon": 11.3, "km": 20.0},
    });
    let fits = |when: Value| by(&json!({"name": "Dams", "when": when}), &incident, &item);
    let alert = fits(json!([whole])).expect("all of it holds");
    assert_eq!(alert.rule_id, Uuid::from_u128(1).to_string());
    assert!(alert.message.contains("(rule `Dams`)"), "{}", alert.message);
    for (part, other) in [
        ("q", json!("dam drill")),
        ("min_severity", json!("high")),
        ("min_risk", json!(0.51)),
        ("risk_above", json!(0.5)),
        ("country", json!(["FR"])),
        ("source_kind", json!(["official", "media"])),
        ("min_sources", json!(3)),
        ("min_items", json!(5)),
        ("bbox", json!({"west": 1.0, "south": 44.0, "east": 2.0, "north": 45.0})),
        ("circle", json!({"lat": 45.5, "lon": 11.3, "km": 20.0})),
    ] {
        let mut one = whole.clone();
        one[part] = other;
        assert!(fits(json!([one])).is_none(), "{part}");
        assert!(fits(json!([one, whole])).is_some(), "{part}: the other is enough");
    }
    let hazards: Vec<Value> = ["flood", "earthquake", "storm", "wildfire"]
        .iter()
        .map(|kind| json!(kind))
        .filter(|kind| *kind != json!(item.hazard.kind))
        .collect();
    let mut one = whole.clone();
    one["hazard"] = json!(hazards);
    assert!(fits(json!([one])).is_none(), "hazard");
}

#[test]
fn what_names_no_place_is_where_its_incident_is() {
    let centre = Some(Centre { lat: 44.5, lon: 11.3, weight: 1.0 });
    let incident = Incident { centre, country: Some("IT".to_owned()), ..sample::incident(1) };
    let nowhere = Item { location: None, ..post("The water rises") };
    let rule = json!({"name": "Here", "when": [{"country": ["IT"], "circle": {"lat": 44.5, "lon": 11.3, "km": 5.0}}]});
    assert!(by(&rule, &incident, &nowhere).is_some());
    let unknown = Incident { centre: None, country: None, ..incident };
    assert!(by(&rule, &unknown, &nowhere).is_none());
}

#[test]
fn one_incident_has_one_alert_that_names_each_rule_once() {
    let (loud, wet) = (
        json!({"name": "Loud", "when": [{"min_risk": 0.4}]}),
        json!({"name": "Wet", "when": [{"q": "flood"}], "severity": "critical"}),
    );
    let all = rules(&[loud, wet]);
    let incident = Incident { severity: Severity::Medium, ..sample::incident(1) };
    let first = evaluate(&all, &incident, &[&post("Noise")], None, sample::at(0)).unwrap();
    assert_eq!((rules_of(&first).len(), first.severity), (1, Severity::Medium));
    let again =
        |before: &Alert, text: &str| evaluate(&all, &incident, &[&post(text)], Some(before), sample::at(60));
    assert!(again(&first, "More noise").is_none(), "it says that already");
    let second = again(&first, "A flood").expect("another rule applies");
    assert_eq!((second.id, second.revision, second.kind.as_str()), (first.id, 2, "update"));
    let names: Vec<String> = rules_of(&second).into_iter().map(|rule| rule.name).collect();
    assert_eq!(names, ["Loud", "Wet"]);
    assert_eq!((second.severity, &second.rule_id), (Severity::Critical, &first.rule_id));
    assert_eq!(second.data["incident_severity"], "medium", "what it grows from");
    assert!(again(&second, "Still a flood").is_none(), "each is named once");
    let both = evaluate(&all, &incident, &[&post("A flood")], None, sample::at(0)).unwrap();
    assert_eq!((rules_of(&both).len(), both.revision), (2, 1), "two rules at once are one alert");
}

#[test]
fn a_rule_can_keep_quiet_and_a_worse_severity_is_told_all_the_same() {
    let incident = Incident { severity: Severity::Medium, ..sample::incident(1) };
    let grown = Incident { source_count: 9, ..incident.clone() };
    let worse = Incident { severity: Severity::Critical, ..incident.clone() };
    let item = post("A flood");
    for (rule, soon, late, at_worse) in [
        (json!({"name": "r", "when": [{}]}), true, true, true),
        (json!({"name": "r", "when": [{}], "quiet_s": 600}), false, true, true),
        (json!({"name": "r", "when": [{}], "repeat": "severity"}), false, false, true),
        (json!({"name": "r", "when": [{}], "repeat": "never"}), false, false, false),
    ] {
        let all = rules(std::slice::from_ref(&rule));
        let first = evaluate(&all, &incident, &[&item], None, sample::at(0)).unwrap();
        let revised = |incident: &Incident, second| {
            evaluate(&all, incident, &[&item], Some(&first), sample::at(second)).is_some()
        };
        assert_eq!(revised(&grown, 60), soon, "{rule}");
        assert_eq!(revised(&grown, 600), late, "{rule}");
        assert_eq!(revised(&worse, 1), at_worse, "{rule}");
    }
}

#[test]
fn an_alert_whose_rules_are_gone_stays_as_it_is_until_another_applies() {
    let incident = sample::incident(1);
    let grown = Incident { source_count: 9, severity: Severity::Critical, ..incident.clone() };
    let item = post("A flood");
    let rule = json!({"name": "r", "when": [{}]});
    let first = evaluate(&rules(&[rule]), &incident, &[&item], None, sample::at(0)).unwrap();
    assert!(evaluate(&rules(&[]), &grown, &[&item], Some(&first), sample::at(60)).is_none());
    let other = json!({"name": "other", "when": [{"q": "earthquake"}]});
    let objects = [kept(9, &other)];
    assert!(evaluate(&Rules::of(&objects), &incident, &[&item], Some(&first), sample::at(60)).is_none());
    let quake = post("An earthquake");
    let next = evaluate(&Rules::of(&objects), &incident, &[&quake], Some(&first), sample::at(60)).unwrap();
    assert_eq!((next.id, next.revision), (first.id, 2));
}

#[test]
fn what_was_withdrawn_is_not_raised_again_by_another_rule() {
    let incident = sample::incident(1);
    let item = post("A flood");
    let all = rules(&[
        json!({"name": "a", "when": [{"q": "flood"}]}),
        json!({"name": "b", "when": [{"q": "quake"}]}),
    ]);
    let first = evaluate(&all, &incident, &[&item], None, sample::at(0)).unwrap();
    let withdrawn = Alert { kind: "cancel".to_owned(), revision: 2, ..first };
    assert!(evaluate(&all, &incident, &[&post("A quake")], Some(&withdrawn), sample::at(60)).is_none());
    let worse = Incident { severity: Severity::Critical, ..incident };
    assert!(evaluate(&all, &worse, &[&item], Some(&withdrawn), sample::at(60)).is_some());
}

#[test]
fn an_alert_from_before_rules_were_data_is_the_built_in_ones() {
    let incident = sample::incident(1);
    let item = Item { risk_score: 0.9, ..post("A flood") };
    let mut old = evaluate(&Rules::default(), &incident, &[&item], None, sample::at(0)).unwrap();
    old.data.as_object_mut().unwrap().remove("rules");
    assert!(evaluate(&Rules::default(), &incident, &[&item], Some(&old), sample::at(60)).is_none());
    let grown = Incident { source_count: 9, ..incident };
    let next = evaluate(&Rules::default(), &grown, &[&item], Some(&old), sample::at(60)).unwrap();
    assert_eq!(rules_of(&next)[0].id, "threshold");
}

#[test]
fn the_built_in_rule_is_there_unless_it_is_switched_off_and_takes_other_thresholds() {
    let incident = sample::incident(1);
    let risky = Item { risk_score: 0.75, ..post("A flood") };
    let at = |rules: &Rules| evaluate(rules, &incident, &[&risky], None, sample::at(0)).is_some();
    assert!(!at(&Rules::of(&[])));
    let lower = json!({"name": "Threshold", "when": [{"risk_above": 0.7}]});
    assert!(at(&Rules::of(&[kept(0, &lower)])));
    assert!(!at(&rules(&[])));
}

#[test]
fn a_rule_that_cannot_be_read_does_not_keep_the_others_from_counting() {
    let broken = kept(3, &json!({"name": "x", "when": [{"q": "(flood"}]}));
    let garbage = DeskObject { document: "{".to_owned(), ..kept(4, &json!({})) };
    let good = kept(5, &json!({"name": "good", "when": [{}]}));
    let all = Rules::of(&[broken, garbage, good]);
    let alert = evaluate(&all, &sample::incident(1), &[&post("x")], None, sample::at(0)).unwrap();
    assert_eq!(rules_of(&alert)[0].name, "good");
    let rule: AlertRule =
        serde_json::from_value(json!({"name": "x", "when": [{}, {"q": "(flood"}]})).unwrap();
    let error = Rules::alone("x", &rule).unwrap_err();
    assert_eq!((error.condition, error.error.position), (1, 0), "{error}");
}

proptest! {
    /// Whatever comes in whatever order: revisions count up by one, rules are named once, and the same again gives nothing.
    #[test]
    fn nothing_is_told_twice(steps in prop::collection::vec((0_u8..4, 1_u64..6, 1_u64..40), 1..40)) {
        let all = rules(&[
            json!({"name": "a", "when": [{"q": "alpha"}]}),
            json!({"name": "b", "when": [{"q": "beta"}], "severity": "critical"}),
            json!({"name": "c", "when": [{"min_sources": 4}], "repeat": "never"}),
        ]);
        let mut before: Option<Alert> = None;
        for (step, (word, sources, items)) in steps.into_iter().enumerate() {
            let text = ["alpha", "beta", "gamma", "alpha beta"][usize::from(word)];
            let incident = Incident { source_count: sources, item_count: items, ..sample::incident(1) };
            let item = post(text);
            let now = sample::at(step as u64 * 10);
            let Some(alert) = evaluate(&all, &incident, &[&item], before.as_ref(), now) else { continue };
            prop_assert_eq!(alert.revision, before.as_ref().map_or(1, |before| before.revision + 1));
            let mut ids: Vec<String> = rules_of(&alert).into_iter().map(|rule| rule.id).collect();
            ids.sort();
            let named = ids.len();
            ids.dedup();
            prop_assert_eq!(ids.len(), named);
            prop_assert!(evaluate(&all, &incident, &[&item], Some(&alert), now).is_none());
            before = Some(alert);
        }
    }
}
