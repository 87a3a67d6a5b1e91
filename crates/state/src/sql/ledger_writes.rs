//! The ledger of deliveries: writes.

use std::collections::{BTreeMap, HashSet};

use async_trait::async_trait;
use crisislens_model::{
    Alert, AlertId, Channel, Contact, ContactId, DeliveryId, DeliveryStatus, Notification, NotificationId,
    Severity, Timestamp, UserId,
};
use sqlx::{AssertSqlSafe, Row as _};
use uuid::Uuid;

use super::dialect::{UNTAKEN, rows};
use super::entering::{digests, is_in_inbox, leaving};
use super::ledger::status_rank;
use super::notices::read_notification;
use super::{EngineTx, allowances, bulletins, candidates, chunks, desk_objects, fanouts, provider_events};
use crate::StateError;
use crate::columns::{Value, blob, micros, signed, text, to_json, uuid};
use crate::ledger::{
    Acknowledgement, Bulletin, Candidate, Change, DeskObject, Due, Fanout, LedgerTx, ProviderEvent, Row,
    Suppression, Who,
};
use crate::lock::Lock;

/// Why one that waited for a digest goes alone.
const ALONE: &str = "the digest it waited for had gone";

#[async_trait]
impl LedgerTx for EngineTx {
    async fn begin_fanout(&mut self, alert: &Alert, now: Timestamp) -> Result<bool, StateError> {
        fanouts::begin(self, alert, now).await
    }

    async fn next_fanout(&mut self) -> Result<Option<Fanout>, StateError> {
        fanouts::next(self).await
    }

    async fn put_fanout(&mut self, fanout: &Fanout) -> Result<(), StateError> {
        fanouts::put(self, fanout).await
    }

    async fn candidates(
        &mut self,
        who: Who<'_>,
        earlier_of: Option<AlertId>,
        since: Timestamp,
    ) -> Result<Vec<Candidate>, StateError> {
        candidates::read(self, who, earlier_of, since).await
    }

    async fn are_items_asked_for(&mut self) -> Result<bool, StateError> {
        bulletins::is_asked_for(self).await
    }

    async fn put_bulletin(&mut self, bulletin: &Bulletin) -> Result<(), StateError> {
        bulletins::put(self, bulletin).await
    }

    async fn next_bulletin(&mut self, now: Timestamp) -> Result<Option<Bulletin>, StateError> {
        bulletins::next(self, now).await
    }

    async fn delete_bulletin(&mut self, id: Uuid) -> Result<(), StateError> {
        bulletins::delete(self, id).await
    }

    async fn told_since(
        &mut self,
        threads: &[Uuid],
        users: &[UserId],
        since: Timestamp,
    ) -> Result<HashSet<(Uuid, UserId)>, StateError> {
        bulletins::told_since(self, threads, users, since).await
    }

    async fn put_passed_over(
        &mut self,
        alert: AlertId,
        revision: u64,
        first: UserId,
        reasons: &BTreeMap<String, Vec<UserId>>,
    ) -> Result<(), StateError> {
        fanouts::put_passed_over(self, alert, revision, first, reasons).await
    }

    async fn unknown_notifications(
        &mut self,
        ids: &[NotificationId],
    ) -> Result<Vec<NotificationId>, StateError> {
        let mut known = HashSet::with_capacity(ids.len());
        for chunk in chunks(ids) {
            let query = rows(chunk, |id| Ok([blob(id.0).into()]))?
                .lookup(|among| format!("SELECT id FROM notifications WHERE id {among}"));
            for row in query.fetch_all(self.connection()).await? {
                known.insert(uuid(row.try_get(0)?)?);
            }
        }
        Ok(ids.iter().copied().filter(|id| !known.contains(&id.0)).collect())
    }

    async fn enter(&mut self, notifications: &[Notification]) -> Result<Vec<NotificationId>, StateError> {
        let mut new = Vec::new();
        for chunk in chunks(notifications) {
            let query = rows(chunk, |one| {
                Ok([
                    blob(one.id.0).into(),
                    blob(one.recipient.0).into(),
                    micros(one.created_at).into(),
                    to_json("notification", one)?.into(),
                    blob(one.thread()).into(),
                    signed(one.revision).into(),
                    i64::from(is_in_inbox(one)).into(),
                ])
            })?
            .query(|rows| {
                format!(
                    "INSERT INTO notifications (id, recipient, created_at, document, alert_id, revision, in_inbox) {rows} \
                     ON CONFLICT (id) DO NOTHING RETURNING id"
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                new.push(NotificationId(uuid(row.try_get(0)?)?));
            }
        }
        let is_new: HashSet<NotificationId> = new.iter().copied().collect();
        let entered = notifications.iter().filter(|one| is_new.contains(&one.id));
        let mut leaving: Vec<Row> = entered.flat_map(leaving).collect();
        let digests = digests(&leaving);
        let open = self.open_digests(&digests).await?;
        for row in &mut leaving {
            match row.digest {
                Some(digest) if open.contains(&digest) => row.due_at = None,
                Some(_) => {
                    row.digest = None;
                    ALONE.clone_into(&mut row.reason);
                }
                None => {}
            }
        }
        self.insert_rows(&leaving).await?;
        Ok(new)
    }

    async fn take_due(
        &mut self,
        now: Timestamp,
        limits: &[(Channel, usize, usize)],
    ) -> Result<Vec<Due>, StateError> {
        let channels: Vec<(Channel, Severity)> =
            limits.iter().map(|(channel, ..)| (*channel, Severity::Low)).collect();
        let kinds = self.kinds_due(&channels, now).await?;
        let mut due = Vec::new();
        for (channel, limit, reserved) in limits {
            let mut left = *limit;
            for priority in Severity::ALL.into_iter().rev() {
                let most = if priority < Severity::High { left.saturating_sub(*reserved) } else { left };
                if most > 0 && kinds.contains(&(*channel, priority)) {
                    let rows = self.due(*channel, priority, now, most).await?;
                    left -= rows.len().min(left);
                    due.extend(rows);
                }
            }
        }
        self.add_contacts(&mut due).await?;
        Ok(due)
    }

    async fn carried(&mut self, digest: DeliveryId) -> Result<Vec<Notification>, StateError> {
        let rows = sqlx::query(
            "SELECT n.document, n.read_at FROM deliveries d JOIN notifications n ON n.id = d.notification_id \
             WHERE d.digest = $1 AND d.status < $2 ORDER BY d.created_at, d.id",
        )
        .bind(blob(digest.0))
        .bind(status_rank(DeliveryStatus::Suppressed))
        .fetch_all(self.connection())
        .await?;
        rows.iter().map(read_notification).collect()
    }

    async fn handed_over(
        &mut self,
        people: &[UserId],
        since: Timestamp,
        now: Timestamp,
    ) -> Result<BTreeMap<(UserId, Channel, Severity), u64>, StateError> {
        allowances::handed_over(self, people, since, now).await
    }

    async fn write_deliveries(&mut self, changes: &[Change]) -> Result<Vec<DeliveryId>, StateError> {
        let mut written = Vec::with_capacity(changes.len());
        if changes.iter().any(|change| change.row.provider_id.is_some()) {
            self.share(Lock::Messages).await?;
        }
        for chunk in chunks(changes) {
            let query = rows(chunk, |change| {
                let row = &change.row;
                Ok([
                    blob(row.id.0).into(),
                    signed(change.expected).into(),
                    signed(row.token).into(),
                    status_rank(row.status).into(),
                    row.reason.as_str().into(),
                    row.due_at.map(micros).into(),
                    row.sent_at.map(micros).into(),
                    Value::from(row.provider.clone()),
                    Value::from(row.provider_id.clone()),
                    to_json("attempts", &row.attempts)?.into(),
                ])
            })?
            .query(|rows| {
                // What the provider told while the worker waited for its answer stands.
                format!(
                    "WITH c (id, expected, token, status, reason, due_at, sent_at, provider, provider_id, attempts) \
                     AS ({rows}) UPDATE deliveries SET token = c.token, \
                     status = CASE WHEN deliveries.status > {sending} THEN deliveries.status ELSE c.status END, \
                     reason = CASE WHEN deliveries.status > {sending} THEN deliveries.reason ELSE c.reason END, \
                     due_at = CASE WHEN deliveries.status > {sending} THEN NULL ELSE c.due_at END, \
                     sent_at = coalesce(deliveries.sent_at, c.sent_at), provider = c.provider, \
                     provider_id = coalesce(c.provider_id, deliveries.provider_id), attempts = c.attempts \
                     FROM c WHERE deliveries.id = c.id AND deliveries.token = c.expected RETURNING deliveries.id",
                    sending = status_rank(DeliveryStatus::Sending)
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                written.push(DeliveryId(uuid(row.try_get(0)?)?));
            }
        }
        self.follow_up(changes, &written).await?;
        Ok(written)
    }

    async fn cancel_deliveries(
        &mut self,
        ids: &[DeliveryId],
        why: &str,
    ) -> Result<Vec<DeliveryId>, StateError> {
        let mut canceled = Vec::new();
        for chunk in chunks(ids) {
            // What waits for a digest leaves with it once that is taken.
            let digests = rows(chunk, |id| Ok([blob(id.0).into()]))?.lookup(|among| {
                format!(
                    "SELECT id FROM deliveries WHERE id IN (SELECT digest FROM deliveries WHERE id {among}){UNTAKEN}"
                )
            });
            digests.fetch_all(self.connection()).await?;
            let query = rows(chunk, |id| Ok([blob(id.0).into(), why.into()]))?.query(|rows| {
                format!(
                    "WITH c (id, why) AS ({rows}) UPDATE deliveries SET status = {canceled}, due_at = NULL, \
                     digest = NULL, reason = c.why FROM c WHERE deliveries.id = c.id \
                     AND deliveries.status < {suppressed} AND NOT EXISTS (SELECT 1 FROM deliveries carrier \
                     WHERE carrier.id = deliveries.digest AND carrier.status >= {suppressed}) RETURNING deliveries.id",
                    canceled = status_rank(DeliveryStatus::Canceled),
                    suppressed = status_rank(DeliveryStatus::Suppressed),
                )
            });
            for row in query.fetch_all(self.connection()).await? {
                canceled.push(DeliveryId(uuid(row.try_get(0)?)?));
            }
        }
        Ok(canceled)
    }

    async fn take_events(
        &mut self,
        provider: &str,
        events: &[ProviderEvent],
    ) -> Result<Vec<String>, StateError> {
        provider_events::take(self, provider, events).await
    }

    async fn acknowledge(&mut self, acknowledgement: &Acknowledgement) -> Result<bool, StateError> {
        let Acknowledgement { alert, user, via, at, expires_at } = acknowledgement;
        let first = "INSERT INTO acknowledgements (via, at, expires_at, alert_id, user_id, first_at) \
                     VALUES ($1, $2, $3, $4, $5, $2) ON CONFLICT (alert_id, user_id) DO NOTHING";
        let next = "UPDATE acknowledgements SET via = $1, at = $2, expires_at = $3 WHERE alert_id = $4 AND user_id = $5";
        let mut is_first = false;
        for (is_insert, sql) in [(true, first), (false, next)] {
            if is_first {
                continue;
            }
            let done = sqlx::query(sql)
                .bind(text(via))
                .bind(micros(*at))
                .bind(expires_at.map(micros))
                .bind(blob(alert.0))
                .bind(blob(user.0))
                .execute(self.connection())
                .await?;
            is_first = is_insert && done.rows_affected() > 0;
        }
        // What went out to them is acknowledged with it.
        sqlx::query(
            "UPDATE deliveries SET status = $1 WHERE alert_id = $2 AND recipient = $3 AND status >= $4 \
             AND status < $5 AND status <> $6",
        )
        .bind(status_rank(DeliveryStatus::Acked))
        .bind(blob(alert.0))
        .bind(blob(user.0))
        .bind(status_rank(DeliveryStatus::Sent))
        .bind(status_rank(DeliveryStatus::Acked))
        .bind(status_rank(DeliveryStatus::Failed))
        .execute(self.connection())
        .await?;
        self.rest_escalations(*alert, *at).await?;
        Ok(is_first)
    }

    async fn send_again(
        &mut self,
        id: DeliveryId,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, StateError> {
        let done = sqlx::query(
            "UPDATE deliveries SET status = $1, due_at = $2, expires_at = $3, reason = 'sent again by hand', \
             sent_at = NULL, digest = NULL WHERE id = $4 AND status IN ($5, $6, $7)",
        )
        .bind(status_rank(DeliveryStatus::Queued))
        .bind(micros(now))
        .bind(micros(until))
        .bind(blob(id.0))
        .bind(status_rank(DeliveryStatus::Failed))
        .bind(status_rank(DeliveryStatus::Expired))
        .bind(status_rank(DeliveryStatus::Suppressed))
        .execute(self.connection())
        .await?;
        if done.rows_affected() == 0 {
            return Ok(false);
        }
        provider_events::settle(self, id).await?;
        // A digest takes with it again what it carried.
        sqlx::query("UPDATE deliveries SET status = $1, sent_at = NULL WHERE digest = $2 AND status <= $3")
            .bind(status_rank(DeliveryStatus::Deferred))
            .bind(blob(id.0))
            .bind(status_rank(DeliveryStatus::Failed))
            .execute(self.connection())
            .await?;
        Ok(true)
    }

    async fn suppress(&mut self, suppression: &Suppression) -> Result<bool, StateError> {
        let done = sqlx::query(
            "INSERT INTO suppressions (channel, address, why, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (channel, address) DO NOTHING",
        )
        .bind(suppression.channel.as_str())
        .bind(text(&suppression.address))
        .bind(text(&suppression.why))
        .bind(micros(suppression.at))
        .execute(self.connection())
        .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn unsuppress(&mut self, channel: Channel, address: &str) -> Result<bool, StateError> {
        let done = sqlx::query("DELETE FROM suppressions WHERE channel = $1 AND address = $2")
            .bind(channel.as_str())
            .bind(text(address))
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn contacts_to_add_to(&mut self, user: UserId) -> Result<Vec<Contact>, StateError> {
        allowances::contacts(self, user).await
    }

    async fn put_contact(&mut self, contact: &Contact) -> Result<(), StateError> {
        sqlx::query(
            "INSERT INTO contacts (id, user_id, document) VALUES ($1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET document = excluded.document",
        )
        .bind(blob(contact.id.0))
        .bind(blob(contact.user.0))
        .bind(to_json("contact", contact)?)
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn delete_contact(&mut self, user: UserId, id: ContactId) -> Result<bool, StateError> {
        let done = sqlx::query("DELETE FROM contacts WHERE id = $1 AND user_id = $2")
            .bind(blob(id.0))
            .bind(blob(user.0))
            .execute(self.connection())
            .await?;
        Ok(done.rows_affected() > 0)
    }

    async fn set_up(&mut self, kind: &str) -> Result<Vec<DeskObject>, StateError> {
        let mut query = desk_objects::select(kind, None);
        desk_objects::read(&query.build().fetch_all(self.connection()).await?)
    }

    async fn set_up_with(&mut self, kind: &str, ids: &[Uuid]) -> Result<Vec<DeskObject>, StateError> {
        let mut ids: Vec<Uuid> = ids.to_vec();
        ids.sort_unstable();
        ids.dedup();
        let mut found = Vec::with_capacity(ids.len());
        for chunk in chunks(&ids) {
            let mut query = desk_objects::select_with(kind, chunk);
            found.extend(desk_objects::read(&query.build().fetch_all(self.connection()).await?)?);
        }
        Ok(found)
    }

    async fn put_desk_object(&mut self, kind: &str, object: &DeskObject) -> Result<(), StateError> {
        desk_objects::put(self, kind, object).await
    }

    async fn delete_desk_object(&mut self, kind: &str, id: Uuid) -> Result<bool, StateError> {
        desk_objects::delete(self, kind, id).await
    }

    async fn delete_desk_objects_of(&mut self, kind: &str, owner: Uuid) -> Result<u64, StateError> {
        desk_objects::delete_of(self, kind, owner).await
    }
}

impl EngineTx {
    /// What a digest carries goes the way it went, and what was told of messages before they were known is theirs now.
    async fn follow_up(&mut self, changes: &[Change], written: &[DeliveryId]) -> Result<(), StateError> {
        let written: HashSet<&DeliveryId> = written.iter().collect();
        let mut named = Vec::new();
        for Change { row, .. } in changes.iter().filter(|change| written.contains(&change.row.id)) {
            if row.notification.0 == row.id.0 && !row.status.is_open() {
                let sql = format!(
                    "UPDATE deliveries SET status = CASE WHEN status > {sending} THEN status ELSE $1 END, \
                     reason = CASE WHEN status > {sending} THEN reason ELSE $2 END, \
                     sent_at = coalesce(sent_at, $3), provider = $4, provider_id = $5 WHERE digest = $6",
                    sending = status_rank(DeliveryStatus::Sending)
                );
                sqlx::query(AssertSqlSafe(sql))
                    .bind(status_rank(row.status))
                    .bind(text(&row.reason))
                    .bind(row.sent_at.map(micros))
                    .bind(row.provider.as_deref().map(text))
                    .bind(row.provider_id.as_deref().map(text))
                    .bind(blob(row.id.0))
                    .execute(self.connection())
                    .await?;
            }
            if let (Some(provider), Some(message)) = (&row.provider, &row.provider_id) {
                named.push((row.id, text(provider), text(message)));
            }
        }
        provider_events::match_waiting(self, &named).await
    }
}
