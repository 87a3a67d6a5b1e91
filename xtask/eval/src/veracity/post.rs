//! A post of PHEME and its traits: cues of its wording, and what the tweet object says of its author.
//!
//! The author's traits (age of the account, followers, verified …) are in the recorded JSON; a raw item of the product
//! has them only inside `raw_data`, where its source gives them at all.

use crisislens_analysis::linear::number::ln;
use serde::Deserialize;

/// What is read of a tweet object.
#[derive(Debug, Deserialize)]
pub struct Tweet {
    pub text: String,
    #[serde(rename = "VERACITY")]
    pub veracity: String,
    created_at: String,
    user: User,
    #[serde(default)]
    entities: Entities,
}

#[derive(Debug, Deserialize)]
struct User {
    created_at: String,
    #[serde(default)]
    verified: bool,
    #[serde(default)]
    followers_count: f64,
    #[serde(default)]
    friends_count: f64,
    #[serde(default)]
    statuses_count: f64,
    #[serde(default)]
    listed_count: f64,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    description: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Entities {
    #[serde(default)]
    media: Vec<serde_json::Value>,
}

/// A labelled post.
#[derive(Debug)]
pub struct Post {
    /// The tweet object.
    pub tweet: Tweet,
    /// Its class.
    pub label: usize,
    /// Its event.
    pub group: usize,
}

/// Traits of the text.
const TEXT_TRAITS: usize = 16;
/// Those, and the author's.
const TRAITS: usize = TEXT_TRAITS + 9;

/// Words of which one is enough; those with a star may go on.
const CUES: [&[&str]; 9] = [
    // It is hearsay.
    &[
        "reportedly",
        "alleged*",
        "unconfirmed",
        "rumor*",
        "rumour*",
        "claim*",
        "may",
        "might",
        "could",
        "possib*",
        "apparently",
        "believed",
        "source*",
        "report*",
        "hearing",
    ],
    // Somebody denies it.
    &[
        "false*",
        "hoax*",
        "fake*",
        "untrue",
        "deny",
        "denie*",
        "debunk*",
        "wrong*",
        "incorrect*",
        "retract*",
        "mistake*",
    ],
    // Somebody who should know says it.
    &[
        "confirm*",
        "official*",
        "police",
        "authorit*",
        "statement*",
        "spokes*",
        "announc*",
        "agree*",
        "accept*",
    ],
    &["breaking", "urgent", "developing", "update*", "latest", "live"],
    &["why", "how", "what", "who", "where", "if"],
    &["i", "my", "me", "we", "you", "your", "our"],
    &["photo*", "picture*", "video*", "image*", "pic", "footage"],
    &["was", "were", "had", "been", "killed", "died", "dead", "shot", "released", "escaped"],
    &["now", "is", "are", "being"],
];
/// Words by which a newsroom calls itself.
const NEWSROOM: &[&str] = &["news*", "journalist*", "reporter*", "editor*", "correspondent*"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl Post {
    /// What its wording shows.
    pub fn text_traits(&self) -> [f64; TEXT_TRAITS] {
        let text = &self.tweet.text;
        let lower = text.to_lowercase();
        let words: Vec<&str> = lower.split(|char: char| !char.is_alphanumeric()).collect();
        let mut out = [0.0; TEXT_TRAITS];
        for (out, cues) in out.iter_mut().zip(CUES) {
            *out = flag(has(&words, cues));
        }
        let length = text.chars().count().max(1) as f64;
        let count = |wanted: fn(char) -> bool| text.chars().filter(|char| wanted(*char)).count() as f64;
        out[CUES.len()..].copy_from_slice(&[
            flag(text.contains('?')),
            flag(text.contains('!')),
            flag(text.contains(['"', '“', '”'])),
            flag(count(char::is_numeric) > 0.0),
            length / 140.0,
            count(char::is_uppercase) / length,
            count(|char| char == '#').min(4.0),
        ]);
        out
    }

    /// That, and what is known of its author.
    pub fn traits(&self) -> [f64; TRAITS] {
        let user = &self.tweet.user;
        let mut out = [0.0; TRAITS];
        out[..TEXT_TRAITS].copy_from_slice(&self.text_traits());
        let many = |count: f64| ln(1.0 + count.max(0.0));
        let about =
            format!("{} {}", user.name.as_deref().unwrap_or(""), user.description.as_deref().unwrap_or(""));
        let about = about.to_lowercase();
        let words: Vec<&str> = about.split(|char: char| !char.is_alphanumeric()).collect();
        out[TEXT_TRAITS..].copy_from_slice(&[
            flag(user.verified),
            many(user.followers_count),
            many(user.friends_count),
            many(user.statuses_count),
            many(user.listed_count),
            months(&self.tweet.created_at) - months(&user.created_at),
            flag(!self.tweet.entities.media.is_empty()),
            flag(has(&words, NEWSROOM)),
            flag(user.description.as_deref().is_some_and(|text| !text.is_empty())),
        ]);
        out
    }
}

fn flag(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn has(words: &[&str], cues: &[&str]) -> bool {
    words.iter().any(|word| {
        cues.iter().any(|cue| cue.strip_suffix('*').map_or(word == cue, |stem| word.starts_with(stem)))
    })
}

/// Months since the beginning of the calendar, of a time as Twitter wrote it: "Mon Nov 24 10:41:05 +0000 2014".
fn months(time: &str) -> f64 {
    let mut parts = time.split(' ');
    let month = parts.nth(1).and_then(|name| MONTHS.iter().position(|month| *month == name));
    let year: Option<f64> = parts.next_back().and_then(|year| year.parse().ok());
    year.unwrap_or(2_000.0) * 12.0 + month.unwrap_or_default() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cues_are_whole_words_or_beginnings() {
        assert!(has(&["it", "was", "denied"], &["denie*"]));
        assert!(!has(&["this"], &["is"]));
        assert!(
            (months("Mon Nov 24 10:41:05 +0000 2014") - months("Mon Mar 02 08:49:41 +0000 2009") - 68.0)
                .abs()
                < 1e-9
        );
    }
}
