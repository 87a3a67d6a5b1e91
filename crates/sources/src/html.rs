//! HTML to plain text: tags out, entities resolved, blocks on their own lines. Not a sanitiser: the result is text and is
//! never treated as markup again.

/// Tags that end a line of text.
const BLOCKS: [&str; 18] = [
    "p",
    "br",
    "div",
    "li",
    "ul",
    "ol",
    "tr",
    "table",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "blockquote",
    "section",
    "article",
];
/// Elements whose content is no text.
const HIDDEN: [&str; 2] = ["script", "style"];

/// `source` as plain text; white space is collapsed as a browser would.
pub(crate) fn to_text(source: &str) -> String {
    let mut text = String::with_capacity(source.len());
    let mut rest = source;
    while let Some(start) = rest.find(['<', '&']) {
        let (before, from) = rest.split_at(start);
        push_collapsed(&mut text, before);
        rest = if from.starts_with('<') { skip_tag(&mut text, from) } else { push_entity(&mut text, from) };
    }
    push_collapsed(&mut text, rest);
    tidy(&text)
}

/// `source` as plain text where it holds markup, else as it stands (line breaks of plain text carry meaning).
pub(crate) fn plain(source: &str) -> String {
    let lower = source.to_ascii_lowercase();
    if lower.contains("</") || lower.contains("<br") || lower.contains("<p>") || lower.contains("<img") {
        to_text(source)
    } else {
        source.trim().to_owned()
    }
}

/// The character that the named or numeric `entity` (without `&` and `;`) stands for.
pub(crate) fn entity(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|character| *character != '\0');
    }
    NAMED.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)
}

const NAMED: [(&str, char); 42] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("hellip", '…'),
    ("mdash", '—'),
    ("ndash", '–'),
    ("lsquo", '‘'),
    ("rsquo", '’'),
    ("ldquo", '“'),
    ("rdquo", '”'),
    ("laquo", '«'),
    ("raquo", '»'),
    ("bull", '•'),
    ("middot", '·'),
    ("deg", '°'),
    ("copy", '©'),
    ("reg", '®'),
    ("trade", '™'),
    ("euro", '€'),
    ("pound", '£'),
    ("times", '×'),
    ("aacute", 'á'),
    ("agrave", 'à'),
    ("acirc", 'â'),
    ("atilde", 'ã'),
    ("auml", 'ä'),
    ("ccedil", 'ç'),
    ("eacute", 'é'),
    ("egrave", 'è'),
    ("ecirc", 'ê'),
    ("iacute", 'í'),
    ("ntilde", 'ñ'),
    ("oacute", 'ó'),
    ("ocirc", 'ô'),
    ("ouml", 'ö'),
    ("Ouml", 'Ö'),
    ("szlig", 'ß'),
    ("uacute", 'ú'),
    ("uuml", 'ü'),
];

fn push_collapsed(text: &mut String, part: &str) {
    for character in part.chars() {
        let character = if character.is_whitespace() { ' ' } else { character };
        if character != ' ' || !text.ends_with([' ', '\n']) {
            text.push(character);
        }
    }
}

/// Reads the entity that `from` starts with; a lone ampersand is text.
fn push_entity<'a>(text: &mut String, from: &'a str) -> &'a str {
    let end = from.bytes().take(12).position(|byte| byte == b';');
    if let Some(character) = end.and_then(|end| entity(&from[1..end])) {
        text.push(character);
        return &from[end.unwrap_or(0) + 1..];
    }
    text.push('&');
    &from[1..]
}

/// Passes the tag that `from` starts with; a lone `<` is text.
fn skip_tag<'a>(text: &mut String, from: &'a str) -> &'a str {
    if from.starts_with("<!--") {
        return from.find("-->").map_or("", |end| &from[end + 3..]);
    }
    let begins = from[1..].starts_with(|next: char| next.is_ascii_alphabetic() || next == '/' || next == '!');
    let Some(end) = from.find('>').filter(|_| begins) else {
        text.push('<');
        return &from[1..];
    };
    let closing = from.starts_with("</");
    let name: String = from[1..]
        .trim_start_matches('/')
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .take(16)
        .collect::<String>()
        .to_ascii_lowercase();
    if BLOCKS.contains(&name.as_str()) {
        text.push('\n');
    }
    let rest = &from[end + 1..];
    if !closing && HIDDEN.contains(&name.as_str()) { after_closing(rest, &name) } else { rest }
}

fn after_closing<'a>(rest: &'a str, name: &str) -> &'a str {
    let closing = format!("</{name}");
    rest.to_ascii_lowercase().find(&closing).map_or("", |at| &rest[at..])
}

/// Trims each line and keeps at most one empty line between two.
fn tidy(text: &str) -> String {
    let mut tidy = String::with_capacity(text.len());
    let mut gap = false;
    for line in text.lines().map(str::trim) {
        if line.is_empty() {
            gap = !tidy.is_empty();
            continue;
        }
        if !tidy.is_empty() {
            tidy.push_str(if gap { "\n\n" } else { "\n" });
        }
        tidy.push_str(line);
        gap = false;
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_go_and_blocks_become_lines() {
        assert_eq!(
            to_text("<p>Flood in <b>Kerala</b> &amp; Goa</p><p>2&nbsp;dead</p>"),
            "Flood in Kerala & Goa\n\n2 dead"
        );
        assert_eq!(to_text("a<br/>b<script>alert(1)</script>c"), "a\nbc");
    }

    #[test]
    fn stray_brackets_and_ampersands_are_text() {
        assert_eq!(to_text("5 < 6 & 7 > 3 &unknown; <3 &#x41;&#0;"), "5 < 6 & 7 > 3 &unknown; <3 A&#0;");
        assert_eq!(to_text("open <a href=\"x"), "open <a href=\"x");
    }

    #[test]
    fn plain_text_keeps_its_lines() {
        assert_eq!(plain("* WHAT...\n* WHERE..."), "* WHAT...\n* WHERE...");
        assert_eq!(plain("A<br />B"), "A\nB");
    }
}
