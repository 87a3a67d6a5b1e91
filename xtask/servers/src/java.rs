//! Java: the newest development kit of this machine, and JVMs that start from an archive of loaded classes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::process::guarded;
use crate::{Result, ServersError, cache, debian};

/// Where Debian and most vendors put development kits.
const KITS: &str = "/usr/lib/jvm";
/// Longest time for the end of a JVM that records an archive of classes.
pub const RECORD_WITHIN: Duration = Duration::from_secs(90);
/// Settings of log4j: everything to standard error, from the level in `crisislens.level` on.
const LOGGING: &str = "rootLogger.level = ${sys:crisislens.level:-WARN}
rootLogger.appenderRefs = console
rootLogger.appenderRef.console.ref = CONSOLE
appender.console.type = Console
appender.console.name = CONSOLE
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d %p %m (%c)%n%throwable
";
/// Packages that bring a kit, by their release; the distribution has some of them.
const PACKAGES: [(u32, &str); 5] = [
    (25, "temurin-25-jdk"),
    (25, "openjdk-25-jdk-headless"),
    (21, "temurin-21-jdk"),
    (21, "openjdk-21-jdk-headless"),
    (17, "openjdk-17-jdk-headless"),
];

/// A Java development kit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kit {
    /// Its folder.
    pub home: PathBuf,
    /// Its release, as 25.
    pub release: u32,
    /// Its whole version, as 25.0.3.
    pub version: String,
}

impl Kit {
    /// The newest one of at least `release`; installed where there is none and we may.
    pub fn at_least(release: u32, for_what: &str) -> Result<Self> {
        if let Some(kit) = newest(release) {
            return Ok(kit);
        }
        let what = format!("a Java development kit of release {release} or later, for {for_what},");
        let may = debian::may_install();
        let offered =
            PACKAGES.iter().find(|(brings, package)| *brings >= release && may && debian::offers(package));
        if let Some((_, package)) = offered {
            debian::install(&what, &[package])?;
        }
        newest(release).ok_or_else(|| ServersError::Missing {
            what,
            remedy: format!("install one below {KITS} or name its folder in JAVA_HOME"),
        })
    }

    /// Its whole version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// One of its programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.home.join("bin").join(name)
    }
}

fn newest(release: u32) -> Option<Kit> {
    let mut homes: Vec<PathBuf> = std::env::var_os("JAVA_HOME").map(PathBuf::from).into_iter().collect();
    if let Ok(entries) = std::fs::read_dir(KITS) {
        homes.extend(entries.flatten().map(|entry| entry.path()));
    }
    homes.extend(on_path());
    let kits = homes.iter().filter_map(|home| kit(home)).filter(|kit| kit.release >= release);
    kits.max_by(|one, other| (one.release, &one.version).cmp(&(other.release, &other.version)))
}

/// The kit behind the `java` that a shell would find.
fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let java = std::env::split_paths(&path).map(|folder| folder.join("java")).find(|java| java.exists())?;
    Some(java.canonicalize().ok()?.parent()?.parent()?.to_path_buf())
}

fn kit(home: &Path) -> Option<Kit> {
    if !home.join("bin/javac").exists() {
        return None;
    }
    let version = version_of(&std::fs::read_to_string(home.join("release")).ok()?)?;
    let release = version.split('.').next()?.parse().ok()?;
    Some(Kit { home: home.to_path_buf(), release, version })
}

/// The version in a kit's `release` file.
fn version_of(release: &str) -> Option<String> {
    let value = release.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some(value.trim_matches('"').to_owned())
}

/// What a JVM runs: jars in one folder.
#[derive(Debug, Clone)]
pub struct Program {
    /// The kit.
    kit: Kit,
    /// The cache's entry; jars are in `libs`.
    folder: PathBuf,
    /// Settings of log4j.
    logging: PathBuf,
}

impl Program {
    /// The jars in `folder/libs` on `kit`.
    pub fn new(kit: Kit, folder: PathBuf) -> Result<Self> {
        let file = folder.join(format!("logging-{}.properties", cache::hash(&[LOGGING])));
        if !file.exists() {
            // Several processes may write it at once, all the same: aside, then in place in one step.
            let part = file.with_extension(std::process::id().to_string());
            std::fs::write(&part, LOGGING).map_err(ServersError::path("write", &part))?;
            std::fs::rename(&part, &file).map_err(ServersError::path("put in place", &file))?;
        }
        Ok(Self { kit, folder, logging: file })
    }

    /// JVM options that send the log, from `level` on, to standard error.
    pub fn logging(&self, level: &str) -> [String; 2] {
        let file = self.logging.display();
        [format!("-Dlog4j2.configurationFile={file}"), format!("-Dcrisislens.level={level}")]
    }

    /// A command for a server: it runs `class` with so much heap, MiB, and ends when we do.
    pub fn server(&self, heap_mb: u32, archive: &Archive, options: &[String], class: &str) -> Command {
        let command = guarded(self.kit.program("java"), &[]);
        self.filled(command, heap_mb, archive, options, class)
    }

    /// A command for a tool, which ends by itself.
    pub fn tool(&self, heap_mb: u32, options: &[String], class: &str) -> Command {
        let command = Command::new(self.kit.program("java"));
        self.filled(command, heap_mb, &self.archive(), options, class)
    }

    fn filled(
        &self,
        mut command: Command,
        heap_mb: u32,
        archive: &Archive,
        options: &[String],
        class: &str,
    ) -> Command {
        command.args([format!("-Xms{heap_mb}m"), format!("-Xmx{heap_mb}m"), "-XX:-UsePerfData".to_owned()]);
        command.args(archive.options()).args(options).arg("-cp").arg(self.folder.join("libs/*")).arg(class);
        // Options meant for other JVMs would change what is measured and make the archive worthless.
        command.env_remove("JAVA_TOOL_OPTIONS").env_remove("JDK_JAVA_OPTIONS");
        command
    }

    /// The archive of loaded classes: to be used where it is there, else to be recorded.
    pub fn archive(&self) -> Archive {
        let place = self.archive_place();
        if place.exists() { Archive::Use(place) } else { Archive::None }
    }

    /// As [`Self::archive`], but a server that ends in order records one where there is none.
    pub fn archive_or_record(&self) -> Archive {
        match self.archive() {
            Archive::None => {
                let place = self.archive_place();
                let name = format!("{}.{}.part", cache::hash(&[&self.kit.version]), std::process::id());
                Archive::Record { part: self.folder.join(name), place }
            }
            other => other,
        }
    }

    fn archive_place(&self) -> PathBuf {
        let home = self.kit.home.display().to_string();
        self.folder.join(format!("java-{}-{}.jsa", self.kit.version, cache::hash(&[&home])))
    }
}

/// An archive of loaded classes (class data sharing), which halves a start. It is only ever written aside and then put
/// in place whole; a JVM that finds it unfit goes on without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Archive {
    /// Neither used nor recorded.
    None,
    /// Used.
    Use(PathBuf),
    /// Written to `part` when the JVM ends in order.
    Record {
        /// Where it is written.
        part: PathBuf,
        /// Where it is used.
        place: PathBuf,
    },
}

impl Archive {
    fn options(&self) -> Vec<String> {
        match self {
            Self::None => Vec::new(),
            Self::Use(place) => {
                vec!["-Xshare:auto".to_owned(), format!("-XX:SharedArchiveFile={}", place.display())]
            }
            Self::Record { part, .. } => vec![format!("-XX:ArchiveClassesAtExit={}", part.display())],
        }
    }

    /// Whether the JVM needs time at its end to write it.
    pub fn is_recorded(&self) -> bool {
        matches!(self, Self::Record { .. })
    }

    /// Puts a recorded archive in place, after the JVM has ended; `complete` says whether it ended by itself.
    pub fn keep(&self, complete: bool) {
        if let Self::Record { part, place } = self {
            // Without an archive the next start is slower, and nothing else.
            let _ = if complete { std::fs::rename(part, place) } else { std::fs::remove_file(part) };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_a_kits_release_file() {
        let text =
            "IMPLEMENTOR=\"Eclipse Adoptium\"\nJAVA_VERSION=\"25.0.3\"\nJAVA_VERSION_DATE=\"2026-04-21\"\n";
        assert_eq!(version_of(text).as_deref(), Some("25.0.3"));
        assert_eq!(version_of("nothing"), None);
    }

    #[test]
    fn a_folder_without_a_compiler_is_no_kit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("release"), "JAVA_VERSION=\"21.0.1\"\n").unwrap();
        assert_eq!(kit(folder.path()), None);
        std::fs::create_dir(folder.path().join("bin")).unwrap();
        std::fs::write(folder.path().join("bin/javac"), "").unwrap();
        assert_eq!(kit(folder.path()).unwrap().release, 21);
    }

    #[test]
    fn an_archive_is_recorded_once_and_then_used() {
        let folder = tempfile::tempdir().unwrap();
        let kit = Kit { home: "/jdk".into(), release: 25, version: "25.0.3".to_owned() };
        let program = Program::new(kit, folder.path().to_path_buf()).unwrap();
        assert_eq!(program.archive(), Archive::None);
        let recorded = program.archive_or_record();
        let Archive::Record { part, place } = &recorded else { panic!("{recorded:?}") };
        std::fs::write(part, "half").unwrap();
        recorded.keep(false);
        assert!(!part.exists() && !place.exists());
        std::fs::write(part, "whole").unwrap();
        recorded.keep(true);
        assert_eq!(program.archive_or_record(), Archive::Use(place.clone()));
    }
}
