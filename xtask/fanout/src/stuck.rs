//! What others notice of a reader that stops reading: the same load in turn without and with one, four times in one run, so
//! that what the machine does meanwhile falls on both.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::case::Case;
use crate::client::Client;
use crate::marker::now_ns;
use crate::measure::{Figures, SETTLE, Used, WARM_UP, drain, figures, quantile, receive, receive_until};
use crate::profile::{Profile, Profiler};
use crate::publisher::{Progress, Publishing, Way};
use crate::server::Running;

/// The reader that stops.
const STUCK: usize = 0;
/// In this time a socket of a reader that does not read is full, its queue runs over, and it is cut.
const LEAST: Duration = Duration::from_secs(14);
/// How long what was sent within a turn may take to come.
const LATE: Duration = Duration::from_millis(500);
/// How long a stuck reader may take to be told, once it reads again, and to be back.
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// How often the server's log is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Latencies of the others, and what became of the stuck one.
#[derive(Default)]
struct Seen {
    without: Vec<u32>,
    with: Vec<u32>,
    cut: BTreeMap<&'static str, f64>,
    cuts: u32,
}

/// Measures `case`.
pub fn measure(
    case: Case,
    server: &Running,
    way: &Way,
    time: Duration,
    profiler: Option<&Profiler>,
) -> anyhow::Result<Figures> {
    let (pid, dialect) = (server.pid(), server.dialect());
    let mut client = Client::new(server.address(), case, &*dialect)?;
    client.set_aside = Some(STUCK);
    client.open_all()?;
    client.rest(SETTLE)?;
    let publishing = Publishing::start(case, &dialect, way);
    let progress = Arc::clone(&publishing.progress);
    client.follow(&progress);
    receive(&mut client, &progress, WARM_UP)?;
    let profile = profiler.map(|profiler| profiler.begin(case.name, pid)).transpose()?;
    let before = Used::now(pid, &client)?;
    let mut seen = Seen::default();
    for _ in 0..2 {
        let mut without = turn(&mut client, &progress, time, |_| {})?;
        seen.without.append(&mut without);
        let log = dialect.slow_line().map(|line| Log::open(server.log(), line)).transpose()?;
        stuck(&mut client, &progress, time, log, &mut seen)?;
    }
    let after = Used::now(pid, &client)?;
    profile.map(Profile::end).transpose()?;
    publishing.stop();
    drain(&mut client, &publishing)?;
    publishing.end()?;
    let (without, with) = (quantile(&mut seen.without, 0.99), quantile(&mut seen.with, 0.99));
    client.latencies = seen.with;
    let figures = figures(&mut client, &progress, &before, &after, Figures::default());
    let mut extra = seen.cut;
    extra.extend([
        ("p99_without_ms", without),
        ("others_p99_ratio", with / without),
        ("cuts", f64::from(seen.cuts)),
    ]);
    Ok(Figures { extra, ..figures })
}

/// One turn: the latencies of what was to be sent within it.
fn turn(
    client: &mut Client<'_>,
    progress: &Progress,
    time: Duration,
    mut look: impl FnMut(&Client<'_>),
) -> anyhow::Result<Vec<u32>> {
    client.measured = now_ns()..u64::MAX;
    receive_until(client, progress, time.max(LEAST), |client| {
        look(client);
        false
    })?;
    client.measured.end = now_ns();
    receive(client, progress, LATE)?;
    client.measured = u64::MAX..u64::MAX;
    Ok(std::mem::take(&mut client.latencies))
}

/// A turn in which one reader does not read; then it reads on, and comes back where it was cut.
fn stuck(
    client: &mut Client<'_>,
    progress: &Progress,
    time: Duration,
    mut log: Option<Log<'_>>,
    seen: &mut Seen,
) -> anyhow::Result<()> {
    let (begun, bytes) = (Instant::now(), client.received().0);
    client.stop_reading(STUCK)?;
    client.fallen = Some(Vec::new());
    let mut cut = None;
    let mut with = turn(client, progress, time, |client| {
        if cut.is_none() && log.as_mut().is_some_and(Log::has_it) {
            cut = Some((begun.elapsed(), client.received().0));
        }
    })?;
    seen.with.append(&mut with);
    let held = |client: &Client<'_>| client.subscriber(STUCK).map_or(0, |stuck| stuck.bytes);
    let read_before = held(client);
    client.read_again(STUCK)?;
    let has_fallen = |client: &Client<'_>| client.fallen.as_ref().is_some_and(|all| !all.is_empty());
    receive_until(client, progress, BACK_WITHIN, has_fallen)?;
    let read_after = held(client) - read_before;
    if let Some((after, then)) = cut {
        let others = (client.subscribers() - 1) as f64;
        seen.cut.insert("cut_after_s", after.as_secs_f64());
        seen.cut.insert("cut_after_kb", (then - bytes) as f64 / others / 1024.0);
    }
    // Others that fall meanwhile are no part of the trial: they stay away, and count as closed.
    for number in client.fallen.take().unwrap_or_default() {
        if number != STUCK {
            client.counts.closed += 1;
            continue;
        }
        seen.cuts += 1;
        seen.cut.insert("read_after_kb", read_after as f64 / 1024.0);
        let code = client.subscriber(STUCK).and_then(|stuck| stuck.closed_with);
        seen.cut.extend(code.map(|code| ("close_code", f64::from(code))));
        client.open_again(STUCK);
    }
    receive_until(client, progress, BACK_WITHIN, |client| client.has_caught_up())
}

/// What a server says while it runs, searched for one line.
struct Log<'a> {
    file: File,
    line: &'a str,
    text: String,
    looked: Instant,
}

impl<'a> Log<'a> {
    /// From the end of what there is.
    fn open(path: &Path, line: &'a str) -> anyhow::Result<Self> {
        let mut file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        file.read_to_end(&mut Vec::new())?;
        Ok(Self { file, line, text: String::new(), looked: Instant::now() })
    }

    fn has_it(&mut self) -> bool {
        if self.looked.elapsed() < LOOK_EVERY {
            return false;
        }
        self.looked = Instant::now();
        let _ = self.file.read_to_string(&mut self.text);
        self.text.contains(self.line)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn only_what_the_log_says_from_now_on_is_found() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        writeln!(file, "cut").unwrap();
        let mut log = Log::open(file.path(), "cut").unwrap();
        let mut look = || {
            log.looked -= LOOK_EVERY;
            log.has_it()
        };
        assert!(!look());
        write!(file, "one is cu").unwrap();
        assert!(!look());
        writeln!(file, "t").unwrap();
        assert!(look());
    }
}
