//! `crisislens config check|show`.

use anyhow::bail;
use clap::Subcommand;

use super::Settings;
use super::out::{note, say, say_pretty};
use crate::config::Config;

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Says what is wrong with the configuration, and where; where nothing is, it exits with 0. Warnings do not count
    Check,
    /// Prints every value as it is in force
    Show,
}

pub fn run(settings: &Settings, command: &ConfigCommand) -> anyhow::Result<()> {
    let config = Config::read(settings.config.as_deref(), &settings.sets(Vec::new()))?;
    match command {
        ConfigCommand::Check => {
            let mut problems = config.problems();
            problems.extend(config.file_problems());
            for warning in config.warnings() {
                note(format_args!("warning: {warning}"));
            }
            if !problems.is_empty() {
                bail!("{} wrong:\n  {}", problems.len(), problems.join("\n  "));
            }
            say("the configuration is sound");
        }
        ConfigCommand::Show => say_pretty(&config)?,
    }
    Ok(())
}
