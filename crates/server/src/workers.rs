//! The parts that work beside HTTP: consumers, relay, projector, monitor and the live tail, as far as this node's roles have them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_analysis::evidence::rank::Ranker;
use crisislens_log::TopicDefinitions;
use crisislens_model::Topic;
use crisislens_notify::{Dispatch, Escalator, FanOut, ItemNews, NewsRound, Recipients, Rounds as _};
use crisislens_pipeline::{
    Cluster, ExtractClaims, KeepActivity, Memory, Normalise, ProjectorOptions, SearchProjector, Verifier,
    Verify, incident_desk,
};
use crisislens_realtime::{Tail, TailOptions};
use crisislens_search::SearchIndex;
use crisislens_state::Durability;
use crisislens_stream::monitor::Snapshot;
use crisislens_stream::{
    Follower, GivesWay, Handler, Lease, LetterIndex, Monitor, Relay, RelayOptions, Runner, RunnerOptions,
};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::App;
use crate::auth::{watch_issuers, watch_revocations};
use crate::config::Role;
use crate::{engines, locks, neighbours, refill, visits};

/// How the search projector is called among consumers.
pub const SEARCH: &str = "crisis-lens-main/search";
/// How often retention is enforced, and after how many of these rounds applied events are forgotten.
const RETENTION_EVERY: Duration = Duration::from_secs(60);
const FORGET_EVERY_ROUNDS: u64 = 60;
/// Applied events are remembered for so long beyond the time that a dead letter may be replayed in: for consumers that are
/// behind, and far longer than a relay or a producer takes to send something again.
const INBOX_MARGIN: Duration = Duration::from_secs(8 * 24 * 3600);
/// Used tickets are remembered for so long after their end: a node whose clock is behind may still take them for good.
const TICKETS_KEPT: Duration = Duration::from_secs(3600);
/// A relay that shares the outbox with other nodes is not woken by their commits, and looks this often.
const SHARED_RELAY_IDLE: Duration = Duration::from_millis(50);
/// Claims are made of a partition's next items after this, however far those are behind who see items first.
const CLAIMS_WAIT: Duration = Duration::from_secs(10);

/// A part of the program that is starting.
struct Parts<'a> {
    app: &'a Arc<App>,
    tasks: &'a TaskTracker,
    cancel: &'a CancellationToken,
    /// Consumers and their topics, those of other nodes too.
    consumers: Vec<(String, Topic)>,
}

/// Starts what this node's roles say.
pub fn start(app: &Arc<App>, tasks: &TaskTracker, cancel: &CancellationToken) -> anyhow::Result<()> {
    let mut parts = Parts { app, tasks, cancel, consumers: Vec::new() };
    let analyzer = Arc::clone(&app.analyzer);
    let clock = || Arc::clone(&app.clock);
    parts.consume(Role::Workers, Normalise { analyzer, clock: clock() });
    let cluster = Cluster::new(clock(), app.config.risk.weights);
    let stale = cluster.stale();
    parts.consume(Role::Workers, cluster);
    if app.config.node.does(Role::Workers) {
        parts.keep("incidents made anew", renew_incidents(Arc::clone(app), stale, parts.cancel.clone()));
    }
    if app.config.verification.enabled {
        parts.verification()?;
    }
    parts.consume(Role::Workers, KeepActivity);
    parts.consume(Role::Workers, LetterIndex);
    parts.consume(Role::Notify, Recipients { clock: clock() });
    parts.consume(Role::Notify, ItemNews { clock: clock() });
    parts.consume(Role::Notify, Dispatch { sender: Arc::clone(&app.outgoing.wake) });
    if app.config.node.does(Role::Notify) && app.config.node.consumes("crisis-lens-notifications") {
        parts.send();
    }
    parts.relay();
    if app.config.node.does(Role::Workers) {
        parts.project();
        parts.mend_search();
        parts.keep("housekeeping", keep_house(Arc::clone(app), cancel.clone()));
    }
    if app.config.node.does(Role::Api) {
        parts.keep("neighbours", neighbours::keep(Arc::clone(app), cancel.clone()));
        parts.keep("locks", locks::keep(Arc::clone(app), cancel.clone()));
        parts.keep("visits", visits::keep(Arc::clone(app), cancel.clone()));
        parts.keep("revocations", watch_revocations(Arc::clone(app), cancel.clone()));
        parts.keep("issuers", watch_issuers(Arc::clone(app), cancel.clone()));
        parts.follow();
    } else {
        app.hub.mark_ready();
    }
    parts.keep("search watch", refill::watch(Arc::clone(app), cancel.clone()));
    parts.monitor();
    Ok(())
}

/// A lease that one node at a time holds, where several share the engines.
pub fn lease(app: &App, name: &str) -> Option<Lease> {
    let length = Duration::from_millis(app.config.node.lease_ms);
    engines::is_shared(&app.config).then(|| Lease::new(name, &app.node, Arc::clone(&app.clock), length))
}

impl Parts<'_> {
    fn lease(&self, name: &str) -> Option<Lease> {
        lease(self.app, name)
    }

    fn consume<H: Handler>(&mut self, role: Role, handler: H) {
        self.consume_giving_way(role, handler, None);
    }

    fn consume_giving_way<H: Handler>(&mut self, role: Role, handler: H, gives_way: Option<GivesWay>) {
        let app = self.app;
        let (name, topic) = (handler.consumer(), handler.topic());
        self.consumers.push((name.clone(), topic));
        if !app.config.node.does(role) || !app.config.node.consumes(handler.group()) {
            return;
        }
        let runner = Runner {
            handler: Arc::new(handler),
            log: Arc::clone(&app.log),
            store: Arc::clone(&app.store),
            clock: Arc::clone(&app.clock),
            relay: Arc::clone(&app.relay),
            health: app.health.clone(),
            gate: app.gate.clone(),
            policy: app.config.failures.policy(),
            instance: Arc::clone(&app.node),
            options: RunnerOptions {
                batch_records: app.config.workers.batch_records,
                ..RunnerOptions::default()
            },
            gives_way,
        };
        let stop = self.cancel.clone();
        self.keep(&name, async move {
            if let Err(error) = runner.run(stop).await {
                tracing::error!(%error, "the consumer ended");
            }
        });
    }

    /// Chooses recipients, escalates and hands messages over: nodes share that row by row.
    fn send(&self) {
        let app = self.app;
        let teller = app.outgoing.teller(app);
        let (fan_out, news) = (FanOut::new(teller.clone()), NewsRound::new(teller.clone()));
        let sender = app.outgoing.sender(app);
        let escalator = Escalator(teller);
        let stop = || self.cancel.clone();
        let (of_alerts, of_items, of_chains, of_rows) = (stop(), stop(), stop(), stop());
        self.keep("recipients", async move { fan_out.run(of_alerts).await });
        self.keep("news", async move { news.run(of_items).await });
        self.keep("escalations", async move { escalator.run(of_chains).await });
        self.keep("deliveries", async move { sender.run(of_rows).await });
    }

    fn relay(&self) {
        let app = self.app;
        let lease = self.lease("outbox-relay");
        let mut options = RelayOptions::default();
        if lease.is_some() {
            options.idle = SHARED_RELAY_IDLE;
        }
        let relay = Relay {
            store: Arc::clone(&app.store),
            log: Arc::clone(&app.log),
            clock: Arc::clone(&app.clock),
            wake: Arc::clone(&app.relay),
            health: app.health.clone(),
            lease,
            options,
        };
        self.keep("outbox relay", relay.run(self.cancel.clone()));
    }

    fn project(&self) {
        let app = Arc::clone(self.app);
        let commit_after = Duration::from_millis(app.config.workers.search_commit_ms);
        let projector = move || SearchProjector {
            log: Arc::clone(&app.log),
            index: Arc::clone(&app.search),
            health: app.health.clone(),
            options: ProjectorOptions { commit_after, ..ProjectorOptions::default() },
            progress: app.searchable.clone(),
        };
        let cancel = self.cancel.clone();
        // A shared index is right whoever writes to it, but one writer does not do the work twice.
        match self.lease("search-projector").filter(|_| self.app.search.is_shared()) {
            None => self.keep("search projector", projector().run(cancel)),
            Some(lease) => {
                let store = Arc::clone(&self.app.store);
                self.keep("search projector", async move {
                    lease.while_held(&*store, &cancel, |stop| projector().run(stop)).await;
                });
            }
        }
    }

    /// Finds claims and has them verified.
    fn verification(&mut self) -> anyhow::Result<()> {
        let (app, set) = (self.app, &self.app.config.verification);
        let (memory, due) = (Arc::new(Memory::new(set.memory_items)), Arc::<Notify>::default());
        let clock = || Arc::clone(&app.clock);
        let extract = ExtractClaims {
            analyzer: Arc::clone(&app.analyzer),
            memory: Arc::clone(&memory),
            clock: clock(),
            min_checkworthiness: set.min_checkworthiness,
        };
        let (seen, most, own) = (app.seen.subscribe(), set.wait_above_lag, extract.consumer());
        let gives_way = GivesWay {
            is_behind: Arc::new(move || is_behind(&seen.borrow(), most, Some(&own))),
            at_most: CLAIMS_WAIT,
        };
        self.consume_giving_way(Role::Workers, extract, Some(gives_way));
        let verify = Verify { clock: clock(), settle: set.settle(), wake: Arc::clone(&due) };
        self.consume(Role::Workers, verify);
        if app.config.node.does(Role::Workers) { self.verify(memory, due) } else { Ok(()) }
    }

    /// Verifies what claims are due: nodes share that row by row.
    fn verify(&self, memory: Arc<Memory>, wake: Arc<Notify>) -> anyhow::Result<()> {
        let app = self.app;
        let (gate, seen) = (app.gate.clone(), app.seen.subscribe());
        let most = app.config.verification.wait_above_lag;
        let verifier = Verifier {
            store: Arc::clone(&app.store),
            search: Arc::clone(&app.search),
            analyzer: Arc::clone(&app.analyzer),
            memory,
            ranker: Arc::new(Ranker::new()?),
            clock: Arc::clone(&app.clock),
            health: app.health.clone(),
            wake,
            relay: Arc::clone(&app.relay),
            is_behind: Arc::new(move || gate.is_closed() || is_behind(&seen.borrow(), most, None)),
            options: app.config.verification.options(app.config.review_above()),
        };
        self.keep("verifier", verifier.run(self.cancel.clone()));
        Ok(())
    }

    fn mend_search(&self) {
        let app = Arc::clone(self.app);
        let cancel = self.cancel.clone();
        match self.lease("search-refill").filter(|_| app.search.is_shared()) {
            None => self.keep("search refill", refill::mend(app, cancel)),
            Some(lease) => self.keep("search refill", async move {
                let store = Arc::clone(&app.store);
                lease.while_held(&*store, &cancel, |stop| refill::mend(Arc::clone(&app), stop)).await;
            }),
        }
    }

    fn follow(&self) {
        let (log, hub, stop) = (Arc::clone(&self.app.log), Arc::clone(&self.app.hub), self.cancel.clone());
        self.keep("live tail", async move {
            if let Err(error) = Tail::new(TailOptions::default()).run(log, hub, stop).await {
                tracing::error!(%error, "the live tail ended");
            }
        });
        self.keep("live clock", Arc::clone(&self.app.hub).run_clock(self.cancel.clone()));
    }

    fn monitor(&mut self) {
        let app = self.app;
        let monitor = Monitor {
            store: Arc::clone(&app.store),
            log: Arc::clone(&app.log),
            clock: Arc::clone(&app.clock),
            health: app.health.clone(),
            gate: app.gate.clone(),
            consumers: std::mem::take(&mut self.consumers),
            followers: vec![Arc::new(Projected(Arc::clone(&app.search)))],
            seen: app.seen.clone(),
            options: app.config.workers.monitor(),
        };
        self.keep("monitor", monitor.run(self.cancel.clone()));
    }

    /// Runs a part that must not end before it is told to. If it does, by error or panic, the whole program stops and says
    /// which part it was: a process that is started again is better than one that looks well and does half its work.
    fn keep(&self, name: &str, part: impl Future<Output = ()> + Send + 'static) {
        let (app, cancel, name) = (Arc::clone(self.app), self.cancel.clone(), name.to_owned());
        let part = tokio::spawn(part);
        self.tasks.spawn(async move {
            let ended = part.await;
            if !cancel.is_cancelled() {
                let reason = ended.err().map_or_else(|| "ended".to_owned(), |error| error.to_string());
                tracing::error!(part = name, reason, "a part ended before its time; stopping");
                app.health.failed(&name, reason);
                app.failed.store(true, Ordering::SeqCst);
                app.cancel.cancel();
            }
        });
    }
}

/// Whether a consumer of what comes in, but for `own`, has more than `most` records before it.
fn is_behind(seen: &Snapshot, most: u64, own: Option<&str>) -> bool {
    let mut before: BTreeMap<&str, u64> = BTreeMap::new();
    let comes_in = |topic| matches!(topic, Topic::RawItems | Topic::NormalizedItems);
    for lag in seen.lags.iter().filter(|lag| comes_in(lag.topic) && own != Some(&lag.consumer)) {
        *before.entry(&lag.consumer).or_default() += lag.records;
    }
    before.into_values().any(|records| records > most)
}

/// The search projector, whose places the index keeps.
struct Projected(Arc<dyn SearchIndex>);

#[async_trait]
impl Follower for Projected {
    fn consumer(&self) -> &str {
        SEARCH
    }

    fn topic(&self) -> Topic {
        Topic::NormalizedItems
    }

    async fn places(&self) -> Option<BTreeMap<u32, u64>> {
        // The projector itself says what is the matter.
        self.0.standing().await.ok().map(|standing| standing.offsets)
    }
}

/// Retention, from time to time.
async fn keep_house(app: Arc<App>, cancel: CancellationToken) {
    // What stands from before is found by its keys from the beginning on.
    if let Err(error) = settle_incidents(&app).await {
        tracing::warn!(%error, "looking at quiet incidents");
    }
    for round in 1.. {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(RETENTION_EVERY) => {}
        }
        if let Err(error) = app.log.enforce_retention().await {
            tracing::warn!(%error, "retention");
        }
        if let Err(error) = settle_incidents(&app).await {
            tracing::warn!(%error, "looking at quiet incidents");
        }
        if let Err(error) = forget_tickets(&app).await {
            tracing::warn!(%error, "forgetting used tickets");
        }
        if round % FORGET_EVERY_ROUNDS == 0
            && let Err(error) = forget_applied(&app).await
        {
            tracing::warn!(%error, "forgetting applied events");
        }
        if round % FORGET_EVERY_ROUNDS == 0
            && let Err(error) = forget_sketches(&app).await
        {
            tracing::warn!(%error, "forgetting what old items' copies are found by");
        }
    }
}

/// Incidents of which nothing was heard for long are watched, and then closed.
async fn settle_incidents(app: &App) -> Result<(), incident_desk::Refusal> {
    loop {
        let mut tx = app.store.begin(Durability::Process).await?;
        let looked_at = incident_desk::settle(&mut *tx, &app.config.risk.weights, app.clock.now()).await?;
        tx.commit().await?;
        if looked_at == 0 {
            return Ok(());
        }
        app.relay.notify_one();
    }
}

/// Makes incidents anew that wait for it, each in a transaction of its own: what waited when a node died is done by the next.
async fn renew_incidents(app: Arc<App>, stale: Arc<Notify>, cancel: CancellationToken) {
    while !cancel.is_cancelled() {
        match renew_incident(&app).await {
            // Whoever writes has a turn in between.
            Ok(true) => app.relay.notify_one(),
            Ok(false) => {
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = stale.notified() => {}
                    () = tokio::time::sleep(RETENTION_EVERY) => {}
                }
            }
            Err(error) => {
                tracing::warn!(%error, "making incidents anew");
                tokio::select! {
                    () = cancel.cancelled() => {}
                    () = tokio::time::sleep(RETENTION_EVERY) => {}
                }
            }
        }
    }
}

async fn renew_incident(app: &App) -> Result<bool, incident_desk::Refusal> {
    incident_desk::renew_next(&*app.store, &app.config.risk.weights, app.clock.now()).await
}

/// How long applied events are remembered. A letter is replayed as the event that it was, to every consumer of its topic: those
/// that had applied it must still know when it is at its oldest.
fn inbox_retention(definitions: &TopicDefinitions) -> Duration {
    Duration::from_millis(definitions.get(Topic::Dlq).retention_ms).saturating_add(INBOX_MARGIN)
}

async fn forget_tickets(app: &App) -> Result<(), crisislens_state::StateError> {
    let before = app.clock.now().checked_sub(TICKETS_KEPT).unwrap_or_default();
    let mut tx = app.store.begin(Durability::Process).await?;
    tx.forget_tickets(before).await?;
    tx.commit().await
}

async fn forget_applied(app: &App) -> Result<(), crisislens_state::StateError> {
    let kept = inbox_retention(app.log.definitions());
    let before = app.clock.now().checked_sub(kept).unwrap_or_default();
    loop {
        let mut tx = app.store.begin(Durability::Process).await?;
        let forgotten = tx.forget_applied(before).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}

async fn forget_sketches(app: &App) -> Result<(), crisislens_state::StateError> {
    loop {
        let mut tx = app.store.begin(Durability::Process).await?;
        let forgotten = tx.forget_sketches(app.clock.now()).await?;
        tx.commit().await?;
        if forgotten == 0 {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_in_is_behind_where_one_of_its_consumers_is() {
        let lag = |consumer: &str, topic, partition, records| crisislens_stream::monitor::Lag {
            consumer: consumer.to_owned(),
            topic,
            partition,
            next: 0,
            records,
            seconds: 0.0,
            delayed: 0,
        };
        let seen = |lags| Snapshot { lags, ..Snapshot::default() };
        let two =
            |records| seen(vec![lag("a", Topic::RawItems, 0, 60), lag("a", Topic::RawItems, 1, records)]);
        assert!(!is_behind(&seen(Vec::new()), 100, None));
        assert!(!is_behind(&two(40), 100, None) && is_behind(&two(41), 100, None));
        let apart = [lag("a", Topic::RawItems, 0, 90), lag("b", Topic::NormalizedItems, 0, 90)];
        assert!(!is_behind(&seen(apart.to_vec()), 100, None), "each for itself");
        assert!(
            !is_behind(&seen(vec![lag("a", Topic::Claims, 0, 900)]), 100, None),
            "its own work is no reason"
        );
        assert!(!is_behind(&two(41), 100, Some("a")) && is_behind(&two(41), 100, Some("b")));
    }

    #[test]
    fn an_applied_event_is_remembered_for_longer_than_its_dead_letter_can_be_replayed() {
        let shipped = TopicDefinitions::shipped().unwrap();
        for days in [1, 30, 365] {
            let mut dlq = shipped.get(Topic::Dlq).clone();
            dlq.retention_ms = days * 24 * 3600 * 1000;
            let letters = Duration::from_millis(dlq.retention_ms);
            let kept = inbox_retention(&shipped.clone().with(dlq).unwrap());
            assert!(kept >= letters + Duration::from_secs(7 * 24 * 3600), "{kept:?} for {letters:?}");
        }
    }
}
