//! What is put and not yet committed, and the commit. What is put stays here until then; where it becomes too much, it is
//! written ahead, which nobody sees, as only a commit refreshes the index.

use std::collections::HashMap;

use super::OpenSearchOptions;
use super::bulk::Target;
use super::client::Client;
use super::document::Document;
use super::names::Names;
use super::offsets::{self, Committed, Into, Offsets};
use super::present::{Found, Indexes, Present};
use super::schema::SCHEMA;
use crate::{SearchError, Standing};

/// How often it is looked again where the offsets are gone.
const MAX_TRIES: u32 = 10;

/// One writer of this process; others may write to the same index.
#[derive(Default)]
pub(super) struct Writer {
    /// The index whose offsets this writer moves, and they. None before the first look.
    present: Option<(Present, Committed)>,
    pending: HashMap<String, Document>,
    pending_bytes: usize,
    /// Whether something was written that no refresh has shown yet.
    ahead: bool,
    /// A write failed or was left in the middle, and nobody has asked yet where to continue.
    has_failed: bool,
}

/// The way to the server, for one call.
#[derive(Clone, Copy)]
pub(super) struct Server<'a> {
    pub client: &'a Client,
    pub names: &'a Names,
    pub options: &'a OpenSearchOptions,
}

impl Server<'_> {
    pub fn indexes(&self) -> Indexes<'_> {
        Indexes { client: self.client, names: self.names, owner: &self.options.owner }
    }

    /// Makes what was written to `index`, an index or an alias, searchable.
    pub async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        self.client.post(&format!("/{index}/_refresh"), &serde_json::Value::Null).await?.good()
    }
}

impl Writer {
    /// Where to continue. Looks at the server: others may have moved the offsets or replaced the index.
    pub async fn offsets(&mut self, server: Server<'_>) -> Result<Offsets, SearchError> {
        let (present, committed) = look(server).await?;
        let is_same = self.present.as_ref().is_some_and(|(known, _)| *known == present);
        if self.has_failed || !is_same {
            self.drop_pending();
        }
        self.has_failed = false;
        let offsets = committed.offsets.clone();
        self.present = Some((present, committed));
        Ok(offsets)
    }

    /// Takes documents in; an error in making them counts as one of writing them.
    pub async fn put(
        &mut self,
        server: Server<'_>,
        documents: Result<Vec<Document>, SearchError>,
    ) -> Result<(), SearchError> {
        self.begin()?;
        let outcome = match documents {
            Ok(documents) => self.take(server, documents).await,
            Err(error) => Err(error),
        };
        self.end(outcome)
    }

    pub async fn commit(&mut self, server: Server<'_>, offsets: &Offsets) -> Result<(), SearchError> {
        self.begin()?;
        let outcome = self.publish(server, offsets).await;
        self.end(outcome)
    }

    /// From now on the offsets of `present` are moved; what is pending goes there.
    pub fn follow(&mut self, present: Present, committed: Committed) {
        self.present = Some((present, committed));
        self.ahead = false;
    }

    /// Refuses to write until [`Writer::offsets`] is asked for.
    pub fn give_up(&mut self) {
        self.has_failed = true;
        self.drop_pending();
    }

    async fn publish(&mut self, server: Server<'_>, by: &Offsets) -> Result<(), SearchError> {
        if self.present.is_none() {
            self.present = Some(look(server).await?);
        }
        self.write(server).await?;
        let alias = server.names.alias();
        if self.ahead {
            server.refresh(&alias).await?;
            self.ahead = false;
        }
        let Some((present, known)) = &self.present else {
            return Ok(());
        };
        match offsets::advance(server.client, Into::Alias(&alias), &present.token, known, by).await? {
            Some(committed) => {
                self.present = Some((present.clone(), committed));
                Ok(())
            }
            None => {
                let message = "the index was replaced meanwhile; continue from its offsets";
                Err(SearchError::Unavailable(message.to_owned()))
            }
        }
    }

    /// Writes what is pending. Through the alias: should the index have been replaced, that is where it belongs, and the
    /// next commit finds out.
    async fn write(&mut self, server: Server<'_>) -> Result<(), SearchError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let documents: Vec<Document> = self.pending.drain().map(|(_, document)| document).collect();
        self.pending_bytes = 0;
        self.ahead = true;
        let alias = server.names.alias();
        let retry_for = server.options.retry_for;
        Target { client: server.client, name: &alias, is_alias: true, retry_for }.write(&documents).await
    }

    async fn take(&mut self, server: Server<'_>, documents: Vec<Document>) -> Result<(), SearchError> {
        for document in documents {
            self.hold(document);
            let options = server.options;
            if self.pending.len() >= options.buffer_items || self.pending_bytes >= options.buffer_bytes {
                self.write(server).await?;
            }
        }
        Ok(())
    }

    fn hold(&mut self, document: Document) {
        let known = self.pending.get(&document.id);
        if known.is_some_and(|known| known.version > document.version) {
            return;
        }
        self.pending_bytes += document.json.len();
        if let Some(before) = self.pending.insert(document.id.clone(), document) {
            self.pending_bytes -= before.json.len();
        }
    }

    /// Counts as failed until [`Writer::end`] says otherwise: whoever waits for a write may also go away.
    fn begin(&mut self) -> Result<(), SearchError> {
        if self.has_failed {
            let message = "an earlier write failed; continue from the committed offsets";
            return Err(SearchError::Unavailable(message.to_owned()));
        }
        self.has_failed = true;
        Ok(())
    }

    fn end(&mut self, outcome: Result<(), SearchError>) -> Result<(), SearchError> {
        match &outcome {
            Ok(()) => self.has_failed = false,
            Err(_) => self.drop_pending(),
        }
        outcome
    }

    fn drop_pending(&mut self) {
        self.pending.clear();
        self.pending_bytes = 0;
    }
}

/// How far the present index is. Asks the server, and touches no writer.
pub(super) async fn standing(server: Server<'_>) -> Result<Standing, SearchError> {
    let Some(Found { present, schema: SCHEMA, is_filled }) = server.indexes().look_up().await? else {
        return Ok(Standing::default());
    };
    let committed = offsets::read(server.client, &present.index, &present.token).await?;
    Ok(committed.map(|committed| Standing { offsets: committed.offsets, is_filled }).unwrap_or_default())
}

/// The present index and its offsets; an index without them has lost them, and is filled again from the beginning.
async fn look(server: Server<'_>) -> Result<(Present, Committed), SearchError> {
    let indexes = server.indexes();
    for _ in 0..MAX_TRIES {
        let present = indexes.ready().await?;
        if let Some(committed) = offsets::read(server.client, &present.index, &present.token).await? {
            return Ok((present, committed));
        }
        tracing::warn!(index = present.index, "search index has no offsets and is started over");
        indexes.begin_anew(Some(&present)).await?;
    }
    Err(SearchError::Unavailable("the offsets of the search index are gone again and again".to_owned()))
}
