//! Choosing the recipients of an alert, page by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crisislens_model::{
    Alert, AlertId, Contact, DeliveryId, DeliveryStatus, Role, Severity, Subscription, Timestamp, UserId,
    owner_of_role,
};
use serde::Deserialize;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _};
use uuid::Uuid;

use super::dialect::SKIP_LOCKED;
use super::ledger::{read_channel, read_status, status_rank};
use super::people::read_user;
use super::{Db, DbRow, EngineStore, EngineTx};
use crate::StateError;
use crate::columns::{
    blob, count, from_json, instant, micros, severity_of, severity_rank, signed, text, to_json, uuid,
};
use crate::ledger::{Candidate, Earlier, Fanout};

/// The kind of desk objects that people's subscriptions are.
const SUBSCRIPTION: &str = "subscription";
/// The kind of those that teams are.
const TEAM: &str = "team";

pub(super) async fn of_alert(store: &EngineStore, alert: AlertId) -> Result<Vec<Fanout>, StateError> {
    let rows = sqlx::query(
        "SELECT document, after_user, begun_at, done_at, considered, told, held FROM fanouts \
         WHERE alert_id = $1 ORDER BY revision",
    )
    .bind(blob(alert.0))
    .fetch_all(&store.readers)
    .await?;
    rows.iter().map(read).collect()
}

fn read(row: &DbRow) -> Result<Fanout, StateError> {
    Ok(Fanout {
        alert: from_json("alert", row.try_get("document")?)?,
        after: row.try_get::<Option<&[u8]>, _>("after_user")?.map(uuid).transpose()?.map(UserId),
        begun_at: instant(row.try_get("begun_at")?)?,
        done_at: row.try_get::<Option<i64>, _>("done_at")?.map(instant).transpose()?,
        considered: count(row.try_get("considered")?),
        told: count(row.try_get("told")?),
        held: row.try_get("held")?,
    })
}

pub(super) async fn begin(tx: &mut EngineTx, alert: &Alert, now: Timestamp) -> Result<bool, StateError> {
    let done = sqlx::query(
        "INSERT INTO fanouts (alert_id, revision, priority, begun_at, considered, told, document) \
         VALUES ($1, $2, $3, $4, 0, 0, $5) ON CONFLICT (alert_id, revision) DO NOTHING",
    )
    .bind(blob(alert.id.0))
    .bind(signed(alert.revision))
    .bind(severity_rank(alert.severity))
    .bind(micros(now))
    .bind(to_json("alert", alert)?)
    .execute(tx.connection())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Revisions of one alert are gone through in their order: a later one waits for those before it.
pub(super) async fn next(tx: &mut EngineTx) -> Result<Option<Fanout>, StateError> {
    let sql = format!(
        "SELECT document, after_user, begun_at, done_at, considered, told, held FROM fanouts d \
         WHERE done_at IS NULL AND NOT EXISTS (SELECT 1 FROM fanouts earlier WHERE earlier.alert_id = d.alert_id \
         AND earlier.revision < d.revision AND earlier.done_at IS NULL) \
         ORDER BY priority DESC, begun_at LIMIT 1{SKIP_LOCKED}"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_optional(tx.connection()).await?;
    row.as_ref().map(read).transpose()
}

pub(super) async fn put(tx: &mut EngineTx, fanout: &Fanout) -> Result<(), StateError> {
    sqlx::query(
        "UPDATE fanouts SET after_user = $1, done_at = $2, considered = $3, told = $4, held = $5 \
         WHERE alert_id = $6 AND revision = $7",
    )
    .bind(fanout.after.map(|user| blob(user.0)))
    .bind(fanout.done_at.map(micros))
    .bind(signed(fanout.considered))
    .bind(signed(fanout.told))
    .bind(fanout.held.as_deref().map(text))
    .bind(blob(fanout.alert.id.0))
    .bind(signed(fanout.alert.revision))
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn candidates(
    tx: &mut EngineTx,
    alert: AlertId,
    after: Option<UserId>,
    limit: usize,
    since: Timestamp,
) -> Result<Vec<Candidate>, StateError> {
    let after = after.map_or_else(Vec::new, |user| blob(user.0));
    let rows = sqlx::query("SELECT * FROM users WHERE id > $1 ORDER BY id LIMIT $2")
        .bind(&after)
        .bind(signed(limit as u64))
        .fetch_all(tx.connection())
        .await?;
    let mut found = Vec::with_capacity(rows.len());
    for row in &rows {
        found.push(Candidate {
            user: read_user(row)?,
            contacts: Vec::new(),
            subscriptions: Vec::new(),
            earlier: Vec::new(),
            in_inbox: None,
            recent: BTreeMap::new(),
        });
    }
    let Some(last) = found.last().map(|candidate| blob(candidate.user.id.0)) else { return Ok(found) };
    let mut page = Page { places: places(&found), found: &mut found, after, last };
    page.add_contacts(tx).await?;
    page.add_subscriptions(tx).await?;
    page.add_subscriptions_of_groups(tx).await?;
    page.add_earlier(tx, alert).await?;
    page.add_inboxes(tx, alert).await?;
    page.add_recent(tx, since).await?;
    Ok(found)
}

fn places(found: &[Candidate]) -> HashMap<UserId, usize> {
    found.iter().enumerate().map(|(place, candidate)| (candidate.user.id, place)).collect()
}

/// People who share subscriptions.
struct Group {
    owner: Uuid,
    called: String,
    /// Where they stand on the page.
    places: BTreeSet<usize>,
}

/// What of a team decides who has its subscriptions.
#[derive(Deserialize)]
struct Team {
    name: String,
    members: Vec<UserId>,
}

/// People whose ids follow each other: everything about them is read by the range of their ids.
struct Page<'a> {
    found: &'a mut Vec<Candidate>,
    places: HashMap<UserId, usize>,
    after: Vec<u8>,
    last: Vec<u8>,
}

impl Page<'_> {
    fn of(&mut self, row: &DbRow, column: &str) -> Result<Option<&mut Candidate>, StateError> {
        let user = UserId(uuid(row.try_get::<&[u8], _>(column)?)?);
        // A number of the page may be a team's, or of an account made since.
        Ok(self.places.get(&user).and_then(|place| self.found.get_mut(*place)))
    }

    async fn add_contacts(&mut self, tx: &mut EngineTx) -> Result<(), StateError> {
        let rows = sqlx::query("SELECT user_id, document FROM contacts WHERE user_id > $1 AND user_id <= $2")
            .bind(&self.after)
            .bind(&self.last)
            .fetch_all(tx.connection())
            .await?;
        for row in &rows {
            let contact: Contact = from_json("contact", row.try_get("document")?)?;
            if let Some(candidate) = self.of(row, "user_id")? {
                candidate.contacts.push(contact);
            }
        }
        for candidate in &mut *self.found {
            candidate.contacts.sort_by_key(|contact| (contact.created_at, contact.id));
        }
        Ok(())
    }

    async fn add_subscriptions(&mut self, tx: &mut EngineTx) -> Result<(), StateError> {
        let rows = sqlx::query(
            "SELECT owner, document FROM desk_objects WHERE kind = $1 AND owner > $2 AND owner <= $3 ORDER BY owner, id",
        )
        .bind(SUBSCRIPTION)
        .bind(&self.after)
        .bind(&self.last)
        .fetch_all(tx.connection())
        .await?;
        for row in &rows {
            let subscription: Subscription = from_json("subscription", row.try_get("document")?)?;
            if let Some(candidate) = self.of(row, "owner")? {
                candidate.subscriptions.push(Arc::new(subscription));
            }
        }
        Ok(())
    }

    /// Those of teams and roles: read once, and shared by all who have them.
    async fn add_subscriptions_of_groups(&mut self, tx: &mut EngineTx) -> Result<(), StateError> {
        let groups = self.groups(tx).await?;
        let mut query = QueryBuilder::<Db>::new("SELECT owner, document FROM desk_objects WHERE kind = ");
        query.push_bind(text(SUBSCRIPTION)).push(" AND owner IN (");
        let mut owners = query.separated(", ");
        for group in &groups {
            owners.push_bind(blob(group.owner));
        }
        query.push(") ORDER BY owner, id");
        let mut subscriptions: HashMap<Uuid, Vec<Subscription>> = HashMap::new();
        for row in &query.build().fetch_all(tx.connection()).await? {
            let subscription = from_json("subscription", row.try_get("document")?)?;
            subscriptions.entry(uuid(row.try_get("owner")?)?).or_default().push(subscription);
        }
        for Group { owner, called, places } in groups {
            for mut subscription in subscriptions.remove(&owner).unwrap_or_default() {
                subscription.name = format!("{called}: {}", subscription.name);
                let subscription = Arc::new(subscription);
                for place in &places {
                    if let Some(candidate) = self.found.get_mut(*place) {
                        candidate.subscriptions.push(Arc::clone(&subscription));
                    }
                }
            }
        }
        Ok(())
    }

    /// Teams that have subscriptions and somebody on this page, by id, and the roles of this page.
    async fn groups(&self, tx: &mut EngineTx) -> Result<Vec<Group>, StateError> {
        let rows = sqlx::query(
            "SELECT id, document FROM desk_objects t WHERE kind = $1 AND EXISTS \
             (SELECT 1 FROM desk_objects s WHERE s.kind = $2 AND s.owner = t.id) ORDER BY id",
        )
        .bind(TEAM)
        .bind(SUBSCRIPTION)
        .fetch_all(tx.connection())
        .await?;
        let mut groups = Vec::new();
        for row in &rows {
            let Team { name, members } = from_json("team", row.try_get("document")?)?;
            let places: BTreeSet<usize> =
                members.iter().filter_map(|user| self.places.get(user).copied()).collect();
            if !places.is_empty() {
                groups.push(Group {
                    owner: uuid(row.try_get("id")?)?,
                    called: format!("team {name}"),
                    places,
                });
            }
        }
        for role in Role::ALL {
            let has_it = |(_, one): &(usize, &Candidate)| one.user.role == role;
            let places: BTreeSet<usize> =
                self.found.iter().enumerate().filter(has_it).map(|(place, _)| place).collect();
            if !places.is_empty() {
                let called = format!("role {}", role.as_str());
                groups.push(Group { owner: owner_of_role(role), called, places });
            }
        }
        Ok(groups)
    }

    async fn add_earlier(&mut self, tx: &mut EngineTx, alert: AlertId) -> Result<(), StateError> {
        let rows = sqlx::query(
            "SELECT id, recipient, channel, address, revision, priority, status, created_at, sent_at, token \
             FROM deliveries WHERE alert_id = $1 AND recipient > $2 AND recipient <= $3 ORDER BY revision",
        )
        .bind(blob(alert.0))
        .bind(&self.after)
        .bind(&self.last)
        .fetch_all(tx.connection())
        .await?;
        for row in &rows {
            let at = row.try_get::<Option<i64>, _>("sent_at")?;
            let earlier = Earlier {
                id: DeliveryId(uuid(row.try_get("id")?)?),
                channel: read_channel(row.try_get("channel")?)?,
                address: row.try_get("address")?,
                revision: count(row.try_get("revision")?),
                priority: severity_of(row.try_get("priority")?),
                status: read_status(row.try_get("status")?)?,
                at: instant(at.unwrap_or(row.try_get("created_at")?))?,
                token: count(row.try_get("token")?),
            };
            if let Some(candidate) = self.of(row, "recipient")? {
                candidate.earlier.push(earlier);
            }
        }
        Ok(())
    }

    async fn add_inboxes(&mut self, tx: &mut EngineTx, alert: AlertId) -> Result<(), StateError> {
        let rows = sqlx::query(
            "SELECT recipient, max(revision) AS revision FROM notifications \
             WHERE in_inbox = 1 AND alert_id = $1 AND recipient > $2 AND recipient <= $3 GROUP BY recipient",
        )
        .bind(blob(alert.0))
        .bind(&self.after)
        .bind(&self.last)
        .fetch_all(tx.connection())
        .await?;
        for row in &rows {
            let revision = row.try_get::<Option<i64>, _>("revision")?.map(count);
            if let Some(candidate) = self.of(row, "recipient")? {
                candidate.in_inbox = revision;
            }
        }
        Ok(())
    }

    async fn add_recent(&mut self, tx: &mut EngineTx, since: Timestamp) -> Result<(), StateError> {
        // Person by person, so that what was decided long ago is not looked at.
        let rows = sqlx::query(
            "SELECT d.recipient, d.channel, count(*) AS number FROM users u CROSS JOIN deliveries d \
             WHERE u.id > $1 AND u.id <= $2 AND d.recipient = u.id AND d.created_at >= $3 AND d.digest IS NULL \
             AND d.priority < $4 AND d.status <> $5 GROUP BY d.recipient, d.channel",
        )
        .bind(&self.after)
        .bind(&self.last)
        .bind(micros(since))
        .bind(severity_rank(Severity::Critical))
        .bind(status_rank(DeliveryStatus::Canceled))
        .fetch_all(tx.connection())
        .await?;
        for row in &rows {
            let (channel, number) = (read_channel(row.try_get("channel")?)?, count(row.try_get("number")?));
            if let Some(candidate) = self.of(row, "recipient")? {
                candidate.recent.insert(channel, number);
            }
        }
        Ok(())
    }
}

pub(super) async fn put_passed_over(
    tx: &mut EngineTx,
    alert: AlertId,
    revision: u64,
    first: UserId,
    reasons: &BTreeMap<String, Vec<UserId>>,
) -> Result<(), StateError> {
    sqlx::query(
        "INSERT INTO passed_over (alert_id, revision, first_user, document) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (alert_id, revision, first_user) DO UPDATE SET document = excluded.document",
    )
    .bind(blob(alert.0))
    .bind(signed(revision))
    .bind(blob(first.0))
    .bind(to_json("reasons", reasons)?)
    .execute(tx.connection())
    .await?;
    Ok(())
}

pub(super) async fn passed_over(
    store: &EngineStore,
    alert: AlertId,
    revision: u64,
    user: UserId,
) -> Result<Option<String>, StateError> {
    let page: Option<String> = sqlx::query_scalar(
        "SELECT document FROM passed_over WHERE alert_id = $1 AND revision = $2 AND first_user <= $3 \
         ORDER BY first_user DESC LIMIT 1",
    )
    .bind(blob(alert.0))
    .bind(signed(revision))
    .bind(blob(user.0))
    .fetch_optional(&store.readers)
    .await?;
    let Some(page) = page else { return Ok(None) };
    let reasons: BTreeMap<String, Vec<UserId>> = from_json("reasons", &page)?;
    Ok(reasons.into_iter().find(|(_, users)| users.contains(&user)).map(|(reason, _)| reason))
}
