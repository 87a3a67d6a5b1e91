//! Cleaning: NFKC, HTML remnants removed, entities decoded, white space collapsed, and where each byte came from.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

use crate::work;

/// Most bytes of one field that are analysed; a longer text is cut at a character.
pub(crate) const MAX_BYTES: usize = 16 * 1024;
/// Longest tag that is taken for HTML: beyond it a lone `<` is a character like any other.
const MAX_TAG_BYTES: usize = 512;
/// Most characters of one cluster: a starter with its marks. A longer one is an attack on renderers, not a text.
const MAX_CLUSTER_CHARS: usize = 16;

/// A cleaned text. `origin[i]` is where byte `i` of `text` begins in the original, or `None` for text put in front.
#[derive(Debug, Default)]
pub(crate) struct Clean {
    /// The cleaned text.
    pub(crate) text: String,
    starts: Vec<u32>,
    ends: Vec<u32>,
    /// Bytes before this stem from the headline, which has no offsets.
    pub(crate) body_at: usize,
    /// No tag ends before this byte of what is appended.
    unclosed_to: usize,
}

impl Clean {
    /// The headline (unless the text repeats it) and the text.
    pub(crate) fn new(title: Option<&str>, text: &str) -> Self {
        let mut clean = Self::default();
        let text = cut(text, MAX_BYTES);
        if let Some(title) = title.map(str::trim).filter(|title| !title.is_empty() && !text.contains(title)) {
            clean.append(cut(title, MAX_BYTES));
            clean.push('\n', 0, 0);
        }
        clean.body_at = clean.text.len();
        clean.append(text);
        clean
    }

    /// Where bytes `start..end` of the cleaned text stand in the original; `None` within the headline.
    pub(crate) fn origin(&self, start: usize, end: usize) -> Option<(usize, usize)> {
        if start < self.body_at || start >= end {
            return None;
        }
        Some((*self.starts.get(start)? as usize, *self.ends.get(end - 1)? as usize))
    }

    fn push(&mut self, char: char, start: usize, end: usize) {
        self.text.push(char);
        // Fields are at most 16 KiB, so offsets fit.
        let (start, end) = (start as u32, end as u32);
        for _ in 0..char.len_utf8() {
            self.starts.push(start);
            self.ends.push(end);
        }
    }

    fn space(&mut self, char: char, start: usize, end: usize) {
        let wanted = if char == '\n' { '\n' } else { ' ' };
        if !self.text.is_empty() && !self.text.ends_with([' ', '\n']) {
            self.push(wanted, start, end);
        }
    }

    fn append(&mut self, text: &str) {
        work::add(text.len());
        self.unclosed_to = 0;
        let mut at = 0;
        while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
            at = match char {
                '<' => self.tag(text, at),
                '&' => self.entity(text, at),
                _ if char.is_whitespace() => {
                    self.space(char, at, at + char.len_utf8());
                    at + char.len_utf8()
                }
                _ if char.is_ascii() => {
                    if !char.is_ascii_control() {
                        self.push(char, at, at + 1);
                    }
                    at + 1
                }
                _ => self.cluster(text, at),
            };
        }
    }

    /// A starter with its marks, in NFKC; all its bytes share one origin.
    fn cluster(&mut self, text: &str, at: usize) -> usize {
        let rest = &text[at..];
        let end = rest
            .char_indices()
            .skip(1)
            .take(MAX_CLUSTER_CHARS)
            .find(|(_, char)| canonical_combining_class(*char) == 0)
            .map_or_else(|| cut_chars(rest, MAX_CLUSTER_CHARS), |(offset, _)| offset);
        for char in rest[..end].nfkc() {
            if char.is_whitespace() {
                self.space(char, at, at + end);
            } else if !is_invisible(char) {
                self.push(char, at, at + end);
            }
        }
        at + end
    }

    fn tag(&mut self, text: &str, at: usize) -> usize {
        let rest = &text[at + 1..];
        let looks = rest.starts_with(|char: char| char.is_ascii_alphabetic() || char == '/' || char == '!');
        match looks.then(|| self.tag_end(text, at + 1)).flatten() {
            Some(end) => {
                self.space(' ', at, at + end + 2);
                at + end + 2
            }
            _ => {
                self.push('<', at, at + 1);
                at + 1
            }
        }
    }

    /// How many bytes behind `from` the next `>` stands, if near; what was looked through before is not again.
    fn tag_end(&mut self, text: &str, from: usize) -> Option<usize> {
        let limit = text.len().min(from + MAX_TAG_BYTES);
        let fresh = self.unclosed_to.clamp(from, limit);
        let found = text.as_bytes()[fresh..limit].iter().position(|byte| *byte == b'>');
        work::add(found.unwrap_or(limit - fresh));
        if found.is_none() {
            self.unclosed_to = limit;
        }
        found.map(|found| fresh + found - from)
    }

    fn entity(&mut self, text: &str, at: usize) -> usize {
        let rest = &text[at + 1..];
        let end = rest.bytes().take(10).position(|byte| byte == b';');
        if let Some((end, char)) = end.and_then(|end| decode(&rest[..end]).map(|char| (end, char))) {
            let after = at + end + 2;
            if char.is_whitespace() {
                self.space(char, at, after);
            } else if !char.is_control() {
                self.push(char, at, after);
            }
            return after;
        }
        self.push('&', at, at + 1);
        at + 1
    }
}

/// The first `limit` bytes of `text`, fewer where that would cut a character.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

fn cut_chars(text: &str, limit: usize) -> usize {
    text.char_indices().nth(limit).map_or(text.len(), |(offset, _)| offset)
}

/// Characters without width that only break words: soft hyphen, byte order mark, direction marks.
pub(crate) fn is_invisible(char: char) -> bool {
    char.is_control()
        || matches!(char, '\u{ad}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2060}' | '\u{feff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn decode(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code);
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" | "rsquo" | "lsquo" => '\'',
        "nbsp" => ' ',
        "ndash" | "mdash" => '-',
        "hellip" => '.',
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_goes_entities_are_decoded_and_white_space_collapses() {
        let clean = Clean::new(None, "<p>Flood &amp;  fire</p>\t in&#32;Ｋerala a < b");
        assert_eq!(clean.text, "Flood & fire in Kerala a < b");
    }

    #[test]
    fn a_cleaned_word_knows_where_it_stood() {
        let raw = "&lt;b> <i>São</i> Paulo";
        let clean = Clean::new(Some("News"), raw);
        let at = clean.text.find("Paulo").unwrap();
        let (start, end) = clean.origin(at, at + 5).unwrap();
        assert_eq!(&raw[start..end], "Paulo");
        assert_eq!(clean.origin(0, 4), None);
    }

    #[test]
    fn a_long_text_is_cut_at_a_character() {
        let raw = "ф".repeat(20_000);
        assert_eq!(Clean::new(None, &raw).text.len(), MAX_BYTES);
        assert_eq!(cut("aф", 2), "a");
    }
}
