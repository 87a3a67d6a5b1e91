//! Answers that are not taken yet: each lies in memory until its client has it, so that of one person only so much may wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, HttpBody, to_bytes};
use axum::response::Response;
use bytes::Bytes;
use crisislens_model::UserId;

use super::Problem;

/// Bytes that may wait for one person. One answer always may.
const MOST: usize = 32 << 20;
/// Bytes of a full page of large things.
const TYPICAL: usize = 6 << 20;
/// Smaller answers are not counted: the sockets are.
const SMALL: u64 = 64 << 10;

/// How many bytes wait for whom.
#[derive(Default)]
pub struct Unsent(Mutex<HashMap<UserId, usize>>);

/// An answer that waits.
struct Waiting {
    bytes: Bytes,
    user: UserId,
    unsent: Arc<Unsent>,
}

impl Unsent {
    /// Whether so much waits for this person that a large answer would be for nothing.
    pub fn is_full(&self, user: UserId) -> bool {
        let people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        people.get(&user).is_some_and(|waiting| *waiting + TYPICAL > MOST)
    }

    /// The same answer, counted until it is written or given up.
    ///
    /// # Errors
    /// 429 where too much waits for this person already.
    pub async fn hold(self: &Arc<Self>, user: UserId, answer: Response) -> Result<Response, Problem> {
        if answer.body().size_hint().exact().is_none_or(|bytes| bytes <= SMALL) {
            return Ok(answer);
        }
        let (parts, body) = answer.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.map_err(|error| Problem::internal(&error))?;
        if !self.enter(user, bytes.len()) {
            return Err(unread());
        }
        let waiting = Waiting { bytes, user, unsent: Arc::clone(self) };
        Ok(Response::from_parts(parts, Body::from(Bytes::from_owner(waiting))))
    }

    fn enter(&self, user: UserId, bytes: usize) -> bool {
        let mut people = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = people.entry(user).or_default();
        if *waiting > 0 && *waiting + bytes > MOST {
            return false;
        }
        *waiting += bytes;
        true
    }
}

/// What somebody hears for whom too much waits.
pub fn unread() -> Problem {
    Problem::too_many("earlier answers to you are not read yet; read them, or close their connections", 1)
}

impl AsRef<[u8]> for Waiting {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let mut people = self.unsent.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(waiting) = people.get_mut(&self.user) {
            *waiting -= self.bytes.len();
            if *waiting == 0 {
                people.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_one_person_so_much_waits_until_it_is_taken() {
        let unsent = Arc::new(Unsent::default());
        let (ada, ben) = (UserId::random(), UserId::random());
        let hold =
            async |user, mib: usize| unsent.hold(user, Response::new(Body::from(vec![7; mib << 20]))).await;
        let huge = hold(ada, 40).await.expect("one always may");
        assert!(hold(ada, 1).await.is_err());
        assert!(unsent.hold(ada, Response::new(Body::from("small"))).await.is_ok());
        let bens = hold(ben, 32).await.expect("each person for themselves");
        let body = to_bytes(huge.into_body(), usize::MAX).await.unwrap();
        assert!(body.len() == 40 << 20 && body.iter().all(|byte| *byte == 7));
        assert!(hold(ada, 1).await.is_err(), "somebody still has to write it");
        drop(body);
        assert!(hold(ada, 1).await.is_ok());
        drop(bens);
        assert!(unsent.0.lock().unwrap().is_empty());
    }
}
