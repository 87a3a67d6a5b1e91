//! The cases: each a promise, the fault that tests it, and the engines that it is tested on.

mod kill;

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
}

/// A trial's future.
pub type Running<'a> = Pin<Box<dyn Future<Output = anyhow::Result<Outcome>> + Send + 'a>>;

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

/// Every case.
pub const ALL: &[Case] = &[Case {
    name: "D1-kill-server",
    engine: Engine::Embedded,
    short: true,
    run: |setting| Box::pin(kill::server(setting)),
}];

/// The cases that `only` (a part of the case's or the engine's name) and the form choose, in the order in which they run.
pub fn chosen(form: Form, only: Option<&str>) -> Vec<&'static Case> {
    let fits = |case: &&Case| {
        only.map_or(form == Form::Long || case.short, |only| {
            let word = only.to_lowercase();
            let name = case.name.to_lowercase();
            // `D1` is one promise, not D10 to D17 as well.
            name.split('-').next() == Some(word.as_str())
                || (!is_number(&word) && (name.contains(&word) || case.engine.as_str() == word))
        })
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
        assert!(names("nothing of the kind").is_empty());
    }
}
