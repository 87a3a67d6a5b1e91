//! Accounts and sessions.

use crisislens_model::{Preferences, Role, Severity};
use uuid::Uuid;

use super::{Engine, begin, sample};
use crate::people::{Account, RefreshToken, RefreshUse};
use crate::{Durability, StateError, Store};

/// An address belongs to one account.
pub async fn an_address_belongs_to_one_account(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut tx = store.begin(Durability::Power).await.unwrap();
    tx.add_account(&sample::account(2)).await.unwrap();
    tx.add_account(&sample::account(1)).await.unwrap();
    let mut thief = sample::account(3);
    thief.user.email = sample::account(1).user.email;
    let refused = tx.add_account(&thief).await;
    assert!(matches!(refused, Err(StateError::EmailTaken)), "{refused:?}");
    tx.commit().await.unwrap();

    let found = store.account_by_email("person1@example.org").await.unwrap().unwrap();
    let Account { user, password_hash } = sample::account(1);
    assert_eq!((found.user, found.password_hash), (user, password_hash));
    assert!(store.account_by_email("person3@example.org").await.unwrap().is_none());
    assert_eq!(store.user(thief.user.id).await.unwrap(), None);
    let users = store.users().await.unwrap();
    assert_eq!(users, [sample::account(1).user, sample::account(2).user], "by address");
}

/// People are found by how a word of their name begins, whatever else is in it.
pub async fn people_are_found_by_how_a_word_of_their_name_begins(engine: &dyn Engine) {
    let store = engine.open().await;
    let names = ["Ada Lovelace", "Grace Hopper", "adam", "Ñandú 100%", "Lo_ve", "Lo\\ve"];
    let mut tx = store.begin(Durability::Power).await.unwrap();
    for (n, name) in names.iter().enumerate() {
        let mut account = sample::account(n as u64);
        (*name).clone_into(&mut account.user.name);
        tx.add_account(&account).await.unwrap();
    }
    tx.commit().await.unwrap();
    let found = async |letters: &str, limit: usize| {
        let people = store.people_named(letters, limit).await.unwrap();
        people.into_iter().map(|user| user.name).collect::<Vec<_>>()
    };
    assert_eq!(found("ADA", 9).await, ["Ada Lovelace", "adam"]);
    assert_eq!(found("love", 9).await, ["Ada Lovelace"]);
    assert_eq!(found("lo_", 9).await, ["Lo_ve"]);
    assert_eq!(found("lo\\", 9).await, ["Lo\\ve"]);
    assert_eq!(found("100%", 9).await, ["Ñandú 100%"]);
    assert_eq!(found("Ña", 9).await, ["Ñandú 100%"]);
    assert!(
        found("dam", 9).await.is_empty() && found("%", 9).await.is_empty() && found("\0", 9).await.is_empty()
    );
    assert_eq!(found("", 2).await, ["Ada Lovelace", "Grace Hopper"]);
}

/// Password, role and preferences are replaced one by one, and seen by who decides recipients.
pub async fn an_account_changes_field_by_field(engine: &dyn Engine) {
    let store = engine.open().await;
    let preferences = Preferences::of_alerts(false, true, Severity::Critical);
    let (id, nobody) = (sample::user_id(1), sample::user_id(9));
    let mut tx = store.begin(Durability::Power).await.unwrap();
    tx.add_account(&sample::account(1)).await.unwrap();
    let now = sample::at(1);
    assert!(tx.set_password(id, "$argon2id$new", now).await.unwrap());
    assert!(tx.set_role(id, Role::Admin, now).await.unwrap());
    assert!(!tx.set_password(nobody, "x", now).await.unwrap());
    assert!(!tx.set_role(nobody, Role::Admin, now).await.unwrap());
    tx.set_preferences(id, &preferences).await.unwrap();
    let seen = tx.recipients().await.unwrap();
    assert_eq!((seen.len(), seen[0].role, &seen[0].preferences), (1, Role::Admin, &preferences));
    tx.commit().await.unwrap();
    let account = store.account_by_email("person1@example.org").await.unwrap().unwrap();
    assert_eq!((account.password_hash.as_str(), account.user), ("$argon2id$new", seen[0].clone()));
}

fn token(name: u8, family: u128, expires: u64) -> RefreshToken {
    RefreshToken {
        hash: [name; 32],
        user: sample::user_id(1),
        family: Uuid::from_u128(family),
        expires_at: sample::at(expires),
    }
}

async fn keep(store: &dyn Store, tokens: &[RefreshToken]) {
    let mut tx = begin(store).await;
    tx.add_account(&sample::account(1)).await.unwrap();
    for token in tokens {
        tx.add_refresh_token(token).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn present(store: &dyn Store, name: u8, second: u64) -> RefreshUse {
    let mut tx = begin(store).await;
    let used = tx.use_refresh_token([name; 32], sample::at(second)).await.unwrap();
    tx.commit().await.unwrap();
    used
}

/// A token is good once; whoever presents it again ends the whole sign-in, and no other.
pub async fn a_token_used_twice_ends_its_family(engine: &dyn Engine) {
    let store = engine.open().await;
    keep(&*store, &[token(1, 1, 100), token(2, 1, 100), token(3, 2, 100)]).await;
    assert_eq!(present(&*store, 1, 10).await, RefreshUse::Fresh(token(1, 1, 100)));
    assert_eq!(present(&*store, 1, 11).await, RefreshUse::Reused);
    assert_eq!(present(&*store, 2, 12).await, RefreshUse::Unknown, "the token that followed it is gone too");
    assert_eq!(present(&*store, 1, 13).await, RefreshUse::Unknown);
    assert_eq!(present(&*store, 3, 14).await, RefreshUse::Fresh(token(3, 2, 100)), "another sign-in goes on");
}

/// A token lapses at its instant; signing out ends the family.
pub async fn a_token_lapses_and_signing_out_ends_it(engine: &dyn Engine) {
    let store = engine.open().await;
    keep(&*store, &[token(1, 1, 100), token(2, 2, 100), token(3, 3, 100), token(4, 3, 100)]).await;
    assert_eq!(present(&*store, 1, 100).await, RefreshUse::Unknown);
    assert_eq!(present(&*store, 2, 99).await, RefreshUse::Fresh(token(2, 2, 100)));
    assert_eq!(present(&*store, 9, 0).await, RefreshUse::Unknown);
    let mut tx = begin(&*store).await;
    tx.end_session([3; 32], sample::at(1)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(present(&*store, 4, 1).await, RefreshUse::Unknown);
}

/// A new role or password withdraws an account's tokens by their generation; signing out, and a token used twice, those of one
/// session. What was withdrawn long ago is forgotten.
pub async fn what_is_withdrawn_is_told_until_no_token_can_hold_any_more(engine: &dyn Engine) {
    const TWO_DAYS: u64 = 48 * 3600;
    let store = engine.open().await;
    let id = sample::user_id(1);
    keep(&*store, &[token(1, 1, 100), token(2, 2, 100), token(3, 3, 100)]).await;
    let told = async |since| {
        let told = store.revocations(sample::at(since)).await.unwrap();
        told.into_iter().map(|one| (one.subject, one.generation, one.at)).collect::<Vec<_>>()
    };
    let mut tx = begin(&*store).await;
    assert_eq!(tx.generation(id).await.unwrap(), Some(0));
    assert_eq!(tx.generation(sample::user_id(9)).await.unwrap(), None);
    let (user, generation) = store.user_and_generation(id).await.unwrap().unwrap();
    assert_eq!((user, generation), (sample::account(1).user, 0));
    assert_eq!(store.user_and_generation(sample::user_id(9)).await.unwrap(), None);
    tx.set_role(id, Role::Admin, sample::at(5)).await.unwrap();
    tx.end_session([2; 32], sample::at(6)).await.unwrap();
    tx.end_session([99; 32], sample::at(6)).await.unwrap();
    tx.commit().await.unwrap();
    let (user, generation) = store.user_and_generation(id).await.unwrap().unwrap();
    assert_eq!((user.role, generation), (Role::Admin, 1), "both of one moment");
    let (account, session) = (id.0, Uuid::from_u128(2));
    assert_eq!(told(0).await, [(account, 1, sample::at(5)), (session, i64::MAX, sample::at(6))]);
    assert_eq!(told(6).await.len(), 1, "only what is new");
    assert!(told(7).await.is_empty());

    assert_eq!(present(&*store, 1, 8).await, RefreshUse::Fresh(token(1, 1, 100)));
    assert_eq!(present(&*store, 1, 9).await, RefreshUse::Reused);
    assert_eq!(told(9).await, [(Uuid::from_u128(1), i64::MAX, sample::at(9))]);

    let mut tx = begin(&*store).await;
    tx.set_password(id, "$argon2id$new", sample::at(TWO_DAYS + 7)).await.unwrap();
    assert_eq!(tx.generation(id).await.unwrap(), Some(2));
    drop(tx);
    assert_eq!(told(0).await.len(), 3, "what is not committed has withdrawn nothing");
    let mut tx = begin(&*store).await;
    tx.set_password(id, "$argon2id$new", sample::at(TWO_DAYS + 7)).await.unwrap();
    tx.commit().await.unwrap();
    let kept = [(Uuid::from_u128(1), i64::MAX, sample::at(9)), (account, 2, sample::at(TWO_DAYS + 7))];
    assert_eq!(told(0).await, kept);
}

/// A ticket is good once, also after the store was opened again, and forgotten once it has ended for long enough.
pub async fn a_ticket_is_used_once(engine: &dyn Engine) {
    let store = engine.open().await;
    let (one, two) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let mut tx = begin(&*store).await;
    assert!(tx.use_ticket(one, sample::at(10)).await.unwrap());
    assert!(!tx.use_ticket(one, sample::at(10)).await.unwrap());
    tx.commit().await.unwrap();
    let mut undone = begin(&*store).await;
    assert!(undone.use_ticket(two, sample::at(20)).await.unwrap());
    drop(undone);
    drop(store);

    let store = engine.open().await;
    let mut tx = begin(&*store).await;
    assert!(!tx.use_ticket(one, sample::at(10)).await.unwrap());
    assert!(tx.use_ticket(two, sample::at(20)).await.unwrap(), "what was undone has not happened");
    assert_eq!(tx.forget_tickets(sample::at(10)).await.unwrap(), 0);
    assert_eq!(tx.forget_tickets(sample::at(11)).await.unwrap(), 1);
    assert!(!tx.use_ticket(two, sample::at(20)).await.unwrap());
    tx.commit().await.unwrap();
}

/// A use that is undone has not happened: the token is still good.
pub async fn a_use_that_is_not_committed_leaves_the_token(engine: &dyn Engine) {
    let store = engine.open().await;
    keep(&*store, &[token(1, 1, 100)]).await;
    let mut tx = begin(&*store).await;
    tx.use_refresh_token([1; 32], sample::at(1)).await.unwrap();
    drop(tx);
    assert_eq!(present(&*store, 1, 2).await, RefreshUse::Fresh(token(1, 1, 100)));
}
