//! `crisislens fake-providers`.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use crisislens_fakes::faults::Plan;
use crisislens_fakes::{Fakes, Settings};
use tokio_util::sync::CancellationToken;

use super::out::say;
use crate::run::end_on_signal;

#[derive(Args)]
pub struct FakeProviders {
    /// Where they listen for HTTP
    #[arg(long, default_value = "127.0.0.1:9100")]
    listen: String,
    /// Where the mail server listens
    #[arg(long, default_value = "127.0.0.1:9125")]
    smtp: String,
    /// Where SendGrid tells what became of mails; nowhere where absent
    #[arg(long, value_name = "URL")]
    sendgrid_webhook: Option<String>,
    /// What goes wrong: a JSON file, as docs/guides/fake-providers.md has it
    #[arg(long, value_name = "FILE")]
    plan: Option<PathBuf>,
}

/// Runs them until the process is told to end.
pub async fn run(wanted: FakeProviders) -> anyhow::Result<()> {
    let plan = match &wanted.plan {
        None => Plan::default(),
        Some(path) => {
            let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{} is no plan of faults", path.display()))?
        }
    };
    let settings = Settings {
        http: wanted.listen,
        smtp: wanted.smtp,
        sendgrid_webhook: wanted.sendgrid_webhook,
        plan,
        ..Settings::default()
    };
    let fakes = Fakes::start(settings).await?;
    for line in fakes.lines() {
        say(format_args!("{line}"));
    }
    let cancel = CancellationToken::new();
    tokio::spawn(end_on_signal(cancel.clone()));
    cancel.cancelled().await;
    fakes.stop().await;
    Ok(())
}
