//! From characters to lexemes. Field operators are read whole, by `field`.

use super::{QueryError, TextExpr, field};
use crate::words;

/// From so many letters on, the last word may be the beginning of one.
const MIN_PREFIX_CHARS: usize = 3;

/// One sign, word or condition and where it begins.
#[derive(Debug)]
pub(super) struct Lexeme {
    /// Byte offset.
    pub position: usize,
    /// What it is.
    pub kind: Kind,
}

/// What a lexeme is.
#[derive(Debug)]
pub(super) enum Kind {
    /// `(`
    Open,
    /// `)`
    Close,
    /// `AND`
    And,
    /// `OR`
    Or,
    /// `NOT` or a leading `-`
    Not,
    /// A word, phrase or condition.
    Leaf(TextExpr),
}

/// The lexemes of `q`; words without a letter, digit or pictogram are left out.
pub(super) fn lex(q: &str) -> Result<Vec<Lexeme>, QueryError> {
    let mut scanner = Scanner { text: q, at: 0 };
    let mut lexemes: Vec<Lexeme> = Vec::new();
    let mut ends_in_word = false;
    while let Some(letter) = scanner.next_visible() {
        let position = scanner.at;
        let (kind, is_word) = lexeme(&mut scanner, letter)?;
        if let Some(kind) = kind {
            ends_in_word = is_word;
            lexemes.push(Lexeme { position, kind });
        }
    }
    if ends_in_word {
        loosen_last(&mut lexemes);
    }
    Ok(lexemes)
}

/// Makes the last word the beginning of one, unless it is denied.
fn loosen_last(lexemes: &mut [Lexeme]) {
    let (before, last) = match lexemes {
        [.., before, last] => (Some(&before.kind), &mut last.kind),
        [last] => (None, &mut last.kind),
        [] => return,
    };
    if let Kind::Leaf(TextExpr::Words { words, prefix }) = last
        && let [word] = &words[..]
    {
        *prefix = !matches!(before, Some(Kind::Not))
            && words::is_spaced(word)
            && word.chars().count() >= MIN_PREFIX_CHARS;
    }
}

/// The lexeme that begins with `letter`, and whether it is a bare word.
fn lexeme(scanner: &mut Scanner<'_>, letter: char) -> Result<(Option<Kind>, bool), QueryError> {
    match letter {
        '(' => Ok((scanner.one(Kind::Open), false)),
        ')' => Ok((scanner.one(Kind::Close), false)),
        '-' if scanner.denies() => Ok((scanner.one(Kind::Not), false)),
        quote if is_quote(quote) => Ok((phrase(scanner.quoted()?), false)),
        _ => match field::read(scanner)? {
            Some(condition) => Ok((condition.map(Kind::Leaf), false)),
            None => Ok(bare(scanner.bare())),
        },
    }
}

fn bare(text: &str) -> (Option<Kind>, bool) {
    match text {
        "AND" => (Some(Kind::And), false),
        "OR" => (Some(Kind::Or), false),
        "NOT" => (Some(Kind::Not), false),
        _ => (phrase(text), true),
    }
}

fn phrase(text: &str) -> Option<Kind> {
    let words = words::words(text);
    (!words.is_empty()).then_some(Kind::Leaf(TextExpr::Words { words, prefix: false }))
}

/// A place in the query's text.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    pub at: usize,
}

impl<'a> Scanner<'a> {
    /// What has not been read.
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next character after blanks.
    pub fn next_visible(&mut self) -> Option<char> {
        self.while_(char::is_whitespace);
        self.rest().chars().next()
    }

    /// Reads on while `wanted`.
    pub fn while_(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|letter| !wanted(letter)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    /// Reads `sign` if it comes next.
    pub fn accept(&mut self, sign: &str) -> bool {
        let comes = self.rest().starts_with(sign);
        if comes {
            self.at += sign.len();
        }
        comes
    }

    /// Reads up to a blank, bracket or quote.
    pub fn bare(&mut self) -> &'a str {
        self.while_(|letter| !ends_bare(letter))
    }

    /// Reads a text in quotes.
    pub fn quoted(&mut self) -> Result<&'a str, QueryError> {
        let start = self.at;
        let mut letters = self.rest().chars();
        self.at += letters.next().map_or(0, char::len_utf8);
        let inside = self.while_(|letter| !is_quote(letter));
        let Some(closing) = self.rest().chars().next() else {
            return Err(QueryError::new(start, "this quote is not closed"));
        };
        self.at += closing.len_utf8();
        Ok(inside)
    }

    /// Whether a `-` here denies what follows, rather than being a dash.
    fn denies(&self) -> bool {
        self.rest().chars().nth(1).is_some_and(|next| !next.is_whitespace() && next != '-' && next != ')')
    }

    fn one(&mut self, kind: Kind) -> Option<Kind> {
        self.at += 1;
        Some(kind)
    }
}

/// Whether `letter` opens or closes a phrase.
pub(super) fn is_quote(letter: char) -> bool {
    matches!(letter, '"' | '“' | '”')
}

/// Whether `letter` ends a word or a value.
pub(super) fn ends_bare(letter: char) -> bool {
    letter.is_whitespace() || is_quote(letter) || matches!(letter, '(' | ')')
}
