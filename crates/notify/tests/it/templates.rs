//! What people read: escaped, one line where one line belongs, and an exercise is never taken for real.

use crisislens_model::{Alert, AlertStatus, Notification, User};
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
