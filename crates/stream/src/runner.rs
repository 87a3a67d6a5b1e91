//! The consumer runner: joins the group, and has a worker for each partition it holds.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use crisislens_log::{EventLog, LogError, MemberControl};
use crisislens_model::{Clock, Topic};
use crisislens_state::Store;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::partition::Worker;
use crate::{FailurePolicy, Gate, Handler, Health};

/// Bounds of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerOptions {
    /// Most records in one transaction.
    pub batch_records: usize,
    /// Most bytes in one transaction.
    pub batch_bytes: usize,
}

impl Default for RunnerOptions {
    fn default() -> Self {
        Self { batch_records: 256, batch_bytes: 4 * 1024 * 1024 }
    }
}

/// When a consumer lets others go first.
#[derive(Clone)]
pub struct GivesWay {
    /// Whether others are behind.
    pub is_behind: Arc<dyn Fn() -> bool + Send + Sync>,
    /// However far they are, a partition's next batch is begun after this: nothing waits for ever.
    pub at_most: Duration,
}

/// Runs one handler over the partitions that its group gives to this member.
pub struct Runner<H> {
    /// What to do with records.
    pub handler: Arc<H>,
    /// Where records come from.
    pub log: Arc<dyn EventLog>,
    /// Where effects and offsets go.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Wakes the relay after a commit.
    pub relay: Arc<Notify>,
    /// Told what it waits for.
    pub health: Health,
    /// Closed while what it would produce has nowhere to go.
    pub gate: Gate,
    /// What happens to records that fail.
    pub policy: FailurePolicy,
    /// The name of this process, for dead letters.
    pub instance: Arc<str>,
    /// Its bounds.
    pub options: RunnerOptions,
    /// Whom it lets go first, if anybody.
    pub gives_way: Option<GivesWay>,
}

impl<H> Clone for Runner<H> {
    fn clone(&self) -> Self {
        Self {
            handler: Arc::clone(&self.handler),
            log: Arc::clone(&self.log),
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            relay: Arc::clone(&self.relay),
            health: self.health.clone(),
            gate: self.gate.clone(),
            policy: self.policy.clone(),
            instance: Arc::clone(&self.instance),
            options: self.options,
            gives_way: self.gives_way.clone(),
        }
    }
}

/// The workers of the partitions held.
type Workers = HashMap<u32, (CancellationToken, JoinHandle<()>)>;

impl<H: Handler> Runner<H> {
    /// Works until `cancel`, then finishes or undoes what is in flight and leaves the group. Ends before that only when its
    /// place in the group is lost for good.
    pub async fn run(self, cancel: CancellationToken) -> Result<(), LogError> {
        let membership = self.log.join(self.handler.group(), self.handler.topic()).await?;
        let control: Arc<dyn MemberControl> = Arc::from(membership.control);
        let (mut assignment, mut trouble) = (membership.assignment, membership.trouble);
        let name = format!("{} {}", self.handler.consumer(), self.handler.topic());
        let mut workers = Workers::new();
        loop {
            let held = assignment.borrow_and_update().clone();
            let gone: Vec<u32> =
                workers.keys().copied().filter(|partition| !held.contains(partition)).collect();
            stop(gone.into_iter().filter_map(|partition| workers.remove(&partition)).collect()).await;
            control.settled(&held);
            for partition in held {
                workers.entry(partition).or_insert_with(|| self.start(partition, &control, &cancel));
            }
            // A member without a place has no partition that could say what is the matter.
            let kept_out = trouble.borrow_and_update().clone();
            match kept_out {
                Some(reason) => _ = self.health.failed(&name, reason),
                None => self.health.well(&name),
            }
            tokio::select! {
                () = cancel.cancelled() => break,
                changed = assignment.changed() => if changed.is_err() { break },
                Ok(()) = trouble.changed() => {}
            }
        }
        stop(workers.into_values().collect()).await;
        control.settled(&[]);
        Ok(())
    }

    fn start(
        &self,
        partition: u32,
        control: &Arc<dyn MemberControl>,
        cancel: &CancellationToken,
    ) -> (CancellationToken, JoinHandle<()>) {
        let stop = cancel.child_token();
        let worker = Worker { runner: self.clone(), partition, control: Arc::clone(control) };
        (stop.clone(), tokio::spawn(worker.run(stop)))
    }
}

async fn stop(workers: Vec<(CancellationToken, JoinHandle<()>)>) {
    workers.iter().for_each(|(stop, _)| stop.cancel());
    for (_, worker) in workers {
        let _ = worker.await;
    }
}

/// The names of a handler's topic and consumer, for operators.
impl<H: Handler> std::fmt::Debug for Runner<H> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let topic: Topic = self.handler.topic();
        f.debug_struct("Runner").field("consumer", &self.handler.consumer()).field("topic", &topic).finish()
    }
}
