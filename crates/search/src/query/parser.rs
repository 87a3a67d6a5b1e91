//! From lexemes to the tree. OR binds weaker than AND, AND weaker than NOT; AND may be left out.

use std::iter::Peekable;
use std::vec::IntoIter;

use super::lexer::{Kind, Lexeme};
use super::{MAX_QUERY_DEPTH, MAX_QUERY_TERMS, QueryError, TextExpr};

/// The tree of `lexemes`, or nothing where there are none; `end` is the length of the query in bytes.
pub(super) fn parse(lexemes: Vec<Lexeme>, end: usize) -> Result<Option<TextExpr>, QueryError> {
    if lexemes.is_empty() {
        return Ok(None);
    }
    let mut parser = Parser { lexemes: lexemes.into_iter().peekable(), end, depth: 0, terms: 0 };
    let tree = parser.any()?;
    match parser.lexemes.next() {
        None => Ok(tree),
        Some(lexeme) => Err(QueryError::new(lexeme.position, "this bracket closes nothing")),
    }
}

struct Parser {
    lexemes: Peekable<IntoIter<Lexeme>>,
    end: usize,
    depth: usize,
    terms: usize,
}

impl Parser {
    fn any(&mut self) -> Result<Option<TextExpr>, QueryError> {
        let mut parts = vec![self.all()?];
        while self.accept(|kind| matches!(kind, Kind::Or)) {
            parts.push(self.all()?);
        }
        Ok(TextExpr::any(parts.into_iter().flatten().collect()))
    }

    fn all(&mut self) -> Result<Option<TextExpr>, QueryError> {
        let mut parts = vec![self.one()?];
        loop {
            let joined = self.accept(|kind| matches!(kind, Kind::And));
            let more = self.comes(|kind| !matches!(kind, Kind::Or | Kind::Close));
            if !joined && !more {
                return Ok(TextExpr::all(parts));
            }
            parts.push(self.one()?);
        }
    }

    fn one(&mut self) -> Result<TextExpr, QueryError> {
        let Some(Lexeme { position, kind }) = self.lexemes.next() else {
            return Err(QueryError::new(self.end, "a word or condition is missing after this"));
        };
        match kind {
            Kind::Leaf(leaf) => self.leaf(position, leaf),
            Kind::Not => self.deeper(position, |parser| Ok(TextExpr::Not(Box::new(parser.one()?)))),
            Kind::Open => self.deeper(position, |parser| parser.group(position)),
            Kind::Close => Err(QueryError::new(position, self.stray_close())),
            Kind::And => {
                Err(QueryError::new(position, "there is nothing for AND to join; in quotes it is a word"))
            }
            Kind::Or => {
                Err(QueryError::new(position, "there is nothing for OR to join; in quotes it is a word"))
            }
        }
    }

    fn leaf(&mut self, position: usize, leaf: TextExpr) -> Result<TextExpr, QueryError> {
        self.terms += 1;
        if self.terms > MAX_QUERY_TERMS {
            let message = format!("a query has at most {MAX_QUERY_TERMS} words and conditions");
            return Err(QueryError::new(position, message));
        }
        Ok(leaf)
    }

    fn group(&mut self, opened: usize) -> Result<TextExpr, QueryError> {
        let inside = self.any()?;
        if !self.accept(|kind| matches!(kind, Kind::Close)) {
            return Err(QueryError::new(opened, "this bracket is not closed"));
        }
        inside.ok_or_else(|| QueryError::new(opened, "these brackets are empty"))
    }

    fn deeper(
        &mut self,
        position: usize,
        read: impl FnOnce(&mut Self) -> Result<TextExpr, QueryError>,
    ) -> Result<TextExpr, QueryError> {
        if self.depth == MAX_QUERY_DEPTH {
            let message = format!("brackets and NOT nest at most {MAX_QUERY_DEPTH} deep");
            return Err(QueryError::new(position, message));
        }
        self.depth += 1;
        let tree = read(self);
        self.depth -= 1;
        tree
    }

    fn stray_close(&self) -> &'static str {
        if self.depth == 0 {
            "this bracket closes nothing"
        } else {
            "these brackets are empty, or a word is missing"
        }
    }

    fn comes(&mut self, wanted: impl FnOnce(&Kind) -> bool) -> bool {
        self.lexemes.peek().is_some_and(|lexeme| wanted(&lexeme.kind))
    }

    fn accept(&mut self, wanted: impl FnOnce(&Kind) -> bool) -> bool {
        self.lexemes.next_if(|lexeme| wanted(&lexeme.kind)).is_some()
    }
}
