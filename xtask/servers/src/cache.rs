//! The folder where packages of servers are kept between runs. What a running server writes does not live here.

use std::fs::File;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Result, ServersError};

/// Logs of failed starts that are kept.
const LOGS_KEPT: usize = 20;

/// `CRISISLENS_SERVERS_DIR`, else `crisislens/servers` in the person's cache folder.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// Opens it, and makes it where it is not there.
    pub fn open() -> Result<Self> {
        let named = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let root = named("CRISISLENS_SERVERS_DIR")
            .or_else(|| named("XDG_CACHE_HOME").map(|cache| cache.join("crisislens/servers")))
            .or_else(|| named("HOME").map(|home| home.join(".cache/crisislens/servers")))
            .unwrap_or_else(|| std::env::temp_dir().join("crisislens-servers"));
        Self::at(root)
    }

    /// One in a folder of the caller's choice.
    pub fn at(root: impl Into<PathBuf>) -> Result<Self> {
        let root = root.into();
        let root = std::path::absolute(&root).map_err(ServersError::path("find", &root))?;
        std::fs::create_dir_all(&root).map_err(ServersError::path("make", &root))?;
        Ok(Self { root })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The entry `name`, which `build` fills where it is not there yet.
    ///
    /// The name carries a hash of `content`, so that an entry made from something else is never mistaken for this
    /// one. Several processes may ask at once: one builds, in a folder aside that takes its place in one step, and the
    /// others wait; a build that was killed leaves nothing that counts.
    pub fn entry(
        &self,
        name: &str,
        content: &[&str],
        build: impl FnOnce(&Path) -> Result<()>,
    ) -> Result<PathBuf> {
        let name = format!("{name}-{}", hash(content));
        let place = self.root.join(&name);
        if place.is_dir() {
            return Ok(place);
        }
        let lock = self.root.join(format!("{name}.lock"));
        let held = File::create(&lock).map_err(ServersError::path("make", &lock))?;
        held.lock().map_err(ServersError::path("lock", &lock))?;
        if place.is_dir() {
            return Ok(place);
        }
        let aside = tempfile::Builder::new()
            .prefix(&format!(".{name}-"))
            .tempdir_in(&self.root)
            .map_err(ServersError::path("make a folder in", &self.root))?;
        build(aside.path())?;
        std::fs::rename(aside.path(), &place).map_err(ServersError::path("put in place", &place))?;
        Ok(place)
    }

    /// Copies the log of a failed start to where it stays, and removes the oldest of such logs.
    pub fn keep_log(&self, log: &Path, server: &str) -> PathBuf {
        static LOGS: AtomicU32 = AtomicU32::new(0);
        let folder = self.root.join("logs");
        let word: String = server.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
        let number = LOGS.fetch_add(1, Ordering::Relaxed);
        let kept = folder.join(format!("{word}-{}-{number}.log", std::process::id()));
        // A log that cannot be kept must not hide why the server did not start: its tail is in the error as well.
        let copied = std::fs::create_dir_all(&folder).and_then(|()| std::fs::copy(log, &kept));
        forget_oldest(&folder);
        if copied.is_ok() { kept } else { log.to_path_buf() }
    }
}

fn forget_oldest(folder: &Path) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut logs: Vec<_> = entries
        .flatten()
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    logs.sort();
    let surplus = logs.len().saturating_sub(LOGS_KEPT);
    for (_, log) in logs.into_iter().take(surplus) {
        let _ = std::fs::remove_file(log);
    }
}

/// A short name of a content. Another Rust release may compute another one: then the entry is built once more.
pub fn hash(content: &[&str]) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_built_once_even_when_many_ask_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let builds = AtomicU32::new(0);
        let ask = || {
            Cache::at(folder.path()).unwrap().entry("thing", &["a"], |aside| {
                builds.fetch_add(1, Ordering::SeqCst);
                std::fs::write(aside.join("part"), "whole").unwrap();
                Ok(())
            })
        };
        std::thread::scope(|scope| {
            for asking in [(); 8].map(|()| scope.spawn(ask)) {
                let place = asking.join().unwrap().unwrap();
                assert_eq!(std::fs::read_to_string(place.join("part")).unwrap(), "whole");
            }
        });
        assert_eq!(builds.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_build_that_fails_leaves_no_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let failed = cache.entry("thing", &["a"], |aside| {
            std::fs::write(aside.join("part"), "half").unwrap();
            Err(ServersError::Compose("no".to_owned()))
        });
        assert!(failed.is_err());
        let place = cache.entry("thing", &["a"], |_| Ok(())).unwrap();
        assert!(!place.join("part").exists());
    }

    #[test]
    fn another_content_is_another_entry() {
        let folder = tempfile::tempdir().unwrap();
        let cache = Cache::at(folder.path()).unwrap();
        let one = cache.entry("thing", &["a"], |_| Ok(())).unwrap();
        let other = cache.entry("thing", &["b"], |_| Ok(())).unwrap();
        assert_ne!(one, other);
    }
}
