//! What the file, the environment and `--set` say, as one tree that is not yet checked against what can be set.
//!
//! A file knows its types. What the environment and `--set` say is text, and becomes what its place asks for.

use std::collections::BTreeMap;
use std::ffi::OsString;

use anyhow::{Context, bail, ensure};
use config::{Source, Value, ValueKind};

/// Deepest place that a name may have.
const MAX_DEPTH: usize = 8;
/// What every variable of ours begins with.
const PREFIX: &str = "crisislens__";

/// A value, and what is in it.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Flag(bool),
    Whole(i128),
    Number(f64),
    Text(String),
    /// A text of no type, and where it stands.
    Given {
        text: String,
        place: String,
    },
    List(Vec<Tree>),
    Table(BTreeMap<String, Tree>),
}

impl Tree {
    /// The tree of a TOML document.
    pub fn of_toml(text: &str) -> anyhow::Result<Self> {
        let table = config::File::from_str(text, config::FileFormat::Toml).collect()?;
        Ok(Self::from(Value::new(None, table)))
    }

    /// Puts in what the environment says.
    pub fn put_environment(
        &mut self,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> anyhow::Result<()> {
        let mut ours = BTreeMap::new();
        for (variable, value) in variables {
            let Ok(variable) = variable.into_string() else { continue };
            if let Some(name) = variable.to_lowercase().strip_prefix(PREFIX) {
                let name = name.replace("__", ".");
                ours.insert((by_number(&name), name), (variable, value));
            }
        }
        for ((_, name), (variable, value)) in ours {
            let text = value.into_string().ok().with_context(|| format!("{variable} is not UTF-8"))?;
            self.put(&name, &text, &variable).with_context(|| format!("in {variable}"))?;
        }
        Ok(())
    }

    /// Puts `text` where `name` says, as `section.name` or `section.list[0].name`; `place` is where it stands.
    pub fn put(&mut self, name: &str, text: &str, place: &str) -> anyhow::Result<()> {
        ensure!(name.split('.').count() <= MAX_DEPTH, "nothing that can be set lies so deep");
        let mut at = self;
        for part in name.split('.') {
            let (word, index) = word_and_index(part)?;
            let Self::Table(table) = at else { bail!("what {word} is said to be in has no names in it") };
            at = table.entry(word.to_owned()).or_insert_with(|| match index {
                Some(_) => Self::List(Vec::new()),
                None => Self::Table(BTreeMap::new()),
            });
            if let Some(index) = index {
                at = at.entry(word, index)?;
            }
        }
        *at = Self::Given { text: text.to_owned(), place: place.to_owned() };
        Ok(())
    }

    /// The entry at `index`, or a new one behind the last.
    fn entry(&mut self, word: &str, index: &str) -> anyhow::Result<&mut Self> {
        if let Some(list) = self.as_list() {
            *self = Self::List(list);
        }
        let Self::List(list) = self else { bail!("{word} is no list") };
        let count = list.len();
        match index.parse::<usize>() {
            Ok(index) if index < count => Ok(&mut list[index]),
            Ok(index) if index == count => {
                list.push(Self::Table(BTreeMap::new()));
                Ok(&mut list[index])
            }
            _ => bail!("{word} has {count} entries, so there is no [{index}]; one more would be [{count}]"),
        }
    }

    /// The list that a text of no type is: as TOML writes it, or with commas.
    pub fn as_list(&self) -> Option<Vec<Self>> {
        let Self::Given { text, place } = self else { return None };
        if text.starts_with('[') {
            let Ok(Self::Table(mut table)) = Self::of_toml(&format!("list = {text}")) else { return None };
            return match table.remove("list") {
                Some(Self::List(list)) => Some(list),
                _ => None,
            };
        }
        let parts = text.split(',').map(str::trim).filter(|_| !text.is_empty());
        Some(parts.map(|part| Self::Given { text: part.to_owned(), place: place.clone() }).collect())
    }
}

/// What sorts a name so that the tenth entry of a list comes behind the second.
fn by_number(name: &str) -> Vec<(u64, String)> {
    let part =
        |part: &str| part.parse().map_or_else(|_| (0, part.to_owned()), |number| (number, String::new()));
    name.split(['[', ']']).map(part).collect()
}

/// A part of a name without its index, and the index.
fn word_and_index(part: &str) -> anyhow::Result<(&str, Option<&str>)> {
    let (word, index) = match part.split_once('[') {
        None => (part, None),
        Some((word, rest)) => {
            let index =
                rest.strip_suffix(']').filter(|index| index.bytes().all(|byte| byte.is_ascii_digit()));
            (word, Some(index.context("an index is a number in brackets, such as live[0]")?))
        }
    };
    let is_word = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    ensure!(is_word, "a name is section.name, of letters, digits and _");
    Ok((word, index))
}

impl From<Value> for Tree {
    fn from(value: Value) -> Self {
        match value.kind {
            ValueKind::Boolean(flag) => Self::Flag(flag),
            ValueKind::I64(number) => Self::Whole(number.into()),
            ValueKind::U64(number) => Self::Whole(number.into()),
            ValueKind::I128(number) => Self::Whole(number),
            ValueKind::U128(number) => {
                i128::try_from(number).map_or(Self::Number(f64::INFINITY), Self::Whole)
            }
            ValueKind::Float(number) => Self::Number(number),
            ValueKind::String(text) => Self::Text(text),
            ValueKind::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            ValueKind::Table(table) => {
                Self::Table(table.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
            ValueKind::Nil => Self::Table(BTreeMap::new()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(name: &str) -> Result<Tree, String> {
        let mut tree = Tree::of_toml("[[sources.live]]\nname = \"a\"\n[http]\nlisten = \"x\"\n").unwrap();
        tree.put(name, "new", "--set").map_err(|error| format!("{error:#}"))?;
        Ok(tree)
    }

    #[test]
    fn a_name_that_has_no_place_is_an_error_and_costs_nothing() {
        for (name, said) in [
            ("sources.live[999999999999]", "has 1 entries"),
            ("sources.live[99999999999999999999999999]", "has 1 entries"),
            ("sources.live[2].name", "has 1 entries"),
            ("a.b[4000000000]", "b has 0 entries"),
            ("sources.live[-1]", "in brackets"),
            ("sources.live[0", "in brackets"),
            ("http.listen.deeper", "no names in it"),
            ("http[0]", "http is no list"),
            ("", "section.name"),
            ("http..listen", "section.name"),
            ("http.li sten", "section.name"),
            (&"a.".repeat(100_000), "so deep"),
        ] {
            let reason = put(name).unwrap_err();
            assert!(reason.contains(said), "{name}: {reason}");
        }
    }

    #[test]
    fn an_entry_of_a_list_is_changed_and_added() {
        for (name, names) in
            [("sources.live[0].name", vec!["new"]), ("sources.live[1].name", vec!["a", "new"])]
        {
            let Tree::Table(root) = put(name).unwrap() else { panic!() };
            let Tree::Table(sources) = &root["sources"] else { panic!() };
            let Tree::List(live) = &sources["live"] else { panic!() };
            let found: Vec<&str> = live
                .iter()
                .map(|entry| match entry {
                    Tree::Table(entry) => match &entry["name"] {
                        Tree::Text(text) | Tree::Given { text, .. } => text.as_str(),
                        _ => panic!(),
                    },
                    _ => panic!(),
                })
                .collect();
            assert_eq!(found, names);
        }
    }

    #[test]
    fn the_environment_is_read_by_its_names_and_never_as_a_path_into_nowhere() {
        let variable = |name: &str| [(OsString::from(name), OsString::from("7"))].into_iter();
        let mut tree = Tree::Table(BTreeMap::new());
        tree.put_environment(variable("CRISISLENS__NODE__NAME").chain(variable("CRISISLENS_PASSWORD")))
            .unwrap();
        let given = Tree::Given { text: "7".to_owned(), place: "CRISISLENS__NODE__NAME".to_owned() };
        let node = Tree::Table([("name".to_owned(), given)].into());
        assert_eq!(tree, Tree::Table([("node".to_owned(), node)].into()));
        let many = (0..12).rev().map(|n| (format!("CRISISLENS__LIST[{n}]").into(), n.to_string().into()));
        tree.put_environment(many).unwrap();
        let Tree::Table(root) = &tree else { panic!() };
        let Tree::List(list) = &root["list"] else { panic!() };
        assert!(matches!(&list[11], Tree::Given { text, .. } if text == "11") && list.len() == 12);
        let reason = tree.put_environment(variable("CRISISLENS__A[999999999]")).unwrap_err();
        assert!(format!("{reason:#}").contains("CRISISLENS__A[999999999]"), "{reason:#}");
    }
}
