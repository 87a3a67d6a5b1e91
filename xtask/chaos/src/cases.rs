//! The cases: each a promise, the fault that tests it, and the engines that it is tested on.

mod broker;
mod dependency;
mod disk;
mod drain;
mod kill;
mod letters;
mod locks;
mod membership;
mod notify;
mod presence;
mod readers;
mod redrive;
mod storm;
mod verify;

use std::future::Future;
use std::pin::Pin;

use crate::lab::{Engine, Lab};
use crate::report::Outcome;

/// How long a trial may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For every run of the tests.
    Short,
    /// For `--all`.
    Long,
}

impl Form {
    /// `short` or `long`.
    pub fn pick<T>(self, short: T, long: T) -> T {
        if self == Self::Short { short } else { long }
    }
}

/// What a trial is given.
#[derive(Clone, Copy)]
pub struct Setting<'a> {
    /// Where it happens.
    pub lab: &'a Lab,
    /// Its case.
    pub case: &'static str,
    /// Which engines.
    pub engine: Engine,
    /// Its seed.
    pub seed: u64,
    /// How long it may be.
    pub form: Form,
    /// Whether it is the first of several seeds.
    pub is_first: bool,
}

impl Setting<'_> {
    /// As [`Form::pick`], for what shows as much once as with every seed: the long form with the first of them only.
    pub fn pick_once<T>(&self, short: T, long: T) -> T {
        if self.is_first { self.form.pick(short, long) } else { short }
    }
}

/// A trial's future.
pub type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Outcome>> + 'a>>;

/// A promise and how it is tried.
pub struct Case {
    /// The promise first, as `D1-kill-server`.
    pub name: &'static str,
    /// On which engines.
    pub engine: Engine,
    /// Whether the short set has it.
    pub short: bool,
    /// Tries it once.
    pub run: for<'a> fn(Setting<'a>) -> Running<'a>,
}

/// A row of [`ALL`].
macro_rules! case {
    ($name:literal, $engine:ident, $length:ident, $run:path) => {
        Case {
            name: $name,
            engine: Engine::$engine,
            short: matches!(Form::$length, Form::Short),
            run: |setting| Box::pin($run(setting)),
        }
    };
}

/// Every case, in the order in which they run; those without servers run beside the others. Those marked
/// `Long` run only with `--all` or when they are named.
pub const ALL: &[Case] = &[
    case!("D1-kill-server", Embedded, Short, kill::server),
    case!("D2-kill-at-syscall", Embedded, Short, disk::kill_at_syscall),
    case!("D9-sigterm", Embedded, Short, membership::sigterm),
    case!("D9-drain", Embedded, Short, drain::under_load),
    case!("D10-poison", Embedded, Short, letters::poisoned),
    case!("D11-large", Embedded, Short, letters::large),
    case!("D13-redrive", Embedded, Short, redrive::killed),
    case!("D16-disk-full", Embedded, Short, disk::full),
    case!("D18-slow-readers", Embedded, Short, readers::slow),
    case!("D19-storm", Embedded, Short, storm::resumed),
    case!("D23-notify-storm", Embedded, Short, notify::storm),
    case!("D24-notify-kill", Embedded, Short, notify::killed),
    case!("D25-verify-kill", Embedded, Short, verify::killed),
    case!("D26-lock-holder-paused", Embedded, Short, locks::holder_paused),
    case!("D1-kill-server", Cluster, Short, kill::server),
    case!("D2-kill-at-syscall", Cluster, Long, disk::kill_at_syscall),
    case!("D4-broker-down", Cluster, Short, broker::down),
    case!("D6-broker-paused", Cluster, Short, broker::paused),
    case!("D7-rebalance", Cluster, Short, membership::rebalance),
    case!("D8-zombie", Cluster, Short, membership::zombie),
    case!("D9-sigterm", Cluster, Long, membership::sigterm),
    case!("D9-sigterm-broker-away", Cluster, Long, membership::sigterm_without_broker),
    case!("D9-drain", Cluster, Long, drain::under_load),
    case!("D10-poison", Cluster, Short, letters::poisoned),
    case!("D11-large", Cluster, Long, letters::large),
    case!("D12-dlq-unwritable", Cluster, Short, letters::unwritable),
    case!("D13-redrive", Cluster, Short, redrive::killed),
    case!("D14-dependency-away", Cluster, Short, dependency::store_away),
    case!("D15-postgres-restart", Cluster, Short, dependency::store_restart),
    case!("D17-search-down", Cluster, Short, dependency::search_down),
    case!("D18-slow-readers", Cluster, Long, readers::slow),
    case!("D19-storm", Cluster, Long, storm::resumed),
    case!("D26-lock-holder-paused", Cluster, Short, locks::holder_paused),
    case!("D23-notify-storm", Cluster, Long, notify::storm),
    case!("D24-notify-kill", Cluster, Long, notify::killed),
    case!("D25-verify-kill", Cluster, Short, verify::killed),
    case!("D26-node-killed", Cluster, Short, presence::node_killed),
    case!("D5-kill-broker-of-three", ThreeBrokers, Short, broker::killed_of_three),
];

/// The cases that `only` and the form choose, in the order in which they run. `only` is a promise (`D1`) or a part of a
/// case's name and engine (`kill`, `embedded`, `D1-kill-server/cluster`); several are separated by commas.
pub fn chosen(form: Form, only: Option<&str>) -> Vec<&'static Case> {
    let is_meant = |case: &Case, word: &str| {
        let label = format!("{}/{}", case.name, case.engine.as_str()).to_lowercase();
        // `D1` is one promise, not D10 to D17 as well.
        if is_number(word) { label.split('-').next() == Some(word) } else { label.contains(word) }
    };
    let fits = |case: &&Case| match only {
        None => form == Form::Long || case.short,
        Some(only) => only.to_lowercase().split(',').any(|word| is_meant(case, word.trim())),
    };
    ALL.iter().filter(fits).collect()
}

fn is_number(word: &str) -> bool {
    word.strip_prefix('d')
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_chooses_one_promise_and_a_word_all_that_hold_it() {
        let names = |only: &str| -> Vec<&str> {
            chosen(Form::Short, Some(only)).iter().map(|case| case.name).collect()
        };
        assert!(names("d1").iter().all(|name| name.starts_with("D1-")), "{:?}", names("d1"));
        assert!(names("kill").contains(&"D1-kill-server"));
        assert!(names("embedded").contains(&"D1-kill-server"));
        assert_eq!(names("d10-poison/embedded,d16"), ["D10-poison", "D16-disk-full"]);
        assert!(names("nothing of the kind").is_empty());
    }
}
