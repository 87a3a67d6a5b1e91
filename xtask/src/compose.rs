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

/// Checks that the file is right when every variable is set, and that it is refused as long as one is not.
pub fn check() -> anyhow::Result<()> {
    if !step::exists(PROGRAM) {
        if !debian::may_install() {
            eprintln!("• compose file: not checked, because docker-compose is missing");
            return Ok(());
        }
        debian::install("docker-compose", &[PROGRAM])?;
    }
    let names = variables(&step::root().join(FOLDER).join(EXAMPLE))?;
    step::quiet("compose file", &mut config(&names, None)?)?;
    for missing in &names {
        let output = config(&names, Some(missing))?.output().context("docker-compose cannot be started")?;
        if output.status.success() {
            bail!(
                "{FOLDER}/{FILE} is accepted without {missing}; write ${{{missing}:?why}} where it is used"
            );
        }
    }
    Ok(())
}

/// docker-compose, about to check the file with all `names` set but one.
fn config(names: &[String], missing: Option<&String>) -> anyhow::Result<Command> {
    // Without this it reads the developer's own .env.
    let nothing = step::root().join("target/xtask/nothing.env");
    std::fs::create_dir_all(nothing.parent().unwrap_or(&nothing))?;
    std::fs::write(&nothing, "")?;
    let mut command = Command::new(PROGRAM);
    command.args(["--file", FILE, "--env-file"]).arg(nothing).args(["config", "--quiet"]);
    command.current_dir(step::root().join(FOLDER));
    for name in names {
        if Some(name) == missing {
            command.env_remove(name)
        } else {
            command.env(name, "only-for-the-check")
        };
    }
    Ok(command)
}

/// The names that the example sets.
fn variables(example: &Path) -> anyhow::Result<Vec<String>> {
    let text =
        std::fs::read_to_string(example).with_context(|| format!("cannot read {}", example.display()))?;
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    Ok(lines.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect())
}
