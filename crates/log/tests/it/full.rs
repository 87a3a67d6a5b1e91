//! A disk without room: nothing acknowledged is lost, nothing is placed twice, and with room writing goes on by itself.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crisislens_log::{EventLog, LogError, ReadLimit};
use crisislens_model::Topic;

use super::{noise, open, record};

const LIMIT: ReadLimit = ReadLimit { records: 100_000, bytes: usize::MAX };
/// Far longer than it takes; the log is opened again once a second at most.
const PATIENCE: Duration = Duration::from_secs(30);

/// A small disk in memory; goes when dropped.
struct Disk(tempfile::TempDir);

impl Disk {
    /// None where we may not mount.
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let options = ["-t", "tmpfs", "-o", "size=24m", "crisislens-test"];
        let mounted = Command::new("mount").args(options).arg(folder.path()).output();
        mounted.is_ok_and(|output| output.status.success()).then_some(Self(folder))
    }

    fn log(&self) -> PathBuf {
        self.0.path().join("log")
    }

    fn fill(&self) -> PathBuf {
        let ballast = self.0.path().join("ballast");
        let mut file = std::fs::File::create(&ballast).unwrap();
        let mut block = vec![0; 64 * 1024];
        while !block.is_empty() {
            if file.write_all(&block).is_err() {
                block.truncate(block.len() / 2);
            }
        }
        ballast
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

async fn values(log: &dyn EventLog) -> Vec<Vec<u8>> {
    let records = log.read(Topic::Dlq, 0, 0, LIMIT).await.unwrap();
    records.iter().map(|record| record.value.as_ref().unwrap().to_vec()).collect()
}

/// Appends until it works again; whatever fails meanwhile may be on the log or not.
async fn append_until_it_works(log: &dyn EventLog, value: &[u8]) -> u64 {
    let begun = Instant::now();
    loop {
        match log.append(vec![record(Topic::Dlq, "k", value)]).await {
            Ok(placed) => return placed[0].offset,
            Err(LogError::Unavailable(_)) => {}
            Err(other) => panic!("{other}"),
        }
        assert!(begun.elapsed() < PATIENCE, "it does not heal");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_whose_disk_was_full_goes_on_by_itself_when_there_is_room() {
    let Some(disk) = Disk::mount() else {
        println!("skipped: only root may mount a small disk");
        return;
    };
    let log = open(&disk.log());
    let mut acknowledged = Vec::new();
    for round in 0..3_u64 {
        let ballast = disk.fill();
        let mut refused = false;
        for n in 0..10_000 {
            let value = noise(round * 10_000 + n);
            match log.append(vec![record(Topic::Dlq, "k", value.clone())]).await {
                Ok(placed) => acknowledged.push((placed[0].offset, value)),
                Err(LogError::Unavailable(_)) => {
                    refused = true;
                    break;
                }
                Err(other) => panic!("{other}"),
            }
        }
        assert!(refused, "the disk was never full");
        // What is there can be read all the while.
        assert!(values(&*log).await.len() >= acknowledged.len());
        std::fs::remove_file(ballast).unwrap();
        let value = format!("after round {round}").into_bytes();
        let offset = append_until_it_works(&*log, &value).await;
        acknowledged.push((offset, value));
        assert_placed(&*log, &acknowledged).await;
    }
    log.close(Duration::from_secs(10)).await.unwrap();
    assert_placed(&*reopened(&disk.log()), &acknowledged).await;
}

fn reopened(dir: &Path) -> std::sync::Arc<dyn EventLog> {
    open(dir)
}

/// Each acknowledged record stands where it was said to stand.
async fn assert_placed(log: &dyn EventLog, acknowledged: &[(u64, Vec<u8>)]) {
    let values = values(log).await;
    for (offset, value) in acknowledged {
        assert_eq!(values.get(*offset as usize), Some(value), "offset {offset}");
    }
}
