//! What of the providers' settings is sound and yet not what an operator is likely to want: said by `config check`, refused by nobody.

use reqwest::Url;

use super::{EmailProvider, Notify, SmsProvider};
use crate::config::Config;

impl Config {
    /// What is missing or on this machine alone.
    pub fn warnings(&self) -> Vec<String> {
        let notify = &self.notify;
        let mut warnings = missing(notify);
        warnings.extend(here(notify));
        warnings
    }
}

fn missing(notify: &Notify) -> Vec<String> {
    let mut warnings = Vec::new();
    let (by_sendgrid, by_twilio) =
        (notify.email.contains(&EmailProvider::Sendgrid), notify.sms.contains(&SmsProvider::Twilio));
    if notify.public_url.is_empty() {
        let mut missed = Vec::new();
        if !(notify.email.is_empty() && notify.sms.is_empty() && notify.push.is_empty()) {
            missed.push("messages have no links");
        }
        if !notify.email.is_empty() {
            missed.push("e-mails cannot be ended or acknowledged by a click");
        }
        if by_twilio {
            missed.push("Twilio tells nothing of messages, and answers such as ACK and STOP are not taken");
        }
        if !missed.is_empty() {
            warnings.push(format!("notify.public_url: is missing, so {}", missed.join("; ")));
        }
    }
    if by_sendgrid && notify.sendgrid.webhook_key.is_empty() {
        let why = "is missing, so nothing is taken that SendGrid tells: mails stay `sent`, and addresses that bounce are tried again";
        warnings.push(format!("notify.sendgrid.webhook_key: {why}"));
    }
    if notify.email.contains(&EmailProvider::Smtp)
        && notify.smtp.from.trim_end_matches('>').ends_with("@localhost")
    {
        let why = "is a sender at localhost, which mail servers elsewhere refuse";
        warnings.push(format!("notify.smtp.from = {:?}: {why}", notify.smtp.from));
    }
    warnings
}

/// Channels whose providers are all on this machine: stand-ins, perhaps, which send nothing anywhere.
fn here(notify: &Notify) -> Vec<String> {
    let email = notify.email.iter().map(|provider| match provider {
        EmailProvider::Smtp => ("smtp.url", notify.smtp.url.expose()),
        EmailProvider::Sendgrid => ("sendgrid.base_url", &*notify.sendgrid.base_url),
    });
    let sms = notify.sms.iter().map(|SmsProvider::Twilio| ("twilio.base_url", &*notify.twilio.base_url));
    // Browsers name their push services themselves.
    let push = notify.push.iter().map(|provider| match provider {
        super::PushProvider::Fcm => ("fcm.base_url", &*notify.fcm.base_url),
        super::PushProvider::WebPush => ("push", ""),
    });
    let channels: [(&str, Vec<(&str, &str)>); 3] =
        [("e-mail", email.collect()), ("short messages", sms.collect()), ("push messages", push.collect())];
    let mut warnings = Vec::new();
    for (channel, providers) in channels {
        if !providers.is_empty() && providers.iter().all(|(_, url)| is_here(url)) {
            let names: Vec<String> = providers.iter().map(|(name, _)| format!("notify.{name}")).collect();
            let what = if names.len() == 1 { "is" } else { "are" };
            warnings.push(format!(
                "{}: {what} on this machine, and nothing else carries {channel}; a stand-in sends nothing to anybody",
                names.join(", ")
            ));
        }
    }
    if is_here(&notify.public_url) {
        let why = "is this machine: links in messages open nothing for who reads them elsewhere, and no provider can call back";
        warnings.push(format!("notify.public_url = {:?}: {why}", notify.public_url));
    }
    warnings
}

/// Whether an address is of this machine.
fn is_here(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let Some(host) = url.host_str() else { return false };
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    address.map_or_else(
        |_| host == "localhost" || host.ends_with(".localhost"),
        |address| address.is_loopback() || address.is_unspecified(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::notify::{PushProvider, SendGrid, Smtp, Twilio};

    fn warned(notify: Notify) -> String {
        Config { notify, ..Config::default() }.warnings().join("\n")
    }

    #[test]
    fn what_a_provider_needs_and_has_not_is_warned_of() {
        assert_eq!(warned(Notify::default()), "", "the development outbox needs nothing");
        let whole = Notify {
            public_url: "https://desk.example.org".to_owned(),
            email: vec![EmailProvider::Smtp, EmailProvider::Sendgrid],
            sms: vec![SmsProvider::Twilio],
            push: vec![PushProvider::WebPush, PushProvider::Fcm],
            smtp: Smtp { url: "smtp://localhost".into(), from: "a@example.org".to_owned() },
            sendgrid: SendGrid { webhook_key: "MFkw".to_owned(), ..SendGrid::default() },
            ..Notify::default()
        };
        assert_eq!(warned(whole.clone()), "", "the second mail provider is elsewhere");
        let said =
            warned(Notify { public_url: String::new(), sendgrid: SendGrid::default(), ..whole.clone() });
        for word in [
            "notify.public_url: is missing",
            "no links",
            "ended",
            "Twilio tells nothing",
            "sendgrid.webhook_key: is missing",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
        let smtp = Smtp { url: "smtps://u:hush@127.0.0.1:25".into(), ..Smtp::default() };
        let twilio = Twilio { base_url: "http://[::1]:9100/twilio".to_owned(), ..Twilio::default() };
        let public_url = "http://localhost:8080".to_owned();
        let said = warned(Notify { email: vec![EmailProvider::Smtp], public_url, smtp, twilio, ..whole });
        for word in [
            "notify.smtp.url: is on this machine",
            "notify.twilio.base_url: is on this machine",
            "notify.smtp.from",
            "notify.public_url =",
        ] {
            assert!(said.contains(word), "{word}: {said}");
        }
        assert!(!said.contains("hush") && !said.contains("fcm"), "{said}");
    }
}
