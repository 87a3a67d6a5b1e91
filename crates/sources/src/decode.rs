//! Bytes to text, whatever the document says of its encoding.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};

/// A UTF-8 byte-order mark that was taken for Latin-1 and encoded again; GDACS has sent it.
const MARK_ENCODED_TWICE: &[u8] = b"\xc3\xaf\xc2\xbb\xc2\xbf";

/// The document as text, without byte-order marks. What is valid UTF-8 is read as UTF-8 even when it declares something
/// else, since text in another encoding is hardly ever valid UTF-8 by chance; ISO-2022-JP is the exception, as it is ASCII.
pub(crate) fn to_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, length)) = Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(&bytes[length..]);
        return text;
    }
    let bytes = bytes.strip_prefix(MARK_ENCODED_TWICE).unwrap_or(bytes);
    let declared = declared_encoding(bytes);
    if declared.is_some_and(|encoding| !encoding.is_ascii_compatible()) {
        let (text, broken) = declared.unwrap_or(UTF_8).decode_without_bom_handling(bytes);
        if !broken {
            return text;
        }
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => decode_invalid_utf8(bytes, declared),
    }
}

fn decode_invalid_utf8<'a>(bytes: &'a [u8], declared: Option<&'static Encoding>) -> Cow<'a, str> {
    if let Some(encoding) = declared.filter(|encoding| *encoding != UTF_8) {
        return encoding.decode_without_bom_handling(bytes).0;
    }
    let lossy = String::from_utf8_lossy(bytes);
    let broken = lossy.chars().filter(|character| *character == char::REPLACEMENT_CHARACTER).count();
    let beyond_ascii = lossy.chars().filter(|character| !character.is_ascii()).count();
    // A UTF-8 document with a few damaged bytes stays UTF-8; one in which most accents are damaged is Latin-1 unannounced.
    if broken * 2 > beyond_ascii { WINDOWS_1252.decode_without_bom_handling(bytes).0 } else { lossy }
}

/// The encoding named by the XML declaration.
fn declared_encoding(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(256)];
    let head = head.split(|byte| *byte == b'>').next().filter(|head| head.starts_with(b"<?xml"))?;
    let at = head.windows(8).position(|window| window == b"encoding")?;
    let mut quoted = head[at..].split(|byte| *byte == b'"' || *byte == b'\'');
    Encoding::for_label(quoted.nth(1)?)
}

/// `text` without its XML declaration, whose encoding no longer holds once the text is decoded.
pub(crate) fn without_declaration(text: &str) -> &str {
    let text = text.trim_start();
    match text.strip_prefix("<?xml").filter(|rest| rest.starts_with(char::is_whitespace)) {
        Some(rest) => rest.split_once("?>").map_or(text, |(_, body)| body),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_order_mark_encoded_twice_is_dropped() {
        assert_eq!(to_text(b"\xc3\xaf\xc2\xbb\xc2\xbf<?xml?>"), "<?xml?>");
        assert_eq!(to_text(b"\xef\xbb\xbf<a/>"), "<a/>");
        assert_eq!(to_text(b"\xff\xfe<\0a\0"), "<a");
    }

    #[test]
    fn declared_and_undeclared_latin_1_are_read() {
        let document = b"<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Usulut\xe1n</a>";
        assert!(to_text(document).ends_with("<a>Usulután</a>"));
        assert_eq!(to_text(b"<a>Usulut\xe1n</a>"), "<a>Usulután</a>");
        assert_eq!(
            to_text(b"<?xml version='1.0' encoding='utf-8'?><a>\xe1</a>")
                .chars()
                .filter(|c| *c == 'á')
                .count(),
            1
        );
    }

    #[test]
    fn utf_8_wins_over_a_wrong_declaration() {
        let document = "<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?><a>Förderung</a>";
        assert_eq!(to_text(document.as_bytes()), document);
        assert_eq!(without_declaration(document), "<a>Förderung</a>");
    }
}
