//! Our words as Tantivy's tokens. What a word is stands in [`crate::words`].

use ::tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::words::{fold, next_word};

/// Its name in the schema. Raise the number when [`crate::words`] changes, and old indexes are started over.
pub(super) const NAME: &str = "crisislens_words_1";

/// Splits texts into words.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// The folded text; kept to spare an allocation per text.
    folded: String,
    token: Token,
}

/// The words of one text.
#[derive(Debug)]
pub(super) struct WordStream<'a> {
    words: &'a mut Words,
    next: usize,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> WordStream<'a> {
        self.folded.clear();
        fold(text, &mut self.folded);
        self.token.reset();
        WordStream { words: self, next: 0 }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Words { folded, token } = &mut *self.words;
        let Some(word) = next_word(folded, self.next) else {
            return false;
        };
        self.next = word.end;
        token.position = token.position.wrapping_add(1);
        (token.offset_from, token.offset_to) = (word.start, word.end);
        token.text.clear();
        token.text.push_str(&folded[word]);
        true
    }

    fn token(&self) -> &Token {
        &self.words.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.words.token
    }
}
