//! What items state becomes claims, each once, with what contradicts it.

use crisislens_model::claim::Standing;
use crisislens_model::item::PutRight;
use crisislens_model::{
    Claim, ClaimStatus, ClaimTopic, Item, ItemCorrection, RawItem, Stance, UserId, WorkflowStatus,
};
use crisislens_pipeline::Memory;
use crisislens_state::Durability;

use crate::desk::{DEATHS, Desk, media};
use crate::flow::{ANALYZER, says};

#[tokio::test]
async fn who_say_the_same_make_one_claim_and_others_contradict_it() {
    let desk = Desk::open().await;
    desk.look_into(&[
        media("Herald", "1", 1, DEATHS),
        media("Courier", "2", 2, "The quake that hit L'Aquila this morning left 12 dead, rescuers told our reporter near the cathedral square."),
    ])
    .await;
    let claims = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), 1, "{claims:#?}");
    let claim = &claims[0];
    assert_eq!((claim.item_count, claim.supporting_groups, claim.refuting_groups), (2, 2, 0));
    assert_eq!(claim.standing, Standing::Supported, "{:#?}", claim.likelihood_parts);
    assert!(claim.veracity_likelihood > 0.5 && claim.incident_id.is_some());
    let odds: f64 = claim.likelihood_parts.iter().map(|part| part.contribution).sum();
    assert!((1.0 / (1.0 + (-odds).exp()) - claim.veracity_likelihood).abs() < 1e-9);
    assert_eq!(
        claim.risk_score,
        Claim::risk(claim.harm_potential, claim.veracity_likelihood, claim.checkworthiness)
    );
    let item = desk.flow.engines.store.item(claim.normalized_item_id).await.unwrap().unwrap();
    assert!(item.claim_ids.contains(&claim.id));

    desk.look_into(&[media("Gazette", "3", 30, "Only 3 people were killed by the earthquake in L'Aquila.")])
        .await;
    let claims = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), 2, "{claims:#?}");
    assert_eq!(
        (&claims[0].contradicts[..], &claims[1].contradicts[..]),
        (&[claims[1].id][..], &[claims[0].id][..])
    );
    let of_side = |claim: &Claim, stance: Stance| {
        claim
            .evidence
            .iter()
            .filter(|one| one.stance == stance)
            .map(|one| one.source.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(of_side(&claims[0], Stance::Supports).len(), 2);
    assert_eq!(of_side(&claims[0], Stance::Refutes), ["Gazette"]);
    assert_eq!(of_side(&claims[1], Stance::Refutes).len(), 2);
}

#[tokio::test]
async fn a_revision_that_no_longer_says_it_leaves_the_claim() {
    let desk = Desk::open().await;
    desk.bring(&[media("Herald", "1", 1, DEATHS)]).await;
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    desk.look_into(&[media("Herald", "1", 1, "Earthquake in L'Aquila: no reports yet.")]).await;
    let store = &desk.flow.engines.store;
    let left = store.claim(claim.id).await.unwrap().unwrap();
    assert_eq!((left.item_count, left.item_ids.len()), (0, 0));
    assert_eq!((left.status, left.reason.as_str()), (ClaimStatus::Discarded, "Nobody says it any more."));
    assert_eq!(desk.workflow(&claim).await.status, WorkflowStatus::Completed, "nothing is left to do");
    // Said again, it is a claim again.
    desk.look_into(&[media("Courier", "2", 2, DEATHS)]).await;
    let again = store.claim(claim.id).await.unwrap().unwrap();
    assert_eq!((again.item_count, again.reason.as_str(), again.evidence.len()), (1, "", 1));
    assert_ne!(again.status, ClaimStatus::Discarded);
}

#[tokio::test]
async fn however_many_figures_go_round_who_says_the_same_is_found() {
    let desk = Desk::open().await;
    let says_dead = |source: &str, n: i64| {
        media(source, &n.to_string(), 1, &format!("Earthquake in L'Aquila: {n} people were killed."))
    };
    // More than a key may have, so that the place and the incident alone say nothing any more.
    let figures: Vec<RawItem> = (0..90).map(|n| says_dead("Herald", 5_000 - 40 * n)).collect();
    for some in figures.chunks(30) {
        desk.bring(some).await;
    }
    let before = desk.all_of_topic(ClaimTopic::Deaths).await.len();
    assert!(before > 64, "{before}");
    desk.bring(&[says_dead("Courier", 4_200)]).await;
    let claims = desk.all_of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), before);
    assert_eq!(claims.iter().filter(|claim| claim.item_count == 2).count(), 1);
}

#[tokio::test]
async fn what_a_person_says_of_harm_is_not_raised_by_more_items() {
    let desk = Desk::open().await;
    desk.look_into(&[media("Herald", "1", 1, DEATHS)]).await;
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    assert!(claim.harm_potential > 0.1);
    let mut by_hand = crisislens_pipeline::desk::Desk {
        claim,
        workflow: None,
        by_approver: false,
        review_above: 0.7,
        now: crate::flow::minute(60),
    };
    by_hand.edit(None, Some(0.1), None).unwrap();
    let mut tx = desk.flow.engines.store.begin(Durability::Power).await.unwrap();
    tx.update_claims(&[by_hand.claim]).await.unwrap();
    tx.commit().await.unwrap();
    desk.look_into(&[media("Courier", "2", 2, DEATHS)]).await;
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    assert_eq!(claim.item_count, 2);
    assert!((claim.harm_potential - 0.1).abs() < 1e-9, "{}", claim.harm_potential);
}

#[tokio::test]
async fn what_an_exercise_states_never_meets_what_is_in_earnest() {
    let desk = Desk::open().await;
    let drill = RawItem {
        id: crisislens_model::ItemId::in_exercise("Courier", "2"),
        exercise: true,
        ..media("Courier", "2", 2, DEATHS)
    };
    desk.look_into(&[media("Herald", "1", 1, DEATHS), drill]).await;
    let claims = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(claims.len(), 2);
    assert!(claims.iter().all(|claim| claim.item_count == 1 && claim.supporting_groups == 1));
    assert_eq!(claims.iter().filter(|claim| claim.exercise).count(), 1);
}

#[tokio::test]
async fn an_endless_text_states_few_things() {
    let desk = Desk::open().await;
    let hashtags: String = (0..5_000).map(|n| format!("#quake{n} ")).collect();
    let many: String =
        (0..2_000).map(|n| format!("In L'Aquila {n} people were killed by the earthquake. ")).collect();
    desk.look_into(&[
        says("net", "1", 1, &format!("{DEATHS} {hashtags}")),
        says("net", "2", 2, &many),
        says("net", "3", 3, "🌊🌊🌊"),
        says("net", "4", 4, &many.repeat(30)[..crisislens_model::raw_item::MAX_TEXT_BYTES]),
    ])
    .await;
    let claims = desk.claims().await;
    assert!(claims.len() <= 3 * crisislens_analysis::claims::MAX_CLAIMS, "{}", claims.len());
    assert!(claims.iter().all(|claim| claim.problems().is_empty()));
}

#[tokio::test]
async fn what_people_put_right_is_what_an_item_states() {
    let desk = Desk::open().await;
    desk.bring(&[media(
        "Herald",
        "1",
        1,
        "Flood: 12 people were killed when the river burst its banks in Valencia.",
    )])
    .await;
    let claim = desk.of_topic(ClaimTopic::Deaths).await.remove(0);
    let mut item = desk.flow.engines.store.item(claim.normalized_item_id).await.unwrap().unwrap();
    let analyzer = &ANALYZER;
    let memory = Memory::new(8);
    let country = |item: &Item| {
        let statements = memory.of(analyzer, item);
        statements.claims[0].slots.place.as_ref().and_then(|place| place.country.clone())
    };
    assert_eq!(country(&item).as_deref(), Some("VE"));
    assert_eq!((country(&item), memory.texts_read()), (Some("VE".to_owned()), 1), "read once");
    item.text = item.text.replace(" in Valencia", "");
    item.revision += 1;
    let place = item.location.as_mut().unwrap();
    (place.name, place.country) = ("Valencia".to_owned(), Some("ES".to_owned()));
    item.corrected = Some(PutRight {
        to: ItemCorrection { severity: Some(item.severity), ..ItemCorrection::default() },
        by: UserId::random(),
        at: item.timestamp,
    });
    assert_eq!(country(&item).as_deref(), Some("ES"), "where the item is, as people have put it");
    let before = memory.texts_read();
    item.corrected = None;
    item.location.as_mut().unwrap().country = Some("VE".to_owned());
    assert_eq!(country(&item).as_deref(), Some("VE"), "taken back");
    assert_eq!(memory.texts_read(), before + 1);
}

#[tokio::test]
async fn a_claim_goes_where_people_put_the_item_that_made_it() {
    let desk = Desk::open().await;
    let flow = &desk.flow;
    let lorca = "Earthquake in Lorca: 9 people were killed, officials say.";
    desk.look_into(&[media("Herald", "1", 1, DEATHS), media("Diario", "2", 2, lorca)]).await;
    let incidents = flow.standing().await;
    assert_eq!(incidents.len(), 2, "{incidents:#?}");
    let incident_of = |claims: &[Claim]| claims.iter().map(|claim| claim.incident_id).collect::<Vec<_>>();
    let apart = desk.of_topic(ClaimTopic::Deaths).await;
    assert!(apart.len() == 2 && apart[0].incident_id != apart[1].incident_id, "{apart:#?}");

    let stands = flow.merge(&incidents[0], &[incidents[1].id]).await.unwrap();
    desk.look_into(&[]).await;
    let merged = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(incident_of(&merged), [Some(stands.id); 2]);

    let item = flow.engines.store.item(merged[1].normalized_item_id).await.unwrap().unwrap();
    let (left, parted) = flow.split(&stands, &[item]).await.unwrap();
    desk.look_into(&[]).await;
    let split = desk.of_topic(ClaimTopic::Deaths).await;
    assert_eq!(incident_of(&split), [Some(left.id), Some(parted.id)]);
}
