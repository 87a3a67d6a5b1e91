//! Addresses that may hold a password or a token, which nothing prints: not `config show`, not an error, not a log.
//! Who connects takes the address itself.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// Stands for what is not shown.
const HIDDEN: &str = "***";
/// A parameter with one of these in its name holds a secret …
const SECRET_WORDS: [&str; 8] =
    ["password", "passwd", "passphrase", "secret", "token", "auth", "apikey", "api_key"];
/// … and so does one with such a name.
const SECRET_NAMES: [&str; 4] = ["key", "pwd", "sig", "signature"];

/// An address as it was configured. Serialised and printed, its secrets are hidden.
#[derive(Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct SecretUrl(String);

impl SecretUrl {
    /// The address with all that is in it, for who connects.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<&str> for SecretUrl {
    fn from(url: &str) -> Self {
        Self(url.to_owned())
    }
}

impl fmt::Display for SecretUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str(&redacted(&self.0))
    }
}

impl fmt::Debug for SecretUrl {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{:?}", redacted(&self.0))
    }
}

impl Serialize for SecretUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text in which the secrets of every address are hidden: an address goes from its `://` to the next white space or quote.
/// Where it is not certain what of it is secret, as with a password that is not encoded, more is hidden rather than less.
#[must_use]
pub fn redacted(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let end = after.find(|it: char| it.is_whitespace() || matches!(it, '"' | '`')).unwrap_or(after.len());
        let (address, others) = after.split_at(end);
        shown.push_str(&redacted_address(address));
        rest = others;
    }
    shown.push_str(rest);
    shown
}

/// What comes after `://`.
fn redacted_address(address: &str) -> String {
    let (address, parameters) = match address.rsplit_once('@') {
        // A user alone is no secret; what comes after the first colon is.
        Some((account, rest)) => {
            let account =
                account.split_once(':').map_or(account.to_owned(), |(user, _)| format!("{user}:{HIDDEN}"));
            let (host, parameters) = split(rest);
            (format!("{account}@{host}"), parameters)
        }
        None => {
            let (host, parameters) = split(address);
            (host.to_owned(), parameters)
        }
    };
    let Some(parameters) = parameters else { return address };
    let parameters: Vec<String> = parameters.split('&').map(redacted_parameter).collect();
    format!("{address}?{}", parameters.join("&"))
}

fn split(address: &str) -> (&str, Option<&str>) {
    address.split_once('?').map_or((address, None), |(host, parameters)| (host, Some(parameters)))
}

fn redacted_parameter(parameter: &str) -> String {
    let Some((name, _)) = parameter.split_once('=') else { return parameter.to_owned() };
    let lower = name.to_ascii_lowercase();
    let is_secret =
        SECRET_NAMES.contains(&lower.as_str()) || SECRET_WORDS.iter().any(|word| lower.contains(word));
    if is_secret { format!("{name}={HIDDEN}") } else { parameter.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn passwords_and_tokens_are_hidden_and_all_else_is_shown() {
        for (url, shown) in [
            ("", ""),
            ("embedded:/var/lib/log", "embedded:/var/lib/log"),
            ("kafka://a:9092,b:9092", "kafka://a:9092,b:9092"),
            (
                "postgres://desk:hunter2@db:5432/x?sslmode=require",
                "postgres://desk:***@db:5432/x?sslmode=require",
            ),
            ("postgres://desk@db/x?password=hunter2&host=y", "postgres://desk@db/x?password=***&host=y"),
            ("postgres://db/x?user=desk&PASSWORD=hunter2", "postgres://db/x?user=desk&PASSWORD=***"),
            (
                "opensearch://desk:hun:ter2@[::1]:9200/n?tls=true&ca=/ca.pem",
                "opensearch://desk:***@[::1]:9200/n?tls=true&ca=/ca.pem",
            ),
            (
                "https://feed.example/x?access_token=hunter2&page=1",
                "https://feed.example/x?access_token=***&page=1",
            ),
            (
                "https://feed.example/x?api_key=hunter2&key=hunter2&sig=hunter2",
                "https://feed.example/x?api_key=***&key=***&sig=***",
            ),
        ] {
            assert_eq!(redacted(url), shown);
            assert_eq!(serde_json::to_value(SecretUrl::from(url)).unwrap(), shown);
            assert_eq!(format!("{:?}", SecretUrl::from(url)), format!("{shown:?}"));
        }
    }

    #[test]
    fn a_password_that_was_not_encoded_is_hidden_too() {
        for url in [
            "postgres://desk:hun/ter2@db/x",
            "postgres://desk:hun@ter2@db/x",
            "postgres://desk:hun?ter2@db/x",
        ] {
            let shown = redacted(url);
            assert!(!shown.contains("hun") && !shown.contains("ter2") && shown.contains("db/x"), "{shown}");
        }
    }

    #[test]
    fn in_a_text_every_address_is_redacted_and_the_rest_stays() {
        let text =
            r#"invalid type: string "postgres://a:hunter2@b/c", expected a map (or kafka://u:hunter2@b:1)"#;
        let shown = redacted(text);
        assert!(!shown.contains("hunter2"), "{shown}");
        assert!(
            shown.starts_with("invalid type: string \"postgres://a:***@b/c\", expected a map"),
            "{shown}"
        );
    }

    #[test]
    fn no_password_is_shown_or_quoted_in_an_error() {
        let sets = [
            ("state.url", "postgres://desk:hunter2@db/x?password=hunter2"),
            ("search.url", "opensearch://desk:hunter2@search:9200/x"),
            ("log.url", "kafka://desk:hunter2@a:9092"),
            (
                "sources.live",
                r#"[{name = "x", kind = "media", format = "feed", url = "https://u:hunter2@x/?token=hunter2"}]"#,
            ),
        ];
        let sets = sets.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let config = Config::read(None, &sets).unwrap();
        let shown = serde_json::to_string(&config).unwrap();
        assert!(!shown.contains("hunter2") && shown.contains("postgres://desk:***@db/x"), "{shown}");
        assert!(!format!("{config:?}").contains("hunter2"));
        assert_eq!(config.search.url.expose(), "opensearch://desk:hunter2@search:9200/x");
        assert!(!config.problems().join("\n").contains("hunter2"));
        for (name, value) in
            [("state", "postgres://desk:hunter2@db/x"), ("state url", "postgres://desk:hunter2@db/x")]
        {
            let error = Config::load(None, &[(name.to_owned(), value.to_owned())]).unwrap_err();
            assert!(!format!("{error:#}").contains("hunter2"), "{error:#}");
        }
    }
}
