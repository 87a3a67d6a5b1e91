//! What can go wrong, each with what a person can do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Lines of a log that an error shows.
const TAIL_LINES: usize = 25;

/// Why a server could not be prepared, started or used.
#[derive(Debug, thiserror::Error)]
pub enum ServersError {
    /// A program is not on this machine, and we may not install it.
    #[error("{what} is missing: {remedy}")]
    Missing {
        /// What is needed.
        what: String,
        /// How it is got.
        remedy: String,
    },
    /// The operating system refused.
    #[error("cannot {doing}: {source}")]
    Io {
        /// What was being done, as "read FILE".
        doing: String,
        /// Why not.
        source: io::Error,
    },
    /// A program that prepares a server failed.
    #[error("{step} failed ({status})\n{output}")]
    Step {
        /// What it was to do.
        step: String,
        /// How it ended.
        status: String,
        /// The end of what it said.
        output: String,
    },
    /// A server did not get ready.
    #[error("{server} did not start: {reason}\n{tail}\nthe whole log: {log}", log = log.display())]
    Start {
        /// Its name and version.
        server: String,
        /// What was seen.
        reason: String,
        /// The end of its log.
        tail: String,
        /// A copy of its log that stays.
        log: PathBuf,
    },
    /// A node that is not there, or not in the state that the order needs.
    #[error("{server}: node {node} {problem}")]
    Node {
        /// The server's name.
        server: &'static str,
        /// Its number, from 1.
        node: u32,
        /// What is wrong.
        problem: &'static str,
    },
    /// A certificate could not be made or read.
    #[error("certificates: {0}")]
    Certificates(String),
    /// A compose file says something that cannot be started without containers.
    #[error("compose file: {0}")]
    Compose(String),
}

impl ServersError {
    /// For `map_err`: the operating system refused while `doing`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }

    /// For `map_err`: the operating system refused to do `verb` to `path`.
    pub(crate) fn path(verb: &str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        Self::io(format!("{verb} {}", path.display()))
    }

    /// Whether another process had taken a port between our choice and the server's bind.
    pub(crate) fn is_port_collision(&self) -> bool {
        matches!(self, Self::Start { tail, .. } if tail.contains("Address already in use"))
    }
}

/// The last lines of a text.
pub(crate) fn tail(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().rev().take(TAIL_LINES).collect();
    lines.reverse();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_lines_in_their_order() {
        let text: String = (0..100).map(|line| format!("line {line}\n")).collect();
        let tail = tail(&text);
        assert!(tail.starts_with("line 75\n") && tail.ends_with("line 99"), "{tail}");
        assert_eq!(super::tail("one"), "one");
    }

    #[test]
    fn a_taken_port_is_told_from_other_failures() {
        let failed = |tail: &str| ServersError::Start {
            server: "Kafka".to_owned(),
            reason: "ended".to_owned(),
            tail: tail.to_owned(),
            log: PathBuf::new(),
        };
        assert!(failed("java.net.BindException: Address already in use").is_port_collision());
        assert!(!failed("java.lang.OutOfMemoryError").is_port_collision());
    }
}
