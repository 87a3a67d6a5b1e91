//! Alerts that nobody acknowledges: chains of steps, each of which tells more people or on other channels, until somebody sees to it or
//! the chain is through, which is loud.

mod begin;
mod escalator;
mod paging;

use std::time::Duration;

use crisislens_model::{AlertMatch, Channel, FieldError, Role, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use begin::begin;
pub use escalator::Escalator;

use crate::holds::{SetUp, name_problem};
use crate::on_call::MAX_MEMBERS;

/// Most steps of a chain.
const MAX_STEPS: usize = 20;
/// Most teams or schedules of a step.
const MAX_GROUPS: usize = 20;
/// Roles that a step may call: there may be any number of viewers.
const CALLED: [Role; 3] = [Role::Analyst, Role::Approver, Role::Admin];
/// Most people that a step calls.
const MAX_CALLED: usize = 500;
/// How often a chain may begin again.
const MAX_REPEAT: u64 = 5;
/// The longest wait before a step, seconds.
const MAX_WAIT_S: u64 = 24 * 3600;
/// The least that people have to answer before the next step, seconds.
const MIN_WAIT_S: u64 = 60;

/// What is done with alerts that fit as long as nobody acknowledges them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// What people call it.
    pub name: String,
    /// Which alerts.
    #[serde(rename = "match", default)]
    pub matches: AlertMatch,
    /// One after the other.
    pub steps: Vec<Step>,
    /// How often it begins again behind the last step, 0 to 5. Then it ends, and every admin is told.
    #[serde(default)]
    pub repeat: u64,
}

/// Who is told, after how long, and how.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Step {
    /// So long after the step before, seconds: 60 to 86400, for the first 0 to 86400. A step that nobody can be reached by is followed by the
    /// next at once.
    pub wait_s: u64,
    /// These people.
    pub users: Vec<UserId>,
    /// Everybody of these teams.
    pub teams: Vec<Uuid>,
    /// Whoever is on call then.
    pub schedules: Vec<Uuid>,
    /// Everybody with one of these roles: `analyst`, `approver`, `admin`. A step calls 500 people at most, those that it names before them.
    pub roles: Vec<Role>,
    /// On these channels, as far as each person has them; on all that they have where it is missing. The inbox has it in any case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<Vec<Channel>>,
}

impl Chain {
    /// How long it waits before this step in this round. Before it begins again there is a minute at least.
    fn wait(&self, step: u64, round: u64) -> Duration {
        let step = usize::try_from(step).ok().and_then(|step| self.steps.get(step));
        let wait = step.map_or(MIN_WAIT_S, |step| step.wait_s);
        Duration::from_secs(if round > 0 { wait.max(MIN_WAIT_S) } else { wait })
    }

    /// How long those of the last step have before it ends.
    fn last_wait(&self) -> Duration {
        Duration::from_secs(self.steps.last().map_or(0, |step| step.wait_s).max(MIN_WAIT_S))
    }
}

impl SetUp for Chain {
    const KIND: &'static str = "escalation_chain";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = self.matches.problems("match");
        problems.extend(name_problem(&self.name));
        if self.steps.is_empty() || self.steps.len() > MAX_STEPS {
            problems.push(FieldError::new("steps", format!("1 to {MAX_STEPS} steps")));
        }
        if self.repeat > MAX_REPEAT {
            problems.push(FieldError::new("repeat", format!("0 to {MAX_REPEAT}")));
        }
        for (place, step) in self.steps.iter().enumerate() {
            problems.extend(step.problems(place));
        }
        problems
    }
}

impl Step {
    fn problems(&self, place: usize) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let mut wrong = |field: &str, problem: String| {
            problems.push(FieldError::new(format!("steps.{place}.{field}"), problem));
        };
        let least = if place == 0 { 0 } else { MIN_WAIT_S };
        if !(least..=MAX_WAIT_S).contains(&self.wait_s) {
            wrong("wait_s", format!("{least} to {MAX_WAIT_S}"));
        }
        let named = self.users.len() + self.teams.len() + self.schedules.len() + self.roles.len();
        if named == 0 {
            wrong("users", "name a user, a team, a schedule or a role".to_owned());
        }
        if self.users.len() > MAX_MEMBERS {
            wrong("users", format!("at most {MAX_MEMBERS}"));
        }
        for (field, count) in [("teams", self.teams.len()), ("schedules", self.schedules.len())] {
            if count > MAX_GROUPS {
                wrong(field, format!("at most {MAX_GROUPS}"));
            }
        }
        if self.roles.len() > CALLED.len() || self.roles.iter().any(|role| !CALLED.contains(role)) {
            wrong("roles", "analyst, approver and admin, each once".to_owned());
        }
        if self
            .channels
            .as_ref()
            .is_some_and(|channels| channels.is_empty() || channels.len() > Channel::ALL.len())
        {
            wrong("channels", "name one, or leave it out for all".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn wrong(chain: Value) -> Vec<String> {
        let chain: Chain = serde_json::from_value(chain).unwrap();
        chain.problems().into_iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn a_chain_that_could_flood_or_reach_nobody_is_refused() {
        let step = json!({ "wait_s": 60, "roles": ["admin"] });
        assert!(wrong(json!({ "name": "x", "steps": [step], "repeat": 5 })).is_empty());
        assert_eq!(wrong(json!({ "name": "x\u{0}", "steps": [{ "roles": ["admin"] }] })), ["name"]);
        assert_eq!(wrong(json!({ "name": " ", "steps": [], "repeat": 6 })), ["name", "steps", "repeat"]);
        let quick = json!({ "wait_s": 59, "roles": ["admin"] });
        assert_eq!(wrong(json!({ "name": "x", "steps": [step, quick] })), ["steps.1.wait_s"]);
        assert_eq!(
            wrong(json!({ "name": "x", "steps": [{ "channels": [] }] })),
            ["steps.0.users", "steps.0.channels"]
        );
        assert_eq!(
            wrong(json!({ "name": "x", "steps": [{ "roles": ["admin", "viewer"] }] })),
            ["steps.0.roles"]
        );
        let many: Vec<&Value> = std::iter::repeat_n(&step, 21).collect();
        assert_eq!(wrong(json!({ "name": "x", "steps": many })), ["steps"]);
    }

    #[test]
    fn a_round_that_begins_again_leaves_a_minute_to_answer() {
        let chain = json!({ "name": "x", "steps": [{ "roles": ["admin"] }], "repeat": 1 });
        let chain: Chain = serde_json::from_value(chain).unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!((chain.wait(0, 0), chain.wait(0, 1), chain.last_wait()), (Duration::ZERO, minute, minute));
    }
}
