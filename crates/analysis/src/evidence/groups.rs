//! Which voices are one: copies of one original, one source, sources of one owner, one author, and voices that quote one address.
//! Only independent groups corroborate. Union-find over the keys that voices share (Tarjan 1975). Not here: how much a group weighs.

use std::collections::HashMap;

use crisislens_model::{ItemId, SourceKind};

use crate::text::clean::is_invisible;

/// Sources that belong together, each list one owner's.
#[derive(Debug, Clone, Default)]
pub struct Owners(HashMap<String, usize>);

impl Owners {
    /// From lists of names of sources; the case of letters plays no part, and a source in two lists joins them.
    #[must_use]
    pub fn new(owners: &[Vec<String>]) -> Self {
        let mut union = Union::default();
        for owner in owners {
            for pair in owner.windows(2) {
                union.join(&key("", &pair[0]), &key("", &pair[1]));
            }
        }
        let names: Vec<String> = union.numbers.keys().cloned().collect();
        Self(names.into_iter().map(|name| (name.clone(), union.root_of(&name))).collect())
    }

    fn of(&self, source: &str) -> Option<usize> {
        self.0.get(&key("", source)).copied()
    }
}

/// One who speaks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Voice<'a> {
    /// The item, where it is one of ours.
    pub item: Option<ItemId>,
    /// The item it repeats.
    pub duplicate_of: Option<ItemId>,
    /// Name of the source.
    pub source: &'a str,
    /// What sort of voice; on a network (`social`) the author speaks, elsewhere the source.
    pub kind: SourceKind,
    /// Who said it.
    pub author: Option<&'a str>,
    /// Where it stands.
    pub url: Option<&'a str>,
    /// What it says; addresses in it are quoted.
    pub text: &'a str,
}

/// The group of each voice, by a name: the least of the keys that its members have.
#[must_use]
pub fn groups(voices: &[Voice<'_>], owners: &Owners) -> Vec<String> {
    let keys: Vec<Vec<String>> =
        voices.iter().enumerate().map(|(at, voice)| keys(at, voice, owners, usize::MAX)).collect();
    let mut union = Union::default();
    for keys in &keys {
        union.number(&keys[0]);
        keys.windows(2).for_each(|pair| union.join(&pair[0], &pair[1]));
    }
    let mut names: HashMap<usize, &String> = HashMap::new();
    for keys in &keys {
        let root = union.root_of(&keys[0]);
        let least = keys.iter().min().unwrap_or(&keys[0]);
        names.entry(root).and_modify(|name| *name = (*name).min(least)).or_insert(least);
    }
    keys.iter()
        .map(|keys| names.get(&union.root_of(&keys[0])).map_or_else(String::new, |name| (*name).clone()))
        .collect()
}

/// What a voice has that another may have, too; at least one, and `most` addresses at most. It is nobody's copy, as far as is known.
pub(crate) fn keys_of(voice: &Voice<'_>, owners: &Owners, most: usize) -> Vec<String> {
    keys(0, voice, owners, most)
}

/// All that two voices may have in common, with `most` addresses at most; at least one.
fn keys(at: usize, voice: &Voice<'_>, owners: &Owners, most: usize) -> Vec<String> {
    let mut keys = Vec::new();
    let author = voice.author.map(str::trim).filter(|author| !author.is_empty());
    keys.extend(author.map(|author| key("author:", author)));
    if voice.kind != SourceKind::Social || author.is_none() {
        keys.push(key("source:", voice.source));
        keys.extend(owners.of(voice.source).map(|owner| format!("zowner:{owner}")));
    }
    keys.extend(voice.item.map(|item| format!("zitem:{item}")));
    keys.extend(voice.duplicate_of.map(|item| format!("zitem:{item}")));
    let quoted = voice.text.split_whitespace().filter(|word| word.contains("://"));
    keys.extend(voice.url.into_iter().chain(quoted).filter_map(address).take(most));
    if keys.is_empty() {
        keys.push(format!("zvoice:{at}"));
    }
    keys
}

fn key(kind: &str, name: &str) -> String {
    let seen: String = name.chars().filter(|char| !is_invisible(*char)).collect();
    format!("{kind}{}", seen.trim().trim_start_matches('@').to_lowercase())
}

/// An address as a key: without scheme, `www.`, fragment, tracking and a last slash. None where it names no more than a site, which
/// many quote for different things.
fn address(url: &str) -> Option<String> {
    let start = url.find("://")? + 3;
    let rest = url[start..].trim_end_matches(['.', ',', ')', ']', '"', '”', '!', '?', ';', ':', '…']);
    let rest = rest.split('#').next()?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = place.split_once('/')?;
    let mut kept: Vec<&str> =
        query.split('&').filter(|part| !part.is_empty() && !part.starts_with("utm_")).collect();
    kept.sort_unstable();
    let path = path.trim_end_matches('/');
    let host = host.to_lowercase();
    let host = host.strip_prefix("www.").unwrap_or(&host);
    (!path.is_empty() || !kept.is_empty()).then(|| format!("zurl:{host}/{path}?{}", kept.join("&")))
}

/// Disjoint sets of keys.
#[derive(Debug, Default)]
struct Union {
    numbers: HashMap<String, usize>,
    parents: Vec<usize>,
}

impl Union {
    fn number(&mut self, key: &str) -> usize {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.parents.len();
        self.numbers.insert(key.to_owned(), number);
        self.parents.push(number);
        number
    }

    fn root(&mut self, mut number: usize) -> usize {
        while self.parents[number] != number {
            self.parents[number] = self.parents[self.parents[number]];
            number = self.parents[number];
        }
        number
    }

    fn root_of(&mut self, key: &str) -> usize {
        let number = self.number(key);
        self.root(number)
    }

    fn join(&mut self, one: &str, other: &str) {
        let (one, other) = (self.root_of(one), self.root_of(other));
        // The older stays, so that the order of keys alone decides.
        self.parents[one.max(other)] = one.min(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn media(source: &str) -> Voice<'_> {
        Voice { source, kind: SourceKind::Media, ..Voice::default() }
    }

    fn post<'a>(author: &'a str, text: &'a str) -> Voice<'a> {
        Voice { source: "network", kind: SourceKind::Social, author: Some(author), text, ..Voice::default() }
    }

    fn count(voices: &[Voice<'_>], owners: &Owners) -> usize {
        let mut names = groups(voices, owners);
        names.sort();
        names.dedup();
        names.len()
    }

    #[test]
    fn a_ring_of_copies_is_one_voice() {
        let id = |n: usize| ItemId::of("s", &n.to_string());
        let names: Vec<String> = (0..50).map(|n| format!("user{n}")).collect();
        let ring: Vec<Voice<'_>> = names
            .iter()
            .enumerate()
            .map(|(n, name)| Voice {
                item: Some(id(n)),
                duplicate_of: (n > 0).then(|| id(0)),
                ..post(name, "The dam broke")
            })
            .collect();
        assert_eq!(count(&ring, &Owners::default()), 1);
        // The original is not among the evidence: its copies are still one.
        assert_eq!(count(&ring[1..], &Owners::default()), 1);
    }

    #[test]
    fn owners_join_sources_and_others_stay_apart() {
        let list = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let owners =
            Owners::new(&[list(&["Daily", "Evening"]), list(&["Radio", "TV"]), list(&["evening", "Weekly"])]);
        let voices = ["daily", "WEEKLY", "radio", "tv", "Herald"].map(media);
        let groups = groups(&voices, &owners);
        assert_eq!(groups[0], groups[1]);
        assert_eq!(groups[2], groups[3]);
        assert_eq!(count(&voices, &owners), 3);
        assert_eq!(groups[4], "source:herald");
    }

    #[test]
    fn on_a_network_the_author_speaks_and_elsewhere_the_source() {
        let none = Owners::default();
        assert_eq!(count(&[post("@anna", ""), post("ben", ""), post("Anna ", "")], &none), 2);
        assert_eq!(count(&[media("Herald"), media("herald")], &none), 1);
        assert_eq!(
            count(&[Voice { author: None, ..post("", "") }, Voice { author: None, ..post("", "") }], &none),
            1
        );
    }

    #[test]
    fn who_quotes_one_address_is_one_voice() {
        let none = Owners::default();
        let one = post("a", "Look https://www.News.example/dam?utm_source=x&id=7#top");
        let other = post("b", "http://news.example/dam?id=7.");
        let paper = Voice { url: Some("https://news.example/dam/?id=7"), ..media("News") };
        assert_eq!(count(&[one, other, paper], &none), 1);
        let homes = [post("c", "https://news.example/"), post("d", "https://news.example")];
        assert_eq!(count(&homes, &none), 2, "a site is no article");
    }

    #[test]
    fn names_of_groups_do_not_hang_on_the_order() {
        let voices = [
            media("b"),
            post("x", "https://a.example/1"),
            Voice { url: Some("https://a.example/1"), ..media("a") },
        ];
        let forward = groups(&voices, &Owners::default());
        let reversed: Vec<Voice<'_>> = voices.iter().rev().copied().collect();
        let mut back = groups(&reversed, &Owners::default());
        back.reverse();
        assert_eq!(forward, back);
    }
}
