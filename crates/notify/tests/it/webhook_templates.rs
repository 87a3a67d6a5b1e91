//! What users' templates make of webhooks: JSON whatever others wrote, else the shipped body.

use crisislens_model::{Alert, Channel, NoticeKind, Preferences, Severity, Target};
use crisislens_notify::holds::SetUp;
use crisislens_notify::{Links, Templates};
use crisislens_testkit::sample;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::own_templates::{keep, template};

/// What is wrong with a part `webhook`.
fn wrong(source: &str) -> String {
    let problems = template(&json!({ "webhook": source })).problems();
    assert!(problems.iter().all(|problem| problem.field == "webhook"), "{problems:?}");
    problems.into_iter().map(|problem| problem.problem).collect::<Vec<_>>().join("; ")
}

#[test]
fn what_comes_to_no_single_json_value_is_refused_when_it_is_kept() {
    for (source, reason) in [
        (r#"{"title": "{{ title }}"}"#, "does not come to one JSON value"),
        (r#"{"title": "in words: {{ title }}"}"#, "does not come to one JSON value"),
        ("{} {}", "does not come to one JSON value"),
        ("{'title': 1}", "does not come to one JSON value"),
        (r#"{"list": [{% for word in title|split(' ') %}{{ word }},{% endfor %}]}"#, "does not come to"),
        // As it usually is it comes to JSON; without a country it does not.
        ("{% if country %}{}{% else %}[{% endif %}", "does not come to one JSON value"),
        ("{# nothing #}", "comes to nothing"),
        (r#"{"title": {{ title|safe }}}"#, "safe"),
        (r#"{"title": {{ secret }}}"#, "line 1: there is no `secret`; there are: title, message"),
        (r#"{"link": {{ link }}}"#, "there is no `link`"),
        (r#"["{% for a in range(2400) %}12345678{% endfor %}", 7890123]"#, ""),
        (
            r#"["{% for a in range(2500) %}12345678{% endfor %}"]"#,
            "comes to 20004 bytes of JSON; at most 19800",
        ),
    ] {
        let wrong = wrong(source);
        assert!(wrong.contains(reason) && (reason.is_empty() == wrong.is_empty()), "{source}: {wrong:?}");
    }
    let digest = template(&json!({ "name": "digest", "text": "{{ count }}", "webhook": "{}" })).problems();
    assert!(digest[0].field == "webhook" && digest[0].problem.starts_with("digests go by"), "{digest:?}");
    let elsewhere =
        template(&json!({ "html": "<p title=\"{{ title|tojson }}\">", "webhook": "{{ title|tojson }}" }));
    let fields: Vec<String> = elsewhere.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["html"], "its quotes would end the attribute");
}

#[test]
fn what_others_wrote_stays_within_its_string() {
    let templates = Templates::shipped().unwrap();
    let hostile = "\", \"admin\": true, \"x\": \"\\\" } \n\u{2028}</script>{{ 7 * 7 }}";
    let alert = Alert {
        title: format!("{hostile}\u{202E}\u{0}"),
        message: hostile.to_owned(),
        ..sample::alert(1, 1)
    };
    let template = template(&json!({ "webhook": r#"{
        {% set both = title ~ message %}{% set kept %}{{ message }}{% endset %}
        "title": {{ title }}, "message": {{ message|tojson }}, "upper": {{ title|upper }}, {{ message }}: 1,
        "list": [{% for word in ['a', message] %}{{ word }}{% if not loop.last %},{% endif %}{% endfor %}],
        "format": {{ '%s'|format(message) }}, "both": {{ both }}, "kept": {{ kept }}, "all": {{ [title, {'a': message}] }},
        "revision": {{ revision }}, "exercise": {{ exercise }}, "id": {{ alert_id }}, "notification": {{ notification_id }}
    }"# }));
    assert_eq!(template.problems(), []);
    let user = sample::account(1).user;
    let data = templates.preview(&template, Some(&alert), &user, Links::default()).unwrap().data.unwrap();
    let read = hostile.replace('\u{2028}', "\n");
    let keys =
        ["title", "message", "upper", "list", "format", "both", "kept", "all", "revision", "exercise", "id"];
    let mut keys: Vec<&str> = keys.into_iter().chain(["notification", &read]).collect();
    keys.sort_unstable();
    let mut found: Vec<&str> = data.as_object().unwrap().keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found, keys);
    assert_eq!(
        (&data["title"], &data["message"], &data["format"]),
        (&json!(read), &json!(read), &json!(read))
    );
    assert_eq!((&data["list"], &data["kept"]), (&json!(["a", read]), &json!(read)));
    assert_eq!(data["both"], json!(format!("{read}{read}")));
    assert_eq!(data["all"], json!([read, { "a": read }]));
    assert_eq!((&data["revision"], &data["exercise"]), (&json!(1), &json!(false)));
    assert_eq!(data["id"], json!(alert.id));
}

async fn hooked() -> Desk {
    let desk = Desk::open().await;
    let mut wants = Preferences::of_alerts(true, false, Severity::Low);
    wants.want(NoticeKind::Alerts, Channel::Webhook, true);
    desk.person(1, wants).await;
    let url = "https://bot.example/hook".to_owned();
    desk.contact(1, Target::Webhook { url, secrets: Vec::new() }).await;
    desk
}

async fn sent(desk: &Desk) -> Value {
    desk.outbox().await[0].payload.clone().unwrap()
}

#[tokio::test]
async fn a_template_makes_the_data_and_the_envelope_stays() {
    let desk = hooked().await;
    let source = r#"{"text": {{ title }}, "alert": {{ alert_id }}, "notification": {{ notification_id }}}"#;
    keep(&desk, 1, &json!({ "name": "alert", "locale": "en", "webhook": source }).to_string()).await;
    let alert = sample::alert(1, 1);
    desk.raise(std::slice::from_ref(&alert)).await;
    let told = desk.inbox(1).await.remove(0);
    let data = json!({ "text": "Number 1", "alert": alert.id, "notification": told.id });
    assert_eq!(sent(&desk).await, json!({ "type": "alert", "timestamp": told.created_at, "data": data }));
    assert_eq!(desk.outbox().await[0].subject, "alert");
    // What puts it right has a template of its own: none of the users' here.
    desk.engines.clock.advance(60);
    desk.raise(&[Alert { kind: "correction".to_owned(), ..sample::alert(1, 2) }]).await;
    let all = desk.outbox().await;
    let corrected = all.iter().filter_map(|one| one.payload.as_ref()).find(|one| one["type"] == "correction");
    assert_eq!(corrected.unwrap()["data"]["revision"], 2);
}

#[tokio::test]
async fn where_a_template_fails_the_shipped_body_is_sent() {
    for source in [
        "{% if area == 'Suva' %}oops{% else %}{}{% endif %}",
        "{{ 1 // (revision - 1) if area == 'Suva' else 1 }}",
        "[{% for a in range(2500 if area == 'Suva' else 1) %}12345678,{% endfor %}1]",
    ] {
        let template = json!({ "name": "alert", "locale": "en", "webhook": source });
        assert_eq!(crate::own_templates::template(&template).problems(), [], "{source}");
        let desk = hooked().await;
        keep(&desk, 1, &template.to_string()).await;
        desk.raise(&[sample::alert(1, 1)]).await;
        let told = desk.inbox(1).await.remove(0);
        let shipped = json!({ "notification_id": told.id, "alert_id": told.about.alert_id, "revision": 1,
            "priority": told.priority, "subject": told.subject, "body": told.body, "exercise": false });
        assert_eq!(sent(&desk).await["data"], shipped, "{source}");
    }
}
