//! E-mail by SendGrid (Mail Send v3).

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::Outcome;
use super::http::{Answer, Request};

/// Where SendGrid is, and whom it knows us as.
#[derive(Debug, Clone)]
pub struct SendGrid {
    /// `https://api.sendgrid.com`, or a stand-in.
    pub base_url: String,
    /// The API key.
    pub key: String,
    /// The verified sender.
    pub from: String,
    /// The sender's name.
    pub from_name: String,
    /// Mails are checked and not sent.
    pub sandbox: bool,
}

/// One mail to one person.
#[derive(Debug, Clone)]
pub struct Mail<'a> {
    /// Comes back with every event.
    pub delivery_id: &'a str,
    /// The address.
    pub to: &'a str,
    /// One line.
    pub subject: &'a str,
    /// Plain text.
    pub text: &'a str,
    /// The same as a page, where there is one.
    pub html: Option<&'a str>,
    /// Where one click ends mails of the kind (RFC 8058).
    pub unsubscribe: Option<&'a str>,
    /// What kind of mail it is, for the provider's statistics.
    pub category: &'a str,
}

impl SendGrid {
    /// What to ask.
    #[must_use]
    pub fn request(&self, mail: &Mail<'_>) -> Request {
        let mut content = vec![json!({ "type": "text/plain", "value": mail.text })];
        content.extend(mail.html.map(|html| json!({ "type": "text/html", "value": html })));
        let mut body = json!({
            "personalizations": [{
                "to": [{ "email": mail.to }],
                "custom_args": { "delivery_id": mail.delivery_id },
            }],
            "from": { "email": self.from, "name": name(&self.from_name) },
            "subject": one_line(mail.subject),
            "content": content,
            "categories": [mail.category],
        });
        if let Some(url) = mail.unsubscribe {
            body["headers"] = json!({
                "List-Unsubscribe": format!("<{url}>"),
                "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
            });
        }
        if self.sandbox {
            body["mail_settings"] = json!({ "sandbox_mode": { "enable": true } });
        }
        Request {
            url: format!("{}/v3/mail/send", self.base_url.trim_end_matches('/')),
            headers: vec![
                ("authorization", format!("Bearer {}", self.key)),
                ("content-type", "application/json".to_owned()),
            ],
            body: body.to_string().into_bytes(),
        }
    }

    /// What the answer means. 202 is "queued", never "delivered".
    #[must_use]
    pub fn outcome(&self, answer: &Answer, now: Timestamp) -> Outcome {
        #[derive(Deserialize)]
        struct Problems {
            errors: Vec<Problem>,
        }
        #[derive(Deserialize)]
        struct Problem {
            field: Option<String>,
        }
        match answer.outcome(now) {
            Outcome::Accepted { .. } => {
                Outcome::Accepted { provider_id: answer.headers.get("x-message-id").cloned() }
            }
            // An address that cannot be one stays so; anything else that is wrong is this mail's.
            Outcome::GiveUp { why } if answer.status == 400 => {
                let problems = serde_json::from_slice::<Problems>(&answer.body).ok();
                let is_of = |part: &str| {
                    problems
                        .iter()
                        .flat_map(|problems| &problems.errors)
                        .any(|problem| problem.field.as_deref().is_some_and(|field| field.contains(part)))
                };
                if is_of(".to.") {
                    Outcome::Suppress { why }
                } else if is_of("from") {
                    Outcome::Configuration { why }
                } else {
                    Outcome::GiveUp { why }
                }
            }
            Outcome::GiveUp { why } if answer.status == 404 => Outcome::Configuration { why },
            other => other,
        }
    }
}

/// SendGrid takes neither of them in names.
fn name(text: &str) -> String {
    one_line(text).replace([';', ','], " ")
}

/// Nothing that could begin another header.
fn one_line(text: &str) -> String {
    text.split(|character: char| character.is_control())
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::http::tests::answer;
    use super::*;

    fn sendgrid() -> SendGrid {
        SendGrid {
            base_url: "https://api.sendgrid.com/".to_owned(),
            key: "SG.k".to_owned(),
            from: "desk@example.org".to_owned(),
            from_name: "Desk, night; shift".to_owned(),
            sandbox: false,
        }
    }

    fn mail() -> Mail<'static> {
        Mail {
            delivery_id: "d-1",
            to: "ada@example.org",
            subject: "Flood\r\nBcc: everybody@example.org",
            text: "Leave now",
            html: Some("<p>Leave now</p>"),
            unsubscribe: Some("https://desk.example.org/u/1"),
            category: "alert",
        }
    }

    #[test]
    fn a_mail_is_asked_for_as_the_api_wants_it() {
        let request = sendgrid().request(&mail());
        assert_eq!(request.url, "https://api.sendgrid.com/v3/mail/send");
        assert!(request.headers.contains(&("authorization", "Bearer SG.k".to_owned())));
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        assert_eq!(body["personalizations"][0]["to"], json!([{ "email": "ada@example.org" }]));
        assert_eq!(body["personalizations"][0]["custom_args"]["delivery_id"], "d-1");
        assert_eq!(body["content"][0]["type"], "text/plain", "it comes first");
        assert_eq!(body["subject"], "Flood Bcc: everybody@example.org", "one header stays one");
        assert_eq!(body["from"]["name"], "Desk  night  shift");
        assert_eq!(body["headers"]["List-Unsubscribe-Post"], "List-Unsubscribe=One-Click");
        assert!(body.get("mail_settings").is_none());
        let sandbox = SendGrid { sandbox: true, ..sendgrid() }.request(&Mail {
            html: None,
            unsubscribe: None,
            ..mail()
        });
        let body: Value = serde_json::from_slice(&sandbox.body).unwrap();
        assert_eq!(body["mail_settings"]["sandbox_mode"]["enable"], true);
        assert_eq!(body["content"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn answers_mean_what_the_api_says() {
        let now = Timestamp::UNIX_EPOCH;
        let told = |status, headers: &[(&str, &str)], body: &str| {
            sendgrid().outcome(&answer(status, headers, body), now)
        };
        assert_eq!(
            told(202, &[("x-message-id", "LRzXl_NHStOGhQ4kofSm_A")], ""),
            Outcome::Accepted { provider_id: Some("LRzXl_NHStOGhQ4kofSm_A".to_owned()) }
        );
        let error =
            |field: &str| format!(r#"{{"errors":[{{"message":"no","field":"{field}","help":null}}]}}"#);
        for (status, body, word) in [
            (400, error("personalizations.0.to.0.email"), "suppress"),
            (400, error("from.email"), "configuration"),
            (400, error("content.0.value"), "give_up"),
            (400, "no JSON".to_owned(), "give_up"),
            (401, error(""), "configuration"),
            (403, error("from"), "configuration"),
            (404, String::new(), "configuration"),
            (413, String::new(), "give_up"),
            (429, String::new(), "retry"),
            (500, String::new(), "retry"),
            (503, String::new(), "retry"),
        ] {
            assert_eq!(told(status, &[], &body).as_str(), word, "{status} {body}");
        }
        let limited = told(429, &[("retry-after", "7")], "");
        assert!(
            matches!(limited, Outcome::Retry { after: Some(after), .. } if after.as_secs() == 7),
            "{limited:?}"
        );
    }
}
