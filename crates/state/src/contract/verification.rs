//! Claims and their verification: found, listed, taken, decided.

use crisislens_model::workflow::{ReviewStatus, Step};
use crisislens_model::{
    Claim, ClaimStatus, ClaimTopic, ExerciseId, Timestamp, Verdict, Workflow, WorkflowStatus,
};
use jiff::SignedDuration;
use serde_json::json;
use uuid::Uuid;

use super::nodes::{MOMENT, at_once};
use super::{Engine, all_pages, begin, sample};
use crate::Store;
use crate::verification::{
    Adjudication, ClaimFilter, ClaimOrder, MAX_KEY_CLAIMS, TrainingExample, WorkflowFilter,
};

async fn put(store: &dyn Store, claims: &[(Claim, Vec<u64>)]) {
    let mut tx = begin(store).await;
    tx.put_claims(claims).await.unwrap();
    tx.commit().await.unwrap();
}

async fn put_workflows(store: &dyn Store, workflows: &[Workflow]) {
    let mut tx = begin(store).await;
    tx.put_workflows(workflows).await.unwrap();
    tx.commit().await.unwrap();
}

/// The `round`th verification of claim number `n`, due at the second `due`.
fn workflow(n: u64, round: u64, due: u64) -> Workflow {
    let claim_id = sample::claim(n).id;
    Workflow {
        id: Workflow::id_of(claim_id, round),
        claim_id,
        round,
        status: WorkflowStatus::Running,
        step: Step::RetrieveEvidence,
        claim_version: 1,
        risk_score: None,
        needs_human_review: false,
        human_review_status: ReviewStatus::NotNeeded,
        decided_by: None,
        attempts: 0,
        errors: Vec::new(),
        started_by: None,
        started_at: sample::at(0),
        updated_at: sample::at(n),
        due_at: sample::at(due),
        version: 1,
    }
}

fn soon(at: Timestamp) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(60)).unwrap()
}

fn run(n: u128) -> ExerciseId {
    ExerciseId(uuid::Uuid::from_u128(n))
}

/// Claims are listed by risk or time, page by page, by every condition; written again, one stands.
pub async fn claims_are_paged_and_filtered(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut claims: Vec<Claim> = (0..30)
        .map(|n| Claim {
            status: ClaimStatus::ALL[(n % 3) as usize],
            topic: [ClaimTopic::Deaths, ClaimTopic::Closure][(n % 2) as usize],
            // Two of a risk and a second, so that the id decides between them.
            risk_score: (n / 2) as f64 / 20.0,
            last_said: sample::at(30 - n / 2),
            incident_id: (n % 5 == 0).then(|| sample::incident(1).id),
            exercise: n % 7 == 0,
            exercise_id: (n % 14 == 0).then(|| run(n as u128)),
            ..sample::claim(n)
        })
        .collect();
    put(&*store, &claims.iter().map(|claim| (claim.clone(), vec![1])).collect::<Vec<_>>()).await;
    claims[4] = Claim { verdict: Verdict::False, version: 2, ..claims[4].clone() };
    let mut tx = begin(&*store).await;
    tx.update_claims(&claims[4..5]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.claim(claims[4].id).await.unwrap().as_ref(), Some(&claims[4]));
    assert_eq!(store.claim(sample::claim(99).id).await.unwrap(), None);
    let asked = [claims[9].id, sample::claim(99).id, claims[2].id];
    assert_eq!(store.claims_by_id(&asked).await.unwrap(), [claims[9].clone(), claims[2].clone()]);

    let filters = [
        ClaimFilter::default(),
        ClaimFilter { status: vec![ClaimStatus::New, ClaimStatus::NeedsReview], ..ClaimFilter::default() },
        ClaimFilter { topic: vec![ClaimTopic::Closure], min_risk: Some(0.25), ..ClaimFilter::default() },
        ClaimFilter { verdict: vec![Verdict::False], ..ClaimFilter::default() },
        ClaimFilter { incident: Some(sample::incident(1).id), ..ClaimFilter::default() },
        ClaimFilter { exercise: Some(true), ..ClaimFilter::default() },
        ClaimFilter { exercise: Some(false), ..ClaimFilter::default() },
        ClaimFilter { exercise_id: Some(run(14)), ..ClaimFilter::default() },
        ClaimFilter { exercise: Some(false), exercise_id: Some(run(14)), ..ClaimFilter::default() },
    ];
    for filter in filters {
        let fits = |claim: &Claim| {
            (filter.status.is_empty() || filter.status.contains(&claim.status))
                && (filter.verdict.is_empty() || filter.verdict.contains(&claim.verdict))
                && (filter.topic.is_empty() || filter.topic.contains(&claim.topic))
                && filter.incident.is_none_or(|incident| claim.incident_id == Some(incident))
                && filter.min_risk.is_none_or(|risk| claim.risk_score >= risk)
                && filter.exercise.is_none_or(|exercise| claim.exercise == exercise)
                && filter.exercise_id.is_none_or(|id| claim.exercise_id == Some(id))
        };
        let mut wanted: Vec<Claim> = claims.iter().filter(|claim| fits(claim)).cloned().collect();
        wanted.sort_by(|a, b| b.risk_score.total_cmp(&a.risk_score).then(b.id.cmp(&a.id)));
        let listed = all_pages(4, wanted.len() as u64, async |after| {
            store.list_claims(&filter, ClaimOrder::Risk, 4, after).await.unwrap()
        });
        assert_eq!(listed.await, wanted, "{filter:?}");
        wanted.sort_by_key(|claim| std::cmp::Reverse((claim.last_said, claim.id)));
        let listed = all_pages(4, wanted.len() as u64, async |after| {
            store.list_claims(&filter, ClaimOrder::Newest, 4, after).await.unwrap()
        });
        assert_eq!(listed.await, wanted, "{filter:?}");
    }
}

/// A claim is found under any of its keys, those of the highest bit too, until it has others; a key that many have says nothing.
pub async fn claims_are_found_by_the_keys_they_share(engine: &dyn Engine) {
    let store = engine.open().await;
    let high = u64::MAX - 5;
    let claims: Vec<(Claim, Vec<u64>)> = vec![
        (sample::claim(1), vec![high, 2]),
        (sample::claim(2), vec![3]),
        (sample::claim(3), vec![2, 3, 3]),
    ];
    put(&*store, &claims).await;
    let under = async |keys: &[u64]| {
        let found = begin(&*store).await.claims_under(keys).await.unwrap();
        let mut numbers: Vec<u64> =
            (0..200).filter(|n| found.iter().any(|claim| claim.id == sample::claim(*n).id)).collect();
        assert_eq!(numbers.len(), found.len());
        numbers.sort_unstable();
        numbers
    };
    assert_eq!(under(&[high]).await, [1]);
    assert_eq!(under(&[2, 3, 2]).await, [1, 2, 3]);
    assert_eq!(under(&[]).await, Vec::<u64>::new());
    assert_eq!(under(&[99]).await, Vec::<u64>::new());
    put(&*store, &[(sample::claim(1), vec![7])]).await;
    assert_eq!(under(&[high]).await, Vec::<u64>::new());
    assert_eq!(under(&[7]).await, [1]);
    // What is only updated keeps its keys.
    let mut tx = begin(&*store).await;
    tx.update_claims(&[sample::claim(1)]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(under(&[7]).await, [1]);

    let crowd: Vec<(Claim, Vec<u64>)> =
        (100..100 + MAX_KEY_CLAIMS as u64).map(|n| (sample::claim(n), vec![7])).collect();
    put(&*store, &crowd[1..]).await;
    assert_eq!(under(&[7]).await.len(), MAX_KEY_CLAIMS);
    put(&*store, &crowd[..1]).await;
    assert_eq!(under(&[7]).await, Vec::<u64>::new());
    assert_eq!(under(&[7, 3]).await, [2, 3]);
}

/// What an item states is noted, seen on the item, and replaced by what it states next.
pub async fn what_an_item_states_is_replaced(engine: &dyn Engine) {
    let store = engine.open().await;
    super::put(&*store, vec![sample::row(1), sample::row(2)]).await;
    let [one, two, three] = [1, 2, 3].map(|n| sample::claim(n).id);
    put(&*store, &[1, 2, 3].map(|n| (sample::claim(n), vec![n]))).await;
    let items = [sample::item(1).id, sample::item(2).id];
    let mut tx = begin(&*store).await;
    let set = [(items[0], vec![two, one, two]), (items[1], vec![one])];
    assert!(tx.set_item_claims(&set).await.unwrap().is_empty());
    let mut made = [one, two];
    made.sort_unstable();
    assert_eq!(tx.claims_made_by(&items).await.unwrap(), made);
    assert_eq!(tx.claims_made_by(&items[1..]).await.unwrap(), [one]);
    tx.commit().await.unwrap();
    let of_items = store.claims_of_items(&items).await.unwrap();
    assert_eq!((&of_items[&items[0]], &of_items[&items[1]]), (&vec![two, one], &vec![one]));
    assert_eq!(store.item(items[0]).await.unwrap().unwrap().claim_ids, [two, one]);
    assert_eq!(store.items_by_id(&items[1..]).await.unwrap().0[0].claim_ids, [one]);
    let of_item = ClaimFilter { item: Some(items[0]), ..ClaimFilter::default() };
    assert_eq!(store.list_claims(&of_item, ClaimOrder::Risk, 9, None).await.unwrap().total, 2);

    let mut tx = begin(&*store).await;
    let before = tx.set_item_claims(&[(items[0], vec![three, one])]).await.unwrap();
    assert_eq!(before, [(items[0], made.to_vec())].into());
    assert!(tx.set_item_claims(&[]).await.unwrap().is_empty());
    tx.commit().await.unwrap();
    assert_eq!(store.item(items[0]).await.unwrap().unwrap().claim_ids, [three, one]);
    assert_eq!(store.item(items[1]).await.unwrap().unwrap().claim_ids, [one]);
}

/// Says whether a workflow is meant.
type Fits = Box<dyn Fn(&Workflow) -> bool>;

/// Workflows are listed, and the last round of a claim stands for it.
pub async fn workflows_are_paged_and_the_last_round_stands(engine: &dyn Engine) {
    let store = engine.open().await;
    let mut workflows: Vec<Workflow> = (0..12).map(|n| workflow(n / 2, n % 2 + 1, n)).collect();
    for (n, workflow) in (0..).zip(&mut workflows) {
        workflow.status = WorkflowStatus::ALL[n % WorkflowStatus::ALL.len()];
        workflow.step = if n % 4 == 1 { Step::SecondApproval } else { Step::RetrieveEvidence };
    }
    put_workflows(&*store, &workflows).await;
    let last = store.last_workflow(workflows[5].claim_id).await.unwrap();
    assert_eq!(last.as_ref(), Some(&workflows[5]));
    assert_eq!(store.last_workflow(sample::claim(99).id).await.unwrap(), None);
    let asked = [sample::claim(99).id, workflows[5].claim_id, workflows[0].claim_id];
    let all = store.last_workflows(&asked).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!((&all[&asked[1]], &all[&asked[2]]), (&workflows[5], &workflows[1]));
    assert!(store.last_workflows(&[]).await.unwrap().is_empty());
    assert_eq!(store.workflow(workflows[4].id).await.unwrap().as_ref(), Some(&workflows[4]));
    let mut tx = begin(&*store).await;
    let to_write = tx.workflows_to_write(&[workflows[5].claim_id, sample::claim(99).id]).await.unwrap();
    assert_eq!(to_write, [workflows[5].clone()]);
    drop(tx);

    let waiting = |one: &Workflow| one.status == WorkflowStatus::Paused && one.step == Step::SecondApproval;
    let filters: [(WorkflowFilter, Fits); 4] = [
        (WorkflowFilter::default(), Box::new(|_| true)),
        (
            WorkflowFilter { status: vec![WorkflowStatus::Paused], ..WorkflowFilter::default() },
            Box::new(|one| one.status == WorkflowStatus::Paused),
        ),
        (WorkflowFilter { pending_review: true, ..WorkflowFilter::default() }, Box::new(waiting)),
        (
            WorkflowFilter { claim: Some(sample::claim(2).id), ..WorkflowFilter::default() },
            Box::new(|one| one.claim_id == sample::claim(2).id),
        ),
    ];
    for (filter, fits) in filters {
        let mut wanted: Vec<Workflow> = workflows.iter().filter(|one| fits(one)).cloned().collect();
        wanted.sort_by_key(|one| std::cmp::Reverse((one.updated_at, one.id)));
        assert!(!wanted.is_empty());
        let listed = all_pages(3, wanted.len() as u64, async |after| {
            store.list_workflows(&filter, 3, after).await.unwrap()
        });
        assert_eq!(listed.await, wanted, "{filter:?}");
    }
}

/// What is due is taken in the order of its time, by one node, and again once that one's time is up; what waits or is over is not.
pub async fn what_is_due_is_taken_by_one_until_its_time_is_up(engine: &dyn Engine) {
    let store = engine.open().await;
    let over = Workflow { status: WorkflowStatus::Completed, ..workflow(8, 1, 0) };
    let paused = Workflow { status: WorkflowStatus::Paused, step: Step::HumanReview, ..workflow(9, 1, 0) };
    let retried = Workflow { status: WorkflowStatus::Retrying, attempts: 2, ..workflow(3, 1, 5) };
    let due = [workflow(1, 1, 9), workflow(2, 1, 1), retried];
    put_workflows(&*store, &[over, paused, due[0].clone(), due[1].clone(), due[2].clone()]).await;
    let take = async |at: u64, limit: usize| {
        let mut tx = begin(&*store).await;
        let taken = tx.take_due_workflows(sample::at(at), soon(sample::at(at)), limit).await.unwrap();
        tx.commit().await.unwrap();
        taken
    };
    let held =
        |one: &Workflow, at: u64, version| Workflow { due_at: soon(sample::at(at)), version, ..one.clone() };
    for (at, due) in [(0, 0), (5, 2), (9, 3)] {
        assert_eq!(store.due_workflows(sample::at(at)).await.unwrap(), due, "at {at}");
    }
    assert_eq!(take(6, 1).await, [held(&due[1], 6, 2)]);
    assert_eq!(take(6, 9).await, [held(&due[2], 6, 2)]);
    assert!(take(8, 9).await.is_empty());
    assert_eq!(take(9, 9).await, [held(&due[0], 9, 2)]);
    assert_eq!(take(66, 9).await, [held(&due[1], 66, 3), held(&due[2], 66, 3)]);
    let done = Workflow { status: WorkflowStatus::Completed, version: 4, ..due[1].clone() };
    put_workflows(&*store, std::slice::from_ref(&done)).await;
    assert_eq!(take(500, 9).await.len(), 2);
    assert_eq!(store.workflow(done.id).await.unwrap(), Some(done));
}

/// Two nodes that take what is due at the same moment take nothing twice.
pub async fn nothing_due_is_taken_by_two(engine: &dyn Engine) {
    let store = engine.open().await;
    put_workflows(&*store, &(0..40).map(|n| workflow(n, 1, n)).collect::<Vec<_>>()).await;
    let both =
        at_once(engine, async |tx| tx.take_due_workflows(sample::at(99), soon(sample::at(99)), 25).await)
            .await;
    let mut taken: Vec<_> = both.into_iter().flat_map(Result::unwrap).map(|one| one.id).collect();
    let all = taken.len();
    taken.sort_unstable();
    taken.dedup();
    assert_eq!(taken.len(), all, "one was taken twice");
    assert!(all >= 25);
}

/// Who reads a workflow to write it, writes it before it is taken: no two things are written under one version.
pub async fn what_a_person_is_about_to_write_is_not_taken(engine: &dyn Engine) {
    let (one, two) = (engine.open().await, engine.open().await);
    put_workflows(&*one, &[workflow(1, 1, 0), workflow(1, 2, 0)]).await;
    let mut tx = begin(&*one).await;
    let mut read = tx.workflows_to_write(&[sample::claim(1).id]).await.unwrap();
    assert_eq!(read, [workflow(1, 2, 0)], "the last round");
    let ended = async {
        tokio::time::sleep(MOMENT).await;
        read[0].status = WorkflowStatus::Cancelled;
        read[0].version += 1;
        tx.put_workflows(&read).await.unwrap();
        tx.commit().await.unwrap();
    };
    let taken = async {
        let mut tx = begin(&*two).await;
        let taken = tx.take_due_workflows(sample::at(9), soon(sample::at(9)), 9).await.unwrap();
        tx.commit().await.unwrap();
        taken.iter().map(|one| (one.round, one.version)).collect::<Vec<_>>()
    };
    let (taken, ()) = tokio::join!(taken, ended);
    assert_eq!(taken, [(1, 2)], "the other was ended meanwhile");
}

/// Two nodes that look for a claim to join find the one that the first has made.
pub async fn two_that_make_the_same_claim_make_one(engine: &dyn Engine) {
    let both = at_once(engine, async |tx| {
        let found = tx.claims_under(&[5]).await?;
        if found.is_empty() {
            tx.put_claims(&[(sample::claim(1), vec![5])]).await?;
        }
        Ok(found.len())
    })
    .await;
    let mut found = both.map(Result::unwrap);
    found.sort_unstable();
    assert_eq!(found, [0, 1]);
}

/// What was decided about a claim replaces what was decided before, and can be taken back.
pub async fn what_was_decided_of_a_claim_is_replaced(engine: &dyn Engine) {
    let store = engine.open().await;
    let one = |source: &str, n: u64, right: bool, at: u64| Adjudication {
        source: source.to_owned(),
        kind: crisislens_model::SourceKind::Media,
        claim_id: sample::claim(n).id,
        right,
        weight: 1.0,
        at: sample::at(at),
        item_id: None,
    };
    let mut tx = begin(&*store).await;
    tx.set_adjudications(sample::claim(1).id, &[one("a", 1, true, 1), one("b", 1, false, 1)]).await.unwrap();
    tx.set_adjudications(sample::claim(2).id, &[one("a", 2, true, 2)]).await.unwrap();
    tx.set_adjudications(sample::claim(3).id, &[one("a", 3, false, 3)]).await.unwrap();
    let of_one = tx.adjudications_of(sample::claim(1).id).await.unwrap();
    assert_eq!(of_one, [one("a", 1, true, 1), one("b", 1, false, 1)]);
    assert!(tx.adjudications_of(sample::claim(9).id).await.unwrap().is_empty());
    tx.set_adjudications(sample::claim(1).id, &[one("a", 1, false, 4)]).await.unwrap();
    tx.commit().await.unwrap();
    let [a, b] = ["a", "b"].map(str::to_owned);
    let of_a = store.adjudications(std::slice::from_ref(&a), 9).await.unwrap();
    assert_eq!(of_a, [one("a", 1, false, 4), one("a", 3, false, 3), one("a", 2, true, 2)]);
    assert_eq!(store.adjudications(&[a.clone(), b.clone()], 2).await.unwrap().len(), 2);
    assert!(store.adjudications(&[b], 9).await.unwrap().is_empty());
    let mut many: Vec<String> = (0..1_000).map(|n| format!("account {n}")).collect();
    many.extend([a.clone(), a.clone()]);
    assert_eq!(store.adjudications(&many, 9).await.unwrap(), of_a, "each once, whoever else is asked for");
    let mut tx = begin(&*store).await;
    tx.set_adjudications(sample::claim(3).id, &[]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(store.adjudications(&[a], 9).await.unwrap().len(), 2);
}

/// What people decided is kept for training, once each, and can be taken back.
pub async fn training_examples_are_kept_once_and_taken_back(engine: &dyn Engine) {
    let store = engine.open().await;
    let one = |n: u64, at: u64, word: &str| TrainingExample {
        id: Uuid::from_u128(u128::from(n)),
        kind: "verdict".to_owned(),
        by: sample::user_id(1),
        at: sample::at(at),
        data: json!({ "text": word, "nul": "\0" }),
    };
    let mut tx = begin(&*store).await;
    let examples: Vec<TrainingExample> = (0..9).map(|n| one(n, n / 2, "before")).collect();
    tx.put_training_examples(&examples).await.unwrap();
    tx.put_training_examples(&[one(4, 20, "after")]).await.unwrap();
    tx.drop_training_examples(&[examples[7].id, Uuid::from_u128(99)]).await.unwrap();
    tx.commit().await.unwrap();
    let mut wanted: Vec<TrainingExample> = examples.into_iter().filter(|one| one.id.as_u128() != 7).collect();
    wanted[4] = one(4, 20, "after");
    wanted.sort_by_key(|one| std::cmp::Reverse((one.at, one.id)));
    let listed = all_pages(3, 8, async |after| store.training_examples(3, after).await.unwrap()).await;
    assert_eq!(listed, wanted);
}

/// Items that make one claim make another from then on, each once.
pub async fn items_of_a_claim_make_another(engine: &dyn Engine) {
    let store = engine.open().await;
    let [one, two, other] = [1, 2, 3].map(|n| sample::claim(n).id);
    let item = |n: u64| sample::item(n).id;
    let mut tx = begin(&*store).await;
    let stated = [(item(1), vec![one]), (item(2), vec![two, other]), (item(3), vec![other, one, two])];
    tx.set_item_claims(&stated).await.unwrap();
    assert_eq!(tx.move_item_claims(one, two).await.unwrap(), 1, "one says both already");
    assert_eq!(tx.move_item_claims(one, two).await.unwrap(), 0);
    tx.commit().await.unwrap();
    let stated = store.claims_of_items(&[item(1), item(2), item(3)]).await.unwrap();
    assert_eq!(
        stated,
        [(item(1), vec![two]), (item(2), vec![two, other]), (item(3), vec![other, two])].into()
    );
}
