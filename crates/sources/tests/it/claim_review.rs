//! Published checks of claims, in the shapes in which they are published.

use crisislens_model::{ClaimReview, Verdict};
use crisislens_sources::{Format, Parsed};
use serde_json::Value;

use crate::support::{fixture, item, parsed};

fn review<'a>(parsed: &'a Parsed, source_id: &str) -> &'a ClaimReview {
    item(parsed, source_id).stated.as_ref().unwrap().claim_review.as_deref().unwrap()
}

#[test]
fn a_graph_of_reviews_gives_an_item_for_each_that_is_whole() {
    let reviews = parsed(Format::ClaimReview, &fixture("claim-review.json"));
    assert_eq!((reviews.entries, reviews.items.len()), (6, 3));
    let shark = item(&reviews, "https://checks.example/checks/shark");
    assert_eq!(shark.title.as_deref(), Some("A shark swims on a flooded motorway."));
    assert_eq!(
        shark.text,
        "No, no shark swims on this motorway\nThe picture was put together from two others.\nRating: Fake"
    );
    assert_eq!(shark.timestamp.to_string(), "2026-01-05T00:00:00Z");
    assert_eq!(shark.author.as_deref(), Some("Checks & Balances"));
    let stated = review(&reviews, "https://checks.example/checks/shark");
    assert_eq!((stated.verdict, stated.rating_value), (Verdict::False, Some(1.0)));
    let dam = review(&reviews, "https://checks.example/checks/dam");
    assert_eq!((dam.verdict, dam.publisher.as_deref()), (Verdict::True, Some("Comprobado")));
    assert_eq!(review(&reviews, "https://checks.example/checks/tap-water").verdict, Verdict::Misleading);
    let reasons: Vec<&str> = reviews.skips.iter().map(|skip| skip.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "holds no ClaimReview",
            "does not say which claim it reviews",
            "has no date on which it was published"
        ]
    );
}

#[test]
fn each_review_of_a_claim_of_the_api_is_an_item() {
    let answer = parsed(Format::ClaimReview, &fixture("claim-review-api.json"));
    assert_eq!(answer.items.len(), 3);
    let german = item(&answer, "https://pruefer.example/haie");
    assert_eq!(german.title.as_deref(), Some("Sharks swim in the flooded shopping centre."));
    assert_eq!(german.language_hint.as_deref(), Some("de"));
    assert_eq!(german.text, "Keine Haie im Einkaufszentrum\nRating: Falsch. Das Bild ist alt.");
    assert_eq!(review(&answer, "https://pruefer.example/haie").verdict, Verdict::False);
    assert_eq!(review(&answer, "https://checks.example/checks/centre").verdict, Verdict::Misleading);
    let unknown = review(&answer, "https://checks.example/checks/bridge");
    assert_eq!(unknown.verdict, Verdict::None, "words that are not known say nothing");
}

#[test]
fn a_review_is_found_in_whatever_stands_around_it() {
    let graph: Value = serde_json::from_slice(&fixture("claim-review.json")).unwrap();
    let one = graph["@graph"][0].clone();
    for document in [
        one.clone(),
        serde_json::json!([one]),
        serde_json::json!({ "@type": "DataFeed", "dataFeedElement": [{ "@type": "DataFeedItem", "item": [one] }] }),
        serde_json::json!({ "@type": "WebPage", "mainEntity": one }),
    ] {
        let read = parsed(Format::ClaimReview, document.to_string().as_bytes());
        assert_eq!(read.items.len(), 1, "{document}");
        assert_eq!(read.items[0].source_id, "https://checks.example/checks/shark");
    }
}
