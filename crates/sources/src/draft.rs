//! A raw item in the making: what a parser has read of one entry, and the checks it must pass.

use crisislens_model::raw_item::{MAX_MEDIA, MAX_SHORT_BYTES, MAX_TEXT_BYTES};
use crisislens_model::{FieldError, ItemId, RawItem, Stated, Timestamp};
use serde_json::Value;
use serde_json::value::{RawValue, to_raw_value};

use crate::parse::SourceContext;

/// What one entry says.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) source_id: String,
    pub(crate) url: Option<String>,
    pub(crate) title: Option<String>,
    pub(crate) text: String,
    pub(crate) author: Option<String>,
    /// When it was said; none takes the time of reading.
    pub(crate) said_at: Option<Timestamp>,
    pub(crate) language: Option<String>,
    pub(crate) media: Vec<String>,
    pub(crate) stated: Stated,
    pub(crate) raw: Option<Box<RawValue>>,
    /// The entry itself says that it belongs to an exercise.
    pub(crate) exercise: bool,
}

impl Draft {
    /// The raw item and whether its time is the source's own; else what is wrong with it. Headings that are too long are
    /// clipped, since they lose nothing that `raw_data` does not keep; ids and addresses never are.
    pub(crate) fn into_item(self, ctx: &SourceContext<'_>) -> Result<(RawItem, bool), String> {
        let mut media = self.media;
        media.retain(|url| url.len() <= MAX_SHORT_BYTES && url.starts_with("http"));
        media.truncate(MAX_MEDIA);
        let mut stated = self.stated;
        stated.place = stated.place.map(|place| clip(place, MAX_SHORT_BYTES));
        let exercise = ctx.exercise || self.exercise;
        let item = RawItem {
            id: ItemId::derive(ctx.source, &self.source_id, exercise),
            source: ctx.source.to_owned(),
            source_id: self.source_id,
            source_kind: ctx.kind,
            url: self.url,
            title: self.title.map(|title| clip(title, MAX_SHORT_BYTES)),
            text: clip(self.text, MAX_TEXT_BYTES),
            author: self.author.map(|author| clip(author, MAX_SHORT_BYTES)),
            timestamp: self.said_at.unwrap_or(ctx.now),
            language_hint: self.language,
            media,
            stated: (stated != Stated::default()).then_some(stated),
            raw_data: self.raw,
            exercise,
            exercise_id: None,
            ingested_at: ctx.now,
        };
        match FieldError::in_words(&item.problems(ctx.now)) {
            Some(problems) => Err(problems),
            None => Ok((item, self.said_at.is_some())),
        }
    }
}

/// `text` cut to at most `limit` bytes at a character.
pub(crate) fn clip(mut text: String, limit: usize) -> String {
    const MARK: &str = "…";
    if text.len() > limit {
        let end = (0..=limit - MARK.len()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push_str(MARK);
    }
    text
}

/// `value` as the raw payload of an item.
pub(crate) fn raw(value: &Value) -> Option<Box<RawValue>> {
    to_raw_value(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_characters_whole() {
        assert_eq!(clip("ääää".into(), 7), "ää…");
        assert_eq!(clip("abc".into(), 3), "abc");
        assert!(clip("a".repeat(10_000), MAX_SHORT_BYTES).len() <= MAX_SHORT_BYTES);
    }
}
