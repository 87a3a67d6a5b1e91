//! What CAP says in pairs and areas: parameters, geocodes, polygons and circles.

use crate::geo::{self, Point};
use crate::xml::Element;

/// Point at the middle of the largest polygon below `areas`, else of the first circle.
pub(crate) fn centre(areas: &[&Element]) -> Option<Point> {
    let rings: Vec<Vec<Point>> =
        areas.iter().flat_map(|area| area.children("polygon")).map(|polygon| ring(&polygon.text)).collect();
    geo::centre(&rings).or_else(|| {
        let mut circles = areas.iter().flat_map(|area| area.children("circle"));
        circles.find_map(|circle| point(circle.text.split_whitespace().next()?))
    })
}

/// The corners of `lat,lon lat,lon …`; corners that cannot be read are left out.
fn ring(text: &str) -> Vec<Point> {
    text.split_whitespace().filter_map(point).collect()
}

fn point(text: &str) -> Option<Point> {
    let (lat, lon) = text.split_once(',')?;
    geo::on_globe(lat.parse().ok()?, lon.parse().ok()?)
}

/// Name and value of each child called `kind` of `element` (CAP 1.1 and later). One child may hold several pairs in a row,
/// as the Atom index of the NWS does; CAP 1.0 wrote `<parameter>NAME=value</parameter>`.
pub(crate) fn pairs<'a>(element: &'a Element, kind: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut pairs = Vec::new();
    for holder in element.children(kind) {
        let mut name = "";
        for child in &holder.children {
            match child.name.as_str() {
                "valueName" => name = child.text.trim(),
                "value" if !child.text.trim().is_empty() => pairs.push((name, child.text.trim())),
                _ => {}
            }
        }
        if let Some((name, value)) = holder.text.split_once('=').filter(|_| holder.children.is_empty()) {
            pairs.push((name.trim(), value.trim()));
        }
    }
    pairs
}

/// The first value that `name` has among `pairs`.
pub(crate) fn value<'a>(pairs: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
}

/// The first zone code, in the order of the alphabet.
pub(crate) fn first_zone(geocodes: &[(&str, &str)]) -> Option<String> {
    let codes =
        geocodes.iter().filter(|(name, _)| *name == "UGC").flat_map(|(_, value)| value.split_whitespace());
    codes.min().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::xml;

    #[test]
    fn pairs_are_read_in_every_spelling() {
        let entry = "<e><g><valueName>FIPS6</valueName><value>1</value><valueName>UGC</valueName><value>AKZ204</value></g>\
                     <g>UGC=AKZ001</g></e>";
        let entry = xml::parse(entry).unwrap();
        let pairs = pairs(&entry, "g");
        assert_eq!(pairs, [("FIPS6", "1"), ("UGC", "AKZ204"), ("UGC", "AKZ001")]);
        assert_eq!(first_zone(&pairs).as_deref(), Some("AKZ001"));
    }

    #[test]
    fn broken_corners_do_not_spoil_a_polygon() {
        assert_eq!(ring("+41.12,-117.61 x +40.85,-118.09, 91,0 +41.06,-117.47").len(), 2);
    }
}
