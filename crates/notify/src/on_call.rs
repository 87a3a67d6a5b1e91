//! Whom a step can be for beside named people: a team, and whoever of a schedule is on call at the time.

use crisislens_model::{FieldError, Timestamp, UserId};
use jiff::ToSpan;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::holds::{SetUp, name_problem};

/// Most people of a team, of a schedule or of a step.
pub const MAX_MEMBERS: usize = 100;
/// Most overrides of a schedule.
const MAX_OVERRIDES: usize = 200;

/// People who are told together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// What people call it.
    pub name: String,
    /// Who.
    pub members: Vec<UserId>,
}

/// People who are on call one after the other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// What people call it.
    pub name: String,
    /// The time zone of its hours and days, by its IANA name.
    pub zone: String,
    /// Who, in the order in which they follow each other.
    pub members: Vec<UserId>,
    /// How long each has it, and when it is handed over.
    pub handover: Handover,
    /// From the hand-over hour of this day the first is on call; before it nobody is.
    #[schema(value_type = String, format = Date)]
    pub starts_on: Date,
    /// Who stands in for whoever has it; of two that meet, the first in the list counts.
    #[serde(default)]
    pub overrides: Vec<Override>,
}

/// When the next takes over: at this hour there, or, where the clocks leave it out, as much later; of an hour that comes twice, the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase", tag = "every", deny_unknown_fields)]
pub enum Handover {
    /// Every day.
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

/// Somebody stands in for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// Who.
    pub user: UserId,
    /// From when.
    pub from: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Who is on call, and until when that stays so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Who.
    pub user: UserId,
    /// The next hand-over, or the next bound of an override.
    pub until: Timestamp,
}

impl Schedule {
    /// Who is on call at `at`; nobody before it starts, and where it makes no sense.
    #[must_use]
    pub fn on_call(&self, at: Timestamp) -> Option<UserId> {
        self.shift(at).map(|shift| shift.user)
    }

    /// The same, and until when.
    #[must_use]
    pub fn shift(&self, at: Timestamp) -> Option<Shift> {
        let regular = self.regular(at);
        let stands_in = self.overrides.iter().find(|one| one.from <= at && at < one.until);
        let user = stands_in.map(|one| one.user).or_else(|| regular.map(|shift| shift.user))?;
        let bounds = self.overrides.iter().flat_map(|one| [one.from, one.until]).filter(|bound| *bound > at);
        let handover = regular.map(|shift| shift.until);
        let until = bounds.chain(handover).min()?;
        Some(Shift { user, until })
    }

    /// Whose turn it is by the order alone.
    fn regular(&self, at: Timestamp) -> Option<Shift> {
        let zone = TimeZone::get(&self.zone).ok()?;
        let turns = Turns::of(self, &zone)?;
        if at < turns.instant(self.starts_on)? {
            return None;
        }
        let today = at.to_zoned(zone.clone()).date();
        let mut turn = i64::from((today - turns.first).get_days()).div_euclid(turns.days);
        // The day there may be one on which the hand-over has yet to come, or one that was begun before.
        while turns.begins(turn)? > at {
            turn -= 1;
        }
        while turns.begins(turn + 1)? <= at {
            turn += 1;
        }
        let members = i64::try_from(self.members.len()).ok()?;
        let member = usize::try_from(turn.checked_rem_euclid(members)?).ok()?;
        Some(Shift { user: *self.members.get(member)?, until: turns.begins(turn + 1)? })
    }

    /// Everybody whom it names.
    pub fn people(&self) -> impl Iterator<Item = UserId> + '_ {
        self.members.iter().copied().chain(self.overrides.iter().map(|one| one.user))
    }
}

/// Hand-overs, numbered: the first on the last such day up to the start.
struct Turns<'a> {
    first: Date,
    days: i64,
    time: Time,
    zone: &'a TimeZone,
}

impl<'a> Turns<'a> {
    fn of(schedule: &Schedule, zone: &'a TimeZone) -> Option<Self> {
        let (first, days, hour) = match schedule.handover {
            Handover::Day { hour } => (schedule.starts_on, 1, hour),
            Handover::Week { day, hour } => {
                let day = Weekday::from_monday_one_offset(i8::try_from(day).ok()?).ok()?;
                let back = schedule.starts_on.weekday().since(day);
                (schedule.starts_on.checked_sub(i64::from(back).days()).ok()?, 7, hour)
            }
        };
        let time = Time::new(i8::try_from(hour).ok()?, 0, 0, 0).ok()?;
        Some(Self { first, days, time, zone })
    }

    fn begins(&self, turn: i64) -> Option<Timestamp> {
        self.instant(self.first.checked_add(turn.checked_mul(self.days)?.days()).ok()?)
    }

    fn instant(&self, day: Date) -> Option<Timestamp> {
        self.zone.to_ambiguous_timestamp(day.to_datetime(self.time)).compatible().ok()
    }
}

/// What is wrong with a list of people who are to be there.
pub(crate) fn people_problem(field: &str, people: &[UserId], least: usize) -> Option<FieldError> {
    let count = people.len();
    (count < least || count > MAX_MEMBERS)
        .then(|| FieldError::new(field, format!("{least} to {MAX_MEMBERS} people")))
}

impl SetUp for Team {
    const KIND: &'static str = "team";

    fn problems(&self) -> Vec<FieldError> {
        name_problem(&self.name).into_iter().chain(people_problem("members", &self.members, 1)).collect()
    }
}

impl SetUp for Schedule {
    const KIND: &'static str = "on_call_schedule";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems: Vec<FieldError> = name_problem(&self.name).into_iter().collect();
        problems.extend(people_problem("members", &self.members, 1));
        if TimeZone::get(&self.zone).is_err() {
            problems.push(FieldError::new("zone", "give an IANA name, as `Asia/Kolkata`"));
        }
        let (day, hour) = match self.handover {
            Handover::Day { hour } => (1, hour),
            Handover::Week { day, hour } => (day, hour),
        };
        if hour > 23 || !(1..=7).contains(&day) {
            problems.push(FieldError::new("handover", "hour is 0 to 23, day 1 (Monday) to 7 (Sunday)"));
        }
        if !(1970..=2200).contains(&self.starts_on.year()) {
            problems.push(FieldError::new("starts_on", "is between 1970 and 2200"));
        }
        if self.overrides.len() > MAX_OVERRIDES {
            problems.push(FieldError::new("overrides", format!("at most {MAX_OVERRIDES}")));
        }
        if self.overrides.iter().any(|one| one.until <= one.from) {
            problems.push(FieldError::new("overrides", "until is not after from"));
        }
        problems
    }
}
