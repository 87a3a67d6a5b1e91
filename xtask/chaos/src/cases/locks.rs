//! D26: holders of locks that sleep past their lease and then write, as a paused client does; nodes that are killed or paused while
//! people edit.

use std::sync::Arc;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rustix::process::Signal;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::Setting;
use crate::desk::{Page, Person, Taking, make_accounts};
use crate::lab::Engine;
use crate::oracle::locks::WriteFate;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// People who want each lock.
const PEOPLE: usize = 3;
/// The shortest lease that the API gives.
const LEASE: Duration = Duration::from_secs(10);
/// A fresh write comes through within this afterwards; a node that was paused has lost its session then.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);

/// People take turns at pages, write, and now and then sleep past their lease before they write again. Meanwhile a node is killed,
/// or on the cluster paused past every lease.
pub async fn holder_paused(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let plan = Plan { writes_per_s: 40, ..Plan::on(setting.engine) };
    let installation = setting.lab.install(setting.engine, plan.nodes, &plan.sets).await?;
    make_accounts(&installation, PEOPLE).await?;
    let mut trial = Trial::begin_in(setting.lab, setting.case, setting.seed, plan, installation).await?;
    let mut pages = Vec::new();
    for number in 0..setting.form.pick(4, 8) {
        pages.push(Page::make(&trial.api, setting.seed, number).await?);
    }
    let (stop, mut editors) = (CancellationToken::new(), JoinSet::new());
    for number in 0..PEOPLE {
        let person = Person::sign_in(&trial.api.urls, number).await?;
        for (place, page) in pages.iter().enumerate() {
            let seed = setting.seed ^ (((number * pages.len() + place + 1) as u64) << 32);
            let random = StdRng::seed_from_u64(seed);
            let editor = Editor { page: Arc::clone(page), person: person.clone(), random };
            editors.spawn(editor.edit(stop.clone()));
        }
    }
    let rounds = setting.form.pick(1, 4);
    for _ in 0..rounds {
        fault(&mut trial).await?;
    }
    stop.cancel();
    while let Some(edited) = editors.join_next().await {
        edited??;
    }
    let (mut taken, mut late) = (0, 0);
    for page in &pages {
        page.judge(&mut trial).await?;
        taken += page.count(|fate| matches!(fate, WriteFate::Taken(_)));
        late += page.count(|fate| fate == WriteFate::Stale);
    }
    if late == 0 {
        trial.broken("nobody wrote with a lock that another had taken: nothing was tried");
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let how = if setting.engine == Engine::Embedded { "killed" } else { "paused past every lease" };
    let line = format!(
        "{PEOPLE} people at {} pages, a node {how} {rounds} times: {taken} writes taken, {late} late ones refused; fresh write through \
         in {:.1} s",
        pages.len(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// Lets people edit, breaks a node, and lets them go on until leases from before have ended.
async fn fault(trial: &mut Trial) -> anyhow::Result<()> {
    let before = Duration::from_millis(trial.random.random_range(500..6000));
    tokio::time::sleep(before).await;
    let victim = trial.random.random_range(0..trial.installation.nodes.len());
    let node = &mut trial.installation.nodes[victim];
    if trial.installation.engine == Engine::Embedded {
        node.kill().await?;
        node.start().await?;
    } else {
        node.signal(Signal::STOP)?;
        tokio::time::sleep(LEASE + Duration::from_secs(3)).await;
        node.signal(Signal::CONT)?;
    }
    tokio::time::sleep(LEASE + Duration::from_secs(5)).await;
    Ok(())
}

/// Somebody at a page.
struct Editor {
    page: Arc<Page>,
    person: Person,
    random: StdRng,
}

impl Editor {
    async fn edit(mut self, stop: CancellationToken) -> anyhow::Result<()> {
        while !stop.is_cancelled() {
            let wanted = json!({"lease_s": LEASE.as_secs()});
            let node = self.node();
            let Taking::Granted(token) = self.page.take(&self.person, node, &wanted).await? else {
                self.wait(100..400, &stop).await;
                continue;
            };
            if self.random.random_bool(0.4) {
                for _ in 0..self.random.random_range(1..4) {
                    self.write(token).await;
                    self.wait(50..300, &stop).await;
                }
                let node = self.node();
                self.page.give_back(&self.person, node, token).await;
                // The others have their turn.
                self.wait(500..1500, &stop).await;
                continue;
            }
            // As if it were paused: it knows nothing of the time that has passed, and writes. A write before would have renewed the lock
            // for longer than it sleeps.
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LEASE) => {}
            }
            self.wait(300..2000, &stop).await;
            self.write(token).await;
        }
        Ok(())
    }

    fn node(&mut self) -> usize {
        self.random.random_range(0..self.person.api.urls.len())
    }

    async fn write(&mut self, token: i64) {
        let node = self.node();
        self.page.write(&self.person, node, token).await;
    }

    async fn wait(&mut self, milliseconds: std::ops::Range<u64>, stop: &CancellationToken) {
        let wait = Duration::from_millis(self.random.random_range(milliseconds));
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}
