//! The users' templates as they are kept: found by name and language, and compiled when one is first used.

use std::sync::{Arc, OnceLock};

use crisislens_model::Timestamp;
use crisislens_state::ledger::DeskObject;
use crisislens_state::{StateError, Tx};
use minijinja::Value;
use uuid::Uuid;

use super::own::{Compiled, Part, Template};
use super::values::Name;
use super::{FALLBACK, is_shipped};
use crate::holds::{SetUp, read};

/// The users' templates at one time.
#[derive(Clone, Default)]
pub struct OwnTemplates(Vec<Arc<One>>);

/// One of them.
pub struct One {
    /// Its id.
    pub id: Uuid,
    /// Its version.
    pub version: u64,
    /// Tells versions of one that was deleted and made again from each other.
    changed_at: Timestamp,
    template: Template,
    compiled: OnceLock<Option<Compiled>>,
}

impl OwnTemplates {
    /// Those that are kept; of `known`, what has not changed since is not read again. One that cannot be read any more is none.
    pub(super) async fn read(tx: &mut dyn Tx, known: &Self) -> Result<Self, StateError> {
        let kept = tx.set_up(Template::KIND).await?;
        let one = |object: &DeskObject| {
            let version = (object.id, object.version, object.changed_at);
            let same = |one: &&Arc<One>| (one.id, one.version, one.changed_at) == version;
            if let Some(one) = known.0.iter().find(same) {
                return Some(Arc::clone(one));
            }
            let template = read::<Template>(object)
                .inspect_err(|error| tracing::warn!(id = %object.id, %error, "a template"))
                .ok()?;
            let compiled = OnceLock::new();
            let (id, version, changed_at) = version;
            Some(Arc::new(One { id, version, changed_at, template, compiled }))
        };
        Ok(Self(kept.iter().filter_map(one).collect()))
    }

    /// The one for a reader: of the locale itself, of its language, or, where nothing is shipped in that either, the English one.
    #[must_use]
    pub fn find(&self, name: Name, locale: &str) -> Option<&One> {
        let of = |wanted: &str| {
            self.0.iter().map(AsRef::as_ref).find(|one: &&One| {
                one.template.name == name && one.template.locale.eq_ignore_ascii_case(wanted)
            })
        };
        let language = locale.split('-').next().unwrap_or_default();
        let fallback = || if is_shipped(language) { None } else { of(FALLBACK) };
        of(locale).or_else(|| of(language)).or_else(fallback)
    }

    /// Whether the one for a reader says what a short message does.
    #[must_use]
    pub fn has_short(&self, name: Name, locale: &str) -> bool {
        self.has(name, locale, Part::Sms) || self.has(name, locale, Part::Push)
    }

    /// Whether the one for a reader has this part.
    #[must_use]
    pub fn has(&self, name: Name, locale: &str, part: Part) -> bool {
        self.find(name, locale).is_some_and(|one| one.template.part(part).is_some())
    }
}

impl One {
    /// What a part comes to; none where it has no such part.
    ///
    /// # Errors
    /// Why it cannot be rendered.
    pub fn render(&self, part: Part, values: &Value) -> Result<Option<String>, String> {
        let compiled = self.compiled.get_or_init(|| Compiled::of(&self.template).ok());
        let compiled = compiled.as_ref().ok_or("it cannot be read any more")?;
        compiled.render(part, values).map_err(|error| error.to_string())
    }

    /// Its name and language.
    #[must_use]
    pub fn called(&self) -> (Name, &str) {
        (self.template.name, &self.template.locale)
    }
}
