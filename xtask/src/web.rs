//! The web app: packages and build, only where something has changed.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::step;

/// Oldest Node that the web app's packages take.
const NODE_FROM: (u32, u32) = (20, 9);

/// Installs packages and builds, where lock file or sources have changed.
pub fn build() -> anyhow::Result<()> {
    install(&folder())?;
    let stamp = folder().join("out/.stamp");
    let sources = fingerprint(&folder())?;
    if std::fs::read_to_string(&stamp).is_ok_and(|built| built == sources) {
        return Ok(());
    }
    let is_first = !folder().join("out").exists();
    step::quiet("build the web app", npm(&folder()).args(["run", "build"]))?;
    std::fs::write(&stamp, sources).context("the web build left no folder web/out")?;
    if is_first {
        compile_in()?;
    }
    Ok(())
}

/// Makes cargo compile the server again: one that was compiled before there was a web app has none, even where it reads its
/// files from disk.
fn compile_in() -> anyhow::Result<()> {
    let source = step::root().join("crates/server/src/http/web.rs");
    #[expect(clippy::disallowed_methods, reason = "the time of a file, which cargo compares with its own")]
    let now = std::time::SystemTime::now();
    std::fs::File::options().append(true).open(&source)?.set_modified(now)?;
    Ok(())
}

/// Runs one of the web app's scripts.
pub fn script(name: &str) -> anyhow::Result<()> {
    step::quiet(&format!("web: {name}"), npm(&folder()).args(["run", name]))
}

/// Installs a folder's packages as its lock file says, unless that is done.
pub fn install(folder: &Path) -> anyhow::Result<()> {
    check_node()?;
    let lock = std::fs::read_to_string(folder.join("package-lock.json"))
        .with_context(|| format!("{} has no package-lock.json", folder.display()))?;
    let stamp = folder.join("node_modules/.stamp");
    let wanted = hash(&lock);
    if std::fs::read_to_string(&stamp).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    let name =
        format!("install the packages of {}/", folder.file_name().unwrap_or_default().to_string_lossy());
    // Not `npm ci`: it wants every platform's optional binaries in the lock file, which not every registry serves.
    // `--no-save` takes what the lock file says and leaves it as it is.
    step::quiet(
        &name,
        npm(folder).args(["install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]),
    )?;
    std::fs::write(&stamp, wanted)?;
    Ok(())
}

/// The web app's folder.
pub fn folder() -> PathBuf {
    step::root().join("web")
}

fn npm(folder: &Path) -> Command {
    let mut command = Command::new("npm");
    command.current_dir(folder).env("NEXT_TELEMETRY_DISABLED", "1").env("CI", "1");
    command
}

fn check_node() -> anyhow::Result<()> {
    let output = Command::new("node")
        .arg("--version")
        .output()
        .context("Node is missing: install Node 20.9 or newer with npm")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers =
        text.trim().trim_start_matches('v').split('.').filter_map(|part| part.parse::<u32>().ok());
    let version = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if version < NODE_FROM {
        bail!("Node {} is too old: install Node {}.{} or newer", text.trim(), NODE_FROM.0, NODE_FROM.1);
    }
    if !step::exists("npm") {
        bail!("npm is missing: it comes with Node");
    }
    Ok(())
}

/// A word that changes when a source of the web app does.
fn fingerprint(folder: &Path) -> anyhow::Result<String> {
    let mut files = Vec::new();
    for place in ["src", "public", "packages"] {
        collect(&folder.join(place), &mut files)?;
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        // Next writes next-env.d.ts and tsconfig.json itself.
        let written = ["next-env.d.ts", "tsconfig.tsbuildinfo"].iter().any(|name| path.ends_with(name));
        if path.is_file() && !written {
            files.push(path);
        }
    }
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.strip_prefix(folder).unwrap_or(&file).hash(&mut hasher);
        std::fs::read(&file)?.hash(&mut hasher);
    }
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    if !folder.is_dir() {
        return Ok(());
    }
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name == "node_modules") {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}
