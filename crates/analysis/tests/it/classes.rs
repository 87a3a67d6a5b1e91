//! The linear models: training to the byte, masking, reasons, and the files built in. The sentences are invented.

use crisislens_analysis::classes::Task;
use crisislens_analysis::classes::train::{Example, Learner};
use crisislens_analysis::linear::Model;
use crisislens_model::{HazardType, HumanitarianCategory, Relevance, SourceKind, Stated};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::make::{ANALYZER, analyze, official, post, raw};

/// Class of the humanitarian task, event, sentence.
const SENTENCES: [(usize, usize, &str); 20] = [
    (0, 0, "Stay away from the river and move your car to higher ground tonight"),
    (0, 1, "Officials warn people to stay indoors and boil water before drinking"),
    (0, 2, "Please stay off the roads and keep away from fallen lines"),
    (1, 0, "Hundreds of families sleep in a school after they had to leave their homes"),
    (1, 1, "The whole street was evacuated and people sleep in shelters"),
    (1, 2, "Evacuated families wait in shelters to go back to their homes"),
    (2, 0, "The bridge is gone and the power lines are down"),
    (2, 1, "Roofs torn off, roads washed away, no power in the old town"),
    (2, 2, "The road and the bridge are badly damaged and power is out"),
    (3, 0, "Two people died and five were injured when the wall fell"),
    (3, 1, "A firefighter was killed and several people injured"),
    (3, 2, "At least 12 people died, says the hospital, many more injured"),
    (4, 0, "Has anyone seen my brother, he is missing since the morning"),
    (4, 1, "Our neighbour is missing, please tell us if you have seen her"),
    (5, 0, "We need blankets and drinking water urgently at the church"),
    (5, 1, "Urgently need medicine and baby food here, please send"),
    (5, 2, "They need tents and water urgently"),
    (6, 0, "Volunteers cook meals and donate clothes for everyone"),
    (6, 1, "You can donate to the relief fund, volunteers collect clothes"),
    (6, 2, "Thank you to all volunteers who donate their time"),
];

fn learner() -> Learner {
    let example = |(class, group, text): &(usize, usize, &'static str)| Example {
        text,
        class: *class,
        group: *group,
        judged: true,
    };
    let examples: Vec<Example<'_>> = SENTENCES.iter().map(example).collect();
    Learner::new(&ANALYZER, Task::Humanitarian, &examples)
}

fn trained() -> Vec<u8> {
    let learner = learner();
    let held_out = learner.held_out().unwrap();
    learner.finish(&learner.calibration(&held_out, None))
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn training_twice_gives_the_same_bytes_and_those_of_every_other_machine() {
    let bytes = trained();
    assert_eq!(bytes, trained());
    assert_eq!(hex(&bytes), "2c07dcd87ee7c75afec18965063e28aba1382f056380b3b8320640339546902c");
}

#[test]
fn what_was_learnt_is_said_of_another_sentence() {
    let bytes = trained();
    let model = Model::read(&bytes).unwrap();
    let said = |text: &str| {
        let shares = model.probabilities(&ANALYZER.features(text, Task::Humanitarian));
        assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        (0..7).max_by(|a, b| shares[*a].total_cmp(&shares[*b])).unwrap()
    };
    assert_eq!(said("One person died, three injured"), 3);
    assert_eq!(said("Bridge damaged, no power"), 2);
}

#[test]
fn names_of_places_and_storms_hashtags_handles_addresses_and_numbers_are_not_seen() {
    let one = "Hurricane Irene floods Boston, 12 boats sank #BostonFlood @nws https://t.co/abc";
    let other = "Hurricane Pablo floods Lisbon, 845 boats sank #LisbonFlood @ipma https://t.co/x9";
    for task in Task::ALL {
        assert_eq!(ANALYZER.features(one, task), ANALYZER.features(other, task), "{}", task.name());
    }
    let third = "Hurricane Irene floods Boston, 12 ferries sank #BostonFlood @nws https://t.co/abc";
    assert_ne!(ANALYZER.features(one, Task::Relevance), ANALYZER.features(third, Task::Relevance));
}

#[test]
fn a_prediction_names_the_words_that_decided_it() {
    let said = ANALYZER.classify(&post("Two people were killed and five injured"), Task::Humanitarian);
    assert_eq!(said.answer, "injured_or_dead_people");
    assert!(said.confidence > 0.8 && (said.probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-9);
    let reasons: Vec<&str> =
        said.why.iter().filter(|part| part.weight > 0.0).map(|part| part.what.as_str()).collect();
    assert!(reasons.contains(&"killed") && reasons.contains(&"injured"), "{reasons:?}");
    assert!(said.why.windows(2).all(|pair| pair[0].weight.abs() >= pair[1].weight.abs()));
}

#[test]
fn claims_are_worth_checking_and_greetings_are_not() {
    let share = |text: &str| {
        ANALYZER.classify(&raw(SourceKind::Social, text), Task::CheckWorthiness).probabilities[1]
    };
    assert!(share("Unemployment has fallen by 40 percent since 2010.") > 0.5);
    assert!(share("Good evening and thank you for having me.") < 0.2);
}

#[test]
fn a_hazard_that_is_stated_or_that_a_word_names_is_not_the_models() {
    let stated = Stated { hazard: Some(HazardType::Flood), ..Stated::default() };
    let text = "Firefighters save homes from the flames, hectares burnt";
    let guess = analyze(&official(text, stated)).hazard;
    assert_eq!((guess.kind, guess.confidence), (HazardType::Flood, 1.0));
    let named = analyze(&post("Earthquake felt here")).hazard;
    assert_eq!(named, ANALYZER.lexicon_hazard(&post("Earthquake felt here")));
    assert_eq!(analyze(&post("Happy birthday to my dear sister")).hazard.kind, HazardType::None);
}

#[test]
fn no_text_breaks_a_model() {
    for text in ["", "   ", "🔥🔥", "#a #b", "\u{200f}\u{200f}", &"word ".repeat(20_000), &"ж".repeat(50_000)]
    {
        for task in Task::ALL {
            let said = ANALYZER.classify(&post(text), task);
            assert!(said.confidence.is_finite() && said.confidence > 0.0);
        }
    }
}

#[test]
fn every_model_built_in_is_the_one_its_card_describes() {
    for task in Task::ALL {
        let file = format!("{}/models/{}", env!("CARGO_MANIFEST_DIR"), task.name());
        let bytes = std::fs::read(format!("{file}.bin")).unwrap();
        let card: Value =
            serde_json::from_str(&std::fs::read_to_string(format!("{file}.json")).unwrap()).unwrap();
        assert_eq!(card["sha256"].as_str().unwrap(), hex(&bytes), "{}", task.name());
        assert!(bytes.len() <= 2_000_000);
    }
}

#[test]
fn what_is_kept_of_a_text_is_what_its_explanation_says() {
    for text in [
        "Two people were killed and five injured when the bridge fell",
        "Please donate blankets, volunteers collect them at the church",
        "Inundaciones en Valencia, decenas de muertos",
        "Happy birthday to my dear sister",
    ] {
        let raw = post(text);
        let found = analyze(&raw);
        let relevance = found.relevance.unwrap();
        let said = ANALYZER.classify(&raw, Task::Relevance);
        assert_eq!(relevance.probability, said.probabilities[1], "{text}");
        assert_eq!(relevance.informative, said.answer == "informative", "{text}");
        let said = ANALYZER.classify(&raw, Task::Humanitarian);
        let kept = found.humanitarian.map(|kept| (kept.category.as_str(), kept.probability));
        assert_eq!(kept, relevance.informative.then_some((said.answer, said.confidence)), "{text}");
    }
    let found = analyze(&post("Two people were killed and five injured when the bridge fell"));
    assert_eq!(found.humanitarian.map(|kept| kept.category), Some(HumanitarianCategory::InjuredOrDeadPeople));
    assert!(!analyze(&post("Happy birthday to my dear sister")).relevance.unwrap().informative);
}

#[test]
fn a_bulletin_informs_by_what_it_is_and_too_few_letters_say_nothing() {
    let bulletin = analyze(&official("Mag 5.1 - 10km WSW of Pieve Torina, Italy", Stated::default()));
    assert_eq!(bulletin.relevance, Some(Relevance { informative: true, probability: 1.0 }));
    assert!(bulletin.humanitarian.is_some());
    let terse = analyze(&official("M 5.1", Stated::default()));
    assert_eq!((terse.relevance.map(|said| said.informative), terse.humanitarian), (Some(true), None));
    for text in ["", "🔥🌊", "M 5.1", "12345678901234567890", "\u{200b}\u{200d}"] {
        let found = analyze(&post(text));
        assert_eq!((found.relevance, found.humanitarian), (None, None), "{text:?}");
    }
}

/// What people say of whether and of what a text informs goes before the models, and what they leave is the models' answer.
#[test]
fn what_people_put_right_of_relevance_goes_before_the_models() {
    use crisislens_model::{HumanitarianCategory::InjuredOrDeadPeople, ItemCorrection};
    let raw = crate::make::post("12 people were killed when the bridge collapsed in the flood");
    let with = |to: ItemCorrection| {
        let found = crate::make::ANALYZER.analyze_corrected(&raw, &to);
        (found.relevance.map(|one| (one.informative, one.probability)), found.humanitarian)
    };
    let (informs, kind) = with(ItemCorrection::default());
    assert!(informs.is_some_and(|(informative, _)| informative) && kind.is_some(), "{informs:?} {kind:?}");
    let no = with(ItemCorrection { informative: Some(false), ..ItemCorrection::default() });
    assert_eq!(no, (Some((false, 0.0)), None));
    let yes = with(ItemCorrection { informative: Some(true), ..ItemCorrection::default() });
    assert_eq!(yes, (Some((true, 1.0)), kind));
    let none = with(ItemCorrection { humanitarian: Some(None), ..ItemCorrection::default() });
    assert_eq!(none, (informs, None));
    let to = ItemCorrection { humanitarian: Some(Some(InjuredOrDeadPeople)), ..ItemCorrection::default() };
    let (relevance, kind) = with(to.clone());
    assert_eq!(
        (relevance, kind.map(|kind| (kind.category, kind.probability))),
        (Some((true, 1.0)), Some((InjuredOrDeadPeople, 1.0)))
    );
    // Of too few letters a model says nothing, but people do.
    let found = crate::make::ANALYZER.analyze_corrected(&crate::make::post("!!"), &to);
    assert_eq!(found.humanitarian.map(|kind| kind.category), Some(InjuredOrDeadPeople));
}
