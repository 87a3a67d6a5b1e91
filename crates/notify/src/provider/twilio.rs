//! Short messages by Twilio (Programmable Messaging, API 2010-04-01).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;

use super::Outcome;
use super::http::{Answer, Request};

/// Most characters of a body.
pub const MAX_CHARS: usize = 1_600;

/// Where Twilio is, and whom it knows us as.
#[derive(Debug, Clone)]
pub struct Twilio {
    /// `https://api.twilio.com`, or a stand-in.
    pub base_url: String,
    /// The account, `AC…`.
    pub account_sid: String,
    /// Its token.
    pub token: String,
    /// A number, or a messaging service, `MG…`.
    pub from: String,
    /// Where Twilio is to tell what became of a message.
    pub callback_url: Option<String>,
}

impl Twilio {
    /// What to ask: this text to this number, for so many seconds. What becomes of it is told under `delivery`.
    #[must_use]
    pub fn request(&self, to: &str, text: &str, worth_s: u64, delivery: &str) -> Request {
        let sender = if self.from.starts_with("MG") { "MessagingServiceSid" } else { "From" };
        let worth = worth_s.clamp(1, 36_000).to_string();
        let mut form =
            vec![("To", to), (sender, self.from.as_str()), ("Body", text), ("ValidityPeriod", &worth)];
        let callback = self.callback_url.as_deref().map(|url| format!("{url}?delivery={delivery}"));
        form.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let user = STANDARD.encode(format!("{}:{}", self.account_sid, self.token));
        Request {
            url: format!(
                "{}/2010-04-01/Accounts/{}/Messages.json",
                self.base_url.trim_end_matches('/'),
                self.account_sid
            ),
            headers: vec![
                ("authorization", format!("Basic {user}")),
                ("content-type", "application/x-www-form-urlencoded".to_owned()),
            ],
            body: body.into_bytes(),
        }
    }

    /// What the answer means.
    #[must_use]
    pub fn outcome(&self, answer: &Answer, now: Timestamp) -> Outcome {
        #[derive(Deserialize, Default)]
        struct Told {
            sid: Option<String>,
            code: Option<u32>,
        }
        let told: Told = serde_json::from_slice(&answer.body).unwrap_or_default();
        match (answer.outcome(now), told.code) {
            (Outcome::Accepted { .. }, _) => Outcome::Accepted { provider_id: told.sid },
            (_, Some(code)) => of_code(code, answer, now),
            (other, None) => other,
        }
    }
}

/// What an error code means, in an answer or in a callback; none where it says nothing of the kind.
#[must_use]
pub fn meaning(code: u32, why: String) -> Option<Outcome> {
    Some(match code {
        20429 | 30001 | 30003 | 30008 => Outcome::Retry { after: None, why },
        21211 | 21610 | 21614 | 30005 | 30006 => Outcome::Suppress { why },
        21408 | 21612 | 21617 | 30004 | 30007 => Outcome::GiveUp { why },
        20003 | 21606 | 21608 | 21609 | 30002 => Outcome::Configuration { why },
        _ => return None,
    })
}

fn of_code(code: u32, answer: &Answer, now: Timestamp) -> Outcome {
    match meaning(code, answer.said()) {
        Some(Outcome::Retry { why, .. }) => Outcome::Retry { after: answer.retry_after(now), why },
        Some(outcome) => outcome,
        None => answer.outcome(now),
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::tests::answer;
    use super::*;

    fn twilio() -> Twilio {
        Twilio {
            base_url: "https://api.twilio.com".to_owned(),
            account_sid: "AC0".to_owned(),
            token: "secret".to_owned(),
            from: "+15005550006".to_owned(),
            callback_url: Some("https://desk.example.org/api/callbacks/twilio".to_owned()),
        }
    }

    #[test]
    fn a_message_is_asked_for_as_the_api_wants_it() {
        let request = twilio().request("+39055123", "Alluvione & fango: 50% più", 90_000, "d-1");
        assert_eq!(request.url, "https://api.twilio.com/2010-04-01/Accounts/AC0/Messages.json");
        assert_eq!(request.headers[0].1, format!("Basic {}", STANDARD.encode("AC0:secret")));
        assert_eq!(
            String::from_utf8(request.body).unwrap(),
            "To=%2B39055123&From=%2B15005550006&Body=Alluvione+%26+fango%3A+50%25+pi%C3%B9&ValidityPeriod=36000\
             &StatusCallback=https%3A%2F%2Fdesk.example.org%2Fapi%2Fcallbacks%2Ftwilio%3Fdelivery%3Dd-1"
        );
        let service = Twilio { from: "MG1".to_owned(), callback_url: None, ..twilio() };
        let body = String::from_utf8(service.request("+1", "x", 60, "d-1").body).unwrap();
        assert_eq!(body, "To=%2B1&MessagingServiceSid=MG1&Body=x&ValidityPeriod=60");
    }

    #[test]
    fn answers_mean_what_their_codes_say() {
        let now = Timestamp::UNIX_EPOCH;
        let accepted =
            answer(201, &[], r#"{"sid":"SM1","status":"queued","num_segments":"1","error_code":null}"#);
        assert_eq!(
            twilio().outcome(&accepted, now),
            Outcome::Accepted { provider_id: Some("SM1".to_owned()) }
        );
        for (status, code, word) in [
            (400, 21211, "suppress"),
            (400, 21610, "suppress"),
            (400, 21614, "suppress"),
            (400, 21408, "give_up"),
            (400, 21617, "give_up"),
            (400, 21606, "configuration"),
            (401, 20003, "configuration"),
            (429, 20429, "retry"),
            (400, 99_999, "give_up"),
            (500, 20_500, "retry"),
        ] {
            let told = answer(
                status,
                &[],
                &format!(r#"{{"code":{code},"message":"no","more_info":"","status":{status}}}"#),
            );
            assert_eq!(twilio().outcome(&told, now).as_str(), word, "{code}");
        }
        assert_eq!(twilio().outcome(&answer(502, &[], "<html>"), now).as_str(), "retry");
    }
}
