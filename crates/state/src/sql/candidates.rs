//! People who may be told of something, with all that decides whether and how: read page by page.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use crisislens_model::{
    AlertId, Attempt, Contact, DeliveryId, DeliveryStatus, Role, Severity, Subscription, Timestamp, UserId,
    owner_of_role,
};
use serde::Deserialize;
use sqlx::{QueryBuilder, Row as _};
use uuid::Uuid;

use super::ledger::{read_channel, read_status, status_rank};
use super::people::read_user;
use super::{Db, DbRow, EngineTx};
use crate::StateError;
use crate::columns::{blob, count, from_json, instant, micros, severity_of, severity_rank, signed, uuid};
use crate::ledger::{Candidate, Earlier, Who};

/// The kind of desk objects that people's subscriptions are.
const SUBSCRIPTION: &str = "subscription";
/// Like the documents of notifications that call somebody whose turn it is: an id of 36 characters comes first.
pub(super) const PAGE: &str = r#"'{"id":"____________________________________","type":"escalation",%'"#;
/// The kind of those that teams are.
const TEAM: &str = "team";

/// Goes on to rows whose `column` is one of `ids`.
pub(super) fn among(query: &mut QueryBuilder<Db>, column: &str, ids: &[Vec<u8>]) {
    if ids.is_empty() {
        query.push(" AND 1 = 0");
        return;
    }
    query.push(format!(" AND {column} IN ("));
    let mut list = query.separated(", ");
    for id in ids {
        list.push_bind(id.clone());
    }
    query.push(")");
}

pub(super) async fn read(
    tx: &mut EngineTx,
    who: Who<'_>,
    earlier_of: Option<AlertId>,
    since: Timestamp,
) -> Result<Vec<Candidate>, StateError> {
    let mut query = QueryBuilder::<Db>::new("SELECT * FROM users WHERE ");
    match who {
        Who::Everybody { after, limit } | Who::AskingForItems { after, limit } => {
            if matches!(who, Who::AskingForItems { .. }) {
                query.push("asks_for_items = 1 AND ");
            }
            query.push("id > ").push_bind(after.map_or_else(Vec::new, |user| blob(user.0)));
            query.push(" ORDER BY id LIMIT ").push_bind(signed(limit as u64));
        }
        Who::These(people) => {
            query.push("1 = 1");
            among(&mut query, "id", &people.iter().map(|user| blob(user.0)).collect::<Vec<_>>());
            query.push(" ORDER BY id");
        }
    }
    let rows = query.build().fetch_all(tx.connection()).await?;
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
    let whose = match who {
        Who::Everybody { after, .. } => {
            Whose::Between { after: after.map_or_else(Vec::new, |user| blob(user.0)), last }
        }
        _ => Whose::Among(found.iter().map(|one| blob(one.user.id.0)).collect()),
    };
    let mut page = Page { places: places(&found), found: &mut found, whose };
    page.add_contacts(tx).await?;
    page.add_subscriptions(tx).await?;
    page.add_subscriptions_of_groups(tx).await?;
    if let Some(alert) = earlier_of {
        page.add_earlier(tx, alert).await?;
        page.add_inboxes(tx, alert).await?;
    }
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

/// Whether one of these attempts had no answer.
fn has_no_answer(attempts: &str) -> Result<bool, StateError> {
    let attempts: Vec<Attempt> = from_json("attempts", attempts)?;
    Ok(attempts.iter().any(|one| one.outcome.as_deref().is_none_or(|outcome| outcome == "unknown")))
}

/// Whose things are read.
enum Whose {
    /// Of people whose ids follow each other.
    Between { after: Vec<u8>, last: Vec<u8> },
    /// Of these.
    Among(Vec<Vec<u8>>),
}

struct Page<'a> {
    found: &'a mut Vec<Candidate>,
    places: HashMap<UserId, usize>,
    whose: Whose,
}

impl Page<'_> {
    /// Goes on with `sql`, whose last condition is open, to the rows of the page's people.
    fn theirs(&self, mut query: QueryBuilder<Db>, column: &str) -> QueryBuilder<Db> {
        match &self.whose {
            Whose::Between { after, last } => {
                query.push(format!(" AND {column} > ")).push_bind(after.clone());
                query.push(format!(" AND {column} <= ")).push_bind(last.clone());
            }
            Whose::Among(ids) => among(&mut query, column, ids),
        }
        query
    }

    fn of(&mut self, row: &DbRow, column: &str) -> Result<Option<&mut Candidate>, StateError> {
        let user = UserId(uuid(row.try_get::<&[u8], _>(column)?)?);
        // A number of the page may be a team's, or of an account made since.
        Ok(self.places.get(&user).and_then(|place| self.found.get_mut(*place)))
    }

    async fn add_contacts(&mut self, tx: &mut EngineTx) -> Result<(), StateError> {
        let query = QueryBuilder::new("SELECT user_id, document FROM contacts WHERE 1 = 1");
        let rows = self.theirs(query, "user_id").build().fetch_all(tx.connection()).await?;
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
        let mut query = QueryBuilder::new("SELECT owner, document FROM desk_objects WHERE kind = ");
        query.push_bind(SUBSCRIPTION);
        let mut query = self.theirs(query, "owner");
        let rows = query.push(" ORDER BY owner, id").build().fetch_all(tx.connection()).await?;
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
        query.push_bind(SUBSCRIPTION);
        among(&mut query, "owner", &groups.iter().map(|group| blob(group.owner)).collect::<Vec<_>>());
        query.push(" ORDER BY owner, id");
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
        let mut query = QueryBuilder::new(format!(
            "SELECT d.id, d.recipient, d.channel, d.address, d.revision, d.priority, d.status, d.created_at, d.sent_at, \
             d.attempts, CAST(CASE WHEN n.document LIKE {PAGE} THEN 1 ELSE 0 END AS BIGINT) AS is_page \
             FROM deliveries d LEFT JOIN notifications n ON n.id = d.notification_id WHERE d.alert_id = "
        ));
        query.push_bind(blob(alert.0));
        let mut query = self.theirs(query, "d.recipient");
        let rows = query.push(" ORDER BY d.revision").build().fetch_all(tx.connection()).await?;
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
                may_be_out: has_no_answer(row.try_get("attempts")?)?,
                is_page: row.try_get::<i64, _>("is_page")? != 0,
            };
            if let Some(candidate) = self.of(row, "recipient")? {
                candidate.earlier.push(earlier);
            }
        }
        Ok(())
    }

    async fn add_inboxes(&mut self, tx: &mut EngineTx, alert: AlertId) -> Result<(), StateError> {
        let mut query = QueryBuilder::new(
            "SELECT recipient, max(revision) AS revision FROM notifications WHERE in_inbox = 1 AND alert_id = ",
        );
        query.push_bind(blob(alert.0));
        let mut query = self.theirs(query, "recipient");
        let rows = query.push(" GROUP BY recipient").build().fetch_all(tx.connection()).await?;
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
        let mut query = QueryBuilder::new(
            "SELECT d.recipient, d.channel, count(*) AS number FROM users u CROSS JOIN deliveries d \
             WHERE d.recipient = u.id AND d.digest IS NULL AND d.created_at >= ",
        );
        query.push_bind(micros(since));
        query.push(" AND d.priority < ").push_bind(severity_rank(Severity::Critical));
        query.push(" AND d.status <> ").push_bind(status_rank(DeliveryStatus::Canceled));
        let mut query = self.theirs(query, "u.id");
        let rows = query.push(" GROUP BY d.recipient, d.channel").build().fetch_all(tx.connection()).await?;
        for row in &rows {
            let (channel, number) = (read_channel(row.try_get("channel")?)?, count(row.try_get("number")?));
            if let Some(candidate) = self.of(row, "recipient")? {
                candidate.recent.insert(channel, number);
            }
        }
        Ok(())
    }
}
