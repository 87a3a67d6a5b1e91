//! A rebuild: a new index is filled beside the present one, catches up with what was written meanwhile, and takes its place.
//!
//! What the source does not have yet is copied from the present index by its sequence numbers, which rise with every
//! write. The last of it is copied while this process writes nothing. Another process that writes in the moment between
//! that copy and the swap finds at its next commit, or the next time it asks for the offsets, that they are those of
//! before, and puts the same items again: nothing is missed.

use std::time::Instant;

use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Mutex;

use super::bulk::Target;
use super::document::{self, Document};
use super::find;
use super::offsets::{self, Committed, Into};
use super::plan;
use super::present::Present;
use super::writer::{Server, Writer};
use crate::rebuild::Pages;
use crate::{RebuildReport, RebuildSource, Resume, SearchError, Summary};

/// So many documents are copied at once.
const COPY_ITEMS: usize = 500;
/// Copying goes on beside the writer until so few are left, or for so many rounds.
const FEW_ITEMS: u64 = 200;
const MAX_ROUNDS: u32 = 20;

pub(super) async fn run(
    server: Server<'_>,
    writer: &Mutex<Writer>,
    source: &dyn RebuildSource,
    resume: Resume,
) -> Result<RebuildReport, SearchError> {
    let started = Instant::now();
    let old = server.indexes().ready().await?;
    server.indexes().remove_all_but(&old).await?;
    let (new, committed) = server.indexes().make(true).await?;
    let rebuild = Rebuild { server, old, new, committed, resume };
    match rebuild.fill(writer, source).await {
        Ok((items, summary)) => {
            Ok(RebuildReport { items, seconds: started.elapsed().as_secs_f64(), summary })
        }
        Err(error) => {
            server.indexes().remove(&rebuild.new.index).await;
            Err(error)
        }
    }
}

struct Rebuild<'a> {
    server: Server<'a>,
    old: Present,
    new: Present,
    /// The new index's offsets as they were made.
    committed: Committed,
    resume: Resume,
}

impl Rebuild<'_> {
    /// How many items the source gave, and what the index has that is now the present one.
    async fn fill(
        &self,
        writer: &Mutex<Writer>,
        source: &dyn RebuildSource,
    ) -> Result<(u64, Summary), SearchError> {
        let mut copied = self.last_written().await?;
        let mut pages = Pages::of(source);
        while let Some(items) = pages.next().await? {
            let documents = items.iter().map(document::of).collect::<Result<Vec<_>, _>>()?;
            self.target().write(&documents).await?;
        }
        if self.resume == Resume::Committed {
            for _ in 0..MAX_ROUNDS {
                if self.copy(&mut copied).await? <= FEW_ITEMS {
                    break;
                }
            }
        }
        let mut writer = writer.lock().await;
        let committed = match self.resume {
            Resume::Committed => self.take_over(&mut copied).await?,
            Resume::Beginning => self.begin().await?,
        };
        let summary = find::summary(self.server.client, &self.new.index).await?;
        if !self.server.indexes().install(&self.new, Some(&self.old)).await? {
            return Err(replaced());
        }
        writer.follow(self.new.clone(), committed);
        if self.resume == Resume::Beginning {
            // Whoever writes here believes itself further.
            writer.give_up();
        }
        Ok((pages.items, summary))
    }

    /// Leaves the new index without offsets.
    async fn begin(&self) -> Result<Committed, SearchError> {
        let (client, new) = (self.server.client, &self.new);
        self.server.refresh(&new.index).await?;
        offsets::read(client, &new.index, &new.token).await?.ok_or_else(replaced)
    }

    /// Brings the new index to where the present one is, documents and offsets.
    async fn take_over(&self, copied: &mut Option<u64>) -> Result<Committed, SearchError> {
        let client = self.server.client;
        // The offsets first: what they cover is then among the documents.
        let Some(reached) = offsets::read(client, &self.old.index, &self.old.token).await? else {
            return Err(replaced());
        };
        self.copy(copied).await?;
        // Fails if somebody has removed the new index, and a write has made it again without anything in it.
        let (new, known) = (&self.new, &self.committed);
        let committed =
            offsets::advance(client, Into::Index(&new.index), &new.token, known, &reached.offsets).await?;
        self.server.refresh(&new.index).await?;
        match (committed, offsets::read(client, &new.index, &new.token).await?) {
            (Some(committed), Some(_)) => Ok(committed),
            _ => Err(replaced()),
        }
    }

    /// Copies what was written to the present index after `copied`; how many documents that were.
    async fn copy(&self, copied: &mut Option<u64>) -> Result<u64, SearchError> {
        self.server.refresh(&self.old.index).await?;
        let mut count = 0;
        loop {
            let written = self.written_after(*copied, COPY_ITEMS, "asc").await?;
            let Some(last) = written.last() else {
                return Ok(count);
            };
            *copied = Some(last.sequence());
            count += written.len() as u64;
            let documents: Vec<Document> = written.into_iter().map(Written::document).collect();
            self.target().write(&documents).await?;
        }
    }

    /// The sequence number of the last document that was written to the present index.
    async fn last_written(&self) -> Result<Option<u64>, SearchError> {
        self.server.refresh(&self.old.index).await?;
        Ok(self.written_after(None, 1, "desc").await?.first().map(Written::sequence))
    }

    async fn written_after(
        &self,
        after: Option<u64>,
        size: usize,
        order: &str,
    ) -> Result<Vec<Written>, SearchError> {
        let from = after.map_or(0, |after| after.saturating_add(1));
        let body = json!({
            "size": size,
            "query": { "bool": { "filter": [plan::items(), { "range": { "_seq_no": { "gte": from } } }] } },
            "sort": [{ "_seq_no": order }],
            "version": true
        });
        let path = format!("/{}/_search?allow_partial_search_results=false", self.old.index);
        let answer: Answer = self.server.client.post(&path, &body).await?.read()?;
        Ok(answer.hits.hits)
    }

    fn target(&self) -> Target<'_> {
        let retry_for = self.server.options.retry_for;
        Target { client: self.server.client, name: &self.new.index, is_alias: false, retry_for }
    }
}

fn replaced() -> SearchError {
    SearchError::Unavailable("another rebuild has replaced the index meanwhile".to_owned())
}

#[derive(Deserialize)]
struct Answer {
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    hits: Vec<Written>,
}

/// A document as it was written.
#[derive(Deserialize)]
struct Written {
    #[serde(rename = "_id")]
    id: String,
    #[serde(rename = "_version")]
    version: u64,
    /// As the server has it, since reading numbers and writing them again may change them.
    #[serde(rename = "_source")]
    source: Box<RawValue>,
    sort: [u64; 1],
}

impl Written {
    fn sequence(&self) -> u64 {
        self.sort[0]
    }

    fn document(self) -> Document {
        Document { id: self.id, version: self.version, json: self.source.get().to_owned() }
    }
}
