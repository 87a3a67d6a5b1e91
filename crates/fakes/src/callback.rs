//! Telling what became of a message: later, signed, and as the plan of faults has it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::faults::Callbacks;

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
}

/// Sends callbacks in tasks of its own.
pub(crate) struct Caller {
    client: reqwest::Client,
    tasks: TaskTracker,
    cancel: CancellationToken,
}

impl Caller {
    pub(crate) fn new(tasks: TaskTracker, cancel: CancellationToken) -> anyhow::Result<Self> {
        Ok(Self { client: reqwest::Client::builder().timeout(PATIENCE).build()?, tasks, cancel })
    }

    /// Tells these, a step apart, as `plan` spoils it. They are made when they are sent: a signature has its time.
    pub(crate) fn tell(
        &self,
        steps: usize,
        make: impl Fn(usize) -> Callback + Send + Sync + 'static,
        plan: &Callbacks,
    ) {
        if plan.silent || steps == 0 {
            return;
        }
        let step = Duration::from_millis(plan.step_ms.max(1));
        let mut order: Vec<usize> = (0..steps).collect();
        if plan.shuffled {
            order.reverse();
        }
        let order: Vec<usize> = order
            .into_iter()
            .flat_map(|which| std::iter::repeat_n(which, 1 + plan.duplicates as usize))
            .collect();
        let (client, cancel) = (self.client.clone(), self.cancel.clone());
        self.tasks.spawn(async move {
            let told = async {
                for which in order {
                    tokio::time::sleep(step).await;
                    send(&client, &make, which).await;
                }
            };
            let _ = cancel.run_until_cancelled(told).await;
        });
    }
}

/// Sends one until it is taken, a few times.
async fn send(client: &reqwest::Client, make: &(impl Fn(usize) -> Callback + Sync), which: usize) {
    for tried in 0..TRIES {
        let Callback { url, headers, body } = make(which);
        let request =
            headers.into_iter().fold(client.post(url), |request, (name, value)| request.header(name, value));
        match request.body(body).send().await {
            Ok(answer) if answer.status().is_success() => return,
            Ok(answer) => tracing::warn!(status = %answer.status(), "a callback is refused"),
            Err(error) => tracing::warn!(%error, "a callback cannot be sent"),
        }
        tokio::time::sleep(Duration::from_millis(200 << tried)).await;
    }
}
