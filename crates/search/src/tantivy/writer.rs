//! The one that writes: to the present index and, during a rebuild, to the next one too. Not how an index is written.

use super::document::Document;
use super::home::Home;
use super::schema::Fields;
use super::volume::{Offsets, Volume};
use super::{TantivyOptions, open};
use crate::{Resume, SearchError, Summary};

/// The next index is committed each time so many items were put into it; bounds the memory of their ids.
const REBUILD_COMMIT_ITEMS: usize = 50_000;

pub(super) struct Writer {
    home: Home,
    fields: Fields,
    options: TantivyOptions,
    current: Volume,
    next: Option<Next>,
}

/// An index that is being filled.
struct Next {
    number: u64,
    volume: Volume,
}

impl Writer {
    /// Opens the present index, or begins an empty one in place of one that is unusable.
    pub fn open(mut home: Home, fields: Fields, options: TantivyOptions) -> Result<Self, SearchError> {
        let opened = open::open_or_start_over(&mut home, &fields, options.verify_on_open)?;
        let current = Volume::new(opened, fields.clone(), options.clone())?;
        Ok(Self { home, fields, options, current, next: None })
    }

    /// The present index.
    pub fn current(&self) -> &Volume {
        &self.current
    }

    /// Where to continue; after a failure, everything since the last commit is forgotten here.
    pub fn offsets(&mut self) -> Result<Offsets, SearchError> {
        self.current.offsets()
    }

    pub fn put(&mut self, documents: Vec<Document>) -> Result<(), SearchError> {
        if let Some(next) = &mut self.next {
            let number = next.number;
            if let Err(error) = next.volume.put(documents.clone()) {
                tracing::warn!(%error, "the search index that is being rebuilt could not be written");
                self.abandon_rebuild(number);
            }
        }
        self.current.put(documents)
    }

    pub fn commit(&mut self, offsets: &Offsets) -> Result<(), SearchError> {
        self.current.commit(offsets)
    }

    /// Drops what was put since the last commit and refuses to write until [`Writer::offsets`] is asked for.
    pub fn give_up(&mut self) {
        if let Some(next) = &self.next {
            self.abandon_rebuild(next.number);
        }
        self.current.give_up();
    }

    /// Begins an empty index beside the present one, into which puts go too from now on.
    pub fn begin_rebuild(&mut self) -> Result<u64, SearchError> {
        if let Some(left_over) = &self.next {
            self.abandon_rebuild(left_over.number);
        }
        let number = self.home.add()?;
        let opened = open::create(&self.home.folder(number), &self.fields)?;
        let volume = Volume::new(opened, self.fields.clone(), self.options.clone())?;
        self.next = Some(Next { number, volume });
        Ok(number)
    }

    /// Puts what the source of rebuild `number` gave.
    pub fn fill(&mut self, number: u64, documents: Vec<Document>) -> Result<(), SearchError> {
        let next = self.rebuild(number)?;
        next.volume.put(documents)?;
        if next.volume.uncommitted() >= REBUILD_COMMIT_ITEMS {
            next.volume.commit(&Offsets::new())?;
        }
        Ok(())
    }

    /// Makes the index of rebuild `number` the present one. Fails before anything has changed, or not at all.
    pub fn finish_rebuild(&mut self, number: u64, resume: Resume) -> Result<Summary, SearchError> {
        let offsets = match resume {
            Resume::Committed => self.current.standing()?.offsets,
            Resume::Beginning => Offsets::new(),
        };
        let next = self.rebuild(number)?;
        next.volume.finish(&offsets)?;
        let summary = next.volume.summary()?;
        self.home.make_current(number)?;
        if let Some(mut next) = self.next.take() {
            // Whoever writes here may believe itself further.
            if self.current.has_failed() || resume == Resume::Beginning {
                next.volume.give_up();
            }
            self.current = next.volume;
        }
        self.home.keep_only(number);
        Ok(summary)
    }

    /// Ends rebuild `number`, if it is under way; the present index stays.
    pub fn abandon_rebuild(&mut self, number: u64) {
        if self.next.take_if(|next| next.number == number).is_some()
            && let Some(current) = self.home.current()
        {
            self.home.keep_only(current);
        }
    }

    fn rebuild(&mut self, number: u64) -> Result<&mut Next, SearchError> {
        let next = self.next.as_mut().filter(|next| next.number == number);
        next.ok_or_else(|| SearchError::Unavailable("the rebuild was ended by a failure".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    /// The end of an abandoned rebuild may be noted only when the next one has begun.
    #[test]
    fn a_rebuild_that_was_given_up_does_not_end_the_next() {
        let dir = TempDir::new().unwrap();
        let home = Home::open(dir.path()).unwrap();
        let mut writer = Writer::open(home, Fields::new(), TantivyOptions::default()).unwrap();
        let first = writer.begin_rebuild().unwrap();
        let second = writer.begin_rebuild().unwrap();
        writer.abandon_rebuild(first);
        writer.fill(second, Vec::new()).unwrap();
        writer.finish_rebuild(second, Resume::Committed).unwrap();
    }
}
