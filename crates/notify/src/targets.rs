//! Ways to reach somebody: which a person has, and whether one can be one: looked at when it is given, so that nothing is sent where nobody
//! can be.

use crisislens_model::{Channel, Contact, FieldError, Target, User};

use crisislens_state::ledger::MAX_ADDRESS;

use crate::protocol::standard_webhooks::Secret;
use crate::protocol::web_push::Keys;

/// Most secrets of a webhook: two while one takes the place of the other, and one more.
const MAX_SECRETS: usize = 3;

/// A person's addresses on a channel; the inbox needs none.
#[must_use]
pub fn addresses<'a>(channel: Channel, user: &'a User, contacts: &'a [Contact]) -> Vec<&'a str> {
    match channel {
        Channel::Inbox => Vec::new(),
        Channel::Email => vec![user.email.as_str()],
        Channel::Sms | Channel::Push | Channel::Webhook => {
            let targets = contacts.iter().map(|contact| &contact.target);
            targets.filter(|target| target.channel() == channel).map(Target::address).collect()
        }
    }
}

/// What is wrong with a target. `public` says whether messages may go to an address of the web, `prefixes` how numbers begin that get short
/// messages; none for any.
pub fn problems(
    target: &Target,
    public: impl Fn(&str) -> Result<(), String>,
    prefixes: &[String],
) -> Vec<FieldError> {
    let mut problems = Vec::new();
    let mut wrong = |field: &str, problem: String| {
        problems.push(FieldError::new(format!("target.{field}"), problem));
    };
    if target.address().len() > MAX_ADDRESS || target.address().chars().any(char::is_control) {
        wrong("kind", format!("an address has at most {MAX_ADDRESS} bytes and no control characters"));
        return problems;
    }
    match target {
        Target::Phone { number } => {
            let parsed = number.starts_with('+').then(|| phonenumber::parse(None, number).ok()).flatten();
            let is_plain = number.chars().skip(1).all(|digit| digit.is_ascii_digit());
            if !is_plain || !parsed.is_some_and(|number| phonenumber::is_valid(&number)) {
                wrong("number", "is no telephone number: give it as +34600123456 (E.164)".to_owned());
            } else if let Some(why) = elsewhere(number, prefixes) {
                wrong("number", why);
            }
        }
        Target::WebPush { endpoint, p256dh, auth } => {
            if let Err(problem) = web(endpoint, &public) {
                wrong("endpoint", problem);
            }
            if let Err(error) = Keys::parse(p256dh, auth) {
                wrong("p256dh", error.to_string());
            }
        }
        Target::FcmToken { token: one } | Target::FcmInstallation { fid: one } => {
            if one.trim().is_empty() {
                wrong("kind", "is empty".to_owned());
            }
        }
        Target::Webhook { url, secrets } => {
            if let Err(problem) = web(url, &public) {
                wrong("url", problem);
            }
            if secrets.len() > MAX_SECRETS {
                wrong("secrets", format!("at most {MAX_SECRETS}"));
            }
            if let Some(error) = secrets.iter().find_map(|secret| Secret::parse(secret).err()) {
                wrong("secrets", error.to_string());
            }
        }
    }
    problems
}

/// Why no short message goes to a number, where the operator has said how numbers begin that get some: others may cost a fortune.
#[must_use]
pub fn elsewhere(number: &str, prefixes: &[String]) -> Option<String> {
    let fits = prefixes.is_empty() || prefixes.iter().any(|prefix| number.starts_with(&**prefix));
    (!fits).then(|| format!("short messages go only to numbers that begin with {}", prefixes.join(", ")))
}

fn web(url: &str, public: impl Fn(&str) -> Result<(), String>) -> Result<(), String> {
    if !url.starts_with("https://") && !url.starts_with("http://") {
        return Err("is no https:// address".to_owned());
    }
    public(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(target: &Target) -> Vec<String> {
        let public = |url: &str| {
            if url.contains("127.0.0.1") { Err("is not public".to_owned()) } else { Ok(()) }
        };
        problems(target, public, &[]).into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn numbers_are_whole_and_of_a_country() {
        for number in ["+34600123456", "+390551234567", "+919876543210", "+12025550123"] {
            assert_eq!(
                fields(&Target::Phone { number: number.to_owned() }),
                Vec::<String>::new(),
                "{number}"
            );
        }
        for number in
            ["", "112", "600123456", "+34", "+999600123456", "+34600123456\r\nTo: x", "+34 600 123 456"]
        {
            assert_eq!(fields(&Target::Phone { number: number.to_owned() }).len(), 1, "{number:?}");
        }
    }

    #[test]
    fn a_number_begins_as_the_operator_has_said() {
        let said = |number: &str, prefixes: &[&str]| {
            let prefixes: Vec<String> = prefixes.iter().map(|prefix| (*prefix).to_owned()).collect();
            let problems = problems(&Target::Phone { number: number.to_owned() }, |_| Ok(()), &prefixes);
            problems.first().map(ToString::to_string)
        };
        assert_eq!(said("+919876543210", &["+91", "+1"]), None);
        assert_eq!(said("+12025550123", &["+91", "+1"]), None);
        assert_eq!(said("+34600123456", &[]), None);
        assert_eq!(
            said("+34600123456", &["+91", "+1"]).as_deref(),
            Some("target.number: short messages go only to numbers that begin with +91, +1")
        );
    }

    #[test]
    fn an_address_of_the_web_is_public_and_its_keys_are_keys() {
        let hook = |url: &str, secrets: &[&str]| Target::Webhook {
            url: url.to_owned(),
            secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
        };
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        assert_eq!(fields(&hook("https://a.example/hook", &[secret])), Vec::<String>::new());
        assert_eq!(fields(&hook("http://127.0.0.1/", &["whsec_x"])), ["target.url", "target.secrets"]);
        assert_eq!(fields(&hook("file:///etc/passwd", &[])), ["target.url"]);
        let push = Target::WebPush {
            endpoint: "https://push.example/1".to_owned(),
            p256dh: "AAAA".to_owned(),
            auth: "AAAA".to_owned(),
        };
        assert_eq!(fields(&push), ["target.p256dh"]);
        assert_eq!(fields(&Target::FcmToken { token: " ".to_owned() }), ["target.kind"]);
    }
}
