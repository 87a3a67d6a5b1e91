//! alerts → notifications: an alert is noted in the transaction that consumes it, and its recipients are chosen page by page, each
//! page in a transaction of its own, the most urgent alert first. What has begun goes on after a crash where it was.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use crisislens_log::LogRecord;
use crisislens_model::topic::event_type;
use crisislens_model::{Alert, AlertStatus, Clock, DeliveryId, DeliveryStatus, Topic, UserId, record};
use crisislens_state::ledger::{Candidate, Fanout, Who};
use crisislens_state::{Durability, Tx};
use crisislens_stream::{ApplyError, Handler, Reject};

use crate::decide::{Decision, decide, recent};
use crate::escalation;
use crate::holds::{Holds, Why};
use crate::matter::Matter;
use crate::rounds::Rounds;
use crate::teller::{TellError, Teller, tell};
use crate::templates::{Name, OwnTemplates, Rendered, TemplateError, Templates};

/// People that one transaction decides about: between two of them the others have their turn.
const PAGE: usize = 1_024;
/// And where few of those looked at so far are told: most of the work is then the same for a page of any size.
const WIDE_PAGE: usize = 2_048;

/// The handler of `alerts`.
pub struct Recipients {
    /// The time.
    pub clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handler for Recipients {
    type Work = Alert;

    fn group(&self) -> &'static str {
        "crisis-lens-notifications"
    }

    fn stage(&self) -> &'static str {
        "recipients"
    }

    fn topic(&self) -> Topic {
        Topic::Alerts
    }

    fn prepare(&self, record: &LogRecord) -> Result<Option<Alert>, Reject> {
        if record::header(&record.headers, "ce_type") != Some(event_type::ALERT_RAISED) {
            return Ok(None);
        }
        let value = record.value.as_deref().ok_or_else(|| Reject::decode("the record has no value"))?;
        let alert: Alert = serde_json::from_slice(value).map_err(Reject::decode)?;
        // Approval changes who else may read it, and nothing that was told.
        Ok((alert.status != AlertStatus::Draft && alert.kind != "approval").then_some(alert))
    }

    async fn apply(&self, tx: &mut dyn Tx, work: &[Alert]) -> Result<(), ApplyError> {
        let now = self.clock.now();
        for alert in work {
            tx.begin_fanout(alert, now).await?;
        }
        Ok(())
    }
}

/// Chooses recipients.
pub struct FanOut {
    teller: Teller,
    /// Whether the last step found something to do: then the next does not ask first, but begins.
    is_at_work: AtomicBool,
}

#[async_trait]
impl Rounds for FanOut {
    const WHAT: &'static str = "choosing recipients";
    const IDLE: Duration = Duration::from_millis(100);
    type Error = TellError;

    async fn step(&self) -> Result<bool, TellError> {
        if !self.is_at_work.swap(false, Ordering::Relaxed) && !self.teller.store.has_fanout().await? {
            return Ok(false);
        }
        let mut tx = self.teller.store.begin(Durability::Power).await?;
        let Some(mut fanout) = tx.next_fanout().await? else { return Ok(false) };
        let told = self.page(&mut *tx, &mut fanout).await?;
        tx.put_fanout(&fanout).await?;
        tx.commit().await?;
        self.is_at_work.store(true, Ordering::Relaxed);
        self.teller.wake(told);
        Ok(true)
    }
}

impl FanOut {
    /// Who chooses with `teller`.
    #[must_use]
    pub const fn new(teller: Teller) -> Self {
        Self { teller, is_at_work: AtomicBool::new(false) }
    }

    async fn page(&self, tx: &mut dyn Tx, fanout: &mut Fanout) -> Result<usize, TellError> {
        let now = self.teller.clock.now();
        let (is_first, is_correction) = (fanout.after.is_none(), fanout.alert.is_correction());
        // What puts right goes to those who had the original, whatever holds the alert: they must get it, and nobody else.
        let mut held = None;
        if is_first || is_correction {
            held = Holds::read(tx).await?.hold(tx, &fanout.alert, now).await?.map(Why::into_words);
        }
        if is_first && (held.is_none() || fanout.alert.kind == "cancel") {
            escalation::begin(tx, &fanout.alert, now).await?;
        }
        if !is_correction && held.is_some() {
            (fanout.held, fanout.done_at) = (held, Some(now));
            return Ok(0);
        }
        let is_narrow = fanout.considered > 0 && fanout.told * 10 < fanout.considered;
        let limit = if is_narrow { WIDE_PAGE } else { PAGE };
        let alert = &fanout.alert;
        let everybody = Who::Everybody { after: fanout.after, limit };
        let mut candidates = tx.candidates(everybody, Some(alert.id), recent(now)).await?;
        let matter = Matter { held, ..Matter::alert(alert) };
        let (Some(first), Some(last)) = (candidates.first(), candidates.last()) else {
            fanout.done_at = Some(now);
            return Ok(0);
        };
        let (first, last) = (first.user.id, last.user.id);
        let own = self.teller.templates.own(tx).await?;
        let mut texts = Texts { templates: &self.teller.templates, own, alert, of: HashMap::new() };
        let why = format!("revision {} took its place before it left", alert.revision);
        let decisions = self.decisions(tx, &matter, &mut candidates, &why).await?;
        let mut told = Vec::new();
        let mut passed: BTreeMap<String, Vec<UserId>> = BTreeMap::new();
        for (candidate, decision) in candidates.iter().zip(decisions) {
            match decision {
                Decision::Told { mut notification, .. } => {
                    texts.of(&notification.locale)?.write_into(&mut notification);
                    told.push(*notification);
                }
                Decision::PassedOver { why, .. } => passed.entry(why).or_default().push(candidate.user.id),
            }
        }
        if !passed.is_empty() {
            tx.put_passed_over(alert.id, alert.revision, first, &passed).await?;
        }
        tell(tx, &told, now).await?;
        fanout.after = Some(last);
        fanout.considered += candidates.len() as u64;
        fanout.told += told.len() as u64;
        if candidates.len() < limit {
            fanout.done_at = Some(now);
        }
        Ok(told.len())
    }

    /// Decides for everybody of a page, and ends what the decisions take the place of. Where a worker was quicker and has taken it, it
    /// goes out: then it is decided again for that person, as for somebody who has it.
    async fn decisions(
        &self,
        tx: &mut dyn Tx,
        matter: &Matter<'_>,
        candidates: &mut [Candidate],
        why: &str,
    ) -> Result<Vec<Decision>, TellError> {
        let now = self.teller.clock.now();
        let mut decisions: Vec<Decision> =
            candidates.iter().map(|candidate| decide(matter, candidate, self.teller.rules, now)).collect();
        let replaced: Vec<DeliveryId> = decisions.iter().flat_map(Decision::replaced).copied().collect();
        let canceled = tx.cancel_deliveries(&replaced, why).await?;
        if canceled.len() == replaced.len() {
            return Ok(decisions);
        }
        let canceled: HashSet<DeliveryId> = canceled.into_iter().collect();
        for (candidate, decision) in candidates.iter_mut().zip(&mut decisions) {
            let leaves: Vec<DeliveryId> =
                decision.replaced().iter().filter(|id| !canceled.contains(id)).copied().collect();
            if leaves.is_empty() {
                continue;
            }
            for earlier in candidate.earlier.iter_mut().filter(|one| leaves.contains(&one.id)) {
                earlier.status = DeliveryStatus::Sending;
            }
            *decision = decide(matter, candidate, self.teller.rules, now);
        }
        Ok(decisions)
    }
}

/// An alert's texts, each language once.
struct Texts<'a> {
    templates: &'a Templates,
    /// The users' templates as they are now.
    own: OwnTemplates,
    alert: &'a Alert,
    of: HashMap<String, Rendered>,
}

impl Texts<'_> {
    fn of(&mut self, locale: &str) -> Result<&Rendered, TemplateError> {
        if !self.of.contains_key(locale) {
            let name = Name::of(self.alert);
            self.of.insert(locale.to_owned(), self.templates.told(name, self.alert, locale, &self.own)?);
        }
        Ok(&self.of[locale])
    }
}
