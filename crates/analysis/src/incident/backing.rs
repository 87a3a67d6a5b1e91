//! Who stands behind it that an incident is grave: an authority, the desk, or voices that are independent of each other.
//!
//! Counted as items join, so that whoever asks rules needs no texts. Bounded: of a text as much is read as is compared, and once there are
//! groups enough no more are looked for. Limits: an address that is quoted far down in a long text joins nobody; made anew, an incident's items
//! come in the order in which they were said, not in which they reached us.

use crisislens_model::incident::Backing;
use crisislens_model::{Incident, Item, Severity, SourceKind};

use super::COMPARED_BYTES;
use crate::evidence::groups::{Owners, Voice, keys_of};

/// Most keys of a group of voices that are kept, and characters of one.
const MAX_KEYS: usize = 16;
const MAX_KEY_CHARS: usize = 120;
/// So many independent groups are enough: what comes later takes nothing back, and no more are kept.
const ENOUGH: usize = 2;

/// Whether more than one voice of the public or of the press stands behind it. What was stored before this was counted is taken for it.
#[must_use]
pub fn is_backed(incident: &Incident) -> bool {
    incident.backing.as_ref().is_none_or(|backing| backing.sure || backing.groups.len() >= ENOUGH)
}

/// Takes in what `item` says of how grave it is.
pub fn back(incident: &mut Incident, item: &Item) {
    if let Some(backing) = &mut incident.backing {
        take(backing, item);
    }
}

/// What one item alone gives.
pub(super) fn of(item: &Item) -> Backing {
    let mut backing = Backing::default();
    take(&mut backing, item);
    backing
}

/// Both together; unknown where one is.
pub(super) fn both(one: Option<Backing>, other: Option<&Backing>) -> Option<Backing> {
    let (mut one, other) = (one?, other?);
    one.sure |= other.sure;
    if one.groups.len() < ENOUGH && other.groups.len() >= ENOUGH {
        one.groups.clone_from(&other.groups);
    }
    for group in &other.groups {
        add(&mut one, group.clone());
    }
    Some(one)
}

fn take(backing: &mut Backing, item: &Item) {
    let is_official = item.source_kind == SourceKind::Official;
    let by_people = item.corrected.as_ref().is_some_and(|corrected| corrected.to.severity.is_some());
    if item.severity >= Severity::High && (is_official || by_people) {
        backing.sure = true;
    }
    let is_open = backing.groups.len() < ENOUGH;
    if is_open && (item.severity >= Severity::High || (is_official && item.severity >= Severity::Medium)) {
        let voice = Voice {
            source: &item.source,
            kind: item.source_kind,
            author: item.author.as_deref(),
            url: item.url.as_deref(),
            text: compared(&item.text),
            ..Voice::default()
        };
        let mut keys = keys_of(&voice, &Owners::default(), MAX_KEYS);
        keys.iter_mut().for_each(|key| *key = key.chars().take(MAX_KEY_CHARS).collect());
        add(backing, keys);
    }
}

/// What is read of a text: no more than is compared with others, and no half of an address.
fn compared(text: &str) -> &str {
    if text.len() <= COMPARED_BYTES {
        return text;
    }
    let cut = &text[..text.floor_char_boundary(COMPARED_BYTES)];
    cut.rfind(char::is_whitespace).map_or("", |end| &cut[..end])
}

/// Adds a group where there are not enough; those that share a key with it are one with it.
fn add(backing: &mut Backing, mut keys: Vec<String>) {
    if backing.groups.len() >= ENOUGH {
        return;
    }
    let (kin, others): (Vec<Vec<String>>, Vec<Vec<String>>) = std::mem::take(&mut backing.groups)
        .into_iter()
        .partition(|group| group.iter().any(|key| keys.contains(key)));
    // The keys that were there first stay.
    let mut group: Vec<String> = kin.into_iter().flatten().collect();
    group.append(&mut keys);
    let mut known = std::collections::BTreeSet::new();
    group.retain(|key| known.insert(key.clone()));
    group.truncate(MAX_KEYS);
    backing.groups = others;
    backing.groups.push(group);
    backing.groups.sort_unstable();
}
