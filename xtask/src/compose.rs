//! The compose file, read by docker-compose itself: its `config` checks it against the Compose Specification and needs
//! no container engine.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};
use crisislens_servers::debian;

use crate::step;

/// Folder of the compose file and of its example environment.
const FOLDER: &str = "infrastructure/compose";
/// The compose file.
const FILE: &str = "docker-compose.yml";
/// The example environment: names without values.
const EXAMPLE: &str = "example.env";
/// Where the program may be.
const PROGRAM: &str = "docker-compose";

/// Checks that the file is right when every variable is set, and that it is refused as long as a secret is not.
pub fn check() -> anyhow::Result<()> {
    if !step::exists(PROGRAM) {
        if !debian::may_install() {
            eprintln!("• compose file: not checked, because docker-compose is missing");
            return Ok(());
        }
        debian::install("docker-compose", &[PROGRAM])?;
    }
    let folder = step::root().join(FOLDER);
    let names = variables(&folder.join(EXAMPLE))?;
    let mut whole = config(&folder);
    whole.envs(names.iter().map(|name| (name, "for-the-check-only")));
    step::quiet("compose file", &mut whole)?;
    for missing in &names {
        let mut partial = config(&folder);
        partial.envs(names.iter().filter(|name| *name != missing).map(|name| (name, "for-the-check-only")));
        let output = partial.output().context("docker-compose cannot be started")?;
        if output.status.success() {
            bail!(
                "{FOLDER}/{FILE} is accepted without {missing}; write ${{{missing}:?why}} where it is used"
            );
        }
    }
    Ok(())
}

/// docker-compose, about to check the file in an environment without any of its variables.
fn config(folder: &Path) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--file", FILE, "--env-file", "/dev/null", "config", "--quiet"]).current_dir(folder);
    for name in variables(&folder.join(EXAMPLE)).unwrap_or_default() {
        command.env_remove(name);
    }
    command
}

/// The names that the example sets.
fn variables(example: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(example).with_context(|| format!("cannot read {}", example.display()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect())
}
