//! Keeps who came to a resource and who went as part of its story.
//!
//! It is presence and no item: where the store is away or too many come at once, visits are dropped and counted, and nobody waits.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crisislens_model::{Activity, ActivityKind, EventId, Resource, Room};
use crisislens_realtime::Visit;
use crisislens_state::{Durability, StateError};
use metrics::counter;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::locks::publish;

/// How often visits are written …
const EVERY: Duration = Duration::from_secs(1);
/// … and how many at once; so many are written in a second at most.
const AT_ONCE: usize = 256;
/// Visits that wait to be written; more are dropped.
const WAITING: usize = 4096;
/// Who is back within so long has not been away.
const GRACE: Duration = Duration::from_secs(10);

/// Visits on their way into the store.
#[derive(Default)]
struct Notebook {
    due: VecDeque<Visit>,
    /// Who went, and when: they may be back at once, here or on another node that took them over.
    left: VecDeque<(Instant, Visit)>,
}

/// Keeps visits until `cancel`.
pub async fn keep(app: Arc<App>, cancel: CancellationToken) {
    let mut visits = app.hub.visits(WAITING);
    let mut notebook = Notebook::default();
    let mut ticks = tokio::time::interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            _ = ticks.tick() => {}
        }
        notebook.read(&mut visits, Instant::now());
        let batch = notebook.batch(Instant::now());
        write(&app, &batch).await;
    }
    notebook.read(&mut visits, Instant::now());
    // Whoever is here now comes back elsewhere, or to this node's next start: of them nothing is told.
    for batch in notebook.rest().chunks(AT_ONCE) {
        write(&app, batch).await;
    }
}

impl Notebook {
    /// Takes in what was told.
    fn read(&mut self, visits: &mut mpsc::Receiver<Visit>, now: Instant) {
        while self.due.len() + self.left.len() < WAITING
            && let Ok(visit) = visits.try_recv()
        {
            self.note(visit, now);
        }
    }

    fn note(&mut self, visit: Visit, now: Instant) {
        if !visit.has_come {
            self.left.push_back((now, visit));
            return;
        }
        let is_back = |(_, left): &(Instant, Visit)| (left.room, left.user) == (visit.room, visit.user);
        match self.left.iter().position(is_back) {
            Some(at) => {
                self.left.remove(at);
            }
            None => self.due.push_back(visit),
        }
    }

    /// What is to be written now.
    fn batch(&mut self, now: Instant) -> Vec<Visit> {
        while self.left.front().is_some_and(|(since, _)| now.duration_since(*since) >= GRACE) {
            self.due.extend(self.left.pop_front().map(|(_, visit)| visit));
        }
        let count = self.due.len().min(AT_ONCE);
        self.due.drain(..count).collect()
    }

    /// All of it, graces that are not over included.
    fn rest(&mut self) -> Vec<Visit> {
        self.due.drain(..).chain(self.left.drain(..).map(|(_, visit)| visit)).collect()
    }
}

async fn write(app: &App, batch: &[Visit]) {
    if batch.is_empty() {
        return;
    }
    if let Err(error) = try_write(app, batch).await {
        counter!("crisislens_server_visits_dropped_total").increment(batch.len() as u64);
        tracing::warn!(%error, visits = batch.len(), "who came and went is not kept now");
    }
}

async fn try_write(app: &App, batch: &[Visit]) -> Result<(), StateError> {
    let mut activities = Vec::with_capacity(batch.len());
    for visit in batch {
        if let Some(resource) = existing(app, visit.room).await? {
            activities.push(activity(visit, resource));
        }
    }
    if activities.is_empty() {
        return Ok(());
    }
    let mut tx = app.store.begin(Durability::Process).await?;
    for activity in activities {
        publish(&mut *tx, activity).await?;
    }
    tx.commit().await?;
    app.relay.notify_one();
    Ok(())
}

/// The resource of a room, if there is one: anybody can join a room of an id that they made up.
async fn existing(app: &App, room: Room) -> Result<Option<Resource>, StateError> {
    Ok(match room {
        Room::Item(id) => app.store.item(id).await?.map(|_| Resource::Item(id)),
        Room::Incident(id) => app.store.incident(id).await?.map(|_| Resource::Incident(id)),
        Room::Claim(_) | Room::Global | Room::Alerts | Room::User(_) => None,
    })
}

fn activity(visit: &Visit, resource: Resource) -> Activity {
    let kind = if visit.has_come { ActivityKind::Joined } else { ActivityKind::Left };
    Activity {
        id: EventId::random(),
        kind,
        user: visit.user,
        name: visit.name.clone(),
        resource,
        data: serde_json::json!({}),
        at: visit.at,
    }
}

#[cfg(test)]
mod tests {
    use crisislens_model::{ItemId, Timestamp, UserId};

    use super::*;

    fn visit(user: UserId, has_come: bool) -> Visit {
        let room = Room::Item(ItemId::of("test", "1"));
        Visit { room, user, name: "Ada".to_owned(), has_come, at: Timestamp::UNIX_EPOCH }
    }

    #[test]
    fn who_is_back_within_the_grace_has_neither_left_nor_come() {
        let (mut notebook, start) = (Notebook::default(), Instant::now());
        let [ada, ben] = [UserId::random(), UserId::random()];
        notebook.note(visit(ada, true), start);
        assert_eq!(notebook.batch(start), [visit(ada, true)]);
        notebook.note(visit(ada, false), start);
        notebook.note(visit(ben, true), start);
        notebook.note(visit(ada, true), start + Duration::from_secs(9));
        assert_eq!(notebook.batch(start + Duration::from_secs(60)), [visit(ben, true)]);
        notebook.note(visit(ada, false), start);
        assert!(notebook.batch(start + Duration::from_secs(9)).is_empty());
        assert_eq!(notebook.batch(start + GRACE), [visit(ada, false)]);
    }

    #[test]
    fn a_crowd_is_written_bit_by_bit_and_what_is_too_much_stays_with_the_hub() {
        let (sender, mut receiver) = mpsc::channel(2 * WAITING);
        for _ in 0..WAITING + 10 {
            sender.try_send(visit(UserId::random(), true)).unwrap();
        }
        let (mut notebook, now) = (Notebook::default(), Instant::now());
        notebook.read(&mut receiver, now);
        assert_eq!((receiver.len(), notebook.batch(now).len()), (10, AT_ONCE));
        notebook.read(&mut receiver, now);
        assert!(receiver.is_empty());
    }
}
