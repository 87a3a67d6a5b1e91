//! The configuration: one file, and every value of it also an environment variable and a flag.
//!
//! Later wins: defaults, the file (`--config`, else `crisislens.toml` where there is one), `CRISISLENS__SECTION__NAME`,
//! `--set section.name=value`. What is not known is an error that says where it stands.

mod analysis;
mod assistant;
mod engines;
mod exercise;
mod files;
mod intake;
mod issuers;
mod notify;
mod origins;
mod proxies;
mod risk;
mod secret;
mod secret_url;
mod strict;
mod tree;
mod verification;
mod workers;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail};
use crisislens_model::SourceKind;
use crisislens_notify::cap::Originator;
use serde::{Deserialize, Serialize};

pub use analysis::Analysis;
pub use assistant::Assistant;
pub use engines::{LogEngine, LogUrl, SearchEngine, SearchUrl, StateEngine, StateUrl};
pub use exercise::Exercise;
pub use intake::Ingest;
pub use issuers::{Issuer, SignatureAlgorithm, Signing, is_loopback};
pub use notify::{EmailProvider, Notify, PushProvider, SmsProvider, WebhookProvider};
pub use proxies::ForwardedHeader;
pub use risk::Risk;
pub use secret_url::{SecretUrl, redacted};
use tree::Tree;
pub use verification::Verification;
pub use workers::{Failures, Node, Role, Workers};

/// Everything that can be set.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The HTTP server.
    pub http: Http,
    /// Where things are kept.
    pub storage: Storage,
    /// This process among others.
    pub node: Node,
    /// The event log.
    pub log: LogEngine,
    /// The store.
    pub state: StateEngine,
    /// The search index.
    pub search: SearchEngine,
    /// Signing in.
    pub auth: Auth,
    /// Live updates.
    pub realtime: Realtime,
    /// Consumers.
    pub workers: Workers,
    /// What happens to records that fail.
    pub failures: Failures,
    /// What is brought while the log is away.
    pub ingest: Ingest,
    /// In whose name alerts are told to other systems (CAP).
    pub alerts: Originator,
    /// How messages leave.
    pub notify: Notify,
    /// How texts are understood.
    pub analysis: Analysis,
    /// Where the steps of risks begin, and what an incident's parts weigh.
    pub risk: Risk,
    /// How claims are found and verified.
    pub verification: Verification,
    /// Who drafts wordings; nobody unless an address is given.
    pub assistant: Assistant,
    /// What is read from the world.
    pub sources: Sources,
    /// Recordings that are played instead of, or beside, the world.
    pub exercise: Exercise,
}

/// The HTTP server.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Http {
    /// Address and port.
    pub listen: String,
    /// Reverse proxies, as networks (`10.0.0.0/8`) or addresses, whose word on who their client is counts.
    pub trusted_proxies: Vec<String>,
    /// In which header they say it.
    pub forwarded_header: ForwardedHeader,
    /// Web origins besides our own whose pages may use the API and open live connections, as `https://host[:port]`.
    pub allowed_origins: Vec<String>,
    /// Largest request body, bytes.
    pub body_limit_bytes: usize,
    /// Longest time for a request that is not a stream, seconds.
    pub request_timeout_s: u64,
    /// A connection that has brought no whole request head for so long is closed, seconds. Live connections are not meant.
    pub idle_timeout_s: u64,
    /// Open sockets, live ones included; more wait until one closes. Fewer where the system allows fewer files.
    pub max_sockets: usize,
    /// Open sockets of one address that is no trusted proxy's, or of one IPv6 /64; more are closed at once. 0 for no bound.
    pub max_sockets_per_address: usize,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:8000".to_owned(),
            trusted_proxies: Vec::new(),
            forwarded_header: ForwardedHeader::default(),
            allowed_origins: Vec::new(),
            body_limit_bytes: 10 * 1024 * 1024 + 64 * 1024,
            request_timeout_s: 30,
            idle_timeout_s: 75,
            max_sockets: 16_384,
            max_sockets_per_address: 2_048,
        }
    }
}

/// Where things are kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Storage {
    /// The folder of the embedded engines.
    pub data_dir: PathBuf,
}

impl Default for Storage {
    fn default() -> Self {
        Self { data_dir: PathBuf::from("data") }
    }
}

/// Signing in.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Auth {
    /// Whether people may make their own accounts; they begin as viewers.
    pub registration: bool,
    /// How long an access token holds, minutes.
    pub access_minutes: u64,
    /// How long a refresh token holds, days.
    pub refresh_days: u64,
    /// A file with the signing secrets, one a line, each of at least 32 bytes: the first signs, tokens of the others are
    /// still taken. Empty to generate one at the first start and keep it.
    pub secret_file: String,
    /// How tokens are signed; both ways are taken.
    pub signing: Signing,
    /// Others whose tokens are taken.
    pub issuers: Vec<Issuer>,
}

impl Default for Auth {
    fn default() -> Self {
        Self {
            registration: true,
            access_minutes: 30,
            refresh_days: 7,
            secret_file: String::new(),
            signing: Signing::default(),
            issuers: Vec::new(),
        }
    }
}

/// Who may put a token into a WebSocket's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryToken {
    /// Clients on this machine.
    #[default]
    Loopback,
    /// Nobody.
    Never,
    /// Everybody.
    Always,
}

/// Live updates.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Realtime {
    /// Most connections.
    pub max_connections: usize,
    /// Most connections of one person.
    pub max_connections_per_user: usize,
    /// Most connections from one address (of IPv6: one /64 network); 0 for no limit.
    pub max_connections_per_address: usize,
    /// New connections from one address in a second, four times as many in a burst; 0 for no limit.
    pub connects_per_address_s: u32,
    /// How long a WebSocket without a token may take to send one, seconds.
    pub auth_within_s: u64,
    /// Most WebSockets that have not sent one yet …
    pub max_unauthenticated: usize,
    /// … and most of them from one address.
    pub max_unauthenticated_per_address: usize,
    /// Messages that a client may send in a second …
    pub messages_per_s: u32,
    /// … and in a burst.
    pub message_burst: u32,
    /// Largest message of a client, bytes.
    pub message_bytes: usize,
    /// Most fragments of one.
    pub message_fragments: usize,
    /// Events kept for clients that resume, by number …
    pub history_records: usize,
    /// … by bytes …
    pub history_bytes: usize,
    /// … and by their age, seconds.
    pub history_s: u64,
    /// Frames that may wait for a slow WebSocket.
    pub queue_frames: usize,
    /// Bytes that may wait for a slow connection.
    pub queue_bytes: usize,
    /// Frames that may wait for a slow event stream.
    pub sse_queue_frames: usize,
    /// Seconds between heartbeats of an event stream.
    pub sse_heartbeat_s: u64,
    /// Seconds between pings of a WebSocket.
    pub ping_s: u64,
    /// Seconds without a sign of a person after which others see them as idle …
    pub idle_after_s: u64,
    /// … and as away.
    pub away_after_s: u64,
    /// Seconds without a sign of a person after which a WebSocket is closed; 0 for never.
    pub inactive_after_s: u64,
    /// Milliseconds between `/readyz` saying that the node leaves and the connections being sent away: as long as a balancer
    /// takes to see it.
    pub drain_delay_ms: u64,
    /// Whether messages are compressed for clients that can take it (permessage-deflate).
    pub compression: bool,
    /// Who may use `?token=`.
    pub query_token: QueryToken,
}

impl Default for Realtime {
    fn default() -> Self {
        Self {
            max_connections: 10_000,
            max_connections_per_user: 20,
            max_connections_per_address: 200,
            connects_per_address_s: 50,
            auth_within_s: 5,
            max_unauthenticated: 500,
            max_unauthenticated_per_address: 20,
            messages_per_s: 50,
            message_burst: 100,
            message_bytes: 64 * 1024,
            message_fragments: 64,
            history_records: 20_000,
            history_bytes: 24 * 1024 * 1024,
            history_s: 24 * 3600,
            queue_frames: 1024,
            queue_bytes: 1024 * 1024,
            sse_queue_frames: 100,
            sse_heartbeat_s: 30,
            ping_s: 15,
            idle_after_s: 60,
            away_after_s: 300,
            inactive_after_s: 0,
            drain_delay_ms: 0,
            compression: false,
            query_token: QueryToken::default(),
        }
    }
}

/// What is read from the world.
#[derive(Debug, Clone, Serialize, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct Sources {
    /// Address or mail address that the user agent names, so that a producer can reach you; needed for live sources.
    pub contact: String,
    /// Whether live addresses may lie in private networks.
    pub allow_private: bool,
    /// Live sources.
    pub live: Vec<LiveSource>,
}

/// A live source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiveSource {
    /// Name, as it stands on items.
    pub name: String,
    /// What sort of voice it is.
    pub kind: SourceKind,
    /// Wire format, as `docs/guides/sources.md` lists them.
    pub format: String,
    /// Address.
    pub url: SecretUrl,
    /// Seconds between polls.
    #[serde(default = "default_interval")]
    pub interval_s: u64,
}

const fn default_interval() -> u64 {
    60
}

/// The file read when none is named.
pub const DEFAULT_FILE: &str = "crisislens.toml";

impl Config {
    /// Reads and checks the configuration.
    pub fn load(file: Option<&Path>, sets: &[(String, String)]) -> anyhow::Result<Self> {
        let config = Self::read(file, sets)?;
        let problems = config.problems();
        if !problems.is_empty() {
            bail!("the configuration cannot be used:\n  {}", problems.join("\n  "));
        }
        Ok(config)
    }

    /// Reads without checking values.
    pub fn read(file: Option<&Path>, sets: &[(String, String)]) -> anyhow::Result<Self> {
        let chosen = file.map_or_else(|| PathBuf::from(DEFAULT_FILE), Path::to_path_buf);
        let mut tree = if file.is_some() || chosen.exists() {
            let text = std::fs::read_to_string(&chosen)
                .with_context(|| format!("cannot read the config file {}", chosen.display()))?;
            Tree::of_toml(&text).with_context(|| format!("in {}", chosen.display()))?
        } else {
            Tree::Table(BTreeMap::new())
        };
        tree.put_environment(std::env::vars_os())?;
        for (name, value) in sets {
            tree.put(name, value, "--set").with_context(|| format!("--set {name}=…"))?;
        }
        // The reason may quote what it could not read.
        let unreadable = |wrong: strict::Wrong| anyhow!(redacted(&wrong.to_string()));
        strict::settings(&tree).map_err(unreadable).with_context(|| {
            format!("in {}, an environment variable CRISISLENS__… or a --set", chosen.display())
        })
    }

    /// What is wrong with the values, each with its name and what would be right.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.http.listen.parse::<std::net::SocketAddr>().is_err() {
            problems.push(format!(
                "http.listen = {:?}: is not ADDRESS:PORT, such as 127.0.0.1:8000",
                self.http.listen
            ));
        }
        problems.extend(self.engine_problems());
        problems.extend(self.worker_problems());
        problems.extend(self.ingest_problems());
        problems.extend(self.issuer_problems());
        problems.extend(self.proxy_problems());
        problems.extend(self.origin_problems());
        problems.extend(self.notify_problems());
        problems.extend(self.risk.problems());
        problems.extend(self.verification_problems());
        if let Some(problem) = self.alerts.problem() {
            problems.push(format!("alerts.sender = {:?}: {problem}", self.alerts.sender));
        }
        let (key, cert) = (&self.alerts.key_file, &self.alerts.cert_file);
        if key.as_os_str().is_empty() && !cert.as_os_str().is_empty() {
            problems
                .push("alerts.key_file: is missing; alerts.cert_file is the certificate of it".to_owned());
        }
        if !(1..=24 * 60).contains(&self.auth.access_minutes) {
            problems.push(format!(
                "auth.access_minutes = {}: is not between 1 and 1440",
                self.auth.access_minutes
            ));
        }
        if !(1..=90).contains(&self.auth.refresh_days) {
            problems.push(format!("auth.refresh_days = {}: is not between 1 and 90", self.auth.refresh_days));
        }
        for (name, value, least, most) in [
            ("http.request_timeout_s", self.http.request_timeout_s, 1, 3600),
            ("http.idle_timeout_s", self.http.idle_timeout_s, 1, 3600),
            ("http.body_limit_bytes", self.http.body_limit_bytes as u64, 1024, 1 << 30),
            ("http.max_sockets", self.http.max_sockets as u64, 16, 1_000_000),
            ("realtime.ping_s", self.realtime.ping_s, 1, 3600),
            ("realtime.idle_after_s", self.realtime.idle_after_s, 1, 24 * 3600),
            ("realtime.away_after_s", self.realtime.away_after_s, self.realtime.idle_after_s, 24 * 3600),
            ("realtime.inactive_after_s", self.realtime.inactive_after_s, 0, 30 * 24 * 3600),
            ("realtime.drain_delay_ms", self.realtime.drain_delay_ms, 0, self.node.stop_within_s * 1000 / 2),
            ("realtime.sse_heartbeat_s", self.realtime.sse_heartbeat_s, 1, 3600),
            ("realtime.history_s", self.realtime.history_s, 1, 30 * 24 * 3600),
            ("realtime.max_connections", self.realtime.max_connections as u64, 1, 1_000_000),
            ("realtime.auth_within_s", self.realtime.auth_within_s, 1, 60),
            ("realtime.max_unauthenticated", self.realtime.max_unauthenticated as u64, 1, 1_000_000),
            ("realtime.messages_per_s", u64::from(self.realtime.messages_per_s), 1, 1_000_000),
            ("realtime.message_burst", u64::from(self.realtime.message_burst), 1, 1_000_000),
            ("realtime.message_bytes", self.realtime.message_bytes as u64, 16 * 1024, 16 * 1024 * 1024),
            ("realtime.message_fragments", self.realtime.message_fragments as u64, 1, 10_000),
            ("realtime.sse_queue_frames", self.realtime.sse_queue_frames as u64, 1, 1_000_000),
        ] {
            if !(least..=most).contains(&value) {
                problems.push(format!("{name} = {value}: is not between {least} and {most}"));
            }
        }
        problems.extend(self.assistant.problems(self.http.request_timeout_s));
        problems.extend(self.exercise.problems());
        let mut names: Vec<&str> = self.sources.live.iter().map(|source| source.name.as_str()).collect();
        names.sort_unstable();
        if names.windows(2).any(|pair| pair[0] == pair[1]) || names.contains(&"") {
            problems.push("sources.live: every source has a name of its own".to_owned());
        }
        if self.realtime.queue_frames == 0 {
            problems.push("realtime.queue_frames is at least 1".to_owned());
        }
        if !self.sources.live.is_empty() && self.sources.contact.is_empty() {
            problems.push(
                "sources.contact: live sources need an address or mail address for the user agent".to_owned(),
            );
        }
        for source in &self.sources.live {
            if let Err(error) = source.format.parse::<crisislens_sources::Format>() {
                problems.push(format!("sources.live {}: {error}", source.name));
            }
            if source.interval_s < 5 {
                problems.push(format!("sources.live {}: interval_s is at least 5", source.name));
            }
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_sound() {
        assert_eq!(Config::default().problems(), Vec::<String>::new());
    }

    #[test]
    fn an_unknown_name_and_a_wrong_type_are_errors_that_name_it() {
        for (set, named) in [("http.lisen", "lisen"), ("auth.access_minutes", "access_minutes")] {
            let error = Config::load(None, &[(set.to_owned(), "soon".to_owned())]).unwrap_err();
            assert!(format!("{error:#}").contains(named), "{error:#}");
        }
    }

    #[test]
    fn a_list_is_set_as_toml_writes_it() {
        let set =
            ("http.allowed_origins".to_owned(), r#"["https://a.example", "https://b.example"]"#.to_owned());
        let config = Config::load(None, &[set]).unwrap();
        assert_eq!(config.http.allowed_origins, ["https://a.example", "https://b.example"]);
    }

    #[test]
    fn impossible_values_are_named_with_what_would_be_right() {
        let config = Config {
            http: Http { listen: "here".to_owned(), ..Http::default() },
            log: LogEngine { url: "kafka://x".into(), ..LogEngine::default() },
            ..Config::default()
        };
        let problems = config.problems().join("\n");
        assert!(problems.contains("http.listen") && problems.contains("log.url"), "{problems}");
        // Away before idle, and a node that waits for longer than it may take to stop.
        let realtime = Realtime { away_after_s: 59, drain_delay_ms: 6_001, ..Realtime::default() };
        let problems = Config { realtime, ..Config::default() }.problems().join("\n");
        assert!(
            problems.contains("away_after_s = 59") && problems.contains("between 0 and 6000"),
            "{problems}"
        );
    }
}
