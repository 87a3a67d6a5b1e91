//! Checks what no compiler checks: which room may see which, how large files are, and that each says what it is.

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::step;

/// Longest file, in lines.
const MAX_LINES: usize = 500;

/// The rooms by level: a room sees only rooms of lower levels. `testkit` and the binaries that are no part of the
/// product may see all.
const LEVELS: [(&str, u8); 12] = [
    ("model", 0),
    ("websocket", 0),
    ("log", 1),
    ("state", 1),
    ("search", 1),
    ("analysis", 1),
    ("stream", 2),
    ("sources", 3),
    ("pipeline", 3),
    ("realtime", 3),
    ("notify", 3),
    ("server", 4),
];

/// Prints every breach; fails if there is one.
pub fn run() -> anyhow::Result<()> {
    let mut breaches = Vec::new();
    for (room, level) in LEVELS {
        check_edges(room, level, &mut breaches)?;
    }
    let mut files = Vec::new();
    for folder in ["crates", "fuzz", "xtask"] {
        collect(&step::root().join(folder), &mut files)?;
    }
    for file in &files {
        check_file(file, &mut breaches)?;
    }
    for breach in &breaches {
        eprintln!("tidy: {breach}");
    }
    if !breaches.is_empty() {
        bail!("{} breaches of the house rules (docs/architecture.md)", breaches.len());
    }
    Ok(())
}

fn check_edges(room: &str, level: u8, breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let manifest = std::fs::read_to_string(step::root().join(format!("crates/{room}/Cargo.toml")))?;
    let product = manifest.split("[dev-dependencies]").next().unwrap_or_default();
    for (other, other_level) in LEVELS {
        if product.contains(&format!("crisislens-{other}.workspace")) && other_level >= level {
            breaches.push(format!("crates/{room} (level {level}) sees crates/{other} (level {other_level})"));
        }
    }
    if product.contains("crisislens-testkit") {
        breaches.push(format!("crates/{room} uses testkit outside its tests"));
    }
    Ok(())
}

fn check_file(file: &Path, breaches: &mut Vec<String>) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(file)?;
    let name = file.strip_prefix(step::root()).unwrap_or(file).display().to_string();
    let lines = text.lines().count();
    if lines > MAX_LINES {
        breaches.push(format!("{name} has {lines} lines; split it before {MAX_LINES}"));
    }
    let first = text.lines().find(|line| !line.starts_with("#!") && !line.is_empty()).unwrap_or_default();
    if !first.starts_with("//!") {
        breaches.push(format!("{name} does not begin with a //! line that says what lives there"));
    }
    if file.ends_with("mod.rs") {
        breaches.push(format!("{name}: name the file after its module"));
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                collect(&path, files)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
