//! A rebuild, page by page; between pages, others write and search.

use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Handle;

use super::{Shared, TantivyIndex, document};
use crate::rebuild::Pages;
use crate::{RebuildReport, RebuildSource, Resume, SearchError};

pub(super) async fn run(
    index: &TantivyIndex,
    source: &dyn RebuildSource,
    resume: Resume,
) -> Result<RebuildReport, SearchError> {
    let started = Instant::now();
    let _alone = index
        .rebuilding
        .try_lock()
        .map_err(|_| SearchError::Unavailable("a rebuild is under way already".to_owned()))?;
    let number = index.blocking(|shared| shared.writer().begin_rebuild()).await?;
    let unfinished = Unfinished { shared: Arc::clone(&index.shared), number };
    let mut pages = Pages::of(source);
    while let Some(items) = pages.next().await? {
        let fill = move |shared: &Shared| {
            let documents = document::all(&shared.fields, &items);
            shared.writer().fill(number, documents)
        };
        index.blocking(fill).await?;
    }
    let summary = index.blocking(move |shared| shared.finish_rebuild(number, resume)).await?;
    drop(unfinished);
    Ok(RebuildReport { items: pages.items, seconds: started.elapsed().as_secs_f64(), summary })
}

/// Takes back a rebuild that ends early, by an error or because nobody waits for it any more. After the end of one that
/// has finished, it finds nothing to take back.
struct Unfinished {
    shared: Arc<Shared>,
    number: u64,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (shared, number) = (Arc::clone(&self.shared), self.number);
        let abandon = move || shared.writer().abandon_rebuild(number);
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(abandon)),
            Err(_) => abandon(),
        }
    }
}
