//! The built-in rule, on values.

use crisislens_model::alert_rule::{BUILT_IN, OFFICIAL_SEVERITY_FROM, RISK_ABOVE};
use crisislens_model::incident::{Backing, Corrector, SetByPeople};
use crisislens_model::{
    Alert, AlertStatus, Corrected, Incident, Item, ItemCorrection, PutRight, Severity, SourceKind, Stated,
    Timestamp,
};
use crisislens_pipeline::alert_rule::{self, Rules};
use crisislens_state::ledger::DeskObject;
use crisislens_testkit::sample;
use serde_json::json;

fn evaluate(incident: &Incident, items: &[&Item], before: Option<&Alert>, now: Timestamp) -> Option<Alert> {
    alert_rule::evaluate(&Rules::default(), incident, items, before, now)
}

fn official(severity: Severity) -> Item {
    Item { source: "usgs".to_owned(), source_kind: SourceKind::Official, severity, ..sample::item(1) }
}

fn risky(risk_score: f64) -> Item {
    Item { risk_score, ..sample::item(2) }
}

fn first(incident: &Incident, item: &Item) -> Option<Alert> {
    evaluate(incident, &[item], None, sample::at(0))
}

fn raised(incident: &Incident) -> Alert {
    first(incident, &official(Severity::High)).unwrap()
}

#[test]
fn an_official_severity_from_high_on_raises_an_alert_and_says_why() {
    let incident = sample::incident(1);
    for severity in Severity::ALL {
        let alert = first(&incident, &official(severity));
        assert_eq!(alert.is_some(), severity >= OFFICIAL_SEVERITY_FROM, "{severity:?}");
    }
    let alert = raised(&incident);
    assert_eq!((alert.revision, alert.kind.as_str(), alert.rule_id.as_str()), (1, "alert", BUILT_IN));
    assert_eq!((alert.incident_id, alert.item_id), (incident.id, Some(sample::item(1).id)));
    assert_eq!(alert.status, AlertStatus::Actual);
    assert_eq!(alert.expires.as_second() - alert.effective.as_second(), 86_400);
    assert!(alert.message.contains("1 item from 1 source"), "{}", alert.message);
    assert_eq!(alert.data["why"], "usgs reports severity high");
}

#[test]
fn a_post_raises_an_alert_only_above_the_risk_and_whatever_its_severity() {
    let incident = sample::incident(1);
    assert!(first(&incident, &risky(RISK_ABOVE)).is_none(), "the threshold itself is not above it");
    assert!(first(&incident, &risky(RISK_ABOVE + 0.01)).is_some());
    let loud = Item { severity: Severity::Critical, ..risky(0.5) };
    assert!(first(&incident, &loud).is_none(), "a post's severity alone is hearsay");
}

#[test]
fn a_withdrawn_statement_raises_nothing() {
    let stated = Some(Stated { withdrawn: true, ..Stated::default() });
    let withdrawn = Item { stated, risk_score: 1.0, ..official(Severity::Critical) };
    assert!(first(&sample::incident(1), &withdrawn).is_none());
}

#[test]
fn the_gravest_item_is_named_as_the_trigger() {
    let incident = sample::incident(1);
    let (high, critical) =
        (official(Severity::High), Item { id: sample::item(9).id, ..official(Severity::Critical) });
    let alert = evaluate(&incident, &[&critical, &high], None, sample::at(0)).unwrap();
    assert_eq!(alert.item_id, Some(critical.id));
}

#[test]
fn an_alert_is_revised_when_severity_rises_a_source_joins_or_items_double_and_not_otherwise() {
    let incident = Incident { item_count: 5, ..sample::incident(1) };
    let before = raised(&incident);
    let again = |change: Incident| evaluate(&change, &[&risky(0.9)], Some(&before), sample::at(60));
    assert!(again(incident.clone()).is_none(), "nothing has grown");
    assert!(again(Incident { item_count: 9, ..incident.clone() }).is_none());
    assert!(again(Incident { severity: Severity::Low, ..incident.clone() }).is_none(), "it has become less");
    for grown in [
        Incident { item_count: 10, ..incident.clone() },
        Incident { source_count: 2, ..incident.clone() },
        Incident { severity: Severity::Critical, ..incident.clone() },
    ] {
        let revised = again(grown).unwrap();
        assert_eq!((revised.id, revised.revision, revised.kind.as_str()), (before.id, 2, "update"));
        assert!(revised.references.is_some());
    }
}

#[test]
fn few_items_are_no_growth_even_when_they_double() {
    let before = raised(&sample::incident(1));
    let now = |item_count| Incident { item_count, ..sample::incident(1) };
    assert!(evaluate(&now(3), &[&risky(0.9)], Some(&before), sample::at(1)).is_none());
    assert!(evaluate(&now(4), &[&risky(0.9)], Some(&before), sample::at(1)).is_some());
}

#[test]
fn growth_without_a_new_trigger_keeps_the_item_that_raised_the_alert() {
    let before = raised(&sample::incident(1));
    let grown = Incident { source_count: 2, ..sample::incident(1) };
    let revised = evaluate(&grown, &[&risky(0.1)], Some(&before), sample::at(1)).unwrap();
    assert_eq!(revised.item_id, before.item_id);
}

#[test]
fn the_alert_of_an_exercise_says_so_in_every_revision() {
    let incident = Incident { exercise: true, ..sample::incident(1) };
    let before = raised(&incident);
    let grown = Incident { source_count: 2, ..incident };
    let revised = evaluate(&grown, &[&risky(0.9)], Some(&before), sample::at(1)).unwrap();
    assert_eq!([before.status, revised.status], [AlertStatus::Exercise; 2]);
}

#[test]
fn the_same_input_gives_the_same_alert() {
    let (incident, item) = (sample::incident(1), official(Severity::High));
    assert_eq!(first(&incident, &item), first(&incident, &item));
}

/// What the server makes of an alert that a person corrects.
fn put_right(before: &Alert, set: &Corrected) -> Alert {
    let mut alert = Alert { revision: before.revision + 1, kind: "correction".to_owned(), ..before.clone() };
    Corrected::of(before).unwrap_or_default().then(set.clone()).keep(&mut alert.data);
    alert.data["incident_severity"] = json!(before.severity);
    alert.severity = set.severity.unwrap_or(before.severity);
    alert.title = set.title.clone().unwrap_or_else(|| before.title.clone());
    alert
}

#[test]
fn what_a_person_has_corrected_stays_until_the_incident_gets_worse_than_it_was() {
    let incident = Incident { severity: Severity::High, ..sample::incident(1) };
    let set = Corrected {
        title: Some("A drill, no flood".to_owned()),
        severity: Some(Severity::Low),
        area: Some("Harbour".to_owned()),
        reason: Some("the gauge was tested".to_owned()),
        ..Corrected::default()
    };
    let mut alert = put_right(&raised(&incident), &set);
    for sources in 2..=4 {
        let grown = Incident { source_count: sources, ..incident.clone() };
        let next = evaluate(&grown, &[&risky(0.9)], Some(&alert), sample::at(60)).unwrap();
        assert_eq!((next.revision, next.kind.as_str()), (alert.revision + 1, "update"));
        assert_eq!((next.severity, next.title.as_str()), (Severity::Low, "A drill, no flood"));
        assert_eq!(next.area, "Harbour");
        assert!(next.message.starts_with("A drill, no flood: "), "{}", next.message);
        assert_eq!(next.message.matches("Corrected: the gauge was tested").count(), 1, "{}", next.message);
        alert = next;
    }
    let worse = Incident { severity: Severity::Critical, source_count: 4, ..incident.clone() };
    let next = evaluate(&worse, &[&risky(0.9)], Some(&alert), sample::at(60)).unwrap();
    assert_eq!((next.severity, &next.title, &next.area), (Severity::Critical, &worse.title, &worse.area));
    assert_eq!(next.data["why"], "severity rose from high to critical");
    assert_eq!(Corrected::of(&next), None);
}

#[test]
fn a_message_that_a_person_wrote_is_told_again_with_what_is_new() {
    let incident = sample::incident(1);
    let set = Corrected {
        message: Some("Stay at home.".to_owned()),
        reason: Some("said by the mayor".to_owned()),
        ..Corrected::default()
    };
    let alert = put_right(&raised(&incident), &set);
    let grown = Incident { source_count: 2, ..incident };
    let next = evaluate(&grown, &[&risky(0.9)], Some(&alert), sample::at(60)).unwrap();
    assert_eq!(
        next.message,
        "Stay at home. Since then 2 sources now report it. Corrected: said by the mayor"
    );
}

#[test]
fn an_alert_that_a_person_made_worse_does_not_get_better_because_its_incident_gets_worse() {
    let incident = Incident { severity: Severity::Low, ..sample::incident(1) };
    let before = Alert { severity: Severity::Low, ..raised(&incident) };
    let set = Corrected { severity: Some(Severity::Critical), ..Corrected::default() };
    let alert = put_right(&before, &set);
    let worse = Incident { severity: Severity::High, ..incident };
    let next = evaluate(&worse, &[&risky(0.9)], Some(&alert), sample::at(60)).unwrap();
    assert_eq!(next.severity, Severity::Critical);
    assert!(evaluate(&worse, &[&risky(0.9)], Some(&next), sample::at(61)).is_none(), "it says it all");
}

/// A critical incident that so many voices stand behind.
fn behind(voices: usize) -> Incident {
    let groups = (0..voices).map(|n| vec![format!("author:{n}")]).collect();
    let backing = Some(Backing { sure: false, groups });
    Incident { severity: Severity::Critical, backing, ..sample::incident(1) }
}

#[test]
fn what_one_voice_alone_says_is_not_told_as_critical_and_is_as_soon_as_another_does() {
    let raised = first(&behind(1), &risky(0.9)).unwrap();
    assert_eq!(raised.severity, Severity::High);
    assert!(raised.message.contains("not critical") && raised.data["held"].is_string(), "{}", raised.message);
    let told = |incident: &Incident, before: &Alert| {
        evaluate(incident, &[&risky(0.9)], Some(before), sample::at(60))
    };
    assert!(told(&behind(1), &raised).is_none(), "it says it all");
    let backed = told(&behind(2), &raised).unwrap();
    assert_eq!((backed.severity, backed.data.get("held")), (Severity::Critical, None));
    assert_eq!(backed.data["why"], "severity rose from high to critical");
    assert!(told(&behind(2), &backed).is_none());
    // An authority, or the desk, is enough; what was stored before this was counted is as it was.
    let sure = Incident { backing: Some(Backing { sure: true, groups: Vec::new() }), ..behind(0) };
    let set = SetByPeople {
        title: None,
        severity: Some(Severity::Critical),
        status: None,
        by: Vec::new(),
        found_title: String::new(),
        found_severity: Severity::Critical,
    };
    let by_people = Incident { set: Some(set), ..behind(1) };
    let old = Incident { backing: None, ..behind(0) };
    for incident in [sure, by_people, old] {
        assert_eq!(first(&incident, &risky(0.9)).unwrap().severity, Severity::Critical);
    }
    let calm = Incident { severity: Severity::Medium, ..behind(1) };
    assert_eq!(first(&calm, &risky(0.9)).unwrap().severity, Severity::Medium);
}

#[test]
fn hands_go_on_with_revisions_until_somebody_else_has_agreed() {
    let (ada, ben) = (sample::user_id(1), sample::user_id(2));
    let incident = sample::incident(1);
    let mut alert = raised(&incident);
    assert_eq!(alert.hands(), []);
    alert.note_hands([ada, ada]);
    let grown = |before: &Alert, sources: u64, hazy: &Item| {
        let incident = Incident { source_count: sources, ..incident.clone() };
        evaluate(&incident, &[hazy], Some(before), sample::at(60)).unwrap()
    };
    let next = grown(&alert, 2, &risky(0.9));
    assert_eq!((next.hands(), next.approved_by.as_deref()), (vec![ada], None));
    let put = PutRight { to: ItemCorrection::default(), by: ben, at: sample::at(1) };
    let next = grown(&next, 3, &Item { corrected: Some(put), ..risky(0.9) });
    assert_eq!(next.hands(), [ada, ben]);
    let approved = Alert { approved_by: Some("cat".to_owned()), ..next.clone() };
    let next = grown(&approved, 4, &risky(0.9));
    assert_eq!((next.hands(), next.approved_by), (vec![], None), "agreed to, and to be approved anew");
}

#[test]
fn who_has_lately_changed_a_rule_has_a_hand_in_what_it_tells() {
    let rule = json!({ "name": "All", "when": [{}], "changed_by": sample::user_id(3) });
    let object = DeskObject {
        id: uuid::Uuid::from_u128(7),
        owner: uuid::Uuid::nil(),
        version: 1,
        changed_at: sample::at(0),
        document: rule.to_string(),
    };
    let rules = Rules::of(&[object]);
    let hands = |at: Timestamp| {
        alert_rule::evaluate(&rules, &sample::incident(1), &[&risky(0.1)], None, at).unwrap().hands()
    };
    assert_eq!(hands(sample::at(10)), [sample::user_id(3)]);
    assert_eq!(hands(sample::at(25 * 3600)), []);
}

#[test]
fn nothing_is_held_back_where_a_rule_or_a_person_says_how_bad_it_is() {
    let ruled = |severity: &str, incident: &Incident| {
        let document = json!({ "name": "All", "when": [{}], "severity": severity }).to_string();
        let (id, owner) = (uuid::Uuid::from_u128(7), uuid::Uuid::nil());
        let object = DeskObject { id, owner, version: 1, changed_at: sample::at(0), document };
        alert_rule::evaluate(&Rules::of(&[object]), incident, &[&risky(0.1)], None, sample::at(0)).unwrap()
    };
    for severity in ["critical", "high", "medium"] {
        let told = ruled(severity, &behind(1));
        assert_eq!((told.severity.as_str(), told.data.get("held")), (severity, None));
        assert!(!told.message.contains("not critical"), "{}", told.message);
    }
    let before = first(&behind(1), &risky(0.9)).unwrap();
    assert!(before.message.contains("not critical") && before.data["held"].is_string());
    let set = Corrected { severity: Some(Severity::Critical), ..Corrected::default() };
    let next = evaluate(
        &Incident { source_count: 2, ..behind(1) },
        &[&risky(0.9)],
        Some(&put_right(&before, &set)),
        sample::at(60),
    )
    .unwrap();
    assert_eq!((next.severity, next.data.get("held")), (Severity::Critical, None));
    assert!(!next.message.contains("not critical"), "{}", next.message);
}

/// What the server makes of an alert that somebody approves.
fn approved(before: &Alert) -> Alert {
    let by = Some("cat".to_owned());
    let (revision, kind) = (before.revision + 1, "approval".to_owned());
    let mut alert = Alert { revision, kind, approved_by: by, ..before.clone() };
    alert.forget_hands();
    alert
}

fn grown(incident: &Incident, sources: u64, before: &Alert) -> Alert {
    let incident = Incident { source_count: sources, ..incident.clone() };
    evaluate(&incident, &[&risky(0.9)], Some(before), sample::at(60)).unwrap()
}

#[test]
fn who_has_named_an_incident_has_no_hand_in_what_somebody_else_has_agreed_to() {
    let (ada, ben) = (sample::user_id(1), sample::user_id(2));
    let mut incident = sample::incident(1);
    let name = |incident: &mut Incident, title: &str, by| {
        incident.set_by_people(Some(Some(title.to_owned())), None, None);
        incident.note_who_set(by);
    };
    name(&mut incident, "Dam broke", ada);
    let first = raised(&incident);
    assert_eq!(first.hands(), [ada]);
    let agreed = approved(&first);
    let next = grown(&incident, 2, &agreed);
    assert_eq!((next.hands(), next.approved_by.as_deref()), (vec![], None), "nothing of hers is new");
    let further = grown(&incident, 3, &next);
    assert_eq!(further.hands(), [], "also two revisions later");
    // Other words are somebody's again, and those that were agreed to long before are, too.
    name(&mut incident, "Leave Porto", ben);
    let other = grown(&incident, 4, &further);
    assert_eq!(other.hands(), [ada, ben]);
    name(&mut incident, "Dam broke", ben);
    assert_eq!(grown(&incident, 5, &approved(&other)).hands(), [ada, ben]);
    // How bad they say it is.
    let mut incident = sample::incident(1);
    let agreed = approved(&raised(&incident));
    incident.set_by_people(None, Some(Some(Severity::Critical)), None);
    incident.note_who_set(ada);
    let worse = grown(&incident, 2, &agreed);
    assert_eq!((worse.severity, worse.hands()), (Severity::Critical, vec![ada]));
    // What was withdrawn was not agreed to.
    let withdrawn = Alert { kind: "cancel".to_owned(), severity: Severity::Low, ..agreed };
    let again = evaluate(&incident, &[&risky(0.9)], Some(&withdrawn), sample::at(60)).unwrap();
    assert_eq!((again.hands(), again.data.get("agreed")), (vec![ada], None));
}

#[test]
fn who_has_put_items_of_an_incident_right_has_a_hand_until_somebody_else_has_agreed() {
    let (ada, ben) = (sample::user_id(1), sample::user_id(2));
    let by = |by, at| Corrector { by, at: sample::at(at) };
    let mut incident = sample::incident(1);
    incident.note_put_right(by(ada, 10));
    let first = raised(&incident);
    assert_eq!(first.hands(), [ada], "though nothing of hers is among what came");
    let next = grown(&incident, 2, &approved(&first));
    assert_eq!(next.hands(), []);
    incident.note_put_right(by(ben, 5));
    let next = grown(&incident, 3, &approved(&next));
    assert_eq!(next.hands(), [ben], "he did it before, but it is heard of only now");
    incident.note_put_right(by(ada, 20));
    let put = PutRight { to: ItemCorrection::default(), by: ben, at: sample::at(5) };
    let item = Item { corrected: Some(put), ..risky(0.9) };
    let more = Incident { source_count: 4, ..incident.clone() };
    let next = evaluate(&more, &[&item], Some(&approved(&next)), sample::at(60)).unwrap();
    assert_eq!(next.hands(), [ada], "she did more; what he did was agreed to");
}

#[test]
fn who_merges_incidents_has_a_hand_and_so_has_who_named_the_one_that_goes() {
    let (ada, ben) = (sample::user_id(1), sample::user_id(2));
    let (into, mut from) = (sample::incident(1), sample::incident(2));
    from.set_by_people(Some(Some("Dam broke, leave Porto now".to_owned())), None, None);
    from.note_who_set(ada);
    let (mine, theirs) = (raised(&into), [raised(&from)]);
    let merged = |mine: Option<&Alert>, by| {
        alert_rule::merged(&into, (&from, &theirs), mine, by, sample::at(60)).unwrap().0
    };
    let next = merged(Some(&mine), ben);
    assert!(next.message.contains("Dam broke, leave Porto now"), "{}", next.message);
    assert_eq!(next.hands(), [ben, ada]);
    assert_eq!(merged(Some(&approved(&mine)), ada).hands(), [ada]);
    assert_eq!(merged(None, ben).hands(), [ada, ben]);
}

#[test]
fn a_merge_withdraws_publicly_what_stands_publicly() {
    let (into, from) = (sample::incident(1), sample::incident(2));
    let mine = raised(&into);
    let public = approved(&raised(&from));
    let renamed = Incident { title: "Dam broke, leave Porto now".to_owned(), ..from.clone() };
    let update = grown(&Incident { severity: Severity::Critical, ..renamed }, 2, &public);
    assert_eq!((update.approved_by.as_deref(), update.severity), (None, Severity::Critical));
    let withdrawn = |theirs: &[Alert]| {
        let by = sample::user_id(1);
        alert_rule::merged(&into, (&from, theirs), Some(&mine), by, sample::at(60)).unwrap().1.unwrap()
    };
    let theirs = [raised(&from), public.clone(), update.clone()];
    let ended = withdrawn(&theirs);
    assert_eq!((ended.kind.as_str(), ended.revision), ("cancel", update.revision + 1));
    assert_eq!(ended.approved_by.as_deref(), Some("cat"), "public readers are told");
    assert_eq!((&ended.title, ended.severity), (&public.title, public.severity));
    assert_eq!(ended.data["why"], public.data["why"], "and nothing that nobody has approved");
    assert_eq!(ended.data["incident_severity"], "critical");
    // What never was public, and what was withdrawn since, is not by its withdrawal.
    assert_eq!(withdrawn(&theirs[..1]).approved_by, None);
    let cancel = Alert { kind: "cancel".to_owned(), ..public.clone() };
    let mut again = vec![raised(&from), public, cancel];
    assert!(
        alert_rule::merged(&into, (&from, &again), Some(&mine), sample::user_id(1), sample::at(60)).is_none(),
        "it is withdrawn already"
    );
    again.push(Alert { revision: 4, ..update });
    assert_eq!(withdrawn(&again).approved_by, None);
}
