//! One value that holds every engine; handlers get it, and nothing is global.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use anyhow::Context;
use crisislens_analysis::Analyzer;
use crisislens_log::{EventLog, LogError};
use crisislens_model::{Clock, EventId, SystemClock, Timestamp};
use crisislens_realtime::{HistoryLimits, Hub, HubOptions, QueueLimits, WATCHED};
use crisislens_search::SearchIndex;
use crisislens_state::audit_trail::AuditTrail;
use crisislens_state::{Durability, Store};
use crisislens_stream::monitor::Snapshot;
use crisislens_stream::redrive::Redrive;
use crisislens_stream::{Gate, Health, Intake};
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::assistant::Assistant;
use crate::auth::{Issuers, Passwords, Tokens};
use crate::config::Config;
use crate::engines::{make_data_dir, open_log, open_search, open_store};
use crate::exercises::Exercises;
use crate::http::about::{Metrics, UnderWay};
use crate::http::unsent::Unsent;
use crate::live::address::Proxies;
use crate::live::allowance::Allowances;
use crate::live::places::Places;
use crate::live::replays::Replays;
use crate::locks::GoneTabs;
use crate::outgoing::Outgoing;
use crate::patience::insist;
use crate::rebuild::Rebuilds;
use crate::refill::Stale;

/// For so long it is waited for that every partition has a leader.
const LEADERS_WITHIN: Duration = Duration::from_secs(10);

/// The running program.
pub struct App {
    /// What was configured.
    pub config: Config,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The event log.
    pub log: Arc<dyn EventLog>,
    /// The store.
    pub store: Arc<dyn Store>,
    /// Audit entries that go with no other write.
    pub trail: AuditTrail,
    /// From text to meaning.
    pub analyzer: Arc<Analyzer>,
    /// Exercises that people start.
    pub exercises: Exercises,
    /// Drafts wordings; none where it is off.
    pub assistant: Option<Assistant>,
    /// Takes raw items, also while the log is away.
    pub intake: Arc<Intake>,
    /// The search index.
    pub search: Arc<dyn SearchIndex>,
    /// Live rooms.
    pub hub: Arc<Hub>,
    /// Access tokens and tickets.
    pub tokens: Tokens,
    /// Others whose tokens are taken.
    pub issuers: Issuers,
    /// Reverse proxies that are believed.
    pub proxies: Proxies,
    /// Live connections by address.
    pub places: Arc<Places>,
    /// Answers that wait to be taken.
    pub unsent: Arc<Unsent>,
    /// Password hashing, bounded.
    pub passwords: Passwords,
    /// The name of this process.
    pub node: Arc<str>,
    /// What consumers wait for.
    pub health: Health,
    /// Closed while what consumers produce has nowhere to go.
    pub gate: Gate,
    /// What the monitor last saw.
    pub seen: watch::Sender<Snapshot>,
    /// Wakes the relay.
    pub relay: Arc<Notify>,
    /// Offsets that have become searchable.
    pub searchable: watch::Sender<BTreeMap<u32, u64>>,
    /// Why results of a search may lack something; none where all is well.
    pub stale: watch::Sender<Option<Stale>>,
    /// Rebuilds of the search index.
    pub rebuilds: Rebuilds,
    /// Metrics.
    pub metrics: Metrics,
    /// When this process began to serve.
    pub started_at: Timestamp,
    /// Whether an exercise is under way, for whoever asks.
    pub under_way: UnderWay,
    /// Live connections that have ended, whose locks are freed soon.
    pub gone: GoneTabs,
    /// What looking for what people missed has taken.
    pub replays: Replays,
    /// What messages leave by.
    pub outgoing: Outgoing,
    /// What is left to people who move over HTTP.
    pub movers: Allowances,
    /// Open WebSockets.
    pub sockets: TaskTracker,
    /// Ends it.
    pub cancel: CancellationToken,
    /// Whether it ends because a part of it failed.
    pub failed: AtomicBool,
}

impl App {
    /// Opens every engine; `cancel` ends the program.
    pub async fn open(
        config: Config,
        metrics: PrometheusHandle,
        cancel: CancellationToken,
    ) -> anyhow::Result<Arc<Self>> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        make_data_dir(&config)?;
        let store = open_store(&config).await?;
        let tokens = Tokens::open(&config.auth, &*store, Arc::clone(&clock)).await?;
        // Before anybody is served: nobody comes in with what was withdrawn while this node was not there.
        let looked = tokens.revoked.look_at_all(&*store, clock.now()).await;
        looked.context("cannot see which tokens were withdrawn")?;
        // Brokers that are away end this before an index in the data folder is taken, which is one process's.
        let log = open_log(&config, Arc::clone(&clock)).await?;
        let search = open_search(&config, installation(&*store).await?).await?;
        check_same_log(&*store, &*log).await?;
        let node: Arc<str> = if config.node.name.is_empty() {
            format!("node-{:08x}", rand::random::<u32>()).into()
        } else {
            config.node.name.as_str().into()
        };
        let hub = make_hub(&config, &node, &*log, &clock);
        let started_at = clock.now();
        let relay = Arc::new(Notify::new());
        let intake = Intake::new(
            Arc::clone(&log),
            Arc::clone(&store),
            Arc::clone(&clock),
            Arc::clone(&relay),
            config.ingest.options(Duration::from_secs(config.http.request_timeout_s)),
        );
        let health = Health::default();
        let issuers = Issuers::open(&config.auth.issuers, &health)?;
        let outgoing = Outgoing::open(&config, &*store).await?;
        anyhow::ensure!(
            config.risk.steps().set(),
            "this process tells risks by other steps than risk.high_above and medium_from"
        );
        let analyzer = config.analysis.open()?;
        let assistant = Assistant::open(&config.assistant)?;
        let exercises = Exercises::open(&config.exercise);
        let (proxies, places) = (Proxies::new(&config.http), Places::new(&config.realtime));
        Ok(Arc::new(Self {
            config,
            clock,
            log,
            trail: AuditTrail::new(Arc::clone(&store)),
            analyzer: Arc::new(analyzer),
            exercises,
            assistant,
            store,
            intake: Arc::new(intake),
            search,
            hub,
            tokens,
            issuers,
            proxies,
            places,
            unsent: Arc::default(),
            passwords: Passwords::default(),
            node,
            health,
            gate: Gate::default(),
            seen: watch::Sender::new(Snapshot::default()),
            relay,
            searchable: watch::Sender::new(BTreeMap::new()),
            stale: watch::Sender::new(None),
            rebuilds: Rebuilds::default(),
            metrics: Metrics::of(metrics),
            started_at,
            under_way: UnderWay::default(),
            gone: GoneTabs::default(),
            replays: Replays::default(),
            outgoing,
            movers: Allowances::default(),
            sockets: TaskTracker::new(),
            cancel,
            failed: AtomicBool::new(false),
        }))
    }
}

impl App {
    /// Sends dead letters again.
    #[must_use]
    pub fn redrive(&self) -> Redrive {
        Redrive {
            store: Arc::clone(&self.store),
            log: Arc::clone(&self.log),
            clock: Arc::clone(&self.clock),
            relay: Arc::clone(&self.relay),
        }
    }
}

/// The name of what shares this store: made up once, kept in it.
async fn installation(store: &dyn Store) -> anyhow::Result<String> {
    let mut tx = store.begin(Durability::Power).await?;
    let name = tx.setting_or("installation.id", &EventId::random().to_string()).await?;
    tx.commit().await?;
    Ok(name)
}

/// Refuses a log that is not the one the store has consumed: what is appended to it would be taken for applied.
async fn check_same_log(store: &dyn Store, log: &dyn EventLog) -> anyhow::Result<()> {
    let mut tx = store.begin(Durability::Power).await?;
    let known = tx.setting_or("log.epoch", &log.epoch().to_string()).await?;
    tx.commit().await?;
    let mut problem = (known != log.epoch().to_string()).then(|| "it is another log".to_owned());
    for offset in store.offsets().await? {
        // A broker that has just come back may not lead the partition yet.
        let is_away = |error: &LogError| matches!(error, LogError::Unavailable(_));
        let bounds = async || log.bounds(offset.topic, offset.partition).await;
        let bounds = insist(LEADERS_WITHIN, is_away, |_| {}, bounds).await;
        let end = bounds.context("cannot look at the log")?.end;
        if offset.next > end {
            let (topic, partition, next) = (offset.topic, offset.partition, offset.next);
            problem =
                Some(format!("{topic}/{partition} ends at {end}, and {} was at {next}", offset.consumer));
        }
    }
    match problem {
        None => Ok(()),
        Some(problem) => anyhow::bail!(
            "the log does not belong to the store: {problem}. Restore the log's folder, or move the store and the search \
             index away so that both are made anew from the log that is there"
        ),
    }
}

fn make_hub(config: &Config, node: &str, log: &dyn EventLog, clock: &Arc<dyn Clock>) -> Arc<Hub> {
    let realtime = &config.realtime;
    let options = HubOptions {
        max_connections: realtime.max_connections,
        max_connections_per_user: realtime.max_connections_per_user,
        queue: QueueLimits {
            frames: realtime.queue_frames,
            bytes: realtime.queue_bytes,
            ..QueueLimits::default()
        },
        history: HistoryLimits {
            records: realtime.history_records,
            bytes: realtime.history_bytes,
            age: Duration::from_secs(realtime.history_s),
        },
        idle_after: Duration::from_secs(realtime.idle_after_s),
        away_after: Duration::from_secs(realtime.away_after_s),
        ..HubOptions::default()
    };
    let partitions: Vec<_> = WATCHED.iter().map(|topic| (*topic, log.partitions(*topic))).collect();
    Hub::new(options, log.epoch(), &partitions, node.to_owned(), Arc::clone(clock))
}
