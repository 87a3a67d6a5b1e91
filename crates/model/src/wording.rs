//! Texts that people give and others read: nothing in them hides a part, turns the order of letters round, or is an address of the web
//! where a name belongs.

use crate::FieldError;

/// Longest name of an account, characters.
pub const MAX_NAME: usize = 60;
/// What ends the names of places on the web that anybody can have: mail programs make links of them wherever they stand.
const OPEN_DOMAINS: [&str; 16] = [
    "com", "net", "org", "info", "biz", "io", "app", "dev", "xyz", "top", "site", "online", "club", "shop",
    "link", "click",
];

/// Whether a character hides a part of a text or shows it in another order: a control character that is no white space, or an override of
/// the direction of writing.
#[must_use]
pub fn is_odd(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}') || (c.is_control() && !c.is_whitespace())
}

/// Whether a character takes no room, or blank room, where a letter belongs (the `Default_Ignorable_Code_Point`s of Unicode, without the
/// joiners that scripts of India need, and marks of direction and variation).
const fn is_unseen(c: char) -> bool {
    matches!(
        c,
        '\u{AD}' | '\u{34F}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180B}'..='\u{180F}' | '\u{200B}'
            | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}

/// Whether a character shows nothing by itself: white space, what is not seen, and what only joins, turns or varies others.
fn is_blank(c: char) -> bool {
    let only_works_on_others =
        matches!(c, '\u{61C}' | '\u{200C}'..='\u{200F}' | '\u{2800}' | '\u{FE00}'..='\u{FE0F}');
    c.is_whitespace() || is_unseen(c) || only_works_on_others
}

/// Whether there is nothing in a text that anybody could see: it is empty, or white space, control characters and what is not seen.
#[must_use]
pub fn shows_nothing(text: &str) -> bool {
    text.chars().all(|c| is_blank(c) || is_odd(c))
}

/// Whether a character begins a new line somewhere.
#[must_use]
pub const fn is_line_break(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// What is wrong with one line of 1 to `most` characters.
#[must_use]
pub fn line_problem(field: &str, text: &str, most: usize) -> Option<FieldError> {
    problem(field, text, most, |c| is_odd(c) || is_line_break(c) || c == '\t')
}

/// What is wrong with a text of 1 to `most` characters, which may have line breaks and tabs.
#[must_use]
pub fn text_problem(field: &str, text: &str, most: usize) -> Option<FieldError> {
    problem(field, text, most, |c| is_odd(c) || (is_line_break(c) && !matches!(c, '\n' | '\r')))
}

/// What is wrong with the name of an account: it greets its owner in mails that others write, and stands in those to colleagues.
#[must_use]
pub fn name_problem(field: &str, name: &str) -> Option<FieldError> {
    let odd = |why: &str| Some(FieldError::new(field, why));
    line_problem(field, name, MAX_NAME).or_else(|| {
        if name.chars().any(is_unseen) {
            odd("has a character that is not seen; leave it out")
        } else if !name.chars().any(char::is_alphanumeric) {
            odd("has no letter and no digit")
        } else if reads_as_address(name) {
            odd("reads as an address of the web; give a name without one")
        } else {
            None
        }
    })
}

/// A name as it can stand in a message, whoever gave it and when: one line, short, and nothing that a mail program makes a link of.
#[must_use]
pub fn harmless_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !is_odd(*c) && !is_unseen(*c)).collect();
    let breaks_address = reads_as_address(&name) || name.split_whitespace().any(may_be_of_a_country);
    let plain = |c: char| {
        if is_line_break(c) || (breaks_address && matches!(ascii_sign(c), '.' | '/' | ':' | '?' | '#')) {
            ' '
        } else {
            c
        }
    };
    let line: String = name.chars().map(plain).collect();
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    line.chars().take(MAX_NAME).collect::<String>().trim_end().to_owned()
}

fn problem(field: &str, text: &str, most: usize, is_refused: impl Fn(char) -> bool) -> Option<FieldError> {
    if text.chars().all(is_blank) || text.chars().count() > most {
        return Some(FieldError::new(field, format!("has 1 to {most} characters, not all of them blank")));
    }
    let refused = text.chars().find(|c| is_refused(*c))?;
    let why = if refused.is_whitespace() {
        "breaks the line"
    } else if refused.is_control() {
        "is a control character"
    } else {
        "turns the order of letters round"
    };
    let code = u32::from(refused);
    Some(FieldError::new(field, format!("has the character U+{code:04X}, which {why}; leave it out")))
}

/// The sign that browsers take one for in an address.
const fn ascii_sign(c: char) -> char {
    match c {
        '\u{3002}' | '\u{FF0E}' | '\u{FF61}' | '\u{2024}' => '.',
        '\u{FF0F}' | '\u{2044}' | '\u{2215}' => '/',
        '\u{FF1A}' => ':',
        other => other,
    }
}

/// Whether a text has what mail programs make a link of, or people type into a browser.
fn reads_as_address(text: &str) -> bool {
    let text = text.chars().filter(|c| !is_odd(*c)).map(ascii_sign).collect::<String>().to_lowercase();
    if text.contains("://") || text.contains("www.") {
        return true;
    }
    let is_within =
        |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/' | ':' | '?' | '#' | '@');
    text.split(|c: char| !is_within(c)).any(is_place)
}

/// Whether a word ends like the domain of a country, as `evil.ru`: it may be a name all the same, and its dot can be taken out.
fn may_be_of_a_country(word: &str) -> bool {
    let end = word.rsplit_once(|c| ascii_sign(c) == '.');
    end.is_some_and(|(before, last)| {
        last.chars().count() == 2
            && last.chars().all(|c| c.is_ascii_alphabetic())
            && before.chars().count() > 1
            && !before.contains('@')
    })
}

/// Whether a word is a domain with what follows one, or one that anybody can have. `ada.lovelace` is a name, `ada@example.org` is her address.
fn is_place(word: &str) -> bool {
    let end = word.find(['/', ':', '?', '#']).unwrap_or(word.len());
    let (host, path) = word.split_at_checked(end).unwrap_or((word, ""));
    let labels: Vec<&str> = host.trim_matches('.').split('.').collect();
    let Some((last, [_, ..])) = labels.split_last() else { return false };
    if labels.iter().any(|label| label.is_empty()) || !last.chars().all(char::is_alphabetic) {
        return false;
    }
    let is_port =
        || path.strip_prefix(':').is_some_and(|port| port.starts_with(|c: char| c.is_ascii_digit()));
    let leads_on = path.starts_with(['/', '?', '#']) || is_port();
    let is_mail = host.split_once('@').is_some_and(|(owner, _)| !owner.is_empty());
    last.chars().count() >= 2 && (leads_on || (OPEN_DOMAINS.contains(last) && !is_mail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_line_short_and_no_address() {
        for name in [
            "Ada",
            "ada.lovelace",
            "J.R.R. Tolkien",
            "Dr. med. A. O'Neill-Šimánek (desk/night)",
            "अदा लवलेस",
            "ada@example.org",
            "St.John",
            "R2.D2",
            "9:30 shift",
        ] {
            assert_eq!(name_problem("name", name), None, "{name}");
            assert_eq!(harmless_name(name), name);
        }
        for name in [
            "",
            "  ",
            "Ada\u{0}",
            "Ada\u{200B}",
            "\u{3164}",
            "Ada\u{202E}",
            "Ada\u{2066}x",
            "Ada\nBcc",
            "Ada\u{2028}x",
            "Ada\tx",
            &"x".repeat(61),
            "see https://x",
            "ftp://a",
            "WWW.evil",
            "pay at evil.example/login now",
            "evil.com",
            "evil。com",
            "evil.example\u{FF0F}x",
            "evil.example:8080",
            "evil.example?x",
            "evil.de#x",
            "x@evil.de/login",
        ] {
            let problem = name_problem("name", name).map(|problem| problem.field);
            assert_eq!(problem.as_deref(), Some("name"), "{name:?}");
            let harmless = harmless_name(name);
            assert!(
                harmless.is_empty() || name_problem("name", &harmless).is_none(),
                "{name:?} became {harmless:?}"
            );
        }
        let phishing =
            "Your account is locked, sign in at https://evil.example/desk?id=1 or you will lose it";
        assert_eq!(harmless_name(phishing), "Your account is locked, sign in at https evil example desk i");
        assert!(name_problem("name", "- . -").is_some());
        assert_eq!(harmless_name("Ada\u{202E}\r\nBcc: x\u{0}"), "Ada Bcc: x");
        assert_eq!(harmless_name("win at evil.ru\u{200B}"), "win at evil ru");
    }

    #[test]
    fn what_is_refused_is_named() {
        let said = |text: &str| text_problem("reason", text, 20).map(|problem| problem.problem);
        assert_eq!(said("pumps\r\n\tare tested"), None);
        assert_eq!(
            said("a\u{0}b").as_deref(),
            Some("has the character U+0000, which is a control character; leave it out")
        );
        assert_eq!(
            said("a\u{202E}b").as_deref(),
            Some("has the character U+202E, which turns the order of letters round; leave it out")
        );
        assert_eq!(
            said("a\u{2028}b").as_deref(),
            Some("has the character U+2028, which breaks the line; leave it out")
        );
        // Nobody could read or click on what shows nothing.
        for length in [
            "",
            " \n",
            "\u{200B}",
            "\u{200D}\u{FEFF} \u{3164}",
            "\u{2800}",
            "\u{200E}\u{FE0F}",
            &"x".repeat(21),
        ] {
            assert_eq!(said(length).as_deref(), Some("has 1 to 20 characters, not all of them blank"));
        }
        assert_eq!(said("👩\u{200D}🚒 \u{200B}"), None);
        assert!(
            line_problem("name", "a\nb", 20).is_some() && line_problem("name", "क्\u{200D}ष", 20).is_none()
        );
    }
}
