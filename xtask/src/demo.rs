//! `cargo xtask demo`: everything in one process, and a recorded crisis played as an exercise.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;
use clap::Args;

use crate::server::{self, Account, Server};
use crate::{step, web};

/// The demo's accounts.
pub const ACCOUNTS: [Account; 3] = [
    Account {
        email: "analyst@crisislens.example",
        name: "Ana Analyst",
        role: "analyst",
        email_from: Some("critical"),
    },
    Account {
        email: "approver@crisislens.example",
        name: "Pat Approver",
        role: "approver",
        email_from: None,
    },
    Account { email: "admin@crisislens.example", name: "Ada Admin", role: "admin", email_from: Some("high") },
];

/// How the demo runs.
#[derive(Args)]
pub struct Demo {
    /// Address and port
    #[arg(long, default_value = "127.0.0.1:8000", value_name = "ADDRESS:PORT")]
    listen: String,
    /// Folder of its data; kept, so that a second start goes on where the first ended
    #[arg(long, default_value = "data/demo", value_name = "DIR")]
    data_dir: PathBuf,
    /// How many times faster than the exercise's 20 minutes
    #[arg(long, default_value_t = 1.0, value_name = "X")]
    speed: f64,
    /// Stop after so many seconds [default: until Ctrl-C]
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

/// Builds what is missing and runs it.
pub fn run(demo: &Demo) -> anyhow::Result<()> {
    web::build()?;
    let binary = server::build(false)?;
    let data = std::path::absolute(&demo.data_dir)?;
    let private = DirBuilder::new().recursive(true).mode(0o700).create(&data);
    private.with_context(|| format!("cannot make {}", data.display()))?;
    let password = password(&data)?;
    server::add_accounts(&binary, &data, &ACCOUNTS, &password)?;
    let recordings = step::root().join("recordings").display().to_string();
    let arguments = ["--exercise".to_owned(), recordings, "--speed".to_owned(), demo.speed.to_string()];
    let mut server = Server::start(&binary, &data, &demo.listen, &arguments)?;
    introduce(&demo.listen, &password, demo.speed, &data);

    let begun = Instant::now();
    loop {
        if let Some(status) = server.ended()? {
            anyhow::bail!("the server ended by itself ({status}); see {}", data.join("server.log").display());
        }
        if demo.seconds.is_some_and(|seconds| begun.elapsed() >= Duration::from_secs(seconds)) {
            println!("the demo's {} s are over", begun.elapsed().as_secs());
            return server.stop();
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// `CRISISLENS_DEMO_PASSWORD`, or one made at the first start and kept beside the data.
fn password(data: &Path) -> anyhow::Result<String> {
    if let Ok(password) = std::env::var("CRISISLENS_DEMO_PASSWORD") {
        return Ok(password);
    }
    let file = data.join("demo-password");
    if let Ok(password) = std::fs::read_to_string(&file) {
        return Ok(password);
    }
    let mut bytes = [0_u8; 9];
    std::io::Read::read_exact(&mut std::fs::File::open("/dev/urandom")?, &mut bytes)?;
    let password: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    std::fs::write(&file, &password)?;
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    Ok(password)
}

fn introduce(address: &str, password: &str, speed: f64, data: &Path) {
    let accounts: Vec<String> = ACCOUNTS
        .iter()
        .map(|account| format!("               {} ({})", account.email, account.role))
        .collect();
    println!(
        "
CrisisLens is running an EXERCISE: recorded feeds and posts, played at {speed} times their speed.

  open         http://{address}
  sign in as
{}
  password     {password}
  data         {}

What to look at
  the dashboard   items arrive live on list and map; filter by source, hazard and severity
  an incident     posts and the USGS meet in the earthquake in central Italy
  an alert        a toast in the app, a notification in the inbox, an e-mail under Outbox
  a claim         an invented flood in the Bidente valley: evidence on both sides, and one verdict that takes two people
  an item         why this hazard, this place and this risk; it changes live with the next revision
  the API         http://{address}/api/docs; docs/guides/demo.md walks through all of it with curl

Ctrl-C stops it; the next start goes on where this one ended. Remove the data folder to begin anew.
",
        accounts.join("\n"),
        data.display(),
    );
}
