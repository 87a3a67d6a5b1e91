//! Tokens: the words of a cleaned text with their shape, and the folded text the lexicons are run over.

use super::clean::Clean;
use super::{fold, hashtag};

/// What stands between a token and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gap {
    /// White space, a hyphen, an apostrophe: a name may go on.
    Soft,
    /// A comma: another thing, though a town's state may follow.
    Comma,
    /// The end of a clause, or the beginning of the text.
    Hard,
}

/// One word.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Token {
    /// First byte in the cleaned text.
    pub(crate) start: usize,
    /// Byte after the last.
    pub(crate) end: usize,
    /// First byte in the folded text.
    pub(crate) folded_start: usize,
    /// Byte after the last.
    pub(crate) folded_end: usize,
    /// What goes before.
    pub(crate) gap: Gap,
    /// Begins with a capital.
    pub(crate) capital: bool,
    /// More than one letter, all capitals.
    pub(crate) shouted: bool,
    /// Its script tells capitals from small letters.
    pub(crate) cased: bool,
    /// Part of a hashtag.
    pub(crate) hashtag: bool,
    /// Stands first in a sentence, where a capital says nothing.
    pub(crate) opens: bool,
}

/// A text ready to be read.
#[derive(Debug, Default)]
pub(crate) struct Doc {
    /// The cleaned text.
    pub(crate) clean: Clean,
    /// Its words.
    pub(crate) tokens: Vec<Token>,
    /// Folded words, each between spaces; `\u{1}` stands between clauses.
    pub(crate) folded: String,
    /// Hashtags, as ranges of the cleaned text, with the sign.
    pub(crate) hashtags: Vec<(usize, usize)>,
    /// Passed on from someone else: `RT @…`.
    pub(crate) retweet: bool,
    /// Nearly all words with case are lower case, or nearly all upper: capitals say nothing.
    pub(crate) flat_case: bool,
}

impl Doc {
    /// Reads `clean`; `tails` knows words that end an uncapitalised hashtag.
    pub(crate) fn new(clean: Clean, tails: impl Fn(&str) -> bool) -> Self {
        let mut doc = Self { folded: String::with_capacity(clean.text.len() + 64), ..Self::default() };
        doc.folded.push(' ');
        let text = clean.text.as_str();
        let mut at = 0;
        let mut gap = Gap::Hard;
        while let Some(char) = text[at..].chars().next() {
            if fold::is_word(char) {
                let end = word_end(text, at);
                if let Some(after) = url_end(text, at, end) {
                    gap = Gap::Hard;
                    at = after;
                    continue;
                }
                doc.push(text, (at, end), gap, false);
                gap = Gap::Soft;
                at = end;
            } else if char == '#' {
                at = doc.hashtag(text, at, &mut gap, &tails);
            } else if char == '@' && !text[..at].ends_with(fold::is_word) {
                let end = handle_end(text, at + 1);
                doc.retweet |= doc.after_rt();
                gap = if end > at + 1 { Gap::Hard } else { gap };
                at = end;
            } else {
                gap = widen(gap, char, &doc);
                at += char.len_utf8();
            }
        }
        crate::work::add(doc.tokens.len());
        doc.flat_case = flat_case(&doc.tokens);
        doc.clean = clean;
        doc
    }

    /// The folded form of `token`.
    pub(crate) fn folded(&self, token: &Token) -> &str {
        &self.folded[token.folded_start..token.folded_end]
    }

    /// `token` as it stands in the cleaned text.
    pub(crate) fn surface(&self, token: &Token) -> &str {
        &self.clean.text[token.start..token.end]
    }

    fn push(&mut self, text: &str, (start, end): (usize, usize), gap: Gap, hashtag: bool) {
        let word = &text[start..end];
        if gap != Gap::Soft && !self.tokens.is_empty() {
            self.folded.push_str("\u{1} ");
        }
        let folded_start = self.folded.len();
        fold::fold_into(word, &mut self.folded);
        let folded_end = self.folded.len();
        if folded_end == folded_start {
            return;
        }
        self.folded.push(' ');
        let capital = word.starts_with(char::is_uppercase);
        self.tokens.push(Token {
            start,
            end,
            folded_start,
            folded_end,
            gap,
            capital,
            shouted: capital && word.chars().nth(1).is_some() && !word.chars().any(char::is_lowercase),
            cased: word.chars().any(fold::is_cased),
            hashtag,
            opens: gap == Gap::Hard,
        });
    }

    fn hashtag(&mut self, text: &str, at: usize, gap: &mut Gap, tails: &impl Fn(&str) -> bool) -> usize {
        let body = at + 1;
        let end = handle_end(text, body);
        if end == body {
            *gap = widen(*gap, '#', self);
            return body;
        }
        self.hashtags.push((at, end));
        // Adjoining hashtags are separate statements; a tag within a sentence is a word of it.
        let after_tag = self.tokens.last().is_some_and(|token| token.hashtag);
        let mut before = if after_tag { Gap::Hard } else { *gap };
        for (start, stop) in hashtag::split(&text[body..end], tails) {
            self.push(text, (body + start, body + stop), before, true);
            before = Gap::Soft;
        }
        *gap = Gap::Soft;
        end
    }

    /// Whether the last word is the `RT` of a repetition.
    fn after_rt(&mut self) -> bool {
        self.tokens.last().is_some_and(|token| self.folded(token) == "rt")
    }
}

fn word_end(text: &str, at: usize) -> usize {
    text[at..]
        .char_indices()
        .find(|(_, char)| !fold::is_word(*char))
        .map_or(text.len(), |(offset, _)| at + offset)
}

fn handle_end(text: &str, at: usize) -> usize {
    text[at..]
        .char_indices()
        .find(|(_, char)| !fold::is_word(*char) && *char != '_')
        .map_or(text.len(), |(offset, _)| at + offset)
}

/// The end of the address that begins at `at`, if one does.
fn url_end(text: &str, at: usize, word_end: usize) -> Option<usize> {
    let word = &text[at..word_end];
    let is_url = (matches!(word, "http" | "https" | "HTTP" | "HTTPS") && text[word_end..].starts_with("://"))
        || (word == "www" && text[word_end..].starts_with('.'));
    is_url.then(|| text[at..].find(char::is_whitespace).map_or(text.len(), |offset| at + offset))
}

fn widen(gap: Gap, char: char, doc: &Doc) -> Gap {
    let found = match char {
        ' ' | '-' | '\'' | '’' | '‘' | '`' | '·' | '‐' | '#' | '_' => Gap::Soft,
        // "St. Louis", "D.C.": the stop of a short word does not end a name.
        '.' if doc.tokens.last().is_some_and(|token| token.end - token.start <= 2 && token.capital) => {
            Gap::Soft
        }
        // "1,5 Mio. Menschen": nor does that of a scale end a clause.
        '.' if doc.tokens.last().is_some_and(|token| matches!(doc.folded(token), "mio" | "mrd" | "mln")) => {
            Gap::Soft
        }
        ',' | '،' | '、' => Gap::Comma,
        _ => Gap::Hard,
    };
    match (gap, found) {
        (Gap::Hard, _) | (_, Gap::Hard) => Gap::Hard,
        (Gap::Comma, _) | (_, Gap::Comma) => Gap::Comma,
        _ => Gap::Soft,
    }
}

/// Whether capitals say nothing: at least four words with case, all but hashtags written alike.
fn flat_case(tokens: &[Token]) -> bool {
    let (mut cased, mut capital, mut shouted) = (0, 0, 0);
    for token in tokens.iter().filter(|token| token.cased && !token.hashtag && token.end - token.start > 1) {
        cased += 1;
        capital += usize::from(token.capital);
        shouted += usize::from(token.shouted);
    }
    cased >= 4 && (capital * 12 < cased || shouted * 10 > cased * 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Doc {
        Doc::new(Clean::new(None, text), |tail| tail == "floods")
    }

    #[test]
    fn addresses_and_handles_are_no_words_and_hashtags_are() {
        let doc = read("RT @user: #KeralaFloods now https://t.co/Rome see www.paris.fr");
        assert_eq!(doc.folded.replace("\u{1} ", ""), " rt kerala floods now see ");
        assert!(doc.retweet);
        assert_eq!(doc.hashtags.len(), 1);
    }

    #[test]
    fn names_go_on_over_hyphens_and_short_stops_but_not_over_sentences() {
        let doc = read("St. Louis, MO. Paris-Nord");
        let gaps: Vec<Gap> = doc.tokens.iter().map(|token| token.gap).collect();
        assert_eq!(gaps, [Gap::Hard, Gap::Soft, Gap::Comma, Gap::Soft, Gap::Soft]);
    }

    #[test]
    fn a_text_without_capitals_is_known_as_such() {
        assert!(read("there is a flood in kerala now").flat_case);
        assert!(!read("There is a Flood in Kerala now").flat_case);
    }
}
