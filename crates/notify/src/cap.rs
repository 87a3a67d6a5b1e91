//! Alerts for other systems: CAP 1.2 (OASIS; ITU-T X.1303 bis), and an Atom feed of them (RFC 4287).
//!
//! What a rule has raised and no person has approved is told as such: its scope is `Restricted`, and `Public` once one has. A withdrawal has the
//! scope of what it withdraws, without the reason where that is public. Within an exercise the status is
//! `Exercise`, whatever else is said.

mod seal;
mod xml;

use std::path::PathBuf;

use crisislens_model::{Alert, AlertStatus, HazardType, Severity, Timestamp};
use serde::{Deserialize, Serialize};

pub use seal::{Seal, SealError};
use xml::Xml;

/// The media type of an alert.
pub const MEDIA_TYPE: &str = "application/cap+xml";
/// The media type of the feed.
pub const FEED_MEDIA_TYPE: &str = "application/atom+xml";
/// Who may read what nobody has approved.
const RESTRICTION: &str =
    "Raised by a rule and approved by no person: for those who watch the situation, not for the public";

/// In whose name alerts are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Originator {
    /// Unique among originators, such as a domain name or an address; no spaces, commas, `<` or `&`.
    pub sender: String,
    /// For people.
    pub name: String,
    /// PEM with the private key that alerts are signed with, ECDSA P-256 or RSA; empty: they are not signed.
    pub key_file: PathBuf,
    /// PEM with the certificate of that key, and those above it; empty: signatures carry the bare public key.
    pub cert_file: PathBuf,
}

impl Default for Originator {
    fn default() -> Self {
        let (sender, name) = ("crisislens".to_owned(), "CrisisLens".to_owned());
        Self { sender, name, key_file: PathBuf::new(), cert_file: PathBuf::new() }
    }
}

impl Originator {
    /// What is wrong with it, if anything.
    #[must_use]
    pub fn problem(&self) -> Option<&'static str> {
        let is_wrong = self.sender.is_empty()
            || self.sender.contains(|character: char| {
                character.is_whitespace() || character.is_control() || ",<&".contains(character)
            });
        is_wrong.then_some("has spaces, commas, < or &, or is empty: CAP takes none of them in a sender")
    }
}

/// A revision's identifier: unique for the sender, and the same for ever.
#[must_use]
pub fn identifier(alert: &Alert) -> String {
    format!("{}.{}", alert.id, alert.revision)
}

/// A revision as CAP. `earlier` are the revisions before it: an update names them all, so that a receiver that missed one still knows
/// what it takes the place of.
#[must_use]
pub fn message(alert: &Alert, earlier: &[Alert], by: &Originator) -> String {
    xml::document(&canonical(alert, earlier, by))
}

/// The same, signed.
pub fn signed_message(
    alert: &Alert,
    earlier: &[Alert],
    by: &Originator,
    seal: &Seal,
) -> Result<String, SealError> {
    let text = canonical(alert, earlier, by);
    let signature = seal.signature(&text)?;
    let inside = text.strip_suffix("</alert>").unwrap_or(&text);
    Ok(xml::document(&format!("{inside}{signature}</alert>")))
}

/// Without a declaration and in canonical form (Exclusive XML Canonicalization 1.0), which is what is signed.
fn canonical(alert: &Alert, earlier: &[Alert], by: &Originator) -> String {
    let mut xml = Xml::default();
    xml.open("alert", &[("xmlns", "urn:oasis:names:tc:emergency:cap:1.2")]);
    xml.text("identifier", &identifier(alert));
    xml.text("sender", &by.sender);
    xml.text("sent", &time(alert.effective));
    xml.text("status", status(alert.status));
    let references: Vec<String> = earlier
        .iter()
        .filter(|one| one.revision < alert.revision)
        .map(|one| format!("{},{},{}", by.sender, identifier(one), time(one.effective)))
        .collect();
    xml.text("msgType", kind(alert, references.is_empty()));
    if alert.approved_by.is_some() {
        xml.text("scope", "Public");
    } else {
        xml.text("scope", "Restricted");
        xml.text("restriction", RESTRICTION);
    }
    if !references.is_empty() {
        xml.text("references", &references.join(" "));
    }
    xml.text("incidents", &alert.incident_id.to_string());
    info(&mut xml, alert, by);
    xml.close("alert");
    xml.end()
}

fn info(xml: &mut Xml, alert: &Alert, by: &Originator) {
    xml.open("info", &[]);
    xml.text("language", "en-US");
    xml.text("category", category(alert.hazard));
    xml.text("event", event(alert.hazard));
    xml.text("urgency", urgency(alert.severity));
    xml.text("severity", severity(alert.severity));
    // What posts and feeds say, and a score: as long as nobody has seen it.
    xml.text("certainty", if alert.approved_by.is_some() { "Likely" } else { "Possible" });
    if let Some(code) = event_code(alert.hazard) {
        xml.pair("eventCode", "OET:v1.2", code);
    }
    xml.text("effective", &time(alert.effective));
    xml.text("expires", &time(alert.expires.max(alert.effective)));
    xml.text("senderName", &by.name);
    xml.text("headline", &alert.title);
    xml.text("description", alert.message_for_all());
    xml.pair("parameter", "rule", &alert.rule_id);
    xml.pair("parameter", "revision", &alert.revision.to_string());
    // Who withdraws one needs nobody's approval.
    if let Some(person) = alert.approved_by.as_ref().filter(|_| alert.kind != "cancel") {
        xml.pair("parameter", "approved_by", person);
    }
    for (name, value) in alert.data.as_object().into_iter().flatten() {
        if value.is_number() || value.is_string() || value.is_boolean() {
            xml.pair(
                "parameter",
                name,
                value.as_str().map_or_else(|| value.to_string(), str::to_owned).as_str(),
            );
        }
    }
    xml.open("area", &[]);
    xml.text("areaDesc", if alert.area.trim().is_empty() { "unknown" } else { &alert.area });
    if let Some(centre) = &alert.centre {
        xml.text("circle", &format!("{},{} 0", centre.lat, centre.lon));
    }
    if let Some(country) = &alert.country {
        xml.pair("geocode", "ISO 3166-1", country);
    }
    xml.close("area");
    xml.close("info");
}

/// A page of a feed of alerts, newest first. `path` is where an alert is found as CAP, by its id and revision; `next` is where the page
/// with older ones is (RFC 5005), if there are any. Drafts are not in it.
#[must_use]
pub fn feed(
    alerts: &[Alert],
    by: &Originator,
    next: Option<&str>,
    path: impl Fn(&Alert) -> String,
) -> String {
    let alerts: Vec<&Alert> = alerts.iter().filter(|alert| alert.status != AlertStatus::Draft).collect();
    let mut xml = Xml::default();
    xml.open("feed", &[("xmlns", "http://www.w3.org/2005/Atom")]);
    xml.text("id", &format!("urn:crisislens:{}:alerts", by.sender));
    xml.text("title", &format!("Alerts of {}", by.name));
    let updated = alerts.iter().map(|alert| alert.effective).max().unwrap_or(Timestamp::UNIX_EPOCH);
    xml.text("updated", &updated.to_string());
    xml.open("author", &[]);
    xml.text("name", &by.name);
    xml.close("author");
    if let Some(next) = next {
        xml.empty("link", &[("rel", "next"), ("type", FEED_MEDIA_TYPE), ("href", next)]);
    }
    for alert in alerts {
        let path = path(alert);
        xml.open("entry", &[]);
        xml.text("id", &format!("urn:uuid:{}", alert.id));
        let title = if alert.title.trim().is_empty() { event(alert.hazard) } else { &alert.title };
        let is_exercise = alert.status == AlertStatus::Exercise;
        // Who reads nothing but the feed must know as well.
        xml.text("title", &if is_exercise { format!("EXERCISE: {title}") } else { title.to_owned() });
        xml.text("updated", &alert.effective.to_string());
        xml.text("summary", alert.message_for_all());
        xml.empty("category", &[("term", alert.hazard.as_str())]);
        if is_exercise {
            xml.empty("category", &[("term", "exercise")]);
        }
        xml.empty("link", &[("rel", "alternate"), ("type", MEDIA_TYPE), ("href", &path)]);
        xml.close("entry");
    }
    xml.close("feed");
    xml::document(&xml.end())
}

/// No `Z` and no fractions: CAP takes an offset, and none is written -00:00.
fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S-00:00").to_string()
}

const fn status(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Draft => "Draft",
        AlertStatus::Exercise => "Exercise",
        AlertStatus::Actual => "Actual",
    }
}

fn kind(alert: &Alert, is_first: bool) -> &'static str {
    match alert.kind.as_str() {
        "cancel" => "Cancel",
        _ if is_first => "Alert",
        _ => "Update",
    }
}

const fn urgency(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Immediate",
        Severity::High => "Expected",
        Severity::Medium => "Future",
        Severity::Low => "Unknown",
    }
}

const fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => "Extreme",
        Severity::High => "Severe",
        Severity::Medium => "Moderate",
        Severity::Low => "Minor",
    }
}

const fn category(hazard: HazardType) -> &'static str {
    match hazard {
        HazardType::Earthquake | HazardType::Tsunami | HazardType::Volcano | HazardType::Landslide => "Geo",
        HazardType::Flood
        | HazardType::TropicalCyclone
        | HazardType::Storm
        | HazardType::Tornado
        | HazardType::Winter
        | HazardType::Heat
        | HazardType::Drought => "Met",
        HazardType::Wildfire => "Fire",
        HazardType::Epidemic => "Health",
        HazardType::Technological => "Infra",
        HazardType::Transport => "Transport",
        HazardType::Violence => "Security",
        HazardType::Other | HazardType::None => "Other",
    }
}

const fn event(hazard: HazardType) -> &'static str {
    match hazard {
        HazardType::Epidemic => "Epidemic",
        HazardType::Other | HazardType::None => "Emergency",
        _ => hazard.title(),
    }
}

/// The hazard in the OASIS Event Terms List 1.2, where it has one that says the same.
const fn event_code(hazard: HazardType) -> Option<&'static str> {
    match hazard {
        HazardType::Drought => Some("OET-063"),
        HazardType::Earthquake => Some("OET-068"),
        HazardType::Flood => Some("OET-081"),
        HazardType::Tsunami => Some("OET-203"),
        HazardType::Volcano => Some("OET-209"),
        HazardType::Wildfire => Some("OET-217"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use crisislens_model::incident::Centre;
    use crisislens_model::{AlertId, IncidentId};
    use serde_json::json;
    use uuid::Uuid;

    use super::*;

    pub(super) fn alert(revision: u64, hazard: HazardType, severity: Severity) -> Alert {
        Alert {
            id: AlertId(Uuid::from_u128(7)),
            revision,
            references: None,
            incident_id: IncidentId(Uuid::from_u128(8)),
            item_id: None,
            kind: if revision == 1 { "alert" } else { "update" }.to_owned(),
            severity,
            title: "Flood <b>& more</b>".to_owned(),
            message: "Water\u{0} rises\u{1b}[2J in \"Bologna\" ]]> & beyond".to_owned(),
            area: "Bologna, Italy".to_owned(),
            country: Some("IT".to_owned()),
            centre: Some(Centre { lat: 44.5, lon: -11.3, weight: 1.0 }),
            hazard,
            status: AlertStatus::Actual,
            effective: "2026-01-02T03:04:05.678Z".parse().unwrap(),
            expires: "2026-01-03T03:04:05Z".parse().unwrap(),
            rule_id: "default".to_owned(),
            approved_by: None,
            data: json!({ "risk_score": 0.8, "item_count": 3, "nested": { "not": "told" } }),
        }
    }

    /// Whether a document is valid, by the schema of the standard; what is wrong with it, else. `None` where there is no xmllint.
    fn validate(document: &str, schema: &str) -> Option<Result<(), String>> {
        let schema = format!("{}/schemas/{schema}", env!("CARGO_MANIFEST_DIR"));
        let mut lint = Command::new("xmllint")
            .args(["--noout", "--nonet", "--schema", &schema, "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .ok()?;
        lint.stdin.take().unwrap().write_all(document.as_bytes()).unwrap();
        let output = lint.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Some(if output.status.success() { Ok(()) } else { Err(said) })
    }

    pub(super) fn assert_valid(document: &str) {
        match validate(document, "cap12.xsd") {
            Some(valid) => assert_eq!(valid, Ok(()), "{document}"),
            None => crisislens_testkit::tools::lacks("xmllint", "libxml2-utils"),
        }
    }

    #[test]
    fn every_hazard_and_severity_makes_a_valid_message() {
        let by = Originator::default();
        for hazard in HazardType::ALL {
            for severity in [Severity::Low, Severity::Medium, Severity::High, Severity::Critical] {
                assert_valid(&message(&alert(1, *hazard, severity), &[], &by));
            }
        }
        let bare = Alert {
            area: " ".to_owned(),
            country: None,
            centre: None,
            data: json!(null),
            title: String::new(),
            ..alert(1, HazardType::None, Severity::Low)
        };
        assert_valid(&message(&bare, &[], &by));
    }

    #[test]
    fn a_schema_that_is_broken_is_noticed() {
        let broken = message(&alert(1, HazardType::Flood, Severity::High), &[], &Originator::default())
            .replace("<scope>Restricted</scope>", "<scope>Everybody</scope>");
        assert!(validate(&broken, "cap12.xsd").is_none_or(|valid| valid.is_err()));
    }

    #[test]
    fn what_comes_from_feeds_stays_text() {
        let xml = message(&alert(1, HazardType::Flood, Severity::High), &[], &Originator::default());
        assert!(xml.contains("<headline>Flood &lt;b&gt;&amp; more&lt;/b&gt;</headline>"), "{xml}");
        assert!(!xml.contains('\u{1b}') && !xml.contains('\u{0}'));
        assert!(xml.contains("<sent>2026-01-02T03:04:05-00:00</sent>"));
        assert!(xml.contains("<circle>44.5,-11.3 0</circle>"));
        assert!(xml.contains("<valueName>risk_score</valueName>") && !xml.contains("nested"));
    }

    #[test]
    fn an_update_names_everything_it_takes_the_place_of() {
        let by = Originator { sender: "desk.example.org".to_owned(), ..Originator::default() };
        let of = |revision| alert(revision, HazardType::Flood, Severity::High);
        let earlier = [of(1), of(2), of(3)];
        let update = message(&of(3), &earlier, &by);
        assert!(update.contains("<msgType>Update</msgType>"));
        let sent = "2026-01-02T03:04:05-00:00";
        let first =
            format!("desk.example.org,{}.1,{sent} desk.example.org,{0}.2,{sent}</references>", of(1).id);
        assert!(update.contains(&first), "{update}");
        assert_valid(&update);
        let cancel = Alert { kind: "cancel".to_owned(), ..of(3) };
        assert!(message(&cancel, &earlier, &by).contains("<msgType>Cancel</msgType>"));
        assert!(message(&of(1), &earlier, &by).contains("<msgType>Alert</msgType>"));
    }

    #[test]
    fn nothing_that_no_person_has_approved_is_public() {
        for (status, word) in [
            (AlertStatus::Draft, "Draft"),
            (AlertStatus::Exercise, "Exercise"),
            (AlertStatus::Actual, "Actual"),
        ] {
            let xml = message(
                &Alert { status, ..alert(1, HazardType::Flood, Severity::High) },
                &[],
                &Originator::default(),
            );
            assert!(
                xml.contains(&format!("<status>{word}</status>"))
                    && xml.contains("<scope>Restricted</scope>")
            );
        }
    }

    #[test]
    fn the_feed_has_an_entry_for_each_alert() {
        let alerts =
            [alert(2, HazardType::Flood, Severity::High), alert(1, HazardType::Other, Severity::Low)];
        let feed = feed(&alerts, &Originator::default(), None, |alert| {
            format!("/api/alerts/{}/cap?revision={}&x=1", alert.id, alert.revision)
        });
        assert_eq!(feed.matches("<entry>").count(), 2);
        assert!(feed.contains("cap?revision=2&amp;x=1\""), "{feed}");
        assert!(feed.contains("<updated>2026-01-02T03:04:05.678Z</updated>"));
        assert!(!feed.contains("rel=\"next\""), "{feed}");
    }

    #[test]
    fn the_feed_says_of_an_exercise_that_it_is_one() {
        let drill = Alert { status: AlertStatus::Exercise, ..alert(1, HazardType::Flood, Severity::High) };
        let of = |alert: Alert| feed(&[alert], &Originator::default(), None, |_| String::new());
        let marked = of(drill.clone());
        assert!(
            marked.contains("<title>EXERCISE: ") && marked.contains(r#"<category term="exercise"/>"#),
            "{marked}"
        );
        assert!(!of(Alert { status: AlertStatus::Actual, ..drill }).to_lowercase().contains("exercise"));
    }

    #[test]
    fn the_feed_leads_to_its_next_page_and_has_no_drafts() {
        let draft = Alert { status: AlertStatus::Draft, ..alert(1, HazardType::Flood, Severity::High) };
        let alerts = [alert(2, HazardType::Flood, Severity::High), draft];
        let next = Some("/api/alerts/feed?limit=2&cursor=x");
        let feed = feed(&alerts, &Originator::default(), next, |_| String::new());
        assert_eq!(feed.matches("<entry>").count(), 1);
        let link =
            r#"<link rel="next" type="application/atom+xml" href="/api/alerts/feed?limit=2&amp;cursor=x"/>"#;
        assert!(feed.contains(link), "{feed}");
    }

    #[test]
    fn a_sender_that_cap_does_not_take_is_told() {
        for sender in ["", "a b", "a,b", "a<b", "a&b", "a\nb"] {
            let by = Originator { sender: sender.to_owned(), ..Originator::default() };
            assert!(by.problem().is_some(), "{sender:?}");
        }
        assert_eq!(Originator::default().problem(), None);
    }
}
