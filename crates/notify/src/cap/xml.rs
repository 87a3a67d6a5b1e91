//! Writes XML. Texts, and elements without attributes, are in canonical form: what is signed is what is written.

use quick_xml::Writer;
use quick_xml::events::{BytesEnd, BytesStart, BytesText, Event};

/// A document of its own.
pub fn document(root: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{root}\n")
}

/// Writes an element; what XML cannot have is left out of texts.
pub struct Xml(Writer<Vec<u8>>);

impl Default for Xml {
    fn default() -> Self {
        Self(Writer::new_with_indent(Vec::new(), b' ', 2))
    }
}

impl Xml {
    /// Writing into memory does not fail.
    fn write(&mut self, event: Event<'_>) {
        let _ = self.0.write_event(event);
    }

    pub fn open(&mut self, name: &str, attributes: &[(&str, &str)]) {
        self.write(Event::Start(BytesStart::new(name).with_attributes(attributes.iter().copied())));
    }

    pub fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) {
        let attributes: Vec<(&str, String)> =
            attributes.iter().map(|(name, value)| (*name, sound(value))).collect();
        let attributes = attributes.iter().map(|(name, value)| (*name, value.as_str()));
        self.write(Event::Empty(BytesStart::new(name).with_attributes(attributes)));
    }

    pub fn close(&mut self, name: &str) {
        self.write(Event::End(BytesEnd::new(name)));
    }

    pub fn text(&mut self, name: &str, text: &str) {
        self.open(name, &[]);
        self.write(Event::Text(BytesText::from_escaped(escaped(&sound(text)))));
        self.close(name);
    }

    pub fn pair(&mut self, name: &str, value_name: &str, value: &str) {
        self.open(name, &[]);
        self.text("valueName", value_name);
        self.text("value", value);
        self.close(name);
    }

    pub fn end(self) -> String {
        String::from_utf8(self.0.into_inner()).unwrap_or_default()
    }
}

/// As the canonical form has texts: these four and no others.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#xD;")
}

/// Without the characters that XML 1.0 has no way to write.
fn sound(text: &str) -> String {
    let is_sound = |character: &char| matches!(character, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..);
    text.chars().filter(is_sound).collect()
}
