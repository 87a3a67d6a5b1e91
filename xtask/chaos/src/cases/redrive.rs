//! D13: many dead letters are sent again by a command that is killed in the middle and run again, and again.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crisislens_model::record::EventMeta;
use crisislens_model::topic::event_type;
use crisislens_model::{Clock, EventId, ItemId, NewRecord, SystemClock, Timestamp, Topic};
use rand::Rng;
use serde_json::{Value, json};

use super::Setting;
use super::letters::{Put, dead_letters, with_records};
use crate::lab::Engine;
use crate::oracle::Kind;
use crate::oracle::payload::{WriteId, source, source_id, text};
use crate::poison;
use crate::report::Outcome;
use crate::trial::{Plan, Trial};

/// Records that lie further ahead than this are refused, and are sound later on.
const TOO_FAR_AHEAD: Duration = Duration::from_secs(48 * 3600);
/// They are refused for so long from when they are on the log, plus what it takes to make dead letters of so many.
const UNSOUND_FOR: Duration = Duration::from_secs(6);
/// Of the embedded log, from before its process is started.
const UNSOUND_WHILE_STARTING: Duration = Duration::from_secs(12);
/// Dead letters are made at least at this pace.
const LETTERS_PER_S: u32 = 200;
/// Records that will never be sound.
const HOPELESS: u64 = 10;
/// After so many replays a letter is parked.
const REPLAYS: u32 = 3;
/// Longest time for one step.
const PATIENCE: Duration = Duration::from_secs(60);
/// What is hopeless is a dead letter again within this after it was replayed.
const DIES_AGAIN_WITHIN: Duration = Duration::from_secs(10);
/// A fresh write comes through within this.
const THROUGH_WITHIN: Duration = Duration::from_secs(10);
/// The first key of the records made here; the writers' keys are smaller.
const FIRST_KEY: u32 = 50_000_000;

/// Sends all dead letters again while the command that does so is killed.
pub async fn killed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let plan = Plan { writes_per_s: 40, ..Plan::on(setting.engine) };
    let many = if setting.engine == Engine::Embedded { 2_000 } else { 10_000 };
    let sound_later = setting.pick_once(200, many);
    // Letters that the command sends in a second.
    let rate = setting.pick_once("200", "1000");
    let starting = if setting.engine == Engine::Embedded { UNSOUND_WHILE_STARTING } else { UNSOUND_FOR };
    let unsound_for = starting + Duration::from_secs(1) * sound_later / LETTERS_PER_S;
    let ids = (0..sound_later).map(|number| WriteId { key: FIRST_KEY + number, revision: 1 });
    let mut begun = Instant::now();
    let (mut trial, put) = with_records(setting, plan, || {
        begun = Instant::now();
        let due = SystemClock.now().checked_add(TOO_FAR_AHEAD + unsound_for)?;
        let records = ids.clone().map(|id| raw_item(setting.seed, id, due));
        let hopeless = (0..HOPELESS).map(|_| Ok(poison::raw(Some(b"never".to_vec()))));
        records.chain(hopeless).collect()
    })
    .await?;
    let count = put.sent.len() as u64;
    let events: BTreeSet<String> =
        put.sent.iter().filter_map(|(record, _)| poison::event(record)).map(str::to_owned).collect();
    trial.expect_letters(move |letter| {
        letter["headers"]["ce_id"].as_str().is_some_and(|id| events.contains(id))
    });
    for id in ids {
        trial.load.note_sent(id);
        trial.load.note_acknowledged(id);
    }
    until_letters(&mut trial, "waiting", count).await?;
    if begun.elapsed() > unsound_for {
        trial.broken("the letters were made so slowly that their records were sound again");
    }
    tokio::time::sleep(unsound_for.saturating_sub(begun.elapsed()) + Duration::from_secs(1)).await;

    let kills = setting.form.pick(2, 6);
    for _ in 0..kills {
        let mut command =
            trial.installation.nodes[0].spawn_command(&["dlq", "replay", "--all", "--rate", rate])?;
        let wait = Duration::from_millis(trial.random.random_range(400..1200));
        if tokio::time::timeout(wait, command.wait()).await.is_err() {
            command.kill().await?;
        }
    }
    // To its end, and then as often as it takes to park what is hopeless: a letter that dies again is a new one.
    // Counted by rounds: how long the first takes depends on how many were left.
    for _ in 0..=REPLAYS + 1 {
        if letters(&trial, "parked").await? >= HOPELESS {
            break;
        }
        let node = &trial.installation.nodes[0];
        node.command(&["dlq", "replay", "--all", "--rate", rate], crate::api::PASSWORD).await?;
        trial.within(DIES_AGAIN_WITHIN, async |trial| undecided(trial).await >= HOPELESS).await;
    }
    until_letters(&mut trial, "parked", HOPELESS).await?;
    let waiting = letters(&trial, "waiting").await?;
    if waiting > 0 {
        trial.broken(format!("{waiting} letters still wait after everything was replayed"));
    }
    let entries = trial.api.all("/api/audit").await?;
    let replays = entries.iter().filter(|entry| entry["action"] == "dlq.replay");
    let audited = replays.count() as u64;
    let decisions = u64::from(sound_later) + HOPELESS * u64::from(REPLAYS);
    if audited < decisions {
        trial.broken(format!("{audited} entries in the audit log for {decisions} decisions"));
    }
    let recovered = trial.recovered(THROUGH_WITHIN).await.unwrap_or_default();
    check_generations(&mut trial, &put).await?;
    let line = format!(
        "{count} dead letters, the replay killed {kills} times; {HOPELESS} parked after {REPLAYS} replays, {audited} audited; fresh write through in {:.1} s",
        recovered.as_secs_f64()
    );
    trial.judge(&line).await
}

async fn letters(trial: &Trial, status: &str) -> anyhow::Result<u64> {
    let answer = trial.api.get(&format!("/api/dlq?status={status}&limit=1")).await?;
    Ok(answer["total"].as_u64().unwrap_or(0))
}

/// Compares every letter with the record that was sent, byte for byte. What was sound later has died once; what is hopeless
/// died at first and after each replay.
async fn check_generations(trial: &mut Trial, put: &Put) -> anyhow::Result<()> {
    let letters = dead_letters(trial).await?;
    let sent = put.sent.iter().map(|(record, _)| {
        let deaths = if record.value.as_deref() == Some(b"never") { REPLAYS + 1 } else { 1 };
        (record, deaths)
    });
    for problem in poison::generation_problems(sent, &letters) {
        trial.verdict.add(Kind::Corrupted, problem);
    }
    Ok(())
}

/// How many letters wait for somebody, or are parked.
async fn undecided(trial: &Trial) -> u64 {
    let waiting = letters(trial, "waiting").await.unwrap_or(0);
    waiting + letters(trial, "parked").await.unwrap_or(0)
}

async fn until_letters(trial: &mut Trial, status: &str, count: u64) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let there = letters(trial, status).await?;
        if there == count {
            return Ok(());
        }
        if begun.elapsed() > PATIENCE {
            trial.verdict.add(Kind::Lost, format!("{there} letters are {status}, not {count}"));
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

fn raw_item(seed: u64, id: WriteId, said_at: Timestamp) -> anyhow::Result<NewRecord> {
    let (source, source_id) = (source(seed), source_id(id.key));
    let item_id = ItemId::of(&source, &source_id);
    let value: Value = json!({
        "id": item_id.to_string(), "source": source, "source_id": source_id, "source_kind": "social",
        "text": text(seed, id, "said ahead of time"), "timestamp": said_at.to_string(), "media": [],
        "ingested_at": SystemClock.now().to_string(),
    });
    let meta = EventMeta {
        id: EventId::random(),
        kind: event_type::RAW_ITEM,
        source: "/crisislens/fault-lab",
        time: SystemClock.now(),
    };
    let key = format!("{source}:{source_id}").into_bytes();
    Ok(NewRecord::event(Topic::RawItems, key, serde_json::to_vec(&value)?, meta))
}
