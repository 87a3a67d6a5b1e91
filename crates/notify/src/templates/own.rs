//! Templates that users write: what is wrong with one is said before it is kept, and what fails all the same when it is used gives way
//! to the shipped text.
//!
//! One can read its variables ([`super::values`]) and nothing else: it is compiled alone, statements that load others or switch
//! escaping off are refused, and so is every name that it is not given.

use crisislens_model::FieldError;
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};

use super::values::{self, Name};
use super::{FUEL, TemplateError, language, one_line, readable};
use crate::holds::SetUp;
use crate::provider::webhook::MAX_BYTES;

/// Longest source of a part, bytes.
const MAX_SOURCE: usize = 20_000;
/// Most words, texts and signs of one expression or statement.
const MAX_TOKENS: usize = 300;
/// Most statements of a part.
const MAX_BLOCKS: usize = 150;
/// Longest text that a part may come to, bytes.
const MAX_RESULT: usize = 50_000;
/// Most bytes of what a webhook carries: the rest of its body is around that.
const MAX_DATA: usize = MAX_BYTES - 200;
/// What may stand behind `{%`.
const STATEMENTS: [&str; 14] = [
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "with",
    "endwith",
    "filter",
    "endfilter",
    "raw",
    "endraw",
];
/// What templates have besides their variables.
const FUNCTIONS: [&str; 3] = ["range", "dict", "namespace"];
/// What they do not have: these would let through what others wrote, or show what is not theirs.
const WITHHELD_FILTERS: [&str; 2] = ["safe", "pprint"];
/// What the part `webhook` alone has: its quotes end an attribute of a page.
const JSON_FILTER: &str = "tojson";

/// A template that users write. Parts that it does not have are the shipped ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Template {
    /// What it is for.
    pub name: Name,
    /// For readers of which language, as in BCP 47.
    pub locale: String,
    /// One line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// A whole e-mail in HTML; what it is given is escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub html: Option<String>,
    /// A short message: one line. Where it is missing, `push`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sms: Option<String>,
    /// A push message: one line. Where it is missing, `sms`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub push: Option<String>,
    /// What a webhook carries as `data`: one JSON value; what it is given is written as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
}

/// A part of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// One line.
    Subject,
    /// Plain text.
    Text,
    /// A whole e-mail.
    Html,
    /// A short message.
    Sms,
    /// A push message.
    Push,
    /// One JSON value.
    Webhook,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 6] = [Self::Subject, Self::Text, Self::Html, Self::Sms, Self::Push, Self::Webhook];

    /// Its field. What ends in `html` is escaped.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Text => "text",
            Self::Html => "html",
            Self::Sms => "sms",
            Self::Push => "push",
            Self::Webhook => "webhook",
        }
    }
}

impl Template {
    /// The source of a part.
    #[must_use]
    pub fn part(&self, part: Part) -> Option<&str> {
        match part {
            Part::Subject => &self.subject,
            Part::Text => &self.text,
            Part::Html => &self.html,
            Part::Sms => &self.sms,
            Part::Push => &self.push,
            Part::Webhook => &self.webhook,
        }
        .as_deref()
    }
}

impl SetUp for Template {
    const KIND: &'static str = "template";

    fn problems(&self) -> Vec<FieldError> {
        let mut problems = Vec::new();
        let is_locale = (2..=35).contains(&self.locale.len())
            && self.locale.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        if !is_locale {
            problems.push(FieldError::new("locale", "give a language as in BCP 47, as `en` or `pt-BR`"));
        }
        if Part::ALL.iter().all(|part| self.part(*part).is_none()) {
            problems.push(FieldError::new("text", "give one part at least"));
        }
        match Compiled::of(self) {
            Ok(compiled) => problems.extend(compiled.try_out(self.name, language(&self.locale))),
            Err(wrong) => problems.extend(wrong),
        }
        problems
    }
}

/// A template that was read.
pub struct Compiled {
    texts: Environment<'static>,
    /// The part `webhook`: whatever a template writes is JSON here, so that no text ends the string that it stands in.
    json: Environment<'static>,
}

impl Compiled {
    /// Reads every part.
    ///
    /// # Errors
    /// What is wrong with which part.
    pub fn of(template: &Template) -> Result<Self, Vec<FieldError>> {
        let (mut texts, mut json) = (environment(), environment());
        texts.remove_filter(JSON_FILTER);
        json.set_auto_escape_callback(|_| AutoEscape::Json);
        let mut problems = Vec::new();
        for part in Part::ALL {
            let Some(source) = template.part(part) else { continue };
            let environment = if part == Part::Webhook { &mut json } else { &mut texts };
            if let Err(why) = add(environment, template.name, part, source) {
                problems.push(FieldError::new(part.as_str(), why));
            }
        }
        if problems.is_empty() { Ok(Self { texts, json }) } else { Err(problems) }
    }

    /// What a part comes to; none where it has no such part.
    ///
    /// # Errors
    /// It cannot be rendered, or comes to too much.
    pub fn render(&self, part: Part, values: &Value) -> Result<Option<String>, FieldError> {
        let environment = if part == Part::Webhook { &self.json } else { &self.texts };
        let Ok(template) = environment.get_template(part.as_str()) else { return Ok(None) };
        let wrong = |why: String| FieldError::new(part.as_str(), why);
        let text = template.render(values).map_err(|error| wrong(in_words(&error)))?;
        if text.len() > MAX_RESULT {
            return Err(wrong(format!("comes to {} bytes; at most {MAX_RESULT} are taken", text.len())));
        }
        let text = match part {
            Part::Subject | Part::Sms | Part::Push => one_line(&text),
            Part::Text | Part::Html => readable(&text),
            Part::Webhook => as_json(&text).map_err(wrong)?,
        };
        if text.trim().is_empty() {
            return Err(wrong("comes to nothing".to_owned()));
        }
        Ok(Some(text))
    }

    /// What goes wrong with sample values.
    fn try_out(&self, name: Name, language: &str) -> Vec<FieldError> {
        let samples = values::samples(name, language);
        let wrong = |part: Part| samples.iter().find_map(|values| self.render(part, values).err());
        Part::ALL.into_iter().filter_map(wrong).collect()
    }
}

fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    environment.remove_global("debug");
    for filter in WITHHELD_FILTERS {
        environment.remove_filter(filter);
    }
    environment
}

/// One JSON value, its texts as they are in other parts.
fn as_json(text: &str) -> Result<String, String> {
    if text.trim().is_empty() {
        return Err("comes to nothing".to_owned());
    }
    let value = serde_json::from_str(text).map_err(|error| {
        format!("does not come to one JSON value: {error}; `{{{{ title }}}}` has its quotes already")
    })?;
    let text = readable_json(value).to_string();
    if text.len() > MAX_DATA {
        return Err(format!("comes to {} bytes of JSON; at most {MAX_DATA} are taken", text.len()));
    }
    Ok(text)
}

fn readable_json(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value::{Array, Object, String};
    match value {
        String(text) => String(readable(&text)),
        Array(all) => Array(all.into_iter().map(readable_json).collect()),
        Object(all) => {
            Object(all.into_iter().map(|(key, value)| (readable(&key), readable_json(value))).collect())
        }
        other => other,
    }
}

fn add(environment: &mut Environment<'static>, name: Name, part: Part, source: &str) -> Result<(), String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("has {} bytes; at most {MAX_SOURCE} are taken", source.len()));
    }
    if part == Part::Webhook && name == Name::Digest {
        return Err("digests go by `email` and `push` alone; leave it out".to_owned());
    }
    if name == Name::Mention && matches!(part, Part::Html | Part::Push | Part::Webhook) {
        return Err("mentions are told by `subject`, `text` and `sms`; leave it out".to_owned());
    }
    if let Some((line, word)) = refused_statement(source) {
        return Err(format!("line {line}: `{word}` is not taken here; these are: {}", STATEMENTS.join(", ")));
    }
    if let Some(line) = too_long(source) {
        return Err(format!(
            "line {line}: an expression or statement has more than {MAX_TOKENS} parts, or there are more than {MAX_BLOCKS} statements"
        ));
    }
    environment.add_template_owned(part.as_str(), source.to_owned()).map_err(|error| in_words(&error))?;
    let template = environment.get_template(part.as_str()).map_err(|error| in_words(&error))?;
    let of_part = match part {
        Part::Html => name.of_mail(),
        Part::Webhook => name.of_webhook(),
        Part::Subject | Part::Text | Part::Sms | Part::Push => &[],
    };
    let is_known = |word: &str| {
        FUNCTIONS.contains(&word) || name.common().iter().chain(of_part).any(|(known, _)| *known == word)
    };
    let mut unknown: Vec<String> =
        template.undeclared_variables(false).into_iter().filter(|word| !is_known(word)).collect();
    unknown.sort_unstable();
    let Some(word) = unknown.into_iter().next() else { return Ok(()) };
    let line = source.lines().position(|line| line.contains(&word)).unwrap_or_default() + 1;
    let known: Vec<&str> = name.common().iter().chain(of_part).map(|(known, _)| *known).collect();
    Err(format!("line {line}: there is no `{word}`; there are: {}", known.join(", ")))
}

/// The first statement that is not taken, with its line. It is looked for in comments and texts as well, where it does no harm to
/// refuse one.
fn refused_statement(source: &str) -> Option<(usize, String)> {
    source.match_indices("{%").find_map(|(place, _)| {
        let rest = source.get(place + 2..).unwrap_or_default();
        let rest = rest.trim_start_matches(['-', '+']).trim_start();
        let word: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').take(40).collect();
        let line = source.get(..place).unwrap_or_default().matches('\n').count() + 1;
        (!STATEMENTS.contains(&word.as_str())).then_some((line, word))
    })
}

/// The line of an expression or statement that has too many parts, or that there are too many statements: reading one takes a stack that
/// grows with it, and whoever runs out of stack takes the whole server with them.
fn too_long(source: &str) -> Option<usize> {
    let (mut rest, mut blocks) = (source, 0);
    while let Some(open) = rest.find('{') {
        let begun = rest.get(open..)?;
        let Some(end) = [("{{", "}}"), ("{%", "%}")]
            .into_iter()
            .find_map(|(from, to)| begun.starts_with(from).then_some(to))
        else {
            rest = begun.get(1..)?;
            continue;
        };
        blocks += usize::from(end == "%}");
        let inside = begun.get(2..)?;
        let (tokens, length) = tokens(inside, end);
        if tokens > MAX_TOKENS || blocks > MAX_BLOCKS {
            let before = source.len() - begun.len();
            return Some(source.get(..before).unwrap_or_default().matches('\n').count() + 1);
        }
        rest = inside.get(length..)?;
    }
    None
}

/// How many words, texts and signs come before `end`, and how many bytes they take.
fn tokens(inside: &str, end: &str) -> (usize, usize) {
    let (mut tokens, mut quote, mut in_word) = (0, None, false);
    for (place, char) in inside.char_indices() {
        match quote {
            Some(open) => quote = (char != open).then_some(open),
            None if inside.get(place..).is_some_and(|rest| rest.starts_with(end)) => return (tokens, place),
            None => {
                let is_word = char.is_alphanumeric() || char == '_';
                tokens += usize::from(!(char.is_whitespace() || is_word && in_word));
                in_word = is_word;
                quote = matches!(char, '"' | '\'').then_some(char);
            }
        }
    }
    (tokens, inside.len())
}

/// What is wrong, with its line and without what the values were.
fn in_words(error: &minijinja::Error) -> String {
    let why = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => {
            "does too much: loops run too often, or too much is put together".to_owned()
        }
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    error.line().map_or_else(|| why.clone(), |line| format!("line {line}: {why}"))
}

impl From<FieldError> for TemplateError {
    fn from(error: FieldError) -> Self {
        Self(minijinja::Error::new(ErrorKind::InvalidOperation, error.to_string()))
    }
}
