//! When a person wants to hear nothing, and when they want what has gathered: in their own time zone, whatever the clocks there do.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan};
use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// A time zone by its IANA name, a range of the day, and the days on which it begins.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// Monday is 1, Sunday 7; every day where it is empty.
    #[serde(default)]
    pub days: Vec<u8>,
    /// When it begins, `22:00`.
    #[schema(value_type = String)]
    pub start: Time,
    /// When it is over, on the next day where that is not later. The same time as `start` means none.
    #[schema(value_type = String)]
    pub end: Time,
}

impl QuietHours {
    /// If it is quiet at `now`, when that is over.
    ///
    /// A time that the clocks leave out is the one an hour later, one that comes twice is the first.
    #[must_use]
    pub fn over(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let mut end = self.range_over(zone, now)?;
        // One range may begin where the other ends, or before, where the clocks were set.
        for _ in 0..8 {
            match self.range_over(zone, end) {
                Some(later) if later > end => end = later,
                _ => break,
            }
        }
        Some(end)
    }

    fn range_over(&self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        if self.start == self.end {
            return None;
        }
        let today = now.to_zoned(zone.clone()).date();
        // What began two days ago is over, however the clocks were set.
        [today.yesterday().ok(), Some(today)]
            .into_iter()
            .flatten()
            .filter(|day| self.begins_on(day.weekday()))
            .filter_map(|day| {
                let last = if self.end > self.start { day } else { day.tomorrow().ok()? };
                let (start, end) = (instant(day, self.start, zone)?, instant(last, self.end, zone)?);
                (start <= now && now < end).then_some(end)
            })
            .max()
    }

    fn begins_on(&self, day: Weekday) -> bool {
        self.days.is_empty()
            || self.days.iter().any(|one| i8::try_from(*one) == Ok(day.to_monday_one_offset()))
    }
}

/// How often what has gathered is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase", tag = "every", deny_unknown_fields)]
pub enum DigestTime {
    /// At every full hour.
    Hour,
    /// Once a day.
    Day {
        /// The hour, 0 to 23.
        hour: u8,
    },
    /// Once a week.
    Week {
        /// Monday is 1, Sunday 7.
        day: u8,
        /// The hour, 0 to 23.
        hour: u8,
    },
}

impl DigestTime {
    /// The first time after `now`; none where the hour or the day is no such.
    #[must_use]
    pub fn next(self, zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
        let local = now.to_zoned(zone.clone());
        let (hour, day) = match self {
            Self::Hour => return next_hour(zone, now),
            Self::Day { hour } => (hour, None),
            Self::Week { day, hour } => {
                let day = i8::try_from(day).ok()?;
                (hour, Some(Weekday::from_monday_one_offset(day).ok()?))
            }
        };
        let at = Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
        (0..=8).find_map(|days: i64| {
            let date = local.date().checked_add(days.days()).ok()?;
            let next = instant(date, at, zone)?;
            (next > now && day.is_none_or(|day| day == date.weekday())).then_some(next)
        })
    }
}

/// The next full hour on the clocks there: zones are off by halves and quarters of hours.
fn next_hour(zone: &TimeZone, now: Timestamp) -> Option<Timestamp> {
    let local = now.to_zoned(zone.clone());
    let into = Span::new().minutes(i64::from(local.minute())).seconds(i64::from(local.second()));
    let begun = now.checked_sub(into).ok()?;
    let whole = Timestamp::from_second(begun.as_second()).ok()?;
    whole.checked_add(1.hour()).ok()
}

fn instant(date: Date, time: Time, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(date.to_datetime(time)).compatible().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use proptest::prelude::*;

    use super::*;

    /// Thirty places, among them those whose clocks are set by half an hour, at midnight, or not as their neighbours' are.
    const ZONES: [&str; 30] = [
        "UTC",
        "Europe/London",
        "Europe/Berlin",
        "Europe/Istanbul",
        "Europe/Kyiv",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Africa/Nairobi",
        "Africa/Johannesburg",
        "Asia/Kolkata",
        "Asia/Kathmandu",
        "Asia/Dhaka",
        "Asia/Manila",
        "Asia/Tokyo",
        "Asia/Tehran",
        "Asia/Beirut",
        "Asia/Gaza",
        "Asia/Kabul",
        "Australia/Sydney",
        "Australia/Lord_Howe",
        "Australia/Adelaide",
        "Pacific/Auckland",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Santiago",
        "America/St_Johns",
        "America/Havana",
        "Pacific/Honolulu",
    ];

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn night() -> QuietHours {
        QuietHours { days: Vec::new(), start: time(22, 0, 0, 0), end: time(7, 0, 0, 0) }
    }

    #[test]
    fn a_night_begins_in_the_evening_and_is_over_in_the_morning() {
        let rome = zone("Europe/Rome");
        assert_eq!(night().over(&rome, at("2026-01-10T20:59:59Z")), None);
        let morning = Some(at("2026-01-11T06:00:00Z"));
        assert_eq!(night().over(&rome, at("2026-01-10T21:00:00Z")), morning);
        assert_eq!(night().over(&rome, at("2026-01-11T05:59:59Z")), morning);
        assert_eq!(night().over(&rome, at("2026-01-11T06:00:00Z")), None, "its end is not part of it");
    }

    #[test]
    fn a_day_is_that_on_which_it_begins() {
        let weekend = QuietHours { days: vec![5, 6], ..night() };
        let rome = zone("Europe/Rome");
        assert!(weekend.over(&rome, at("2026-01-09T22:00:00Z")).is_some(), "Friday night");
        assert!(
            weekend.over(&rome, at("2026-01-11T04:00:00Z")).is_some(),
            "Sunday before dawn is Saturday's night"
        );
        assert!(weekend.over(&rome, at("2026-01-11T22:00:00Z")).is_none(), "Sunday night");
    }

    #[test]
    fn clocks_that_are_set_make_it_shorter_or_longer() {
        let york = zone("America/New_York");
        let early = QuietHours { start: time(1, 0, 0, 0), end: time(2, 30, 0, 0), ..night() };
        // On 8 March 2026 there is no half past two: it is half past three.
        assert_eq!(early.over(&york, at("2026-03-08T06:30:00Z")), Some(at("2026-03-08T07:30:00Z")));
        // On 1 November half past one comes twice: it is the first.
        let twice = QuietHours { end: time(1, 30, 0, 0), ..early };
        assert_eq!(twice.over(&york, at("2026-11-01T05:10:00Z")), Some(at("2026-11-01T05:30:00Z")));
        assert_eq!(twice.over(&york, at("2026-11-01T06:10:00Z")), None, "the second one o'clock");
    }

    #[test]
    fn ranges_that_meet_are_one_and_none_is_none() {
        let day = QuietHours { days: vec![1, 2], start: time(8, 0, 0, 0), end: time(7, 59, 59, 0) };
        assert!(day.over(&zone("UTC"), at("2026-01-05T12:00:00Z")).is_some());
        let none = QuietHours { end: time(22, 0, 0, 0), ..night() };
        assert_eq!(none.over(&zone("UTC"), at("2026-01-05T22:00:00Z")), None);
    }

    #[test]
    fn digests_come_at_the_hour_that_people_have() {
        let berlin = zone("Europe/Berlin");
        let daily = DigestTime::Day { hour: 8 };
        // A day of 23 hours, and one of 25.
        assert_eq!(daily.next(&berlin, at("2026-03-28T07:00:00Z")), Some(at("2026-03-29T06:00:00Z")));
        assert_eq!(daily.next(&berlin, at("2026-10-24T06:00:00Z")), Some(at("2026-10-25T07:00:00Z")));
        let weekly = DigestTime::Week { day: 1, hour: 9 };
        assert_eq!(
            weekly.next(&berlin, at("2026-01-05T08:00:00Z")),
            Some(at("2026-01-12T08:00:00Z")),
            "not twice"
        );
        assert_eq!(
            DigestTime::Hour.next(&zone("Asia/Kathmandu"), at("2026-01-01T00:20:00Z")),
            Some(at("2026-01-01T01:15:00Z"))
        );
        assert_eq!(DigestTime::Day { hour: 24 }.next(&berlin, at("2026-01-05T08:00:00Z")), None);
        assert_eq!(DigestTime::Week { day: 0, hour: 1 }.next(&berlin, at("2026-01-05T08:00:00Z")), None);
    }

    /// Any second of twenty years.
    fn instants() -> impl Strategy<Value = Timestamp> {
        (1_577_836_800_i64..2_208_988_800).prop_map(|second| Timestamp::from_second(second).unwrap())
    }

    fn times() -> impl Strategy<Value = Time> {
        (0_i8..24, 0_i8..60).prop_map(|(hour, minute)| time(hour, minute, 0, 0))
    }

    proptest! {
        /// Where it is quiet, it ends after now and within two days, and at its end it is not quiet; where the clocks there stand within
        /// the range, and were not set that day, it is quiet.
        #[test]
        fn quiet_hours_end_and_hold_in_every_zone(
            now in instants(), name in prop::sample::select(ZONES.as_slice()), start in times(), end in times(),
            days in prop::collection::vec(1_u8..8, 0..4),
        ) {
            let zone = zone(name);
            let hours = QuietHours { days, start, end };
            let over = hours.over(&zone, now);
            if let Some(over) = over {
                prop_assert!(over > now);
                prop_assert_eq!(hours.over(&zone, over), None);
                if hours.days.len() == 1 {
                    prop_assert!(over.as_second() - now.as_second() <= 26 * 3600);
                }
            }
            let local = now.to_zoned(zone.clone());
            let was_set = [-1, 1].into_iter().any(|days: i64| {
                let other = local.checked_add(days.days()).unwrap();
                other.offset() != local.offset()
            });
            let clock = local.time();
            let is_within = if start < end { start <= clock && clock < end } else { clock >= start || clock < end };
            if !was_set && hours.days.is_empty() {
                prop_assert_eq!(over.is_some(), start != end && is_within);
            }
        }

        /// Over half a year, from digest to digest: every day, or week, has one, at its hour or, where the clocks leave that out, an hour later.
        #[test]
        fn every_day_has_one_digest_in_every_zone(
            now in instants(), name in prop::sample::select(ZONES.as_slice()), hour in 0_u8..24, weekly in any::<bool>(), day in 1_u8..8,
        ) {
            let zone = zone(name);
            let digest = if weekly { DigestTime::Week { day, hour } } else { DigestTime::Day { hour } };
            let mut last = digest.next(&zone, now).unwrap();
            prop_assert!(last > now);
            for _ in 0..if weekly { 26 } else { 180 } {
                let next = digest.next(&zone, last).unwrap();
                let (before, after) = (last.to_zoned(zone.clone()), next.to_zoned(zone.clone()));
                let apart = before.date().until(after.date()).unwrap().get_days();
                prop_assert_eq!(apart, if weekly { 7 } else { 1 }, "{} {}", before, after);
                let clock = after.time();
                prop_assert!(clock.hour() == hour.cast_signed() || clock.hour() == hour.cast_signed() + 1 || clock.hour() == 0, "{}", after);
                last = next;
            }
        }

        /// Hours have a digest each, and no two share one.
        #[test]
        fn every_hour_has_one_digest(now in instants(), name in prop::sample::select(ZONES.as_slice())) {
            let zone = zone(name);
            let next = DigestTime::Hour.next(&zone, now).unwrap();
            prop_assert!(next > now && next.as_second() - now.as_second() <= 3600);
            prop_assert_eq!(next.to_zoned(zone).minute() % 30, 0, "but for clocks that are set by half an hour");
        }
    }
}
