//! A handler whose effects can be counted: each record it applies publishes its number on `claims`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use crisislens_log::{EventLog, LogRecord};
use crisislens_model::{Header, NewRecord, Topic, id, record};
use crisislens_state::Tx;
use crisislens_state::stream::Delayed;
use crisislens_stream::{ApplyError, Handler, Reject};
use crisislens_testkit::{Engines, sample};

/// Reads `raw-items`. A record's value is a number and what happens to it: `7 fine`.
#[derive(Default)]
pub struct Toy {
    /// Every number that was given to `apply`, in order, whatever came of it.
    pub tried: Mutex<Vec<u64>>,
    /// Appended when a record that fails is tried for the last time.
    pub meanwhile: Mutex<Option<Meanwhile>>,
    /// Numbers that fail for as long as they are in it, whatever their fate.
    pub cursed: Arc<Mutex<BTreeSet<u64>>>,
    /// While set, what it needs is away.
    pub away: AtomicBool,
}

/// Records, and the log that gets them.
pub type Meanwhile = (Arc<dyn EventLog>, Vec<NewRecord>);

/// A record, read.
pub struct Work {
    key: Vec<u8>,
    number: u64,
    fate: String,
}

#[async_trait]
impl Handler for Toy {
    type Work = Work;

    fn group(&self) -> &'static str {
        "toys"
    }

    fn stage(&self) -> &'static str {
        "count"
    }

    fn topic(&self) -> Topic {
        Topic::RawItems
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Work>, Reject> {
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("no value"))?;
        let text = std::str::from_utf8(value).map_err(Reject::decode)?;
        let (number, fate) = text.split_once(' ').ok_or_else(|| Reject::decode("no fate"))?;
        match fate {
            "skip" => return Ok(None),
            "panic" => panic!("as a handler with a bug might"),
            _ => {}
        }
        let number = number.parse().map_err(Reject::decode)?;
        Ok(Some(Work { key: record.key.to_vec(), number, fate: fate.to_owned() }))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Work]) -> Result<(), ApplyError> {
        for one in work {
            self.tried.lock().unwrap().push(one.number);
            self.meet(one).await?;
            let value = Some(one.number.to_string().into_bytes());
            let record = NewRecord { topic: Topic::Claims, key: one.key.clone(), value, headers: vec![] };
            tx.publish(vec![record], sample::at(0)).await?;
        }
        Ok(())
    }
}

impl Toy {
    async fn meet(&self, one: &Work) -> Result<(), ApplyError> {
        let tries = self.tries(one.number);
        if self.away.load(Ordering::SeqCst) {
            return Err(ApplyError::Dependency {
                name: "the oracle".to_owned(),
                reason: "asleep".to_owned(),
            });
        }
        if self.cursed.lock().unwrap().contains(&one.number) {
            return Err(ApplyError::Failed("it is cursed".to_owned()));
        }
        match one.fate.as_str() {
            "fails" => {
                let meanwhile = self.meanwhile.lock().unwrap().take_if(|_| tries == 3);
                if let Some((log, records)) = meanwhile {
                    log.append(records).await.unwrap();
                }
                Err(ApplyError::Failed("it is cursed".to_owned()))
            }
            "never" => {
                let message = "nobody can want this".to_owned();
                Err(ApplyError::Never(Reject { stage: "handle", class: "unwanted", message }))
            }
            "fails at length" => Err(ApplyError::Failed(format!("cursed {}", "é".repeat(1 << 20)))),
            "fails-once" if tries == 1 => Err(ApplyError::Failed("not yet".to_owned())),
            "panics" => panic!("as a handler with a bug might"),
            _ => Ok(()),
        }
    }

    /// One whose `numbers` fail until they are lifted from `cursed`.
    pub fn cursed(numbers: impl IntoIterator<Item = u64>) -> Arc<Self> {
        Arc::new(Self { cursed: Arc::new(Mutex::new(numbers.into_iter().collect())), ..Self::default() })
    }

    /// Lets what was cursed be applied.
    pub fn lift(&self) {
        self.cursed.lock().unwrap().clear();
    }

    /// How often a number was tried.
    pub fn tries(&self, number: u64) -> usize {
        self.tried.lock().unwrap().iter().filter(|tried| **tried == number).count()
    }
}

/// Record `number` with its own event id, that meets `fate`; one of 16 keys by its number.
pub fn record(number: u64, fate: &str) -> NewRecord {
    record_of(&format!("key {}", number % 16), number, fate)
}

/// The same under a key.
pub fn record_of(key: &str, number: u64, fate: &str) -> NewRecord {
    NewRecord {
        topic: Topic::RawItems,
        key: key.as_bytes().to_vec(),
        value: Some(format!("{number} {fate}").into_bytes()),
        headers: vec![Header::new("ce_id", id::named("toy", &number.to_string()).to_string())],
    }
}

/// Fine records.
pub fn fine(numbers: std::ops::Range<u64>) -> Vec<NewRecord> {
    numbers.map(|number| record(number, "fine")).collect()
}

/// The numbers applied under each key, in the order in which they were.
pub async fn effects(engines: &Engines) -> BTreeMap<Vec<u8>, Vec<u64>> {
    let mut effects: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
    for waiting in engines.store.waiting(0, 1_000_000).await.unwrap() {
        if waiting.record.topic == Topic::Claims {
            effects.entry(waiting.record.key).or_default().push(number(waiting.record.value.as_deref()));
        }
    }
    effects
}

/// The number that an effect carries.
pub fn number(value: Option<&[u8]>) -> u64 {
    std::str::from_utf8(value.unwrap()).unwrap().parse().unwrap()
}

/// Every number applied, rising.
pub async fn applied(engines: &Engines) -> Vec<u64> {
    let mut numbers: Vec<u64> = effects(engines).await.into_values().flatten().collect();
    numbers.sort_unstable();
    numbers
}

/// Asserts that `0..count` were each applied once, and in order under each key.
pub async fn assert_once_in_order(engines: &Engines, count: u64) {
    assert_eq!(applied(engines).await, (0..count).collect::<Vec<_>>());
    for (key, numbers) in effects(engines).await {
        assert!(numbers.is_sorted(), "{}: {numbers:?}", String::from_utf8_lossy(&key));
    }
}

/// Everything that a consumer has put off.
pub async fn put_off(engines: &Engines, consumer: &str) -> Vec<Delayed> {
    let mut all = Vec::new();
    for partition in 0..engines.log.definitions().get(Topic::RawItems).partitions {
        all.extend(engines.store.delayed(consumer, Topic::RawItems, partition).await.unwrap());
    }
    all
}

/// The dead letters that wait for the relay.
pub async fn letters(engines: &Engines) -> Vec<NewRecord> {
    let waiting = engines.store.waiting(0, 1_000_000).await.unwrap().into_iter();
    waiting.map(|waiting| waiting.record).filter(|record| record.topic == Topic::Dlq).collect()
}

/// A header of a letter.
pub fn header<'a>(letter: &'a NewRecord, name: &str) -> &'a str {
    record::header(&letter.headers, name).unwrap()
}
