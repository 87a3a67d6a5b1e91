//! Judges edit locks: a token is given once and rises with every grant, and what is protected by a lock is changed by nobody who
//! has lost it.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;

use super::{Kind, Verdict};

/// When a request was sent and when its answer was there, or was given up, since some moment before all of them.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Span {
    /// When it was sent.
    pub asked: Duration,
    /// When it was over.
    pub answered: Duration,
}

/// A lock that somebody got.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Grant {
    /// When.
    pub span: Span,
    /// It holds for so long, whatever its holder does.
    pub lease: Duration,
    /// Its token; absent where no answer came, so that it may have been given all the same.
    pub token: Option<i64>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum WriteFate {
    /// Taken; the version that it made.
    Taken(u64),
    /// Refused with 412, because its token holds no more.
    Stale,
    /// Refused otherwise, with this status.
    Refused(u16),
    /// No answer came.
    Unknown,
}

/// A write with a lock's token.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct LockedWrite {
    /// When.
    pub span: Span,
    /// The token that it came with.
    pub token: i64,
    /// What became of it.
    pub fate: WriteFate,
}

/// What people did with one lock and with what it protects.
#[derive(Debug, Clone, Default, Serialize)]
pub struct LockHistory {
    /// Every lock that was got, or may have been.
    pub grants: Vec<Grant>,
    /// Every write.
    pub writes: Vec<LockedWrite>,
}

impl LockHistory {
    /// How many writes had this fate.
    pub fn count(&self, fate: impl Fn(WriteFate) -> bool) -> usize {
        self.writes.iter().filter(|write| fate(write.fate)).count()
    }
}

/// Judges one lock. `version` is what the protected thing stands at in the end.
pub fn judge(thing: &str, history: &LockHistory, version: u64, verdict: &mut Verdict) {
    judge_tokens(thing, history, verdict);
    judge_order(thing, history, version, verdict);
    for write in &history.writes {
        judge_write(thing, write, &history.grants, verdict);
    }
}

fn judge_tokens(thing: &str, history: &LockHistory, verdict: &mut Verdict) {
    let known = history.grants.iter().filter_map(|grant| Some((grant.span, grant.token?)));
    let known: Vec<(Span, i64)> = known.collect();
    let mut given = BTreeSet::new();
    for (span, token) in &known {
        if !given.insert(token) {
            verdict.add(Kind::DuplicateEffect, format!("{thing}: token {token} was given twice"));
        }
        let before = known.iter().filter(|(other, _)| other.answered <= span.asked);
        if let Some((_, higher)) = before.max_by_key(|(_, other)| *other).filter(|(_, other)| other > token) {
            verdict.add(Kind::Reordered, format!("{thing}: token {token} was given after {higher}"));
        }
    }
}

/// Writes stand in the order of their tokens, each with a version of its own, and none is gone.
fn judge_order(thing: &str, history: &LockHistory, version: u64, verdict: &mut Verdict) {
    let mut taken: Vec<(u64, i64)> = Vec::new();
    for write in &history.writes {
        if let WriteFate::Taken(version) = write.fate {
            taken.push((version, write.token));
        }
    }
    taken.sort_unstable();
    for pair in taken.windows(2) {
        let [(before, older), (after, newer)] = pair else { continue };
        if before == after {
            verdict.add(Kind::DuplicateEffect, format!("{thing}: version {after} was made by two writes"));
        }
        if older > newer {
            let what = format!(
                "{thing}: version {after} was written with token {newer}, after version {before} with {older}"
            );
            verdict.add(Kind::Broken, what);
        }
    }
    if let Some((last, _)) = taken.last().filter(|(last, _)| *last > version) {
        verdict.add(Kind::Lost, format!("{thing}: version {last} was written, and it stands at {version}"));
    }
}

fn judge_write(thing: &str, write: &LockedWrite, grants: &[Grant], verdict: &mut Verdict) {
    let token = write.token;
    let higher = |grant: &&Grant| grant.token.is_none_or(|other| other > token);
    let was_lost = grants
        .iter()
        .filter(|grant| grant.token.is_some() && grant.span.answered <= write.span.asked)
        .any(|grant| higher(&grant));
    let may_be_lost =
        grants.iter().filter(|grant| grant.span.asked < write.span.answered).any(|grant| higher(&grant));
    let may_have_ended = grants
        .iter()
        .filter(|grant| grant.token == Some(token))
        .any(|grant| grant.span.asked + grant.lease <= write.span.answered);
    match write.fate {
        WriteFate::Taken(version) if was_lost => {
            let what =
                format!("{thing}: version {version} was written with token {token}, which held no more");
            verdict.add(Kind::Broken, what);
        }
        WriteFate::Refused(status) if was_lost => {
            let what =
                format!("{thing}: a write with the lost token {token} was refused with {status}, not 412");
            verdict.add(Kind::Broken, what);
        }
        WriteFate::Stale if !may_be_lost && !may_have_ended => {
            let what = format!(
                "{thing}: a write with token {token} was refused, and the lock had not ended, and nobody had taken it"
            );
            verdict.add(Kind::Broken, what);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn span(asked: u64, answered: u64) -> Span {
        Span { asked: Duration::from_secs(asked), answered: Duration::from_secs(answered) }
    }

    const fn grant(asked: u64, token: i64) -> Grant {
        Grant { span: span(asked, asked + 1), lease: Duration::from_secs(15), token: Some(token) }
    }

    const fn write(asked: u64, token: i64, fate: WriteFate) -> LockedWrite {
        LockedWrite { span: span(asked, asked + 1), token, fate }
    }

    /// The first holder writes, sleeps past its lease, and is refused once the second has the lock.
    fn sound() -> LockHistory {
        LockHistory {
            grants: vec![grant(0, 1), grant(20, 2)],
            writes: vec![
                write(2, 1, WriteFate::Taken(4)),
                write(22, 2, WriteFate::Taken(5)),
                write(24, 1, WriteFate::Stale),
            ],
        }
    }

    fn found(spoil: impl FnOnce(&mut LockHistory)) -> Vec<Kind> {
        let mut history = sound();
        spoil(&mut history);
        let mut verdict = Verdict::default();
        judge("page", &history, 9, &mut verdict);
        let kinds: BTreeSet<Kind> = verdict.anomalies.iter().map(|anomaly| anomaly.kind).collect();
        kinds.into_iter().collect()
    }

    #[test]
    fn a_late_write_that_is_refused_is_sound() {
        assert_eq!(found(|_| {}), []);
        assert_eq!(sound().count(|fate| fate == WriteFate::Stale), 1);
    }

    #[test]
    fn a_token_that_is_given_twice_or_falls_is_found() {
        assert_eq!(found(|history| history.grants.push(grant(1, 1))), [Kind::DuplicateEffect]);
        assert_eq!(found(|history| history.grants.push(grant(30, 0))), [Kind::Reordered]);
        let crossing = Grant { span: span(19, 30), ..grant(19, 3) };
        assert_eq!(found(|history| history.grants.push(crossing)), [], "they crossed: either may be first");
    }

    #[test]
    fn a_write_of_who_has_lost_the_lock_is_found() {
        assert_eq!(found(|history| history.writes[2].fate = WriteFate::Taken(6)), [Kind::Broken]);
        // It was sent in time, and stands behind the new holder's all the same.
        let hung = LockedWrite { span: span(3, 30), token: 1, fate: WriteFate::Taken(6) };
        assert_eq!(found(|history| history.writes.push(hung)), [Kind::Broken]);
    }

    #[test]
    fn a_lost_token_is_answered_with_412_and_no_other_is() {
        assert_eq!(found(|history| history.writes[2].fate = WriteFate::Refused(409)), [Kind::Broken]);
        assert_eq!(found(|history| history.writes[0].fate = WriteFate::Stale), [Kind::Broken]);
        assert_eq!(found(|history| history.writes[0].fate = WriteFate::Refused(412)), [], "of its version");
        let unanswered = Grant { token: None, ..grant(1, 0) };
        let excused = |history: &mut LockHistory| {
            history.grants.push(unanswered);
            history.writes[0].fate = WriteFate::Stale;
        };
        assert_eq!(found(excused), [], "somebody may have got it");
        let late = |asked| {
            move |history: &mut LockHistory| {
                history.grants.pop();
                history.writes = vec![write(asked, 1, WriteFate::Stale)];
            }
        };
        assert_eq!(
            (found(late(10)), found(late(14))),
            (vec![Kind::Broken], vec![]),
            "its lease is over after 15 s"
        );
    }

    #[test]
    fn two_writes_of_one_version_and_a_write_that_is_gone_are_found() {
        assert_eq!(found(|history| history.writes[0].fate = WriteFate::Taken(5)), [Kind::DuplicateEffect]);
        assert_eq!(found(|history| history.writes[1].fate = WriteFate::Taken(10)), [Kind::Lost]);
    }
}
