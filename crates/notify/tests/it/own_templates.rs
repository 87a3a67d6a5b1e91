//! Templates that users write: what is wrong is said before one is kept, and what does harm is refused or comes to nothing.

use std::time::{Duration, Instant};

use crisislens_model::{Alert, Channel, NoticeKind, Preferences, Severity, Target};
use crisislens_notify::holds::SetUp;
use crisislens_notify::templates::own::Template;
use crisislens_notify::templates::{ClaimVerified, Mention, Name, NewItem, sample_alert};
use crisislens_notify::{Links, OwnTemplates, Templates};
use crisislens_state::Durability;
use crisislens_testkit::sample;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::desk::Desk;

pub fn template(parts: &Value) -> Template {
    let mut whole = json!({ "name": "alert", "locale": "en" });
    for (name, part) in parts.as_object().unwrap() {
        whole[name] = part.clone();
    }
    serde_json::from_value(whole).unwrap()
}

/// What is wrong with a text.
fn wrong(source: &str) -> String {
    let problems = template(&json!({ "text": source })).problems();
    assert!(problems.iter().all(|problem| problem.field == "text"), "{problems:?}");
    problems.into_iter().map(|problem| problem.problem).collect::<Vec<_>>().join("; ")
}

pub async fn keep(desk: &Desk, n: u128, document: &str) {
    desk.set_up("template", n, Uuid::nil(), document).await;
}

#[test]
fn every_name_is_rendered_in_every_language_and_a_language_that_there_is_not_is_english() {
    let (templates, none) = (Templates::shipped().unwrap(), OwnTemplates::default());
    let item = NewItem {
        title: "T",
        text: "X",
        source: "S",
        url: Some("https://u.example"),
        risk: Some(0.5),
        exercise: false,
    };
    let mention = Mention { who: "W", title: "T", text: "X", exercise: false };
    let claim = ClaimVerified { claim: "C", verdict: "V", reason: "R" };
    let all = |locale: &str| {
        let alert = |name| templates.told(name, &sample_alert(name), locale, &none).unwrap();
        [
            alert(Name::Alert),
            alert(Name::Correction),
            alert(Name::Escalation),
            templates.new_item(&item, locale, &none).unwrap(),
            templates.claim_verified(&claim, locale, &none).unwrap(),
            templates.mention(&mention, locale, &none).unwrap(),
        ]
    };
    let english = all("en");
    for (locale, severity, hazard) in
        [("es", "alta", "inundación"), ("hi", "उच्च", "बाढ़"), ("mr", "उच्च", "पूर")]
    {
        let told = all(locale);
        assert!(told[0].subject.contains(severity) && told[0].text.contains(hazard), "{:?}", told[0]);
        for (told, english) in told.iter().zip(&english) {
            assert!(!told.subject.is_empty() && !told.text.is_empty() && !told.short.is_empty(), "{told:?}");
            assert_ne!((&told.subject, &told.text), (&english.subject, &english.text), "{locale}");
        }
        let mut user = sample::account(1).user;
        user.preferences.locale = locale.to_owned();
        let notification = crisislens_model::Notification {
            locale: locale.to_owned(),
            exercise: true,
            ..sample::notification(1, 1)
        };
        let mail = templates.email(&notification, &user, Links::default()).unwrap();
        assert!(mail.html.contains(&format!("<html lang=\"{locale}\">")), "{}", mail.html);
        let digest = templates.digest(&[notification], &user, Links::default(), &none).unwrap();
        assert!(digest.subject.contains(severity) && digest.html.contains(&format!("lang=\"{locale}\"")));
    }
    assert_eq!(all("pt-BR"), english);
    assert_eq!(all("ES-mx"), all("es"));
}

#[test]
fn each_severity_and_hazard_has_a_word_of_its_own_in_each_language() {
    let templates = Templates::shipped().unwrap();
    for locale in ["en", "es", "hi", "mr"] {
        for hazard in crisislens_model::HazardType::ALL {
            let alert = Alert { hazard: *hazard, ..sample::alert(1, 1) };
            let text = templates.alert(&alert, locale).unwrap().text;
            assert!(!text.contains('_'), "{text}");
        }
    }
}

#[test]
fn templates_that_would_take_the_whole_stack_are_refused_before_they_are_read() {
    for source in [
        format!("a\n{{{{ {}1 }}}}", "-".repeat(9_000)),
        format!("a\n{{{{ 1{} }}}}", "+1".repeat(9_000)),
        format!("a\n{{{{ title{} }}}}", ".a".repeat(5_000)),
        format!("a\n{{{{ '}}}}' ~ {}1 }}}}", "- ".repeat(5_000)),
        format!("a\n{{% if {}title %}}b{{% endif %}}", "not ".repeat(2_000)),
    ] {
        let why = wrong(&source);
        assert!(why.contains("line 2: an expression or statement has more than 300 parts"), "{why}");
    }
    let nested = format!("{}x{}", "{% if title %}".repeat(400), "{% endif %}".repeat(400));
    assert!(wrong(&nested).contains("more than 150 statements"), "{}", wrong(&nested));
    let long = format!("{{{{ '{}' }}}}{{ not one {{ {{{{ title }}}}", "- ".repeat(5_000));
    assert_eq!(wrong(&long), "", "texts are one part each, however long");
}

#[test]
fn templates_that_loop_reach_out_or_are_huge_are_refused_with_line_and_reason() {
    let begun = Instant::now();
    for (source, reason) in [
        ("{% for a in range(99999) %}{% for b in range(99999) %}x{% endfor %}{% endfor %}", "does too much"),
        ("{{ 'x' * 1000000 }}", "comes to 1000000 bytes; at most 50000"),
        ("{{ 'x' * 1000000000 }}", "line 1: does too much"),
        ("{% for a in range(9000) %}{{ 'xxxxxxxxxxxxxxxx' }}{% endfor %}", "bytes; at most 50000"),
        ("{{ ''.__class__ }}", "undefined value"),
        ("{{ title.__class__.__mro__ }}", "undefined value"),
        ("{{ title|attr('__class__')|attr('x') }}", "undefined value"),
        ("a\nb {% include 'en/alert.txt' %}", "line 2: `include` is not taken"),
        ("{%- import 'x' as y %}", "`import` is not taken"),
        ("{%+ from 'x' import y %}", "`from` is not taken"),
        ("{% extends 'x' %}", "`extends` is not taken"),
        ("{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}", "`macro` is not taken"),
        ("{% autoescape false %}x{% endautoescape %}", "`autoescape` is not taken"),
        ("{{ debug() }}", "there is no `debug`"),
        ("{{ message|safe }}", "safe"),
        ("x\n\n{{ secret }}", "line 3: there is no `secret`; there are: title, message"),
        ("{% if kind == 'never' %}{{ secret }}{% endif %}", "there is no `secret`"),
        ("{% if title %}", "line 1: "),
        ("{{ title.upper() }}", "line 1: "),
        ("{{ link }}", "there is no `link`"),
        ("{{ 1 / 0 }}", "line 1: "),
        (" {# nothing #} ", "comes to nothing"),
    ] {
        let wrong = wrong(source);
        assert!(wrong.contains(reason), "{source}: {wrong:?}");
        assert!(wrong.len() < 600, "{wrong}");
    }
    assert!(wrong(&"x".repeat(20_001)).contains("has 20001 bytes; at most 20000"));
    for deep in [
        format!("{}x{}", "{% if title %}".repeat(750), "{% endif %}".repeat(750)),
        format!("{{{{ {}", "(".repeat(19_000)),
    ] {
        let wrong = wrong(&deep);
        assert!(wrong.starts_with("line 1: "), "{wrong}");
    }
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[test]
fn what_is_sensible_is_taken() {
    for source in [
        "{{ title|upper }}: {{ message|truncate if false else message }}",
        "{% set where = area|default('nowhere', true) %}{{ where }} {{ severity_word }} {{ effective }}",
        "{% for word in title|split(' ') %}{{ loop.index }} {{ word }}{% if not loop.last %}, {% endif %}{% endfor %}",
        "{% if severity in ['high', 'critical'] %}!{% endif %} {{ hazard_word }} {{ country }} {{ revision }}",
    ] {
        let source = source.replace("|truncate if false else message", "");
        assert_eq!(wrong(&source), "", "{source}");
    }
    let mail = template(
        &json!({ "html": "<p>{{ name }} {{ message }} <a href='{{ link }}'>x</a> {{ unsubscribe }}</p>" }),
    );
    assert_eq!(mail.problems(), []);
    let nothing = template(&json!({}));
    assert_eq!(nothing.problems()[0].field, "text");
    let nowhere = Template { locale: "../en".to_owned(), ..template(&json!({ "sms": "{{ title }}" })) };
    assert_eq!(nowhere.problems()[0].field, "locale");
}

#[test]
fn what_others_wrote_is_escaped_in_html_and_neither_breaks_a_line_nor_hides_a_word() {
    let templates = Templates::shipped().unwrap();
    let alert = Alert {
        title: "a\r\nBcc: x@example.org\u{0}\u{202E}b\u{2066}".to_owned(),
        message: "<script>x</script>\u{202E}\u{7}\r\nend".to_owned(),
        ..sample::alert(1, 1)
    };
    let template = template(&json!({
        "subject": "{{ title }}\r\nX-Header: 1", "text": "{{ message }}", "sms": "{{ title }}\n2",
        "html": "<p>{{ message }}</p>{{ message|e|replace('&lt;', '<') }}{{ [message]|join('') }}{{ message ~ '' }}{% set x %}{{ message }}{% endset %}{{ x }}{{ '%s'|format(message) }}",
    }));
    let user = sample::account(1).user;
    let made = templates.preview(&template, Some(&alert), &user, Links::default()).unwrap();
    assert_eq!(made.subject, "a Bcc: x@example.orgb X-Header: 1");
    assert_eq!(
        (made.sms.as_str(), made.push.as_str()),
        ("a Bcc: x@example.orgb 2", "a Bcc: x@example.orgb 2")
    );
    assert_eq!(made.text, "<script>x</script>\nend");
    assert!(!made.html.contains("<script"), "{}", made.html);
    let shipped = templates.alert(&alert, "en").unwrap();
    assert_eq!(shipped.subject, "[high] a Bcc: x@example.orgb");
    assert!(!shipped.text.contains(['\u{202E}', '\u{7}', '\r']), "{:?}", shipped.text);
}

#[tokio::test]
async fn alerts_are_told_by_the_users_template_on_each_channel_and_in_its_language_alone() {
    let desk = Desk::open().await;
    let mut all = Preferences::of_alerts(true, true, Severity::Low);
    all.want(NoticeKind::Alerts, Channel::Sms, true);
    all.want(NoticeKind::Alerts, Channel::Push, true);
    desk.person(1, all.clone()).await;
    desk.person(2, Preferences { locale: "hi".to_owned(), ..all }).await;
    desk.contact(1, Target::Phone { number: "+34600123456".to_owned() }).await;
    desk.contact(1, Target::FcmToken { token: "device".to_owned() }).await;
    keep(
        &desk,
        1,
        &json!({ "name": "alert", "locale": "en", "subject": "S {{ title }}", "text": "T {{ area }}",
            "html": "<b>{{ name }}</b> {{ severity_word }} <i>{{ link }}</i>", "sms": "SMS {{ title }}", "push": "PUSH {{ title }}" })
        .to_string(),
    )
    .await;
    desk.raise(&[sample::alert(1, 1)]).await;
    let told = desk.inbox(1).await.remove(0);
    assert_eq!(
        (told.subject.as_str(), told.body.as_str(), told.short.as_str()),
        ("S Number 1", "T Suva", "SMS Number 1")
    );
    assert_eq!(desk.inbox(2).await[0].subject, "[उच्च] Number 1");
    let outbox = desk.outbox().await;
    let of =
        |channel| outbox.iter().find(|one| one.channel == channel && !one.to.contains("person2")).unwrap();
    let html = of(Channel::Email).html.clone().unwrap();
    assert!(html.starts_with("<b>Person 1</b> high <i>https:"), "{html}");
    assert_eq!(of(Channel::Sms).text, "SMS Number 1");
    assert_eq!(
        (of(Channel::Push).subject.as_str(), of(Channel::Push).text.as_str()),
        ("S Number 1", "PUSH Number 1")
    );
    // What puts it right has a template of its own: none of the users' here.
    desk.engines.clock.advance(60);
    desk.raise(&[Alert { kind: "correction".to_owned(), ..sample::alert(1, 2) }]).await;
    assert_eq!(desk.inbox(1).await[0].subject, "Correction: [high] Number 1");
}

#[tokio::test]
async fn the_shipped_short_message_says_where_it_is_opened() {
    let desk = Desk::open().await;
    let mut preferences = Preferences::of_alerts(true, true, Severity::Low);
    preferences.want(NoticeKind::Alerts, Channel::Sms, true);
    desk.person(1, preferences).await;
    desk.contact(1, Target::Phone { number: "+34600123456".to_owned() }).await;
    keep(&desk, 1, &json!({ "name": "alert", "locale": "en", "subject": "S" }).to_string()).await;
    desk.raise(&[sample::alert(2, 1)]).await;
    let short = desk.outbox().await.into_iter().find(|one| one.channel == Channel::Sms).unwrap();
    let link = format!("https://desk.example.org/alerts?id={}", sample::alert(2, 1).id);
    assert_eq!(short.text, format!("HIGH Number 2, Suva. revision 1 {link}"));
}

#[tokio::test]
async fn an_alert_is_told_by_the_shipped_text_where_the_users_template_fails() {
    let desk = Desk::open().await;
    desk.person(1, Preferences::of_alerts(true, true, Severity::Low)).await;
    let fails = "{{ 1 // (revision - 1) }}";
    let template = json!({ "name": "alert", "locale": "en", "subject": fails, "text": "fine", "html": fails, "sms": fails });
    keep(&desk, 1, &template.to_string()).await;
    keep(&desk, 2, "no template at all").await;
    desk.raise(&[sample::alert(1, 1)]).await;
    let told = desk.inbox(1).await.remove(0);
    assert_eq!((told.subject.as_str(), told.body.as_str()), ("[high] Number 1", "fine"));
    assert!(told.short.starts_with("HIGH Number 1, Suva."), "{}", told.short);
    assert!(desk.outbox().await[0].html.as_ref().unwrap().contains("Hello Person 1,"));
}

#[tokio::test]
async fn an_exercise_says_so_whatever_a_template_says() {
    let desk = Desk::open().await;
    let mut all = Preferences::of_alerts(true, true, Severity::Low);
    all.want(NoticeKind::Alerts, Channel::Sms, true);
    all.want(NoticeKind::Alerts, Channel::Push, true);
    all.want(NoticeKind::Alerts, Channel::Webhook, true);
    desk.person(1, Preferences { locale: "es".to_owned(), ..all }).await;
    desk.contact(1, Target::Phone { number: "+34600123456".to_owned() }).await;
    desk.contact(1, Target::FcmToken { token: "device".to_owned() }).await;
    let url = "https://bot.example/hook".to_owned();
    desk.contact(1, Target::Webhook { url, secrets: Vec::new() }).await;
    let page = "<style>*{display:none}</style><html><body class='x'><b>{{ title }}</b></body></html><!-- ";
    let template = json!({ "name": "alert", "locale": "es", "subject": "{{ title }}", "html": page,
        "sms": "SIMULACRO: {{ title }}", "push": "P {{ title }}", "webhook": "{\"text\": {{ title }}}" });
    keep(&desk, 1, &template.to_string()).await;
    let drill = Alert { status: crisislens_model::AlertStatus::Exercise, ..sample::alert(1, 1) };
    desk.raise(std::slice::from_ref(&drill)).await;
    let outbox = desk.outbox().await;
    let of = |channel| outbox.iter().find(|one| one.channel == channel).unwrap();
    let mail = of(Channel::Email);
    assert_eq!(mail.subject, "SIMULACRO: Number 1");
    let html = mail.html.clone().unwrap();
    assert!(html.starts_with("<!doctype html>\n<html lang=\"es\"><body><p style="), "{html}");
    let (banner, page) = html.split_once("</p>").unwrap();
    assert!(banner.contains("<strong>Esto es un simulacro.</strong>"), "{html}");
    assert_eq!(page.trim(), "<b>Number 1</b></body></html>", "a hidden page hides nothing of ours");
    assert!(mail.text.starts_with("ESTO ES UN SIMULACRO."), "{}", mail.text);
    assert_eq!(of(Channel::Sms).text, "SIMULACRO: Number 1");
    let push = of(Channel::Push);
    assert_eq!((push.subject.as_str(), push.text.as_str()), ("SIMULACRO: Number 1", "SIMULACRO: P Number 1"));
    let body = of(Channel::Webhook).payload.clone().unwrap();
    assert_eq!((&body["type"], &body["exercise"]), (&json!("alert"), &json!(true)));
    assert_eq!(body["data"], json!({ "text": "Number 1" }));
    // The preview shows what people will have.
    let templates = Templates::shipped().unwrap();
    let template: Template = serde_json::from_value(template).unwrap();
    let user = sample::account(1).user;
    let shown = templates.preview(&template, Some(&drill), &user, Links::default()).unwrap();
    assert_eq!((shown.subject, shown.html), (mail.subject.clone(), html));
    // A digest has no frame of its own around the text.
    let digest = json!({ "name": "digest", "locale": "en", "text": "{{ count }}", "push": "{{ count }}", "html": "{{ count }}" });
    keep(&desk, 2, &digest.to_string()).await;
    let mut tx = desk.engines.store.begin(Durability::Power).await.unwrap();
    let own = templates.own(&mut *tx).await.unwrap();
    let told = crisislens_model::Notification { exercise: true, ..sample::notification(1, 1) };
    let made = templates.digest(&[told], &user, Links::default(), &own).unwrap();
    assert_eq!(made.text, "This is an exercise. Nothing below is happening now.\n\n1");
    assert!(made.short == "EXERCISE: 1" && made.html.contains("This is an exercise."), "{made:?}");
}
