//! Tells other nodes who is here, and hears who is there.

use std::sync::Arc;
use std::time::Duration;

use crisislens_state::StateError;
use crisislens_state::wire::{Overheard, Wire};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::app::App;

/// How often it speaks, if there is something to say: a pointer is seen elsewhere after so long.
const EVERY: Duration = Duration::from_millis(50);
/// After an error it waits so long.
const PAUSE: Duration = Duration::from_secs(2);
/// The name under which health knows it.
const NAME: &str = "neighbours";

/// Speaks and listens until `cancel`, where the store has a wire.
pub async fn keep(app: Arc<App>, cancel: CancellationToken) {
    let Some(wire) = app.store.wire() else {
        cancel.cancelled().await;
        return;
    };
    app.hub.meet_neighbours();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            ended = talk(&app, wire) => if let Err(error) = ended {
                let reason = format!("people on other nodes are not seen, nor seen there: {error}");
                tracing::warn!(%error, "no word to or from other nodes");
                app.health.note(NAME, Some(reason));
            }
        }
        app.hub.missed();
        tokio::time::sleep(PAUSE).await;
    }
    if let Some(bye) = app.hub.bye() {
        let _ = tokio::time::timeout(PAUSE, wire.say(&bye)).await;
    }
}

async fn talk(app: &App, wire: &dyn Wire) -> Result<(), StateError> {
    let mut ear = wire.listen().await?;
    app.health.note(NAME, None);
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let speak = async {
        loop {
            ticks.tick().await;
            for message in app.hub.say() {
                wire.say(&message).await?;
            }
        }
    };
    let listen = async {
        loop {
            match ear.next().await? {
                Overheard::Gap => app.hub.missed(),
                Overheard::Message(message) => {
                    if let Err(error) = app.hub.hear(&message) {
                        // A node of another version.
                        tracing::debug!(%error, "another node's word is not understood");
                    }
                }
            }
        }
    };
    tokio::select! {
        ended = speak => ended,
        ended = listen => ended,
    }
}
