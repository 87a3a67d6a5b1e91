//! When something is said to have happened: dates in the usual forms, weekdays and words such as "yesterday", taken from the day on
//! which it is said.
//!
//! Limits: the day only, in UTC: where it is said, it may be another day. `3/4/2026` is read only where both readings are one day or one
//! of them is impossible, or the language writes the day first. A date more than a day ahead, or of more than 100 years ago, is none.

use crisislens_model::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};

use super::lexicon::{Reading, Role};
use crate::number;
use crate::text::Doc;

/// How far back a date is believed, in years.
const MAX_YEARS: i16 = 100;
/// How far ahead, in days: something foretold.
const MAX_DAYS_AHEAD: i64 = 14;

/// The first day that `tokens` of `doc`, said at `said`, name: its beginning.
pub(super) fn find(
    doc: &Doc,
    reading: &Reading,
    tokens: (usize, usize),
    said: Timestamp,
    day_first: bool,
) -> Option<Timestamp> {
    let today = said.to_zoned(TimeZone::UTC).date();
    let day = (tokens.0..tokens.1).find_map(|index| {
        in_figures(doc, index, day_first)
            .or_else(|| in_words(doc, reading, index, today))
            .filter(|day| is_believed(*day, today))
    })?;
    day.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn is_believed(day: Date, today: Date) -> bool {
    let latest = today.checked_add(MAX_DAYS_AHEAD.days()).unwrap_or(today);
    day.year() >= today.year() - MAX_YEARS && day <= latest
}

/// `2026-03-01`, `1/3/2026`, `1.3.2026`, `2026年3月1日` at token `index`.
fn in_figures(doc: &Doc, index: usize, day_first: bool) -> Option<Date> {
    let token = doc.tokens.get(index)?;
    let text = doc.clean.text.as_str();
    if text[..token.start].ends_with(['-', '/', '.', ',', ':']) {
        return None;
    }
    let rest: String = text[token.start..].chars().take(16).collect();
    let mut parts = [0_i16; 3];
    let mut marks = [' '; 3];
    let (mut at, mut length) = (0, 0);
    for char in rest.chars() {
        if let Some(digit) = number::digit(char) {
            length += 1;
            if length > 4 {
                return None;
            }
            parts[at] = parts[at].checked_mul(10)?.checked_add(i16::try_from(digit).ok()?)?;
        } else {
            marks[at] = char;
            at += 1;
            length = 0;
            if at == 3 {
                break;
            }
        }
    }
    let [first, second, third] = parts;
    let date = |year: i16, month: i16, day: i16| {
        Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    };
    match marks {
        ['-', '-', _] | ['年', '月', _] | ['/', '/', _] if first >= 1000 => date(first, second, third),
        ['/' | '.' | '-', mark, _] if mark == marks[0] && third >= 1000 => {
            let (day, month) = (date(third, second, first), date(third, first, second));
            match (day, month) {
                (Some(day), Some(month)) => (day_first || mark == '.' || day == month).then_some(day),
                (day, month) => day.or(month),
            }
        }
        _ => None,
    }
}

/// "yesterday", "on Monday", "1 March 2026", "March 1, 2026" at token `index`.
fn in_words(doc: &Doc, reading: &Reading, index: usize, today: Date) -> Option<Date> {
    reading.at(index).iter().find_map(|hit| match hit.role {
        Role::Day(days) => today.checked_add(days.days()).ok(),
        Role::Weekday(day) => {
            let back = (today.weekday().to_monday_one_offset() - day).rem_euclid(7);
            today.checked_sub(Span::new().try_days(back).ok()?).ok()
        }
        Role::Month(month) if number::is_month(doc, hit) => with_month(doc, index, hit.after, month, today),
        _ => None,
    })
}

fn with_month(doc: &Doc, first: usize, after: usize, month: i8, today: Date) -> Option<Date> {
    let figures = |index: usize| {
        let token = doc.tokens.get(index)?;
        let mut value = 0_i16;
        let mut letters = 0;
        for char in doc.surface(token).chars() {
            match number::digit(char) {
                Some(digit) if letters == 0 => {
                    value = value.checked_mul(10)?.checked_add(i16::try_from(digit).ok()?)?;
                }
                _ => letters += 1,
            }
        }
        (letters <= 2 && value > 0).then_some(value)
    };
    let day_of = |value: i16| i8::try_from(value).ok().filter(|day| (1..=31).contains(day));
    // "1 de marzo", "1st of March": a short word may stand between.
    let linked = |index: usize| {
        doc.tokens.get(index).is_some_and(|token| matches!(doc.folded(token), "de" | "of" | "di"))
    };
    let before = first.checked_sub(if first > 0 && linked(first - 1) { 2 } else { 1 });
    let mut next = after;
    let day = match before.and_then(figures).and_then(day_of) {
        Some(day) => day,
        None => {
            next = after + 1;
            figures(after).and_then(day_of)?
        }
    };
    let year_at = if linked(next) { next + 1 } else { next };
    if let Some(year) = figures(year_at).filter(|year| (1900..2100).contains(year)) {
        return Date::new(year, month, day).ok();
    }
    // Without a year the last such day is meant, or one that is just coming.
    let this = Date::new(today.year(), month, day).ok()?;
    if is_believed(this, today) { Some(this) } else { Date::new(today.year() - 1, month, day).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::claims::lexicon::Terms;
    use crate::text::Clean;
    use crisislens_model::Language;

    fn day(text: &str, code: &str) -> Option<String> {
        let doc = Doc::new(Clean::new(None, text), |_| false);
        let reading = Terms::new().unwrap().read(&doc, &Language { code: code.to_owned(), confidence: 0.9 });
        // A Wednesday.
        let said: Timestamp = "2026-03-04T12:00:00Z".parse().unwrap();
        find(&doc, &reading, (0, doc.tokens.len()), said, code != "en")
            .map(|at| at.to_string()[..10].to_owned())
    }

    #[test]
    fn one_day_is_written_in_many_forms() {
        for (text, code) in [
            ("on 2026-03-01 it fell", "en"),
            ("1/3/2026", "fr"),
            ("1.3.2026", "de"),
            ("1 March 2026", "en"),
            ("March 1, 2026", "en"),
            ("Mar 1st", "en"),
            ("1 de marzo de 2026", "es"),
            ("2026年3月1日", "ja"),
            ("on Sunday", "en"),
        ] {
            assert_eq!(day(text, code).as_deref(), Some("2026-03-01"), "{text}");
        }
    }

    #[test]
    fn words_count_from_the_day_it_is_said() {
        assert_eq!(day("yesterday", "en").as_deref(), Some("2026-03-03"));
        assert_eq!(day("ayer", "es").as_deref(), Some("2026-03-03"));
        assert_eq!(day("on Wednesday", "en").as_deref(), Some("2026-03-04"));
        assert_eq!(day("December 24", "en").as_deref(), Some("2025-12-24"));
    }

    #[test]
    fn what_may_be_two_days_or_none_is_not_read() {
        assert_eq!(day("3/4/2026", "en"), None);
        assert_eq!(day("13/2/2026", "en").as_deref(), Some("2026-02-13"));
        assert_eq!(day("99/99/2026", "en"), None);
        assert_eq!(day("2026-13-45", "en"), None);
        assert_eq!(day("1/1/9999", "fr"), None);
        assert_eq!(day("may 12 people", "en"), None);
    }
}
