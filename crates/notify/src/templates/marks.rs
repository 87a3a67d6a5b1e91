//! What a message must say whatever a template says: that it is of an exercise, or a test.

use super::own::Part;
use super::{Rendered, words};

/// Elements in which a tag is none.
const TEXT_ELEMENTS: [&str; 5] = ["style", "script", "title", "textarea", "noscript"];

/// A part of a user's template as one of an exercise.
pub(super) fn of_exercise(part: Part, text: String, language: &str) -> String {
    match part {
        Part::Subject | Part::Sms | Part::Push => {
            let prefix = words::exercise_prefix(language);
            if text.trim_start().starts_with(prefix.trim_end()) { text } else { format!("{prefix}{text}") }
        }
        Part::Html => with_banner(&text, words::exercise_banner(language), "#5b21b6"),
        Part::Text | Part::Webhook => text,
    }
}

/// A text that has no frame around it, as one of an exercise.
pub(super) fn text_of_exercise(text: &str, language: &str) -> String {
    headed(text, words::exercise_banner(language))
}

/// An e-mail as the test that it is: people may pass it on, and its words are those of whoever asked for it.
pub(super) fn of_test(mail: Rendered, language: &str) -> Rendered {
    let banner = words::test_banner(language);
    Rendered {
        text: headed(&mail.text, banner),
        html: if mail.html.is_empty() { mail.html } else { with_banner(&mail.html, banner, "#b91c1c") },
        ..mail
    }
}

fn headed(text: &str, (loud, more): (&str, &str)) -> String {
    format!("{loud} {more}\n\n{text}")
}

/// A page with a banner at the top of its body; before everything where no body begins.
fn with_banner(html: &str, (loud, more): (&str, &str), colour: &str) -> String {
    let (before, behind) = html.split_at_checked(body_of(html)).unwrap_or(("", html));
    format!(
        "{before}<p style=\"display:block;background:{colour};color:#fff;padding:.5rem .75rem\"><strong>{loud}</strong> {more}</p>{behind}"
    )
}

/// Where the body begins, behind its tag; 0 where there is none. What looks like the tag in a comment, in a value or in the text of
/// another element is none.
fn body_of(html: &str) -> usize {
    let lower = html.to_ascii_lowercase();
    let rest_at = |place: usize| lower.get(place..).unwrap_or_default();
    let mut place = 0;
    while let Some(next) = rest_at(place).find('<') {
        place += next;
        let rest = rest_at(place);
        let to = |end: &str| rest.find(end).map(|found| found + end.len());
        let length = if rest.starts_with("<!--") {
            to("-->")
        } else if let Some(name) = TEXT_ELEMENTS.iter().find(|name| is_tag(rest, name)) {
            to(&format!("</{name}"))
        } else if rest.starts_with("</") || rest.chars().nth(1).is_some_and(|c| c.is_ascii_alphabetic()) {
            tag_length(rest)
        } else {
            Some(1)
        };
        let Some(length) = length else { return 0 };
        place += length;
        if is_tag(rest, "body") {
            return place;
        }
    }
    0
}

fn is_tag(rest: &str, name: &str) -> bool {
    let behind = rest.strip_prefix('<').and_then(|rest| rest.strip_prefix(name));
    behind.is_some_and(|behind| behind.starts_with(|c: char| c.is_ascii_whitespace() || c == '>' || c == '/'))
}

/// How long a tag is, with its `>`: one within quotes is none.
fn tag_length(rest: &str) -> Option<usize> {
    let mut quote = None;
    for (place, char) in rest.char_indices() {
        match (quote, char) {
            (None, '>') => return Some(place + 1),
            (None, '"' | '\'') => quote = Some(char),
            (Some(open), close) if open == close => quote = None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_banner_stands_at_the_top_of_what_is_seen() {
        for (page, before) in [
            ("<p>x</p>", ""),
            ("", ""),
            ("<!doctype html><html><BODY class=\"a > b\">x", "<!doctype html><html><BODY class=\"a > b\">"),
            ("<!-- <body> --><body>x", "<!-- <body> --><body>"),
            (
                "<title><body></title><i title='<body>'></i>< <body\n>x",
                "<title><body></title><i title='<body>'></i>< <body\n>",
            ),
            ("<style>/* <body> */</style><p>x", ""),
            ("<!-- <body>x", ""),
            ("<bodyguard>é<p title=\"<body>x", ""),
            ("<i a='", ""),
        ] {
            let marked = with_banner(page, ("Loud.", "More."), "#000");
            let banner = marked.strip_prefix(before).unwrap_or_else(|| panic!("{marked}"));
            assert!(
                banner.starts_with("<p style=") && banner.contains("<strong>Loud.</strong> More.</p>"),
                "{marked}"
            );
            assert!(marked.ends_with(page.strip_prefix(before).unwrap()), "{marked}");
        }
    }

    #[test]
    fn a_line_is_marked_once_in_each_language() {
        for (language, prefix) in
            [("en", "EXERCISE: "), ("es", "SIMULACRO: "), ("hi", "अभ्यास: "), ("mr", "सराव: ")]
        {
            for part in [Part::Subject, Part::Sms, Part::Push] {
                let once = of_exercise(part, "Flood".to_owned(), language);
                assert_eq!(once, format!("{prefix}Flood"));
                assert_eq!(of_exercise(part, once.clone(), language), once);
            }
            assert!(text_of_exercise("Flood", language).ends_with("\n\nFlood"));
        }
        assert_eq!(of_exercise(Part::Webhook, "{}".to_owned(), "en"), "{}");
    }
}
