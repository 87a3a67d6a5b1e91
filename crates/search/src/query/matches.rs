//! Whether one item is wanted, without an index: what live streams ask, and what engines are tested against.

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
        self.filter.matches(&ItemFacts::from(item))
            && self.text.as_ref().is_none_or(|text| Words::of(item).satisfy(text, item))
    }
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

    fn satisfy(&self, wanted: &TextExpr, item: &Item) -> bool {
        match wanted {
            TextExpr::Words { words, prefix } => {
                self.texts.iter().chain([&self.place]).any(|text| contains(text, words, *prefix))
            }
            TextExpr::Place(words) => contains(&self.place, words, false),
            TextExpr::Is(condition) => condition.matches(&ItemFacts::from(item)),
            TextExpr::Has(label, wanted) => has(item, *label).iter().any(|found| wanted.contains(found)),
            TextExpr::Near(near) => item.point().is_some_and(|(lat, lon)| near.has(on_sphere(lat, lon))),
            TextExpr::All(parts) => parts.iter().all(|part| self.satisfy(part, item)),
            TextExpr::Any(parts) => parts.iter().any(|part| self.satisfy(part, item)),
            TextExpr::Not(part) => !self.satisfy(part, item),
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
