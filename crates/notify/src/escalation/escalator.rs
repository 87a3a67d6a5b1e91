//! escalations → notifications: steps that are due are taken one by one, each with all that it tells and with the time of the next in one
//! transaction. What is undone by a crash is done again by whoever comes then, and nobody is told twice.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use crisislens_model::{Alert, Channel, Notification, Timestamp};
use crisislens_state::escalations::{Escalation, EscalationState, Reachable};
use crisislens_state::ledger::Counts;
use crisislens_state::{Durability, StateError, Tx};

use super::Chain;
use super::paging::{Paging, admins, targets};
use crate::rounds::Rounds;
use crate::teller::{TellError, Teller, tell};
use crate::templates::{Escalated, OwnTemplates, Rendered};

/// Where the news of an end goes.
const LOUD: [Channel; 2] = [Channel::Inbox, Channel::Email];

/// Takes alerts along their chains.
pub struct Escalator(pub Teller);

/// What became of an escalation whose time had come.
struct Turn {
    told: Vec<Notification>,
    ended: bool,
}

#[async_trait]
impl Rounds for Escalator {
    const WHAT: &'static str = "escalating";
    const IDLE: Duration = Duration::from_millis(250);
    type Error = TellError;

    async fn step(&self) -> Result<bool, TellError> {
        let now = self.0.clock.now();
        if self.0.store.next_escalation().await?.is_none_or(|next| next > now) {
            return Ok(false);
        }
        let mut tx = self.0.store.begin(Durability::Process).await?;
        let Some(mut escalation) = tx.take_escalation(now).await? else { return Ok(false) };
        let Turn { told, ended } = self.turn(&mut *tx, &mut escalation, now).await?;
        tell(&mut *tx, &told, now).await?;
        escalation.version += 1;
        tx.put_escalation(&escalation).await?;
        tx.commit().await?;
        if ended {
            metrics::counter!("crisislens_notify_escalations_ended_total").increment(1);
            tracing::error!(alert = %escalation.alert, chain = %escalation.chain, "nobody has acknowledged the alert");
        }
        self.0.wake(told.len());
        Ok(true)
    }
}

impl Escalator {
    async fn turn(
        &self,
        tx: &mut dyn Tx,
        escalation: &mut Escalation,
        now: Timestamp,
    ) -> Result<Turn, TellError> {
        let nothing = Turn { told: Vec::new(), ended: false };
        let alert = tx.told_alert(escalation.alert).await?.filter(|alert| alert.kind != "cancel");
        let Some(alert) = alert else {
            rest(escalation, EscalationState::Cancelled, None);
            return Ok(nothing);
        };
        match Counts::of(&tx.rested_by(alert.id).await?, now) {
            Some(Counts::ForGood) => {
                rest(escalation, EscalationState::Acknowledged, None);
                Ok(nothing)
            }
            Some(Counts::Until(end)) => {
                rest(escalation, EscalationState::Acknowledged, Some(end));
                Ok(nothing)
            }
            None => self.go_on(tx, &alert, escalation, now).await,
        }
    }

    /// Tells those of the step, and of the next ones as long as nobody could be reached.
    async fn go_on(
        &self,
        tx: &mut dyn Tx,
        alert: &Alert,
        escalation: &mut Escalation,
        now: Timestamp,
    ) -> Result<Turn, TellError> {
        let chain: Chain = serde_json::from_str(&escalation.document)
            .map_err(|error| StateError::Damaged { what: "escalation chain", reason: error.to_string() })?;
        let steps = chain.steps.len() as u64;
        escalation.state = EscalationState::Running;
        let own = self.0.templates.own(tx).await?;
        let mut told = Vec::new();
        loop {
            let step = usize::try_from(escalation.step).ok().and_then(|step| chain.steps.get(step));
            let Some(step) = step else {
                told.extend(self.end(tx, alert, (&chain, &own), escalation, now).await?);
                return Ok(Turn { told, ended: true });
            };
            let reason = format!(
                "step {} of `{}`, round {}: nobody has acknowledged the alert",
                escalation.step + 1,
                chain.name,
                escalation.round + 1
            );
            let channels = step.channels.as_deref();
            let paging = Paging { alert, escalation, channels, name: "escalation", reason: &reason, now };
            let people = targets(tx, step, now).await?;
            let (messages, reached) = self.messages(&paging, &people, &own, &chain, false)?;
            told.extend(messages);
            escalation.step += 1;
            // Behind the last step of the last round there is only the end.
            if escalation.step >= steps && escalation.round < chain.repeat {
                (escalation.step, escalation.round) = (0, escalation.round + 1);
            }
            if reached {
                let wait = if escalation.step >= steps {
                    chain.last_wait()
                } else {
                    chain.wait(escalation.step, escalation.round)
                };
                escalation.next_at = Some(now.checked_add(wait).unwrap_or(Timestamp::MAX));
                return Ok(Turn { told, ended: false });
            }
        }
    }

    /// The chain is through: every admin hears of it.
    async fn end(
        &self,
        tx: &mut dyn Tx,
        alert: &Alert,
        (chain, own): (&Chain, &OwnTemplates),
        escalation: &mut Escalation,
        now: Timestamp,
    ) -> Result<Vec<Notification>, TellError> {
        rest(escalation, EscalationState::Ended, None);
        let reason = format!("`{}` is through, and nobody has acknowledged the alert", chain.name);
        let channels = Some(LOUD.as_slice());
        let paging = Paging { alert, escalation, channels, name: "escalation end", reason: &reason, now };
        Ok(self.messages(&paging, &admins(tx).await?, own, chain, true)?.0)
    }

    /// What goes to these people, and whether any of it reaches anybody.
    fn messages(
        &self,
        paging: &Paging<'_>,
        people: &[Reachable],
        own: &OwnTemplates,
        chain: &Chain,
        is_end: bool,
    ) -> Result<(Vec<Notification>, bool), TellError> {
        let mut texts: HashMap<String, Rendered> = HashMap::new();
        let (mut messages, mut reached) = (Vec::with_capacity(people.len()), false);
        for one in people {
            let (mut message, reaches) = paging.to(one);
            reached |= reaches;
            if !texts.contains_key(&message.locale) {
                let of = Escalated { chain: &chain.name, step: paging.escalation.step + 1, is_end };
                texts.insert(
                    message.locale.clone(),
                    self.0.templates.escalation(paging.alert, of, &message.locale, own)?,
                );
            }
            if let Some(text) = texts.get(&message.locale) {
                text.write_into(&mut message);
            }
            messages.push(message);
        }
        Ok((messages, reached))
    }
}

fn rest(escalation: &mut Escalation, state: EscalationState, until: Option<Timestamp>) {
    escalation.state = state;
    escalation.next_at = until;
}
