//! The index behind the alias: looked up, made, and put in the place of another in one step. Not what is written to it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::client::{Answer, Client};
use super::names::Names;
use super::offsets::{self, Committed};
use super::schema::{SCHEMA, definition, template};
use crate::SearchError;

/// How often it is looked again when others make or replace the index at the same time.
const MAX_TRIES: u32 = 10;

/// An index of ours on the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Present {
    /// Its own name, not the alias.
    pub index: String,
    /// Names this filling of it.
    pub token: String,
}

/// What has the alias's name.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The index.
    pub present: Present,
    /// Of which schema it is; of none where somebody else has made it.
    pub schema: u64,
    /// Whether a rebuild has filled it.
    pub is_filled: bool,
}

/// What the server says of an index.
#[derive(Deserialize)]
struct Description {
    #[serde(default)]
    mappings: Mappings,
}

#[derive(Default, Deserialize)]
struct Mappings {
    #[serde(default, rename = "_meta")]
    meta: Meta,
}

#[derive(Default, Deserialize)]
struct Meta {
    #[serde(default)]
    schema: u64,
    #[serde(default)]
    token: String,
    #[serde(default)]
    filled: bool,
    /// The installation that it was made for.
    #[serde(default)]
    owner: String,
}

/// Finds and makes indexes.
pub(super) struct Indexes<'a> {
    pub client: &'a Client,
    pub names: &'a Names,
    /// The installation that they are for; empty for any.
    pub owner: &'a str,
}

impl Indexes<'_> {
    /// The present index; made empty where there is none, or in place of one that an older release has made.
    pub async fn ready(&self) -> Result<Present, SearchError> {
        for _ in 0..MAX_TRIES {
            let old = match self.look_up().await? {
                Some(Found { present, schema: SCHEMA, .. }) => return Ok(present),
                Some(Found { present: stray, .. }) if stray.index == self.names.alias() => {
                    self.check_is_empty(&stray.index).await?;
                    tracing::warn!(
                        index = stray.index,
                        "an empty index stands where an alias of ours must be; it makes way"
                    );
                    Some(stray)
                }
                Some(Found { schema, .. }) if schema > SCHEMA => {
                    let alias = self.names.alias();
                    let message =
                        format!("{alias} was made by a newer release (schema {schema}, ours is {SCHEMA})");
                    return Err(SearchError::Unavailable(message));
                }
                Some(Found { present: old, schema, .. }) => {
                    tracing::warn!(
                        index = old.index,
                        schema,
                        "search index is of an older schema and is started over"
                    );
                    Some(old)
                }
                None => None,
            };
            if let Some(begun) = self.begin_anew(old.as_ref()).await? {
                return Ok(begun);
            }
        }
        Err(SearchError::Unavailable("the search index is being replaced by others without pause".to_owned()))
    }

    /// Puts an empty index in the place of `old`, or where there is none. None if another was quicker.
    pub async fn begin_anew(&self, old: Option<&Present>) -> Result<Option<Present>, SearchError> {
        let (new, _) = self.make(false).await?;
        Ok(if self.install(&new, old).await? { Some(new) } else { None })
    }

    /// Says what is in the way where an index that is not ours has the alias's name. An empty one holds nothing of anybody: a
    /// write makes such a one where the alias is gone, if it does not ask for an alias.
    async fn check_is_empty(&self, index: &str) -> Result<(), SearchError> {
        #[derive(Deserialize)]
        struct Count {
            count: u64,
        }
        self.client.post(&format!("/{index}/_refresh"), &Value::Null).await?.good()?;
        let Count { count } = self.client.get(&format!("/{index}/_count")).await?.read()?;
        if count == 0 {
            return Ok(());
        }
        Err(SearchError::Unavailable(format!(
            "{index} is an index of somebody else with {count} documents, where an alias of ours must be; delete it, or give \
             search.url a prefix of its own"
        )))
    }

    /// What has the alias's name, and of which schema it is: an index of ours, or one of that very name, of no schema.
    pub async fn look_up(&self) -> Result<Option<Found>, SearchError> {
        let alias = self.names.alias();
        let Some(answer) = self.client.get(&format!("/{alias}")).await?.found() else {
            return Ok(None);
        };
        let mut indexes: BTreeMap<String, Description> = answer.read()?;
        match (indexes.pop_first(), indexes.is_empty()) {
            (Some((index, Description { mappings: Mappings { meta } })), true) => {
                if ![&meta.owner, self.owner].contains(&"") && meta.owner != self.owner {
                    return Err(SearchError::Unavailable(format!(
                        "{alias} belongs to another installation, or to a store that is gone; give search.url a prefix of its \
                         own, or delete that index"
                    )));
                }
                let present = Present { index, token: meta.token };
                Ok(Some(Found { present, schema: meta.schema, is_filled: meta.filled }))
            }
            (None, _) => Ok(None),
            (Some(_), false) => {
                let message =
                    format!("the alias {alias} names several indexes; take it away from all but one");
                Err(SearchError::Unavailable(message))
            }
        }
    }

    /// An empty index that no alias names, and its offsets; `to_fill` where it is given the alias only once it is filled.
    pub async fn make(&self, to_fill: bool) -> Result<(Present, Committed), SearchError> {
        let path = format!("/_index_template/{}", self.names.template());
        self.client.put(&path, &template(&self.names.pattern())).await?.good()?;
        let token = Uuid::new_v4().as_simple().to_string();
        // Said in full: a template of somebody else may go before ours.
        let mut body = definition();
        body["mappings"]["_meta"] =
            json!({ "schema": SCHEMA, "token": token, "filled": to_fill, "owner": self.owner });
        let last = self.all().await?.iter().filter_map(|index| self.names.number(index)).max().unwrap_or(0);
        let index = self.names.index(last.saturating_add(1), &token);
        self.client.put(&format!("/{index}"), &body).await?.good()?;
        let committed = offsets::begin(self.client, &index, &token).await?;
        Ok((Present { index, token }, committed))
    }

    /// Lets the alias name `new` instead of `old`, which is removed, all in one step; false, and `new` is removed, if the
    /// alias does not name `old` any more.
    pub async fn install(&self, new: &Present, old: Option<&Present>) -> Result<bool, SearchError> {
        let mut actions: Vec<Value> = Vec::new();
        actions.extend(old.map(|old| json!({ "remove_index": { "index": old.index } })));
        // Only one index of an alias may be the one for writes: this refuses a second.
        let add = json!({ "index": new.index, "alias": self.names.alias(), "is_write_index": true });
        actions.push(json!({ "add": add }));
        let answer = self.client.post("/_aliases", &json!({ "actions": actions })).await;
        if matches!(&answer, Ok(answer) if answer.status.is_success()) {
            return Ok(true);
        }
        // What is there now tells whether it happened, was forestalled, or failed.
        let now = self.look_up().await?.map(|found| found.present);
        if now.as_ref() == Some(new) {
            return Ok(true);
        }
        self.remove(&new.index).await;
        if now.as_ref() == old {
            Err(answer.map_or_else(|error| error, |answer| answer.refused()))
        } else {
            Ok(false)
        }
    }

    /// Removes an index that is of no use; one that cannot be removed only takes space until the next rebuild.
    pub async fn remove(&self, index: &str) {
        let gone = self
            .client
            .delete(&format!("/{index}"))
            .await
            .and_then(|answer| answer.found().map_or(Ok(()), Answer::good));
        if let Err(error) = gone {
            tracing::warn!(index, %error, "a search index could not be removed");
        }
    }

    /// Removes what earlier rebuilds have left behind, and what one that is under way elsewhere has made so far.
    pub async fn remove_all_but(&self, present: &Present) -> Result<(), SearchError> {
        for index in self.all().await? {
            if self.names.number(&index).is_some() && index != present.index {
                self.remove(&index).await;
            }
        }
        Ok(())
    }

    /// The names of all indexes of ours.
    async fn all(&self) -> Result<Vec<String>, SearchError> {
        #[derive(Deserialize)]
        struct Row {
            index: String,
        }
        let path = format!("/_cat/indices/{}?format=json&h=index&expand_wildcards=all", self.names.pattern());
        let rows: Vec<Row> = self.client.get(&path).await?.read()?;
        Ok(rows.into_iter().map(|row| row.index).collect())
    }
}
