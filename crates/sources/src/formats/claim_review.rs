//! Published checks of claims: schema.org `ClaimReview` as JSON-LD (one object, a list, an `@graph` or a `DataFeed`), or the answer
//! of Google's Fact Check Tools API (`claims:search`). <https://schema.org/ClaimReview>,
//! <https://developers.google.com/fact-check/tools/api>. What a rating means stands in `claim_rating`.

use crisislens_model::{ClaimReview, Stated, Timestamp};
use serde_json::Value;

use super::claim_rating::verdict;
use crate::draft::{Draft, clip, raw};
use crate::json::{Entries, entries, text};
use crate::parse::{DocumentError, Parsed, SourceContext, entry_name};
use crate::time::parse_time;
use crate::{decode, html};

/// Lists of reviews, by the member that holds them.
const LISTS: [&str; 3] = ["claims", "dataFeedElement", "@graph"];
/// Members below which reviews may stand.
const AROUND: [&str; 5] = ["@graph", "dataFeedElement", "item", "itemListElement", "mainEntity"];
/// How deep reviews are looked for.
const MAX_DEPTH: usize = 8;
/// Longest part of a review that is taken, in bytes.
const MAX_PART_BYTES: usize = 4 * 1024;

pub(crate) fn parse(bytes: &[u8], ctx: &SourceContext<'_>) -> Result<Parsed, DocumentError> {
    let document = decode::to_text(bytes);
    let mut parsed = Parsed::default();
    for list in LISTS.into_iter().chain([""]) {
        if let Ok(entries) = entries(&document, list, "a list of reviews") {
            take(&mut parsed, &entries, ctx);
            return Ok(parsed);
        }
    }
    let value: Value =
        serde_json::from_str(&document).map_err(|error| DocumentError::Json(error.to_string()))?;
    let reviews = reviews(&value);
    if reviews.is_empty() {
        let found = "there is no ClaimReview in it".to_owned();
        return Err(DocumentError::Unexpected { expected: "a published check of a claim", found });
    }
    take_all(&mut parsed, "entry 1", reviews, ctx);
    Ok(parsed)
}

fn take(parsed: &mut Parsed, entries: &Entries<'_>, ctx: &SourceContext<'_>) {
    for (index, entry) in entries.list.iter().enumerate() {
        let name = entry_name(None, index);
        match serde_json::from_str::<Value>(entry.get()) {
            Ok(value) => match reviews(&value) {
                none if none.is_empty() => parsed.take(&name, Err("holds no ClaimReview".to_owned()), ctx),
                reviews => take_all(parsed, &name, reviews, ctx),
            },
            Err(error) => parsed.take(&name, Err(error.to_string()), ctx),
        }
    }
    if let Some(why) = &entries.cut {
        parsed.cut_off = true;
        parsed.take(&entry_name(None, entries.list.len()), Err(why.clone()), ctx);
    }
}

fn take_all(parsed: &mut Parsed, name: &str, reviews: Vec<Review<'_>>, ctx: &SourceContext<'_>) {
    for review in reviews {
        let draft = review.draft();
        parsed.take(text(review.review, "url").unwrap_or(name), draft, ctx);
    }
}

/// A review and what it reviews, in either shape.
struct Review<'a> {
    review: &'a Value,
    /// The claim of the API; in JSON-LD the review names it itself.
    claim: Option<&'a Value>,
}

fn reviews(value: &Value) -> Vec<Review<'_>> {
    let mut found = Vec::new();
    collect(value, 0, &mut found);
    found
}

fn collect<'a>(value: &'a Value, depth: usize, found: &mut Vec<Review<'a>>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|entry| collect(entry, depth + 1, found)),
        Value::Object(_) if is_review(value) => found.push(Review { review: value, claim: None }),
        Value::Object(members) => {
            if let Some(Value::Array(list)) = members.get("claimReview") {
                found.extend(list.iter().map(|review| Review { review, claim: Some(value) }));
            }
            for key in AROUND {
                if let Some(inner) = members.get(key) {
                    collect(inner, depth + 1, found);
                }
            }
        }
        _ => {}
    }
}

fn is_review(value: &Value) -> bool {
    let is = |kind: &Value| {
        kind.as_str().is_some_and(|kind| kind.rsplit(['/', ':']).next() == Some("ClaimReview"))
    };
    match &value["@type"] {
        Value::Array(kinds) => kinds.iter().any(is),
        kind => is(kind),
    }
}

impl Review<'_> {
    fn draft(&self) -> Result<Draft, String> {
        let claim = self.claim().ok_or("does not say which claim it reviews")?;
        let url = text(self.review, "url").filter(|url| url.starts_with("http"));
        let source_id = url.or_else(|| text(self.review, "@id")).ok_or("has neither an address nor an id")?;
        let said_at = ["reviewDate", "datePublished", "dateModified"]
            .into_iter()
            .find_map(|key| text(self.review, key))
            .and_then(day_or_time)
            .ok_or("has no date on which it was published")?;
        let rating = &self.review["reviewRating"];
        let rating_text = text(self.review, "textualRating")
            .or_else(|| text(rating, "alternateName"))
            .or_else(|| text(rating, "name"))
            .map(html::plain);
        let number = |key: &str| match rating.get(key)? {
            Value::String(number) => number.trim().parse().ok(),
            number => number.as_f64(),
        };
        let number = |key: &str| number(key).filter(|number: &f64| number.is_finite());
        let mut review = ClaimReview {
            claim: clip(claim.clone(), MAX_PART_BYTES),
            rating_value: number("ratingValue"),
            best_rating: number("bestRating"),
            worst_rating: number("worstRating"),
            rating_text: rating_text.map(|text| clip(text, MAX_PART_BYTES)),
            publisher: self.publisher().map(|name| clip(name, MAX_PART_BYTES)),
            ..ClaimReview::default()
        };
        review.verdict = verdict(&review);
        Ok(Draft {
            source_id: source_id.to_owned(),
            url: url.map(str::to_owned),
            title: Some(claim),
            text: self.summary(&review),
            author: review.publisher.clone(),
            said_at: Some(said_at),
            language: ["languageCode", "inLanguage"]
                .into_iter()
                .find_map(|key| text(self.review, key))
                .map(str::to_owned),
            stated: Stated { claim_review: Some(Box::new(review)), ..Stated::default() },
            raw: raw(self.claim.unwrap_or(self.review)),
            ..Draft::default()
        })
    }

    /// What is reviewed, as the reviewer puts it.
    fn claim(&self) -> Option<String> {
        let said = match self.claim {
            Some(claim) => text(claim, "text"),
            None => text(self.review, "claimReviewed"),
        };
        said.map(html::plain).filter(|claim| !claim.is_empty())
    }

    /// Who reviewed.
    fn publisher(&self) -> Option<String> {
        ["publisher", "author"].into_iter().find_map(|key| {
            let who = match self.review.get(key)? {
                Value::Array(list) => list.first()?,
                who => who,
            };
            ["name", "site"].into_iter().find_map(|key| text(who, key)).map(html::plain)
        })
    }

    /// The review in its own words, then its rating.
    fn summary(&self, review: &ClaimReview) -> String {
        let parts = ["title", "headline", "name", "reviewBody", "description"];
        let mut lines: Vec<String> = Vec::new();
        for part in parts.into_iter().filter_map(|key| text(self.review, key)).map(html::plain) {
            if !part.is_empty() && !lines.contains(&part) {
                lines.push(clip(part, MAX_PART_BYTES));
            }
        }
        if let Some(rating) = &review.rating_text {
            lines.push(format!("Rating: {rating}"));
        }
        lines.join("\n")
    }
}

fn day_or_time(text: &str) -> Option<Timestamp> {
    parse_time(text).or_else(|| parse_time(&format!("{text}T00:00:00")))
}
