//! D23 and D24: whatever providers do, and whenever a node is killed while it hands messages over, everybody is told of every alert at
//! every address, and twice only where the ledger says that nobody could know.

mod desk;

use crisislens_fakes::faults::{Callbacks, Fault, Plan};
use rand::Rng;

use super::Setting;
use crate::report::Outcome;
use desk::Desk;

/// Of the stand-ins, those that can fail.
const STAND_INS: [&str; 7] = ["sendgrid", "smtp", "twilio", "fcm", "oauth", "push", "webhook"];

/// D23: more waits than can leave when critical alerts come; then providers limit, fail, hang up before and after they took a message, and
/// what became of it is told twice, in any order, by them and by others in their name.
pub async fn storm(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut desk = Desk::open(setting).await?;
    let callbacks = callbacks(setting.form.pick(30, 150));
    // So slow that most of it still waits on a busy machine.
    desk.fakes.set_plan(plan(&[Fault::Slow(2000)], &callbacks));
    for _ in 0..setting.form.pick(10, 30) {
        desk.raise("low").await?;
    }
    // Alerts of one batch are decided in the order of their partitions: what shall wait is decided before.
    desk.decided().await?;
    for _ in 0..2 {
        desk.raise("critical").await?;
    }
    desk.overtake().await?;
    let faults = [
        Fault::None,
        Fault::Limited { retry_after: 1 },
        Fault::Cut,
        Fault::Status(503),
        Fault::None,
        Fault::Dropped,
        Fault::Slow(300),
        Fault::None,
    ];
    desk.fakes.set_plan(plan(&faults, &callbacks));
    for number in 0..setting.form.pick(8, 50) {
        desk.raise(if number % 2 == 0 { "low" } else { "critical" }).await?;
        desk.pause(20..120).await;
    }
    desk.go_on().await;
    desk.judge("a backlog, limits, 503, cut and dropped connections, forged and replayed callbacks").await
}

/// D24: nodes are killed (`SIGKILL`) while providers answer slowly: what may have been taken is handed over again. In the first half they
/// tell nothing of what they took; in the second they do, as in D23.
pub async fn killed(setting: Setting<'_>) -> anyhow::Result<Outcome> {
    let mut desk = Desk::open(setting).await?;
    let slow = [Fault::Slow(150), Fault::None, Fault::Limited { retry_after: 1 }, Fault::Slow(400)];
    let silent = Callbacks { silent: true, ..Callbacks::default() };
    desk.fakes.set_plan(plan(&slow, &silent));
    let kills = setting.form.pick(5, 15);
    for kill in 0..kills {
        if kill == kills / 2 {
            desk.fakes.set_plan(plan(&slow, &callbacks(setting.form.pick(20, 60))));
        }
        for severity in ["low", "critical", "low"] {
            desk.raise(severity).await?;
        }
        // The moment is the experiment.
        desk.pause(0..500).await;
        let victim = desk.random.random_range(0..desk.installation.nodes.len());
        let node = &mut desk.installation.nodes[victim];
        node.kill().await?;
        node.start().await?;
    }
    desk.judge(&format!("{kills} kills while messages are handed over")).await
}

/// Every stand-in fails like this, each beginning elsewhere.
fn plan(faults: &[Fault], callbacks: &Callbacks) -> Plan {
    let requests = STAND_INS.iter().enumerate().map(|(number, name)| {
        let (before, from) = faults.split_at(number % faults.len());
        ((*name).to_owned(), [from, before].concat())
    });
    Plan { requests: requests.collect(), callbacks: callbacks.clone() }
}

/// Callbacks come twice and backwards; some mails bounce after they were delivered, and there are forged and replayed ones among them.
fn callbacks(late_bounce_every: u32) -> Callbacks {
    Callbacks {
        duplicates: 1,
        shuffled: true,
        late_bounce_every,
        forged_every: 5,
        replayed_every: 3,
        step_ms: 20,
        ..Callbacks::default()
    }
}
