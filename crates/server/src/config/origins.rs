//! Web origins besides our own.

use super::Config;

impl Config {
    pub(super) fn origin_problems(&self) -> Vec<String> {
        let wrong = self.http.allowed_origins.iter().filter(|origin| !is_origin(origin));
        wrong
            .map(|origin| {
                format!("http.allowed_origins: {origin:?} is not https://host[:port] as browsers write it")
            })
            .collect()
    }
}

/// Whether a browser can say this, to the letter (RFC 6454 §6.2): it is compared with what one says.
fn is_origin(text: &str) -> bool {
    let url = text.parse::<reqwest::Url>().ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // A star would be taken for a letter of the name.
    url.is_some_and(|url| url.origin().ascii_serialization() == text && !text.contains('*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_a_browser_says_it() {
        for (text, is_sound) in [
            ("https://desk.example.org", true),
            ("http://localhost:3000", true),
            ("https://[2001:db8::1]:8443", true),
            ("https://desk.example.org/", false),
            ("https://desk.example.org/map", false),
            ("https://desk.example.org:443", false),
            ("https://Desk.example.org", false),
            ("https://user@desk.example.org", false),
            ("https://*.example.org", false),
            ("desk.example.org", false),
            ("ftp://desk.example.org", false),
            ("*", false),
            ("null", false),
            ("", false),
        ] {
            let mut config = Config::default();
            config.http.allowed_origins.push(text.to_owned());
            assert_eq!(config.origin_problems().is_empty(), is_sound, "{text}");
        }
    }
}
