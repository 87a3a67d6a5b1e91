//! Escalations.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use crisislens_model::{Alert, AlertId, Channel, Contact, DeliveryStatus, Role, Timestamp, UserId};
use sqlx::{AssertSqlSafe, Row as _};

use super::candidates::PAGE;
use super::dialect::{FOR_UPDATE, SKIP_LOCKED, rows};
use super::ledger::{read_acknowledgement, read_channel, status_rank};
use super::people::read_user;
use super::{DbRow, EngineStore, EngineTx, chunks};
use crate::StateError;
use crate::alerts::Alerts as _;
use crate::columns::{Value, blob, count, from_json, instant, micros, signed, text, uuid};
use crate::escalations::{
    ANSWERED, Escalation, EscalationState, Escalations, EscalationsTx, RESTS_FROM, Reachable,
};
use crate::ledger::{Acknowledgement, Counts};

const COLUMNS: &str = "id, alert_id, chain_id, chain, step, round, next_at, state, version, started_at";

/// How many reasons there are for which an alert's escalations rest when a person acknowledges it. Whom a chain calls has its message in the
/// inbox in any case.
pub(super) fn reasons_to_rest(alert: &str, user: &str) -> String {
    let roles: Vec<String> = Role::ALL
        .iter()
        .filter(|role| **role >= RESTS_FROM)
        .map(|role| format!("'{}'", role.as_str()))
        .collect();
    format!(
        "((SELECT count(*) FROM users r WHERE r.id = {user} AND r.role IN ({})) + \
         (SELECT count(*) FROM notifications c WHERE c.alert_id = {alert} AND c.recipient = {user} AND c.in_inbox = 1 \
         AND c.document LIKE {PAGE}))",
        roles.join(", ")
    )
}

fn read(row: &DbRow) -> Result<Escalation, StateError> {
    let id = |name: &str| uuid(row.try_get::<&[u8], _>(name)?);
    let state: String = row.try_get("state")?;
    Ok(Escalation {
        id: id("id")?,
        alert: AlertId(id("alert_id")?),
        chain: id("chain_id")?,
        document: row.try_get("chain")?,
        step: count(row.try_get("step")?),
        round: count(row.try_get("round")?),
        next_at: row.try_get::<Option<i64>, _>("next_at")?.map(instant).transpose()?,
        state: EscalationState::parse(&state).ok_or_else(|| StateError::Damaged {
            what: "escalation",
            reason: format!("there is no state {state}"),
        })?,
        version: count(row.try_get("version")?),
        started_at: instant(row.try_get("started_at")?)?,
    })
}

#[async_trait]
impl Escalations for EngineStore {
    async fn escalations(&self, alert: AlertId) -> Result<Vec<Escalation>, StateError> {
        let sql = format!("SELECT {COLUMNS} FROM escalations WHERE alert_id = $1 ORDER BY started_at, id");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(blob(alert.0)).fetch_all(&self.readers).await?;
        rows.iter().map(read).collect()
    }

    async fn next_escalation(&self) -> Result<Option<Timestamp>, StateError> {
        let next: Option<i64> =
            sqlx::query_scalar("SELECT min(next_at) FROM escalations WHERE next_at IS NOT NULL")
                .fetch_one(&self.readers)
                .await?;
        next.map(instant).transpose()
    }

    async fn may_rest(&self, alert: AlertId, user: UserId) -> Result<bool, StateError> {
        let sql = format!("SELECT {}", reasons_to_rest("$1", "$2"));
        let reasons: i64 = sqlx::query_scalar(AssertSqlSafe(sql))
            .bind(blob(alert.0))
            .bind(blob(user.0))
            .fetch_one(&self.readers)
            .await?;
        Ok(reasons > 0)
    }

    async fn texted(
        &self,
        number: &str,
        since: Timestamp,
    ) -> Result<Option<(AlertId, Vec<UserId>)>, StateError> {
        let rows = sqlx::query(
            "SELECT alert_id, recipient FROM deliveries WHERE channel = 'sms' AND address = $1 \
             AND coalesce(sent_at, created_at) >= $2 AND status >= $3 AND status <> $4 AND revision > 0 AND exercise = 0 \
             ORDER BY coalesce(sent_at, created_at) DESC, id",
        )
        .bind(text(number))
        .bind(micros(since))
        .bind(status_rank(DeliveryStatus::Sending))
        .bind(status_rank(DeliveryStatus::Failed))
        .fetch_all(&self.readers)
        .await?;
        let mut newest: Option<(AlertId, Vec<UserId>)> = None;
        let mut withdrawn: Vec<AlertId> = Vec::new();
        for row in &rows {
            let alert = AlertId(uuid(row.try_get("alert_id")?)?);
            let recipient = UserId(uuid(row.try_get("recipient")?)?);
            if newest.is_none() && !withdrawn.contains(&alert) {
                if self.alert(alert).await?.is_some_and(|alert| alert.kind == "cancel") {
                    withdrawn.push(alert);
                } else {
                    newest = Some((alert, Vec::new()));
                }
            }
            if let Some((of, people)) = &mut newest
                && *of == alert
                && !people.contains(&recipient)
            {
                people.push(recipient);
            }
        }
        Ok(newest)
    }
}

#[async_trait]
impl EscalationsTx for EngineTx {
    async fn begin_escalations(&mut self, escalations: &[Escalation]) -> Result<u64, StateError> {
        let mut new = 0;
        for chunk in chunks(escalations) {
            let query = rows(chunk, |one| {
                Ok([
                    blob(one.id).into(),
                    blob(one.alert.0).into(),
                    blob(one.chain).into(),
                    Value::from(one.document.as_str()),
                    signed(one.step).into(),
                    signed(one.round).into(),
                    one.next_at.map(micros).into(),
                    one.state.as_str().into(),
                    signed(one.version).into(),
                    micros(one.started_at).into(),
                ])
            })?
            .query(|rows| format!("INSERT INTO escalations ({COLUMNS}) {rows} ON CONFLICT (id) DO NOTHING"));
            new += query.execute(self.connection()).await?.rows_affected();
        }
        Ok(new)
    }

    async fn take_escalation(&mut self, now: Timestamp) -> Result<Option<Escalation>, StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM escalations d WHERE next_at <= $1 ORDER BY next_at, id LIMIT 1{SKIP_LOCKED}"
        );
        let row = sqlx::query(AssertSqlSafe(sql)).bind(micros(now)).fetch_optional(self.connection()).await?;
        row.as_ref().map(read).transpose()
    }

    async fn put_escalation(&mut self, escalation: &Escalation) -> Result<bool, StateError> {
        let done = sqlx::query(
            "UPDATE escalations SET step = $1, round = $2, next_at = $3, state = $4, version = $5 \
             WHERE id = $6 AND version = $5 - 1",
        )
        .bind(signed(escalation.step))
        .bind(signed(escalation.round))
        .bind(escalation.next_at.map(micros))
        .bind(escalation.state.as_str())
        .bind(signed(escalation.version))
        .bind(blob(escalation.id))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn cancel_escalations(&mut self, alert: AlertId) -> Result<u64, StateError> {
        let done = sqlx::query(
            "UPDATE escalations SET state = 'cancelled', next_at = NULL, version = version + 1 \
             WHERE alert_id = $1 AND state IN ('running', 'acknowledged')",
        )
        .bind(blob(alert.0))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected())
    }

    async fn acknowledged_by(&mut self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError> {
        let rows = sqlx::query(
            "SELECT alert_id, user_id, via, at, expires_at FROM acknowledgements WHERE alert_id = $1 ORDER BY at, user_id",
        )
        .bind(blob(alert.0))
        .fetch_all(self.connection())
        .await?;
        rows.iter().map(read_acknowledgement).collect()
    }

    async fn rested_by(&mut self, alert: AlertId) -> Result<Vec<Acknowledgement>, StateError> {
        let sql = format!(
            "SELECT a.alert_id, a.user_id, a.via, a.at, a.expires_at FROM acknowledgements a WHERE a.alert_id = $1 \
             AND {} > 0 ORDER BY a.at, a.user_id",
            reasons_to_rest("a.alert_id", "a.user_id")
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(blob(alert.0)).fetch_all(self.connection()).await?;
        rows.iter().map(read_acknowledgement).collect()
    }

    async fn take_answer(
        &mut self,
        provider: &str,
        message: &str,
        at: Timestamp,
    ) -> Result<bool, StateError> {
        let done = sqlx::query(
            "INSERT INTO provider_events (provider, event_key, event, at) VALUES ($1, $2, 'answered', $3) \
             ON CONFLICT (provider, event_key) DO NOTHING",
        )
        .bind(provider.to_owned())
        .bind(text(&format!("answer {message}")))
        .bind(micros(at))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn lift_answered(&mut self, number: &str) -> Result<bool, StateError> {
        // The provider says the same in its words where the answer itself has not come here.
        let done = sqlx::query(
            "DELETE FROM suppressions WHERE channel = 'sms' AND address = $1 \
             AND (why LIKE $2 OR why LIKE '%error 21610%' OR why LIKE '%unsubscribed recipient%')",
        )
        .bind(text(number))
        .bind(format!("{ANSWERED}%"))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn told_alert(&mut self, alert: AlertId) -> Result<Option<Alert>, StateError> {
        let document: Option<String> = sqlx::query_scalar(
            "SELECT document FROM fanouts WHERE alert_id = $1 ORDER BY revision DESC LIMIT 1",
        )
        .bind(blob(alert.0))
        .fetch_optional(self.connection())
        .await?;
        document.map(|text| from_json("alert", &text)).transpose()
    }

    async fn reachable(
        &mut self,
        people: &[UserId],
        roles: &[Role],
        most: usize,
    ) -> Result<(Vec<Reachable>, Vec<UserId>), StateError> {
        let mut wanted: Vec<UserId> = Vec::new();
        let mut seen: BTreeSet<UserId> = BTreeSet::new();
        wanted.extend(people.iter().filter(|id| seen.insert(**id)));
        for role in roles {
            let ids: Vec<Vec<u8>> = sqlx::query_scalar("SELECT id FROM users WHERE role = $1 ORDER BY id")
                .bind(role.as_str())
                .fetch_all(self.connection())
                .await?;
            for id in ids {
                let id = UserId(uuid(&id)?);
                wanted.extend(seen.insert(id).then_some(id));
            }
        }
        let others = wanted.split_off(most.min(wanted.len()));
        let mut found: BTreeMap<UserId, Reachable> = BTreeMap::new();
        for chunk in chunks(&wanted) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT * FROM users WHERE id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                let user = read_user(&row)?;
                let one = Reachable { user, contacts: Vec::new(), suppressed: Vec::new() };
                found.insert(one.user.id, one);
            }
        }
        let ids: Vec<UserId> = found.keys().copied().collect();
        for chunk in chunks(&ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT document FROM contacts WHERE user_id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                let contact: Contact = from_json("contact", row.try_get("document")?)?;
                if let Some(one) = found.get_mut(&contact.user) {
                    one.contacts.push(contact);
                }
            }
        }
        let mut found: Vec<Reachable> = found.into_values().collect();
        self.add_suppressed(&mut found).await?;
        Ok((found, others))
    }
}

impl EngineTx {
    /// Puts contacts in their order, and says which addresses nothing goes to.
    async fn add_suppressed(&mut self, found: &mut [Reachable]) -> Result<(), StateError> {
        let mut addresses = Vec::new();
        for one in &mut *found {
            one.contacts.sort_by_key(|contact| (contact.created_at, contact.id));
            addresses.push(one.user.email.clone());
            addresses.extend(one.contacts.iter().map(|contact| contact.target.address().to_owned()));
        }
        let mut suppressed: Vec<(Channel, String)> = Vec::new();
        for chunk in chunks(&addresses) {
            let query = rows(chunk, |address| Ok([address.as_str().into()]))?
                .lookup(|among| format!("SELECT channel, address FROM suppressions WHERE channel IN ('email', 'sms', 'push', 'webhook') AND address {among}"));
            for row in query.fetch_all(self.connection()).await? {
                suppressed.push((read_channel(row.try_get("channel")?)?, row.try_get("address")?));
            }
        }
        for one in found {
            let is_theirs = |(channel, address): &&(Channel, String)| {
                (*channel == Channel::Email && *address == one.user.email)
                    || one.contacts.iter().any(|contact| {
                        contact.target.channel() == *channel && contact.target.address() == address
                    })
            };
            one.suppressed = suppressed.iter().filter(is_theirs).cloned().collect();
        }
        Ok(())
    }

    /// Calls that have not left do not leave: somebody sees to it.
    async fn end_pages(&mut self, alert: AlertId) -> Result<(), StateError> {
        let sql = format!(
            "UPDATE deliveries SET status = $1, due_at = NULL, reason = 'somebody sees to it' \
             WHERE alert_id = $2 AND status < $3 AND notification_id IN \
             (SELECT id FROM notifications WHERE alert_id = $2 AND document LIKE {PAGE})"
        );
        sqlx::query(AssertSqlSafe(sql))
            .bind(status_rank(DeliveryStatus::Canceled))
            .bind(blob(alert.0))
            .bind(status_rank(DeliveryStatus::Suppressed))
            .execute(self.connection())
            .await?;
        Ok(())
    }

    /// Lets an alert's escalations rest while an acknowledgement counts, and go on where the last one has an end.
    pub(super) async fn rest_escalations(
        &mut self,
        alert: AlertId,
        now: Timestamp,
    ) -> Result<(), StateError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM escalations WHERE alert_id = $1 AND state IN ('running', 'acknowledged') \
             ORDER BY id{FOR_UPDATE}"
        );
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(blob(alert.0)).fetch_all(self.connection()).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let all = self.rested_by(alert).await?;
        let Some(until) = Counts::of(&all, now) else { return Ok(()) };
        self.end_pages(alert).await?;
        for row in &rows {
            let mut one = read(row)?;
            // Never before the step was due anyway.
            let planned = one.next_at.filter(|_| one.state == EscalationState::Running);
            one.next_at = match until {
                Counts::ForGood => None,
                Counts::Until(end) => planned.max(Some(end)),
            };
            one.state = EscalationState::Acknowledged;
            one.version += 1;
            self.put_escalation(&one).await?;
        }
        Ok(())
    }
}
