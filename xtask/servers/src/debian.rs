//! Packages of Debian, installed where we may: as root, where there is apt.

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use crate::process::run;
use crate::{Result, ServersError};

/// apt refuses to run twice at once, so threads wait for one another here; other processes wait by apt's own time-out.
static APT: Mutex<bool> = Mutex::new(false);

/// Whether [`install`] can do anything here.
pub fn may_install() -> bool {
    is_root() && Path::new("/usr/bin/apt-get").exists()
}

/// Whether this process is root.
pub fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Installs `packages`, or says that `what` is missing and which packages bring it.
pub fn install(what: &str, packages: &[&str]) -> Result<()> {
    if !may_install() {
        return Err(missing(what, packages));
    }
    let mut updated = APT.lock().unwrap_or_else(PoisonError::into_inner);
    if !*updated {
        run("update the package lists", apt().args(["update", "-qq"]))?;
        *updated = true;
    }
    run(
        &format!("install {what}"),
        apt().args(["install", "-y", "-qq", "--no-install-recommends"]).args(packages),
    )
}

/// Installs `packages` unless every file of `files` is there: what a build finds by file rather than by program.
pub fn ensure_files(what: &str, files: &[&str], packages: &[&str]) -> Result<()> {
    if files.iter().all(|file| Path::new(file).exists()) { Ok(()) } else { install(what, packages) }
}

/// Whether apt knows a package that it could install.
pub(crate) fn offers(package: &str) -> bool {
    let policy = Command::new("apt-cache").args(["policy", package]).output();
    policy.is_ok_and(|policy| has_candidate(&String::from_utf8_lossy(&policy.stdout)))
}

fn has_candidate(policy: &str) -> bool {
    let candidate = policy.lines().find_map(|line| line.trim().strip_prefix("Candidate:"));
    candidate.is_some_and(|version| version.trim() != "(none)")
}

fn missing(what: &str, packages: &[&str]) -> ServersError {
    ServersError::Missing {
        what: what.to_owned(),
        remedy: format!("install it (Debian: apt-get install {})", packages.join(" ")),
    }
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.args(["-o", "DPkg::Lock::Timeout=300"]).env("DEBIAN_FRONTEND", "noninteractive");
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_offered_only_where_apt_has_a_candidate() {
        assert!(has_candidate("maven:\n  Installed: (none)\n  Candidate: 3.8.7-1\n"));
        assert!(!has_candidate("maven:\n  Installed: (none)\n  Candidate: (none)\n"));
        assert!(!has_candidate(""));
    }
}
