//! The query language of `q`: from a line of text to a tree of words and conditions. Not how an engine answers it.
//!
//! ```text
//! flood "power cut" -rumour            words (all), a phrase, a word that must be absent
//! (flood OR quake) NOT drill           AND, OR, NOT in capitals; AND may be left out; OR binds weakest
//! text:"…"  location:izmir             words in the text; words in the place's name
//! risk:>0.7  risk_score >= 0.7  risk:0.4..0.7  risk:high
//! status:new,triaged  source:"BBC News"  hazard:flood  country:TR,SY  severity:high
//! date:>=2024-01-01  date:2024-01-01..2024-02-01   days are UTC; `>` a day begins after it; RFC 3339 times work too
//! language:es,ca  topic:evacuation  tag:"shift b"  verified:true
//! informative:true  humanitarian:injured_or_dead_people,missing_or_found_people
//! exercise:true  exercise:UUID                     of exercises, of one that people have started; false: in earnest
//! near:39.47,-0.38,25  bbox:-1,39,0.5,40           latitude, longitude and km; west, south, east, north
//! ```
//! The last word may be the beginning of one from three letters on, so that a search follows the typing.

mod expression;
mod field;
mod lexer;
mod matches;
mod parser;

use crisislens_model::ItemFilter;

pub use expression::{Label, TextExpr};
pub use matches::Searchable;

/// A query may have so many bytes.
pub const MAX_QUERY_BYTES: usize = 2_000;
/// Parentheses and NOTs may nest so deep.
pub const MAX_QUERY_DEPTH: usize = 16;
/// So many words, phrases and conditions may stand in one query.
pub const MAX_QUERY_TERMS: usize = 64;

/// Words and conditions; an item is wanted when both hold.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Query {
    /// What cannot be said by a filter: words, and conditions below OR or NOT.
    pub text: Option<TextExpr>,
    /// Conditions that must all hold. `incident` is not known to the index: see [`crate::SearchIndex::search`].
    pub filter: ItemFilter,
}

/// Why a query was not understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} (at byte {position})")]
pub struct QueryError {
    /// Byte offset in the query at which the trouble begins.
    pub position: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl QueryError {
    fn new(position: usize, message: impl Into<String>) -> Self {
        Self { position, message: message.into() }
    }
}

impl From<ItemFilter> for Query {
    fn from(filter: ItemFilter) -> Self {
        Self { text: None, filter }
    }
}

impl Query {
    /// Reads `q` in addition to the conditions of `base`.
    ///
    /// # Errors
    /// When `q` is too long or nested, a bracket or quote is open, or a value is not one of its field's.
    pub fn parse(q: &str, base: ItemFilter) -> Result<Self, QueryError> {
        if q.len() > MAX_QUERY_BYTES {
            return Err(QueryError::new(
                MAX_QUERY_BYTES,
                format!("a query has at most {MAX_QUERY_BYTES} bytes"),
            ));
        }
        if let Some(sign) = q.trim().chars().next().filter(|_| is_wildcards(q)) {
            let message = format!(
                "`{sign}` stands for nothing here; leave q out to find everything, or write words or conditions such as risk:>0.7"
            );
            return Err(QueryError::new(0, message));
        }
        let mut query = Self::from(base);
        let lexemes = lexer::lex(q)?;
        if lexemes.is_empty() && !q.trim().is_empty() {
            let message = "there is no word in this; leave q out to find everything, or write words or conditions such as risk:>0.7";
            return Err(QueryError::new(0, message));
        }
        let tree = parser::parse(lexemes, q.len())?;
        let parts = match tree {
            None => Vec::new(),
            Some(TextExpr::All(parts)) => parts,
            Some(part) => vec![part],
        };
        let rest: Vec<_> = parts.into_iter().filter_map(|part| query.narrow(part)).collect();
        query.text = TextExpr::all(rest);
        Ok(query)
    }

    /// What this asks for and `other` too.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        let incident = self.filter.incident.or(other.filter.incident);
        let rest = self.narrow(TextExpr::Is(Box::new(other.filter)));
        self.filter.incident = incident;
        self.text = TextExpr::all([self.text.take(), rest, other.text].into_iter().flatten().collect());
        self
    }

    /// Adds `part` to the filter, or hands it back where a filter cannot say it.
    fn narrow(&mut self, part: TextExpr) -> Option<TextExpr> {
        match part {
            TextExpr::Is(condition) => match expression::both(&self.filter, &condition) {
                Some(filter) => {
                    self.filter = filter;
                    None
                }
                None => Some(TextExpr::Is(condition)),
            },
            other => Some(other),
        }
    }
}

/// Whether `q` is only what other programs take for "everything".
fn is_wildcards(q: &str) -> bool {
    let mut signs = q.chars().filter(|sign| !sign.is_whitespace()).peekable();
    signs.peek().is_some() && signs.all(|sign| matches!(sign, '*' | '%' | '?' | ':'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crisislens_model::{HazardType, Item, ItemStatus, Severity};
    use proptest::prelude::*;

    fn parse(q: &str) -> Query {
        Query::parse(q, ItemFilter::default()).unwrap()
    }

    fn refused(q: &str) -> QueryError {
        Query::parse(q, ItemFilter::default()).unwrap_err()
    }

    #[test]
    fn conditions_at_the_top_go_into_the_filter() {
        let query = parse(
            "risk:>0.7 AND status:new,in-review hazard:flood (country:tr severity:high) source:\"BBC News\"",
        );
        assert_eq!(query.text, None);
        assert_eq!(query.filter.min_risk, Some(0.7_f64.next_up()));
        assert_eq!(query.filter.status, [ItemStatus::New, ItemStatus::InReview]);
        assert_eq!(query.filter.hazard, [HazardType::Flood]);
        assert_eq!(query.filter.country, ["TR"]);
        assert_eq!(query.filter.severity, [Severity::High]);
        assert_eq!(query.filter.source, ["BBC News"]);
    }

    #[test]
    fn conditions_below_or_and_not_stay_in_the_tree() {
        let query = parse("status:new OR risk:>0.5");
        assert!(query.filter.is_empty());
        assert!(matches!(query.text, Some(TextExpr::Any(ref parts)) if parts.len() == 2));
        assert!(matches!(parse("-status:new").text, Some(TextExpr::Not(_))));
    }

    #[test]
    fn two_conditions_that_exclude_each_other_match_nothing_rather_than_everything() {
        let query = parse("status:new status:verified");
        assert_eq!(query.filter.status, [ItemStatus::New]);
        assert!(matches!(query.text, Some(TextExpr::Is(_))));
        assert_eq!(
            parse("status:new,verified status:verified,triaged").filter.status,
            [ItemStatus::Verified]
        );
    }

    #[test]
    fn two_queries_together_ask_for_what_both_ask_for() {
        let both =
            parse("flood status:new bbox:0,0,9,9").and(parse("quake status:verified risk:>0.7 bbox:0,0,9,9"));
        for (text, status, wanted) in
            [("flood quake", ItemStatus::New, false), ("flood quake", ItemStatus::Verified, false)]
        {
            let item = Item { status, ..crate::contract::sample::item(1, text) };
            assert_eq!(both.matches(&item), wanted);
        }
        let both = parse("flood status:new,triaged").and(parse("quake status:triaged,verified"));
        assert_eq!(both.filter.status, [ItemStatus::Triaged]);
        let of = |text| Item { status: ItemStatus::Triaged, ..crate::contract::sample::item(1, text) };
        assert!(
            both.matches(&of("flood and quake"))
                && !both.matches(&of("flood"))
                && !both.matches(&of("quake"))
        );
        assert_eq!(parse("flood").and(Query::default()), parse("flood"));
    }

    #[test]
    fn comparisons_may_have_spaces_and_no_colon() {
        for q in ["risk:>=0.7", "risk: >= 0.7", "risk_score >= 0.7", "risk>=0.7", "RISK : >=0.7"] {
            assert_eq!(parse(q).filter.min_risk, Some(0.7), "{q}");
        }
        let between = parse("risk:0.4..0.7").filter;
        assert_eq!((between.min_risk, between.max_risk), (Some(0.4), Some(0.7)));
        assert_eq!(parse("risk:<0.5").filter.max_risk, Some(0.5_f64.next_down()));
        assert_eq!(parse("risk of flooding").filter, ItemFilter::default());
    }

    #[test]
    fn days_are_whole_days_in_utc() {
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(parse("date:>2024-01-01").filter.since, at("2024-01-02T00:00:00Z"));
        assert_eq!(parse("date:>=2024-01-01").filter.since, at("2024-01-01T00:00:00Z"));
        assert_eq!(parse("date:<=2024-01-01").filter.until, at("2024-01-02T00:00:00Z"));
        let month = parse("date:2024-01-01..2024-02-01").filter;
        assert_eq!((month.since, month.until), (at("2024-01-01T00:00:00Z"), at("2024-02-02T00:00:00Z")));
        assert_eq!(parse("date:>=2024-01-01T10:00:00Z").filter.since, at("2024-01-01T10:00:00Z"));
    }

    #[test]
    fn categories_are_written_as_on_the_wire_or_with_hyphens_in_any_case() {
        let has = |label, values: &[&str]| {
            Some(TextExpr::Has(label, values.iter().map(|value| (*value).to_owned()).collect()))
        };
        let dead = has(Label::Humanitarian, &["injured_or_dead_people", "caution_and_advice"]);
        assert_eq!(parse("humanitarian:Injured-or-Dead-People,\"caution and advice\"").text, dead);
        assert_eq!(parse("informative:TRUE").text, has(Label::Informative, &["true"]));
    }

    #[test]
    fn only_the_last_bare_word_is_a_beginning() {
        let word = |text: &str, prefix| TextExpr::Words { words: vec![text.to_owned()], prefix };
        assert_eq!(parse("big qua").text, Some(TextExpr::All(vec![word("big", false), word("qua", true)])));
        assert_eq!(parse("qu").text, Some(word("qu", false)));
        assert_eq!(parse("\"quake\"").text, Some(word("quake", false)));
        assert_eq!(parse("-quake").text, Some(TextExpr::Not(Box::new(word("quake", false)))));
    }

    #[test]
    fn addresses_times_and_announcements_are_words() {
        for q in ["https://example.org/a", "at 10:30", "Update: flood", "a-b -", "&& ... flood"] {
            assert!(parse(q).text.is_some(), "{q}");
        }
        assert_eq!(parse(" "), Query::default());
    }

    #[test]
    fn mistakes_are_named_with_their_place() {
        let cases = [
            ("*", 0, "leave q out"),
            (" *:* ", 0, "leave q out"),
            ("%", 0, "leave q out"),
            ("flood status:nwe", 13, "new, triaged, in_review, verified, dismissed"),
            ("hazard:flod", 7, "tropical_cyclone"),
            ("severity:bad", 9, "critical"),
            ("country:Turkey", 8, "two letters"),
            ("risk:>much", 6, "number"),
            ("risk:", 5, "missing"),
            ("date:>yesterday", 6, "2024-01-31"),
            ("serverity:high", 0, "severity"),
            ("(flood", 0, "closed"),
            ("flood)", 5, "bracket"),
            ("a \"b", 2, "closed"),
            ("flood OR", 8, "after"),
            ("OR flood", 0, "OR"),
            ("flood near:39,200,5", 11, "kilometres"),
            ("near:39,-0.4", 5, "kilometres"),
            ("near:39,-0.4,0", 5, "kilometres"),
            ("bbox:0,50,10,40", 5, "south"),
            ("bbox:1,2,3", 5, "west"),
            ("language:Spanish", 9, "ISO 639"),
            ("verified:maybe", 9, "true or false"),
            ("informative:0.7", 12, "true or false"),
            ("informative:", 12, "missing"),
            ("informative:>true", 12, "only"),
            ("humanitarian:rescue", 13, "rescue_volunteering_or_donation_effort"),
            ("humanitarian:injured_or_dead_people,none", 36, "caution_and_advice"),
            ("exercise:maybe", 9, "true, false or the id"),
            ("incident:1", 0, "parameter"),
            ("topic:>a", 6, "only"),
            ("()", 1, "empty"),
            ("-", 0, "no word"),
            (" - , ", 0, "no word"),
            (" -- ", 0, "no word"),
            ("\0\u{1}\u{7f}", 0, "no word"),
            ("\u{200B}", 0, "no word"),
            ("… !", 0, "no word"),
            ("status:>new", 7, "only"),
        ];
        for (q, position, part) in cases {
            let error = refused(q);
            assert_eq!(error.position, position, "{q}: {error}");
            assert!(error.message.contains(part), "{q}: {error}");
        }
    }

    #[test]
    fn length_depth_and_number_of_terms_are_limited() {
        assert!(refused(&"a".repeat(2_001)).message.contains("2000"));
        assert!(refused(&format!("{}a{}", "(".repeat(17), ")".repeat(17))).message.contains("16"));
        assert!(refused(&"NOT ".repeat(17)).message.contains("16"));
        assert!(refused(&"a ".repeat(65)).message.contains("64"));
        parse(&format!("{}a{}", "(".repeat(16), ")".repeat(16)));
        parse(&"a ".repeat(64));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(q in any::<String>()) {
            let _ = Query::parse(&q, ItemFilter::default());
        }

        #[test]
        fn no_mix_of_operators_makes_the_parser_panic(
            parts in prop::collection::vec(
                prop::sample::select(vec![
                    "(", ")", "\"", "-", "NOT ", " OR ", " AND ", "risk", ":", ">", "=", "0.7", "..", ",", "date:",
                    "2024-01-01", "status:", "new", " ", "“", "ß", "震", "country:", "TR", "9999-12-31", "1e999", "text:",
                    "location:", "é\u{301}", "source:\"a",
                ]),
                0..40,
            )
        ) {
            let q: String = parts.concat();
            if let Err(error) = Query::parse(&q, ItemFilter::default()) {
                prop_assert!(error.position <= q.len());
                prop_assert!(q.is_char_boundary(error.position));
            }
        }
    }
}
