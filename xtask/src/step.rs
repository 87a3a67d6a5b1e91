//! One step of work: a command that is named, timed, and shown only where it takes long or fails.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

/// A step that takes longer than this shows that it is alive.
const SHOW_AFTER: Duration = Duration::from_secs(5);
/// How often it shows it.
const SHOW_EVERY: Duration = Duration::from_secs(15);

/// The project's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The cargo that runs us.
pub fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root());
    command
}

/// Whether a program can be started.
pub fn exists(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs `command` with its own output, which is progress enough.
pub fn shown(name: &str, command: &mut Command) -> anyhow::Result<()> {
    let begun = Instant::now();
    eprintln!("• {name}");
    let status =
        command.status().with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    if !status.success() {
        bail!("{name} failed ({status})");
    }
    eprintln!("✓ {name} ({:.1} s)", begun.elapsed().as_secs_f64());
    Ok(())
}

/// Runs `command` quietly; shows that it is alive when it takes long, and everything it said when it fails.
pub fn quiet(name: &str, command: &mut Command) -> anyhow::Result<()> {
    captured(name, command).map(drop)
}

/// The same; what it said is returned.
pub fn captured(name: &str, command: &mut Command) -> anyhow::Result<String> {
    let begun = Instant::now();
    let log = tempfile(name)?;
    let file = std::fs::File::create(&log)?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(file.try_clone()?)
        .stderr(file)
        .spawn()
        .with_context(|| format!("{name}: cannot start {:?}", command.get_program()))?;
    let mut shown_at = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let wait = if shown_at.is_none() { SHOW_AFTER } else { SHOW_EVERY };
        if shown_at.unwrap_or(begun).elapsed() >= wait {
            shown_at = Some(Instant::now());
            eprintln!("• {name} … {} s", begun.elapsed().as_secs());
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    let text = String::from_utf8_lossy(&std::fs::read(&log)?).into_owned();
    if !status.success() {
        let mut stderr = std::io::stderr();
        let _ = stderr.write_all(text.as_bytes());
        bail!("{name} failed ({status}); its output is above and in {}", log.display());
    }
    let _ = std::fs::remove_file(&log);
    if shown_at.is_some() || std::io::stderr().is_terminal() {
        eprintln!("✓ {name} ({:.1} s)", begun.elapsed().as_secs_f64());
    }
    Ok(text)
}

fn tempfile(name: &str) -> anyhow::Result<PathBuf> {
    let dir = root().join("target/xtask");
    std::fs::create_dir_all(&dir)?;
    let word: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Ok(dir.join(format!("{word}-{}.log", std::process::id())))
}
