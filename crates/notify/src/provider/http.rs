//! Requests to providers and their answers.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::Outcome;

/// Nobody is waited for longer than this, whatever they ask for.
pub const LONGEST_WAIT: Duration = Duration::from_secs(15 * 60);
/// Of what a provider says about an error, so much is kept.
const MAX_WHY_CHARS: usize = 300;

/// A POST.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where to.
    pub url: String,
    /// Names in lower case.
    pub headers: Vec<(&'static str, String)>,
    /// What.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// Names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body, cut to what is ever looked at.
    pub body: Vec<u8>,
}

impl Answer {
    /// What `Retry-After` asks for, in seconds or as a date (RFC 9110), and [`LONGEST_WAIT`] at most.
    #[must_use]
    pub fn retry_after(&self, now: Timestamp) -> Option<Duration> {
        let text = self.headers.get("retry-after")?.trim();
        if let Ok(seconds) = text.parse::<u64>() {
            return Some(Duration::from_secs(seconds).min(LONGEST_WAIT));
        }
        let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
        Some(Duration::try_from(date.duration_since(now)).unwrap_or_default().min(LONGEST_WAIT))
    }

    /// What it says, in one line.
    #[must_use]
    pub fn said(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        let line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let line: String =
            line.chars().filter(|character| !character.is_control()).take(MAX_WHY_CHARS).collect();
        if line.is_empty() { self.status.to_string() } else { format!("{}: {line}", self.status) }
    }

    /// What it means where the provider says no more than HTTP does.
    #[must_use]
    pub fn outcome(&self, now: Timestamp) -> Outcome {
        let why = self.said();
        match self.status {
            200..=299 => Outcome::Accepted { provider_id: None },
            401 | 403 => Outcome::Configuration { why },
            408 | 425 | 429 | 500.. => Outcome::Retry { after: self.retry_after(now), why },
            _ => Outcome::GiveUp { why },
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> Answer {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Answer { status, headers, body: body.as_bytes().to_vec() }
    }

    #[test]
    fn a_wait_is_said_in_seconds_or_as_a_date() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let wait = |text: &str| answer(429, &[("retry-after", text)], "").retry_after(now);
        assert_eq!(wait("120"), Some(Duration::from_secs(120)));
        assert_eq!(wait("Thu, 01 Jan 2026 00:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(wait("Wed, 31 Dec 2025 00:00:00 GMT"), Some(Duration::ZERO), "it is over");
        assert_eq!(wait("soon"), None);
        for long in ["31536000", "18446744073709551615", "Fri, 01 Jan 2027 00:00:00 GMT"] {
            assert_eq!(wait(long), Some(LONGEST_WAIT), "{long}");
        }
    }

    #[test]
    fn what_is_said_is_one_short_line() {
        let long = answer(502, &[], &format!("<html>\r\n\u{1b}[2J{}", "x".repeat(1_000)));
        assert!(long.said().starts_with("502: <html> [2Jxxx") && long.said().len() < 320, "{}", long.said());
        assert_eq!(answer(503, &[], "").said(), "503");
    }
}
