//! News articles with labelled names (GeoWebNews, Gritta et al. 2020, "A Pragmatic Guide to Geoparsing Evaluation").

use std::path::Path;

use anyhow::Context;
use quick_xml::events::Event;

use crate::data::{files, text_of};
use crate::places::{Gold, Post};

/// Bytes of an article that the analysis reads.
pub const READ_BYTES: usize = 16 * 1024;

/// The articles with the names that are nouns and have a point; `None` where the set is not there.
///
/// # Errors
/// When the file is no XML.
pub fn articles(data: &Path) -> anyhow::Result<Option<Vec<Post>>> {
    let folder = data.join("geowebnews");
    if !folder.is_dir() {
        return Ok(None);
    }
    let mut articles = Vec::new();
    for (_, file) in files(&folder, "")?.into_iter().filter(|(name, _)| name.contains(".xml")) {
        articles
            .extend(read(&text_of(&file)?).with_context(|| format!("{} cannot be read", file.display()))?);
    }
    Ok(Some(articles))
}

fn read(xml: &str) -> anyhow::Result<Vec<Post>> {
    let mut reader = quick_xml::Reader::from_str(xml);
    let (mut articles, mut fields, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut article = Post { text: String::new(), gold: Vec::new() };
    loop {
        match reader.read_event()? {
            Event::Start(tag) => {
                if tag.name().as_ref() == "toponym" {
                    fields.clear();
                }
                field.clear();
            }
            Event::Text(text) => field.push_str(&text),
            Event::GeneralRef(entity) => {
                let char = entity.resolve_char_ref()?;
                field.push(char.or_else(|| named(&entity)).unwrap_or(' '));
            }
            Event::End(tag) => match tag.name().as_ref() {
                "text" => article.text.clone_from(&field),
                "toponym" => article.gold.extend(gold(&article.text, &fields)),
                "article" => articles
                    .push(std::mem::replace(&mut article, Post { text: String::new(), gold: Vec::new() })),
                name => fields.push((name.to_owned(), field.clone())),
            },
            Event::Eof => return Ok(articles),
            _ => {}
        }
    }
}

fn named(entity: &str) -> Option<char> {
    match entity {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    }
}

/// A labelled name whose edges fit the text.
fn gold(text: &str, fields: &[(String, String)]) -> Option<Gold> {
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.trim());
    let (from, to): (usize, usize) = (field("start")?.parse().ok()?, field("end")?.parse().ok()?);
    let at = |index: usize| text.char_indices().map(|(at, _)| at).chain([text.len()]).nth(index);
    let span = (at(from)?, at(to)?);
    let point = (field("latitude")?.parse().ok()?, field("longitude")?.parse().ok()?);
    let noun = field("modifierType") != Some("Adjective") && field("type")?.starts_with("Literal");
    let fits = span.1 <= READ_BYTES && text.get(span.0..span.1) == field("extractedName");
    (noun && fits).then_some(Gold { span, point: Some(point), bounds: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_where_it_fits_the_text() {
        let name = |word: &str| {
            format!(
                "<toponym><extractedName>{word}</extractedName><type>Literal</type><modifierType/><start>5</start>\
                 <end>9</end><latitude>41.9</latitude><longitude>12.5</longitude></toponym>"
            )
        };
        let xml = format!(
            "<articles><article><text>A &amp; Rome.</text>{}{}</article></articles>",
            name("Rome"),
            name("Oslo")
        );
        let articles = read(&xml.replace("A &amp; ", "A &amp;  ")).unwrap();
        assert_eq!(articles[0].text, "A &  Rome.");
        assert_eq!(articles[0].gold.len(), 1);
        assert_eq!(articles[0].gold[0].point, Some((41.9, 12.5)));
    }
}
