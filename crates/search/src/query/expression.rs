//! The tree a query becomes, and how two filters become one.

use crisislens_model::ItemFilter;

use crate::Near;

/// What an item has some of, which is compared as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Label {
    /// The code of its language.
    Language,
    /// A subject that it touches.
    Topic,
    /// A word that people put on it, in any case.
    Tag,
    /// Whether it informs about an emergency, `true` or `false`; none where that was not judged.
    Informative,
    /// The kind of humanitarian information that it gives.
    Humanitarian,
}

impl Label {
    /// Every label, in the order in which they are indexed.
    pub const ALL: [Self; 5] =
        [Self::Language, Self::Topic, Self::Tag, Self::Informative, Self::Humanitarian];
}

/// What must hold of an item.
#[derive(Debug, Clone, PartialEq)]
pub enum TextExpr {
    /// These words stand next to each other in title, text or place name.
    Words {
        /// Folded as by [`crate::words::words`]; at least one.
        words: Vec<String>,
        /// The last is only the beginning of one.
        prefix: bool,
    },
    /// These words stand next to each other in the place's name.
    Place(Vec<String>),
    /// A field has a value; of the filter only what the operator says is set.
    Is(Box<ItemFilter>),
    /// It has one of these.
    Has(Label, Vec<String>),
    /// It lies within a circle.
    Near(Near),
    /// All hold.
    All(Vec<TextExpr>),
    /// At least one holds.
    Any(Vec<TextExpr>),
    /// It does not hold.
    Not(Box<TextExpr>),
}

impl TextExpr {
    /// All of `parts`, or nothing where there are none.
    pub(super) fn all(parts: Vec<Self>) -> Option<Self> {
        let mut flat = Vec::with_capacity(parts.len());
        for part in parts {
            match part {
                Self::All(inner) => flat.extend(inner),
                other => flat.push(other),
            }
        }
        if flat.len() > 1 { Some(Self::All(flat)) } else { flat.pop() }
    }

    /// One of `parts`, or nothing where there are none.
    pub(super) fn any(mut parts: Vec<Self>) -> Option<Self> {
        if parts.len() > 1 { Some(Self::Any(parts)) } else { parts.pop() }
    }
}

/// A filter that holds when `base` and `more` hold; none when lists exclude each other, as an empty list would then
/// mean everything. Regards the fields that query operators can set.
pub(super) fn both(base: &ItemFilter, more: &ItemFilter) -> Option<ItemFilter> {
    Some(ItemFilter {
        status: common(&base.status, &more.status)?,
        source: common(&base.source, &more.source)?,
        hazard: common(&base.hazard, &more.hazard)?,
        country: common(&base.country, &more.country)?,
        severity: common(&base.severity, &more.severity)?,
        min_risk: stricter(base.min_risk, more.min_risk, f64::max),
        max_risk: stricter(base.max_risk, more.max_risk, f64::min),
        since: stricter(base.since, more.since, Ord::max),
        until: stricter(base.until, more.until, Ord::min),
        bbox: same(base.bbox, more.bbox)?,
        incident: base.incident,
        exercise: same(base.exercise, more.exercise)?,
        exercise_id: same(base.exercise_id, more.exercise_id)?,
    })
}

fn common<T: PartialEq + Clone>(base: &[T], more: &[T]) -> Option<Vec<T>> {
    match (base, more) {
        ([], any) | (any, []) => Some(any.to_vec()),
        _ => {
            let shared: Vec<T> = base.iter().filter(|entry| more.contains(entry)).cloned().collect();
            (!shared.is_empty()).then_some(shared)
        }
    }
}

/// What either asks for; none where they ask for different things.
fn same<T: PartialEq>(base: Option<T>, more: Option<T>) -> Option<Option<T>> {
    match (base, more) {
        (Some(one), Some(other)) if one != other => None,
        (one, other) => Some(one.or(other)),
    }
}

fn stricter<T>(base: Option<T>, more: Option<T>, choose: fn(T, T) -> T) -> Option<T> {
    match (base, more) {
        (Some(base), Some(more)) => Some(choose(base, more)),
        (base, more) => base.or(more),
    }
}
