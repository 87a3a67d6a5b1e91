//! What commands print. A reader that has seen enough (`| head`) is no error.
//!
//! Much of it came from outside, and a terminal obeys control characters in it: for people they are written as escapes, in
//! JSON as JSON writes them, so that its value stays exact.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write;

use serde::Serialize;

/// Prints a line to standard output; ends the program quietly when nobody reads it any more.
pub fn say(line: impl Display) {
    print(&printable(&line.to_string(), false));
}

/// Prints a text of several lines.
pub fn say_text(text: impl Display) {
    print(&printable(&text.to_string(), true));
}

/// Prints a value as JSON on one line.
pub fn say_json(value: &impl Serialize) -> anyhow::Result<()> {
    print(&json(&serde_json::to_string(value)?));
    Ok(())
}

/// Prints a value as JSON for reading.
pub fn say_pretty(value: &impl Serialize) -> anyhow::Result<()> {
    print(&json(&serde_json::to_string_pretty(value)?));
    Ok(())
}

/// Prints a line to standard error, which is for people.
pub fn note(line: impl Display) {
    eprintln!("{}", printable(&line.to_string(), false));
}

/// An error whose reasons can be printed.
pub fn printable_error(error: anyhow::Error) -> anyhow::Error {
    let said = format!("{error:#}");
    match printable(&said, true) {
        Cow::Borrowed(_) => error,
        Cow::Owned(clean) => anyhow::Error::msg(clean),
    }
}

fn print(text: &str) {
    if writeln!(std::io::stdout().lock(), "{text}").is_err() {
        std::process::exit(0);
    }
}

/// `text` with its control characters written as escapes; line breaks and tabs stay in what `has_lines`.
fn printable(text: &str, has_lines: bool) -> Cow<'_, str> {
    let acts = |letter: char| letter.is_control() && !(has_lines && matches!(letter, '\n' | '\t'));
    escaped(text, acts, |letter| letter.escape_debug().to_string())
}

/// JSON without the control characters that it may hold as they are (DEL and C1), which are only ever in its strings.
fn json(text: &str) -> Cow<'_, str> {
    let acts = |letter| matches!(letter, '\u{7f}'..='\u{9f}');
    escaped(text, acts, |letter| format!("\\u{:04x}", u32::from(letter)))
}

fn escaped(text: &str, acts: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(&acts) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if acts(letter) { clean.push_str(&escape(letter)) } else { clean.push(letter) }
    }
    Cow::Owned(clean)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_as_escapes() {
        let text = "a\u{1b}]0;owned\u{7}b\u{9b}31m\u{7f}\r\n\tžluťoučký 水";
        assert_eq!(printable(text, true), "a\\u{1b}]0;owned\\u{7}b\\u{9b}31m\\u{7f}\\r\n\tžluťoučký 水");
        assert_eq!(printable("one\ntwo\t", false), "one\\ntwo\\t");
        assert!(matches!(printable("plain", false), Cow::Borrowed("plain")));
        let error = anyhow::anyhow!("the \u{1b}[2J inner").context("outer");
        assert_eq!(printable_error(error).to_string(), "outer: the \\u{1b}[2J inner");
    }

    #[test]
    fn json_keeps_its_value_and_has_no_control_character() {
        let value = serde_json::json!({"text\u{9b}": "\u{1b}[2J\u{9b}31m\u{7f}\n é\u{a0}"});
        for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
            let shown = json(&text);
            assert!(!shown.chars().any(|letter| letter.is_control() && letter != '\n'), "{shown:?}");
            assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), value);
        }
    }
}
