//! Figures: digits of any script with separators, and what shows that they count nothing.

use crate::text::{Doc, Token};

/// Most digits of a number; more are a code.
const MAX_DIGITS: usize = 9;
/// Most groups that separators join.
const MAX_GROUPS: usize = 6;
/// Groups of digits one space or hyphen apart are a phone number from this many groups or digits on.
const PHONE_GROUPS: usize = 3;
const PHONE_DIGITS: usize = 9;
/// First digit of each script's ten.
const ZEROS: [u32; 10] = [0x30, 0x660, 0x6f0, 0x966, 0x9e6, 0xa66, 0xae6, 0xbe6, 0xc66, 0xe50];

/// A number in figures.
#[derive(Debug, Clone, Copy)]
pub(super) struct Figure {
    pub(super) value: f64,
    /// Token after the last.
    pub(super) after: usize,
    /// Byte after the last digit.
    pub(super) end: usize,
    pub(super) is_year: bool,
    pub(super) is_dotted: bool,
}

/// The value of a digit.
pub(crate) fn digit(char: char) -> Option<u32> {
    let code = char as u32;
    ZEROS.iter().map(|zero| code.wrapping_sub(*zero)).find(|value| *value < 10)
}

/// The number in figures that begins at token `index`; behind a hyphen only where it ends a range.
pub(super) fn read(doc: &Doc, index: usize, comma_decimal: bool, ends_range: bool) -> Option<Figure> {
    let token = doc.tokens.get(index)?;
    let text = doc.clean.text.as_str();
    let (first, mut end) = digits(doc, token)?;
    let before = text[..token.start].chars().next_back();
    if token.hashtag || before.is_some_and(is_foreign) || (!ends_range && follows_digit(doc, index)) {
        return None;
    }
    let mut groups: Vec<String> = vec![first];
    let mut separators: Vec<char> = Vec::new();
    let mut after = index + 1;
    while end == doc.tokens[after - 1].end && groups.len() < MAX_GROUPS {
        let Some(next) = doc.tokens.get(after) else { break };
        let mut between = text[end..next.start].chars();
        let (Some(separator), None) = (between.next(), between.next()) else { break };
        let Some((group, group_end)) = digits(doc, next) else { break };
        let joins = match separator {
            '.' | ',' | '\'' | '’' | '٬' | '٫' => true,
            ' ' => comma_decimal && group.len() == 3 && group_end == next.end && groups[0].len() <= 3,
            _ => false,
        };
        if !joins {
            break;
        }
        groups.push(group);
        separators.push(separator);
        end = group_end;
        after += 1;
    }
    if is_phone(doc, index, after) || counts_nothing(&text[end..]) {
        return None;
    }
    let (value, is_dotted) = value(&groups, &separators, comma_decimal)?;
    let is_year = groups.len() == 1 && groups[0].len() == 4 && (1900.0..2100.0).contains(&value);
    Some(Figure { value, after, end, is_year, is_dotted })
}

/// The digits that `token` begins with, as ASCII, and the byte after them.
fn digits(doc: &Doc, token: &Token) -> Option<(String, usize)> {
    let mut out = String::new();
    let mut end = token.start;
    for char in doc.surface(token).chars() {
        let Some(value) = digit(char).and_then(|value| char::from_digit(value, 10)) else { break };
        out.push(value);
        end += char.len_utf8();
    }
    (!out.is_empty() && out.len() <= MAX_DIGITS).then_some((out, end))
}

/// Signs before figures that make them a price, a tag, a part of a date or a time, or a phone number.
fn is_foreign(char: char) -> bool {
    matches!(char, '$' | '€' | '£' | '¥' | '₹' | '#' | '/' | ':' | '+' | '_' | '@' | '=' | '\\' | '*')
}

/// Whether the token goes on from figures before a point, a comma or a hyphen.
fn follows_digit(doc: &Doc, index: usize) -> bool {
    let text = doc.clean.text.as_str();
    let start = doc.tokens[index].start;
    let mut before = text[..start].chars().rev();
    matches!(before.next(), Some('.' | ',' | '-' | '\''))
        && before.next().is_some_and(|char| digit(char).is_some())
}

/// What follows figures that are a share, a ratio, a time, a temperature or a price.
fn counts_nothing(rest: &str) -> bool {
    let mut chars = rest.chars();
    let first = chars.next();
    let second = chars.next().is_some_and(|char| digit(char).is_some());
    let percent = rest.trim_start_matches(' ').starts_with('%');
    percent || matches!(first, Some('°' | '€' | '£' | '$')) || (matches!(first, Some('/' | ':')) && second)
}

/// Whether the figures stand in a row of groups that is a phone number.
fn is_phone(doc: &Doc, index: usize, after: usize) -> bool {
    let text = doc.clean.text.as_str();
    let joined = |left: usize, right: usize| {
        let (left, right) = (&doc.tokens[left], &doc.tokens[right]);
        matches!(&text[left.end..right.start], " " | "-" | "." | ") " | ")")
            && all_digits(doc, left)
            && all_digits(doc, right)
    };
    let (mut from, mut to) = (index, after);
    while from > 0 && index - from < MAX_GROUPS && joined(from - 1, from) {
        from -= 1;
    }
    while to < doc.tokens.len() && to - after < MAX_GROUPS && joined(to - 1, to) {
        to += 1;
    }
    if (from, to) == (index, after) {
        return false;
    }
    let digits: usize = doc.tokens[from..to].iter().map(|token| doc.surface(token).chars().count()).sum();
    let hyphen = to == from + 2 && text[doc.tokens[from].end..].starts_with('-');
    !hyphen && (to - from >= PHONE_GROUPS || digits >= PHONE_DIGITS)
}

fn all_digits(doc: &Doc, token: &Token) -> bool {
    doc.surface(token).chars().all(|char| digit(char).is_some())
}

/// The value, and whether it is the dotted form that may be thousands.
fn value(groups: &[String], separators: &[char], comma_decimal: bool) -> Option<(f64, bool)> {
    let whole = |groups: &[String]| groups.concat().parse::<f64>().ok();
    let Some((last, before)) = separators.split_last() else {
        let code = groups[0].len() > 1 && groups[0].starts_with('0');
        return if code || is_date(&groups[0]) { None } else { Some((whole(groups)?, false)) };
    };
    let decimals = groups.last()?;
    let decimal = |groups: &[String]| {
        let whole = groups[..groups.len() - 1].concat();
        format!("{whole}.{decimals}").parse::<f64>().ok()
    };
    if before.iter().all(|separator| separator == last) {
        if *last != '٫' && are_thousands(groups) {
            let ambiguous = *last == '.' && before.is_empty() && !comma_decimal;
            return if ambiguous { Some((decimal(groups)?, true)) } else { Some((whole(groups)?, false)) };
        }
        let point = matches!(last, '.' | ',' | '٫') && before.is_empty();
        return if point { Some((decimal(groups)?, false)) } else { None };
    }
    let one = before.iter().all(|separator| separator == &before[0]);
    let pointed = matches!(last, '.' | ',' | '٫');
    (one && pointed && are_thousands(&groups[..groups.len() - 1]))
        .then(|| decimal(groups))?
        .map(|value| (value, false))
}

/// "20241128".
fn is_date(digits: &str) -> bool {
    let part = |from: usize, to: usize| digits.get(from..to).and_then(|part| part.parse::<u32>().ok());
    digits.len() == 8
        && part(0, 4).is_some_and(|year| (1900..2100).contains(&year))
        && part(4, 6).is_some_and(|month| (1..=12).contains(&month))
        && part(6, 8).is_some_and(|day| (1..=31).contains(&day))
}

/// Groups of three, or of two before the last as in India.
fn are_thousands(groups: &[String]) -> bool {
    let Some((last, before)) = groups.split_last() else { return false };
    let Some((first, middle)) = before.split_first() else { return true };
    last.len() == 3
        && first.len() <= 3
        && !first.starts_with('0')
        && (middle.iter().all(|group| group.len() == 3)
            || (first.len() <= 2 && middle.iter().all(|group| group.len() == 2)))
}
