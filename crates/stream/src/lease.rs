//! A lease that one of several nodes holds: the relay's, the connectors', the projector's.
//!
//! A holder that is stopped past the end of its lease does not know that it has lost it. So nothing may depend on the lease for
//! being right, only for being orderly: whoever works under one is idempotent or fenced by other means.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crisislens_model::Clock;
use crisislens_state::{Durability, StateError, Store};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// One node's hand on a lease.
#[derive(Clone)]
pub struct Lease {
    name: String,
    holder: String,
    clock: Arc<dyn Clock>,
    length: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// The fencing token, while held.
    token: Option<u64>,
    /// When it was last taken or renewed.
    renewed: Option<Instant>,
}

impl Lease {
    /// A hand on the lease called `name`, for `length` at a time. `holder` names this process and no other.
    #[must_use]
    pub fn new(name: &str, holder: &str, clock: Arc<dyn Clock>, length: Duration) -> Self {
        Self { name: name.to_owned(), holder: holder.to_owned(), clock, length, state: Arc::default() }
    }

    /// Whether it is held, taking or renewing it where it is time to; and whether it has come anew with this call.
    ///
    /// # Errors
    /// When the store fails. It is then held no longer than it was taken for.
    pub async fn held(&self, store: &dyn Store) -> Result<(bool, bool), StateError> {
        let started = Instant::now();
        if self.is_fresh(started, self.length / 3) {
            return Ok((true, false));
        }
        let taken = self.take(store).await;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let token = match taken {
            Ok(token) => token,
            Err(error) => {
                drop(state);
                return if self.is_fresh(started, self.length) { Ok((true, false)) } else { Err(error) };
            }
        };
        let anew = token.is_some() && token != state.token;
        if anew {
            tracing::info!(lease = self.name, holder = self.holder, token, "lease taken");
        }
        *state = State { token, renewed: token.map(|_| started) };
        Ok((token.is_some(), anew))
    }

    fn is_fresh(&self, now: Instant, within: Duration) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.renewed.is_some_and(|renewed| now.duration_since(renewed) < within)
    }

    async fn take(&self, store: &dyn Store) -> Result<Option<u64>, StateError> {
        let now = self.clock.now();
        let until = now.checked_add(self.length).unwrap_or(now);
        let mut tx = store.begin(Durability::Process).await?;
        let token = tx.take_lease(&self.name, &self.holder, now, until).await?;
        tx.commit().await?;
        Ok(token)
    }

    /// How long to wait before asking again when another holds it.
    #[must_use]
    pub fn retry_after(&self) -> Duration {
        self.length / 5
    }

    /// Runs `part` for as long as the lease is held, again each time that it comes anew, until `cancel`. `part` must end soon
    /// when its token is cancelled; one that ends by itself is not begun again while the lease stays.
    pub async fn while_held<F: Future<Output = ()>>(
        &self,
        store: &dyn Store,
        cancel: &CancellationToken,
        part: impl Fn(CancellationToken) -> F,
    ) {
        while !cancel.is_cancelled() {
            if self.is_held(store).await {
                let stop = cancel.child_token();
                let work = part(stop.clone());
                tokio::join!(self.watch(store, &stop), work);
            } else {
                self.pause(cancel).await;
            }
        }
        self.release(store).await;
    }

    /// Renews the lease until it is lost or `stop`, and then cancels `stop`.
    async fn watch(&self, store: &dyn Store, stop: &CancellationToken) {
        while !stop.is_cancelled() && self.is_held(store).await {
            self.pause(stop).await;
        }
        stop.cancel();
    }

    async fn is_held(&self, store: &dyn Store) -> bool {
        match self.held(store).await {
            Ok((held, _)) => held,
            Err(error) => {
                tracing::debug!(lease = self.name, %error, "the lease cannot be taken or renewed");
                false
            }
        }
    }

    async fn pause(&self, cancel: &CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(self.retry_after()) => {}
        }
    }

    /// Gives it back, so that another need not wait for its end.
    pub async fn release(&self, store: &dyn Store) {
        // From here on it is not held, whatever the store answers.
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
        let released = async {
            let mut tx = store.begin(Durability::Process).await?;
            tx.release_lease(&self.name, &self.holder).await?;
            tx.commit().await
        };
        if let Err(error) = released.await {
            tracing::debug!(lease = self.name, %error, "the lease lapses by itself");
        }
    }
}

impl std::fmt::Debug for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lease")
            .field("name", &self.name)
            .field("holder", &self.holder)
            .finish_non_exhaustive()
    }
}
