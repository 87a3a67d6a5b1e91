//! D26: a node dies with people on it who look at an item and hold locks.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rand::Rng;
use reqwest::Method;
use serde_json::json;

use super::Setting;
use crate::desk::{Page, Person, Taking, make_accounts};
use crate::oracle::locks::WriteFate;
use crate::report::Outcome;
use crate::tab::{Tab, ids};
use crate::trial::{Plan, SLACK, Trial};

/// A fresh write comes through within this once the node is back.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// People of a node that died are gone elsewhere within this: it counts as dead after 15 s of silence.
const GONE_WITHIN: Duration = Duration::from_secs(20);
/// Who comes is seen everywhere within this; a word that was lost is asked for after 5 s.
const SEEN_WITHIN: Duration = Duration::from_secs(10);
/// A tab that is gone keeps its locks for so long.
const GRACE: Duration = Duration::from_secs(10);
/// The lease of the locks that are held through the node that dies.
const LEASE: Duration = Duration::from_secs(12);
/// A lock that has ended can be taken within this.
const FREE_WITHIN: Duration = Duration::from_secs(5);
/// How often somebody tries.
const TRY_EVERY: Duration = Duration::from_millis(200);
/// People on each node.
const PEOPLE: usize = 3;
/// Nodes.
const NODES: usize = 2;

/// Kills nodes (`SIGKILL`) with people on them.
pub async fn node_killed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let plan = Plan { nodes: NODES, writes_per_s: 40, ..Plan::on(setting.engine) };
    let installation = setting.lab.install(setting.engine, plan.nodes, &plan.sets).await?;
    make_accounts(&installation, PEOPLE * NODES + 1).await?;
    let trial = Trial::begin_in(setting.lab, setting.case, setting.seed, plan, installation).await?;
    let mut room = Room::open(trial, setting.seed).await?;
    let rounds = setting.form.pick(2, 6);
    let (mut gone, mut free) = (Duration::ZERO, Duration::ZERO);
    for round in 0..rounds {
        room.all_there("before a node was killed").await?;
        let victim = room.trial.random.random_range(0..NODES);
        if round % 2 == 0 {
            let (left, taken) = room.dies(victim).await?;
            (gone, free) = (gone.max(left), free.max(taken));
        } else {
            room.comes_back_at_once(victim).await?;
        }
    }
    room.all_there("in the end").await?;
    let Room { mut trial, pages, .. } = room;
    for page in &pages {
        page.judge(&mut trial).await?;
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    let line = format!(
        "{rounds} nodes killed with {} people on them: gone elsewhere after {:.1} s, their locks taken after {:.1} s at most; fresh write \
         through in {:.1} s",
        PEOPLE + 1,
        gone.as_secs_f64(),
        free.as_secs_f64(),
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

/// An item's room with people on both nodes. Those of a node have the numbers from `node * PEOPLE` on; the last one has a tab on each.
struct Room {
    trial: Trial,
    people: Vec<Person>,
    /// The open tabs of each node, in the order of its people; the last is of the one who is on both.
    tabs: [Vec<Tab>; NODES],
    /// All look at the first. Locks are taken on each.
    pages: [Arc<Page>; 3],
}

impl Room {
    async fn open(trial: Trial, seed: u64) -> anyhow::Result<Self> {
        let mut people = Vec::new();
        for number in 0..=PEOPLE * NODES {
            people.push(Person::sign_in(&trial.api.urls, number).await?);
        }
        let page = |number| Page::make(&trial.api, seed, number);
        let pages = [page(0).await?, page(1).await?, page(2).await?];
        let mut room = Self { trial, people, tabs: [const { Vec::new() }; NODES], pages };
        for node in 0..NODES {
            room.enter(node, 0).await?;
        }
        Ok(room)
    }

    fn people_of(&self, node: usize) -> impl Iterator<Item = &Person> {
        self.people[node * PEOPLE..(node + 1) * PEOPLE].iter().chain(self.people.last())
    }

    /// The people of a node open their tabs there, but for the first few.
    async fn enter(&mut self, node: usize, but: usize) -> anyhow::Result<()> {
        let mut tabs = Vec::new();
        for person in self.people_of(node).skip(but) {
            tabs.push(Tab::open(person, node, self.pages[0].id).await?);
        }
        self.tabs[node] = tabs;
        Ok(())
    }

    /// Whether every open tab and every node that runs show exactly these people.
    async fn shows(&self, people: &BTreeSet<String>) -> bool {
        let path = format!("/api/collaboration/presence/item:{}", self.pages[0].id);
        for (node, tabs) in self.tabs.iter().enumerate().filter(|(_, tabs)| !tabs.is_empty()) {
            let Ok((_, told)) = self.trial.api.call(node, Method::GET, &path, None).await else {
                return false;
            };
            if ids(&told["users"]) != *people || tabs.iter().any(|tab| tab.people() != *people) {
                return false;
            }
        }
        true
    }

    /// Waits until exactly these people are shown everywhere. How long that took; what is shown instead is noted.
    async fn until_shown(&mut self, people: &BTreeSet<String>, within: Duration, when: &str) -> Duration {
        let begun = Instant::now();
        while !self.shows(people).await {
            if begun.elapsed() > within * SLACK {
                let tabs = self.tabs.iter().flatten().map(|tab| tab.people().len()).collect::<Vec<_>>();
                let what = format!(
                    "{when} there were {} people, and after {} s the tabs show {tabs:?}",
                    people.len(),
                    begun.elapsed().as_secs()
                );
                self.trial.broken(what);
                break;
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
        begun.elapsed()
    }

    async fn all_there(&mut self, when: &str) -> anyhow::Result<()> {
        let all = self.people.iter().map(|person| person.id.clone()).collect();
        self.until_shown(&all, SEEN_WITHIN, when).await;
        Ok(())
    }

    /// A node dies, and is started again only when its people are gone elsewhere and their locks are others'. How long both took.
    async fn dies(&mut self, victim: usize) -> anyhow::Result<(Duration, Duration)> {
        let other = 1 - victim;
        // One lock by a tab of the node, one by nobody's tab, and one that is held on the other node.
        let holders: Vec<Person> = self.people_of(victim).take(2).cloned().collect();
        let stays = self.people[other * PEOPLE].clone();
        let session = self.tabs[victim][0].session();
        let wanted = |connection: &str| json!({"lease_s": LEASE.as_secs(), "connection": connection});
        let taken_at = Instant::now();
        self.grant(&self.pages[0], &holders[0], victim, &wanted(&session)).await?;
        self.grant(&self.pages[1], &holders[1], victim, &wanted("")).await?;
        let session = self.tabs[other][0].session();
        let kept = self.grant(&self.pages[2], &stays, other, &json!({"connection": session})).await?;

        tokio::time::sleep(Duration::from_millis(self.trial.random.random_range(0..1500))).await;
        let killed_at = Instant::now();
        self.trial.installation.nodes[victim].kill().await?;
        self.tabs[victim].clear();

        let ends = [(killed_at + GRACE).min(taken_at + LEASE), taken_at + LEASE];
        let mut free = Duration::ZERO;
        for (number, earliest) in ends.into_iter().enumerate() {
            let token = self.until_taken(number, other, earliest, taken_at + LEASE).await?;
            free = free.max(killed_at.elapsed());
            let fate = self.pages[number].write(&self.people[other * PEOPLE + 1], other, token).await;
            if !matches!(fate, WriteFate::Taken(_)) {
                self.trial.broken(format!("the new holder's write was not taken: {fate:?}"));
            }
            self.pages[number].give_back(&self.people[other * PEOPLE + 1], other, token).await;
        }
        let left = self.people_of(other).map(|person| person.id.clone()).collect();
        let so_far = killed_at.elapsed();
        let waited =
            self.until_shown(&left, GONE_WITHIN.saturating_sub(so_far), "after a node was killed").await;
        let both = self.people.last().map(|person| person.id.clone()).unwrap_or_default();
        if self.tabs[other].iter().any(|tab| tab.saw_leave(&both)) {
            self.trial.broken("somebody with a tab on the other node, too, was shown to leave");
        }
        if !self.pages[2].give_back(&stays, other, kept).await {
            self.trial.broken("a lock that is held on a node that lives was lost with the other");
        }
        self.trial.installation.nodes[victim].start().await?;
        self.enter(victim, 0).await?;
        Ok((so_far + waited, free))
    }

    /// A node dies and is back before anybody could notice; the first two of its people do not come back.
    async fn comes_back_at_once(&mut self, victim: usize) -> anyhow::Result<()> {
        let holder = self.people[victim * PEOPLE].clone();
        let wanted = json!({"lease_s": LEASE.as_secs(), "connection": self.tabs[victim][0].session()});
        let taken_at = Instant::now();
        self.grant(&self.pages[0], &holder, victim, &wanted).await?;
        let killed_at = Instant::now();
        self.trial.installation.nodes[victim].kill().await?;
        self.tabs[victim].clear();
        self.trial.installation.nodes[victim].start().await?;
        let missing = 2;
        self.enter(victim, missing).await?;
        let gone: Vec<String> =
            self.people_of(victim).take(missing).map(|person| person.id.clone()).collect();
        let all = self.people.iter().map(|person| person.id.clone());
        let there = all.filter(|id| !gone.contains(id)).collect();
        self.until_shown(&there, GONE_WITHIN, "after a node was killed and came back").await;
        let earliest = (killed_at + GRACE).min(taken_at + LEASE);
        let token = self.until_taken(0, 1 - victim, earliest, taken_at + LEASE).await?;
        let next = self.people[(1 - victim) * PEOPLE + 1].clone();
        self.pages[0].give_back(&next, victim, token).await;
        self.enter(victim, 0).await
    }

    /// Takes a lock that nobody holds.
    async fn grant(
        &self,
        page: &Page,
        who: &Person,
        node: usize,
        wanted: &serde_json::Value,
    ) -> anyhow::Result<i64> {
        match page.take(who, node, wanted).await? {
            Taking::Granted(token) => Ok(token),
            other => anyhow::bail!("a lock that nobody holds was not given: {other:?}"),
        }
    }

    /// Tries to take a page's lock until it is given, which is neither before `earliest` nor long after `latest`. Its token.
    async fn until_taken(
        &mut self,
        page: usize,
        node: usize,
        earliest: Instant,
        latest: Instant,
    ) -> anyhow::Result<i64> {
        let who = self.people[node * PEOPLE + 1].clone();
        let latest = latest + FREE_WITHIN * SLACK;
        loop {
            if let Taking::Granted(token) = self.pages[page].take(&who, node, &json!({})).await? {
                if Instant::now() < earliest {
                    self.trial.broken("a lock was given to another before its lease or its grace was over");
                }
                return Ok(token);
            }
            anyhow::ensure!(Instant::now() < latest, "a lock of a node that died cannot be taken again");
            tokio::time::sleep(TRY_EVERY).await;
        }
    }
}
