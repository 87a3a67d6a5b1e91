//! Subscriptions of teams and of roles: who has them, and that they go with their owner.

use std::sync::Arc;

use crisislens_model::{AlertMatch, Role, Subscription, UserId, owner_of_role};
use serde_json::json;
use uuid::Uuid;

use super::edit_locks::once;
use super::sample::at;
use super::{Engine, begin, sample};
use crate::ledger::{Candidate, DeskObject, Who};
use crate::people::Account;
use crate::{Store, Tx};

fn object(n: u128, owner: Uuid, document: String) -> DeskObject {
    DeskObject { id: Uuid::from_u128(n), owner, version: 1, changed_at: at(1), document }
}

fn subscription(n: u128, owner: Uuid, name: &str) -> DeskObject {
    let matches = AlertMatch { keyword: vec![name.to_owned()], ..AlertMatch::default() };
    object(
        n,
        owner,
        serde_json::to_string(&Subscription { name: name.to_owned(), matches, ..Subscription::default() })
            .unwrap(),
    )
}

fn team(n: u128, name: &str, members: &[u64]) -> DeskObject {
    let members: Vec<UserId> = members.iter().map(|n| sample::user_id(*n)).collect();
    object(n, Uuid::nil(), json!({ "name": name, "members": members }).to_string())
}

async fn page(store: &dyn Store, after: Option<UserId>, limit: usize) -> Vec<Candidate> {
    begin(store).await.candidates(Who::Everybody { after, limit }, None, at(0)).await.unwrap()
}

fn names(candidate: &Candidate) -> Vec<&str> {
    candidate.subscriptions.iter().map(|one| one.name.as_str()).collect()
}

async fn put(tx: &mut dyn Tx, kind: &str, all: &[DeskObject]) -> Result<(), crate::StateError> {
    for one in all {
        tx.put_desk_object(kind, one).await?;
    }
    Ok(())
}

/// Somebody has their own subscriptions, then those of each team they are in, then those of their role, however the pages fall; and
/// nobody has those of a team that is gone.
pub async fn people_have_the_subscriptions_of_their_teams_and_role(engine: &dyn Engine) {
    let store = engine.open().await;
    let (field, night, idle, gone) = (901, 902, 903, 904);
    let stranger = 99;
    once(&*store, async |tx| {
        for n in 0..6 {
            let Account { mut user, password_hash } = sample::account(n);
            user.role = if n == 5 { Role::Admin } else { Role::Viewer };
            tx.add_account(&Account { user, password_hash }).await?;
        }
        // Somebody named twice is in it once.
        let teams = [
            team(night, "Night", &[1]),
            team(field, "Field", &[0, 1, 5, 0, stranger]),
            team(idle, "Idle", &[2]),
        ];
        put(tx, "team", &teams).await?;
        put(
            tx,
            "subscription",
            &[
                subscription(1, sample::user_id(1).0, "mine"),
                subscription(3, Uuid::from_u128(field), "Valencia"),
                subscription(2, Uuid::from_u128(field), "Spain"),
                subscription(4, Uuid::from_u128(night), "quakes"),
                subscription(5, owner_of_role(Role::Viewer), "all floods"),
                subscription(6, owner_of_role(Role::Approver), "of nobody here"),
                subscription(7, Uuid::from_u128(gone), "left over"),
            ],
        )
        .await?;
        put(tx, "silence", &[subscription(1, Uuid::from_u128(field), "no subscription")]).await
    })
    .await;
    let expected = |user: UserId| -> Vec<&str> {
        let field = ["team Field: Spain", "team Field: Valencia"];
        match (0..6).find(|n| sample::user_id(*n) == user).unwrap() {
            0 => [&field[..], &["role viewer: all floods"]].concat(),
            1 => [&["mine"][..], &field, &["team Night: quakes", "role viewer: all floods"]].concat(),
            5 => field.to_vec(),
            _ => vec!["role viewer: all floods"],
        }
    };
    for limit in [1, 2, 5, 100] {
        let (mut seen, mut after) = (0, None);
        loop {
            let found = page(&*store, after, limit).await;
            let Some(last) = found.last() else { break };
            after = Some(last.user.id);
            seen += found.len();
            for one in &found {
                assert_eq!(names(one), expected(one.user.id), "{} by {limit}", one.user.name);
            }
        }
        assert_eq!(seen, 6);
    }
    let found = page(&*store, None, 100).await;
    let of = |n: u64| found.iter().find(|one| one.user.id == sample::user_id(n)).unwrap();
    let words = |one: &Candidate| one.subscriptions[0].matches.keyword.clone();
    assert_eq!(words(of(0)), ["Spain"], "what it is for is its own");
    assert!(Arc::ptr_eq(&of(0).subscriptions[0], &of(5).subscriptions[0]), "kept once for all who have it");
}

/// What an owner has of a kind is deleted together, and nothing else.
pub async fn what_an_owner_has_goes_together(engine: &dyn Engine) {
    let store = engine.open().await;
    let (one, other) = (Uuid::from_u128(901), Uuid::from_u128(902));
    once(&*store, async |tx| {
        put(
            tx,
            "subscription",
            &[subscription(1, one, "a"), subscription(2, one, "b"), subscription(3, other, "c")],
        )
        .await?;
        put(tx, "silence", &[subscription(1, one, "d")]).await
    })
    .await;
    let mut undone = begin(&*store).await;
    assert_eq!(undone.delete_desk_objects_of("subscription", one).await.unwrap(), 2);
    drop(undone);
    let left = async |kind: &str| store.desk_objects(kind, None).await.unwrap().len();
    assert_eq!(left("subscription").await, 3, "as long as it is not committed");
    once(&*store, async |tx| {
        assert_eq!(tx.delete_desk_objects_of("subscription", one).await?, 2);
        assert_eq!(tx.delete_desk_objects_of("subscription", one).await?, 0);
        Ok(())
    })
    .await;
    assert_eq!((left("subscription").await, left("silence").await), (1, 1));
    assert_eq!(store.desk_objects("subscription", Some(other)).await.unwrap().len(), 1);
}

/// Things are found by their ids, each once, and those of another kind or that are gone are not.
pub async fn what_is_set_up_is_found_by_its_ids(engine: &dyn Engine) {
    let store = engine.open().await;
    let owner = Uuid::from_u128(901);
    let some: Vec<DeskObject> = (1..=40).map(|n| subscription(n, owner, &format!("name {n}"))).collect();
    let other = subscription(41, owner, "other");
    once(&*store, async |tx| {
        put(tx, "subscription", &some).await?;
        put(tx, "silence", std::slice::from_ref(&other)).await
    })
    .await;
    let mut tx = begin(&*store).await;
    assert!(tx.set_up_with("subscription", &[]).await.unwrap().is_empty());
    let mut ids: Vec<Uuid> = some.iter().skip(3).rev().map(|one| one.id).collect();
    ids.extend([other.id, some[5].id, Uuid::from_u128(77)]);
    let found = tx.set_up_with("subscription", &ids).await.unwrap();
    let mut wanted: Vec<Uuid> = some.iter().skip(3).map(|one| one.id).collect();
    wanted.sort_unstable();
    assert_eq!(found.iter().map(|one| one.id).collect::<Vec<_>>(), wanted);
    let fifth = found.iter().find(|one| one.id == some[5].id).unwrap();
    assert_eq!((&fifth.document, fifth.owner, fifth.version), (&some[5].document, owner, 1));
    assert!(tx.delete_desk_object("subscription", some[5].id).await.unwrap());
    assert!(tx.set_up_with("subscription", &[some[5].id]).await.unwrap().is_empty());
}
