//! Looking for what a client missed takes the node's time: each person has so much of it, on all their connections together, and waits
//! when it is used up.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crisislens_model::UserId;
use metrics::counter;
use tokio::time::{Instant, sleep};

/// Comparisons a second, on average: some 20 ms of a core.
const PER_SECOND: f64 = 5e6;
/// Comparisons at once, after a while without any: two joins of a busy room from as far back as history reaches, with the longest filter.
const BURST: f64 = 2e7;
/// People are looked through for those who owe nothing when there are so many.
const MANY: usize = 1024;

/// Who has used how much.
#[derive(Default)]
pub struct Replays(Mutex<HashMap<UserId, Used>>);

/// What somebody has used, and when that was so; it is less by now.
struct Used {
    comparisons: f64,
    at: Instant,
}

impl Used {
    fn now(&self) -> f64 {
        (self.comparisons - self.at.elapsed().as_secs_f64() * PER_SECOND).max(0.0)
    }
}

impl Replays {
    /// How long this person has to wait for the next one; none if they may have it now.
    pub fn wait(&self, user: UserId) -> Option<Duration> {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let over = people.get(&user)?.now() - BURST;
        (over > 0.0).then(|| Duration::from_secs_f64(over / PER_SECOND))
    }

    /// Counts that somebody has to wait.
    pub fn put_off() {
        counter!("crisislens_realtime_joins_put_off_total").increment(1);
    }

    /// Comes back when this person may have one.
    pub async fn turn(&self, user: UserId) {
        while let Some(wait) = self.wait(user) {
            Self::put_off();
            sleep(wait).await;
        }
    }

    /// One was made for this person.
    pub fn charge(&self, user: UserId, comparisons: u64) {
        if comparisons == 0 {
            return;
        }
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if people.len() >= MANY {
            people.retain(|_, used| used.now() > 0.0);
        }
        let used = people.entry(user).or_insert_with(|| Used { comparisons: 0.0, at: Instant::now() });
        *used = Used { comparisons: used.now() + comparisons as f64, at: Instant::now() };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_person_waits_for_what_they_have_used_and_nobody_else_does() {
        let (replays, ada, ben) = (Replays::default(), UserId::random(), UserId::random());
        replays.charge(ada, 15_000_000);
        assert_eq!(replays.wait(ada), None, "it is not used up");
        replays.charge(ada, 15_000_000);
        assert_eq!((replays.wait(ada), replays.wait(ben)), (Some(Duration::from_secs(2)), None));
        let begun = Instant::now();
        replays.turn(ada).await;
        assert!((2.0..2.1).contains(&begun.elapsed().as_secs_f64()), "{:?}", begun.elapsed());
        for _ in 0..10_000 {
            replays.charge(UserId::random(), 1);
        }
        tokio::time::advance(Duration::from_secs(10)).await;
        replays.charge(ben, 1);
        assert_eq!(replays.0.lock().unwrap().len(), 1, "who owes nothing is forgotten");
    }
}
