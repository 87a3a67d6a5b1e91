//! Whether one item is wanted, without an index: what live streams and subscriptions ask, and what engines are tested against.

use std::cell::OnceCell;

use crisislens_model::Item;
use crisislens_model::filter::ItemFacts;

use super::{Query, TextExpr};
use crate::indexed::has;
use crate::near::on_sphere;
use crate::words::{beginning, words};

impl Query {
    /// Whether `item` is wanted. Means the same as an engine's answer, with `filter.incident` regarded here.
    #[must_use]
    pub fn matches(&self, item: &Item) -> bool {
        self.finds(&Searchable::of(item))
    }

    /// The same of an item of which several queries are asked.
    #[must_use]
    pub fn finds(&self, item: &Searchable<'_>) -> bool {
        self.filter.matches(&item.facts) && self.text.as_ref().is_none_or(|text| item.satisfies(text))
    }
}

/// An item, with the words of its texts once somebody has looked for one.
pub struct Searchable<'a> {
    item: &'a Item,
    facts: ItemFacts<'a>,
    words: OnceCell<Words>,
}

/// The words of an item's searchable texts.
struct Words {
    place: Vec<String>,
    texts: [Vec<String>; 2],
}

impl Words {
    fn of(item: &Item) -> Self {
        Self {
            place: item.location.as_ref().map_or_else(Vec::new, |place| words(beginning(&place.name))),
            texts: [
                words(beginning(item.title.as_deref().unwrap_or_default())),
                words(beginning(&item.text)),
            ],
        }
    }
}

impl<'a> Searchable<'a> {
    /// What of `item` is looked at.
    #[must_use]
    pub fn of(item: &'a Item) -> Self {
        Self { item, facts: ItemFacts::from(item), words: OnceCell::new() }
    }

    fn words(&self) -> &Words {
        self.words.get_or_init(|| Words::of(self.item))
    }

    fn satisfies(&self, wanted: &TextExpr) -> bool {
        match wanted {
            TextExpr::Words { words, prefix } => {
                let Words { place, texts } = self.words();
                texts.iter().chain([place]).any(|text| contains(text, words, *prefix))
            }
            TextExpr::Place(words) => contains(&self.words().place, words, false),
            TextExpr::Is(condition) => condition.matches(&self.facts),
            TextExpr::Has(label, wanted) => has(self.item, *label).iter().any(|found| wanted.contains(found)),
            TextExpr::Near(near) => self.item.point().is_some_and(|(lat, lon)| near.has(on_sphere(lat, lon))),
            TextExpr::All(parts) => parts.iter().all(|part| self.satisfies(part)),
            TextExpr::Any(parts) => parts.iter().any(|part| self.satisfies(part)),
            TextExpr::Not(part) => !self.satisfies(part),
        }
    }
}

fn contains(text: &[String], wanted: &[String], prefix: bool) -> bool {
    let Some((last, before)) = wanted.split_last() else {
        return true;
    };
    text.windows(wanted.len()).any(|window| {
        window.split_last().is_some_and(|(end, start)| {
            start == before && (end == last || (prefix && end.starts_with(last.as_str())))
        })
    })
}
