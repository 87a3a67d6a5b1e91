//! Where the server is, read from `opensearch://[user:password@]host[:port]/prefix?tls=true&ca=FILE`. Not how it is spoken to.

use std::path::PathBuf;

use reqwest::Url;

use crate::SearchError;

const DEFAULT_PORT: u16 = 9200;
const DEFAULT_PREFIX: &str = "crisislens";
const MAX_PREFIX_BYTES: usize = 100;

/// The parts of a `search.url`.
#[derive(Clone, PartialEq)]
pub(super) struct Address {
    /// `http` or `https`, with user and password where there are.
    pub base: Url,
    /// Begins the name of every index and template of ours, so that several installations can share a cluster.
    pub prefix: String,
    /// Certificates in PEM, which alone are trusted; without them, those of the machine.
    pub authorities: Option<PathBuf>,
}

impl Address {
    pub fn parse(url: &str) -> Result<Self, SearchError> {
        let parsed = Url::parse(url).map_err(|error| invalid(error.to_string()))?;
        if parsed.scheme() != "opensearch" {
            return Err(invalid("it must begin with opensearch://"));
        }
        let host =
            parsed.host_str().filter(|host| !host.is_empty()).ok_or_else(|| invalid("it names no host"))?;
        let (mut tls, mut authorities) = (false, None);
        for (name, value) in parsed.query_pairs() {
            match (name.as_ref(), value.as_ref()) {
                ("tls", "true") => tls = true,
                ("tls", "false") => tls = false,
                ("ca", file) if !file.is_empty() => authorities = Some(PathBuf::from(file)),
                // Its value may be a secret.
                (name, _) => {
                    return Err(invalid(format!("`{name}` must be one of tls=true|false, ca=FILE")));
                }
            }
        }
        if authorities.is_some() && !tls {
            return Err(invalid("ca=FILE is of use with tls=true only"));
        }
        let scheme = if tls { "https" } else { "http" };
        let port = parsed.port().unwrap_or(DEFAULT_PORT);
        let mut base =
            Url::parse(&format!("{scheme}://{host}:{port}/")).map_err(|error| invalid(error.to_string()))?;
        // Both are percent-encoded already, and stay so.
        let named = base.set_username(parsed.username()).and_then(|()| base.set_password(parsed.password()));
        named.map_err(|()| invalid("its user or password cannot be used"))?;
        Ok(Self { base, prefix: prefix(parsed.path())?, authorities })
    }
}

fn prefix(path: &str) -> Result<String, SearchError> {
    let prefix = match path.trim_matches('/') {
        "" => DEFAULT_PREFIX,
        prefix => prefix,
    };
    let begins =
        prefix.bytes().next().is_some_and(|first| first.is_ascii_lowercase() || first.is_ascii_digit());
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    // With `-items` in a prefix, the pattern of one installation's indexes could take in another's.
    if !begins || !prefix.bytes().all(plain) || prefix.len() > MAX_PREFIX_BYTES || prefix.contains("-items") {
        return Err(invalid(format!(
            "the prefix `{prefix}` must be of a-z, 0-9, - and _, begin with a letter or digit, have at most \
             {MAX_PREFIX_BYTES} bytes and not contain -items"
        )));
    }
    Ok(prefix.to_owned())
}

pub(super) fn invalid(message: impl Into<String>) -> SearchError {
    SearchError::InvalidUrl(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_all_that_is_needed() {
        let plain = Address::parse("opensearch://search.example.org").unwrap();
        assert_eq!(
            (plain.base.as_str(), plain.prefix.as_str()),
            ("http://search.example.org:9200/", "crisislens")
        );
        let full =
            Address::parse("opensearch://desk:p%40ss%2F@[::1]:9443/north?tls=true&ca=/etc/ca%20new.pem")
                .unwrap();
        assert_eq!(full.base.as_str(), "https://desk:p%40ss%2F@[::1]:9443/");
        assert_eq!(full.prefix, "north");
        assert_eq!(full.authorities, Some(PathBuf::from("/etc/ca new.pem")));
    }

    #[test]
    fn what_cannot_be_meant_is_refused_by_name() {
        for (url, named) in [
            ("http://localhost", "opensearch://"),
            ("opensearch:///x", "host"),
            ("opensearch://h/Prefix", "Prefix"),
            ("opensearch://h/a/b", "a/b"),
            ("opensearch://h/a-items", "-items"),
            ("opensearch://h/a?tsl=true", "tsl"),
            ("opensearch://h/a?tls=yes", "`tls` must be"),
            ("opensearch://h/a?password=x", "`password` must be"),
            ("opensearch://h/a?ca=x", "tls=true"),
        ] {
            let Err(SearchError::InvalidUrl(message)) = Address::parse(url).map(|address| address.prefix)
            else {
                panic!("{url} was taken");
            };
            assert!(message.contains(named), "{url}: {message}");
        }
    }
}
