//! What is particular to each kind of thing that people set up.

use crisislens_model::{AlertRule, Subscription};
use crisislens_notify::escalation::{Chain, Step};
use crisislens_notify::holds::{Inhibition, MaintenanceWindow, SetUp as _, Silence};
use crisislens_notify::on_call::{Schedule, Team};
use crisislens_notify::saved_search::SavedSearch;
use crisislens_notify::templates::own::Template;

use super::{Named, Owned, Owner, TEMPLATE_VERSION};
use crate::auth::Claims;

impl Owned for Subscription {
    const OWNER: Owner = Owner::Person;
    const NAME: &'static str = "subscription";
    fn names(&self) -> Vec<(&'static str, Named)> {
        self.search.iter().map(|id| ("search", Named::Search(*id))).collect()
    }
}

impl Owned for AlertRule {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "alert rule";
    fn by(&mut self, claims: &Claims) {
        self.changed_by = Some(claims.sub);
    }
    /// Each is asked of every item of an incident.
    const MOST: usize = 100;
}

impl Owned for SavedSearch {
    const OWNER: Owner = Owner::Person;
    const NAME: &'static str = "saved search";
    /// Each is asked of every new item, once somebody subscribes to it.
    const MOST: usize = 100;
}

impl Owned for Silence {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "silence";
    fn by(&mut self, claims: &Claims) {
        claims.name.clone_into(&mut self.author);
    }
}

impl Owned for MaintenanceWindow {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "maintenance window";
    fn by(&mut self, claims: &Claims) {
        claims.name.clone_into(&mut self.author);
    }
}

impl Owned for Inhibition {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "inhibition";
}

impl Owned for Template {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "template";
    const MOST: usize = 100;
    const VERSIONS: Option<&'static str> = Some(TEMPLATE_VERSION);
    fn only_one(&self) -> Option<String> {
        Some(format!("template `{}` for `{}`", self.name.as_str(), self.locale.to_ascii_lowercase()))
    }
}

impl Owned for Team {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "team";
    const OWNS: &'static [&'static str] = &[Subscription::KIND, SavedSearch::KIND];
    fn names(&self) -> Vec<(&'static str, Named)> {
        self.members.iter().map(|user| ("members", Named::Person(*user))).collect()
    }
}

impl Owned for Schedule {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "on-call schedule";
    fn names(&self) -> Vec<(&'static str, Named)> {
        let stand_in = self.overrides.iter().map(|one| ("overrides", Named::Person(one.user)));
        self.members.iter().map(|user| ("members", Named::Person(*user))).chain(stand_in).collect()
    }
}

impl Owned for Chain {
    const OWNER: Owner = Owner::Desk;
    const NAME: &'static str = "escalation chain";
    fn names(&self) -> Vec<(&'static str, Named)> {
        let of_step = |step: &Step| {
            let people = step.users.iter().map(|user| ("steps.users", Named::Person(*user)));
            let teams = step.teams.iter().map(|id| ("steps.teams", Named::Kept(Team::KIND, *id)));
            let schedules =
                step.schedules.iter().map(|id| ("steps.schedules", Named::Kept(Schedule::KIND, *id)));
            people.chain(teams).chain(schedules).collect::<Vec<_>>()
        };
        self.steps.iter().flat_map(of_step).collect()
    }
}
