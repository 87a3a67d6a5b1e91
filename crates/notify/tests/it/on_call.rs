//! Who is on call, in thirty places, by a clock that goes through the days on which theirs are set.

use crisislens_model::{Timestamp, UserId};
use crisislens_notify::holds::SetUp as _;
use crisislens_notify::on_call::{Handover, Override, Schedule, Team};
use crisislens_testkit::sample::user_id;
use jiff::civil::date;
use jiff::tz::TimeZone;
use serde_json::json;

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

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn schedule(zone: &str, handover: Handover, members: u64) -> Schedule {
    Schedule {
        name: "desk".to_owned(),
        zone: zone.to_owned(),
        members: (0..members).map(user_id).collect(),
        handover,
        starts_on: date(2026, 2, 25),
        overrides: Vec::new(),
    }
}

fn person(n: u64) -> Option<UserId> {
    Some(user_id(n))
}

/// From its start through both days on which clocks are set there is exactly one person at any time, who changes only when the hour of the
/// hand-over has come there, and to the next in the order.
#[test]
fn in_every_zone_one_person_is_on_call_and_the_next_takes_over_at_the_hour() {
    for (number, zone) in ZONES.into_iter().enumerate() {
        for hour in [0, 1, 2, 3, (number % 24) as u8] {
            for handover in [Handover::Day { hour }, Handover::Week { day: (number % 7) as u8 + 1, hour }] {
                walk(&schedule(zone, handover, 3), hour);
            }
        }
    }
}

fn walk(schedule: &Schedule, hour: u8) {
    assert_eq!(schedule.problems(), []);
    let tz = TimeZone::get(&schedule.zone).unwrap();
    let local = schedule.starts_on.at(i8::try_from(hour).unwrap(), 0, 0, 0);
    let start = tz.to_ambiguous_timestamp(local).compatible().unwrap();
    assert_eq!(schedule.on_call(start - jiff::SignedDuration::from_secs(1)), None, "before it starts");
    let end = at("2026-12-01T00:00:00Z");
    let mut now = start;
    let mut last = schedule.shift(now).unwrap();
    assert_eq!(last.user, user_id(0), "the first begins");
    let mut changes = 0;
    while now < end {
        let until = last.until;
        assert!(until > now, "{now} {last:?} in {}", schedule.zone);
        let length = until.duration_since(now).as_hours();
        let most = if matches!(schedule.handover, Handover::Day { .. }) { 26 } else { 7 * 24 + 2 };
        assert!(length <= most, "{length} hours from {now} in {}", schedule.zone);
        // Within, and to its last second, it is the same person.
        for part in [3, 2] {
            let within =
                Timestamp::from_second(now.as_second() + (until.as_second() - now.as_second()) / part);
            assert_eq!(schedule.shift(within.unwrap()), Some(last));
        }
        let moment_before = Timestamp::from_second(until.as_second() - 1).unwrap();
        assert_eq!(schedule.shift(moment_before), Some(last));
        let next = schedule.shift(until).unwrap();
        let order = (0..3).position(|n| user_id(n) == last.user).unwrap() as u64;
        assert_eq!(next.user, user_id((order + 1) % 3), "the order is kept in {}", schedule.zone);
        let there = until.to_zoned(tz.clone());
        let clock = there.time();
        let is_on_the_hour = clock.hour().cast_unsigned() == hour && clock.minute() == 0;
        // Where the clocks leave the hour out, they were set in the hours before.
        let was_set = there.offset() != tz.to_offset(until - jiff::SignedDuration::from_hours(2));
        assert!(is_on_the_hour || was_set, "{there}");
        (now, last) = (until, next);
        changes += 1;
    }
    let least = if matches!(schedule.handover, Handover::Day { .. }) { 278 } else { 39 };
    assert!(changes >= least, "{changes} in {}", schedule.zone);
}

#[test]
fn an_hour_that_is_left_out_is_later_and_one_that_comes_twice_is_the_first() {
    let york = schedule("America/New_York", Handover::Day { hour: 2 }, 2);
    // On 8 March 2026 there is no two o'clock: it is three.
    let before = york.on_call(at("2026-03-08T06:59:59Z"));
    assert_ne!(york.on_call(at("2026-03-08T07:00:00Z")), before);
    let early = schedule("America/New_York", Handover::Day { hour: 1 }, 2);
    // On 1 November one o'clock comes twice, at five and at six.
    let before = early.on_call(at("2026-11-01T04:59:59Z"));
    let after = early.on_call(at("2026-11-01T05:00:00Z"));
    assert_ne!(after, before);
    assert_eq!(early.on_call(at("2026-11-01T06:00:00Z")), after);
}

#[test]
fn a_week_is_handed_over_on_its_day_and_begins_short() {
    // 25 February 2026 is a Wednesday.
    let weekly = schedule("Europe/Berlin", Handover::Week { day: 1, hour: 9 }, 2);
    assert_eq!(weekly.on_call(at("2026-02-25T07:59:59Z")), None);
    let first = weekly.shift(at("2026-02-25T08:00:00Z")).unwrap();
    assert_eq!((first.user, first.until), (user_id(0), at("2026-03-02T08:00:00Z")));
    assert_eq!(weekly.on_call(at("2026-03-02T08:00:00Z")), person(1));
    assert_eq!(weekly.on_call(at("2026-03-09T08:00:00Z")), person(0));
}

#[test]
fn who_stands_in_has_it_from_its_beginning_to_before_its_end_and_the_order_goes_on_below() {
    let mut daily = schedule("UTC", Handover::Day { hour: 8 }, 2);
    let stands_in = |user, from, until| Override { user: user_id(user), from: at(from), until: at(until) };
    daily.overrides = vec![
        stands_in(7, "2026-03-01T12:00:00Z", "2026-03-02T12:00:00Z"),
        stands_in(8, "2026-03-02T10:00:00Z", "2026-03-02T14:00:00Z"),
    ];
    let plain = schedule("UTC", Handover::Day { hour: 8 }, 2);
    let mut now = at("2026-02-25T08:00:00Z");
    while now < at("2026-03-10T00:00:00Z") {
        let expected = daily.overrides.iter().find(|one| one.from <= now && now < one.until);
        let expected = expected.map(|one| one.user).or(plain.on_call(now));
        let shift = daily.shift(now).unwrap();
        assert_eq!(Some(shift.user), expected, "{now}");
        let last = shift.until - jiff::SignedDuration::from_secs(1);
        assert_eq!(daily.on_call(last), expected, "until {}", shift.until);
        now += jiff::SignedDuration::from_mins(30);
    }
    assert_eq!(daily.on_call(at("2026-03-02T12:00:00Z")), person(8));
    assert_eq!(daily.on_call(at("2026-03-02T14:00:00Z")), plain.on_call(at("2026-03-02T14:00:00Z")));
}

#[test]
fn a_schedule_or_a_team_that_makes_no_sense_is_refused_and_has_nobody() {
    let wrong = json!({ "name": " ", "zone": "Mars/Base", "members": [], "starts_on": "1066-10-14",
        "handover": { "every": "week", "day": 8, "hour": 24 },
        "overrides": [{ "user": user_id(1), "from": "2026-03-01T00:00:00Z", "until": "2026-03-01T00:00:00Z" }] });
    let wrong: Schedule = serde_json::from_value(wrong).unwrap();
    let fields: Vec<String> = wrong.problems().into_iter().map(|problem| problem.field).collect();
    assert_eq!(fields, ["name", "members", "zone", "handover", "starts_on", "overrides"]);
    assert_eq!(wrong.on_call(at("2026-03-01T00:00:00Z")), None);
    let nobody = Schedule { members: Vec::new(), ..schedule("UTC", Handover::Day { hour: 1 }, 0) };
    assert_eq!(nobody.on_call(at("2026-03-01T00:00:00Z")), None);
    let team: Team = serde_json::from_value(json!({ "name": "x", "members": [] })).unwrap();
    assert_eq!(team.problems().len(), 1);
}
