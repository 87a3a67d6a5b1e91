//! Telling what became of a message: later, signed, and as the plan of faults has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::Callbacks;
use crate::journal::{Journal, Told, Word};
use crate::now;

/// Tries of a callback that is not taken.
const TRIES: u32 = 5;
/// A callback that is not answered for so long has failed.
const PATIENCE: Duration = Duration::from_secs(10);

/// One callback, ready to go.
#[derive(Debug, Clone)]
pub(crate) struct Callback {
    pub(crate) url: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) event: &'static str,
}

/// What is to be told of a message.
pub(crate) struct Story<M> {
    pub(crate) provider: &'static str,
    pub(crate) message: String,
    pub(crate) to: String,
    /// How much is told.
    pub(crate) steps: usize,
    /// What others could make of it.
    pub(crate) forgeries: &'static [Word],
    /// Makes a step when it is sent, for a signature has its time.
    pub(crate) make: M,
}

/// Sends callbacks in tasks of its own.
pub(crate) struct Caller {
    line: Line,
    stories: AtomicU32,
    under_way: Arc<AtomicUsize>,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

/// How callbacks are sent, and what came of them.
#[derive(Clone)]
struct Line {
    client: reqwest::Client,
    told: Arc<Journal<Told>>,
}

impl Caller {
    pub(crate) fn new(tasks: TaskTracker, cancel: CancellationToken) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let line = Line { client, told: Arc::default() };
        Ok(Self { line, stories: AtomicU32::new(0), under_way: Arc::default(), tasks, cancel })
    }

    /// What was told, try by try.
    pub(crate) fn told(&self) -> &Journal<Told> {
        &self.line.told
    }

    /// Of how many messages something is still to be told.
    pub(crate) fn under_way(&self) -> usize {
        self.under_way.load(Ordering::SeqCst)
    }

    /// Tells a story, its steps apart, as `plan` spoils it.
    pub(crate) fn tell<M>(&self, story: Story<M>, plan: &Callbacks)
    where
        M: Fn(usize, Word) -> Callback + Send + Sync + 'static,
    {
        if plan.silent || story.steps == 0 {
            return;
        }
        let number = self.stories.fetch_add(1, Ordering::Relaxed) + 1;
        let is_due = |every: u32| every > 0 && number.is_multiple_of(every);
        let step = Duration::from_millis(plan.step_ms.max(1));
        let mut order: Vec<usize> = (0..story.steps).collect();
        if plan.shuffled {
            order.reverse();
        }
        let mut order: Vec<(usize, Word)> = order
            .into_iter()
            .flat_map(|which| std::iter::repeat_n((which, Word::Theirs), 1 + plan.duplicates as usize))
            .collect();
        if is_due(plan.forged_every) {
            let middle = order.len().div_ceil(2);
            order.splice(middle..middle, story.forgeries.iter().map(|word| (0, *word)));
        }
        let is_replayed = is_due(plan.replayed_every);
        let (line, cancel, under_way) = (self.line.clone(), self.cancel.clone(), Arc::clone(&self.under_way));
        under_way.fetch_add(1, Ordering::SeqCst);
        self.tasks.spawn(async move {
            let told = async {
                let mut first = None;
                for (which, word) in order {
                    tokio::time::sleep(step).await;
                    let last = line.say(&story, which, word).await;
                    first.get_or_insert(last);
                }
                if let Some(first) = first.filter(|_| is_replayed) {
                    tokio::time::sleep(step).await;
                    line.try_once(&story, first, Word::Replayed).await;
                }
            };
            let _ = cancel.run_until_cancelled(told).await;
            under_way.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

impl Line {
    /// Sends a step until it is taken, a few times, and what is forged once; it as it was sent last.
    async fn say<M>(&self, story: &Story<M>, which: usize, word: Word) -> Callback
    where
        M: Fn(usize, Word) -> Callback + Sync,
    {
        let mut tried = 0;
        loop {
            let callback = (story.make)(which, word);
            if self.try_once(story, callback.clone(), word).await || word.is_forged() {
                return callback;
            }
            tokio::time::sleep(Duration::from_millis(200 << tried)).await;
            tried += 1;
            if tried == TRIES {
                return callback;
            }
        }
    }

    /// Sends it; whether it was taken.
    async fn try_once<M>(&self, story: &Story<M>, callback: Callback, word: Word) -> bool {
        let Callback { url, headers, body, event } = callback;
        let request = headers
            .into_iter()
            .fold(self.client.post(url), |request, (name, value)| request.header(name, value));
        let status = match request.body(body).send().await {
            Ok(answer) => Some(answer.status()),
            Err(error) => {
                tracing::warn!(%error, "a callback cannot be sent");
                None
            }
        };
        let is_taken = status.is_some_and(|status| status.is_success());
        if let Some(status) = status.filter(|_| !is_taken && !word.is_forged()) {
            tracing::warn!(%status, "a callback is refused");
        }
        self.told.note(Told {
            provider: story.provider,
            at: now(),
            message: story.message.clone(),
            to: story.to.clone(),
            event,
            word,
            status: status.map(|status| status.as_u16()),
        });
        is_taken
    }
}
