//! A small XML tree with hard limits. Namespace prefixes are dropped: the formats read here have no two elements that
//! differ in the prefix alone. A DOCTYPE is refused, so no entity can be declared and none expands into more than it is.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use serde_json::{Map, Value};

use crate::html;

/// How deep elements may nest.
const MAX_DEPTH: usize = 64;
/// How many elements a document may have.
const MAX_ELEMENTS: usize = 500_000;
/// How many attributes an element may have.
const MAX_ATTRIBUTES: usize = 256;

/// Why a document is not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XmlError {
    /// Not well-formed.
    #[error("is not well-formed XML at byte {at}: {why}")]
    Malformed {
        /// Where in the decoded text.
        at: u64,
        /// What the reader says.
        why: String,
    },
    /// Ends before its elements are closed.
    #[error("ends inside <{0}>: it was cut off")]
    CutOff(String),
    /// Carries a DOCTYPE.
    #[error("has a DOCTYPE, which is refused")]
    Doctype,
    /// Has no root element, or text in its place.
    #[error("has no XML element")]
    Empty,
    /// Goes beyond a limit.
    #[error("has more than {limit} {what}")]
    TooMuch {
        /// The limit.
        limit: usize,
        /// Of what.
        what: &'static str,
    },
}

/// One element: local name, attributes, children and its own text.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) children: Vec<Element>,
    pub(crate) text: String,
}

impl Element {
    /// The first child called `name`.
    pub(crate) fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// Every child called `name`.
    pub(crate) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The trimmed text of the first child called `name` that has some.
    pub(crate) fn text_of(&self, name: &str) -> Option<&str> {
        self.children
            .iter()
            .filter(|child| child.name == name)
            .map(|child| child.text.trim())
            .find(|text| !text.is_empty())
    }

    /// The attribute called `name`.
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The element as JSON: text alone becomes a string, attributes get an `@`, repeated children become a list. Children
    /// called one of `without` are left out.
    pub(crate) fn to_json(&self, without: &[&str]) -> Value {
        let text = self.text.trim();
        if self.children.is_empty() && self.attributes.is_empty() {
            return Value::String(text.to_owned());
        }
        let mut object = Map::new();
        for (key, value) in &self.attributes {
            object.insert(format!("@{key}"), Value::String(value.clone()));
        }
        if !text.is_empty() {
            object.insert("#text".into(), Value::String(text.to_owned()));
        }
        for child in self.children.iter().filter(|child| !without.contains(&child.name.as_str())) {
            let value = child.to_json(without);
            match object.get_mut(&child.name) {
                None => {
                    object.insert(child.name.clone(), value);
                }
                Some(Value::Array(list)) => list.push(value),
                Some(first) => *first = Value::Array(vec![first.take(), value]),
            }
        }
        Value::Object(object)
    }
}

/// The root element of `text`.
pub(crate) fn parse(text: &str) -> Result<Element, XmlError> {
    let mut reader = reader(text);
    let mut open: Vec<Element> = Vec::new();
    let mut count = 0_usize;
    loop {
        let event = reader.read_event().map_err(|error| malformed(&reader, &error))?;
        match event {
            Event::Start(start) => {
                let element = begin(&start, open.len(), &mut count)?;
                open.push(element);
            }
            Event::Empty(start) => {
                let element = begin(&start, open.len(), &mut count)?;
                match open.last_mut() {
                    Some(parent) => parent.children.push(element),
                    None => return Ok(element),
                }
            }
            Event::End(_) => {
                let Some(closed) = open.pop() else { continue };
                match open.last_mut() {
                    Some(parent) => parent.children.push(closed),
                    None => return Ok(closed),
                }
            }
            Event::Text(part) => push_text(&mut open, &part.xml10_content())?,
            Event::CData(part) => push_text(&mut open, &part.xml10_content())?,
            Event::GeneralRef(name) => push_reference(&mut open, &name),
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof => {
                return Err(open.pop().map_or(XmlError::Empty, |element| XmlError::CutOff(element.name)));
            }
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
}

/// Holds `text` to the limits for a reader that has none of its own, and returns where each `entry` or `item` lies.
pub(crate) fn entries(text: &str) -> Result<Vec<Range<usize>>, XmlError> {
    let mut reader = reader(text);
    let mut open: Vec<String> = Vec::new();
    let mut count = 0_usize;
    let mut found = Vec::new();
    let mut entry: Option<(usize, usize)> = None;
    loop {
        let before = position(&reader);
        match reader.read_event().map_err(|error| malformed(&reader, &error))? {
            Event::Start(start) => {
                let element = begin(&start, open.len(), &mut count)?;
                if entry.is_none() && matches!(element.name.as_str(), "item" | "entry") {
                    entry = Some((before, open.len()));
                }
                open.push(element.name);
            }
            Event::Empty(start) => {
                begin(&start, open.len(), &mut count)?;
            }
            Event::End(_) => {
                open.pop();
                if let Some((start, _)) = entry.take_if(|(_, depth)| *depth == open.len()) {
                    found.push(start..position(&reader));
                }
            }
            Event::DocType(_) => return Err(XmlError::Doctype),
            Event::Eof if count == 0 => return Err(XmlError::Empty),
            Event::Eof => return open.pop().map_or(Ok(found), |name| Err(XmlError::CutOff(name))),
            _ => {}
        }
    }
}

fn reader(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    config.allow_dangling_amp = true;
    config.check_end_names = true;
    reader
}

fn position(reader: &Reader<&[u8]>) -> usize {
    usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX)
}

fn malformed(reader: &Reader<&[u8]>, error: &quick_xml::Error) -> XmlError {
    XmlError::Malformed { at: reader.buffer_position(), why: error.to_string() }
}

fn begin(start: &BytesStart<'_>, depth: usize, count: &mut usize) -> Result<Element, XmlError> {
    *count += 1;
    if depth >= MAX_DEPTH {
        return Err(XmlError::TooMuch { limit: MAX_DEPTH, what: "nested elements" });
    }
    if *count > MAX_ELEMENTS {
        return Err(XmlError::TooMuch { limit: MAX_ELEMENTS, what: "elements" });
    }
    let mut element = Element { name: local(start.name().as_ref()), ..Element::default() };
    // Duplicate names are not checked: that check is what made long attribute lists slow, and we take the first anyway.
    for attribute in start.attributes().with_checks(false).flatten() {
        if element.attributes.len() == MAX_ATTRIBUTES {
            return Err(XmlError::TooMuch { limit: MAX_ATTRIBUTES, what: "attributes on one element" });
        }
        let key: &str = attribute.key.as_ref();
        if key.starts_with("xmlns") {
            continue;
        }
        let value = quick_xml::escape::unescape(&attribute.value)
            .map_or_else(|_| attribute.value.to_string(), |value| value.into_owned());
        element.attributes.push((local(key), value));
    }
    Ok(element)
}

fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

fn push_text(open: &mut [Element], part: &str) -> Result<(), XmlError> {
    match open.last_mut() {
        Some(element) => element.text.push_str(part),
        None if part.trim().is_empty() => {}
        None => return Err(XmlError::Empty),
    }
    Ok(())
}

/// One reference is at most one character; an unknown name stays as it was written.
fn push_reference(open: &mut [Element], name: &str) {
    let Some(element) = open.last_mut() else { return };
    match html::entity(name) {
        Some(character) => element.text.push(character),
        None => {
            element.text.push('&');
            element.text.push_str(name);
            element.text.push(';');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_and_attributes_are_read_without_prefixes() {
        let root =
            parse("<a:x xmlns:a='u' k='1 &amp; 2'><a:b>T &lt; &eacute;<![CDATA[ <i>]]></a:b><b/></a:x>")
                .unwrap();
        assert_eq!(root.name, "x");
        assert_eq!(root.attribute("k"), Some("1 & 2"));
        assert_eq!(root.text_of("b"), Some("T < é <i>"));
        assert_eq!(root.children("b").count(), 2);
        assert_eq!(root.to_json(&[]).to_string(), r#"{"@k":"1 & 2","b":["T < é <i>",""]}"#);
    }

    #[test]
    fn a_doctype_is_refused_before_any_entity_could_expand() {
        let bomb = "<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><x>&b;</x>";
        assert_eq!(parse(bomb), Err(XmlError::Doctype));
        assert_eq!(entries(bomb), Err(XmlError::Doctype));
    }

    #[test]
    fn depth_and_attributes_have_limits() {
        let deep = format!("{}{}", "<a>".repeat(65), "</a>".repeat(65));
        assert!(matches!(parse(&deep), Err(XmlError::TooMuch { limit: 64, .. })));
        let wide = format!("<a {}/>", (0..300).map(|n| format!("k{n}='' ")).collect::<String>());
        assert!(matches!(parse(&wide), Err(XmlError::TooMuch { limit: 256, .. })));
    }

    #[test]
    fn broken_documents_say_how_they_are_broken() {
        assert_eq!(parse("<a><b>"), Err(XmlError::CutOff("b".into())));
        assert!(matches!(parse("<a></b>"), Err(XmlError::Malformed { .. })));
        assert_eq!(parse("plain words"), Err(XmlError::Empty));
        assert_eq!(parse(""), Err(XmlError::Empty));
    }

    #[test]
    fn entries_are_found_where_they_lie() {
        let text = "<rss><channel><item><title>a</title></item>\n<item/><item><x/></item></channel></rss>";
        let found: Vec<&str> = entries(text).unwrap().into_iter().map(|range| &text[range]).collect();
        assert_eq!(found, ["<item><title>a</title></item>", "<item><x/></item>"]);
    }
}
