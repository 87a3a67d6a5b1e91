//! The committed offsets: one document in the index that they speak of, so that they come and go with it. Its id has the
//! index's token, a random name for one filling of one index: whoever moves the offsets of an index that has been replaced
//! meanwhile finds no such document under the alias, and learns of it.

use std::collections::BTreeMap;

use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;

use super::client::Client;
use crate::SearchError;

/// Next offsets by partition.
pub(super) type Offsets = BTreeMap<u32, u64>;

/// How often a commit starts anew because another moved the offsets between its look and its write.
const MAX_TRIES: u32 = 20;

/// Offsets as they were read, and which revision of their document that was.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Committed {
    pub offsets: Offsets,
    revision: Revision,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
struct Revision {
    #[serde(rename = "_seq_no")]
    sequence: u64,
    #[serde(rename = "_primary_term")]
    term: u64,
}

#[derive(Deserialize)]
struct Found {
    #[serde(flatten)]
    revision: Revision,
    #[serde(rename = "_source")]
    source: Source,
}

#[derive(Deserialize)]
struct Source {
    offsets: Offsets,
}

/// Where the document of the offsets is written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Into<'a> {
    /// The index that has this alias. Where none has it, the write fails: it must not make an index of that name, which
    /// would be in the alias's way.
    Alias(&'a str),
    /// An index that no alias names yet.
    Index(&'a str),
}

impl<'a> Into<'a> {
    fn name(self) -> &'a str {
        let (Self::Alias(name) | Self::Index(name)) = self;
        name
    }

    fn must_be_alias(self) -> bool {
        matches!(self, Self::Alias(_))
    }
}

/// Writes the document of an index that has just been made.
pub(super) async fn begin(client: &Client, index: &str, token: &str) -> Result<Committed, SearchError> {
    let path = format!("/{index}/_doc/offsets-{token}?op_type=create");
    let revision = client.put(&path, &json!({ "offsets": {} })).await?.read()?;
    Ok(Committed { offsets: Offsets::new(), revision })
}

/// The offsets in `index`, an index or an alias; none where it is not that token's.
pub(super) async fn read(
    client: &Client,
    index: &str,
    token: &str,
) -> Result<Option<Committed>, SearchError> {
    let answer = client.get(&format!("/{index}/_doc/offsets-{token}")).await?;
    let Some(answer) = answer.found() else {
        return Ok(None);
    };
    let Found { revision, source } = answer.read()?;
    Ok(Some(Committed { offsets: source.offsets, revision }))
}

/// Moves the offsets forward, starting from what was known of them; what is committed then. None where the document is no
/// longer there: another index is, or none.
pub(super) async fn advance(
    client: &Client,
    into: Into<'_>,
    token: &str,
    known: &Committed,
    by: &Offsets,
) -> Result<Option<Committed>, SearchError> {
    let mut known = known.clone();
    for _ in 0..MAX_TRIES {
        let offsets = forward(&known.offsets, by);
        if offsets == known.offsets {
            return Ok(Some(known));
        }
        let Revision { sequence, term } = known.revision;
        let path = format!(
            "/{}/_doc/offsets-{token}?if_seq_no={sequence}&if_primary_term={term}&require_alias={}",
            into.name(),
            into.must_be_alias()
        );
        let answer = client.put(&path, &json!({ "offsets": offsets })).await?;
        if answer.status != StatusCode::CONFLICT {
            return Ok(Some(Committed { offsets, revision: answer.read()? }));
        }
        match read(client, into.name(), token).await? {
            Some(newer) => known = newer,
            None => return Ok(None),
        }
    }
    let message = "the offsets of the search index are being moved by others without pause";
    Err(SearchError::Unavailable(message.to_owned()))
}

/// Of each partition the greater offset.
fn forward(known: &Offsets, by: &Offsets) -> Offsets {
    let mut forward = known.clone();
    for (partition, next) in by {
        forward.entry(*partition).and_modify(|known| *known = (*known).max(*next)).or_insert(*next);
    }
    forward
}
