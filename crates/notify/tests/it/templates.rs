//! What people read: escaped, one line where one line belongs, and an exercise is never taken for real.

use crisislens_model::{Alert, AlertStatus, Corrected, Notification, User};
use crisislens_notify::protocol::segments::segments;
use crisislens_notify::templates::{Mention, OwnTemplates};
use crisislens_notify::{Links, Rendered, Templates};
use crisislens_testkit::sample;

const RUDE: &str =
    "<script>alert('x')</script> & \"more\"\r\nBcc: everyone@example.org\u{2028}end\u{85}x\u{b}y";

fn templates() -> Templates {
    Templates::shipped().unwrap()
}

/// The e-mail that `alert` comes to.
fn email(alert: &Alert, user: &User) -> Rendered {
    let text = templates().alert(alert, "en").unwrap();
    let exercise = alert.status == AlertStatus::Exercise;
    let told =
        Notification { subject: text.subject, body: text.text, exercise, ..sample::notification(1, 1) };
    templates().email(&told, user, Links::default()).unwrap()
}

fn is_one_line(text: &str) -> bool {
    !text.contains(['\r', '\n', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}'])
}

#[test]
fn an_alert_says_what_where_and_how_bad() {
    let text = templates().alert(&sample::alert(1, 1), "en").unwrap();
    assert_eq!(text.subject, "[high] Number 1");
    assert_eq!(text.text, "revision 1\nArea: Suva\nHazard: flood · Severity: high");
    let update = templates().alert(&sample::alert(1, 3), "en").unwrap();
    assert_eq!(update.subject, "[high] Number 1 (update 2)");
    let nowhere = Alert { area: String::new(), ..sample::alert(1, 1) };
    assert_eq!(templates().alert(&nowhere, "en").unwrap().text, "revision 1\nHazard: flood · Severity: high");
}

#[test]
fn a_short_message_names_the_place_once_and_says_what_people_wrote() {
    let raised = Alert {
        title: "Severe flooding in Bologna".to_owned(),
        area: "Bologna".to_owned(),
        message: "Severe flooding in Bologna: 1 item from 1 source. Raised because the risk is 0.93. Latest: Bologna floods"
            .to_owned(),
        ..sample::alert(1, 1)
    };
    let short = |alert: &Alert, locale: &str| {
        let told = templates().alert(alert, locale).unwrap().short;
        assert!(segments(&told).count <= 1, "{told}");
        told
    };
    assert_eq!(short(&raised, "en"), "HIGH Severe flooding in Bologna.");
    assert_eq!(short(&raised, "es"), "ALTA Severe flooding in Bologna.");
    assert_eq!(short(&raised, "hi"), "उच्च Severe flooding in Bologna.");
    assert_eq!(short(&raised, "mr"), "उच्च Severe flooding in Bologna.");
    let elsewhere = Alert { area: "Reno valley".to_owned(), ..raised.clone() };
    assert_eq!(short(&elsewhere, "en"), "HIGH Severe flooding in Bologna, Reno valley.");
    let told = Alert { message: "Go to the upper floors.".to_owned(), ..raised.clone() };
    assert_eq!(short(&told, "en"), "HIGH Severe flooding in Bologna. Go to the upper floors.");
    // What feeds say is not what people wrote, whatever it looks like.
    let message = format!("{} Corrected: call +39 0", raised.message);
    let hostile = Alert { message: message.clone(), ..raised.clone() };
    assert_eq!(short(&hostile, "en"), "HIGH Severe flooding in Bologna.");
    let mut corrected = Alert { kind: "correction".to_owned(), message, ..raised.clone() };
    let set = Corrected { reason: Some("only the cellars".to_owned()), ..Corrected::default() };
    set.clone().keep(&mut corrected.data);
    assert_eq!(short(&corrected, "en"), "CORRECTION: HIGH Severe flooding in Bologna. only the cellars");
    let text = Some("Severe flooding in Bologna: leave cellars.".to_owned());
    Corrected { message: text, ..set }.keep(&mut corrected.data);
    assert_eq!(
        short(&corrected, "en"),
        "CORRECTION: HIGH Severe flooding in Bologna. Severe flooding in Bologna: leave cellars. only the cellars"
    );
    let message = "This alert is withdrawn: a wrong gauge".to_owned();
    let withdrawn = Alert { kind: "cancel".to_owned(), message, ..raised };
    assert_eq!(short(&withdrawn, "en"), "WITHDRAWN: HIGH Severe flooding in Bologna. a wrong gauge");
}

#[test]
fn a_name_from_before_there_was_a_rule_leads_nobody_anywhere() {
    let name = "Your account is locked\u{202E}, sign in at https://evil.example/x".to_owned();
    let user = User { name, ..sample::account(1).user };
    let told = Notification { exercise: false, ..sample::notification(1, 1) };
    let mail = templates().email(&told, &user, Links::default()).unwrap();
    for part in [&mail.text, &mail.html] {
        assert!(part.contains("Hello Your account is locked, sign in at https evil example x,"), "{part}");
    }
    let digest = templates().digest(&[told], &user, Links::default(), &OwnTemplates::default()).unwrap();
    assert!(
        !digest.text.contains("evil.example") && !digest.html.contains("evil.example"),
        "{}",
        digest.text
    );
    let mention = Mention { who: &user.name, title: "T", text: "X", exercise: false };
    let mention = templates().mention(&mention, "en", &OwnTemplates::default()).unwrap();
    assert!(!format!("{mention:?}").contains("evil.example"), "{mention:?}");
}

#[test]
fn a_subject_never_carries_a_line_break() {
    for title in [RUDE, "a\nb", "\r\n\r\nX-Header: 1", "\u{2029}"] {
        let alert = Alert { title: title.to_owned(), ..sample::alert(1, 1) };
        let subject = templates().alert(&alert, "en").unwrap().subject;
        assert!(is_one_line(&subject), "{subject:?}");
        let mail = email(&alert, &sample::account(1).user);
        assert!(is_one_line(&mail.subject), "{:?}", mail.subject);
    }
    // Whatever stands in the store already.
    let told = Notification { subject: RUDE.to_owned(), ..sample::notification(1, 1) };
    assert!(is_one_line(
        &templates().email(&told, &sample::account(1).user, Links::default()).unwrap().subject
    ));
}

#[test]
fn what_others_wrote_is_escaped_in_html_and_left_alone_in_text() {
    let user = User { name: "<b>Eve</b>".to_owned(), ..sample::account(1).user };
    let alert = Alert {
        title: RUDE.to_owned(),
        message: RUDE.to_owned(),
        area: "<i>".to_owned(),
        ..sample::alert(1, 1)
    };
    let mail = email(&alert, &user);
    for tag in ["<script", "<b>", "<i>"] {
        assert!(!mail.html.contains(tag), "{tag} in {}", mail.html);
    }
    assert!(
        mail.html.contains("&lt;script&gt;")
            && mail.html.contains("&amp;")
            && mail.html.contains("&lt;b&gt;Eve")
    );
    assert!(
        mail.text.contains("<script>alert('x')</script> & \"more\"")
            && mail.text.contains("Hello <b>Eve</b>,")
    );
    assert!(mail.subject.contains("<script>"), "a subject is no HTML: {}", mail.subject);
}

#[test]
fn template_code_in_what_others_wrote_is_text() {
    let alert = Alert { title: "{{ 7 * 7 }}{% if %}".to_owned(), ..sample::alert(1, 1) };
    assert_eq!(email(&alert, &sample::account(1).user).subject, "[high] {{ 7 * 7 }}{% if %}");
}

#[test]
fn an_exercise_is_marked_in_subject_text_and_html_and_a_real_alert_is_not() {
    let real = sample::alert(1, 2);
    let drill = Alert { status: AlertStatus::Exercise, ..real.clone() };
    let user = sample::account(1).user;
    let mail = email(&drill, &user);
    assert!(mail.subject.starts_with("EXERCISE: "), "{}", mail.subject);
    assert!(mail.text.starts_with("THIS IS AN EXERCISE."), "{}", mail.text);
    assert!(mail.html.contains("<strong>This is an exercise.</strong>"), "{}", mail.html);
    assert!(templates().alert(&drill, "en").unwrap().subject.starts_with("EXERCISE: "), "in the inbox too");
    let mail = email(&real, &user);
    for part in [mail.subject, mail.text, mail.html] {
        assert!(!part.to_lowercase().contains("exercise"), "{part}");
    }
}

#[test]
fn a_very_long_message_is_rendered_whole() {
    let alert = Alert { message: "é<".repeat(100_000), ..sample::alert(1, 1) };
    let mail = email(&alert, &sample::account(1).user);
    assert!(mail.text.contains(&alert.message) && mail.html.contains(&"é&lt;".repeat(100_000)));
}
