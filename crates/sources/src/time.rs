//! Instants in the spellings that sources use.

use crisislens_model::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;

/// The instant that `text` spells: RFC 3339, RFC 2822 or RFC 9110 (HTTP), Twitter's form, or ISO 8601 without an offset,
/// which is taken as UTC.
#[must_use]
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(instant) = text.parse::<Timestamp>() {
        return Some(instant);
    }
    let lenient = rfc2822::DateTimeParser::new().relaxed_weekday(true);
    if let Ok(instant) = lenient.parse_timestamp(text) {
        return Some(instant);
    }
    if let Ok(instant) = Timestamp::strptime("%a %b %d %H:%M:%S %z %Y", text) {
        return Some(instant);
    }
    text.parse::<DateTime>().ok()?.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

/// The instant `milliseconds` after the Unix epoch.
#[must_use]
pub(crate) fn from_epoch_ms(milliseconds: i64) -> Option<Timestamp> {
    Timestamp::from_millisecond(milliseconds).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_an_instant_is_read() {
        let expected = "2016-08-24T15:49:18Z".parse::<Timestamp>().unwrap();
        for text in [
            "2016-08-24T15:49:18Z",
            " 2016-08-24T17:49:18+02:00 ",
            "2016-08-24T15:49:18-00:00",
            "2016-08-24T15:49:18.000Z",
            "2016-08-24T15:49:18",
            "2016-08-24 15:49:18",
            "Wed, 24 Aug 2016 15:49:18 GMT",
            "Wed, 24 Aug 2016 11:49:18 -0400",
            "Mon, 24 Aug 2016 15:49:18 +0000",
            "24 Aug 2016 15:49:18 +0000",
            "Wed Aug 24 15:49:18 +0000 2016",
        ] {
            assert_eq!(parse_time(text), Some(expected), "{text}");
        }
        assert_eq!(from_epoch_ms(1_472_053_758_000), Some(expected));
    }

    #[test]
    fn what_is_no_instant_is_none() {
        for text in ["", "yesterday", "2016-13-01T00:00:00Z", "Wed Aug 99 15:49:18 +0000 2016"] {
            assert_eq!(parse_time(text), None, "{text}");
        }
        assert_eq!(from_epoch_ms(i64::MAX), None);
    }
}
