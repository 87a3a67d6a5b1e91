//! What is left of a page behind a banner: elements that are shown one after the other, and of their looks what neither hides what stands
//! before them nor is shown over it. Whatever is not known here is left out, so it does not matter how a mail program would read it.

/// Elements that stay; of others their contents alone.
const ELEMENTS: &str = "a abbr address article aside b big blockquote br caption center cite code col colgroup dd del div dl \
    dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p \
    pre q s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul \
    var wbr";
/// Elements that go with all that is in them.
const WITH_CONTENTS: &str =
    "style script title noscript noembed noframes iframe xmp plaintext textarea template svg math";
/// Attributes that stay.
const ATTRIBUTES: &str = "align alt bgcolor border cellpadding cellspacing color colspan dir face height hidden href lang role \
    rowspan size span src start style title valign width";
/// Properties that stay of a `style`: none takes an element out of the flow, so all come behind the banner.
const PROPERTIES: &str = "background background-color border border-bottom border-collapse border-color border-left \
    border-radius border-right border-spacing border-style border-top border-width color display font \
    font-family font-size font-style font-variant font-weight height letter-spacing line-height \
    list-style list-style-type margin margin-bottom margin-left margin-right margin-top max-width \
    min-width padding padding-bottom padding-left padding-right padding-top table-layout text-align \
    text-decoration text-transform vertical-align white-space width word-break";

/// What is left of a page.
pub fn behind_banner(html: &str) -> String {
    let mut page = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((text, markup)) = rest.find('<').and_then(|place| rest.split_at_checked(place)) {
        page.push_str(text);
        // What never ends is nothing to who reads it, either.
        rest = read(markup, &mut page).unwrap_or_default();
    }
    page.push_str(rest);
    page
}

/// Reads what begins with `<`, writes what is left of it; what comes behind it, if it ends.
fn read<'a>(markup: &'a str, page: &mut String) -> Option<&'a str> {
    let inside = markup.get(1..)?;
    if inside.starts_with("!--") {
        return behind(inside, "-->");
    }
    let (is_end, inside) = inside.strip_prefix('/').map_or((false, inside), |inside| (true, inside));
    if !inside.starts_with(|c: char| c.is_ascii_alphabetic()) {
        if is_end || inside.starts_with(['!', '?']) {
            return behind(inside, ">");
        }
        page.push_str("&lt;");
        return Some(inside);
    }
    let ends_name = |c: char| c.is_ascii_whitespace() || matches!(c, '/' | '>');
    let (name, attributes) = inside.split_at_checked(inside.find(ends_name)?)?;
    let name = name.to_ascii_lowercase();
    let (attributes, is_empty, rest) = attributes_of(attributes)?;
    if is_of(WITH_CONTENTS, &name) {
        return if is_end || is_empty { Some(rest) } else { behind_element(rest, &name) };
    }
    // The body is ours: theirs is one more element in it.
    let name = if name == "body" { "div" } else { &*name };
    if !is_of(ELEMENTS, name) {
        return Some(rest);
    }
    page.push_str(if is_end { "</" } else { "<" });
    page.push_str(name);
    for (attribute, value) in attributes.into_iter().filter(|_| !is_end) {
        if is_of(ATTRIBUTES, &attribute) {
            let value = if attribute == "style" { looks(value) } else { value.to_owned() };
            let value = value.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
            page.extend([" ", &*attribute, "=\"", &*value, "\""]);
        }
    }
    page.push('>');
    Some(rest)
}

fn is_of(words: &str, word: &str) -> bool {
    words.split(' ').any(|one| one == word)
}

fn behind<'a>(text: &'a str, end: &str) -> Option<&'a str> {
    text.split_once(end).map(|(_, rest)| rest)
}

/// What is behind the end of an element in whose contents tags are none, or none that are shown.
fn behind_element<'a>(contents: &'a str, name: &str) -> Option<&'a str> {
    let (mut rest, end) = (contents, format!("/{name}"));
    loop {
        rest = behind(rest, "<")?;
        let is_end = rest.get(..end.len()).is_some_and(|begun| begun.eq_ignore_ascii_case(&end));
        if is_end && rest.get(end.len()..)?.starts_with(|c: char| c.is_ascii_whitespace() || "/>".contains(c))
        {
            return behind(rest, ">");
        }
    }
}

/// A tag's attributes with their values, whether it says that it is empty, and what is behind it; none where it never ends.
fn attributes_of(inside: &str) -> Option<(Vec<(String, &str)>, bool, &str)> {
    let is_space = |c: char| c.is_ascii_whitespace();
    let (mut rest, mut all) = (inside, Vec::new());
    loop {
        let begun = rest.trim_start_matches(|c: char| is_space(c) || c == '/');
        if let Some(behind) = begun.strip_prefix('>') {
            let is_empty = rest.strip_suffix(begun).is_some_and(|between| between.ends_with('/'));
            return Some((all, is_empty, behind));
        }
        let ends_name =
            |(place, c): &(usize, char)| *place > 0 && (is_space(*c) || matches!(c, '/' | '>' | '='));
        let (end, _) = begun.char_indices().find(ends_name)?;
        let (name, behind) = begun.split_at_checked(end)?;
        rest = behind;
        let mut value = "";
        if let Some(after) = behind.trim_start_matches(is_space).strip_prefix('=') {
            let after = after.trim_start_matches(is_space);
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''));
            (value, rest) = match quote {
                Some(quote) => after.get(1..)?.split_once(quote)?,
                None => after.split_at_checked(after.find(|c| is_space(c) || c == '>')?)?,
            };
        }
        all.push((name.to_ascii_lowercase(), value));
    }
}

/// What is left of a `style`.
fn looks(style: &str) -> String {
    let is_kept = |declaration: &&str| {
        let Some((property, value)) = declaration.split_once(':') else { return false };
        let property = property.trim().to_ascii_lowercase();
        let is_plain = !declaration.contains(['&', '\\', '{', '}']) && !declaration.contains("/*");
        // A negative margin would move it over what is before it.
        let moves = property.starts_with("margin") && value.contains(['-', '(']);
        is_plain && is_of(PROPERTIES, &property) && !moves
    };
    style.split(';').filter(is_kept).map(str::trim).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sound_stays_as_it_was() {
        for page in [
            "",
            "Rivers &lt; seas &amp; more: 1 > 0",
            "<p title=\"a: b\">x</p><br><img src=\"https://a.example/b?c=1&amp;d=2\" alt=\"map\" width=\"3\">",
            "<table border=\"0\"><tr><td align=\"left\" style=\"padding:.5rem;color:#555\">é</td></tr></table>",
        ] {
            assert_eq!(behind_banner(page), page);
        }
        let page = "<!doctype html><HTML lang=en><head><title>t</title></head><BODY Class='a' style='margin:0 auto;color:red'>x</body></html>";
        assert_eq!(behind_banner(page), "<div style=\"margin:0 auto;color:red\">x</div>");
    }

    #[test]
    fn what_could_hide_or_cover_is_left_out() {
        for (page, left) in [
            ("<style>*{display:none}</style>x", "x"),
            ("<STYLE\n>*{}</sTyLe >x", "x"),
            ("<style>a</styles>*{}", ""),
            ("<link rel=stylesheet href=x><meta charset=x><base href=x>x", "x"),
            ("<template><p>a</p></template><noscript>b</noscript>x", "x"),
            ("<svg/>x<svg><style>*{}</style></svg>y", "xy"),
            ("<!-- a > <p> -->x<!-- <p>y", "x"),
            ("<?xml x?><!x></ x></>x", "x"),
            ("a < b <3 <", "a &lt; b &lt;3 &lt;"),
            ("x<p title=\"y", "x"),
            ("x<p title='y>z", "x"),
            ("x<p", "x"),
            ("<dialog open popover onclick=x>x</dialog>", "x"),
            ("<p onclick=\"x()\" class=a id=b slot=c>x", "<p>x"),
            ("<p title='\"><style>*{}</style>'>x", "<p title=\"&quot;&gt;&lt;style&gt;*{}&lt;/style&gt;\">x"),
            ("<p/title=a/b>x", "<p title=\"a/b\">x"),
            ("<p =style=x>y", "<p>y"),
        ] {
            assert_eq!(behind_banner(page), left, "{page}");
        }
        for (style, left) in [
            ("position:fixed;top:0; COLOR : red ;z-index:9", "COLOR : red"),
            ("margin:-9em 0;margin-top:calc(0px - 9em);margin-left:1em", "margin-left:1em"),
            ("p\\6fsition:fixed;/*;*/position:fixed;transform:none", ""),
            ("font-family:\"a;position:fixed\";color:red", "font-family:\"a;color:red"),
            ("font-family:&quot;Arial&quot;;color:red", "color:red"),
            ("display:none;}*{display:none", "display:none"),
        ] {
            assert_eq!(looks(style), left, "{style}");
        }
    }
}
