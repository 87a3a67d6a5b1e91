//! What a message must say whatever a template says: that it is of an exercise, or a test.

mod page;

use super::own::Part;
use super::{Rendered, words};

/// What keeps a banner where it is seen.
const STAYS: &str = "visibility:visible!important;opacity:1!important;position:relative!important;z-index:2147483647!important;\
                     height:auto!important;max-height:none!important;width:auto!important;margin:0 0 1rem!important;\
                     overflow:visible!important;clip-path:none!important;filter:none!important;transform:none!important;\
                     text-indent:0!important;float:none!important";

/// A part of a user's template as one of an exercise.
pub(super) fn of_exercise(part: Part, text: String, language: &str) -> String {
    match part {
        Part::Subject | Part::Sms | Part::Push => {
            let prefix = words::exercise_prefix(language);
            if text.trim_start().starts_with(prefix.trim_end()) { text } else { format!("{prefix}{text}") }
        }
        Part::Html => with_banner(&text, words::exercise_banner(language), "#5b21b6", language),
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
        html: if mail.html.is_empty() {
            mail.html
        } else {
            with_banner(&mail.html, banner, "#b91c1c", language)
        },
        ..mail
    }
}

fn headed(text: &str, (loud, more): (&str, &str)) -> String {
    format!("{loud} {more}\n\n{text}")
}

/// A banner, and behind it what is left of the page: outside every element of theirs, and whatever they say of looks is not of it.
fn with_banner(html: &str, (loud, more): (&str, &str), colour: &str, language: &str) -> String {
    let shown =
        format!("display:block;background:{colour};color:#fff;font:16px/1.5 sans-serif;padding:.5rem .75rem");
    // Once more: programs that do not know the word leave such a declaration out.
    let shown = format!("{shown};{}!important;{STAYS}", shown.replace(';', "!important;"));
    let rest = page::behind_banner(html);
    format!(
        "<!doctype html>\n<html lang=\"{language}\"><body><p style=\"{shown}\"><strong>{loud}</strong> {more}</p>\n{rest}</body></html>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pages that try to hide what stands above them.
    const HOSTILE: [&str; 16] = [
        "<div hidden>",
        "<div style=\"display:none\"><body>x",
        "<style>*{display:none!important}</style><body>x",
        "<!-- <body>x",
        "<table hidden><tr><td>",
        "<template><body>x",
        "<noscript><body>x",
        "<i title=\"<body>x",
        "<i title='",
        "</body></html><body hidden>x",
        "</p></strong></div></body><plaintext>",
        "<html hidden style=\"display:none\"><body style=\"margin-top:-99em\"><p style=\"position:fixed;top:0\">x",
        "<head><title><body></title><link rel=stylesheet href=x><meta http-equiv=refresh content=0>",
        "<textarea><body>",
        "<svg><style>p{opacity:0}</style>",
        "<script>document.body.remove()</script><iframe srcdoc=x><frameset>",
    ];

    #[test]
    fn a_banner_stands_before_and_outside_all_that_a_page_has() {
        for page in HOSTILE.into_iter().chain(["", "<p>x</p>", "<bodyguard>é"]) {
            let marked = of_exercise(Part::Html, page.to_owned(), "en");
            let rest = marked.strip_prefix("<!doctype html>\n<html lang=\"en\"><body><p style=\"").unwrap();
            let (style, rest) = rest.split_once("\">").unwrap();
            for shown in [
                "display:block",
                "color:#fff",
                "visibility:visible",
                "opacity:1",
                "position:relative",
                "height:auto",
            ] {
                assert!(style.contains(&format!("{shown}!important")), "{shown}: {style}");
            }
            let banner = "<strong>This is an exercise.</strong> Nothing below is happening now.</p>\n";
            let rest = rest.strip_prefix(banner).unwrap().strip_suffix("</body></html>").unwrap();
            for hides in [
                "<style",
                "<body",
                "<html",
                "<head",
                "<link",
                "<!--",
                "<script",
                "<template",
                "position",
                "margin",
                "srcdoc",
            ] {
                assert!(!rest.contains(hides), "{hides}: {rest}");
            }
        }
        let page = "<!doctype html><body class='x' style='color:#222'><h1>Flood</h1><a href='https://a.example'>x</a></body>";
        let marked = with_banner(page, ("Loud.", "More."), "#000", "es");
        let kept = "<h1>Flood</h1><a href=\"https://a.example\">x</a></body></html>";
        assert!(marked.contains("<html lang=\"es\">") && marked.ends_with(kept), "{marked}");
    }

    #[test]
    fn a_test_says_so_before_a_hostile_page_and_its_text() {
        for page in HOSTILE {
            let mail = Rendered {
                subject: "s".to_owned(),
                text: "t".to_owned(),
                html: page.to_owned(),
                short: String::new(),
            };
            let mail = of_test(mail, "en");
            assert!(mail.text.starts_with("This is a test message."), "{}", mail.text);
            let begins = mail.html.split_once("<strong>").unwrap();
            assert!(
                begins.0.ends_with("!important\">")
                    && begins.1.starts_with("This is a test message.</strong>")
            );
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
        for hides in ["\u{200b}EXERCISE: x", "exercise: x", "<b hidden>EXERCISE: x"] {
            assert!(of_exercise(Part::Subject, hides.to_owned(), "en").starts_with("EXERCISE: "), "{hides}");
        }
        assert_eq!(of_exercise(Part::Webhook, "{}".to_owned(), "en"), "{}");
    }
}
