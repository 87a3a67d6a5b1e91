//! The command line: one file for each command.

mod access;
mod config;
mod dlq;
mod exercise;
mod fake_providers;
mod ingest;
mod out;
mod publish;
mod search;
mod topics;
mod train;
mod training_set;
mod users;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context;
use clap::{Arg, ArgAction, ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::config::{Config, Role};

/// Live crisis intelligence: from feeds and posts to items, incidents, alerts and a shared screen.
#[derive(Parser)]
#[command(name = "crisislens", version, propagate_version = true)]
pub struct Arguments {
    #[command(flatten)]
    settings: Settings,
    #[command(subcommand)]
    command: Command,
}

/// Where settings come from; the same for every command.
#[derive(Args, Clone)]
pub struct Settings {
    /// The config file [default: crisislens.toml where there is one]
    #[arg(long, global = true, env = "CRISISLENS_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// What `--set` says, before the command and behind it.
    #[arg(skip)]
    sets: Vec<(String, String)>,
    /// Folder of the embedded engines (storage.data_dir)
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Runs the server: API, live updates, connectors, workers, notifications and the web app
    Serve {
        /// Address and port (http.listen)
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
        /// Play the recordings of this folder as an exercise (exercise.recordings)
        #[arg(long, value_name = "DIR")]
        exercise: Option<String>,
        /// How many times faster than written (exercise.speed)
        #[arg(long, value_name = "X")]
        speed: Option<f64>,
        /// What this process does: any of api, connectors, workers, notify (node.roles) [default: all]
        #[arg(long, value_name = "ROLES", value_delimiter = ',')]
        roles: Vec<Role>,
        /// Stop when standard input closes, so that the server ends with the process that started it
        #[arg(long, hide = true)]
        until_stdin_closes: bool,
    },
    /// Runs only consumers, as a service of their own beside other nodes: needs Kafka and PostgreSQL
    Consumers {
        /// Groups to run: crisis-lens-main, crisis-lens-claims, crisis-lens-notifications, crisis-lens-dlq (node.groups) [default: all]
        #[arg(long, value_name = "GROUPS", value_delimiter = ',')]
        groups: Vec<String>,
        /// Address and port for health and metrics (http.listen)
        #[arg(long, value_name = "ADDRESS:PORT")]
        listen: Option<String>,
    },
    /// Reads a document in a connector's format and puts its raw items on the log
    Ingest(ingest::Ingest),
    /// Appends one record to a topic
    Publish(publish::Publish),
    /// Shows the log's topics
    #[command(subcommand)]
    Topics(topics::Topics),
    /// Shows dead letters, replays and discards them
    #[command(subcommand)]
    Dlq(dlq::Dlq),
    /// Plays recordings as exercises, halts and stops them
    #[command(subcommand)]
    Exercise(exercise::Exercise),
    /// Compares the search index with the store and makes it again
    #[command(subcommand)]
    Search(search::Search),
    /// Makes and changes accounts
    #[command(subcommand)]
    Users(users::Users),
    /// Checks and shows the configuration
    #[command(subcommand)]
    Config(config::ConfigCommand),
    /// Runs stand-ins for SendGrid, Twilio, FCM, a Web Push service and a mail server, to try a configuration with
    FakeProviders(fake_providers::FakeProviders),
    /// Makes the models of the analysis from labelled texts: equal texts give equal bytes
    Train(train::Train),
    /// Writes what people decided as labelled texts, for crisislens train
    TrainingSet(training_set::TrainingSet),
    /// Prints the OpenAPI document
    Openapi,
    /// Prints the AsyncAPI document of the live protocol
    Asyncapi,
}

impl Arguments {
    /// Of this process. Where they make no sense, or ask for help, it ends with what there is to say.
    pub fn of_process() -> Self {
        Self::of(with_set(Self::command()).get_matches()).unwrap_or_else(|error| error.exit())
    }

    fn of(matches: ArgMatches) -> Result<Self, clap::Error> {
        let sets = sets_of(&matches);
        let mut arguments = Self::from_arg_matches(&matches)?;
        arguments.settings.sets = sets;
        Ok(arguments)
    }
}

/// `--set` at every level. A global argument would do that, too, but there the values behind a command take the place of those before it.
fn with_set(command: clap::Command) -> clap::Command {
    let set = Arg::new("set")
        .long("set")
        .action(ArgAction::Append)
        .value_name("NAME=VALUE")
        .value_parser(name_and_value)
        .help("Any value of the config file, such as http.listen=0.0.0.0:8000 (also as CRISISLENS__HTTP__LISTEN)");
    command.arg(set).mut_subcommands(with_set)
}

/// What `--set` says at every level, in the order in which it was written.
fn sets_of(matches: &ArgMatches) -> Vec<(String, String)> {
    let mut sets = Vec::new();
    let mut level = Some(matches);
    while let Some(matches) = level {
        sets.extend(matches.get_many("set").into_iter().flatten().cloned());
        level = matches.subcommand().map(|(_, matches)| matches);
    }
    sets
}

/// A list as `--set` takes it; none where it is empty.
fn list_of(words: impl Iterator<Item = String>) -> Option<String> {
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    (!words.is_empty()).then(|| format!("[{}]", words.join(", ")))
}

fn name_and_value(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write NAME=VALUE, such as http.listen=127.0.0.1:9000")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

impl Settings {
    /// The configuration with these settings and those of a command.
    fn load(&self, more: Vec<(&str, Option<String>)>) -> anyhow::Result<Config> {
        Config::load(self.config.as_deref(), &self.sets(more))
    }

    fn sets(&self, more: Vec<(&str, Option<String>)>) -> Vec<(String, String)> {
        let mut sets = self.sets.clone();
        let named = [("storage.data_dir", self.data_dir.clone())].into_iter().chain(more);
        sets.extend(named.filter_map(|(name, value)| Some((name.to_owned(), value?))));
        sets
    }
}

/// Runs what the arguments say. What went wrong may quote what came from outside.
pub fn run(arguments: Arguments) -> anyhow::Result<()> {
    run_command(arguments).map_err(out::printable_error)
}

fn run_command(arguments: Arguments) -> anyhow::Result<()> {
    let Arguments { settings, command } = arguments;
    match command {
        Command::Serve { listen, exercise, speed, roles, until_stdin_closes } => {
            log_to_stderr("info");
            let config = settings.load(vec![
                (
                    "node.roles",
                    list_of(
                        roles
                            .iter()
                            .filter_map(ValueEnum::to_possible_value)
                            .map(|role| role.get_name().to_owned()),
                    ),
                ),
                ("http.listen", listen),
                ("exercise.recordings", exercise),
                ("exercise.speed", speed.map(|speed| speed.to_string())),
            ])?;
            block_on(crate::run::serve(config, until_stdin_closes))
        }
        Command::Consumers { groups, listen } => {
            log_to_stderr("info");
            let roles = ["workers", "notify"].map(str::to_owned);
            let config = settings.load(vec![
                ("node.roles", list_of(roles.into_iter())),
                ("node.groups", list_of(groups.into_iter())),
                ("http.listen", listen),
            ])?;
            block_on(crate::run::serve(config, false))
        }
        Command::Config(command) => config::run(&settings, &command),
        Command::FakeProviders(wanted) => {
            log_to_stderr("info");
            block_on(fake_providers::run(wanted))
        }
        Command::Train(wanted) => train::run(&wanted),
        Command::Openapi => {
            out::say_text(crate::http::openapi().to_pretty_json()?);
            Ok(())
        }
        Command::Asyncapi => {
            out::say_text(serde_json::to_string_pretty(&crate::asyncapi::document()?)?);
            Ok(())
        }
        Command::Ingest(ingest) => quiet(ingest::run(settings.load(Vec::new())?, ingest)),
        Command::Publish(publish) => quiet(publish::run(settings.load(Vec::new())?, publish)),
        Command::Topics(topics) => quiet(topics::run(settings.load(Vec::new())?, topics)),
        Command::Dlq(dlq) => quiet(dlq::run(settings.load(Vec::new())?, dlq)),
        Command::Exercise(exercise) => quiet(exercise::run(settings.load(Vec::new())?, exercise)),
        Command::Search(search) => quiet(search::run(settings.load(Vec::new())?, search)),
        Command::TrainingSet(wanted) => quiet(training_set::run(settings.load(Vec::new())?, wanted)),
        Command::Users(users) => quiet(users::run(settings.load(Vec::new())?, users)),
    }
}

/// Threads for work that is not asynchronous (analysis, reading large bodies, password hashing). Each keeps memory of
/// its own in the C library's allocator: with tokio's 512 a burst of ingest left 462 MB resident, with these 262 MB.
const BLOCKING_THREADS: usize = 8;

/// How long work on those threads may keep a process that is done.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

fn quiet<F: Future<Output = anyhow::Result<()>>>(command: F) -> anyhow::Result<()> {
    log_to_stderr("warn");
    block_on(command)
}

fn block_on<F: Future<Output = anyhow::Result<()>>>(future: F) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(Box::pin(future));
    // A call to an engine that does not answer would keep the process.
    runtime.shutdown_timeout(LEFT_BEHIND);
    result
}

/// `RUST_LOG` chooses what is logged; `CRISISLENS_LOG_FORMAT=json` how.
fn log_to_stderr(default: &str) {
    // The database's notices say nothing that an operator must know.
    let quiet = format!("{default},sqlx=warn");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(quiet));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("CRISISLENS_LOG_FORMAT").is_ok_and(|format| format == "json") {
        builder.json().init();
    } else {
        builder.with_target(false).init();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        with_set(Arguments::command()).debug_assert();
    }

    #[test]
    fn what_is_set_counts_at_every_level_and_keeps_its_order() {
        let words =
            ["crisislens", "--set", "a=1", "topics", "--set=b=2", "--set", "a=3", "list", "--set", "c=4"];
        let matches = with_set(Arguments::command()).try_get_matches_from(words).unwrap();
        let sets = Arguments::of(matches).unwrap().settings.sets;
        let sets: Vec<_> = sets.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(sets, ["a=1", "b=2", "a=3", "c=4"]);
    }
}
