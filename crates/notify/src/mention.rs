//! People who are named in what somebody says are told of it.

use crisislens_model::{About, Activity, Resource, Timestamp, UserId};
use crisislens_state::Tx;
use crisislens_state::ledger::Who;

use crate::decide::{Decision, Rules, decide, recent};
use crate::matter::Matter;
use crate::teller::{self, TellError};
use crate::templates::{Mention, Templates};

/// What somebody said.
pub struct Said<'a> {
    /// The comment.
    pub activity: &'a Activity,
    /// The title of what it is said of.
    pub title: &'a str,
    /// Its text.
    pub text: &'a str,
    /// Whom it names, at most 500.
    pub people: &'a [UserId],
    /// Whether what it is said of is part of an exercise: then nothing of it leaves.
    pub exercise: bool,
}

/// Tells those whom it names, as they want to be told; not who said it. Answers those who are nobody: then nothing is written.
///
/// # Errors
/// The store failed, or a text could not be made.
pub async fn tell(
    tx: &mut dyn Tx,
    templates: &Templates,
    rules: Rules,
    said: &Said<'_>,
    now: Timestamp,
) -> Result<Vec<UserId>, TellError> {
    let candidates = tx.candidates(Who::These(said.people), None, recent(now)).await?;
    let unknown: Vec<UserId> = said
        .people
        .iter()
        .copied()
        .filter(|person| !candidates.iter().any(|candidate| candidate.user.id == *person))
        .collect();
    if !unknown.is_empty() {
        return Ok(unknown);
    }
    let matter = matter(said.activity, said.exercise, now);
    let own = templates.own(tx).await?;
    let values =
        Mention { who: &said.activity.name, title: said.title, text: said.text, exercise: said.exercise };
    let mut told = Vec::new();
    for candidate in candidates.iter().filter(|one| one.user.id != said.activity.user) {
        if let Decision::Told { mut notification, .. } = decide(&matter, candidate, rules, now) {
            templates.mention(&values, &notification.locale, &own)?.write_into(&mut notification);
            told.push(*notification);
        }
    }
    teller::tell(tx, &told, now).await?;
    Ok(Vec::new())
}

/// What is decided about of what somebody said.
pub(crate) fn matter(said: &Activity, exercise: bool, now: Timestamp) -> Matter<'static> {
    let about = match said.resource {
        Resource::Item(item) => About { item_id: Some(item), ..About::default() },
        Resource::Incident(incident) => About { incident_id: Some(incident), ..About::default() },
        Resource::Claim(_) => About::default(),
    };
    Matter::mention(said.id.0, about, exercise, now)
}
